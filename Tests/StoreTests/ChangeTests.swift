import JSON
import Model
import Testing

@testable import Store

@Suite struct ChangeTests {
  let scratch = Scratch()

  func open() throws -> ResourceStore { try ResourceStore(path: "\(scratch.path)/db") }

  func text(_ changes: [Change]) -> [String] {
    changes.map { "\($0.revision) \($0.type) \($0.resource.metadata.owner):\($0.resource.metadata.name)" }
  }

  @Test func historyThenLive() async throws {
    let store = try open()
    try await store.create(resource("a"))
    try await store.create(resource("b", owner: "bob"))
    let feed = try store.changes(since: 0)
    async let seen = collect(feed, upTo: 5)
    try await store.update(resource("a", labels: ["x": "1"]), expected: nil)
    try await store.delete(key("a"))
    try await store.create(resource("c"))
    #expect(
      try await text(seen) == [
        "1 created ada:a", "2 created bob:b", "3 updated ada:a", "4 deleted ada:a", "5 created ada:c",
      ])
    let deleted = try await collect(try store.changes(since: 3), upTo: 4)
    #expect(deleted.first?.resource.metadata.labels == ["x": "1"])
    #expect(deleted.first?.resource.spec == ["size": 1])
    await expect(.revisionAhead(requested: 6, current: 5)) { _ = try store.changes(since: 6) }
  }

  @Test func filters() async throws {
    let store = try open()
    try await store.create(resource("a", labels: ["tier": "web"]))
    try await store.create(resource("p", kind: "Process"))
    try await store.update(resource("a", labels: ["tier": "db"]), expected: nil)
    try await store.create(resource("a", owner: "bob", labels: ["tier": "web"]))
    try await store.update(resource("a", labels: ["tier": "web", "new": "1"]), expected: nil)
    try await store.update(resource("a", labels: ["tier": "web"], spec: ["size": 2]), expected: nil)
    try await store.delete(key("a"))
    func seen(_ filter: ChangeFilter, upTo: Int64) async throws -> [String] {
      text(try await collect(try store.changes(since: 0, filter: filter), upTo: upTo))
    }
    #expect(try await seen(ChangeFilter(kind: "Process"), upTo: 2) == ["2 created ada:p"])
    #expect(try await seen(ChangeFilter(owner: "bob"), upTo: 4) == ["4 created bob:a"])
    #expect(try await seen(ChangeFilter(kind: "Cell", owner: "ada", name: "a"), upTo: 7).count == 5)
    let web = ChangeFilter(kind: "Cell", owner: "ada", selector: try LabelSelector("tier=web"))
    #expect(
      try await seen(web, upTo: 7) == [
        "1 created ada:a", "3 deleted ada:a", "5 created ada:a", "6 updated ada:a", "7 deleted ada:a",
      ])
    // Read from the disk after a restart, the same.
    store.close()
    let again = try open()
    #expect(again.revision == 7)
    #expect(try await text(collect(try again.changes(since: 0, filter: web), upTo: 7)).count == 5)
  }

  @Test func everyChangeOnceAcrossReconnects() async throws {
    let store = try open()
    var generator = SeededGenerator(seed: SeededGenerator.seed())
    let total: Int64 = 6000
    let writing = Task {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<8 {
          group.addTask {
            for index in 0..<Int(total) / 8 {
              try await store.apply(resource("w\(writer)", spec: ["n": .integer(Int64(index))]))
            }
          }
        }
        try await group.waitForAll()
      }
    }
    var position: Int64 = 0
    var seen: [Int64] = []
    while position < total {
      var iterator = try store.changes(since: position).makeAsyncIterator()
      for _ in 0..<Int.random(in: 1...200, using: &generator) where position < total {
        guard let change = try await iterator.next() else { break }
        seen.append(change.revision)
        position = change.revision
      }
    }
    try await writing.value
    #expect(seen == Array(1...total))
  }

  @Test func slowWatchersReadTheLog() async throws {
    let store = try open()
    let feed = try store.changes(since: 0)
    var slow = feed.makeAsyncIterator()
    // Far more than the ring holds.
    let fill = JSON.string(String(repeating: "x", count: 20_000))
    let total: Int64 = 1600
    for start in stride(from: Int64(0), to: total, by: 100) {
      _ = try await store.transaction((start..<start + 100).map { .create(resource("n\($0)", spec: ["fill": fill])) })
    }
    var seen: [Int64] = []
    while seen.last != total, let change = try await slow.next() { seen.append(change.revision) }
    #expect(seen == Array(1...total))
  }

  @Test func manyWatchersSeeTheSame() async throws {
    let store = try open()
    let watchers = 300
    let total: Int64 = 200
    try await withThrowingTaskGroup(of: [Int64].self) { group in
      for index in 0..<watchers {
        let filter =
          index % 3 == 0 ? ChangeFilter.all : ChangeFilter(kind: "Cell", owner: index % 3 == 1 ? "ada" : "bob")
        let feed = try store.changes(since: 0, filter: filter)
        group.addTask { try await collect(feed, upTo: index % 3 == 2 ? total : total - 1).map(\.revision) }
      }
      for index in 1...total { try await store.create(resource("n\(index)", owner: index % 2 == 0 ? "bob" : "ada")) }
      for try await seen in group {
        #expect(
          [
            Array(1...total), Array(1...total - 1), Array(stride(from: 1, to: total, by: 2)),
            Array(stride(from: 2, through: total, by: 2)),
          ].contains(seen))
      }
    }
  }

  @Test func cancelAndCloseEndAWait() async throws {
    let store = try open()
    let feed = try store.changes(since: 0)
    let cancelled = Task { try await collect(feed, upTo: 1) }
    cancelled.cancel()
    #expect(try await cancelled.value.isEmpty)
    let waiting = Task { try await collect(feed, upTo: 1) }
    try await Task.sleep(for: .milliseconds(50))
    store.close()
    await expect(.closed) { _ = try await waiting.value }
    await expect(.closed) { try await store.create(resource("a")) }
    await expect(.closed) { _ = try await store.get(key("a")) }
    await expect(.closed) { _ = try store.changes(since: 0) }
  }

  @Test func compactsOnRequest() async throws {
    let store = try open()
    for index in 1...20 { try await store.create(resource("n\(index)")) }
    try await store.compactChanges(upTo: 12)
    await expect(.compacted(oldest: 12)) { _ = try store.changes(since: 11) }
    #expect(try await collect(try store.changes(since: 12), upTo: 20).map(\.revision) == Array(13...20))
    let report = try await store.verifyIndexes()
    #expect(report.isSound)
    #expect(report.changes == 8)
    try await store.compactChanges(upTo: 1000)
    #expect(try await store.verifyIndexes().changes == 0)
    store.close()
    let again = try open()
    #expect(again.revision == 20)
    #expect(try await again.create(resource("later")).metadata.revision == 21)
    await expect(.compacted(oldest: 20)) { _ = try again.changes(since: 19) }
  }

  @Test func compactsBehindAWatcher() async throws {
    let store = try open()
    let fill = JSON.string(String(repeating: "x", count: 20_000))
    var slow = try store.changes(since: 0).makeAsyncIterator()
    for start in stride(from: 0, to: 1200, by: 100) {
      _ = try await store.transaction((start..<start + 100).map { .create(resource("n\($0)", spec: ["fill": fill])) })
    }
    try await store.compactChanges(upTo: 200)
    await expect(.compacted(oldest: 200)) { _ = try await slow.next() }
  }

  @Test func keepsSoManyAndSoLong() async throws {
    let clock = ManualClock()
    var options = StoreOptions()
    options.clock = { clock.now }
    options.changesMax = 500
    options.changeAge = .seconds(60)
    let store = try ResourceStore(path: "\(scratch.path)/kept", options: options)
    func write(_ count: Int) async throws {
      for _ in 0..<count / 100 {
        _ = try await store.transaction((0..<100).map { .apply(resource("n", spec: ["n": .integer(Int64($0))])) })
      }
    }
    try await write(3000)
    let kept = try await store.verifyIndexes()
    #expect(kept.isSound)
    #expect((500...(500 + Int(StoreLimits.compactionInterval) + 100)).contains(kept.changes))
    clock.advance(by: 120_000)
    try await write(1100)
    let young = try await store.verifyIndexes()
    #expect(young.isSound)
    #expect(young.changes <= 1200)
    #expect(store.revision == 4100)
  }
}
