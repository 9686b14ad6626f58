import CRocksDB

/// Puts and deletes that are applied together.
public struct WriteBatch: ~Copyable {
  let handle: OpaquePointer?
  private let database: Database

  public init(_ database: Database) {
    self.database = database
    handle = rocksdb_writebatch_create()
  }

  deinit { rocksdb_writebatch_destroy(handle) }

  /// Number of puts and deletes.
  public var count: Int { Int(rocksdb_writebatch_count(handle)) }
  public var isEmpty: Bool { count == 0 }

  public mutating func put(_ family: ColumnFamily, _ key: [UInt8], _ value: [UInt8]) {
    withCharacters(key) { key, keyCount in
      withCharacters(value) { value, valueCount in
        rocksdb_writebatch_put_cf(handle, database.families[family.index], key, keyCount, value, valueCount)
      }
    }
  }

  public mutating func delete(_ family: ColumnFamily, _ key: [UInt8]) {
    withCharacters(key) { rocksdb_writebatch_delete_cf(handle, database.families[family.index], $0, $1) }
  }

  /// Deletes every key from `lower` up to but not including `upper`.
  public mutating func delete(_ family: ColumnFamily, from lower: [UInt8], to upper: [UInt8]) {
    withCharacters(lower) { lower, lowerCount in
      withCharacters(upper) { upper, upperCount in
        rocksdb_writebatch_delete_range_cf(
          handle, database.families[family.index], lower, lowerCount, upper, upperCount)
      }
    }
  }

  public mutating func removeAll() { rocksdb_writebatch_clear(handle) }
}
