import Net

/// A WebSocket for async code: `for try await message in socket`, `try await socket.send(...)`.
///
/// Usable from any task; one task at a time may read. Messages that nobody reads hold the peer back.
public final class WebSocket: WebSocketHandler, AsyncSequence, @unchecked Sendable {
  // Sendable: all state is touched on the socket's loop only; methods called elsewhere hop there first.
  public typealias Element = WebSocketMessage

  public let connection: WebSocketConnection
  private let queueBytesMax: Int
  private var queue: [WebSocketMessage] = []
  private var queueBytes = 0
  private var end: (code: WebSocketCloseCode, reason: String)?
  private var reader: CheckedContinuation<WebSocketMessage?, any Error>?
  private var readerCall: ReceiveCall?
  private var writers: [CheckedContinuation<Void, any Error>] = []
  private var closers: [CheckedContinuation<Void, Never>] = []

  /// On the loop.
  init(_ connection: WebSocketConnection, queueBytesMax: Int) {
    self.connection = connection
    self.queueBytesMax = queueBytesMax
    connection.handler = self
  }

  public var loop: EventLoop { connection.loop }
  public var subprotocol: String? { connection.subprotocol }

  // MARK: Sending

  /// Returns when there is room for more. Throws when the socket is closed.
  public func send(_ message: WebSocketMessage) async throws {
    let hasRoom = try await onLoop { () throws(WebSocketError) -> Bool in
      try self.checkOpen()
      self.connection.send(message)
      return self.connection.isWritable
    }
    if hasRoom { return }
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      loop.execute {
        if let end = self.end {
          continuation.resume(throwing: WebSocketError.closed(end.code, reason: end.reason))
        } else if self.connection.isWritable {
          continuation.resume()
        } else {
          self.writers.append(continuation)
        }
      }
    }
  }

  public func send(_ text: String) async throws { try await send(.text(text)) }
  public func send(_ bytes: [UInt8]) async throws { try await send(.binary(bytes)) }

  public func ping(_ data: [UInt8] = []) async throws {
    try await onLoop { () throws(WebSocketError) -> Void in
      try self.checkOpen()
      self.connection.ping(data)
    }
  }

  /// Does the close handshake and returns when the connection is gone. Harmless when repeated.
  public func close(_ code: WebSocketCloseCode = .normal, reason: String = "") async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      loop.execute {
        if self.end != nil {
          continuation.resume()
        } else {
          self.closers.append(continuation)
          self.connection.close(code, reason: reason)
        }
      }
    }
  }

  private func checkOpen() throws(WebSocketError) {
    if let end { throw .closed(end.code, reason: end.reason) }
    if !connection.isOpen { throw .closed(.goingAway, reason: "") }
  }

  private func onLoop<Result: Sendable>(
    _ body: @escaping @Sendable () throws(WebSocketError) -> Result
  ) async throws(WebSocketError) -> Result {
    if loop.inEventLoop { return try body() }
    return try await loop.run(body)
  }

  // MARK: Receiving

  public struct AsyncIterator: AsyncIteratorProtocol {
    let socket: WebSocket
    public mutating func next() async throws -> WebSocketMessage? { try await socket.receive() }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(socket: self) }

  /// The next message; nil after a regular close (1000, 1001, 1005). Throws after any other end.
  public func receive() async throws -> WebSocketMessage? {
    if loop.inEventLoop, !queue.isEmpty { return take() }
    let call = ReceiveCall()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        loop.execute { self.park(continuation, call) }
      }
    } onCancel: {
      loop.execute {
        call.isCancelled = true
        if self.readerCall === call { self.resumeReader(.failure(CancellationError())) }
      }
    }
  }

  /// How the socket was closed; nil while it is open. On the loop only.
  public var closeStatus: (code: WebSocketCloseCode, reason: String)? { end }

  /// One call of `receive`; touched on the loop only.
  private final class ReceiveCall: @unchecked Sendable {
    // Sendable: see above.
    var isCancelled = false
  }

  private func park(_ continuation: CheckedContinuation<WebSocketMessage?, any Error>, _ call: ReceiveCall) {
    if !queue.isEmpty {
      continuation.resume(returning: take())
    } else if let end {
      continuation.resume(with: Self.result(of: end))
    } else if reader != nil || call.isCancelled {
      continuation.resume(throwing: CancellationError())
    } else {
      reader = continuation
      readerCall = call
    }
  }

  private static func result(
    of end: (code: WebSocketCloseCode, reason: String)
  ) -> Result<WebSocketMessage?, any Error> {
    switch end.code {
    case .normal, .goingAway, .noStatus: .success(nil)
    default: .failure(WebSocketError.closed(end.code, reason: end.reason))
    }
  }

  private func resumeReader(_ result: Result<WebSocketMessage?, any Error>) {
    let waiting = reader
    reader = nil
    readerCall = nil
    waiting?.resume(with: result)
  }

  private func take() -> WebSocketMessage {
    let message = queue.removeFirst()
    let wasFull = queueBytes > queueBytesMax
    queueBytes -= message.byteCount + Self.messageOverhead
    if wasFull, queueBytes <= queueBytesMax, end == nil { connection.resumeReading() }
    return message
  }

  /// Counts for every queued message, so that empty ones fill the queue as well.
  private static let messageOverhead = 64

  // MARK: Events

  public func received(_ bytes: UnsafeRawBufferPointer, isText: Bool, on socket: WebSocketConnection) {
    let message: WebSocketMessage =
      isText ? .text(String(decoding: bytes, as: UTF8.self)) : .binary(Array(bytes))
    if reader != nil {
      resumeReader(.success(message))
      return
    }
    queue.append(message)
    queueBytes += message.byteCount + Self.messageOverhead
    if queueBytes > queueBytesMax { connection.pauseReading() }
  }

  public func writable(_ socket: WebSocketConnection) {
    let waiting = writers
    writers = []
    for writer in waiting { writer.resume() }
  }

  public func closed(_ code: WebSocketCloseCode, reason: String, on socket: WebSocketConnection) {
    end = (code, reason)
    if queue.isEmpty { resumeReader(Self.result(of: (code, reason))) }
    let waiting = writers
    writers = []
    for writer in waiting { writer.resume(throwing: WebSocketError.closed(code, reason: reason)) }
    let closing = closers
    closers = []
    for closer in closing { closer.resume() }
  }
}
