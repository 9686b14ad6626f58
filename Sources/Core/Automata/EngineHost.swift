import Script

/// The functions that scripts of automata call.
final class EngineHost: ScriptHost {
  // Set right after the engine and its machine exist; both own this object, so that they outlive every call.
  var engine: Unmanaged<Engine>?
  var machine: Unmanaged<Machine>?
  private let hardware: Hardware
  /// Names of the components that scripts asked for, by number.
  var components: [Name] = []

  init(_ hardware: Hardware) { self.hardware = hardware }

  /// Makes the functions globals that scripts of the automaton can name.
  func install(_ machine: Machine, for automaton: CompiledAutomaton) throws(ScriptFault) {
    for (index, entry) in HostFunctions.all.enumerated() where automaton.hostFunctions >> UInt32(index) & 1 == 1 {
      if let function = entry.function {
        try machine.register(Name(entry.name), function.rawValue)
        continue
      }
      let table = try machine.table()
      for (name, function) in entry.members {
        try machine.setField(table, Name(name), .hostFunction(function.rawValue))
      }
      var slot = try machine.globalSlot(Name(entry.name))
      try machine.setGlobal(&slot, machine.value(table))
      machine.release(slot)
      machine.release(table)
    }
  }

  // MARK: Calls

  override func print(_ line: [UInt8]) {
    guard let engine = engine?.takeUnretainedValue() else { return }
    engine.emit(.logs, .printed(line))
  }

  override func random() -> UInt64 {
    guard let engine = engine?.takeUnretainedValue() else { return 0 }
    return engine.scriptStream.next()
  }

  override func call(_ function: UInt16, _ call: borrowing HostCall) throws(HostError) {
    guard let engine = engine?.takeUnretainedValue(), let scripts = engine.scripts else {
      throw HostError("the engine is gone")
    }
    if let hardwareFunction = Hardware.Function(rawValue: function) { return try hardware.call(hardwareFunction, call) }
    guard let known = HostFunctions.Number(rawValue: function) else { throw HostError("no such function of the host") }
    switch known {
    case .log:
      let text = call.text(1)
      try call.chargeLog(text.count + 1)
      let level = try EngineHost.level(call.text(0))
      engine.emit(.logs, .log(level, text))
    case .check: call.give(.boolean(engine.variables.isChanged(try variable(call, engine))))
    case .value: call.give(try current(try variable(call, engine), engine, scripts))
    case .input:
      let index = try variable(call, engine)
      guard engine.automaton.variables[index].direction == .input else { throw direction("not an input: ", call) }
      call.give(try current(index, engine, scripts))
    case .set: try assign(try variable(call, engine), call, engine, scripts)
    case .output:
      let index = try variable(call, engine)
      guard engine.automaton.variables[index].direction == .output else { throw direction("not an output: ", call) }
      try assign(index, call, engine, scripts)
    case .now: call.give(.integer(engine.now))
    case .random: call.give(.float(engine.scriptStream.nextFraction()))
    case .clamp:
      guard let x = call[0].asNumber, let low = call[1].asNumber, let high = call[2].asNumber else {
        throw HostError("clamp takes three numbers")
      }
      call.give(.float(x < low ? low : x > high ? high : x))
    case .component: try component(call)
    case .invoke: try invoke(call)
    case .method: try method(call)
    }
  }

  private static func level(_ name: [UInt8]) throws(HostError) -> LogLevel {
    switch name.map({ $0 &- 65 < 26 ? $0 | 0x20 : $0 }) {
    case Name("trace"): return .trace
    case Name("debug"): return .debug
    case Name("info"): return .info
    case Name("warn"), Name("warning"): return .warning
    case Name("error"): return .error
    default: throw HostError("log level must be trace, debug, info, warn or error")
    }
  }

  private func variable(_ call: borrowing HostCall, _ engine: Engine) throws(HostError) -> Int {
    let name = call.text(0)
    guard let index = engine.automaton.variable(named: name) else {
      throw HostError(message: Name("Unknown variable: ") + name)
    }
    return index
  }

  private func direction(_ text: StaticString, _ call: borrowing HostCall) -> HostError {
    HostError(message: Name(text) + call.text(0))
  }

  private func current(_ index: Int, _ engine: Engine, _ scripts: ScriptRunner) throws(HostError) -> ScriptValue {
    do throws(ScriptFault) { return try scripts.currentValue(index, engine) } catch {
      throw HostError(message: error.message)
    }
  }

  private func assign(
    _ index: Int, _ call: borrowing HostCall, _ engine: Engine, _ scripts: ScriptRunner
  ) throws(HostError) {
    let variable = engine.automaton.variables[index]
    guard variable.direction != .input else { throw direction("cannot write an input: ", call) }
    guard let value = scripts.automatonValue(call[1])?.converted(to: variable.type) else {
      throw HostError(message: Name("cannot store this value in variable ") + variable.name)
    }
    do throws(ScriptFault) { try scripts.assign(index, value, engine) } catch {
      throw HostError(message: error.message)
    }
  }

  // MARK: Components

  /// An object with `invoke(method, ...)` and a function for each method.
  private func component(_ call: borrowing HostCall) throws(HostError) {
    let name = call.text(0)
    guard let methods = hardware.methods(ofComponent: name), let machine = machine?.takeUnretainedValue() else {
      throw HostError(message: Name("unknown component: ") + name)
    }
    let number = components.firstIndex(of: name) ?? components.count
    if number == components.count { components.append(name) }
    let payload = UInt32(number) << 16
    do throws(ScriptFault) {
      let table = try machine.table()
      try machine.setField(table, Name("invoke"), .hostFunction(HostFunctions.Number.invoke.rawValue, payload: payload))
      for (index, method) in methods.enumerated() {
        let function = ScriptValue.hostFunction(
          HostFunctions.Number.method.rawValue, payload: payload | UInt32(index & 0xFFFF))
        try machine.setField(table, method, function)
      }
      call.give(machine.value(table))
      machine.release(table)
    } catch {
      throw HostError(message: error.message)
    }
  }

  /// The object itself comes first in `object:method(...)`.
  private func first(_ call: borrowing HostCall) -> Int { call[0].kind == .table ? 1 : 0 }

  private func method(_ call: borrowing HostCall) throws(HostError) {
    let number = Int(call.payload >> 16)
    guard number < components.count else { throw HostError("unknown component") }
    try hardware.invoke(
      component: components[number], method: Int(call.payload & 0xFFFF), call, first: first(call))
  }

  private func invoke(_ call: borrowing HostCall) throws(HostError) {
    let number = Int(call.payload >> 16)
    let first = first(call)
    let name = call.text(first)
    guard number < components.count, let methods = hardware.methods(ofComponent: components[number]),
      let method = methods.firstIndex(of: name)
    else { throw HostError(message: Name("unknown method: ") + name) }
    try hardware.invoke(component: components[number], method: method, call, first: first + 1)
  }
}

/// What scripts can call besides the library of the language.
enum HostFunctions {
  enum Number: UInt16 {
    case log = 1
    case check
    case value
    case set
    case input
    case output
    case now
    case random
    case clamp
    case component
    case invoke
    case method
  }

  /// A global: a function, or a table of functions of the hardware.
  struct Entry {
    var name: StaticString
    var function: Number?
    var members: [(StaticString, Hardware.Function)] = []
  }

  static var all: [Entry] {
    [
      Entry(name: "log", function: .log), Entry(name: "check", function: .check),
      Entry(name: "changed", function: .check), Entry(name: "value", function: .value),
      Entry(name: "setVal", function: .set), Entry(name: "emit", function: .set),
      Entry(name: "getInput", function: .input), Entry(name: "setOutput", function: .output),
      Entry(name: "now", function: .now), Entry(name: "rand", function: .random),
      Entry(name: "clamp", function: .clamp), Entry(name: "component", function: .component),
      Entry(
        name: "gpio", function: nil, members: [("mode", .gpioMode), ("write", .gpioWrite), ("read", .gpioRead)]),
      Entry(name: "pwm", function: nil, members: [("attach", .pwmAttach), ("write", .pwmWrite)]),
      Entry(name: "adc", function: nil, members: [("read", .adcRead), ("read_mv", .adcReadMillivolts)]),
      Entry(name: "dac", function: nil, members: [("write", .dacWrite)]),
      Entry(name: "i2c", function: nil, members: [("open", .i2cOpen), ("scan", .i2cScan)]),
    ]
  }
}
