/// Reads a text once and writes the instructions of its functions.
struct Parser {
  var lexer: Lexer
  var token: Token = .endOfText
  var ahead: Token?
  /// Line of the token before `token`.
  var lastLine: Int32 = 1
  var line: Int32 = 1
  var column: Int32 = 1
  var start = 0
  /// Values of `token`, when it has one.
  var text: Int32 = 0
  var integer: Int64 = 0
  var float = 0.0
  private var aheadLine: Int32 = 1
  private var aheadColumn: Int32 = 1
  private var aheadStart = 0
  private var aheadText: Int32 = 0
  var function: FunctionBuilder
  var prototypes: [Prototype?] = [nil]
  var labels: [Label] = []
  var gotos: [Label] = []
  private var nesting = 0
  let environmentName: Int32

  /// A label, or a `goto` that waits for one.
  struct Label {
    var name: Int32
    var pc: Int32
    var line: Int32
    var column: Int32
    var activeCount: Int
    /// Registers in use there.
    var level: Int32
    var needsClose = false
  }

  /// Nested blocks, expressions and functions. Each takes host stack, also on small devices.
  static let nestingMax = 100

  /// Whether functions are kept, or only read for what is wrong in them.
  private let keepsCode: Bool

  init(_ source: [UInt8], keepsCode: Bool = true) {
    self.keepsCode = keepsCode
    lexer = Lexer(source)
    environmentName = lexer.strings.index(of: "_ENV")
    function = FunctionBuilder(parent: nil, index: 0, line: 0)
  }

  /// Reads a whole text; `isExpression` takes one expression whose value is returned.
  mutating func program(name: [UInt8], isExpression: Bool) throws(SyntaxError) -> Program {
    try read(isExpression: isExpression)
    let strings = lexer.strings.strings
    var names = ProgramNames()
    for string in strings where string.elementsEqual([UInt8(ascii: "_"), UInt8(ascii: "G")]) {
      names.usesEnvironment = true
    }
    if usesEnvironmentName { names.usesEnvironment = true }
    return Program(name: name, functions: prototypes.compactMap { $0 }, strings: strings, names: names)
  }

  mutating func read(isExpression: Bool) throws(SyntaxError) {
    function.hasVarargs = true
    function.upvalues.append(
      FunctionBuilder.Upvalue(name: environmentName, isLocalOfParent: true, index: 0, attribute: .regular))
    function.emit(.prepareVarargs, 0)
    enterBlock(isLoop: false)
    try advance()
    if isExpression {
      var value = try expression()
      try function.toNextRegister(&value)
      function.emit(.returnOne, value.info, 2)
    } else {
      try statements()
    }
    guard token == .endOfText else { throw unexpected(expected: "<eof>") }
    try close(function)
  }

  /// `_ENV` stands in the text.
  private var usesEnvironmentName = false

  // MARK: Tokens

  mutating func advance() throws(SyntaxError) {
    lastLine = line
    function.currentLine = lastLine
    if let next = ahead {
      token = next
      ahead = nil
      line = aheadLine
      column = aheadColumn
      start = aheadStart
      text = aheadText
    } else {
      token = try lexer.next()
      line = lexer.tokenLine
      column = lexer.tokenColumn
      start = lexer.tokenStart
      text = lexer.text
    }
    integer = lexer.integer
    float = lexer.float
    if token == .name, text == environmentName { usesEnvironmentName = true }
  }

  /// The token after this one. Only asked for while a name is the current token, so that numbers stay.
  mutating func lookAhead() throws(SyntaxError) -> Token {
    if let ahead { return ahead }
    let next = try lexer.next()
    ahead = next
    aheadLine = lexer.tokenLine
    aheadColumn = lexer.tokenColumn
    aheadStart = lexer.tokenStart
    aheadText = lexer.text
    return next
  }

  mutating func accept(_ wanted: Token) throws(SyntaxError) -> Bool {
    guard token == wanted else { return false }
    try advance()
    return true
  }

  mutating func expect(_ wanted: Token, _ spelling: StaticString) throws(SyntaxError) {
    guard try accept(wanted) else { throw unexpected(expected: spelling) }
  }

  /// The end of what began with `opening` at `line`.
  mutating func expect(
    _ wanted: Token, _ spelling: StaticString, closing opening: StaticString, at openingLine: Int32
  ) throws(SyntaxError) {
    if try accept(wanted) { return }
    if openingLine == line { throw unexpected(expected: spelling) }
    var message = Text("'")
    message.add(spelling)
    message.add("' expected (to close '")
    message.add(opening)
    message.add("' at line ")
    message.add(Int(openingLine))
    message.add(")")
    throw failure(message)
  }

  mutating func name() throws(SyntaxError) -> Int32 {
    guard token == .name else { throw unexpected(expected: "<name>") }
    let name = text
    try advance()
    return name
  }

  mutating func unexpected(expected: StaticString) -> SyntaxError {
    var message = Text()
    if expected.utf8Start[0] == UInt8(ascii: "<") && expected.utf8CodeUnitCount > 2 {
      message.add(expected)
    } else {
      message.add("'")
      message.add(expected)
      message.add("'")
    }
    message.add(" expected")
    return failure(message)
  }

  /// An error at the current token, which is added to the message.
  mutating func failure(_ message: Text) -> SyntaxError {
    var message = message
    message.add(" near ")
    if token == .endOfText {
      message.add("<eof>")
    } else {
      message.add("'")
      let end = ahead == nil ? lexer.position : aheadStart
      message.add(lexer.source[start..<min(max(start, end), start + 60)])
      while message.bytes.last == 32 || message.bytes.last == 10 { message.bytes.removeLast() }
      message.add("'")
    }
    return SyntaxError(line: line, column: column, message: message.bytes)
  }

  mutating func failure(_ message: StaticString) -> SyntaxError { failure(Text(message)) }

  /// An error about meaning: at a place, without naming a token.
  mutating func mistake(_ message: Text, line: Int32, column: Int32) -> SyntaxError {
    SyntaxError(line: line, column: column, message: message.bytes)
  }

  mutating func nameText(_ name: Int32) -> [UInt8] { lexer.strings[name] }

  mutating func enterLevel() throws(SyntaxError) {
    nesting += 1
    if nesting > Parser.nestingMax { throw failure("chunk has too many syntax levels") }
  }

  mutating func leaveLevel() { nesting -= 1 }

  // MARK: Functions

  /// Ends a function: its prototype is complete.
  mutating func close(_ builder: FunctionBuilder) throws(SyntaxError) {
    builder.emit(.returnNone, builder.activeRegisterCount, 1)
    try leaveBlock()
    try builder.finish()
    guard keepsCode else { return }
    prototypes[builder.index] = Prototype(
      code: InstructionBuffer(builder.code), constants: builder.constants,
      upvalues: builder.upvalues.map {
        UpvalueSource(name: $0.name, isLocalOfParent: $0.isLocalOfParent, index: UInt8(truncatingIfNeeded: $0.index))
      },
      lines: builder.lines, locals: builder.locals, line: UInt16(clamping: builder.line),
      parameterCount: UInt8(builder.parameterCount), hasVarargs: builder.hasVarargs,
      registerCount: UInt8(clamping: builder.registerCount))
  }
}
