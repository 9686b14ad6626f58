// Statements (Lua 5.4 manual, section 3.3).

extension Parser {
  private var isBlockEnd: Bool {
    switch token {
    case .else, .elseif, .end, .endOfText, .until: return true
    default: return false
    }
  }

  mutating func statements() throws(SyntaxError) {
    while !isBlockEnd {
      if token == .return {
        try returnStatement()
        return
      }
      try statement()
    }
  }

  private mutating func block() throws(SyntaxError) {
    enterBlock(isLoop: false)
    try statements()
    try leaveBlock()
  }

  private mutating func statement() throws(SyntaxError) {
    let line = self.line
    try enterLevel()
    switch token {
    case .semicolon: try advance()
    case .if: try ifStatement(line)
    case .while: try whileStatement(line)
    case .do:
      try advance()
      try block()
      try expect(.end, "end", closing: "do", at: line)
    case .for: try forStatement(line)
    case .repeat: try repeatStatement(line)
    case .function: try functionStatement(line)
    case .local:
      try advance()
      if try accept(.function) { try localFunction() } else { try localStatement() }
    case .doubleColon: try labelStatement()
    case .break:
      let column = self.column
      try advance()
      addGoto(breakName, line: line, column: column, pc: function.emitJump())
    case .goto: try gotoStatement()
    default: try expressionStatement()
    }
    function.freeRegister = function.activeRegisterCount
    leaveLevel()
  }

  // MARK: Control

  /// Reads a condition; gives the jumps that are taken when it does not hold.
  private mutating func condition() throws(SyntaxError) -> Int32 {
    var value = try expression()
    if value.kind == .none { value.kind = .no }
    try function.goIfTrue(&value)
    return value.falseList
  }

  private mutating func ifStatement(_ line: Int32) throws(SyntaxError) {
    var exits = Expression.noJump
    try thenBlock(&exits)
    while token == .elseif { try thenBlock(&exits) }
    if try accept(.else) { try block() }
    try expect(.end, "end", closing: "if", at: line)
    try function.patchToHere(exits)
  }

  private mutating func thenBlock(_ exits: inout Int32) throws(SyntaxError) {
    try advance()
    let otherwise = try condition()
    try expect(.then, "then")
    try block()
    if token == .else || token == .elseif { try function.append(&exits, function.emitJump()) }
    try function.patchToHere(otherwise)
  }

  private mutating func whileStatement(_ line: Int32) throws(SyntaxError) {
    try advance()
    let start = function.label()
    let exit = try condition()
    enterBlock(isLoop: true)
    try expect(.do, "do")
    try block()
    try function.patch(function.emitJump(), to: start)
    try expect(.end, "end", closing: "while", at: line)
    try leaveBlock()
    try function.patchToHere(exit)
  }

  private mutating func repeatStatement(_ line: Int32) throws(SyntaxError) {
    let start = function.label()
    enterBlock(isLoop: true)
    enterBlock(isLoop: false)
    try advance()
    try statements()
    try expect(.until, "until", closing: "repeat", at: line)
    var exit = try condition()
    let inner = function.blocks[function.blocks.count - 1]
    try leaveBlock()
    if inner.hasUpvalue {
      let leave = function.emitJump()
      try function.patchToHere(exit)
      function.emit(.close, function.registerLevel(inner.activeCount))
      exit = function.emitJump()
      try function.patchToHere(leave)
    }
    try function.patch(exit, to: start)
    try leaveBlock()
  }

  private mutating func forStatement(_ line: Int32) throws(SyntaxError) {
    enterBlock(isLoop: true)
    try advance()
    let first = try name()
    switch token {
    case .assign: try numericFor(first, line)
    case .comma, .in: try genericFor(first, line)
    default: throw failure("'=' or 'in' expected")
    }
    try expect(.end, "end", closing: "for", at: line)
    try leaveBlock()
  }

  private mutating func forValue() throws(SyntaxError) {
    var value = try expression()
    try function.toNextRegister(&value)
  }

  private mutating func numericFor(_ variable: Int32, _ line: Int32) throws(SyntaxError) {
    let base = function.freeRegister
    for _ in 0..<3 { try declare("(for state)") }
    try declare(variable)
    try advance()
    try forValue()
    try expect(.comma, ",")
    try forValue()
    if try accept(.comma) {
      try forValue()
    } else {
      try function.emitInteger(function.freeRegister, 1)
      try function.reserve(1)
    }
    activate(3)
    try forBody(base, line, variables: 1, isGeneric: false)
  }

  private mutating func genericFor(_ first: Int32, _ line: Int32) throws(SyntaxError) {
    let base = function.freeRegister
    for _ in 0..<4 { try declare("(for state)") }
    try declare(first)
    var count = 5
    while try accept(.comma) {
      try declare(try name())
      count += 1
    }
    try expect(.in, "in")
    let valueLine = self.line
    let values = try expressionList()
    var last = values.last
    try adjust(4, values.count, &last)
    activate(4)
    function.variables[function.activeCount - 1].attribute = .regular
    markToBeClosed()
    try function.ensureRegisters(3)
    try forBody(base, valueLine, variables: count - 4, isGeneric: true)
  }

  /// The function has a variable whose closing must happen however the block is left.
  mutating func markToBeClosed() {
    let last = function.blocks.count - 1
    function.blocks[last].hasUpvalue = true
    function.blocks[last].isInsideToBeClosed = true
    function.needsClose = true
  }

  private mutating func forBody(
    _ base: Int32, _ line: Int32, variables count: Int, isGeneric: Bool
  ) throws(SyntaxError) {
    try expect(.do, "do")
    let prepare = function.emit(isGeneric ? .genericPrepare : .forPrepare, base, bx: 0)
    enterBlock(isLoop: false)
    activate(count)
    try function.reserve(Int32(count))
    try block()
    try leaveBlock()
    try patchFor(prepare, to: function.label(), isBack: false)
    if isGeneric {
      function.emit(.genericCall, base, 0, Int32(count))
      function.setLine(line)
    }
    let end = function.emit(isGeneric ? .genericLoop : .forLoop, base, bx: 0)
    try patchFor(end, to: prepare + 1, isBack: true)
    function.setLine(line)
  }

  private mutating func patchFor(_ pc: Int32, to target: Int32, isBack: Bool) throws(SyntaxError) {
    let distance = isBack ? pc + 1 - target : target - (pc + 1)
    guard distance <= Instruction.bxMax else { throw failure("control structure too long") }
    function.change(pc) { $0.bx = Int(distance) }
  }

  private mutating func labelStatement() throws(SyntaxError) {
    try advance()
    let line = self.line
    let column = self.column
    let name = try name()
    try expect(.doubleColon, "::")
    while token == .semicolon || token == .doubleColon { try statement() }
    if let known = findLabel(name) {
      var message = Text("label '")
      message.add(nameText(name))
      message.add("' already defined on line ")
      message.add(Int(known.line))
      throw mistake(message, line: line, column: column)
    }
    _ = try makeLabel(name, line: line, column: column, isLast: isBlockEnd && token != .until)
  }

  private mutating func gotoStatement() throws(SyntaxError) {
    let line = self.line
    let column = self.column
    try advance()
    let name = try name()
    if let label = findLabel(name) {
      let level = function.registerLevel(label.activeCount)
      if function.activeRegisterCount > level { function.emit(.close, level) }
      try function.patch(function.emitJump(), to: label.pc)
    } else {
      addGoto(name, line: line, column: column, pc: function.emitJump())
    }
  }

  private mutating func returnStatement() throws(SyntaxError) {
    try advance()
    var first = function.activeRegisterCount
    var count: Int32 = 0
    if !isBlockEnd && token != .semicolon {
      let values = try expressionList()
      var last = values.last
      if last.hasManyResults {
        try function.setResults(last, -1)
        let isInsideToBeClosed = function.blocks.last?.isInsideToBeClosed ?? false
        if last.kind == .call, values.count == 1, !isInsideToBeClosed {
          function.change(last.info) { $0.opcode = .tailCall }
        }
        count = -1
      } else if values.count == 1 {
        first = try function.toAnyRegister(&last)
        count = 1
      } else {
        try function.toNextRegister(&last)
        count = Int32(values.count)
      }
    }
    let opcode: Opcode = count == 0 ? .returnNone : count == 1 ? .returnOne : .returns
    function.emit(opcode, first, count + 1)
    _ = try accept(.semicolon)
  }
}
