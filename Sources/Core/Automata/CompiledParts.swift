import Script

struct CompiledState: Sendable {
  var onEnter: Int32
  var body: Int32
  var onExit: Int32
  /// Enabled transitions out of it, by priority and then declaration.
  var outgoing: [Int32] = []
  /// Those of them that have a timer.
  var timers: [Int32] = []
  /// Children in order of declaration.
  var children: [Int32] = []
  var parent: Int32 = -1
  var depth: Int32 = 0
  var isParallel = false
  var history = History.none
  var initialChild: Int32 = -1
  /// Whether something may happen in it without a change, a deadline or an entry.
  var isLively = false

  init(onEnter: Int32, body: Int32, onExit: Int32) {
    self.onEnter = onEnter
    self.body = body
    self.onExit = onExit
  }

  static func connect(_ states: inout [CompiledState], _ transitions: [CompiledTransition], _ model: Automaton) {
    for index in states.indices {
      let state = model.states[index]
      states[index].isParallel = state.isParallel
      states[index].history = state.history
      if !state.initialChild.isNone { states[index].initialChild = Int32(state.initialChild.index) }
      guard !state.parent.isNone else { continue }
      // Parents stand before their children.
      states[index].parent = Int32(state.parent.index)
      states[index].depth = states[state.parent.index].depth + 1
      states[state.parent.index].children.append(Int32(index))
    }
    for (index, transition) in transitions.enumerated() where transition.isEnabled {
      states[Int(transition.from)].outgoing.append(Int32(index))
    }
    for index in states.indices {
      states[index].outgoing.sort {
        let left = transitions[Int($0)].priority
        let right = transitions[Int($1)].priority
        return left < right || (left == right && $0 < $1)
      }
      states[index].timers = states[index].outgoing.filter { transitions[Int($0)].timed != nil }
      states[index].isLively =
        states[index].body >= 0 || states[index].outgoing.contains { transitions[Int($0)].isLively }
    }
  }
}

struct CompiledTransition: Sendable {
  enum Kind: UInt8 {
    case classic, timed, event, probabilistic, immediate
  }

  var kind: Kind
  var from: Int32
  var to: Int32
  /// Innermost state around both ends that is left by neither, -1 for the automaton itself.
  var domain: Int32
  var priority: UInt8
  var weight: UInt32
  var isEnabled: Bool
  /// The condition of a classic transition, the additional one of others.
  var condition: Int32 = -1
  var body: Int32 = -1
  var triggered: Int32 = -1
  var weightExpression: Int32 = -1
  var weightMin: UInt32 = 0
  var isRisingEdge = false
  var timed: Timed?
  var signals: [CompiledSignal] = []
  var requiresAll = false
  var debounce: Int64 = 0

  /// Whether it takes part in a choice by chance.
  var isWeighted: Bool { kind == .probabilistic || weight != Transition.weightDefault }

  /// Whether it must be looked at in every tick.
  var isLively: Bool {
    switch kind {
    case .classic, .probabilistic, .immediate: true
    case .timed, .event: false
    }
  }

  init(_ model: Automaton, _ index: Int, _ scripts: inout ScriptCollector) throws(CompiledAutomaton.Failure) {
    let transition = model.transitions[index]
    let owner = ScriptPlace.Owner.transition(index)
    from = Int32(transition.from.index)
    to = Int32(transition.to.index)
    domain = CompiledTransition.domain(model, transition.from, transition.to)
    priority = transition.priority
    weight = transition.weight
    isEnabled = transition.isEnabled
    let file = try scripts.add(transition.file, ScriptPlace(part: .file, owner: owner), .block)
    var condition: Name = []
    switch transition.trigger {
    case .classic(let classic):
      kind = .classic
      condition = classic.condition
      isRisingEdge = classic.isRisingEdge
    case .timed(let timed):
      kind = .timed
      condition = timed.condition
      self.timed = timed
    case .event(let event):
      kind = .event
      condition = event.condition
      requiresAll = event.requiresAll
      debounce = Int64(event.debounce)
      for signal in event.signals { signals.append(CompiledSignal(signal, model)) }
    case .probabilistic(let probabilistic):
      kind = .probabilistic
      weightExpression = try scripts.add(
        probabilistic.weightExpression, ScriptPlace(part: .weight, owner: owner), .expression)
      weightMin = probabilistic.weightMin
    case .immediate: kind = .immediate
    }
    let takesCondition = kind != .probabilistic && kind != .immediate
    self.condition = try scripts.add(
      condition, ScriptPlace(part: .condition, owner: owner), .expression, file: takesCondition ? file : -1)
    body = try scripts.add(
      transition.body, ScriptPlace(part: .transitionBody, owner: owner), .block, file: file)
    triggered = try scripts.add(transition.triggered, ScriptPlace(part: .triggered, owner: owner), .block, file: file)
  }

  /// SCXML calls it the least common compound ancestor of source and target.
  private static func domain(_ model: Automaton, _ from: StateIndex, _ to: StateIndex) -> Int32 {
    var candidate = model.states[from.index].parent
    while !candidate.isNone {
      var inner = model.states[to.index].parent
      while !inner.isNone {
        if inner == candidate { return Int32(candidate.index) }
        inner = model.states[inner.index].parent
      }
      candidate = model.states[candidate.index].parent
    }
    return -1
  }
}

struct CompiledSignal: Sendable {
  /// -1 for a name that is no variable: an event that is raised from outside.
  var variable: Int32
  var name: Name
  var kind: SignalTrigger.Kind
  var comparison: SignalTrigger.Comparison
  var threshold: Double
  var isOneShot: Bool
  var pattern: Name

  init(_ signal: SignalTrigger, _ model: Automaton) {
    variable = model.variable(named: signal.signal).map { Int32($0) } ?? -1
    name = signal.signal
    kind = signal.kind
    comparison = signal.comparison
    threshold = signal.threshold.asDouble ?? 0
    isOneShot = signal.isOneShot
    pattern = signal.pattern
  }
}
