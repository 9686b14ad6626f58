import Bytes

/// The device form of the first engine, "AETHBC01": flat states, five kinds of transitions, scripts as text.
///
/// It has no place for descriptions, tags, jitter, several signals, debounce, weights by expression, hierarchy or a
/// contract. `encode` refuses what would be lost and says what it is; `Artifact.Kind.model` holds everything.
public enum Bytecode {
  public static var magic: [UInt8] { [0x41, 0x45, 0x54, 0x48, 0x42, 0x43, 0x30, 0x31] }

  /// What a model has that this form cannot hold.
  public struct Unsupported: Error, Sendable, Equatable {
    public enum Feature: UInt8, Sendable {
      case description = 1
      case metadata = 2
      case target = 3
      case semantics = 4
      case errorPolicy = 5
      case hierarchy = 6
      case position = 7
      case listedVariables = 8
      case blackBox = 9
      case valueType = 10
      case risingEdge = 11
      case timedMode = 12
      case jitter = 13
      case timedCondition = 14
      case blocking = 15
      case severalSignals = 16
      case requireAll = 17
      case debounce = 18
      case eventCondition = 19
      case dynamicWeight = 20
      case weightRange = 21
      case delayRange = 22
      case textLength = 23
      case folderLayout = 24
    }

    public var feature: Feature
    public var subject: ModelProblem.Subject
  }

  public enum DecodingError: Error, Sendable, Equatable {
    case endOfBytes(offset: Int)
    case notBytecode
    case unknownVersion
    case unknownVariant(offset: Int)
    /// Two parts with one number, or a reference to none.
    case badReference(offset: Int)
    case trailingBytes(offset: Int)
  }

  enum TransitionKind: UInt8 {
    case immediate = 1
    case after = 2
    case classic = 3
    case event = 4
    case timeout = 5
  }

  /// - Returns: what of the model would be lost; nothing when it can be encoded.
  public static func unsupported(_ automaton: Automaton) -> [Unsupported] {
    var found: [Unsupported] = []
    func add(_ feature: Unsupported.Feature, _ subject: ModelProblem.Subject) {
      found.append(Unsupported(feature: feature, subject: subject))
    }
    func check(_ texts: [Name], _ subject: ModelProblem.Subject) {
      if texts.contains(where: { $0.count > 0xFFFF }) { add(.textLength, subject) }
    }
    if !automaton.description.isEmpty { add(.description, .automaton) }
    if !automaton.version.isEmpty || !automaton.author.isEmpty || !automaton.tags.isEmpty { add(.metadata, .automaton) }
    if automaton.layout != .inline || automaton.location != [0x2E]
      || automaton.states.contains(where: { !$0.file.isEmpty })
      || automaton.transitions.contains(where: { !$0.file.isEmpty })
    {
      add(.folderLayout, .automaton)
    }
    if automaton.target != Target() { add(.target, .automaton) }
    if automaton.semantics != nil { add(.semantics, .automaton) }
    if automaton.errorPolicy != .continue { add(.errorPolicy, .automaton) }
    if automaton.blackBox != nil { add(.blackBox, .automaton) }
    for (index, variable) in automaton.variables.enumerated() {
      if !variable.description.isEmpty { add(.description, .variable(index)) }
      switch variable.type {
      case .void, .bool, .int32, .float32, .string: break
      default: add(.valueType, .variable(index))
      }
    }
    for (index, state) in automaton.states.enumerated() {
      if !state.description.isEmpty { add(.description, .state(index)) }
      if !state.parent.isNone || state.isParallel { add(.hierarchy, .state(index)) }
      if state.position != nil { add(.position, .state(index)) }
      if !(state.inputs + state.outputs + state.variables).isEmpty { add(.listedVariables, .state(index)) }
      check([state.onEnter, state.body, state.onExit], .state(index))
    }
    for (index, transition) in automaton.transitions.enumerated() {
      let subject = ModelProblem.Subject.transition(index)
      if !transition.description.isEmpty { add(.description, subject) }
      if transition.weight > 0xFFFF { add(.weightRange, subject) }
      check([transition.body, transition.triggered], subject)
      switch transition.trigger {
      case .immediate: break
      case .probabilistic: add(.dynamicWeight, subject)
      case .classic(let classic):
        if classic.isRisingEdge { add(.risingEdge, subject) }
        check([classic.condition], subject)
      case .timed(let timed):
        if timed.mode != .after && timed.mode != .timeout { add(.timedMode, subject) }
        if timed.jitter != 0 { add(.jitter, subject) }
        if timed.windowEnd != 0 || timed.repeatCount != 0 || timed.absoluteTime != 0 { add(.timedMode, subject) }
        if timed.isBlocking { add(.blocking, subject) }
        check([timed.condition], subject)
      case .event(let event):
        if event.signals.count != 1 { add(.severalSignals, subject) }
        if event.requiresAll { add(.requireAll, subject) }
        if event.debounce != 0 { add(.debounce, subject) }
        check([event.condition], subject)
        for signal in event.signals {
          check([signal.pattern], subject)
          switch signal.threshold {
          case .void, .bool, .int32, .float32, .string: break
          default: add(.valueType, subject)
          }
        }
      }
    }
    return found
  }

  public static func encode(_ automaton: Automaton) throws(Unsupported) -> [UInt8] {
    if let first = unsupported(automaton).first { throw first }
    var writer = ByteWriter()
    writer.put(raw: magic)
    writer.put(UInt16(0))
    writer.put(UInt16(1))
    writer.put16(automaton.name)
    writer.put(number(automaton.initialState.index))
    writer.put(UInt16(truncatingIfNeeded: automaton.variables.count))
    writer.put(UInt16(truncatingIfNeeded: automaton.states.count))
    writer.put(UInt16(truncatingIfNeeded: automaton.transitions.count))
    for (index, variable) in automaton.variables.enumerated() {
      writer.put(number(index))
      writer.put(variable.type.rawValue)
      writer.put(variable.direction.rawValue)
      writer.put16(variable.name)
      writer.put(variable.initial)
    }
    for (index, state) in automaton.states.enumerated() {
      writer.put(number(index))
      writer.put16(state.name)
      writer.put16(state.onEnter)
      writer.put16(state.body)
      writer.put16(state.onExit)
    }
    for (index, transition) in automaton.transitions.enumerated() { put(transition, index, to: &writer) }
    return writer.bytes
  }

  /// States, transitions and variables are counted from 1.
  private static func number(_ index: Int) -> UInt16 { UInt16(truncatingIfNeeded: index + 1) }

  private static func put(_ transition: Transition, _ index: Int, to writer: inout ByteWriter) {
    var kind = TransitionKind.immediate
    var delay: Int32 = 0
    var condition: Name = []
    var signal: SignalTrigger?
    switch transition.trigger {
    case .immediate, .probabilistic: break
    case .classic(let classic):
      kind = .classic
      condition = classic.condition
    case .timed(let timed):
      kind = timed.mode == .timeout ? .timeout : .after
      delay = timed.delay
      condition = timed.condition
    case .event(let event):
      kind = .event
      condition = event.condition
      signal = event.signals.first
    }
    writer.put(number(index))
    writer.put(number(transition.from.index))
    writer.put(number(transition.to.index))
    writer.put(kind.rawValue)
    writer.put(transition.priority)
    writer.put(transition.isEnabled)
    writer.put(UInt8(0))
    writer.put(UInt16(truncatingIfNeeded: transition.weight))
    writer.put(delay)
    writer.put16(condition)
    writer.put16(transition.body)
    writer.put16(transition.triggered)
    writer.put(signal?.direction.rawValue ?? 0)
    writer.put(signal?.kind.rawValue ?? 0)
    writer.put(signal.map { $0.threshold != .void } ?? false)
    writer.put(signal.map { $0.comparison.rawValue } ?? 0)
    writer.put(signal?.isOneShot ?? false)
    writer.put(UInt8(0))
    writer.put(signal?.threshold ?? .void)
    writer.put16(signal?.signal ?? [])
    writer.put16(signal?.pattern ?? [])
    writer.put16(transition.name)
  }

  public static func decode(_ bytes: [UInt8]) throws(DecodingError) -> Automaton {
    var reader = BytecodeReader(bytes)
    return try reader.automaton()
  }
}
