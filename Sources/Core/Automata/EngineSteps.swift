import Script

/// Taking transitions: what is left, what is entered, in which order.
extension Engine {
  /// Takes a transition: leave, body, triggered, enter.
  func fire(_ index: Int32) {
    let transition = automaton.transitions[Int(index)]
    let from = Int(transition.from)
    let to = Int(transition.to)
    let entry = entryTime(after: index)
    let isEvery = transition.isTimed && transition.timer.mode == .every
    if isStrict {
      if from == to { keepsRhythm = from }
      if transition.kind == .event { useUp(transition.signals) }
    }
    if automaton.isHierarchical {
      exitInside(transition.domain)
    } else {
      exit(from)
    }
    run(transition.body)
    run(transition.triggered)
    transitionCount &+= 1
    emit(.transitions, .transition(index: Int(index), from: StateIndex(from), to: StateIndex(to)))
    if from == to && isEvery && isStrict { rearm(index) }
    enter(to, at: entry, domain: transition.domain)
    keepsRhythm = -1
    if from == to && isEvery && !isStrict { rearm(index) }
  }

  private func forgetMemories(of state: Int) {
    guard !memories.isEmpty else { return }
    for place in automaton.states[state].outgoing.range {
      memories[Int(automaton.lists[place])] = TransitionMemory()
    }
  }

  // MARK: Leaving

  private func exit(_ state: Int) {
    let compiled = automaton.states[state]
    run(compiled.onExit)
    disarmTimers(of: state)
    if state != keepsRhythm { forgetMemories(of: state) }
    activity[state].isActive = false
    if compiled.parent >= 0 { activity[Int(compiled.parent)].lastChild = Int32(state) }
    if !automaton.isHierarchical { activeLeaves.removeAll() }
  }

  /// Leaves every active state inside `domain`, innermost and last declared first.
  private func exitInside(_ domain: Int32) {
    var index = automaton.states.count - 1
    // Children stand behind their parents, so that going backwards leaves the inner ones first.
    while index >= 0 {
      if activity[index].isActive && isInside(index, domain) { exit(index) }
      index -= 1
    }
    var kept = 0
    for place in activeLeaves.indices where activity[Int(activeLeaves[place])].isActive {
      activeLeaves[kept] = activeLeaves[place]
      kept += 1
    }
    activeLeaves.shorten(to: kept)
  }

  func exitAll() {
    exitInside(-1)
    activeLeaves.removeAll()
  }

  /// Whether a state lies properly inside another; everything lies inside -1.
  func isInside(_ state: Int, _ domain: Int32) -> Bool {
    guard domain >= 0 else { return true }
    var parent = automaton.states[state].parent
    while parent >= 0 {
      if parent == domain { return true }
      parent = automaton.states[Int(parent)].parent
    }
    return false
  }

  // MARK: Entering

  /// Enters a state with the states around it that are not active, and what is active inside it.
  func enter(_ state: Int, at entry: Int64, domain: Int32 = -1) {
    if !automaton.isHierarchical {
      activate(state, at: entry)
      activeLeaves.append(Int32(state))
      return
    }
    for index in activity.indices { activity[index].isEntering = false }
    mark(state, isDeep: false)
    var inner = state
    while automaton.states[inner].parent != domain && automaton.states[inner].parent >= 0 {
      let outer = Int(automaton.states[inner].parent)
      // The other regions of a parallel state on the way begin by themselves.
      if automaton.states[outer].isParallel { markChildren(of: outer, isDeep: false) }
      activity[outer].isEntering = true
      inner = outer
    }
    // In order of declaration (W3C SCXML, "entry order"), whichever state was named.
    for index in activity.indices where activity[index].isEntering { activate(index, at: entry) }
    collectLeaves()
  }

  /// Marks a state and what begins with it.
  private func mark(_ state: Int, isDeep: Bool) {
    activity[state].isEntering = true
    let compiled = automaton.states[state]
    guard !compiled.children.isEmpty else { return }
    let goesDeep = isDeep || compiled.history == .deep
    if compiled.isParallel { return markChildren(of: state, isDeep: goesDeep) }
    let remembers = (isDeep || compiled.history != .none) && activity[state].lastChild >= 0
    mark(Int(remembers ? activity[state].lastChild : compiled.initialChild), isDeep: goesDeep)
  }

  private func markChildren(of state: Int, isDeep: Bool) {
    for place in automaton.states[state].children.range where !activity[Int(automaton.lists[place])].isEntering {
      mark(Int(automaton.lists[place]), isDeep: isDeep)
    }
  }

  private func activate(_ state: Int, at entry: Int64) {
    activity[state].isActive = true
    activity[state].enteredAt = entry
    activity[state].enteredInTick = tickCount
    quietUntil = .min
    armTimers(of: state, at: entry)
    run(automaton.states[state].onEnter)
  }

  func collectLeaves() {
    activeLeaves.removeAll()
    for index in activity.indices where activity[index].isActive {
      var isInnermost = true
      for place in automaton.states[index].children.range where activity[Int(automaton.lists[place])].isActive {
        isInnermost = false
      }
      if isInnermost { activeLeaves.append(Int32(index)) }
    }
  }

  // MARK: Hierarchies

  /// One tick of an automaton with states inside states.
  ///
  /// From each innermost active state outwards, the first state with a transition to take decides (W3C SCXML, "selecting
  /// transitions"). Of transitions that would leave the same states, one from further inside wins, then the first.
  @inline(never) func stepRegions() -> Bool {
    chosen.removeAll()
    for index in automaton.states.indices where activity[index].isActive && automaton.states[index].parent < 0 {
      _ = select(in: index)
    }
    if !offered.isEmpty { keepMemories() }
    guard !chosen.isEmpty else {
      if hasUnhandledError && automaton.errorPolicy != .continue { return false }
      rest()
      return false
    }
    var hasFired = false
    for place in chosen.indices {
      let transition = chosen[place]
      guard activity[Int(automaton.transitions[Int(transition)].from)].isActive else { continue }
      hasFired = true
      fire(transition)
    }
    runBodies(hasFired)
    return true
  }

  /// Chooses transitions of an active state and those inside it, inner ones first.
  ///
  /// A state is not looked at when one inside it has a transition, which would win: so nothing is chosen in vain there.
  ///
  /// - Returns: whether the states around it may be looked at.
  private func select(in state: Int) -> Choice {
    var choice = Choice.none
    var isInnermost = true
    for place in automaton.states[state].children.range where activity[Int(automaton.lists[place])].isActive {
      isInnermost = false
      choice = max(choice, select(in: Int(automaton.lists[place])))
    }
    guard isInnermost || choice == .open else { return choice }
    let stream = choiceStream
    let transition = choose(in: state)
    if transition < 0 { return .open }
    if conflicts(transition) {
      // It is not taken: it has drawn nothing.
      choiceStream = stream
      return .none
    }
    chosen.append(transition)
    return .taken
  }

  /// What a state and those inside it have come to; a later one counts more.
  private enum Choice: UInt8, Comparable {
    /// Transitions lost to others.
    case none
    /// From some innermost state outwards nothing was found yet.
    case open
    /// A transition is taken.
    case taken

    static func < (left: Choice, right: Choice) -> Bool { left.rawValue < right.rawValue }
  }

  /// Whether a transition would leave states that one chosen before leaves.
  private func conflicts(_ transition: Int32) -> Bool {
    let domain = automaton.transitions[Int(transition)].domain
    for place in chosen.indices where overlaps(domain, automaton.transitions[Int(chosen[place])].domain) { return true }
    return false
  }

  /// Whether leaving the insides of two domains would leave a state in common.
  private func overlaps(_ left: Int32, _ right: Int32) -> Bool {
    left == right || left < 0 || right < 0 || isInside(Int(left), right) || isInside(Int(right), left)
  }

  /// Nothing was taken: stop in a terminal configuration, else run the bodies.
  private func rest() {
    var canLeave = false
    var isLively = false
    var earliest = Int64.max
    for index in automaton.states.indices where activity[index].isActive {
      if !automaton.states[index].outgoing.isEmpty { canLeave = true }
      if automaton.states[index].isLively { isLively = true }
      earliest = min(earliest, nextDeadline(of: index))
    }
    guard canLeave else {
      execution = .stopped
      emit(.lifecycle, .stopped(.terminalState))
      return
    }
    if !isLively { quietUntil = earliest }
    runBodies(false)
  }

  /// Runs the bodies of active states, outer ones first; when transitions were taken, but for those that were entered in
  /// this tick and chains in which a transition was taken.
  private func runBodies(_ hasFired: Bool) {
    for index in activity.indices { activity[index].isResting = false }
    for place in activeLeaves.indices where !hasFired || activity[Int(activeLeaves[place])].enteredInTick != tickCount {
      var state = activeLeaves[place]
      while state >= 0 {
        if !hasFired || activity[Int(state)].enteredInTick != tickCount { activity[Int(state)].isResting = true }
        state = automaton.states[Int(state)].parent
      }
    }
    for index in activity.indices where activity[index].isResting && activity[index].isActive {
      run(automaton.states[index].body)
    }
  }
}
