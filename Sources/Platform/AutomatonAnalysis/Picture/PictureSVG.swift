extension AutomatonPicture {
  /// An SVG document (https://www.w3.org/TR/SVG11/) that needs nothing else; its colours follow the viewer's choice of
  /// light or dark.
  public var svg: String {
    let layout = NestedLayout.layout(layoutGraph)
    let heading = 34.0
    let width = max(layout.width, PictureText.width(title, size: 15, isBold: true) + 40)
    let dx = (width - layout.width) / 2
    let number = PictureText.number
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(number(width))" height="\(number(layout.height + heading))" \
      viewBox="0 0 \(number(width)) \(number(layout.height + heading))" role="img">
      <title>\(PictureText.escaped(title))</title>
      <desc>\(PictureText.escaped(description))</desc>
      <style>\(Self.style)</style>
      <rect class="canvas" width="100%" height="100%"/>
      <text class="heading" x="\(number(width / 2))" y="23">\(PictureText.escaped(title))</text>
      <g transform="translate(\(number(dx)) \(number(heading)))">

      """
    for index in nodes.indices { text += svgBox(nodes[index], layout.boxes[index]) }
    for (index, edge) in edges.enumerated() {
      if let path = layout.paths[index] { text += svgArrow(edge, path) }
    }
    for index in nodes.indices where nodes[index].hasChildren { text += svgName(nodes[index], layout.boxes[index]) }
    for (index, edge) in edges.enumerated() {
      if let box = layout.labels[index] { text += svgLabel(edge, box) }
    }
    return text + "</g>\n</svg>\n"
  }

  /// Sizes of everything, for the layout.
  var layoutGraph: LayoutGraph {
    var graph = LayoutGraph()
    for node in nodes {
      guard node.kind != .start else {
        graph.nodes.append(.init(parent: node.parent, isStart: true, width: 12, height: 12))
        continue
      }
      let mark = node.history.isEmpty ? 0.0 : 30
      let title = PictureText.width(node.title, size: PictureText.titleSize, isBold: true) + mark
      let code = node.lines.map { PictureText.codeWidth($0) }.max() ?? 0
      let height = 30 + (node.lines.isEmpty ? 0 : Double(node.lines.count) * PictureText.lineHeight + 6)
      graph.nodes.append(
        .init(
          parent: node.parent, isParallel: node.isParallel, width: max(64, max(title, code) + 24).rounded(.up),
          height: height + (node.hasChildren ? 0 : node.lines.isEmpty ? 6 : 2)))
    }
    for (index, edge) in edges.enumerated() {
      let width = edge.lines.map { PictureText.width($0, size: PictureText.labelSize) }.max() ?? 0
      let labelWidth = edge.lines.isEmpty ? 0 : (width + 10).rounded(.up)
      let labelHeight = edge.lines.isEmpty ? 0 : Double(edge.lines.count) * PictureText.lineHeight + 4
      graph.edges.append(
        .init(from: edge.from, to: edge.to, labelWidth: labelWidth, labelHeight: labelHeight))
      if edge.from == edge.to {
        graph.nodes[edge.from].loops.append(
          LayoutLoop(edge: index, labelWidth: labelWidth, labelHeight: labelHeight))
      }
    }
    return graph
  }

  // MARK: Elements

  private func svgBox(_ node: Node, _ box: LayoutBox) -> String {
    let number = PictureText.number
    let middle = box.middle
    if node.kind == .start {
      return "<circle class=\"start\" cx=\"\(number(middle.x))\" cy=\"\(number(middle.y))\" r=\"6\"/>\n"
    }
    func rectangle(_ name: String, inset: Double, radius: Double) -> String {
      let (width, height) = (number(box.width - 2 * inset), number(box.height - 2 * inset))
      return "<rect class=\"\(name)\" x=\"\(number(box.x + inset))\" y=\"\(number(box.y + inset))\" "
        + "width=\"\(width)\" height=\"\(height)\" rx=\"\(number(radius))\"/>"
    }
    var text = "<g>"
    if !node.tooltip.isEmpty { text += "<title>\(PictureText.escaped(node.tooltip))</title>" }
    let style =
      node.kind == .resource ? "resource" : node.isRegion ? "region" : node.hasChildren ? "outer" : "state"
    if node.isRegion, !node.hasChildren {
      text += rectangle("region", inset: 0, radius: 0) + rectangle("state", inset: 6, radius: 8)
    } else {
      text += rectangle(style, inset: 0, radius: node.isRegion ? 0 : node.kind == .resource ? 18 : 9)
    }
    if node.kind == .final { text += rectangle("inner", inset: node.isRegion ? 9 : 3, radius: 6) }
    if !node.hasChildren { text += svgName(node, box) }
    if !node.history.isEmpty {
      let (x, y) = (box.x + box.width - 16, box.y + 16)
      text +=
        "<circle class=\"history\" cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"9\"/>"
        + "<text class=\"mark\" x=\"\(number(x))\" y=\"\(number(y + 3.5))\">\(node.history)</text>"
    }
    if !node.lines.isEmpty {
      let y = box.y + 29
      text += "<path class=\"rule\" d=\"M\(number(box.x + 1)) \(number(y))H\(number(box.x + box.width - 1))\"/>"
      for (index, line) in node.lines.enumerated() {
        let lineY = y + 14 + Double(index) * PictureText.lineHeight
        text += "<text class=\"code\" x=\"\(number(box.x + 11))\" y=\"\(number(lineY))\">"
        text += PictureText.escaped(line) + "</text>"
      }
    }
    return text + "</g>\n"
  }

  /// Names of boxes with children stand above the arrows that lead inside.
  private func svgName(_ node: Node, _ box: LayoutBox) -> String {
    let number = PictureText.number
    // A state without scripts has its name in the middle.
    let y = node.lines.isEmpty && !node.hasChildren ? box.middle.y + 4.5 : box.y + 20
    var text = ""
    if node.hasChildren {
      let width = PictureText.width(node.title, size: PictureText.titleSize, isBold: true) + 8
      text =
        "<rect class=\"plate\" x=\"\(number(box.middle.x - width / 2))\" y=\"\(number(y - 13))\" "
        + "width=\"\(number(width))\" height=\"18\" rx=\"4\"/>"
    }
    return text + "<text class=\"name\" x=\"\(number(box.middle.x))\" y=\"\(number(y))\">"
      + PictureText.escaped(node.title) + "</text>\n"
  }

  private func svgArrow(_ edge: Edge, _ path: LayoutPath) -> String {
    let number = PictureText.number
    var data = "M\(number(path.start.x)) \(number(path.start.y))"
    // The head looks the way that the line ends.
    var before = path.start
    for (index, piece) in path.pieces.enumerated() {
      switch piece {
      case .line(let end):
        data += "L\(number(end.x)) \(number(end.y))"
        before = index == 0 ? path.start : path.pieces[index - 1].end
      case .curve(let first, let second, let end):
        data +=
          "C\(number(first.x)) \(number(first.y)) \(number(second.x)) \(number(second.y)) "
          + "\(number(end.x)) \(number(end.y))"
        before = second
      }
    }
    let end = path.end
    let (dx, dy) = (end.x - before.x, end.y - before.y)
    let length = max(0.001, (dx * dx + dy * dy).squareRoot())
    let (ux, uy) = (dx / length, dy / length)
    func point(_ back: Double, _ aside: Double) -> String {
      "\(number(end.x - ux * back - uy * aside)) \(number(end.y - uy * back + ux * aside))"
    }
    let style = "\(edge.kind.rawValue)\(edge.isDisabled ? " disabled" : "")"
    return "<g class=\"\(style)\"><path class=\"line\" d=\"\(data)\"/>"
      + "<path class=\"head\" d=\"M\(point(0, 0))L\(point(8, 3.6))L\(point(6.4, 0))L\(point(8, -3.6))Z\"/></g>\n"
  }

  private func svgLabel(_ edge: Edge, _ box: LayoutBox) -> String {
    let number = PictureText.number
    var text = "<g class=\"\(edge.kind.rawValue)\(edge.isDisabled ? " disabled" : "")\">"
    if !edge.tooltip.isEmpty { text += "<title>\(PictureText.escaped(edge.tooltip))</title>" }
    text +=
      "<rect class=\"plate\" x=\"\(number(box.x))\" y=\"\(number(box.y))\" width=\"\(number(box.width))\" "
      + "height=\"\(number(box.height))\" rx=\"4\"/>"
    for (index, line) in edge.lines.enumerated() {
      let y = box.y + 13 + Double(index) * PictureText.lineHeight
      text += "<text class=\"label\" x=\"\(number(box.middle.x))\" y=\"\(number(y))\">"
      text += PictureText.escaped(line) + "</text>"
    }
    return text + "</g>\n"
  }

  // MARK: Colours

  /// For each kind of arrow, on light and on dark ground.
  private static let colours: [(kind: EdgeKind, light: String, dark: String)] = [
    (.start, "#3b4754", "#c3ced9"), (.classic, "#1d5a96", "#7fb8f0"), (.timed, "#8a5200", "#f0b860"),
    (.event, "#7a2f8f", "#d79bea"), (.chance, "#13704a", "#6fd3a5"), (.immediate, "#55606b", "#aab6c2"),
    (.wire, "#00687a", "#5fd0e0"), (.resource, "#9c3b2e", "#f0988a"),
  ]

  private static var style: String {
    var light = """
      .canvas{fill:#ffffff}.heading{fill:#16202a;font-weight:bold;font-size:15px}
      .state{fill:#f3f6fa;stroke:#44596e;stroke-width:1.4}.outer{fill:none;stroke:#44596e;stroke-width:1.4}
      .region{fill:none;stroke:#8798a9;stroke-width:1.2;stroke-dasharray:5 4}
      rect.resource{fill:#fbf1ef;stroke:#9c3b2e;stroke-width:1.4}
      .inner{fill:none;stroke:#44596e;stroke-width:1}.rule{stroke:#c2ccd7;stroke-width:1}
      .start{fill:#3b4754}.history{fill:#ffffff;stroke:#44596e}
      .name,.mark,.code{fill:#16202a}.plate{fill:#ffffff;fill-opacity:0.92}

      """
    var dark = """
      .canvas{fill:#11161c}.heading{fill:#e8eef4}.state{fill:#1d2630;stroke:#8ca3ba}
      .outer{stroke:#8ca3ba}.region{stroke:#64788c}rect.resource{fill:#2b1d1b;stroke:#f0988a}.inner{stroke:#8ca3ba}.rule{stroke:#3a4855}
      .start{fill:#c3ced9}.history{fill:#11161c;stroke:#8ca3ba}.name,.mark,.code{fill:#e8eef4}.plate{fill:#11161c}

      """
    for (kind, lightColour, darkColour) in colours {
      for (isDark, colour) in [(false, lightColour), (true, darkColour)] {
        let name = kind.rawValue
        let rule = ".\(name) .line{stroke:\(colour)}.\(name) .head,.\(name) .label{fill:\(colour)}\n"
        if isDark { dark += rule } else { light += rule }
      }
    }
    return """

      text{font-family:Helvetica,Arial,"Liberation Sans",sans-serif;text-anchor:middle}
      .name{font-size:13px;font-weight:bold}.mark{font-size:10px}.label{font-size:11px}
      .code{font-family:Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:10.5px;text-anchor:start}
      .line{fill:none;stroke-width:1.3}.wire .line{stroke-width:2.2}.resource .line{stroke-dasharray:2 3}
      .disabled .line,.disabled .head,.disabled .label{opacity:0.55}.disabled .line{stroke-dasharray:4 3}
      \(light)@media (prefers-color-scheme:dark){
      \(dark)}

      """
  }
}
