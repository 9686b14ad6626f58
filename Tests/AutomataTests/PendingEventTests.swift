import Script
import Testing

@testable import Automata

/// Events and changes that meet a tick that is busy with another transition.
@Suite struct PendingEventTests {
  /// A leaves for B at 20 ms; B waits for `signal`.
  private func model(_ signal: String, _ kind: SignalTrigger.Kind = .onChange) -> Builder {
    var b = Builder()
    let a = b.state("A")
    let second = b.state("B", body: "if check('key') then seen = seen + 1 end")
    let c = b.state("C")
    b.variable("key", .bool, .input)
    b.variable("seen", .int32)
    b.transition(a, second, .after(20))
    b.transition(second, c, .on(signal, kind))
    b.transition(c, c, .after(100_000))
    return b
  }

  @Test func theyWaitForTheNextTick() throws {
    for (signal, kind) in [("key", SignalTrigger.Kind.onChange), ("key", .onRise), ("ring", .onChange)] {
      let engine = try model(signal, kind).engine()
      try engine.start(at: 0)
      engine.tick(at: 10)
      try engine.setInput(0, .bool(true), at: 15)
      engine.raise(Array("ring".utf8), at: 15)
      #expect(engine.tick(at: 20) && engine.stateNames == ["B"])
      #expect(engine.restsUntil == .min)
      #expect(engine.tick(at: 30) && engine.stateNames == ["C"])
      let compat = try model(signal, kind).engine(.compat)
      try compat.start(at: 0)
      compat.tick(at: 10)
      try compat.setInput(0, .bool(true), at: 15)
      compat.raise(Array("ring".utf8), at: 15)
      #expect(compat.tick(at: 20))
      #expect(!compat.tick(at: 30))
    }
  }

  /// A tick that takes no transition has done with them, and `check` never shows them for longer.
  @Test func theyDoNotOutliveAnIdleTick() throws {
    for signal in ["key", "ring"] {
      let engine = try model(signal).engine()
      try engine.start(at: 0)
      try engine.setInput(0, .bool(true), at: 5)
      engine.raise(Array("ring".utf8), at: 5)
      engine.tick(at: 10)
      #expect(engine.tick(at: 20) && engine.stateNames == ["B"])
      #expect(!engine.tick(at: 30))
      #expect(engine.value(1) == .int32(0))
    }
    let engine = try model("nothing").engine()
    try engine.start(at: 0)
    engine.tick(at: 10)
    try engine.setInput(0, .bool(true), at: 15)
    engine.tick(at: 20)
    engine.tick(at: 30)
    #expect(engine.stateNames == ["B"] && engine.value(1) == .int32(0))
  }

  /// A transition that waited for it has used it up, for all.
  @Test func theyAreTakenOnce() throws {
    for signal in ["key", "ring"] {
      var b = Builder()
      let states = ["A", "B", "C"].map { b.state($0) }
      b.variable("key", .bool, .input)
      b.transition(states[0], states[1], .on(signal))
      b.transition(states[1], states[2], .on(signal))
      b.transition(states[2], states[0], .on(signal))
      let engine = try b.engine()
      try engine.start(at: 0)
      try engine.setInput(0, .bool(true), at: 5)
      engine.raise(Array("ring".utf8), at: 5)
      #expect(engine.tick(at: 10) && !engine.tick(at: 20))
      #expect(engine.stateNames == ["B"])
    }
  }

  /// A chain of immediate transitions is gone through before an event is.
  @Test func theyWaitForAChainToEnd() throws {
    var b = Builder()
    let states = (0..<5).map { b.state("S\($0)") }
    b.transition(states[0], states[1], .on("go"))
    for index in 1..<4 { b.transition(states[index], states[index + 1], .immediate) }
    b.transition(states[4], states[0], .on("back"))
    let engine = try b.engine()
    try engine.start(at: 0)
    engine.raise(Array("go".utf8), at: 5)
    engine.raise(Array("back".utf8), at: 5)
    #expect(engine.firingTimes(step: 10, until: 100) == [15, 25, 35, 45, 55])
    #expect(engine.stateNames == ["S0"])
  }

  /// A debounce that has noted a change does not begin anew because another region was busy.
  @Test func debouncesDoNotWaitForOthers() throws {
    for signal in ["key", "ring"] {
      var b = Builder()
      let both = b.state("Both")
      b.automaton.states[0].isParallel = true
      let left = b.state("Left", parent: both)
      let right = b.state("Right", parent: both)
      let beating = b.state("Beating", parent: left)
      let done = b.state("Done", parent: right)
      let idle = b.state("Idle", parent: right)
      b.automaton.states[left.index].initialChild = beating
      b.automaton.states[right.index].initialChild = idle
      b.variable("key", .bool, .input)
      b.transition(beating, beating, .every(10))
      var event = Event(signals: [SignalTrigger(signal: Array(signal.utf8))])
      event.debounce = 30
      b.transition(idle, done, .event(event))
      let engine = try b.engine()
      try engine.start(at: 0)
      try engine.setInput(0, .bool(true), at: 5)
      engine.raise(Array("ring".utf8), at: 5)
      var arrived: Int64 = 0
      for time in stride(from: Int64(10), through: 100, by: 10) {
        engine.tick(at: time)
        if arrived == 0, engine.stateNames.contains("Done") { arrived = time }
      }
      #expect(arrived == 40)
    }
  }

  /// What nobody waits for is not kept, however long the automaton is paused.
  @Test func unknownEventsAreNotKept() throws {
    let engine = try model("ring").engine()
    try engine.start(at: 0)
    try engine.pause(at: 5)
    for index in 0..<100 { engine.raise(Array("event \(index)".utf8), at: 6) }
    engine.raise(Array("ring".utf8), at: 7)
    #expect(engine.raised.indices.map { engine.automaton.event(engine.raised[$0]) } == [Array("ring".utf8)])
  }
}
