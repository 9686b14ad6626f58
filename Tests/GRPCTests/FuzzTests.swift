import GRPC
import HTTP
import Net
import PythonPeer
import Testing

/// Calls as they go over the wire, damaged in ways that a seed decides: the server answers, refuses or hangs up, and
/// goes on serving others.
@Suite(.timeLimit(.minutes(5))) struct FuzzTests {
  /// Makes the bytes that a client sends for two calls.
  private final class Recorder: HTTP2SessionDelegate, HTTP2StreamHandler {
    func http2NeedsFlush(_ session: HTTP2Session) {}
    func http2(_ stream: HTTP2Stream, received data: UnsafeRawBufferPointer) {}
    func http2StreamEnded(_ stream: HTTP2Stream) {}
    func http2StreamClosed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {}

    func bytes() throws -> [UInt8] {
      let session = try HTTP2Session(role: .client, delegate: self)
      defer { session.invalidate() }
      for (path, ends) in [("/aether.interop.Interop/Echo", true), ("/aether.interop.Interop/Chat", false)] {
        let head = HTTPRequestHead(
          method: .post, path: path, authority: "localhost", scheme: "http",
          headers: [
            "content-type": "application/grpc", "te": "trailers", "grpc-timeout": "20S", "x-bytes-bin": "AAECAwQ",
          ], version: .http2)
        let stream = try session.submitRequest(head, endOfStream: false, handler: self)
        stream.write([0, 0, 0, 0, 4, 0x0A, 2, 0x68, 0x69])
        if ends { stream.finish() }
      }
      var bytes: [UInt8] = []
      try session.drain(into: &bytes)
      return bytes
    }
  }

  private final class Deaf: ConnectionHandler {
    func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {}
  }

  @Test func damagedCalls() async throws {
    var random = SeededNumbers.forTest("damagedCalls")
    let server = try InteropServer(.unix)
    let client = try server.client()
    let whole = try Recorder().bytes()
    // The preface must be right, or it is not HTTP/2 at all.
    let start = 24
    for round in 0..<2000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        guard bytes.count > start else { break }
        let index = Int.random(in: start..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        case 3: bytes.remove(at: index)
        default: bytes.removeLast(bytes.count - index)
        }
      }
      let sent = bytes
      let connection = try await Connection.connect(
        to: .address(server.server.address), on: server.group.next()
      ) { _ in Deaf() }
      connection.loop.execute {
        connection.write(sent)
        connection.close()
      }
      if round % 100 == 0 { #expect(try await client.echo(text("\(round)")).text == "\(round)") }
    }
    #expect(try await client.echo(text("after")).text == "after")
    await client.client.close()
    await server.stop()
  }
}
