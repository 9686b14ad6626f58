// The mathematical functions (Lua 5.4 manual, section 6.7). The elementary ones are in `Elementary`.

extension Machine {
  func mathLibrary(_ builtin: Builtin, _ arguments: Arguments) throws(Trap) -> Int {
    switch builtin {
    case .mathAbs where Library.has(.mathAbs):
      // A string counts as a float here, whatever it reads as.
      let value = argument(arguments, 0)
      if value.isInteger { return give(.integer(value.integer < 0 ? 0 &- value.integer : value.integer)) }
      return give(.float(try float(arguments, 0).magnitude))
    case .mathAcos where Library.has(.mathAcos): return give(.float(Elementary.arcCosine(try float(arguments, 0))))
    case .mathAsin where Library.has(.mathAsin): return give(.float(Elementary.arcSine(try float(arguments, 0))))
    case .mathAtan where Library.has(.mathAtan):
      let y = try float(arguments, 0)
      let x = argument(arguments, 1).isNone ? 1 : try float(arguments, 1)
      return give(.float(Elementary.arcTangent(y, x)))
    case .mathCos where Library.has(.mathCos): return give(.float(Elementary.cosine(try float(arguments, 0))))
    case .mathSin where Library.has(.mathSin): return give(.float(Elementary.sine(try float(arguments, 0))))
    case .mathTan where Library.has(.mathTan): return give(.float(Elementary.tangent(try float(arguments, 0))))
    case .mathExp where Library.has(.mathExp): return give(.float(Elementary.exponential(try float(arguments, 0))))
    case .mathPow where Library.has(.mathPow):
      return give(.float(Elementary.power(try float(arguments, 0), try float(arguments, 1))))
    case .mathSqrt where Library.has(.mathSqrt): return give(.float(try float(arguments, 0).squareRoot()))
    case .mathDegrees where Library.has(.mathDegrees):
      return give(.float(try float(arguments, 0) * (180 / Elementary.pi)))
    case .mathRadians where Library.has(.mathRadians):
      return give(.float(try float(arguments, 0) * (Elementary.pi / 180)))
    case .mathLog where Library.has(.mathLog): return try logarithm(arguments)
    case .mathFloor where Library.has(.mathFloor):
      let value = argument(arguments, 0)
      return give(value.isInteger ? value : integral(Numbers.floor(try float(arguments, 0))))
    case .mathCeil where Library.has(.mathCeil):
      let value = argument(arguments, 0)
      return give(value.isInteger ? value : integral(Numbers.ceiling(try float(arguments, 0))))
    case .mathFmod where Library.has(.mathFmod): return try fmod(arguments)
    case .mathModf where Library.has(.mathModf):
      let value = try number(arguments, 0)
      if value.tag == Tag.integer {
        push(value)
        push(.float(0))
        return 2
      }
      let whole = value.float < 0 ? Numbers.ceiling(value.float) : Numbers.floor(value.float)
      push(integral(whole))
      push(.float(value.float.isInfinite ? 0 : value.float - whole))
      return 2
    case .mathMax where Library.has(.mathMax): return try extreme(arguments, isMaximum: true)
    case .mathMin where Library.has(.mathMin): return try extreme(arguments, isMaximum: false)
    case .mathRandom where Library.has(.mathRandom): return try random(arguments)
    case .mathRandomSeed where Library.has(.mathRandomSeed): return 0
    case .mathToInteger where Library.has(.mathToInteger):
      let value = try any(arguments, 0)
      if let number = value.isString ? numeral(value) : value, let integer = Arithmetic.exactInteger(number) {
        return give(.integer(integer))
      }
      return give(.null)
    case .mathType where Library.has(.mathType):
      let value = try any(arguments, 0)
      if value.tag == Tag.integer { return give(Value(try makeString("integer"))) }
      if value.tag == Tag.float { return give(Value(try makeString("float"))) }
      return give(.null)
    case .mathUnsignedLess where Library.has(.mathUnsignedLess):
      let left = UInt64(bitPattern: try integer(arguments, 0))
      return give(.boolean(left < UInt64(bitPattern: try integer(arguments, 1))))
    default: throw leftOut(builtin)
    }
  }

  /// A float without fraction as an integer when it fits.
  private func integral(_ value: Double) -> Value {
    if let integer = Numbers.exactInteger(value) { return .integer(integer) }
    return .float(value)
  }

  private func logarithm(_ arguments: Arguments) throws(Trap) -> Int {
    let value = try float(arguments, 0)
    if argument(arguments, 1).isNone { return give(.float(Elementary.logarithm(value))) }
    let base = try float(arguments, 1)
    if base == 2 { return give(.float(Elementary.logarithm2(value))) }
    if base == 10 { return give(.float(Elementary.logarithm10(value))) }
    return give(.float(Elementary.logarithm(value) / Elementary.logarithm(base)))
  }

  private func fmod(_ arguments: Arguments) throws(Trap) -> Int {
    // The second argument is looked at first, as the reference does.
    let right = try number(arguments, 1)
    let left = try number(arguments, 0)
    if argument(arguments, 0).isInteger, argument(arguments, 1).isInteger {
      if right.integer == 0 {
        running = stack[arguments.base - 1]
        throw raiseArgument(1, "zero")
      }
      return give(.integer(right.integer == -1 ? 0 : left.integer % right.integer))
    }
    return give(.float(Elementary.remainder(try float(arguments, 0), try float(arguments, 1))))
  }

  private func extreme(_ arguments: Arguments, isMaximum: Bool) throws(Trap) -> Int {
    var best = try number(arguments, 0)
    for index in 1..<max(1, arguments.count) {
      let value = try number(arguments, index)
      let isBetter = isMaximum ? order(.less, best, value) : order(.less, value, best)
      if isBetter == true { best = value }
    }
    return give(best)
  }

  private func random(_ arguments: Arguments) throws(Trap) -> Int {
    let bits = host.random()
    var low: Int64 = 1
    let high: Int64
    switch arguments.count {
    case 0: return give(.float(Double(bits >> 11) * 0x1p-53))
    case 1:
      high = try integer(arguments, 0)
      if high == 0 { return give(.integer(Int64(bitPattern: bits))) }
    case 2:
      low = try integer(arguments, 0)
      high = try integer(arguments, 1)
    default: throw raise("wrong number of arguments")
    }
    guard low <= high else {
      running = stack[arguments.base - 1]
      throw raiseArgument(arguments.count - 1, "interval is empty")
    }
    let span = UInt64(bitPattern: high) &- UInt64(bitPattern: low)
    return give(.integer(Int64(bitPattern: UInt64(bitPattern: low) &+ project(bits, span))))
  }

  /// A number from 0 to `span` out of random bits: the smallest mask that covers it, and new bits while outside.
  private func project(_ first: UInt64, _ span: UInt64) -> UInt64 {
    if span & (span &+ 1) == 0 { return first & span }
    let mask = UInt64.max >> UInt64(span.leadingZeroBitCount)
    var bits = first & mask
    // A stream that is none must not keep the machine busy for ever.
    for _ in 0..<128 where bits > span { bits = host.random() & mask }
    return bits > span ? bits % (span + 1) : bits
  }
}
