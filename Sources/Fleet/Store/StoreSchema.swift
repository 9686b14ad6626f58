import Model
import RocksDB

/// The version of what is on the disk (``StoreKeys``), and the steps from older versions to it.
struct StoreSchema: Sendable {
  /// One step. It fills a batch, which is written together with the new version, so it happens wholly or not at all.
  struct Migration: Sendable {
    /// The version after the step; the step starts from the one before.
    var version: UInt32
    var summary: String
    var fill: @Sendable (_ engine: Engine, _ batch: inout WriteBatch) throws(StoreError) -> Void
  }

  var version: UInt32
  var migrations: [Migration]

  /// Version 1 is the first, so no step leads to it.
  static let current = StoreSchema(version: 1, migrations: [])

  /// Opens the database in a directory that is a store or becomes one, and brings it to this version.
  func open(_ path: String, isReadOnly: Bool = false) throws(StoreError) -> Engine {
    try Directory.create(path)
    let names = try Directory.names(path).filter { $0 != "lost+found" }
    let isDatabase = names.contains("CURRENT")
    guard isDatabase || names.allSatisfy(StoreSchema.isOwnFile) else { throw .foreignDirectory(path) }
    var options = DatabaseOptions(columnFamilies: StoreKeys.columnFamilies)
    if isDatabase {
      let found = try stored { () throws(RocksError) in try Database.columnFamilies(at: path) }
      let known = Set(["default"] + StoreKeys.columnFamilies)
      // A crash while the store was made leaves some of its column families and no key in any.
      guard known.isSuperset(of: found) else { throw try foreignOrNewer(path, found) }
      if !known.isSubset(of: found) {
        guard try StoreSchema.isEmpty(path, found) else { throw .foreignDirectory(path) }
      }
    }
    options.isReadOnly = isReadOnly
    options.createsIfMissing = !isReadOnly
    let database: Database
    do { database = try Database(path: path, options: options) } catch { throw StoreError(error) }
    let engine = try Engine(database)
    try migrate(engine, isReadOnly: isReadOnly)
    return engine
  }

  /// The version of a store; `nil` when it has none, which is so for a new database and for one that is no store.
  static func version(_ engine: Engine) throws(StoreError) -> UInt32? {
    let bytes = try stored { () throws(RocksError) in try engine.database.get(engine.keys.meta, StoreKeys.schema) }
    guard let bytes else { return nil }
    guard let version = StoreKeys.version(bytes) else { throw .corrupted("\"schema\" is not a version") }
    return version
  }

  private func migrate(_ engine: Engine, isReadOnly: Bool) throws(StoreError) {
    guard let found = try StoreSchema.version(engine) else {
      let sequence = try stored { () throws(RocksError) in try engine.database.latestSequence() }
      guard sequence == 0, !isReadOnly else { throw .foreignDirectory(engine.database.path) }
      try write(engine, version) { (_, _) throws(StoreError) in }
      return
    }
    guard found <= version else { throw .newerSchema(found: found, supported: version) }
    for step in migrations.sorted(by: { $0.version < $1.version }) where step.version > found {
      guard !isReadOnly else { throw .unavailable("schema version \(found) must be opened for writing once") }
      try write(engine, step.version, step.fill)
    }
  }

  private func write(
    _ engine: Engine, _ version: UInt32,
    _ fill: (_ engine: Engine, _ batch: inout WriteBatch) throws(StoreError) -> Void
  ) throws(StoreError) {
    var batch = WriteBatch(engine.database)
    try fill(engine, &batch)
    batch.put(engine.keys.meta, StoreKeys.schema, StoreKeys.bigEndian(version))
    do { try engine.database.write(batch, synced: true) } catch { throw StoreError(error) }
  }

  /// A database with column families that this release does not know: a store of a newer release, or something else.
  private func foreignOrNewer(_ path: String, _ found: [String]) throws(StoreError) -> StoreError {
    guard found.contains("resources"), found.contains("changes") else { return .foreignDirectory(path) }
    var options = DatabaseOptions(columnFamilies: found.filter { $0 != "default" })
    options.isReadOnly = true
    options.createsIfMissing = false
    let bytes = try stored { () throws(RocksError) in
      let database = try Database(path: path, options: options)
      return try database.get(try database.columnFamily("default"), StoreKeys.schema)
    }
    guard let found = bytes.flatMap(StoreKeys.version), found > version else { return .foreignDirectory(path) }
    return .newerSchema(found: found, supported: version)
  }

  private static func isEmpty(_ path: String, _ found: [String]) throws(StoreError) -> Bool {
    var options = DatabaseOptions(columnFamilies: found.filter { $0 != "default" })
    options.isReadOnly = true
    options.createsIfMissing = false
    return try stored { () throws(RocksError) in try Database(path: path, options: options).latestSequence() } == 0
  }

  /// Files that RocksDB makes before a new database is complete (db/db_impl/db_impl_open.cc, `NewDB`).
  private static func isOwnFile(_ name: String) -> Bool {
    name == "LOCK" || name == "IDENTITY" || name.hasPrefix("LOG") || name.hasPrefix("MANIFEST-")
      || name.hasPrefix("OPTIONS-") || name.hasSuffix(".dbtmp")
  }
}
