import Automata
import JSON
import YAML

/// A fault schedule in YAML or JSON: a list of rules, or `faults:` with such a list.
///
///     faults:
///       - {action: drop, signal: temp, probability: 0.1}
///       - {action: delay, delay: 200ms, jitter: 50ms, from: 2s, to: 10s}
public enum FaultFile {
  /// Why a text is no schedule, with its place.
  public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    public var position: String
    public var problem: String
    public var description: String { "\(position): \(problem)" }
  }

  private static let actions = [
    "drop", "delay", "duplicate", "disconnect", "stuck", "offset", "scale", "noise", "value", "clock_jump",
    "clock_skew",
    "clock_freeze",
  ]

  public static func parse(_ text: [UInt8]) throws(Problem) -> FaultSchedule {
    let documents: [YAMLDocument]
    do throws(YAMLError) { documents = try YAML.parse(text) } catch { throw Problem(position: "", problem: "\(error)") }
    guard let root = documents.first?.root else { return FaultSchedule() }
    var list = root
    if case .mapping(let members) = root.content {
      guard members.count == 1, members[0].name == "faults" else {
        throw Problem(position: "\(root.position)", problem: "must be a list of rules, or \"faults\" with one")
      }
      list = members[0].value
    }
    guard case .sequence(let items) = list.content else {
      throw Problem(position: "\(list.position)", problem: "must be a list of rules")
    }
    var schedule = FaultSchedule()
    for item in items { schedule.rules.append(try rule(item)) }
    return schedule
  }

  private static func rule(_ node: YAMLNode) throws(Problem) -> FaultRule {
    var fields = Fields(node)
    let action: FaultRule.Action
    let name = try fields.text("action") ?? ""
    switch name {
    case "drop": action = .drop
    case "delay": action = .delay(try fields.time("delay", needed: true), jitter: try fields.time("jitter"))
    case "duplicate":
      let copies = try fields.number("copies") ?? 1
      guard copies >= 1, copies <= 100, copies == copies.rounded() else {
        throw fields.problem("copies", "must be a whole number of 1...100")
      }
      action = .duplicate(copies: UInt8(copies), after: try fields.time("after"))
    case "disconnect", "disconnect_window":
      action = .disconnect(period: try fields.time("period"), duration: try fields.time("duration"))
    case "stuck": action = .stuck
    case "offset": action = .offset(try fields.neededNumber("by"))
    case "scale": action = .scale(try fields.neededNumber("by"))
    case "noise": action = .noise(try fields.neededNumber("by"))
    case "value":
      guard let value = fields.json("value"), let typed = AutomatonValue.plain(value) else {
        throw fields.problem("value", "must be a number, a boolean or a text")
      }
      action = .value(typed)
    case "clock_jump": action = .clockJump(try fields.time("by", needed: true, isSigned: true))
    case "clock_skew":
      guard let millionths = Int32(exactly: try fields.neededNumber("ppm").rounded()) else {
        throw fields.problem("ppm", "is too large")
      }
      action = .clockSkew(millionths)
    case "clock_freeze": action = .clockFreeze
    default: throw fields.problem("action", "is \"\(name)\"; accepted: \(actions.joined(separator: ", "))")
    }
    var rule = FaultRule(action)
    rule.signal = Array((try fields.text("signal") ?? "").utf8)
    rule.begin = Int64(try fields.time("from"))
    if fields.json("to") != nil { rule.end = Int64(try fields.time("to")) }
    rule.probability = try fields.number("probability") ?? 1
    guard (0...1).contains(rule.probability) else { throw fields.problem("probability", "must be 0...1") }
    guard rule.end > rule.begin else { throw fields.problem("to", "must be after \"from\"") }
    try fields.refuseOthers()
    return rule
  }

  /// The members of one rule; those that nobody asked for are refused.
  private struct Fields {
    private let node: YAMLNode
    private var members: [YAMLNode.Member] = []
    private var asked: [String] = []

    init(_ node: YAMLNode) {
      self.node = node
      if case .mapping(let members) = node.content { self.members = members }
    }

    func problem(_ name: String, _ problem: String) -> Problem {
      let position = members.first { $0.name == name }?.value.position ?? node.position
      return Problem(position: "\(position)", problem: "\(name) \(problem)")
    }

    mutating func json(_ name: String) -> JSON? {
      asked.append(name)
      return members.first { $0.name == name }?.value.value
    }

    mutating func text(_ name: String) throws(Problem) -> String? {
      guard let value = json(name) else { return nil }
      guard let text = value.stringValue else { throw problem(name, "must be a text") }
      return text
    }

    mutating func number(_ name: String) throws(Problem) -> Double? {
      guard let value = json(name) else { return nil }
      guard let number = value.doubleValue, number.isFinite else { throw problem(name, "must be a number") }
      return number
    }

    mutating func neededNumber(_ name: String) throws(Problem) -> Double {
      guard let number = try number(name) else { throw problem(name, "is missing") }
      return number
    }

    /// In milliseconds: a number, or one with ms, s, m or h.
    mutating func time(_ name: String, needed: Bool = false, isSigned: Bool = false) throws(Problem) -> Int32 {
      guard let value = json(name) else {
        if needed { throw problem(name, "is missing") }
        return 0
      }
      var milliseconds = value.doubleValue
      if let text = value.stringValue {
        for (unit, factor) in [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)] as [(String, Double)]
        where milliseconds == nil && text.hasSuffix(unit) {
          milliseconds = Double(text.dropLast(unit.count)).map { $0 * factor }
        }
      }
      guard let milliseconds, isSigned || milliseconds >= 0, let time = Int32(exactly: milliseconds.rounded()) else {
        throw problem(name, "must be a time such as 200ms or 2s")
      }
      return time
    }

    mutating func refuseOthers() throws(Problem) {
      for member in members where !asked.contains(member.name) {
        throw Problem(
          position: "\(member.position)",
          problem: "unknown key \"\(member.name)\"; accepted here: \(asked.joined(separator: ", "))")
      }
    }
  }
}

extension AutomatonValue {
  /// A value without a declared type.
  static func plain(_ json: JSON) -> AutomatonValue? {
    switch json {
    case .bool(let value): .bool(value)
    case .integer(let value): .int64(value)
    case .number(let value): .float64(value)
    case .string(let text): .string(Array(text.utf8))
    case .null, .array, .object: nil
    }
  }
}
