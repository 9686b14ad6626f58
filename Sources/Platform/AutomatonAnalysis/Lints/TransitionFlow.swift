import Automata

/// Which transitions can be taken and which states be entered, as far as the model alone tells.
struct TransitionFlow {
  /// Why a transition is never taken.
  enum Obstacle: Equatable {
    case disabled
    /// Its own trigger never comes.
    case never(String)
    /// Another one, always ready, is preferred.
    case shadowed(by: Int)
    /// A timer of the same state is due earlier, whatever happens.
    case late(than: Int)
    /// A timer of better priority keeps it from being looked at.
    case blocked(by: Int)
  }

  let automaton: Automaton
  let semantics: Semantics
  private let conditions: [Bool?]
  /// By state, in order of declaration: all transitions out of it, and the states inside it.
  let leaving: [[Int]]
  let inside: [[StateIndex]]
  private(set) var obstacles: [Obstacle?] = []
  private(set) var isReachable: [Bool] = []

  init(_ automaton: Automaton, _ scripts: ModelScripts, _ semantics: Semantics) {
    self.automaton = automaton
    self.semantics = semantics
    conditions = scripts.conditions
    var leaving: [[Int]] = Array(repeating: [], count: automaton.states.count)
    for (index, transition) in automaton.transitions.enumerated() { leaving[transition.from.index].append(index) }
    var inside: [[StateIndex]] = Array(repeating: [], count: automaton.states.count)
    for (index, state) in automaton.states.enumerated() where !state.parent.isNone {
      inside[state.parent.index].append(StateIndex(index))
    }
    (self.leaving, self.inside) = (leaving, inside)
    obstacles = automaton.transitions.indices.map(ownObstacle)
    for state in automaton.states.indices { addObstacles(StateIndex(state)) }
    isReachable = reachable()
  }

  func isPossible(_ transition: Int) -> Bool { obstacles[transition] == nil }

  /// Enabled transitions out of a state by priority, then declaration.
  func outgoing(_ state: StateIndex) -> [[Int]] {
    let own = leaving[state.index].filter { automaton.transitions[$0].isEnabled }
    let groups = Dictionary(grouping: own) { automaton.transitions[$0].priority }
    return groups.sorted { $0.key < $1.key }.map(\.value)
  }

  func isWeighted(_ transition: Int) -> Bool {
    if case .probabilistic = automaton.transitions[transition].trigger { return true }
    return automaton.transitions[transition].weight != Transition.weightDefault
  }

  func isTimeout(_ transition: Int) -> Bool {
    if case .timed(let timed) = automaton.transitions[transition].trigger { return timed.mode == .timeout }
    return false
  }

  /// Whether a transition may be taken in every tick.
  func isAlwaysReady(_ index: Int) -> Bool {
    let condition = conditions[index]
    switch automaton.transitions[index].trigger {
    case .classic(let classic): return condition == true && !(classic.isRisingEdge && semantics == .strict)
    case .immediate, .probabilistic: return true
    case .event(let event): return event.signals.isEmpty && event.requiresAll && condition == true
    case .timed(let timed):
      guard condition == true, timed.delay == 0, timed.jitter == 0 else { return false }
      return timed.mode == .after || timed.mode == .timeout || (timed.mode == .window && timed.windowEnd == 0)
    }
  }

  /// When a timer without conditions fires at the latest.
  private func deadline(_ index: Int) -> Int32? {
    guard case .timed(let timed) = automaton.transitions[index].trigger, conditions[index] == true else { return nil }
    switch timed.mode {
    case .after, .timeout: return timed.delay.addingReportingOverflow(timed.jitter).partialValue
    case .at, .every, .window: return nil
    }
  }

  private func ownObstacle(_ index: Int) -> Obstacle? {
    let transition = automaton.transitions[index]
    guard transition.isEnabled else { return .disabled }
    switch transition.trigger {
    case .probabilistic, .immediate: return nil
    case .classic(let classic):
      if classic.isRisingEdge, conditions[index] == true, semantics == .strict {
        return .never("its condition is always true, so that it never becomes true")
      }
    case .event(let event):
      if event.signals.isEmpty, !event.requiresAll { return .never("it waits for no signal at all") }
    case .timed: break
    }
    return conditions[index] == false ? .never("its condition is always false") : nil
  }

  private mutating func addObstacles(_ state: StateIndex) {
    var ready: Int?
    var timer: Int?
    var due: [(index: Int, delay: Int32)] = []
    for group in outgoing(state) {
      let hasWeights = group.contains(where: isWeighted)
      var ownReady: Int?
      // Timeouts stand back behind everything else of their priority.
      for transition in group.filter({ !isTimeout($0) }) + group.filter(isTimeout) {
        guard obstacles[transition] == nil else { continue }
        let isSecond = isTimeout(transition) && ownReady.map { !isTimeout($0) } ?? false
        if let ready {
          obstacles[transition] = .shadowed(by: ready)
        } else if let timer {
          obstacles[transition] = .blocked(by: timer)
        } else if let ownReady, !hasWeights || isSecond {
          obstacles[transition] = .shadowed(by: ownReady)
        } else if ownReady == nil, isAlwaysReady(transition) {
          ownReady = transition
        }
      }
      if ready == nil { ready = ownReady }
      for transition in group where obstacles[transition] == nil {
        if let delay = deadline(transition) { due.append((transition, delay)) }
      }
      for transition in group where obstacles[transition] == nil {
        guard case .timed(let timed) = automaton.transitions[transition].trigger, timed.mode != .at else { continue }
        // In one tick both may be due; then the one that is preferred decides.
        let earlier = due.first { other in
          let isPreferred =
            !group.contains(other.index) || (!hasWeights && other.index < transition && !isTimeout(other.index))
          return isPreferred && other.delay < timed.delay - timed.jitter
        }
        if let earlier { obstacles[transition] = .late(than: earlier.index) }
      }
      if timer == nil {
        timer = group.first { transition in
          guard case .timed(let timed) = automaton.transitions[transition].trigger else { return false }
          return semantics == .compat || timed.isBlocking && isPossible(transition)
        }
      }
    }
  }

  // MARK: States

  private func reachable() -> [Bool] {
    var reached = [Bool](repeating: false, count: automaton.states.count)
    var pending: [StateIndex] = []
    func reach(_ state: StateIndex) {
      guard !state.isNone, !reached[state.index] else { return }
      reached[state.index] = true
      pending.append(state)
    }
    reach(automaton.initialState)
    while let state = pending.popLast() {
      let own = automaton.states[state.index]
      if own.isParallel {
        inside[state.index].forEach(reach)
      } else {
        reach(own.initialChild)
      }
      // A state inside is active with those around it, and with the other regions of these.
      if !own.parent.isNone { reach(own.parent) }
      for index in leaving[state.index] where isPossible(index) { reach(automaton.transitions[index].to) }
      if case .faultState(let fault) = automaton.errorPolicy { reach(fault) }
    }
    return reached
  }
}
