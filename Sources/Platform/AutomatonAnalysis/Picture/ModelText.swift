import Automata

/// Parts of a model as short texts for people.
enum ModelText {
  /// On one line, without control characters, so that no name can move the cursor or forge a line.
  static func text(_ name: Name) -> String { plain(String(decoding: name, as: UTF8.self)) }

  static func plain(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var line = ""
    for scalar in text.unicodeScalars {
      let isSpace = scalar == "\n" || scalar == "\t" || scalar == "\r"
      line.unicodeScalars.append(isSpace ? " " : isControl(scalar) ? "\u{FFFD}" : scalar)
    }
    return line
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
  }

  /// `250 ms`, `1.5 s`, `2 min`, `1 h`.
  static func duration(milliseconds: Int64) -> String {
    for (unit, name) in [(3_600_000, "h"), (60_000, "min")] as [(Int64, String)]
    where milliseconds >= unit && milliseconds % unit == 0 {
      return "\(milliseconds / unit) \(name)"
    }
    guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
    var fraction = String(1000 + milliseconds % 1000).dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return "\(milliseconds / 1000)\(fraction.isEmpty ? "" : "." + fraction) s"
  }

  /// A weight in hundredths as a number.
  static func weight(hundredths: UInt32) -> String {
    var fraction = String(100 + hundredths % 100).dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return "\(hundredths / 100)\(fraction.isEmpty ? "" : "." + fraction)"
  }

  static func value(_ value: AutomatonValue) -> String {
    switch value {
    case .void: "nothing"
    case .bool(let value): "\(value)"
    case .int32(let value): "\(value)"
    case .int64(let value): "\(value)"
    case .float32(let value): number("\(value)")
    case .float64(let value): number("\(value)")
    case .string(let bytes): "\"\(text(bytes))\""
    case .binary(let bytes): "\(bytes.count) bytes"
    }
  }

  private static func number(_ text: String) -> String { text.hasSuffix(".0") ? String(text.dropLast(2)) : text }

  static func comparison(_ comparison: SignalTrigger.Comparison) -> String {
    switch comparison {
    case .equal: "=="
    case .notEqual: "~="
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    case .greaterOrEqual: ">="
    }
  }

  /// What a signal must do.
  static func signal(_ signal: SignalTrigger) -> String {
    let name = text(signal.signal)
    switch signal.kind {
    case .onChange: return "\(name) changes"
    case .onRise: return "\(name) rises"
    case .onFall: return "\(name) falls"
    case .onThreshold:
      return "\(name) \(comparison(signal.comparison)) \(value(signal.threshold))\(signal.isOneShot ? " once" : "")"
    case .onMatch: return "\(name) is \"\(text(signal.pattern))\""
    }
  }

  /// When a transition may be taken, a line for each part.
  static func trigger(_ transition: Transition) -> [String] {
    var lines: [String] = []
    switch transition.trigger {
    case .classic(let classic):
      let condition = code(classic.condition)
      lines = condition.isEmpty ? ["always"] : ["\(classic.isRisingEdge ? "becomes " : "")[\(condition)]"]
    case .timed(let timed):
      let delay = duration(milliseconds: Int64(timed.delay))
      switch timed.mode {
      case .after: lines = ["after \(delay)"]
      case .at: lines = ["at \(timed.absoluteTime) ms"]
      case .every: lines = ["every \(delay)" + (timed.repeatCount > 0 ? ", \(timed.repeatCount) times" : "")]
      case .timeout: lines = ["timeout \(delay)"]
      case .window:
        lines = [
          timed.windowEnd > 0
            ? "from \(delay) to \(duration(milliseconds: Int64(timed.windowEnd)))" : "from \(delay)"
        ]
      }
      if timed.jitter > 0 { lines[0] += " ± \(duration(milliseconds: Int64(timed.jitter)))" }
      if !timed.condition.isEmpty { lines.append("[\(code(timed.condition))]") }
    case .event(let event):
      lines = [event.signals.map(signal).joined(separator: event.requiresAll ? " and " : " or ")]
      if event.signals.isEmpty { lines = [event.requiresAll ? "always" : "never"] }
      if event.debounce > 0 { lines.append("steady for \(duration(milliseconds: Int64(event.debounce)))") }
      if !event.condition.isEmpty { lines.append("[\(code(event.condition))]") }
    case .probabilistic(let probabilistic):
      let expression = code(probabilistic.weightExpression)
      return ["weight \(expression.isEmpty ? weight(hundredths: transition.weight) : expression)"]
    case .immediate: lines = ["at once"]
    }
    if transition.weight != Transition.weightDefault { lines.append("weight \(weight(hundredths: transition.weight))") }
    return lines
  }

  /// A script on one line: the first line with something on it, and a sign when there are more.
  static func code(_ script: Name) -> String {
    let lines = String(decoding: script, as: UTF8.self).split(whereSeparator: \.isNewline).map { line in
      line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }.filter { !$0.isEmpty }
    guard let first = (lines.first { !$0.hasPrefix("--") } ?? lines.first).map(plain) else { return "" }
    return lines.count > 1 ? first + " …" : first
  }

  /// At most so many characters, with a sign where something is left out.
  static func shortened(_ text: String, _ limit: Int) -> String {
    text.count > limit ? text.prefix(limit - 1) + "…" : text
  }

  /// Lines of at most so many characters, broken at spaces where there are any.
  static func wrapped(_ text: String, width: Int, lines limit: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = String(word)
      } else {
        line += line.isEmpty ? String(word) : " " + word
      }
    }
    if !line.isEmpty { lines.append(line) }
    if lines.count > limit {
      lines = Array(lines.prefix(limit))
      lines[limit - 1] += " …"
    }
    return lines.map { shortened($0, width + 4) }
  }
}
