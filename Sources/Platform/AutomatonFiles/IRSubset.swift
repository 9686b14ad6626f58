import Automata
import Script

/// What runs on devices without an interpreter: no hooks, one line conditions of comparisons, simple timers, one signal
/// per event.
public enum IRSubset {
  /// What is outside the subset; nothing when the automaton can run there.
  public static func problems(in automaton: Automaton) -> [ProfileProblem] {
    var found: [ProfileProblem] = []
    func add(_ subject: ModelProblem.Subject, _ message: String, fix: String = "") {
      found.append(ProfileProblem(subject, message, fix: fix, isSubset: true))
    }
    for (index, state) in automaton.states.enumerated() {
      for (script, key) in [
        (state.onEnter, "on_enter"), (state.body, "code"), (state.onExit, "on_exit"), (state.file, "a script file"),
      ]
      where !script.isEmpty {
        add(.state(index), "\(key) is outside the subset without interpreter", fix: "remove it, or use a lua profile")
      }
      if !state.parent.isNone || state.isParallel || state.history != .none {
        add(.state(index), "nested states are outside the subset without interpreter")
      }
    }
    for (index, variable) in automaton.variables.enumerated() {
      switch variable.type {
      case .bool, .int32, .float32, .string: break
      default:
        add(
          .variable(index), "type \(variable.type.word) is outside the subset without interpreter",
          fix: "use bool, int, float or string")
      }
    }
    for (index, transition) in automaton.transitions.enumerated() {
      for message in problems(in: transition) {
        add(.transition(index), message + " is outside the subset without interpreter")
      }
    }
    return found
  }

  private static func problems(in transition: Transition) -> [String] {
    var found: [String] = []
    if !transition.body.isEmpty { found.append("a body") }
    if !transition.triggered.isEmpty { found.append("a triggered script") }
    if !transition.file.isEmpty { found.append("a script file") }
    switch transition.trigger {
    case .immediate: break
    case .classic(let classic):
      if classic.isRisingEdge { found.append("on_rising_edge") }
      if let reason = ConditionSubset.refusal(of: classic.condition) { found.append("a condition with \(reason)") }
    case .timed(let timed): found += problems(in: timed)
    case .event(let event): found += problems(in: event)
    case .probabilistic(let probabilistic):
      if !probabilistic.weightExpression.isEmpty { found.append("a computed weight") }
      if transition.weight > 100 { found.append("a weight above 1") }
    }
    return found
  }

  private static func problems(in timed: Timed) -> [String] {
    var found: [String] = []
    if timed.mode != .after, timed.mode != .timeout { found.append("a timer other than after and timeout") }
    if timed.jitter != 0 { found.append("jitter") }
    if !timed.condition.isEmpty { found.append("a timer with a condition") }
    if timed.isBlocking { found.append("a blocking timer") }
    return found
  }

  private static func problems(in event: Event) -> [String] {
    var found: [String] = []
    if event.signals.count != 1 { found.append("an event with \(event.signals.count) triggers") }
    if event.requiresAll { found.append("require_all") }
    if event.debounce != 0 { found.append("debounce") }
    if !event.condition.isEmpty { found.append("an event with a condition") }
    for signal in event.signals {
      if signal.kind == .onMatch, signal.pattern.isEmpty { found.append("on_match with an empty pattern") }
      if signal.kind == .onThreshold, signal.threshold == .void { found.append("on_threshold without a value") }
      if signal.isOneShot { found.append("one_shot") }
    }
    return found
  }
}

/// The conditions of the subset: `and`, `or`, `not` (also `&&`, `||`, `!`), comparisons, literals, names of variables,
/// `value("x")`.
enum ConditionSubset {
  /// What a condition has that the subset lacks; `nil` when it is inside.
  static func refusal(of condition: Name) -> String? {
    var line = condition[...]
    while let last = line.last, last <= 0x20 { line.removeLast() }
    if line.contains(0x0A) { return "several lines" }
    var parser = ConditionSubset.Parser(Name(line))
    return parser.refusal()
  }

  private struct Parser {
    private let text: Name
    private var index = 0
    private var depth = 0

    init(_ text: Name) { self.text = text }

    mutating func refusal() -> String? {
      skip()
      if index == text.count { return nil }
      if let reason = either() { return reason }
      return index == text.count ? nil : "something beyond comparisons"
    }

    private mutating func skip() { while index < text.count, text[index] == 0x20 || text[index] == 0x09 { index += 1 } }

    private mutating func take(_ words: String...) -> Bool {
      for word in words where text[index...].starts(with: word.utf8) {
        let end = index + word.utf8.count
        if Parser.isWord(word.utf8.first), end < text.count, Parser.isWord(text[end]) { continue }
        index = end
        skip()
        return true
      }
      return false
    }

    private static func isWord(_ byte: UInt8?) -> Bool {
      guard let byte else { return false }
      return (byte | 0x20) &- 97 < 26 || byte &- 48 < 10 || byte == 95
    }

    private mutating func either() -> String? {
      depth += 1
      defer { depth -= 1 }
      guard depth < 50 else { return "deep nesting" }
      repeat {
        repeat { if let reason = negation() { return reason } } while take("and", "&&")
      } while take("or", "||")
      return nil
    }

    private mutating func negation() -> String? {
      while take("not") || (!text[index...].starts(with: "!=".utf8) && take("!")) {}
      if let reason = operand() { return reason }
      if take("==", "~=", "!=", "<=", ">=", "<", ">") { return operand() }
      return nil
    }

    private mutating func operand() -> String? {
      if take("(") {
        if let reason = either() { return reason }
        return take(")") ? nil : "an open parenthesis"
      }
      if take("value", "getVal") {
        guard take("("), quoted(), take(")") else { return "a call other than value(\"name\")" }
        return nil
      }
      if quoted() { return nil }
      return word()
    }

    private mutating func quoted() -> Bool {
      guard index < text.count, text[index] == UInt8(ascii: "\"") || text[index] == UInt8(ascii: "'") else {
        return false
      }
      guard let end = text[(index + 1)...].firstIndex(of: text[index]), !text[index..<end].contains(UInt8(ascii: "\\"))
      else { return false }
      index = end + 1
      skip()
      return true
    }

    private mutating func word() -> String? {
      let start = index
      if index < text.count, text[index] == UInt8(ascii: "-") { index += 1 }
      while index < text.count, Parser.isWord(text[index]) || text[index] == UInt8(ascii: ".") { index += 1 }
      let word = text[start..<index]
      skip()
      guard let last = word.last, last != UInt8(ascii: "-") else { return "something beyond comparisons" }
      if index < text.count, text[index] == UInt8(ascii: "(") { return "a call other than value(\"name\")" }
      if word.contains(UInt8(ascii: ".")), !(word[start] &- 48 < 10 || word[start] == UInt8(ascii: "-")) {
        return "a field of a table"
      }
      return nil
    }
  }
}
