import HTTP
import HTTPServer
import Net
import Protobuf
import Synchronization

/// One call on the server: takes messages out of the stream, runs the handler in a task, sends what it answers.
final class ServerCall: HTTPStreamHandler, @unchecked Sendable {
  // Sendable: all state is touched on the stream's loop only, except `metadata` and `isAbandoned`, which are
  // synchronised; methods called elsewhere hop there first.
  struct Metadata {
    var initial = GRPCMetadata()
    var trailing = GRPCMetadata()
  }

  /// Request bytes dropped after the answer before the stream is reset.
  private static let discardBytesMax = 256 * 1024

  let stream: HTTPStream
  let deadline: MonotonicInstant?
  let metadata = Mutex(Metadata())
  let isAbandoned = Atomic(false)
  private let method: GRPCMethod
  private let limits: GRPCLimits
  private var requests: MessageQueue
  private var discardedBytes = 0
  private var requestsEnded = false
  private var isFinished = false
  private var isClosed = false
  private var task: Task<Void, Never>?
  private var timer: TimerToken?
  private var reader: CheckedContinuation<[UInt8]?, any Error>?
  private var writers: [CheckedContinuation<Void, any Error>] = []
  private var isCancelled = false

  init(_ stream: HTTPStream, _ method: GRPCMethod, timeout: Duration?, limits: GRPCLimits) {
    self.stream = stream
    self.method = method
    self.limits = limits
    requests = MessageQueue(limits)
    deadline = timeout.map { stream.loop.now + $0 }
  }

  /// Takes the stream over.
  func begin() {
    stream.handler = self
    if let deadline {
      timer = stream.loop.schedule(after: deadline - stream.loop.now) { [weak self] in
        guard let self else { return }
        timer = nil
        fail(GRPCError(.deadlineExceeded))
        cancel()
      }
    }
    if method.readsRequests { run() }
    if !stream.expectsContent { requestEnded(trailers: HTTPHeaders(), on: stream) }
  }

  private func run() {
    switch method.body {
    case .immediate(let answer):
      do {
        complete(try answer(self))
      } catch {
        fail(GRPCError(thrown: error))
      }
    case .asynchronous(let run): start(run)
    }
  }

  private func start(_ run: @escaping @Sendable (ServerCall) async throws -> Void) {
    task = Task.immediate(executorPreference: stream.loop) { [self] in
      do {
        try await run(self)
      } catch {
        let failure = GRPCError(thrown: error)
        if stream.loop.inEventLoop { fail(failure) } else { await stream.loop.run { self.fail(failure) } }
      }
    }
    if isCancelled { task?.cancel() }
  }

  private func cancel() {
    isCancelled = true
    isAbandoned.store(true, ordering: .relaxed)
    task?.cancel()
    let waiting = (reader, writers)
    (reader, writers) = (nil, [])
    waiting.0?.resume(throwing: GRPCError(.cancelled))
    for writer in waiting.1 { writer.resume(throwing: GRPCError(.cancelled)) }
  }

  // MARK: Requests

  func decode<Request: ProtobufMessage>(_ bytes: [UInt8]) throws(GRPCError) -> Request {
    do throws(ProtobufError) {
      return try Request(serialized: bytes, limits: limits.decoding)
    } catch {
      throw GRPCError(.internal, "the request is not a \(Request.messageName): \(error)")
    }
  }

  /// The request of a call that has one; on the loop, when all requests are there.
  func onlyRequest<Request: ProtobufMessage>(_ type: Request.Type) throws(GRPCError) -> Request {
    guard requests.count == 1 else {
      throw GRPCError(.internal, "the method takes one request, \(requests.count) were sent")
    }
    return try decode(take())
  }

  private func take() -> [UInt8] {
    let (message, credit) = requests.take()
    if credit > 0 { stream.consume(credit) }
    return message
  }

  /// The next request; nil after the last.
  func next() async throws -> [UInt8]? {
    if stream.loop.inEventLoop, !requests.isEmpty { return take() }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        stream.loop.execute { self.park(reader: continuation) }
      }
    } onCancel: {
      stream.loop.execute { self.cancel() }
    }
  }

  private func park(reader continuation: CheckedContinuation<[UInt8]?, any Error>) {
    if !requests.isEmpty {
      continuation.resume(returning: take())
    } else if isCancelled || isClosed || reader != nil {
      continuation.resume(throwing: GRPCError(.cancelled))
    } else if requestsEnded {
      continuation.resume(returning: nil)
    } else {
      reader = continuation
    }
  }

  func received(_ content: UnsafeRawBufferPointer, on stream: HTTPStream) {
    guard !isFinished else {
      discard(content.count)
      return
    }
    do throws(GRPCError) {
      let credit = try requests.push(content)
      if credit > 0 { stream.consume(credit) }
    } catch {
      discard(content.count)
      fail(error)
      cancel()
      return
    }
    if !requests.isEmpty, let waiting = reader {
      reader = nil
      waiting.resume(returning: take())
    }
    if !method.readsRequests, requests.count > 1 {
      fail(GRPCError(.internal, "the method takes one request"))
      cancel()
    }
  }

  private func discard(_ count: Int) {
    stream.consume(count)
    discardedBytes += count
    if discardedBytes > Self.discardBytesMax { stream.reset(.noError) }
  }

  func requestEnded(trailers: HTTPHeaders, on stream: HTTPStream) {
    requestsEnded = true
    guard !isFinished else { return }
    if requests.isPartial {
      fail(GRPCError(.internal, "the last request is incomplete"))
      cancel()
    } else if !method.readsRequests {
      run()
    } else if requests.isEmpty, let waiting = reader {
      reader = nil
      waiting.resume(returning: nil)
    }
  }

  // MARK: Responses

  private func respond() {
    guard !stream.hasResponded else { return }
    let initial = metadata.withLock { $0.initial }
    var head = GRPCResponseHead.plain
    initial.write(to: &head.headers)
    stream.respond(head)
  }

  func send(_ frame: [UInt8]) async throws {
    if stream.loop.inEventLoop, !isFinished, !isClosed {
      respond()
      stream.write(frame)
      if stream.isWritable { return }
    } else {
      await stream.loop.run {
        guard !self.isFinished, !self.isClosed else { return }
        self.respond()
        self.stream.write(frame)
      }
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        stream.loop.execute { self.park(writer: continuation) }
      }
    } onCancel: {
      stream.loop.execute { self.cancel() }
    }
  }

  private func park(writer continuation: CheckedContinuation<Void, any Error>) {
    if isCancelled || isClosed || isFinished {
      continuation.resume(throwing: GRPCError(.cancelled))
    } else if stream.isWritable {
      continuation.resume()
    } else {
      writers.append(continuation)
    }
  }

  func writable(_ stream: HTTPStream) {
    let waiting = writers
    writers = []
    for writer in waiting { writer.resume() }
  }

  /// Does what `finish` does when that needs no other thread.
  func finishedAtOnce(with frame: [UInt8]) -> Bool {
    guard stream.loop.inEventLoop else { return false }
    complete(frame)
    return true
  }

  /// Ends the call with OK, after a last response unless `frame` is empty.
  func finish(with frame: [UInt8]) async {
    if stream.loop.inEventLoop { complete(frame) } else { await stream.loop.run { self.complete(frame) } }
  }

  private func complete(_ frame: [UInt8]) {
    guard !isFinished, !isClosed else { return }
    respond()
    if !frame.isEmpty { stream.write(frame) }
    end()
    let trailing = metadata.withLock { $0.trailing }
    var trailers = StatusFields.ok
    trailing.write(to: &trailers)
    stream.finish(trailers: trailers)
  }

  private func fail(_ error: GRPCError) {
    guard !isFinished, !isClosed else { return }
    end()
    let sent = metadata.withLock { $0 }
    let status = StatusFields.headers(error, sent.trailing)
    if stream.hasResponded {
      stream.finish(trailers: status)
    } else {
      var head = GRPCResponseHead.plain
      sent.initial.write(to: &head.headers)
      for (name, value) in status { head.headers.add(name, value) }
      stream.respond(head, endOfStream: true)
    }
  }

  private func end() {
    isFinished = true
    stream.consume(requests.removeAll())
    if let timer { stream.loop.cancel(timer) }
    timer = nil
  }

  func closed(_ end: HTTPStreamEnd, on stream: HTTPStream) {
    isClosed = true
    if let timer { stream.loop.cancel(timer) }
    timer = nil
    if !isFinished { cancel() }
    task = nil
  }
}

enum GRPCResponseHead {
  /// Of every answer, whatever its status: HTTP always says 200.
  static let plain = HTTPResponseHead(
    status: .ok, headers: ["content-type": "application/grpc"], version: .http2)
}
