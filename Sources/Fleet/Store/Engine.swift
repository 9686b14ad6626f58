import Model
import RocksDB

/// The database with its key spaces: everything that reads and writes stored bytes.
struct Engine: Sendable {
  let database: Database
  let keys: StoreKeys

  init(_ database: Database) throws(StoreError) {
    self.database = database
    keys = try stored { () throws(RocksError) in try StoreKeys(database) }
  }

  func resource(_ key: ResourceKey, at snapshot: Snapshot? = nil) throws(StoreError) -> Resource? {
    let bytes = try stored { () throws(RocksError) in
      try database.get(keys.resources, StoreKeys.resource(key), at: snapshot)
    }
    guard let bytes else { return nil }
    return try Engine.decode(bytes, "resource \(key)")
  }

  static func decode(_ bytes: [UInt8], _ what: @autoclosure () -> String) throws(StoreError) -> Resource {
    do { return try ResourceCodec.decode(bytes) } catch {
      throw .corrupted("\(what()) \(error.problem) at byte \(error.offset)")
    }
  }

  /// The last revision that was given.
  func revision(at snapshot: Snapshot? = nil) throws(StoreError) -> Int64 {
    try integer(StoreKeys.revision, at: snapshot)
  }

  /// The last revision whose change is gone from the log.
  func compacted(at snapshot: Snapshot? = nil) throws(StoreError) -> Int64 {
    try integer(StoreKeys.compacted, at: snapshot)
  }

  private func integer(_ key: [UInt8], at snapshot: Snapshot?) throws(StoreError) -> Int64 {
    let bytes = try stored { () throws(RocksError) in try database.get(keys.meta, key, at: snapshot) }
    guard let bytes else { return 0 }
    guard let value = StoreKeys.integer(bytes), value >= 0 else {
      throw .corrupted("\"\(String(decoding: key, as: UTF8.self))\" is not a revision")
    }
    return value
  }

  /// One piece of the log: the changes after a revision, up to the chunk limits.
  func changes(after position: Int64) throws(StoreError) -> [Change] {
    var changes: [Change] = []
    var byteCount = 0
    // Taken first, so that a compaction between the two reads shows as a gap and not as an end.
    let snapshot = try stored { () throws(RocksError) in try database.snapshot() }
    var cursor = try stored { () throws(RocksError) in
      try Cursor(database, keys.changes, from: StoreKeys.change(position + 1), at: snapshot, fillsCache: false)
    }
    while changes.count < StoreLimits.logChunkChangesMax, byteCount < StoreLimits.logChunkBytesMax, cursor.next() {
      let value = cursor.value
      let expected = position + Int64(changes.count) + 1
      guard let revision = StoreKeys.integer(cursor.key) else { throw .corrupted("a key of the change log") }
      guard revision == expected else { throw .compacted(oldest: try compacted(at: snapshot)) }
      let change: Change
      do { change = try ChangeCodec.decode(value) } catch {
        throw .corrupted("change \(revision) \(error.problem) at byte \(error.offset)")
      }
      changes.append(change)
      byteCount += value.count
    }
    do { try cursor.check() } catch { throw StoreError(error) }
    let oldest = try compacted(at: snapshot)
    if changes.isEmpty, position < oldest { throw .compacted(oldest: oldest) }
    return changes
  }

  /// When a change was written; `nil` when it is not kept.
  func changeTime(_ revision: Int64) throws(StoreError) -> Timestamp? {
    let bytes = try stored { () throws(RocksError) in try database.get(keys.changes, StoreKeys.change(revision)) }
    return bytes.flatMap(ChangeCodec.committedAt)
  }

  /// Adds a write of one resource with its indexes and its change to the batch.
  func add(_ write: PlannedWrite, now: Timestamp, to batch: inout WriteBatch) -> Change {
    let resource = write.resource
    let previous = write.previous
    let key = resource.key
    let labels = write.isRemoval ? [:] : resource.metadata.labels
    let previousLabels = previous?.metadata.labels ?? [:]
    for (name, value) in previousLabels where labels[name] != value {
      batch.delete(keys.labels, StoreKeys.label(key, name, value))
    }
    for (name, value) in labels where previousLabels[name] != value {
      batch.put(keys.labels, StoreKeys.label(key, name, value), [])
    }
    if write.isRemoval {
      batch.delete(keys.resources, write.storedKey)
      batch.delete(keys.kinds, StoreKeys.kind(key))
    } else {
      batch.put(keys.resources, write.storedKey, write.bytes)
      if previous == nil { batch.put(keys.kinds, StoreKeys.kind(key), []) }
    }
    let type: Change.Kind = write.isRemoval ? .deleted : previous == nil ? .created : .updated
    let change = Change(
      type: type, resource: resource,
      previousLabels: type == .updated && previousLabels != labels ? previousLabels : nil, committedAt: now,
      byteCount: write.bytes.count)
    batch.put(keys.changes, StoreKeys.change(change.revision), ChangeCodec.encode(change, resource: write.bytes))
    return change
  }
}

/// A write that was decided and encoded, ready for a batch.
struct PlannedWrite {
  var resource: Resource
  var previous: Resource?
  var isRemoval: Bool
  /// The key in the column family `resources`.
  var storedKey: [UInt8]
  /// The encoded resource.
  var bytes: [UInt8]
}
