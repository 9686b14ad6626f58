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
    if from == to && isStrict { keepsRhythm = from }
    if automaton.isHierarchical {
      exitInside(transition.domain)
    } else {
      exit(from)
    }
    if transition.body >= 0 { _ = scripts?.run(transition.body, self) }
    if transition.triggered >= 0 { _ = scripts?.run(transition.triggered, self) }
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
    if compiled.onExit >= 0 { _ = scripts?.run(compiled.onExit, self) }
    disarmTimers(of: state)
    if state != keepsRhythm { forgetMemories(of: state) }
    isActive[state] = false
    if compiled.parent >= 0 { lastChild[Int(compiled.parent)] = Int32(state) }
    if !automaton.isHierarchical { leaves.removeAll(keepingCapacity: true) }
  }

  /// Leaves every active state inside `domain`, innermost and last declared first.
  private func exitInside(_ domain: Int32) {
    var index = automaton.states.count - 1
    // Children stand behind their parents, so that going backwards leaves the inner ones first.
    while index >= 0 {
      if isActive[index] && isInside(index, domain) { exit(index) }
      index -= 1
    }
    leaves.removeAll { !isActive[$0.index] }
  }

  func exitAll() {
    exitInside(-1)
    leaves.removeAll(keepingCapacity: true)
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
      leaves.append(StateIndex(state))
      return
    }
    var path: [Int] = []
    var place = Int32(state)
    while place >= 0 && place != domain {
      path.append(Int(place))
      place = automaton.states[Int(place)].parent
    }
    for (depth, ancestor) in path.enumerated().reversed() {
      if !isActive[ancestor] { activate(ancestor, at: entry) }
      // The other regions of a parallel state on the way begin by themselves.
      if depth > 0, automaton.states[ancestor].isParallel {
        for place in automaton.states[ancestor].children.range {
          let child = Int(automaton.lists[place])
          if child != path[depth - 1] && !isActive[child] { enterWithDefaults(child, at: entry, isDeep: false) }
        }
      }
    }
    enterInside(state, at: entry, isDeep: false)
    collectLeaves()
  }

  private func enterWithDefaults(_ state: Int, at entry: Int64, isDeep: Bool) {
    activate(state, at: entry)
    enterInside(state, at: entry, isDeep: isDeep)
  }

  private func enterInside(_ state: Int, at entry: Int64, isDeep: Bool) {
    let compiled = automaton.states[state]
    guard !compiled.children.isEmpty else { return }
    if compiled.isParallel {
      for place in compiled.children.range where !isActive[Int(automaton.lists[place])] {
        enterWithDefaults(Int(automaton.lists[place]), at: entry, isDeep: isDeep || compiled.history == .deep)
      }
      return
    }
    let remembers = (isDeep || compiled.history != .none) && lastChild[state] >= 0
    let child = remembers ? lastChild[state] : compiled.initialChild
    enterWithDefaults(Int(child), at: entry, isDeep: isDeep || compiled.history == .deep)
  }

  private func activate(_ state: Int, at entry: Int64) {
    isActive[state] = true
    enteredAt[state] = entry
    enteredInTick[state] = tickCount
    quietUntil = .min
    armTimers(of: state, at: entry)
    let onEnter = automaton.states[state].onEnter
    if onEnter >= 0 { _ = scripts?.run(onEnter, self) }
  }

  func collectLeaves() {
    leaves.removeAll(keepingCapacity: true)
    for index in isActive.indices where isActive[index] {
      var isInnermost = true
      for place in automaton.states[index].children.range where isActive[Int(automaton.lists[place])] {
        isInnermost = false
      }
      if isInnermost { leaves.append(StateIndex(index)) }
    }
  }

  // MARK: Hierarchies

  /// One tick of an automaton with states inside states.
  ///
  /// From each innermost active state outwards, the first state with a transition to take decides (W3C SCXML, "selecting
  /// transitions"). Of transitions that would leave the same states, one from further inside wins, then the first.
  @inline(never) func stepRegions() -> Bool {
    chosen.removeAll(keepingCapacity: true)
    selectTransitions()
    guard !chosen.isEmpty else {
      if hasUnhandledError && automaton.errorPolicy != .continue { return false }
      rest()
      return false
    }
    let selected = chosen
    var touched: [Int] = []
    for transition in selected where isActive[Int(automaton.transitions[Int(transition)].from)] {
      touched.append(Int(automaton.transitions[Int(transition)].from))
      fire(transition)
    }
    runBodies(except: touched)
    return true
  }

  private func selectTransitions() {
    var looked = [Bool](repeating: false, count: automaton.states.count)
    for leaf in leaves {
      var state = Int32(leaf.index)
      while state >= 0 && !looked[Int(state)] {
        looked[Int(state)] = true
        let transition = choose(in: Int(state))
        if transition >= 0 {
          select(transition)
          break
        }
        state = automaton.states[Int(state)].parent
      }
    }
  }

  private func select(_ transition: Int32) {
    let compiled = automaton.transitions[Int(transition)]
    var losers: [Int32] = []
    for other in chosen {
      let rival = automaton.transitions[Int(other)]
      guard overlaps(compiled.domain, rival.domain) else { continue }
      guard isInside(Int(compiled.from), rival.from) else { return }
      losers.append(other)
    }
    chosen.removeAll { losers.contains($0) }
    chosen.append(transition)
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
    for index in automaton.states.indices where isActive[index] {
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
    runBodies(except: [])
  }

  /// Runs the bodies of active states, outer ones first, but for those that were entered in this tick and chains in which
  /// a transition was taken.
  private func runBodies(except touched: [Int]) {
    var runs = [Bool](repeating: false, count: automaton.states.count)
    for leaf in leaves where touched.isEmpty || enteredInTick[leaf.index] != tickCount {
      var state = Int32(leaf.index)
      while state >= 0 {
        if touched.isEmpty || enteredInTick[Int(state)] != tickCount { runs[Int(state)] = true }
        state = automaton.states[Int(state)].parent
      }
    }
    for index in runs.indices where runs[index] && isActive[index] {
      let body = automaton.states[index].body
      if body >= 0 { _ = scripts?.run(body, self) }
    }
  }
}
