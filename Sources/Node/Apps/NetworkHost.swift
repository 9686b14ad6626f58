import Glibc
import Linux
import Net
import Synchronization

/// The network of all apps of a node: one thread for their sockets.
public final class NetworkHost: Sendable {
  /// Names to addresses.
  public typealias Resolve =
    @Sendable (_ host: String, _ port: UInt16) async throws(NetError) -> [SocketAddress]

  public struct Options: Sendable {
    /// Certificates that vouch for servers; without, those that the system trusts.
    public var trustRoots: PEM?
    /// Resolving, connecting and the handshake of TLS together.
    public var connectTimeout: Duration = .seconds(30)
    /// The system's look-up, unless another is given.
    public var resolve: Resolve?

    public init() {}
  }

  private struct State {
    var options = Options()
    var group: EventLoopGroup?
    var tls: TLSContext?
  }

  private let state = Mutex(State())

  init() {}

  deinit {
    guard let group = state.withLock({ $0.group }) else { return }
    // A loop cannot wait for its own end, and this may be it. Without a thread the loops stay, which harms nobody.
    _ = try? Thread.start(name: "app-net-end", stackBytes: 64 << 10) { group.shutdown() }
  }

  /// Counts for connections from now on.
  public func configure(_ options: Options) {
    state.withLock { state in
      state.options = options
      state.tls = nil
    }
  }

  /// The thread, which the first stream starts.
  func group() throws(NativeError) -> EventLoopGroup {
    let group = state.withLock { state in
      if state.group == nil { state.group = try? EventLoopGroup(count: 1, name: "app-net") }
      return state.group
    }
    guard let group else { throw .outOfMemory }
    return group
  }

  private func tls() throws(NetError) -> TLSContext {
    let (options, made) = state.withLock { ($0.options, $0.tls) }
    if let made { return made }
    var configuration = TLSConfiguration()
    configuration.trustRoots = options.trustRoots
    configuration.minimumVersion = .tls12
    do throws(TLSError) {
      let context = try TLSContext(client: configuration)
      state.withLock { $0.tls = context }
      return context
    } catch { throw .tls(error) }
  }

  private static var connectionOptions: ConnectionOptions {
    var options = ConnectionOptions()
    options.highWaterBytes = StreamPipe.outgoingBytesMax
    options.lowWaterBytes = StreamPipe.outgoingBytesMax / 4
    options.closeTimeout = .seconds(5)
    return options
  }

  // MARK: Streams

  /// Connects in the background; the pipe is told how it ended. Names are looked up once, and the connection goes to an
  /// address that was found allowed, so that a name which means another address a moment later gains nothing.
  func connect(
    _ pipe: StreamPipe, to host: String, port: UInt16, isTLS: Bool, _ rules: NetworkRules, on loop: EventLoop
  ) {
    let options = state.withLock { $0.options }
    // On the loop, so that it does not wait for others of the process's tasks.
    Task(executorPreference: loop) {
      do throws(NetError) {
        let deadline = MonotonicInstant.now + options.connectTimeout
        let addresses = try await Self.addresses(host, port, rules, options, deadline)
        if pipe.isClosed { return }
        guard pipe.isStream else {
          try await Self.join(pipe, addresses, rules, on: loop)
          return
        }
        var connecting = ConnectOptions()
        connecting.connection = Self.connectionOptions
        connecting.tls = isTLS ? try self.tls() : nil
        connecting.peerName = .host(host)
        var failure = NetError.connectTimeout
        for (index, address) in addresses.enumerated() {
          let left = deadline - MonotonicInstant.now
          guard left > .zero, !pipe.isClosed else { break }
          connecting.timeout = left / (addresses.count - index)
          do throws(NetError) {
            _ = try await Connection.connect(to: .address(address), on: loop, options: connecting) { _ in
              StreamPort(pipe)
            }
            return
          } catch { failure = error }
        }
        throw failure
      } catch {
        pipe.end(error.errno)
      }
    }
  }

  /// What a host means, as far as the app may talk to it.
  private static func addresses(
    _ host: String, _ port: UInt16, _ rules: NetworkRules, _ options: Options, _ deadline: MonotonicInstant
  ) async throws(NetError) -> [SocketAddress] {
    let found: [SocketAddress]
    if let literal = SocketAddress(literal: host, port: port) {
      found = [literal]
    } else if let resolve = options.resolve {
      found = try await resolve(host, port)
    } else {
      found = try await Resolver.addresses(of: host, port: port, by: deadline)
    }
    let allowed = found.filter(rules.allows)
    guard !allowed.isEmpty else {
      if found.isEmpty { throw .resolution(host: host, reason: "no address") }
      throw .system(call: "policy", errno: EACCES)
    }
    return Array(allowed.prefix(8))
  }

  /// Gives a stream of datagrams its peer, and a socket when it has none.
  private static func join(
    _ pipe: StreamPipe, _ addresses: [SocketAddress], _ rules: NetworkRules, on loop: EventLoop
  ) async throws(NetError) {
    if pipe.news().hasSocket {
      // Bound before, which is to IPv4.
      let peer = addresses.first { if case .ipv4 = $0 { true } else { false } }
      guard let peer else { throw .system(call: "connect", errno: EAFNOSUPPORT) }
      pipe.peer = peer
      pipe.opened()
      return
    }
    let peer = addresses[0]
    pipe.peer = peer
    var local = SocketAddress.anyIPv6(port: 0)
    if case .ipv4 = peer { local = .anyIPv4(port: 0) }
    try await bindDatagrams(pipe, local, rules, isOpen: true, on: loop)
  }

  /// Gives a stream of datagrams a socket.
  ///
  /// - Parameter isOpen: it has a peer, and nobody else is listened to.
  static func bindDatagrams(
    _ pipe: StreamPipe, _ local: SocketAddress, _ rules: NetworkRules, isOpen: Bool, on loop: EventLoop
  ) async throws(NetError) {
    let endpoint = try await UDPEndpoint.bind(local, on: loop) { bytes, sender, _ in
      if pipe.isConnected {
        guard pipe.peer == sender else { return }
      } else {
        guard rules.allows(sender) else { return }
        pipe.peer = sender
      }
      _ = pipe.came(Array(bytes))
    }
    if !pipe.has(.datagrams(endpoint), isOpen: isOpen) { loop.execute { endpoint.close() } }
  }

  /// Binds to a port of every address of this host, IPv4, and waits for that: a turn of the loop.
  ///
  /// - Returns: the error's number, if it failed.
  static func bindDatagrams(_ pipe: StreamPipe, _ port: UInt16, _ rules: NetworkRules, on loop: EventLoop) -> Int32? {
    let done = Waker()
    let outcome = Shared<Int32?>(ETIMEDOUT)
    Task(executorPreference: loop) {
      do throws(NetError) {
        try await bindDatagrams(pipe, .anyIPv4(port: port), rules, isOpen: false, on: loop)
        outcome.set(nil)
      } catch { outcome.set(error.errno) }
      done.signal()
    }
    done.wait(until: monotonicNanoseconds() + 5_000_000_000)
    return outcome.value
  }

  /// Listens; each connection becomes a pipe of its own.
  func listen(_ pipe: StreamPipe, _ port: UInt16, backlog: Int, waker: Waker) throws(NetError) {
    guard let group = try? group() else { throw .system(call: "pthread_create", errno: EAGAIN) }
    var options = ListenerOptions()
    options.connection = Self.connectionOptions
    options.backlog = Int32(backlog)
    let listener = try Listener.bind(.anyIPv4(port: port), group: group, options: options) { _ in
      let stream = StreamPipe(isStream: true, waker: waker)
      return pipe.accepted(stream, max: backlog) ? StreamPort(stream) : RefusingPort()
    }
    _ = pipe.has(.listener(listener), isOpen: true)
  }

  /// An address of this host that others can reach, IPv4 first; `nil` without one.
  static func address() -> String? {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return nil }
    defer { freeifaddrs(list) }
    var entry = list
    while let item = entry {
      entry = item.pointee.ifa_next
      let isUp = item.pointee.ifa_flags & UInt32(IFF_UP) != 0
      guard isUp, let address = item.pointee.ifa_addr, Int32(address.pointee.sa_family) == AF_INET else { continue }
      let number = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr
      let found = SocketAddress.ipv4(UInt32(bigEndian: number), port: 0)
      if !found.isLocal { return found.host }
    }
    return nil
  }
}

extension NetError {
  /// What a guest is told.
  var errno: Int32 {
    switch self {
    case .system(_, let code): code
    case .invalidAddress: EINVAL
    case .resolution: ENOENT
    case .connectTimeout: ETIMEDOUT
    case .addressInUse: EADDRINUSE
    case .closed(let reason): reason.errno
    case .loopShutDown: ECANCELED
    case .tls(let error): CloseReason.tls(error).errno
    }
  }
}

extension CloseReason {
  /// What a guest is told; 0: it ended in order.
  var errno: Int32 {
    switch self {
    case .closed: 0
    case .aborted: ECANCELED
    case .idleTimeout, .closeTimeout: ETIMEDOUT
    case .failed(let code): code
    case .outputOverflow: ENOBUFS
    case .fileTruncated: EIO
    case .tls(.handshakeTimeout): ETIMEDOUT
    case .tls: EPROTO
    case .loopShutDown: ECANCELED
    }
  }
}
