// Sine, cosine, tangent and their inverses.

extension Elementary {
  // MARK: Reduction

  /// x = quadrant * pi / 2 + rest with |rest| <= pi / 4 or a little more.
  private static func reduced(_ x: Double) -> (quadrant: Int, rest: DoubleDouble) {
    if x.magnitude <= 0.785398163397448 { return (0, DoubleDouble(x)) }
    if x.magnitude > 0x1p20 { return reducedLarge(x) }
    let count = nearest(x * 0x1.45f306dc9c883p-1)
    // Three parts of pi / 2 with 33 bits, whose products are exact, and the rest of it.
    var rest = DoubleDouble.sum(x - count * 0x1.921fb544p0, -count * 0x1.0b4611a6p-34)
    rest = rest + DoubleDouble(-count * 0x1.3198a2ep-69)
    rest = rest + DoubleDouble(-count * 0x1.b839a252049c1p-104)
    return (Int(count) & 3, rest)
  }

  /// The bits of 2 / pi after the point.
  private static let twoOverPi: [UInt64] = [
    0xA2F9_836E_4E44_1529, 0xFC27_57D1_F534_DDC0, 0xDB62_9599_3C43_9041, 0xFE51_63AB_DEBB_C561,
    0xB724_6E3A_424D_D2E0, 0x0649_2EEA_09D1_921C, 0xFE1D_EB1C_B129_A73E, 0xE882_35F5_2EBB_4484,
    0xE99C_7026_B45F_7E41, 0x3991_D639_8353_39F4, 0x9C84_5F8B_BDF9_283B, 0x1FF8_97FF_DE05_980F,
    0xEF2F_118B_5A0A_6D1F, 0x6D36_7ECF_27CB_09B7, 0x4F46_3F66_9E5F_EA2D, 0x7527_BAC7_EBE5_F17B,
    0x3D07_39F7_8A52_92EA, 0x6BFB_5FB1_1F8D_5D08, 0x5603_3046_FC7B_6BAB, 0xF0CF_BC20_9AF4_361D,
  ]

  /// 64 bits of 2 / pi from the bit after the first `skipped` ones.
  private static func bits(_ skipped: Int) -> UInt64 {
    if skipped < 0 {
      return skipped <= -64 ? 0 : twoOverPi[0] >> UInt64(-skipped)
    }
    let word = skipped / 64
    let shift = UInt64(skipped % 64)
    guard word < twoOverPi.count else { return 0 }
    let next = word + 1 < twoOverPi.count ? twoOverPi[word + 1] : 0
    return shift == 0 ? twoOverPi[word] : twoOverPi[word] << shift | next >> (64 - shift)
  }

  /// The same for any size, with 192 bits of x * 2 / pi; multiples of 4 are left out (method of Payne and Hanek).
  private static func reducedLarge(_ x: Double) -> (quadrant: Int, rest: DoubleDouble) {
    let mantissa = x.magnitude.bitPattern & (1 << 52 - 1) | 1 << 52
    let exponent = Int(x.magnitude.bitPattern >> 52) - 1075
    let start = exponent - 2
    // mantissa * window, modulo 2^192: two bits of the quadrant, then 190 bits after the point.
    let low = mantissa.multipliedFullWidth(by: bits(start + 128))
    let middle = mantissa.multipliedFullWidth(by: bits(start + 64))
    let (second, carry) = middle.low.addingReportingOverflow(low.high)
    var first = mantissa &* bits(start) &+ middle.high &+ (carry ? 1 : 0)
    var next = second
    var quadrant = Int(first >> 62)
    first <<= 2
    first |= next >> 62
    next = next << 2 | low.low >> 62
    // first, next: 128 bits after the point; beyond one half the next quadrant is nearer.
    let isNegative = first >> 63 == 1
    if isNegative {
      quadrant += 1
      first = ~first
      next = ~next
    }
    let large = Double(first & ~0x7FF) * 0x1p-64
    let small = Double(first & 0x7FF) * 0x1p-64 + Double(next) * 0x1p-128
    var rest = DoubleDouble.quickSum(large, small) * DoubleDouble(0x1.921fb54442d18p0, 0x1.1a62633145c07p-54)
    if isNegative { rest = -rest }
    if x < 0 { return (-quadrant & 3, -rest) }
    return (quadrant & 3, rest)
  }

  // MARK: Series

  private static func sineSeries(_ r: DoubleDouble) -> DoubleDouble {
    let z = r.high * r.high
    var series = 1.0 / 355_687_428_096_000
    series = 1.0 / -1_307_674_368_000 + z * series
    series = 1.0 / 6_227_020_800 + z * series
    series = 1.0 / -39_916_800 + z * series
    series = 1.0 / 362_880 + z * series
    series = 1.0 / -5_040 + z * series
    series = 1.0 / 120 + z * series
    series = 1.0 / -6 + z * series
    return DoubleDouble.quickSum(r.high, r.low * (1 - z / 2) + r.high * (z * series))
  }

  private static func cosineSeries(_ r: DoubleDouble) -> DoubleDouble {
    let square = DoubleDouble.product(r.high, r.high)
    let z = square.high
    var series = 1.0 / -6_402_373_705_728_000
    series = 1.0 / 20_922_789_888_000 + z * series
    series = 1.0 / -87_178_291_200 + z * series
    series = 1.0 / 479_001_600 + z * series
    series = 1.0 / -3_628_800 + z * series
    series = 1.0 / 40_320 + z * series
    series = 1.0 / -720 + z * series
    series = 1.0 / 24 + z * series
    let first = DoubleDouble.quickSum(1, -z / 2)
    return DoubleDouble.quickSum(first.high, first.low + (z * z * series - square.low / 2 - r.high * r.low))
  }

  static func sine(_ x: Double) -> Double {
    if x.isNaN || x.isInfinite { return notANumber }
    if x.magnitude < 0x1p-27 { return x }
    let (quadrant, rest) = reduced(x)
    switch quadrant {
    case 0: return sineSeries(rest).value
    case 1: return cosineSeries(rest).value
    case 2: return -sineSeries(rest).value
    default: return -cosineSeries(rest).value
    }
  }

  static func cosine(_ x: Double) -> Double {
    if x.isNaN || x.isInfinite { return notANumber }
    let (quadrant, rest) = reduced(x)
    switch quadrant {
    case 0: return cosineSeries(rest).value
    case 1: return -sineSeries(rest).value
    case 2: return -cosineSeries(rest).value
    default: return sineSeries(rest).value
    }
  }

  static func tangent(_ x: Double) -> Double {
    if x.isNaN || x.isInfinite { return notANumber }
    if x.magnitude < 0x1p-27 { return x }
    let (quadrant, rest) = reduced(x)
    let sine = sineSeries(rest)
    let cosine = cosineSeries(rest)
    return quadrant & 1 == 0 ? (sine / cosine).value : -(cosine / sine).value
  }

  // MARK: Inverses

  /// atan(j / 8) for j from 0 to 8.
  private static let arcTangents: [(Double, Double)] = [
    (0, 0), (0x1.fd5ba9aac2f6ep-4, -0x1.cd37686760c17p-59), (0x1.f5b75f92c80ddp-3, 0x1.8ab6e3cf7afbdp-57),
    (0x1.6f61941e4def1p-2, -0x1.c63aae6f6e918p-56), (0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56),
    (0x1.1e00babdefeb4p-1, -0x1.928df287a668fp-58), (0x1.4978fa3269ee1p-1, 0x1.2419a87f2a458p-56),
    (0x1.700a7c5784634p-1, -0x1.8c34d25aadef6p-56), (0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55),
  ]

  /// The angle of a point in the first quadrant, not at the origin.
  private static func angle(_ y: DoubleDouble, _ x: DoubleDouble) -> DoubleDouble {
    if y.high > x.high {
      return DoubleDouble(0x1.921fb54442d18p0, 0x1.1a62633145c07p-54) - flatAngle(x, y)
    }
    return flatAngle(y, x)
  }

  /// The angle when y <= x.
  private static func flatAngle(_ y: DoubleDouble, _ x: DoubleDouble) -> DoubleDouble {
    let ratio = y / x
    let index = Int(nearest(ratio.high * 8))
    let center = DoubleDouble(Double(index) / 8)
    let u = index == 0 ? ratio : (ratio - center) / (DoubleDouble(1) + center * ratio)
    let z = u.high * u.high
    var series = 1.0 / 17
    series = 1.0 / -15 + z * series
    series = 1.0 / 13 + z * series
    series = 1.0 / -11 + z * series
    series = 1.0 / 9 + z * series
    series = 1.0 / -7 + z * series
    series = 1.0 / 5 + z * series
    series = 1.0 / -3 + z * series
    let part = DoubleDouble.quickSum(u.high, u.low + u.high * (z * series))
    let known = arcTangents[max(0, min(8, index))]
    return DoubleDouble(known.0, known.1) + part
  }

  private static let piPair = DoubleDouble(0x1.921fb54442d18p1, 0x1.1a62633145c07p-53)

  static func arcTangent(_ y: Double, _ x: Double) -> Double {
    if y.isNaN || x.isNaN { return notANumber }
    let isNegative = y.sign == .minus
    var size: Double
    if y == 0 {
      size = x.sign == .minus ? pi : 0
    } else if x == 0 {
      size = pi / 2
    } else if y.isInfinite || x.isInfinite {
      size = infiniteAngle(y, x)
    } else {
      size = finiteAngle(y.magnitude, x)
    }
    if isNegative { size = -size }
    return size
  }

  private static func infiniteAngle(_ y: Double, _ x: Double) -> Double {
    if y.isInfinite && x.isInfinite { return x > 0 ? pi / 4 : (piPair - DoubleDouble(pi / 4)).value }
    if y.isInfinite { return pi / 2 }
    return x > 0 ? 0 : pi
  }

  private static func finiteAngle(_ y: Double, _ x: Double) -> Double {
    var y = y
    var x = x
    let ratio = y / x.magnitude
    if ratio < 0x1p-60 { return x > 0 ? ratio : pi }
    if ratio > 0x1p60 { return pi / 2 }
    if max(y, x.magnitude) > 0x1p500 {
      y *= 0x1p-600
      x *= 0x1p-600
    } else if min(y, x.magnitude) < 0x1p-400 {
      y *= 0x1p600
      x *= 0x1p600
    }
    let angle = angle(DoubleDouble(y), DoubleDouble(x.magnitude))
    return x > 0 ? angle.value : (piPair - angle).value
  }

  /// sqrt(1 - x * x)
  private static func complement(_ x: Double) -> DoubleDouble {
    (DoubleDouble.sum(1, -x) * DoubleDouble.sum(1, x)).squareRoot()
  }

  static func arcSine(_ x: Double) -> Double {
    if x.isNaN || x.magnitude > 1 { return notANumber }
    if x.magnitude < 0x1p-27 { return x }
    let size = angle(DoubleDouble(x.magnitude), complement(x)).value
    return x < 0 ? -size : size
  }

  static func arcCosine(_ x: Double) -> Double {
    if x.isNaN || x.magnitude > 1 { return notANumber }
    if x == 1 { return 0 }
    if x == -1 { return pi }
    let angle = angle(complement(x), DoubleDouble(x.magnitude))
    return x < 0 ? (piPair - angle).value : angle.value
  }
}
