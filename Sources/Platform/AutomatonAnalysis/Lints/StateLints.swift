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
      let around = line(from: StateIndex(index))
      let outgoing = automaton.transitions.indices.filter { around.contains(automaton.transitions[$0].from) }
      let isLeaf = flow.children(StateIndex(index)).isEmpty
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
    let instant = automaton.transitions.indices.filter { index in
      guard flow.isPossible(index), flow.isReachable[automaton.transitions[index].from.index] else { return false }
      if case .probabilistic = automaton.transitions[index].trigger { return false }
      return flow.isAlwaysReady(index)
    }
    var reported: Set<Int> = []
    for start in instant where !reported.contains(start) {
      guard let cycle = cycle(from: start, instant) else { continue }
      reported.formUnion(cycle)
      let states =
        cycle.map { stateName(automaton.transitions[$0].from) } + [stateName(automaton.transitions[start].from)]
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

  /// A shortest cycle of instant transitions through one.
  private func cycle(from start: Int, _ instant: [Int]) -> [Int]? {
    let home = automaton.transitions[start].from
    var paths: [[Int]] = [[start]]
    var seen: Set<StateIndex> = []
    var next = 0
    while next < paths.count {
      let path = paths[next]
      next += 1
      let state = automaton.transitions[path[path.count - 1]].to
      if state == home { return path }
      guard seen.insert(state).inserted else { continue }
      for index in instant where automaton.transitions[index].from == state { paths.append(path + [index]) }
    }
    return nil
  }
}
