/// A natural number of any size, for exact conversions between binary and decimal.
struct BigNatural {
  /// Lowest first; the highest is not 0.
  private(set) var limbs: [UInt32] = []

  init(_ value: UInt64) {
    if value != 0 { limbs.append(UInt32(truncatingIfNeeded: value)) }
    if value >> 32 != 0 { limbs.append(UInt32(truncatingIfNeeded: value >> 32)) }
  }

  var isZero: Bool { limbs.isEmpty }

  var bitCount: Int {
    guard let last = limbs.last else { return 0 }
    return limbs.count * 32 - last.leadingZeroBitCount
  }

  mutating func multiply(by factor: UInt32, adding summand: UInt32 = 0) {
    var carry = UInt64(summand)
    for index in limbs.indices {
      carry += UInt64(limbs[index]) * UInt64(factor)
      limbs[index] = UInt32(truncatingIfNeeded: carry)
      carry >>= 32
    }
    if carry != 0 { limbs.append(UInt32(truncatingIfNeeded: carry)) }
  }

  mutating func multiply(byPowerOfTen exponent: Int) {
    var rest = exponent
    while rest >= 9 {
      multiply(by: 1_000_000_000)
      rest -= 9
    }
    var factor: UInt32 = 1
    for _ in 0..<rest { factor *= 10 }
    if factor > 1 { multiply(by: factor) }
  }

  mutating func shiftLeft(by count: Int) {
    guard !limbs.isEmpty, count > 0 else { return }
    let bits = UInt32(count % 32)
    if bits > 0 {
      var carry: UInt32 = 0
      for index in limbs.indices {
        let limb = limbs[index]
        limbs[index] = limb << bits | carry
        carry = limb >> (32 - bits)
      }
      if carry != 0 { limbs.append(carry) }
    }
    if count >= 32 { limbs.insert(contentsOf: [UInt32](repeating: 0, count: count / 32), at: 0) }
  }

  /// Negative when this is less than the other, 0 when equal.
  func compare(_ other: BigNatural) -> Int {
    if limbs.count != other.limbs.count { return limbs.count < other.limbs.count ? -1 : 1 }
    var index = limbs.count
    while index > 0 {
      index -= 1
      if limbs[index] != other.limbs[index] { return limbs[index] < other.limbs[index] ? -1 : 1 }
    }
    return 0
  }

  /// Takes away a number that is not larger.
  mutating func subtract(_ other: BigNatural) {
    var borrow: Int64 = 0
    for index in limbs.indices {
      borrow += Int64(limbs[index]) - (index < other.limbs.count ? Int64(other.limbs[index]) : 0)
      limbs[index] = UInt32(truncatingIfNeeded: borrow)
      borrow >>= 32
    }
    while limbs.last == 0 { limbs.removeLast() }
  }

  /// The quotient by a number that is at most ten times smaller; this becomes the remainder.
  mutating func divideToDigit(by other: BigNatural) -> UInt8 {
    var digit: UInt8 = 0
    while compare(other) >= 0 {
      subtract(other)
      digit += 1
    }
    return digit
  }
}

/// Reading floats: the nearest double, ties to even.
enum FloatReader {
  /// Digits with at most one point and an exponent; none when it is anything else.
  static func decimal(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    var digits: [UInt8] = []
    var exponent = 0
    var hasDigits = false
    var hasPoint = false
    var index = 0
    var isTruncated = false
    while index < text.count {
      let byte = text[index]
      if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else if Characters.isDigit(byte) {
        hasDigits = true
        if !(digits.isEmpty && byte == 48) {
          if digits.count < 800 {
            digits.append(byte - 48)
            if hasPoint { exponent -= 1 }
          } else {
            if byte != 48 { isTruncated = true }
            if !hasPoint { exponent += 1 }
          }
        } else if hasPoint {
          exponent -= 1
        }
      } else {
        break
      }
      index += 1
    }
    guard hasDigits else { return nil }
    if index < text.count {
      guard text[index] | 0x20 == UInt8(ascii: "e"), let power = readExponent(text, index + 1) else { return nil }
      exponent += power
    }
    // A digit beyond the last one kept decides a tie.
    if isTruncated {
      digits.append(1)
      exponent -= 1
    }
    return nearest(digits, exponent)
  }

  private static func readExponent(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
    var index = start
    var isNegative = false
    if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
      isNegative = text[index] == UInt8(ascii: "-")
      index += 1
    }
    guard index < text.count else { return nil }
    var value = 0
    while index < text.count {
      guard Characters.isDigit(text[index]) else { return nil }
      if value < 100_000_000 { value = value * 10 + Int(text[index] - 48) }
      index += 1
    }
    return isNegative ? -value : value
  }

  private static let exactPowers: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]

  private static func nearest(_ digits: [UInt8], _ exponent: Int) -> Double {
    if digits.isEmpty { return 0 }
    if digits.count + exponent > 310 { return .infinity }
    if digits.count + exponent < -330 { return 0 }
    if digits.count <= 15, exponent >= -22, exponent <= 22 {
      // Both are floats without rounding, so that one operation rounds once.
      var value: Int64 = 0
      for digit in digits { value = value * 10 + Int64(digit) }
      return exponent < 0 ? Double(value) / exactPowers[-exponent] : Double(value) * exactPowers[exponent]
    }
    var numerator = BigNatural(0)
    for digit in digits {
      if numerator.isZero {
        numerator = BigNatural(UInt64(digit))
      } else {
        numerator.multiply(by: 10, adding: UInt32(digit))
      }
    }
    var denominator = BigNatural(1)
    if exponent >= 0 {
      numerator.multiply(byPowerOfTen: exponent)
    } else {
      denominator.multiply(byPowerOfTen: -exponent)
    }
    return quotient(&numerator, &denominator)
  }

  /// The double nearest to a fraction.
  private static func quotient(_ numerator: inout BigNatural, _ denominator: inout BigNatural) -> Double {
    // value = numerator / denominator * 2^scale with 2^52 <= numerator / denominator < 2^54
    var scale = numerator.bitCount - denominator.bitCount - 53
    if scale < -1074 { scale = -1074 }
    if scale > 0 { denominator.shiftLeft(by: scale) } else { numerator.shiftLeft(by: -scale) }
    var mantissa = divide(&numerator, denominator)
    if mantissa >> 53 != 0 {
      // One bit too many: the lowest one moves into the remainder.
      let low = mantissa & 1
      mantissa >>= 1
      scale += 1
      if low == 1 { return assemble(mantissa, scale, isAboveHalf: !numerator.isZero, isHalf: true) }
      return assemble(mantissa, scale, isAboveHalf: false, isHalf: false)
    }
    numerator.shiftLeft(by: 1)
    let order = numerator.compare(denominator)
    return assemble(mantissa, scale, isAboveHalf: order > 0, isHalf: order >= 0)
  }

  private static func divide(_ numerator: inout BigNatural, _ denominator: BigNatural) -> UInt64 {
    var result: UInt64 = 0
    var shift = max(0, numerator.bitCount - denominator.bitCount)
    while shift >= 0 {
      var part = denominator
      part.shiftLeft(by: shift)
      result <<= 1
      if numerator.compare(part) >= 0 {
        numerator.subtract(part)
        result |= 1
      }
      shift -= 1
    }
    return result
  }

  private static func assemble(_ mantissa: UInt64, _ scale: Int, isAboveHalf: Bool, isHalf: Bool) -> Double {
    var mantissa = mantissa
    var scale = scale
    if isAboveHalf || (isHalf && mantissa & 1 == 1) { mantissa += 1 }
    if mantissa == 1 << 53 {
      mantissa >>= 1
      scale += 1
    }
    if mantissa < 1 << 52 { return Double(bitPattern: mantissa) }
    let biased = scale + 1075
    if biased >= 2047 { return .infinity }
    return Double(bitPattern: UInt64(biased) << 52 | mantissa & (1 << 52 - 1))
  }

  /// The part after `0x` of a hexadecimal float.
  static func hexadecimal(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    var mantissa: UInt64 = 0
    var exponent = 0
    var hasDigits = false
    var hasPoint = false
    var isSticky = false
    var index = 0
    while index < text.count {
      if text[index] == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else if let digit = Characters.hexadecimalValue(text[index]) {
        hasDigits = true
        if mantissa >> 58 == 0 {
          mantissa = mantissa << 4 | UInt64(digit)
          if hasPoint { exponent -= 4 }
        } else {
          if digit != 0 { isSticky = true }
          if !hasPoint { exponent += 4 }
        }
      } else {
        break
      }
      index += 1
    }
    guard hasDigits else { return nil }
    if index < text.count {
      guard text[index] | 0x20 == UInt8(ascii: "p"), let power = readExponent(text, index + 1) else { return nil }
      exponent += power
    }
    if mantissa == 0 { return 0 }
    var numerator = BigNatural(mantissa)
    var denominator = BigNatural(1)
    // What was left out lies far below the bits that are kept; one bit stands for it.
    numerator.multiply(by: 16, adding: isSticky ? 1 : 0)
    exponent -= 4
    if exponent > 2000 { return .infinity }
    if exponent < -2000 { return 0 }
    if exponent >= 0 { numerator.shiftLeft(by: exponent) } else { denominator.shiftLeft(by: -exponent) }
    return quotient(&numerator, &denominator)
  }
}
