import AppFormat
import Foundation
import Testing

@testable import AppProjects

/// The apps of Examples/apps, as `scripts/build-apps` made them.
@Suite struct SampleAppTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  static let names = [
    "automaton-host", "chat-alice", "chat-bob", "counter", "fetcher", "hello", "misbehave", "sensor-logger", "snake",
    "storage-bench", "thermostat",
  ]

  @Test func everyProjectIsListed() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root + "/Examples/apps")
    let projects = folders.filter { Disk.isThere("\(Self.root)/Examples/apps/\($0)/app.json") }
    #expect(projects.sorted() == Self.names)
    for name in projects { #expect(try Project(folder: "\(Self.root)/Examples/apps/\(name)").name == name) }
  }

  @Test(arguments: names) func asksForWhatItNeedsAndNothingElse(_ name: String) throws {
    let path = "\(Self.root)/.build/apps/\(name).wasm"
    try #require(Disk.isThere(path), "scripts/build-apps makes the apps")
    let inspection = try Inspection(try Disk.read(path))
    let manifest = try #require(inspection.manifest)
    #expect(manifest.name == name && manifest.abi == .host && !manifest.summary.isEmpty)
    #expect(inspection.exports.contains("main") && inspection.memory?.min == 1)
    #expect(inspection.imports.allSatisfy { if case .known = $0.verdict { true } else { false } })
    #expect(inspection.unneeded == [] && inspection.undefinedCapabilities == [])
    if name == "misbehave" {
      // What it has no right to is what it tries.
      #expect(inspection.missing.contains("ota.trigger") && inspection.missing.contains("gpio.write"))
    } else {
      #expect(inspection.missing == [])
    }
    #expect(inspection.size < 20_000)
    // Small enough for a quota with nothing else in it.
    if manifest.memoryQuota > 0 { #expect(UInt64(manifest.memoryQuota) >= 65_536) }
  }
}
