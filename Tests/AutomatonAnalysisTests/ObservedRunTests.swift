import Automata
import PythonPeer
import Testing

@testable import AutomatonAnalysis

/// What the engine does, the net can do: random automata with states inside states, regions and histories are run, and
/// every step is repeated in the net.
@Suite struct ObservedRunTests {
  @Test func runsStayInsideTheNet() throws {
    var numbers = SeededNumbers.forTest("runsStayInsideTheNet")
    var steps = 0
    for round in 0..<300 {
      let automaton = Self.random(&numbers)
      #expect(automaton.problems() == [])
      let lift: NetworkLift
      do { lift = try NetworkLift(AnalyzedNetwork(automaton)) } catch {
        #expect(error == .tooManyCombinations(member: "random"))
        continue
      }
      let engine = Engine(try CompiledAutomaton(automaton), options: EngineOptions(seed: numbers.next()))
      let tickLength: Int64 = Bool.random(using: &numbers) ? 10 : 100
      try engine.start(at: 0)
      var markings: Set<PetriNet.Marking> = [lift.net.initialMarking]
      #expect(Self.leaves(lift.net.initialMarking, lift) == engine.leaves.sorted(), "round \(round) start")
      func describe() -> String {
        let states = automaton.states.map { state in
          "\(String(decoding: state.name, as: UTF8.self))<\(state.parent.isNone ? "" : String(state.parent.index))"
            + "\(state.isParallel ? "||" : "")\(state.history == .none ? "" : "\(state.history)")"
        }
        let transitions = automaton.transitions.map { "\($0.from.index)>\($0.to.index)" }
        return "\(states) \(transitions) engine \(engine.leaves.map(\.index))"
      }
      for tick in 1...60 where engine.execution == .running {
        _ = engine.takeEvents()
        if Bool.random(using: &numbers) {
          try engine.setInput(0, .bool(Bool.random(using: &numbers)), at: Int64(tick - 1) * tickLength)
        }
        engine.tick(at: Int64(tick) * tickLength)
        for event in engine.takeEvents() {
          guard case .transition(let index, _, _) = event else { continue }
          steps += 1
          markings = Self.after(index, markings, lift)
          try #require(
            !markings.isEmpty,
            "round \(round) tick \(tick): transition \(index) is not possible in the net: \(describe())")
        }
        markings = markings.filter { Self.leaves($0, lift) == engine.leaves.sorted() }
        try #require(!markings.isEmpty, "round \(round) tick \(tick): the net is elsewhere: \(describe())")
      }
    }
    #expect(steps > 200)
  }

  private static func after(
    _ transition: Int, _ markings: Set<PetriNet.Marking>, _ lift: NetworkLift
  ) -> Set<PetriNet.Marking> {
    var result: Set<PetriNet.Marking> = []
    for (step, meaning) in lift.steps.enumerated() {
      guard case .transition(_, transition, _, _) = meaning else { continue }
      for marking in markings where lift.net.isEnabled(step, marking) {
        if let next = lift.net.fire(step, marking) { result.insert(next) }
      }
    }
    return result
  }

  private static func leaves(_ marking: PetriNet.Marking, _ lift: NetworkLift) -> [StateIndex] {
    lift.statePlaces[0].enumerated().filter { $0.element.map { marking[$0] > 0 } ?? false }.map {
      StateIndex($0.offset)
    }
  }

  private static func random(_ numbers: inout SeededNumbers) -> Automaton {
    let count = Int.random(in: 2...14, using: &numbers)
    var model = ModelBuilder("random", states: [])
    for index in 0..<count {
      let parent = index > 0 && Bool.random(using: &numbers) ? Int.random(in: 0..<index, using: &numbers) : nil
      model.state("S\(index)") { if let parent { $0.parent = StateIndex(parent) } }
    }
    for index in 0..<count {
      let children = model.automaton.states.indices.filter { model.automaton.states[$0].parent.index == index }
      guard let first = children.first else { continue }
      model.automaton.states[index].isParallel = Int.random(in: 0..<3, using: &numbers) == 0
      if !model.automaton.states[index].isParallel { model.automaton.states[index].initialChild = StateIndex(first) }
      let histories: [History] = [.none, .none, .shallow, .deep]
      model.automaton.states[index].history = histories.randomElement(using: &numbers) ?? .none
    }
    model.automaton.initialState = StateIndex(0)
    for _ in 0..<Int.random(in: 1...(2 * count), using: &numbers) {
      let ends = (0..<2).map { _ in "S\(Int.random(in: 0..<count, using: &numbers))" }
      let triggers: [Trigger] = [
        .when("rand() < 0.3"), .when("rand() < 0.3"), .when("rand() < 0.3"), .after(30), .after(50), .timeout(20),
        .every(20), .immediate, .when("1 > 2"), .when("true"), .probability, .on("signal", .onRise), .on("signal"),
        .classic(Classic(condition: Array("rand() < 0.5".utf8), isRisingEdge: true)),
        .classic(Classic(condition: Array("true".utf8), isRisingEdge: true)),
      ]
      model.go(ends[0], ends[1], triggers.randomElement(using: &numbers) ?? .immediate) {
        $0.priority = UInt8.random(in: 0...2, using: &numbers)
        $0.weight = Bool.random(using: &numbers) ? 100 : 50
      }
    }
    model.variable("signal", .bool, .input)
    model.automaton.semantics = Bool.random(using: &numbers) ? .strict : .compat
    return model.automaton
  }
}
