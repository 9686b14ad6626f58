extension Command {
  static let helpOption = Option.flag("help", "h", "Show this text")
  private static let lineWidth = 100

  /// The text of `--help`.
  ///
  /// - Parameter accepted: all options that the command accepts, its own and those of the commands around it.
  func help(path: [String], accepted: [Option]) -> String {
    var text = "\(summary)\n\nusage: \(path.joined(separator: " "))"
    let visible = subcommands.filter { !$0.isHidden }
    if !visible.isEmpty { text += " COMMAND" }
    if !accepted.isEmpty { text += " [OPTION ...]" }
    for operand in operands { text += " \(operand.usage)" }
    text += "\n"
    if !discussion.isEmpty { text += "\n\(discussion)\n" }
    if !visible.isEmpty { text += "\ncommands:\n" + Command.columns(visible.map { ($0.name, $0.summary) }) }
    if !operands.isEmpty { text += "\narguments:\n" + Command.columns(operands.map { ($0.name, $0.summary) }) }
    let own = path.count == 1 ? [] : options
    if !own.isEmpty { text += "\noptions:\n" + Command.columns(own.map(\.helpRow)) }
    let outer = accepted.filter { option in !own.contains { $0.name == option.name } } + [Command.helpOption]
    text += (path.count == 1 ? "\noptions:\n" : "\nfor every command:\n") + Command.columns(outer.map(\.helpRow))
    return text
  }

  private static func columns(_ rows: [(String, String)]) -> String {
    let width = min(32, rows.map(\.0.count).max() ?? 0)
    var text = ""
    for (left, right) in rows {
      text += "  " + left + String(repeating: " ", count: max(0, width - left.count))
      if left.count > width { text += "\n  " + String(repeating: " ", count: width) }
      var column = width + 4
      text += "  "
      for word in right.split(separator: " ") {
        if column + word.count > lineWidth {
          text += "\n" + String(repeating: " ", count: width + 4)
          column = width + 4
        }
        text += word + " "
        column += word.count + 1
      }
      while text.last == " " { text.removeLast() }
      text += "\n"
    }
    return text
  }
}

extension Option {
  var helpRow: (String, String) {
    var left = short.map { "-\($0), " } ?? "    "
    left += "--\(name)"
    if case .value(let placeholder) = kind { left += " \(placeholder)" }
    var right = summary
    if !choices.isEmpty { right += " (\(choices.joined(separator: ", ")))" }
    if let defaultValue { right += " [default: \(defaultValue)]" }
    if isRepeatable { right += "; may be repeated" }
    return (left, right)
  }
}
