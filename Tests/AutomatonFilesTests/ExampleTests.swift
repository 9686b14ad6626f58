import Automata
import AutomatonFiles
import Foundation
import Testing

/// The examples are read without a warning, and written and read again.
@Suite struct ExampleTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test(arguments: ["thermostat", "lucky-lamp", "media-player", "boiler"])
  func isReadWithoutAWarning(_ name: String) throws {
    let bytes = try Data(contentsOf: Self.root.appendingPathComponent("Examples/automata/\(name).yaml"))
    let loaded = try AutomatonFile.load(Array(bytes), file: name, options: LoadOptions(strictUnits: true))
    #expect(loaded.warnings.isEmpty, "\(loaded.warnings)")
    #expect(text(loaded.automaton.name) == name)
    let again = try AutomatonFile.load(Array(try AutomatonFile.text(of: loaded.automaton).utf8))
    #expect(again.automaton == loaded.automaton)
  }

  @Test func theHouseIsWired() throws {
    let folder = Self.root.appendingPathComponent("Examples/automata").path
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/house.yaml")))
    #expect(CompositionFile.isComposition(bytes))
    let loaded = try CompositionFile.load(bytes, file: folder + "/house.yaml", access: .disk(folder: folder))
    #expect(loaded.warnings.isEmpty, "\(loaded.warnings)")
    #expect(loaded.composition.instances.map(\.id) == ["living_room", "bedroom", "boiler"])
    #expect(loaded.composition.wires.map(\.conversion) == [.none, .none, .invert])
    let network = NetworkRun(try loaded.composition.network())
    try network.start()
    for _ in 0..<10 { network.tick() }
    #expect(network.engines.count == 3)
    let again = try CompositionFile.load(
      Array(try CompositionFile.text(of: loaded.composition).utf8), access: .disk(folder: folder))
    #expect(again.composition == loaded.composition)
  }
}
