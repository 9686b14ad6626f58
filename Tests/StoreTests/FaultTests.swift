import Foundation
import JSON
import Model
import RocksDB
import Testing

@testable import Store

/// A child program whose output lines are read as they come.
private final class Child {
  let process = Process()
  private let output = Pipe()
  private let input = Pipe()

  init(_ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: try torturePath())
    process.arguments = arguments
    process.standardOutput = output
    process.standardInput = input
    try process.run()
  }

  /// Kills the program after so many lines, and gives all that it wrote before it died.
  func kill(afterLines count: Int) -> [String] {
    var bytes = Data()
    var lines = 0
    while lines < count {
      let piece = output.fileHandleForReading.availableData
      if piece.isEmpty { break }
      bytes += piece
      lines += piece.count { $0 == 10 }
    }
    Glibc.kill(process.processIdentifier, SIGKILL)
    bytes += (try? output.fileHandleForReading.readToEnd()) ?? Data()
    process.waitUntilExit()
    // A line without its end was not acknowledged.
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      .map(String.init)
  }

  func firstLine() -> String {
    var bytes = Data()
    while !bytes.contains(10) {
      let piece = output.fileHandleForReading.availableData
      if piece.isEmpty { break }
      bytes += piece
    }
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  func end() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}

@Suite(.serialized) struct FaultTests {
  let scratch = Scratch()
  var path: String { "\(scratch.path)/db" }

  @Test func killedAtAnyMomentLosesNothingAcknowledged() async throws {
    var generator = SeededGenerator(seed: SeededGenerator.seed())
    var live: [ResourceKey: Resource] = [:]
    var verified: Int64 = 0
    var acknowledged = 0
    for round in 0..<40 {
      let lines = try Child(["write", path, "\(UInt32.random(in: 1...UInt32.max, using: &generator))"])
        .kill(afterLines: Int.random(in: 0...300, using: &generator))
      #expect(!lines.contains { $0.hasPrefix("failed") }, "round \(round): \(lines)")
      var options = StoreOptions()
      options.changesMax = 10_000_000
      let store = try ResourceStore(path: path, options: options)
      let report = try await store.verifyIndexes()
      #expect(report.faults == [], "round \(round)")
      // The log goes on without a gap, holds every acknowledged write, and adds up to what is stored.
      var log: [Int64: Change] = [:]
      for change in store.revision > verified
        ? try await collect(try store.changes(since: verified), upTo: store.revision) : []
      {
        #expect(change.revision == verified + 1)
        verified = change.revision
        log[change.revision] = change
        live[change.resource.key] = change.type == .deleted ? nil : change.resource
      }
      for line in lines where line != "open" {
        let words = line.split(separator: " ").map(String.init)
        let change = try #require(Int64(words[0]).flatMap { log[$0] }, "round \(round): lost \(line)")
        let key = change.resource.key
        let action = change.type == .deleted ? "removed" : "\(change.type)"
        #expect([action, key.owner, key.kind, key.name, change.resource.metadata.uid] == Array(words[1...]))
        acknowledged += 1
      }
      let stored = try await store.list(kind: "Cell").items + store.list(kind: "Process").items
      #expect(Dictionary(uniqueKeysWithValues: stored.map { ($0.key, $0) }) == live, "round \(round)")
      store.close()
    }
    print("acknowledged writes checked: \(acknowledged) in 40 rounds")
    #expect(acknowledged > 0)
  }

  @Test func anotherProcessHasItOpen() throws {
    let child = try Child(["hold", path])
    defer { child.end() }
    #expect(child.firstLine() == "open")
    do {
      _ = try ResourceStore(path: path)
      Issue.record("opened")
    } catch {
      guard case .locked(let message) = error else { throw error }
      #expect(message == "\(path) is in use by process \(child.process.processIdentifier) (aether-store-to)")
      #expect(error.apiError.code == .unavailable)
    }
  }

  @Test func refusesForeignDirectories() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Data("x".utf8).write(to: URL(fileURLWithPath: "\(path)/notes.txt"))
    #expect(throws: StoreError.foreignDirectory(path)) { _ = try ResourceStore(path: path) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["notes.txt"])
    for families in [[], ["other"], StoreKeys.columnFamilies] {
      let other = "\(scratch.path)/other\(families.count)"
      do {
        let database = try Database(path: other, options: DatabaseOptions(columnFamilies: families))
        try database.put(database.columnFamily("default"), [1], [1], synced: true)
        database.close()
      }
      #expect(throws: StoreError.foreignDirectory(other)) { _ = try ResourceStore(path: other) }
      #expect(try Set(Database.columnFamilies(at: other)) == Set(["default"] + families))
    }
    #expect(throws: StoreError.self) { _ = try ResourceStore(path: "\(scratch.path)/no/such/place") }
  }

  @Test func goesOnAfterACrashWhileItWasMade() async throws {
    // What a kill between the steps of making a database leaves.
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: "\(path)/LOCK"))
    let first = try ResourceStore(path: path)
    try await first.create(resource("a"))
    let partly = "\(scratch.path)/partly"
    do {
      let database = try Database(path: partly, options: DatabaseOptions(columnFamilies: ["resources"]))
      database.close()
    }
    try await ResourceStore(path: partly).create(resource("a"))
  }

  @Test func reportsDamage() async throws {
    let store = try ResourceStore(path: path)
    for index in 0..<50 { try await store.create(resource("n\(index)", labels: ["a": "b"])) }
    let engine = store.engine
    try engine.database.put(engine.keys.labels, StoreKeys.tuple("Cell", "a", "c", "ada", "n1"), [], synced: true)
    try engine.database.put(engine.keys.resources, StoreKeys.tuple("ada", "Cell", "n2"), [9, 9], synced: true)
    let report = try await store.verifyIndexes()
    #expect(report.faults.count >= 3)
    do {
      _ = try await store.get(key("n2"))
      Issue.record("read")
    } catch {
      guard case .corrupted = error else { throw error }
      #expect(error.apiError.code == .internal)
    }
    try engine.database.flush()
    store.close()
    // Damage on the disk itself: bytes in the middle of a table file.
    let tables = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".sst") }
    for table in tables {
      let file = try FileHandle(forUpdating: URL(fileURLWithPath: "\(path)/\(table)"))
      try file.seek(toOffset: 20)
      try file.write(contentsOf: Data(repeating: 0xA5, count: 40))
      try file.close()
    }
    do {
      _ = try await ResourceStore(path: path).list(kind: "Cell")
      Issue.record("read")
    } catch {
      guard case .corrupted = error else { throw error }
    }
  }

  @Test func migratesInOrderAndRefusesNewerVersions() async throws {
    func open(_ schema: StoreSchema) throws -> ResourceStore {
      try ResourceStore(path: path, options: StoreOptions(), schema: schema)
    }
    do {
      let store = try open(.current)
      try await store.create(resource("a"))
      store.close()
    }
    let marker = Array("steps".utf8)
    @Sendable func step(_ version: UInt32) -> StoreSchema.Migration {
      StoreSchema.Migration(version: version, summary: "adds its number") { (engine, batch) throws(StoreError) in
        let before = try stored { () throws(RocksError) in try engine.database.get(engine.keys.meta, marker) }
        batch.put(engine.keys.meta, marker, (before ?? []) + [UInt8(version)])
      }
    }
    let broken = StoreSchema.Migration(version: 3, summary: "fails") { (_, batch) throws(StoreError) in
      throw .unavailable("no")
    }
    #expect(throws: StoreError.unavailable("no")) {
      _ = try open(StoreSchema(version: 3, migrations: [broken, step(2)]))
    }
    let store = try open(StoreSchema(version: 4, migrations: [step(4), step(3), step(2)]))
    #expect(try store.engine.database.get(store.engine.keys.meta, marker) == [2, 3, 4])
    #expect(try StoreSchema.version(store.engine) == 4)
    #expect(try await store.get(key("a")).metadata.revision == 1)
    store.close()
    #expect(throws: StoreError.newerSchema(found: 4, supported: 1)) { _ = try open(.current) }
    // A newer release may have added a column family.
    do {
      let database = try Database(
        path: path, options: DatabaseOptions(columnFamilies: StoreKeys.columnFamilies + ["new"]))
      database.close()
    }
    #expect(throws: StoreError.newerSchema(found: 4, supported: 1)) { _ = try open(.current) }
  }

  @Test func backsUpWhileWritingAndRestores() async throws {
    let store = try ResourceStore(path: path)
    for index in 0..<200 { try await store.create(resource("n\(index)", labels: ["n": "\(index % 7)"])) }
    let writing = Task {
      var count = 0
      while !Task.isCancelled {
        try await store.apply(resource("n\(count % 200)", spec: ["count": .integer(Int64(count))]))
        count += 1
      }
    }
    let target = "\(scratch.path)/backup"
    let backup = try await store.backup(to: target)
    let second = try await store.backup(to: "\(scratch.path)/backup2")
    writing.cancel()
    try await writing.value
    #expect(backup.revision >= 200 && second.revision >= backup.revision)
    #expect(try StoreBackup(directory: target).files == backup.files)
    await expect(.unavailable("\(target) exists already")) { try await store.backup(to: target) }

    let restored = "\(scratch.path)/restored"
    let report = try ResourceStore.restore(from: target, to: restored)
    #expect(report.revision == backup.revision)
    let copy = try ResourceStore(path: restored)
    // The copy is what the original's log says it was at that revision.
    var expected: [ResourceKey: Resource] = [:]
    for change in try await collect(try store.changes(since: 0), upTo: backup.revision)
    where change.revision <= backup.revision {
      expected[change.resource.key] = change.resource
    }
    let items = try await copy.list(kind: "Cell").items
    #expect(Dictionary(uniqueKeysWithValues: items.map { ($0.key, $0) }) == expected)
    #expect(try await copy.create(resource("later")).metadata.revision == backup.revision + 1)
    #expect(throws: StoreError.unavailable("\(restored) is not empty; restore to a new directory")) {
      try ResourceStore.restore(from: target, to: restored)
    }
    // The backup itself was not touched, and a second restore gives the same.
    #expect(try ResourceStore.restore(from: target, to: "\(scratch.path)/again") == report)
  }

  @Test func refusesDamagedBackups() async throws {
    let store = try ResourceStore(path: path)
    try await store.create(resource("a"))
    let target = "\(scratch.path)/backup"
    let backup = try await store.backup(to: target)
    #expect(throws: StoreError.foreignDirectory(scratch.path)) {
      try ResourceStore.restore(from: scratch.path, to: "\(scratch.path)/x")
    }
    let victim = try #require(backup.files.first { $0.name.hasSuffix(".sst") })
    let file = "\(target)/\(victim.name)"
    // A fresh file: the one in the backup is the store's own by a hard link.
    var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    bytes[bytes.count / 2] ^= 1
    try FileManager.default.removeItem(atPath: file)
    try bytes.write(to: URL(fileURLWithPath: file))
    #expect(throws: StoreError.corrupted("\(file) is not the file that was backed up")) {
      try ResourceStore.restore(from: target, to: "\(scratch.path)/x")
    }
    #expect(!FileManager.default.fileExists(atPath: "\(scratch.path)/x"))
    #expect(!FileManager.default.fileExists(atPath: "\(scratch.path)/x.partial"))
    let manifest = "\(target)/\(StoreBackup.manifestName)"
    var generator = SeededGenerator(seed: SeededGenerator.seed())
    let text = try Data(contentsOf: URL(fileURLWithPath: manifest))
    for _ in 0..<300 {
      var mutated = text
      for _ in 0...3 {
        mutated[Int.random(in: 0..<mutated.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      try mutated.write(to: URL(fileURLWithPath: manifest))
      _ = try? StoreBackup(directory: target)
    }
  }
}
