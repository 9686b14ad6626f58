import HTTP
import Net
import Protobuf

/// How a client connects and what it allows.
public struct GRPCClientConfiguration: Sendable {
  /// TLS (which must offer `h2`), whom to expect, and the time a connection may take, including the server's first
  /// sign that it speaks HTTP/2.
  public var connect = ConnectOptions()
  /// The `:authority` of calls; by default the endpoint's host and port.
  public var authority: String?
  public var limits = GRPCLimits()
  /// Deadline of calls that name none; nil for none.
  public var timeout: Duration?
  /// Wait after a first failed connection; doubled with each further one, and varied by a fifth.
  public var backoffMin: Duration = .milliseconds(200)
  public var backoffMax: Duration = .seconds(30)
  /// Determines the variation of the waits; nil for one that differs from client to client.
  public var backoffSeed: UInt64?
  /// A ping after this long without a sign of the server while calls are open; nil for none.
  public var keepaliveInterval: Duration? = .seconds(60)
  /// A ping that is not answered within this time ends the connection.
  public var keepaliveTimeout: Duration = .seconds(20)

  public init() {}
}

/// What one call wants.
public struct GRPCCallOptions: Sendable {
  /// From now to the end of the call.
  public var timeout: Duration?
  public var metadata: GRPCMetadata
  /// Wait for a connection, within the timeout, rather than fail when the server cannot be reached.
  public var waitForReady: Bool
  /// Gets the metadata that the server sent before its first reply and with the status, when the call has ended,
  /// however it did. Called on the client's loop before the caller goes on.
  public var onEnd: EndObserver?

  public typealias EndObserver = @Sendable (_ initial: GRPCMetadata, _ trailing: GRPCMetadata) -> Void

  public init(
    timeout: Duration? = nil, metadata: GRPCMetadata = GRPCMetadata(), waitForReady: Bool = false,
    onEnd: EndObserver? = nil
  ) {
    self.timeout = timeout
    self.metadata = metadata
    self.waitForReady = waitForReady
    self.onEnd = onEnd
  }
}

/// Calls services over one connection, which is made when first needed and again when it is lost. Generated clients
/// (`NAMEClient`) stand on it.
///
/// Calls that find no connection wait for the attempt under way; when that fails they end with UNAVAILABLE unless they
/// `waitForReady`, and further attempts wait longer and longer.
public final class GRPCClient: @unchecked Sendable {
  // Sendable: the constants are set once; the rest is touched on the loop only.
  private enum State {
    case idle
    case connecting
    case ready(ClientTransport)
    case waiting(GRPCError)
    case closed
  }

  let loop: EventLoop
  let configuration: GRPCClientConfiguration
  private let endpoint: Endpoint
  private let authority: String
  private var state = State.idle
  private var queue: [ClientCall] = []
  private var backoff: Backoff
  private var timer: TimerToken?

  public init(_ endpoint: Endpoint, on loop: EventLoop, configuration: GRPCClientConfiguration = .init()) {
    self.endpoint = endpoint
    self.loop = loop
    self.configuration = configuration
    authority = configuration.authority ?? Self.authority(of: endpoint)
    backoff = Backoff(
      from: configuration.backoffMin, to: configuration.backoffMax,
      seed: configuration.backoffSeed ?? .random(in: 0 ... .max))
  }

  deinit {
    // Calls under way keep the connection; without any it has no purpose.
    if case .ready(let transport) = state { transport.loop.execute { transport.endWhenIdle() } }
  }

  private static func authority(of endpoint: Endpoint) -> String {
    switch endpoint {
    case .address(.unix): "localhost"
    case .address(let address): "\(address)"
    case .host(let name, let port): "\(name):\(port)"
    }
  }

  /// Ends the connection and, with CANCELLED, the calls on it. Later calls are UNAVAILABLE.
  public func close() async {
    await loop.run { [self] in
      let last = state
      state = .closed
      if let timer { loop.cancel(timer) }
      timer = nil
      let waiting = queue
      queue = []
      for call in waiting { call.end(GRPCError(.cancelled, "the client was closed")) }
      if case .ready(let transport) = last { transport.end() }
    }
  }

  // MARK: Calls

  /// One request, one response.
  public func unary<Request: ProtobufMessage, Response: ProtobufMessage>(
    _ path: String, _ request: Request, options: GRPCCallOptions = GRPCCallOptions()
  ) async throws(GRPCError) -> Response {
    let call = start(path, options, MessageFraming.frame(request), isLast: true, replies: .one)
    return try await call.onlyReply()
  }

  /// One request, many responses.
  public func serverStreaming<Request: ProtobufMessage, Response: ProtobufMessage>(
    _ path: String, _ request: Request, options: GRPCCallOptions = GRPCCallOptions()
  ) async throws(GRPCError) -> GRPCReplies<Response> {
    GRPCReplies(start(path, options, MessageFraming.frame(request), isLast: true, replies: .many))
  }

  /// Many requests, one response.
  public func clientStreaming<Request: ProtobufMessage, Response: ProtobufMessage>(
    _ path: String, options: GRPCCallOptions = GRPCCallOptions()
  ) async throws(GRPCError) -> GRPCUploadCall<Request, Response> {
    GRPCUploadCall(start(path, options, [], isLast: false, replies: .one))
  }

  /// Many requests and many responses.
  public func bidirectional<Request: ProtobufMessage, Response: ProtobufMessage>(
    _ path: String, options: GRPCCallOptions = GRPCCallOptions()
  ) async throws(GRPCError) -> GRPCDuplexCall<Request, Response> {
    GRPCDuplexCall(start(path, options, [], isLast: false, replies: .many))
  }

  private func start(
    _ path: String, _ options: GRPCCallOptions, _ frame: [UInt8], isLast: Bool, replies: ClientCall.Replies
  ) -> ClientCall {
    let call = ClientCall(self, path: path, frame: frame, isLast: isLast, replies: replies, options: options)
    loop.execute { call.begin() }
    return call
  }

  // MARK: The connection; all on the loop

  func place(_ call: ClientCall) {
    switch state {
    case .closed: call.end(GRPCError(.unavailable, "the client was closed"))
    case .waiting(let error) where !call.waitsForReady: call.end(error)
    case .ready(let transport) where transport.acceptsCalls: transport.start(call, authority)
    case .connecting, .waiting: queue.append(call)
    case .idle:
      queue.append(call)
      connect()
    case .ready(let transport):
      // Its stream identifiers are used up.
      transport.endWhenIdle()
      queue.append(call)
      connect()
    }
  }

  private func connect() {
    state = .connecting
    let transport = ClientTransport(self)
    Task(executorPreference: loop) { [endpoint, loop, options = configuration.connect, weak self] in
      do throws(NetError) {
        _ = try await Connection.connect(to: endpoint, on: loop, options: options) { connection in
          transport.attach(connection)
          return transport
        }
      } catch {
        let reason = "\(error)"
        loop.execute { [weak self] in self?.failed(reason) }
      }
    }
  }

  /// The server speaks HTTP/2.
  func ready(_ transport: ClientTransport) {
    guard case .connecting = state else {
      transport.end()
      return
    }
    state = .ready(transport)
    backoff.reset()
    let waiting = queue
    queue = []
    for call in waiting where !call.hasEnded { place(call) }
  }

  /// A connection could not be made, or was closed before it was of use.
  func failed(_ reason: String) {
    guard case .connecting = state else { return }
    let error = GRPCError(.unavailable, reason)
    state = .waiting(error)
    let waiting = queue
    queue = waiting.filter { $0.waitsForReady && !$0.hasEnded }
    timer = loop.schedule(after: backoff.next()) { [weak self] in self?.backoffEnded() }
    for call in waiting where !call.waitsForReady { call.end(error) }
  }

  private func backoffEnded() {
    timer = nil
    guard case .waiting = state else { return }
    state = .idle
    queue.removeAll { $0.hasEnded }
    if !queue.isEmpty { connect() }
  }

  /// Takes no more calls: it was closed, or is about to be.
  func retired(_ transport: ClientTransport) {
    if case .ready(let current) = state, current === transport { state = .idle }
  }
}
