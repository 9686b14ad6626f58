import CNet
import Glibc
import Synchronization

/// How a listener takes connections.
public struct ListenerOptions: Sendable {
  public var connection = ConnectionOptions()
  /// Makes every connection a TLS one.
  public var tls: TLSContext?
  /// Connections the kernel completes ahead of `accept`.
  public var backlog: Int32 = 4096
  /// Open connections from which no more are accepted; waiting clients stay in the backlog.
  public var connectionsMax = 100_000
  /// Permission bits of a Unix socket file.
  public var unixMode: mode_t = 0o660

  public init() {}
}

/// Accepts connections on a TCP port (one socket per loop, shared by SO_REUSEPORT) or on a Unix path (one socket, its
/// connections dealt out to the loops in turn).
public final class Listener: Sendable {
  public typealias Acceptor = @Sendable (Connection) -> any ConnectionHandler

  /// The address in use; for port 0 the port that the kernel chose.
  public let address: SocketAddress
  private let shared: AcceptState
  private let sockets: [AcceptSocket]

  /// Listens at once; `acceptor` is called on the new connection's loop and gives its handler.
  public static func bind(
    _ address: SocketAddress, group: EventLoopGroup, options: ListenerOptions = ListenerOptions(),
    acceptor: @escaping Acceptor
  ) throws(NetError) -> Listener {
    let shared = AcceptState(group: group, options: options, acceptor: acceptor)
    var bound: [(descriptor: Int32, loop: EventLoop)] = []
    var actual = address
    do throws(NetError) {
      if address.isUnix {
        bound.append((try ListeningSocket.unix(address, options), group.next()))
      } else {
        for loop in group.loops {
          let descriptor = try ListeningSocket.tcp(actual, options, shared: group.loops.count > 1)
          bound.append((descriptor, loop))
          actual = SocketAddress.local(of: descriptor) ?? actual
        }
      }
    } catch {
      for (descriptor, _) in bound { Glibc.close(descriptor) }
      throw error
    }
    let sockets = bound.map { AcceptSocket(descriptor: $0.descriptor, loop: $0.loop, shared: shared) }
    for socket in sockets { socket.loop.execute { socket.start() } }
    return Listener(address: actual, shared: shared, sockets: sockets)
  }

  private init(address: SocketAddress, shared: AcceptState, sockets: [AcceptSocket]) {
    self.address = address
    self.shared = shared
    self.sockets = sockets
  }

  /// Connections accepted and not yet gone.
  public var connectionCount: Int { shared.count.load(ordering: .relaxed) }

  /// Closes the listening sockets (and removes the Unix socket file); open connections stay.
  public func stopAccepting() async {
    for socket in sockets { await socket.loop.run { socket.stop() } }
    if case .unix(let path) = address, !path.hasPrefix("@"),
      shared.fileRemoved.exchange(true, ordering: .relaxed) == false
    {
      unlink(path)
    }
  }

  /// Stops accepting, waits up to `grace` for the connections to end by themselves, then aborts what is left.
  public func close(grace: Duration = .zero) async {
    await stopAccepting()
    let loop = shared.group.loops[0]
    let end = MonotonicInstant.now + grace
    while connectionCount > 0, MonotonicInstant.now < end {
      guard (try? await loop.sleep(for: .milliseconds(5))) != nil else { break }
    }
    let shared = shared
    for loop in self.shared.group.loops {
      await loop.run {
        for case let connection as Connection in loop.registeredSources where connection.owner === shared {
          connection.abort()
        }
      }
    }
  }
}

/// What the accepting sockets of one listener share.
final class AcceptState: ConnectionOwner {
  let group: EventLoopGroup
  let options: ListenerOptions
  let connectionOptions: Connection.OptionsBox
  let acceptor: Listener.Acceptor
  let count = Atomic<Int>(0)
  let fileRemoved = Atomic<Bool>(false)

  init(group: EventLoopGroup, options: ListenerOptions, acceptor: @escaping Listener.Acceptor) {
    self.group = group
    self.options = options
    self.acceptor = acceptor
    connectionOptions = Connection.OptionsBox(options.connection)
  }

  var isFull: Bool { count.load(ordering: .relaxed) >= options.connectionsMax }

  func connectionEnded(_ connection: Connection) { count.wrappingSubtract(1, ordering: .relaxed) }

  /// Makes a connection of an accepted descriptor, on its loop.
  func adopt(_ descriptor: Int32, _ peer: SocketAddress, on loop: EventLoop) {
    let connection = Connection(
      loop: loop, descriptor: descriptor, state: .open, remoteAddress: peer, options: connectionOptions)
    connection.owner = self
    if let context = options.tls {
      guard connection.prepareTLS(context, expecting: nil) == nil else {
        connection.abort()
        return
      }
      connection.state = .handshaking
    }
    connection.handler = acceptor(connection)
    connection.start()
  }
}

/// One listening socket on one loop.
final class AcceptSocket: EventSource, @unchecked Sendable {
  // Sendable: mutable state is touched on `loop` only.
  private static let acceptsPerTurnMax = 64
  /// How long to leave clients in the backlog when descriptors or the connection limit have run out.
  private static let backOff = Duration.milliseconds(50)

  let loop: EventLoop
  private let shared: AcceptState
  private var descriptor: Int32

  init(descriptor: Int32, loop: EventLoop, shared: AcceptState) {
    self.descriptor = descriptor
    self.loop = loop
    self.shared = shared
  }

  func start() {
    guard descriptor >= 0, (try? loop.insert(self, descriptor: descriptor, interest: .readable)) != nil else {
      closeDescriptor()
      return
    }
  }

  func stop() {
    guard descriptor >= 0 else { return }
    loop.remove(descriptor)
    closeDescriptor()
  }

  override func loopWillShutDown() { stop() }

  private func closeDescriptor() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }

  override func ready(_ events: DescriptorEvents) {
    for _ in 0..<AcceptSocket.acceptsPerTurnMax {
      guard descriptor >= 0 else { return }
      if shared.isFull {
        pause()
        return
      }
      var storage = sockaddr_storage()
      var length: socklen_t = 0
      let accepted = cnet_accept(descriptor, &storage, &length)
      if accepted < 0 {
        switch -accepted {
        case EAGAIN: return
        // The client gave up, or a network error of that one connection (accept(2)).
        case ECONNABORTED, EINTR, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH, EPERM: continue
        default:
          pause()
          return
        }
      }
      let peer = SocketAddress(&storage, length: length) ?? .unix("")
      shared.count.wrappingAdd(1, ordering: .relaxed)
      if peer.isUnix {
        deal(accepted, peer)
      } else {
        cnet_set_nodelay(accepted)
        shared.adopt(accepted, peer, on: loop)
      }
    }
  }

  private func deal(_ accepted: Int32, _ peer: SocketAddress) {
    let target = shared.group.next()
    if target === loop {
      shared.adopt(accepted, peer, on: loop)
    } else {
      let shared = shared
      target.execute { shared.adopt(accepted, peer, on: target) }
    }
  }

  private func pause() {
    loop.changeInterest(of: descriptor, to: [])
    loop.schedule(after: AcceptSocket.backOff) { [weak self] in
      guard let self, descriptor >= 0 else { return }
      loop.changeInterest(of: descriptor, to: .readable)
    }
  }
}
