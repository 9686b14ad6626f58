import Automata
import Script

/// Whether two transitions may be ready in the same tick.
enum Overlap {
  static func mayCoincide(_ automaton: Automaton, _ left: Int, _ right: Int, _ flow: TransitionFlow) -> Bool {
    // The last word after conditions, and timeouts, which stand back.
    if flow.isAlwaysReady(left) || flow.isAlwaysReady(right) { return false }
    if flow.isTimeout(left) != flow.isTimeout(right) { return false }
    let (first, second) = (automaton.transitions[left].trigger, automaton.transitions[right].trigger)
    if areApart(condition(first), condition(second)) { return false }
    if case .event(let a) = first, case .event(let b) = second, !areApart(a, b) { return true }
    if case .event = first, case .event = second { return false }
    return true
  }

  private static func condition(_ trigger: Trigger) -> Name {
    switch trigger {
    case .classic(let classic): classic.condition
    case .timed(let timed): timed.condition
    case .event(let event): event.condition
    case .probabilistic, .immediate: []
    }
  }

  /// Rise and fall of one signal never come together; nor do different values.
  private static func areApart(_ left: Event, _ right: Event) -> Bool {
    func needed(_ event: Event) -> [SignalTrigger] {
      event.requiresAll || event.signals.count == 1 ? event.signals : []
    }
    for first in needed(left) {
      for second in needed(right) where first.signal == second.signal {
        switch (first.kind, second.kind) {
        case (.onRise, .onFall), (.onFall, .onRise): return true
        case (.onMatch, .onMatch):
          let plain = [first.pattern, second.pattern].allSatisfy {
            !$0.contains(UInt8(ascii: "*")) && !$0.contains(UInt8(ascii: "?"))
          }
          if plain, first.pattern != second.pattern { return true }
        case (.onThreshold, .onThreshold):
          if let a = Range(first), let b = Range(second), a.isApart(from: b) { return true }
        default: break
        }
      }
    }
    return false
  }

  /// Whether parts of two conditions, joined by `and`, exclude each other: ranges of one variable that do not meet,
  /// different texts, or a thing and its opposite.
  static func areApart(_ left: Name, _ right: Name) -> Bool {
    let (first, second) = (ConditionPart.parts(left), ConditionPart.parts(right))
    return first.contains { a in second.contains { b in a.excludes(b) } }
  }

  /// Numbers from `low` to `high`.
  struct Range {
    var low = -Double.infinity
    var high = Double.infinity
    var includesLow = true
    var includesHigh = true

    init(_ comparison: String, _ number: Double) {
      switch comparison {
      case "<": (high, includesHigh) = (number, false)
      case "<=": high = number
      case ">": (low, includesLow) = (number, false)
      case ">=": low = number
      default: (low, high) = (number, number)
      }
    }

    init?(_ trigger: SignalTrigger) {
      let number: Double
      switch trigger.threshold {
      case .int32(let value): number = Double(value)
      case .int64(let value): number = Double(value)
      case .float32(let value): number = Double(value)
      case .float64(let value): number = value
      default: return nil
      }
      if trigger.comparison == .notEqual { return nil }
      self.init(ModelText.comparison(trigger.comparison), number)
    }

    func isApart(from other: Range) -> Bool {
      func ends(_ first: Range, before second: Range) -> Bool {
        first.high < second.low || (first.high == second.low && !(first.includesHigh && second.includesLow))
      }
      return ends(self, before: other) || ends(other, before: self)
    }
  }
}

/// A simple part of a condition.
private enum ConditionPart {
  /// A variable, or another text without operators that says the same everywhere, and its range.
  case range(String, Overlap.Range)
  case text(String, isEqual: Bool, String)
  case truth(String, Bool)

  func excludes(_ other: ConditionPart) -> Bool {
    switch (self, other) {
    case (.range(let name, let range), .range(let otherName, let otherRange)):
      name == otherName && range.isApart(from: otherRange)
    case (.text(let name, let isEqual, let text), .text(let otherName, let isOtherEqual, let otherText)):
      name == otherName && (isEqual && isOtherEqual ? text != otherText : isEqual != isOtherEqual && text == otherText)
    case (.truth(let name, let value), .truth(let otherName, let otherValue)):
      name == otherName && value != otherValue
    default: false
    }
  }

  /// The parts that `and` joins; what is not simple is left out.
  static func parts(_ condition: Name) -> [ConditionPart] {
    let words = words(ModelText.text(condition))
    // Only plain conjunctions.
    if words.contains("or") || words.contains("(") { return [] }
    return words.split(separator: "and").compactMap { part(Array($0)) }
  }

  private static func part(_ words: [String]) -> ConditionPart? {
    func isName(_ word: String) -> Bool { word.first.map { $0.isLetter || $0 == "_" } ?? false }
    if words.count == 1, isName(words[0]) { return .truth(words[0], true) }
    if words.count == 2, words[0] == "not", isName(words[1]) { return .truth(words[1], false) }
    guard words.count >= 3, let place = words.firstIndex(where: { ["==", "~=", "<", "<=", ">", ">="].contains($0) })
    else { return nil }
    let left = words[..<place].joined(separator: " ")
    let comparison = words[place]
    let right = words[(place + 1)...].joined(separator: place + 2 == words.count ? "" : " ")
    if right == "true" || right == "false" {
      guard comparison == "==" || comparison == "~=" else { return nil }
      return .truth(left, (right == "true") == (comparison == "=="))
    }
    if let quote = right.first, quote == "\"" || quote == "'" {
      guard comparison == "==" || comparison == "~=", words.count == place + 2 else { return nil }
      return .text(left, isEqual: comparison == "==", String(right.dropFirst().dropLast()))
    }
    if let number = Double(right.filter { $0 != " " }), comparison != "~=" {
      return .range(left, Overlap.Range(comparison, number))
    }
    // The same expression on both sides: `temp < target - 1` and `temp > target - 1`.
    return nil
  }

  private static func words(_ text: String) -> [String] {
    var words: [String] = []
    let characters = Array(text)
    var index = 0
    while index < characters.count {
      let character = characters[index]
      if character.isWhitespace {
        index += 1
        continue
      }
      var word = String(character)
      index += 1
      if character == "\"" || character == "'" {
        while index < characters.count {
          word.append(characters[index])
          index += 1
          if characters[index - 1] == character { break }
        }
      } else if character.isLetter || character.isNumber || character == "_" || character == "." {
        while index < characters.count,
          characters[index].isLetter || characters[index].isNumber || "_.".contains(characters[index])
        {
          word.append(characters[index])
          index += 1
        }
      } else if "<>=~".contains(character), index < characters.count, characters[index] == "=" {
        word.append("=")
        index += 1
      }
      words.append(word)
    }
    return words
  }
}
