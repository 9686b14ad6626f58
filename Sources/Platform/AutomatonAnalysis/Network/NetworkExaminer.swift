import Automata

/// Answers single questions about the markings of a network, in the words of its automata.
struct NetworkExaminer {
  let lift: NetworkLift
  let exploration: Exploration

  private var net: PetriNet { lift.net }
  private var network: AnalyzedNetwork { lift.network }
  private typealias Property = NetworkAnalysis.Property

  // MARK: Words

  func text(_ step: Int) -> String {
    switch lift.steps[step] {
    case .transition(let member, let index, let from, let to):
      let automaton = network.members[member].automaton
      let ends = "\(state(member, from)) → \(state(member, to))"
      return "\(network.members[member].name): \(ends) (\(ModelText.text(automaton.transitions[index].name)))"
    case .body, .unnoticed: return net.transitions[step].name
    }
  }

  func texts(_ steps: [Int]) -> [String] { steps.map(text) }

  private func state(_ member: Int, _ state: StateIndex) -> String {
    ModelText.text(network.members[member].automaton.states[state.index].name)
  }

  /// Active states, then free resources and waiting changes.
  func describe(_ marking: PetriNet.Marking) -> [String] {
    var states: [String] = []
    var others: [String] = []
    for (place, meaning) in lift.places.enumerated() {
      switch meaning {
      case .state: if marking[place] > 0 { states.append(net.places[place].name) }
      case .resource(let name): others.append("\(name): \(marking[place]) free")
      case .channel: if marking[place] > 0 { others.append("\(net.places[place].name): \(marking[place]) waiting") }
      }
    }
    return states + others
  }

  /// Innermost states of an automaton that are active.
  private func active(_ member: Int, _ marking: PetriNet.Marking) -> [StateIndex] {
    lift.statePlaces[member].enumerated().filter { $0.element.map { marking[$0] > 0 } ?? false }
      .map { StateIndex($0.offset) }
  }

  private func hasEnded(_ member: Int, _ marking: PetriNet.Marking) -> Bool {
    active(member, marking).allSatisfy { lift.isFinal(member, $0) }
  }

  /// Automata with an active state that holds a resource.
  private func holders(_ resource: Int, _ marking: PetriNet.Marking) -> [String] {
    network.members.indices.flatMap { member in
      active(member, marking).filter { leaf in
        lift.configurations[member].line(to: leaf).contains { lift.holds[member][$0.index].contains(resource) }
      }.map { "\(network.members[member].name).\(state(member, $0))" }
    }
  }

  /// What keeps an automaton where it is.
  private func wants(_ member: Int, _ marking: PetriNet.Marking) -> String {
    var reasons: [String] = []
    for (index, step) in lift.steps.enumerated() {
      guard case .transition(member, let transition, _, _) = step else { continue }
      let missing = net.transitions[index].takes.filter { marking[$0.place] < $0.count }
      if missing.contains(where: { if case .state = lift.places[$0.place] { true } else { false } }) { continue }
      let name = ModelText.text(network.members[member].automaton.transitions[transition].name)
      let causes = missing.map { arc in
        switch lift.places[arc.place] {
        case .resource(let resource):
          let holders = holders(arc.place, marking).joined(separator: ", ")
          return "\(resource), held by \(holders.isEmpty ? "nobody: its capacity is too small" : holders)"
        case .channel(let channel):
          return "a change of \(network.wires[channel].input) from \(network.members[network.wires[channel].from].name)"
        case .state: return ""
        }
      }
      let reason = "\(name) needs \(causes.joined(separator: " and "))"
      if !causes.isEmpty, !reasons.contains(reason) { reasons.append(reason) }
    }
    let states = active(member, marking).map { state(member, $0) }.joined(separator: ", ")
    return "\(network.members[member].name) stays in \(states)"
      + (reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; "))
  }

  private var partly: String {
    "explored \(exploration.count) of at most \(exploration.limit) markings; not exhaustive"
  }

  private func example(_ property: inout NetworkAnalysis.Property, _ marking: Int) {
    property.steps = texts(exploration.path(to: marking))
    property.marking = describe(exploration.marking(marking))
  }

  // MARK: Questions

  func deadlock() -> NetworkAnalysis.Property {
    var property = Property(
      id: "deadlock-free", statement: "some automaton can always take a step, until all have ended", verdict: .holds,
      explanation: "every marking has a step ahead")
    let moves = exploration.canReach({ !net.transitions[$0].isBackground }, over: { net.transitions[$0].isBackground })
    for marking in moves.indices where !moves[marking] {
      let tokens = exploration.marking(marking)
      let blocked = network.members.indices.filter { !hasEnded($0, tokens) }
      guard !blocked.isEmpty else {
        property.explanation = "markings without a step ahead are those in which all automata have ended"
        continue
      }
      property.verdict = .fails
      property.explanation = blocked.map { wants($0, tokens) }.joined(separator: ". ")
      example(&property, marking)
      return property
    }
    if !exploration.isExhaustive {
      property.verdict = .unknown
      property.explanation = "no deadlock was found; \(partly)"
    }
    return property
  }

  /// Whether each automaton can always take a step again, while others may go on.
  func progress() -> [NetworkAnalysis.Property] {
    guard network.members.count > 1 else { return [] }
    let anyStep = exploration.canReach(
      { !net.transitions[$0].isBackground }, over: { net.transitions[$0].isBackground })
    return network.members.indices.map { member in
      var property = Property(
        id: "progress", statement: "\(network.members[member].name) can take a step again, until it has ended",
        verdict: .holds, explanation: "from every marking a step of it can be reached")
      let reaches = exploration.canReach(
        { if case .transition(member, _, _, _) = lift.steps[$0] { true } else { false } }, over: { _ in true })
      // A deadlock is told once for all.
      let stuck = reaches.indices.first { marking in
        !reaches[marking] && anyStep[marking] && !hasEnded(member, exploration.marking(marking))
      }
      if let stuck {
        property.verdict = .fails
        property.explanation = "while others go on, " + wants(member, exploration.marking(stuck))
        example(&property, stuck)
      } else if reaches.indices.contains(where: { !reaches[$0] && !hasEnded(member, exploration.marking($0)) }) {
        property.explanation = "apart from the deadlock, a step of it can be reached from every marking"
      } else if !exploration.isExhaustive {
        property.verdict = .unknown
        property.explanation = "no standstill was found; \(partly)"
      }
      return property
    }
  }

  /// - Returns: the property, and the places that grow without end.
  func boundedness(limit: Int) -> (NetworkAnalysis.Property, growing: Set<Int>) {
    var property = Property(
      id: "bounded", statement: "no channel holds more and more waiting changes", verdict: .holds, explanation: "")
    let bound = exploration.mostTokens.max() ?? 0
    property.explanation = "no place has more than \(bound) token\(bound == 1 ? "" : "s")"
    if exploration.isExhaustive { return (property, []) }
    let coverability = Coverability(net, limit: min(limit, 20_000))
    if let growth = coverability.growths.first {
      property.verdict = .fails
      let names = coverability.growths.map { net.places[$0.place].name }.joined(separator: ", ")
      let loop = texts(growth.loop)
      property.explanation =
        "without end grow: \(names). After the steps below, every round of \"\(loop.joined(separator: "\", \""))\" "
        + "adds to \(net.places[growth.place].name)"
        + (growth.needsEarlierGrowth ? ", once enough has gathered in the others" : "")
      property.steps = texts(growth.prefix) + loop
      return (property, Set(coverability.growths.map(\.place)))
    }
    if !coverability.isComplete {
      property.verdict = .unknown
      property.explanation = "no growth was found; \(partly)"
    } else {
      property.explanation = "no place grows without end, although not all markings were looked at"
    }
    return (property, [])
  }

  func always(_ statement: InvariantExpression, _ solutions: NetInvariants) -> NetworkAnalysis.Property {
    var property = Property(
      id: "invariant", statement: statement.text, verdict: .holds, explanation: "it holds in every marking")
    if let violation = exploration.first(where: { !statement.holds($0) }) {
      property.verdict = .fails
      property.explanation = violation == 0 ? "it does not hold at the start" : "it does not hold after these steps"
      example(&property, violation)
    } else if !exploration.isExhaustive {
      if statement.follows(from: solutions, net) {
        property.explanation = "it follows from a place invariant, although not all markings were looked at"
      } else {
        property.verdict = .unknown
        property.explanation = "no violation was found; \(partly)"
      }
    }
    return property
  }

  func sometimes(_ statement: InvariantExpression) -> NetworkAnalysis.Property {
    var property = Property(
      id: "goal", statement: statement.text, verdict: .fails, explanation: "no marking has it")
    if let marking = exploration.first(where: statement.holds) {
      property.verdict = .holds
      property.explanation = marking == 0 ? "it holds at the start" : "it holds after these steps"
      example(&property, marking)
    } else if !exploration.isExhaustive {
      property.verdict = .unknown
      property.explanation = "it was not found; \(partly)"
    }
    return property
  }

  // MARK: What is worth knowing

  func contentions() -> [NetworkAnalysis.Contention] {
    var found: [Int: (count: Int, marking: Int, step: Int)] = [:]
    let takers = net.transitions.indices.compactMap {
      step -> (step: Int, resources: [PetriNet.Arc], others: [PetriNet.Arc])? in
      let isResource = { (arc: PetriNet.Arc) in if case .resource = lift.places[arc.place] { true } else { false } }
      let resources = net.transitions[step].takes.filter(isResource)
      return resources.isEmpty ? nil : (step, resources, net.transitions[step].takes.filter { !isResource($0) })
    }
    guard !takers.isEmpty else { return [] }
    for index in 0..<exploration.count {
      let marking = exploration.marking(index)
      var counted: Set<Int> = []
      for taker in takers where taker.others.allSatisfy({ marking[$0.place] >= $0.count }) {
        for arc in taker.resources where marking[arc.place] < arc.count {
          let isNew = counted.insert(arc.place).inserted
          found[arc.place, default: (0, index, taker.step)].count += isNew ? 1 : 0
        }
      }
    }
    return found.sorted { $0.key < $1.key }.map { place, found in
      let marking = exploration.marking(found.marking)
      return NetworkAnalysis.Contention(
        resource: net.places[place].name, markings: found.count, waiting: text(found.step),
        holders: holders(place, marking), steps: texts(exploration.path(to: found.marking)))
    }
  }

  func neverTaken() -> [String] {
    let fired = exploration.hasFired
    var taken: Set<[Int]> = []
    for (step, meaning) in lift.steps.enumerated() where fired[step] {
      if case .transition(let member, let index, _, _) = meaning { taken.insert([member, index]) }
    }
    var names: [String] = []
    for (member, part) in network.members.enumerated() {
      for (index, transition) in part.automaton.transitions.enumerated()
      where transition.isEnabled && !taken.contains([member, index]) {
        names.append("\(part.name): \(ModelText.text(transition.name))")
      }
    }
    return names
  }

  func texts(ofPlaces solutions: NetInvariants) -> [String] {
    let initial = net.initialMarking
    return solutions.places.prefix(100).map { solution in
      let sum = solution.terms.reduce(Int64(0)) { $0 + $1.factor * Int64(initial[$1.index]) }
      return terms(solution) { net.places[$0].name } + " = \(sum)"
    }
  }

  func texts(ofTransitions solutions: NetInvariants) -> [String] {
    let rounds = solutions.transitions.filter { round in
      round.terms.contains { !net.transitions[$0.index].isBackground }
    }
    return rounds.prefix(100).map { solution in terms(solution) { net.transitions[$0].name } }
  }

  private func terms(_ solution: NetInvariants.Solution, _ name: (Int) -> String) -> String {
    solution.terms.map { ($0.factor == 1 ? "" : "\($0.factor) × ") + name($0.index) }.joined(separator: " + ")
  }
}
