import Arguments
import Automata
import AutomatonFiles
import Foundation
import JSON
import Testing

@testable import aether

/// The commands that check automata in files and turn one form into another.
@Suite struct AutomatonFileTests {
  private static let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Examples/automata").path

  private func run(_ words: String...) async throws -> Int32 {
    guard case .run(let command, let arguments) = try Program.root.parse(["automaton"] + words) else { return -1 }
    return try await command.run?(arguments) ?? -1
  }

  private func model(_ path: String) throws -> [UInt8] {
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    let loaded = try AutomatonFile.loadAny(bytes, access: .disk(folder: FileAccess.folder(of: path)))
    return ModelCodec.encode(loaded.automaton)
  }

  @Test(arguments: ["thermostat", "lucky-lamp", "media-player", "boiler"])
  func formsComeBackWithoutLoss(_ name: String) async throws {
    let scratch = try Scratch()
    let folder = scratch.path
    let source = "\(Self.examples)/\(name).yaml"
    let wanted = try model(source)
    #expect(try await run("validate", source) == 0)
    for form in ["yaml", "model"] {
      #expect(try await run("compile", source, "-o", "\(folder)/\(form).aeth", "--format", form) == 0)
      #expect(try await run("decompile", "\(folder)/\(form).aeth", "-o", "\(folder)/\(form).yaml") == 0)
      #expect(try model("\(folder)/\(form).aeth") == wanted)
      #expect(try model("\(folder)/\(form).yaml") == wanted)
    }
    // The author's own text comes back, comments and all.
    #expect(
      try String(contentsOfFile: "\(folder)/yaml.yaml", encoding: .utf8)
        == String(contentsOfFile: source, encoding: .utf8))

    #expect(try await run("convert", source, "-o", "project", "--output", "\(folder)/p.aeth", "--id", "one") == 0)
    #expect(try model("\(folder)/p.aeth") == wanted)
    #expect(try await run("convert", source, "-o", "project", "--output", "\(folder)/p.aeth", "--id", "two") == 0)
    #expect(try await run("convert", "\(folder)/p.aeth", "-o", "model", "--output", "\(folder)/m") == 3)
    #expect(try await run("convert", "\(folder)/p.aeth", "--id", "two", "-o", "model", "--output", "\(folder)/m") == 0)
    #expect(try model("\(folder)/m") == wanted)

    #expect(try await run("convert", source, "-o", "folder", "--output", "\(folder)/f/g") == 0)
    #expect(
      try await run("convert", "\(folder)/f/g/\(name).yaml", "-o", "yaml", "--output", "\(folder)/back.yaml") == 0)
    #expect(try model("\(folder)/back.yaml") == wanted)
    #expect(
      try await run("validate", "\(folder)/f/g/\(name).yaml", "\(folder)/p.aeth", "\(folder)/m", "--no-lint") == 0)
  }

  @Test func refusedFilesEndWithThree() async throws {
    let scratch = try Scratch()
    let folder = scratch.path
    let path = try scratch.write("bad.yaml", "automata: {states: {A: {cod: x}}}")
    #expect(try await run("validate", path) == 3)
    #expect(try await run("compile", path, "-o", "\(folder)/x.aeth") == 3)
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/x.aeth"))
    // What bytecode has no place for is named, and nothing is written.
    let source = "\(Self.examples)/thermostat.yaml"
    #expect(try await run("compile", source, "--format", "bytecode", "-o", "\(folder)/x.aeth") == 3)
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/x.aeth"))
  }

  @Test func bytecodeHoldsPlainAutomata() async throws {
    let scratch = try Scratch()
    let folder = scratch.path
    let path = try scratch.write(
      "lamp.yaml",
      """
      config: {name: lamp, description: for readers}
      automata:
        states: {Off: {description: dark}, On: {on_enter: "n = n + 1"}}
        transitions: {up: {from: Off, to: On, condition: n < 3}, down: {from: On, to: Off, type: timed, after: 1s}}
      variables: {n: {type: int, direction: output}}
      """)
    #expect(try await run("compile", path, "--format", "bytecode", "-o", "\(folder)/x.aeth") == 3)
    #expect(try await run("compile", path, "--strip", "-o", "\(folder)/x.aeth") == 0)
    let artifact = try Artifact.decode(Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/x.aeth"))))
    #expect(artifact.kind == .bytecode)
    #expect(
      try Bytecode.decode(artifact.payload)
        == AutomatonFile.loadAny(Array(try Data(contentsOf: URL(fileURLWithPath: path)))).automaton.withoutNotes())
  }

  @Test func lintsStandAtTheirPlaces() {
    let text = """
      automata:
        states:
          A:
            code: |
              x = 1
              y = tmep + 1
          B: {}
      variables: {temp: {type: double, direction: input}, y: {type: double}, x: {type: int}}
      """
    let report = AutomatonReport(Array(text.utf8), "a.yaml", options: LoadOptions(), lints: true)
    let unreachable = report.problems.first { $0.rule == .lint("unreachable-state") }
    #expect(unreachable?.position.map { "\($0)" } == "7:5")
    #expect(report.problems.contains { $0.rule == .unknownName && $0.position?.line == 6 })
    #expect(report.text.contains("a.yaml: "))
    #expect(report.json["problems"]?.arrayValue?.isEmpty == false)
  }
}
