import Script
import Testing

@testable import Automata

/// Rules of timers, each with what would go wrong without it.
@Suite struct TimerTests {
  private func swing(_ delay: Int32) -> Builder {
    var b = Builder()
    let tick = b.state("Tick")
    let tock = b.state("Tock")
    b.transition(tick, tock, .after(delay))
    b.transition(tock, tick, .after(delay))
    return b
  }

  @Test func latenessDoesNotAddUp() throws {
    let strict = try swing(130).engine()
    try strict.start(at: 0)
    #expect(strict.firingTimes(step: 100, until: 1000) == [200, 300, 400, 600, 700, 800, 1000])
    let compat = try swing(130).engine(.compat)
    try compat.start(at: 0)
    #expect(compat.firingTimes(step: 100, until: 1000) == [200, 400, 600, 800, 1000])
  }

  /// A state counts as entered at a deadline only in the first tick since then: here the condition held the timer back, and
  /// what is entered begins with the tick.
  @Test func onlyTheFirstTickAfterADeadlineIsBackdated() throws {
    var b = Builder()
    let first = b.state("First")
    let second = b.state("Second")
    let done = b.state("Done")
    b.variable("go", .bool, .input)
    var held = Timed(mode: .after, delay: 100)
    held.condition = Array("go".utf8)
    b.transition(first, second, .timed(held))
    b.transition(second, done, .after(100))
    b.transition(done, done, .after(100_000))
    let engine = try b.engine()
    try engine.start(at: 0)
    for time in stride(from: Int64(30), through: 150, by: 30) { engine.tick(at: time) }
    try engine.setInput(0, .bool(true), at: 150)
    #expect(engine.tick(at: 180))
    // From 180, not from 100 on.
    #expect(engine.firingTimes(step: 10, until: 400) == [280])
    // In the first tick after the deadline it is.
    let prompt = try b.engine()
    try prompt.setInput(0, .bool(true), at: 0)
    try prompt.start(at: 0)
    #expect(prompt.firingTimes(step: 30, until: 400) == [120, 210])
  }

  /// Lateness of a whole delay and more is not made up for.
  @Test func aLongStallIsNotBackdated() throws {
    let engine = try swing(100).engine()
    try engine.start(at: 0)
    #expect(engine.tick(at: 1030))
    #expect(!engine.tick(at: 1129))
    #expect(engine.tick(at: 1130))
  }

  @Test func everyKeepsItsRhythmWhenAnotherSelfTransitionIsTaken() throws {
    var b = Builder()
    let only = b.state("Only")
    b.variable("key", .int32, .input)
    b.transition(only, only, .every(100), name: "beat")
    b.transition(only, only, .on("key"), name: "pressed")
    b.transition(only, only, .after(150), name: "idle", priority: 1)
    let engine = try b.engine()
    try engine.start(at: 0)
    var taken: [String] = []
    for time in stride(from: Int64(10), through: 420, by: 10) {
      if time == 70 { try engine.setInput(0, .int32(1), at: 65) }
      engine.tick(at: time)
      for case .transition(let index, _, _) in engine.takeEvents() {
        taken.append("\(String(decoding: engine.model.transitions[index].name, as: UTF8.self)) \(time)")
      }
    }
    // The beat is neither stopped nor moved by the key; `after` begins anew with each.
    #expect(taken == ["pressed 70", "beat 100", "beat 200", "beat 300", "beat 400"])
    let compat = try b.engine(.compat)
    try compat.start(at: 0)
    try compat.setInput(0, .int32(1), at: 65)
    #expect(compat.firingTimes(step: 10, until: 300) == [75, 175, 275])
  }

  @Test func repetitionsAreCountedUntilTheStateIsLeftForAnother() throws {
    var b = Builder()
    let only = b.state("Only")
    let other = b.state("Other")
    b.variable("key", .int32, .input)
    b.transition(only, only, .every(10, times: 2))
    b.transition(only, only, .on("key"))
    b.transition(only, other, .after(100))
    b.transition(other, only, .after(10))
    let engine = try b.engine()
    try engine.start(at: 0)
    #expect(engine.firingTimes(step: 10, until: 40) == [10, 20])
    try engine.setInput(0, .int32(1), at: 40)
    // The self transition does not give it new ones; leaving and coming back does.
    #expect(engine.firingTimes(step: 10, until: 190) == [50, 150, 160, 170, 180])
  }

  @Test func waitingTimersBlockWhileTheyCanStillBeTaken() throws {
    var window = Timed(mode: .window, delay: 50)
    window.windowEnd = 80
    window.isBlocking = true
    window.condition = Array("false".utf8)
    var every = Timed(mode: .every, delay: 20)
    every.repeatCount = 2
    every.isBlocking = true
    for (timer, first) in [(window, Int64(90)), (every, 50)] {
      var b = Builder()
      let wait = b.state("Wait")
      let left = b.state("Left")
      b.transition(wait, wait, .timed(timer))
      b.transition(wait, left, .immediate, priority: 1)
      b.transition(left, left, .after(100_000))
      let engine = try b.engine()
      try engine.start(at: 0)
      // Closed windows and spent repetitions hold nothing up any more.
      let until = engine.firingTimes(step: 10, until: 200)
      #expect(until.last == first && engine.stateNames == ["Left"])
      // In compat any timer blocks for ever, marked or not.
      let compat = try b.engine(.compat)
      try compat.start(at: 0)
      _ = compat.firingTimes(step: 10, until: 200)
      #expect(compat.stateNames == ["Wait"])
    }
  }

  /// A pause moves what was running, by as much of it as lay in the pause.
  @Test func pausesShiftTimersPerState() throws {
    var b = Builder()
    let both = b.state("Both")
    b.automaton.states[0].isParallel = true
    let left = b.state("Left", parent: both)
    let right = b.state("Right", parent: both)
    let one = b.state("One", parent: left)
    let two = b.state("Two", parent: right)
    let safe = b.state("Safe")
    b.automaton.states[left.index].initialChild = one
    b.automaton.states[right.index].initialChild = two
    b.transition(one, one, .after(100))
    b.transition(two, two, .every(70))
    b.transition(safe, both, .after(100))
    let engine = try b.engine()
    try engine.start(at: 0)
    engine.tick(at: 50)
    try engine.pause(at: 60)
    try engine.resume(at: 1060)
    #expect(engine.firingTimes(step: 10, until: 1150) == [1070, 1100, 1140])
    // A state that is entered while the automaton is paused waits from the end of the pause, not longer.
    try engine.pause(at: 1150)
    try engine.force(safe, at: 1250)
    try engine.resume(at: 1350)
    #expect(engine.firingTimes(step: 10, until: 1450) == [1450])
  }

  @Test func debouncesWaitForTheEndOfAPause() throws {
    var b = Builder()
    let idle = b.state("Idle")
    let done = b.state("Done")
    b.variable("key", .int32, .input)
    var event = Event(signals: [SignalTrigger(signal: Array("key".utf8))])
    event.debounce = 50
    b.transition(idle, done, .event(event))
    b.transition(done, done, .after(100_000))
    let engine = try b.engine()
    try engine.start(at: 0)
    try engine.setInput(0, .int32(1), at: 5)
    engine.tick(at: 10)
    try engine.pause(at: 30)
    try engine.resume(at: 530)
    #expect(engine.firingTimes(step: 10, until: 700) == [560])
  }
}
