import Glibc
import HTTP
import Net

/// A connection as its server sees it.
protocol ServerConnection: AnyObject {
  /// Finish what is under way, take nothing new, then close.
  func drain()
  func abort()
}

/// What the connections of a server share on one loop; confined to it.
final class ServerLoop: @unchecked Sendable {
  // Sendable: the constants are set once; the rest is touched on `loop` only.
  let loop: EventLoop
  let configuration: HTTPServerConfiguration
  let accept: @Sendable (HTTPStream) -> Void
  private(set) var isDraining = false
  private var connections: [ObjectIdentifier: any ServerConnection] = [:]
  private var dateSecond = 0
  private var dateBytes: [UInt8] = []

  init(loop: EventLoop, configuration: HTTPServerConfiguration, accept: @escaping @Sendable (HTTPStream) -> Void) {
    self.loop = loop
    self.configuration = configuration
    self.accept = accept
  }

  func add(_ connection: any ServerConnection) {
    connections[ObjectIdentifier(connection)] = connection
    if isDraining { connection.drain() }
  }

  func remove(_ connection: any ServerConnection) { connections[ObjectIdentifier(connection)] = nil }

  func drain() {
    isDraining = true
    for connection in Array(connections.values) { connection.drain() }
  }

  func abort() {
    for connection in Array(connections.values) { connection.abort() }
  }

  /// The value of a `date` header, made anew once a second.
  var date: [UInt8] {
    let second = time(nil)
    if second != dateSecond {
      dateSecond = second
      dateBytes = Array(HTTPDate.format(second).utf8)
    }
    return dateBytes
  }

  /// The response for a failure that the server found itself.
  func response(for failure: HTTPFailure, request: HTTPRequestHead?) -> (HTTPResponseHead, [UInt8]) {
    let response = configuration.renderFailure(failure, request)
    let content: [UInt8] = if case .bytes(let bytes) = response.body { bytes } else { [] }
    return (completed(HTTPResponseHead(status: response.status, headers: response.headers)), content)
  }

  /// The head with what the server adds to every response.
  func completed(_ head: HTTPResponseHead) -> HTTPResponseHead {
    guard let name = configuration.serverName, !head.headers.contains("server") else { return head }
    var head = head
    head.headers.add("server", name)
    return head
  }
}
