/// A number as the sum of two doubles, about 106 bits: for results that are right to less than one unit in the last
/// place without fused operations, which not every target has.
struct DoubleDouble {
  var high: Double
  var low: Double

  @inline(__always) init(_ high: Double, _ low: Double = 0) {
    self.high = high
    self.low = low
  }

  var value: Double { high + low }

  /// The exact sum of two doubles.
  @inline(__always) static func sum(_ a: Double, _ b: Double) -> DoubleDouble {
    let high = a + b
    let part = high - a
    return DoubleDouble(high, (a - (high - part)) + (b - part))
  }

  /// The exact sum when |a| is not less than |b|.
  @inline(__always) static func quickSum(_ a: Double, _ b: Double) -> DoubleDouble {
    let high = a + b
    return DoubleDouble(high, b - (high - a))
  }

  /// The product of two doubles to 106 bits, when both are far from overflow and underflow.
  @inline(__always) static func product(_ a: Double, _ b: Double) -> DoubleDouble {
    let high = a * b
    let (a1, a2) = split(a)
    let (b1, b2) = split(b)
    return DoubleDouble(high, ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2)
  }

  /// Two halves of 26 bits each.
  @inline(__always) private static func split(_ value: Double) -> (Double, Double) {
    let high = Double(bitPattern: value.bitPattern & 0xFFFF_FFFF_F800_0000)
    return (high, value - high)
  }

  static func + (left: DoubleDouble, right: DoubleDouble) -> DoubleDouble {
    let high = sum(left.high, right.high)
    let low = sum(left.low, right.low)
    let first = quickSum(high.high, high.low + low.high)
    return quickSum(first.high, first.low + low.low)
  }

  static prefix func - (operand: DoubleDouble) -> DoubleDouble { DoubleDouble(-operand.high, -operand.low) }
  static func - (left: DoubleDouble, right: DoubleDouble) -> DoubleDouble { left + -right }

  static func * (left: DoubleDouble, right: DoubleDouble) -> DoubleDouble {
    let first = product(left.high, right.high)
    return quickSum(first.high, first.low + (left.high * right.low + left.low * right.high))
  }

  static func / (left: DoubleDouble, right: DoubleDouble) -> DoubleDouble {
    let quotient = left.high / right.high
    let rest = left - right * DoubleDouble(quotient)
    let second = rest.high / right.high
    return quickSum(quotient, second)
  }

  func squareRoot() -> DoubleDouble {
    if high <= 0 { return DoubleDouble(0) }
    let root = high.squareRoot()
    let square = DoubleDouble.product(root, root)
    let rest = ((high - square.high) - square.low) + low
    return DoubleDouble.quickSum(root, rest / (2 * root))
  }
}
