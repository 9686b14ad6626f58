import CNet
import Glibc

/// Where to connect to.
public enum Endpoint: Hashable, Sendable {
  case address(SocketAddress)
  /// A host name or literal IP address; names are resolved when connecting.
  case host(String, port: UInt16)
}

/// Bounds of one connection attempt.
public struct ConnectOptions: Sendable {
  public var connection = ConnectionOptions()
  /// Makes the connection a TLS one.
  public var tls: TLSContext?
  /// Whom to expect; by default the host of the endpoint. A Unix endpoint with TLS needs one.
  public var peerName: TLSPeerName?
  /// Time for resolving, connecting and the TLS handshake together.
  public var timeout: Duration = .seconds(10)

  public init() {}
}

extension Connection {
  /// Connects, and returns when the connection is usable. Several addresses of a name are tried one after the other.
  /// `makeHandler` is called on `loop` before anything arrives.
  public static func connect(
    to endpoint: Endpoint, on loop: EventLoop, options: ConnectOptions = ConnectOptions(),
    makeHandler: @escaping @Sendable (Connection) -> any ConnectionHandler
  ) async throws(NetError) -> Connection {
    let deadline = MonotonicInstant.now + options.timeout
    var options = options
    if options.tls != nil, options.peerName == nil { options.peerName = try defaultPeer(of: endpoint) }
    let addresses: [SocketAddress]
    switch endpoint {
    case .address(let address): addresses = [address]
    case .host(let name, let port): addresses = try await Resolver.addresses(of: name, port: port, by: deadline)
    }
    var lastError = NetError.connectTimeout
    for (index, address) in addresses.enumerated() {
      // What is left is shared out, so that one silent address cannot use up the time of the others.
      let left = deadline - MonotonicInstant.now
      guard left > .zero else { throw .connectTimeout }
      let attempt = ConnectAttempt(
        address: address, loop: loop, timeout: left / (addresses.count - index), options: options,
        makeHandler: makeHandler)
      switch await attempt.result() {
      case .success(let connection): return connection
      case .failure(let error): lastError = error
      }
    }
    throw lastError
  }

  private static func defaultPeer(of endpoint: Endpoint) throws(NetError) -> TLSPeerName {
    switch endpoint {
    case .host(let name, _): return .host(name)
    case .address(.unix): throw .tls(.peerNameNeeded)
    case .address(let address): return .host(address.host)
    }
  }

  /// The socket reported the end of connecting.
  func connectFinished() {
    let code = cnet_socket_error(descriptor)
    if code != 0 {
      tearDown(.failed(errno: code))
      return
    }
    // The attempt's timer goes on and bounds the handshake, too.
    if session != nil { beginHandshake(timeout: nil) } else { established() }
  }
}

/// Connects to one address. Stands in as handler until the connection is usable.
private final class ConnectAttempt: ConnectionHandler, @unchecked Sendable {
  // Sendable: the constants are set once; the rest is touched on `loop` only.
  private let address: SocketAddress
  private let loop: EventLoop
  private let timeout: Duration
  private let options: ConnectOptions
  private let makeHandler: @Sendable (Connection) -> any ConnectionHandler
  private var continuation: CheckedContinuation<Result<Connection, NetError>, Never>?
  private var timedOut = false
  private var inner: (any ConnectionHandler)?

  init(
    address: SocketAddress, loop: EventLoop, timeout: Duration, options: ConnectOptions,
    makeHandler: @escaping @Sendable (Connection) -> any ConnectionHandler
  ) {
    self.address = address
    self.loop = loop
    self.timeout = timeout
    self.options = options
    self.makeHandler = makeHandler
  }

  func result() async -> Result<Connection, NetError> {
    await withCheckedContinuation { continuation in
      loop.execute {
        self.continuation = continuation
        self.begin()
      }
    }
  }

  private func begin() {
    let descriptor = cnet_socket(address.family, Int32(SOCK_STREAM.rawValue))
    guard descriptor >= 0 else {
      finish(.failure(.system(call: "socket", errno: -descriptor)))
      return
    }
    let code = address.withSockaddr { Glibc.connect(descriptor, $0, $1) == 0 ? 0 : errno }
    guard code == 0 || code == EINPROGRESS else {
      close(descriptor)
      finish(.failure(.system(call: "connect", errno: code)))
      return
    }
    let connection = Connection(
      loop: loop, descriptor: descriptor, state: .connecting, remoteAddress: address,
      options: Connection.OptionsBox(options.connection))
    connection.handler = self
    if let context = options.tls, let error = connection.prepareTLS(context, expecting: options.peerName) {
      finish(.failure(.tls(error)))
      connection.tearDown(.aborted)
      return
    }
    connection.startTimer(timeout) { [weak self] connection in
      self?.timedOut = true
      connection.tearDown(.aborted)
    }
    connection.start()
  }

  private func finish(_ result: Result<Connection, NetError>) {
    let waiting = continuation
    continuation = nil
    waiting?.resume(returning: result)
  }

  func connected(_ connection: Connection) {
    let handler = makeHandler(connection)
    connection.replaceHandler(handler)
    handler.connected(connection)
    finish(.success(connection))
  }

  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {}

  func closed(_ reason: CloseReason, on connection: Connection) {
    if timedOut {
      finish(.failure(.connectTimeout))
    } else if case .failed(let code) = reason {
      finish(.failure(.system(call: "connect", errno: code)))
    } else if case .tls(let error) = reason {
      finish(.failure(.tls(error)))
    } else {
      finish(.failure(reason == .loopShutDown ? .loopShutDown : .closed(reason)))
    }
  }
}
