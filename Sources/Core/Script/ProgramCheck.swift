/// Whether instructions that come from outside are safe to run. The machine does not look again at what was checked here:
/// that registers, constants, caught variables and jumps exist; that keys which stand in instructions are strings; that
/// open lists of values ("all results") are used right where they are made; that functions whose variables are caught
/// close them when they return.
struct ProgramCheck {
  private let functions: [Prototype]
  private let stringCount: Int
  /// Of the function that is being looked at: places that are reached other than from the place before.
  private var targets: [Bool] = []
  private var function: Prototype
  private(set) var isSafe = true

  init(_ functions: [Prototype], _ stringCount: Int) {
    self.functions = functions
    self.stringCount = stringCount
    guard let main = functions.first else {
      function = Prototype.empty
      isSafe = false
      return
    }
    function = main
    // A machine gives the program its environment, and nothing else.
    require(main.upvalues.count == 1)
    for function in functions {
      self.function = function
      checkFunction()
    }
  }

  private mutating func require(_ condition: Bool) { if !condition { isSafe = false } }

  // MARK: Parts of a function

  private mutating func checkFunction() {
    require(function.code.count > 0 && function.parameterCount <= function.registerCount)
    for constant in function.constants where constant.kind == .string {
      require(constant.bits < UInt64(stringCount))
    }
    for upvalue in function.upvalues { require(isString(upvalue.name)) }
    for local in function.locals { require(isString(local.name)) }
    targets = [Bool](repeating: false, count: function.code.count)
    var catches = false
    for place in 0..<function.code.count where isSafe { catches = check(place) || catches }
    for place in 0..<function.code.count where isSafe { checkFlow(place, catches: catches) }
  }

  private func isString(_ name: Int32) -> Bool { name >= 0 && name < stringCount }

  private func instruction(_ place: Int) -> Instruction { Instruction(word: function.code.start[place]) }

  private mutating func register(_ register: Int) { require(register < function.registerCount) }

  private mutating func constant(_ index: Int) { require(index < function.constants.count) }

  private mutating func key(_ index: Int) {
    require(index < function.constants.count && function.constants[index].kind == .string)
  }

  private mutating func upvalue(_ index: Int) { require(index < function.upvalues.count) }

  private mutating func constantOrRegister(_ instruction: Instruction) {
    if instruction.k { constant(instruction.c) } else { register(instruction.c) }
  }

  private mutating func target(_ place: Int) {
    require(place >= 0 && place < targets.count)
    if isSafe { targets[place] = true }
  }

  // MARK: Instructions

  /// - Returns: whether the instruction catches variables of the function, or has some that are to be closed.
  private mutating func check(_ place: Int) -> Bool {
    let word = function.code.start[place]
    require(word & 0x7F <= UInt32(Opcode.extraArgument.rawValue))
    guard isSafe else { return false }
    let i = Instruction(word: word)
    switch i.opcode {
    case .loadInteger, .loadFloat, .loadFalse, .loadTrue, .returnOne: register(i.a)
    case .move, .negate, .bitNot, .not, .length, .addInteger, .getInteger:
      register(i.a)
      register(i.b)
    case .loadFalseSkip:
      register(i.a)
      target(place + 2)
    case .loadConstant:
      register(i.a)
      constant(i.bx)
    case .loadNil: register(i.a + i.b)
    case .getUpvalue, .setUpvalue:
      register(i.a)
      upvalue(i.b)
    case .getGlobal:
      register(i.a)
      upvalue(i.b)
      key(i.c)
    case .getField:
      register(i.a)
      register(i.b)
      key(i.c)
    case .getTable, .add, .subtract, .multiply, .modulo, .power, .divide, .floorDivide, .and, .or, .xor, .shiftLeft,
      .shiftRight:
      register(i.a)
      register(i.b)
      register(i.c)
    case .setGlobal:
      upvalue(i.a)
      key(i.b)
      constantOrRegister(i)
    case .setTable:
      register(i.a)
      register(i.b)
      constantOrRegister(i)
    case .setInteger:
      register(i.a)
      constantOrRegister(i)
    case .setField:
      register(i.a)
      key(i.b)
      constantOrRegister(i)
    case .newTable:
      register(i.a)
      require(i.b <= 24)
      checkMore(place)
    case .method:
      register(i.a + 1)
      register(i.b)
      if i.k { key(i.c) } else { register(i.c) }
    case .addConstant, .subtractConstant, .multiplyConstant, .moduloConstant, .powerConstant, .divideConstant,
      .floorDivideConstant, .andConstant, .orConstant, .xorConstant:
      register(i.a)
      register(i.b)
      constant(i.c)
    case .concatenate: register(i.a + max(i.b, 1) - 1)
    case .close: require(i.a <= function.registerCount)
    case .toBeClosed:
      register(i.a)
      return true
    case .jump: target(place + 1 + i.sj)
    case .equal, .less, .lessOrEqual, .testSet:
      register(i.a)
      register(i.b)
      checkTest(place)
    case .equalConstant:
      register(i.a)
      constant(i.b)
      checkTest(place)
    case .equalInteger, .lessInteger, .lessOrEqualInteger, .greaterInteger, .greaterOrEqualInteger, .test:
      register(i.a)
      checkTest(place)
    case .call:
      register(i.a + max(i.b - 1, 0))
      register(i.a + max(i.c - 2, 0))
    case .tailCall: register(i.a + max(i.b - 1, 0))
    case .returns: require(i.a + max(i.b - 1, 0) <= function.registerCount)
    case .forLoop:
      register(i.a + 3)
      target(place + 1 - i.bx)
    case .forPrepare:
      register(i.a + 3)
      target(place + 2 + i.bx)
    case .genericPrepare:
      register(i.a + 3)
      target(place + 1 + i.bx)
      return true
    case .genericCall: register(i.a + max(6, 3 + i.c))
    case .genericLoop:
      register(i.a + 4)
      target(place + 1 - i.bx)
    case .setList:
      register(i.a + i.b)
      if i.k { checkMore(place) }
    case .closure:
      register(i.a)
      return checkClosure(i.bx)
    case .varargs: register(i.a + max(i.c - 2, 0))
    case .returnNone, .prepareVarargs, .extraArgument: break
    }
    return false
  }

  /// A test is followed by the jump that it decides about.
  private mutating func checkTest(_ place: Int) {
    target(place + 2)
    if isSafe { require(instruction(place + 1).word & 0x7F == UInt32(Opcode.jump.rawValue)) }
  }

  /// The next word holds more bits, as many as a list can have.
  private mutating func checkMore(_ place: Int) {
    target(place + 2)
    if isSafe { require(instruction(place + 1).word >> 7 <= 1 << 16) }
  }

  private mutating func checkClosure(_ index: Int) -> Bool {
    guard index < functions.count else {
      isSafe = false
      return false
    }
    var catches = false
    for source in functions[index].upvalues {
      if source.isLocalOfParent {
        register(Int(source.index))
        catches = true
      } else {
        upvalue(Int(source.index))
      }
    }
    return catches
  }

  // MARK: What follows what

  private mutating func checkFlow(_ place: Int, catches: Bool) {
    let i = instruction(place)
    switch i.opcode {
    case .returnNone, .returnOne: return require(!catches)
    case .returns:
      require(!catches || i.k)
      if i.b == 0 { checkOpenList(place, from: i.a) }
      return
    case .jump: return
    case .tailCall:
      require(!catches || i.k)
      if i.b == 0 { checkOpenList(place, from: i.a + 1) }
    case .call, .setList: if i.b == 0 { checkOpenList(place, from: i.a + 1) }
    default: break
    }
    require(place + 1 < function.code.count)
  }

  /// "All values from a register on" were made by the instruction right before, at that register or a later one.
  private mutating func checkOpenList(_ place: Int, from register: Int) {
    guard place > 0, !targets[place] else { return isSafe = false }
    let maker = instruction(place - 1)
    let isOpen = (maker.opcode == .call || maker.opcode == .varargs) && maker.c == 0 || maker.opcode == .tailCall
    require(isOpen && maker.a >= register)
  }
}

extension Prototype {
  fileprivate static var empty: Prototype {
    Prototype(
      code: InstructionBuffer([]), constants: [], upvalues: [], lines: [], locals: [], line: 0, parameterCount: 0,
      hasVarargs: false, registerCount: 0)
  }
}
