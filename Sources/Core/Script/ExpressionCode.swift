// Turning expressions into values in registers.

extension FunctionBuilder {
  func setResults(_ expression: Expression, _ count: Int32) throws(SyntaxError) {
    if expression.kind == .call {
      change(expression.info) { $0.c = Int(count + 1) }
    } else {
      change(expression.info) {
        $0.c = Int(count + 1); $0.a = Int(freeRegister)
      }
      try reserve(1)
    }
  }

  func setOneResult(_ expression: inout Expression) {
    if expression.kind == .call {
      expression.kind = .register
      expression.info = Int32(instruction(expression.info).a)
    } else if expression.kind == .varargs {
      change(expression.info) { $0.c = 2 }
      expression.kind = .relocatable
    }
  }

  /// After this the expression is no variable any more.
  func dischargeVariable(_ expression: inout Expression) {
    switch expression.kind {
    case .compileTime:
      let value = variables[Int(expression.info)].value
      switch value.kind {
      case .none: expression.kind = .none
      case .no: expression.kind = .no
      case .yes: expression.kind = .yes
      case .integer:
        expression.kind = .integer
        expression.integer = Int64(bitPattern: value.bits)
      case .float:
        expression.kind = .float
        expression.float = Double(bitPattern: value.bits)
      case .string:
        expression.kind = .string
        expression.info = Int32(truncatingIfNeeded: value.bits)
      }
    case .local:
      expression.kind = .register
    case .upvalue:
      expression.info = emit(.getUpvalue, 0, expression.info)
      expression.kind = .relocatable
    case .indexedUpvalue:
      expression.info = emit(.getGlobal, 0, expression.info, expression.key)
      expression.kind = .relocatable
    case .indexedInteger:
      free(register: expression.info)
      expression.info = emit(.getInteger, 0, expression.info, expression.key)
      expression.kind = .relocatable
    case .indexedField:
      free(register: expression.info)
      expression.info = emit(.getField, 0, expression.info, expression.key)
      expression.kind = .relocatable
    case .indexed:
      if expression.info > expression.key {
        free(register: expression.info)
        free(register: expression.key)
      } else {
        free(register: expression.key)
        free(register: expression.info)
      }
      expression.info = emit(.getTable, 0, expression.info, expression.key)
      expression.kind = .relocatable
    case .call, .varargs: setOneResult(&expression)
    default: break
    }
  }

  private func discharge(_ expression: inout Expression, to register: Int32) throws(SyntaxError) {
    dischargeVariable(&expression)
    switch expression.kind {
    case .none: emitNil(from: register, count: 1)
    case .no: emit(.loadFalse, register)
    case .yes: emit(.loadTrue, register)
    case .string: emitConstant(register, try stringConstant(expression.info))
    case .constant: emitConstant(register, expression.info)
    case .integer: try emitInteger(register, expression.integer)
    case .float: try emitFloat(register, expression.float)
    case .relocatable: change(expression.info) { $0.a = Int(register) }
    case .register: if register != expression.info { emit(.move, register, expression.info) }
    default: return
    }
    expression.info = register
    expression.kind = .register
  }

  private func dischargeToAnyRegister(_ expression: inout Expression) throws(SyntaxError) {
    if expression.kind != .register {
      try reserve(1)
      try discharge(&expression, to: freeRegister - 1)
    }
  }

  private func needsValue(_ list: Int32) -> Bool {
    var jump = list
    while jump != Expression.noJump {
      if instruction(control(of: jump)).opcode != .testSet { return true }
      jump = jumpTarget(jump)
    }
    return false
  }

  private func emitLabelled(_ opcode: Opcode, _ register: Int32) -> Int32 {
    label()
    return emit(opcode, register)
  }

  /// Puts the value into a register, jumps included.
  func toRegister(_ expression: inout Expression, _ register: Int32) throws(SyntaxError) {
    try discharge(&expression, to: register)
    if expression.kind == .jump { try append(&expression.trueList, expression.info) }
    if expression.hasJumps {
      var falseLoad = Expression.noJump
      var trueLoad = Expression.noJump
      if needsValue(expression.trueList) || needsValue(expression.falseList) {
        let skip = expression.kind == .jump ? Expression.noJump : emitJump()
        falseLoad = emitLabelled(.loadFalseSkip, register)
        trueLoad = emitLabelled(.loadTrue, register)
        try patchToHere(skip)
      }
      let end = label()
      try patch(expression.falseList, valueTarget: end, register: register, defaultTarget: falseLoad)
      try patch(expression.trueList, valueTarget: end, register: register, defaultTarget: trueLoad)
    }
    expression.trueList = Expression.noJump
    expression.falseList = Expression.noJump
    expression.info = register
    expression.kind = .register
  }

  func toNextRegister(_ expression: inout Expression) throws(SyntaxError) {
    dischargeVariable(&expression)
    free(expression)
    try reserve(1)
    try toRegister(&expression, freeRegister - 1)
  }

  @discardableResult func toAnyRegister(_ expression: inout Expression) throws(SyntaxError) -> Int32 {
    dischargeVariable(&expression)
    if expression.kind == .register {
      if !expression.hasJumps { return expression.info }
      if expression.info >= activeRegisterCount {
        try toRegister(&expression, expression.info)
        return expression.info
      }
    }
    try toNextRegister(&expression)
    return expression.info
  }

  func toAnyRegisterOrUpvalue(_ expression: inout Expression) throws(SyntaxError) {
    if expression.kind != .upvalue || expression.hasJumps { try toAnyRegister(&expression) }
  }

  func toValue(_ expression: inout Expression) throws(SyntaxError) {
    if expression.hasJumps { try toAnyRegister(&expression) } else { dischargeVariable(&expression) }
  }

  /// Makes the expression a constant of the function whose index fits into 8 bits, when it is one.
  func toConstant(_ expression: inout Expression) throws(SyntaxError) -> Bool {
    guard !expression.hasJumps else { return false }
    if expression.kind == .compileTime { dischargeVariable(&expression) }
    let index: Int32
    switch expression.kind {
    case .yes: index = try constant(.yes, 0)
    case .no: index = try constant(.no, 0)
    case .none: index = try constant(.none, 0)
    case .integer: index = try constant(.integer, UInt64(bitPattern: expression.integer))
    case .float: index = try constant(.float, expression.float.bitPattern)
    case .string: index = try stringConstant(expression.info)
    case .constant: index = expression.info
    default: return false
    }
    guard index <= 255 else { return false }
    expression.kind = .constant
    expression.info = index
    return true
  }

  /// A constant (then `true`) or a register.
  func toRegisterOrConstant(_ expression: inout Expression) throws(SyntaxError) -> Bool {
    if try toConstant(&expression) { return true }
    try toAnyRegister(&expression)
    return false
  }

  func store(_ variable: Expression, _ value: inout Expression) throws(SyntaxError) {
    switch variable.kind {
    case .local:
      free(value)
      try toRegister(&value, variable.info)
      return
    case .upvalue:
      let register = try toAnyRegister(&value)
      emit(.setUpvalue, register, variable.info)
    case .indexedUpvalue, .indexedField, .indexedInteger, .indexed:
      let isConstant = try toRegisterOrConstant(&value)
      let opcode: Opcode
      switch variable.kind {
      case .indexedUpvalue: opcode = .setGlobal
      case .indexedField: opcode = .setField
      case .indexedInteger: opcode = .setInteger
      default: opcode = .setTable
      }
      emit(opcode, variable.info, variable.key, value.info, k: isConstant)
    default: break
    }
    free(value)
  }

  /// `object:name`: the function and the object in two new registers.
  func method(_ object: inout Expression, _ name: Int32) throws(SyntaxError) {
    try toAnyRegister(&object)
    let register = object.info
    free(object)
    object.info = freeRegister
    object.kind = .register
    try reserve(2)
    var key = Expression(.string, name)
    let isConstant = try toRegisterOrConstant(&key)
    emit(.method, object.info, register, key.info, k: isConstant)
    free(key)
  }

  /// Makes `table` the expression `table[key]`.
  func index(_ table: inout Expression, _ key: inout Expression) throws(SyntaxError) {
    var fieldConstant: Int32?
    if key.kind == .string, !key.hasJumps {
      let index = try stringConstant(key.info)
      if index <= 255 { fieldConstant = index }
    }
    if table.kind == .upvalue, fieldConstant == nil { try toAnyRegister(&table) }
    if table.kind == .upvalue, let fieldConstant {
      table.key = fieldConstant
      table.kind = .indexedUpvalue
      return
    }
    if let fieldConstant {
      table.key = fieldConstant
      table.kind = .indexedField
    } else if key.kind == .integer, !key.hasJumps, key.integer >= 0, key.integer <= 255 {
      table.key = Int32(key.integer)
      table.kind = .indexedInteger
    } else {
      table.key = try toAnyRegister(&key)
      table.kind = .indexed
    }
  }

  // MARK: Conditions

  private func negateCondition(_ expression: Expression) {
    change(control(of: expression.info)) { $0.k.toggle() }
  }

  private func conditionalJump(_ instruction: Instruction) -> Int32 {
    emit(instruction, line: currentLine)
    return emitJump()
  }

  private func jump(on expression: inout Expression, when condition: Bool) throws(SyntaxError) -> Int32 {
    if expression.kind == .relocatable {
      let last = instruction(expression.info)
      if last.opcode == .not {
        removeLast()
        return conditionalJump(Instruction(.test, a: Int32(last.b), k: !condition))
      }
    }
    try dischargeToAnyRegister(&expression)
    free(expression)
    return conditionalJump(Instruction(.testSet, a: 255, b: expression.info, k: condition))
  }

  func goIfTrue(_ expression: inout Expression) throws(SyntaxError) {
    dischargeVariable(&expression)
    var exit: Int32
    switch expression.kind {
    case .jump:
      negateCondition(expression)
      exit = expression.info
    case .constant, .float, .integer, .string, .yes: exit = Expression.noJump
    default: exit = try jump(on: &expression, when: false)
    }
    try append(&expression.falseList, exit)
    try patchToHere(expression.trueList)
    expression.trueList = Expression.noJump
  }

  func goIfFalse(_ expression: inout Expression) throws(SyntaxError) {
    dischargeVariable(&expression)
    var exit: Int32
    switch expression.kind {
    case .jump: exit = expression.info
    case .none, .no: exit = Expression.noJump
    default: exit = try jump(on: &expression, when: true)
    }
    try append(&expression.trueList, exit)
    try patchToHere(expression.falseList)
    expression.falseList = Expression.noJump
  }

  func negateLogically(_ expression: inout Expression) throws(SyntaxError) {
    switch expression.kind {
    case .none, .no: expression.kind = .yes
    case .constant, .float, .integer, .string, .yes: expression.kind = .no
    case .jump: negateCondition(expression)
    case .relocatable, .register:
      try dischargeToAnyRegister(&expression)
      free(expression)
      expression.info = emit(.not, 0, expression.info)
      expression.kind = .relocatable
    default: break
    }
    swap(&expression.trueList, &expression.falseList)
    removeValues(expression.falseList)
    removeValues(expression.trueList)
  }
}
