import Glibc
import Linux
import Testing

@testable import Node

@Suite struct AdoptionTests {
  @Test func workGoesOnWhileTheDaemonRestarts() async throws {
    let test = try TestNode()
    var node = try await test.start()
    var configuration = CellConfiguration(id: "c", name: "a/b")
    configuration.limits.memoryMax = 256 << 20
    configuration.limits.processesMax = 100
    let created = try await node.createCell(configuration)
    try await node.startProcess(
      cell: "c",
      ProcessConfiguration(
        id: "counter", arguments: ["sh", "-c", "i=0; while :; do echo $i; i=$((i+1)); sleep 0.01; done"]))
    try await node.startProcess(
      cell: "c", ProcessConfiguration(id: "ends", arguments: ["sh", "-c", "sleep 0.2; echo last; exit 9"]))
    var cat = ProcessConfiguration(id: "cat", arguments: ["cat"])
    cat.input = .open
    cat.environment = ["X": "y"]
    cat.limits.processesMax = 10
    cat.resourceLimits = [ResourceLimit(.core, 0)]
    try await node.startProcess(cell: "c", cat)
    let before = try await node.status(cell: "c")

    // Only one daemon at a time.
    await #expect(throws: NodeError.inUse(test.directory + "/run")) { _ = try await test.start() }
    await node.shutdown()
    try await Task.sleep(for: .milliseconds(500))
    node = try await test.start()

    #expect(node.adoption == .init(adopted: ["c"]))
    let after = try await node.status(cell: "c")
    #expect(after.configuration == configuration && after.supervisorPid == created.supervisorPid)
    #expect(after.processes.map(\.configuration) == before.processes.map(\.configuration))
    let states = Dictionary(uniqueKeysWithValues: after.processes.map { ($0.configuration.id, $0.state) })
    #expect(states["counter"]?.isRunning == true && states["cat"]?.isRunning == true)
    #expect(states["counter"] == before.processes.first { $0.configuration.id == "counter" }?.state)
    #expect(states["ends"]?.exitReason == .code(9))
    // The log has no gap, and input goes on.
    try await node.stopProcess(cell: "c", process: "counter", signal: .kill)
    var numbers: [Int] = []
    for await entry in try node.logs(cell: "c", process: "counter") { numbers.append(Int(entry.text) ?? -1) }
    #expect(numbers.count > 20 && numbers == Array(0..<numbers.count))
    try await node.write(cell: "c", process: "cat", Array("after\n".utf8))
    try await node.closeInput(cell: "c", process: "cat")
    #expect(try await node.waitForExit(cell: "c", process: "cat").exitReason == .code(0))
    for await entry in try node.logs(cell: "c", process: "cat") { #expect(entry.text == "after") }
    #expect(try await node.run("echo new", cell: "c", id: "new").text == "new\n")
    try await test.finish(node)
  }

  @Test func aLostCellKeepsItsLogs() async throws {
    let test = try TestNode()
    var node = try await test.start()
    let cell = try await node.createCell(CellConfiguration(id: "c"))
    _ = try await node.run("echo first", cell: "c")
    await node.shutdown()
    let handle = try Pidfd(pid: cell.supervisorPid)
    try handle.send(signal: SIGKILL)
    _ = handle.waitUntilEnded(milliseconds: 10_000)
    node = try await test.start()
    #expect(node.adoption.lost == ["c"] && node.adoption.adopted == [])
    #expect(await node.list() == [])
    _ = try await node.createCell(CellConfiguration(id: "c"))
    _ = try await node.run("echo second", cell: "c")
    var lines: [String] = []
    for await entry in try node.logs(cell: "c", process: "p") { lines.append(entry.text) }
    #expect(lines == ["first", "second"])
    try await test.finish(node)
  }

  @Test func halfMadeThingsAreCollected() async throws {
    let test = try TestNode()
    var node = try await test.start()
    await node.shutdown()
    let driver = CgroupDriver(hierarchy: try .detect(), parent: "aether-\(test.instance)")
    try driver.prepare()
    _ = try driver.make("orphan", limits: CgroupLimits(), figures: true, hasChildren: true)
    try Files.makeDirectories(test.directory + "/run/cells/half")
    try Files.makeDirectories(test.directory + "/state/cells/broken/logs")
    node = try await test.start()
    #expect(Set(node.adoption.removed) == ["orphan", "half", "broken"])
    try await test.finish(node)
  }
}
