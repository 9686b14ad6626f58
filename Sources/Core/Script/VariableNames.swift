// What the value in an error was called in the script: found by looking at the instructions before it.

extension Machine {
  /// The name of a local variable whose slot it is.
  func localName(_ slot: Int) -> [UInt8]? {
    let frame = frame.pointee
    guard let closure = frame.closure, let pc = frame.pc else { return nil }
    let function = closure.pointee.function
    return localName(function, Int32(pc - function.pointee.code) - 1, slot - Int(frame.base))
  }

  private func localName(
    _ function: UnsafeMutablePointer<LoadedFunction>, _ pc: Int32, _ register: Int
  ) -> [UInt8]? {
    let program = programs[Int(function.pointee.program)].program
    for local in program.functions[Int(function.pointee.index)].locals
    where Int(local.register) == register && local.start <= pc && pc < local.end {
      return program.strings[Int(local.name)]
    }
    return nil
  }

  /// The name of the function that was called from a slot of the current function.
  func calledName(_ slot: Int) -> Text? {
    let isTail = frame.pointee.continuation == .tail
    let frame = isTail ? (self.frame - 1).pointee : self.frame.pointee
    guard let closure = frame.closure, let pc = frame.pc else { return nil }
    let instruction = Instruction(word: (pc - 1).pointee)
    if instruction.opcode == .genericCall { return Text("for iterator 'for iterator'") }
    guard instruction.opcode == .call || instruction.opcode == .tailCall else { return nil }
    guard slot == Int(frame.base) + instruction.a else { return nil }
    return name(closure.pointee.function, pc - closure.pointee.function.pointee.code - 1, instruction.a)
  }

  /// The name of the operand of the current instruction that holds a value.
  func variableName(holding value: Value) -> Text? {
    let frame = frame.pointee
    guard let closure = frame.closure, let pc = frame.pc else { return nil }
    let function = closure.pointee.function
    let instruction = Instruction(word: (pc - 1).pointee)
    let position = pc - function.pointee.code - 1
    func isValue(_ register: Int) -> Bool {
      let own = stack[Int(frame.base) + register]
      return own.tag == value.tag && own.bits == value.bits
    }
    switch instruction.opcode {
    case .getGlobal: return upvalueName(function, instruction.b)
    case .setGlobal: return upvalueName(function, instruction.a)
    case .getField, .getTable, .getInteger, .method: return name(function, position, instruction.b)
    case .setField, .setTable, .setInteger: return name(function, position, instruction.a)
    case .concatenate:
      for register in instruction.a..<instruction.a + instruction.b where isValue(register) {
        return name(function, position, register)
      }
      return nil
    case .negate, .bitNot, .length: return name(function, position, instruction.b)
    case .add, .subtract, .multiply, .modulo, .power, .divide, .floorDivide, .and, .or, .xor, .shiftLeft, .shiftRight:
      if isValue(instruction.c), !isValue(instruction.b) { return name(function, position, instruction.c) }
      return isValue(instruction.b) ? name(function, position, instruction.b) : nil
    default:
      return isValue(instruction.b) && instruction.opcode.rawValue >= Opcode.addConstant.rawValue
        && instruction.opcode.rawValue <= Opcode.addInteger.rawValue ? name(function, position, instruction.b) : nil
    }
  }

  private func upvalueName(_ function: UnsafeMutablePointer<LoadedFunction>, _ index: Int) -> Text? {
    let program = programs[Int(function.pointee.program)].program
    let upvalues = program.functions[Int(function.pointee.index)].upvalues
    guard index < upvalues.count, upvalues[index].name >= 0 else { return nil }
    return named("upvalue '", program.strings[Int(upvalues[index].name)])
  }

  private func named(_ kind: StaticString, _ name: [UInt8]) -> Text {
    var text = Text(kind)
    text.add(name)
    text.add("'")
    return text
  }

  /// What put the value into a register: a local variable, a field, a global, a constant.
  private func name(_ function: UnsafeMutablePointer<LoadedFunction>, _ pc: Int, _ register: Int) -> Text? {
    if let local = localName(function, Int32(pc), register) { return named("local '", local) }
    guard let setter = lastChange(function, pc, register) else { return nil }
    let instruction = Instruction(word: function.pointee.code[setter])
    switch instruction.opcode {
    case .move: return instruction.b < instruction.a ? name(function, setter, instruction.b) : nil
    case .getGlobal:
      let isGlobal = isEnvironment(function, instruction.b)
      return constantName(function, instruction.c, isGlobal ? "global '" : "field '")
    case .getField: return constantName(function, instruction.c, "field '")
    case .method where register == instruction.a && instruction.k:
      return constantName(function, instruction.c, "method '")
    case .getUpvalue: return upvalueName(function, instruction.b)
    case .getInteger: return Text("field '?'")
    case .getTable:
      if let key = lastChange(function, setter, instruction.c) {
        let load = Instruction(word: function.pointee.code[key])
        if load.opcode == .loadConstant { return constantName(function, load.bx, "field '") }
      }
      return nil
    case .loadConstant: return constantName(function, instruction.bx, "constant '")
    default: return nil
    }
  }

  private func isEnvironment(_ function: UnsafeMutablePointer<LoadedFunction>, _ index: Int) -> Bool {
    let program = programs[Int(function.pointee.program)].program
    let upvalues = program.functions[Int(function.pointee.index)].upvalues
    return index < upvalues.count && program.strings[Int(upvalues[index].name)].elementsEqual(Text("_ENV").bytes)
  }

  private func constantName(
    _ function: UnsafeMutablePointer<LoadedFunction>, _ index: Int, _ kind: StaticString
  ) -> Text? {
    let value = function.pointee.constants[index]
    guard value.isString else { return nil }
    return named(kind, Array(StringObject.buffer(value.string)))
  }

  /// The last instruction before `end` that surely set a register.
  private func lastChange(_ function: UnsafeMutablePointer<LoadedFunction>, _ end: Int, _ register: Int) -> Int? {
    var setter: Int?
    var target = 0
    for pc in 0..<end {
      let instruction = Instruction(word: function.pointee.code[pc])
      var changes = false
      switch instruction.opcode {
      case .loadNil: changes = register >= instruction.a && register <= instruction.a + instruction.b
      case .genericCall: changes = register >= instruction.a + 2
      case .call, .tailCall: changes = register >= instruction.a
      case .jump:
        let destination = pc + 1 + instruction.sj
        if destination <= end, destination > target { target = destination }
      case .setGlobal, .setTable, .setField, .setInteger, .setUpvalue, .equal, .less, .lessOrEqual, .equalConstant,
        .equalInteger, .lessInteger, .lessOrEqualInteger, .greaterInteger, .greaterOrEqualInteger, .test, .returns,
        .returnNone, .returnOne, .setList, .close, .toBeClosed, .extraArgument, .prepareVarargs:
        changes = false
      case .method: changes = register == instruction.a || register == instruction.a + 1
      default: changes = register == instruction.a
      }
      // Inside code that a jump may skip nothing is sure.
      if changes { setter = pc < target ? nil : pc }
    }
    return setter
  }
}
