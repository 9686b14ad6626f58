import HTTP
import Net

/// An HTTP/2 session on a connection: what both ends of one do alike.
extension HTTP2Session {
  /// Octets that are handed to the connection at a time.
  private static var drainBytes: Int { 64 * 1024 }

  /// Takes what came in. A peer that breaks the protocol is told so, and the connection closed.
  package func receive(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    do throws(HTTP2Error) {
      try receive(bytes)
    } catch {
      _ = try? drain { connection.write($0) }
      connection.close()
    }
    if isFinished { connection.setNeedsFlush() }
  }

  /// Hands on what is to go out, and closes the connection behind the last of it.
  package func fillOutput(of connection: Connection) {
    do throws(HTTP2Error) {
      try drain(limit: HTTP2Session.drainBytes) { connection.write($0) }
    } catch {
      connection.abort()
      return
    }
    if isFinished { connection.close() }
  }
}
