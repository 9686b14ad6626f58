import Automata

/// What can and what cannot happen in automata that run beside each other.
///
/// Conditions, times and chances are left open: a transition may be taken whenever its state is active, the changes it
/// waits for have come and its resources are free. What is shown impossible so is impossible; what is shown possible may
/// still be kept from happening by a condition.
public struct NetworkAnalysis: Sendable {
  public struct Options: Sendable {
    /// At most so many markings are looked at.
    public var markingsMax: Int
    /// Statements that are to hold always (`InvariantExpression`).
    public var invariants: [String]
    /// Statements that are to hold at some time.
    public var goals: [String]

    public init(markingsMax: Int = 100_000, invariants: [String] = [], goals: [String] = []) {
      self.markingsMax = markingsMax
      self.invariants = invariants
      self.goals = goals
    }
  }

  public enum Verdict: String, Sendable {
    case holds, fails
    /// Not all markings were looked at, and what was seen does not decide.
    case unknown
  }

  public struct Property: Sendable {
    /// `deadlock-free`, `bounded`, `progress`, `invariant`, `goal`.
    public var id: String
    public var statement: String
    public var verdict: Verdict
    public var explanation: String
    /// Steps that show it, from the beginning: against it when it fails, for it when a goal holds.
    public var steps: [String] = []
    /// What is active after these.
    public var marking: [String] = []
  }

  /// Automata want a resource that others hold.
  public struct Contention: Sendable {
    public var resource: String
    /// Markings in which it happens.
    public var markings: Int
    public var waiting: String
    public var holders: [String]
    public var steps: [String]
  }

  public enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
    /// It has no net: why.
    case network(String)
    case statement(String, InvariantExpression.Failure)

    public var description: String {
      switch self {
      case .network(let reason): reason
      case .statement(let text, let failure): "\"\(text)\", \(failure)"
      }
    }
  }

  public private(set) var name = ""
  public private(set) var places = 0
  public private(set) var transitions = 0
  public private(set) var explored = 0
  public private(set) var markingsMax = 0
  public private(set) var isExhaustive = false
  /// Whether the beginning can be come back to from everywhere.
  public private(set) var isReversible = false
  public internal(set) var properties: [Property] = []
  public internal(set) var contentions: [Contention] = []
  /// States, as `Automaton.State`, that were not active in any marking.
  public internal(set) var unreached: [String] = []
  /// Transitions, as `Automaton: transition`, that were not taken.
  public internal(set) var neverTaken: [String] = []
  /// Most tokens of each resource and channel.
  public internal(set) var bounds: [(place: String, tokens: UInt32?)] = []
  /// Sums of tokens that never change.
  public internal(set) var placeInvariants: [String] = []
  /// Rounds that lead back to where they began.
  public internal(set) var transitionInvariants: [String] = []

  public var fails: Bool { properties.contains { $0.verdict == .fails } }

  public init(_ network: AnalyzedNetwork, _ options: Options = Options()) throws(Failure) {
    let lift: NetworkLift
    do throws(NetworkLift.Failure) { lift = try NetworkLift(network) } catch {
      throw .network(Self.reason(error, network))
    }
    var invariants: [InvariantExpression] = []
    var goals: [InvariantExpression] = []
    for text in options.invariants { invariants.append(try Self.parse(text, lift)) }
    for text in options.goals { goals.append(try Self.parse(text, lift)) }

    let exploration = Exploration(lift.net, limit: options.markingsMax)
    name = network.members.map(\.name).joined(separator: ", ")
    places = lift.net.places.count
    transitions = lift.net.transitions.count
    explored = exploration.count
    markingsMax = exploration.limit
    isExhaustive = exploration.isExhaustive
    isReversible = exploration.isReversible
    let examiner = NetworkExaminer(lift: lift, exploration: exploration)
    let solutions = NetInvariants(lift.net)
    properties.append(examiner.deadlock())
    properties += examiner.progress()
    let (bounded, growing) = examiner.boundedness(limit: options.markingsMax)
    properties.append(bounded)
    for invariant in invariants { properties.append(examiner.always(invariant, solutions)) }
    for goal in goals { properties.append(examiner.sometimes(goal)) }
    contentions = examiner.contentions()
    let most = exploration.mostTokens
    for (place, meaning) in lift.places.enumerated() {
      if case .state = meaning {
        if most[place] == 0 { unreached.append(lift.net.places[place].name) }
      } else {
        bounds.append((lift.net.places[place].name, growing.contains(place) ? nil : most[place]))
      }
    }
    neverTaken = examiner.neverTaken()
    placeInvariants = examiner.texts(ofPlaces: solutions)
    transitionInvariants = examiner.texts(ofTransitions: solutions)
  }

  private static func parse(_ text: String, _ lift: NetworkLift) throws(Failure) -> InvariantExpression {
    do throws(InvariantExpression.Failure) { return try InvariantExpression(text, places: lift.resolve) } catch {
      throw .statement(text, error)
    }
  }

  private static func reason(_ failure: NetworkLift.Failure, _ network: AnalyzedNetwork) -> String {
    switch failure {
    case .invalid(let member): return "\(member) has structural problems; see `aether automaton validate`"
    case .tooManyCombinations(let member):
      return "\(member) has a transition that leaves or enters more than \(Configurations.combinationsMax) "
        + "combinations of parallel states"
    case .duplicateMember(let name): return "two automata are named \"\(name)\""
    case .unknownOutput(let channel):
      let wire = network.wires[channel]
      return "\(network.members[wire.from].name) has no variable \"\(wire.output)\""
    case .unknownInput(let channel):
      let wire = network.wires[channel]
      return "\(network.members[wire.to].name) has no variable \"\(wire.input)\""
    case .startsBeyondCapacity(let resource, let holders, let capacity):
      return "\(holders) automata hold \"\(resource)\" in the states they begin in, and its capacity is \(capacity)"
    }
  }
}
