import JSON

/// Resolution of scalars by the core schema of YAML 1.2.2, section 10.3.2.
enum CoreSchema {
  enum Resolved: Equatable {
    case value(JSON)
    /// A number by its spelling that no finite double holds.
    case notFinite
  }

  /// The value of an untagged plain scalar; every text that fits no other kind is a string.
  static func resolve(_ text: String) -> Resolved {
    // Most strings are decided by their first byte.
    if mayBeNull(text) { return .value(isNull(text) ? .null : .string(text)) }
    switch text.utf8.first {
    case UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "f"), UInt8(ascii: "F"):
      if let value = bool(text) { return .value(.bool(value)) }
    default: if let number = number(text) { return number }
    }
    return .value(.string(text))
  }

  /// What the first byte tells.
  @inline(__always) static func mayBeNull(_ text: String) -> Bool {
    switch text.utf8.first {
    case nil, UInt8(ascii: "~"), UInt8(ascii: "n"), UInt8(ascii: "N"): true
    default: false
    }
  }

  static func isNull(_ text: String) -> Bool {
    switch text {
    case "", "~", "null", "Null", "NULL": true
    default: false
    }
  }

  static func bool(_ text: String) -> Bool? {
    switch text {
    case "true", "True", "TRUE": true
    case "false", "False", "FALSE": false
    default: nil
    }
  }

  /// `nil` when the text is not spelled as a number.
  static func number(_ text: String) -> Resolved? {
    guard let first = text.utf8.first, isDigit(first) || first == plus || first == minus || first == dot else {
      return nil
    }
    let bytes = Array(text.utf8)
    if let value = prefixed(bytes) { return value }
    let unsigned = first == plus || first == minus ? bytes[1...] : bytes[...]
    switch String(decoding: unsigned, as: UTF8.self) {
    case ".inf", ".Inf", ".INF": return .notFinite
    case ".nan", ".NaN", ".NAN": return unsigned.count == bytes.count ? .notFinite : nil
    default: break
    }
    guard let shape = decimalShape(unsigned) else { return nil }
    if shape == .integer, let value = Int64(text) { return .value(.integer(value)) }
    guard let value = Double(text), value.isFinite else { return .notFinite }
    return .value(.number(value))
  }

  private static let plus = UInt8(ascii: "+")
  private static let minus = UInt8(ascii: "-")
  private static let dot = UInt8(ascii: ".")

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// `0o17` and `0x1f`; the schema allows no sign before them.
  private static func prefixed(_ bytes: [UInt8]) -> Resolved? {
    guard bytes.count > 2, bytes[0] == UInt8(ascii: "0") else { return nil }
    let radix: Int
    switch bytes[1] {
    case UInt8(ascii: "o"): radix = 8
    case UInt8(ascii: "x"): radix = 16
    default: return nil
    }
    let digits = bytes[2...]
    let isSpelledRight = digits.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "7"): true
      case UInt8(ascii: "8"), UInt8(ascii: "9"): radix == 16
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): radix == 16
      default: false
      }
    }
    guard isSpelledRight else { return nil }
    let text = String(decoding: digits, as: UTF8.self)
    if let value = Int64(text, radix: radix) { return .value(.integer(value)) }
    var value = 0.0
    for byte in digits {
      let digit = isDigit(byte) ? byte - UInt8(ascii: "0") : (byte | 0x20) - UInt8(ascii: "a") + 10
      value = value * Double(radix) + Double(digit)
    }
    return value.isFinite ? .value(.number(value)) : .notFinite
  }

  private enum DecimalShape { case integer, fraction }

  /// `[0-9]+`, or `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
  private static func decimalShape(_ bytes: ArraySlice<UInt8>) -> DecimalShape? {
    var rest = bytes
    func dropDigits() -> Int {
      let digits = rest.prefix(while: isDigit).count
      rest = rest.dropFirst(digits)
      return digits
    }
    let whole = dropDigits()
    if rest.isEmpty { return whole > 0 ? .integer : nil }
    if rest.first == dot {
      rest = rest.dropFirst()
      guard dropDigits() + whole > 0 else { return nil }
    } else if whole == 0 {
      return nil
    }
    if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
      rest = rest.dropFirst()
      if rest.first == plus || rest.first == minus { rest = rest.dropFirst() }
      guard dropDigits() > 0 else { return nil }
    }
    return rest.isEmpty ? .fraction : nil
  }
}

/// The tags of the core schema.
enum CoreTag {
  private static let prefix = "tag:yaml.org,2002:"

  /// - Returns: the value, or `nil` when the text does not fit the tag.
  /// - Throws: `unsupportedTag` for a tag outside the core schema.
  static func scalar(_ text: String, tag: String) throws(YAMLError.Reason) -> JSON? {
    if tag == "!" { return .string(text) }
    guard tag.hasPrefix(prefix) else { throw .unsupportedTag(tag) }
    switch tag.dropFirst(prefix.count) {
    case "str": return .string(text)
    case "null": return CoreSchema.isNull(text) ? .null : nil
    case "bool": return CoreSchema.bool(text).map(JSON.bool)
    case "int":
      guard case .value(.integer(let value))? = CoreSchema.number(text) else { return nil }
      return .integer(value)
    case "float":
      guard let number = CoreSchema.number(text) else { return nil }
      guard case .value(let value) = number, let double = value.doubleValue else { throw .numberNotFinite(text) }
      return .number(double)
    case "seq", "map": return nil
    default: throw .unsupportedTag(tag)
    }
  }

  static func checkCollection(_ tag: String, is name: String) throws(YAMLError.Reason) {
    if tag == "!" || tag == prefix + name { return }
    let scalars: Set<Substring> = ["str", "null", "bool", "int", "float", "seq", "map"]
    guard tag.hasPrefix(prefix), scalars.contains(tag.dropFirst(prefix.count)) else { throw .unsupportedTag(tag) }
    throw .valueDoesNotFitTag(tag)
  }
}
