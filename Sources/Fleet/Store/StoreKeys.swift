import Model
import RocksDB

/// Where everything lies. This is schema version 1; a change here needs a migration (``StoreSchema``).
///
/// | column family | key | value |
/// |---|---|---|
/// | `default` | `schema` | version, 4 bytes big-endian |
/// | | `revision` | last revision given, 8 bytes big-endian |
/// | | `compacted` | last revision whose change is no longer kept, 8 bytes big-endian |
/// | `resources` | owner kind name | the resource (``ResourceCodec``) |
/// | `kinds` | kind owner name | empty |
/// | `labels` | kind label-name label-value owner name | empty |
/// | `changes` | revision, 8 bytes big-endian | the change (``ChangeCodec``) |
///
/// Strings in keys are UTF-8, each ended by a zero byte; a zero byte inside becomes `00 FF`, which no UTF-8 byte
/// exceeds. So keys order as the tuples of their strings' bytes, and every prefix of such a tuple is one key range: an
/// owner's resources, an owner's resources of a kind, the resources with a label.
struct StoreKeys {
  static let columnFamilies = ["resources", "kinds", "labels", "changes"]
  static let schema = Array("schema".utf8)
  static let revision = Array("revision".utf8)
  static let compacted = Array("compacted".utf8)

  let meta: ColumnFamily
  let resources: ColumnFamily
  let kinds: ColumnFamily
  let labels: ColumnFamily
  let changes: ColumnFamily

  init(_ database: Database) throws(RocksError) {
    meta = try database.columnFamily("default")
    resources = try database.columnFamily("resources")
    kinds = try database.columnFamily("kinds")
    labels = try database.columnFamily("labels")
    changes = try database.columnFamily("changes")
  }

  static func tuple(_ parts: String...) -> [UInt8] {
    var key: [UInt8] = []
    key.reserveCapacity(parts.reduce(0) { $0 + $1.utf8.count + 1 })
    for part in parts { append(part, to: &key) }
    return key
  }

  static func resource(_ key: ResourceKey) -> [UInt8] { tuple(key.owner, key.kind, key.name) }
  static func kind(_ key: ResourceKey) -> [UInt8] { tuple(key.kind, key.owner, key.name) }
  static func label(_ key: ResourceKey, _ name: String, _ value: String) -> [UInt8] {
    tuple(key.kind, name, value, key.owner, key.name)
  }
  static func change(_ revision: Int64) -> [UInt8] { bigEndian(revision) }

  /// The strings of a tuple; `nil` for bytes that ``tuple(_:)`` never makes.
  static func parts(_ key: [UInt8]) -> [String]? {
    var parts: [String] = []
    var current: [UInt8] = []
    var index = 0
    while index < key.count {
      let byte = key[index]
      index += 1
      if byte != 0 {
        current.append(byte)
      } else if index < key.count, key[index] == 0xFF {
        current.append(0)
        index += 1
      } else {
        guard let part = String(validating: current, as: UTF8.self) else { return nil }
        parts.append(part)
        current.removeAll(keepingCapacity: true)
      }
    }
    return current.isEmpty ? parts : nil
  }

  /// The end of the range of keys that go on after this prefix of a tuple. What comes next is a byte of UTF-8 or a
  /// zero; `FF` would make the prefix's last zero byte an escaped one, that is another, longer string.
  static func end(ofPrefix prefix: [UInt8]) -> [UInt8] { prefix + [0xFF] }

  static func bigEndian(_ value: Int64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
  static func bigEndian(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

  static func integer(_ bytes: [UInt8]) -> Int64? {
    guard bytes.count == 8 else { return nil }
    return Int64(bitPattern: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  static func version(_ bytes: [UInt8]) -> UInt32? {
    guard bytes.count == 4 else { return nil }
    return bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
  }

  private static func append(_ part: String, to key: inout [UInt8]) {
    for byte in part.utf8 {
      key.append(byte)
      if byte == 0 { key.append(0xFF) }
    }
    key.append(0)
  }
}
