import CNghttp2

/// What happens on one stream. All calls come on the thread that feeds the session, from inside
/// `HTTP2Session.receive`, `drain` or `invalidate`; a handler may call any method of its stream from within.
public protocol HTTP2StreamHandler: AnyObject {
  /// A response arrived (client role); informational ones (1xx) come before the final one.
  func http2(_ stream: HTTP2Stream, received head: HTTPResponseHead)
  /// The bytes are valid during the call only. Give their count back with `HTTP2Stream.consume` once they have been
  /// read, or the peer stops sending when the window is used up.
  func http2(_ stream: HTTP2Stream, received data: UnsafeRawBufferPointer)
  func http2(_ stream: HTTP2Stream, receivedTrailers trailers: HTTPHeaders)
  /// The peer sends nothing more on this stream.
  func http2StreamEnded(_ stream: HTTP2Stream)
  /// Buffered output fell to the low-water mark after a write had gone over the high-water mark.
  func http2StreamWritable(_ stream: HTTP2Stream)
  /// The last call: both sides are done, or either reset the stream, or the connection went away (`code` is not
  /// `noError` then). The stream forgets its handler afterwards.
  func http2StreamClosed(_ stream: HTTP2Stream, code: HTTP2ErrorCode)
}

extension HTTP2StreamHandler {
  public func http2(_ stream: HTTP2Stream, received head: HTTPResponseHead) {}
  public func http2(_ stream: HTTP2Stream, receivedTrailers trailers: HTTPHeaders) {}
  public func http2StreamWritable(_ stream: HTTP2Stream) {}
}

/// One request and its response on an `HTTP2Session`.
///
/// Output is buffered here and pulled by the session as the peer's windows and the connection allow; a writer that
/// stops while `isWritable` is false and goes on at `http2StreamWritable` keeps memory bounded.
/// Confined to the thread that feeds its session.
public final class HTTP2Stream {
  /// Unsent bytes above which `isWritable` is false.
  public static let highWaterBytes = 64 * 1024
  /// Unsent bytes at or below which `http2StreamWritable` is called.
  public static let lowWaterBytes = 16 * 1024

  public internal(set) var id: Int32 = 0
  public var handler: (any HTTP2StreamHandler)?
  /// Nil once the stream is closed.
  public internal(set) var session: HTTP2Session?
  /// Bytes received and not yet given back with `consume`.
  public internal(set) var unreadBytes = 0

  var liveIndex = 0
  var receivedFinalHead = false
  var code: HTTP2ErrorCode?
  private var output: [UInt8] = []
  private var outputStart = 0
  private var outputEnded = false
  private var trailers: HTTPHeaders?
  private var isDeferred = false
  private var isBlocked = false
  private var isSubmitted = false

  init(session: HTTP2Session) { self.session = session }

  public var isClosed: Bool { session == nil }
  public var bufferedBytes: Int { output.count - outputStart }
  public var isWritable: Bool { bufferedBytes < Self.highWaterBytes }
  /// Whether the final response head was handed over (server role).
  public var hasResponded: Bool { isSubmitted }

  /// Sends an informational (1xx) response; the final one still follows.
  public func inform(_ head: HTTPResponseHead) {
    guard let session, !isSubmitted else { return }
    session.submitInformational(self, head)
  }

  /// Sends the response head. With `endOfStream` there is no body and nothing may follow.
  public func respond(_ head: HTTPResponseHead, endOfStream: Bool = false) {
    guard let session, !isSubmitted else { return }
    isSubmitted = true
    outputEnded = endOfStream
    session.submitResponse(self, head, hasBody: !endOfStream)
  }

  func markRequestSubmitted(endOfStream: Bool) {
    isSubmitted = true
    outputEnded = endOfStream
  }

  public func write(_ bytes: UnsafeRawBufferPointer) {
    guard session != nil, !outputEnded else { return }
    output.append(contentsOf: bytes)
    outputGrew()
  }

  public func write(_ bytes: [UInt8]) {
    guard session != nil, !outputEnded else { return }
    if output.count == outputStart {
      output = bytes
      outputStart = 0
    } else {
      output.append(contentsOf: bytes)
    }
    outputGrew()
  }

  /// Appends in place, for writers that build their message directly in the output buffer.
  public func write(_ fill: (inout [UInt8]) -> Void) {
    guard session != nil, !outputEnded else { return }
    fill(&output)
    outputGrew()
  }

  /// Ends this side of the stream after everything written so far.
  public func finish(trailers: HTTPHeaders? = nil) {
    guard session != nil, !outputEnded else { return }
    outputEnded = true
    self.trailers = trailers
    resume()
  }

  /// Ends the stream at once in both directions; unsent output is dropped.
  public func reset(_ code: HTTP2ErrorCode = .cancel) {
    guard let session else { return }
    outputEnded = true
    session.submitReset(self, code)
  }

  /// Says that `count` received bytes have been read, which lets the peer send as many more.
  public func consume(_ count: Int) {
    guard count > 0, let session else { return }
    let count = min(count, unreadBytes)
    unreadBytes -= count
    session.consumed(self, count)
  }

  private func outputGrew() {
    if bufferedBytes >= Self.highWaterBytes { isBlocked = true }
    resume()
  }

  private func resume() {
    guard isSubmitted, let session else { return }
    if isDeferred {
      isDeferred = false
      session.resume(self)
    }
    session.needsFlush()
  }

  /// Copies output into a DATA frame; see nghttp2_data_source_read_callback.
  func produce(into buffer: UnsafeMutablePointer<UInt8>, capacity: Int, flags: inout UInt32) -> Int {
    let count = min(capacity, bufferedBytes)
    if count > 0 {
      output.withUnsafeBufferPointer {
        buffer.update(from: $0.baseAddress.unsafelyUnwrapped + outputStart, count: count)
      }
      outputStart += count
      session?.exchanges &+= 1
    }
    if outputStart == output.count {
      if output.capacity > 4096 { output = [] } else { output.removeAll(keepingCapacity: true) }
      outputStart = 0
      if outputEnded {
        flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if let trailers, !trailers.isEmpty, let session {
          flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
          session.submitTrailers(self, trailers)
        }
        return count
      }
    }
    if isBlocked, bufferedBytes <= Self.lowWaterBytes {
      isBlocked = false
      session?.becameWritable(self)
    }
    if count == 0 {
      isDeferred = true
      return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    return count
  }

  func close(_ code: HTTP2ErrorCode) {
    session = nil
    output = []
    outputStart = 0
    let handler = handler
    self.handler = nil
    handler?.http2StreamClosed(self, code: code)
  }
}
