import Bytes

/// Reads "AETHBC01"; see `Bytecode`. Numbers of states, transitions and variables are the sender's own.
struct BytecodeReader {
  private typealias Failure = Bytecode.DecodingError

  private let bytes: [UInt8]
  private var reader: ByteReader
  private var stateNumbers: [UInt16] = []
  private var variableNumbers: [UInt16] = []

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    reader = ByteReader(bytes)
  }

  mutating func automaton() throws(Bytecode.DecodingError) -> Automaton {
    guard bytes.starts(with: Bytecode.magic) else { throw .notBytecode }
    reader = ByteReader(bytes, at: Bytecode.magic.count)
    guard try u16() == 0, try u16() == 1 else { throw .unknownVersion }
    var automaton = Automaton(name: try text())
    let initial = try u16()
    let variableCount = try u16()
    let stateCount = try u16()
    let transitionCount = try u16()
    for _ in 0..<variableCount { automaton.variables.append(try variable()) }
    for _ in 0..<stateCount { automaton.states.append(try state()) }
    for index in 0..<Int(transitionCount) { automaton.transitions.append(try transition(index)) }
    guard reader.isAtEnd else { throw .trailingBytes(offset: reader.offset) }
    automaton.initialState = try position(of: initial)
    return automaton
  }

  private func position(of number: UInt16) throws(Bytecode.DecodingError) -> StateIndex {
    guard let index = stateNumbers.firstIndex(of: number) else { throw .badReference(offset: reader.offset) }
    return StateIndex(index)
  }

  private mutating func variable() throws(Bytecode.DecodingError) -> Variable {
    let number = try u16()
    guard !variableNumbers.contains(number) else { throw .badReference(offset: reader.offset) }
    variableNumbers.append(number)
    let type = try variant(ValueType(rawValue: try u8()))
    let direction = try variant(Variable.Direction(rawValue: try u8()))
    let name = try text()
    let initial = try value()
    // A value that is absent stands for the zero of the type.
    return Variable(name: name, type: type, direction: direction, initial: initial == .void ? nil : initial)
  }

  private mutating func state() throws(Bytecode.DecodingError) -> State {
    let number = try u16()
    guard !stateNumbers.contains(number) else { throw .badReference(offset: reader.offset) }
    stateNumbers.append(number)
    var state = State(name: try text())
    state.onEnter = try text()
    state.body = try text()
    state.onExit = try text()
    return state
  }

  private mutating func transition(_ index: Int) throws(Bytecode.DecodingError) -> Transition {
    _ = try u16()
    let from = try position(of: try u16())
    let to = try position(of: try u16())
    let kind = try variant(Bytecode.TransitionKind(rawValue: try u8()))
    let priority = try u8()
    let isEnabled = try u8() != 0
    _ = try u8()
    let weight = try u16()
    let delay = try u32()
    let condition = try text()
    let body = try text()
    let triggered = try text()
    let signal = try signal(isEvent: kind == .event)
    var name = try text()
    if name.isEmpty { name = Transition.defaultName(index) }
    var transition = Transition(name: name, from: from, to: to, trigger: .immediate)
    switch kind {
    case .immediate: break
    case .after, .timeout:
      var timed = Timed(
        mode: kind == .after ? .after : .timeout, delay: Int32(truncatingIfNeeded: min(delay, UInt32(Int32.max))))
      timed.condition = condition
      transition.trigger = .timed(timed)
    case .classic: transition.trigger = .classic(Classic(condition: condition))
    case .event:
      var event = Event(signals: signal.map { [$0] } ?? [])
      event.condition = condition
      transition.trigger = .event(event)
    }
    transition.priority = priority
    transition.isEnabled = isEnabled
    transition.weight = UInt32(weight)
    transition.body = body
    transition.triggered = triggered
    return transition
  }

  /// The fields of the signal are there for every kind, and mean something for events.
  private mutating func signal(isEvent: Bool) throws(Bytecode.DecodingError) -> SignalTrigger? {
    let direction = try u8()
    let kind = try u8()
    let hasThreshold = try u8() != 0
    let comparison = try u8()
    let isOneShot = try u8() != 0
    _ = try u8()
    let threshold = try value()
    var signal = SignalTrigger(signal: try text())
    signal.pattern = try text()
    guard isEvent else { return nil }
    signal.direction = try variant(Variable.Direction(rawValue: direction))
    signal.kind = try variant(SignalTrigger.Kind(rawValue: kind))
    signal.comparison = comparison == 0 ? .greater : try variant(SignalTrigger.Comparison(rawValue: comparison))
    signal.isOneShot = isOneShot
    signal.threshold = hasThreshold ? threshold : .void
    return signal
  }

  // MARK: Parts

  private mutating func value() throws(Bytecode.DecodingError) -> AutomatonValue {
    switch try variant(ValueType(rawValue: try u8())) {
    case .void: return .void
    case .bool: return .bool(try u8() != 0)
    case .int32: return .int32(Int32(bitPattern: try u32()))
    case .float32: return .float32(Float(bitPattern: try u32()))
    case .string: return .string(try text())
    case .int64, .float64, .binary, .table: throw .unknownVariant(offset: reader.offset)
    }
  }

  private func variant<Variant>(_ variant: Variant?) throws(Bytecode.DecodingError) -> Variant {
    guard let variant else { throw .unknownVariant(offset: reader.offset) }
    return variant
  }

  private mutating func text() throws(Bytecode.DecodingError) -> Name {
    do throws(ByteReader.EndOfBytes) { return try reader.bytes16() } catch { throw .endOfBytes(offset: error.offset) }
  }
  private mutating func u8() throws(Bytecode.DecodingError) -> UInt8 {
    do throws(ByteReader.EndOfBytes) { return try reader.u8() } catch { throw .endOfBytes(offset: error.offset) }
  }
  private mutating func u16() throws(Bytecode.DecodingError) -> UInt16 {
    do throws(ByteReader.EndOfBytes) { return try reader.u16() } catch { throw .endOfBytes(offset: error.offset) }
  }
  private mutating func u32() throws(Bytecode.DecodingError) -> UInt32 {
    do throws(ByteReader.EndOfBytes) { return try reader.u32() } catch { throw .endOfBytes(offset: error.offset) }
  }
}

extension Transition {
  /// The name of a transition without one: `transition_N`.
  public static func defaultName(_ index: Int) -> Name {
    var digits: [UInt8] = []
    var rest = index
    repeat {
      digits.append(UInt8(48 + rest % 10))
      rest /= 10
    } while rest > 0
    return [0x74, 0x72, 0x61, 0x6E, 0x73, 0x69, 0x74, 0x69, 0x6F, 0x6E, 0x5F] + digits.reversed()
  }
}
