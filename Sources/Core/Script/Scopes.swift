// Blocks, variables, labels.

extension Parser {
  mutating func enterBlock(isLoop: Bool) {
    function.blocks.append(
      FunctionBuilder.Block(
        firstLabel: labels.count, firstGoto: gotos.count, activeCount: function.activeCount, isLoop: isLoop,
        isInsideToBeClosed: function.blocks.last?.isInsideToBeClosed ?? false))
  }

  mutating func leaveBlock() throws(SyntaxError) {
    let builder = function
    guard let block = builder.blocks.last else { return }
    let isInner = builder.blocks.count > 1
    let level = builder.registerLevel(block.activeCount)
    removeVariables(to: block.activeCount)
    var hasClose = false
    if block.isLoop { hasClose = try makeLabel(breakName, line: 0, column: 0, isLast: false) }
    if !hasClose, isInner, block.hasUpvalue {
      builder.emit(.close, level)
    }
    builder.freeRegister = level
    labels.removeLast(labels.count - block.firstLabel)
    builder.blocks.removeLast()
    if isInner {
      moveGotosOut(of: block)
    } else if block.firstGoto < gotos.count {
      let pending = gotos[block.firstGoto]
      var message = Text()
      if pending.name == breakName {
        message.add("break outside a loop")
      } else {
        message.add("no visible label '")
        message.add(nameText(pending.name))
        message.add("' for goto")
      }
      throw mistake(message, line: pending.line, column: pending.column)
    }
  }

  /// `break` is a `goto` to a label with the name of the reserved word.
  var breakName: Int32 { Int32(Token.break.rawValue) }

  private mutating func moveGotosOut(of block: FunctionBuilder.Block) {
    for index in block.firstGoto..<gotos.count {
      let level = function.registerLevel(block.activeCount)
      if gotos[index].level > level {
        gotos[index].needsClose = gotos[index].needsClose || block.hasUpvalue
        gotos[index].level = level
      }
      gotos[index].activeCount = min(gotos[index].activeCount, block.activeCount)
    }
  }

  // MARK: Variables

  /// Declares a variable that comes into scope with `activate`.
  @discardableResult mutating func declare(_ name: Int32) throws(SyntaxError) -> Int {
    guard function.variables.count < 200 else {
      throw failure("too many local variables (limit is 200) in function")
    }
    function.variables.append(FunctionBuilder.Variable(name: name))
    return function.variables.count - 1
  }

  @discardableResult mutating func declare(_ name: StaticString) throws(SyntaxError) -> Int {
    try declare(lexer.strings.index(of: name))
  }

  mutating func activate(_ count: Int) {
    var register = function.activeRegisterCount
    for _ in 0..<count {
      let index = function.activeCount
      function.activeCount += 1
      function.variables[index].register = register
      function.variables[index].local = function.locals.count
      function.locals.append(
        LocalName(name: function.variables[index].name, register: UInt8(register), start: function.pc, end: function.pc)
      )
      register += 1
    }
  }

  mutating func removeVariables(to count: Int) {
    while function.variables.count > count, let variable = function.variables.popLast() {
      if variable.attribute != .compileTime, function.variables.count < function.activeCount {
        function.locals[variable.local].end = function.pc
      }
    }
    function.activeCount = count
  }

  /// What a name stands for.
  mutating func variable(_ name: Int32) throws(SyntaxError) -> Expression {
    var expression = try find(name, in: function, isBase: true)
    if expression.kind == .void {
      // A global: a field of _ENV.
      expression = try find(environmentName, in: function, isBase: true)
      try function.toAnyRegisterOrUpvalue(&expression)
      var key = Expression(.string, name)
      try function.index(&expression, &key)
    }
    return expression
  }

  private mutating func find(
    _ name: Int32, in builder: FunctionBuilder?, isBase: Bool
  ) throws(SyntaxError) -> Expression {
    guard let builder else { return Expression(.void) }
    var index = builder.activeCount - 1
    while index >= 0 {
      let variable = builder.variables[index]
      if variable.name == name {
        if variable.attribute == .compileTime { return compileTime(variable, index, isBase) }
        if !isBase { markUpvalue(builder, index) }
        var expression = Expression(.local, variable.register)
        expression.key = Int32(index)
        return expression
      }
      index -= 1
    }
    if let known = builder.upvalues.firstIndex(where: { $0.name == name }) { return Expression(.upvalue, Int32(known)) }
    let outer = try find(name, in: builder.parent, isBase: false)
    switch outer.kind {
    case .local:
      let attribute = builder.parent.map { $0.variables[Int(outer.key)].attribute } ?? .regular
      return try addUpvalue(builder, name, isLocalOfParent: true, outer.info, attribute)
    case .upvalue:
      let attribute = builder.parent.map { $0.upvalues[Int(outer.info)].attribute } ?? .regular
      return try addUpvalue(builder, name, isLocalOfParent: false, outer.info, attribute)
    default: return outer
    }
  }

  private mutating func compileTime(_ variable: FunctionBuilder.Variable, _ index: Int, _ isBase: Bool) -> Expression {
    if isBase { return Expression(.compileTime, Int32(index)) }
    // The variable belongs to another function: give its value at once.
    var expression: Expression
    switch variable.value.kind {
    case .none: expression = Expression(.none)
    case .no: expression = Expression(.no)
    case .yes: expression = Expression(.yes)
    case .integer:
      expression = Expression(.integer)
      expression.integer = Int64(bitPattern: variable.value.bits)
    case .float:
      expression = Expression(.float)
      expression.float = Double(bitPattern: variable.value.bits)
    case .string: expression = Expression(.string, Int32(truncatingIfNeeded: variable.value.bits))
    }
    // Remembered for the message when something is assigned to it.
    expression.key = -1 - variable.name
    return expression
  }

  private mutating func markUpvalue(_ builder: FunctionBuilder, _ index: Int) {
    var block = builder.blocks.count - 1
    while block > 0, builder.blocks[block].activeCount > index { block -= 1 }
    builder.blocks[block].hasUpvalue = true
    builder.needsClose = true
  }

  private mutating func addUpvalue(
    _ builder: FunctionBuilder, _ name: Int32, isLocalOfParent: Bool, _ index: Int32,
    _ attribute: FunctionBuilder.Variable.Attribute
  ) throws(SyntaxError) -> Expression {
    guard builder.upvalues.count < 250 else { throw failure("too many upvalues (limit is 250) in function") }
    builder.upvalues.append(
      FunctionBuilder.Upvalue(name: name, isLocalOfParent: isLocalOfParent, index: index, attribute: attribute))
    return Expression(.upvalue, Int32(builder.upvalues.count - 1))
  }

  mutating func checkAssignable(_ expression: Expression) throws(SyntaxError) {
    var name: Int32?
    switch expression.kind {
    case .compileTime: name = function.variables[Int(expression.info)].name
    case .local:
      let variable = function.variables[Int(expression.key)]
      if variable.attribute != .regular { name = variable.name }
    case .upvalue:
      let upvalue = function.upvalues[Int(expression.info)]
      if upvalue.attribute != .regular { name = upvalue.name }
    case .none, .no, .yes, .integer, .float, .string:
      if expression.key < 0 { name = -1 - expression.key }
    default: break
    }
    if let name {
      var message = Text("attempt to assign to const variable '")
      message.add(nameText(name))
      message.add("'")
      throw mistake(message, line: line, column: column)
    }
  }

  // MARK: Labels

  /// Makes a label here; gives whether variables are closed at it.
  mutating func makeLabel(_ name: Int32, line: Int32, column: Int32, isLast: Bool) throws(SyntaxError) -> Bool {
    let pc = function.label()
    var label = Label(
      name: name, pc: pc, line: line, column: column, activeCount: function.activeCount,
      level: function.activeRegisterCount)
    if isLast, let block = function.blocks.last { label.activeCount = block.activeCount }
    labels.append(label)
    if try solveGotos(label) {
      function.emit(.close, function.activeRegisterCount)
      return true
    }
    return false
  }

  private mutating func solveGotos(_ label: Label) throws(SyntaxError) -> Bool {
    var needsClose = false
    let first = function.blocks.last?.firstGoto ?? 0
    var index = first
    while index < gotos.count {
      if gotos[index].name == label.name {
        needsClose = needsClose || gotos[index].needsClose
        let pending = gotos.remove(at: index)
        try solve(pending, label)
      } else {
        index += 1
      }
    }
    return needsClose
  }

  private mutating func solve(_ pending: Label, _ label: Label) throws(SyntaxError) {
    if pending.activeCount < label.activeCount {
      var message = Text("<goto ")
      message.add(nameText(pending.name))
      message.add("> at line ")
      message.add(Int(pending.line))
      message.add(" jumps into the scope of local '")
      message.add(nameText(function.variables[pending.activeCount].name))
      message.add("'")
      throw mistake(message, line: pending.line, column: pending.column)
    }
    try function.patch(pending.pc, to: label.pc)
  }

  mutating func addGoto(_ name: Int32, line: Int32, column: Int32, pc: Int32) {
    gotos.append(
      Label(
        name: name, pc: pc, line: line, column: column, activeCount: function.activeCount,
        level: function.activeRegisterCount))
  }

  /// The label of that name which is visible here, within this function.
  mutating func findLabel(_ name: Int32) -> Label? {
    let first = function.blocks.first?.firstLabel ?? 0
    return labels[first...].first { $0.name == name }
  }
}
