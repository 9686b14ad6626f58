import JSON
import Model
import Testing

@testable import Store

/// The rules of writing once more, as plainly as possible, in memory.
private struct Oracle {
  var resources: [ResourceKey: Resource] = [:]
  var revision: Int64 = 0
  var changes: [String] = []

  /// The name of the error, or of what was done.
  mutating func run(_ write: Write, uid: String) -> String {
    let current = resources[write.key]
    func isStale(_ expected: Int64?) -> Bool { expected != nil && expected != current?.metadata.revision }
    switch write {
    case .create(var new):
      if current != nil { return "alreadyExists" }
      new.metadata.uid = uid
      new.metadata.generation = 1
      new.metadata.createdAt = Timestamp(milliseconds: 1)
      return put(new, "created")
    case .update(let new, let expected):
      guard var next = current else { return "notFound" }
      if isStale(expected) { return "conflict" }
      take(new, into: &next)
      next.metadata.finalizers = new.metadata.finalizers
      return finish(next, current)
    case .apply(let new, let expected):
      guard var next = current else {
        return expected == nil ? run(.create(new), uid: uid) : "conflict"
      }
      if isStale(expected) { return "conflict" }
      if next.isDeleting { return "deleting" }
      take(new, into: &next)
      return finish(next, current)
    case .updateStatus(_, _, let expected, let status):
      guard var next = current else { return "notFound" }
      if isStale(expected) { return "conflict" }
      next.status = status
      return finish(next, current)
    case .delete(_, _, let expected):
      guard var next = current else { return "notFound" }
      if isStale(expected) { return "conflict" }
      if next.metadata.finalizers.isEmpty { return remove(next) }
      if !next.isDeleting {
        next.metadata.deletedAt = Timestamp(milliseconds: 1)
        next.metadata.generation += 1
      }
      return finish(next, current)
    case .removeFinalizer(_, let name, _):
      guard var next = current else { return "notFound" }
      next.metadata.finalizers.removeAll { $0 == name }
      return finish(next, current)
    case .require(_, let revision):
      return revision == current?.metadata.revision ?? 0 ? "unchanged" : "conflict"
    }
  }

  private func take(_ new: Resource, into next: inout Resource) {
    next.metadata.labels = new.metadata.labels
    next.metadata.annotations = new.metadata.annotations
    if next.spec != new.spec { next.metadata.generation += 1 }
    next.spec = new.spec
  }

  private mutating func finish(_ next: Resource, _ current: Resource?) -> String {
    if next == current { return "unchanged" }
    return next.isDeleting && next.metadata.finalizers.isEmpty ? remove(next) : put(next, "updated")
  }

  private mutating func put(_ resource: Resource, _ action: String) -> String {
    revision += 1
    var resource = resource
    resource.metadata.revision = revision
    resources[resource.key] = resource
    changes.append("\(revision) \(action) \(resource.key)")
    return action
  }

  private mutating func remove(_ resource: Resource) -> String {
    revision += 1
    resources[resource.key] = nil
    changes.append("\(revision) deleted \(resource.key)")
    return "removed"
  }
}

@Suite struct RandomizedTests {
  let scratch = Scratch()

  @Test func behavesAsTheOracle() async throws {
    var generator = SeededGenerator(seed: SeededGenerator.seed())
    var options = StoreOptions()
    options.clock = { Timestamp(milliseconds: 1) }
    options.makeUID = { "uid" }
    var store = try ResourceStore(path: "\(scratch.path)/db", options: options)
    var oracle = Oracle()
    for step in 1...1500 {
      let isolated = oracle
      let writes = (0..<(Bool.random(using: &generator) ? 1 : Int.random(in: 2...4, using: &generator))).map { _ in
        randomWrite(oracle, &generator)
      }
      let results = writes.map { oracle.run($0, uid: "uid") }
      let failure = results.first { !["created", "updated", "removed", "unchanged"].contains($0) }
      if failure != nil { oracle = isolated }
      do {
        let outcomes = try await store.transaction(writes)
        #expect(failure == nil && outcomes.map(\.action.rawValue) == results, "step \(step): \(writes)")
      } catch {
        #expect(
          String(describing: Mirror(reflecting: error).children.first?.label ?? "\(error)") == failure,
          "step \(step): \(writes)")
      }
      if step % 150 == 0 { try await compare(store, oracle) }
      if step % 400 == 0 {
        store.close()
        store = try ResourceStore(path: "\(scratch.path)/db", options: options)
      }
    }
    try await compare(store, oracle)
    let changes = try await collect(try store.changes(since: 0), upTo: oracle.revision)
    #expect(changes.map { "\($0.revision) \($0.type) \($0.resource.key)" } == oracle.changes)
  }

  private func randomWrite(_ oracle: Oracle, _ generator: inout SeededGenerator) -> Write {
    let key = ResourceKey(
      owner: ["a", "a\u{0}", "b"].randomElement(using: &generator) ?? "a",
      kind: ["Cell", "Process"].randomElement(using: &generator) ?? "Cell",
      name: "n\(Int.random(in: 0..<4, using: &generator))")
    var labels: [String: String] = [:]
    for name in ["x", "y", "z"] where Bool.random(using: &generator) {
      labels[name] = "\(Int.random(in: 0..<2, using: &generator))"
    }
    let new = resource(
      key.name, owner: key.owner, kind: key.kind, labels: labels,
      finalizers: Int.random(in: 0..<3, using: &generator) == 0 ? ["f", "g"] : [],
      spec: ["n": .integer(Int64.random(in: 0..<3, using: &generator))])
    let revision = oracle.resources[key]?.metadata.revision
    let expected = [nil, nil, revision, 1].randomElement(using: &generator) ?? nil
    switch Int.random(in: 0..<8, using: &generator) {
    case 0: return .create(new)
    case 1: return .update(new, expected: expected)
    case 2, 3: return .apply(new, expected: expected)
    case 4:
      return .updateStatus(key, expected: expected, status: ["s": .integer(Int64.random(in: 0..<2, using: &generator))])
    case 5: return .delete(key, expected: expected)
    case 6: return .removeFinalizer(key, Bool.random(using: &generator) ? "f" : "g")
    default: return .require(key, revision: Bool.random(using: &generator) ? revision ?? 0 : 3)
    }
  }

  private func compare(_ store: ResourceStore, _ oracle: Oracle) async throws {
    #expect(store.revision == oracle.revision)
    let report = try await store.verifyIndexes()
    #expect(report.faults == [])
    #expect(report.resources == oracle.resources.count)
    func sorted(_ keep: (Resource) -> Bool) -> [Resource] {
      oracle.resources.values.filter(keep).sorted {
        ($0.metadata.owner, $0.metadata.name) < ($1.metadata.owner, $1.metadata.name)
      }
    }
    for kind in ["Cell", "Process"] {
      #expect(try await store.list(kind: kind).items == sorted { $0.kind == kind })
      for owner in ["a", "a\u{0}", "b"] {
        #expect(
          try await store.list(kind: kind, owner: owner).items
            == sorted { $0.kind == kind && $0.metadata.owner == owner })
        for text in ["x=1", "x=0,y", "y!=1", "!z"] {
          let selector = try LabelSelector(text)
          let expected = sorted {
            $0.kind == kind && $0.metadata.owner == owner && selector.matches($0.metadata.labels)
          }
          #expect(try await store.list(kind: kind, owner: owner, selector: selector).items == expected)
        }
      }
    }
  }
}
