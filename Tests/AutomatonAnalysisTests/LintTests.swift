import Automata
import Testing

@testable import AutomatonAnalysis

@Suite struct LintTests {
  /// `rule name` of every finding.
  static func found(_ model: ModelBuilder, _ semantics: Semantics? = nil) -> [String] {
    #expect(model.automaton.problems() == [])
    return Lints.check(model.automaton, semantics: semantics).map { "\($0.rule.rawValue) \($0.name)" }
  }

  @Test func aGoodAutomatonHasNone() {
    #expect(Lints.check(Samples.thermostat).map(\.message) == [])
  }

  @Test func statesThatNothingLeadsTo() {
    var model = ModelBuilder("m", states: ["A", "B", "C", "D"])
    model.go("A", "B", .after(10))
    model.go("B", "A", .after(10))
    model.go("C", "D", .after(10))
    model.go("A", "D", .after(20)) { $0.isEnabled = false }
    #expect(Self.found(model) == ["unreachable-state C", "unreachable-state D"])
    model.automaton.errorPolicy = .faultState(model.index("C"))
    #expect(Self.found(model) == [])
  }

  @Test func statesInsideOthersAreEnteredWithThem() {
    // Events may come together; nothing else is said.
    #expect(Set(Lints.check(Self.playerWithVariables.automaton).map(\.rule)) == [.ambiguousTie])
  }

  static var playerWithVariables: ModelBuilder {
    var model = ModelBuilder("player", states: [])
    model.automaton = Samples.player
    for name in ["power", "play", "mute"] { model.variable(name, .bool, .input) }
    for name in ["pause", "stop", "resume"] { model.variable(name, .int32, .input) }
    model.variable("temperature", .float64, .input)
    model.variable("volume", .int32, .output)
    return model
  }

  @Test func transitionsThatAreNeverTaken() {
    var model = ModelBuilder("m", states: ["A", "B"])
    model.go("A", "B", .when("1 > 2"))
    model.go("A", "B", .event(Event())) { $0.priority = 1 }
    model.go("A", "B", .classic(Classic(condition: Array("true".utf8), isRisingEdge: true))) { $0.priority = 2 }
    model.go("A", "B", .after(5)) { $0.priority = 3 }
    #expect(Self.found(model) == ["dead-transition t1", "dead-transition t2", "dead-transition t3"])
    let first = Lints.check(model.automaton)[0]
    #expect(first.subject == .transition(0))
    #expect(first.message == "it is never taken: its condition is always false")
    // Compat looks at the level, so that the third is always ready.
    #expect(
      Self.found(model, .compat) == [
        "dead-transition t1", "dead-transition t2", "option-without-effect t3", "shadowed-transition t4",
      ])
  }

  @Test func transitionsBehindOnesThatAreAlwaysReady() {
    var model = ModelBuilder("m", states: ["A", "B"])
    model.go("A", "B", .immediate)
    model.go("A", "B", .after(5))
    model.go("A", "B", .after(5)) { $0.priority = 1 }
    #expect(Self.found(model) == ["shadowed-transition t2", "shadowed-transition t3"])
    // The last word after conditions is no fault.
    var choice = ModelBuilder("m", states: ["A", "B", "C"])
    choice.variable("x", .int32, .input)
    choice.go("A", "B", .when("x > 1"))
    choice.go("A", "C")
    #expect(Self.found(choice) == [])
    // Chances are drawn among all, and hide what is below.
    var chance = ModelBuilder("m", states: ["A", "B", "C"])
    chance.go("A", "B", .probability) { $0.weight = 70 }
    chance.go("A", "C", .probability) { $0.weight = 30 }
    chance.go("A", "C", .after(5)) { $0.priority = 1 }
    #expect(Self.found(chance) == ["shadowed-transition t3"])
    // A timeout stands back behind what is ready.
    var timeout = ModelBuilder("m", states: ["A", "B"])
    timeout.go("A", "B", .timeout(5))
    timeout.go("A", "B", .immediate)
    #expect(Self.found(timeout) == ["shadowed-transition t1"])
  }

  @Test func timersThatAreDueLater() {
    var model = ModelBuilder("m", states: ["A", "B"])
    model.go("A", "B", .after(5))
    model.go("A", "B", .after(50))
    #expect(Self.found(model) == ["shadowed-transition t2"])
  }

  @Test func timersThatBlock() {
    var model = ModelBuilder("m", states: ["A", "B"])
    model.variable("x", .bool, .input)
    model.go("A", "A", .every(5))
    model.go("A", "B", .when("x")) { $0.priority = 1 }
    #expect(Self.found(model) == [])
    #expect(Self.found(model, .compat) == ["unreachable-state B", "blocked-transition t2"])
    var timed = Timed(mode: .every, delay: 5)
    timed.isBlocking = true
    model.automaton.transitions[0].trigger = .timed(timed)
    #expect(Self.found(model) == ["unreachable-state B", "blocked-transition t2"])
  }

  @Test func statesThatCannotBeLeft() {
    var model = ModelBuilder("m", states: ["A", "B", "C"])
    model.variable("x", .bool, .input)
    model.go("A", "B", .when("x"))
    model.go("B", "C", .when("false"))
    model.state("C") { $0.body = Array("y = 1".utf8) }
    model.go("A", "C", .when("not x"))
    #expect(Self.found(model) == ["trap-state B", "body-never-runs C", "dead-transition t2"])
  }

  @Test func ties() {
    func tie(_ left: Trigger, _ right: Trigger) -> Bool {
      var model = ModelBuilder("m", states: ["A", "B", "C"])
      for name in ["t", "u"] { model.variable(name, .float64, .input) }
      for name in ["p", "q"] { model.variable(name, .bool, .input) }
      model.variable("mode", .string, .input)
      model.go("A", "B", left)
      model.go("A", "C", right)
      return Lints.check(model.automaton).contains { $0.rule == .ambiguousTie }
    }
    #expect(tie(.when("t > 5"), .when("u > 5")))
    #expect(tie(.when("t > 5"), .when("t > 7")))
    #expect(!tie(.when("t > 5"), .when("t < 3")))
    #expect(!tie(.when("t > 5"), .when("t <= 5")))
    #expect(tie(.when("t >= 5"), .when("t <= 5")))
    #expect(!tie(.when("p and t > 5"), .when("t > 7 and not p")))
    #expect(!tie(.when("p == true"), .when("p == false")))
    #expect(!tie(.when("mode == \"on\""), .when("mode == 'off'")))
    #expect(tie(.when("p or t > 5"), .when("not p")))
    #expect(!tie(.on("p", .onRise), .on("p", .onFall)))
    #expect(tie(.on("p", .onRise), .on("q", .onFall)))
    #expect(!tie(.above("t", 5), .timeout(100)))
    #expect(tie(.above("t", 5), .after(100)))
    #expect(!tie(.when("t > 5"), .immediate))
  }

  @Test func cyclesWithoutRest() {
    var model = ModelBuilder("m", states: ["A", "B", "C"])
    model.go("A", "B", .after(0))
    model.go("B", "C", .immediate)
    model.go("C", "A", .immediate)
    let findings = Lints.check(model.automaton)
    #expect(findings.map(\.rule) == [.restlessCycle])
    #expect(findings[0].severity == .warning)
    #expect(findings[0].message.hasPrefix("A → B → C → A goes round"))
    model.automaton.transitions[2].trigger = .after(10)
    #expect(Self.found(model) == [])
  }

  @Test func signals() {
    var model = ModelBuilder("m", states: ["A", "B"])
    model.variable("button", .int32, .input)
    model.go("A", "B", .on("buton"))
    model.go("B", "A", .on("button", .onRise))
    let findings = Lints.check(model.automaton)
    #expect(findings.map(\.rule) == [.unknownSignal, .signalType])
    #expect(findings[0].fix.hasPrefix("did you mean \"button\"?"))
  }

  @Test func weights() {
    var model = ModelBuilder("m", states: ["A", "B", "C"])
    model.go("A", "B", .probability) { $0.weight = 0 }
    model.go("A", "C", .probability)
    model.go("B", "A", .after(5)) { $0.weight = 50 }
    #expect(Self.found(model) == ["zero-weight t1", "weight-without-effect t3"])
  }

  @Test func options() {
    var timed = Timed(mode: .after, delay: 5)
    timed.repeatCount = 3
    timed.windowEnd = 10
    timed.jitter = 9
    var model = ModelBuilder("m", states: ["A", "B"])
    model.go("A", "B", .timed(timed))
    #expect(
      Self.found(model) == ["repeat-without-every t1", "option-without-effect t1", "option-without-effect t1"])
  }

  @Test func variables() {
    var model = ModelBuilder("m", states: ["A", "B"])
    model.variable("unusedInput", .bool, .input)
    model.variable("silent", .bool, .output, .bool(true))
    model.variable("unused", .int32, .internal)
    model.variable("writeOnly", .int32, .internal)
    model.variable("readOnly", .int32, .internal)
    model.variable("hidden", .int32, .internal)
    model.variable("looked", .int32, .input)
    model.variable("set", .int32, .output)
    // A local name is no variable.
    model.state("A") {
      $0.body = Array("local hidden = readOnly\nwriteOnly = hidden\nsetVal('set', value('looked'))".utf8)
    }
    model.go("A", "B", .after(5))
    #expect(
      Self.found(model) == [
        "unused-variable unusedInput", "unwritten-output silent", "unused-variable unused", "unread-variable writeOnly",
        "unwritten-variable readOnly", "unused-variable hidden",
      ])
    // With names made while running, any may be used.
    model.state("B") { $0.onEnter = Array("setVal('un' .. 'used', 1)".utf8) }
    #expect(Self.found(model) == [])
  }

  @Test func names() {
    var model = ModelBuilder("m", states: ["A", "B"])
    model.variable("temperature", .float64, .input)
    model.variable("level", .float64, .output)
    model.state("A") { $0.onEnter = Array("count = (count or 0) + 1\nlevel = math.max(temperatur, count)".utf8) }
    model.state("B") { $0.onEnter = Array("temperature = 5\nsetOutput('levle', temperature)".utf8) }
    model.go("A", "B", .when("value('temprature') > 5"))
    let findings = Lints.check(model.automaton)
    #expect(
      findings.map { "\($0.rule.rawValue) \($0.name) \($0.key ?? "")" } == [
        "unknown-name A on_enter", "unknown-name B on_enter", "written-input B on_enter", "unknown-name t1 condition",
      ])
    #expect(findings[0].fix.hasPrefix("did you mean \"temperature\"?"))
    #expect(findings[3].severity == .error)
    #expect(findings.map(\.line) == [2, 2, 1, 1])
  }

  @Test func scriptsThatAreNone() {
    var model = ModelBuilder("m", states: ["A", "B"])
    model.state("A") { $0.onEnter = Array("x = 1\nif x then".utf8) }
    model.go("A", "B", .when("setVal('y', 1) or true"))
    model.variable("y", .int32, .output)
    let findings = Lints.check(model.automaton)
    #expect(findings.map(\.rule) == [.scriptError, .conditionWithEffect])
    #expect(findings[0].line == 2)
    #expect(findings[0].severity == .error)
  }

  @Test func largeAutomataAreLookedAtWhole() {
    var model = ModelBuilder("large", states: [])
    let count = 5_000
    for index in 0..<count { model.automaton.states.append(State(name: Array("S\(index)".utf8))) }
    model.automaton.initialState = StateIndex(0)
    for index in 0..<count {
      model.automaton.transitions.append(
        Transition(
          name: Array("t\(index)".utf8), from: StateIndex(index), to: StateIndex((index + 1) % count),
          trigger: .immediate))
    }
    let findings = Lints.check(model.automaton)
    #expect(findings.map(\.rule) == [.restlessCycle])
    model.automaton.transitions[count - 1].isEnabled = false
    #expect(Lints.check(model.automaton).map(\.rule) == [.trapState])
  }
}
