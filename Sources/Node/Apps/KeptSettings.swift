import AppFormat
import Glibc
import JSON
import Linux

/// The settings of one app: texts by name, in a file that is replaced as a whole. Used by the app's thread alone.
///
/// The file is one line with kind, version and CRC-32 of the rest, and an object in JSON.
struct KeptSettings {
  static let keysMax = 100
  static let keyBytesMax = 64
  static let valueBytesMax = 1024
  /// What a setting takes in memory beside its texts.
  static let bookBytes = 64
  private static let kind = "aether-app-settings 1 "

  private let path: String
  private var values: [String: String] = [:]
  /// The file was there, but was not what was written: it was put aside.
  private(set) var wasDamaged = false

  init(path: String) throws(NativeError) {
    self.path = path
    let bytes: [UInt8]
    do throws(LinuxError) { bytes = try Files.read(path) } catch {
      if error.errno == ENOENT { return }
      throw .inputOutput
    }
    if let values = Self.decode(bytes) {
      self.values = values
    } else {
      wasDamaged = true
      if rename(path, path + ".damaged") != 0 { throw .inputOutput }
    }
  }

  /// Memory that they take.
  var bytes: Int { values.reduce(0) { $0 + Self.bytes($1.key, $1.value) } }

  subscript(key: String) -> String? { values[key] }

  /// How many bytes more they take with this one. Checks the limits: key −EINVAL, value −EMSGSIZE, number −ENOSPC.
  func growth(setting key: String, to value: String) throws(NativeError) -> Int {
    guard (1...Self.keyBytesMax).contains(key.utf8.count) else { throw .invalid }
    guard value.utf8.count <= Self.valueBytesMax else { throw .messageSize }
    let old = values[key]
    guard old != nil || values.count < Self.keysMax else { throw .noSpace }
    return Self.bytes(key, value) - (old.map { Self.bytes(key, $0) } ?? 0)
  }

  /// When this returns, it is on disk.
  mutating func set(_ key: String, to value: String) throws(NativeError) {
    guard values[key] != value else { return }
    var changed = values
    changed[key] = value
    try write(changed)
  }

  /// Gives how many bytes less they take.
  mutating func delete(_ key: String) throws(NativeError) -> Int {
    var changed = values
    guard let value = changed.removeValue(forKey: key) else { throw .notFound }
    try write(changed)
    return Self.bytes(key, value)
  }

  private static func bytes(_ key: String, _ value: String) -> Int { key.utf8.count + value.utf8.count + bookBytes }

  private mutating func write(_ changed: [String: String]) throws(NativeError) {
    do throws(LinuxError) {
      try Files.replace(path, with: Self.encode(changed), mode: 0o600, durable: true)
    } catch { throw error.errno == ENOSPC || error.errno == EDQUOT ? .noSpace : .inputOutput }
    values = changed
  }

  static func encode(_ values: [String: String]) -> [UInt8] {
    let object = JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) })
    let body = JSON.object(object).bytes()
    return Array("\(kind)\(CRC32.checksum(body))\n".utf8) + body
  }

  static func decode(_ bytes: [UInt8]) -> [String: String]? {
    guard bytes.starts(with: kind.utf8), let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    let body = Array(bytes[(end + 1)...])
    let checksum = UInt32(String(decoding: bytes[kind.utf8.count..<end], as: UTF8.self))
    guard checksum == CRC32.checksum(body), let object = (try? JSON.parse(body))?.objectValue,
      object.count <= keysMax
    else { return nil }
    var values: [String: String] = [:]
    for member in object.members {
      guard let value = member.value.stringValue else { return nil }
      values[member.name] = value
    }
    return values
  }
}
