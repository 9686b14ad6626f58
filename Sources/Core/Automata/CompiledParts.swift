import Script

/// What an automaton consists of when it is ready to run, while it is put together of a model.
struct CompiledParts {
  var semantics = Semantics.strict
  var hash: [UInt8] = []
  var name: Name = []
  var variables: [Variable] = []
  var errorPolicy = ErrorPolicy.continue
  var initialState = StateIndex.none
  /// Names of the states and of the transitions, then names and patterns of the signals.
  var names: [Name] = []
  var states: [CompiledState] = []
  var transitions: [CompiledTransition] = []
  var signals: [CompiledSignal] = []
  /// Positions of transitions and states, in slices.
  var lists: [Int32] = []
  var programs: [CompiledProgram] = []
  /// Variables that scripts can name as globals, in order.
  var sharedVariables: [Int32] = []
  /// A bit for each function of `HostFunctions.all` that scripts can name.
  var hostFunctions: UInt32 = 0
}

/// What an automaton consists of when it is ready to run: the same as `CompiledParts`, or read as the form for devices.
struct FixedParts: ~Copyable {
  let semantics: Semantics
  let hash: [UInt8]
  let name: Name
  let variables: [Variable]
  let errorPolicy: ErrorPolicy
  let initialState: StateIndex
  let names: FixedList<Name>
  let states: FixedList<CompiledState>
  let transitions: FixedList<CompiledTransition>
  let signals: FixedList<CompiledSignal>
  let lists: FixedList<Int32>
  let programs: FixedList<CompiledProgram>
  let sharedVariables: FixedList<Int32>
  let hostFunctions: UInt32
}

extension FixedParts {
  init(_ parts: CompiledParts) {
    self.init(
      semantics: parts.semantics, hash: parts.hash, name: parts.name, variables: parts.variables,
      errorPolicy: parts.errorPolicy, initialState: parts.initialState, names: FixedList(parts.names),
      states: FixedList(parts.states), transitions: FixedList(parts.transitions), signals: FixedList(parts.signals),
      lists: FixedList(parts.lists), programs: FixedList(parts.programs),
      sharedVariables: FixedList(parts.sharedVariables), hostFunctions: parts.hostFunctions)
  }

  var isHierarchical: Bool {
    for index in states.indices where states[index].parent >= 0 { return true }
    return false
  }
}

extension CompiledParts {
  /// Fills in what follows from other states and the transitions.
  mutating func connect(_ model: Automaton) {
    for index in states.indices {
      let state = model.states[index]
      states[index].isParallel = state.isParallel
      states[index].history = state.history
      if !state.initialChild.isNone { states[index].initialChild = Int32(state.initialChild.index) }
      if !state.parent.isNone { states[index].parent = Int32(state.parent.index) }
      var children: [Int32] = []
      for child in model.states.indices where model.states[child].parent == StateIndex(index) {
        children.append(Int32(child))
      }
      states[index].children = add(children)
      var outgoing: [Int32] = []
      for (place, transition) in transitions.enumerated() where transition.isEnabled && transition.from == index {
        // Behind everything of equal or better priority: the order of declaration is kept.
        let position = outgoing.firstIndex { transitions[Int($0)].priority > transition.priority } ?? outgoing.count
        outgoing.insert(Int32(place), at: position)
      }
      states[index].outgoing = add(outgoing)
      states[index].timers = add(outgoing.filter { transitions[Int($0)].isTimed })
      states[index].isLively = states[index].body >= 0 || outgoing.contains { transitions[Int($0)].isLively }
    }
  }

  private mutating func add(_ numbers: [Int32]) -> Slice {
    let slice = Slice(start: Int32(lists.count), count: Int32(numbers.count))
    lists += numbers
    return slice
  }
}

// Plain numbers without references, so that reading them counts nothing. Lists lie in `CompiledParts.lists`.

/// A part of `CompiledParts.lists`.
struct Slice: Sendable {
  var start: Int32 = 0
  var count: Int32 = 0

  @inline(__always) var range: Range<Int> {
    // Checked when the parts were put together or read; and each position is checked where it is used.
    Range(uncheckedBounds: (Int(start), Int(start &+ count)))
  }
  @inline(__always) var isEmpty: Bool { count == 0 }
}

struct CompiledState: Sendable {
  var onEnter: Int32
  var body: Int32
  var onExit: Int32
  /// Enabled transitions out of it, by priority and then declaration.
  var outgoing = Slice()
  /// Those of them that have a timer.
  var timers = Slice()
  /// Children in order of declaration.
  var children = Slice()
  var parent: Int32 = -1
  var initialChild: Int32 = -1
  var isParallel = false
  var history = History.none
  /// Whether something may happen in it without a change, a deadline or an entry.
  var isLively = false

  init(onEnter: Int32, body: Int32, onExit: Int32) {
    self.onEnter = onEnter
    self.body = body
    self.onExit = onExit
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
  var weight = Transition.weightDefault
  var weightMin: UInt32 = 0
  /// The condition of a classic transition, the additional one of others.
  var condition: Int32 = -1
  var body: Int32 = -1
  var triggered: Int32 = -1
  var weightExpression: Int32 = -1
  /// In `CompiledParts.signals`.
  var signals = Slice()
  var timer = CompiledTimer()
  var debounce: Int64 = 0
  var priority: UInt8 = 0
  var isEnabled = true
  var isRisingEdge = false
  var requiresAll = false

  var isTimed: Bool { kind == .timed }

  /// Whether it takes part in a choice by chance.
  var isWeighted: Bool { kind == .probabilistic || weight != Transition.weightDefault }

  /// Whether it must be looked at in every tick.
  var isLively: Bool { kind != .timed && (kind != .event || (requiresAll && signals.isEmpty)) }

  var isTimeout: Bool { kind == .timed && timer.mode == .timeout }

  init(kind: Kind, from: Int32, to: Int32, domain: Int32) {
    self.kind = kind
    self.from = from
    self.to = to
    self.domain = domain
  }

  init(
    _ model: Automaton, _ index: Int, _ scripts: inout ScriptCollector, _ signals: inout [CompiledSignal],
    _ names: inout [Name]
  ) throws(CompiledAutomaton.Failure) {
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
      timer = CompiledTimer(timed)
    case .event(let event):
      kind = .event
      condition = event.condition
      requiresAll = event.requiresAll
      debounce = Int64(event.debounce)
      self.signals = Slice(start: Int32(signals.count), count: Int32(event.signals.count))
      for signal in event.signals { signals.append(CompiledSignal(signal, model, &names)) }
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
        // A parallel state is left and entered with all of its regions.
        if inner == candidate && !model.states[candidate.index].isParallel { return Int32(candidate.index) }
        inner = model.states[inner.index].parent
      }
      candidate = model.states[candidate.index].parent
    }
    return -1
  }
}

/// `Timed` without its condition; times are milliseconds.
struct CompiledTimer: Sendable {
  var mode = Timed.Mode.after
  var isBlocking = false
  var repeatCount: UInt32 = 0
  var jitter: Int32 = 0
  var delay: Int64 = 0
  var windowEnd: Int64 = 0
  var absoluteTime: Int64 = 0

  init() {}

  init(_ timed: Timed) {
    mode = timed.mode
    isBlocking = timed.isBlocking
    repeatCount = timed.repeatCount
    jitter = timed.jitter
    delay = Int64(timed.delay)
    windowEnd = Int64(timed.windowEnd)
    absoluteTime = timed.absoluteTime
  }
}

struct CompiledSignal: Sendable {
  /// -1 for a name that is no variable: an event that is raised from outside.
  var variable: Int32
  /// Where its texts stand in `CompiledParts.names`.
  var name: Int32
  var pattern: Int32
  var threshold: Double
  var kind: SignalTrigger.Kind
  var comparison: SignalTrigger.Comparison
  var isOneShot: Bool
}

extension CompiledSignal {
  init(_ signal: SignalTrigger, _ model: Automaton, _ names: inout [Name]) {
    variable = model.variable(named: signal.signal).map { Int32($0) } ?? -1
    name = Int32(names.count)
    pattern = name + 1
    names.append(signal.signal)
    names.append(signal.pattern)
    kind = signal.kind
    comparison = signal.comparison
    threshold = signal.threshold.asDouble ?? 0
    isOneShot = signal.isOneShot
  }
}
