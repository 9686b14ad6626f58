import Glibc
import Linux
import Testing

@testable import Node

@Suite struct ProcessTests {
  @Test func exits() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      #expect(try await node.run("exit 7", cell: "c").reason == .code(7))
      #expect(try await node.run("kill -SEGV $$", cell: "c").reason == .signal(11))
      #expect(try await node.run("kill -9 $$", cell: "c").reason == .signal(9))
      let status = await node.list()[0].processes[0]
      #expect(status.usage?.peakMemoryBytes ?? 0 > 0)
      try await node.removeProcess(cell: "c", process: "p")
      #expect(await node.list()[0].processes == [])
      await #expect(throws: NodeError.noSuchProcess("p")) { try await node.removeProcess(cell: "c", process: "p") }
    }
  }

  @Test func input() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      let (text, _) = try await node.run("cat; echo end", cell: "c") { $0.input = .bytes(Array("given\n".utf8)) }
      #expect(text == "given\nend\n")
      #expect(try await node.run("cat; echo end", cell: "c").text.hasSuffix("end\n"))
      var open = ProcessConfiguration(id: "open", arguments: ["cat"])
      open.input = .open
      try await node.startProcess(cell: "c", open)
      try await node.write(cell: "c", process: "open", Array("one\n".utf8))
      try await node.write(cell: "c", process: "open", Array("two\n".utf8))
      try await node.closeInput(cell: "c", process: "open")
      #expect(try await node.waitForExit(cell: "c", process: "open").exitReason == .code(0))
      var lines: [String] = []
      for await entry in try node.logs(cell: "c", process: "open") { lines.append(entry.text) }
      #expect(lines == ["one", "two"])
    }
  }

  @Test func terminal() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      let (text, reason) = try await node.run(
        "tty; stty size; echo $TERM; test -t 0 && test -t 1 && echo yes", cell: "c"
      ) {
        $0.terminal = .init(rows: 33, columns: 101)
      }
      #expect(reason == .code(0) && text == "/dev/pts/0\r\n33 101\r\nxterm\r\nyes\r\n", "\(text)")
      var shell = ProcessConfiguration(id: "shell", arguments: ["sh"])
      shell.terminal = .init()
      try await node.startProcess(cell: "c", shell)
      try await node.resize(cell: "c", process: "shell", .init(rows: 7, columns: 9))
      try await node.write(cell: "c", process: "shell", Array("stty size; exit 3\n".utf8))
      #expect(try await node.waitForExit(cell: "c", process: "shell").exitReason == .code(3))
      var output = ""
      for await entry in try node.logs(cell: "c", process: "shell") { output += entry.text }
      #expect(output.contains("7 9"), "\(output)")
    }
  }

  @Test func surroundings() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      let (text, _) = try await node.run("id; pwd; env | sort; ulimit -n; ulimit -c", cell: "c") {
        $0.user = 1234
        $0.group = 2345
        $0.supplementaryGroups = [3456]
        $0.directory = "/usr/lib"
        $0.environment = ["A": "b c", "Z": "ü"]
        $0.resourceLimits = [ResourceLimit(.openFiles, 77), ResourceLimit(.core, 0)]
      }
      #expect(text.contains("uid=1234 gid=2345 groups=2345,3456"), "\(text)")
      #expect(text.contains("/usr/lib\nA=b c\nHOME=/\nPATH=/usr/local/sbin:"))
      #expect(text.contains("Z=ü") && text.hasSuffix("77\n0\n"))
    }
  }

  @Test func stopping() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      var polite = ProcessConfiguration(
        id: "polite", arguments: ["sh", "-c", "trap 'echo bye; exit 4' TERM; echo on; while :; do sleep 0.05; done"])
      polite.stopGracePeriod = .seconds(30)
      try await node.startProcess(cell: "c", polite)
      try await untilLog(node, "polite", "on")
      #expect(try await node.stopProcess(cell: "c", process: "polite").exitReason == .code(4))
      // What ignores the signal is killed, with what it started.
      let stubborn = ProcessConfiguration(
        id: "stubborn", arguments: ["sh", "-c", "trap '' TERM; sleep 1000 & echo on; while :; do sleep 0.05; done"])
      try await node.startProcess(cell: "c", stubborn)
      try await untilLog(node, "stubborn", "on")
      #expect(
        try await node.stopProcess(cell: "c", process: "stubborn", grace: .milliseconds(200)).exitReason == .signal(9))
      let (left, _) = try await node.run("ps -e -o comm= | grep -c sleep", cell: "c")
      #expect(left == "0\n")
      #expect(try await node.stopProcess(cell: "c", process: "stubborn").exitReason == .signal(9))
    }
  }

  @Test func pausing() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      try await node.startProcess(
        cell: "c", ProcessConfiguration(id: "tick", arguments: ["sh", "-c", "while :; do echo tick; sleep 0.02; done"]))
      try await untilLog(node, "tick", "tick")
      try await node.setPaused(cell: "c", true)
      #expect(try await node.status(cell: "c").phase == .paused)
      let first = try await count(node, "tick")
      try await Task.sleep(for: .milliseconds(300))
      #expect(try await count(node, "tick") == first)
      try await node.setPaused(cell: "c", false)
      var now = first
      for _ in 0..<500 {
        now = try await count(node, "tick")
        if now > first { break }
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(now > first)
    }
  }

  @Test func execution() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      let echo = try await node.exec(
        cell: "c", ProcessConfiguration(id: "x", arguments: ["sh", "-c", "cat; echo err >&2; exit 5"]))
      try await echo.write(Array("through".utf8))
      await echo.closeInput()
      let result = await echo.collect()
      #expect(String(decoding: result.output, as: UTF8.self) == "through")
      #expect(String(decoding: result.errors, as: UTF8.self) == "err\n" && result.exit == .code(5))
      // More than the pipes hold, both ways at once.
      let big = try await node.exec(cell: "c", ProcessConfiguration(id: "x", arguments: ["cat"]))
      let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
      async let written: Void = {
        try await big.write(bytes)
        await big.closeInput()
      }()
      let echoed = await big.collect(limit: 2_000_000)
      try await written
      #expect(echoed.output == bytes && echoed.exit == .code(0))
      var shell = ProcessConfiguration(id: "x", arguments: ["sh"])
      shell.terminal = .init(rows: 10, columns: 20)
      let terminal = try await node.exec(cell: "c", shell)
      try await terminal.resize(.init(rows: 44, columns: 55))
      try await terminal.write(Array("stty size; exit 6\n".utf8))
      let seen = await terminal.collect()
      #expect(String(decoding: seen.output, as: UTF8.self).contains("44 55") && seen.exit == .code(6))
      #expect(try await node.status(cell: "c").processes == [])
      await #expect(throws: NodeError.failed(step: "execute", subject: "/no/such", errno: ENOENT)) {
        _ = try await node.exec(cell: "c", ProcessConfiguration(id: "x", arguments: ["/no/such"]))
      }
    }
  }

  @Test func eventsTellTheStory() async throws {
    try await TestNode.with { node, _ in
      var events = node.events().makeAsyncIterator()
      _ = try await node.createCell(CellConfiguration(id: "c"))
      _ = try await node.run("exit 2", cell: "c")
      try await node.removeCell("c")
      #expect(await events.next() == .cellCreated("c"))
      guard case .process("c", "p", .running(let pid, _)) = await events.next() else { throw Unexpected() }
      #expect(pid >= 0)
      guard case .process("c", "p", .exited(.code(2), _, _)) = await events.next() else { throw Unexpected() }
      #expect(await events.next() == .cellRemoved("c"))
    }
  }

  /// The supervisor dies: everything is reported lost and the cell can be removed.
  @Test func lostSupervisor() async throws {
    try await TestNode.with { node, _ in
      var events = node.events().makeAsyncIterator()
      let cell = try await node.createCell(CellConfiguration(id: "c"))
      try await node.startProcess(cell: "c", ProcessConfiguration(id: "p", arguments: ["sleep", "1000"]))
      kill(cell.supervisorPid, SIGKILL)
      while let event = await events.next() { if event == .cellLost("c") { break } }
      let status = try await node.status(cell: "c")
      #expect(status.phase == .lost && status.processes[0].state.exitReason == .cellLost)
      await #expect(throws: NodeError.self) { try await node.run("true", cell: "c", id: "q") }
    }
  }

  private func untilLog(_ node: NodeRuntime, _ process: String, _ text: String) async throws {
    for await entry in try node.logs(cell: "c", process: process, follow: true) where entry.text.contains(text) {
      return
    }
  }

  private func count(_ node: NodeRuntime, _ process: String) async throws -> Int {
    var count = 0
    for await _ in try node.logs(cell: "c", process: process) { count += 1 }
    return count
  }
}

struct Unexpected: Error {}
