import Bytes
import Script

/// The form of an automaton for devices that do not translate: references are resolved, scripts compiled. It is made by a
/// host, and read by `CompiledAutomaton.init(deviceForm:)`, which needs a tenth of the code that a model needs.
///
/// Layout: "AETHDV01", numbers big-endian, positions in 16 bits with 0xFFFF for none, counts in 16 bits, texts with their
/// length in 32 bits. SHA-256 of the model, how scripts are given, semantics, functions of the host, name; counts of states,
/// transitions, signals, programs, names, variables, places; names; variables; shared variables; places, of which states
/// name slices by start and count; policy, first state; states; transitions; signals; programs.
public enum DeviceForm {
  public static var magic: [UInt8] { [0x41, 0x45, 0x54, 0x48, 0x44, 0x56, 0x30, 0x31] }

  /// How scripts are given.
  public enum Scripts: UInt8, Sendable {
    /// Compiled, for images with the script machine.
    case code = 1
    /// By their text, which native code knows as a name.
    case names = 2
  }

  /// The bytes are not the form of an automaton that this image can run.
  public struct DecodingError: Error, Sendable, Equatable {
    /// Where reading ended.
    public var offset: Int
    /// A function that scripts name and this image leaves out; empty when that was not the reason.
    public var functionLeftOut: Name = []
  }

  /// - Returns: `nil` for an automaton with more parts than positions of 16 bits can name.
  public static func encode(_ automaton: CompiledAutomaton, scripts: Scripts = .code) -> [UInt8]? {
    var writer = ByteWriter()
    writer.put(raw: magic)
    writer.put(raw: automaton.hash)
    writer.put(scripts.rawValue)
    writer.put(automaton.semantics == .compat)
    writer.put(automaton.hostFunctions)
    writer.put32(automaton.name)
    let counts = [
      automaton.states.count, automaton.transitions.count, automaton.signals.count, automaton.programs.count,
      automaton.names.count, automaton.variables.count, automaton.lists.count,
    ]
    for count in counts {
      guard count < 0xFFFE else { return nil }
      writer.put(UInt16(count))
    }
    writer.put(automaton.names) { $0.put32($1) }
    for variable in automaton.variables {
      writer.put32(variable.name)
      writer.put(variable.direction.rawValue)
      writer.put(long: variable.initial)
    }
    writer.put(position: Int32(automaton.sharedVariables.count))
    writer.put(automaton.sharedVariables) { $0.put(position: $1) }
    writer.put(automaton.lists) { $0.put(position: $1) }
    switch automaton.errorPolicy {
    case .continue: writer.put(position: -1)
    case .stop: writer.put(position: -2)
    case .faultState(let state): writer.put(state.raw)
    }
    writer.put(automaton.initialState.raw)
    writer.put(automaton.states) { $0.put($1) }
    writer.put(automaton.transitions) { $0.put($1) }
    writer.put(automaton.signals) { $0.put($1) }
    let model = automaton.model
    writer.put(automaton.programs) { $0.put($1, model, scripts) }
    return writer.bytes
  }
}

extension ByteWriter {
  fileprivate mutating func put(position: Int32) { put(UInt16(truncatingIfNeeded: position)) }

  fileprivate mutating func put<Part>(_ parts: borrowing FixedList<Part>, _ put: (inout ByteWriter, Part) -> Void) {
    for index in parts.indices { put(&self, parts[index]) }
  }

  private mutating func put(_ slice: Slice) {
    put(position: slice.start)
    put(position: slice.count)
  }

  fileprivate mutating func put(_ state: CompiledState) {
    for program in [state.onEnter, state.body, state.onExit] { put(position: program) }
    put(position: state.parent)
    put(position: state.initialChild)
    put(state.isParallel)
    put(state.history.rawValue)
    put(state.isLively)
    for slice in [state.outgoing, state.timers, state.children] { put(slice) }
  }

  fileprivate mutating func put(_ transition: CompiledTransition) {
    put(transition.kind.rawValue)
    for state in [transition.from, transition.to, transition.domain] { put(position: state) }
    put(transition.weight)
    put(transition.weightMin)
    for program in [transition.condition, transition.body, transition.triggered, transition.weightExpression] {
      put(position: program)
    }
    put(transition.signals)
    put(transition.timer.mode.rawValue)
    put(transition.timer.isBlocking)
    put(transition.timer.repeatCount)
    put(transition.timer.jitter)
    put(transition.timer.delay)
    put(transition.timer.windowEnd)
    put(transition.timer.absoluteTime)
    put(transition.debounce)
    put(transition.priority)
    for flag in [transition.isEnabled, transition.isRisingEdge, transition.requiresAll] { put(flag) }
  }

  fileprivate mutating func put(_ signal: CompiledSignal) {
    for position in [signal.variable, signal.name, signal.pattern] { put(position: position) }
    put(signal.threshold)
    put(signal.kind.rawValue)
    put(signal.comparison.rawValue)
    put(signal.isOneShot)
  }

  fileprivate mutating func put(_ program: CompiledProgram, _ model: Automaton, _ scripts: DeviceForm.Scripts) {
    put(program.place.part.rawValue)
    switch program.place.owner {
    case .state(let index):
      put(false)
      put(position: Int32(index))
    case .transition(let index):
      put(true)
      put(position: Int32(index))
    }
    put(position: program.file)
    put(program.isTrueWhenItEnds)
    put(program.script != nil)
    guard let script = program.script else { return }
    put32(scripts == .names ? model.script(at: program.place) : script.encoded)
  }
}

extension Automaton {
  /// The text of a script.
  fileprivate func script(at place: ScriptPlace) -> Name {
    switch place.owner {
    case .state(let index):
      switch place.part {
      case .onEnter: return states[index].onEnter
      case .onExit: return states[index].onExit
      case .body: return states[index].body
      default: return states[index].file
      }
    case .transition(let index):
      let transition = transitions[index]
      switch (place.part, transition.trigger) {
      case (.transitionBody, _): return transition.body
      case (.triggered, _): return transition.triggered
      case (.condition, .classic(let classic)): return classic.condition
      case (.condition, .timed(let timed)): return timed.condition
      case (.condition, .event(let event)): return event.condition
      case (.weight, .probabilistic(let probabilistic)): return probabilistic.weightExpression
      default: return transition.file
      }
    }
  }
}
