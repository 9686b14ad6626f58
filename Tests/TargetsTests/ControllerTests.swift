import Automata
import AutomatonFiles
import Foundation
import Testing

/// The firmware that controls something runs its automaton in real time and listens to its console.
@Suite struct ControllerTests {
  @Test(arguments: ["Scripted", "Compiled", "Native"]) func thermostatHeatsAndRests(_ variant: String) throws {
    _ = try Images.cortexM4.get()
    let folder = Images.root.appendingPathComponent("Firmware/Controller/\(variant)")
    let source = variant == "Compiled" ? "Scripted" : variant
    let text = Array(
      try Data(contentsOf: Images.root.appendingPathComponent("Firmware/Controller/\(source)/thermostat.yaml")))
    let automaton = try AutomatonFile.load(text, file: "thermostat.yaml").automaton
    let model: [UInt8]? =
      switch variant {
      case "Scripted": ModelCodec.encode(automaton)
      case "Compiled": DeviceForm.encode(try CompiledAutomaton(automaton))
      default: DeviceForm.encode(try CompiledAutomaton(automaton), scripts: .names)
      }
    let file = folder.appendingPathComponent("thermostat.model")
    if ProcessInfo.processInfo.environment["AETHER_WRITE_TRACES"] == "1" {
      try Data(try #require(model)).write(to: file)
    }
    #expect(Array(try Data(contentsOf: file)) == model)

    let console = try Firmware.run(
      variant == "Scripted" ? "controller" : "controller-\(variant.lowercased())", files: [file.path],
      input: "temp=18.5\ntemp=warm\nnothing=1\ntemp=21.5\ntemp=20\ntemp=\(variant == "Native" ? "-30" : "-3e1")\n.\n")
    let lines = console.split(separator: "\n")
    #expect(
      lines.dropLast() == [
        "idle -> heating", "heater=true", "refused", "refused", "heating -> idle", "heater=false", "idle -> heating",
        "heater=true",
      ])
    #expect(lines.last?.hasPrefix("heap ") == true)
  }

  // MARK: Images with a part of the library

  private static func form(onEnter script: String) throws -> [UInt8] {
    let source = """
      config: {name: chosen}
      automata:
        initial_state: only
        states: {only: {on_enter: '\(script)'}}
        transitions: {}
      variables: {count: {type: int, direction: output}}
      """
    let automaton = try AutomatonFile.load(Array(source.utf8), file: "chosen.yaml").automaton
    return try #require(DeviceForm.encode(try CompiledAutomaton(automaton)))
  }

  private static func withForms<Answer>(
    _ scripts: [String], _ body: ([String]) throws -> Answer
  ) throws -> Answer {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("aether-forms-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = try scripts.enumerated().map { index, script in
      let file = folder.appendingPathComponent("\(index).form")
      try Data(try form(onEnter: script)).write(to: file)
      return file.path
    }
    return try body(files)
  }

  /// `controller-compiled` is made for the thermostat, which calls no function of the library.
  @Test func imagesRefuseWhatTheyLeaveOut() throws {
    _ = try Images.cortexM4.get()
    let refusal = "the image was made without a function that scripts name: "
    for (script, name) in [
      ("count = math.abs(-1)", "abs"), ("count = #string.rep(\"x\", 3)", "rep"), ("count = (\"x\"):byte()", "byte"),
      ("count = select(2, 1, 2)", "select"), ("local t = _G.type; count = 1", "type"),
    ] {
      try Self.withForms([script]) { files in
        let failure = #expect(throws: TargetPlace.Failure.self) {
          try Firmware.run("controller-compiled", files: files, input: ".\n")
        }
        let text = failure?.description ?? ""
        #expect(text.contains(refusal + name), "\(script): \(text)")
      }
    }
  }

  /// A name that a script puts together is looked up in vain only when it is called.
  @Test func whatIsLeftOutSaysSoWhenItIsCalled() throws {
    _ = try Images.cortexM4.get()
    try Self.withForms(["local a = \"ab\" count = math[a .. \"s\"] and 1; math[a .. \"s\"](2)"]) { files in
      let console = try Firmware.run("controller-compiled", files: files, input: ".\n")
      #expect(console.split(separator: "\n").dropLast() == ["count=1", "error"])
    }
  }

  @Test(
    arguments: [
      (["count = 1"], 0, 0),
      (["for key in pairs({}) do count = key end"], 1 << 5 | 1 << 6, 0),
      (["count = math.sin(0)"], 1 << 45, 0), (["count = (\"x\"):byte()"], 1 << 52, 0),
      (
        ["count = math.abs(-1)", "for place, code in utf8.codes(\"x\") do count = code end"], 1 << 28, 1 << 13 | 1 << 14
      ),
    ] as [([String], UInt64, UInt64)]) func functionsAreChosenByName(
      _ scripts: [String], _ low: UInt64, _ high: UInt64
    ) throws
  {
    try Self.withForms(scripts) { files in
      let chosen = String(decoding: try runProgram("scripts/select-library", files), as: UTF8.self)
      let bits = "(0x\(String(low, radix: 16)), 0x\(String(high, radix: 16)))"
      #expect(chosen.contains("{ \(bits) }"), "\(scripts): \(chosen)")
    }
  }
}
