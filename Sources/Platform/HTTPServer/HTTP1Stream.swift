import HTTP
import Net

/// A request on an HTTP/1.1 connection.
final class HTTP1Stream: HTTPStream, @unchecked Sendable {
  // Sendable: as its superclass, confined to the loop.
  /// A cycle while the stream is under way: the connection lets go of a stream that has ended.
  private let owner: HTTP1Connection
  private var waitsForContinue: Bool
  private let wantsUpgrade: Bool
  private var isChunked = false
  /// What the announced `content-length` still allows; nil when chunked or until the end of the connection.
  private var remainingBytes: Int?
  /// No content goes out, whatever is written: HEAD, 204, 304.
  private var dropsContent = false

  init(
    request: HTTPRequestHead, connection: HTTP1Connection, expectsContent: Bool, continues: Bool, upgrades: Bool
  ) {
    owner = connection
    waitsForContinue = continues && expectsContent
    wantsUpgrade = upgrades
    super.init(request: request, peer: connection.peer, expectsContent: expectsContent, context: connection.context)
  }

  override var isWritable: Bool { !isClosed && owner.connection.isWritable }

  override var sendsFiles: Bool { true }

  override func allowContent() {
    guard waitsForContinue, !isClosed, !hasResponded else { return }
    waitsForContinue = false
    owner.connection.write("HTTP/1.1 100 Continue\r\n\r\n")
  }

  override func consume(_ count: Int) {
    guard !isClosed else { return }
    unreadBytes -= min(count, unreadBytes)
    owner.consumed(self)
  }

  /// A client that was not told to go on may or may not send its content: only closing is safe.
  private func begin(_ head: HTTPResponseHead) -> HTTPResponseHead {
    hasResponded = true
    if waitsForContinue { owner.isLast = true }
    dropsContent = request.method == .head || !head.status.allowsContent
    return context.completed(head)
  }

  override func respond(_ head: HTTPResponseHead, content: [UInt8]) {
    guard !isClosed, !hasResponded else { return }
    let head = begin(head)
    let hasLength = head.headers.contains("content-length") || !head.status.allowsContent
    owner.write(head, framing: hasLength ? .asIs : .length(content.count), content: dropsContent ? [] : content)
    complete()
  }

  override func respond(_ head: HTTPResponseHead, endOfStream: Bool) {
    guard !isClosed, !hasResponded else { return }
    if endOfStream, request.method != .head {
      respond(head, content: [])
      return
    }
    let head = begin(head)
    var framing = HTTP1Framing.asIs
    if !dropsContent { remainingBytes = head.headers["content-length"].flatMap { Int($0) } }
    if head.status.allowsContent, !head.headers.contains("content-length") {
      if request.version == .http1_0 {
        owner.isLast = true
      } else {
        framing = .chunked
        isChunked = !dropsContent
      }
    }
    owner.write(head, framing: framing, content: [])
    if endOfStream { complete() }
  }

  override func write(_ bytes: UnsafeRawBufferPointer) {
    guard hasResponded, !outputEnded, !isClosed, !dropsContent, !bytes.isEmpty else { return }
    if isChunked {
      owner.connection.write(upTo: bytes.count + HTTP1Writer.chunkOverhead) { buffer in
        var writer = HTTP1Writer(buffer)
        writer.chunk(bytes)
        return writer.count
      }
    } else {
      owner.connection.write(UnsafeRawBufferPointer(rebasing: bytes[..<allowed(bytes.count)]))
    }
  }

  /// How much of `count` bytes the announced length has room for.
  private func allowed(_ count: Int) -> Int {
    guard let remainingBytes else { return count }
    let taken = min(count, remainingBytes)
    self.remainingBytes = remainingBytes - taken
    return taken
  }

  override func sendFile(_ file: OpenFile, offset: Int64, length: Int64) {
    guard hasResponded, !outputEnded, !isClosed, !dropsContent, !isChunked else { return }
    owner.connection.sendFile(file, offset: offset, length: Int64(allowed(Int(length))))
  }

  override func finish(trailers: HTTPHeaders?) {
    guard hasResponded, !outputEnded, !isClosed else { return }
    if let remainingBytes, remainingBytes > 0 {
      // Less than announced: only the end of the connection can tell the client.
      reset(.internalError)
      return
    }
    if isChunked {
      let trailers = trailers ?? HTTPHeaders()
      owner.connection.write(upTo: HTTP1Writer.capacity(forTrailers: trailers)) { buffer in
        var writer = HTTP1Writer(buffer)
        writer.lastChunk(trailers)
        return writer.count
      }
    }
    complete()
  }

  private func complete() {
    outputEnded = true
    owner.responded(self)
  }

  override func reset(_ code: HTTP2ErrorCode) {
    guard !isClosed else { return }
    owner.abandon(code)
  }

  override func upgrade(_ head: HTTPResponseHead, to handler: any ConnectionHandler) -> Bool {
    guard wantsUpgrade, !isClosed, !hasResponded else { return false }
    hasResponded = true
    outputEnded = true
    owner.connection.write(upTo: HTTP1Writer.capacity(for: head)) { buffer in
      var writer = HTTP1Writer(buffer)
      writer.response(head, framing: .asIs, date: UnsafeRawBufferPointer(start: nil, count: 0), closes: false)
      return writer.count
    }
    owner.upgrade(self, to: handler)
    return true
  }
}
