// What firmware, browser and tests run: a request given as bytes, answered with bytes that are the same on every target.

/// Runs requests.
public enum Runner {
  /// The first byte of a request.
  public enum Kind: UInt8, Sendable {
    /// The text of a script follows; the answer is a text, see `ScriptRun`.
    case script = 1
  }

  /// Answers a request. Never fails: what is not a request is answered with a line that says so.
  public static func answer(_ request: [UInt8]) -> [UInt8] {
    guard let first = request.first, let kind = Kind(rawValue: first) else { return Line("! not a request").bytes }
    switch kind {
    case .script: return ScriptRun.run(Array(request[1...]))
    }
  }
}

/// Text under construction, without `String` and its tables.
struct Line {
  private(set) var bytes: [UInt8] = []

  init() {}
  init(_ text: StaticString) { add(text) }

  mutating func add(_ text: StaticString) {
    for byte in UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount) { bytes.append(byte) }
  }

  mutating func add(_ text: [UInt8]) { bytes += text }

  mutating func add(_ value: Int64) {
    var digits: [UInt8] = []
    var rest = value.magnitude
    repeat {
      digits.append(UInt8(truncatingIfNeeded: rest % 10) + 48)
      rest /= 10
    } while rest > 0
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    bytes += digits.reversed()
  }

  mutating func addHexadecimal(_ value: UInt64) {
    for shift in stride(from: 60, through: 0, by: -4) {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15
      bytes.append(digit < 10 ? digit + 48 : digit + 87)
    }
  }

  mutating func end() { bytes.append(10) }
}
