import CNet
import Glibc

/// A byte stream over TCP or a Unix socket, with or without TLS. It belongs to one loop: every method must
/// be called there, and its handler is called there.
public final class Connection: EventSource, @unchecked Sendable {
  // Sendable: confined to its loop, which every public entry checks; only `loop` may be read elsewhere. The properties
  // used for every read and write do without dynamic exclusivity checks: no access to them spans a call of foreign code.

  enum State: UInt8 {
    case connecting
    case handshaking
    case open
    /// Everything was sent and the handler is gone; waits for the peer to close its side.
    case lingering
    case closed
  }

  struct Flags: OptionSet {
    var rawValue: UInt16
    static let readPaused = Flags(rawValue: 1)
    static let inputEnded = Flags(rawValue: 2)
    static let waitsForWritable = Flags(rawValue: 4)
    static let unwritable = Flags(rawValue: 8)
    static let closing = Flags(rawValue: 16)
    static let outputEnding = Flags(rawValue: 32)
    static let outputEnded = Flags(rawValue: 64)
    static let dirty = Flags(rawValue: 128)
    static let registered = Flags(rawValue: 256)
    /// Taken out of epoll while reading is paused, because the peer hung up.
    static let muted = Flags(rawValue: 512)
    /// Being flushed: what is written meanwhile leaves with this flush and needs no other.
    static let flushing = Flags(rawValue: 1024)
  }

  public let loop: EventLoop
  /// The other side; for an accepted Unix connection usually an unnamed path.
  public let remoteAddress: SocketAddress
  @exclusivity(unchecked) public internal(set) var descriptor: Int32
  @exclusivity(unchecked) var state: State
  @exclusivity(unchecked) var flags: Flags = []
  @exclusivity(unchecked) var interest: DescriptorEvents = []
  var output = OutputQueue()
  @exclusivity(unchecked) var laterOutput: [OutputSegment] = []
  @exclusivity(unchecked) var handler: (any ConnectionHandler)?
  /// The SSL object of a TLS connection; freed with the connection.
  @exclusivity(unchecked) var session: OpaquePointer?
  /// Whom a TLS client expects, until that is checked.
  var expectedPeer: TLSPeerName?
  var options: OptionsBox
  var timer: TimerToken?
  @exclusivity(unchecked) var lastActivity: MonotonicInstant
  /// Told once when the descriptor is given up.
  var owner: (any ConnectionOwner)?

  /// Shared by all connections of a listener, to keep a connection small.
  final class OptionsBox: Sendable {
    let value: ConnectionOptions
    init(_ value: ConnectionOptions) { self.value = value }
  }

  init(
    loop: EventLoop, descriptor: Int32, state: State, remoteAddress: SocketAddress, options: OptionsBox
  ) {
    self.loop = loop
    self.descriptor = descriptor
    self.state = state
    self.remoteAddress = remoteAddress
    self.options = options
    idleTimeout = options.value.idleTimeout
    lastActivity = loop.now
  }

  // MARK: State

  /// False once the handler was told `closed`.
  public var isOpen: Bool { state == .open && handler != nil }
  /// False while more than the high-water mark waits to be sent.
  public var isWritable: Bool { !flags.contains(.unwritable) && state == .open && !flags.contains(.closing) }
  /// Bytes in memory waiting to be sent (files not counted).
  public var pendingOutputBytes: Int {
    laterOutput.reduce(output.count) { sum, segment in
      if case .bytes(let queue) = segment { sum + queue.count } else { sum }
    }
  }
  /// Our own address; asks the kernel.
  public var localAddress: SocketAddress? { state == .closed ? nil : SocketAddress.local(of: descriptor) }
  /// Whether reading is paused by `pauseReading`.
  public var isReadingPaused: Bool { flags.contains(.readPaused) }

  /// Nothing read or sent for this long calls the handler's `idleTimedOut`; nil for never.
  public var idleTimeout: Duration? {
    didSet { if state == .open, !flags.contains(.closing) { startIdleTimer() } }
  }

  /// Hands the stream to another protocol, as after an HTTP upgrade. The new handler gets no `connected` call.
  public func replaceHandler(_ next: any ConnectionHandler) {
    loop.preconditionInEventLoop()
    if state != .closed && state != .lingering { handler = next }
  }

  // MARK: Reading

  /// Stops `received` calls; the peer is slowed down by the kernel's buffers filling up.
  public func pauseReading() {
    loop.preconditionInEventLoop()
    flags.insert(.readPaused)
    updateInterest()
  }

  public func resumeReading() {
    loop.preconditionInEventLoop()
    guard flags.remove(.readPaused) != nil else { return }
    lastActivity = loop.now
    updateInterest()
    readAgainIfPending()
  }

  // MARK: Writing

  /// Queues a copy of `bytes`; everything queued in one turn of the loop leaves together at its end.
  /// Returns `isWritable`: after `false` a well-behaved writer waits for `writabilityChanged`.
  @discardableResult
  public func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    loop.preconditionInEventLoop()
    guard acceptsOutput, bytes.count > 0 else { return isWritable }
    if laterOutput.isEmpty {
      output.append(bytes, pool: &loop.outputPool)
    } else {
      appendToLaterOutput(bytes)
    }
    outputGrew()
    return isWritable
  }

  @discardableResult
  public func write(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { write($0) }
  }

  @discardableResult
  public func write(_ text: StaticString) -> Bool {
    write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Lets `body` write up to `size` bytes straight into the output buffer; it returns how many it wrote.
  /// `body` must not use this connection.
  @discardableResult
  public func write(upTo size: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) -> Bool {
    loop.preconditionInEventLoop()
    guard acceptsOutput, size > 0 else { return isWritable }
    if laterOutput.isEmpty {
      let target = output.reserve(size, pool: &loop.outputPool)
      let written = body(UnsafeMutableRawBufferPointer(start: target, count: size))
      output.commit(written, at: target, pool: &loop.outputPool)
    } else {
      withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { buffer in
        let written = body(buffer)
        if written > 0 { appendToLaterOutput(UnsafeRawBufferPointer(rebasing: buffer[..<written])) }
      }
    }
    outputGrew()
    return isWritable
  }

  /// Queues `length` bytes of a file from `offset`, sent without a copy in memory on plain sockets.
  public func sendFile(_ file: OpenFile, offset: Int64, length: Int64) {
    loop.preconditionInEventLoop()
    guard acceptsOutput, length > 0 else { return }
    laterOutput.append(.file(file, offset: offset, remaining: length))
    setNeedsFlush()
  }

  /// Has `fillOutput` called and the output sent at the end of this turn.
  public func setNeedsFlush() {
    loop.preconditionInEventLoop()
    guard state == .open, flags.isDisjoint(with: [.dirty, .flushing]) else { return }
    flags.insert(.dirty)
    loop.markDirty(self)
  }

  private var acceptsOutput: Bool {
    state == .open && flags.isDisjoint(with: [.closing, .outputEnding, .outputEnded])
  }

  private func appendToLaterOutput(_ bytes: UnsafeRawBufferPointer) {
    if case .bytes(var queue)? = laterOutput.last {
      laterOutput.removeLast()
      queue.append(bytes, pool: &loop.outputPool)
      laterOutput.append(.bytes(queue))
    } else {
      var queue = OutputQueue()
      queue.append(bytes, pool: &loop.outputPool)
      laterOutput.append(.bytes(queue))
    }
  }

  private func outputGrew() {
    setNeedsFlush()
    let waiting = pendingOutputBytes
    guard waiting > options.value.highWaterBytes else { return }
    if waiting > options.value.outputBytesMax {
      abort(.outputOverflow)
    } else if flags.insert(.unwritable).inserted {
      handler?.writabilityChanged(false, on: self)
    }
  }

  // MARK: Ending

  /// Closes after everything queued was sent; input is ignored from now on. Bounded by `closeTimeout`.
  public func close() {
    loop.preconditionInEventLoop()
    guard state == .open else {
      if state != .lingering { abort(.closed) }
      return
    }
    guard !flags.contains(.closing) else { return }
    flags.insert(.closing)
    flags.remove(.readPaused)
    startTimer(options.value.closeTimeout) { $0.abort(.closeTimeout) }
    updateInterest()
    setNeedsFlush()
  }

  /// Ends our side of the stream after everything queued was sent; the peer may go on sending.
  public func endOutput() {
    loop.preconditionInEventLoop()
    guard acceptsOutput else { return }
    flags.insert(.outputEnding)
    setNeedsFlush()
  }

  /// Closes at once and drops unsent output.
  public func abort(_ reason: CloseReason = .aborted) {
    loop.preconditionInEventLoop()
    guard state != .closed else { return }
    if reason != .closed && state != .lingering && reason != .loopShutDown {
      // A reset tells the peer that the stream is incomplete, where a plain close would look like a regular end.
      var hard = linger(l_onoff: 1, l_linger: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
    }
    tearDown(reason)
  }

  override func ready(_ events: DescriptorEvents) { handleReadiness(events) }

  override func loopWillShutDown() { abort(.loopShutDown) }

  /// Gives up the descriptor and tells the handler, once.
  func tearDown(_ reason: CloseReason) {
    guard state != .closed else { return }
    state = .closed
    cancelTimer()
    freeSession()
    if flags.remove(.registered) != nil { loop.remove(descriptor) }
    Glibc.close(descriptor)
    descriptor = -1
    output.removeAll(pool: &loop.outputPool)
    for case .bytes(var queue) in laterOutput { queue.removeAll(pool: &loop.outputPool) }
    laterOutput = []
    dropHandler(reason)
    let owner = owner
    self.owner = nil
    owner?.connectionEnded(self)
  }

  func dropHandler(_ reason: CloseReason) {
    let last = handler
    handler = nil
    last?.closed(reason, on: self)
  }

  // MARK: The one timer of a connection: connecting, then idle, then closing, then lingering

  func startTimer(_ delay: Duration, _ body: @escaping (Connection) -> Void) {
    cancelTimer()
    // Strong, as a weak reference would make every later retain and release of the connection slow; `tearDown`, which
    // ends every connection, cancels the timer.
    timer = loop.schedule(after: delay) {
      self.timer = nil
      body(self)
    }
  }

  func cancelTimer() {
    if let timer { loop.cancel(timer) }
    timer = nil
  }

  func startIdleTimer() {
    cancelTimer()
    guard let idleTimeout else { return }
    lastActivity = loop.now
    startTimer(idleTimeout) { $0.idleTimerFired() }
  }

  /// Activity only notes the time; the timer looks at it when it fires and waits for the rest.
  private func idleTimerFired() {
    guard state == .open, !flags.contains(.closing), let idleTimeout else { return }
    let quiet = loop.now - lastActivity
    if quiet < idleTimeout {
      startTimer(idleTimeout - quiet) { $0.idleTimerFired() }
      return
    }
    startIdleTimer()
    handler?.idleTimedOut(on: self)
  }
}

/// Whoever counts connections.
protocol ConnectionOwner: AnyObject, Sendable {
  func connectionEnded(_ connection: Connection)
}
