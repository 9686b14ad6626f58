import Foundation
import JSON
import Model
import Testing

@testable import Store

/// A small file system of its own. Needs root.
private final class SmallDisk {
  let path: String

  init(_ path: String, mebibytes: Int) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard mount("tmpfs", path, "tmpfs", 0, "size=\(mebibytes)m,mode=700") == 0 else { throw MountFailed(code: errno) }
    self.path = path
  }

  deinit { umount2(path, Int32(MNT_DETACH)) }

  /// Takes all space that is left; gives the name of the file.
  func fill(leaving bytes: UInt64 = 0) -> String {
    let name = "\(path)/fill"
    let file = open(name, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(file) }
    let block = [UInt8](repeating: 1, count: 65536)
    while free > bytes {
      let wanted = Int(min(UInt64(block.count), free - bytes))
      if write(file, block, wanted) <= 0 { break }
    }
    return name
  }

  var free: UInt64 {
    var system = statvfs()
    guard statvfs(path, &system) == 0 else { return 0 }
    return UInt64(system.f_bavail) * UInt64(system.f_frsize)
  }
}
private struct MountFailed: Error { var code: Int32 }

@Suite(.serialized) struct FullDiskTests {
  let scratch = Scratch()
  /// Letters that do not compress much.
  private let noise = (0..<60_000).map { _ in UInt8.random(in: 97...122) }

  private func item(_ index: Int) -> Resource {
    let start = Int.random(in: 0..<noise.count - 3000)
    let fill = String(decoding: noise[start..<start + 3000], as: UTF8.self)
    return resource("n\(index)", labels: ["n": "\(index % 5)"], spec: ["fill": .string(fill)])
  }

  /// Writes until the disk is full; gives the number of writes that were accepted.
  private func writeUntilFull(_ store: ResourceStore, from start: Int) async throws -> Int {
    var index = start
    while true {
      do { try await store.create(item(index)) } catch {
        guard case .storageFull = error else { throw error }
        #expect(error.apiError.code == .storageFull)
        return index
      }
      index += 1
      if index > 100_000 { return index }
    }
  }

  private func eventually(_ store: ResourceStore, create index: Int) async throws {
    for _ in 0..<600 {
      do {
        try await store.create(item(index))
        return
      } catch {
        guard case .storageFull = error else { throw error }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
    Issue.record("no write was accepted after there was space again")
  }

  @Test func refusesEarlyAndStillDeletes() async throws {
    let disk = try SmallDisk("\(scratch.path)/disk", mebibytes: 48)
    let store = try ResourceStore(path: "\(disk.path)/db")
    let written = try await writeUntilFull(store, from: 0)
    #expect(written > 100)
    #expect(disk.free > 0)
    #expect(try await store.list(kind: "Cell").items.count == written)
    for index in 0..<50 { try await store.delete(key("n\(index)")) }
    #expect(try await store.list(kind: "Cell").items.count == written - 50)
    #expect(try await store.verifyIndexes().faults == [])
    store.close()
  }

  @Test func runsDryAndRecoversWithoutRestart() async throws {
    let disk = try SmallDisk("\(scratch.path)/disk", mebibytes: 64)
    var options = StoreOptions()
    options.freeBytesMin = 0
    let store = try ResourceStore(path: "\(disk.path)/db", options: options)
    for index in 0..<100 { try await store.create(item(index)) }
    let fill = disk.fill(leaving: 2 << 20)
    let written = try await writeUntilFull(store, from: 100)
    // Reads go on, and what was acknowledged is there.
    #expect(try await store.list(kind: "Cell").items.count == written)
    #expect(try await store.get(key("n\(written - 1)")).metadata.name == "n\(written - 1)")
    #expect(store.revision == Int64(written))
    let seen = try await collect(try store.changes(since: 0), upTo: store.revision)
    #expect(seen.count == written)
    try FileManager.default.removeItem(atPath: fill)
    try await eventually(store, create: written)
    #expect(try await store.verifyIndexes().faults == [])
    #expect(store.revision == Int64(written + 1))
    for index in written + 1..<written + 100 { try await store.create(item(index)) }
    store.close()
    let again = try ResourceStore(path: "\(disk.path)/db", options: options)
    #expect(try await again.verifyIndexes().faults == [])
    #expect(try await again.list(kind: "Cell").items.count == written + 100)
    again.close()
  }

  @Test func survivesARestartWithoutSpace() async throws {
    let disk = try SmallDisk("\(scratch.path)/disk", mebibytes: 64)
    var options = StoreOptions()
    options.freeBytesMin = 0
    var written = 0
    do {
      let store = try ResourceStore(path: "\(disk.path)/db", options: options)
      for index in 0..<100 { try await store.create(item(index)) }
      _ = disk.fill(leaving: 1 << 20)
      written = try await writeUntilFull(store, from: 100)
      store.close()
    }
    // Opening needs a little space; without any it says so, and with it everything acknowledged is there.
    do {
      let store = try ResourceStore(path: "\(disk.path)/db", options: options)
      store.close()
    } catch {
      guard case .storageFull = error else { throw error }
    }
    try FileManager.default.removeItem(atPath: "\(disk.path)/fill")
    let store = try ResourceStore(path: "\(disk.path)/db", options: options)
    #expect(try await store.verifyIndexes().faults == [])
    #expect(try await store.list(kind: "Cell").items.count >= written)
    store.close()
  }
}
