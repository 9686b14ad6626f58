// Expressions (Lua 5.4 manual, section 3.4).

extension Parser {
  mutating func expression() throws(SyntaxError) -> Expression {
    try operation(limit: 0).expression
  }

  /// Reads operands and operators that bind more strongly than `limit`; gives the first operator that does not.
  private mutating func operation(limit: Int) throws(SyntaxError) -> (expression: Expression, next: BinaryOperator?) {
    try enterLevel()
    var left: Expression
    if let operation = unaryOperator() {
      let line = self.line
      try advance()
      left = try self.operation(limit: BinaryOperator.unaryPriority).expression
      try function.prefix(operation, &left, line: line)
    } else {
      left = try simple()
    }
    var next = BinaryOperator(token)
    while let operation = next, operation.priority.left > limit {
      let line = self.line
      try advance()
      try function.infix(operation, &left)
      var right = try self.operation(limit: operation.priority.right)
      try function.postfix(operation, &left, &right.expression, line: line)
      next = right.next
    }
    leaveLevel()
    return (left, next)
  }

  private mutating func unaryOperator() -> UnaryOperator? {
    switch token {
    case .not: return .not
    case .minus: return .negate
    case .tilde: return .bitNot
    case .hash: return .length
    default: return nil
    }
  }

  private mutating func simple() throws(SyntaxError) -> Expression {
    var result: Expression
    switch token {
    case .integer:
      result = Expression(.integer)
      result.integer = integer
    case .float:
      result = Expression(.float)
      result.float = float
    case .string: result = Expression(.string, text)
    case .nil: result = Expression(.none)
    case .true: result = Expression(.yes)
    case .false: result = Expression(.no)
    case .dots:
      guard function.hasVarargs else { throw failure("cannot use '...' outside a vararg function") }
      result = Expression(.varargs, function.emit(.varargs, 0, 0, 1))
    case .openBrace: return try constructor()
    case .function:
      let line = self.line
      try advance()
      return try body(isMethod: false, line: line)
    default: return try suffixed()
    }
    try advance()
    return result
  }

  private mutating func primary() throws(SyntaxError) -> Expression {
    switch token {
    case .name: return try variable(try name())
    case .openParenthesis:
      let line = self.line
      try advance()
      var inner = try expression()
      try expect(.closeParenthesis, ")", closing: "(", at: line)
      function.dischargeVariable(&inner)
      return inner
    default: throw failure("unexpected symbol")
    }
  }

  mutating func suffixed() throws(SyntaxError) -> Expression {
    let line = self.line
    var result = try primary()
    while true {
      switch token {
      case .dot: try field(&result)
      case .openBracket:
        try function.toAnyRegisterOrUpvalue(&result)
        var key = try indexKey()
        try function.index(&result, &key)
      case .colon:
        try advance()
        let method = try name()
        try function.method(&result, method)
        try arguments(&result, line)
      case .openParenthesis, .string, .openBrace:
        try function.toNextRegister(&result)
        try arguments(&result, line)
      default: return result
      }
    }
  }

  mutating func field(_ table: inout Expression) throws(SyntaxError) {
    try function.toAnyRegisterOrUpvalue(&table)
    try advance()
    var key = Expression(.string, try name())
    try function.index(&table, &key)
  }

  private mutating func indexKey() throws(SyntaxError) -> Expression {
    try advance()
    var key = try expression()
    try function.toValue(&key)
    try expect(.closeBracket, "]")
    return key
  }

  private mutating func arguments(_ called: inout Expression, _ line: Int32) throws(SyntaxError) {
    var last = Expression(.void)
    switch token {
    case .openParenthesis:
      let opening = self.line
      try advance()
      if token != .closeParenthesis {
        last = try expressionList().last
        if last.hasManyResults { try function.setResults(last, -1) }
      }
      try expect(.closeParenthesis, ")", closing: "(", at: opening)
    case .openBrace: last = try constructor()
    case .string:
      last = Expression(.string, text)
      try advance()
    default: throw failure("function arguments expected")
    }
    let base = called.info
    let count: Int32
    if last.hasManyResults {
      count = -1
    } else {
      if last.kind != .void { try function.toNextRegister(&last) }
      count = function.freeRegister - (base + 1)
    }
    called = Expression(.call, function.emit(.call, base, count + 1, 2))
    function.setLine(line)
    function.freeRegister = base + 1
  }

  /// Expressions separated by commas; all but the last one are in registers.
  mutating func expressionList() throws(SyntaxError) -> (last: Expression, count: Int) {
    var count = 1
    var last = try expression()
    while try accept(.comma) {
      try function.toNextRegister(&last)
      last = try expression()
      count += 1
    }
    return (last, count)
  }

  // MARK: Constructors

  private struct Constructor {
    var table: Expression
    var pending = Expression(.void)
    var fields = 0
    var stored = 0
    var waiting = 0
  }

  /// Values that are collected in registers before they are stored together.
  private static let valuesPerStore = 50

  private mutating func constructor() throws(SyntaxError) -> Expression {
    let line = self.line
    let pc = function.emit(.newTable, 0)
    function.emit(Instruction(word: UInt32(Opcode.extraArgument.rawValue)), line: line)
    var state = Constructor(table: Expression(.register, function.freeRegister))
    try function.reserve(1)
    try expect(.openBrace, "{")
    while token != .closeBrace {
      try storePending(&state)
      if token == .name, try lookAhead() == .assign {
        try recordField(&state)
      } else if token == .openBracket {
        try recordField(&state)
      } else {
        state.pending = try expression()
        state.waiting += 1
      }
      if token == .comma || token == .semicolon { try advance() } else { break }
    }
    try expect(.closeBrace, "}", closing: "{", at: line)
    try finish(&state)
    function.setTableSize(at: pc, register: state.table.info, array: state.stored, entries: state.fields)
    return state.table
  }

  private mutating func storePending(_ state: inout Constructor) throws(SyntaxError) {
    guard state.pending.kind != .void else { return }
    try function.toNextRegister(&state.pending)
    state.pending = Expression(.void)
    if state.waiting == Parser.valuesPerStore {
      function.setList(state.table.info, stored: state.stored, count: state.waiting)
      state.stored += state.waiting
      state.waiting = 0
    }
  }

  private mutating func finish(_ state: inout Constructor) throws(SyntaxError) {
    guard state.waiting > 0 else { return }
    if state.pending.hasManyResults {
      try function.setResults(state.pending, -1)
      function.setList(state.table.info, stored: state.stored, count: nil)
      state.waiting -= 1
    } else {
      if state.pending.kind != .void { try function.toNextRegister(&state.pending) }
      function.setList(state.table.info, stored: state.stored, count: state.waiting)
    }
    state.stored += state.waiting
  }

  private mutating func recordField(_ state: inout Constructor) throws(SyntaxError) {
    let free = function.freeRegister
    var key: Expression
    if token == .name {
      key = Expression(.string, try name())
    } else {
      key = try indexKey()
    }
    state.fields += 1
    try expect(.assign, "=")
    var target = state.table
    try function.index(&target, &key)
    var value = try expression()
    try function.store(target, &value)
    function.freeRegister = free
  }

  // MARK: Functions

  mutating func body(isMethod: Bool, line: Int32) throws(SyntaxError) -> Expression {
    try enterLevel()
    let builder = FunctionBuilder(parent: function, index: prototypes.count, line: line)
    guard prototypes.count < Int(Instruction.bxMax) else { throw failure("too many functions") }
    prototypes.append(nil)
    let outer = function
    function = builder
    function.currentLine = line
    enterBlock(isLoop: false)
    try expect(.openParenthesis, "(")
    if isMethod {
      try declare("self")
      activate(1)
    }
    try parameters()
    try expect(.closeParenthesis, ")")
    try statements()
    let endLine = self.line
    try expect(.end, "end", closing: "function", at: line)
    function.currentLine = endLine
    try close(builder)
    function = outer
    function.currentLine = lastLine
    leaveLevel()
    var result = Expression(.relocatable, function.emit(.closure, 0, bx: Int32(builder.index)))
    try function.toNextRegister(&result)
    return result
  }

  private mutating func parameters() throws(SyntaxError) {
    var count = 0
    if token != .closeParenthesis {
      var hasMore = true
      while hasMore {
        if token == .name {
          try declare(try name())
          count += 1
          hasMore = try accept(.comma)
        } else if token == .dots {
          try advance()
          function.hasVarargs = true
          hasMore = false
        } else {
          throw failure("<name> or '...' expected")
        }
      }
    }
    activate(count)
    function.parameterCount = function.activeCount
    if function.hasVarargs { function.emit(.prepareVarargs, Int32(function.parameterCount)) }
    try function.reserve(Int32(function.activeCount))
  }
}
