import Glibc
import Linux
import Net
import Testing

@testable import Node

@Suite struct FailureTests {
  @Test func badRootIsUndone() async throws {
    try await TestNode.with { node, test in
      var cell = CellConfiguration(id: "c")
      cell.root = .directory("/no/such/root")
      await #expect(throws: NodeError.failed(step: "mount root file system", subject: "/no/such/root", errno: ENOENT)) {
        _ = try await node.createCell(cell)
      }
      #expect(test.leftovers() == [])
      cell.root = .host
      cell.mounts = [.bind(source: "/no/such/source", target: "/mnt")]
      await #expect(throws: NodeError.failed(step: "mount", subject: "/mnt", errno: ENOENT)) {
        _ = try await node.createCell(cell)
      }
      cell.mounts = []
      cell.namespaces.insert(.user)
      cell.root = .directory("/no/such/root")
      await #expect(throws: NodeError.failed(step: "mount root file system", subject: "/no/such/root", errno: ENOENT)) {
        _ = try await node.createCell(cell)
      }
      #expect(test.leftovers() == [])
    }
  }

  @Test func aTakenPortIsUndone() async throws {
    try await TestNode.with { node, test in
      let (listener, port) = try TCP.listen("127.0.0.1", 0)
      defer { close(listener) }
      var cell = CellConfiguration(id: "c")
      cell.ports = [PublishedPort(hostPort: 0, cellPort: 1), PublishedPort(hostPort: port, cellPort: 80)]
      await #expect(throws: NodeError.failed(step: "listen", subject: "127.0.0.1:\(port)", errno: EADDRINUSE)) {
        _ = try await node.createCell(cell)
      }
      #expect(test.leftovers() == [])
    }
  }

  @Test func badProcessesAreUndone() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      func start(_ change: (inout ProcessConfiguration) -> Void) async -> NodeError? {
        var configuration = ProcessConfiguration(id: "p", arguments: ["true"])
        change(&configuration)
        do throws(NodeError) {
          try await node.startProcess(cell: "c", configuration)
          return nil
        } catch {
          return error
        }
      }
      #expect(
        await start { $0.arguments = ["/no/such"] } == .failed(step: "execute", subject: "/no/such", errno: ENOENT))
      #expect(
        await start { $0.arguments = ["nosuchprogram"] }
          == .failed(step: "execute", subject: "nosuchprogram", errno: ENOENT))
      #expect(await start { $0.arguments = ["/etc"] } == .failed(step: "execute", subject: "/etc", errno: EACCES))
      #expect(
        await start { $0.directory = "/no/such" }
          == .failed(step: "enter directory", subject: "/no/such", errno: ENOENT))
      #expect(await start { $0.arguments = [] } == .invalid(field: "command", message: "a program is needed"))
      #expect(await start { $0.id = "../x" }?.code == "invalid")
      #expect(await start { $0.arguments = ["true", String(repeating: "x", count: 200_000)] }?.code == "invalid")
      #expect(await start { $0.resourceLimits = [ResourceLimit(.openFiles, soft: 5, hard: 4)] }?.code == "invalid")
      #expect(try await node.status(cell: "c").processes == [])
      #expect(await start { _ in } == nil)
      _ = try await node.waitForExit(cell: "c", process: "p")
      try await node.startProcess(cell: "c", ProcessConfiguration(id: "q", arguments: ["sleep", "100"]))
      #expect(await start { $0.id = "q" } == .processExists("q"))
      await #expect(throws: NodeError.stillRunning("q")) { try await node.removeProcess(cell: "c", process: "q") }
    }
  }

  @Test(arguments: ["", ".x", "a/b", "_", "x y", "ä", String(repeating: "x", count: 129)])
  func badNames(_ id: String) async throws {
    #expect(throws: NodeError.self) { try CellConfiguration(id: id).validate() }
  }

  @Test func cellsAreUnique() async throws {
    try await TestNode.with { node, _ in
      _ = try await node.createCell(CellConfiguration(id: "c"))
      await #expect(throws: NodeError.cellExists("c")) { _ = try await node.createCell(CellConfiguration(id: "c")) }
      try await node.removeCell("c")
      try await node.removeCell("c")
      await #expect(throws: NodeError.noSuchCell("c")) { _ = try await node.status(cell: "c") }
    }
  }

  @Test func manyCyclesLeaveNothing() async throws {
    try await TestNode.with { node, test in
      let descriptors = try Files.names(in: "/proc/self/fd").count
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<4 {
          group.addTask {
            for round in 0..<50 {
              var cell = CellConfiguration(id: "c\(worker)-\(round)")
              cell.root = .directory("/", .overlay(upper: nil))
              if round % 2 == 0 { cell.limits.memoryMax = 64 << 20 }
              _ = try await node.createCell(cell)
              let (_, reason) = try await node.run("exit \(round)", cell: cell.id)
              #expect(reason == .code(Int32(round)))
              try await node.removeCell(cell.id)
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(test.leftovers() == [])
      // Other suites run beside this one; a leak would show as hundreds.
      #expect(try Files.names(in: "/proc/self/fd").count < descriptors + 150)
    }
  }
}
