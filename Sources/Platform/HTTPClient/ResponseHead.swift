/// Collects header lines as libcurl hands them over: several heads after each other for redirects and 1xx answers.
struct ResponseHead {
  private(set) var status = 0
  private(set) var headers = HTTPClient.Headers()
  private var isComplete = false

  var isRedirect: Bool {
    switch status {
    case 301, 302, 303, 307, 308: headers["Location"] != nil
    default: false
    }
  }

  /// - Returns: true when the line ends the head of an answer that is not informational.
  mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
    let text = String(decoding: line, as: UTF8.self)
    if text.hasPrefix("HTTP/") {
      let code = text.split(separator: " ", maxSplits: 2).dropFirst().first
      self = ResponseHead()
      status = code.flatMap { Int($0.prefix(3)) } ?? 0
      return false
    }
    // Fields after the body are trailers, which nobody asked for.
    if isComplete { return false }
    if line.allSatisfy({ $0 == 0x0D || $0 == 0x0A }) {
      isComplete = true
      return status >= 200 || status == 101
    }
    let bytes = text.utf8
    if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
      let value = bytes[bytes.index(after: colon)...]
      headers.add(String(text[..<colon]), Self.trimmed(value))
    }
    return false
  }

  private static func trimmed(_ value: Substring.UTF8View) -> String {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x0A }
    var value = value.drop(while: isSpace)
    while let last = value.last, isSpace(last) { value.removeLast() }
    return String(Substring(value))
  }
}
