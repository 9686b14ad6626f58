/// Lays out a graph whose boxes contain boxes: every box with children is a drawing in layers of its own, made from the
/// inside out; edges that cross the border of a box go through a port at its top or bottom.
struct NestedLayout {
  static let padding = 14.0

  /// Which way an edge goes in the level of one box.
  enum Role {
    /// From a child to the border.
    case exit
    /// Between two children.
    case between
    /// From the border to a child.
    case entry
  }

  /// A part of an edge, in one box.
  struct Part {
    var edge: Int
    var role: Role
    var from: Int?
    var to: Int?
    var isLabelled = false
  }

  /// The inside of a box; coordinates are relative to its top left corner.
  struct Inside {
    var width = 0.0
    var height = 0.0
    var boxes: [(node: Int, box: LayoutBox)] = []
    var labels: [(edge: Int, box: LayoutBox)] = []
    var paths: [(edge: Int, role: Role, path: LayoutPath)] = []
    /// Where edges cross the border.
    var ports: [Int: Double] = [:]
  }

  private let graph: LayoutGraph
  /// By box; the whole picture is number -1.
  private var children: [Int: [Int]] = [:]
  private var parts: [Int: [Part]] = [:]
  private var levels: [Int: LayeredLevel] = [:]
  private var insides: [Int: Inside] = [:]
  /// Whether an edge crosses the top of a box, rather than the bottom.
  private var crossesTop: [Int: [Int: Bool]] = [:]

  private init(_ graph: LayoutGraph) {
    self.graph = graph
    for (index, node) in graph.nodes.enumerated() { children[node.parent ?? -1, default: []].append(index) }
    for box in children.keys {
      let inner = children[box] ?? []
      children[box] = inner.filter { graph.nodes[$0].isStart } + inner.filter { !graph.nodes[$0].isStart }
    }
    for edge in graph.edges.indices { split(edge) }
  }

  static func layout(_ graph: LayoutGraph) -> LayoutResult {
    var layout = NestedLayout(graph)
    let containers = [-1] + graph.nodes.indices.filter { layout.children[$0] != nil }
    for container in containers where !layout.isParallel(container) { layout.assignLayers(container) }
    for container in containers.reversed() {
      layout.insides[container] =
        layout.isParallel(container) ? layout.regions(container) : layout.layered(container)
    }
    return layout.assembled(containers)
  }

  private func isParallel(_ box: Int) -> Bool { box >= 0 && graph.nodes[box].isParallel }

  /// The boxes around a node, from the outermost, and the node.
  private func line(to node: Int) -> [Int] {
    var line = [node]
    while let parent = graph.nodes[line[0]].parent { line.insert(parent, at: 0) }
    return line
  }

  /// Distributes an edge over the boxes that it goes through.
  private mutating func split(_ edge: Int) {
    let from = line(to: graph.edges[edge].from)
    let to = line(to: graph.edges[edge].to)
    var common = 0
    while common < from.count, common < to.count, from[common] == to[common] { common += 1 }
    let isInward = common == from.count
    let isOutward = common == to.count
    if !isInward, !isOutward {
      let around = common == 0 ? -1 : from[common - 1]
      parts[around, default: []].append(
        Part(edge: edge, role: .between, from: from[common], to: to[common], isLabelled: true))
      if isParallel(around) {
        // Sibling regions: below both.
        for box in from[common...].dropLast() + to[common...].dropLast() { crossesTop[box, default: [:]][edge] = false }
      }
    }
    let exits = from[(isOutward ? common - 1 : common)...]
    for (box, inner) in zip(exits, exits.dropFirst()) {
      let isLabelled = isOutward && box == exits.first
      parts[box, default: []].append(Part(edge: edge, role: .exit, from: inner, to: nil, isLabelled: isLabelled))
      if isOutward { crossesTop[box, default: [:]][edge] = false }
    }
    let entries = to[(isInward ? common - 1 : common)...]
    for (box, inner) in zip(entries, entries.dropFirst()) {
      let isLabelled = isInward && box == entries.first
      parts[box, default: []].append(Part(edge: edge, role: .entry, from: nil, to: inner, isLabelled: isLabelled))
      if isInward { crossesTop[box, default: [:]][edge] = true }
    }
  }

  // MARK: From the outside in: layers

  private mutating func assignLayers(_ container: Int) {
    var level = LayeredLevel()
    var place: [Int: Int] = [:]
    for child in children[container] ?? [] {
      place[child] = level.items.count
      level.items.append(.init(role: .node(child)))
    }
    for part in parts[container] ?? [] {
      let isTop = crossesTop[container]?[part.edge] ?? true
      if part.role != .between {
        level.items.append(.init(role: isTop ? .topPort(edge: part.edge) : .bottomPort(edge: part.edge)))
      }
      let port = level.items.count - 1
      let edge = graph.edges[part.edge]
      level.links.append(
        .init(
          edge: part.edge, from: part.from.flatMap { place[$0] } ?? port, to: part.to.flatMap { place[$0] } ?? port,
          labelWidth: part.isLabelled ? edge.labelWidth : 0, labelHeight: part.isLabelled ? edge.labelHeight : 0))
    }
    level.assignLayers()
    for (part, link) in zip(parts[container] ?? [], level.links) where part.role == .between {
      let edge = graph.edges[part.edge]
      // Leaves at the bottom and comes in at the top, unless it leads upwards.
      for box in line(to: edge.from).dropLast() where isAround(box, part.from) {
        crossesTop[box, default: [:]][part.edge] = link.isReversed
      }
      for box in line(to: edge.to).dropLast() where isAround(box, part.to) {
        crossesTop[box, default: [:]][part.edge] = !link.isReversed
      }
    }
    levels[container] = level
  }

  /// Whether a box is the given one or inside it.
  private func isAround(_ box: Int, _ outer: Int?) -> Bool {
    guard let outer else { return false }
    return line(to: box).contains(outer)
  }

  // MARK: From the inside out: places

  /// Size of a node without its loops, and room for these on its right.
  private func size(_ node: Int) -> (width: Double, height: Double, loops: Double) {
    let own = graph.nodes[node]
    let inside = insides[node]
    let loops = own.loops.map { Self.loopReach + $0.labelWidth + 4 }.max() ?? 0
    let height = own.loops.map { Self.loopHeight($0) }.reduce(0, +)
    return (inside?.width ?? own.width, max(inside?.height ?? own.height, height), loops)
  }

  private mutating func layered(_ container: Int) -> Inside {
    guard var level = levels[container] else { return Inside() }
    for index in level.items.indices {
      guard case .node(let node) = level.items[index].role else { continue }
      let size = size(node)
      level.items[index].left = size.width / 2
      level.items[index].right = size.width / 2 + size.loops
      level.items[index].height = size.height
    }
    // Where edges go on inside a box counts for the order.
    func port(_ edge: Int, _ item: Int) -> Double {
      guard case .node(let node) = level.items[item].role, let inside = insides[node], let x = inside.ports[edge] else {
        return 0
      }
      return x / max(1, inside.width) - 0.5
    }
    for index in level.links.indices {
      level.links[index].topPort = port(level.links[index].edge, level.links[index].upper)
      level.links[index].bottomPort = port(level.links[index].edge, level.links[index].lower)
    }
    level.orderLayers()
    level.spreadEnds { edge, node in
      guard let inside = insides[node] else { return nil }
      return inside.ports[edge].map { $0 - inside.width / 2 }
    }
    level.placeItems()
    let (tops, heights, paths) = level.route()

    let heading = container >= 0 ? graph.nodes[container].height : 0
    let left = level.items.map { $0.x - $0.left }.min() ?? 0
    let right = level.items.map { $0.x + $0.right }.max() ?? 0
    let padding = Self.padding
    var inside = Inside()
    let least = container >= 0 ? graph.nodes[container].width : 0
    inside.width = max(least, right - left + 2 * padding)
    inside.height = heading + (tops.last ?? 0) + (heights.last ?? 0) + (container >= 0 ? 2 : 1) * padding
    let dx = padding - left + (inside.width - (right - left + 2 * padding)) / 2
    let dy = heading + (container >= 0 ? padding : padding / 2)
    for item in level.items {
      let middle = tops[item.layer] + heights[item.layer] / 2 + dy
      switch item.role {
      case .node(let node):
        let size = size(node)
        inside.boxes.append(
          (
            node,
            LayoutBox(
              x: item.x + dx - size.width / 2, y: middle - item.height / 2, width: size.width, height: size.height)
          ))
      case .label(let edge):
        let box = LayoutBox(
          x: item.x + dx - item.left, y: middle - item.height / 2, width: item.left + item.right, height: item.height)
        inside.labels.append((edge, box))
      case .topPort(let edge), .bottomPort(let edge): inside.ports[edge] = item.x + dx
      case .bend: break
      }
    }
    for (index, part) in (parts[container] ?? []).enumerated() {
      var path = paths[index].moved(dx, dy)
      if part.role != .between, let x = inside.ports[part.edge] {
        let isTop = crossesTop[container]?[part.edge] ?? true
        let border = LayoutPath(start: LayoutPoint(x: x, y: isTop ? 0 : inside.height))
        path = part.role == .entry ? border.joined(path) : path.joined(border)
      }
      inside.paths.append((part.edge, part.role, path))
    }
    return inside
  }

  /// Children side by side, with ways for edges through the top and the bottom.
  private mutating func regions(_ container: Int) -> Inside {
    var inside = Inside()
    let padding = Self.padding
    let heading = graph.nodes[container].height
    let regions = children[container] ?? []
    let tallest = regions.map { size($0).height }.max() ?? 0
    var x = 0.0
    var centers: [Int: LayoutBox] = [:]
    for region in regions {
      let size = size(region)
      let box = LayoutBox(x: x, y: heading, width: size.width, height: tallest)
      centers[region] = box
      inside.boxes.append((region, box))
      x += size.width + size.loops
    }
    inside.width = max(x, graph.nodes[container].width)
    inside.height = heading + tallest
    // An edge's place on the border of a region.
    func port(_ region: Int?, _ edge: Int) -> Double {
      guard let region, let box = centers[region] else { return 0 }
      return box.x + (insides[region]?.ports[edge] ?? box.width / 2)
    }
    let between = (parts[container] ?? []).filter { $0.role == .between }
    if !between.isEmpty { inside.height += padding }
    for part in between {
      let edge = graph.edges[part.edge]
      let y = inside.height + edge.labelHeight / 2
      let (from, to) = (port(part.from, part.edge), port(part.to, part.edge))
      let bottom = heading + tallest
      inside.paths.append(
        (
          part.edge, .between,
          LayoutPath(
            start: LayoutPoint(x: from, y: bottom),
            pieces: [
              .line(LayoutPoint(x: from, y: y)), .line(LayoutPoint(x: to, y: y)), .line(LayoutPoint(x: to, y: bottom)),
            ])
        ))
      let label = LayoutBox(
        x: (from + to - edge.labelWidth) / 2, y: y - edge.labelHeight / 2, width: edge.labelWidth,
        height: edge.labelHeight)
      inside.labels.append((part.edge, label))
      inside.height += max(edge.labelHeight, 10) + 6
    }
    for part in parts[container] ?? [] where part.role != .between {
      let isTop = crossesTop[container]?[part.edge] ?? true
      let x = port(part.role == .entry ? part.to : part.from, part.edge)
      inside.ports[part.edge] = x
      let outer = LayoutPoint(x: x, y: isTop ? 0 : inside.height)
      let inner = LayoutPoint(x: x, y: isTop ? heading : heading + tallest)
      let path =
        part.role == .entry
        ? LayoutPath(start: outer, pieces: [.line(inner)]) : LayoutPath(start: inner, pieces: [.line(outer)])
      inside.paths.append((part.edge, part.role, path))
    }
    return inside
  }

  // MARK: Together

  private func assembled(_ containers: [Int]) -> LayoutResult {
    var result = LayoutResult()
    result.boxes = Array(repeating: LayoutBox(x: 0, y: 0, width: 0, height: 0), count: graph.nodes.count)
    var exits: [Int: [LayoutPath]] = [:]
    var entries: [Int: [LayoutPath]] = [:]
    var between: [Int: LayoutPath] = [:]
    for container in containers {
      guard let inside = insides[container] else { continue }
      let origin = container >= 0 ? result.boxes[container] : LayoutBox(x: 0, y: 0, width: 0, height: 0)
      for (node, box) in inside.boxes { result.boxes[node] = box.moved(origin.x, origin.y) }
      for (edge, box) in inside.labels where box.width > 0 { result.labels[edge] = box.moved(origin.x, origin.y) }
      for (edge, role, path) in inside.paths {
        let path = path.moved(origin.x, origin.y)
        switch role {
        case .exit: exits[edge, default: []].insert(path, at: 0)
        case .between: between[edge] = path
        case .entry: entries[edge, default: []].append(path)
        }
      }
    }
    for edge in graph.edges.indices {
      var parts = exits[edge] ?? []
      if let path = between[edge] { parts.append(path) }
      parts += entries[edge] ?? []
      guard let first = parts.first else { continue }
      result.paths[edge] = parts.dropFirst().reduce(first) { $0.joined($1) }
    }
    for (index, node) in graph.nodes.enumerated() { addLoops(node, result.boxes[index], &result) }
    result.width = insides[-1]?.width ?? 0
    result.height = (insides[-1]?.height ?? 0) + Self.padding / 2
    return result
  }

  // MARK: Loops

  static let loopReach = 26.0
  static func loopHeight(_ loop: LayoutLoop) -> Double { max(26, loop.labelHeight) + 4 }

  /// Loops stand at the right side, one below the other.
  private func addLoops(_ node: LayoutGraph.Node, _ box: LayoutBox, _ result: inout LayoutResult) {
    let heights = node.loops.map(Self.loopHeight)
    var y = box.y + (box.height - heights.reduce(0, +)) / 2
    let right = box.x + box.width
    for (loop, height) in zip(node.loops, heights) {
      let middle = y + height / 2
      result.paths[loop.edge] = LayoutPath(
        start: LayoutPoint(x: right, y: middle - 6),
        pieces: [
          .curve(
            LayoutPoint(x: right + 28, y: middle - 18), LayoutPoint(x: right + 28, y: middle + 18),
            LayoutPoint(x: right, y: middle + 6))
        ])
      if loop.labelWidth > 0 {
        result.labels[loop.edge] = LayoutBox(
          x: right + Self.loopReach, y: middle - loop.labelHeight / 2, width: loop.labelWidth,
          height: loop.labelHeight)
      }
      y += height
    }
  }
}
