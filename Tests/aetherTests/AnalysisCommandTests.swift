import AutomatonAnalysis
import Foundation
import JSON
import Testing

@testable import aether

/// `aether automaton graph` and `analyze`, as the document shows them.
@Suite struct AnalysisCommandTests {
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

  /// Runs the program in the folder of the project.
  func run(_ arguments: [String]) throws -> Result {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.programs + "/aether")
    process.currentDirectoryURL = URL(fileURLWithPath: Self.root)
    process.arguments = ["automaton"] + arguments
    let folder = try Scratch()
    let (output, errors) = (try folder.write("output", ""), try folder.write("errors", ""))
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    try process.run()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
      errors: try String(contentsOfFile: errors, encoding: .utf8))
  }

  static func document() throws -> [Substring] {
    try String(contentsOfFile: root + "/docs/automata-analysis.md", encoding: .utf8)
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
