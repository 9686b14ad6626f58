import Bytes

/// The complete binary form of a model. There is one form of each model, so that its SHA-256 names it.
///
/// Layout: "AETHMD01", then the fields in order of declaration; numbers big-endian, texts with their length in 32 bits
/// (names in 16), lists with their count in 16 bits, variants with a byte before them.
public enum ModelCodec {
  public static var magic: [UInt8] { [0x41, 0x45, 0x54, 0x48, 0x4D, 0x44, 0x30, 0x31] }

  /// Why bytes are not a model.
  public struct DecodingError: Error, Sendable, Equatable {
    public var offset: Int
    public var problem: Problem

    public enum Problem: UInt8, Sendable {
      case endOfBytes = 1
      case notAModel = 2
      /// A number that names no variant.
      case unknownVariant = 3
      /// A position in a list that has no such place.
      case outOfRange = 4
      case trailingBytes = 5
      /// The same model has another form, which is the right one.
      case notCanonical = 6
    }
  }

  public static func encode(_ automaton: Automaton) -> [UInt8] {
    var writer = ByteWriter()
    writer.put(raw: magic)
    writer.put(automaton)
    return writer.bytes
  }

  public static func decode(_ bytes: [UInt8]) throws(DecodingError) -> Automaton {
    var reader = ModelReader(bytes)
    let automaton = try reader.automaton()
    guard reader.isAtEnd else { throw reader.error(.trailingBytes) }
    guard encode(automaton) == bytes else { throw reader.error(.notCanonical) }
    return automaton
  }

  /// What names a model: SHA-256 of its binary form.
  public static func hash(_ automaton: Automaton) -> [UInt8] { SHA256.digest(encode(automaton)) }
}

extension ByteWriter {
  fileprivate mutating func put(_ automaton: Automaton) {
    put16(automaton.name)
    put16(automaton.version)
    put32(automaton.description)
    put16(automaton.author)
    put(automaton.tags)
    put(automaton.layout.rawValue)
    put16(automaton.location)
    put(automaton.target)
    put(automaton.semantics?.rawValue ?? 0)
    put(automaton.errorPolicy)
    put(UInt16(truncatingIfNeeded: automaton.variables.count))
    for variable in automaton.variables { put(variable) }
    put(UInt16(truncatingIfNeeded: automaton.states.count))
    for state in automaton.states { put(state) }
    put(UInt16(truncatingIfNeeded: automaton.transitions.count))
    for transition in automaton.transitions { put(transition) }
    put(automaton.initialState.raw)
    put(automaton.blackBox != nil)
    if let blackBox = automaton.blackBox { put(blackBox) }
  }

  private mutating func put(_ names: [Name]) {
    put(UInt16(truncatingIfNeeded: names.count))
    for name in names { put16(name) }
  }

  private mutating func put(_ indices: [UInt16]) {
    put(UInt16(truncatingIfNeeded: indices.count))
    for index in indices { put(index) }
  }

  private mutating func put(_ target: Target) {
    put16(target.profile)
    put(UInt16(truncatingIfNeeded: target.resources.count))
    for resource in target.resources {
      put16(resource.kind)
      put16(resource.name)
      put(UInt16(truncatingIfNeeded: resource.pins.count))
      for pin in resource.pins { put(pin) }
    }
    put(UInt16(truncatingIfNeeded: target.components.count))
    for component in target.components {
      put16(component.name)
      put16(component.manifest)
      put16(component.registration)
    }
  }

  private mutating func put(_ policy: ErrorPolicy) {
    switch policy {
    case .continue: put(UInt8(1))
    case .faultState(let state):
      put(UInt8(2))
      put(state.raw)
    case .stop: put(UInt8(3))
    }
  }

  private mutating func put(_ variable: Variable) {
    put16(variable.name)
    put32(variable.description)
    put(variable.type.rawValue)
    put(variable.direction.rawValue)
    put(variable.initial)
  }

  /// A value with its type before it, as in the device protocol; texts have their length in 16 bits there.
  public mutating func put(_ value: AutomatonValue) {
    put(value.type.rawValue)
    switch value {
    case .void: break
    case .bool(let value): put(value)
    case .int32(let value): put(value)
    case .int64(let value): put(value)
    case .float32(let value): put(value)
    case .float64(let value): put(value)
    case .string(let bytes), .binary(let bytes): put16(bytes)
    }
  }

  private mutating func put(_ state: State) {
    put16(state.name)
    put32(state.description)
    put(state.inputs)
    put(state.outputs)
    put(state.variables)
    put32(state.onEnter)
    put32(state.body)
    put32(state.onExit)
    put32(state.file)
    put(state.parent.raw)
    put(state.initialChild.raw)
    put(state.isParallel)
    put(state.history.rawValue)
    put(state.position != nil)
    if let position = state.position {
      put(position.x)
      put(position.y)
    }
  }

  private mutating func put(_ transition: Transition) {
    put16(transition.name)
    put32(transition.description)
    put(transition.from.raw)
    put(transition.to.raw)
    put32(transition.body)
    put32(transition.triggered)
    put32(transition.file)
    put(transition.priority)
    put(transition.weight)
    put(transition.isEnabled)
    switch transition.trigger {
    case .classic(let classic):
      put(UInt8(1))
      put32(classic.condition)
      put(classic.isRisingEdge)
    case .timed(let timed):
      put(UInt8(2))
      put(timed.mode.rawValue)
      put(timed.delay)
      put(timed.windowEnd)
      put(timed.jitter)
      put(timed.repeatCount)
      put(timed.absoluteTime)
      put32(timed.condition)
      put(timed.isBlocking)
    case .event(let event):
      put(UInt8(3))
      put(UInt16(truncatingIfNeeded: event.signals.count))
      for signal in event.signals {
        put16(signal.signal)
        put(signal.direction.rawValue)
        put(signal.kind.rawValue)
        put(signal.comparison.rawValue)
        put(signal.threshold)
        put(signal.isOneShot)
        put16(signal.pattern)
      }
      put(event.requiresAll)
      put(event.debounce)
      put32(event.condition)
    case .probabilistic(let probabilistic):
      put(UInt8(4))
      put32(probabilistic.weightExpression)
      put(probabilistic.weightMin)
    case .immediate: put(UInt8(5))
    }
  }

  private mutating func put(_ blackBox: BlackBox) {
    put(UInt16(truncatingIfNeeded: blackBox.ports.count))
    for port in blackBox.ports {
      put16(port.name)
      put(port.direction.rawValue)
      put(port.type.rawValue)
      put(port.isObservable)
      put(port.isFaultInjectable)
      put(port.isLatencyCritical)
      put32(port.description)
    }
    put(blackBox.emittedEvents)
    put(blackBox.observableStates.map { $0.raw })
    put(UInt16(truncatingIfNeeded: blackBox.resources.count))
    for resource in blackBox.resources {
      put16(resource.name)
      put16(resource.kind)
      put(resource.capacity)
      put(resource.isShared)
      put(resource.isLatencySensitive)
      put32(resource.description)
    }
  }
}
