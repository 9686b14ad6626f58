import Glibc
import Linux
import Testing

@testable import Node

@Suite struct LimitTests {
  static let eater = "import time\nb=[]\nwhile True: b.append(bytearray(4<<20))"

  @Test func memoryOfAProcess() async throws {
    try await TestNode.with { node, _ in
      var cell = CellConfiguration(id: "c")
      cell.limits.memoryMax = 512 << 20
      _ = try await node.createCell(cell)
      var eater = ProcessConfiguration(id: "eater", arguments: ["/usr/bin/python3", "-c", LimitTests.eater])
      eater.limits.memoryMax = 48 << 20
      try await node.startProcess(cell: "c", eater)
      let state = try await node.waitForExit(cell: "c", process: "eater")
      #expect(state.exitReason == .outOfMemory(.process(bytes: 48 << 20)))
      #expect(try await node.status(cell: "c").phase == .running)
    }
  }

  @Test func memoryOfACell() async throws {
    try await TestNode.with { node, _ in
      var cell = CellConfiguration(id: "c")
      cell.limits.memoryMax = 64 << 20
      _ = try await node.createCell(cell)
      let (_, reason) = try await node.run("exec /usr/bin/python3 -c '\(LimitTests.eater)'", cell: "c")
      #expect(reason == .outOfMemory(.cell(bytes: 64 << 20)))
      // A plain kill afterwards is a plain kill.
      #expect(try await node.run("kill -9 $$", cell: "c", id: "q").reason == .signal(9))
      let stats = try await node.stats(cell: "c")
      #expect(stats.memoryPeakBytes ?? 0 > 32 << 20)
    }
  }

  @Test func processes() async throws {
    try await TestNode.with { node, _ in
      var cell = CellConfiguration(id: "c")
      cell.limits.processesMax = 8
      _ = try await node.createCell(cell)
      let (text, _) = try await node.run("for i in 1 2 3 4 5 6 7 8 9 10; do sleep 5 & done 2>&1; echo done", cell: "c")
      #expect(text.contains("Cannot fork") || text.contains("Resource temporarily unavailable"), "\(text)")
    }
  }

  @Test func cpu() async throws {
    try await TestNode.with { node, _ in
      var cell = CellConfiguration(id: "c")
      cell.limits.cpuQuotaMicroseconds = 10_000
      cell.limits.cpuWeight = 50
      _ = try await node.createCell(cell)
      try await node.startProcess(
        cell: "c", ProcessConfiguration(id: "spin", arguments: ["sh", "-c", "while :; do :; done"]))
      var stats = try await node.stats(cell: "c")
      for _ in 0..<500 where stats.throttledPeriods ?? 0 == 0 || stats.cpuNanoseconds == 0 {
        try await Task.sleep(for: .milliseconds(20))
        stats = try await node.stats(cell: "c")
      }
      #expect(stats.throttledPeriods ?? 0 > 0 && stats.cpuNanoseconds > 0)
      #expect(stats.tasks ?? 0 >= 1 && stats.memoryBytes ?? 0 > 0)
      let own = try await node.stats(cell: "c", process: "spin")
      #expect(own.cpuNanoseconds > 0 && own.memoryBytes ?? 0 > 0)
    }
  }

  @Test func unavailableLimitsAreNamed() async throws {
    let hierarchy = try CgroupHierarchy.detect()
    guard !hierarchy.unifiedControllers.contains("memory") else { return }
    try await TestNode.with { node, _ in
      var cell = CellConfiguration(id: "c")
      cell.limits.memoryHigh = 1 << 20
      do {
        _ = try await node.createCell(cell)
        Issue.record("a limit that cannot be held was accepted")
      } catch NodeError.unavailable(let feature, let reason) {
        #expect(feature == "limits.memoryHigh" && reason.contains("cgroup v2"))
      }
    }
  }
}
