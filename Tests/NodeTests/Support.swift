import Glibc
import Linux
import Testing

@testable import Node

/// A node of its own in a temporary directory.
struct TestNode {
  let directory: String
  let instance: String

  init() throws {
    var random = SystemRandomNumberGenerator()
    let tag = String(random.next() as UInt32, radix: 36)
    instance = "test-\(getpid())-\(tag)"
    directory = "/tmp/aether-\(instance)"
    try Files.makeDirectories(directory, mode: 0o755)
    chmod(directory, 0o755)
  }

  var options: NodeRuntime.Options {
    .init(directories: .init(state: directory + "/state", run: directory + "/run"), instance: instance)
  }

  func start() async throws -> NodeRuntime { try await NodeRuntime.start(options) }

  /// Runs `body` on a fresh node, then removes every cell and checks that nothing is left.
  static func with(_ body: (NodeRuntime, TestNode) async throws -> Void) async throws {
    let node = try TestNode()
    let runtime = try await node.start()
    do {
      try await body(runtime, node)
    } catch {
      try await node.finish(runtime)
      throw error
    }
    try await node.finish(runtime)
  }

  func finish(_ runtime: NodeRuntime) async throws {
    for cell in await runtime.list() { try await runtime.removeCell(cell.configuration.id) }
    #expect(leftovers() == [])
    await runtime.shutdown()
    if let groups = try? CgroupHierarchy.detect() {
      #expect(!Files.exists("\(groups.unified)/aether-\(instance)"))
    }
    try Files.removeTree(directory)
  }

  /// Groups, mounts and directories that cells left behind.
  func leftovers() -> [String] {
    var found: [String] = []
    if let hierarchy = try? CgroupHierarchy.detect() {
      let driver = CgroupDriver(hierarchy: hierarchy, parent: "aether-\(instance)")
      found += driver.children().map { "group \($0)" }
    }
    let mounts = (try? Files.read("/proc/self/mountinfo", limit: 16 << 20)).map { String(decoding: $0, as: UTF8.self) }
    found += (mounts ?? "").split(separator: "\n").filter { $0.contains(directory) }.map { "mount \($0)" }
    for place in ["/state/cells", "/run/cells"] {
      found += ((try? Files.names(in: directory + place)) ?? []).map { "\(place)/\($0)" }
    }
    return found
  }
}

extension NodeRuntime {
  /// Runs a shell command as a process of a cell and gives its log and how it ended.
  func run(
    _ script: String, cell: String, id: String = "p", _ change: (inout ProcessConfiguration) -> Void = { _ in }
  ) async throws -> (text: String, reason: ExitReason?) {
    var configuration = ProcessConfiguration(id: id, arguments: ["/bin/sh", "-c", script])
    change(&configuration)
    // An id that is used again goes on with its log.
    let begin = wallTime()
    try await startProcess(cell: cell, configuration)
    let state = try await waitForExit(cell: cell, process: id)
    var text = ""
    for await entry in try logs(cell: cell, process: id, since: begin) {
      text += entry.text + (entry.isPartial ? "" : "\n")
    }
    return (text, state.exitReason)
  }
}
