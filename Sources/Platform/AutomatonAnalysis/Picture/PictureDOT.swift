extension AutomatonPicture {
  /// The graph in the DOT language of Graphviz (https://graphviz.org/doc/info/lang.html).
  public var dot: String {
    var text = """
      digraph \(Self.quoted(title)) {
        compound=true; rankdir=TB; label=\(Self.quoted(title)); labelloc=t;
        graph [fontname="Helvetica"]; node [fontname="Helvetica", shape=box, style=rounded];
        edge [fontname="Helvetica", fontsize=10];

      """
    for index in nodes.indices where nodes[index].parent == nil { write(index, depth: 1, &text) }
    for edge in edges {
      var attributes: [String] = []
      if !edge.lines.isEmpty { attributes.append("label=\(Self.quoted(edge.lines.joined(separator: "\n")))") }
      if edge.isDisabled { attributes.append("style=dashed") }
      // Graphviz draws edges between nodes only; at a cluster they are cut off.
      if nodes[edge.from].hasChildren { attributes.append("ltail=cluster_\(edge.from)") }
      if nodes[edge.to].hasChildren { attributes.append("lhead=cluster_\(edge.to)") }
      let list = attributes.isEmpty ? "" : " [\(attributes.joined(separator: ", "))]"
      text += "  n\(leaf(edge.from)) -> n\(leaf(edge.to))\(list);\n"
    }
    return text + "}\n"
  }

  /// A node inside, for a box with children.
  private func leaf(_ node: Int) -> Int {
    let child = nodes.indices.first { nodes[$0].parent == node && nodes[$0].kind != .start }
    return child.map(leaf) ?? node
  }

  private func write(_ index: Int, depth: Int, _ text: inout String) {
    let indent = String(repeating: "  ", count: depth)
    let node = nodes[index]
    if node.hasChildren {
      text += "\(indent)subgraph cluster_\(index) {\n"
      let title = node.title + (node.history.isEmpty ? "" : " (\(node.history))")
      let label = Self.quoted(([title] + node.lines).joined(separator: "\n"))
      text += "\(indent)  label=\(label); style=\(node.isRegion ? "dashed" : "rounded");\n"
      for child in nodes.indices where nodes[child].parent == index { write(child, depth: depth + 1, &text) }
      text += "\(indent)}\n"
    } else if node.kind == .start {
      text += "\(indent)n\(index) [shape=circle, style=filled, fillcolor=black, label=\"\", width=0.15];\n"
    } else {
      var attributes = "label=\(Self.quoted(([node.title] + node.lines).joined(separator: "\n")))"
      if node.kind == .resource { attributes += ", shape=hexagon" }
      if node.kind == .final { attributes += ", peripheries=2" }
      if node.isRegion { attributes += ", style=\"rounded,dashed\"" }
      text += "\(indent)n\(index) [\(attributes)];\n"
    }
  }

  /// A string in double quotes; line ends become breaks of the label.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar.value >= 0x20 ? scalar : "\u{FFFD}")
      }
    }
    return result + "\""
  }
}
