import HTTP
import Net

/// An HTTP/1.1 and HTTP/2 server. On plain sockets HTTP/2 is recognised by its preface (prior knowledge), under TLS by
/// ALPN.
public final class HTTPServer: Sendable {
  /// The address in use; for port 0 the port that the kernel chose.
  public var address: SocketAddress { listener.address }
  private let listener: Listener
  private let loops: [ServerLoop]

  /// Protocols to put into a `TLSConfiguration`'s `alpn` for a server.
  public static let alpn = ["h2", "http/1.1"]

  /// Serves streams. `accept` is called on the stream's loop with each request head and sets `handler`, answers, or
  /// both.
  public static func bind(
    _ address: SocketAddress, group: EventLoopGroup, tls: TLSContext? = nil,
    configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
    streams accept: @escaping @Sendable (HTTPStream) -> Void
  ) throws(NetError) -> HTTPServer {
    let loops = group.loops.map { ServerLoop(loop: $0, configuration: configuration, accept: accept) }
    var options = ListenerOptions()
    options.connectionsMax = configuration.limits.connections
    options.tls = tls
    options.unixMode = configuration.unixMode
    options.connection.idleTimeout = configuration.limits.idleTimeout
    let listener = try Listener.bind(address, group: group, options: options) { connection in
      let context = loops.first { $0.loop === connection.loop } ?? loops[0]
      return ProtocolChoice(connection, context: context)
    }
    return HTTPServer(listener: listener, loops: loops)
  }

  /// Serves a routing table.
  public static func bind(
    _ address: SocketAddress, group: EventLoopGroup, tls: TLSContext? = nil,
    configuration: HTTPServerConfiguration = HTTPServerConfiguration(), router: Router
  ) throws(NetError) -> HTTPServer {
    try bind(address, group: group, tls: tls, configuration: configuration) { router.accept($0) }
  }

  /// Serves everything with one handler.
  public static func bind(
    _ address: SocketAddress, group: EventLoopGroup, tls: TLSContext? = nil,
    configuration: HTTPServerConfiguration = HTTPServerConfiguration(), handler: HTTPHandler
  ) throws(NetError) -> HTTPServer {
    try bind(address, group: group, tls: tls, configuration: configuration) { $0.answer(with: handler) }
  }

  private init(listener: Listener, loops: [ServerLoop]) {
    self.listener = listener
    self.loops = loops
  }

  public var connectionCount: Int { listener.connectionCount }

  /// Takes no new connection or request, lets those under way finish for up to `grace`, then ends them.
  public func shutdown(grace: Duration) async {
    await listener.stopAccepting()
    for context in loops { await context.loop.run { context.drain() } }
    await listener.close(grace: grace)
  }
}
