import Automata

/// Automata that run beside each other: what is analysed together.
public struct AnalyzedNetwork: Sendable {
  public struct Member: Sendable {
    public var name: String
    public var automaton: Automaton
    /// Under which name in the network it uses a resource; its own name without an entry.
    public var resources: [String: String] = [:]

    public init(_ name: String, _ automaton: Automaton, resources: [String: String] = [:]) {
      self.name = name
      self.automaton = automaton
      self.resources = resources
    }

    /// The resources that it uses, with their names in the network.
    func usedResources() -> [(resource: SharedResource, word: String, name: String)] {
      (automaton.blackBox?.resources ?? []).map { resource in
        let word = ModelText.text(resource.name)
        let shared = resources[word] ?? word
        return (resource, word, resource.isShared ? shared : "\(name).\(shared)")
      }
    }
  }

  /// A channel from an output to an input: what is written there changes the input here.
  public struct Wire: Sendable, Equatable {
    /// Positions in `members`.
    public var from: Int
    public var output: String
    public var to: Int
    public var input: String
    /// Changes that may wait; a later one replaces an earlier one with 1. `nil` for any number.
    public var capacity: UInt32?
    /// What arrives is not what was written, so that values cannot be compared.
    public var isTransformed: Bool

    public init(
      from: Int, output: String, to: Int, input: String, capacity: UInt32? = 1, isTransformed: Bool = false
    ) {
      self.from = from
      self.output = output
      self.to = to
      self.input = input
      self.capacity = capacity
      self.isTransformed = isTransformed
    }
  }

  public var members: [Member] = []
  public var wires: [Wire] = []
  /// How many may use a resource at a time; the least that a member declares without an entry.
  public var capacities: [String: UInt32] = [:]

  /// Names of all resources, in their order.
  public var resourceNames: [String] { Set(members.flatMap { $0.usedResources().map(\.name) }).sorted() }

  public init() {}

  /// One automaton by itself.
  public init(_ automaton: Automaton) {
    members = [Member(ModelText.text(automaton.name), automaton)]
  }
}
