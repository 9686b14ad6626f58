import Script
import Testing

@testable import Automata

@Suite struct EngineTests {
  @Test func stepsInTheOrderOfTheContract() throws {
    var b = Builder()
    let off = b.state("Off", enter: "print('enter Off')", body: "print('body Off')", exit: "print('exit Off')")
    let on = b.state("On", enter: "print('enter On')")
    b.transition(off, on, .when("ready"), body: "print('body')", triggered: "print('triggered')")
    b.transition(on, off, .after(1000))
    let ready = b.variable("ready", .bool, .input)
    let engine = try b.engine()
    try engine.start(at: 0)
    engine.tick(at: 10)
    try engine.setInput(ready, .bool(true), at: 15)
    #expect(engine.tick(at: 20))
    #expect(engine.printed == ["enter Off", "body Off", "exit Off", "body", "triggered", "enter On"])
    #expect(engine.stateNames == ["On"])
    #expect(engine.firingTimes(step: 100, until: 1100) == [1020])
  }

  @Test func writesOfScriptsAreSeenByTheNextTick() throws {
    var b = Builder()
    let a = b.state("A", body: "count = count + 1")
    let c = b.state("C")
    b.variable("count", .int32)
    b.transition(a, c, .on("count"))
    b.transition(c, c, .after(1))
    let strict = try b.engine()
    try strict.start(at: 0)
    #expect(!strict.tick(at: 1))
    #expect(strict.tick(at: 2))
    let compat = try b.engine(.compat)
    try compat.start(at: 0)
    #expect(compat.firingTimes(step: 1, until: 50).isEmpty)
    #expect(compat.value(0) == .int32(50))
  }

  @Test func waitingTimersBlockInCompatAlone() throws {
    var b = Builder()
    let a = b.state("A")
    let c = b.state("C")
    b.transition(a, a, .every(1000))
    b.transition(a, c, .when("true"), priority: 1)
    b.transition(c, a, .after(100_000))
    let strict = try b.engine()
    try strict.start(at: 0)
    #expect(strict.tick(at: 1))
    let compat = try b.engine(.compat)
    try compat.start(at: 0)
    #expect(!compat.tick(at: 1))
  }

  @Test func periodicTimersDoNotDrift() throws {
    var b = Builder()
    let a = b.state("A")
    b.transition(a, a, .every(70))
    let strict = try b.engine()
    try strict.start(at: 0)
    #expect(strict.firingTimes(step: 100, until: 700) == [100, 200, 300, 400, 500, 600, 700])
    let slow = try b.engine()
    try slow.start(at: 0)
    #expect(slow.firingTimes(step: 30, until: 720) == [90, 150, 210, 300, 360, 420, 510, 570, 630, 720])
    var twice = Builder()
    let only = twice.state("A")
    twice.transition(only, only, .every(10, times: 3))
    let counted = try twice.engine()
    try counted.start(at: 0)
    #expect(counted.firingTimes(step: 10, until: 1000) == [10, 20, 30])
  }

  @Test func pauseStopsAllClocks() throws {
    var b = Builder()
    let a = b.state("A")
    let c = b.state("C")
    b.transition(a, c, .after(1000))
    b.transition(c, c, .after(50_000))
    for semantics in [Semantics.strict, .compat] {
      let engine = try b.engine(semantics)
      try engine.start(at: 0)
      engine.tick(at: 300)
      try engine.pause(at: 300)
      #expect(!engine.tick(at: 4000))
      try engine.resume(at: 5300)
      #expect(engine.tick(at: 5400) == (semantics == .compat))
      if semantics == .strict {
        #expect(!engine.tick(at: 5999))
        #expect(engine.tick(at: 6000))
      }
    }
  }

  @Test func chanceFollowsTheSeedAndTheWeights() throws {
    var b = Builder()
    let hub = b.state("Hub")
    let left = b.state("Left")
    let right = b.state("Right")
    b.transition(hub, left, .probabilistic(Probabilistic()), weight: 65)
    b.transition(hub, right, .probabilistic(Probabilistic()), weight: 35)
    b.transition(left, hub, .immediate)
    b.transition(right, hub, .immediate)
    func lefts(_ seed: UInt64) throws -> Int {
      let engine = try b.engine(seed: seed)
      try engine.start(at: 0)
      for time in 1...20_000 { engine.tick(at: Int64(time)) }
      return engine.events.filter { if case .transition(index: 0, _, _) = $0 { true } else { false } }.count
    }
    let first = try lefts(7)
    #expect(try lefts(7) == first)
    #expect((6300...6700).contains(first))
  }

  @Test func errorsFollowThePolicy() throws {
    for policy in [ErrorPolicy.continue, .stop, .faultState(StateIndex(1))] {
      var b = Builder()
      let a = b.state("A", body: "local x = nil + 1")
      let safe = b.state("Safe")
      b.transition(a, a, .after(1_000_000))
      b.transition(safe, safe, .after(1_000_000))
      b.automaton.errorPolicy = policy
      let engine = try b.engine()
      try engine.start(at: 0)
      engine.tick(at: 1)
      engine.tick(at: 2)
      switch policy {
      case .continue: #expect(engine.errorCount == 2 && engine.execution == .running)
      case .stop: #expect(engine.errorCount == 1 && engine.execution == .error)
      case .faultState: #expect(engine.errorCount == 1 && engine.stateNames == ["Safe"])
      }
    }
  }

  @Test func endlessLoopsEndAtTheirBudget() throws {
    var b = Builder()
    let a = b.state("A", body: "n = n + 1 while true do end")
    b.variable("n", .int32)
    b.transition(a, a, .after(1_000_000))
    let engine = try b.engine()
    try engine.start(at: 0)
    engine.tick(at: 1)
    engine.tick(at: 2)
    #expect(engine.errorCount == 2)
    #expect(engine.value(0) == .int32(2))
  }

  @Test func coercesAsTheTableSays() throws {
    var b = Builder()
    let script = """
      i = 2.9 f = 3 yes = 1 text = 42 setVal('d', true) setVal('from', '9')
      """
    let a = b.state("A", body: script)
    b.variable("i", .int32)
    b.variable("f", .float32)
    b.variable("yes", .bool)
    b.variable("text", .string)
    b.variable("d", .float64)
    b.variable("from", .int64)
    b.transition(a, a, .after(1_000_000))
    let engine = try b.engine()
    try engine.start(at: 0)
    engine.tick(at: 1)
    #expect(engine.faults == [])
    let expected: [AutomatonValue] = [
      .int32(2), .float32(3), .bool(true), .string(Array("42".utf8)), .float64(1), .int64(9),
    ]
    #expect((0..<6).map { engine.value($0) } == expected)
    #expect(throws: EngineError.wrongDirection) { try engine.setInput(0, .int32(1), at: 2) }
    #expect(throws: EngineError.typeMismatch) { try engine.setVariable(0, .string(Array("x".utf8)), at: 2) }
  }

  @Test func hierarchyEntersAndLeavesInOrder() throws {
    var b = Builder()
    let outer = b.state("Outer", enter: "print('+Outer')", exit: "print('-Outer')")
    let one = b.state("One", enter: "print('+One')", exit: "print('-One')", parent: outer)
    let two = b.state("Two", enter: "print('+Two')", exit: "print('-Two')", parent: outer)
    let other = b.state("Other", enter: "print('+Other')", exit: "print('-Other')")
    b.automaton.states[outer.index].initialChild = one
    b.automaton.states[outer.index].history = .shallow
    b.transition(one, two, .on("go"))
    b.transition(outer, other, .on("leave"))
    b.transition(other, outer, .on("back"))
    let engine = try b.engine()
    try engine.start(at: 0)
    var time: Int64 = 0
    for signal in ["go", "leave", "back"] {
      time += 1
      engine.raise(Array(signal.utf8), at: time)
      #expect(engine.tick(at: time))
    }
    #expect(
      engine.printed == ["+Outer", "+One", "-One", "+Two", "-Two", "-Outer", "+Other", "-Other", "+Outer", "+Two"])
    #expect(engine.stateNames == ["Two"])
  }

  @Test func regionsRunSideBySide() throws {
    var b = Builder()
    let both = b.state("Both")
    b.automaton.states[0].isParallel = true
    let left = b.state("Left", parent: both)
    let right = b.state("Right", parent: both)
    let l1 = b.state("L1", parent: left)
    let l2 = b.state("L2", parent: left)
    let r1 = b.state("R1", parent: right)
    let r2 = b.state("R2", parent: right)
    let done = b.state("Done")
    b.automaton.states[left.index].initialChild = l1
    b.automaton.states[right.index].initialChild = r1
    b.transition(l1, l2, .on("a"))
    b.transition(r1, r2, .on("a"))
    b.transition(both, done, .on("end"))
    let engine = try b.engine()
    try engine.start(at: 0)
    #expect(engine.stateNames == ["L1", "R1"])
    engine.raise(Array("a".utf8), at: 1)
    engine.tick(at: 1)
    #expect(engine.stateNames == ["L2", "R2"])
    engine.raise(Array("end".utf8), at: 2)
    engine.tick(at: 2)
    #expect(engine.stateNames == ["Done"])
  }
}
