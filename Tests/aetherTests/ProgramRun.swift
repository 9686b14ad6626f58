import Foundation

/// The program `aether` as people run it, in the folder of the project.
struct ProgramRun {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  static let programs =
    Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }?
    .deletingLastPathComponent().path ?? (CommandLine.arguments[0] as NSString).deletingLastPathComponent

  struct Result {
    var status: Int32
    var output: String
    var errors: String
  }

  let process = Process()
  private let folder: Scratch

  /// - Parameters:
  ///   - output: what takes the standard output instead of a file.
  ///   - group: the word before the arguments.
  init(_ arguments: [String], input: String = "", output: FileHandle? = nil, group: String = "automaton") throws {
    folder = try Scratch()
    process.executableURL = URL(fileURLWithPath: Self.programs + "/aether")
    process.currentDirectoryURL = URL(fileURLWithPath: Self.root)
    process.arguments = [group] + arguments
    process.standardInput = FileHandle(forReadingAtPath: try folder.write("input", input))
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.write("output", "")))
    process.standardOutput = output ?? file
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.write("errors", "")))
    try process.run()
  }

  func end() throws -> Result {
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus,
      output: try String(contentsOfFile: folder.path + "/output", encoding: .utf8),
      errors: try String(contentsOfFile: folder.path + "/errors", encoding: .utf8))
  }

  /// Runs `aether automaton`, or another group of commands, with arguments to its end.
  static func result(_ arguments: [String], input: String = "", group: String = "automaton") throws -> Result {
    try ProgramRun(arguments, input: input, group: group).end()
  }
}

/// Automata of the tests.
enum Fixture {
  /// Counts to ten and stops.
  static let counter = """
    config: {name: counter}
    automata:
      states:
        Count: {code: "n = n + step"}
        Done: {on_enter: 'log("info", "done")'}
      transitions:
        enough: {from: Count, to: Done, condition: n >= 10}
    variables:
      step: {type: int, direction: input, default: 1}
      n: {type: int, direction: output}
    """

  /// Throws a die in each tick.
  static let dice = forever("dice", "n = math.random(1, 1000000)")
  /// Needs many instructions in each tick.
  static let loop = forever("loop", "for i = 1, 10000 do n = i end")
  /// Stops with an error in its first tick.
  static let broken = forever("broken", "error('x')", "error_policy: stop")

  private static func forever(_ name: String, _ code: String, _ policy: String = "") -> String {
    """
    config: {name: \(name)}
    automata:
      \(policy)
      states: {A: {code: "\(code)"}}
      transitions: {never: {from: A, to: A, type: timed, timed: {mode: after, after: 500h}}}
    variables: {n: {type: int64, direction: output}}
    """
  }
}
