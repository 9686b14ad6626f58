import Automata
import AutomatonFiles
import Foundation
import Testing

/// The examples are read without a warning, and written and read again.
@Suite struct ExampleTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test(arguments: ["thermostat", "lucky-lamp", "media-player"])
  func isReadWithoutAWarning(_ name: String) throws {
    let bytes = try Data(contentsOf: Self.root.appendingPathComponent("Examples/automata/\(name).yaml"))
    let loaded = try AutomatonFile.load(Array(bytes), file: name, options: LoadOptions(strictUnits: true))
    #expect(loaded.warnings.isEmpty, "\(loaded.warnings)")
    #expect(text(loaded.automaton.name) == name)
    let again = try AutomatonFile.load(Array(try AutomatonFile.text(of: loaded.automaton).utf8))
    #expect(again.automaton == loaded.automaton)
  }
}
