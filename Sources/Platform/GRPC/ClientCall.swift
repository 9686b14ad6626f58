import HTTP
import Net
import Protobuf

/// One call on the client; all but `next`, `send` and the like happens on the loop.
final class ClientCall: HTTP2StreamHandler, @unchecked Sendable {
  // Sendable: the constants are set once; the rest is touched on the loop only.
  enum Replies { case one, many }

  let waitsForReady: Bool
  private let client: GRPCClient
  private let path: String
  private let options: GRPCCallOptions
  private let expected: Replies
  private let loop: EventLoop
  private let limits: GRPCLimits
  /// What is sent first, kept to be sent again when a server never looked at it.
  private var frame: [UInt8]
  private var isLast: Bool
  private var wasRepeated = false

  private weak var transport: ClientTransport?
  private var stream: HTTP2Stream?
  private var replies: MessageQueue
  private var head: HTTPHeaders?
  private var trailers: HTTPHeaders?
  /// How the call ended; with the code `ok` when it did well.
  private var status: GRPCError?
  private var deadline: MonotonicInstant?
  private var timer: TimerToken?

  private var reader: CheckedContinuation<Result<[UInt8]?, GRPCError>, Never>?
  private var collector: CheckedContinuation<Result<[UInt8], GRPCError>, Never>?
  private var headReader: CheckedContinuation<Result<GRPCMetadata, GRPCError>, Never>?
  private var writer: CheckedContinuation<GRPCError?, Never>?

  init(
    _ client: GRPCClient, path: String, frame: [UInt8], isLast: Bool, replies expected: Replies,
    options: GRPCCallOptions
  ) {
    self.client = client
    self.path = path
    self.frame = frame
    self.isLast = isLast
    self.expected = expected
    self.options = options
    waitsForReady = options.waitForReady
    loop = client.loop
    limits = client.configuration.limits
    replies = MessageQueue(limits)
  }

  var hasEnded: Bool { status != nil }

  // MARK: Start; on the loop

  func begin() {
    guard status == nil else { return }
    if let timeout = options.timeout ?? client.configuration.timeout {
      deadline = loop.now + timeout
      timer = loop.schedule(after: timeout) { [weak self] in
        self?.timer = nil
        self?.abandon(GRPCError(.deadlineExceeded))
      }
    }
    client.place(self)
  }

  func open(on session: HTTP2Session, scheme: String, authority: String) throws(HTTP2Error) {
    guard status == nil else { return }
    var headers = Self.headers
    if let deadline { headers.add("grpc-timeout", GRPCTimeout.format(max(.zero, deadline - loop.now))) }
    options.metadata.write(to: &headers)
    let head = HTTPRequestHead(
      method: .post, path: path, authority: authority, scheme: scheme, headers: headers, version: .http2)
    let stream = try session.submitRequest(head, endOfStream: false, handler: self)
    self.stream = stream
    if !frame.isEmpty { stream.write(frame) }
    if isLast { stream.finish() }
    resumeWriter()
  }

  private static let headers: HTTPHeaders = [
    "content-type": "application/grpc", "te": "trailers", "user-agent": "aether-grpc",
  ]

  // MARK: Ends; on the loop

  /// Ends the call and tells the server that nobody listens any more.
  private func abandon(_ error: GRPCError) {
    guard status == nil else { return }
    end(error)
    stream?.reset(.cancel)
  }

  func end(_ status: GRPCError) {
    guard self.status == nil else { return }
    self.status = status
    frame = []
    if let timer { loop.cancel(timer) }
    timer = nil
    if let observe = options.onEnd {
      // An answer without content has one block of headers, which are trailers.
      let initial = head.flatMap { $0.contains("grpc-status") ? nil : GRPCMetadata($0) }
      observe(initial ?? GRPCMetadata(), status.metadata)
    }
    resumeWriter()
    if let waiting = headReader {
      headReader = nil
      waiting.resume(returning: initialMetadataNow())
    }
    if let waiting = collector {
      collector = nil
      waiting.resume(returning: collected())
    }
    if replies.isEmpty, let waiting = reader {
      reader = nil
      waiting.resume(returning: ending())
    }
  }

  private func ending() -> Result<[UInt8]?, GRPCError> {
    guard let status, status.code != .ok else { return .success(nil) }
    return .failure(status)
  }

  func cancel() { loop.execute { self.abandon(GRPCError(.cancelled)) } }

  // MARK: Replies

  func decode<Reply: ProtobufMessage>(_ bytes: [UInt8]) throws(GRPCError) -> Reply {
    do throws(ProtobufError) {
      return try Reply(serialized: bytes, limits: limits.decoding)
    } catch {
      throw GRPCError(.internal, "the response is not a \(Reply.messageName): \(error)")
    }
  }

  /// The only reply of a call that has one.
  func onlyReply<Reply: ProtobufMessage>() async throws(GRPCError) -> Reply {
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        loop.execute {
          if self.status != nil {
            continuation.resume(returning: self.collected())
          } else {
            self.collector = continuation
          }
        }
      }
    } onCancel: {
      cancel()
    }
    return try decode(try result.get())
  }

  private func collected() -> Result<[UInt8], GRPCError> {
    if let status, status.code != .ok { return .failure(status) }
    guard replies.count == 1 else {
      return .failure(GRPCError(.internal, "the server sent \(replies.count) responses, one was expected"))
    }
    return .success(replies.take().message)
  }

  /// The next reply; nil when the call ended well.
  func next() async throws(GRPCError) -> [UInt8]? {
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        loop.execute { self.park(reader: continuation) }
      }
    } onCancel: {
      cancel()
    }
    return try result.get()
  }

  private func park(reader continuation: CheckedContinuation<Result<[UInt8]?, GRPCError>, Never>) {
    if !replies.isEmpty {
      continuation.resume(returning: .success(take()))
    } else if status != nil {
      continuation.resume(returning: ending())
    } else if reader != nil {
      continuation.resume(returning: .failure(GRPCError(.failedPrecondition, "the replies are being read already")))
    } else {
      reader = continuation
    }
  }

  private func take() -> [UInt8] {
    let (message, credit) = replies.take()
    if credit > 0 { stream?.consume(credit) }
    return message
  }

  /// What the server sent before its first reply.
  func initialMetadata() async throws(GRPCError) -> GRPCMetadata {
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        loop.execute {
          if self.head != nil || self.status != nil {
            continuation.resume(returning: self.initialMetadataNow())
          } else if self.headReader != nil {
            continuation.resume(
              returning: .failure(GRPCError(.failedPrecondition, "the metadata is being read already")))
          } else {
            self.headReader = continuation
          }
        }
      }
    } onCancel: {
      cancel()
    }
    return try result.get()
  }

  private func initialMetadataNow() -> Result<GRPCMetadata, GRPCError> {
    if let head { return .success(GRPCMetadata(head)) }
    if let status, status.code != .ok { return .failure(status) }
    return .success(GRPCMetadata())
  }

  /// Trailing metadata; empty before the end.
  func trailingMetadata() async -> GRPCMetadata { await loop.run { self.status?.metadata ?? GRPCMetadata() } }

  // MARK: Requests

  func send(_ bytes: [UInt8]) async throws(GRPCError) {
    let failure = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        loop.execute { self.send(bytes, continuation) }
      }
    } onCancel: {
      cancel()
    }
    if let failure { throw failure }
  }

  private func send(_ bytes: [UInt8], _ continuation: CheckedContinuation<GRPCError?, Never>) {
    if let status {
      continuation.resume(returning: status.code == .ok ? GRPCError(.cancelled, "the call has ended") : status)
      return
    }
    if writer != nil || isLast {
      continuation.resume(returning: GRPCError(.failedPrecondition, "requests are sent one after the other"))
      return
    }
    if let stream { stream.write(bytes) } else { frame += bytes }
    if let stream, stream.isWritable { continuation.resume(returning: nil) } else { writer = continuation }
  }

  private func resumeWriter() {
    guard let waiting = writer else { return }
    if let status {
      writer = nil
      waiting.resume(returning: status.code == .ok ? GRPCError(.cancelled, "the call has ended") : status)
    } else if stream?.isWritable == true {
      writer = nil
      waiting.resume(returning: nil)
    }
  }

  func finishSending() {
    loop.execute {
      guard self.status == nil, !self.isLast else { return }
      self.isLast = true
      self.stream?.finish()
    }
  }

  // MARK: Stream events

  func http2(_ stream: HTTP2Stream, received head: HTTPResponseHead) {
    guard head.status.rawValue >= 200, self.head == nil else { return }
    frame = []
    self.head = head.headers
    if let refusal = Self.refusal(head) {
      abandon(refusal)
    } else if let waiting = headReader {
      headReader = nil
      waiting.resume(returning: initialMetadataNow())
    }
  }

  /// What an answer means that is not one of gRPC (doc/http-grpc-status-mapping.md).
  private static func refusal(_ head: HTTPResponseHead) -> GRPCError? {
    let type = head.headers["content-type"] ?? ""
    if head.status == .ok, type.hasPrefix("application/grpc") || head.headers.contains("grpc-status") { return nil }
    let code: GRPCStatusCode =
      switch head.status.rawValue {
      case 400: .internal
      case 401: .unauthenticated
      case 403: .permissionDenied
      case 404: .unimplemented
      case 429, 502, 503, 504: .unavailable
      default: .unknown
      }
    return GRPCError(code, "the server answered with HTTP status \(head.status.rawValue) and content type \"\(type)\"")
  }

  func http2(_ stream: HTTP2Stream, received data: UnsafeRawBufferPointer) {
    guard status == nil else {
      stream.consume(data.count)
      return
    }
    do throws(GRPCError) {
      let credit = try replies.push(data)
      if credit > 0 { stream.consume(credit) }
    } catch {
      abandon(error)
      return
    }
    if expected == .one, replies.count > 1 {
      abandon(GRPCError(.internal, "the server sent more than one response"))
    } else if !replies.isEmpty, let waiting = reader {
      reader = nil
      waiting.resume(returning: .success(take()))
    }
  }

  func http2(_ stream: HTTP2Stream, receivedTrailers trailers: HTTPHeaders) { self.trailers = trailers }

  func http2StreamEnded(_ stream: HTTP2Stream) {
    guard status == nil else { return }
    let found = trailers.flatMap { StatusFields.read($0) } ?? head.flatMap { StatusFields.read($0) }
    let isCut = replies.isPartial && found?.code == .ok
    end(
      isCut ? GRPCError(.internal, "the last response is incomplete") : found ?? GRPCError(.internal, "no grpc-status"))
    // The server is done; what this side has not sent yet is of no interest any more.
    if !isLast { stream.reset(.noError) }
  }

  func http2StreamWritable(_ stream: HTTP2Stream) { resumeWriter() }

  func http2StreamClosed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    self.stream = nil
    transport?.callEnded()
    guard status == nil else { return }
    if code == .refusedStream, head == nil, isLast, !wasRepeated {
      // The server said that it never looked at it.
      wasRepeated = true
      client.place(self)
      return
    }
    end(transport?.isLost == true ? transport?.loss ?? Self.meaning(of: code) : Self.meaning(of: code))
  }

  func placed(on transport: ClientTransport) { self.transport = transport }

  /// doc/PROTOCOL-HTTP2.md, HTTP2 Transport Mapping, Errors.
  private static func meaning(of code: HTTP2ErrorCode) -> GRPCError {
    switch code {
    case .refusedStream: GRPCError(.unavailable, "the server refused the stream")
    case .cancel: GRPCError(.cancelled, "the server cancelled the call")
    case .enhanceYourCalm: GRPCError(.resourceExhausted, "the server asks for fewer calls")
    case .inadequateSecurity: GRPCError(.permissionDenied, "the server asks for better encryption")
    default: GRPCError(.internal, "the server reset the stream with code \(code.rawValue)")
    }
  }
}
