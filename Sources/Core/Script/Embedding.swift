// What a host does with a machine.

extension Machine {
  /// A program in a machine, ready to run. Kept until `release`.
  public struct Chunk: Sendable {
    var pin: Int32
  }

  /// A value that is kept alive until `release`.
  public struct Reference: Sendable, Equatable {
    var pin: Int32
  }

  /// A global variable, found once.
  public struct GlobalSlot: Sendable {
    var name: Int32
    var hint: Int32
  }

  // MARK: Programs

  /// Makes a program runnable. Its globals are those of the machine, or the fields of `environment`, a table.
  public func load(_ program: Program, environment: Reference? = nil) throws(ScriptFault) -> Chunk {
    wake()
    do throws(Trap) {
      return try loadProgram(program, environment.map { pinned($0.pin) } ?? Value(globals))
    } catch {
      throw fault(error)
    }
  }

  private func loadProgram(_ program: Program, _ environment: Value) throws(Trap) -> Chunk {
    try installLibrary(for: program)
    let index = try place(program)
    let main = programs[index].functions
    let closure = try makeClosure(main, upvalues: 1)
    push(Value(closure))
    let upvalue = try makeUpvalue()
    upvalue.pointee.closed = environment
    ClosureObject.upvalues(closure).initialize(to: upvalue)
    closure.pointee.upvalueCount = 1
    top -= 1
    return Chunk(pin: pin(Value(closure)))
  }

  /// The place of a program among those of the machine; the same program is placed once.
  func place(_ program: Program) throws(Trap) -> Int {
    if let known = programs.firstIndex(where: { $0.program === program }) { return known }
    let count = program.functions.count
    let functions = UnsafeMutablePointer<LoadedFunction>.allocate(capacity: count)
    for (index, prototype) in program.functions.enumerated() {
      let constants = ValueRef.allocate(capacity: max(1, prototype.constants.count))
      constants.initialize(repeating: .null, count: max(1, prototype.constants.count))
      let hints = UnsafeMutablePointer<Int32>.allocate(capacity: max(1, prototype.constants.count))
      hints.initialize(repeating: 0, count: max(1, prototype.constants.count))
      (functions + index).initialize(
        to: LoadedFunction(
          code: prototype.code.start, constants: constants, hints: hints, functions: functions,
          registerCount: Int32(prototype.registerCount), parameterCount: Int32(prototype.parameterCount),
          hasVarargs: prototype.hasVarargs, constantCount: Int32(prototype.constants.count),
          program: Int32(programs.count), index: Int32(index)))
    }
    programs.append(LoadedProgram(program: program, functions: functions))
    do throws(Trap) {
      for (index, prototype) in program.functions.enumerated() {
        for (position, constant) in prototype.constants.enumerated() {
          functions[index].constants[position] = try value(of: constant, program)
        }
      }
    } catch {
      programs.removeLast().release()
      throw error
    }
    return programs.count - 1
  }

  private func value(of constant: Constant, _ program: Program) throws(Trap) -> Value {
    switch constant.kind {
    case .none: return .null
    case .no: return .boolean(false)
    case .yes: return .boolean(true)
    case .integer: return .integer(Int64(bitPattern: constant.bits))
    case .float: return .float(Double(bitPattern: constant.bits))
    case .string: return Value(try makeString(program.strings[Int(constant.bits)]))
    }
  }

  // MARK: Running

  /// Runs a program; results are read with `result`.
  public func run(_ chunk: Chunk, _ arguments: [ScriptValue] = []) throws(ScriptFault) {
    try run(pinned(chunk.pin), arguments)
  }

  /// Calls a function of a script, for instance one found with `field`.
  public func call(_ function: Reference, _ arguments: [ScriptValue] = []) throws(ScriptFault) {
    try run(pinned(function.pin), arguments)
  }

  private func run(_ function: Value, _ arguments: [Value]) throws(ScriptFault) {
    guard !isRunning else { throw ScriptFault(code: .busy, message: Text("the machine is running").bytes, line: 0) }
    isRunning = true
    defer { isRunning = false }
    wake()
    fuel = budget.instructions
    logBytes = 0
    errorLine = 0
    do throws(Trap) {
      try ensureStack(arguments.count + 1 + ThreadObject.reserve)
      top = 0
      push(function)
      for argument in arguments { push(argument) }
      try run(0, arguments.count)
    } catch {
      throw fault(error)
    }
  }

  /// What ended a run, as the host sees it; afterwards the machine is at rest.
  private func fault(_ trap: Trap) -> ScriptFault {
    top = 0
    resultCount = 0
    let line = errorLine
    defer { raised = .null }
    switch trap {
    case .raised: return ScriptFault(code: .error, message: describe(raised), line: line)
    case .fault(let code):
      let message: StaticString
      switch code {
      case .instructions: message = "instruction budget used up"
      case .memory: message = "memory budget used up"
      case .stringLength: message = "string longer than its budget"
      case .callDepth: message = "call depth budget used up"
      case .logVolume: message = "log budget used up"
      default: message = "fault"
      }
      return ScriptFault(code: code, message: Text(message).bytes, line: line)
    }
  }

  private func describe(_ value: Value) -> [UInt8] {
    if value.isString { return Array(StringObject.buffer(value.string)) }
    var bytes: [UInt8] = []
    switch value.tag {
    case Tag.integer: Numbers.append(value.integer, to: &bytes)
    case Tag.float: Numbers.append(value.float, to: &bytes)
    default:
      var text = Text("(error object is a ")
      text.add(typeName(value))
      text.add(" value)")
      bytes = text.bytes
    }
    return bytes
  }

  /// Instructions that the last run has used.
  public var instructionsUsed: Int64 { budget.instructions - max(0, fuel) }

  /// Number of results of the last run.
  public var results: Int { resultCount }

  /// A result of the last run, valid until the next one.
  public func result(_ index: Int) -> ScriptValue { index < resultCount ? mainThread.pointee.stack[index] : .null }

  // MARK: Values

  /// The bytes of a string; none for other values.
  public func bytes(_ value: ScriptValue) -> [UInt8]? {
    value.isString ? Array(StringObject.buffer(value.string)) : nil
  }

  /// Reads a string without copying it.
  public func withBytes<Result>(_ value: ScriptValue, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result? {
    value.isString ? body(StringObject.buffer(value.string)) : nil
  }

  /// A string value. It must be stored or pinned before anything else is made.
  public func string(_ bytes: [UInt8]) throws(ScriptFault) -> ScriptValue {
    do throws(Trap) { return Value(try makeString(bytes)) } catch { throw fault(error) }
  }

  /// A new, empty table, kept alive.
  public func table() throws(ScriptFault) -> Reference {
    do throws(Trap) { return Reference(pin: pin(Value(try makeTable()))) } catch { throw fault(error) }
  }

  /// A new table whose missing fields are those of the globals: an environment of its own for a program.
  public func environment() throws(ScriptFault) -> Reference {
    wake()
    do throws(Trap) {
      try nameEvents()
      let table = try makeTable(entries: 2)
      let reference = Reference(pin: pin(Value(table)))
      let metatable = try makeTable(entries: 1)
      table.pointee.metatable = metatable
      try set(metatable, eventName(.index), Value(globals))
      return reference
    } catch {
      throw fault(error)
    }
  }

  /// A field of a table, without metamethods.
  public func field(_ table: Reference, _ name: [UInt8]) throws(ScriptFault) -> ScriptValue {
    let value = pinned(table.pin)
    guard value.tag == Tag.table else { return .null }
    do throws(Trap) { return TableObject.entryValue(value.table, Value(try makeString(name))) } catch {
      throw fault(error)
    }
  }

  /// Sets a field of a table, without metamethods.
  public func setField(_ table: Reference, _ name: [UInt8], _ field: ScriptValue) throws(ScriptFault) {
    let value = pinned(table.pin)
    guard value.tag == Tag.table else { return }
    let kept = pin(field)
    defer { unpin(kept) }
    do throws(Trap) {
      let name = Value(try makeString(name))
      let keptName = pin(name)
      defer { unpin(keptName) }
      try set(value.table, name, field)
    } catch {
      throw fault(error)
    }
  }

  // MARK: Keeping values

  public func keep(_ value: ScriptValue) -> Reference { Reference(pin: pin(value)) }
  public func value(_ reference: Reference) -> ScriptValue { pinned(reference.pin) }
  public func release(_ reference: Reference) { unpin(reference.pin) }
  public func release(_ chunk: Chunk) { unpin(chunk.pin) }
  public func release(_ slot: GlobalSlot) { unpin(slot.name) }

  /// A kept value; `nil` for a number from another machine.
  func pinned(_ pin: Int32) -> Value { pin < pins.count ? pins[Int(pin)] : .null }

  func pin(_ value: Value) -> Int32 {
    if let free = freePins.popLast() {
      pins[Int(free)] = value
      return free
    }
    pins.append(value)
    return Int32(pins.count - 1)
  }

  private func unpin(_ pin: Int32) {
    guard pin < pins.count else { return }
    pins[Int(pin)] = .null
    freePins.append(pin)
  }

  // MARK: Globals

  /// Finds a global once, so that reading and writing it needs no search; it need not exist yet.
  public func globalSlot(_ name: [UInt8]) throws(ScriptFault) -> GlobalSlot {
    do throws(Trap) { return GlobalSlot(name: pin(Value(try makeString(name))), hint: 0) } catch { throw fault(error) }
  }

  public func global(_ slot: inout GlobalSlot) -> ScriptValue {
    TableObject.field(globals, pinned(slot.name), &slot.hint)
  }

  /// Sets a global. Strings and other objects must belong to this machine.
  public func setGlobal(_ slot: inout GlobalSlot, _ value: ScriptValue) throws(ScriptFault) {
    let name = pinned(slot.name)
    if let location = TableObject.fieldLocation(globals, name, &slot.hint) {
      location.pointee = value
      return
    }
    guard name.isString else {
      throw ScriptFault(code: .snapshot, message: Text("slot of another machine").bytes, line: 0)
    }
    let kept = pin(value)
    defer { unpin(kept) }
    do throws(Trap) { try set(globals, name, value) } catch { throw fault(error) }
  }

  /// Makes a function of the host a global.
  public func register(_ name: [UInt8], _ function: UInt16, payload: UInt32 = 0) throws(ScriptFault) {
    var slot = try globalSlot(name)
    defer { unpin(slot.name) }
    try setGlobal(&slot, .hostFunction(function, payload: payload))
  }
}

/// A call of a function of the host: its arguments and where its results go.
public struct HostCall: ~Copyable {
  public let machine: Machine
  let base: Int
  /// Number of arguments.
  public let count: Int
  /// The figure that came with the function's value.
  public let payload: UInt32

  init(machine: Machine, base: Int, count: Int, payload: UInt32) {
    self.machine = machine
    self.base = base
    self.count = count
    self.payload = payload
  }

  /// An argument, or `nil` beyond the last one.
  public subscript(_ index: Int) -> ScriptValue { index < count ? machine.stack[base + index] : .null }

  /// Adds a result.
  public borrowing func give(_ value: ScriptValue) { if machine.top < base + count + 20 { machine.push(value) } }

  /// Adds a string as result. A string beyond the budget ends the run.
  public borrowing func give(_ bytes: [UInt8]) {
    do throws(Trap) {
      let value = Value(try machine.makeString(bytes))
      give(value)
    } catch {
      if case .fault(let code) = error { machine.hostFault = code }
    }
  }

  /// An argument as text: strings and numbers as they are, other values as `tostring` shows them without metamethods.
  public borrowing func text(_ index: Int) -> [UInt8] { machine.plainText(self[index]) }

  /// Counts output against the budget of the run. The run ends when it is used up.
  public borrowing func chargeLog(_ bytes: Int) throws(HostError) {
    do throws(Trap) { try machine.chargeLog(bytes) } catch {
      if case .fault(let code) = error { machine.hostFault = code }
      throw HostError("log budget used up")
    }
  }

  /// Line of the script that made the call.
  public var line: Int32 { machine.currentLine() }
}
