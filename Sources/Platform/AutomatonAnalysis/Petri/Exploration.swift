/// The markings that a net can come to, found breadth first, so that the way to each is a shortest one.
public struct Exploration: Sendable {
  /// A step from one marking to another.
  struct Step {
    var from: Int32
    var to: Int32
    var transition: Int32
  }

  public let net: PetriNet
  public let limit: Int
  /// Whether no marking was left out.
  public private(set) var isExhaustive = true
  private(set) var markings: MarkingSet
  /// How each marking was found first; of the first one, nothing.
  private(set) var origins: [Step] = []
  private(set) var steps: [Step] = []
  /// Markings whose steps are all known: those before this number.
  private(set) var expanded = 0

  /// - Parameter limit: At most so many markings are looked at.
  public init(_ net: PetriNet, limit: Int) {
    self.net = net
    self.limit = max(1, min(limit, Int(Int32.max) - 1))
    markings = MarkingSet(width: net.places.count)
    explore()
  }

  public var count: Int { markings.count }

  private mutating func explore() {
    _ = markings.insert(net.initialMarking)
    origins.append(Step(from: -1, to: 0, transition: -1))
    while expanded < markings.count {
      let marking = markings[expanded]
      for transition in net.transitions.indices where net.isEnabled(transition, marking) {
        guard let next = net.fire(transition, marking) else {
          isExhaustive = false
          continue
        }
        if markings.count == limit, !markings.contains(next) {
          isExhaustive = false
          return
        }
        let (index, isNew) = markings.insert(next)
        let step = Step(from: Int32(expanded), to: Int32(index), transition: Int32(transition))
        if isNew { origins.append(step) }
        steps.append(step)
      }
      expanded += 1
    }
  }

  public func marking(_ index: Int) -> PetriNet.Marking { markings[index] }

  /// The transitions from the first marking to the given one; there is no shorter way.
  public func path(to index: Int) -> [Int] {
    var path: [Int] = []
    var current = index
    while origins[current].from >= 0 {
      path.append(Int(origins[current].transition))
      current = Int(origins[current].from)
    }
    return path.reversed()
  }

  /// The first marking that something holds for; none is nearer to the beginning.
  public func first(where holds: (PetriNet.Marking) -> Bool) -> Int? {
    (0..<markings.count).first { holds(markings[$0]) }
  }

  /// Most tokens that each place had.
  public var mostTokens: [UInt32] {
    var most = [UInt32](repeating: 0, count: net.places.count)
    for index in 0..<markings.count {
      for place in most.indices { most[place] = max(most[place], markings.tokens(index, place)) }
    }
    return most
  }

  /// Whether each transition happened.
  public var hasFired: [Bool] {
    var fired = [Bool](repeating: false, count: net.transitions.count)
    for step in steps { fired[Int(step.transition)] = true }
    return fired
  }

  /// For every marking, whether a step of one of the chosen transitions lies ahead, over steps of any allowed one.
  /// Markings whose steps were not looked at count as if one did.
  func canReach(_ isChosen: (Int) -> Bool, over isAllowed: (Int) -> Bool) -> [Bool] {
    var reaches = [Bool](repeating: false, count: markings.count)
    var pending: [Int32] = []
    func mark(_ index: Int32) {
      guard !reaches[Int(index)] else { return }
      reaches[Int(index)] = true
      pending.append(index)
    }
    for index in expanded..<max(expanded, markings.count) { mark(Int32(index)) }
    for step in steps where isChosen(Int(step.transition)) { mark(step.from) }
    // Steps by where they lead, as lists in one array.
    var starts = [Int32](repeating: 0, count: markings.count + 1)
    for step in steps { starts[Int(step.to) + 1] += 1 }
    for index in 1..<starts.count { starts[index] += starts[index - 1] }
    var next = starts
    var sources = [Step](repeating: Step(from: 0, to: 0, transition: 0), count: steps.count)
    for step in steps {
      sources[Int(next[Int(step.to)])] = step
      next[Int(step.to)] += 1
    }
    while let index = pending.popLast() {
      for place in starts[Int(index)]..<starts[Int(index) + 1] {
        let step = sources[Int(place)]
        if isAllowed(Int(step.transition)) { mark(step.from) }
      }
    }
    return reaches
  }

  /// The first marking from which only background transitions are left.
  public var firstDeadlock: Int? {
    let moves = canReach({ !net.transitions[$0].isBackground }, over: { net.transitions[$0].isBackground })
    return moves.firstIndex(of: false)
  }

  /// Whether the first marking can be come back to from every other.
  public var isReversible: Bool {
    guard isExhaustive else { return false }
    var reaches = [Bool](repeating: false, count: markings.count)
    reaches[0] = true
    // Backwards over all steps from the first marking.
    var sources: [[Int32]] = Array(repeating: [], count: markings.count)
    for step in steps { sources[Int(step.to)].append(step.from) }
    var pending: [Int32] = [0]
    while let index = pending.popLast() {
      for source in sources[Int(index)] where !reaches[Int(source)] {
        reaches[Int(source)] = true
        pending.append(source)
      }
    }
    return reaches.allSatisfy { $0 }
  }
}
