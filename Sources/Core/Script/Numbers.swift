/// Conversions between integers, floats and text, equal on every target.
enum Numbers {
  /// The integer that a float is exactly, if there is one.
  @inline(__always) static func exactInteger(_ value: Double) -> Int64? {
    guard value >= -0x1p63, value < 0x1p63 else { return nil }
    let integer = Int64(value)
    return Double(integer) == value ? integer : nil
  }

  /// The largest integer not above a value, as a float.
  @inline(__always) static func floor(_ value: Double) -> Double {
    guard value.magnitude < 0x1p52 else { return value }
    let truncated = Double(Int64(value))
    if truncated > value { return truncated - 1 }
    return truncated == 0 && value.sign == .minus ? -0.0 : truncated
  }

  static func ceiling(_ value: Double) -> Double { -floor(-value) }

  // MARK: Exact comparison of integers and floats

  static func equal(_ integer: Int64, _ float: Double) -> Bool {
    guard let exact = exactInteger(float) else { return false }
    return exact == integer
  }

  static func less(_ integer: Int64, _ float: Double) -> Bool {
    if fits(integer) { return Double(integer) < float }
    if float >= 0x1p63 { return true }
    if float > -0x1p63 { return integer < Int64(ceiling(float)) }
    return false
  }

  static func lessOrEqual(_ integer: Int64, _ float: Double) -> Bool {
    if fits(integer) { return Double(integer) <= float }
    if float >= 0x1p63 { return true }
    if float >= -0x1p63 { return integer <= Int64(floor(float)) }
    return false
  }

  static func less(_ float: Double, _ integer: Int64) -> Bool {
    if fits(integer) { return float < Double(integer) }
    if float >= 0x1p63 { return false }
    if float >= -0x1p63 { return Int64(floor(float)) < integer }
    return !float.isNaN
  }

  static func lessOrEqual(_ float: Double, _ integer: Int64) -> Bool {
    if fits(integer) { return float <= Double(integer) }
    if float >= 0x1p63 { return false }
    if float > -0x1p63 { return Int64(ceiling(float)) <= integer }
    return !float.isNaN
  }

  /// Whether the integer is surely a float without rounding.
  @inline(__always) private static func fits(_ integer: Int64) -> Bool {
    integer >= -(1 << 53) && integer <= 1 << 53
  }

  // MARK: Text

  static func append(_ value: Int64, to bytes: inout [UInt8]) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    append(value.magnitude, to: &bytes)
  }

  static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    var divisor: UInt64 = 1
    while value / divisor >= 10 { divisor *= 10 }
    var rest = value
    while divisor > 0 {
      bytes.append(48 + UInt8(truncatingIfNeeded: rest / divisor))
      rest %= divisor
      divisor /= 10
    }
  }

  /// A float as `tostring` shows it: `%.14g`, with `.0` when it would look like an integer.
  static func append(_ value: Double, to bytes: inout [UInt8]) {
    let start = bytes.count
    FloatText.general(value, precision: 14, isAlternate: false, to: &bytes)
    for index in start..<bytes.count {
      let byte = bytes[index]
      if !Characters.isDigit(byte) && byte != UInt8(ascii: "-") { return }
    }
    bytes.append(UInt8(ascii: "."))
    bytes.append(UInt8(ascii: "0"))
  }

  enum Parsed {
    case integer(Int64)
    case float(Double)

    var value: Value {
      switch self {
      case .integer(let integer): return .integer(integer)
      case .float(let float): return .float(float)
      }
    }
  }

  /// A number as the language writes it, with white space around it; none for anything else.
  static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Parsed? {
    var index = 0
    var end = text.count
    while index < end, Characters.isSpace(text[index]) { index += 1 }
    while end > index, Characters.isSpace(text[end - 1]) { end -= 1 }
    guard index < end else { return nil }
    var isNegative = false
    if text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
      isNegative = text[index] == UInt8(ascii: "-")
      index += 1
    }
    let body = UnsafeBufferPointer(rebasing: text[index..<end])
    if body.count > 2, body[0] == 48, body[1] | 0x20 == UInt8(ascii: "x") {
      return hexadecimal(UnsafeBufferPointer(rebasing: body[2...]), isNegative)
    }
    return decimal(body, isNegative)
  }

  private static func decimal(_ text: UnsafeBufferPointer<UInt8>, _ isNegative: Bool) -> Parsed? {
    guard !text.isEmpty else { return nil }
    var isInteger = true
    var value: UInt64 = 0
    for byte in text {
      guard Characters.isDigit(byte) else {
        isInteger = false
        break
      }
      let digit = UInt64(byte - 48)
      let limit: UInt64 = isNegative ? 1 << 63 : 1 << 63 - 1
      if value > 922_337_203_685_477_580 || value * 10 + digit > limit {
        isInteger = false
        break
      }
      value = value * 10 + digit
    }
    if isInteger {
      let integer = Int64(bitPattern: value)
      return .integer(isNegative ? 0 &- integer : integer)
    }
    guard let float = FloatReader.decimal(text) else { return nil }
    return .float(isNegative ? -float : float)
  }

  private static func hexadecimal(_ text: UnsafeBufferPointer<UInt8>, _ isNegative: Bool) -> Parsed? {
    var value: UInt64 = 0
    for byte in text {
      guard let digit = Characters.hexadecimalValue(byte) else {
        guard let float = FloatReader.hexadecimal(text) else { return nil }
        return .float(isNegative ? -float : float)
      }
      value = value << 4 | UInt64(digit)
    }
    let integer = Int64(bitPattern: value)
    return .integer(isNegative ? 0 &- integer : integer)
  }
}
