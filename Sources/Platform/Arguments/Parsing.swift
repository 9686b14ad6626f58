import Spelling

/// What the arguments ask for.
public enum Invocation: Sendable {
  case run(Command, ParsedArguments)
  /// The text of `--help`.
  case help(String)
}

extension Command {
  /// Reads the arguments after the program's name.
  ///
  /// Options may stand anywhere before `--`; `--name value`, `--name=value`, `-n value`, `-nvalue` and joined flags
  /// (`-it`) are understood. Options of outer commands are accepted by inner ones.
  public func parse(_ arguments: [String]) throws(UsageError) -> Invocation {
    var command = self
    var parsed = ParsedArguments(path: [name])
    var options = self.options
    var positional: [String] = []
    var index = 0
    var wantsHelp = false

    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      if argument == "--" {
        parsed.rest = Array(arguments[index...])
        break
      }
      if argument == "--help" || argument == "-h" {
        wantsHelp = true
      } else if argument.hasPrefix("--") {
        let text = argument.dropFirst(2)
        let name = String(text.prefix { $0 != "=" })
        let inlineValue = text.firstIndex(of: "=").map { String(text[text.index(after: $0)...]) }
        guard let option = options.first(where: { $0.name == name }) else {
          throw parsed.error("unknown option --\(name)" + Command.suggestion(name, options.map(\.name), prefix: "--"))
        }
        try parsed.take(option, "--\(name)", inlineValue, arguments, &index)
      } else if argument.hasPrefix("-"), argument.count > 1 {
        try parsed.takeShort(argument.dropFirst(), options, arguments, &index)
      } else if positional.isEmpty, !command.subcommands.isEmpty {
        guard let next = command.subcommands.first(where: { $0.name == argument }) else {
          let names = command.subcommands.filter { !$0.isHidden }.map(\.name)
          throw parsed.error("unknown command \(argument)" + Command.suggestion(argument, names, prefix: ""))
        }
        command = next
        parsed.path.append(next.name)
        options += next.options
      } else {
        positional.append(argument)
      }
    }

    if wantsHelp || (arguments.isEmpty && command.run == nil) {
      return .help(command.help(path: parsed.path, accepted: options))
    }
    guard command.run != nil else { throw parsed.error("a command is missing") }
    for option in options { parsed.defaults[option.name] = option.defaultValue }
    try parsed.assign(positional, to: command.operands)
    return .run(command, parsed)
  }

  /// `; did you mean X?` for the closest of `names`, or nothing.
  static func suggestion(_ word: String, _ names: [String], prefix: String) -> String {
    Spelling.nearest(to: word, among: names).map { "; did you mean \(prefix)\($0)?" } ?? ""
  }
}

extension ParsedArguments {
  func error(_ message: String) -> UsageError { UsageError(message, path: path) }

  fileprivate mutating func take(
    _ option: Option, _ spelled: String, _ inlineValue: String?, _ arguments: [String], _ index: inout Int
  ) throws(UsageError) {
    switch option.kind {
    case .flag:
      guard inlineValue == nil else { throw error("\(spelled) takes no value") }
      flags.insert(option.name)
    case .value(let placeholder):
      let value: String
      if let inlineValue {
        value = inlineValue
      } else {
        guard index < arguments.count else { throw error("\(spelled) needs a value: \(spelled) \(placeholder)") }
        value = arguments[index]
        index += 1
      }
      guard option.choices.isEmpty || option.choices.contains(value) else {
        throw error("\(spelled) is \"\(value)\"; accepted: \(option.choices.joined(separator: ", "))")
      }
      guard option.isRepeatable || values[option.name] == nil else { throw error("\(spelled) is given twice") }
      values[option.name, default: []].append(value)
    }
  }

  fileprivate mutating func takeShort(
    _ letters: Substring, _ options: [Option], _ arguments: [String], _ index: inout Int
  ) throws(UsageError) {
    var letters = letters
    while let letter = letters.popFirst() {
      guard let option = options.first(where: { $0.short == letter }) else { throw error("unknown option -\(letter)") }
      if option.kind == .flag {
        try take(option, "-\(letter)", nil, arguments, &index)
      } else {
        try take(option, "-\(letter)", letters.isEmpty ? nil : String(letters), arguments, &index)
        return
      }
    }
  }

  fileprivate mutating func assign(_ words: [String], to operands: [Operand]) throws(UsageError) {
    var words = words[...]
    for operand in operands {
      switch operand.count {
      case .one, .optional:
        if let word = words.popFirst() {
          self.operands[operand.name] = [word]
        } else if operand.count == .one {
          throw error("\(operand.name) is missing: \(operand.summary)")
        }
      case .any, .atLeastOne:
        guard !(words.isEmpty && operand.count == .atLeastOne) else {
          throw error("\(operand.name) is missing: \(operand.summary)")
        }
        self.operands[operand.name] = Array(words)
        words = []
      }
    }
    if let extra = words.first { throw error("unexpected argument \(extra)") }
  }
}
