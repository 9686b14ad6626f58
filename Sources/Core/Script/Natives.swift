/// The arguments of a library function: slots of the stack.
struct Arguments {
  var base: Int
  var count: Int
}

extension Machine {
  /// Calls a function of the library or of the host.
  func callNative(_ callee: Value, _ slot: Int, _ count: Int, _ wanted: Int32) throws(Trap) {
    top = slot + 1 + count
    try ensureStack(top + ThreadObject.reserve)
    try charge(1)
    let number = UInt16(truncatingIfNeeded: callee.bits)
    let results: Int
    if callee.bits & 0x1_0000 != 0 {
      results = try callHost(number, UInt32(truncatingIfNeeded: callee.bits >> 32), slot, count)
    } else {
      guard let builtin = Builtin(rawValue: number) else { throw raise("no such function") }
      results = try callBuiltin(builtin, slot, count, wanted)
    }
    if results >= 0 { deliver(top - results, results, to: slot, wanted) }
  }

  /// Gives the number of results, which lie below `top`; -1 when the function has put them in place itself, or others
  /// will.
  private func callBuiltin(_ builtin: Builtin, _ slot: Int, _ count: Int, _ wanted: Int32) throws(Trap) -> Int {
    let arguments = Arguments(base: slot + 1, count: count)
    switch builtin {
    case .assert, .collectGarbage, .error, .getMetatable, .ipairs, .next, .pairs, .print, .protectedCall, .rawEqual,
      .rawGet, .rawLength, .rawSet, .select, .setMetatable, .toNumber, .toString, .type, .extendedProtectedCall,
      .ipairsStep:
      return try baseLibrary(builtin, arguments, slot, wanted)
    case .coroutineClose, .coroutineCreate, .coroutineIsYieldable, .coroutineResume, .coroutineRunning,
      .coroutineStatus, .coroutineWrap, .coroutineYield:
      return try coroutineLibrary(builtin, slot, count, wanted)
    case .mathAbs, .mathAcos, .mathAsin, .mathAtan, .mathCeil, .mathCos, .mathDegrees, .mathExp, .mathFloor,
      .mathFmod, .mathLog, .mathMax, .mathMin, .mathModf, .mathRadians, .mathRandom, .mathRandomSeed, .mathSin,
      .mathSqrt, .mathTan, .mathToInteger, .mathType, .mathUnsignedLess, .mathPow:
      return try mathLibrary(builtin, arguments)
    case .stringByte, .stringChar, .stringFind, .stringFormat, .stringGmatch, .stringGsub, .stringLength, .stringLower,
      .stringMatch, .stringRep, .stringReverse, .stringSub, .stringUpper, .stringPack, .stringPackSize, .stringUnpack:
      return try stringLibrary(builtin, arguments)
    case .tableConcat, .tableInsert, .tableMove, .tablePack, .tableRemove, .tableSort, .tableUnpack:
      return try tableLibrary(builtin, arguments)
    case .utf8Char, .utf8CodePoint, .utf8Codes, .utf8CodesStep, .utf8Length, .utf8Offset:
      return try utf8Library(builtin, arguments)
    }
  }

  private func callHost(_ number: UInt16, _ payload: UInt32, _ slot: Int, _ count: Int) throws(Trap) -> Int {
    let call = HostCall(machine: self, base: slot + 1, count: count, payload: payload)
    do throws(HostError) {
      try host.call(number, call)
    } catch {
      if let fault = hostFault {
        hostFault = nil
        throw .fault(fault)
      }
      if error.hasPosition {
        var text = Text()
        text.add(error.message)
        throw raise(text)
      }
      throw raise(value: error.message)
    }
    if let fault = hostFault {
      hostFault = nil
      throw .fault(fault)
    }
    return top - (slot + 1 + count)
  }

  // MARK: Results and arguments

  @inline(__always) func give(_ value: Value) -> Int {
    push(value)
    return 1
  }

  @inline(__always) func argument(_ arguments: Arguments, _ index: Int) -> Value {
    index < arguments.count ? stack[arguments.base + index] : .null
  }

  func raiseArgument(_ index: Int, _ message: Text) -> Trap {
    let isMethod = isMethodCall()
    var text = Text("bad argument #")
    text.add(isMethod ? index : index + 1)
    text.add(" to '")
    if isMethod, index == 0 {
      text = Text("calling '")
      text.add(runningBuiltinName())
      text.add("' on bad self (")
      text.add(message.bytes)
      text.add(")")
      return raise(text)
    }
    text.add(runningBuiltinName())
    text.add("' (")
    text.add(message.bytes)
    text.add(")")
    return raise(text)
  }

  func raiseArgument(_ index: Int, _ message: StaticString) -> Trap { raiseArgument(index, Text(message)) }

  func raiseArgument(_ index: Int, expected: StaticString, _ value: Value, isMissing: Bool = false) -> Trap {
    var text = Text(expected)
    text.add(" expected, got ")
    if isMissing { text.add("no value") } else { text.add(describedType(value).bytes) }
    return raiseArgument(index, text)
  }

  private func raiseArgument(_ arguments: Arguments, _ index: Int, expected: StaticString) -> Trap {
    raiseArgument(index, expected: expected, argument(arguments, index), isMissing: index >= arguments.count)
  }

  /// The name of the library function that runs: it lies below its arguments.
  private func runningBuiltinName() -> [UInt8] {
    guard let running = running, running.tag == Tag.native, running.bits & 0x1_0000 == 0,
      let builtin = Builtin(rawValue: UInt16(truncatingIfNeeded: running.bits))
    else { return Text("?").bytes }
    // Where no script names the function, it is named in full.
    return Library.name(builtin, isQualified: frame.pointee.closure == nil && frame.pointee.continuation != .tail)
  }

  /// Whether the running library function was called as `object:name()`.
  private func isMethodCall() -> Bool {
    guard frame.pointee.closure != nil, let pc = frame.pointee.pc else { return false }
    let instruction = Instruction(word: (pc - 1).pointee)
    guard instruction.opcode == .call, let name = calledName(Int(frame.pointee.base) + instruction.a) else {
      return false
    }
    return name.bytes.starts(with: Text("method").bytes)
  }

  func any(_ arguments: Arguments, _ index: Int) throws(Trap) -> Value {
    guard index < arguments.count else {
      running = stack[arguments.base - 1]
      throw raiseArgument(index, "value expected")
    }
    return stack[arguments.base + index]
  }

  func table(_ arguments: Arguments, _ index: Int) throws(Trap) -> TableRef {
    let value = argument(arguments, index)
    guard value.tag == Tag.table else {
      running = stack[arguments.base - 1]
      throw raiseArgument(arguments, index, expected: "table")
    }
    return value.table
  }

  func function(_ arguments: Arguments, _ index: Int) throws(Trap) -> Value {
    let value = argument(arguments, index)
    guard value.isFunction else {
      running = stack[arguments.base - 1]
      throw raiseArgument(arguments, index, expected: "function")
    }
    return value
  }

  func integer(_ arguments: Arguments, _ index: Int) throws(Trap) -> Int64 {
    let value = argument(arguments, index)
    if value.tag == Tag.integer { return value.integer }
    if let number = numeral(value) {
      if let integer = Arithmetic.exactInteger(number) { return integer }
      running = stack[arguments.base - 1]
      throw raiseArgument(index, "number has no integer representation")
    }
    running = stack[arguments.base - 1]
    throw raiseArgument(arguments, index, expected: "number")
  }

  func integer(_ arguments: Arguments, _ index: Int, default value: Int64) throws(Trap) -> Int64 {
    argument(arguments, index).isNone ? value : try integer(arguments, index)
  }

  func number(_ arguments: Arguments, _ index: Int) throws(Trap) -> Value {
    guard let number = numeral(argument(arguments, index)) else {
      running = stack[arguments.base - 1]
      throw raiseArgument(arguments, index, expected: "number")
    }
    return number
  }

  func float(_ arguments: Arguments, _ index: Int) throws(Trap) -> Double {
    let value = try number(arguments, index)
    return value.tag == Tag.float ? value.float : Double(value.integer)
  }

  /// A string; a number is made one and put into its slot, so that it stays alive.
  func string(_ arguments: Arguments, _ index: Int) throws(Trap) -> StringRef {
    let value = argument(arguments, index)
    if value.isString { return value.string }
    guard value.isNumber else {
      running = stack[arguments.base - 1]
      throw raiseArgument(arguments, index, expected: "string")
    }
    let text = try numberString(value)
    stack[arguments.base + index] = Value(text)
    return text
  }
}
