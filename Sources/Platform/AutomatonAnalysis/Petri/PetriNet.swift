/// A net of places, which hold tokens, and transitions, which take tokens and put some (Murata, Petri Nets: Properties,
/// Analysis and Applications, 1989).
public struct PetriNet: Sendable, Equatable {
  public struct Place: Sendable, Equatable {
    public var name: String
    public var initial: UInt32
    /// Tokens beyond so many vanish, as a change does that comes while an earlier one waits. `nil` for a plain place.
    public var saturation: UInt32?

    public init(_ name: String, initial: UInt32 = 0, saturation: UInt32? = nil) {
      self.name = name
      self.initial = initial
      self.saturation = saturation
    }
  }

  /// A number of tokens of one place.
  public struct Arc: Sendable, Equatable {
    public var place: Int
    public var count: UInt32

    public init(_ place: Int, _ count: UInt32 = 1) {
      self.place = place
      self.count = count
    }
  }

  public struct Transition: Sendable, Equatable {
    public var name: String
    /// Each place at most once.
    public var takes: [Arc]
    /// Each place at most once. A place in both lists is only looked at.
    public var puts: [Arc]
    /// It happens by itself and is no progress: a net in which only such transitions are left stands still.
    public var isBackground: Bool

    public init(_ name: String, takes: [Arc], puts: [Arc], isBackground: Bool = false) {
      self.name = name
      self.takes = takes
      self.puts = puts
      self.isBackground = isBackground
    }
  }

  public var places: [Place] = []
  public var transitions: [Transition] = []

  public init() {}

  @discardableResult
  public mutating func addPlace(_ name: String, initial: UInt32 = 0, saturation: UInt32? = nil) -> Int {
    places.append(Place(name, initial: initial, saturation: saturation))
    return places.count - 1
  }

  public mutating func addTransition(
    _ name: String, takes: [Int: UInt32], puts: [Int: UInt32], isBackground: Bool = false
  ) {
    func arcs(_ counts: [Int: UInt32]) -> [Arc] {
      counts.filter { $0.value > 0 }.map { Arc($0.key, $0.value) }.sorted { $0.place < $1.place }
    }
    transitions.append(Transition(name, takes: arcs(takes), puts: arcs(puts), isBackground: isBackground))
  }

  /// Tokens in each place.
  public typealias Marking = [UInt32]

  /// Any number of tokens, in the markings of `Coverability`.
  public static let unlimited = UInt32.max

  public var initialMarking: Marking { places.map { min($0.initial, $0.saturation ?? .max) } }

  public func isEnabled(_ transition: Int, _ marking: Marking) -> Bool {
    transitions[transition].takes.allSatisfy { marking[$0.place] >= $0.count }
  }

  /// The marking after an enabled transition; `nil` when a place would hold more tokens than can be counted.
  public func fire(_ transition: Int, _ marking: Marking) -> Marking? {
    var result = marking
    for arc in transitions[transition].takes where result[arc.place] != Self.unlimited {
      result[arc.place] -= arc.count
    }
    for arc in transitions[transition].puts where result[arc.place] != Self.unlimited {
      let (sum, overflow) = result[arc.place].addingReportingOverflow(arc.count)
      guard !overflow, sum != Self.unlimited else { return nil }
      result[arc.place] = min(sum, places[arc.place].saturation ?? .max)
    }
    return result
  }

  /// Tokens that a transition adds to a place, as far as no saturation interferes.
  func effect(_ transition: Int, _ place: Int) -> Int64 {
    let put = transitions[transition].puts.first { $0.place == place }?.count ?? 0
    let taken = transitions[transition].takes.first { $0.place == place }?.count ?? 0
    return Int64(put) - Int64(taken)
  }
}

/// Markings, each once, numbered in the order in which they came.
struct MarkingSet {
  let width: Int
  private(set) var count = 0
  private var tokens: [UInt32] = []
  /// Number of a marking plus one, by hash; 0 is free.
  private var slots: [Int32]

  init(width: Int) {
    self.width = width
    slots = Array(repeating: 0, count: 1 << 10)
  }

  subscript(index: Int) -> PetriNet.Marking { Array(tokens[index * width..<(index + 1) * width]) }

  func tokens(_ index: Int, _ place: Int) -> UInt32 { tokens[index * width + place] }

  func contains(_ marking: PetriNet.Marking) -> Bool {
    var slot = Self.hash(marking[...]) & (slots.count - 1)
    while slots[slot] != 0 {
      if isEqual(Int(slots[slot]) - 1, marking) { return true }
      slot = (slot + 1) & (slots.count - 1)
    }
    return false
  }

  /// - Returns: the number of the marking, and whether it is new.
  mutating func insert(_ marking: PetriNet.Marking) -> (index: Int, isNew: Bool) {
    if (count + 1) * 2 > slots.count { grow() }
    var slot = Self.hash(marking[...]) & (slots.count - 1)
    while slots[slot] != 0 {
      let index = Int(slots[slot]) - 1
      if isEqual(index, marking) { return (index, false) }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = Int32(count + 1)
    tokens += marking
    count += 1
    return (count - 1, true)
  }

  private func isEqual(_ index: Int, _ marking: PetriNet.Marking) -> Bool {
    let start = index * width
    for place in 0..<width where tokens[start + place] != marking[place] { return false }
    return true
  }

  private mutating func grow() {
    var larger = [Int32](repeating: 0, count: slots.count * 2)
    for index in 0..<count {
      var slot = Self.hash(tokens[index * width..<(index + 1) * width]) & (larger.count - 1)
      while larger[slot] != 0 { slot = (slot + 1) & (larger.count - 1) }
      larger[slot] = Int32(index + 1)
    }
    slots = larger
  }

  private static func hash(_ marking: ArraySlice<UInt32>) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for count in marking { hash = (hash ^ UInt64(count)) &* 0x0000_0100_0000_01B3 }
    hash ^= hash >> 29
    hash = hash &* 0xBF58_476D_1CE4_E5B9
    return Int(truncatingIfNeeded: hash ^ (hash >> 32))
  }
}
