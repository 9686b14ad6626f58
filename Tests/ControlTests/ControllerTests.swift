import Glibc
import JSON
import Linux
import Model
import Node
import Store
import Testing

@testable import Control

/// The control loop between the real store and the real node, which both can be replaced while work goes on.
private final class System {
  let directory: String
  let instance: String
  private(set) var store: ResourceStore
  private(set) var node: NodeRuntime
  private(set) var controller: Controller

  init() async throws {
    instance = "control-\(getpid())-\(String(UInt32.random(in: 0...UInt32.max), radix: 36))"
    directory = "/tmp/aether-\(instance)"
    try Files.makeDirectories(directory, mode: 0o755)
    store = try ResourceStore(path: directory + "/store", options: StoreOptions())
    node = try await NodeRuntime.start(System.options(directory, instance))
    controller = Controller(store: store, backend: LocalNodeBackend(node))
    try await controller.start()
  }

  private static func options(_ directory: String, _ instance: String) -> NodeRuntime.Options {
    .init(directories: .init(state: directory + "/state", run: directory + "/run"), instance: instance)
  }

  /// As after the end of a daemon: another one opens what the first left.
  func replaceDaemon(meanwhile: (NodeRuntime) async throws -> Void = { _ in }) async throws {
    await controller.stop()
    try await meanwhile(node)
    await node.shutdown()
    store.close()
    store = try ResourceStore(path: directory + "/store", options: StoreOptions())
    node = try await NodeRuntime.start(System.options(directory, instance))
    controller = Controller(store: store, backend: LocalNodeBackend(node))
    try await controller.start()
  }

  func apply(_ kind: String, _ name: String, _ spec: String) async throws {
    let definition = try KindRegistry.standard.require(kind)
    var resource = Resource(kind: kind, metadata: Metadata(name: name, owner: "o"), spec: try JSON.parse(spec))
    resource.metadata.finalizers = definition.finalizers
    try definition.check(resource, previous: nil)
    try await store.apply(resource)
  }

  func key(_ kind: String, _ name: String) -> ResourceKey { ResourceKey(owner: "o", kind: kind, name: name) }

  /// Follows the change feed until the resource is as asked; `nil` stands for no resource.
  func wait(
    _ kind: String, _ name: String, until isReached: (Resource?) -> Bool, _ location: SourceLocation = #_sourceLocation
  ) async throws -> Resource? {
    let key = key(kind, name)
    let position = store.revision
    var last = try await store.list(kind: kind).items.first { $0.key == key }
    if isReached(last) { return last }
    let timeout = Task { [store] in
      try await Task.sleep(for: .seconds(60))
      store.close()
    }
    defer { timeout.cancel() }
    var changes = try store.changes(since: position).makeAsyncIterator()
    do {
      while let change = try await changes.next() {
        guard change.resource.key == key else { continue }
        last = change.type == .deleted ? nil : change.resource
        if isReached(last) { return last }
      }
    } catch { Issue.record("the feed ended: \(error)", sourceLocation: location) }
    Issue.record("not reached: \(last.map { $0.json.text() } ?? "no resource")", sourceLocation: location)
    throw CancellationError()
  }

  func wait(
    _ kind: String, _ name: String, phase: String, _ location: SourceLocation = #_sourceLocation
  ) async throws -> Resource {
    let reached = try await wait(kind, name, until: { $0?.phase == phase }, location)
    return try #require(reached)
  }

  func finish() async throws {
    await controller.stop()
    for cell in await node.list() { try await node.removeCell(cell.configuration.id) }
    await node.shutdown()
    store.close()
    try Files.removeTree(directory)
  }

  static func with(_ body: (System) async throws -> Void) async throws {
    let system = try await System()
    do { try await body(system) } catch {
      try await system.finish()
      throw error
    }
    try await system.finish()
  }
}

@Suite(.serialized) struct ControllerTests {
  static let sleeper = #"{"command":["/bin/sleep","1000"],"restart":{"backoffMin":"10ms"}}"#

  @Test func declaredWorkRunsIsRepairedAndGoes() async throws {
    try await System.with { system in
      try await system.apply("Cell", "hello", #"{"limits":{"processes":32}}"#)
      try await system.apply("Process", "hello/web", ControllerTests.sleeper)
      let first = try await system.wait("Process", "hello/web", phase: "Running")
      let cell = try await system.wait("Cell", "hello", phase: "Running")
      let pid = try #require(first.status["pid"]?.integerValue)
      #expect(kill(pid_t(pid), 0) == 0)

      kill(pid_t(pid), SIGKILL)
      let second = try #require(
        try await system.wait("Process", "hello/web") { resource in
          resource?.phase == "Running" && resource?.status["pid"]?.integerValue != pid
        })
      #expect(second.status["restarts"] == 1)
      #expect(second.status["lastExit"]?["signal"] == "SIGKILL")

      // The gateway deletes what is inside first.
      try await system.store.delete(system.key("Process", "hello/web"))
      try await system.store.delete(system.key("Cell", "hello"))
      _ = try await system.wait("Cell", "hello") { $0 == nil }
      #expect(await system.node.list().isEmpty)
      #expect(try await system.store.list(kind: "Process").items.isEmpty)
      let newPid = try #require(second.status["pid"]?.integerValue)
      #expect(kill(pid_t(newPid), 0) == -1)
      #expect(cell.observedGeneration == 1)
    }
  }

  @Test func memoryLimitIsNamed() async throws {
    try await System.with { system in
      try await system.apply("Cell", "limits", #"{"limits":{"memory":"128Mi"}}"#)
      try await system.apply(
        "Process", "limits/eater",
        #"{"command":["/usr/bin/python3","-c","x=[]\nwhile True: x.append(bytearray(1<<20))"],"#
          + #""limits":{"memory":"32Mi"},"restart":{"policy":"onFailure","limit":1,"backoffMin":"10ms"}}"#)
      let failed = try await system.wait("Process", "limits/eater", phase: "Failed")
      #expect(failed.status["reason"] == "OOMKilled")
      #expect(failed.status["limit"] == ["kind": "Process", "field": "spec.limits.memory", "bytes": 33_554_432])
      #expect(failed.status["restarts"] == 1)
    }
  }

  @Test func anotherDaemonTakesOver() async throws {
    try await System.with { system in
      try await system.apply("Cell", "a", "{}")
      try await system.apply("Process", "a/stays", ControllerTests.sleeper)
      try await system.apply("Process", "a/once", #"{"command":["/bin/true"],"restart":{"policy":"never"}}"#)
      try await system.apply("Process", "a/ends", ControllerTests.sleeper)
      try await system.apply("Cell", "gone", "{}")
      let stays = try await system.wait("Process", "a/stays", phase: "Running")
      let ends = try await system.wait("Process", "a/ends", phase: "Running")
      let once = try await system.wait("Process", "a/once", phase: "Completed")
      let gone = try await system.wait("Cell", "gone", phase: "Running")

      let endedPid = try #require(ends.status["pid"]?.integerValue)
      try await system.replaceDaemon { node in
        kill(pid_t(endedPid), SIGKILL)
        // Deleted by force while nobody looked.
        try await system.store.removeFinalizer(gone.key, KindDefinition.nodeFinalizer)
        try await system.store.delete(gone.key)
      }
      let again = try #require(
        try await system.wait("Process", "a/ends") { resource in
          resource?.phase == "Running" && resource?.status["pid"]?.integerValue != endedPid
        })
      #expect(again.status["restarts"] == 1)
      try await system.apply("Process", "a/new", ControllerTests.sleeper)
      _ = try await system.wait("Process", "a/new", phase: "Running")
      let stayed = try await system.wait("Process", "a/stays", phase: "Running")
      #expect(stayed.status == stays.status)
      #expect(try await system.wait("Process", "a/once", phase: "Completed").status == once.status)
      // Orphans go by themselves; nothing in the store tells of it.
      for _ in 0..<600 {
        if await system.node.list().map(\.configuration.name).allSatisfy({ !$0.hasSuffix("gone") }) { break }
        try await Task.sleep(for: .milliseconds(100))
      }
      #expect(await system.node.list().count == 1)
    }
  }

  @Test func changesTakeEffect() async throws {
    try await System.with { system in
      try await system.apply("Cell", "a", #"{"limits":{"processes":20}}"#)
      try await system.apply("Process", "a/p", ControllerTests.sleeper)
      let before = try await system.wait("Process", "a/p", phase: "Running")
      // In place.
      try await system.apply("Cell", "a", #"{"limits":{"processes":30}}"#)
      _ = try await system.wait("Cell", "a") { $0?.observedGeneration == 2 && $0?.phase == "Running" }
      #expect(await system.node.list().first?.configuration.limits.processesMax == 30)
      #expect(try await system.wait("Process", "a/p", phase: "Running").status["pid"] == before.status["pid"])
      // A new run.
      try await system.apply("Process", "a/p", #"{"command":["/bin/sleep","2000"],"stop":{"gracePeriod":"100ms"}}"#)
      let changed = try #require(
        try await system.wait("Process", "a/p") { $0?.observedGeneration == 2 && $0?.phase == "Running" })
      #expect(changed.status["pid"] != before.status["pid"])
      #expect(changed.status["restarts"] == 0)
      // A new cell.
      try await system.apply("Cell", "a", #"{"hostname":"other"}"#)
      _ = try await system.wait("Cell", "a") { $0?.observedGeneration == 3 && $0?.phase == "Running" }
      let moved = try #require(
        try await system.wait("Process", "a/p") { resource in
          resource?.phase == "Running" && resource?.status["pid"] != changed.status["pid"]
        })
      #expect(moved.status["lastExit"]?["reason"] == "Stopped")
      #expect(await system.node.list().first?.configuration.hostname == "other")
      // A program that is not there.
      try await system.apply("Process", "a/no", #"{"command":["/no/such/program"],"restart":{"policy":"never"}}"#)
      let failed = try await system.wait("Process", "a/no", phase: "Failed")
      #expect(failed.status["reason"] == "StartFailed", "\(failed.status.text())")
    }
  }
}
