import Script

/// Runs one automaton: a pure state machine that is told the time and the inputs, and says what happened.
///
/// An engine belongs to whoever runs it and does one thing at a time. What it does follows from the model, the
/// semantics, the seed, and the calls with their times alone; it is the same on every target.
public final class Engine {
  public let automaton: CompiledAutomaton
  public let options: EngineOptions
  public internal(set) var execution = ExecutionState.loaded
  public internal(set) var tickCount: UInt64 = 0
  public internal(set) var transitionCount: UInt64 = 0
  public internal(set) var errorCount: UInt64 = 0
  /// Time of the last call, in milliseconds of the host's clock.
  public internal(set) var now: Int64 = 0
  /// What happened since the host last took it.
  public internal(set) var events: [EngineEvent] = []

  var variables: VariableStore
  var scripts: ScriptRunner?
  /// Innermost active states in order of declaration; one for a flat automaton.
  var activeLeaves = PositionList()
  var timers: FixedList<TimerState>
  var memories: FixedList<TransitionMemory>
  /// By state.
  var activity: FixedList<StateActivity>
  var choiceStream: RandomStream
  var jitterStream: RandomStream
  var scriptStream: RandomStream
  /// Events without variables that were raised since the last tick: the first signals that wait for them.
  var raised = PositionList()
  /// Events that were raised before, and that the ticks since then, busy with other transitions, have left.
  var waitingEvents = PositionList()
  var pausedAt: Int64 = 0
  /// Time of the tick before.
  var tickedAt: Int64 = 0
  /// While a state is left for itself: its `every` timers keep their rhythm, its transitions what they remember.
  var keepsRhythm = -1
  /// Before this time a tick without a change does nothing.
  var quietUntil: Int64 = .min
  /// Flag that a write sets now.
  var writeFlag = VariableStore.Flags.seen
  /// The error policy must act at the end of the current step.
  var hasUnhandledError = false
  /// Scratch of the choice.
  var candidates = PositionList()
  var chosen = PositionList()
  /// Transitions that may be taken, and what was remembered of each before it was looked at.
  var offered = PositionList()
  var offeredMemories: FixedList<TransitionMemory>

  public init(
    _ automaton: CompiledAutomaton, options: EngineOptions = EngineOptions(), hardware: Hardware = Hardware()
  ) {
    self.automaton = automaton
    self.options = options
    variables = VariableStore(automaton)
    let memoryCount = automaton.needsMemories ? automaton.transitions.count : 0
    timers = FixedList(repeating: TimerState(), count: automaton.hasTimers ? automaton.transitions.count : 0)
    memories = FixedList(repeating: TransitionMemory(), count: memoryCount)
    offeredMemories = FixedList(repeating: TransitionMemory(), count: memoryCount)
    activity = FixedList(repeating: StateActivity(), count: automaton.states.count)
    choiceStream = RandomStream(seed: options.seed, name: [UInt8]("choice"))
    jitterStream = RandomStream(seed: options.seed, name: [UInt8]("jitter"))
    scriptStream = RandomStream(seed: options.seed, name: [UInt8]("script"))
    if !automaton.programs.isEmpty { scripts = ScriptRunner(self, hardware) }
  }

  var isStrict: Bool { automaton.semantics == .strict }
  public var model: Automaton { automaton.model }

  /// Innermost active states in order of declaration; one for a flat automaton.
  public var leaves: [StateIndex] { activeLeaves.indices.map { StateIndex(Int(activeLeaves[$0])) } }

  /// The only active state, or the first of several.
  public var currentState: StateIndex { activeLeaves.isEmpty ? .none : StateIndex(Int(activeLeaves[0])) }

  /// Whether a state or one inside it is active.
  public func isActive(_ state: StateIndex) -> Bool { state.index < activity.count && activity[state.index].isActive }

  /// Takes what happened since the last time.
  public func takeEvents() -> [EngineEvent] {
    // What is given away cannot be used again: keeping its room would mean to allocate as much anew.
    defer { events = [] }
    return events
  }

  /// Takes what happened since the last time without looking at it; whoever has read `events` does.
  func forgetEvents() { events.removeAll(keepingCapacity: true) }

  /// Gives back memory that only work needs.
  func releaseMemory() {
    if events.isEmpty { events = [] }
    scripts?.rest()
  }

  /// Before this time, without input, a tick does nothing: a host with many engines may let it rest until then.
  public var restsUntil: Int64 {
    guard execution == .running else { return .max }
    return variables.hasChanges || !raised.isEmpty || !waitingEvents.isEmpty ? .min : quietUntil
  }

  // MARK: Lifecycle

  /// Begins in the initial state, or in `state`.
  public func start(at time: Int64, in state: StateIndex? = nil) throws(EngineError) {
    guard execution == .loaded || execution == .stopped || execution == .error else { throw .alreadyRunning }
    let first = state ?? automaton.initialState
    guard first.index < automaton.states.count else { throw .unknownState }
    advance(to: time)
    begin(first)
  }

  private func begin(_ first: StateIndex) {
    tickCount = 0
    transitionCount = 0
    errorCount = 0
    execution = .running
    forgetActivity()
    emit(.lifecycle, .started(first))
    scripts?.loadFiles(self)
    writeFlag = VariableStore.Flags.seen
    tickedAt = now
    enter(first.index, at: now)
    settle()
    if !isStrict { variables.clearFlags(all: true, hasFired: false) }
  }

  /// Leaves the current state and stops.
  public func stop(at time: Int64) throws(EngineError) {
    guard execution == .running || execution == .paused else { throw .notRunning }
    advance(to: time)
    exitAll()
    execution = .stopped
    emit(.lifecycle, .stopped(.asked))
  }

  public func pause(at time: Int64) throws(EngineError) {
    guard execution == .running else { throw .notRunning }
    advance(to: time)
    execution = .paused
    pausedAt = now
    emit(.lifecycle, .paused)
  }

  /// Goes on as if no time had passed since `pause`.
  public func resume(at time: Int64) throws(EngineError) {
    guard execution == .paused else { throw .notPaused }
    advance(to: time)
    shiftTimes()
    execution = .running
    quietUntil = .min
    emit(.lifecycle, .resumed)
  }

  /// Puts every variable back to its initial value, and begins anew if it was running.
  public func reset(at time: Int64) {
    let wasRunning = execution == .running || execution == .paused
    advance(to: time)
    if wasRunning { exitAll() }
    variables = VariableStore(automaton)
    scripts?.markAllStale()
    execution = .loaded
    forgetActivity()
    emit(.lifecycle, .reset)
    if wasRunning { begin(automaton.initialState) }
  }

  /// Goes to a state from outside: leaves the current one, enters that one; no transition is counted.
  public func force(_ state: StateIndex, at time: Int64) throws(EngineError) {
    guard execution == .running || execution == .paused else { throw .notRunning }
    guard state.index < automaton.states.count else { throw .unknownState }
    advance(to: time)
    exitAll()
    emit(.lifecycle, .forced(state))
    enter(state.index, at: now)
    settle()
  }

  // MARK: Inputs

  /// Sets an input. The next tick sees the change.
  public func setInput(_ index: Int, _ value: AutomatonValue, at time: Int64) throws(EngineError) {
    guard index >= 0, index < variables.entries.count else { throw .unknownVariable }
    guard automaton.variables[index].direction == .input else { throw .wrongDirection }
    try write(index, value, at: time)
  }

  /// Sets an input to a value of the variable's own type: on a device whose inputs are no texts, the image needs no code
  /// to read numbers.
  public func setInput(_ index: Int, exactly value: AutomatonValue, at time: Int64) throws(EngineError) {
    guard index >= 0, index < variables.entries.count else { throw .unknownVariable }
    guard automaton.variables[index].direction == .input else { throw .wrongDirection }
    guard automaton.variables[index].type == value.type else { throw .typeMismatch }
    accept(index, value, at: time)
  }

  /// Sets an output or an internal variable from outside.
  public func setVariable(_ index: Int, _ value: AutomatonValue, at time: Int64) throws(EngineError) {
    guard index >= 0, index < variables.entries.count else { throw .unknownVariable }
    guard automaton.variables[index].direction != .input else { throw .wrongDirection }
    try write(index, value, at: time)
  }

  private func write(_ index: Int, _ value: AutomatonValue, at time: Int64) throws(EngineError) {
    guard let converted = value.converted(to: automaton.variables[index].type) else { throw .typeMismatch }
    accept(index, converted, at: time)
  }

  private func accept(_ index: Int, _ value: AutomatonValue, at time: Int64) {
    advance(to: time)
    writeFlag = VariableStore.Flags.seen
    emit(.inputs, .input(variable: index, value))
    store(index, value)
  }

  /// Raises an event that is no variable: transitions that wait for its name see it in the next tick.
  public func raise(_ name: Name, at time: Int64) {
    advance(to: time)
    emit(.inputs, .raised(name))
    // What nobody waits for would only fill memory while the automaton is paused.
    let signal = automaton.firstSignal(waitingFor: name)
    guard signal >= 0, !raised.contains(signal) else { return }
    raised.append(signal)
    quietUntil = .min
  }

  public func value(_ index: Int) -> AutomatonValue { variables.entries[index].value }

  func store(_ index: Int, _ value: AutomatonValue) {
    guard variables.write(index, value, at: now, flag: writeFlag, semantics: automaton.semantics) else { return }
    quietUntil = .min
    scripts?.markStale(index)
    switch automaton.variables[index].direction {
    case .output: emit(.outputs, .output(variable: index, value))
    case .internal: emit(.variables, .variable(index: index, value))
    case .input: break
    }
  }

  // MARK: Ticks

  /// One step at a time of the host's clock. At most one transition is taken, in parallel states one in each region.
  ///
  /// - Returns: whether a transition was taken.
  @discardableResult
  public func tick(at time: Int64) -> Bool {
    guard execution == .running else { return false }
    if time > now { now = time }
    tickCount &+= 1
    defer { tickedAt = now }
    if now < quietUntil && !variables.hasChanges { return false }
    return work()
  }

  private func work() -> Bool {
    // What scripts write from here on is seen by the choice of the next tick.
    writeFlag = VariableStore.Flags.seen | VariableStore.Flags.fresh
    let hasFired = automaton.isHierarchical ? stepRegions() : stepFlat()
    if !raised.isEmpty || !waitingEvents.isEmpty { endEvents(hasFired) }
    variables.clearFlags(all: !isStrict, hasFired: hasFired)
    if hasUnhandledError { settle() }
    writeFlag = VariableStore.Flags.seen
    return hasFired
  }

  private func stepFlat() -> Bool {
    let state = Int(activeLeaves[0])
    let transition = choose(in: state)
    if transition >= 0 {
      if !offered.isEmpty { keepMemories(except: transition) }
      fire(transition)
      return true
    }
    if hasUnhandledError && automaton.errorPolicy != .continue { return false }
    if automaton.states[state].outgoing.isEmpty {
      execution = .stopped
      emit(.lifecycle, .stopped(.terminalState))
      return false
    }
    let body = automaton.states[state].body
    if body >= 0 {
      run(body)
    } else if !automaton.states[state].isLively {
      quietUntil = nextDeadline(of: state)
    }
    return false
  }

  // MARK: Small parts

  /// Runs a script, if there is one.
  func run(_ program: Int32) {
    if program >= 0 { runScript(program) }
  }

  @inline(never) private func runScript(_ program: Int32) { _ = scripts?.run(program, self) }

  func advance(to time: Int64) { if time > now { now = time } }

  func emit(_ kind: Observation, _ event: @autoclosure () -> EngineEvent) {
    if options.observed.contains(kind) { events.append(event()) }
  }

  /// Lets the error policy act on errors of the step that ended.
  func settle() {
    guard hasUnhandledError else { return }
    hasUnhandledError = false
    guard execution == .running || execution == .paused else { return }
    switch automaton.errorPolicy {
    case .continue: break
    case .stop:
      execution = .error
      emit(.lifecycle, .stopped(.error))
    case .faultState(let state):
      // An error in the fault state itself is only counted.
      guard !activity[state.index].isActive else { return }
      exitAll()
      emit(.lifecycle, .faulted(state))
      enter(state.index, at: now)
      hasUnhandledError = false
    }
  }

  func forgetActivity() {
    activeLeaves.removeAll()
    for index in activity.indices {
      activity[index].isActive = false
      activity[index].lastChild = -1
    }
    timers.fill(with: TimerState())
    memories.fill(with: TransitionMemory())
    raised.removeAll()
    waitingEvents.removeAll()
    quietUntil = .min
    hasUnhandledError = false
  }
}
