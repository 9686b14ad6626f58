// string.format

extension Machine {
  private struct Directive {
    var isLeft = false
    var hasPlus = false
    var hasSpace = false
    var isAlternate = false
    var hasZeros = false
    var width = 0
    var precision: Int?
  }

  func stringFormat(_ arguments: Arguments) throws(Trap) -> Int {
    let format = StringObject.buffer(try string(arguments, 0))
    var buffer = takeScratch()
    defer { giveBack(&buffer) }
    try charge(format.count >> 4)
    var index = 0
    var next = 1
    while index < format.count {
      let byte = format[index]
      index += 1
      guard byte == UInt8(ascii: "%") else {
        buffer.append(byte)
        continue
      }
      if index < format.count, format[index] == UInt8(ascii: "%") {
        buffer.append(byte)
        index += 1
        continue
      }
      let start = index
      let directive = readDirective(format, &index)
      guard index < format.count, let directive else { throw invalid(format, start, index) }
      let conversion = format[index]
      index += 1
      guard next < arguments.count || !Machine.isConversion(conversion) else {
        throw bad(arguments, next, "no value")
      }
      try add(conversion, directive, arguments, next, &buffer, format, start, index)
      next += 1
      try checkLength(buffer)
    }
    try checkLength(buffer)
    return give(Value(try makeString(buffer)))
  }

  private static func isConversion(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "c"), UInt8(ascii: "d"), UInt8(ascii: "i"), UInt8(ascii: "u"), UInt8(ascii: "o"),
      UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "a"), UInt8(ascii: "A"), UInt8(ascii: "f"), UInt8(ascii: "e"),
      UInt8(ascii: "E"), UInt8(ascii: "g"), UInt8(ascii: "G"), UInt8(ascii: "p"), UInt8(ascii: "q"), UInt8(ascii: "s"):
      return true
    default: return false
    }
  }

  private func invalid(_ format: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Trap {
    var text = Text("invalid conversion '%")
    for index in start..<min(format.count, max(end, start + 1), start + 20) { text.add(format[index]) }
    text.add("' to 'format'")
    return raise(text)
  }

  private func readDirective(_ format: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Directive? {
    var directive = Directive()
    flags: while index < format.count {
      switch format[index] {
      case UInt8(ascii: "-"): directive.isLeft = true
      case UInt8(ascii: "+"): directive.hasPlus = true
      case UInt8(ascii: " "): directive.hasSpace = true
      case UInt8(ascii: "#"): directive.isAlternate = true
      case UInt8(ascii: "0"): directive.hasZeros = true
      default: break flags
      }
      index += 1
    }
    func number() -> Int? {
      var value = 0
      var digits = 0
      while index < format.count, Characters.isDigit(format[index]) {
        guard digits < 2 else { return nil }
        value = value * 10 + Int(format[index] - 48)
        digits += 1
        index += 1
      }
      return value
    }
    guard let width = number() else { return nil }
    directive.width = width
    if index < format.count, format[index] == UInt8(ascii: ".") {
      index += 1
      guard let precision = number() else { return nil }
      directive.precision = precision
    }
    return directive
  }

  private func add(
    _ conversion: UInt8, _ directive: Directive, _ arguments: Arguments, _ index: Int, _ buffer: inout [UInt8],
    _ format: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int
  ) throws(Trap) {
    switch conversion {
    case UInt8(ascii: "c"):
      let value = try integer(arguments, index)
      pad([UInt8(truncatingIfNeeded: value)], directive, isNumber: false, &buffer)
    case UInt8(ascii: "d"), UInt8(ascii: "i"):
      let value = try integer(arguments, index)
      var digits: [UInt8] = []
      Numbers.append(value.magnitude, to: &digits)
      number(sign: value < 0, digits, directive, &buffer)
    case UInt8(ascii: "u"):
      var digits: [UInt8] = []
      Numbers.append(UInt64(bitPattern: try integer(arguments, index)), to: &digits)
      number(sign: nil, digits, directive, &buffer)
    case UInt8(ascii: "o"), UInt8(ascii: "x"), UInt8(ascii: "X"):
      let value = UInt64(bitPattern: try integer(arguments, index))
      radix(value, conversion, directive, &buffer)
    case UInt8(ascii: "a"), UInt8(ascii: "A"), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "f"),
      UInt8(ascii: "g"), UInt8(ascii: "G"):
      addFloat(try float(arguments, index), conversion, directive, &buffer)
    case UInt8(ascii: "p"):
      let value = try any(arguments, index)
      pad(value.isObject ? plainText(value) : Text("(null)").bytes, directive, isNumber: false, &buffer)
    case UInt8(ascii: "q"):
      guard end - start == 1 else { throw raise("specifier '%q' cannot have modifiers") }
      guard addQuoted(try any(arguments, index), &buffer) else {
        throw bad(arguments, index, "value has no literal form")
      }
    case UInt8(ascii: "s"):
      let kept = top
      let text = StringObject.buffer(try self.text(of: try any(arguments, index)))
      if let precision = directive.precision, precision < text.count {
        pad(Array(text[..<precision]), directive, isNumber: false, &buffer)
      } else if directive.width == 0 {
        buffer.append(contentsOf: text)
      } else {
        pad(Array(text), directive, isNumber: false, &buffer)
      }
      top = kept
    default: throw invalid(format, start, end)
    }
  }

  private func pad(_ text: [UInt8], _ directive: Directive, isNumber: Bool, _ buffer: inout [UInt8]) {
    let missing = max(0, directive.width - text.count)
    if !directive.isLeft { for _ in 0..<missing { buffer.append(32) } }
    buffer.append(contentsOf: text)
    if directive.isLeft { for _ in 0..<missing { buffer.append(32) } }
  }

  private func signBytes(_ isNegative: Bool?, _ directive: Directive) -> [UInt8] {
    guard let isNegative else { return [] }
    if isNegative { return [UInt8(ascii: "-")] }
    if directive.hasPlus { return [UInt8(ascii: "+")] }
    return directive.hasSpace ? [32] : []
  }

  /// An integer: sign, zeros up to precision or width, digits.
  private func number(
    sign isNegative: Bool?, _ digits: [UInt8], _ directive: Directive, prefix: [UInt8] = [], _ buffer: inout [UInt8]
  ) {
    var text = signBytes(isNegative, directive)
    text.append(contentsOf: prefix)
    var zeros = 0
    var digits = digits
    if let precision = directive.precision {
      if precision == 0, digits == [48] { digits = [] }
      zeros = max(0, precision - digits.count)
    } else if directive.hasZeros, !directive.isLeft {
      zeros = max(0, directive.width - text.count - digits.count)
    }
    for _ in 0..<zeros { text.append(48) }
    text.append(contentsOf: digits)
    pad(text, directive, isNumber: true, &buffer)
  }

  private func radix(_ value: UInt64, _ conversion: UInt8, _ directive: Directive, _ buffer: inout [UInt8]) {
    let shift: UInt64 = conversion == UInt8(ascii: "o") ? 3 : 4
    let letter: UInt8 = conversion == UInt8(ascii: "X") ? 55 : 87
    var digits: [UInt8] = []
    var rest = value
    repeat {
      let digit = UInt8(truncatingIfNeeded: rest & (1 << shift - 1))
      digits.append(digit < 10 ? 48 + digit : letter + digit)
      rest >>= shift
    } while rest != 0
    digits.reverse()
    var prefix: [UInt8] = []
    if directive.isAlternate, value != 0 {
      if shift == 3 { digits.insert(48, at: 0) } else { prefix = [48, conversion] }
    }
    number(sign: nil, digits, directive, prefix: prefix, &buffer)
  }

  private func addFloat(_ value: Double, _ conversion: UInt8, _ directive: Directive, _ buffer: inout [UInt8]) {
    var text: [UInt8] = []
    let magnitude = value.magnitude
    switch conversion | 0x20 {
    case UInt8(ascii: "e"):
      FloatText.scientific(
        magnitude, precision: directive.precision ?? 6, isAlternate: directive.isAlternate, to: &text)
    case UInt8(ascii: "f"):
      FloatText.fixed(magnitude, precision: directive.precision ?? 6, isAlternate: directive.isAlternate, to: &text)
    case UInt8(ascii: "g"):
      FloatText.general(magnitude, precision: directive.precision ?? 6, isAlternate: directive.isAlternate, to: &text)
    default: FloatText.hexadecimal(magnitude, precision: directive.precision, to: &text)
    }
    if Characters.isUpper(conversion) {
      for index in text.indices where Characters.isLower(text[index]) { text[index] -= 32 }
    }
    let isNegative = value.sign == .minus && !value.isNaN
    var result = signBytes(isNegative, directive)
    if directive.hasZeros, !directive.isLeft, !value.isNaN, !value.isInfinite {
      let missing = max(0, directive.width - result.count - text.count)
      var start = 0
      if conversion | 0x20 == UInt8(ascii: "a") {
        result.append(contentsOf: text[..<2])
        start = 2
      }
      for _ in 0..<missing { result.append(48) }
      result.append(contentsOf: text[start...])
    } else {
      result.append(contentsOf: text)
    }
    pad(result, directive, isNumber: true, &buffer)
  }

  /// A value as the language would read it again.
  private func addQuoted(_ value: Value, _ buffer: inout [UInt8]) -> Bool {
    switch value.tag {
    case Tag.shortString, Tag.longString:
      let text = StringObject.buffer(value.string)
      buffer.append(UInt8(ascii: "\""))
      for (index, byte) in text.enumerated() {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), 10:
          buffer.append(UInt8(ascii: "\\"))
          buffer.append(byte)
        case 0..<32, 127:
          buffer.append(UInt8(ascii: "\\"))
          if index + 1 < text.count, Characters.isDigit(text[index + 1]) {
            buffer.append(48 + byte / 100)
            buffer.append(48 + byte / 10 % 10)
            buffer.append(48 + byte % 10)
          } else {
            Numbers.append(UInt64(byte), to: &buffer)
          }
        default: buffer.append(byte)
        }
      }
      buffer.append(UInt8(ascii: "\""))
    case Tag.integer:
      if value.integer == .min {
        buffer.append(contentsOf: Text("0x8000000000000000").bytes)
      } else {
        Numbers.append(value.integer, to: &buffer)
      }
    case Tag.float:
      if value.float.isNaN {
        buffer.append(contentsOf: Text("(0/0)").bytes)
      } else if value.float.isInfinite {
        buffer.append(contentsOf: Text(value.float > 0 ? "1e9999" : "-1e9999").bytes)
      } else {
        FloatText.hexadecimal(value.float, precision: nil, to: &buffer)
      }
    case Tag.none, Tag.no, Tag.yes: buffer.append(contentsOf: plainText(value))
    default: return false
    }
    return true
  }
}
