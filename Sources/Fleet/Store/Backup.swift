import Bytes
import JSON
import Model
import RocksDB

/// A copy of a store in a directory: the files of the database and `aether-backup.json`, which lists them.
public struct StoreBackup: Sendable, Equatable {
  public static let manifestName = "aether-backup.json"
  static let format: Int64 = 1

  public struct File: Sendable, Equatable {
    public var name: String
    public var byteCount: Int64
    public var checksum: UInt32
  }

  public var revision: Int64
  public var createdAt: Timestamp
  public var files: [File]

  public var byteCount: Int64 { files.reduce(0) { $0 + $1.byteCount } }

  var json: JSON {
    [
      "format": .integer(StoreBackup.format), "revision": .integer(revision),
      "createdAt": .string(createdAt.description),
      "files": .array(
        files.map {
          ["name": .string($0.name), "bytes": .integer($0.byteCount), "crc32c": .integer(Int64($0.checksum))]
        }),
    ]
  }

  /// Reads the list of a backup.
  ///
  /// - Throws: `foreignDirectory` when there is none, `corrupted` when it is damaged.
  public init(directory: String) throws(StoreError) {
    let path = "\(directory)/\(StoreBackup.manifestName)"
    guard Directory.exists(path) else { throw .foreignDirectory(directory) }
    var bytes: [UInt8] = []
    try Directory.read(path) { (piece) throws(StoreError) in bytes += piece }
    guard let json = try? JSON.parse(bytes), let format = json["format"]?.integerValue,
      let revision = json["revision"]?.integerValue,
      let createdAt = json["createdAt"]?.stringValue.flatMap({ Timestamp($0) }), let list = json["files"]?.arrayValue
    else { throw .corrupted("\(path) cannot be read") }
    guard format == StoreBackup.format else { throw .corrupted("\(path) has the unknown format \(format)") }
    var files: [File] = []
    for item in list {
      guard let name = item["name"]?.stringValue, !name.isEmpty, !name.contains("/"), name != "..",
        let byteCount = item["bytes"]?.integerValue,
        let checksum = item["crc32c"]?.integerValue.flatMap({ UInt32(exactly: $0) })
      else { throw .corrupted("\(path) lists a file that cannot be") }
      files.append(File(name: name, byteCount: byteCount, checksum: checksum))
    }
    self.init(revision: revision, createdAt: createdAt, files: files)
  }

  init(revision: Int64, createdAt: Timestamp, files: [File]) {
    self.revision = revision
    self.createdAt = createdAt
    self.files = files
  }
}

extension ResourceStore {
  /// Copies the store, as it is at one moment, to a directory that must not exist. Writers go on.
  ///
  /// On the file system of the store large files are shared by hard links, so copy the directory elsewhere to be safe
  /// from a broken disk.
  @discardableResult
  public func backup(to directory: String) async throws(StoreError) -> StoreBackup {
    let engine = engine
    let now = options.clock()
    var directory = directory[...]
    while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
    let target = String(directory)
    return try await pool.run { () throws(StoreError) in
      guard !Directory.exists(target) else { throw .unavailable("\(target) exists already") }
      // A name of its own: another folder, or another backup to the same place, must not be touched.
      let partial = "\(target).partial-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
      do throws(StoreError) {
        try stored { () throws(RocksError) in try engine.database.checkpoint(to: partial) }
        let revision = try ResourceStore.revision(ofCopy: partial)
        var files: [StoreBackup.File] = []
        for name in try Directory.names(partial) where StoreBackup.isKept(name) {
          let (byteCount, checksum) = try Directory.checksum("\(partial)/\(name)")
          files.append(StoreBackup.File(name: name, byteCount: byteCount, checksum: checksum))
        }
        let backup = StoreBackup(revision: revision, createdAt: now, files: files)
        try Directory.write(backup.json.bytes(.pretty), to: "\(partial)/\(StoreBackup.manifestName)")
        try Directory.sync(partial)
        try Directory.move(partial, target)
        return backup
      } catch {
        Directory.remove(partial)
        throw error
      }
    }
  }

  /// Makes a store in `target`, which must not exist or be empty, from a backup. Blocks.
  ///
  /// Every file is compared with the list of the backup, and the indexes of the result with a full scan, before the
  /// store appears under its name.
  /// - Throws: `foreignDirectory`, `corrupted` (names the damaged file), `unavailable`, `storageFull`.
  @discardableResult
  public static func restore(from directory: String, to target: String) throws(StoreError) -> StoreVerification {
    let backup = try StoreBackup(directory: directory)
    if Directory.exists(target) {
      guard try Directory.names(target).isEmpty else {
        throw .unavailable("\(target) is not empty; restore to a new directory")
      }
    }
    let partial = "\(target).partial"
    Directory.remove(partial)
    do throws(StoreError) {
      try Directory.create(partial)
      for file in backup.files {
        let (byteCount, checksum) = try Directory.copy("\(directory)/\(file.name)", "\(partial)/\(file.name)")
        guard byteCount == file.byteCount, checksum == file.checksum else {
          throw .corrupted("\(directory)/\(file.name) is not the file that was backed up")
        }
      }
      try Directory.sync(partial)
      let engine = try StoreSchema.current.open(partial)
      let report = try engine.verify()
      engine.database.close()
      if let fault = report.faults.first { throw .corrupted("the backup is not sound: \(fault)") }
      guard report.revision == backup.revision else {
        throw .corrupted("the backup is at revision \(report.revision), not \(backup.revision)")
      }
      try Directory.move(partial, target)
      return report
    } catch {
      Directory.remove(partial)
      throw error
    }
  }

  private static func revision(ofCopy path: String) throws(StoreError) -> Int64 {
    let engine = try StoreSchema.current.open(path, isReadOnly: true)
    defer { engine.database.close() }
    return try engine.revision()
  }
}

extension StoreBackup {
  /// RocksDB's messages and its lock file are no part of the data.
  static func isKept(_ name: String) -> Bool { name != "LOCK" && !name.hasPrefix("LOG") && name != manifestName }
}
