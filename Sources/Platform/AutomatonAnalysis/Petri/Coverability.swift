/// Which places of a net can hold any number of tokens (Karp and Miller, Parallel Program Schemata, 1969): where a marking
/// covers one that it came from, what happened between can happen again and again, and the places that gained are
/// unbounded.
public struct Coverability: Sendable {
  /// How a place grows: after `prefix`, every round of `loop` adds to it.
  public struct Growth: Sendable, Equatable {
    public var place: Int
    public var prefix: [Int]
    public var loop: [Int]
    /// `loop` needs tokens of places that grew before, so that their loops come first, often enough.
    public var needsEarlierGrowth: Bool
  }

  public private(set) var growths: [Growth] = []
  /// Whether no marking was left out: then places without growth are bounded.
  public private(set) var isComplete = true
  public private(set) var count = 0

  private struct Node {
    var marking: PetriNet.Marking
    var parent: Int
    var transition: Int
  }

  /// - Parameter limit: At most so many markings are looked at.
  public init(_ net: PetriNet, limit: Int) {
    var nodes = [Node(marking: net.initialMarking, parent: -1, transition: -1)]
    var seen = MarkingSet(width: net.places.count)
    _ = seen.insert(net.initialMarking)
    var next = 0
    while next < nodes.count {
      let marking = nodes[next].marking
      for transition in net.transitions.indices where net.isEnabled(transition, marking) {
        guard var successor = net.fire(transition, marking) else {
          isComplete = false
          continue
        }
        accelerate(&successor, next, transition, nodes, net)
        if seen.insert(successor).isNew {
          nodes.append(Node(marking: successor, parent: next, transition: transition))
        }
      }
      next += 1
      if nodes.count >= limit, next < nodes.count {
        isComplete = false
        break
      }
    }
    count = nodes.count
    growths.sort { $0.place < $1.place }
  }

  private mutating func accelerate(
    _ marking: inout PetriNet.Marking, _ from: Int, _ transition: Int, _ nodes: [Node], _ net: PetriNet
  ) {
    let plain = marking
    var isChanged = true
    while isChanged {
      isChanged = false
      var ancestor = from
      var loop = [transition]
      while ancestor >= 0 {
        let earlier = nodes[ancestor].marking
        if zip(earlier, marking).allSatisfy({ $0 <= $1 }) {
          for place in marking.indices
          where earlier[place] < marking[place] && marking[place] != PetriNet.unlimited
            && net.places[place].saturation == nil
          {
            marking[place] = PetriNet.unlimited
            isChanged = true
            // Whether the loop can follow itself as it is, or only with tokens that other loops bring.
            let isFree = !plain.contains(PetriNet.unlimited) && zip(earlier, plain).allSatisfy { $0 <= $1 }
            guard !growths.contains(where: { $0.place == place }) else { continue }
            growths.append(
              Growth(
                place: place, prefix: path(to: ancestor, nodes), loop: loop,
                needsEarlierGrowth: !isFree))
          }
        }
        loop.insert(nodes[ancestor].transition, at: 0)
        ancestor = nodes[ancestor].parent
      }
    }
  }

  private func path(to node: Int, _ nodes: [Node]) -> [Int] {
    var path: [Int] = []
    var current = node
    while nodes[current].parent >= 0 {
      path.append(nodes[current].transition)
      current = nodes[current].parent
    }
    return path.reversed()
  }
}
