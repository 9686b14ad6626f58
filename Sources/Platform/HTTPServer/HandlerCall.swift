import Glibc
import HTTP
import Net

/// One request being answered by an asynchronous handler: feeds its body, writes its response, cancels it when the peer
/// goes.
final class HandlerCall: HTTPStreamHandler, @unchecked Sendable {
  // Sendable: all state is touched on the stream's loop only; methods called elsewhere hop there first.
  let stream: HTTPStream
  private var task: Task<Void, Never>?
  private var chunks: [[UInt8]] = []
  private var contentEnded: Bool
  private var end: HTTPStreamEnd?
  private var reader: CheckedContinuation<[UInt8]?, any Error>?
  private var readerCancelled = false
  private var writerCancelled = false
  private var writer: CheckedContinuation<Void, any Error>?

  init(_ stream: HTTPStream) {
    self.stream = stream
    contentEnded = !stream.expectsContent
  }

  func start(_ body: @escaping HTTPHandler.Asynchronous, _ parameters: [String: String]) {
    stream.handler = self
    let request = HTTPRequest(
      head: stream.request, body: contentEnded ? .empty : HTTPRequestBody(call: self))
    let context = HTTPContext(peer: stream.peer, parameters: parameters)
    task = Task.immediate(executorPreference: stream.loop) { [self] in
      do {
        let response = try await body(request, context)
        try await onLoop { try self.begin(response) }
        try await sendContent(response.body)
      } catch {
        try? await onLoop { self.failed(error) }
      }
      try? await onLoop { self.task = nil }
    }
    if end != nil { task?.cancel() }
  }

  private func onLoop(_ body: @escaping @Sendable () throws -> Void) async throws {
    if stream.loop.inEventLoop { try body() } else { try await stream.loop.run(body) }
  }

  private func failed(_ error: any Error) {
    guard !stream.isClosed else { return }
    if let failure = error as? HTTPFailure {
      stream.fail(failure)
    } else if !(error is CancellationError && end != nil) {
      stream.fail(HTTPFailure(.internalServerError))
    }
  }

  // MARK: Response

  private func begin(_ response: HTTPResponse) throws {
    if stream.isClosed { throw CancellationError() }
    Self.begin(response, on: stream)
  }

  /// Sends what of a response can be sent at once.
  static func begin(_ response: HTTPResponse, on stream: HTTPStream) {
    var head = HTTPResponseHead(status: response.status, headers: response.headers)
    switch response.body {
    case .none: stream.respond(head, content: [])
    case .bytes(let bytes): stream.respond(head, content: bytes)
    case .stream(let length, _):
      if let length { head.headers.set("content-length", String(length)) }
      stream.respond(head)
    case .file(let file, let offset, let length):
      head.headers.set("content-length", String(length))
      stream.respond(head)
      if stream.sendsFiles {
        stream.sendFile(file, offset: offset, length: length)
        stream.finish()
      }
    case .upgrade(let makeHandler):
      let relay = UpgradeRelay(makeHandler)
      if !stream.upgrade(head, to: relay) {
        stream.fail(HTTPFailure(.upgradeRequired, headers: ["connection": "upgrade"]))
      }
    }
  }

  private func sendContent(_ body: HTTPResponse.Body) async throws {
    switch body {
    case .stream(_, let produce):
      try await produce(HTTPBodyWriter(call: self))
      try await onLoop { self.stream.finish() }
    case .file(let file, let offset, let length) where !stream.sendsFiles && stream.request.method != .head:
      try await copy(file, offset, length)
      try await onLoop { self.stream.finish() }
    default: break
    }
  }

  private func copy(_ file: OpenFile, _ offset: Int64, _ length: Int64) async throws {
    var position = offset
    let end = offset + length
    while position < end {
      let size = Int(min(64 * 1024, end - position))
      let start = position
      let part = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        count = max(0, pread(file.descriptor, buffer.baseAddress, size, off_t(start)))
      }
      guard !part.isEmpty else { throw HTTPFailure(.internalServerError, "the file became shorter") }
      position += Int64(part.count)
      try await write(part)
    }
  }

  func write(_ bytes: [UInt8]) async throws {
    if stream.loop.inEventLoop, !stream.isClosed {
      stream.write(bytes)
      if stream.isWritable { return }
    } else {
      await stream.loop.run { if !self.stream.isClosed { self.stream.write(bytes) } }
    }
    try await waitForRoom()
  }

  private func waitForRoom() async throws {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        stream.loop.execute { self.park(writer: continuation) }
      }
    } onCancel: {
      stream.loop.execute {
        self.writerCancelled = true
        self.resumeWriter(throwing: CancellationError())
      }
    }
  }

  private func park(writer continuation: CheckedContinuation<Void, any Error>) {
    if let end {
      continuation.resume(throwing: HTTPStreamError.ended(end))
    } else if stream.isWritable {
      continuation.resume()
    } else if writerCancelled || writer != nil {
      continuation.resume(throwing: CancellationError())
    } else {
      writer = continuation
    }
  }

  private func resumeWriter(throwing error: (any Error)?) {
    guard let waiting = writer else { return }
    writer = nil
    if let error { waiting.resume(throwing: error) } else { waiting.resume() }
  }

  // MARK: Request content

  /// The next piece of content; nil at its end.
  func next() async throws -> [UInt8]? {
    if stream.loop.inEventLoop, !chunks.isEmpty { return take() }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        stream.loop.execute { self.park(reader: continuation) }
      }
    } onCancel: {
      stream.loop.execute { self.cancelReader() }
    }
  }

  private func take() -> [UInt8] {
    let chunk = chunks.removeFirst()
    stream.consume(chunk.count)
    return chunk
  }

  private func park(reader continuation: CheckedContinuation<[UInt8]?, any Error>) {
    if !chunks.isEmpty {
      continuation.resume(returning: take())
    } else if contentEnded {
      continuation.resume(returning: nil)
    } else if let end {
      continuation.resume(throwing: HTTPStreamError.ended(end))
    } else if readerCancelled || reader != nil {
      continuation.resume(throwing: CancellationError())
    } else {
      reader = continuation
      stream.allowContent()
    }
  }

  private func cancelReader() {
    readerCancelled = true
    let waiting = reader
    reader = nil
    waiting?.resume(throwing: CancellationError())
  }

  // MARK: Stream events

  func received(_ content: UnsafeRawBufferPointer, on stream: HTTPStream) {
    chunks.append(Array(content))
    if let waiting = reader {
      reader = nil
      waiting.resume(returning: take())
    }
  }

  func requestEnded(trailers: HTTPHeaders, on stream: HTTPStream) {
    contentEnded = true
    let waiting = reader
    reader = nil
    waiting?.resume(returning: nil)
  }

  func writable(_ stream: HTTPStream) { resumeWriter(throwing: nil) }

  func closed(_ end: HTTPStreamEnd, on stream: HTTPStream) {
    self.end = end
    if end != .finished { task?.cancel() }
    resumeWriter(throwing: HTTPStreamError.ended(end))
    let waiting = reader
    reader = nil
    waiting?.resume(throwing: HTTPStreamError.ended(end))
  }
}

/// What reading or writing content can end with.
public enum HTTPStreamError: Error, Sendable, Equatable {
  case ended(HTTPStreamEnd)
  /// `HTTPRequestBody.collect(upTo:)` met more content than that.
  case contentTooLarge(limit: Int)
}

/// Writes a response's content with back-pressure.
public struct HTTPBodyWriter: Sendable {
  let call: HandlerCall

  /// Returns when there is room for more. Throws when the peer has gone.
  public func write(_ bytes: [UInt8]) async throws { try await call.write(bytes) }
  public func write(_ text: String) async throws { try await call.write(Array(text.utf8)) }
}

/// A request's content in the pieces in which it arrives. What is not read holds the peer back.
public struct HTTPRequestBody: AsyncSequence, Sendable {
  let call: HandlerCall?
  let content: [UInt8]

  public static let empty = HTTPRequestBody(content: [])

  init(call: HandlerCall) {
    self.call = call
    content = []
  }

  /// Content that is there already.
  public init(content: [UInt8]) {
    call = nil
    self.content = content
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    let call: HandlerCall?
    var content: [UInt8]

    public mutating func next() async throws -> [UInt8]? {
      if let call { return try await call.next() }
      defer { content = [] }
      return content.isEmpty ? nil : content
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(call: call, content: content) }

  /// All of the content.
  /// - Throws: `HTTPFailure` 413 when it is more than `limit` bytes; `HTTPStreamError` when the peer has gone.
  public func collect(upTo limit: Int) async throws -> [UInt8] {
    var all: [UInt8] = []
    for try await piece in self {
      guard all.count + piece.count <= limit else {
        throw HTTPFailure(.contentTooLarge, "the content is larger than \(limit) bytes")
      }
      if all.isEmpty { all = piece } else { all.append(contentsOf: piece) }
    }
    return all
  }
}

/// Makes the upgraded protocol's handler when the connection is there for it.
private final class UpgradeRelay: ConnectionHandler {
  private let makeHandler: @Sendable (Connection) -> any ConnectionHandler
  private var inner: (any ConnectionHandler)?

  init(_ makeHandler: @escaping @Sendable (Connection) -> any ConnectionHandler) { self.makeHandler = makeHandler }

  func connected(_ connection: Connection) {
    let next = makeHandler(connection)
    inner = next
    connection.replaceHandler(next)
    next.connected(connection)
  }

  /// Bytes that the client sent ahead of the upgrade.
  func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
    inner?.received(bytes, on: connection)
  }
}
