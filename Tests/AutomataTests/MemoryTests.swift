import Script
import Testing

@testable import Automata

/// What transitions and states remember, and when it is forgotten.
@Suite struct MemoryTests {
  private func threshold(_ signal: String, above: Double, debounce: UInt32 = 0) -> Trigger {
    var trigger = SignalTrigger(signal: Array(signal.utf8), kind: .onThreshold)
    trigger.comparison = .greater
    trigger.threshold = .float64(above)
    trigger.isOneShot = true
    var event = Event(signals: [trigger])
    event.debounce = Int32(debounce)
    return .event(event)
  }

  private var rising: Trigger { .classic(Classic(condition: Array("key".utf8), isRisingEdge: true)) }

  /// A debounce of a one-shot threshold ends although the threshold was crossed when it began, not when it ends.
  @Test func debounceAndOneShotWorkTogether() throws {
    var b = Builder()
    let idle = b.state("Idle")
    b.variable("level", .float64, .input)
    b.transition(idle, idle, threshold("level", above: 10, debounce: 30))
    let engine = try b.engine()
    try engine.start(at: 0)
    func level(_ value: Double, at time: Int64) throws { try engine.setInput(0, .float64(value), at: time) }
    try level(11, at: 5)
    #expect(engine.firingTimes(step: 10, until: 30) == [])
    // A change on the same side begins the wait anew and keeps it pending.
    try level(12, at: 35)
    #expect(engine.firingTimes(step: 10, until: 200) == [75])
    // Beyond still: no second time.
    try level(13, at: 205)
    #expect(engine.firingTimes(step: 10, until: 300) == [])
    try level(1, at: 305)
    engine.tick(at: 310)
    try level(20, at: 315)
    #expect(engine.firingTimes(step: 10, until: 400) == [355])
    // Back before the wait is over.
    try level(1, at: 405)
    engine.tick(at: 410)
    try level(20, at: 415)
    engine.tick(at: 420)
    try level(1, at: 425)
    #expect(engine.firingTimes(step: 10, until: 600) == [])
  }

  /// Left for another state, however it is left, a state's transitions forget; left for itself they do not.
  @Test func memoriesAreForgottenWhenTheStateIsLeft() throws {
    var b = Builder()
    let outer = b.state("Outer")
    let inner = b.state("Inner", parent: outer)
    let other = b.state("Other")
    let counted = b.state("Counted")
    b.automaton.states[0].initialChild = inner
    b.variable("key", .bool, .input)
    b.transition(inner, counted, rising)
    b.transition(inner, inner, .on("again"))
    b.transition(outer, other, .on("away"))
    b.transition(other, outer, .on("back"))
    b.transition(counted, outer, .on("back"))
    let engine = try b.engine()
    try engine.start(at: 0)
    var time: Int64 = 0
    func tick(raising name: String? = nil, key: Bool? = nil) throws {
      if let name { engine.raise(Array(name.utf8), at: time) }
      if let key { try engine.setInput(0, .bool(key), at: time) }
      time += 10
      engine.tick(at: time)
    }
    // The first look only notes; leaving through the outer state forgets, so that the next look is a first one again.
    try tick(key: false)
    try tick(raising: "away")
    try tick(raising: "back", key: true)
    try tick()
    #expect(engine.stateNames == ["Inner"])
    try tick(key: false)
    try tick(raising: "again")
    try tick(key: true)
    #expect(engine.stateNames == ["Counted"])
  }

  @Test func historyIsForgottenAtAStartAndAReset() throws {
    var b = Builder()
    let outer = b.state("Outer")
    let one = b.state("One", parent: outer)
    let two = b.state("Two", parent: outer)
    let other = b.state("Other")
    b.automaton.states[outer.index].initialChild = one
    b.automaton.states[outer.index].history = .shallow
    b.transition(one, two, .on("go"))
    b.transition(outer, other, .on("leave"))
    b.transition(other, outer, .on("back"))
    let engine = try b.engine()
    func tick(_ name: String) {
      engine.raise(Array(name.utf8), at: engine.now)
      engine.tick(at: engine.now + 10)
    }
    try engine.start(at: 0)
    for name in ["go", "leave", "back"] { tick(name) }
    #expect(engine.stateNames == ["Two"])
    engine.reset(at: engine.now)
    #expect(engine.stateNames == ["One"])
    for name in ["go", "leave"] { tick(name) }
    try engine.stop(at: engine.now)
    try engine.start(at: engine.now)
    for name in ["leave", "back"] { tick(name) }
    #expect(engine.stateNames == ["One"])
  }

  /// In compat, what `on_enter` of the first state writes is no change that the first tick sees, and a timer that fires once
  /// is armed anew by a start.
  @Test func compatStartsWithoutFlags() throws {
    var b = Builder()
    let a = b.state("A", enter: "n = 1")
    let c = b.state("C")
    b.variable("n", .int32, .output)
    b.transition(a, c, .on("n"))
    b.transition(c, c, .after(100_000))
    let strict = try b.engine()
    try strict.start(at: 0)
    #expect(strict.tick(at: 10))
    let compat = try b.engine(.compat)
    try compat.start(at: 0)
    #expect(!compat.tick(at: 10))
    var once = Builder()
    let only = once.state("Only")
    once.transition(only, only, .every(10, times: 1))
    let engine = try once.engine(.compat)
    try engine.start(at: 0)
    #expect(engine.firingTimes(step: 10, until: 50) == [10])
    try engine.stop(at: 50)
    try engine.start(at: 50)
    #expect(engine.firingTimes(step: 10, until: 100) == [60])
  }

  // MARK: Not taken, not used up

  /// Two regions: one beats inside itself every 10 ms, the other one wants to leave the whole.
  private func rivals(_ trigger: Trigger) -> Builder {
    var b = Builder()
    let both = b.state("Both")
    b.automaton.states[0].isParallel = true
    let left = b.state("Left", parent: both)
    let right = b.state("Right", parent: both)
    let one = b.state("One", parent: left)
    let two = b.state("Two", parent: left)
    let three = b.state("Three", parent: right)
    let gone = b.state("Gone")
    b.automaton.states[left.index].initialChild = one
    b.automaton.states[right.index].initialChild = three
    b.variable("level", .float64, .input)
    b.variable("key", .bool, .input)
    // One leads to Two once, at 20 ms.
    b.transition(one, two, .after(20))
    b.transition(three, gone, trigger)
    b.transition(gone, gone, .after(100_000))
    return b
  }

  @Test func transitionsThatLoseAConflictUseNothingUp() throws {
    for (trigger, name) in [
      (threshold("level", above: 10), "one-shot"), (threshold("level", above: 10, debounce: 10), "debounce"),
      (rising, "rising edge"), (.on("level"), "change"), (.on("ring"), "event"),
    ] as [(Trigger, String)] {
      let engine = try rivals(trigger).engine()
      try engine.start(at: 0)
      // With a debounce the wait ends in the tick of the conflict.
      if name == "debounce" { try engine.setInput(0, .float64(20), at: 5) }
      engine.tick(at: 10)
      try engine.setInput(1, .bool(true), at: 15)
      if name != "debounce" { try engine.setInput(0, .float64(20), at: 15) }
      engine.raise(Array("ring".utf8), at: 15)
      #expect(engine.tick(at: 20), "\(name)")
      #expect(engine.stateNames == ["Two", "Three"], "\(name)")
      #expect(engine.tick(at: 30), "\(name)")
      #expect(engine.stateNames == ["Gone"], "\(name)")
    }
  }

  @Test func transitionsThatLoseAConflictHaveNotDrawn() throws {
    var b = rivals(.probabilistic(Probabilistic()))
    // Another way out beside it, so that there is something to draw.
    b.transition(StateIndex(5), StateIndex(6), .probabilistic(Probabilistic()), weight: 300)
    b.automaton.transitions[0].trigger = .every(10)
    b.automaton.transitions[0].to = StateIndex(3)
    let engine = try b.engine()
    try engine.start(at: 0)
    let before = engine.choiceStream
    for time in 1...20 { #expect(engine.tick(at: Int64(time * 10))) }
    #expect(engine.stateNames == ["One", "Three"])
    #expect(engine.choiceStream == before)
  }

  /// Of several in one state, too: what was not drawn is still there in the next tick.
  @Test func transitionsThatAreNotDrawnUseNothingUp() throws {
    var b = Builder()
    let a = b.state("A")
    b.variable("level", .float64, .input)
    b.transition(a, a, threshold("level", above: 10), name: "crossed", weight: 1)
    b.transition(a, a, .every(10, times: 3), name: "beat", weight: 10_000)
    let engine = try b.engine()
    try engine.start(at: 0)
    try engine.setInput(0, .float64(20), at: 5)
    var names: [String] = []
    for time in stride(from: Int64(10), through: 60, by: 10) {
      engine.tick(at: time)
      for case .transition(let index, _, _) in engine.takeEvents() {
        names.append(String(decoding: engine.model.transitions[index].name, as: UTF8.self))
      }
    }
    #expect(names == ["beat", "beat", "beat", "crossed"])
  }
}
