import Foundation
import Testing

@testable import Control

/// Each file in Scenarios/ is a story with the effects that it has. `AETHER_UPDATE_SCENARIOS=1` writes what comes out
/// into the files, to be reviewed like code.
@Suite struct ScenarioTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Scenarios")
  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { $0.hasSuffix(".txt") }.sorted()

  @Test func thereAreScenarios() { #expect(ScenarioTests.names.count >= 8) }

  @Test(arguments: ScenarioTests.names) func plays(_ name: String) throws {
    let file = ScenarioTests.folder.appendingPathComponent(name)
    let expected = try String(contentsOf: file, encoding: .utf8)
    let actual = try ScenarioRunner.play(expected)
    if ProcessInfo.processInfo.environment["AETHER_UPDATE_SCENARIOS"] != nil {
      try actual.write(to: file, atomically: true, encoding: .utf8)
      return
    }
    let (expectedLines, actualLines) = (expected.split(separator: "\n"), actual.split(separator: "\n"))
    for (index, pair) in zip(expectedLines, actualLines).enumerated() where pair.0 != pair.1 {
      Issue.record("\(name), line \(index + 1) without blank lines:\nexpected \(pair.0)\nactual   \(pair.1)")
      return
    }
    #expect(expectedLines.count == actualLines.count, "\(name)")
  }
}
