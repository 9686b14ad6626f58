/// Bounds on what the parser accepts.
public struct JSONLimits: Sendable {
  /// Arrays and objects inside each other.
  public var depthMax: Int
  /// Input length in bytes.
  public var sizeMax: Int

  public init(depthMax: Int = 64, sizeMax: Int = 16 << 20) {
    self.depthMax = depthMax
    self.sizeMax = sizeMax
  }
}

/// Why a text is not JSON.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: Equatable, Sendable {
    case unexpectedEnd
    case unexpectedByte(UInt8)
    case trailingBytes
    case invalidUTF8
    case invalidEscape
    case controlCharacter
    case invalidNumber
    case duplicateName(String)
    case tooDeep(Int)
    case tooLarge(Int)
  }

  public var reason: Reason
  /// Byte offset of the fault.
  public var offset: Int

  public init(reason: Reason, offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  public var description: String {
    let what =
      switch reason {
      case .unexpectedEnd: "the text ends too early"
      case .unexpectedByte(let byte): "unexpected byte 0x" + String(byte, radix: 16)
      case .trailingBytes: "more text after the value"
      case .invalidUTF8: "invalid UTF-8"
      case .invalidEscape: "invalid escape in a string"
      case .controlCharacter: "unescaped control character in a string"
      case .invalidNumber: "invalid number"
      case .duplicateName(let name): "the name \"\(name)\" appears twice in one object"
      case .tooDeep(let max): "nested deeper than \(max) levels"
      case .tooLarge(let max): "longer than \(max) bytes"
      }
    return "\(what) at byte \(offset)"
  }
}

extension JSON {
  /// Parses one JSON text (RFC 8259, strict; a name twice in one object is refused).
  public static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
    try parse(Array(text.utf8), limits: limits)
  }

  /// Parses one JSON text (RFC 8259, strict; a name twice in one object is refused).
  public static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
    guard bytes.count <= limits.sizeMax else {
      throw JSONError(reason: .tooLarge(limits.sizeMax), offset: limits.sizeMax)
    }
    var parser = JSONParser(bytes: bytes, depthMax: limits.depthMax)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == bytes.count else { throw parser.error(.trailingBytes) }
    return value
  }
}

struct JSONParser {
  let bytes: [UInt8]
  let depthMax: Int
  var position = 0

  init(bytes: [UInt8], depthMax: Int) {
    self.bytes = bytes
    self.depthMax = depthMax
  }

  func error(_ reason: JSONError.Reason) -> JSONError { JSONError(reason: reason, offset: position) }

  mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  func peek() throws(JSONError) -> UInt8 {
    guard position < bytes.count else { throw error(.unexpectedEnd) }
    return bytes[position]
  }

  mutating func value(depth: Int) throws(JSONError) -> JSON {
    skipSpace()
    let byte = try peek()
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error(.unexpectedByte(byte))
    }
  }

  mutating func literal(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    for index in 0..<word.utf8CodeUnitCount {
      let byte = try peek()
      guard byte == word.utf8Start[index] else { throw error(.unexpectedByte(byte)) }
      position += 1
    }
    return value
  }

  mutating func array(depth: Int) throws(JSONError) -> JSON {
    guard depth <= depthMax else { throw error(.tooDeep(depthMax)) }
    position += 1
    var items: [JSON] = []
    skipSpace()
    if try peek() == UInt8(ascii: "]") {
      position += 1
      return .array(items)
    }
    while true {
      items.append(try value(depth: depth))
      skipSpace()
      let byte = try peek()
      position += 1
      if byte == UInt8(ascii: "]") { return .array(items) }
      guard byte == UInt8(ascii: ",") else {
        position -= 1
        throw error(.unexpectedByte(byte))
      }
    }
  }

  mutating func object(depth: Int) throws(JSONError) -> JSON {
    guard depth <= depthMax else { throw error(.tooDeep(depthMax)) }
    position += 1
    var object = JSONObject()
    var names: Set<String> = []
    skipSpace()
    if try peek() == UInt8(ascii: "}") {
      position += 1
      return .object(object)
    }
    while true {
      skipSpace()
      var byte = try peek()
      guard byte == UInt8(ascii: "\"") else { throw error(.unexpectedByte(byte)) }
      let name = try string()
      guard names.insert(name).inserted else { throw error(.duplicateName(name)) }
      skipSpace()
      byte = try peek()
      guard byte == UInt8(ascii: ":") else { throw error(.unexpectedByte(byte)) }
      position += 1
      object.appendUnique(name, try value(depth: depth))
      skipSpace()
      byte = try peek()
      position += 1
      if byte == UInt8(ascii: "}") { return .object(object) }
      guard byte == UInt8(ascii: ",") else {
        position -= 1
        throw error(.unexpectedByte(byte))
      }
    }
  }

  mutating func string() throws(JSONError) -> String {
    position += 1
    var start = position
    var unescaped: [UInt8] = []
    var hasEscape = false
    while true {
      let byte = try peek()
      switch byte {
      case UInt8(ascii: "\""):
        let tail = bytes[start..<position]
        let text: String?
        if hasEscape {
          unescaped += tail
          text = String(validating: unescaped, as: UTF8.self)
        } else {
          text = String(validating: tail, as: UTF8.self)
        }
        guard let text else { throw error(.invalidUTF8) }
        position += 1
        return text
      case UInt8(ascii: "\\"):
        hasEscape = true
        unescaped += bytes[start..<position]
        position += 1
        try escape(into: &unescaped)
        start = position
      case 0..<0x20: throw error(.controlCharacter)
      default: position += 1
      }
    }
  }

  mutating func escape(into text: inout [UInt8]) throws(JSONError) {
    let byte = try peek()
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hex4()
      if (0xD800..<0xDC00).contains(code) {
        guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
          bytes[position + 1] == UInt8(ascii: "u")
        else { throw error(.invalidEscape) }
        position += 2
        let low = try hex4()
        guard (0xDC00..<0xE000).contains(low) else { throw error(.invalidEscape) }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error(.invalidEscape) }
      text += UTF8.encode(scalar).map { Array($0) } ?? []
    default: throw error(.invalidEscape)
    }
  }

  mutating func hex4() throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      let byte = try peek()
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw error(.invalidEscape)
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  mutating func digits() -> Int {
    let start = position
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
    return position - start
  }

  mutating func number() throws(JSONError) -> JSON {
    let start = position
    var isInteger = true
    if bytes[position] == UInt8(ascii: "-") { position += 1 }
    let leadingZero = position < bytes.count && bytes[position] == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, !(leadingZero && whole > 1) else { throw error(.invalidNumber) }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      guard digits() > 0 else { throw error(.invalidNumber) }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      position += 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
        position += 1
      }
      guard digits() > 0 else { throw error(.invalidNumber) }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw error(.invalidNumber) }
    return .number(value)
  }
}
