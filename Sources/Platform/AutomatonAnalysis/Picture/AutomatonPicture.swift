import Automata

/// A picture of an automaton: states as boxes, states inside states as boxes inside boxes, regions of a parallel state
/// side by side, transitions as arrows with their trigger. The same automaton always gives the same bytes.
public struct AutomatonPicture: Sendable {
  /// Where the automaton begins, or a state with states inside.
  enum NodeKind { case start, state, final, resource }

  struct Node {
    var kind: NodeKind
    var title: String
    /// Scripts, shortened.
    var lines: [String] = []
    var parent: Int?
    var hasChildren = false
    var isParallel = false
    var isRegion = false
    /// `H` or `H*`.
    var history = ""
    var tooltip = ""
  }

  /// Gives an arrow its colour.
  enum EdgeKind: String, CaseIterable { case start, classic, timed, event, chance, immediate, wire, resource }

  struct Edge {
    var from: Int
    var to: Int
    var kind: EdgeKind
    var lines: [String] = []
    var isDisabled = false
    var tooltip = ""
  }

  var title: String
  var description: String
  var nodes: [Node] = []
  var edges: [Edge] = []

  /// - Parameter automaton: one without structural problems; positions that lead nowhere are left out.
  public init(_ automaton: Automaton) {
    title = ModelText.text(automaton.name)
    description = "State machine with \(automaton.states.count) states and \(automaton.transitions.count) transitions."
    let count = automaton.states.count
    let parents = Set(automaton.states.map(\.parent))
    let left = Set(automaton.transitions.filter(\.isEnabled).map(\.from))
    for (index, state) in automaton.states.enumerated() {
      nodes.append(Self.node(state, index, automaton, parents: parents, left: left))
    }
    for transition in automaton.transitions where transition.from.index < count && transition.to.index < count {
      edges.append(Self.edge(transition))
    }
    addStart(automaton.initialState, in: nil, automaton)
    for (index, state) in automaton.states.enumerated() where nodes[index].hasChildren && !state.isParallel {
      addStart(state.initialChild, in: index, automaton)
    }
  }

  private mutating func addStart(_ state: StateIndex, in parent: Int?, _ automaton: Automaton) {
    guard state.index < automaton.states.count else { return }
    nodes.append(Node(kind: .start, title: "", parent: parent))
    edges.append(Edge(from: nodes.count - 1, to: state.index, kind: .start))
  }

  /// - Parameter left: states that an enabled transition leads out of.
  private static func node(
    _ state: State, _ index: Int, _ automaton: Automaton, parents: Set<StateIndex>, left: Set<StateIndex>
  ) -> Node {
    var node = Node(kind: .state, title: ModelText.text(state.name))
    // Only upwards, so that a broken model gives no endless picture.
    if state.parent.index < index { node.parent = state.parent.index }
    node.hasChildren = parents.contains(StateIndex(index))
    node.isParallel = state.isParallel && node.hasChildren
    node.isRegion = node.parent.map { automaton.states[$0].isParallel } ?? false
    for (word, script) in [("entry", state.onEnter), ("do", state.body), ("exit", state.onExit)] {
      let code = ModelText.code(script)
      if !code.isEmpty { node.lines.append(ModelText.shortened("\(word) / \(code)", 34)) }
    }
    switch state.history {
    case .none: break
    case .shallow: node.history = "H"
    case .deep: node.history = "H*"
    }
    node.tooltip = ModelText.text(state.description)
    var around: StateIndex? = StateIndex(index)
    var isLeft = false
    while let current = around {
      isLeft = isLeft || left.contains(current)
      let parent = automaton.states[current.index].parent
      around = parent < current ? parent : nil
    }
    if !isLeft, !node.hasChildren { node.kind = .final }
    return node
  }

  private static func edge(_ transition: Transition) -> Edge {
    var edge = Edge(from: transition.from.index, to: transition.to.index, kind: .classic)
    switch transition.trigger {
    case .classic: edge.kind = .classic
    case .timed: edge.kind = .timed
    case .event: edge.kind = .event
    case .probabilistic: edge.kind = .chance
    case .immediate: edge.kind = .immediate
    }
    edge.isDisabled = !transition.isEnabled
    let trigger = ModelText.trigger(transition)
    edge.lines = trigger.flatMap { ModelText.wrapped($0, width: 26, lines: 2) }
    let action = ModelText.code(transition.body.isEmpty ? transition.triggered : transition.body)
    if !action.isEmpty { edge.lines.append(ModelText.shortened("/ \(action)", 28)) }
    if transition.priority != 0 { edge.lines.append("priority \(transition.priority)") }
    if edge.isDisabled { edge.lines.append("(disabled)") }
    edge.tooltip = ([ModelText.text(transition.name)] + trigger + [ModelText.text(transition.description)])
      .filter { !$0.isEmpty }.joined(separator: "\n")
    return edge
  }
}
