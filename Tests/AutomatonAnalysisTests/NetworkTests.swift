import Automata
import JSON
import PythonPeer
import Testing

@testable import AutomatonAnalysis

@Suite struct NetworkTests {
  func verdict(_ analysis: NetworkAnalysis, _ id: String) -> NetworkAnalysis.Verdict? {
    analysis.properties.first { $0.id == id }?.verdict
  }

  @Test(arguments: 2...4) func philosophersStarve(_ count: Int) throws {
    let analysis = try NetworkAnalysis(Networks.philosophers(count, isCareful: false))
    let deadlock = try #require(analysis.properties.first { $0.id == "deadlock-free" })
    #expect(deadlock.verdict == .fails)
    // Each takes one fork, and there is no shorter way.
    #expect(
      deadlock.steps == (0..<count).map { "p\($0): Thinking → HasOne (take_first)" }.sortedAsFound(deadlock.steps))
    #expect(deadlock.steps.count == count)
    #expect(deadlock.explanation.contains("p0 stays in HasOne: take_second needs fork1, held by p1.HasOne"))
    #expect(analysis.isExhaustive)
    #expect(analysis.fails)
    #expect(analysis.contentions.count == count)
    #expect(analysis.placeInvariants.contains("p0.Thinking + p0.HasOne + p0.Eating = 1"))
  }

  @Test func carefulPhilosophersDoNot() throws {
    let options = NetworkAnalysis.Options(
      invariants: ["not (p0.Eating and p1.Eating)", "p0.Eating + p1.Eating + p2.Eating <= 1"], goals: ["p2.Eating"])
    let analysis = try NetworkAnalysis(Networks.philosophers(3, isCareful: true), options)
    #expect(analysis.properties.map(\.verdict) == Array(repeating: .holds, count: 8))
    #expect(!analysis.fails)
    #expect(analysis.isReversible)
    #expect(
      analysis.properties.last?.steps == ["p2: Thinking → HasOne (take_first)", "p2: HasOne → Eating (take_second)"])
  }

  @Test func mutualExclusion() throws {
    let statement = NetworkAnalysis.Options(invariants: ["not (A.Open and B.Open)"])
    let one = try NetworkAnalysis(Networks.users(capacity: 1), statement)
    #expect(verdict(one, "invariant") == .holds)
    #expect(verdict(one, "deadlock-free") == .holds)
    #expect(one.bounds.map { "\($0.place) \($0.tokens ?? 0)" } == ["door 1"])
    #expect(one.placeInvariants.contains("A.Open + B.Open + door = 1"))
    #expect(one.contentions.map(\.waiting) == ["B: Away → Open (t1)"])
    #expect(one.contentions.map(\.holders) == [["A.Open"]])
    let two = try NetworkAnalysis(Networks.users(capacity: 2), statement)
    let violated = try #require(two.properties.first { $0.id == "invariant" })
    #expect(violated.verdict == .fails)
    #expect(violated.steps == ["A: Away → Open (t1)", "B: Away → Open (t1)"])
    #expect(violated.marking == ["A.Open", "B.Open", "door: 0 free"])
    // Not all looked at: the sum of tokens shows it nevertheless.
    var bounded = statement
    bounded.markingsMax = 1
    let partly = try NetworkAnalysis(Networks.users(capacity: 1), bounded)
    #expect(!partly.isExhaustive)
    #expect(verdict(partly, "invariant") == .holds)
    #expect(verdict(partly, "deadlock-free") == .unknown)
    #expect(partly.text.contains("explored 1 of at most 1 markings; not exhaustive"))
  }

  @Test func aQueueWithoutEndGrows() throws {
    let analysis = try NetworkAnalysis(Networks.producer(capacity: nil), .init(markingsMax: 500))
    let bounded = try #require(analysis.properties.first { $0.id == "bounded" })
    #expect(bounded.verdict == .fails)
    #expect(bounded.steps == ["producer: Making → Sending (t1)", "producer: Sending → Making (t2)"])
    #expect(analysis.bounds.map { $0.tokens } == [nil])
    let held = try NetworkAnalysis(Networks.producer(capacity: 1))
    #expect(held.properties.allSatisfy { $0.verdict == .holds })
    #expect(held.bounds.map { "\($0.place) \($0.tokens ?? 0)" } == ["producer.item -> consumer.item 1"])
  }

  @Test func twoThatWaitForEachOther() throws {
    let analysis = try NetworkAnalysis(Networks.shy)
    let deadlock = try #require(analysis.properties.first { $0.id == "deadlock-free" })
    #expect(deadlock.verdict == .fails)
    #expect(deadlock.steps == [])
    #expect(
      deadlock.explanation
        == "Ann stays in Waiting: t1 needs a change of heard from Bob. Bob stays in Waiting: t1 needs a change of heard "
        + "from Ann")
    #expect(analysis.unreached == ["Ann.Talking", "Bob.Talking"])
    #expect(analysis.neverTaken == ["Ann: t1", "Ann: t2", "Bob: t1", "Bob: t2"])
  }

  @Test func oneIsLeftBehind() throws {
    var network = Networks.users(capacity: 2)
    var listener = ModelBuilder("listener", states: ["Waiting", "Done", "Once"])
    listener.variable("word", .bool, .input)
    listener.go("Once", "Waiting", .after(1))
    listener.go("Waiting", "Done", .on("word"))
    listener.go("Done", "Waiting", .after(1))
    listener.automaton.initialState = listener.index("Once")
    network.members.append(.init("L", listener.automaton))
    network.wires = [.init(from: 0, output: "word", to: 2, input: "word")]
    #expect(throws: NetworkAnalysis.Failure.network("A has no variable \"word\"")) { try NetworkAnalysis(network) }
    network.members[0].automaton.variables = [Variable(name: Array("word".utf8), type: .bool, direction: .output)]
    let analysis = try NetworkAnalysis(network)
    let progress = analysis.properties.filter { $0.id == "progress" }
    #expect(progress.map(\.verdict) == [.holds, .holds, .fails])
    #expect(progress[2].steps == ["L: Once → Waiting (t1)"])
    #expect(verdict(analysis, "deadlock-free") == .holds)
  }

  @Test func endingIsNoDeadlock() throws {
    var model = ModelBuilder("m", states: ["A", "B"])
    model.go("A", "B", .after(1))
    let analysis = try NetworkAnalysis(AnalyzedNetwork(model.automaton), .init(goals: ["B"]))
    #expect(analysis.properties.map(\.verdict) == [.holds, .holds, .holds])
    #expect(!analysis.isReversible)
  }

  @Test func statesInsideStates() throws {
    let options = NetworkAnalysis.Options(
      invariants: [
        "player.Playing implies player.Sound", "Sound == Display", "Off + On == 1", "Loud + Quiet <= 1",
        "not (Playing and Paused)", "Playing implies Loud",
      ], goals: ["Quiet and Clock"])
    let analysis = try NetworkAnalysis(AnalyzedNetwork(Samples.player), options)
    #expect(
      analysis.properties.filter { $0.id == "invariant" }.map(\.verdict) == [
        .holds, .holds, .holds, .holds, .holds, .fails,
      ])
    #expect(
      analysis.properties.last?.steps == [
        "player: Off → On (t1)", "player: Stopped → Playing (t3)", "player: Loud → Quiet (t7)",
        "player: Title → Clock (t9)",
      ])
    #expect(analysis.explored == 7)
    #expect(analysis.isReversible)
  }

  @Test func statementsAreChecked() {
    func failure(_ text: String) -> String {
      do {
        _ = try NetworkAnalysis(Networks.users(capacity: 1), .init(invariants: [text]))
        return ""
      } catch { return "\(error)" }
    }
    #expect(failure("not A.Open or \"B\".\"Open\" == 0") == "")
    #expect(failure("A.Opn") == "\"A.Opn\", column 1: there is no state, resource or channel \"A.Opn\"")
    #expect(failure("A.Open B.Open").contains("column 8: something is left over"))
    #expect(failure("(A.Open").contains("column 8: the closing ) is missing"))
    #expect(failure("A.Open and").contains("column 11: a name is missing"))
    #expect(failure("A.Open & B.Open").contains("column 8: \"&\" has no meaning here"))
    #expect(failure("\"A").contains("the closing \" is missing"))
    #expect(failure("A.Open < 99999999999").contains("too large"))
    #expect(failure(String(repeating: "(", count: 10_000)).contains("too deeply nested"))
    #expect(failure(String(repeating: "not ", count: 10_001) + "A.Open") == "")
  }

  @Test func damagedStatementsAreRefusedOrUnderstood() {
    var numbers = SeededNumbers.forTest("damagedStatementsAreRefusedOrUnderstood")
    let seeds = [
      "not (A.Open and B.Open)", "A.Open + B.Open <= 1 or door == 0",
      "A.\"Open\" implies (not B.Open or door - 1 >= 0)",
    ].map { Array($0.unicodeScalars) }
    let extra = Array("()\"=<>~!+-.019 andornotimplies_é€\u{0}\n𝄞".unicodeScalars)
    var understood = 0
    for _ in 0..<4_000 {
      var text = seeds.randomElement(using: &numbers) ?? []
      for _ in 0..<Int.random(in: 1...4, using: &numbers) {
        let place = Int.random(in: 0...text.count, using: &numbers)
        switch Int.random(in: 0..<3, using: &numbers) {
        case 0: text.insert(extra.randomElement(using: &numbers) ?? " ", at: place)
        case 1: if place < text.count { text.remove(at: place) }
        default: text.insert(contentsOf: text.prefix(place).suffix(6), at: place)
        }
      }
      var scalars = String.UnicodeScalarView()
      scalars.append(contentsOf: text)
      let names = [["A", "Open"], ["B", "Open"], ["door"]]
      let statement = try? InvariantExpression(String(scalars)) { name in names.firstIndex(of: name).map { [$0] } }
      if let statement {
        understood += 1
        _ = statement.holds([1, 0, 0])
        _ = statement.holds([.max, .max, .max])
      }
    }
    #expect(understood > 0)
  }

  @Test func reports() throws {
    let analysis = try NetworkAnalysis(Networks.philosophers(2, isCareful: false))
    #expect(analysis.text.contains("FAILS    deadlock-free"))
    #expect(analysis.text.contains("all 6 markings of 8 places and 6 steps were explored"))
    #expect(analysis.text.contains("conditions, times and chances are left open"))
    #expect(analysis.json["fails"] == true)
    #expect(analysis.json["properties"]?.arrayValue?.first?["verdict"] == "fails")
    #expect(analysis.json["properties"]?.arrayValue?.first?["steps"]?.arrayValue?.count == 2)
  }
}

extension [String] {
  /// The same elements in the order of another list, which has them all; else as they are.
  func sortedAsFound(_ other: [String]) -> [String] { sorted() == other.sorted() ? other : self }
}
