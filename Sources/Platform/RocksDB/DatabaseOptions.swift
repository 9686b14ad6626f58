import CRocksDB

/// How a database is opened. The defaults bound memory to about 100 MiB and log files to 3 MiB.
public struct DatabaseOptions: Sendable {
  /// The column families besides `default`, which always exists and comes first.
  public var columnFamilies: [String]
  public var createsIfMissing = true
  /// Opens without taking the lock and without writing.
  public var isReadOnly = false
  /// Bytes of blocks read from files that are kept in memory.
  public var blockCacheBytes = 32 << 20
  /// Bytes of one column family's writes that are kept in memory before they go to a file.
  public var writeBufferBytes = 8 << 20
  /// The same, summed over all column families.
  public var writeBufferTotalBytes = 48 << 20
  /// Bytes of write-ahead log after which the oldest memory tables are written out.
  public var walBytesMax: UInt64 = 64 << 20
  /// Files held open.
  public var openFilesMax: Int32 = 256
  /// Threads for flush and compaction.
  public var backgroundJobs: Int32 = 2
  /// Bytes of one file of RocksDB's own messages (`LOG`).
  public var messageFileBytes = 1 << 20
  /// Such files kept.
  public var messageFiles = 3

  public init(columnFamilies: [String] = []) { self.columnFamilies = columnFamilies }

  /// The C form; the caller destroys it.
  func makeHandle() -> OpaquePointer? {
    let options = rocksdb_options_create()
    rocksdb_options_set_create_if_missing(options, createsIfMissing ? 1 : 0)
    rocksdb_options_set_create_missing_column_families(options, createsIfMissing ? 1 : 0)
    rocksdb_options_set_paranoid_checks(options, 1)
    // A torn last record is the trace of a crash and was never acknowledged; any other damage must be reported, not
    // skipped (RocksDB wiki, "WAL Recovery Modes": kTolerateCorruptedTailRecords).
    rocksdb_options_set_wal_recovery_mode(options, Int32(rocksdb_tolerate_corrupted_tail_records_recovery))
    rocksdb_options_set_write_buffer_size(options, writeBufferBytes)
    rocksdb_options_set_db_write_buffer_size(options, writeBufferTotalBytes)
    rocksdb_options_set_max_total_wal_size(options, walBytesMax)
    rocksdb_options_set_max_open_files(options, openFilesMax)
    rocksdb_options_set_max_background_jobs(options, backgroundJobs)
    rocksdb_options_set_max_log_file_size(options, messageFileBytes)
    rocksdb_options_set_keep_log_file_num(options, messageFiles)
    rocksdb_options_set_info_log_level(options, 2)
    rocksdb_options_set_stats_dump_period_sec(options, 0)
    rocksdb_options_set_stats_persist_period_sec(options, 0)
    rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
    let table = rocksdb_block_based_options_create()
    let cache = rocksdb_cache_create_lru(blockCacheBytes)
    rocksdb_block_based_options_set_block_cache(table, cache)
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1)
    rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10))
    rocksdb_options_set_block_based_table_factory(options, table)
    rocksdb_cache_destroy(cache)
    rocksdb_block_based_options_destroy(table)
    return options
  }
}

/// One of the key spaces of a database; meaningful only with the database that named it.
public struct ColumnFamily: Sendable, Hashable {
  let index: Int
}
