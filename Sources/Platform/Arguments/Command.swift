/// A command of a command line program as data: help, parsing and shell completion all come from it.
public struct Command: Sendable {
  public var name: String
  /// One line for the list of commands.
  public var summary: String
  /// Paragraphs for the command's own help, such as examples.
  public var discussion: String
  public var options: [Option]
  public var operands: [Operand]
  public var subcommands: [Command]
  /// Left out of help and completion.
  public var isHidden: Bool
  /// Returns the exit status; `nil` for a command that only groups others.
  public var run: (@Sendable (ParsedArguments) async throws -> Int32)?

  public init(
    _ name: String, _ summary: String, discussion: String = "", options: [Option] = [], operands: [Operand] = [],
    subcommands: [Command] = [], isHidden: Bool = false,
    run: (@Sendable (ParsedArguments) async throws -> Int32)? = nil
  ) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.options = options
    self.operands = operands
    self.subcommands = subcommands
    self.isHidden = isHidden
    self.run = run
  }
}

/// What a shell offers as the value of an option or operand.
public enum Completion: Sendable, Equatable {
  case none
  case files
  case directories
  case words([String])
  /// The program itself answers, given this name and the operands before the word.
  case dynamic(String)
}

public struct Option: Sendable {
  public enum Kind: Sendable, Equatable {
    case flag
    /// `placeholder` names the value in help.
    case value(placeholder: String)
  }

  /// Without the dashes.
  public var name: String
  public var short: Character?
  public var kind: Kind
  public var summary: String
  public var isRepeatable: Bool
  /// The value when the option is absent, as typed.
  public var defaultValue: String?
  /// The only accepted values; empty for any.
  public var choices: [String]
  public var completion: Completion

  public static func flag(_ name: String, _ short: Character? = nil, _ summary: String) -> Option {
    Option(
      name: name, short: short, kind: .flag, summary: summary, isRepeatable: false, defaultValue: nil, choices: [],
      completion: .none)
  }

  public static func value(
    _ name: String, _ short: Character? = nil, _ placeholder: String, _ summary: String,
    default defaultValue: String? = nil, choices: [String] = [], isRepeatable: Bool = false,
    completion: Completion = .none
  ) -> Option {
    Option(
      name: name, short: short, kind: .value(placeholder: placeholder), summary: summary, isRepeatable: isRepeatable,
      defaultValue: defaultValue, choices: choices, completion: choices.isEmpty ? completion : .words(choices))
  }
}

/// An argument by position.
public struct Operand: Sendable {
  public enum Count: Sendable, Equatable { case one, optional, any, atLeastOne }

  public var name: String
  public var summary: String
  public var count: Count
  public var completion: Completion

  public init(_ name: String, _ summary: String, _ count: Count = .one, completion: Completion = .none) {
    self.name = name
    self.summary = summary
    self.count = count
    self.completion = completion
  }

  var usage: String {
    switch count {
    case .one: name
    case .optional: "[\(name)]"
    case .any: "[\(name) ...]"
    case .atLeastOne: "\(name) [\(name) ...]"
    }
  }
}

/// What was typed, checked against the command.
public struct ParsedArguments: Sendable {
  /// Program and command names, such as `["aether", "get"]`.
  public internal(set) var path: [String]
  var flags: Set<String> = []
  var values: [String: [String]] = [:]
  var operands: [String: [String]] = [:]
  /// What came after `--`.
  public internal(set) var rest: [String] = []
  var defaults: [String: String] = [:]

  public func flag(_ name: String) -> Bool { flags.contains(name) }
  /// The last value given, or the default.
  public func value(_ name: String) -> String? { values[name]?.last ?? defaults[name] }
  public func all(_ name: String) -> [String] { values[name] ?? [] }
  public func operand(_ name: String) -> String? { operands[name]?.first }
  public func allOperands(_ name: String) -> [String] { operands[name] ?? [] }
  public func isGiven(_ name: String) -> Bool { flags.contains(name) || values[name] != nil }
}

/// Wrong usage. Programs print it and end with status 2.
public struct UsageError: Error, Sendable, Equatable, CustomStringConvertible {
  public var message: String
  /// The command whose `--help` explains.
  public var path: [String]

  public init(_ message: String, path: [String] = []) {
    self.message = message
    self.path = path
  }

  public var description: String {
    path.isEmpty ? message : "\(message)\nsee: \(path.joined(separator: " ")) --help"
  }
}
