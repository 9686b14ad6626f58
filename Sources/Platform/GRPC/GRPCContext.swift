import HTTP
import HTTPServer
import Net
import Protobuf

/// What a handler knows of its call besides the messages. The handler's task is cancelled when the client cancels,
/// goes away, or its deadline passes.
public struct GRPCContext: Sendable {
  let call: ServerCall

  /// Address and verified certificate of the client.
  public var peer: HTTPPeer { call.stream.peer }
  /// What the client sent.
  public var metadata: GRPCMetadata { GRPCMetadata(call.stream.request.headers) }
  /// Full name of the method, as `/package.Service/Method`.
  public var path: String { call.stream.request.path }
  /// When the client gives up; nil when it waits for ever.
  public var deadline: MonotonicInstant? { call.deadline }
  /// Whether nobody waits for the answer any more: the client cancelled or went away, or the deadline has passed.
  public var isCancelled: Bool { call.isAbandoned.load(ordering: .relaxed) }
  /// Time left until the client gives up; nil when it waits for ever.
  public var timeLeft: Duration? { call.deadline.map { max(.zero, $0 - .now) } }

  /// Sends `metadata` before the first response; without effect once that was sent.
  public func setInitialMetadata(_ metadata: GRPCMetadata) { call.metadata.withLock { $0.initial = metadata } }

  /// Sends `metadata` with the status, whatever that is.
  public func setTrailingMetadata(_ metadata: GRPCMetadata) { call.metadata.withLock { $0.trailing = metadata } }
}

/// The requests of a call, in order. What is not read holds the client back.
public struct GRPCRequests<Request: ProtobufMessage>: AsyncSequence, Sendable {
  let call: ServerCall

  public struct AsyncIterator: AsyncIteratorProtocol {
    let call: ServerCall

    /// - Throws: `GRPCError`: `cancelled` when the client is gone, `internal` when its bytes are no message.
    public mutating func next() async throws -> Request? {
      guard let bytes = try await call.next() else { return nil }
      return try call.decode(bytes)
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(call: call) }
}

/// Where a handler sends its responses.
public struct GRPCResponses<Response: ProtobufMessage>: Sendable {
  let call: ServerCall

  /// Returns when there is room for more.
  /// - Throws: `GRPCError` with `cancelled` when the client is gone.
  public func send(_ response: Response) async throws { try await call.send(MessageFraming.frame(response)) }
}
