import Script

/// What firmware, browser and tests run: a request given as bytes, answered with a text that is the same on every target.
public enum Runner {
  /// The first byte of a request.
  public enum Kind: UInt8, Sendable {
    /// The text of a script follows, see `ScriptRun`.
    case script = 1
    /// An automaton and what is done with it, see `AutomatonRequest`.
    case automaton = 2
    /// Automata that run together and what is done with them, see `SystemRequest`.
    case system = 3
  }

  /// Answers a request. Never fails: what cannot be run is answered with a line that begins with `!`.
  public static func answer(_ request: [UInt8]) -> [UInt8] {
    guard let first = request.first, let kind = Kind(rawValue: first) else { return Report("! not a request\n").bytes }
    switch kind {
    case .script: return ScriptRun.run(Array(request[1...]))
    case .automaton: return AutomatonAnswer.answer(request)
    case .system: return SystemAnswer.answer(request)
    }
  }
}

/// Text under construction, without `String` and its tables.
struct Report {
  private(set) var bytes: [UInt8] = []

  init() {}
  init(_ text: StaticString) { add(text) }

  mutating func add(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func add(_ text: [UInt8]) { bytes.append(contentsOf: text) }

  mutating func add(_ value: Int) { NumberText.append(Int64(value), to: &bytes) }

  mutating func add(_ value: Int64) { NumberText.append(value, to: &bytes) }

  mutating func addHexadecimal(_ byte: UInt8) {
    for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? digit + 48 : digit + 87) }
  }

  mutating func addHexadecimal(_ value: UInt64) {
    for shift in stride(from: 56, through: 0, by: -8) {
      addHexadecimal(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
    }
  }

  mutating func endLine() { bytes.append(10) }
}
