import Foundation
import Testing

@testable import Script

/// The programs of the folder `Scenarios` print what `lua5.4` prints.
@Suite struct ScenarioTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Scenarios")

  static var names: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".lua") }.sorted()
  }

  @Test(arguments: names) func printsWhatLuaPrints(_ name: String) throws {
    let source = try String(contentsOf: ScenarioTests.folder.appendingPathComponent(name), encoding: .utf8)
    let expected = try #require(try LuaPeer.run([source]).first).components(separatedBy: "\n")
    let actual = runScript(source).output.components(separatedBy: "\n")
    for (index, line) in expected.enumerated() where index >= actual.count || actual[index] != line {
      Issue.record(
        "\(name), output line \(index + 1): \(index < actual.count ? actual[index] : "nothing"), lua5.4: \(line)")
    }
    #expect(actual.count == expected.count)
  }

  @Test func thereAreScenarios() { #expect(ScenarioTests.names.count >= 8) }

  /// Offsets that the heap computes itself.
  @Test func layoutsAreAsAssumed() {
    #expect(MemoryLayout<TableEntry>.offset(of: \.value) == 16)
    #expect(MemoryLayout<TableEntry>.stride == 32)
    #expect(
      MemoryLayout<UpvalueObject>.offset(of: \.closed)
        == (MemoryLayout<ObjectHeader>.size + MemoryLayout<ValueRef>.size + 7) / 8 * 8)
  }
}
