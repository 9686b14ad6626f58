import Automata

extension AutomatonPicture {
  /// A picture of automata that run together: a box for each, with arrows for the channels between them, and what they
  /// share.
  public init(_ network: AnalyzedNetwork, title: String) {
    self.init(Automaton(name: []))
    self.title = title
    description = "Network of \(network.members.count) automata and \(network.wires.count) channels."
    var boxes: [Int] = []
    var users: [String: [Int]] = [:]
    for member in network.members {
      let inner = AutomatonPicture(member.automaton)
      let box = nodes.count
      boxes.append(box)
      var outer = Node(kind: .state, title: member.name, hasChildren: true)
      outer.tooltip = ModelText.text(member.automaton.name)
      nodes.append(outer)
      for node in inner.nodes {
        var node = node
        node.parent = node.parent.map { $0 + box + 1 } ?? box
        nodes.append(node)
      }
      for edge in inner.edges {
        var edge = edge
        edge.from += box + 1
        edge.to += box + 1
        edges.append(edge)
      }
      for resource in member.automaton.blackBox?.resources ?? [] where resource.isShared {
        let word = ModelText.text(resource.name)
        users[member.resources[word] ?? word, default: []].append(box)
      }
    }
    for wire in network.wires {
      let label = wire.output == wire.input ? wire.output : "\(wire.output) → \(wire.input)"
      edges.append(Edge(from: boxes[wire.from], to: boxes[wire.to], kind: .wire, lines: [label]))
    }
    // A resource that one automaton alone uses is its own affair.
    for (name, boxes) in users.sorted(by: { $0.key < $1.key }) where boxes.count > 1 {
      nodes.append(Node(kind: .resource, title: name))
      for box in boxes { edges.append(Edge(from: box, to: nodes.count - 1, kind: .resource)) }
    }
  }
}
