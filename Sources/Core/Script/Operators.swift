// Operators beyond the quick cases of the loop: conversions, metamethods, errors.

extension Machine {
  /// The value as a number: itself, or what a string reads as.
  func numeral(_ value: Value) -> Value? {
    if value.isNumber { return value }
    if value.isString { return Numbers.parse(StringObject.buffer(value.string))?.value }
    return nil
  }

  /// Everything but the quick cases of an arithmetic instruction. Gives `true` when a metamethod was called.
  @discardableResult func arithmetic(
    _ operation: BinaryOperator, _ left: Value, _ right: Value, isFlipped: Bool, into slot: Int
  ) throws(Trap) -> Bool {
    let first = isFlipped ? right : left
    let second = isFlipped ? left : right
    if first.isNumber, second.isNumber {
      if let result = Arithmetic.compute(operation, first, second) {
        stack[slot] = result
        return false
      }
    }
    var handler = metamethod(of: first, Event.of(operation))
    if handler.tag == Tag.none { handler = metamethod(of: second, Event.of(operation)) }
    // Strings that read as numbers count as numbers in arithmetic, after the metamethods of others.
    if !operation.isBitwise, let one = numeral(first), let other = numeral(second),
      !(first.isNumber && second.isNumber),
      handler.tag == Tag.none
    {
      if let result = Arithmetic.compute(operation, one, other) {
        stack[slot] = result
        return false
      }
      // In the reference this happens inside the library of strings, which has no lines.
      if operation == .modulo { throw raise(value: Text("attempt to perform 'n%0'").bytes) }
      throw raise(value: Text("attempt to divide by zero").bytes)
    }
    if handler.tag == Tag.none { throw raiseArithmetic(operation, first, second) }
    try callForOperation(handler, first, second)
    return true
  }

  func negate(_ operand: Value, into slot: Int) throws(Trap) {
    if let number = numeral(operand), metamethod(of: operand, .negate).tag == Tag.none {
      stack[slot] = number.tag == Tag.integer ? .integer(0 &- number.integer) : .float(-number.float)
      return
    }
    let handler = metamethod(of: operand, .negate)
    if handler.tag == Tag.none {
      if operand.isString { throw raiseStringArithmetic(.negate, operand, operand) }
      throw raiseOperand("perform arithmetic on", operand)
    }
    try callForOperation(handler, operand, operand)
  }

  func bitNot(_ operand: Value, into slot: Int) throws(Trap) {
    let handler = metamethod(of: operand, .bitNot)
    if handler.tag == Tag.none {
      guard operand.isNumber else { throw raiseOperand("perform bitwise operation on", operand) }
      guard let integer = Arithmetic.exactInteger(operand) else {
        throw raiseNoInteger(operand)
      }
      stack[slot] = .integer(~integer)
      return
    }
    try callForOperation(handler, operand, operand)
  }

  func length(_ operand: Value, into slot: Int) throws(Trap) {
    if operand.isString {
      stack[slot] = .integer(Int64(operand.string.pointee.count))
      return
    }
    let handler = metamethod(of: operand, .length)
    if handler.tag == Tag.none {
      guard operand.tag == Tag.table else { throw raiseOperand("get length of", operand) }
      stack[slot] = .integer(TableObject.border(operand.table))
      return
    }
    try callForOperation(handler, operand, operand)
  }

  // MARK: Comparison

  /// Order of numbers of any subtype, and of strings by bytes; none for everything else.
  func order(_ operation: BinaryOperator, _ left: Value, _ right: Value) -> Bool? {
    if left.isNumber, right.isNumber {
      let isLess = operation == .less
      switch (left.tag == Tag.integer, right.tag == Tag.integer) {
      case (true, true): return isLess ? left.integer < right.integer : left.integer <= right.integer
      case (false, false): return isLess ? left.float < right.float : left.float <= right.float
      case (true, false):
        return isLess ? Numbers.less(left.integer, right.float) : Numbers.lessOrEqual(left.integer, right.float)
      case (false, true):
        return isLess ? Numbers.less(left.float, right.integer) : Numbers.lessOrEqual(left.float, right.integer)
      }
    }
    if left.isString, right.isString {
      let order = Machine.compareBytes(left.string, right.string)
      return operation == .less ? order < 0 : order <= 0
    }
    return nil
  }

  static func compareBytes(_ left: StringRef, _ right: StringRef) -> Int {
    let count = min(Int(left.pointee.count), Int(right.pointee.count))
    let first = StringObject.bytes(left)
    let second = StringObject.bytes(right)
    for index in 0..<count where first[index] != second[index] { return first[index] < second[index] ? -1 : 1 }
    return Int(left.pointee.count) - Int(right.pointee.count)
  }

  /// None when a metamethod was called.
  func compare(_ operation: BinaryOperator, _ left: Value, _ right: Value) throws(Trap) -> Bool? {
    if let known = order(operation, left, right) { return known }
    let event: Event = operation == .less ? .less : .lessOrEqual
    var handler = metamethod(of: left, event)
    if handler.tag == Tag.none { handler = metamethod(of: right, event) }
    if handler.tag == Tag.none { throw raiseComparison(left, right) }
    try callForOperation(handler, left, right)
    return nil
  }

  func compareImmediate(_ instruction: Instruction, _ left: Value) throws(Trap) -> Bool? {
    let right: Value = instruction.c != 0 ? .float(Double(instruction.signedB)) : .integer(instruction.signedB)
    switch instruction.opcode {
    case .lessInteger: return try compare(.less, left, right)
    case .lessOrEqualInteger: return try compare(.lessOrEqual, left, right)
    case .greaterInteger: return try compare(.less, right, left)
    default: return try compare(.lessOrEqual, right, left)
    }
  }

  /// `left < right` for a library function.
  func isLess(_ left: Value, _ right: Value) throws(Trap) -> Bool {
    if let known = order(.less, left, right) { return known }
    var handler = metamethod(of: left, .less)
    if handler.tag == Tag.none { handler = metamethod(of: right, .less) }
    if handler.tag == Tag.none { throw raiseComparison(left, right) }
    return try call(handler, left, right).isTrue
  }

  /// Two different tables; none when a metamethod was called.
  func equalByMetamethod(_ left: Value, _ right: Value) throws(Trap) -> Bool? {
    var handler = metamethod(of: left, .equal)
    if handler.tag == Tag.none { handler = metamethod(of: right, .equal) }
    if handler.tag == Tag.none { return false }
    try callForOperation(handler, left, right)
    return nil
  }

  // MARK: Concatenation

  /// `stack[first] .. ... .. stack[first + count - 1]`, the result in `first`.
  func concatenate(_ first: Int, _ count: Int) throws(Trap) {
    var count = count
    while count > 1 {
      // As many as possible at once, from the right.
      var run = 0
      var length = 0
      while run < count {
        let value = stack[first + count - 1 - run]
        if value.isString {
          length += Int(value.string.pointee.count)
        } else if value.isNumber {
          let text = try numberString(value)
          stack[first + count - 1 - run] = Value(text)
          length += Int(text.pointee.count)
        } else {
          break
        }
        run += 1
      }
      if run >= 2 {
        let start = first + count - run
        stack[start] = Value(try joined(start, run, length))
        count -= run - 1
        continue
      }
      let left = first + count - 2
      let handler = try concatenationHandler(left)
      top = max(top, first + count)
      let registers = frame.pointee.closure.map {
        Int(frame.pointee.base) + Int($0.pointee.function.pointee.registerCount)
      }
      if let registers { top = max(top, registers) }
      // The call may move the stack: its place is looked up afterwards.
      let result = try call(handler, stack[left], stack[left + 1])
      stack[left] = result
      count -= 1
    }
  }

  private func concatenationHandler(_ left: Int) throws(Trap) -> Value {
    var handler = metamethod(of: stack[left], .concatenate)
    if handler.tag == Tag.none { handler = metamethod(of: stack[left + 1], .concatenate) }
    if handler.tag == Tag.none {
      let wrong = stack[left].isString || stack[left].isNumber ? stack[left + 1] : stack[left]
      throw raiseOperand("concatenate", wrong)
    }
    return handler
  }

  private func joined(_ start: Int, _ count: Int, _ length: Int) throws(Trap) -> StringRef {
    guard length <= budget.stringLength else { throw .fault(.stringLength) }
    try charge(length >> 4)
    if length <= StringObject.internedLengthMax {
      return try withUnsafeTemporary(length) { (buffer: UnsafeMutablePointer<UInt8>) in copy(start, count, to: buffer) }
    }
    return try makeLongString(length) { copy(start, count, to: $0) }
  }

  private func copy(_ start: Int, _ count: Int, to buffer: UnsafeMutablePointer<UInt8>) {
    var offset = 0
    for index in 0..<count {
      let string = stack[start + index].string
      let length = Int(string.pointee.count)
      (buffer + offset).update(from: StringObject.bytes(string), count: length)
      offset += length
    }
  }

  /// A short string made of bytes that `fill` writes.
  @inline(__always) private func withUnsafeTemporary(
    _ count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void
  ) throws(Trap) -> StringRef {
    let buffer = shortBuffer()
    fill(buffer)
    return try makeString(buffer, count)
  }

  func numberString(_ value: Value) throws(Trap) -> StringRef {
    var bytes: [UInt8] = []
    if value.tag == Tag.integer {
      Numbers.append(value.integer, to: &bytes)
    } else {
      Numbers.append(value.float, to: &bytes)
    }
    return try makeString(bytes)
  }
}
