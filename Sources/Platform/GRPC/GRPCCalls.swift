import Protobuf

/// The replies of a call, in order; ends when the call ends with OK and throws `GRPCError` otherwise. What is not read
/// holds the server back; letting go of it cancels the call.
public struct GRPCReplies<Reply: ProtobufMessage>: AsyncSequence, Sendable {
  public typealias Failure = GRPCError
  let handle: CallHandle

  init(_ call: ClientCall) { handle = CallHandle(call) }
  init(_ handle: CallHandle) { self.handle = handle }

  public struct AsyncIterator: AsyncIteratorProtocol {
    let handle: CallHandle

    public mutating func next() async throws(GRPCError) -> Reply? {
      guard let bytes = try await handle.call.next() else { return nil }
      return try handle.call.decode(bytes)
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(GRPCError) -> Reply? {
      guard let bytes = try await handle.call.next() else { return nil }
      return try handle.call.decode(bytes)
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(handle: handle) }

  /// What the server sent before its first reply; waits for it.
  public var initialMetadata: GRPCMetadata {
    get async throws(GRPCError) { try await handle.call.initialMetadata() }
  }

  /// What the server sent with the status; empty before the end.
  public var trailingMetadata: GRPCMetadata {
    get async { await handle.call.trailingMetadata() }
  }

  public func cancel() { handle.call.cancel() }
}

/// A call with many requests and one reply.
public struct GRPCUploadCall<Request: ProtobufMessage, Reply: ProtobufMessage>: Sendable {
  let handle: CallHandle

  init(_ call: ClientCall) { handle = CallHandle(call) }

  /// Returns when there is room for more.
  /// - Throws: the call's status when the server has ended it.
  public func send(_ request: Request) async throws(GRPCError) {
    try await handle.call.send(MessageFraming.frame(request))
  }

  /// Ends the requests and waits for the reply.
  public func finish() async throws(GRPCError) -> Reply {
    handle.call.finishSending()
    return try await handle.call.onlyReply()
  }

  /// What the server sent before its reply; waits for it.
  public var initialMetadata: GRPCMetadata {
    get async throws(GRPCError) { try await handle.call.initialMetadata() }
  }

  /// What the server sent with the status; empty before the end.
  public var trailingMetadata: GRPCMetadata {
    get async { await handle.call.trailingMetadata() }
  }

  public func cancel() { handle.call.cancel() }
}

/// A call with many requests and many replies, independent of each other.
public struct GRPCDuplexCall<Request: ProtobufMessage, Reply: ProtobufMessage>: Sendable {
  let handle: CallHandle
  public let replies: GRPCReplies<Reply>

  init(_ call: ClientCall) {
    handle = CallHandle(call)
    replies = GRPCReplies(handle)
  }

  /// Returns when there is room for more.
  /// - Throws: the call's status when the server has ended it.
  public func send(_ request: Request) async throws(GRPCError) {
    try await handle.call.send(MessageFraming.frame(request))
  }

  /// Says that no more requests follow.
  public func finishSending() { handle.call.finishSending() }

  public func cancel() { handle.call.cancel() }
}

/// Cancels the call when nobody is left who could read its replies.
final class CallHandle: Sendable {
  let call: ClientCall
  init(_ call: ClientCall) { self.call = call }
  deinit { call.cancel() }
}
