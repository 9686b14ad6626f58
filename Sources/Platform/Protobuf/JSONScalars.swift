import Bytes
import JSON

/// A value that may be the key of a map.
public protocol ProtobufMapKey: ProtobufValue, Hashable {
  var jsonName: String { get }
  init?(jsonName: String)
  /// The words for messages, with their article.
  static var jsonKind: String { get }
}

extension FixedWidthInteger where Self: ProtobufValue {
  @inlinable public static var protobufDefault: Self { 0 }
  @inlinable public var isProtobufDefault: Bool { self == 0 }
  public var jsonName: String { String(self) }
  public static var jsonKind: String { "a whole number from \(min) to \(max)" }

  public init?(jsonName: String) {
    guard let first = jsonName.utf8.first, first != UInt8(ascii: "+"), let value = Self(jsonName) else { return nil }
    self = value
  }

  /// Takes `12`, `"12"`, `12.0` and `"1.2e1"`.
  public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
    let value: Self? =
      switch json {
      case .integer(let number): Self(exactly: number)
      case .number(let number): Self(exactly: number)
      case .string(let text): Self(jsonName: text) ?? jsonDouble(text).flatMap { Self(exactly: $0) }
      default: nil
      }
    guard let value else { throw .mismatch(path: "", problem: "expected \(Self.jsonKind)") }
    self = value
  }
}

extension Int32: ProtobufMapKey {
  public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON { .integer(Int64(self)) }
}
extension UInt32: ProtobufMapKey {
  public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON { .integer(Int64(self)) }
}
extension Int64: ProtobufMapKey {
  public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON { .string(String(self)) }
}
extension UInt64: ProtobufMapKey {
  public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON { .string(String(self)) }
}

extension Bool: ProtobufMapKey {
  @inlinable public static var protobufDefault: Bool { false }
  @inlinable public var isProtobufDefault: Bool { !self }
  public var jsonName: String { self ? "true" : "false" }
  public static var jsonKind: String { "true or false" }

  public init?(jsonName: String) {
    switch jsonName {
    case "true": self = true
    case "false": self = false
    default: return nil
    }
  }

  public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON { .bool(self) }

  public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
    guard case .bool(let value) = json else { throw .mismatch(path: "", problem: "expected true or false") }
    self = value
  }
}

extension String: ProtobufMapKey {
  @inlinable public static var protobufDefault: String { "" }
  @inlinable public var isProtobufDefault: Bool { isEmpty }
  public var jsonName: String { self }
  public static var jsonKind: String { "a string" }
  public init?(jsonName: String) { self = jsonName }

  public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON { .string(self) }

  public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
    guard case .string(let value) = json else {
      throw .mismatch(path: "", problem: "expected a string, found \(json.typeName)")
    }
    self = value
  }
}

/// A JSON number written as text; the grammar of JSON, so no spaces, `+`, hexadecimal digits or names.
private func jsonDouble(_ text: String) -> Double? {
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
      UInt8(ascii: "e"), UInt8(ascii: "E"):
      continue
    default: return nil
    }
  }
  guard text.utf8.first != UInt8(ascii: "+"), let value = Double(text), value.isFinite else { return nil }
  return value
}

private func floatingPoint(_ json: JSON) throws(ProtobufError) -> Double {
  let value: Double? =
    switch json {
    case .integer(let number): Double(number)
    case .number(let number): number
    case .string("NaN"): .nan
    case .string("Infinity"): .infinity
    case .string("-Infinity"): -.infinity
    case .string(let text): jsonDouble(text)
    default: nil
    }
  guard let value else {
    throw .mismatch(path: "", problem: "expected a number, \"NaN\", \"Infinity\" or \"-Infinity\"")
  }
  return value
}

private func json(special value: Double) -> JSON? {
  if value.isNaN { return "NaN" }
  if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
  return nil
}

extension Double: ProtobufValue {
  @inlinable public static var protobufDefault: Double { 0 }
  @inlinable public var isProtobufDefault: Bool { bitPattern == 0 }
  public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON {
    Protobuf.json(special: self) ?? .number(self)
  }
  public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) { self = try floatingPoint(json) }
}

extension Float: ProtobufValue {
  @inlinable public static var protobufDefault: Float { 0 }
  @inlinable public var isProtobufDefault: Bool { bitPattern == 0 }

  public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON {
    if let special = Protobuf.json(special: Double(self)) { return special }
    // The shortest text that gives the same Float, if it survives the way through Double.
    if let short = Double(description), Float(short) == self { return .number(short) }
    return .number(Double(self))
  }

  public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
    let value = try floatingPoint(json)
    self = Float(value)
    if value.isFinite, !isFinite { throw .mismatch(path: "", problem: "the number does not fit 32 bits") }
  }
}

extension Array: ProtobufValue where Element == UInt8 {
  @inlinable public static var protobufDefault: [UInt8] { [] }
  @inlinable public var isProtobufDefault: Bool { isEmpty }

  public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON { .string(Base64.encode(self)) }

  public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
    guard case .string(let text) = json, let bytes = Base64.decodeEither(text.utf8) else {
      throw .mismatch(path: "", problem: "expected a string in base64")
    }
    self = bytes
  }
}
