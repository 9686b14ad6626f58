extension LayeredLevel {
  /// Orders each layer so that links cross little: sweeps by the median of the neighbours, then swaps of neighbours
  /// (Gansner, Koutsofios, North, Vo 1993).
  mutating func orderLayers() {
    layers = initialOrder()
    let neighbours = Neighbours(self)
    var best = layers
    var fewest = crossings(layers, neighbours)
    var current = layers
    // Large pictures get fewer sweeps, since each costs more.
    let pieces = links.reduce(1) { $0 + $1.chain.count }
    for sweep in 0..<max(4, min(24, 200_000 / pieces)) where fewest > 0 {
      sortByMedian(&current, neighbours, downwards: sweep % 2 == 0)
      swapNeighbours(&current, neighbours)
      let count = crossings(current, neighbours)
      if count < fewest {
        fewest = count
        best = current
      }
    }
    layers = best
  }

  /// The end of a piece of a link at another item.
  struct End {
    var item: Int
    /// Where in that item, as a part of its width.
    var port: Double
    /// Where in this item.
    var ownPort: Double
  }

  /// Items above and below each item.
  struct Neighbours {
    var above: [[End]]
    var below: [[End]]

    init(_ level: LayeredLevel) {
      above = Array(repeating: [], count: level.items.count)
      below = above
      for link in level.links {
        for (index, (upper, lower)) in zip(link.chain, link.chain.dropFirst()).enumerated() {
          let top = index == 0 ? link.topPort : 0
          let bottom = index + 2 == link.chain.count ? link.bottomPort : 0
          below[upper].append(End(item: lower, port: bottom, ownPort: top))
          above[lower].append(End(item: upper, port: top, ownPort: bottom))
        }
      }
    }
  }

  /// As a search from the top meets them.
  private func initialOrder() -> [[Int]] {
    var order: [[Int]] = Array(repeating: [], count: (items.map(\.layer).max() ?? -1) + 1)
    let neighbours = Neighbours(self)
    var isPlaced = Array(repeating: false, count: items.count)
    let roots = items.indices.sorted { (items[$0].layer, $0) < (items[$1].layer, $1) }
    for root in roots where !isPlaced[root] {
      var queue = [root]
      isPlaced[root] = true
      var next = 0
      while next < queue.count {
        let item = queue[next]
        next += 1
        order[items[item].layer].append(item)
        for end in neighbours.below[item] where !isPlaced[end.item] {
          isPlaced[end.item] = true
          queue.append(end.item)
        }
      }
    }
    return order
  }

  /// Where each item stands in its layer.
  private func positions(_ order: [[Int]]) -> [Int] {
    var places = [Int](repeating: 0, count: items.count)
    for layer in order {
      for (place, item) in layer.enumerated() { places[item] = place }
    }
    return places
  }

  private func sortByMedian(_ order: inout [[Int]], _ neighbours: Neighbours, downwards: Bool) {
    let indices = downwards ? Array(order.indices.dropFirst()) : Array(order.indices.dropLast().reversed())
    var places = positions(order)
    var keys = [Double](repeating: 0, count: items.count)
    for index in indices {
      for item in order[index] {
        let near = (downwards ? neighbours.above : neighbours.below)[item]
          .map { end in Double(places[end.item]) + end.port - end.ownPort }.sorted()
        keys[item] = near.isEmpty ? Double(places[item]) : median(near)
      }
      order[index].sort { left, right in
        keys[left] != keys[right] ? keys[left] < keys[right] : places[left] < places[right]
      }
      for (place, item) in order[index].enumerated() { places[item] = place }
    }
  }

  /// Weighted towards the side where neighbours are close together.
  private func median(_ sorted: [Double]) -> Double {
    let half = sorted.count / 2
    if sorted.count % 2 == 1 { return sorted[half] }
    if sorted.count == 2 { return (sorted[0] + sorted[1]) / 2 }
    let left = sorted[half - 1] - sorted[0]
    let right = sorted[sorted.count - 1] - sorted[half]
    guard left + right > 0 else { return (sorted[half - 1] + sorted[half]) / 2 }
    return (sorted[half - 1] * right + sorted[half] * left) / (left + right)
  }

  private func swapNeighbours(_ order: inout [[Int]], _ neighbours: Neighbours) {
    var places = positions(order)
    for _ in 0..<8 {
      var improved = false
      for index in order.indices {
        for place in order[index].indices.dropLast() {
          let (left, right) = (order[index][place], order[index][place + 1])
          let now =
            crossings(neighbours.above[left], neighbours.above[right], places)
            + crossings(neighbours.below[left], neighbours.below[right], places)
          guard now > 0 else { continue }
          let swapped =
            crossings(neighbours.above[right], neighbours.above[left], places)
            + crossings(neighbours.below[right], neighbours.below[left], places)
          if swapped < now {
            order[index].swapAt(place, place + 1)
            (places[left], places[right]) = (place + 1, place)
            improved = true
          }
        }
      }
      if !improved { break }
    }
  }

  /// Crossings between the links of an item and those of one to its right.
  private func crossings(_ left: [End], _ right: [End], _ places: [Int]) -> Int {
    var count = 0
    for first in left {
      let place = Double(places[first.item]) + first.port
      for second in right where place > Double(places[second.item]) + second.port { count += 1 }
    }
    return count
  }

  private func crossings(_ order: [[Int]], _ neighbours: Neighbours) -> Int {
    let places = positions(order)
    var total = 0
    for layer in order.dropLast() {
      var ends: [(upper: Double, lower: Double)] = []
      for (place, item) in layer.enumerated() {
        for end in neighbours.below[item] {
          ends.append((Double(place) + end.ownPort, Double(places[end.item]) + end.port))
        }
      }
      ends.sort { ($0.upper, $0.lower) < ($1.upper, $1.lower) }
      var lower = ends.map(\.lower)
      total += inversions(&lower)
    }
    return total
  }

  /// Pairs in the wrong order; sorts, by merging.
  private func inversions(_ values: inout [Double]) -> Int {
    guard values.count > 1 else { return 0 }
    var left = Array(values[..<(values.count / 2)])
    var right = Array(values[(values.count / 2)...])
    var count = inversions(&left) + inversions(&right)
    var (i, j) = (0, 0)
    for index in values.indices {
      if j == right.count || (i < left.count && left[i] <= right[j]) {
        values[index] = left[i]
        i += 1
      } else {
        values[index] = right[j]
        count += left.count - i
        j += 1
      }
    }
    return count
  }
}
