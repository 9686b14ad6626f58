import HTTP
import Net

/// The first handler of a connection: tells HTTP/2 from HTTP/1.1, by ALPN or else by the first bytes.
final class ProtocolChoice: ConnectionHandler, ServerConnection {
  /// RFC 9113 section 3.4.
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private let connection: Connection
  private let context: ServerLoop
  private var seen: [UInt8] = []
  private var timer: TimerToken?

  init(_ connection: Connection, context: ServerLoop) {
    self.connection = connection
    self.context = context
  }

  func drain() { connection.close() }

  func abort() { connection.abort() }

  func connected(_ connection: Connection) {
    context.add(self)
    switch connection.negotiatedALPN {
    case "h2": start(HTTP2Connection(connection, peer: peer, context: context))
    case "http/1.1": start(HTTP1Connection(connection, peer: peer, context: context))
    default:
      timer = connection.loop.schedule(after: context.configuration.limits.headTimeout) { [connection] in
        connection.close()
      }
    }
  }

  private var peer: HTTPPeer {
    HTTPPeer(
      loop: connection.loop, address: connection.remoteAddress, isSecure: connection.isTLS,
      certificate: connection.peerCertificate)
  }

  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    if seen.isEmpty, bytes.first != Self.preface[0] {
      start(HTTP1Connection(connection, peer: peer, context: context), with: bytes)
      return
    }
    seen.append(contentsOf: bytes)
    let compared = min(seen.count, Self.preface.count)
    let isPrefix = seen[..<compared].elementsEqual(Self.preface[..<compared])
    // "PUT", "POST" and "PATCH" part from the preface within three bytes.
    if isPrefix && compared < Self.preface.count { return }
    let next: any ConnectionHandler =
      isPrefix
      ? HTTP2Connection(connection, peer: peer, context: context)
      : HTTP1Connection(connection, peer: peer, context: context)
    seen.withUnsafeBytes { start(next, with: $0) }
  }

  private func start(_ next: any ConnectionHandler, with bytes: UnsafeRawBufferPointer? = nil) {
    leave()
    connection.replaceHandler(next)
    next.connected(connection)
    if let bytes, connection.isOpen { next.received(bytes, on: connection) }
  }

  func closed(_ reason: CloseReason, on connection: Connection) { leave() }

  private func leave() {
    context.remove(self)
    if let timer { connection.loop.cancel(timer) }
    timer = nil
  }
}
