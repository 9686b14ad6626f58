/// Elementary functions in plain double arithmetic: the same bits on every target, less than one unit in the last place
/// off. Libraries of C differ here. Series are Taylor's; arguments are made small first, in `DoubleDouble`.
enum Elementary {
  static let pi = 0x1.921fb54442d18p1

  static var notANumber: Double { Double(bitPattern: 0x7FF8_0000_0000_0000) }

  /// value * 2^exponent, rounded once.
  static func scale(_ value: Double, _ exponent: Int) -> Double {
    if exponent >= -1021, exponent <= 1023 { return value * power2(exponent) }
    if exponent > 1023 { return value * 0x1p1023 * power2(min(exponent - 1023, 1023)) }
    if exponent < -1080 - 1021 { return value * 0 }
    return value * power2(exponent + 1000) * 0x1p-1000
  }

  @inline(__always) private static func power2(_ exponent: Int) -> Double {
    Double(bitPattern: UInt64(truncatingIfNeeded: exponent + 1023) << 52)
  }

  /// The nearest integer, for values far below 2^51.
  @inline(__always) static func nearest(_ value: Double) -> Double {
    (value + 0x1.8p52) - 0x1.8p52
  }

  // MARK: Remainder

  /// The remainder of a division that rounds toward zero; exact.
  static func remainder(_ left: Double, _ right: Double) -> Double {
    if left.isNaN || right.isNaN || left.isInfinite || right == 0 { return notANumber }
    if right.isInfinite || left == 0 { return left }
    let (first, firstExponent) = parts(left.magnitude)
    let (second, secondExponent) = parts(right.magnitude)
    var mantissa = first
    var distance = firstExponent - secondExponent
    if distance < 0 {
      // Bring both to the smaller exponent; the divisor may then be too large to matter.
      if distance < -10 || second >> UInt64(64 + distance) != 0 { return left }
      let divisor = second << UInt64(-distance)
      return signed(assemble(mantissa % divisor, firstExponent), left)
    }
    mantissa %= second
    while distance > 0, mantissa != 0 {
      let step = min(distance, 11)
      mantissa = (mantissa << UInt64(step)) % second
      distance -= step
    }
    return signed(assemble(mantissa, secondExponent), left)
  }

  private static func parts(_ value: Double) -> (UInt64, Int) {
    let fraction = value.bitPattern & (1 << 52 - 1)
    let biased = Int(value.bitPattern >> 52)
    return biased == 0 ? (fraction, -1074) : (fraction | 1 << 52, biased - 1075)
  }

  /// mantissa * 2^exponent, which is a double exactly.
  private static func assemble(_ mantissa: UInt64, _ exponent: Int) -> Double {
    scale(Double(mantissa), exponent)
  }

  private static func signed(_ value: Double, _ like: Double) -> Double {
    like.sign == .minus ? -value : value
  }

  // MARK: Exponential

  static func exponential(_ x: Double) -> Double {
    if x.isNaN { return notANumber }
    if x > 709.8 { return .infinity }
    if x < -745.2 { return 0 }
    return exponential(DoubleDouble(x))
  }

  private static let log2High = 0x1.62e42feep-1
  private static let log2Middle = 0x1.a39ef356p-33
  private static let log2Low = 0x1.93c7673007e5fp-65

  private static func exponential(_ x: DoubleDouble) -> Double {
    let count = nearest(x.high * 0x1.71547652b82fep0)
    // The products with the first two parts are exact.
    var rest = DoubleDouble.sum(x.high - count * log2High, -count * log2Middle)
    rest = DoubleDouble.quickSum(rest.high, rest.low + (x.low - count * log2Low))
    let r = rest.high
    var series = 1.0 / 6_227_020_800
    series = series * r + 1.0 / 479_001_600
    series = series * r + 1.0 / 39_916_800
    series = series * r + 1.0 / 3_628_800
    series = series * r + 1.0 / 362_880
    series = series * r + 1.0 / 40_320
    series = series * r + 1.0 / 5_040
    series = series * r + 1.0 / 720
    series = series * r + 1.0 / 120
    series = series * r + 1.0 / 24
    series = series * r + 1.0 / 6
    let square = DoubleDouble.product(r, r)
    let tail = series * square.high * r
    // 1 + r + r^2 / 2 + tail, the large parts first
    let first = DoubleDouble.quickSum(1, r)
    let second = DoubleDouble.sum(first.high, square.high / 2)
    let low = first.low + second.low + (square.low / 2 + rest.low * (1 + r)) + tail
    return scale(second.high + low, Int(count))
  }

  // MARK: Logarithm

  /// log(2^exponent * mantissa) = exponent * log 2 + `part`, with the mantissa between sqrt(1/2) and sqrt(2).
  private static func logarithmParts(_ x: Double) -> (exponent: Double, part: DoubleDouble) {
    var bits = x.bitPattern
    var exponent = 0
    if bits >> 52 == 0 {
      bits = (x * 0x1p54).bitPattern
      exponent = -54
    }
    exponent += Int(bits >> 52) - 1023
    var mantissa = Double(bitPattern: bits & (1 << 52 - 1) | 0x3FF0_0000_0000_0000)
    if mantissa > 1.4142135623730951 {
      mantissa /= 2
      exponent += 1
    }
    if mantissa == 1 { return (Double(exponent), DoubleDouble(0)) }
    // log m = 2 atanh s with s = (m - 1) / (m + 1)
    let s = DoubleDouble(mantissa - 1) / DoubleDouble.sum(mantissa, 1)
    let z = s * s
    var series = 1.0 / 29
    series = series * z.high + 1.0 / 27
    series = series * z.high + 1.0 / 25
    series = series * z.high + 1.0 / 23
    series = series * z.high + 1.0 / 21
    series = series * z.high + 1.0 / 19
    series = series * z.high + 1.0 / 17
    series = series * z.high + 1.0 / 15
    series = series * z.high + 1.0 / 13
    series = series * z.high + 1.0 / 11
    series = series * z.high + 1.0 / 9
    series = series * z.high + 1.0 / 7
    let fifth = z * (DoubleDouble(0x1.999999999999ap-3, -0x1.999999999999ap-57) + DoubleDouble(series * z.high))
    let factor = z * (DoubleDouble(0x1.5555555555555p-2, 0x1.5555555555555p-56) + fifth)
    let twice = DoubleDouble(2 * s.high, 2 * s.low)
    return (Double(exponent), twice + twice * factor)
  }

  private static func logarithmPair(_ x: Double) -> DoubleDouble {
    let (exponent, part) = logarithmParts(x)
    if exponent == 0 { return part }
    let large = DoubleDouble.quickSum(exponent * log2High, exponent * log2Middle)
    return large + DoubleDouble(exponent * log2Low) + part
  }

  /// What all logarithms have in common for arguments without a finite logarithm.
  private static func logarithmException(_ x: Double) -> Double? {
    if x.isNaN || x < 0 { return notANumber }
    if x == 0 { return -.infinity }
    return x.isInfinite ? x : nil
  }

  static func logarithm(_ x: Double) -> Double { logarithmException(x) ?? logarithmPair(x).value }

  static func logarithm2(_ x: Double) -> Double {
    if let exception = logarithmException(x) { return exception }
    let (exponent, part) = logarithmParts(x)
    return (DoubleDouble(exponent) + part * DoubleDouble(0x1.71547652b82fep0, 0x1.777d0ffda0d24p-56)).value
  }

  static func logarithm10(_ x: Double) -> Double {
    if let exception = logarithmException(x) { return exception }
    let (exponent, part) = logarithmParts(x)
    let large = DoubleDouble.sum(exponent * 0x1.34413509f6p-2, exponent * 0x1.9fef311f12b36p-42)
    return (large + part * DoubleDouble(0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57)).value
  }

  // MARK: Power

  static func power(_ x: Double, _ y: Double) -> Double {
    if y == 0 || x == 1 { return 1 }
    if x.isNaN || y.isNaN { return notANumber }
    let isInteger = Numbers.floor(y) == y
    let isOdd = isInteger && y.magnitude < 0x1p53 && Int64(y) & 1 == 1
    if x == 0 { return zeroPower(x, y, isOdd) }
    if y.isInfinite {
      if x.magnitude == 1 { return 1 }
      return (x.magnitude > 1) == (y > 0) ? .infinity : 0
    }
    if x.isInfinite {
      let size: Double = y > 0 ? .infinity : 0
      return x < 0 && isOdd ? -size : size
    }
    if x < 0 && !isInteger { return notANumber }
    let result = positivePower(x.magnitude, y)
    return x < 0 && isOdd ? -result : result
  }

  private static func zeroPower(_ x: Double, _ y: Double, _ isOdd: Bool) -> Double {
    let size: Double = y > 0 ? 0 : .infinity
    return isOdd && x.sign == .minus ? -size : size
  }

  private static func positivePower(_ x: Double, _ y: Double) -> Double {
    let log = logarithmPair(x)
    let estimate = log.high * y
    if estimate > 710 { return .infinity }
    if estimate < -746 { return 0 }
    if y.magnitude < 0x1p-60 || estimate.magnitude < 0x1p-60 { return 1 + estimate }
    let first = DoubleDouble.product(log.high, y)
    let exponent = DoubleDouble.quickSum(first.high, first.low + log.low * y)
    return exponential(exponent)
  }
}
