import Foundation
import Testing

@testable import RocksDB

/// A directory that goes with the test.
final class Scratch {
  let path: String
  init() {
    var template = Array("/tmp/aether-rocksdb-XXXXXX".utf8CString)
    mkdtemp(&template)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }
}

@Suite struct DatabaseTests {
  let scratch = Scratch()

  func open(_ name: String = "db") throws -> Database {
    try Database(path: "\(scratch.path)/\(name)", options: DatabaseOptions(columnFamilies: ["a", "b"]))
  }

  @Test func batchesSnapshotsAndCursors() throws {
    let database = try open()
    let a = try database.columnFamily("a")
    let b = try database.columnFamily("b")
    var batch = WriteBatch(database)
    for index in UInt8(0)..<10 { batch.put(a, [1, index], [index]) }
    batch.put(b, [], [])
    try database.write(batch, synced: true)
    #expect(batch.count == 11)
    let snapshot = try database.snapshot()
    batch.removeAll()
    batch.delete(a, [1, 3])
    batch.delete(a, from: [1, 5], to: [1, 8])
    try database.write(batch, synced: false)

    func keys(_ lower: [UInt8]?, _ upper: [UInt8]?, at: Snapshot? = nil, isBackward: Bool = false) throws -> [UInt8] {
      var cursor = try Cursor(database, a, from: lower, to: upper, at: at, isBackward: isBackward)
      var found: [UInt8] = []
      while cursor.next() {
        #expect(cursor.key == [1, cursor.value[0]])
        found.append(cursor.value[0])
      }
      try cursor.check()
      return found
    }
    #expect(try keys(nil, nil) == [0, 1, 2, 4, 8, 9])
    #expect(try keys([1, 2], [1, 9]) == [2, 4, 8])
    #expect(try keys(nil, [1, 4], isBackward: true) == [2, 1, 0])
    #expect(try keys(nil, nil, at: snapshot) == Array(0..<10))
    #expect(try database.get(b, []) == [])
    #expect(try database.get(a, [1, 3]) == nil)
    #expect(try database.get(a, [1, 3], at: snapshot) == [3])
    #expect(try database.get(a, [[1, 0], [1, 3], [1, 9]]) == [[0], nil, [9]])
    #expect(try database.get(a, [[1, 3]], at: snapshot) == [[3]])
  }

  @Test func survivesReopeningAndCopies() throws {
    do {
      let database = try open()
      try database.put(database.columnFamily("a"), [1], [2], synced: true)
      try database.checkpoint(to: "\(scratch.path)/copy")
      try database.put(database.columnFamily("a"), [1], [3], synced: true)
      database.close()
      #expect(throws: RocksError.closed) { try database.get(ColumnFamily(index: 1), [1]) }
    }
    let database = try open()
    #expect(try database.get(database.columnFamily("a"), [1]) == [3])
    let copy = try open("copy")
    #expect(try copy.get(copy.columnFamily("a"), [1]) == [2])
    #expect(try Database.columnFamilies(at: copy.path).sorted() == ["a", "b", "default"])
  }

  @Test func saysWhoHoldsTheDirectory() throws {
    let database = try open()
    #expect(throws: RocksError.locked(path: database.path, process: nil, command: nil)) { try open() }
  }

  @Test func reportsDamage() throws {
    do {
      let database = try open()
      try database.put(database.columnFamily("a"), [1], Array(repeating: 7, count: 1000), synced: true)
      try database.flush()
      database.close()
    }
    let file = fopen("\(scratch.path)/db/CURRENT", "w")
    fputs("nonsense\n", file)
    fclose(file)
    do {
      _ = try open()
      Issue.record("opened")
    } catch RocksError.corruption {
    } catch { Issue.record("\(error)") }
  }
}
