import Automata

extension Lints {
  mutating func checkStates() {
    for (index, state) in automaton.states.enumerated() {
      guard flow.isReachable[index] else {
        add(
          .unreachableState, .warning, .state(index), "no transition that can be taken leads to it",
          fix: "add a transition to it, or remove it")
        continue
      }
      let outgoing = line(from: StateIndex(index)).flatMap { flow.leaving[$0.index] }
      let isLeaf = flow.inside[index].isEmpty
      guard isLeaf, !outgoing.contains(where: flow.isPossible) else { continue }
      let enabled = outgoing.filter { automaton.transitions[$0].isEnabled }
      if !outgoing.isEmpty {
        let names = outgoing.map { "\"\(name(of: .transition($0)))\"" }.joined(separator: ", ")
        add(
          .trapState, .warning, .state(index),
          "it cannot be left, although transitions lead out of it: none of \(names) can be taken",
          fix: "see what is said about these, or remove them to make it a final state")
      }
      if enabled.isEmpty, !state.body.isEmpty {
        add(
          .bodyNeverRuns, .warning, .state(index), key: "code",
          "the automaton ends in the first tick of a state without a way out, so that its code never runs",
          fix: "use on_enter, or add a transition out of it")
      }
    }
  }

  /// A state and those around it.
  private func line(from state: StateIndex) -> [StateIndex] {
    var line = [state]
    while let last = line.last, !automaton.states[last.index].parent.isNone {
      line.append(automaton.states[last.index].parent)
    }
    return line
  }

  // MARK: Cycles without rest

  mutating func checkCycles() {
    // Steps that need no waiting; a cycle of them never comes to rest.
    let instant = onCycles(
      automaton.transitions.indices.filter { index in
        guard flow.isPossible(index), flow.isReachable[automaton.transitions[index].from.index] else { return false }
        if case .probabilistic = automaton.transitions[index].trigger { return false }
        return flow.isAlwaysReady(index)
      })
    var reported: Set<Int> = []
    for start in instant.sorted() where !reported.contains(start) {
      guard let cycle = cycle(from: start, instant) else { continue }
      reported.formUnion(cycle)
      var states = cycle.prefix(8).map { stateName(automaton.transitions[$0].from) }
      if cycle.count > states.count { states.append("… (\(cycle.count) states)") }
      states.append(stateName(automaton.transitions[start].from))
      let hasTimer = cycle.contains { index in
        if case .timed = automaton.transitions[index].trigger { return true }
        return false
      }
      add(
        .restlessCycle, hasTimer ? .warning : .note, .transition(start),
        "\(states.joined(separator: " → ")) goes round without end, a step in every tick"
          + (hasTimer ? ", since the delay of its timer is 0" : ""),
        fix: hasTimer ? "set a delay" : "add a condition, event or delay to one of its transitions")
    }
  }

  /// Without the transitions that no cycle can hold, since their state is not come back to.
  private func onCycles(_ transitions: [Int]) -> Set<Int> {
    var incoming = [Int](repeating: 0, count: automaton.states.count)
    for index in transitions { incoming[automaton.transitions[index].to.index] += 1 }
    var kept = Set(transitions)
    var pending = automaton.states.indices.filter { incoming[$0] == 0 }
    while let state = pending.popLast() {
      for index in flow.leaving[state] where kept.remove(index) != nil {
        let target = automaton.transitions[index].to.index
        incoming[target] -= 1
        if incoming[target] == 0 { pending.append(target) }
      }
    }
    return kept
  }

  /// A shortest cycle of instant transitions through one.
  private func cycle(from start: Int, _ instant: Set<Int>) -> [Int]? {
    let home = automaton.transitions[start].from
    /// How each state was come to first.
    var origins: [StateIndex: Int] = [automaton.transitions[start].to: start]
    var queue = [automaton.transitions[start].to]
    var next = 0
    while next < queue.count {
      var state = queue[next]
      next += 1
      if state == home {
        var path: [Int] = []
        while let origin = origins[state], path.last != start {
          path.append(origin)
          state = automaton.transitions[origin].from
        }
        return path.reversed()
      }
      for index in flow.leaving[state.index] where instant.contains(index) {
        let target = automaton.transitions[index].to
        if origins[target] == nil {
          origins[target] = index
          queue.append(target)
        }
      }
    }
    return nil
  }
}
