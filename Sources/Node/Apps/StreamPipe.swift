import Net
import Synchronization

/// What an app's thread and the network's thread share of one stream: two bounded buffers and what has happened.
///
/// The app's rings lie in its memory, which only its own thread may touch. It moves bytes between them and this; the network's
/// thread moves them between this and the socket. Neither waits for the other: a full side makes the other one stop.
final class StreamPipe: Sendable {
  /// Bytes that wait for the socket before the app's thread moves no more.
  static let outgoingBytesMax = 16 << 10
  /// Bytes that wait for the app before the network's thread reads no more; one read of a socket may add as many as the loop
  /// reads at once.
  static let incomingBytesMax = 16 << 10
  /// Datagrams that wait, in each direction; more are lost, as on the network.
  static let datagramsMax = 16
  /// The longest message in a ring that the reference's guests expect.
  static let messageBytesMax = 1500
  /// What is counted as the app's memory for a stream, whatever it uses of it.
  static let chargedBytes = outgoingBytesMax + incomingBytesMax + (64 << 10)

  enum Socket: Sendable {
    case connection(Connection)
    case datagrams(UDPEndpoint)
    case listener(Listener)
  }

  private struct State {
    var socket: Socket?
    var incoming: [[UInt8]] = []
    var incomingBytes = 0
    var isReadingPaused = false
    var outgoing: [[UInt8]] = []
    var outgoingBytes = 0
    var isDrainScheduled = false
    /// Whom datagrams go to: the one connected to, else who has sent the last one.
    var peer: SocketAddress?
    var isOpen = false
    /// How it ended; 0: in order.
    var endedWith: Int32?
    var accepted: [StreamPipe] = []
    var lost = 0
    /// The app has given it up.
    var isClosed = false
  }

  let isStream: Bool
  private let waker: Waker
  private let state = Mutex(State())

  /// - Parameter isStream: of bytes; else datagrams.
  init(isStream: Bool, waker: Waker) {
    self.isStream = isStream
    self.waker = waker
  }

  // MARK: The app's thread

  struct News {
    var isOpen: Bool
    var endedWith: Int32?
    var hasSocket: Bool
    /// Datagrams that nobody could take.
    var lost: Int
  }

  func news() -> News {
    state.withLock { state in
      defer { state.lost = 0 }
      return News(
        isOpen: state.isOpen, endedWith: state.endedWith, hasSocket: state.socket != nil, lost: state.lost)
    }
  }

  /// Whether a message can be sent now.
  var hasRoom: Bool {
    state.withLock { state in
      isStream ? state.outgoingBytes < Self.outgoingBytesMax : state.outgoing.count < Self.datagramsMax
    }
  }

  /// Hands a message to the network.
  func send(_ message: [UInt8], on loop: EventLoop) {
    let mustSchedule = state.withLock { state in
      state.outgoing.append(message)
      state.outgoingBytes += message.count
      defer { state.isDrainScheduled = true }
      return !state.isDrainScheduled
    }
    if mustSchedule { loop.execute { self.drain() } }
  }

  /// Takes what has come: the next piece of a stream, or a datagram.
  func receive(on loop: EventLoop) -> [UInt8]? {
    let (bytes, resumes) = state.withLock { state -> ([UInt8]?, Bool) in
      guard !state.incoming.isEmpty else { return (nil, false) }
      let bytes = state.incoming.removeFirst()
      state.incomingBytes -= bytes.count
      guard state.isReadingPaused, state.incomingBytes <= Self.incomingBytesMax / 2 else { return (bytes, false) }
      state.isReadingPaused = false
      return (bytes, true)
    }
    if resumes {
      loop.execute { if case .connection(let connection)? = self.socket { connection.resumeReading() } }
    }
    return bytes
  }

  var hasIncoming: Bool { state.withLock { !$0.incoming.isEmpty } }

  /// Takes a connection that a listener has got.
  func accept() -> StreamPipe? {
    state.withLock { state in state.accepted.isEmpty ? nil : state.accepted.removeFirst() }
  }

  /// Sends what is left, then closes.
  func close(on loop: EventLoop) {
    let accepted = state.withLock { state in
      state.isClosed = true
      state.incoming = []
      state.incomingBytes = 0
      defer { state.accepted = [] }
      return state.accepted
    }
    for pipe in accepted { pipe.close(on: loop) }
    loop.execute {
      switch self.socket {
      case .connection(let connection):
        self.sendAll(to: connection)
        connection.close()
      case .datagrams(let endpoint):
        self.drain()
        endpoint.close()
      case .listener(let listener): Task { await listener.stopAccepting() }
      case nil: break
      }
      self.state.withLock { $0.socket = nil }
    }
  }

  // MARK: The network's thread

  private var socket: Socket? { state.withLock { $0.socket } }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Whether the peer of datagrams is fixed.
  var isConnected: Bool { state.withLock { $0.isOpen } }

  /// A socket that was there before has a peer now.
  func opened() {
    state.withLock { $0.isOpen = true }
    waker.signal()
  }

  var peer: SocketAddress? {
    get { state.withLock { $0.peer } }
    set { state.withLock { $0.peer = newValue } }
  }

  /// False when the app has given it up meanwhile.
  func has(_ socket: Socket, isOpen: Bool) -> Bool {
    let isWanted = state.withLock { state in
      guard !state.isClosed else { return false }
      state.socket = socket
      state.isOpen = isOpen
      return true
    }
    waker.signal()
    return isWanted
  }

  func end(_ errno: Int32) {
    state.withLock { state in
      if state.endedWith == nil { state.endedWith = errno }
      state.isOpen = false
      state.socket = nil
      state.outgoing = []
      state.outgoingBytes = 0
    }
    waker.signal()
  }

  /// False when no more should come for now.
  func came(_ bytes: [UInt8]) -> Bool {
    let goesOn = state.withLock { state in
      guard !state.isClosed else { return true }
      if !isStream, state.incoming.count >= Self.datagramsMax || bytes.count > Self.messageBytesMax {
        state.lost += 1
        return true
      }
      state.incoming.append(bytes)
      state.incomingBytes += bytes.count
      if isStream, state.incomingBytes >= Self.incomingBytesMax { state.isReadingPaused = true }
      return !state.isReadingPaused
    }
    waker.signal()
    return goesOn
  }

  /// False when too many wait already.
  func accepted(_ pipe: StreamPipe, max countMax: Int) -> Bool {
    let isTaken = state.withLock { state in
      guard !state.isClosed, state.accepted.count < countMax else { return false }
      state.accepted.append(pipe)
      return true
    }
    waker.signal()
    return isTaken
  }

  /// Hands to the socket what it takes.
  func drain() {
    state.withLock { $0.isDrainScheduled = false }
    var hasSent = false
    switch socket {
    case .connection(let connection):
      while connection.isWritable, let message = nextOutgoing() {
        connection.write(message)
        hasSent = true
      }
    case .datagrams(let endpoint):
      while let message = nextOutgoing() {
        hasSent = true
        let isSent = peer.map { peer in (try? endpoint.send(message, to: peer)) ?? false } ?? false
        if !isSent { state.withLock { $0.lost += 1 } }
      }
    case .listener, nil: break
    }
    if hasSent { waker.signal() }
  }

  /// Before the end: the connection keeps what it has until it is gone.
  func sendAll(to connection: Connection) {
    while let message = nextOutgoing() { connection.write(message) }
  }

  private func nextOutgoing() -> [UInt8]? {
    state.withLock { state in
      guard !state.outgoing.isEmpty else { return nil }
      let message = state.outgoing.removeFirst()
      state.outgoingBytes -= message.count
      return message
    }
  }
}

/// The network's side of a connection.
final class StreamPort: ConnectionHandler {
  private let pipe: StreamPipe

  init(_ pipe: StreamPipe) { self.pipe = pipe }

  func connected(_ connection: Connection) {
    if pipe.has(.connection(connection), isOpen: true) { pipe.drain() } else { connection.abort() }
  }

  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    if !pipe.came(Array(bytes)) { connection.pauseReading() }
  }

  func inputEnded(on connection: Connection) {
    pipe.sendAll(to: connection)
    connection.close()
  }

  func writabilityChanged(_ isWritable: Bool, on connection: Connection) {
    if isWritable { pipe.drain() }
  }

  func closed(_ reason: CloseReason, on connection: Connection) { pipe.end(reason.errno) }
}

/// Ends a connection that nobody takes.
final class RefusingPort: ConnectionHandler {
  func connected(_ connection: Connection) { connection.abort() }
  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {}
}
