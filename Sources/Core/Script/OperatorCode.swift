// Code of operators, with folding of what is known at compile time.

extension FunctionBuilder {
  /// Replaces `left` by the result when both operands are numbers known now and the operation cannot fail.
  private func fold(_ operation: BinaryOperator, _ left: inout Expression, _ right: Expression) -> Bool {
    guard left.isNumeral, right.isNumeral else { return false }
    let first = left.kind == .integer ? Value.integer(left.integer) : .float(left.float)
    let second = right.kind == .integer ? Value.integer(right.integer) : .float(right.float)
    switch operation {
    case .and, .or, .xor, .shiftLeft, .shiftRight:
      guard Arithmetic.exactInteger(first) != nil, Arithmetic.exactInteger(second) != nil else { return false }
    case .divide, .floorDivide, .modulo:
      guard second.asNumber != 0 else { return false }
    case .power:
      break
    default: break
    }
    guard let result = Arithmetic.compute(operation, first, second) else { return false }
    if result.tag == Tag.integer {
      left.kind = .integer
      left.integer = result.integer
    } else {
      // NaN and zeros of either sign stay with the machine.
      guard !result.float.isNaN, result.float != 0 else { return false }
      left.kind = .float
      left.float = result.float
    }
    return true
  }

  func prefix(_ operation: UnaryOperator, _ operand: inout Expression, line: Int32) throws(SyntaxError) {
    dischargeVariable(&operand)
    switch operation {
    case .negate:
      var zero = Expression(.integer)
      if operand.isNumeral {
        if operand.kind == .integer {
          operand.integer = 0 &- operand.integer
          return
        }
        if operand.float != 0 && !operand.float.isNaN {
          operand.float = -operand.float
          return
        }
      }
      zero.integer = 0
      try unary(.negate, &operand, line)
    case .bitNot:
      var ones = Expression(.integer)
      ones.integer = -1
      if fold(.xor, &operand, ones) { return }
      try unary(.bitNot, &operand, line)
    case .length: try unary(.length, &operand, line)
    case .not: try negateLogically(&operand)
    }
  }

  private func unary(_ opcode: Opcode, _ operand: inout Expression, _ line: Int32) throws(SyntaxError) {
    let register = try toAnyRegister(&operand)
    free(operand)
    operand.info = emit(opcode, 0, register)
    operand.kind = .relocatable
    setLine(line)
  }

  /// After the left operand was read, before the right one is.
  func infix(_ operation: BinaryOperator, _ left: inout Expression) throws(SyntaxError) {
    dischargeVariable(&left)
    switch operation {
    case .logicalAnd: try goIfTrue(&left)
    case .logicalOr: try goIfFalse(&left)
    case .concatenate: try toNextRegister(&left)
    case .equal, .notEqual:
      if !left.isNumeral { _ = try toRegisterOrConstant(&left) }
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      if immediate(left) == nil { try toAnyRegister(&left) }
    default:
      if !left.isNumeral { try toAnyRegister(&left) }
    }
  }

  /// The value as a signed byte, and whether it was written as a float.
  private func immediate(_ expression: Expression) -> (value: Int32, isFloat: Bool)? {
    guard !expression.hasJumps else { return nil }
    if expression.kind == .integer, expression.integer >= -128, expression.integer <= 127 {
      return (Int32(expression.integer), false)
    }
    if expression.kind == .float, expression.float >= -128, expression.float <= 127,
      Double(Int32(expression.float)) == expression.float
    {
      return (Int32(expression.float), true)
    }
    return nil
  }

  /// After the right operand was read.
  func postfix(
    _ operation: BinaryOperator, _ left: inout Expression, _ right: inout Expression, line: Int32
  ) throws(SyntaxError) {
    dischargeVariable(&right)
    if operation.rawValue <= BinaryOperator.shiftRight.rawValue, fold(operation, &left, right) { return }
    switch operation {
    case .logicalAnd:
      try append(&right.falseList, left.falseList)
      left = right
    case .logicalOr:
      try append(&right.trueList, left.trueList)
      left = right
    case .concatenate:
      try toNextRegister(&right)
      concatenate(&left, right, line)
    case .equal, .notEqual: try equality(operation, &left, &right)
    case .greater, .greaterOrEqual:
      // a > b is b < a
      swap(&left, &right)
      try order(operation == .greater ? .less : .lessOrEqual, &left, &right, isSwapped: true)
    case .less, .lessOrEqual: try order(operation, &left, &right, isSwapped: false)
    default: try arithmetic(operation, &left, &right, line)
    }
  }

  private func arithmetic(
    _ operation: BinaryOperator, _ left: inout Expression, _ right: inout Expression, _ line: Int32
  ) throws(SyntaxError) {
    var isFlipped = false
    let isCommutative: Bool
    switch operation {
    case .add, .multiply, .and, .or, .xor: isCommutative = true
    default: isCommutative = false
    }
    if isCommutative, left.isNumeral, !right.isNumeral {
      swap(&left, &right)
      isFlipped = true
    }
    if operation == .add, right.kind == .integer, let value = immediate(right) {
      let register = try toAnyRegister(&left)
      try finish(&left, right, Instruction(.addInteger, a: 0, b: register, c: value.value, k: isFlipped), line)
      return
    }
    if operation.rawValue <= BinaryOperator.xor.rawValue, right.isNumeral, try toConstant(&right) {
      let register = try toAnyRegister(&left)
      let opcode = Opcode(rawValue: Opcode.addConstant.rawValue + operation.rawValue) ?? .addConstant
      try finish(&left, right, Instruction(opcode, a: 0, b: register, c: right.info, k: isFlipped), line)
      return
    }
    if isFlipped { swap(&left, &right) }
    // The left operand may still be a number without a register. It comes after the right one, whose jumps would
    // lead past it otherwise.
    let second = try toAnyRegister(&right)
    let first = try toAnyRegister(&left)
    let opcode = Opcode(rawValue: Opcode.add.rawValue + operation.rawValue) ?? .add
    try finish(&left, right, Instruction(opcode, a: 0, b: first, c: second), line)
  }

  private func finish(
    _ left: inout Expression, _ right: Expression, _ instruction: Instruction, _ line: Int32
  ) throws(SyntaxError) {
    free(left, right)
    left.info = emit(instruction, line: line)
    left.kind = .relocatable
    left.trueList = Expression.noJump
    left.falseList = Expression.noJump
  }

  /// `a .. (b .. c)` becomes one instruction.
  private func concatenate(_ left: inout Expression, _ right: Expression, _ line: Int32) {
    if pc > lastTarget, pc > 0 {
      let previous = instruction(pc - 1)
      if previous.opcode == .concatenate, previous.a == Int(left.info) + 1 {
        free(right)
        change(pc - 1) {
          $0.a = Int(left.info); $0.b = previous.b + 1
        }
        return
      }
    }
    emit(Instruction(.concatenate, a: left.info, b: 2), line: line)
    free(right)
  }

  private func equality(
    _ operation: BinaryOperator, _ left: inout Expression, _ right: inout Expression
  ) throws(SyntaxError) {
    if left.kind != .register, left.kind != .relocatable { swap(&left, &right) }
    let first = try toAnyRegister(&left)
    let condition = operation == .equal
    let test: Instruction
    if let value = immediate(right) {
      test = Instruction(.equalInteger, a: first, b: value.value, c: value.isFloat ? 1 : 0, k: condition)
    } else if try toRegisterOrConstant(&right) {
      test = Instruction(.equalConstant, a: first, b: right.info, k: condition)
    } else {
      test = Instruction(.equal, a: first, b: right.info, k: condition)
    }
    free(left, right)
    compare(&left, test)
  }

  private func compare(_ expression: inout Expression, _ test: Instruction) {
    emit(test, line: currentLine)
    expression.info = emitJump()
    expression.kind = .jump
    expression.trueList = Expression.noJump
    expression.falseList = Expression.noJump
  }

  private func order(
    _ operation: BinaryOperator, _ left: inout Expression, _ right: inout Expression, isSwapped: Bool
  ) throws(SyntaxError) {
    let test: Instruction
    if let value = immediate(right) {
      let first = try toAnyRegister(&left)
      let opcode: Opcode = operation == .less ? .lessInteger : .lessOrEqualInteger
      test = Instruction(opcode, a: first, b: value.value, c: value.isFloat ? 1 : 0, k: true)
    } else if let value = immediate(left) {
      let second = try toAnyRegister(&right)
      let opcode: Opcode = operation == .less ? .greaterInteger : .greaterOrEqualInteger
      test = Instruction(opcode, a: second, b: value.value, c: value.isFloat ? 1 : 0, k: true)
    } else {
      // Registers are taken in the order in which the operands were written.
      if isSwapped {
        try toAnyRegister(&right)
        try toAnyRegister(&left)
      } else {
        try toAnyRegister(&left)
        try toAnyRegister(&right)
      }
      test = Instruction(operation == .less ? .less : .lessOrEqual, a: left.info, b: right.info, k: true)
    }
    free(left, right)
    compare(&left, test)
  }

  func setTableSize(at pc: Int32, register: Int32, array: Int, entries: Int) {
    var log = 0
    if entries > 0 {
      log = 1
      while 1 << (log - 1) < entries, log < 20 { log += 1 }
    }
    let array = min(array, 1 << 24)
    change(pc) { $0 = Instruction(.newTable, a: register, b: Int32(log), c: Int32(array & 0xFF)) }
    change(pc + 1) { $0 = Instruction(word: UInt32(Opcode.extraArgument.rawValue) | UInt32(array >> 8) << 7) }
  }

  /// Stores the values in the registers above `table` at positions `stored + 1` and following; all when `count` is none.
  func setList(_ table: Int32, stored: Int, count: Int?) {
    emit(.setList, table, Int32(count ?? 0), Int32(stored & 0xFF), k: stored > 0xFF)
    if stored > 0xFF {
      emit(Instruction(word: UInt32(Opcode.extraArgument.rawValue) | UInt32(stored >> 8) << 7), line: currentLine)
    }
    freeRegister = table + 1
  }

  /// Last pass: returns that need nothing special, and jumps that lead to jumps.
  func finish() throws(SyntaxError) {
    for index in 0..<pc {
      let instruction = instruction(index)
      switch instruction.opcode {
      case .returnNone, .returnOne:
        if needsClose {
          let count: Int32 = instruction.opcode == .returnNone ? 1 : 2
          change(index) { $0 = Instruction(.returns, a: Int32(instruction.a), b: count, k: true) }
        }
      case .returns, .tailCall:
        if needsClose { change(index) { $0.k = true } }
      case .jump:
        try fix(jump: index, to: finalTarget(index))
      default: break
      }
    }
  }

  private func finalTarget(_ start: Int32) -> Int32 {
    var position = start
    for _ in 0..<100 {
      let jump = instruction(position)
      if jump.opcode != .jump { break }
      position += Int32(jump.sj) + 1
    }
    return position
  }
}
