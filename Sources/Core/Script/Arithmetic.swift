/// The operators on numbers (Lua 5.4 manual, sections 3.4.1 to 3.4.3), without metamethods and strings.
enum Arithmetic {
  /// The value as an integer, when it is one exactly.
  @inline(__always) static func exactInteger(_ value: Value) -> Int64? {
    if value.tag == Tag.integer { return value.integer }
    if value.tag == Tag.float { return Numbers.exactInteger(value.float) }
    return nil
  }

  /// None when an operand has no integer value where one is needed, or for an integer division by 0.
  static func compute(_ operation: BinaryOperator, _ left: Value, _ right: Value) -> Value? {
    switch operation {
    case .and, .or, .xor, .shiftLeft, .shiftRight:
      guard let first = exactInteger(left), let second = exactInteger(right) else { return nil }
      switch operation {
      case .and: return .integer(first & second)
      case .or: return .integer(first | second)
      case .xor: return .integer(first ^ second)
      case .shiftLeft: return .integer(shiftLeft(first, second))
      default: return .integer(shiftLeft(first, 0 &- second))
      }
    case .divide, .power: break
    default:
      if left.tag == Tag.integer, right.tag == Tag.integer {
        let first = left.integer
        let second = right.integer
        switch operation {
        case .add: return .integer(first &+ second)
        case .subtract: return .integer(first &- second)
        case .multiply: return .integer(first &* second)
        case .modulo: return second == 0 ? nil : .integer(modulo(first, second))
        case .floorDivide: return second == 0 ? nil : .integer(floorDivide(first, second))
        default: return nil
        }
      }
    }
    guard let first = left.asNumber, let second = right.asNumber else { return nil }
    switch operation {
    case .add: return .float(first + second)
    case .subtract: return .float(first - second)
    case .multiply: return .float(first * second)
    case .divide: return .float(first / second)
    case .modulo: return .float(modulo(first, second))
    case .floorDivide: return .float(Numbers.floor(first / second))
    case .power: return .float(power(first, second))
    default: return nil
    }
  }

  @inline(__always) static func shiftLeft(_ value: Int64, _ count: Int64) -> Int64 {
    if count <= -64 || count >= 64 { return 0 }
    let bits = UInt64(bitPattern: value)
    return Int64(bitPattern: count >= 0 ? bits &<< UInt64(count) : bits &>> UInt64(-count))
  }

  /// Rounds toward minus infinity. The divisor is not 0.
  @inline(__always) static func floorDivide(_ left: Int64, _ right: Int64) -> Int64 {
    if right == -1 { return 0 &- left }
    let quotient = left / right
    return (left ^ right) < 0 && quotient &* right != left ? quotient - 1 : quotient
  }

  /// The remainder of `floorDivide`. The divisor is not 0.
  @inline(__always) static func modulo(_ left: Int64, _ right: Int64) -> Int64 {
    if right == -1 { return 0 }
    let remainder = left % right
    return remainder != 0 && (remainder ^ right) < 0 ? remainder + right : remainder
  }

  static func modulo(_ left: Double, _ right: Double) -> Double {
    let remainder = Elementary.remainder(left, right)
    if remainder > 0 ? right < 0 : remainder < 0 && right != remainder && right > 0 { return remainder + right }
    return remainder
  }

  @inline(__always) static func power(_ left: Double, _ right: Double) -> Double {
    right == 2 ? left * left : Elementary.power(left, right)
  }
}
