import AutomatonAnalysis
import Foundation
import JSON
import Testing

@testable import aether

/// `aether automaton graph` and `analyze`, as the document shows them.
@Suite struct AnalysisCommandTests {
  func run(_ arguments: [String]) throws -> ProgramRun.Result { try ProgramRun.result(arguments) }

  static func document() throws -> [Substring] {
    try String(contentsOfFile: ProgramRun.root + "/docs/automata-analysis.md", encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// A line `…` stands for any number of lines.
  @Test func theDocumentShowsWhatIsPrinted() throws {
    var blocks: [[Substring]] = []
    var isInside = false
    for line in try Self.document() {
      if line == "```console" {
        isInside = true
        blocks.append([])
      } else if line == "```" {
        isInside = false
      } else if isInside {
        blocks[blocks.count - 1].append(line)
      }
    }
    #expect(blocks.count == 2)
    for block in blocks {
      let command = try #require(block.first)
      #expect(command.hasPrefix("$ aether automaton "))
      var printed = try run(Self.words(command.dropFirst(19))).output
        .split(separator: "\n", omittingEmptySubsequences: false)[...]
      var maySkip = false
      for line in block.dropFirst() {
        if line == "…" {
          maySkip = true
          continue
        }
        let found = maySkip ? printed.firstIndex(of: line) : printed.first == line ? printed.startIndex : nil
        let place = try #require(found, "\(line) is not printed")
        printed = printed[(place + 1)...]
        maySkip = false
      }
    }
  }

  /// Words as a shell splits them; double quotes keep spaces.
  static func words(_ text: Substring) -> [String] {
    var words: [String] = []
    for (index, part) in text.split(separator: "\"", omittingEmptySubsequences: false).enumerated() {
      if index % 2 == 1 { words.append(String(part)) } else { words += part.split(separator: " ").map(String.init) }
    }
    return words
  }

  @Test func theDocumentNamesEveryLint() throws {
    let lines = try Self.document()
    for rule in Finding.Rule.allCases {
      #expect(lines.contains { $0.hasPrefix("| `\(rule.rawValue)` |") }, "\(rule.rawValue)")
    }
  }

  @Test func exitStatusTellsTheResult() throws {
    let file = "Examples/automata/thermostat.yaml"
    #expect(try run(["analyze", file]).status == 0)
    #expect(try run(["analyze", file, "--invariant", "not heating"]).status == 1)
    #expect(try run(["analyze", file, "--goal", "heating and idle"]).status == 1)
    let wrong = try run(["analyze", file, "--invariant", "not heeting"])
    #expect(wrong.status == 3)
    #expect(wrong.errors.contains("column 5: there is no state, resource or channel \"heeting\""))
    #expect(try run(["analyze", "Examples/hello.yaml"]).status == 3)
    #expect(try run(["analyze", "Examples/none.yaml"]).status == 3)
    #expect(try run(["analyze", file, "--max-markings", "0"]).status == 2)
    #expect(try run(["analyze", file, "--wire", "a.b"]).status == 2)
    #expect(try run(["analyze", file, "--capacity", "fork"]).status == 2)
    #expect(try run(["analyze", "a=\(file)", "a=\(file)"]).errors.contains("two automata are named \"a\""))
  }

  @Test func wiresConnectFiles() throws {
    let file = "Examples/automata/thermostat.yaml"
    let result = try run([
      "analyze", "a=\(file)", "b=\(file)", "--wire", "a.out.alarm -> b.in.window_open", "-o", "json",
    ])
    #expect(result.status == 0)
    let json = try JSON.parse(Array(result.output.utf8))
    #expect(json["bounds"]?["a.alarm -> b.window_open"] == 1)
    #expect(json["exhaustive"] == true)
  }

  private static let philosopher = "Examples/automata/philosopher.yaml"
  private static let two = ["A=\(philosopher)", "B=\(philosopher)"]

  @Test func resourcesAreNamedAndShared() throws {
    let plain = try run(["analyze"] + Self.two)
    // Both take their forks in the same order.
    #expect(plain.status == 0)
    let crossed = try run(
      ["analyze"] + Self.two + ["--resource", "B.first_fork=second_fork", "--resource", "B.second_fork=first_fork"])
    #expect(crossed.status == 1, "each waits for the fork of the other")
    let enough = try run(["analyze"] + Self.two + ["--capacity", "first_fork=2", "-o", "json"])
    #expect(enough.status == 0)
    #expect(enough.output != (try run(["analyze"] + Self.two + ["-o", "json"])).output)
    #expect(
      try run(["analyze"] + Self.two + ["--max-markings", "2"]).output.contains("explored 2 of at most 2 markings"))
  }

  @Test(arguments: [
    (["--resource", "A.spoon=fork"], "--resource names \"spoon\"; accepted: first_fork, second_fork"),
    (["--resource", "C.first_fork=x"], "--resource is \"C.first_fork=x\"; AUTOMATON.RESOURCE=NAME is needed"),
    (["--resource", "A.first_fork"], "--resource is \"A.first_fork\"; NAME=VALUE is needed"),
    (["--capacity", "spoon=2"], "--capacity names \"spoon\"; accepted: first_fork, second_fork"),
    (["--capacity", "first_fork=0"], "--capacity is \"first_fork=0\": the count must be 1 or more"),
    (["--max-markings", "many"], "--max-markings is \"many\"; accepted: 1 to 10000000"),
    (["--wire", "C.out.meals->A.in.x"], "--wire names \"C\"; accepted: A, B"),
    (["--wire", "meals"], "--wire is \"meals\"; A.out.x->B.in.y is needed"), (["-o", "xml"], "accepted: table, json"),
  ])
  func wrongOptionsAreNamed(_ arguments: [String], _ message: String) throws {
    let result = try run(["analyze"] + Self.two + arguments)
    #expect(result.status == 2)
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test func picturesAreRefused() throws {
    let format = try run(["graph", Self.philosopher, "-o", "png"])
    #expect(format.status == 2 && format.errors.contains("accepted: dot, svg"))
    let path = try run(["graph", Self.philosopher, "--output", "/nonexistent/x.svg"])
    #expect(path.status == 3 && path.errors.contains("/nonexistent/x.svg: No such file or directory"))
    let missing = try run(["graph", "/nonexistent.yaml"])
    #expect(missing.status == 3 && missing.errors.contains("/nonexistent.yaml: No such file or directory"))
    let wrong = try ProgramRun.result(["graph", "-"], input: "automata: {states: {A: {cod: x}}}")
    #expect(wrong.status == 3 && wrong.errors.contains("did you mean \"code\"?"))
    #expect(try ProgramRun.result(["graph", "-", "-o", "dot"], input: Fixture.counter).output.contains("Count"))
  }

  @Test func picturesAreWritten() throws {
    let folder = try Scratch()
    let path = folder.path + "/house.svg"
    let result = try run(["graph", "Examples/automata/house.yaml", "--output", path])
    #expect(result.status == 0 && result.output.isEmpty)
    let svg = try String(contentsOfFile: path, encoding: .utf8)
    #expect(svg.hasPrefix("<svg ") && svg.contains(">living_room</text>"))
    let dot = try run(["graph", "Examples/automata/media-player.yaml", "-o", "dot"])
    #expect(dot.output.hasPrefix("digraph \"media-player\" {"))
    #expect(try run(["graph", "Examples/automata/media-player.yaml"]).output.hasPrefix("<svg "))
  }
}
