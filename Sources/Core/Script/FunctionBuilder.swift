/// A function that is being compiled: instructions, registers, constants, scopes.
final class FunctionBuilder {
  struct Variable {
    enum Attribute: UInt8 { case regular, constant, toBeClosed, compileTime }

    var name: Int32
    var attribute: Attribute = .regular
    var register: Int32 = 0
    /// The value of a variable that is known now.
    var value = Constant(kind: .none, bits: 0)
    /// Index in `locals`.
    var local = 0
  }

  struct Upvalue {
    var name: Int32
    var isLocalOfParent: Bool
    var index: Int32
    var attribute: Variable.Attribute
  }

  struct Block {
    var firstLabel: Int
    var firstGoto: Int
    var activeCount: Int
    var hasUpvalue = false
    var isLoop: Bool
    var isInsideToBeClosed: Bool
  }

  let parent: FunctionBuilder?
  let index: Int
  let line: Int32
  var parameterCount = 0
  var hasVarargs = false
  var code: [UInt32] = []
  var lines: [UInt16] = []
  var constants: [Constant] = []
  private var constantBuckets = [Int32](repeating: -1, count: 16)
  private var constantChain: [Int32] = []
  var variables: [Variable] = []
  var upvalues: [Upvalue] = []
  var locals: [LocalName] = []
  var blocks: [Block] = []
  var freeRegister: Int32 = 0
  var registerCount: Int32 = 2
  /// Last instruction that a jump leads to: what follows may not be merged with what stands before.
  var lastTarget: Int32 = 0
  var needsClose = false

  init(parent: FunctionBuilder?, index: Int, line: Int32) {
    self.parent = parent
    code.reserveCapacity(16)
    lines.reserveCapacity(16)
    constants.reserveCapacity(8)
    constantChain.reserveCapacity(8)
    self.index = index
    self.line = line
  }

  var pc: Int32 { Int32(code.count) }

  func failure(_ message: StaticString) -> SyntaxError {
    SyntaxError(line: Int32(lines.last ?? 1), column: 1, message: Text(message).bytes)
  }

  // MARK: Instructions

  @discardableResult func emit(_ instruction: Instruction, line: Int32) -> Int32 {
    code.append(instruction.word)
    lines.append(UInt16(clamping: line))
    return pc - 1
  }

  /// Line given to instructions from here on: that of the last token.
  var currentLine: Int32 = 1

  @discardableResult func emit(_ opcode: Opcode, _ a: Int32, _ b: Int32 = 0, _ c: Int32 = 0, k: Bool = false) -> Int32 {
    emit(Instruction(opcode, a: a, b: b, c: c, k: k), line: currentLine)
  }
  @discardableResult func emit(_ opcode: Opcode, _ a: Int32, bx: Int32) -> Int32 {
    emit(Instruction(opcode, a: a, bx: bx), line: currentLine)
  }

  func removeLast() {
    code.removeLast()
    lines.removeLast()
  }

  func setLine(_ line: Int32) {
    if !lines.isEmpty { lines[lines.count - 1] = UInt16(clamping: line) }
  }

  func instruction(_ pc: Int32) -> Instruction { Instruction(word: code[Int(pc)]) }
  func change(_ pc: Int32, _ edit: (inout Instruction) -> Void) {
    var instruction = Instruction(word: code[Int(pc)])
    edit(&instruction)
    code[Int(pc)] = instruction.word
  }

  func emitNil(from register: Int32, count: Int32) {
    if pc > lastTarget, pc > 0, instruction(pc - 1).opcode == .loadNil {
      let previous = instruction(pc - 1)
      let first = Int32(previous.a)
      let last = first + Int32(previous.b)
      let newLast = register + count - 1
      if (first <= register && register <= last + 1) || (register <= first && first <= newLast + 1) {
        let from = min(first, register)
        let to = max(last, newLast)
        change(pc - 1) { $0 = Instruction(.loadNil, a: from, b: to - from) }
        return
      }
    }
    emit(.loadNil, register, count - 1)
  }

  func emitConstant(_ register: Int32, _ index: Int32) { emit(.loadConstant, register, bx: index) }

  func emitInteger(_ register: Int32, _ value: Int64) throws(SyntaxError) {
    if abs(value) <= Int64(Instruction.signedBxMax) && value != .min {
      emit(.loadInteger, register, bx: Int32(value))
    } else {
      emitConstant(register, try constant(.integer, UInt64(bitPattern: value)))
    }
  }

  func emitFloat(_ register: Int32, _ value: Double) throws(SyntaxError) {
    if abs(value) <= 65535, Double(Int64(value)) == value, !(value == 0 && value.sign == .minus) {
      emit(.loadFloat, register, bx: Int32(value))
    } else {
      emitConstant(register, try constant(.float, value.bitPattern))
    }
  }

  private func abs(_ value: Int64) -> Int64 { value < 0 ? 0 &- value : value }
  private func abs(_ value: Double) -> Double { value.magnitude }

  // MARK: Constants

  func constant(_ kind: Constant.Kind, _ bits: UInt64) throws(SyntaxError) -> Int32 {
    let wanted = Constant(kind: kind, bits: bits)
    let hash = Hash.mix(bits &+ UInt64(kind.rawValue))
    var index = constantBuckets[Int(hash & UInt32(constantBuckets.count - 1))]
    while index >= 0 {
      if constants[Int(index)] == wanted { return index }
      index = constantChain[Int(index)]
    }
    let new = Int32(constants.count)
    guard new < Instruction.bxMax else { throw failure("function has too many constants") }
    constants.append(wanted)
    if constants.count > constantBuckets.count {
      constantBuckets = [Int32](repeating: -1, count: constantBuckets.count * 4)
      constantChain.removeAll()
      for index in constants.indices { link(index) }
    } else {
      link(Int(new))
    }
    return new
  }

  private func link(_ index: Int) {
    let constant = constants[index]
    let hash = Hash.mix(constant.bits &+ UInt64(constant.kind.rawValue))
    let bucket = Int(hash & UInt32(constantBuckets.count - 1))
    constantChain.append(constantBuckets[bucket])
    constantBuckets[bucket] = Int32(index)
  }

  func stringConstant(_ text: Int32) throws(SyntaxError) -> Int32 { try constant(.string, UInt64(text)) }

  // MARK: Registers

  static let registersMax: Int32 = 250

  func ensureRegisters(_ count: Int32) throws(SyntaxError) {
    let needed = freeRegister + count
    if needed > registerCount {
      guard needed <= FunctionBuilder.registersMax else {
        throw failure("function or expression needs too many registers")
      }
      registerCount = needed
    }
  }

  func reserve(_ count: Int32) throws(SyntaxError) {
    try ensureRegisters(count)
    freeRegister += count
  }

  func free(register: Int32) {
    if register >= activeRegisterCount { freeRegister -= 1 }
  }

  func free(_ expression: Expression) {
    if expression.kind == .register { free(register: expression.info) }
  }

  func free(_ first: Expression, _ second: Expression) {
    let left = first.kind == .register ? first.info : -1
    let right = second.kind == .register ? second.info : -1
    if left > right {
      if left >= 0 { free(register: left) }
      if right >= 0 { free(register: right) }
    } else {
      if right >= 0 { free(register: right) }
      if left >= 0 { free(register: left) }
    }
  }

  /// Variables in scope, those beyond are declared but not yet in use.
  var activeCount = 0

  /// Registers that the first `count` variables take.
  func registerLevel(_ count: Int) -> Int32 {
    var index = count
    while index > 0 {
      index -= 1
      if variables[index].attribute != .compileTime { return variables[index].register + 1 }
    }
    return 0
  }

  var activeRegisterCount: Int32 { registerLevel(activeCount) }

  // MARK: Jumps
  //
  // Jumps with the same, still unknown target form a list: each holds the distance to the next one, -1 at the end.

  func emitJump() -> Int32 { emit(Instruction(.jump, sj: -1), line: currentLine) }

  func jumpTarget(_ pc: Int32) -> Int32 {
    let offset = Int32(instruction(pc).sj)
    return offset == -1 ? Expression.noJump : pc + 1 + offset
  }

  func fix(jump: Int32, to target: Int32) throws(SyntaxError) {
    let offset = target - (jump + 1)
    guard offset >= -Instruction.signedJumpMax, offset <= Instruction.signedJumpMax else {
      throw failure("control structure too long")
    }
    change(jump) { $0.sj = Int(offset) }
  }

  func append(_ list: inout Int32, _ other: Int32) throws(SyntaxError) {
    if other == Expression.noJump { return }
    if list == Expression.noJump {
      list = other
      return
    }
    var last = list
    while true {
      let next = jumpTarget(last)
      if next == Expression.noJump { break }
      last = next
    }
    try fix(jump: last, to: other)
  }

  @discardableResult func label() -> Int32 {
    lastTarget = pc
    return pc
  }

  /// The instruction that decides whether a jump is taken.
  func control(of jump: Int32) -> Int32 {
    if jump >= 1 {
      switch instruction(jump - 1).opcode {
      case .equal, .less, .lessOrEqual, .equalConstant, .equalInteger, .lessInteger, .lessOrEqualInteger,
        .greaterInteger, .greaterOrEqualInteger, .test, .testSet:
        return jump - 1
      default: break
      }
    }
    return jump
  }

  /// Makes the test of a jump put its value into a register, or into none.
  @discardableResult func patchTest(_ jump: Int32, register: Int32?) -> Bool {
    let position = control(of: jump)
    let test = instruction(position)
    guard test.opcode == .testSet else { return false }
    if let register, register != Int32(test.b) {
      change(position) { $0.a = Int(register) }
    } else {
      change(position) { $0 = Instruction(.test, a: Int32(test.b), k: test.k) }
    }
    return true
  }

  func removeValues(_ list: Int32) {
    var jump = list
    while jump != Expression.noJump {
      patchTest(jump, register: nil)
      jump = jumpTarget(jump)
    }
  }

  func patch(
    _ list: Int32, valueTarget: Int32, register: Int32?, defaultTarget: Int32
  ) throws(SyntaxError) {
    var jump = list
    while jump != Expression.noJump {
      let next = jumpTarget(jump)
      try fix(jump: jump, to: patchTest(jump, register: register) ? valueTarget : defaultTarget)
      jump = next
    }
  }

  func patch(_ list: Int32, to target: Int32) throws(SyntaxError) {
    try patch(list, valueTarget: target, register: nil, defaultTarget: target)
  }

  func patchToHere(_ list: Int32) throws(SyntaxError) {
    let here = label()
    try patch(list, to: here)
  }
}
