import Automata
import Bytes
import Script

/// One input of a run, as people write it: `100:temp=31.5` is set when 100 ticks were taken, so that tick 101 is the first to
/// see it; `2s:door=true` when so many ticks were taken that the time has come; `5:ring!` is an event without a value. In a
/// network the automaton stands before the name: `100:room.temp=31.5`.
public struct RunInput: Sendable, Equatable {
  /// Ticks that were taken when it is set; the next one is the first to see it.
  public var tick: UInt64
  /// Of a network; empty for a single automaton.
  public var automaton: String
  public var name: String
  /// `nil` raises an event.
  public var value: String?

  /// Why a text is no input.
  public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
    public var text: String
    public var problem: String

    public init(text: String, problem: String) {
      self.text = text
      self.problem = problem
    }

    public var description: String {
      "\"\(text)\" \(problem); accepted: TICK:NAME=VALUE such as 100:temp=31.5, or 2s:temp=31.5"
    }
  }

  public init(_ text: String, tickLength: Int64) throws(Invalid) {
    func invalid(_ problem: String) -> Invalid { Invalid(text: text, problem: problem) }
    guard let colon = text.firstIndex(of: ":") else { throw invalid("has no \":\"") }
    guard let tick = RunInput.tick(String(text[..<colon]), tickLength) else {
      throw invalid("does not begin with a tick or a time")
    }
    self.tick = tick
    var rest = text[text.index(after: colon)...]
    if rest.hasSuffix("!"), !rest.contains("=") {
      rest = rest.dropLast()
      value = nil
    } else {
      guard let equals = rest.firstIndex(of: "=") else { throw invalid("has no \"=\"") }
      value = String(rest[rest.index(after: equals)...])
      rest = rest[..<equals]
    }
    let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    automaton = parts.count == 2 ? String(parts[0]) : ""
    name = String(parts[parts.count - 1])
    guard !name.isEmpty else { throw invalid("names no variable") }
  }

  private static func tick(_ text: String, _ tickLength: Int64) -> UInt64? {
    if let tick = UInt64(text) { return tick }
    for (unit, factor) in [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)] as [(String, Double)] {
      guard text.hasSuffix(unit), let number = Double(text.dropLast(unit.count)), number >= 0, number < 1e12 else {
        continue
      }
      return UInt64((number * factor / Double(max(1, tickLength))).rounded(.up))
    }
    return nil
  }

  /// What it does to an automaton.
  public func command(for model: Automaton) throws(Invalid) -> RunCommand {
    func invalid(_ problem: String) -> Invalid {
      Invalid(text: "\(tick):\(name)\(value.map { "=\($0)" } ?? "!")", problem: problem)
    }
    guard let value else { return .raise(Array(name.utf8)) }
    guard let index = model.variable(named: Array(name.utf8)) else {
      let known = model.variables.filter { $0.direction != .output }.map { String(decoding: $0.name, as: UTF8.self) }
      throw invalid("names no variable (there are \(known.joined(separator: ", ")))")
    }
    let variable = model.variables[index]
    guard let typed = AutomatonValue.string(Array(value.utf8)).parsed(as: variable.type) else {
      throw invalid("is no \(variable.type.word)")
    }
    return .set(variable: index, typed)
  }
}

extension AutomatonValue {
  /// Text from outside as a value of a type: numbers in full, `true` and `false`, bytes in hexadecimal.
  func parsed(as type: ValueType) -> AutomatonValue? {
    guard case .string(let text) = self else { return converted(to: type) }
    switch type {
    case .string: return self
    case .bool:
      switch String(decoding: text, as: UTF8.self) {
      case "true", "1", "yes", "on": return .bool(true)
      case "false", "0", "no", "off": return .bool(false)
      default: return nil
      }
    case .binary: return (try? Hex.decode(text)).map { .binary($0) }
    default:
      guard let number = NumberText.parse(text) else { return Self.special(text)?.converted(to: type) }
      if let integer = number.asInteger { return AutomatonValue.int64(integer).converted(to: type) }
      guard type == .float32 || type == .float64 else { return nil }
      return number.asFloat.flatMap { AutomatonValue.float64($0).converted(to: type) }
    }
  }

  private static func special(_ text: [UInt8]) -> AutomatonValue? {
    switch String(decoding: text, as: UTF8.self) {
    case "inf": .float64(.infinity)
    case "-inf": .float64(-.infinity)
    case "nan": .float64(.nan)
    default: nil
    }
  }
}
