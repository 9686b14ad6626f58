import Bytes
import Script

/// The scripts of one engine: a machine, its programs, and the variables that scripts see as globals.
final class ScriptRunner {
  let machine: Machine
  private let host: EngineHost
  private var chunks: [Machine.Chunk?] = []
  /// Functions that files define, found when the files were run.
  private var functions: [Machine.Reference?] = []
  /// Globals of each file, by program.
  private var environments: [Machine.Reference?] = []
  private var bindings: [Binding] = []
  /// Positions in `bindings` by variable, -1 for variables that no script names.
  private var bindingOfVariable: [Int32]
  private var hasStale = true
  private var setupFault: ScriptFault?
  private var hasLoadedFiles = false

  /// A variable that is a global, too.
  private struct Binding {
    var variable: Int
    var name: Name
    var slot: Machine.GlobalSlot
    /// What the global held when it last agreed with the variable.
    var synced: ScriptValue
    var isStale: Bool
    var isInput: Bool
    var type: ValueType
  }

  init(_ engine: Engine, _ hardware: Hardware) {
    host = EngineHost(hardware)
    machine = Machine(host: host, budget: engine.options.budget)
    bindingOfVariable = [Int32](repeating: -1, count: engine.automaton.variables.count)
    host.engine = Unmanaged.passUnretained(engine)
    host.machine = Unmanaged.passUnretained(machine)
    do throws(ScriptFault) { try setUp(engine) } catch { setupFault = error }
  }

  private func setUp(_ engine: Engine) throws(ScriptFault) {
    try host.install(machine, for: engine.automaton)
    for place in engine.automaton.sharedVariables.indices {
      let variable = Int(engine.automaton.sharedVariables[place])
      let declared = engine.automaton.variables[variable]
      bindingOfVariable[variable] = Int32(bindings.count)
      bindings.append(
        Binding(
          variable: variable, name: declared.name, slot: try machine.globalSlot(declared.name), synced: .null,
          isStale: true,
          isInput: declared.direction == .input, type: declared.type))
    }
    let count = engine.automaton.programs.count
    chunks.reserveCapacity(count)
    var hasFiles = false
    for index in 0..<count {
      let compiled = engine.automaton.programs[index]
      if compiled.place.part == .file || compiled.file >= 0 { hasFiles = true }
    }
    if hasFiles {
      functions = [Machine.Reference?](repeating: nil, count: count)
      environments = functions
    }
    for index in 0..<count {
      let compiled = engine.automaton.programs[index]
      guard let program = compiled.script?.program else {
        chunks.append(nil)
        continue
      }
      if compiled.place.part == .file {
        chunks.append(try machine.load(program, environment: try machine.environment()))
      } else {
        chunks.append(try machine.load(program))
      }
    }
  }

  func markStale(_ variable: Int) {
    let place = Int(bindingOfVariable[variable])
    guard place >= 0 else { return }
    bindings[place].isStale = true
    hasStale = true
  }

  func markAllStale() {
    for place in bindings.indices { bindings[place].isStale = true }
    hasStale = true
  }

  /// Gives back memory that only a run needs.
  func rest() { machine.rest() }

  // MARK: Running

  /// Runs every file, once for an engine, each with globals of its own, and finds the functions that hooks call.
  func loadFiles(_ engine: Engine) {
    guard !hasLoadedFiles else { return }
    hasLoadedFiles = true
    for index in engine.automaton.programs.indices {
      let compiled = engine.automaton.programs[index]
      guard compiled.place.part == .file, let program = compiled.script?.program else { continue }
      do throws(ScriptFault) {
        let environment = try machine.environment()
        chunks[index].map { machine.release($0) }
        let chunk = try machine.load(program, environment: environment)
        chunks[index] = chunk
        environments[index] = environment
        try push(engine)
        try machine.run(chunk)
        try absorb(index)
        pull(engine, compiled.place)
        for other in engine.automaton.programs.indices where engine.automaton.programs[other].file == Int32(index) {
          let name = engine.automaton.programs[other].place.functionName
          let value = try machine.field(environment, name)
          functions[other].map { machine.release($0) }
          functions[other] = value.kind == .function ? machine.keep(value) : nil
        }
      } catch {
        report(error, compiled.place, engine)
      }
    }
  }

  /// Runs a script; `false` when it failed.
  func run(_ program: Int32, _ engine: Engine) -> Bool {
    let place = engine.automaton.programs[Int(program)].place
    do throws(ScriptFault) {
      guard try call(program, engine) else { return true }
    } catch {
      pull(engine, place)
      report(error, place, engine)
      return false
    }
    pull(engine, place)
    return true
  }

  /// Runs a condition; an error is false.
  func condition(_ program: Int32, _ engine: Engine) -> Bool {
    let compiled = engine.automaton.programs[Int(program)]
    do throws(ScriptFault) {
      // A file without the function has no condition.
      guard try call(program, engine) else { return true }
    } catch {
      pull(engine, compiled.place)
      report(error, compiled.place, engine)
      return false
    }
    let holds = compiled.isTrueWhenItEnds || machine.result(0).isTrue
    pull(engine, compiled.place)
    return holds
  }

  /// Runs an expression that gives a number; `nil` for an error or anything else.
  func number(_ program: Int32, _ engine: Engine) -> Double? {
    let place = engine.automaton.programs[Int(program)].place
    do throws(ScriptFault) {
      guard try call(program, engine) else { return nil }
    } catch {
      pull(engine, place)
      report(error, place, engine)
      return nil
    }
    let result = machine.result(0).asNumber
    pull(engine, place)
    return result
  }

  /// - Returns: whether there was anything to run.
  private func call(_ program: Int32, _ engine: Engine) throws(ScriptFault) -> Bool {
    if let setupFault { throw setupFault }
    let compiled = engine.automaton.programs[Int(program)]
    if compiled.file >= 0 {
      guard let function = functions[Int(program)] else { return false }
      try push(engine)
      do throws(ScriptFault) { try machine.call(function) } catch {
        try absorb(Int(compiled.file))
        throw error
      }
      try absorb(Int(compiled.file))
      return true
    }
    guard let chunk = chunks[Int(program)] else {
      throw ScriptFault(code: .syntax, message: [UInt8]("not a program"), line: 0)
    }
    try push(engine)
    try machine.run(chunk)
    return true
  }

  /// What a file assigned to a name that is a variable is the variable's, not one of its own globals.
  private func absorb(_ file: Int) throws(ScriptFault) {
    guard let environment = environments[file] else { return }
    for index in bindings.indices {
      let name = bindings[index].name
      let value = try machine.field(environment, name)
      guard !value.isNone else { continue }
      try machine.setGlobal(&bindings[index].slot, value)
      try machine.setField(environment, name, .null)
    }
  }

  func report(_ fault: ScriptFault, _ place: ScriptPlace, _ engine: Engine) {
    engine.errorCount &+= 1
    engine.hasUnhandledError = true
    engine.emit(.errors, .error(EngineFault(place: place, fault: fault)))
  }

  // MARK: Variables as globals

  /// Before a script: globals show the variables.
  private func push(_ engine: Engine) throws(ScriptFault) {
    guard hasStale else { return }
    hasStale = false
    for place in bindings.indices where bindings[place].isStale { try push(place, engine) }
  }

  private func push(_ place: Int, _ engine: Engine) throws(ScriptFault) {
    let value = try scriptValue(engine.variables.entries[bindings[place].variable].value)
    try machine.setGlobal(&bindings[place].slot, value)
    bindings[place].synced = value
    bindings[place].isStale = false
  }

  /// After a script: what it assigned to globals is written to the variables; inputs are as they were.
  private func pull(_ engine: Engine, _ place: ScriptPlace) {
    for index in bindings.indices {
      let value = machine.global(&bindings[index].slot)
      if value.isIdentical(to: bindings[index].synced) { continue }
      let binding = bindings[index]
      bindings[index].isStale = true
      hasStale = true
      if binding.isInput { continue }
      guard let converted = automatonValue(value)?.converted(to: binding.type) else {
        report(mismatch(binding.variable, value, engine), place, engine)
        continue
      }
      engine.store(binding.variable, converted)
    }
  }

  private func mismatch(_ variable: Int, _ value: ScriptValue, _ engine: Engine) -> ScriptFault {
    let message =
      [UInt8]("cannot store this value in variable ") + engine.automaton.variables[variable].name
    return ScriptFault(code: .error, message: message, line: 0)
  }

  /// What a script sees: a variable, or the global of its name when a running script has assigned it.
  func currentValue(_ variable: Int, _ engine: Engine) throws(ScriptFault) -> ScriptValue {
    let place = Int(bindingOfVariable[variable])
    if engine.isStrict, place >= 0, !bindings[place].isInput, !bindings[place].isStale {
      return machine.global(&bindings[place].slot)
    }
    return try scriptValue(engine.variables.entries[variable].value)
  }

  /// A running script writes a variable by name: the global follows at once.
  func assign(_ variable: Int, _ value: AutomatonValue, _ engine: Engine) throws(ScriptFault) {
    engine.store(variable, value)
    let place = Int(bindingOfVariable[variable])
    if place >= 0 { try push(place, engine) }
  }

  func scriptValue(_ value: AutomatonValue) throws(ScriptFault) -> ScriptValue {
    switch value {
    case .void: return .null
    case .bool(let value): return .boolean(value)
    case .int32(let value): return .integer(Int64(value))
    case .int64(let value): return .integer(value)
    case .float32(let value): return .float(Double(value))
    case .float64(let value): return .float(value)
    case .string(let bytes), .binary(let bytes): return try machine.string(bytes)
    }
  }

  func automatonValue(_ value: ScriptValue) -> AutomatonValue? {
    switch value.kind {
    case .boolean: return .bool(value.isTrue)
    case .number: return value.asInteger.map { .int64($0) } ?? value.asFloat.map { .float64($0) }
    case .string: return machine.bytes(value).map { .string($0) }
    case .none, .table, .function, .coroutine: return nil
    }
  }

  // MARK: Snapshots

  /// What a snapshot holds of the scripts.
  struct Saved {
    var hasLoadedFiles: Bool
    var components: [Name] = []
    var machine: [UInt8]

    init(_ reader: inout ByteReader) throws(ByteReader.EndOfBytes) {
      hasLoadedFiles = try reader.u8() != 0
      for _ in 0..<(try reader.u16()) { components.append(try reader.bytes16()) }
      machine = try reader.bytes32()
    }
  }

  func save(to writer: inout ByteWriter) throws(ScriptFault) {
    writer.put(hasLoadedFiles)
    writer.put(UInt16(truncatingIfNeeded: host.components.count))
    for name in host.components { writer.put16(name) }
    writer.put32(try machine.snapshot())
  }

  func restore(_ saved: Saved, _ engine: Engine) throws(ScriptFault) {
    if saved.hasLoadedFiles && !hasLoadedFiles {
      // The machine must have loaded what the saved one had; what that does to the engine is replaced right after.
      let kept = engine.events
      loadFiles(engine)
      engine.events = kept
    }
    try machine.restore(saved.machine)
    host.components = saved.components
    for place in bindings.indices { bindings[place].synced = .null }
    markAllStale()
  }
}

extension ScriptPlace {
  /// The function of a file that stands for this script.
  var functionName: Name {
    switch part {
    case .onEnter: Name("on_enter")
    case .body, .transitionBody: Name("body")
    case .onExit: Name("on_exit")
    case .condition: Name("condition")
    case .triggered: Name("triggered")
    case .weight: Name("weight")
    case .file: []
    }
  }
}
