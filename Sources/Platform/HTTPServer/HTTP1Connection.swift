import HTTP
import Net

/// HTTP/1.1 on one server connection: one request at a time, in order, pipelined ones waiting in the kernel.
final class HTTP1Connection: ConnectionHandler, HTTP1ParserDelegate, ServerConnection {
  /// Unread content above which reading from the socket stops, and below which it goes on.
  private static let unreadHighBytes = 64 * 1024
  private static let unreadLowBytes = 16 * 1024
  /// Content read and dropped after an early response, so that the client gets to see it.
  private static let discardBytesMax = 256 * 1024

  let context: ServerLoop
  let connection: Connection
  let peer: HTTPPeer
  var stream: HTTP1Stream?
  /// The response under way, or the next one, is the last of the connection.
  var isLast = false
  private lazy var parser = HTTP1Parser(
    role: .requests, limits: context.configuration.limits.http1, delegate: self)
  private var waiting: [UInt8] = []
  private var isPaused = false
  private var upgradeOffered = false
  private var upgradeHandler: (any ConnectionHandler)?
  private var isParsing = false
  private var requests = 0
  private var discarded = 0
  private var headTimer: TimerToken?
  private var bodyTimer: TimerToken?
  private var bytesAtBodyTimer = 0

  init(_ connection: Connection, peer: HTTPPeer, context: ServerLoop) {
    self.connection = connection
    self.peer = peer
    self.context = context
  }

  // MARK: Connection events

  func connected(_ connection: Connection) {
    context.add(self)
    startHeadTimer()
  }

  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    if isPaused || upgradeOffered || !waiting.isEmpty {
      waiting.append(contentsOf: bytes)
      connection.pauseReading()
    } else {
      parse(bytes)
    }
  }

  func writabilityChanged(_ isWritable: Bool, on connection: Connection) {
    guard isWritable else { return }
    if let stream { stream.handler?.writable(stream) } else { goOn() }
  }

  func inputEnded(on connection: Connection) {
    stream?.end(.connectionLost)
    stream = nil
    connection.close()
  }

  func idleTimedOut(on connection: Connection) {
    guard let stream else {
      connection.close()
      return
    }
    if connection.pendingOutputBytes > 0 {
      stream.end(.timedOut)
      connection.abort(.idleTimeout)
    }
  }

  func closed(_ reason: CloseReason, on connection: Connection) {
    cancelTimers()
    parser.stop()
    context.remove(self)
    stream?.end(.connectionLost)
    stream = nil
  }

  func drain() {
    isLast = true
    if stream == nil, !parser.isInsideHead, waiting.isEmpty { connection.close() }
  }

  func abort() { connection.abort() }

  // MARK: Parsing

  private func parse(_ bytes: UnsafeRawBufferPointer) {
    isParsing = true
    let outcome = parser.execute(bytes)
    isParsing = false
    guard connection.isOpen else { return }
    switch outcome {
    case .needsMore:
      if parser.isInsideHead {
        if headTimer == nil { startHeadTimer() }
      } else if let stream, stream.expectsContent {
        startBodyTimer(stream)
      }
    case .paused(let consumed):
      keep(bytes, from: consumed)
      // The response may have been completed between the end of the request and now.
      if stream == nil { goOn() }
    case .upgrade(let consumed):
      upgradeOffered = true
      keep(bytes, from: consumed)
      if upgradeHandler != nil { completeUpgrade() } else if stream == nil { goOn() }
    case .failed(let error):
      refuse(HTTPFailure(error.status, message(of: error)))
    }
  }

  private func message(of error: HTTP1Error) -> String? {
    if case .malformed(let detail) = error { "malformed request: \(detail)" } else { nil }
  }

  private func keep(_ bytes: UnsafeRawBufferPointer, from position: Int) {
    guard position < bytes.count else { return }
    waiting.append(contentsOf: bytes[position...])
    connection.pauseReading()
  }

  /// Takes up parsing where a response made it wait.
  private func goOn() {
    guard !isParsing, connection.isOpen, stream == nil else { return }
    if isPaused {
      guard connection.isWritable else { return }
      isPaused = false
      parser.resume()
    }
    if upgradeOffered {
      upgradeOffered = false
      parser.resumeWithoutUpgrade()
    }
    if !waiting.isEmpty {
      let bytes = waiting
      waiting = []
      bytes.withUnsafeBytes { parse($0) }
    }
    if connection.isOpen, waiting.isEmpty { connection.resumeReading() }
  }

  func http1(_ parser: HTTP1Parser, received head: HTTPRequestHead, body: HTTP1BodyLength) {
    if let headTimer {
      connection.loop.cancel(headTimer)
      self.headTimer = nil
    }
    requests += 1
    if !parser.keepsAlive || head.version == .http1_0 || requests >= context.configuration.limits.requestsPerConnection
      || context.isDraining
    {
      isLast = true
    }
    var head = head
    if peer.isSecure { head.scheme = "https" }
    let stream = HTTP1Stream(
      request: head, connection: self, expectsContent: body != .none, continues: parser.expectsContinue,
      upgrades: parser.wantsUpgrade)
    self.stream = stream
    discarded = 0
    if case .known(let length) = body, length > context.configuration.limits.bodyBytes {
      tooLarge(stream)
      return
    }
    context.accept(stream)
  }

  private func tooLarge(_ stream: HTTP1Stream) {
    isLast = true
    stream.fail(HTTPFailure(.contentTooLarge))
  }

  func http1(_ parser: HTTP1Parser, received content: UnsafeRawBufferPointer) {
    guard let stream else { return }
    stream.contentBytes += content.count
    if stream.outputEnded {
      discarded += content.count
      if discarded > Self.discardBytesMax {
        parser.stop()
        endStream(.finished)
        connection.close()
      }
      return
    }
    if stream.contentBytes > context.configuration.limits.bodyBytes {
      tooLarge(stream)
      return
    }
    guard let handler = stream.handler else { return }
    stream.unreadBytes += content.count
    handler.received(content, on: stream)
    if stream.unreadBytes > Self.unreadHighBytes { connection.pauseReading() }
  }

  func consumed(_ stream: HTTP1Stream) {
    if stream.unreadBytes <= Self.unreadLowBytes, waiting.isEmpty { connection.resumeReading() }
  }

  func http1Ended(_ parser: HTTP1Parser, trailers: HTTPHeaders) -> Bool {
    if let bodyTimer {
      connection.loop.cancel(bodyTimer)
      self.bodyTimer = nil
    }
    if let stream {
      stream.expectsContent = false
      if stream.outputEnded {
        endStream(.finished)
      } else {
        stream.handler?.requestEnded(trailers: trailers, on: stream)
      }
    }
    // An upgrade is reported by the parser itself after this.
    if stream == nil, connection.isWritable, connection.isOpen { return true }
    isPaused = !parser.wantsUpgrade
    return parser.wantsUpgrade
  }

  // MARK: Responses

  /// The stream's output is complete.
  func responded(_ stream: HTTP1Stream) {
    guard self.stream === stream else { return }
    if stream.expectsContent {
      if connection.isReadingPaused { connection.resumeReading() }
      return
    }
    endStream(.finished)
    if !isParsing { goOn() }
  }

  private func endStream(_ end: HTTPStreamEnd) {
    guard let ended = stream else { return }
    stream = nil
    ended.end(end)
    if isLast {
      parser.stop()
      connection.close()
    }
  }

  /// Answers a request that cannot be read, and closes.
  private func refuse(_ failure: HTTPFailure) {
    isLast = true
    parser.stop()
    cancelTimers()
    if let stream {
      if stream.hasResponded {
        stream.end(.reset(.protocolError))
        self.stream = nil
        connection.abort()
        return
      }
      let failed = stream
      self.stream = nil
      failed.end(.reset(.protocolError))
    }
    let (head, content) = context.response(for: failure, request: nil)
    write(head, framing: .length(content.count), content: content)
    connection.close()
  }

  func write(_ head: HTTPResponseHead, framing: HTTP1Framing, content: [UInt8]) {
    let date = context.date
    connection.write(upTo: HTTP1Writer.capacity(for: head) + content.count) { buffer in
      var writer = HTTP1Writer(buffer)
      date.withUnsafeBytes { writer.response(head, framing: framing, date: $0, closes: isLast) }
      content.withUnsafeBytes { writer.put($0) }
      return writer.count
    }
  }

  func abandon(_ code: HTTP2ErrorCode) {
    stream?.end(.reset(code))
    stream = nil
    connection.abort()
  }

  // MARK: Upgrade

  func upgrade(_ stream: HTTP1Stream, to handler: any ConnectionHandler) {
    upgradeHandler = handler
    self.stream = nil
    stream.end(.finished)
    if upgradeOffered { completeUpgrade() }
  }

  private func completeUpgrade() {
    guard let next = upgradeHandler, connection.isOpen else { return }
    upgradeHandler = nil
    cancelTimers()
    context.remove(self)
    connection.replaceHandler(next)
    next.connected(connection)
    let bytes = waiting
    waiting = []
    if !bytes.isEmpty { bytes.withUnsafeBytes { next.received($0, on: connection) } }
    if connection.isOpen { connection.resumeReading() }
  }

  // MARK: Time
  // Timers hold this connection strongly and are cancelled when it closes; a weak reference would make every later
  // retain a slow one.

  private func startHeadTimer() {
    headTimer = connection.loop.schedule(after: context.configuration.limits.headTimeout) { [self] in
      headTimer = nil
      if requests == 0, !parser.isInsideHead { connection.close() } else { refuse(HTTPFailure(.requestTimeout)) }
    }
  }

  private func startBodyTimer(_ stream: HTTP1Stream) {
    guard bodyTimer == nil, stream.enforcesRate, context.configuration.limits.bodyBytesPerSecond > 0 else { return }
    bytesAtBodyTimer = stream.contentBytes
    bodyTimer = connection.loop.schedule(after: context.configuration.limits.bodyRateInterval) { [self] in
      bodyTimerFired()
    }
  }

  private func bodyTimerFired() {
    bodyTimer = nil
    guard let stream, stream.expectsContent, stream.enforcesRate else { return }
    let limits = context.configuration.limits
    let seconds =
      Double(limits.bodyRateInterval.components.seconds) + 1e-18
      * Double(limits.bodyRateInterval.components.attoseconds)
    let wanted = Double(limits.bodyBytesPerSecond) * seconds
    // A reader that holds the peer back is no fault of the peer.
    if Double(stream.contentBytes - bytesAtBodyTimer) < wanted, !connection.isReadingPaused {
      refuse(HTTPFailure(.requestTimeout))
    } else {
      startBodyTimer(stream)
    }
  }

  private func cancelTimers() {
    if let headTimer { connection.loop.cancel(headTimer) }
    if let bodyTimer { connection.loop.cancel(bodyTimer) }
    headTimer = nil
    bodyTimer = nil
  }
}
