/// A lexical unit of the language.
enum Token: UInt8 {
  // Reserved words, in the order of `Lexer.reservedWords`
  case and, `break`, `do`, `else`, elseif, end, `false`, `for`, function, goto, `if`, `in`, local, `nil`, not, or
  case `repeat`, `return`, then, `true`, until, `while`
  // Operators and punctuation
  case plus, minus, star, slash, doubleSlash, percent, caret, hash, ampersand, tilde, bar, shiftLeft, shiftRight
  case equal, notEqual, lessOrEqual, greaterOrEqual, less, greater, assign
  case openParenthesis, closeParenthesis, openBrace, closeBrace, openBracket, closeBracket, doubleColon
  case semicolon, colon, comma, dot, concatenate, dots
  // With a value
  case integer, float, string, name
  case endOfText
}

/// Splits a text into tokens.
struct Lexer {
  let source: [UInt8]
  private(set) var position = 0
  private(set) var line: Int32 = 1
  private var lineStart = 0
  /// Where the last token began.
  private(set) var tokenStart = 0
  private(set) var tokenLine: Int32 = 1
  private(set) var tokenColumn: Int32 = 1
  /// The value of the last token.
  private(set) var integer: Int64 = 0
  private(set) var float = 0.0
  /// Index of the last name or string in `strings`.
  private(set) var text: Int32 = 0
  var strings = StringPool()
  private var buffer: [UInt8] = []

  static let reservedWords: [StaticString] = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
    "not", "or", "repeat", "return", "then", "true", "until", "while",
  ]

  init(_ source: [UInt8]) {
    self.source = source
    // `#!/usr/bin/lua`; an expression may begin with the operator `#`.
    if source.starts(with: [UInt8(ascii: "#"), UInt8(ascii: "!")]) {
      while position < source.count, source[position] != 10 { position += 1 }
    }
  }

  @inline(__always) private func peek(_ offset: Int = 0) -> UInt8? {
    let index = position + offset
    return index < source.count ? source[index] : nil
  }

  private mutating func accept(_ byte: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  mutating func failure(_ message: StaticString) -> SyntaxError {
    SyntaxError(line: line, column: Int32(position - lineStart + 1), message: Text(message).bytes)
  }

  private mutating func newLine() {
    let first = source[position]
    position += 1
    if let second = peek(), second == 10 || second == 13, second != first { position += 1 }
    line += 1
    lineStart = position
  }

  mutating func next() throws(SyntaxError) -> Token {
    while let byte = peek() {
      switch byte {
      case 10, 13: newLine()
      case 32, 9, 11, 12: position += 1
      case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"):
        position += 2
        try skipComment()
      default: return try token(byte)
      }
    }
    begin()
    return .endOfText
  }

  private mutating func begin() {
    tokenStart = position
    tokenLine = line
    tokenColumn = Int32(position - lineStart + 1)
  }

  private mutating func token(_ byte: UInt8) throws(SyntaxError) -> Token {
    begin()
    if Characters.isNameStart(byte) { return name() }
    if Characters.isDigit(byte) { return try number() }
    position += 1
    switch byte {
    case UInt8(ascii: "+"): return .plus
    case UInt8(ascii: "-"): return .minus
    case UInt8(ascii: "*"): return .star
    case UInt8(ascii: "/"): return accept("/") ? .doubleSlash : .slash
    case UInt8(ascii: "%"): return .percent
    case UInt8(ascii: "^"): return .caret
    case UInt8(ascii: "#"): return .hash
    case UInt8(ascii: "&"): return .ampersand
    case UInt8(ascii: "~"): return accept("=") ? .notEqual : .tilde
    case UInt8(ascii: "|"): return .bar
    case UInt8(ascii: "<"): return accept("<") ? .shiftLeft : accept("=") ? .lessOrEqual : .less
    case UInt8(ascii: ">"): return accept(">") ? .shiftRight : accept("=") ? .greaterOrEqual : .greater
    case UInt8(ascii: "="): return accept("=") ? .equal : .assign
    case UInt8(ascii: "("): return .openParenthesis
    case UInt8(ascii: ")"): return .closeParenthesis
    case UInt8(ascii: "{"): return .openBrace
    case UInt8(ascii: "}"): return .closeBrace
    case UInt8(ascii: "]"): return .closeBracket
    case UInt8(ascii: ":"): return accept(":") ? .doubleColon : .colon
    case UInt8(ascii: ";"): return .semicolon
    case UInt8(ascii: ","): return .comma
    case UInt8(ascii: "["):
      position -= 1
      if let level = longBracketLevel() { return try longString(level) }
      position += 1
      return .openBracket
    case UInt8(ascii: "."):
      if let digit = peek(), Characters.isDigit(digit) {
        position -= 1
        return try number()
      }
      guard accept(".") else { return .dot }
      return accept(".") ? .dots : .concatenate
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      return try quotedString(byte)
    default:
      var message = Text("unexpected symbol near '")
      message.add(byte)
      message.add("'")
      throw SyntaxError(line: tokenLine, column: tokenColumn, message: message.bytes)
    }
  }

  private mutating func name() -> Token {
    while let byte = peek(), Characters.isNamePart(byte) { position += 1 }
    text = strings.index(of: source, from: tokenStart, to: position)
    // The reserved words are the first strings of the pool.
    if Int(text) < Lexer.reservedWords.count, let word = Token(rawValue: UInt8(text)) { return word }
    return .name
  }

  private mutating func number() throws(SyntaxError) -> Token {
    let isHexadecimal = peek() == UInt8(ascii: "0") && (peek(1).map { $0 | 0x20 == UInt8(ascii: "x") } ?? false)
    if isHexadecimal { position += 2 }
    while let byte = peek() {
      let lower = byte | 0x20
      if lower == (isHexadecimal ? UInt8(ascii: "p") : UInt8(ascii: "e")) {
        position += 1
        if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
      } else if Characters.isHexadecimal(byte) || byte == UInt8(ascii: ".") || Characters.isNamePart(byte) {
        position += 1
      } else {
        break
      }
    }
    let value = source.withUnsafeBufferPointer {
      Numbers.parse(UnsafeBufferPointer(rebasing: $0[tokenStart..<position]))
    }
    switch value {
    case .integer(let value):
      integer = value
      return .integer
    case .float(let value):
      float = value
      return .float
    case nil:
      var message = Text("malformed number near '")
      message.add(source[tokenStart..<position])
      message.add("'")
      throw SyntaxError(line: tokenLine, column: tokenColumn, message: message.bytes)
    }
  }

  // MARK: Long brackets

  /// The number of `=` when a long bracket opens here.
  private mutating func longBracketLevel() -> Int? {
    guard peek() == UInt8(ascii: "[") else { return nil }
    var level = 0
    while peek(1 + level) == UInt8(ascii: "=") { level += 1 }
    return peek(1 + level) == UInt8(ascii: "[") ? level : nil
  }

  private mutating func skipComment() throws(SyntaxError) {
    if let level = longBracketLevel() {
      begin()
      try readLong(level, keeps: false)
      return
    }
    while let byte = peek(), byte != 10, byte != 13 { position += 1 }
  }

  private mutating func longString(_ level: Int) throws(SyntaxError) -> Token {
    buffer.removeAll(keepingCapacity: true)
    try readLong(level, keeps: true)
    text = strings.index(of: buffer, from: 0, to: buffer.count)
    return .string
  }

  private mutating func readLong(_ level: Int, keeps: Bool) throws(SyntaxError) {
    position += level + 2
    if let byte = peek(), byte == 10 || byte == 13 { newLine() }
    while let byte = peek() {
      if byte == UInt8(ascii: "]") {
        var count = 0
        while count < level, peek(1 + count) == UInt8(ascii: "=") { count += 1 }
        if count == level, peek(1 + count) == UInt8(ascii: "]") {
          position += level + 2
          return
        }
      }
      if byte == 10 || byte == 13 {
        if keeps { buffer.append(10) }
        newLine()
      } else {
        if keeps { buffer.append(byte) }
        position += 1
      }
    }
    throw SyntaxError(
      line: tokenLine, column: tokenColumn,
      message: Text(keeps ? "unfinished long string" : "unfinished long comment").bytes)
  }

  // MARK: Quoted strings

  private mutating func quotedString(_ quote: UInt8) throws(SyntaxError) -> Token {
    buffer.removeAll(keepingCapacity: true)
    while true {
      guard let byte = peek(), byte != 10, byte != 13 else { throw failure("unfinished string") }
      if byte == quote { break }
      if byte == UInt8(ascii: "\\") {
        try escape()
      } else {
        buffer.append(byte)
        position += 1
      }
    }
    position += 1
    text = strings.index(of: buffer, from: 0, to: buffer.count)
    return .string
  }

  private mutating func escape() throws(SyntaxError) {
    position += 1
    guard let byte = peek() else { throw failure("unfinished string") }
    position += 1
    switch byte {
    case UInt8(ascii: "a"): buffer.append(7)
    case UInt8(ascii: "b"): buffer.append(8)
    case UInt8(ascii: "f"): buffer.append(12)
    case UInt8(ascii: "n"): buffer.append(10)
    case UInt8(ascii: "r"): buffer.append(13)
    case UInt8(ascii: "t"): buffer.append(9)
    case UInt8(ascii: "v"): buffer.append(11)
    case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): buffer.append(byte)
    case 10, 13:
      position -= 1
      newLine()
      buffer.append(10)
    case UInt8(ascii: "x"):
      var value: UInt8 = 0
      for _ in 0..<2 {
        guard let digit = peek().flatMap({ Characters.hexadecimalValue($0) }) else {
          throw failure("hexadecimal digit expected")
        }
        value = value << 4 | digit
        position += 1
      }
      buffer.append(value)
    case UInt8(ascii: "z"):
      while let byte = peek(), Characters.isSpace(byte) {
        if byte == 10 || byte == 13 { newLine() } else { position += 1 }
      }
    case UInt8(ascii: "u"): try unicodeEscape()
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      var value = Int(byte - 48)
      var count = 1
      while count < 3, let digit = peek(), Characters.isDigit(digit) {
        value = value * 10 + Int(digit - 48)
        position += 1
        count += 1
      }
      guard value <= 255 else { throw failure("decimal escape too large") }
      buffer.append(UInt8(value))
    default: throw failure("invalid escape sequence")
    }
  }

  private mutating func unicodeEscape() throws(SyntaxError) {
    guard accept("{") else { throw failure("missing '{' in \\u{xxxx}") }
    var value: UInt32 = 0
    var count = 0
    while let digit = peek().flatMap({ Characters.hexadecimalValue($0) }) {
      guard value < 1 << 27 else { throw failure("UTF-8 value too large") }
      value = value << 4 | UInt32(digit)
      position += 1
      count += 1
    }
    guard count > 0 else { throw failure("hexadecimal digit expected") }
    guard accept("}") else { throw failure("missing '}' in \\u{xxxx}") }
    UTF8Code.append(value, to: &buffer)
  }
}
