/// How the end of a response's content is marked on the wire.
public enum HTTP1Framing: Sendable, Equatable {
  /// By a `content-length` that the headers already hold, or there is no content and never is.
  case asIs
  /// `content-length` is added.
  case length(Int)
  case chunked
}

/// Writes HTTP/1.1 messages straight into a connection's output buffer.
public struct HTTP1Writer {
  private let buffer: UnsafeMutableRawBufferPointer
  public private(set) var count = 0

  public init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

  /// Bytes that are enough for `response(head...)` whatever the framing.
  public static func capacity(for head: HTTPResponseHead) -> Int {
    head.headers.bytes.count + 4 * head.headers.count + 256
  }

  /// - Parameters:
  ///   - date: value of `date`, added unless the headers have one; empty for none.
  ///   - closes: adds `connection: close`.
  public mutating func response(
    _ head: HTTPResponseHead, framing: HTTP1Framing, date: UnsafeRawBufferPointer, closes: Bool
  ) {
    if head.status == .ok {
      put("HTTP/1.1 200 OK\r\n")
    } else {
      put("HTTP/1.1 ")
      put(decimal: head.status.code)
      put(" ")
      put(head.status.reason)
      put("\r\n")
    }
    put(head.headers)
    if !date.isEmpty, !head.headers.contains("date") {
      put("date: ")
      put(date)
      put("\r\n")
    }
    switch framing {
    case .asIs: break
    case .length(let length):
      put("content-length: ")
      put(decimal: length)
      put("\r\n")
    case .chunked: put("transfer-encoding: chunked\r\n")
    }
    put(closes ? "connection: close\r\n\r\n" : "\r\n")
  }

  public static func capacity(for head: HTTPRequestHead) -> Int {
    head.headers.bytes.count + 4 * head.headers.count + head.path.utf8.count + (head.query?.utf8.count ?? 0)
      + head.authority.utf8.count + head.method.name.utf8.count + 64
  }

  /// A request head without content; `host` is added from the authority.
  public mutating func request(_ head: HTTPRequestHead) {
    put(head.method.name)
    put(" ")
    put(head.target)
    put(" HTTP/1.1\r\n")
    if !head.headers.contains("host") {
      put("host: ")
      put(head.authority)
      put("\r\n")
    }
    put(head.headers)
    put("\r\n")
  }

  private mutating func put(_ headers: HTTPHeaders) {
    headers.bytes.withUnsafeBytes { all in
      for field in headers.fields {
        let start = Int(field.start)
        let middle = start + Int(field.nameCount)
        put(UnsafeRawBufferPointer(rebasing: all[start..<middle]))
        put(": ")
        put(UnsafeRawBufferPointer(rebasing: all[middle..<middle + Int(field.valueCount)]))
        put("\r\n")
      }
    }
  }

  /// Bytes around the content of a chunk.
  public static let chunkOverhead = 20

  public mutating func chunk(_ content: UnsafeRawBufferPointer) {
    guard !content.isEmpty else { return }
    put(hexadecimal: content.count)
    put("\r\n")
    put(content)
    put("\r\n")
  }

  public static func capacity(forTrailers trailers: HTTPHeaders) -> Int {
    trailers.bytes.count + 4 * trailers.count + 8
  }

  public mutating func lastChunk(_ trailers: HTTPHeaders) {
    put("0\r\n")
    put(trailers)
    put("\r\n")
  }

  @inline(__always)
  public mutating func put(_ text: StaticString) {
    put(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public mutating func put(_ text: String) {
    var text = text
    text.withUTF8 { put(UnsafeRawBufferPointer($0)) }
  }

  @inline(__always)
  public mutating func put(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, let target = buffer.baseAddress else { return }
    precondition(bytes.count <= buffer.count - count, "the output buffer was made too small")
    (target + count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }

  private mutating func put(decimal value: Int) { put(value, base: 10) }
  private mutating func put(hexadecimal value: Int) { put(value, base: 16) }

  private mutating func put(_ value: Int, base: Int) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var rest = max(0, value)
      var index = 20
      repeat {
        index -= 1
        let digit = UInt8(rest % base)
        digits[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        rest /= base
      } while rest > 0
      put(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[index...]))
    }
  }
}
