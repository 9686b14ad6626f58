/// An expression that was read but whose value is not yet in a register.
struct Expression {
  enum Kind: UInt8 {
    case void
    case none, yes, no
    /// `info`: index in the constants of the function
    case constant
    case integer, float
    /// `info`: index of the text
    case string
    /// `info`: register that holds the value
    case register
    /// `info`: register, `key`: index of the variable
    case local
    /// `info`: index among the caught variables
    case upvalue
    /// `info`: index of the variable, whose value is known now
    case compileTime
    /// `info`: register of the table, `key`: register of the key
    case indexed
    /// `info`: caught variable that is the table, `key`: constant
    case indexedUpvalue
    /// `info`: register of the table, `key`: the key itself
    case indexedInteger
    /// `info`: register of the table, `key`: constant
    case indexedField
    /// `info`: jump that is taken when the condition holds
    case jump
    /// `info`: instruction whose register A is still open
    case relocatable
    /// `info`: instruction
    case call, varargs
  }

  var kind: Kind
  var info: Int32 = 0
  var key: Int32 = 0
  var integer: Int64 = 0
  var float = 0.0
  /// Jumps out of the expression when it is true, and when it is false.
  var trueList = Expression.noJump
  var falseList = Expression.noJump

  static let noJump: Int32 = -1

  init(_ kind: Kind, _ info: Int32 = 0) {
    self.kind = kind
    self.info = info
  }

  var hasJumps: Bool { trueList != falseList }
  var hasManyResults: Bool { kind == .call || kind == .varargs }
  /// A number that is known now and that no jump leads past.
  var isNumeral: Bool { !hasJumps && (kind == .integer || kind == .float) }
  var isVariable: Bool {
    switch kind {
    case .local, .upvalue, .compileTime, .indexed, .indexedUpvalue, .indexedInteger, .indexedField: return true
    default: return false
    }
  }
  var isIndexed: Bool {
    switch kind {
    case .indexed, .indexedUpvalue, .indexedInteger, .indexedField: return true
    default: return false
    }
  }
}

enum BinaryOperator: UInt8 {
  // In the order of the opcodes
  case add, subtract, multiply, modulo, power, divide, floorDivide, and, or, xor, shiftLeft, shiftRight
  case concatenate
  case equal, less, lessOrEqual, notEqual, greater, greaterOrEqual
  case logicalAnd, logicalOr

  init?(_ token: Token) {
    switch token {
    case .plus: self = .add
    case .minus: self = .subtract
    case .star: self = .multiply
    case .percent: self = .modulo
    case .caret: self = .power
    case .slash: self = .divide
    case .doubleSlash: self = .floorDivide
    case .ampersand: self = .and
    case .bar: self = .or
    case .tilde: self = .xor
    case .shiftLeft: self = .shiftLeft
    case .shiftRight: self = .shiftRight
    case .concatenate: self = .concatenate
    case .equal: self = .equal
    case .notEqual: self = .notEqual
    case .less: self = .less
    case .lessOrEqual: self = .lessOrEqual
    case .greater: self = .greater
    case .greaterOrEqual: self = .greaterOrEqual
    case .and: self = .logicalAnd
    case .or: self = .logicalOr
    default: return nil
    }
  }

  var isBitwise: Bool { rawValue >= BinaryOperator.and.rawValue && rawValue <= BinaryOperator.shiftRight.rawValue }

  /// How strongly the operator binds to what stands left and right of it (Lua 5.4 manual, section 3.4.8).
  var priority: (left: Int, right: Int) {
    switch self {
    case .logicalOr: return (1, 1)
    case .logicalAnd: return (2, 2)
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: return (3, 3)
    case .or: return (4, 4)
    case .xor: return (5, 5)
    case .and: return (6, 6)
    case .shiftLeft, .shiftRight: return (7, 7)
    case .concatenate: return (9, 8)
    case .add, .subtract: return (10, 10)
    case .multiply, .divide, .floorDivide, .modulo: return (11, 11)
    case .power: return (14, 13)
    }
  }

  static let unaryPriority = 12
}

enum UnaryOperator: UInt8 {
  case negate, bitNot, not, length

  var opcode: Opcode {
    switch self {
    case .negate: return .negate
    case .bitNot: return .bitNot
    case .not: return .not
    case .length: return .length
    }
  }
}
