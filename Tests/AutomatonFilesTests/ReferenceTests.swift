import Automata
import Foundation
import Testing

@testable import AutomatonFiles

/// docs/automata-files.md says what the tables of the loaders say, and its examples are read.
@Suite struct ReferenceTests {
  private func document() throws -> String {
    try String(contentsOf: ExampleTests.root.appendingPathComponent("docs/automata-files.md"), encoding: .utf8)
  }

  private func words(_ accepts: Accepts) -> String {
    switch accepts {
    case .text: "text"
    case .script(let isExpression): isExpression ? "expression" : "script"
    case .flag: "true, false"
    case .whole(let range): "\(range.lowerBound) to \(range.upperBound)"
    case .number: "number"
    case .weight: "number"
    case .duration(let bare): bare == .seconds ? "duration; bare: s" : "duration; bare: ms"
    case .instant: "ms, or duration"
    case .choice(let choices):
      choices.map { choice in
        choice.aliases.isEmpty ? choice.word : "\(choice.word) (\(choice.aliases.joined(separator: ", ")))"
      }.joined(separator: ", ")
    case .scalar: "value"
    case .texts: "text or list"
    case .wholes: "number or list"
    case .references: "list of NAME or NAME:TYPE"
    case .section(let section): "map: \(section.title)"
    case .sectionOrText(let section): "map: \(section.title); or text"
    case .list(let section, let textAllowed): "list: \(section.title)\(textAllowed ? ", or text" : "")"
    case .entries(let section): "by name: \(section.title)"
    }
  }

  private func table(_ section: Section) -> String {
    var lines = ["| key | accepts | without it | meaning |", "|---|---|---|---|"]
    for key in section.keys {
      let names = key.spellings.map { "`\($0)`" }.joined(separator: ", ")
      let fallback = key.isRequired ? "needed" : key.fallback.isEmpty ? "–" : key.fallback
      lines.append("| \(names) | \(words(key.accepts)) | \(fallback) | \(key.summary) |")
    }
    return lines.joined(separator: "\n")
  }

  @Test(arguments: Section.allCases) func everyKeyIsListed(_ section: Section) throws {
    let wanted = "### \(section.title)\n\n\(table(section))\n"
    #expect(try document().contains(wanted), "the table must be:\n\(wanted)")
  }

  @Test func profilesAreListed() throws {
    let document = try document()
    func word(_ value: Int?) -> String { value.map { String($0) } ?? "–" }
    for profile in TargetProfile.all {
      let limits = profile.limits
      let numbers = [
        limits.states, limits.transitions, limits.variables, limits.stringBytes, limits.scriptBytes, limits.queue,
        limits.artifactBytes,
      ].map(word).joined(separator: " | ")
      let row = "| \(profile.name) | \(profile.scripts == .full ? "all of Lua" : "subset") | \(numbers) |"
      #expect(document.contains(row), "\(row)")
    }
  }

  /// Every block marked `yaml` is a file; blocks of compositions find the automata of the examples.
  @Test func examplesAreRead() throws {
    let blocks = try document().components(separatedBy: "```yaml\n").dropFirst().map {
      String($0.components(separatedBy: "\n```")[0])
    }
    #expect(blocks.count >= 3)
    let folder = ExampleTests.root.appendingPathComponent("Examples/automata").path
    for block in blocks {
      let bytes = Array(block.utf8)
      if CompositionFile.isComposition(bytes) {
        let loaded = try CompositionFile.load(bytes, access: .disk(folder: folder))
        #expect(loaded.warnings.isEmpty, "\(loaded.warnings)")
        continue
      }
      let loaded = try AutomatonFile.load(bytes, options: LoadOptions(strictUnits: true))
      #expect(loaded.warnings.isEmpty, "\(loaded.warnings)")
      let engine = Engine(try CompiledAutomaton(loaded.automaton))
      try engine.start(at: 0)
      for time in 1...20 { _ = engine.tick(at: Int64(time) * 100) }
      #expect(engine.errorCount == 0)
    }
  }

  @Test func everyRuleIsListed() throws {
    let document = try document()
    let source = try String(
      contentsOf: ExampleTests.root.appendingPathComponent("Sources/Platform/AutomatonFiles/FileProblem.swift"),
      encoding: .utf8)
    let rules = source.components(separatedBy: "= Rule(\"").dropFirst().map { $0.components(separatedBy: "\"")[0] }
    #expect(rules.count > 20)
    for rule in rules { #expect(document.contains("| \(rule) |"), "\(rule)") }
  }
}
