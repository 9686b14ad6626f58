import HTTP
import Net

/// A request on an HTTP/2 connection.
final class HTTP2ServerStream: HTTPStream, HTTP2StreamHandler, @unchecked Sendable {
  // Sendable: as its superclass, confined to the loop.

  /// Content read and dropped after an early response before the stream is reset.
  private static let discardBytesMax = 256 * 1024

  private let stream: HTTP2Stream
  private var dropsContent = false
  private var discarded = 0
  private var bytesAtLastCheck = 0

  init(
    request: HTTPRequestHead, stream: HTTP2Stream, peer: HTTPPeer, expectsContent: Bool, context: ServerLoop
  ) {
    self.stream = stream
    super.init(request: request, peer: peer, expectsContent: expectsContent, context: context)
    if !expectsContent { bytesAtLastCheck = 0 }
  }

  // MARK: The HTTPStream side

  override var isWritable: Bool { !isClosed && stream.isWritable }

  override func allowContent() {
    guard !isClosed, !hasResponded, request.headers["expect"]?.lowercased() == "100-continue" else { return }
    stream.inform(HTTPResponseHead(status: .continue))
  }

  override func consume(_ count: Int) {
    unreadBytes -= min(count, unreadBytes)
    stream.consume(count)
  }

  private func begin(_ head: HTTPResponseHead) -> HTTPResponseHead {
    hasResponded = true
    dropsContent = request.method == .head || !head.status.allowsContent
    var head = context.completed(head)
    if addsDate, !head.headers.contains("date") { context.date.withUnsafeBytes { head.headers.addDate($0) } }
    return head
  }

  override func respond(_ head: HTTPResponseHead, content: [UInt8]) {
    guard !isClosed, !hasResponded else { return }
    var head = begin(head)
    if head.status.allowsContent, !head.headers.contains("content-length") {
      head.headers.add("content-length", String(content.count))
    }
    let isEmpty = dropsContent || content.isEmpty
    outputEnded = true
    stream.respond(head, endOfStream: isEmpty)
    if !isEmpty {
      stream.write(content)
      stream.finish()
    }
  }

  override func respond(_ head: HTTPResponseHead, endOfStream: Bool) {
    guard !isClosed, !hasResponded else { return }
    let head = begin(head)
    outputEnded = endOfStream
    // A response without content may still get trailers, but HTTP/1.1 has none either.
    if dropsContent { outputEnded = true }
    stream.respond(head, endOfStream: outputEnded)
  }

  override func write(_ bytes: UnsafeRawBufferPointer) {
    guard hasResponded, !outputEnded, !bytes.isEmpty else { return }
    stream.write(bytes)
  }

  override func write(_ bytes: [UInt8]) {
    guard hasResponded, !outputEnded, !bytes.isEmpty else { return }
    stream.write(bytes)
  }

  override func finish(trailers: HTTPHeaders?) {
    guard hasResponded, !outputEnded else { return }
    outputEnded = true
    stream.finish(trailers: trailers)
  }

  override func reset(_ code: HTTP2ErrorCode) {
    guard !isClosed else { return }
    stream.reset(code)
    end(.reset(code))
  }

  /// Whether enough content came since the last check, or the reader is the one who waits.
  func arrives(atLeast bytes: Double) -> Bool {
    defer { bytesAtLastCheck = contentBytes }
    return Double(contentBytes - bytesAtLastCheck) >= bytes || unreadBytes > 0
  }

  // MARK: The HTTP2StreamHandler side

  func http2(_ stream: HTTP2Stream, received data: UnsafeRawBufferPointer) {
    contentBytes += data.count
    guard let handler, !outputEnded || !isClosed else {
      discard(data.count)
      return
    }
    if contentBytes > context.configuration.limits.bodyBytes, enforcesRate {
      if hasResponded { reset(.cancel) } else { fail(HTTPFailure(.contentTooLarge)) }
      discard(data.count)
      return
    }
    unreadBytes += data.count
    handler.received(data, on: self)
  }

  private func discard(_ count: Int) {
    stream.consume(count)
    discarded += count
    if discarded > Self.discardBytesMax { stream.reset(.noError) }
  }

  func http2(_ stream: HTTP2Stream, receivedTrailers trailers: HTTPHeaders) {
    expectsContent = false
    handler?.requestEnded(trailers: trailers, on: self)
  }

  func http2StreamEnded(_ stream: HTTP2Stream) {
    guard expectsContent else { return }
    expectsContent = false
    handler?.requestEnded(trailers: HTTPHeaders(), on: self)
  }

  func http2StreamWritable(_ stream: HTTP2Stream) { handler?.writable(self) }

  func http2StreamClosed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    end(code == .noError ? .finished : .reset(code))
  }
}
