import Bytes

/// Reads the binary form of a model; see `ModelCodec`.
struct ModelReader {
  private var reader: ByteReader

  init(_ bytes: [UInt8], at offset: Int = 0) { reader = ByteReader(bytes, at: offset) }

  var isAtEnd: Bool { reader.isAtEnd }

  func error(_ problem: ModelCodec.DecodingError.Problem) -> ModelCodec.DecodingError {
    ModelCodec.DecodingError(offset: reader.offset, problem: problem)
  }

  mutating func automaton() throws(ModelCodec.DecodingError) -> Automaton {
    guard try take(ModelCodec.magic.count) == ModelCodec.magic else { throw error(.notAModel) }
    var automaton = Automaton(name: try name())
    automaton.version = try name()
    automaton.description = try text()
    automaton.author = try name()
    automaton.tags = try names()
    automaton.layout = try variant(Layout(rawValue: try u8()))
    automaton.location = try name()
    automaton.target = try target()
    let semantics = try u8()
    automaton.semantics = semantics == 0 ? nil : try variant(Semantics(rawValue: semantics))
    automaton.errorPolicy = try policy()
    for _ in 0..<(try u16()) { automaton.variables.append(try variable()) }
    for _ in 0..<(try u16()) { automaton.states.append(try state()) }
    for _ in 0..<(try u16()) { automaton.transitions.append(try transition()) }
    automaton.initialState = try stateIndex()
    if try flag() { automaton.blackBox = try blackBox() }
    try checkPositions(automaton)
    return automaton
  }

  private func checkPositions(_ automaton: Automaton) throws(ModelCodec.DecodingError) {
    let stateCount = UInt16(truncatingIfNeeded: automaton.states.count)
    let variableCount = UInt16(truncatingIfNeeded: automaton.variables.count)
    func check(_ index: StateIndex) throws(ModelCodec.DecodingError) {
      if !index.isNone && index.raw >= stateCount { throw error(.outOfRange) }
    }
    try check(automaton.initialState)
    if case .faultState(let state) = automaton.errorPolicy { try check(state) }
    for state in automaton.states {
      try check(state.parent)
      try check(state.initialChild)
      for index in state.inputs + state.outputs + state.variables where index >= variableCount {
        throw error(.outOfRange)
      }
    }
    for transition in automaton.transitions {
      try check(transition.from)
      try check(transition.to)
    }
    for state in automaton.blackBox?.observableStates ?? [] { try check(state) }
  }

  private mutating func target() throws(ModelCodec.DecodingError) -> Target {
    var target = Target()
    target.profile = try name()
    for _ in 0..<(try u16()) {
      var resource = HardwareResource(kind: try name(), name: try name(), pins: [])
      for _ in 0..<(try u16()) { resource.pins.append(Int32(bitPattern: try u32())) }
      target.resources.append(resource)
    }
    for _ in 0..<(try u16()) {
      var component = HardwareComponent(name: try name())
      component.manifest = try name()
      component.registration = try name()
      target.components.append(component)
    }
    return target
  }

  private mutating func policy() throws(ModelCodec.DecodingError) -> ErrorPolicy {
    switch try u8() {
    case 1: return .continue
    case 2: return .faultState(try stateIndex())
    case 3: return .stop
    default: throw error(.unknownVariant)
    }
  }

  private mutating func variable() throws(ModelCodec.DecodingError) -> Variable {
    let name = try name()
    let description = try text()
    let type = try variant(ValueType(rawValue: try u8()))
    let direction = try variant(Variable.Direction(rawValue: try u8()))
    var variable = Variable(name: name, type: type, direction: direction, initial: try value())
    variable.description = description
    return variable
  }

  mutating func value() throws(ModelCodec.DecodingError) -> AutomatonValue {
    switch try variant(ValueType(rawValue: try u8())) {
    case .void: return .void
    case .bool: return .bool(try flag())
    case .int32: return .int32(Int32(bitPattern: try u32()))
    case .int64: return .int64(Int64(bitPattern: try u64()))
    case .float32: return .float32(Float(bitPattern: try u32()))
    case .float64: return .float64(Double(bitPattern: try u64()))
    case .string: return .string(try name())
    case .binary: return .binary(try name())
    case .table: throw error(.unknownVariant)
    }
  }

  private mutating func state() throws(ModelCodec.DecodingError) -> State {
    var state = State(name: try name())
    state.description = try text()
    state.inputs = try indices()
    state.outputs = try indices()
    state.variables = try indices()
    state.onEnter = try text()
    state.body = try text()
    state.onExit = try text()
    state.file = try text()
    state.parent = try stateIndex()
    state.initialChild = try stateIndex()
    state.isParallel = try flag()
    state.history = try variant(History(rawValue: try u8()))
    if try flag() { state.position = Position(x: Double(bitPattern: try u64()), y: Double(bitPattern: try u64())) }
    return state
  }

  private mutating func transition() throws(ModelCodec.DecodingError) -> Transition {
    let name = try name()
    let description = try text()
    let from = try stateIndex()
    var transition = Transition(name: name, from: from, to: try stateIndex(), trigger: .immediate)
    transition.description = description
    transition.body = try text()
    transition.triggered = try text()
    transition.file = try text()
    transition.priority = try u8()
    transition.weight = try u32()
    transition.isEnabled = try flag()
    transition.trigger = try trigger()
    return transition
  }

  private mutating func trigger() throws(ModelCodec.DecodingError) -> Trigger {
    switch try u8() {
    case 1: return .classic(Classic(condition: try text(), isRisingEdge: try flag()))
    case 2:
      var timed = Timed(mode: try variant(Timed.Mode(rawValue: try u8())), delay: Int32(bitPattern: try u32()))
      timed.windowEnd = Int32(bitPattern: try u32())
      timed.jitter = Int32(bitPattern: try u32())
      timed.repeatCount = try u32()
      timed.absoluteTime = Int64(bitPattern: try u64())
      timed.condition = try text()
      timed.isBlocking = try flag()
      return .timed(timed)
    case 3:
      var event = Event()
      for _ in 0..<(try u16()) { event.signals.append(try signal()) }
      event.requiresAll = try flag()
      event.debounce = Int32(bitPattern: try u32())
      event.condition = try text()
      return .event(event)
    case 4: return .probabilistic(Probabilistic(weightExpression: try text(), weightMin: try u32()))
    case 5: return .immediate
    default: throw error(.unknownVariant)
    }
  }

  private mutating func signal() throws(ModelCodec.DecodingError) -> SignalTrigger {
    var signal = SignalTrigger(signal: try name())
    signal.direction = try variant(Variable.Direction(rawValue: try u8()))
    signal.kind = try variant(SignalTrigger.Kind(rawValue: try u8()))
    signal.comparison = try variant(SignalTrigger.Comparison(rawValue: try u8()))
    signal.threshold = try value()
    signal.isOneShot = try flag()
    signal.pattern = try name()
    return signal
  }

  private mutating func blackBox() throws(ModelCodec.DecodingError) -> BlackBox {
    var blackBox = BlackBox()
    for _ in 0..<(try u16()) {
      var port = Port(name: try name())
      port.direction = try variant(Variable.Direction(rawValue: try u8()))
      port.type = try variant(ValueType(rawValue: try u8()))
      port.isObservable = try flag()
      port.isFaultInjectable = try flag()
      port.isLatencyCritical = try flag()
      port.description = try text()
      blackBox.ports.append(port)
    }
    blackBox.emittedEvents = try names()
    blackBox.observableStates = try indices().map { StateIndex(raw: $0) }
    for _ in 0..<(try u16()) {
      var resource = SharedResource(name: try name())
      resource.kind = try name()
      resource.capacity = try u32()
      resource.isShared = try flag()
      resource.isLatencySensitive = try flag()
      resource.description = try text()
      blackBox.resources.append(resource)
    }
    return blackBox
  }

  // MARK: Parts

  private mutating func name() throws(ModelCodec.DecodingError) -> Name {
    do throws(ByteReader.EndOfBytes) { return try reader.bytes16() } catch { throw self.error(.endOfBytes) }
  }

  private mutating func text() throws(ModelCodec.DecodingError) -> Name {
    do throws(ByteReader.EndOfBytes) { return try reader.bytes32() } catch { throw self.error(.endOfBytes) }
  }

  private mutating func take(_ count: Int) throws(ModelCodec.DecodingError) -> [UInt8] {
    do throws(ByteReader.EndOfBytes) { return try reader.take(count) } catch { throw self.error(.endOfBytes) }
  }

  private mutating func names() throws(ModelCodec.DecodingError) -> [Name] {
    var names: [Name] = []
    for _ in 0..<(try u16()) { names.append(try name()) }
    return names
  }

  private mutating func indices() throws(ModelCodec.DecodingError) -> [UInt16] {
    var indices: [UInt16] = []
    for _ in 0..<(try u16()) { indices.append(try u16()) }
    return indices
  }

  private mutating func stateIndex() throws(ModelCodec.DecodingError) -> StateIndex { StateIndex(raw: try u16()) }

  private mutating func flag() throws(ModelCodec.DecodingError) -> Bool {
    switch try u8() {
    case 0: return false
    case 1: return true
    default: throw error(.unknownVariant)
    }
  }

  private func variant<Variant>(_ variant: Variant?) throws(ModelCodec.DecodingError) -> Variant {
    guard let variant else { throw error(.unknownVariant) }
    return variant
  }

  private mutating func u8() throws(ModelCodec.DecodingError) -> UInt8 {
    do throws(ByteReader.EndOfBytes) { return try reader.u8() } catch { throw self.error(.endOfBytes) }
  }
  private mutating func u16() throws(ModelCodec.DecodingError) -> UInt16 {
    do throws(ByteReader.EndOfBytes) { return try reader.u16() } catch { throw self.error(.endOfBytes) }
  }
  private mutating func u32() throws(ModelCodec.DecodingError) -> UInt32 {
    do throws(ByteReader.EndOfBytes) { return try reader.u32() } catch { throw self.error(.endOfBytes) }
  }
  private mutating func u64() throws(ModelCodec.DecodingError) -> UInt64 {
    do throws(ByteReader.EndOfBytes) { return try reader.u64() } catch { throw self.error(.endOfBytes) }
  }
}
