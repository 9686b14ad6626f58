import Automata

/// Sets of states that are active together, in an automaton with states inside states.
struct Configurations {
  /// More combinations than this are not written out.
  static let combinationsMax = 1_024

  struct TooMany: Error {}

  let automaton: Automaton
  private let children: [[StateIndex]]

  init(_ automaton: Automaton) {
    self.automaton = automaton
    var children: [[StateIndex]] = Array(repeating: [], count: automaton.states.count)
    for (index, state) in automaton.states.enumerated() where !state.parent.isNone {
      children[state.parent.index].append(StateIndex(index))
    }
    self.children = children
  }

  func isLeaf(_ state: StateIndex) -> Bool { children[state.index].isEmpty }

  func children(of state: StateIndex) -> [StateIndex] { children[state.index] }

  /// The states around a state, from the outermost, and the state.
  func line(to state: StateIndex) -> [StateIndex] {
    var line = [state]
    while let first = line.first, !automaton.states[first.index].parent.isNone {
      line.insert(automaton.states[first.index].parent, at: 0)
    }
    return line
  }

  /// Leaves of which exactly one is active while the state is.
  func indicators(of state: StateIndex) -> [StateIndex] {
    if isLeaf(state) { return [state] }
    let inner = children[state.index]
    return automaton.states[state.index].isParallel
      ? inner.first.map(indicators) ?? [] : inner.flatMap(indicators)
  }

  // MARK: What may be active, and what is entered

  /// What may be active with and inside a state; of those, where all of `line` is.
  func active(_ state: StateIndex, through line: [StateIndex] = []) throws(TooMany) -> [[StateIndex]] {
    let inner = children[state.index]
    if inner.isEmpty { return [[state]] }
    var result: [[StateIndex]] = []
    if automaton.states[state.index].isParallel {
      result = [[]]
      for child in inner { result = try product(result, try active(child, through: line)) }
    } else {
      let chosen = inner.filter(line.contains)
      for child in chosen.isEmpty ? inner : chosen { result += try active(child, through: line) }
    }
    return try limited(result.map { [state] + $0 })
  }

  /// What is active after a state is entered on the way to the last of `line`. A history may lead to any child.
  func entered(_ state: StateIndex, through line: [StateIndex] = []) throws(TooMany) -> [[StateIndex]] {
    let own = automaton.states[state.index]
    let inner = children[state.index]
    if inner.isEmpty { return [[state]] }
    var result: [[StateIndex]] = []
    if own.isParallel {
      result = [[]]
      for child in inner { result = try product(result, try entered(child, through: line)) }
    } else if let chosen = inner.first(where: line.contains) {
      result = try entered(chosen, through: line)
    } else {
      switch own.history {
      case .none: result = try entered(own.initialChild.isNone ? inner[0] : own.initialChild)
      case .shallow: for child in inner { result += try entered(child) }
      case .deep: for child in inner { result += try active(child) }
      }
    }
    return try limited(result.map { [state] + $0 })
  }

  private func product(_ left: [[StateIndex]], _ right: [[StateIndex]]) throws(TooMany) -> [[StateIndex]] {
    guard left.count * right.count <= Self.combinationsMax else { throw TooMany() }
    return left.flatMap { first in right.map { first + $0 } }
  }

  private func limited(_ sets: [[StateIndex]]) throws(TooMany) -> [[StateIndex]] {
    guard sets.count <= Self.combinationsMax else { throw TooMany() }
    return sets
  }

  // MARK: Transitions

  /// What a transition leaves and what it enters, in all ways.
  func changes(_ transition: Transition) throws(TooMany) -> (left: [[StateIndex]], entered: [[StateIndex]]) {
    let from = line(to: transition.from)
    let to = line(to: transition.to)
    // What stays active: the states around both ends. Regions are left and entered together.
    var common = 0
    while common < from.count - 1, common < to.count - 1, from[common] == to[common] { common += 1 }
    while common > 0, automaton.states[from[common - 1].index].isParallel { common -= 1 }
    return (try active(from[common], through: from), try entered(to[common], through: to))
  }
}
