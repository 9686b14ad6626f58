import CRocksDB
import Glibc
import Synchronization

/// An open RocksDB directory. Every call may come from any thread and blocks it.
///
/// Closed by ``close()`` or when the last reference (cursors and snapshots hold one) goes.
public final class Database: @unchecked Sendable {
  // Holds across threads: RocksDB's handle, column family handles and option objects are safe for concurrent use once
  // made (rocksdb/db.h, "thread safe"); all stored properties are constants or atomics, and the gate keeps `close`
  // from freeing them while a call is under way.
  public let path: String
  /// The most that memory tables hold together, roughly.
  public let writeBufferBytesMax: UInt64
  public let isReadOnly: Bool
  let handle: OpaquePointer
  let families: [OpaquePointer?]
  let readOptions: OpaquePointer?
  private let names: [String]
  private let syncedWrite: OpaquePointer?
  private let unsyncedWrite: OpaquePointer?
  private let gate = UseGate()

  /// - Throws: ``RocksError``; `locked` when another process has the directory open.
  public init(path: String, options: DatabaseOptions) throws(RocksError) {
    let names = ["default"] + options.columnFamilies
    let cOptions = options.makeHandle()
    defer { rocksdb_options_destroy(cOptions) }
    let copies = names.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    let cNames = copies.map { UnsafePointer<CChar>($0) }
    let cFamilyOptions = [OpaquePointer?](repeating: cOptions, count: names.count)
    var families = [OpaquePointer?](repeating: nil, count: names.count)
    let opened = try checked(path) { error in
      if options.isReadOnly {
        rocksdb_open_for_read_only_column_families(
          cOptions, path, Int32(names.count), cNames, cFamilyOptions, &families, 0, error)
      } else {
        rocksdb_open_column_families(cOptions, path, Int32(names.count), cNames, cFamilyOptions, &families, error)
      }
    }
    guard let opened else { throw .other("open of \(path) gave no handle") }
    self.path = path
    self.names = names
    isReadOnly = options.isReadOnly
    writeBufferBytesMax = UInt64(options.writeBufferTotalBytes)
    handle = opened
    self.families = families
    readOptions = rocksdb_readoptions_create()
    syncedWrite = rocksdb_writeoptions_create()
    rocksdb_writeoptions_set_sync(syncedWrite, 1)
    unsyncedWrite = rocksdb_writeoptions_create()
  }

  deinit { close() }

  /// Waits for calls under way, cursors and snapshots to end, then closes. Later calls throw `closed`.
  public func close() {
    guard gate.shut() else { return }
    for family in families { rocksdb_column_family_handle_destroy(family) }
    rocksdb_readoptions_destroy(readOptions)
    rocksdb_writeoptions_destroy(syncedWrite)
    rocksdb_writeoptions_destroy(unsyncedWrite)
    rocksdb_close(handle)
  }

  /// The column families that a directory holds.
  public static func columnFamilies(at path: String) throws(RocksError) -> [String] {
    let options = rocksdb_options_create()
    defer { rocksdb_options_destroy(options) }
    var count = 0
    let list = try checked(path) { rocksdb_list_column_families(options, path, &count, $0) }
    guard let list else { return [] }
    defer { rocksdb_list_column_families_destroy(list, count) }
    return (0..<count).compactMap { list[$0].map { String(cString: $0) } }
  }

  /// The column family of a name given at opening.
  public func columnFamily(_ name: String) throws(RocksError) -> ColumnFamily {
    guard let index = names.firstIndex(of: name) else { throw .invalidArgument("no column family \"\(name)\"") }
    return ColumnFamily(index: index)
  }

  func enter() throws(RocksError) { guard gate.enter() else { throw .closed } }
  func leave() { gate.leave() }
}

extension Database {
  /// The value of a key, `nil` when there is none.
  public func get(_ family: ColumnFamily, _ key: [UInt8], at snapshot: Snapshot? = nil) throws(RocksError) -> [UInt8]? {
    try enter()
    defer { leave() }
    let options = snapshot?.readOptions ?? readOptions
    let slice = try checked(path) { error in
      withCharacters(key) { rocksdb_get_pinned_cf(handle, options, families[family.index], $0, $1, error) }
    }
    guard let slice else { return nil }
    defer { rocksdb_pinnableslice_destroy(slice) }
    var count = 0
    let bytes = rocksdb_pinnableslice_value(slice, &count)
    return Array(UnsafeRawBufferPointer(start: bytes, count: count))
  }

  /// The values of several keys, in their order.
  public func get(
    _ family: ColumnFamily, _ keys: [[UInt8]], at snapshot: Snapshot? = nil
  ) throws(RocksError) -> [[UInt8]?] {
    if keys.isEmpty { return [] }
    try enter()
    defer { leave() }
    let options = snapshot?.readOptions ?? readOptions
    let joined = keys.flatMap { $0 }
    var slices = [OpaquePointer?](repeating: nil, count: keys.count)
    var errors = [UnsafeMutablePointer<CChar>?](repeating: nil, count: keys.count)
    withCharacters(joined) { base, _ in
      var offset = 0
      let starts = keys.map { key in
        defer { offset += key.count }
        return Optional(base + offset)
      }
      rocksdb_batched_multi_get_cf(
        handle, options, families[family.index], keys.count, starts, keys.map(\.count), &slices, &errors, false)
    }
    defer { for slice in slices where slice != nil { rocksdb_pinnableslice_destroy(slice) } }
    let messages = errors.compactMap { $0 }
    if let first = messages.first {
      let text = String(cString: first)
      for message in messages { rocksdb_free(message) }
      throw RocksError(status: text, path: path)
    }
    return slices.map { slice in
      guard let slice else { return nil }
      var count = 0
      let bytes = rocksdb_pinnableslice_value(slice, &count)
      return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }
  }

  /// Applies the batch as one: after a crash all of it is there or nothing.
  ///
  /// - Parameter synced: returns only when the write-ahead log is on the disk.
  public func write(_ batch: borrowing WriteBatch, synced: Bool) throws(RocksError) {
    try enter()
    defer { leave() }
    let batchHandle = batch.handle
    try checked(path) { rocksdb_write(handle, synced ? syncedWrite : unsyncedWrite, batchHandle, $0) }
  }

  public func put(_ family: ColumnFamily, _ key: [UInt8], _ value: [UInt8], synced: Bool) throws(RocksError) {
    try enter()
    defer { leave() }
    try checked(path) { error in
      withCharacters(key) { key, keyCount in
        withCharacters(value) { value, valueCount in
          rocksdb_put_cf(
            handle, synced ? syncedWrite : unsyncedWrite, families[family.index], key, keyCount, value, valueCount,
            error)
        }
      }
    }
  }

  /// Writes the memory tables of all column families to files.
  public func flush() throws(RocksError) {
    try enter()
    defer { leave() }
    let options = rocksdb_flushoptions_create()
    defer { rocksdb_flushoptions_destroy(options) }
    rocksdb_flushoptions_set_wait(options, 1)
    for family in families { try checked(path) { rocksdb_flush_cf(handle, options, family, $0) } }
  }

  /// Rewrites a range of keys so that deleted ones no longer take space; `nil` is the end of the key space.
  public func compact(_ family: ColumnFamily, from lower: [UInt8]? = nil, to upper: [UInt8]? = nil) throws(RocksError) {
    try enter()
    defer { leave() }
    withCharacters(lower ?? []) { low, lowCount in
      withCharacters(upper ?? []) { high, highCount in
        rocksdb_compact_range_cf(
          handle, families[family.index], lower == nil ? nil : low, lowCount, upper == nil ? nil : high, highCount)
      }
    }
  }

  /// Makes a consistent copy in a directory that must not exist: hard links of table files on the same file system.
  public func checkpoint(to directory: String) throws(RocksError) {
    try enter()
    defer { leave() }
    let checkpoint = try checked(path) { rocksdb_checkpoint_object_create(handle, $0) }
    defer { rocksdb_checkpoint_object_destroy(checkpoint) }
    try checked(path) { rocksdb_checkpoint_create(checkpoint, directory, 0, $0) }
  }

  /// A figure that RocksDB keeps, such as `rocksdb.estimate-num-keys` (include/rocksdb/db.h, `DB::Properties`).
  public func property(_ name: String) throws(RocksError) -> String? {
    try enter()
    defer { leave() }
    guard let text = rocksdb_property_value(handle, name) else { return nil }
    defer { rocksdb_free(text) }
    return String(cString: text)
  }

  /// Bytes in memory tables of all column families: what files will take that are not written yet.
  public var unwrittenBytes: UInt64 {
    guard (try? enter()) != nil else { return 0 }
    defer { leave() }
    return families.reduce(into: 0) { sum, family in
      var bytes: UInt64 = 0
      if rocksdb_property_int_cf(handle, family, "rocksdb.cur-size-all-mem-tables", &bytes) == 0 { sum += bytes }
    }
  }

  /// The number of the last write; RocksDB numbers every put and delete.
  public func latestSequence() throws(RocksError) -> UInt64 {
    try enter()
    defer { leave() }
    return rocksdb_get_latest_sequence_number(handle)
  }

  /// Freezes a view of the database; see ``Snapshot``.
  public func snapshot() throws(RocksError) -> Snapshot { try Snapshot(self) }
}

/// Counts calls under way so that closing can wait for them.
private final class UseGate: Sendable {
  private let uses = Atomic<Int>(0)
  private static let shutBit = 1 << 62

  func enter() -> Bool {
    if uses.wrappingAdd(1, ordering: .acquiring).oldValue & UseGate.shutBit == 0 { return true }
    leave()
    return false
  }

  func leave() { uses.wrappingSubtract(1, ordering: .releasing) }

  /// `false` when it was shut before.
  func shut() -> Bool {
    guard uses.bitwiseOr(UseGate.shutBit, ordering: .acquiringAndReleasing).oldValue & UseGate.shutBit == 0 else {
      return false
    }
    while uses.load(ordering: .acquiring) != UseGate.shutBit { usleep(200) }
    return true
  }
}
