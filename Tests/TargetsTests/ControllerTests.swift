import Automata
import AutomatonFiles
import Foundation
import Testing

/// The firmware that controls something runs its automaton in real time and listens to its console.
@Suite struct ControllerTests {
  @Test(arguments: ["Scripted", "Native"]) func thermostatHeatsAndRests(_ variant: String) throws {
    _ = try Images.cortexM4.get()
    let folder = Images.root.appendingPathComponent("Firmware/Controller/\(variant)")
    let text = Array(try Data(contentsOf: folder.appendingPathComponent("thermostat.yaml")))
    let model = ModelCodec.encode(try AutomatonFile.load(text, file: "thermostat.yaml").automaton)
    let file = folder.appendingPathComponent("thermostat.model")
    if ProcessInfo.processInfo.environment["AETHER_WRITE_TRACES"] == "1" { try Data(model).write(to: file) }
    #expect(Array(try Data(contentsOf: file)) == model)

    let console = try Firmware.run(
      variant == "Native" ? "controller-native" : "controller", files: [file.path],
      input: "temp=18.5\ntemp=warm\nnothing=1\ntemp=21.5\ntemp=20\ntemp=-3e1\n.\n")
    let lines = console.split(separator: "\n")
    #expect(
      lines.dropLast() == [
        "idle -> heating", "heater=true", "refused", "refused", "heating -> idle", "heater=false", "idle -> heating",
        "heater=true",
      ])
    #expect(lines.last?.hasPrefix("heap ") == true)
  }
}
