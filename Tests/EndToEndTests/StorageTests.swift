import Foundation
import JSON
import Testing

/// Backup and a full disk, through the real daemon.
@Suite(.serialized) struct StorageTests {
  private static let program = Installation.programs + "/aetherd"

  private static func cell(_ name: String) -> String { "kind: Cell\nmetadata: {name: \(name)}\n" }

  @Test func backupOfAStoppedDaemon() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start()
    try aether.apply(Self.cell("kept"))
    aether.stop()
    #expect(try Installation.run(Self.program, ["backup", aether.root + "/backup", "--root", aether.root]).status == 0)
    let again = try Installation.run(Self.program, ["backup", aether.root + "/backup", "--root", aether.root])
    #expect(again.status == 1 && again.errors.contains("exists already"), "\(again.errors)")
    try FileManager.default.removeItem(atPath: aether.root + "/store")
    let restored = try Installation.run(Self.program, ["restore", aether.root + "/backup", "--root", aether.root])
    #expect(restored.status == 0, "\(restored.errors)")
    try await aether.start()
    #expect(try aether.run("get", "cell", "kept").status == 0)
  }

  /// Cells come one after the other, so a whole backup has the first of them without a gap.
  @Test func backupWhileTheDaemonWrites() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start()
    try aether.apply(Self.cell("w-0"))
    let root = aether.root
    let writer = Thread {
      for index in 1..<40 {
        _ = try? Installation.run(
          Installation.programs + "/aether", ["apply", "-f", "-"],
          environment: ["AETHER_CONFIG": root + "/client.yaml"], input: StorageTests.cell("w-\(index)"))
      }
    }
    writer.start()
    try await aether.wait("some cells are there") { try aether.run("get", "cell", "w-3").status == 0 }
    let backup = try Installation.run(Self.program, ["backup", aether.root + "/backup", "--root", aether.root])
    #expect(backup.status == 0 && backup.output.contains("revision"), "\(backup.errors)")
    let again = try Installation.run(Self.program, ["backup", aether.root + "/backup", "--root", aether.root])
    #expect(again.status == 1 && again.errors.contains("exists already"), "\(again.errors)")
    while !writer.isFinished { try await Task.sleep(for: .milliseconds(50)) }
    aether.stop()
    try FileManager.default.removeItem(atPath: aether.root + "/store")
    let restored = try Installation.run(Self.program, ["restore", aether.root + "/backup", "--root", aether.root])
    #expect(restored.status == 0, "\(restored.errors)")
    try await aether.start()
    let names = try aether.run("get", "cells", "-o", "name").output.split(separator: "\n").map(String.init)
    #expect(names.count >= 4)
    #expect(Set(names) == Set((0..<names.count).map { "cell w-\($0)" }))
  }

  @Test func fullDisk() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    let mounted = try Installation.run("/bin/mount", ["-t", "tmpfs", "-o", "size=96m,mode=0711", "tmpfs", aether.root])
    try #require(mounted.status == 0, "\(mounted.errors)")
    defer {
      aether.stop()
      _ = try? Installation.run("/bin/umount", ["-l", aether.root])
    }
    try await aether.start()
    try aether.apply(Self.cell("before"))
    _ = try Installation.run("/bin/dd", ["if=/dev/zero", "of=\(aether.root)/filler", "bs=64k"])
    // What fits the space already taken may still go in.
    var refusal: Installation.Result?
    var accepted: [String] = []
    for index in 0..<2000 where refusal == nil {
      let name = "full-\(index)"
      let result = try aether.run("apply", "-f", "-", input: Self.cell(name))
      if result.status == 0 { accepted.append(name) } else { refusal = result }
    }
    #expect(refusal?.errors.contains("disk is full") == true, "\(String(describing: refusal))")
    #expect(try aether.run("get", "cell", "before").status == 0)
    try FileManager.default.removeItem(atPath: aether.root + "/filler")
    try await aether.wait("there is room again") {
      try aether.run("apply", "-f", "-", input: StorageTests.cell("after")).status == 0
    }
    aether.kill()
    try await aether.start()
    for name in ["before", "after"] + accepted { #expect(try aether.run("get", "cell", name).status == 0, "\(name)") }
    for name in ["before", "after"] + accepted { try aether.run("delete", "cell", name) }
  }

  /// Strangers take every descriptor that the daemon may have. It waits, serves again once they leave, and its work goes
  /// on.
  @Test func noDescriptorsLeft() async throws {
    let aether = try Installation()
    defer { aether.remove() }
    try await aether.start()
    try aether.apply(StorageTests.cell("before"))
    let pid = try #require(aether.daemon?.pid)
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
    #expect(try Installation.run("/usr/bin/prlimit", ["--pid", "\(pid)", "--nofile=\(open + 20)"]).status == 0)
    let strangers = (0..<100).map { _ in aether.connect() }
    #expect(strangers.allSatisfy { $0 >= 0 })
    try await aether.wait("all descriptors are taken") {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count >= open + 20
    }
    #expect(try Installation.run("/usr/bin/curl", ["-sk", "-m", "2", aether.server + "/healthz"]).status != 0)
    for stranger in strangers { close(stranger) }
    try await aether.wait("the daemon answers again") {
      try aether.run("get", "cells", "-o", "name").output == "cell before\n"
    }
    try aether.apply(StorageTests.cell("after"))
  }
}
