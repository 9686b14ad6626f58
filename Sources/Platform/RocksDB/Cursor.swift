import CRocksDB

/// A view of the database as it was when the snapshot was taken. Keeps old values on disk while it lives.
public final class Snapshot: @unchecked Sendable {
  // Holds across threads: both pointers are constants, and RocksDB only reads through them until `deinit`.
  let readOptions: OpaquePointer?
  let handle: OpaquePointer?
  private let database: Database

  init(_ database: Database) throws(RocksError) {
    try database.enter()
    self.database = database
    handle = rocksdb_create_snapshot(database.handle)
    readOptions = rocksdb_readoptions_create()
    rocksdb_readoptions_set_snapshot(readOptions, handle)
  }

  deinit {
    rocksdb_readoptions_destroy(readOptions)
    rocksdb_release_snapshot(database.handle, handle)
    database.leave()
  }
}

/// Walks the keys of a column family in byte order, between bounds.
///
///     var cursor = try Cursor(database, family, from: lower, to: upper)
///     while cursor.next() { use(cursor.key, cursor.value) }
///     try cursor.check()
public struct Cursor: ~Copyable {
  private let handle: OpaquePointer?
  private let options: OpaquePointer?
  private let bounds: UnsafeMutablePointer<CChar>
  private let database: Database
  private let snapshot: Snapshot?
  private let isBackward: Bool
  private var isStarted = false

  /// - Parameters:
  ///   - lower: the first key that may be met; `nil` for the first of all.
  ///   - upper: the first key that is not met any more; `nil` for none.
  ///   - isBackward: walks from the last key to the first.
  ///   - fillsCache: keeps the blocks read in the block cache; switch off for scans of everything.
  public init(
    _ database: Database, _ family: ColumnFamily, from lower: [UInt8]? = nil, to upper: [UInt8]? = nil,
    at snapshot: Snapshot? = nil, isBackward: Bool = false, fillsCache: Bool = true, verifiesChecksums: Bool = true
  ) throws(RocksError) {
    try database.enter()
    self.database = database
    self.snapshot = snapshot
    self.isBackward = isBackward
    // RocksDB keeps pointers to the bounds, so they live as long as the cursor.
    let lowerCount = lower?.count ?? 0
    let upperCount = upper?.count ?? 0
    bounds = .allocate(capacity: lowerCount + upperCount + 1)
    options = rocksdb_readoptions_create()
    rocksdb_readoptions_set_fill_cache(options, fillsCache ? 1 : 0)
    rocksdb_readoptions_set_verify_checksums(options, verifiesChecksums ? 1 : 0)
    if let snapshot { rocksdb_readoptions_set_snapshot(options, snapshot.handle) }
    if let lower {
      for (index, byte) in lower.enumerated() { bounds[index] = CChar(bitPattern: byte) }
      rocksdb_readoptions_set_iterate_lower_bound(options, bounds, lowerCount)
    }
    if let upper {
      for (index, byte) in upper.enumerated() { bounds[lowerCount + index] = CChar(bitPattern: byte) }
      rocksdb_readoptions_set_iterate_upper_bound(options, bounds + lowerCount, upperCount)
    }
    handle = rocksdb_create_iterator_cf(database.handle, options, database.families[family.index])
  }

  deinit {
    rocksdb_iter_destroy(handle)
    rocksdb_readoptions_destroy(options)
    bounds.deallocate()
    database.leave()
  }

  /// Moves to the first entry at the first call, then on. `false` at the end or after a failure (see ``check()``).
  public mutating func next() -> Bool {
    switch (isStarted, isBackward) {
    case (true, false): rocksdb_iter_next(handle)
    case (true, true): rocksdb_iter_prev(handle)
    case (false, false): rocksdb_iter_seek_to_first(handle)
    case (false, true): rocksdb_iter_seek_to_last(handle)
    }
    isStarted = true
    return rocksdb_iter_valid(handle) != 0
  }

  /// - Throws: ``RocksError`` when the walk ended because of a failure and not at the end.
  public func check() throws(RocksError) {
    try checked(database.path) { rocksdb_iter_get_error(handle, $0) }
  }

  /// The key of the entry; only after ``next()`` gave `true`.
  public var key: [UInt8] {
    var count = 0
    let bytes = rocksdb_iter_key(handle, &count)
    return Array(UnsafeRawBufferPointer(start: bytes, count: count))
  }

  /// The value of the entry; only after ``next()`` gave `true`.
  public var value: [UInt8] {
    var count = 0
    let bytes = rocksdb_iter_value(handle, &count)
    return Array(UnsafeRawBufferPointer(start: bytes, count: count))
  }
}
