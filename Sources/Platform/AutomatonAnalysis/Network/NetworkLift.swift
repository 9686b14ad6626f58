import Automata

/// The Petri net of a network: a place for each innermost state, resource and channel; a transition for each way in which
/// an automaton can take a step.
struct NetworkLift {
  enum PlaceMeaning: Equatable {
    case state(member: Int, StateIndex)
    case resource(String)
    case channel(Int)
  }

  enum StepMeaning: Equatable {
    case transition(member: Int, Int, from: StateIndex, to: StateIndex)
    /// The code of a state runs.
    case body(member: Int, StateIndex)
    /// A change comes while nothing waits for it.
    case unnoticed(channel: Int)
  }

  /// Why a network has no net.
  enum Failure: Error, Equatable {
    case invalid(member: String)
    case tooManyCombinations(member: String)
    case duplicateMember(String)
    case unknownOutput(channel: Int)
    case unknownInput(channel: Int)
    case startsBeyondCapacity(resource: String, holders: Int, capacity: UInt32)
  }

  let network: AnalyzedNetwork
  private(set) var net = PetriNet()
  private(set) var places: [PlaceMeaning] = []
  private(set) var steps: [StepMeaning] = []
  /// By member and state: the place of an innermost state.
  private(set) var statePlaces: [[Int?]] = []
  private(set) var resourcePlaces: [String: Int] = [:]
  private(set) var channelPlaces: [Int] = []
  /// By member and state: resources held while it is active.
  private(set) var holds: [[[Int]]] = []
  private(set) var configurations: [Configurations] = []
  private(set) var flows: [TransitionFlow] = []
  private var scripts: [ModelScripts] = []

  init(_ network: AnalyzedNetwork) throws(Failure) {
    self.network = network
    for (index, member) in network.members.enumerated() {
      if network.members[..<index].contains(where: { $0.name == member.name }) { throw .duplicateMember(member.name) }
      guard member.automaton.problems().isEmpty else { throw .invalid(member: member.name) }
      let own = ModelScripts(member.automaton)
      scripts.append(own)
      flows.append(TransitionFlow(member.automaton, own, member.automaton.semantics ?? .strict))
      configurations.append(Configurations(member.automaton))
    }
    addStates()
    try addResources()
    try addChannels()
    for member in network.members.indices {
      do throws(Configurations.TooMany) {
        try addTransitions(member)
        addBodies(member)
      } catch {
        throw .tooManyCombinations(member: network.members[member].name)
      }
    }
    for channel in network.wires.indices { addUnnoticed(channel) }
  }

  func isFinal(_ member: Int, _ leaf: StateIndex) -> Bool {
    let line = configurations[member].line(to: leaf)
    return !network.members[member].automaton.transitions.contains { $0.isEnabled && line.contains($0.from) }
  }

  // MARK: Places

  private mutating func addStates() {
    for (member, part) in network.members.enumerated() {
      let configurations = configurations[member]
      var active: [StateIndex] = []
      if let first = try? configurations.entered(part.automaton.initialState).first { active = first }
      var own: [Int?] = []
      for index in part.automaton.states.indices {
        guard configurations.isLeaf(StateIndex(index)) else {
          own.append(nil)
          continue
        }
        let name = "\(part.name).\(ModelText.text(part.automaton.states[index].name))"
        own.append(net.addPlace(name, initial: active.contains(StateIndex(index)) ? 1 : 0))
        places.append(.state(member: member, StateIndex(index)))
      }
      statePlaces.append(own)
    }
  }

  /// A state holds a resource while it is active when its scripts name it, be it in a comment.
  private mutating func addResources() throws(Failure) {
    var capacities: [String: UInt32] = [:]
    var names: [[(word: String, resource: String)]] = []
    for member in network.members {
      var own: [(String, String)] = []
      for (resource, word, name) in member.usedResources() {
        capacities[name] = min(capacities[name] ?? .max, resource.capacity)
        own.append((word, name))
      }
      names.append(own)
    }
    for (name, capacity) in capacities.sorted(by: { $0.key < $1.key }) {
      resourcePlaces[name] = net.addPlace(name, initial: network.capacities[name] ?? capacity)
      places.append(.resource(name))
    }
    for (member, part) in network.members.enumerated() {
      var own: [[Int]] = []
      for index in part.automaton.states.indices {
        let around = configurations[member].line(to: StateIndex(index)).dropLast().flatMap { own[$0.index] }
        let words = words(scripts[member].scripts(of: .state(index)))
        let used = names[member].filter { words.contains($0.word) }.compactMap { resourcePlaces[$0.resource] }
        own.append(Set(used).subtracting(around).sorted())
      }
      holds.append(own)
      momentary.append(
        part.automaton.transitions.indices.map { index in
          let words = words(scripts[member].scripts(of: .transition(index)))
          return names[member].filter { words.contains($0.word) }.compactMap { resourcePlaces[$0.resource] }
        })
    }
    for (name, place) in resourcePlaces.sorted(by: { $0.key < $1.key }) {
      let capacity = net.places[place].initial
      let holders = heldAtStart(place)
      guard holders <= Int(capacity) else {
        throw .startsBeyondCapacity(resource: name, holders: holders, capacity: capacity)
      }
      net.places[place].initial = capacity - UInt32(holders)
    }
  }

  /// By member and transition: resources that its own scripts name.
  private var momentary: [[[Int]]] = []

  private func heldAtStart(_ resource: Int) -> Int {
    var count = 0
    for (member, part) in network.members.enumerated() {
      let active = (try? configurations[member].entered(part.automaton.initialState).first) ?? []
      count += active.filter { holds[member][$0.index].contains(resource) }.count
    }
    return count
  }

  private func words(_ scripts: [ModelScript]) -> Set<String> {
    var words: Set<String> = []
    for script in scripts {
      for word in ModelText.text(script.source).split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" }) {
        words.insert(String(word))
      }
    }
    return words
  }

  /// Inputs begin with what the outputs show that lead to them.
  private func isChangedAtStart(_ wire: AnalyzedNetwork.Wire) -> Bool {
    let (from, to) = (network.members[wire.from].automaton, network.members[wire.to].automaton)
    let output = Array(wire.output.utf8)
    let active = (try? configurations[wire.from].entered(from.initialState).first) ?? []
    for state in active {
      for script in scripts[wire.from].scripts(of: .state(state.index)) where script.key == "on_enter" {
        if script.writes.contains(output) { return true }
      }
    }
    guard
      let source = from.variables.first(where: { $0.name == output }),
      let target = to.variables.first(where: { $0.name == Array(wire.input.utf8) })
    else { return false }
    return !wire.isTransformed && source.type == target.type && !source.initial.isSame(target.initial)
  }

  private mutating func addChannels() throws(Failure) {
    for (index, wire) in network.wires.enumerated() {
      let (from, to) = (network.members[wire.from], network.members[wire.to])
      guard from.automaton.variable(named: Array(wire.output.utf8)) != nil else { throw .unknownOutput(channel: index) }
      guard to.automaton.variable(named: Array(wire.input.utf8)) != nil else { throw .unknownInput(channel: index) }
      channelPlaces.append(
        net.addPlace(
          "\(from.name).\(wire.output) -> \(to.name).\(wire.input)", initial: isChangedAtStart(wire) ? 1 : 0,
          saturation: wire.capacity))
      places.append(.channel(index))
    }
  }

  // MARK: Transitions

  private mutating func add(
    _ name: String, takes: [Int: UInt32], puts: [Int: UInt32], _ meaning: StepMeaning, isBackground: Bool = false
  ) {
    net.addTransition(name, takes: takes, puts: puts, isBackground: isBackground)
    // Two ways that do the same are one.
    if let added = net.transitions.last, let twin = net.transitions.dropLast().firstIndex(of: added),
      steps[twin] == meaning
    {
      net.transitions.removeLast()
    } else {
      steps.append(meaning)
    }
  }

  private mutating func addTransitions(_ member: Int) throws(Configurations.TooMany) {
    let automaton = network.members[member].automaton
    for (index, transition) in automaton.transitions.enumerated() where flows[member].isPossible(index) {
      let (ways, targets) = try configurations[member].changes(transition)
      guard ways.count * targets.count <= Configurations.combinationsMax else { throw Configurations.TooMany() }
      for left in ways {
        for entered in targets {
          for channels in awaited(member, transition.trigger) {
            addStep(member, index, transition, left, entered, channels)
          }
        }
      }
    }
  }

  private mutating func addStep(
    _ member: Int, _ index: Int, _ transition: Transition, _ left: [StateIndex], _ entered: [StateIndex],
    _ channels: [Int]
  ) {
    var takes: [Int: UInt32] = [:]
    var puts: [Int: UInt32] = [:]
    for state in left { if let place = statePlaces[member][state.index] { takes[place] = 1 } }
    for state in entered { if let place = statePlaces[member][state.index] { puts[place] = 1 } }
    let before = left.flatMap { holds[member][$0.index] }
    let after = entered.flatMap { holds[member][$0.index] }
    for resource in Set(before + after + momentary[member][index]) {
      let released = before.filter { $0 == resource }.count
      let kept = after.filter { $0 == resource }.count
      let wanted = max(kept, momentary[member][index].contains(resource) ? 1 : 0)
      let taken = max(0, wanted - released)
      takes[resource] = UInt32(taken)
      puts[resource] = UInt32(taken + released - kept)
    }
    for channel in channels { takes[channelPlaces[channel], default: 0] += 1 }
    let subjects = left.map { ($0, "on_exit") } + entered.map { ($0, "on_enter") }
    var written: Set<Name> = []
    for script in scripts[member].scripts(of: .transition(index)) { written.formUnion(script.writes) }
    for (state, key) in subjects {
      for script in scripts[member].scripts(of: .state(state.index)) where script.key == key || script.key == "file" {
        written.formUnion(script.writes)
      }
    }
    for channel in channelsOut(member, written) { puts[channelPlaces[channel], default: 0] += 1 }
    let name = "\(network.members[member].name): \(ModelText.text(transition.name))"
    let ends = (left.last { configurations[member].isLeaf($0) }, entered.last { configurations[member].isLeaf($0) })
    let isPlain = left.count == 1 && entered.count == 1
    add(
      name, takes: takes, puts: puts,
      .transition(
        member: member, index, from: isPlain ? ends.0 ?? transition.from : transition.from,
        to: isPlain ? ends.1 ?? transition.to : transition.to))
  }

  /// The sets of channels that must have brought a change, one of which is enough.
  private func awaited(_ member: Int, _ trigger: Trigger) -> [[Int]] {
    guard case .event(let event) = trigger, !event.signals.isEmpty else { return [[]] }
    var sets: [[Int]] = event.requiresAll ? [[]] : []
    for signal in event.signals {
      let sources = channelsIn(member, signal.signal).map { [$0] }
      // What is not wired changes when it likes.
      let ways = sources.isEmpty ? [[]] : sources
      if event.requiresAll {
        sets = sets.flatMap { set in ways.map { set + $0 } }
      } else {
        sets += ways
      }
    }
    return Array(Set(sets.map { Array(Set($0)).sorted() })).sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func channelsIn(_ member: Int, _ input: Name) -> [Int] {
    network.wires.indices.filter { network.wires[$0].to == member && Array(network.wires[$0].input.utf8) == input }
  }

  private func channelsOut(_ member: Int, _ written: Set<Name>) -> [Int] {
    network.wires.indices.filter {
      network.wires[$0].from == member && written.contains(Array(network.wires[$0].output.utf8))
    }
  }

  private mutating func addBodies(_ member: Int) {
    let automaton = network.members[member].automaton
    for state in automaton.states.indices {
      var written: Set<Name> = []
      for script in scripts[member].scripts(of: .state(state)) where script.key == "code" || script.key == "file" {
        written.formUnion(script.writes)
      }
      let channels = channelsOut(member, written)
      guard !channels.isEmpty else { continue }
      for leaf in configurations[member].indicators(of: StateIndex(state)) where !isFinal(member, leaf) {
        guard let place = statePlaces[member][leaf.index] else { continue }
        var puts: [Int: UInt32] = [place: 1]
        for channel in channels { puts[channelPlaces[channel], default: 0] += 1 }
        add(
          "\(network.members[member].name): code of \(ModelText.text(automaton.states[state].name))",
          takes: [place: 1], puts: puts, .body(member: member, StateIndex(state)), isBackground: true)
      }
    }
  }

  /// A change is lost where nothing waits for it, or where what waits may find its condition false.
  private mutating func addUnnoticed(_ channel: Int) {
    let member = network.wires[channel].to
    let automaton = network.members[member].automaton
    let signal = Array(network.wires[channel].input.utf8)
    let name = "\(network.members[member].name): \(network.wires[channel].input) changes unnoticed"
    let place = channelPlaces[channel]
    if automaton.states.contains(where: \.isParallel) {
      add(name, takes: [place: 1], puts: [:], .unnoticed(channel: channel), isBackground: true)
      return
    }
    for (index, leaf) in statePlaces[member].enumerated() {
      guard let leaf else { continue }
      let line = configurations[member].line(to: StateIndex(index))
      let isAwaited = automaton.transitions.indices.contains { transition in
        line.contains(automaton.transitions[transition].from) && flows[member].isPossible(transition)
          && isSurelyTaken(automaton.transitions[transition], signal)
      }
      if !isAwaited {
        add(
          name, takes: [place: 1, leaf: 1], puts: [leaf: 1], .unnoticed(channel: channel), isBackground: true)
      }
    }
  }

  private func isSurelyTaken(_ transition: Transition, _ signal: Name) -> Bool {
    guard case .event(let event) = transition.trigger, event.condition.isEmpty, transition.file.isEmpty else {
      return false
    }
    return event.signals.contains { $0.signal == signal && $0.kind == .onChange }
      && (!event.requiresAll || event.signals.count == 1)
  }

  // MARK: Names

  /// The places that a name stands for: `Automaton.State`, of a single automaton also `State`; a resource; a channel by
  /// the input that it leads to, `Automaton.input`.
  func resolve(_ name: [String]) -> [Int]? {
    if name.count == 1, let resource = resourcePlaces[name[0]] { return [resource] }
    if let exact = net.places.firstIndex(where: { $0.name == name.joined(separator: ".") }) { return [exact] }
    let member = network.members.firstIndex { $0.name == name[0] }
    let last: Name
    let owner: Int
    if name.count == 2, let member {
      (owner, last) = (member, Array(name[1].utf8))
    } else if name.count == 1, network.members.count == 1 {
      (owner, last) = (0, Array(name[0].utf8))
    } else {
      return nil
    }
    if let state = network.members[owner].automaton.state(named: last) {
      return configurations[owner].indicators(of: state).compactMap { statePlaces[owner][$0.index] }
    }
    let channels = channelsIn(owner, last)
    return channels.isEmpty ? nil : channels.map { channelPlaces[$0] }
  }
}
