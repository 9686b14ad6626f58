import JSON
import Spelling
import YAML

/// Something in a file that is wrong, or that its author should know.
public struct FileProblem: Sendable, Equatable, CustomStringConvertible {
  public enum Severity: String, Sendable {
    /// The file is refused.
    case error
    /// The file is accepted.
    case warning
  }

  /// What was broken; the names are stable and printed with every problem.
  public struct Rule: Sendable, Hashable {
    public let name: String

    private init(_ name: String) { self.name = name }

    public static let syntax = Rule("syntax")
    public static let limit = Rule("limit")
    public static let unreadable = Rule("unreadable")
    public static let unknownKey = Rule("unknown-key")
    public static let duplicateKey = Rule("duplicate-key")
    public static let missingKey = Rule("missing-key")
    public static let wrongKind = Rule("wrong-kind")
    public static let unknownValue = Rule("unknown-value")
    public static let outOfRange = Rule("out-of-range")
    public static let bareDuration = Rule("bare-duration")
    public static let precision = Rule("precision")
    public static let noEffect = Rule("no-effect")
    public static let impliedType = Rule("implied-type")
    public static let conflict = Rule("conflict")
    public static let duplicateName = Rule("duplicate-name")
    public static let unknownName = Rule("unknown-name")
    public static let implicitVariable = Rule("implicit-variable")
    public static let script = Rule("script")
    public static let structure = Rule("structure")
    public static let profile = Rule("profile")
    public static let subset = Rule("subset")
    public static let wiring = Rule("wiring")
    public static let fileName = Rule("file-name")

    /// A rule of a check beyond those of files.
    public static func lint(_ name: String) -> Rule { Rule(name) }
  }

  public var severity: Severity
  public var rule: Rule
  /// As it was named by whoever asked; empty for text that came from no file.
  public var file: String
  /// `nil` when the problem is about the whole file.
  public var position: YAMLPosition?
  public var message: String
  /// What to write instead; empty when that is not known.
  public var fix: String
  /// The only values or keys that are accepted; empty when they cannot be listed.
  public var accepted: [String]

  public init(
    _ severity: Severity, _ rule: Rule, file: String, position: YAMLPosition?, _ message: String, fix: String = "",
    accepted: [String] = []
  ) {
    self.severity = severity
    self.rule = rule
    self.file = file
    self.position = position
    self.message = message
    self.fix = fix
    self.accepted = accepted
  }

  /// `file:line:column: error: message [rule]; fix; accepted: ...`, as compilers print it.
  public var description: String {
    var text = file
    if let position { text += text.isEmpty ? "\(position)" : ":\(position)" }
    if !text.isEmpty { text += ": " }
    text += "\(severity.rawValue): \(message) [\(rule.name)]"
    if !fix.isEmpty { text += "; \(fix)" }
    if !accepted.isEmpty { text += "; accepted: \(accepted.joined(separator: ", "))" }
    return FileProblem.line(text)
  }

  /// One line without control characters, so that no text of a file can move the cursor or forge a line.
  private static func line(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var line = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": line += "\\n"
      case "\r": line += "\\r"
      case "\t": line += "\\t"
      default: if isControl(scalar) { line += "?" } else { line.unicodeScalars.append(scalar) }
      }
    }
    return line
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
  }
}

extension FileProblem {
  /// The fields as JSON; those that say nothing are left out.
  public var json: JSON {
    var object: JSONObject = ["severity": .string(severity.rawValue), "rule": .string(rule.name)]
    if !file.isEmpty { object["file"] = .string(file) }
    if let position {
      object["line"] = .integer(Int64(position.line))
      object["column"] = .integer(Int64(position.column))
    }
    object["message"] = .string(message)
    if !fix.isEmpty { object["fix"] = .string(fix) }
    if !accepted.isEmpty { object["accepted"] = .array(accepted.map(JSON.string)) }
    return .object(object)
  }
}

/// A file that was not accepted, with all that is wrong in it; at least one problem is an error.
public struct RefusedFile: Error, Sendable, CustomStringConvertible {
  public var problems: [FileProblem]

  public init(_ problems: [FileProblem]) { self.problems = problems }

  public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Collects what is found in one file.
final class Problems {
  /// So many are kept; a file that has more is not read better with all of them.
  static let countMax = 200

  let file: String
  private(set) var all: [FileProblem] = []
  private(set) var hasErrors = false

  init(file: String) { self.file = file }

  func error(
    _ rule: FileProblem.Rule, _ position: YAMLPosition?, _ message: String, fix: String = "", accepted: [String] = []
  ) {
    hasErrors = true
    add(FileProblem(.error, rule, file: file, position: position, message, fix: fix, accepted: accepted))
  }

  func warning(_ rule: FileProblem.Rule, _ position: YAMLPosition?, _ message: String, fix: String = "") {
    add(FileProblem(.warning, rule, file: file, position: position, message, fix: fix))
  }

  /// An unknown word, with the nearest of those that are known.
  func unknown(
    _ rule: FileProblem.Rule, _ position: YAMLPosition?, _ message: String, word: String, accepted: [String]
  ) {
    // Of a file that is wrong throughout, only the first problems are kept.
    let nearest = all.count < Problems.countMax ? Spelling.nearest(to: word, among: accepted) : nil
    let shown = accepted.count <= 40 ? accepted : Array(accepted.prefix(40)) + ["..."]
    error(rule, position, message, fix: nearest.map { "did you mean \"\($0)\"?" } ?? "", accepted: shown)
  }

  func add(_ problem: FileProblem) {
    if problem.severity == .error { hasErrors = true }
    if all.count < Problems.countMax { all.append(problem) }
  }

  func add(contentsOf problems: [FileProblem]) { for problem in problems { add(problem) } }

  /// In the order of the file; those of files that it names come last.
  var sorted: [FileProblem] {
    func rank(_ entry: (offset: Int, element: FileProblem)) -> (Int, YAMLPosition, Int) {
      let position = entry.element.position ?? YAMLPosition(line: 0, column: 0)
      return (entry.element.file == file ? 0 : 1, position, entry.offset)
    }
    return all.enumerated().sorted { rank($0) < rank($1) }.map(\.element)
  }
}
