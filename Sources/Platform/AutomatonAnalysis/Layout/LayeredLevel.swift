/// One level of nesting, drawn in layers from top to bottom (Sugiyama, Tagawa, Toda 1981): things to place, and links
/// that go from a higher to a lower layer.
struct LayeredLevel {
  enum Role: Equatable {
    /// A node of the graph.
    case node(Int)
    /// Where an edge goes through the top or the bottom of the box around this level.
    case topPort(edge: Int)
    case bottomPort(edge: Int)
    /// Part of a link that passes a layer.
    case bend
    /// Text of an edge.
    case label(edge: Int)
  }

  struct Item {
    var role: Role
    var layer = 0
    /// Room to the left and to the right of where links meet it.
    var left = 0.0
    var right = 0.0
    var height = 0.0
    var x = 0.0

    /// Straightens the links through it rather than those between nodes.
    var isPassing: Bool {
      switch role {
      case .bend, .label: true
      default: false
      }
    }
  }

  struct Link {
    var edge: Int
    /// Items.
    var from: Int
    var to: Int
    var labelWidth = 0.0
    var labelHeight = 0.0
    /// It is drawn from `to`, above, to `from`.
    var isReversed = false
    /// Ends and what is between them, from top to bottom.
    var chain: [Int] = []
    /// Where the first and last item are met, relative to their `x`.
    var topOffset = 0.0
    var bottomOffset = 0.0
    /// The same as a part of the item's width, -0.5 to 0.5, where an edge goes on inside the item.
    var topPort = 0.0
    var bottomPort = 0.0

    var upper: Int { isReversed ? to : from }
    var lower: Int { isReversed ? from : to }
  }

  var items: [Item] = []
  var links: [Link] = []
  /// Items in each layer from left to right.
  var layers: [[Int]] = []

  /// Chooses which links point up, so that the others have no cycle, and puts every item in a layer.
  mutating func assignLayers() {
    breakCycles()
    let inner = items.indices.filter { !isPort($0) }
    let order = topologicalOrder(inner)
    var layer = Array(repeating: 0, count: items.count)
    let above = Dictionary(grouping: links.filter { !isPort($0.upper) && !isPort($0.lower) }, by: \.lower)
    let below = Dictionary(grouping: links.filter { !isPort($0.upper) && !isPort($0.lower) }, by: \.upper)
    for item in order {
      layer[item] = (above[item] ?? []).map { layer[$0.upper] + 2 }.max() ?? 0
    }
    // Every item moves to where its links are shortest, between those above and those below it.
    for _ in 0..<8 {
      for item in order.reversed() {
        let (over, under) = (above[item] ?? [], below[item] ?? [])
        let highest = over.map { layer[$0.upper] + 2 }.max()
        let lowest = under.map { layer[$0.lower] - 2 }.min()
        if let lowest, over.count < under.count { layer[item] = lowest }
        if let highest, over.count > under.count { layer[item] = highest }
      }
    }
    let first = inner.map { layer[$0] }.min() ?? 0
    let last = inner.map { layer[$0] }.max() ?? 0
    for item in items.indices {
      switch items[item].role {
      case .topPort: layer[item] = first - 2
      case .bottomPort: layer[item] = last + 2
      default: break
      }
    }
    for item in items.indices { items[item].layer = layer[item] }
    addBends()
    let used = Set(items.map(\.layer)).sorted()
    let rank = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, $0) })
    for item in items.indices { items[item].layer = rank[items[item].layer] ?? 0 }
  }

  func isPort(_ item: Int) -> Bool {
    switch items[item].role {
    case .topPort, .bottomPort: true
    default: false
    }
  }

  /// Links back to an item from which a search has come down are turned around.
  private mutating func breakCycles() {
    var outgoing: [[Int]] = Array(repeating: [], count: items.count)
    for (index, link) in links.enumerated() where !isPort(link.from) && !isPort(link.to) {
      outgoing[link.from].append(index)
    }
    var state = Array(repeating: 0, count: items.count)
    for root in items.indices where state[root] == 0 {
      var path: [(item: Int, next: Int)] = [(root, 0)]
      state[root] = 1
      while let (item, next) = path.last {
        guard next < outgoing[item].count else {
          state[item] = 2
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let link = outgoing[item][next]
        let target = links[link].to
        if state[target] == 1 {
          links[link].isReversed = true
        } else if state[target] == 0 {
          state[target] = 1
          path.append((target, 0))
        }
      }
    }
    // Ports are pinned: links at them go down from the top and down to the bottom.
    for index in links.indices {
      if case .topPort = items[links[index].to].role { links[index].isReversed = true }
      if case .bottomPort = items[links[index].from].role { links[index].isReversed = true }
    }
  }

  private func topologicalOrder(_ inner: [Int]) -> [Int] {
    var incoming = Array(repeating: 0, count: items.count)
    let relevant = links.filter { !isPort($0.upper) && !isPort($0.lower) }
    for link in relevant { incoming[link.lower] += 1 }
    let below = Dictionary(grouping: relevant, by: \.upper)
    var order = inner.filter { incoming[$0] == 0 }
    var next = 0
    while next < order.count {
      for link in below[order[next]] ?? [] {
        incoming[link.lower] -= 1
        if incoming[link.lower] == 0 { order.append(link.lower) }
      }
      next += 1
    }
    return order
  }

  /// Gives every link an item in each layer that it passes; its text takes the one in the middle.
  ///
  /// Nodes have even layers; the odd ones between them exist where a text stands.
  private mutating func addBends() {
    var used = Set(items.map(\.layer))
    var labelLayers: [Int?] = []
    for link in links {
      let middle = (items[link.upper].layer + items[link.lower].layer) / 2
      let layer = link.labelWidth > 0 ? (middle % 2 == 0 ? middle - 1 : middle) : nil
      labelLayers.append(layer)
      if let layer { used.insert(layer) }
    }
    for index in links.indices {
      let link = links[index]
      let (top, bottom) = (items[link.upper].layer, items[link.lower].layer)
      var chain = [link.upper]
      for layer in (top + 1)..<max(top + 1, bottom) where used.contains(layer) {
        var item = Item(role: .bend, layer: layer, left: 5, right: 5)
        if layer == labelLayers[index] {
          item.role = .label(edge: link.edge)
          item.left = link.labelWidth / 2
          item.right = link.labelWidth / 2
          item.height = link.labelHeight
        }
        chain.append(items.count)
        items.append(item)
      }
      chain.append(link.lower)
      links[index].chain = chain
    }
  }
}
