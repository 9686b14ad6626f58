import Synchronization

/// One request and its answer, shared by the caller's tasks and the client's thread.
///
/// The thread calls the methods that begin with `did`; tasks call the others.
final class Transfer: Sendable {
  struct Head: Sendable {
    var status: Int
    var headers: HTTPClient.Headers
  }

  typealias Outcome<Value> = Result<Value, HTTPClientError>

  private struct State {
    var headWaiter: CheckedContinuation<Outcome<Head>, Never>?
    var headOutcome: Outcome<Head>?

    /// Response bytes that wait for the reader.
    var received: [UInt8] = []
    var isReceivePaused = false
    var reader: CheckedContinuation<Outcome<[UInt8]?>, Never>?

    /// Request bytes that wait for the connection, from `sentCount` on.
    var toSend: [UInt8] = []
    var sentCount = 0
    var isSendPaused = false
    var isBodyComplete = false
    var writer: CheckedContinuation<Outcome<Void>, Never>?
    var producer: Task<Void, Never>?

    /// Set once, when nothing more will arrive.
    var end: Outcome<Void>?
    /// What the caller is told when the thread removes the transfer.
    var cancellation: HTTPClientError?
  }

  let request: HTTPClient.Request
  let options: HTTPClient.Options
  private let engine: Engine
  private let state = Mutex(State())

  init(_ request: HTTPClient.Request, options: HTTPClient.Options, engine: Engine) {
    self.request = request
    self.options = options
    self.engine = engine
  }

  // MARK: Caller's side

  /// Sends the request and waits for the answer's head.
  func start() async -> Outcome<Head> {
    if case .stream(_, let produce) = request.body { startProducer(produce) }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let known = state.withLock { state -> Outcome<Head>? in
          if let outcome = state.headOutcome { return outcome }
          state.headWaiter = continuation
          return nil
        }
        if let known { continuation.resume(returning: known) } else { engine.submit(.add(self)) }
      }
    } onCancel: {
      cancel(HTTPClientError(.cancelled, "the request was cancelled"))
    }
  }

  /// Asks the thread to end the transfer; the caller's waits end with `error`.
  func cancel(_ error: HTTPClientError) {
    let isNew = state.withLock { state in
      guard state.end == nil, state.cancellation == nil else { return false }
      state.cancellation = error
      return true
    }
    if isNew { engine.submit(.cancel(self)) }
  }

  /// The bytes that have arrived since the last call, or `nil` at the end.
  func read() async throws(HTTPClientError) -> [UInt8]? {
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        var resumes = false
        let known = state.withLock { state -> Outcome<[UInt8]?>? in
          if !state.received.isEmpty {
            resumes = state.isReceivePaused
            state.isReceivePaused = false
            return .success(Self.take(&state.received))
          }
          if let end = state.end { return end.map { nil } }
          if let cancellation = state.cancellation { return .failure(cancellation) }
          guard state.reader == nil else {
            return .failure(HTTPClientError(.invalidRequest, "a response body has one reader at a time"))
          }
          state.reader = continuation
          return nil
        }
        if resumes { engine.submit(.resume(self)) }
        if let known { continuation.resume(returning: known) }
      }
    } onCancel: {
      cancel(HTTPClientError(.cancelled, "the request was cancelled"))
    }
    return try outcome.get()
  }

  func write(_ chunk: [UInt8]) async throws(HTTPClientError) {
    if chunk.isEmpty { return }
    while true {
      let outcome = await withCheckedContinuation { continuation in
        let known = state.withLock { state -> Outcome<Void>? in
          if let end = state.end { return .failure(Self.stopped(by: end)) }
          if let cancellation = state.cancellation { return .failure(cancellation) }
          if state.toSend.isEmpty { return .success(()) }
          guard state.writer == nil else {
            return .failure(HTTPClientError(.invalidRequest, "a request body has one writer at a time"))
          }
          state.writer = continuation
          return nil
        }
        if let known { continuation.resume(returning: known) }
      }
      try outcome.get()
      let isTaken = state.withLock { state in
        guard state.toSend.isEmpty else { return false }
        state.toSend = chunk
        state.sentCount = 0
        return true
      }
      if isTaken {
        resumeSending()
        return
      }
    }
  }

  private func startProducer(_ produce: @escaping @Sendable (HTTPClient.BodyWriter) async throws -> Void) {
    let producer = Task {
      do {
        try await produce(HTTPClient.BodyWriter(transfer: self))
        state.withLock { $0.isBodyComplete = true }
        resumeSending()
      } catch {
        cancel(HTTPClientError(.requestBody, "the request body could not be produced: \(error)"))
      }
    }
    let isOver = state.withLock { state in
      state.producer = producer
      return state.end != nil
    }
    if isOver { producer.cancel() }
  }

  private func resumeSending() {
    let resumes = state.withLock { state in
      let wasPaused = state.isSendPaused
      state.isSendPaused = false
      return wasPaused
    }
    if resumes { engine.submit(.resume(self)) }
  }

  private static func stopped(by end: Outcome<Void>) -> HTTPClientError {
    switch end {
    case .success: HTTPClientError(.connectionLost, "the server answered without reading the whole request body")
    case .failure(let error): error
    }
  }

  /// Moves the bytes out without a copy.
  private static func take(_ bytes: inout [UInt8]) -> [UInt8] {
    var taken: [UInt8] = []
    swap(&taken, &bytes)
    return taken
  }

  // MARK: Client's thread

  /// The error of a cancelled transfer; `nil` for one that goes on.
  var cancellation: HTTPClientError? { state.withLock { $0.cancellation } }

  /// Which directions wait for the caller.
  var paused: (receive: Bool, send: Bool) { state.withLock { ($0.isReceivePaused, $0.isSendPaused) } }

  func didReceiveHead(_ head: Head) {
    let waiter = state.withLock { state -> CheckedContinuation<Outcome<Head>, Never>? in
      guard state.headOutcome == nil else { return nil }
      state.headOutcome = .success(head)
      defer { state.headWaiter = nil }
      return state.headWaiter
    }
    waiter?.resume(returning: .success(head))
  }

  /// - Returns: false when the reader is too far behind; the same bytes come again after `resume`.
  func didReceive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var delivered: [UInt8] = []
    let (isTaken, reader) = state.withLock { state -> (Bool, CheckedContinuation<Outcome<[UInt8]?>, Never>?) in
      if !state.received.isEmpty, state.received.count + bytes.count > options.bufferMax {
        state.isReceivePaused = true
        return (false, nil)
      }
      state.received += bytes
      guard let reader = state.reader else { return (true, nil) }
      state.reader = nil
      delivered = Self.take(&state.received)
      return (true, reader)
    }
    reader?.resume(returning: .success(delivered))
    return isTaken
  }

  enum BodyPart {
    case bytes(Int)
    case pause, end
  }

  /// Fills `buffer` with the next bytes of the request body.
  func didAskForBody(_ buffer: UnsafeMutableRawBufferPointer) -> BodyPart {
    var writer: CheckedContinuation<Outcome<Void>, Never>?
    let result = state.withLock { state -> BodyPart in
      guard !state.toSend.isEmpty else {
        if state.isBodyComplete { return .end }
        state.isSendPaused = true
        return .pause
      }
      let count = min(buffer.count, state.toSend.count - state.sentCount)
      state.toSend.withUnsafeBytes { bytes in
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[state.sentCount..<state.sentCount + count]))
      }
      state.sentCount += count
      if state.sentCount == state.toSend.count {
        state.toSend = []
        writer = state.writer
        state.writer = nil
      }
      return .bytes(count)
    }
    writer?.resume(returning: .success(()))
    return result
  }

  func didEnd(_ outcome: Outcome<Void>) {
    let left = state.withLock { state -> State? in
      guard state.end == nil else { return nil }
      state.end = outcome
      let left = state
      state.headWaiter = nil
      state.reader = nil
      state.writer = nil
      state.producer = nil
      if state.headOutcome == nil { state.headOutcome = .failure(Self.stopped(by: outcome)) }
      return left
    }
    guard let left else { return }
    left.headWaiter?.resume(returning: .failure(Self.stopped(by: outcome)))
    left.reader?.resume(returning: outcome.map { nil })
    left.writer?.resume(returning: .failure(Self.stopped(by: outcome)))
    left.producer?.cancel()
  }
}
