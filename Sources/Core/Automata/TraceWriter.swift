import Bytes
import Script

/// Writes a trace: one JSON object a line, each byte determined by what happened.
///
/// The first line is the header, the last one holds the SHA-256 of all lines before it. Members stand in a fixed order,
/// without spaces; text that is not UTF-8 is escaped byte by byte as U+0080...U+00FF.
public struct TraceWriter: Sendable {
  /// Bytes that were written and not taken yet.
  public private(set) var output: [UInt8] = []
  /// Lines of the run, the header included: the number of the next one.
  public internal(set) var lineCount: UInt64 = 0
  private var hash = SHA256()
  private var line: [UInt8] = []
  private var isFirst = true
  /// Room that most lines find enough.
  private static var lineLength: Int { 120 }

  public init() {}

  /// Takes what was written since the last time, so that a trace of any length needs constant memory.
  public mutating func takeOutput() -> [UInt8] {
    defer { output = [] }
    return output
  }

  /// SHA-256 of all lines so far.
  public var digest: [UInt8] { hash.finish() }

  // MARK: Going on from a snapshot

  /// State of the hash over all lines so far.
  var hashCheckpoint: [UInt8] { hash.checkpoint }

  /// A trace that goes on after so many lines, whose hash this is.
  init?(lineCount: UInt64, hashCheckpoint: [UInt8]) {
    guard let hash = SHA256(checkpoint: hashCheckpoint) else { return nil }
    self.hash = hash
    self.lineCount = lineCount
  }

  // MARK: Lines

  /// Gives back the room of the last line.
  mutating func releaseLine() { line = [] }

  mutating func begin() {
    line.removeAll(keepingCapacity: true)
    if line.capacity == 0 { line.reserveCapacity(TraceWriter.lineLength) }
    line.append(UInt8(ascii: "{"))
    isFirst = true
  }

  mutating func end() {
    line.append(UInt8(ascii: "}"))
    line.append(10)
    hash.update(line)
    output += line
    lineCount &+= 1
  }

  /// Begins the line of something that happened.
  mutating func begin(_ kind: StaticString, tick: UInt64, time: Int64) {
    begin()
    member("seq", Int64(truncatingIfNeeded: lineCount))
    member("tick", Int64(truncatingIfNeeded: tick))
    member("t", time)
    member("kind", kind)
  }

  mutating func name(_ name: StaticString) {
    if !isFirst { line.append(UInt8(ascii: ",")) }
    isFirst = false
    line.append(UInt8(ascii: "\""))
    literal(name)
    line.append(UInt8(ascii: "\""))
    line.append(UInt8(ascii: ":"))
  }

  private mutating func literal(_ text: StaticString) {
    line.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func member(_ name: StaticString, _ value: Int64) {
    self.name(name)
    NumberText.append(value, to: &line)
  }

  mutating func member(_ name: StaticString, _ value: StaticString) {
    self.name(name)
    line.append(UInt8(ascii: "\""))
    literal(value)
    line.append(UInt8(ascii: "\""))
  }

  mutating func member(_ name: StaticString, _ text: [UInt8]) {
    self.name(name)
    string(text)
  }

  mutating func member(_ name: StaticString, _ value: AutomatonValue) {
    self.name(name)
    switch value {
    case .void: line += Name("null")
    case .bool(let value): line += value ? Name("true") : Name("false")
    case .int32(let value): NumberText.append(Int64(value), to: &line)
    case .int64(let value): NumberText.append(value, to: &line)
    case .float32(let value): number(value.isFinite, Double(value)) { NumberText.append(value, to: &$0) }
    case .float64(let value): number(value.isFinite, value) { NumberText.append(value, to: &$0) }
    case .string(let text): string(text)
    case .binary(let bytes):
      line.append(UInt8(ascii: "\""))
      hexadecimal(bytes)
      line.append(UInt8(ascii: "\""))
    }
  }

  mutating func member(_ name: StaticString, hexadecimal bytes: [UInt8]) {
    self.name(name)
    line.append(UInt8(ascii: "\""))
    hexadecimal(bytes)
    line.append(UInt8(ascii: "\""))
  }

  mutating func member(_ name: StaticString, names: [[UInt8]]) {
    self.name(name)
    line.append(UInt8(ascii: "["))
    for (index, text) in names.enumerated() {
      if index > 0 { line.append(UInt8(ascii: ",")) }
      string(text)
    }
    line.append(UInt8(ascii: "]"))
  }

  /// JSON has no word for what is not a finite number: it stands as text.
  private mutating func number(_ isFinite: Bool, _ value: Double, _ append: (inout [UInt8]) -> Void) {
    if isFinite { return append(&line) }
    line += value.isNaN ? Name("\"nan\"") : value > 0 ? Name("\"inf\"") : Name("\"-inf\"")
  }

  private mutating func hexadecimal(_ bytes: [UInt8]) {
    for byte in bytes {
      line.append(TraceWriter.digit(byte >> 4))
      line.append(TraceWriter.digit(byte & 15))
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

  private mutating func string(_ text: [UInt8]) {
    line.append(UInt8(ascii: "\""))
    defer { line.append(UInt8(ascii: "\"")) }
    if text.allSatisfy({ $0 &- 32 < 95 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      line.append(contentsOf: text)
      return
    }
    let isText = UTF8Check.isValid(text)
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        line.append(UInt8(ascii: "\\"))
        line.append(byte)
      case 10: line += Name("\\n")
      case 13: line += Name("\\r")
      case 9: line += Name("\\t")
      default:
        if byte < 32 || byte == 127 || (byte > 127 && !isText) {
          line += Name("\\u00")
          line.append(TraceWriter.digit(byte >> 4))
          line.append(TraceWriter.digit(byte & 15))
        } else {
          line.append(byte)
        }
      }
    }
  }
}

/// Whether bytes are UTF-8 (RFC 3629).
enum UTF8Check {
  static func isValid(_ bytes: [UInt8]) -> Bool {
    var index = 0
    while index < bytes.count {
      let first = bytes[index]
      index += 1
      if first < 0x80 { continue }
      let count: Int
      var low: UInt8 = 0x80
      var high: UInt8 = 0xBF
      switch first {
      case 0xC2...0xDF: count = 1
      case 0xE0:
        count = 2
        low = 0xA0
      case 0xE1...0xEC, 0xEE...0xEF: count = 2
      case 0xED:
        count = 2
        high = 0x9F
      case 0xF0:
        count = 3
        low = 0x90
      case 0xF1...0xF3: count = 3
      case 0xF4:
        count = 3
        high = 0x8F
      default: return false
      }
      guard index + count <= bytes.count else { return false }
      for place in 0..<count {
        let byte = bytes[index + place]
        guard byte >= low && byte <= high else { return false }
        low = 0x80
        high = 0xBF
      }
      index += count
    }
    return true
  }
}
