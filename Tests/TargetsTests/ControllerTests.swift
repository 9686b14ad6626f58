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
}
