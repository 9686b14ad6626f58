import Bytes
import Script

/// Reads and checks the form for devices; see `DeviceForm`.
struct DeviceFormReader {
  private var reader: SteadyReader
  private(set) var parts = CompiledParts()
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

  /// - Returns: whether the bytes are the form of an automaton that can be run.
  @inline(never) mutating func read() -> Bool {
    reader.require(reader.take(DeviceForm.magic.count) == DeviceForm.magic)
    parts.hash = reader.take(32)
    reader.require(reader.u8() == CompiledScript.form.rawValue)
    parts.semantics = reader.flag() ? .compat : .strict
    parts.hostFunctions = reader.u32()
    parts.name = reader.text()
    counts.states = reader.count(each: 33)
    counts.transitions = reader.count(each: 66)
    counts.signals = reader.count(each: 17)
    counts.programs = reader.count(each: 7)
    counts.names = reader.count(each: 4)
    counts.variables = reader.count(each: 7)
    counts.places = reader.count(each: 2)
    reader.require(counts.states > 0 && counts.names >= counts.states + counts.transitions)
    let counts = counts
    parts.names = reader.list(counts.names) { $0.text() }
    parts.variables = reader.list(counts.variables) { $0.variable() }
    parts.sharedVariables = reader.list(Int(reader.u16())) { Int($0.index(below: counts.variables)) }
    parts.lists = reader.list(counts.places) { Int32($0.u16()) }
    let policy = reader.u16()
    parts.errorPolicy = policy == 0xFFFF ? .continue : policy == 0xFFFE ? .stop : .faultState(StateIndex(raw: policy))
    reader.require(policy >= 0xFFFE || Int(policy) < counts.states)
    parts.initialState = StateIndex(raw: reader.u16())
    parts.states = reader.list(counts.states) { $0.state(counts.programs) }
    parts.transitions = reader.list(counts.transitions) { $0.transition(counts) }
    parts.signals = reader.list(counts.signals) { $0.signal(counts.variables, counts.names) }
    parts.programs = reader.list(counts.programs) { $0.program(counts) }
    reader.require(reader.isAtEnd)
    return !reader.isBroken && isConnected()
  }

  // MARK: Connections

  /// Whether places name what they must name: the engine relies on it.
  private func isConnected() -> Bool {
    for index in 0..<counts.states {
      let state = parts.states[index]
      // Parents stand before their children, so that there are no rings.
      guard state.parent < Int32(index) else { return false }
      guard all(state.outgoing, below: counts.transitions, { parts.transitions[$0].from == index }),
        all(state.timers, below: counts.transitions, { parts.transitions[$0].isTimed }),
        all(state.children, below: counts.states, { parts.states[$0].parent == index })
      else { return false }
      if state.isParallel || state.children.isEmpty { continue }
      guard state.initialChild >= 0, Int(state.initialChild) < counts.states,
        parts.states[Int(state.initialChild)].parent == index
      else { return false }
    }
    let first = parts.initialState.index
    return first < counts.states && parts.states[first].parent < 0
  }

  private func all(_ slice: Slice, below count: Int, _ holds: (Int) -> Bool) -> Bool {
    guard Int(slice.start) + Int(slice.count) <= counts.places else { return false }
    for place in slice.range {
      guard parts.lists[place] < count, holds(Int(parts.lists[place])) else { return false }
    }
    return true
  }
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
