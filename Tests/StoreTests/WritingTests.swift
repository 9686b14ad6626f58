import JSON
import Model
import Testing

@testable import Store

@Suite struct WritingTests {
  let scratch = Scratch()

  func open() throws -> ResourceStore {
    var options = StoreOptions()
    options.clock = { Timestamp(milliseconds: 5000) }
    return try ResourceStore(path: "\(scratch.path)/db", options: options)
  }

  @Test func createsOnce() async throws {
    let store = try open()
    let made = try await store.create(resource("a", labels: ["tier": "web"]))
    #expect(made.metadata.uid.count == 32)
    #expect(made.metadata.generation == 1)
    #expect(made.metadata.revision == 1)
    #expect(made.metadata.createdAt == Timestamp(milliseconds: 5000))
    #expect(store.revision == 1)
    #expect(try await store.get(key("a")) == made)
    await expect(.alreadyExists(key("a"))) { try await store.create(resource("a")) }
    await expect(.notFound(key("b"))) { _ = try await store.get(key("b")) }
    #expect(try await store.find(key("b")) == nil)
    #expect(store.revision == 1)
  }

  @Test func comparesAndSets() async throws {
    let store = try open()
    var made = try await store.create(resource("a"))
    made.metadata.labels = ["x": "1"]
    let labelled = try await store.update(made, expected: 1)
    #expect((labelled.metadata.generation, labelled.metadata.revision) == (1, 2))
    made.spec = ["size": 2]
    await expect(.conflict(key("a"), expected: 1, current: 2)) { try await store.update(made, expected: 1) }
    let grown = try await store.update(made, expected: 2)
    #expect((grown.metadata.generation, grown.metadata.revision) == (2, 3))
    #expect(try await store.update(made, expected: nil) == grown)
    await expect(.notFound(key("b"))) { try await store.update(resource("b"), expected: nil) }
    var other = made
    other.metadata.uid = "other"
    await expect(.replaced(key("a"), expected: "other", current: made.metadata.uid)) {
      try await store.update(other, expected: nil)
    }
  }

  @Test func statusLeavesGenerationAlone() async throws {
    let store = try open()
    let made = try await store.create(resource("a"))
    let running = try await store.updateStatus(key("a"), expected: 1, status: ["phase": "Running"])
    #expect(running.phase == "Running")
    #expect((running.metadata.generation, running.metadata.revision) == (1, 2))
    await expect(.conflict(key("a"), expected: 1, current: 2)) {
      try await store.updateStatus(key("a"), expected: 1, status: [:])
    }
    await expect(.replaced(key("a"), expected: "u", current: made.metadata.uid)) {
      try await store.updateStatus(key("a"), uid: "u", status: [:])
    }
    // An update of the rest does not touch it.
    var changed = made
    changed.spec = ["size": 3]
    #expect(try await store.update(changed, expected: nil).phase == "Running")
    #expect(try await store.updateStatus(key("a"), status: ["phase": "Running"]).metadata.revision == 3)
  }

  @Test func appliesWithoutNeedlessWrites() async throws {
    let store = try open()
    let first = try await store.apply(resource("a", finalizers: ["node"]))
    #expect(first.action == .created)
    let again = try await store.apply(resource("a"))
    #expect(again.action == .unchanged)
    #expect(again.resource == first.resource)
    let changed = try await store.apply(resource("a", spec: ["size": 9]))
    #expect(changed.action == .updated)
    #expect(changed.resource?.metadata.finalizers == ["node"])
    #expect(changed.resource?.metadata.generation == 2)
    #expect(store.revision == 2)
    try await store.delete(key("a"))
    await expect(.deleting(key("a"))) { try await store.apply(resource("a")) }
    await expect(.conflict(key("b"), expected: 7, current: 0)) { try await store.apply(resource("b"), expected: 7) }
  }

  @Test func deletesWhenFinalizersAreGone() async throws {
    let store = try open()
    try await store.create(resource("a", finalizers: ["node", "route"]))
    let marked = try await store.delete(key("a"))
    #expect(marked.action == .updated)
    #expect(marked.resource?.metadata.deletedAt == Timestamp(milliseconds: 5000))
    #expect(marked.resource?.metadata.generation == 2)
    #expect(try await store.delete(key("a")).action == .unchanged)
    #expect(try await store.removeFinalizer(key("a"), "node").action == .updated)
    #expect(try await store.removeFinalizer(key("a"), "node").action == .unchanged)
    let gone = try await store.removeFinalizer(key("a"), "route")
    #expect(gone.action == .removed)
    #expect(gone.resource?.metadata.revision == 4)
    await expect(.notFound(key("a"))) { try await store.delete(key("a")) }

    let plain = try await store.create(resource("a"))
    await expect(.conflict(key("a"), expected: 4, current: 5)) { try await store.delete(key("a"), expected: 4) }
    #expect(try await store.delete(key("a"), uid: plain.metadata.uid, expected: 5).action == .removed)
    #expect(try await store.verifyIndexes().isSound)
  }

  @Test func transactionsAreAllOrNothing() async throws {
    let store = try open()
    try await store.create(resource("a"))
    await expect(.notFound(key("z"))) {
      _ = try await store.transaction([.create(resource("b")), .delete(key("a")), .delete(key("z"))])
    }
    #expect(try await store.find(key("b")) == nil)
    #expect(store.revision == 1)
    let outcomes = try await store.transaction([
      .require(key("a"), revision: 1), .require(key("c"), revision: 0), .create(resource("b")),
      .updateStatus(key("b"), status: ["phase": "New"]), .delete(key("a")), .create(resource("a", spec: ["size": 7])),
    ])
    #expect(outcomes.map(\.action) == [.unchanged, .unchanged, .created, .updated, .removed, .created])
    #expect(outcomes.compactMap(\.resource?.metadata.revision) == [1, 2, 3, 4, 5])
    #expect(store.revision == 5)
    await expect(.conflict(key("a"), expected: 1, current: 5)) {
      _ = try await store.transaction([.require(key("a"), revision: 1)])
    }
    await expect(.tooLarge(what: "the transaction", size: 257, max: 256)) {
      _ = try await store.transaction((0..<257).map { .create(resource("n\($0)")) })
    }
    #expect(try await store.verifyIndexes().isSound)
  }

  @Test func refusesWhatIsTooLarge() async throws {
    let store = try open()
    do {
      try await store.create(resource("a", spec: ["text": .string(String(repeating: "x", count: 1 << 20))]))
      Issue.record("accepted")
    } catch {
      guard case .tooLarge(let what, _, let max) = error else { throw error }
      #expect((what, max) == ("Cell \"a\"", 1 << 20))
      #expect(error.apiError.code == .tooLarge)
    }
    var deep: JSON = 1
    for _ in 0..<10_000 { deep = [deep] }
    for resource in [
      resource("a", spec: ["x": deep]), resource(""), resource("a", owner: ""), resource("a", kind: ""),
      resource(String(repeating: "n", count: 513)),
    ] {
      do {
        try await store.create(resource)
        Issue.record("accepted")
      } catch {
        guard case .invalid = error else { throw error }
      }
    }
    var many = resource("a")
    many.metadata.finalizers = (0..<33).map { "f\($0)" }
    await expect(.tooLarge(what: "metadata.finalizers", size: 33, max: 32)) { try await store.create(many) }
    #expect(store.revision == 0)
  }

  @Test func manyWritersCountExactly() async throws {
    let store = try open()
    try await store.create(resource("counter", spec: ["count": 0]))
    let writers = 64
    let each = 20
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<writers {
        group.addTask {
          for _ in 0..<each {
            while true {
              var current = try await store.get(key("counter"))
              current.spec = ["count": .integer((current.spec["count"]?.integerValue ?? 0) + 1)]
              do {
                try await store.update(current, expected: current.metadata.revision)
                break
              } catch StoreError.conflict { continue }
            }
          }
        }
      }
      try await group.waitForAll()
    }
    let final = try await store.get(key("counter"))
    #expect(final.spec["count"]?.integerValue == Int64(writers * each))
    #expect(final.metadata.revision == Int64(writers * each + 1))
  }
}
