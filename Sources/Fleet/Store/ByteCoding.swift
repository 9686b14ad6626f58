import JSON

/// Bytes that are not an encoding of what was to be read.
struct DecodingFault: Error, Equatable {
  var offset: Int
  var problem: String
}

/// Appends values to bytes: integers as LEB128 (signed ones in zigzag order), strings with their length before them.
struct ByteWriter {
  var bytes: [UInt8] = []

  mutating func byte(_ value: UInt8) { bytes.append(value) }

  mutating func unsigned(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func signed(_ value: Int64) { unsigned(UInt64(bitPattern: value << 1 ^ value >> 63)) }

  mutating func string(_ value: String) {
    var value = value
    value.withUTF8 { text in
      unsigned(UInt64(text.count))
      bytes.append(contentsOf: text)
    }
  }

  /// Members in the byte order of their names, so that equal maps give equal bytes.
  mutating func map(_ map: [String: String]) {
    unsigned(UInt64(map.count))
    for (name, value) in map.sorted(by: { $0.key < $1.key }) {
      string(name)
      string(value)
    }
  }

  mutating func json(_ value: JSON) {
    switch value {
    case .null: byte(0)
    case .bool(false): byte(1)
    case .bool(true): byte(2)
    case .integer(let value):
      byte(3)
      signed(value)
    case .number(let value):
      byte(4)
      withUnsafeBytes(of: value.bitPattern.bigEndian) { bytes.append(contentsOf: $0) }
    case .string(let value):
      byte(5)
      string(value)
    case .array(let items):
      byte(6)
      unsigned(UInt64(items.count))
      for item in items { json(item) }
    case .object(let object):
      byte(7)
      unsigned(UInt64(object.count))
      for member in object.members {
        string(member.name)
        json(member.value)
      }
    }
  }
}

/// Reads what ``ByteWriter`` wrote; refuses everything else without harm.
struct ByteReader {
  let bytes: [UInt8]
  private(set) var position: Int

  init(_ bytes: [UInt8], from position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  var remaining: Int { bytes.count - position }
  func fault(_ problem: String) -> DecodingFault { DecodingFault(offset: position, problem: problem) }

  mutating func byte() throws(DecodingFault) -> UInt8 {
    guard position < bytes.count else { throw fault("ends early") }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func unsigned() throws(DecodingFault) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      guard shift < 63 || (shift == 63 && next <= 1) else { throw fault("integer is too long") }
      value |= UInt64(next & 0x7F) << shift
      if next & 0x80 == 0 { return value }
      shift += 7
    }
  }

  mutating func signed() throws(DecodingFault) -> Int64 {
    let value = try unsigned()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// A number of items of at least one byte each, so it cannot exceed what is left.
  mutating func count() throws(DecodingFault) -> Int {
    let value = try unsigned()
    guard value <= UInt64(remaining) else { throw fault("count is beyond the end") }
    return Int(value)
  }

  mutating func string() throws(DecodingFault) -> String {
    let count = try count()
    let text = bytes.withUnsafeBufferPointer { all in
      String(validating: all[position..<position + count], as: UTF8.self)
    }
    guard let text else { throw fault("string is not UTF-8") }
    position += count
    return text
  }

  mutating func map() throws(DecodingFault) -> [String: String] {
    let count = try count()
    var map: [String: String] = [:]
    if count > 0 { map.reserveCapacity(min(count, 256)) }
    for _ in 0..<count {
      let name = try string()
      guard map.updateValue(try string(), forKey: name) == nil else { throw fault("name appears twice") }
    }
    return map
  }

  mutating func json(depth: Int = 0) throws(DecodingFault) -> JSON {
    guard depth <= StoreLimits.jsonDepthMax else { throw fault("value is nested too deep") }
    switch try byte() {
    case 0: return .null
    case 1: return .bool(false)
    case 2: return .bool(true)
    case 3: return .integer(try signed())
    case 4:
      var bits: UInt64 = 0
      for _ in 0..<8 { bits = bits << 8 | UInt64(try byte()) }
      return .number(Double(bitPattern: bits))
    case 5: return .string(try string())
    case 6:
      var items: [JSON] = []
      for _ in 0..<(try count()) { items.append(try json(depth: depth + 1)) }
      return .array(items)
    case 7:
      let count = try count()
      var members: [JSONObject.Member] = []
      members.reserveCapacity(min(count, 64))
      for _ in 0..<count {
        let name = try string()
        members.append(JSONObject.Member(name, try json(depth: depth + 1)))
      }
      return .object(JSONObject(uniqueMembers: members))
    default: throw fault("unknown kind of value")
    }
  }

  func end() throws(DecodingFault) {
    guard remaining == 0 else { throw fault("has bytes after the end") }
  }
}

extension JSON {
  /// Arrays and objects inside each other; stops counting beyond `max`.
  func depth(upTo max: Int) -> Int {
    guard max >= 0 else { return 1 }
    switch self {
    case .array(let items): return 1 + (items.lazy.map { $0.depth(upTo: max - 1) }.max() ?? 0)
    case .object(let object): return 1 + (object.members.lazy.map { $0.value.depth(upTo: max - 1) }.max() ?? 0)
    default: return 0
    }
  }
}
