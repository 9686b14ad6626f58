/// Floats as text with the exact, correctly rounded digits that C's `printf` gives (ties to even).
enum FloatText {
  /// Digits d0 d1 d2 ... of a value d0.d1d2... times 10^exponent.
  struct Digits {
    var digits: [UInt8]
    var exponent: Int
  }

  // MARK: Forms

  /// `%g`
  static func general(_ value: Double, precision: Int, isAlternate: Bool, to bytes: inout [UInt8]) {
    if special(value, to: &bytes) { return }
    let precision = max(1, precision)
    var decimal = significant(value, precision)
    if value.sign == .minus { bytes.append(UInt8(ascii: "-")) }
    let exponent = decimal.exponent
    if !isAlternate { while decimal.digits.count > 1, decimal.digits.last == 0 { decimal.digits.removeLast() } }
    if exponent >= -4 && exponent < precision {
      appendFixed(decimal, isAlternate: isAlternate, to: &bytes)
    } else {
      appendScientific(decimal, isAlternate: isAlternate, to: &bytes)
    }
  }

  /// `%e`
  static func scientific(_ value: Double, precision: Int, isAlternate: Bool, to bytes: inout [UInt8]) {
    if special(value, to: &bytes) { return }
    let decimal = significant(value, precision + 1)
    if value.sign == .minus { bytes.append(UInt8(ascii: "-")) }
    appendScientific(decimal, isAlternate: isAlternate, to: &bytes)
  }

  /// `%f`
  static func fixed(_ value: Double, precision: Int, isAlternate: Bool, to bytes: inout [UInt8]) {
    if special(value, to: &bytes) { return }
    var decimal = exact(value.magnitude, significant: nil, fraction: precision)
    if value.sign == .minus { bytes.append(UInt8(ascii: "-")) }
    if decimal.digits.isEmpty {
      decimal = Digits(digits: [UInt8](repeating: 0, count: precision + 1), exponent: 0)
    } else {
      let wanted = decimal.exponent + 1 + precision
      while decimal.digits.count < wanted { decimal.digits.append(0) }
    }
    appendFixed(decimal, isAlternate: isAlternate, precision: precision, to: &bytes)
  }

  /// `%a`
  static func hexadecimal(_ value: Double, precision: Int?, to bytes: inout [UInt8]) {
    if special(value, to: &bytes) { return }
    if value.sign == .minus { bytes.append(UInt8(ascii: "-")) }
    var mantissa = value.bitPattern & (1 << 52 - 1)
    var exponent = Int(value.bitPattern >> 52 & 0x7FF)
    var lead: UInt64 = 1
    if exponent == 0 {
      lead = 0
      exponent = mantissa == 0 ? 0 : -1022
    } else {
      exponent -= 1023
    }
    var count = 13
    if let precision, precision < 13 {
      let dropped = UInt64(4 * (13 - precision))
      let whole = lead << 52 | mantissa
      var kept = whole >> dropped
      let rest = whole & (1 << dropped - 1)
      let half: UInt64 = 1 << (dropped - 1)
      if rest > half || (rest == half && kept & 1 == 1) { kept += 1 }
      lead = kept >> (52 - dropped)
      mantissa = kept << dropped & (1 << 52 - 1)
      count = precision
    } else if precision == nil {
      while count > 0, mantissa >> UInt64(4 * (13 - count)) & 15 == 0 { count -= 1 }
    }
    bytes.append(48)
    bytes.append(UInt8(ascii: "x"))
    bytes.append(48 + UInt8(lead))
    let wanted = precision ?? count
    if wanted > 0 { bytes.append(UInt8(ascii: ".")) }
    for index in 0..<wanted {
      let digit = index < 13 ? UInt8(mantissa >> UInt64(48 - 4 * index) & 15) : 0
      bytes.append(digit < 10 ? 48 + digit : 87 + digit)
    }
    bytes.append(UInt8(ascii: "p"))
    bytes.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    Numbers.append(UInt64(exponent.magnitude), to: &bytes)
  }

  /// Infinities and NaN; NaN has no sign here, since processors disagree on it.
  private static func special(_ value: Double, to bytes: inout [UInt8]) -> Bool {
    if value.isNaN {
      bytes.append(contentsOf: Text("nan").bytes)
    } else if value.isInfinite {
      bytes.append(contentsOf: Text(value < 0 ? "-inf" : "inf").bytes)
    } else {
      return false
    }
    return true
  }

  private static func appendFixed(
    _ decimal: Digits, isAlternate: Bool, precision: Int? = nil, to bytes: inout [UInt8]
  ) {
    var index = 0
    if decimal.exponent < 0 {
      bytes.append(48)
    } else {
      while index <= decimal.exponent {
        bytes.append(48 + (index < decimal.digits.count ? decimal.digits[index] : 0))
        index += 1
      }
    }
    var fraction: [UInt8] = []
    if decimal.exponent < 0 { fraction = [UInt8](repeating: 0, count: -decimal.exponent - 1) }
    while index < decimal.digits.count {
      fraction.append(decimal.digits[index])
      index += 1
    }
    if let precision { while fraction.count > precision { fraction.removeLast() } }
    if !fraction.isEmpty || isAlternate { bytes.append(UInt8(ascii: ".")) }
    for digit in fraction { bytes.append(48 + digit) }
  }

  private static func appendScientific(_ decimal: Digits, isAlternate: Bool, to bytes: inout [UInt8]) {
    bytes.append(48 + decimal.digits[0])
    if decimal.digits.count > 1 || isAlternate { bytes.append(UInt8(ascii: ".")) }
    for digit in decimal.digits.dropFirst() { bytes.append(48 + digit) }
    bytes.append(UInt8(ascii: "e"))
    bytes.append(decimal.exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    let magnitude = UInt64(decimal.exponent.magnitude)
    if magnitude < 10 { bytes.append(48) }
    Numbers.append(magnitude, to: &bytes)
  }

  // MARK: Digits

  static func significant(_ value: Double, _ count: Int) -> Digits {
    if value == 0 { return Digits(digits: [UInt8](repeating: 0, count: count), exponent: 0) }
    if count <= 17, let digits = quick(value.magnitude, count) { return digits }
    var digits = exact(value.magnitude, significant: count, fraction: 0)
    while digits.digits.count < count { digits.digits.append(0) }
    return digits
  }

  private static func parts(_ value: Double) -> (mantissa: UInt64, exponent: Int) {
    let fraction = value.bitPattern & (1 << 52 - 1)
    let biased = Int(value.bitPattern >> 52 & 0x7FF)
    return biased == 0 ? (fraction, -1074) : (fraction | 1 << 52, biased - 1075)
  }

  /// floor(log10(2^bits)), or one less than the power of ten of any value in [2^bits, 2^(bits + 1)).
  private static func powerOfTen(_ bits: Int) -> Int {
    let product = bits * 78913  // log10(2) * 2^18
    return product >= 0 ? product >> 18 : -((-product + (1 << 18) - 1) >> 18)
  }

  /// Up to 17 digits with 128 bits of exact arithmetic, when that is enough.
  private static func quick(_ value: Double, _ count: Int) -> Digits? {
    let (mantissa, exponent) = parts(value)
    let bits = exponent + 63 - mantissa.leadingZeroBitCount
    var power = powerOfTen(bits)
    var limit: UInt64 = 1
    for _ in 0..<count { limit *= 10 }
    for _ in 0..<2 {
      let scale = count - 1 - power
      guard scale >= 0, scale <= 27 else { return nil }
      var five: UInt64 = 1
      for _ in 0..<scale { five *= 5 }
      // value * 10^scale = product * 2^shift, exactly
      let product = mantissa.multipliedFullWidth(by: five)
      let shift = exponent + scale
      guard let rounded = shifted(high: product.high, low: product.low, shift) else { return nil }
      if rounded >= limit {
        // Rounding up may have made one digit more: the next power is right in both cases.
        power += 1
        continue
      }
      guard rounded >= limit / 10 else { return nil }
      return Digits(digits: decimalDigits(rounded, count), exponent: power)
    }
    return nil
  }

  private static func decimalDigits(_ value: UInt64, _ count: Int) -> [UInt8] {
    var digits = [UInt8](repeating: 0, count: count)
    var rest = value
    var index = count
    while index > 0 {
      index -= 1
      digits[index] = UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    return digits
  }

  /// A 128-bit number times 2^shift, rounded to nearest even; none when it does not fit.
  private static func shifted(high: UInt64, low: UInt64, _ shift: Int) -> UInt64? {
    if shift >= 0 {
      guard high == 0, shift < 64, low >> UInt64(64 - max(shift, 1)) == 0 || shift == 0 else { return nil }
      return low << UInt64(shift)
    }
    let right = -shift
    guard right < 127 else { return nil }
    let result: UInt64
    let isHalf: Bool
    let isSticky: Bool
    if right < 64 {
      guard high >> UInt64(right) == 0 else { return nil }
      result = low >> UInt64(right) | (high << UInt64(64 - right))
      isHalf = low >> UInt64(right - 1) & 1 == 1
      isSticky = low & (1 << UInt64(right - 1) - 1) != 0
    } else if right == 64 {
      result = high
      isHalf = low >> 63 == 1
      isSticky = low << 1 != 0
    } else {
      let inner = UInt64(right - 64)
      result = high >> inner
      isHalf = high >> (inner - 1) & 1 == 1
      isSticky = high & (1 << (inner - 1) - 1) != 0 || low != 0
    }
    return isHalf && (isSticky || result & 1 == 1) ? result + 1 : result
  }

  /// Digits by exact division of big numbers: `significant` of them, or down to `fraction` places after the point.
  private static func exact(_ value: Double, significant: Int?, fraction: Int) -> Digits {
    if value == 0 { return Digits(digits: [], exponent: 0) }
    let (mantissa, exponent) = parts(value)
    var numerator = BigNatural(mantissa)
    var denominator = BigNatural(1)
    if exponent >= 0 { numerator.shiftLeft(by: exponent) } else { denominator.shiftLeft(by: -exponent) }
    var power = powerOfTen(exponent + 63 - mantissa.leadingZeroBitCount)
    if power >= 0 { denominator.multiply(byPowerOfTen: power) } else { numerator.multiply(byPowerOfTen: -power) }
    // Now 1 <= numerator / denominator < 20 or so; make it less than 10.
    var next = denominator
    next.multiply(by: 10)
    if numerator.compare(next) >= 0 {
      denominator = next
      power += 1
    }
    let count = significant ?? power + 1 + fraction
    if count < 0 { return Digits(digits: [], exponent: 0) }
    var digits: [UInt8] = []
    while digits.count < count, !numerator.isZero {
      digits.append(numerator.divideToDigit(by: denominator))
      numerator.multiply(by: 10)
    }
    // The remainder was multiplied by ten: half of a unit is five denominators.
    if digits.count == count, !numerator.isZero {
      var half = denominator
      half.multiply(by: 5)
      let order = numerator.compare(half)
      let isOdd = digits.last.map { $0 & 1 == 1 } ?? false
      if order > 0 || (order == 0 && isOdd) { power += roundUp(&digits) }
      if significant != nil, digits.count > count { digits.removeLast() }
    }
    if digits.isEmpty { return Digits(digits: [], exponent: 0) }
    return Digits(digits: digits, exponent: power)
  }

  /// Adds one unit in the last place; gives 1 when there is one digit more in front.
  private static func roundUp(_ digits: inout [UInt8]) -> Int {
    var index = digits.count
    while index > 0 {
      index -= 1
      if digits[index] < 9 {
        digits[index] += 1
        return 0
      }
      digits[index] = 0
    }
    digits.insert(1, at: 0)
    return 1
  }
}
