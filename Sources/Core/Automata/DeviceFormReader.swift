import Bytes
import Script

/// Reads and checks the form for devices; see `DeviceForm`.
struct DeviceFormReader {
  private var reader: SteadyReader
  private var counts = Counts()

  fileprivate struct Counts {
    var states = 0
    var transitions = 0
    var signals = 0
    var programs = 0
    var names = 0
    var variables = 0
    var places = 0
  }

  init(_ bytes: [UInt8]) { reader = SteadyReader(bytes) }

  var offset: Int { reader.offset }

  @inline(never) mutating func parts() throws(DeviceForm.DecodingError) -> FixedParts {
    let parts = read()
    guard !reader.isBroken, parts.isConnected else { throw DeviceForm.DecodingError(offset: reader.offset) }
    let name = parts.functionLeftOut
    guard name.isEmpty else { throw DeviceForm.DecodingError(offset: reader.offset, functionLeftOut: name) }
    return parts
  }

  private mutating func read() -> FixedParts {
    reader.require(reader.take(DeviceForm.magic.count) == DeviceForm.magic)
    let hash = reader.take(32)
    reader.require(reader.u8() == CompiledScript.form.rawValue)
    let semantics = reader.flag() ? Semantics.compat : .strict
    let hostFunctions = reader.u32()
    let name = reader.text()
    counts.states = reader.count(each: 33)
    counts.transitions = reader.count(each: 66)
    counts.signals = reader.count(each: 17)
    counts.programs = reader.count(each: 7)
    counts.names = reader.count(each: 4)
    counts.variables = reader.count(each: 7)
    counts.places = reader.count(each: 2)
    reader.require(counts.states > 0 && counts.names >= counts.states + counts.transitions)
    let counts = counts
    let names = FixedList(count: counts.names) { _ in reader.text() }
    let variables = reader.list(counts.variables) { $0.variable() }
    let sharedVariables = FixedList(count: Int(reader.u16())) { _ in reader.index(below: counts.variables) }
    let lists = FixedList(count: counts.places) { _ in Int32(reader.u16()) }
    let policy = reader.u16()
    let errorPolicy: ErrorPolicy =
      policy == 0xFFFF ? .continue : policy == 0xFFFE ? .stop : .faultState(StateIndex(raw: policy))
    reader.require(policy >= 0xFFFE || Int(policy) < counts.states)
    let initialState = StateIndex(raw: reader.u16())
    let states = FixedList(count: counts.states) { _ in reader.state(counts.programs) }
    let transitions = FixedList(count: counts.transitions) { _ in reader.transition(counts) }
    let signals = FixedList(count: counts.signals) { _ in reader.signal(counts.variables, counts.names) }
    let programs = FixedList(count: counts.programs) { _ in reader.program(counts) }
    reader.require(reader.isAtEnd)
    return FixedParts(
      semantics: semantics, hash: hash, name: name, variables: variables, errorPolicy: errorPolicy,
      initialState: initialState, names: names, states: states, transitions: transitions, signals: signals,
      lists: lists, programs: programs, sharedVariables: sharedVariables, hostFunctions: hostFunctions)
  }
}

extension FixedParts {
  /// Whether places name what they must name: the engine relies on it.
  fileprivate var isConnected: Bool {
    for index in states.indices {
      // Parents stand before their children, so that there are no rings.
      guard states[index].parent < Int32(index) else { return false }
      let (outgoing, timers, children) = (states[index].outgoing, states[index].timers, states[index].children)
      guard isInside(outgoing), isInside(timers), isInside(children) else { return false }
      for place in outgoing.range {
        guard lists[place] < transitions.count, transitions[Int(lists[place])].from == index else { return false }
      }
      for place in timers.range {
        guard lists[place] < transitions.count, transitions[Int(lists[place])].isTimed else { return false }
      }
      for place in children.range {
        guard lists[place] < states.count, states[Int(lists[place])].parent == index else { return false }
      }
      if states[index].isParallel || children.isEmpty { continue }
      let first = states[index].initialChild
      guard first >= 0, first < states.count, states[Int(first)].parent == index else { return false }
    }
    let first = initialState.index
    return first < states.count && states[first].parent < 0
  }

  /// Empty when all functions are there.
  fileprivate var functionLeftOut: Name {
    for index in programs.indices {
      if let script = programs[index].script, let name = script.functionLeftOut { return name }
    }
    return []
  }

  private func isInside(_ slice: Slice) -> Bool { Int(slice.start) + Int(slice.count) <= lists.count }
}

// MARK: Parts

extension SteadyReader {
  private mutating func variant<Variant>(_ variant: Variant?, _ substitute: Variant) -> Variant {
    require(variant != nil)
    return variant ?? substitute
  }

  private mutating func slice() -> Slice { Slice(start: Int32(u16()), count: Int32(u16())) }

  fileprivate mutating func variable() -> Variable {
    let name = text()
    let direction = variant(Variable.Direction(rawValue: u8()), .internal)
    let value = value()
    return Variable(name: name, type: value.type, direction: direction, initial: value)
  }

  private mutating func value() -> AutomatonValue {
    switch variant(ValueType(rawValue: u8()), .void) {
    case .void: return .void
    case .bool: return .bool(flag())
    case .int32: return .int32(Int32(bitPattern: u32()))
    case .int64: return .int64(Int64(bitPattern: number(8)))
    case .float32: return .float32(Float(bitPattern: u32()))
    case .float64: return .float64(Double(bitPattern: number(8)))
    case .string: return .string(text())
    case .binary: return .binary(text())
    case .table:
      require(false)
      return .void
    }
  }

  @inline(never) fileprivate mutating func state(_ programs: Int) -> CompiledState {
    var state = CompiledState(
      onEnter: index(below: programs, orNone: true), body: index(below: programs, orNone: true),
      onExit: index(below: programs, orNone: true))
    state.parent = index(below: 0xFFFF, orNone: true)
    state.initialChild = index(below: 0xFFFF, orNone: true)
    state.isParallel = flag()
    state.history = variant(History(rawValue: u8()), .none)
    state.isLively = flag()
    state.outgoing = slice()
    state.timers = slice()
    state.children = slice()
    return state
  }

  @inline(never) fileprivate mutating func transition(_ counts: DeviceFormReader.Counts) -> CompiledTransition {
    let (states, programs) = (counts.states, counts.programs)
    var transition = CompiledTransition(
      kind: variant(CompiledTransition.Kind(rawValue: u8()), .immediate), from: index(below: states),
      to: index(below: states), domain: index(below: states, orNone: true))
    transition.weight = u32()
    transition.weightMin = u32()
    transition.condition = index(below: programs, orNone: true)
    transition.body = index(below: programs, orNone: true)
    transition.triggered = index(below: programs, orNone: true)
    transition.weightExpression = index(below: programs, orNone: true)
    transition.signals = slice()
    require(transition.signals.start + transition.signals.count <= counts.signals)
    transition.timer.mode = variant(Timed.Mode(rawValue: u8()), .after)
    transition.timer.isBlocking = flag()
    transition.timer.repeatCount = u32()
    transition.timer.jitter = Int32(bitPattern: u32())
    transition.timer.delay = Int64(bitPattern: number(8))
    transition.timer.windowEnd = Int64(bitPattern: number(8))
    transition.timer.absoluteTime = Int64(bitPattern: number(8))
    transition.debounce = Int64(bitPattern: number(8))
    transition.priority = u8()
    transition.isEnabled = flag()
    transition.isRisingEdge = flag()
    transition.requiresAll = flag()
    return transition
  }

  fileprivate mutating func signal(_ variables: Int, _ names: Int) -> CompiledSignal {
    CompiledSignal(
      variable: index(below: variables, orNone: true), name: index(below: names), pattern: index(below: names),
      threshold: Double(bitPattern: number(8)), kind: variant(SignalTrigger.Kind(rawValue: u8()), .onChange),
      comparison: variant(SignalTrigger.Comparison(rawValue: u8()), .equal), isOneShot: flag())
  }

  fileprivate mutating func program(_ counts: DeviceFormReader.Counts) -> CompiledProgram {
    let part = variant(ScriptPlace.Part(rawValue: u8()), .body)
    let isOfTransition = flag()
    let owner = Int(index(below: isOfTransition ? counts.transitions : counts.states))
    var program = CompiledProgram(
      place: ScriptPlace(part: part, owner: isOfTransition ? .transition(owner) : .state(owner)))
    program.file = index(below: counts.programs, orNone: true)
    program.isTrueWhenItEnds = flag()
    if flag() {
      program.script = CompiledScript(form: text())
      require(program.script != nil)
    }
    return program
  }
}
