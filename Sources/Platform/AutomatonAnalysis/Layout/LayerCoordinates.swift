extension LayeredLevel {
  static let itemGap = 22.0
  static let bendGap = 12.0
  static let layerGap = 20.0

  /// Spreads the links along the tops and bottoms of their nodes, in the order of where they go.
  ///
  /// - Parameter fixed: the place, relative to the middle of a node, for edges that go on inside it.
  mutating func spreadEnds(_ fixed: (_ edge: Int, _ node: Int) -> Double?) {
    var place: [Int: Int] = [:]
    for layer in layers { for (index, item) in layer.enumerated() { place[item] = index } }
    let tops = Dictionary(grouping: links.indices) { links[$0].upper }
    let bottoms = Dictionary(grouping: links.indices) { links[$0].lower }
    for item in items.indices {
      guard case .node(let node) = items[item].role else { continue }
      let width = 2 * min(items[item].left, items[item].right)
      for (ends, isTop) in [(tops[item] ?? [], true), (bottoms[item] ?? [], false)] {
        let sorted = ends.sorted { left, right in
          let a = place[isTop ? links[left].chain[1] : links[left].chain[links[left].chain.count - 2]] ?? 0
          let b = place[isTop ? links[right].chain[1] : links[right].chain[links[right].chain.count - 2]] ?? 0
          return (a, left) < (b, right)
        }
        let step = min(28, 0.7 * width / Double(max(1, sorted.count)))
        for (index, link) in sorted.enumerated() {
          let offset =
            fixed(links[link].edge, node) ?? (Double(index) - Double(sorted.count - 1) / 2) * step
          if isTop { links[link].topOffset = offset } else { links[link].bottomOffset = offset }
        }
      }
    }
  }

  /// Chooses the `x` of all items: the sum of the squares of the links' sideways lengths becomes least, with every
  /// layer in its order and free of overlaps. One layer at a time has an exact answer (isotonic regression); going over
  /// the layers again and again leads to the best for all, since the problem is convex.
  mutating func placeItems() {
    struct Pull {
      var item: Int
      var weight: Double
      /// Wanted is the other item's `x` and this.
      var offset: Double
    }
    var pulls: [[Pull]] = Array(repeating: [], count: items.count)
    for link in links {
      for index in link.chain.indices.dropLast() {
        let (upper, lower) = (link.chain[index], link.chain[index + 1])
        let passing = (items[upper].isPassing ? 1 : 0) + (items[lower].isPassing ? 1 : 0)
        let weight = [1.0, 2.0, 6.0][passing]
        let topOffset = index == 0 ? link.topOffset : 0
        let bottomOffset = index + 2 == link.chain.count ? link.bottomOffset : 0
        pulls[upper].append(Pull(item: lower, weight: weight, offset: bottomOffset - topOffset))
        pulls[lower].append(Pull(item: upper, weight: weight, offset: topOffset - bottomOffset))
      }
    }
    for layer in layers {
      var x = 0.0
      for (place, item) in layer.enumerated() {
        if place > 0 { x += separation(layer[place - 1], item) }
        items[item].x = x
      }
      for item in layer { items[item].x -= x / 2 }
    }
    // Large pictures get fewer rounds, since each costs more.
    let rounds = max(24, min(160, 2_000_000 / max(1, items.count)))
    for round in 0..<rounds {
      let order = round % 2 == 0 ? Array(layers.indices) : Array(layers.indices.reversed())
      for index in order {
        let layer = layers[index]
        var wanted: [Double] = []
        var weights: [Double] = []
        for item in layer {
          var weight = 0.001
          var sum = weight * items[item].x
          for pull in pulls[item] {
            // After a while long ways count less than by their square, so that short ones become straight.
            let distance = items[pull.item].x + pull.offset - items[item].x
            let factor = round < rounds / 3 ? 1 : 24 / (24 + abs(distance))
            weight += pull.weight * factor
            sum += pull.weight * factor * (items[pull.item].x + pull.offset)
          }
          wanted.append(sum / weight)
          weights.append(weight)
        }
        for (item, x) in zip(layer, nearest(layer, wanted, weights)) { items[item].x = x }
      }
    }
    for _ in 0..<3 { straighten() }
  }

  /// Puts the bends of a link that have room for it on one vertical line.
  private mutating func straighten() {
    var room: [Int: (left: Int?, right: Int?)] = [:]
    for layer in layers {
      for (place, item) in layer.enumerated() {
        room[item] = (place > 0 ? layer[place - 1] : nil, place + 1 < layer.count ? layer[place + 1] : nil)
      }
    }
    for link in links {
      var run: [Int] = []
      var (low, high) = (-Double.infinity, Double.infinity)
      for item in link.chain.dropFirst().dropLast() {
        let left = room[item]?.left.map { items[$0].x + separation($0, item) } ?? -.infinity
        let right = room[item]?.right.map { items[$0].x - separation(item, $0) } ?? .infinity
        if max(low, left) > min(high, right) {
          align(run, low, high)
          run = []
          (low, high) = (-.infinity, .infinity)
        }
        run.append(item)
        (low, high) = (max(low, left), min(high, right))
      }
      align(run, low, high)
    }
  }

  private mutating func align(_ run: [Int], _ low: Double, _ high: Double) {
    guard run.count > 1, low <= high else { return }
    let mean = run.reduce(0) { $0 + items[$1].x } / Double(run.count)
    for item in run { items[item].x = min(max(mean, low), high) }
  }

  /// Least distance of the middles of two neighbours.
  private func separation(_ left: Int, _ right: Int) -> Double {
    let gap = items[left].isPassing || items[right].isPassing ? Self.bendGap : Self.itemGap
    return items[left].right + gap + items[right].left
  }

  /// The places nearest to the wanted ones that keep the order and the distances: pools of neighbours that push each
  /// other share their weighted mean.
  private func nearest(_ layer: [Int], _ wanted: [Double], _ weights: [Double]) -> [Double] {
    var shift: [Double] = []
    for place in layer.indices {
      shift.append(place == 0 ? 0 : shift[place - 1] + separation(layer[place - 1], layer[place]))
    }
    var pools: [(mean: Double, weight: Double, count: Int)] = []
    for place in layer.indices {
      pools.append((wanted[place] - shift[place], weights[place], 1))
      while pools.count > 1, pools[pools.count - 2].mean > pools[pools.count - 1].mean {
        let last = pools.removeLast()
        let before = pools.removeLast()
        let weight = before.weight + last.weight
        let mean = (before.mean * before.weight + last.mean * last.weight) / weight
        pools.append((mean, weight, before.count + last.count))
      }
    }
    var result: [Double] = []
    for pool in pools { for _ in 0..<pool.count { result.append(pool.mean + shift[result.count]) } }
    return result
  }

  /// Where the layers stand, and the lines of the links.
  ///
  /// - Returns: top and height of each layer; a path for each link, in the direction of its edge.
  func route() -> (tops: [Double], heights: [Double], paths: [LayoutPath]) {
    var heights = layers.map { layer in layer.map { items[$0].height }.max() ?? 0 }
    if heights.isEmpty { heights = [0] }
    // Where links go far sideways there is more room below.
    var sideways = Array(repeating: 0.0, count: heights.count)
    for link in links {
      for index in link.chain.indices.dropLast() {
        let from = items[link.chain[index]].x + (index == 0 ? link.topOffset : 0)
        let to = items[link.chain[index + 1]].x + (index + 2 == link.chain.count ? link.bottomOffset : 0)
        let layer = items[link.chain[index]].layer
        sideways[layer] = max(sideways[layer], abs(from - to))
      }
    }
    var tops = [0.0]
    for layer in heights.indices.dropLast() {
      let isBesidePort = layers[layer].allSatisfy { isPort($0) } || layers[layer + 1].allSatisfy { isPort($0) }
      let least = isBesidePort ? 10 : Self.layerGap
      tops.append(tops[layer] + heights[layer] + min(64, max(least, least + 0.14 * (sideways[layer] - 20))))
    }
    let paths = links.map { link in
      let first = items[link.chain[0]]
      var point = LayoutPoint(
        x: first.x + link.topOffset, y: tops[first.layer] + heights[first.layer] / 2 + first.height / 2)
      var path = LayoutPath(start: point)
      func go(_ end: LayoutPoint) {
        if abs(end.x - point.x) < 0.05, abs(end.y - point.y) < 0.05 { return }
        if abs(end.x - point.x) < 0.5 {
          path.pieces.append(.line(end))
        } else {
          let middle = (point.y + end.y) / 2
          path.pieces.append(.curve(LayoutPoint(x: point.x, y: middle), LayoutPoint(x: end.x, y: middle), end))
        }
        point = end
      }
      for (index, id) in link.chain.enumerated() {
        let item = items[id]
        let isLast = index + 1 == link.chain.count
        if index > 0 {
          go(LayoutPoint(x: item.x + (isLast ? link.bottomOffset : 0), y: tops[item.layer]))
        }
        if isLast {
          go(LayoutPoint(x: point.x, y: tops[item.layer] + heights[item.layer] / 2 - item.height / 2))
        } else {
          go(LayoutPoint(x: point.x, y: tops[item.layer] + heights[item.layer]))
        }
      }
      return link.isReversed ? path.reversed : path
    }
    return (tops, heights, paths)
  }
}
