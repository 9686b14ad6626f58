// Declarations and assignments (Lua 5.4 manual, sections 3.3.3, 3.3.7 and 3.4.11).

extension Parser {
  mutating func localFunction() throws(SyntaxError) {
    let index = try declare(try name())
    activate(1)
    _ = try body(isMethod: false, line: line)
    function.locals[function.variables[index].local].start = function.pc
  }

  private mutating func attribute() throws(SyntaxError) -> FunctionBuilder.Variable.Attribute {
    guard try accept(.less) else { return .regular }
    let line = self.line
    let column = self.column
    let name = try name()
    try expect(.greater, ">")
    let text = nameText(name)
    if text.elementsEqual(Text("const").bytes) { return .constant }
    if text.elementsEqual(Text("close").bytes) { return .toBeClosed }
    var message = Text("unknown attribute '")
    message.add(text)
    message.add("'")
    throw mistake(message, line: line, column: column)
  }

  mutating func localStatement() throws(SyntaxError) {
    var toBeClosed: Int?
    var count = 0
    var index = 0
    repeat {
      index = try declare(try name())
      let attribute = try attribute()
      function.variables[index].attribute = attribute
      if attribute == .toBeClosed {
        if toBeClosed != nil { throw failure("multiple to-be-closed variables in local list") }
        toBeClosed = index
      }
      count += 1
    } while try accept(.comma)
    var values = (last: Expression(.void), count: 0)
    if try accept(.assign) { values = try expressionList() }
    var last = values.last
    if count == values.count, function.variables[index].attribute == .constant, let known = constantValue(last) {
      function.variables[index].attribute = .compileTime
      function.variables[index].value = known
      activate(count - 1)
      function.activeCount += 1
    } else {
      try adjust(count, values.count, &last)
      activate(count)
    }
    if let toBeClosed {
      markToBeClosed()
      function.emit(.toBeClosed, function.variables[toBeClosed].register)
    }
  }

  private mutating func constantValue(_ expression: Expression) -> Constant? {
    guard !expression.hasJumps else { return nil }
    switch expression.kind {
    case .none: return Constant(kind: .none, bits: 0)
    case .yes: return Constant(kind: .yes, bits: 0)
    case .no: return Constant(kind: .no, bits: 0)
    case .integer: return Constant(kind: .integer, bits: UInt64(bitPattern: expression.integer))
    case .float: return Constant(kind: .float, bits: expression.float.bitPattern)
    case .string: return Constant(kind: .string, bits: UInt64(expression.info))
    case .compileTime: return function.variables[Int(expression.info)].value
    default: return nil
    }
  }

  /// Makes `values` values fill `wanted` registers.
  mutating func adjust(_ wanted: Int, _ values: Int, _ last: inout Expression) throws(SyntaxError) {
    let needed = Int32(wanted - values)
    if last.hasManyResults {
      let extra = max(0, needed + 1)
      try function.setResults(last, extra)
    } else {
      if last.kind != .void { try function.toNextRegister(&last) }
      if needed > 0 { function.emitNil(from: function.freeRegister, count: needed) }
    }
    if needed > 0 { try function.reserve(needed) } else { function.freeRegister += needed }
  }

  mutating func functionStatement(_ line: Int32) throws(SyntaxError) {
    try advance()
    var target = try variable(try name())
    var isMethod = false
    while token == .dot { try field(&target) }
    if token == .colon {
      isMethod = true
      try field(&target)
    }
    var value = try body(isMethod: isMethod, line: line)
    try checkAssignable(target)
    try function.store(target, &value)
    function.setLine(line)
  }

  mutating func expressionStatement() throws(SyntaxError) {
    let first = try suffixed()
    if token == .assign || token == .comma {
      var targets = [first]
      try assignment(&targets)
    } else {
      guard first.kind == .call else { throw failure("syntax error") }
      function.change(first.info) { $0.c = 1 }
    }
  }

  private mutating func assignment(_ targets: inout [Expression]) throws(SyntaxError) {
    let target = targets[targets.count - 1]
    try checkAssignable(target)
    guard target.isVariable else { throw failure("syntax error") }
    while try accept(.comma) {
      let next = try suffixed()
      try checkAssignable(next)
      guard next.isVariable else { throw failure("syntax error") }
      if !next.isIndexed { try avoidConflict(&targets, next) }
      targets.append(next)
      guard targets.count < 200 else { throw failure("too many variables in assignment") }
    }
    try expect(.assign, "=")
    let values = try expressionList()
    var last = values.last
    if values.count == targets.count {
      function.setOneResult(&last)
      try function.store(targets[targets.count - 1], &last)
      targets.removeLast()
    } else {
      try adjust(targets.count, values.count, &last)
    }
    while let target = targets.popLast() {
      var value = Expression(.register, function.freeRegister - 1)
      try function.store(target, &value)
    }
  }

  /// A local variable that is assigned to while an earlier target uses it as table or key is copied first.
  private mutating func avoidConflict(_ targets: inout [Expression], _ variable: Expression) throws(SyntaxError) {
    let copy = function.freeRegister
    var hasConflict = false
    for index in targets.indices where targets[index].isIndexed {
      if targets[index].kind == .indexedUpvalue {
        if variable.kind == .upvalue, targets[index].info == variable.info {
          hasConflict = true
          targets[index].kind = .indexedField
          targets[index].info = copy
        }
        continue
      }
      guard variable.kind == .local else { continue }
      if targets[index].info == variable.info {
        hasConflict = true
        targets[index].info = copy
      }
      if targets[index].kind == .indexed, targets[index].key == variable.info {
        hasConflict = true
        targets[index].key = copy
      }
    }
    guard hasConflict else { return }
    if variable.kind == .local {
      function.emit(.move, copy, variable.info)
    } else {
      function.emit(.getUpvalue, copy, variable.info)
    }
    try function.reserve(1)
  }
}
