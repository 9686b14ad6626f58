@testable import Automata

/// Small models, built in code.
struct Builder {
  var automaton = Automaton(name: Array("test".utf8))

  @discardableResult
  mutating func state(
    _ name: String, enter: String = "", body: String = "", exit: String = "", parent: StateIndex = .none
  ) -> StateIndex {
    var state = State(name: Array(name.utf8))
    state.onEnter = Array(enter.utf8)
    state.body = Array(body.utf8)
    state.onExit = Array(exit.utf8)
    state.parent = parent
    automaton.states.append(state)
    let index = StateIndex(automaton.states.count - 1)
    if automaton.initialState.isNone { automaton.initialState = index }
    return index
  }

  @discardableResult
  mutating func variable(_ name: String, _ type: ValueType, _ direction: Variable.Direction = .internal) -> Int {
    automaton.variables.append(Variable(name: Array(name.utf8), type: type, direction: direction))
    return automaton.variables.count - 1
  }

  mutating func transition(
    _ from: StateIndex, _ to: StateIndex, _ trigger: Trigger, name: String? = nil, body: String = "",
    triggered: String = "", priority: UInt8 = 0, weight: UInt32 = 100
  ) {
    let index = automaton.transitions.count
    var transition = Transition(
      name: name.map { Array($0.utf8) } ?? Transition.defaultName(index), from: from, to: to, trigger: trigger)
    transition.body = Array(body.utf8)
    transition.triggered = Array(triggered.utf8)
    transition.priority = priority
    transition.weight = weight
    automaton.transitions.append(transition)
  }

  func engine(_ semantics: Semantics = .strict, seed: UInt64 = 1) throws -> Engine {
    Engine(try CompiledAutomaton(automaton, semantics: semantics), options: EngineOptions(seed: seed))
  }
}

extension Trigger {
  static func when(_ condition: String) -> Trigger { .classic(Classic(condition: Array(condition.utf8))) }
  static func after(_ delay: Int32) -> Trigger { .timed(Timed(mode: .after, delay: delay)) }
  static func every(_ delay: Int32, times: UInt32 = 0) -> Trigger {
    var timed = Timed(mode: .every, delay: delay)
    timed.repeatCount = times
    return .timed(timed)
  }
  static func on(_ signal: String, _ kind: SignalTrigger.Kind = .onChange) -> Trigger {
    .event(Event(signals: [SignalTrigger(signal: Array(signal.utf8), kind: kind)]))
  }
}

extension Engine {
  var stateNames: [String] { leaves.map { String(decoding: model.states[$0.index].name, as: UTF8.self) } }

  /// Times at which transitions were taken, in ticks of `step` up to `end`.
  func firingTimes(step: Int64, until end: Int64) -> [Int64] {
    var times: [Int64] = []
    var time = now + step
    while time <= end {
      if tick(at: time) { times.append(time) }
      time += step
    }
    return times
  }

  var printed: [String] {
    events.compactMap { if case .printed(let text) = $0 { String(decoding: text, as: UTF8.self) } else { nil } }
  }
  var faults: [String] {
    events.compactMap { if case .error(let e) = $0 { String(decoding: e.fault.message, as: UTF8.self) } else { nil } }
  }
}
