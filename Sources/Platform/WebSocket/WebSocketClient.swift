import HTTP
import Net

extension WebSocket {
  /// Connects and does the opening handshake.
  /// - Parameters:
  ///   - host: value of the `Host` header.
  ///   - target: path and query.
  ///   - options: its `tls` makes it `wss`; its `timeout` bounds connecting and, once more, the handshake.
  /// - Throws: `NetError`, or `WebSocketError` when the server does not upgrade.
  public static func connect(
    to endpoint: Endpoint, host: String, target: String = "/", headers: HTTPHeaders = HTTPHeaders(),
    on loop: EventLoop, options: ConnectOptions = ConnectOptions(),
    configuration: WebSocketConfiguration = WebSocketConfiguration()
  ) async throws -> WebSocket {
    let handshake = ClientHandshake(
      host: host, target: target, headers: headers, timeout: options.timeout, configuration: configuration)
    _ = try await Connection.connect(to: endpoint, on: loop, options: options) { _ in handshake }
    return try await handshake.result(on: loop)
  }
}

/// Sends the upgrade request and checks the answer (RFC 6455 section 4.1).
private final class ClientHandshake: ConnectionHandler, HTTP1ParserDelegate, @unchecked Sendable {
  // Sendable: the constants are set once; the rest is touched on the connection's loop only.
  private let host: String
  private let target: String
  private let headers: HTTPHeaders
  private let timeout: Duration
  private let configuration: WebSocketConfiguration
  private let key = WebSocketHandshake.newKey()
  private var parser: HTTP1Parser?
  private var response: HTTPResponseHead?
  private var timer: TimerToken?
  private var outcome: Result<WebSocket, any Error>?
  private var continuation: CheckedContinuation<WebSocket, any Error>?

  init(
    host: String, target: String, headers: HTTPHeaders, timeout: Duration, configuration: WebSocketConfiguration
  ) {
    self.host = host
    self.target = target
    self.headers = headers
    self.timeout = timeout
    self.configuration = configuration
  }

  func result(on loop: EventLoop) async throws -> WebSocket {
    try await withCheckedThrowingContinuation { continuation in
      loop.execute {
        if let outcome = self.outcome {
          continuation.resume(with: outcome)
        } else {
          self.continuation = continuation
        }
      }
    }
  }

  private func finish(_ outcome: Result<WebSocket, any Error>, _ connection: Connection) {
    guard self.outcome == nil else { return }
    self.outcome = outcome
    if let timer { connection.loop.cancel(timer) }
    timer = nil
    continuation?.resume(with: outcome)
    continuation = nil
    if case .failure = outcome { connection.abort() }
  }

  func connected(_ connection: Connection) {
    timer = connection.loop.schedule(after: timeout) { [weak self, weak connection] in
      guard let self, let connection else { return }
      timer = nil
      finish(.failure(NetError.connectTimeout), connection)
    }
    var fields = headers
    fields.set("upgrade", "websocket")
    fields.set("connection", "Upgrade")
    fields.set("sec-websocket-version", "13")
    fields.set("sec-websocket-key", key)
    if !configuration.protocols.isEmpty {
      fields.set("sec-websocket-protocol", configuration.protocols.joined(separator: ", "))
    }
    let head = HTTPRequestHead(method: .get, path: target, authority: host, headers: fields)
    connection.write(upTo: HTTP1Writer.capacity(for: head)) { buffer in
      var writer = HTTP1Writer(buffer)
      writer.request(head)
      return writer.count
    }
  }

  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    let parser = self.parser ?? HTTP1Parser(role: .responses, delegate: self)
    self.parser = parser
    switch parser.execute(bytes) {
    case .needsMore where response == nil: break
    case .upgrade(let consumed):
      do throws(WebSocketError) {
        try start(on: connection, rest: UnsafeRawBufferPointer(rebasing: bytes[consumed...]))
      } catch {
        finish(.failure(error), connection)
      }
    case .failed(let error): finish(.failure(WebSocketError.invalidHandshake("\(error)")), connection)
    case .needsMore, .paused:
      finish(.failure(WebSocketError.refused(status: response?.status.code ?? 0)), connection)
    }
  }

  private func start(on connection: Connection, rest: UnsafeRawBufferPointer) throws(WebSocketError) {
    guard let head = response, head.status == .switchingProtocols else {
      throw .refused(status: response?.status.code ?? 0)
    }
    guard head.headers.contains("upgrade", token: "websocket"), head.headers.contains("connection", token: "upgrade")
    else { throw .invalidHandshake("the answer is no WebSocket upgrade") }
    guard head.headers["sec-websocket-accept"] == WebSocketHandshake.accept(for: key) else {
      throw .invalidHandshake("wrong sec-websocket-accept")
    }
    guard !head.headers.contains("sec-websocket-extensions") else {
      throw .invalidHandshake("an extension that was not asked for")
    }
    let subprotocol = head.headers["sec-websocket-protocol"]
    if let subprotocol, !configuration.protocols.contains(subprotocol) {
      throw .invalidHandshake("a subprotocol that was not asked for")
    }
    let socketConnection = WebSocketConnection(
      connection, role: .client, configuration: .init(configuration), subprotocol: subprotocol)
    let socket = WebSocket(socketConnection, queueBytesMax: configuration.queueBytes)
    connection.replaceHandler(socketConnection)
    finish(.success(socket), connection)
    if !rest.isEmpty { socketConnection.received(rest, on: connection) }
  }

  func closed(_ reason: CloseReason, on connection: Connection) {
    finish(.failure(NetError.closed(reason)), connection)
  }

  func http1(_ parser: HTTP1Parser, received head: HTTPResponseHead, body: HTTP1BodyLength) { response = head }
  func http1(_ parser: HTTP1Parser, received content: UnsafeRawBufferPointer) {}
  /// After a 101 the parser itself stops; every other answer is the end.
  func http1Ended(_ parser: HTTP1Parser, trailers: HTTPHeaders) -> Bool { response?.status == .switchingProtocols }
}
