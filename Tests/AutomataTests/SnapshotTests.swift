import PythonPeer
import Script
import Testing

@testable import Automata

@Suite struct SnapshotTests {
  /// Timers with jitter, chance, script globals, closures, a table, floats, events.
  private func busy() -> Builder {
    var b = Builder()
    let enter =
      "seen = seen or {} seen[#seen + 1] = now() counter = counter or (function() local n = 0 return function() n = n + 1 return n end end)()"
    let a = b.state("A", enter: enter, body: "total = total + counter() * math.sin(now()) level = (level + rand()) / 2")
    let c = b.state("C", body: "total = total * 0.99 note = note .. #seen % 10 if #note > 20 then note = '' end")
    let d = b.state("D", exit: "print(#seen, total)")
    b.variable("total", .float64, .output)
    b.variable("note", .string)
    b.variable("level", .float32)
    let input = b.variable("x", .int32, .input)
    _ = input
    var jittered = Timed(mode: .after, delay: 50)
    jittered.jitter = 20
    b.transition(a, c, .timed(jittered))
    b.transition(c, a, .probabilistic(Probabilistic(weightExpression: Array("0.2 + level".utf8))), weight: 30)
    b.transition(c, d, .probabilistic(Probabilistic()), weight: 70)
    b.transition(d, a, .on("x"))
    b.transition(d, d, .every(30))
    return b
  }

  private func drive(_ engine: Engine, from first: Int, to last: Int) throws {
    for tick in first..<last {
      if tick % 7 == 0 { try engine.setInput(3, .int32(Int32(tick)), at: Int64(tick * 10)) }
      engine.tick(at: Int64(tick * 10))
    }
  }

  @Test func restoredGoesOnAsIfItHadNeverStopped() throws {
    let b = busy()
    for cut in [1, 13, 77, 200, 333] {
      let whole = try b.engine(seed: 5)
      try whole.start(at: 0)
      try drive(whole, from: 1, to: cut)
      let snapshot = try whole.snapshot()
      _ = whole.takeEvents()
      try drive(whole, from: cut, to: 500)
      let fresh = try b.engine(seed: 5)
      try fresh.restore(try Snapshot(snapshot.bytes))
      #expect(try fresh.snapshot() == snapshot)
      _ = fresh.takeEvents()
      try drive(fresh, from: cut, to: 500)
      #expect(fresh.events == whole.events)
      #expect(fresh.transitionCount == whole.transitionCount)
      #expect(try fresh.snapshot().hash == whole.snapshot().hash)
    }
  }

  @Test func damagedOrForeignOnesChangeNothing() throws {
    let b = busy()
    let engine = try b.engine(seed: 5)
    try engine.start(at: 0)
    try drive(engine, from: 1, to: 100)
    let snapshot = try engine.snapshot()
    for position in stride(from: 0, to: snapshot.bytes.count, by: 13) {
      var bytes = snapshot.bytes
      bytes[position] ^= 0x10
      #expect(throws: EngineError.notASnapshot) { try Snapshot(bytes) }
    }
    let other = try b.engine(seed: 6)
    #expect(throws: EngineError.foreignSnapshot) { try other.restore(snapshot) }
    let compat = try b.engine(.compat, seed: 5)
    #expect(throws: EngineError.foreignSnapshot) { try compat.restore(snapshot) }
    let next = try engine.snapshot(after: snapshot)
    #expect(next.previousHash == snapshot.hash)
    // Right hash around wrong content: refused by the reader, whatever stands there.
    var generator = SeededNumbers.forTest("damagedOrForeignOnesChangeNothing")
    for _ in 0..<400 {
      var content = Array(snapshot.bytes.dropLast(32))
      let position = 81 + Int(generator.next() % UInt64(content.count - 81))
      if generator.next() % 2 == 0 {
        content[position] = UInt8(truncatingIfNeeded: generator.next())
      } else {
        // A number at its limits.
        let limits: [UInt64] = [1 << 63, .max >> 1, .max, 0]
        let limit = limits[Int(generator.next() % 4)]
        for (index, place) in (position..<min(position + 8, content.count)).enumerated() {
          content[place] = UInt8(truncatingIfNeeded: limit >> UInt64(56 - 8 * index))
        }
      }
      let fresh = try b.engine(seed: 5)
      do throws(EngineError) {
        try fresh.restore(Snapshot(content: content))
        for tick in 100..<110 { fresh.tick(at: Int64(tick * 10)) }
      } catch { #expect(fresh.execution == .loaded) }
    }
  }

  /// Right hashes around what cannot be: refused with a reason of its own, and nothing has changed.
  @Test func contradictionsAreRefused() throws {
    var b = Builder()
    let both = b.state("Both")
    b.automaton.states[0].isParallel = true
    let left = b.state("Left", parent: both)
    let right = b.state("Right", parent: both)
    let one = b.state("One", parent: left)
    let two = b.state("Two", parent: left)
    let out = b.state("Out")
    b.automaton.states[left.index].initialChild = one
    b.transition(one, two, .after(1000))
    b.transition(both, out, .after(2000))
    let engine = try b.engine()
    try engine.start(at: 0)
    engine.tick(at: 10)
    let content = Array(try engine.snapshot().bytes.dropLast(32))
    // Magic, two hashes, semantics, seed; then execution, counters, times, a boolean, and how many states there are.
    let execution = 8 + 64 + 9
    let states = execution + 1 + 3 * 8 + 4 * 8 + 1 + 2
    func isActive(_ state: StateIndex) -> Int { states + 17 * state.index }
    let children = states + 17 * 6 + 2
    let changes: [(String, [(Int, UInt8)])] = [
      ("no such execution", [(execution, 9)]),
      ("another number of states", [(states - 1, 5)]),
      ("nothing is active", [both, left, right, one].map { (isActive($0), 0) }),
      ("two states at the top", [(isActive(out), 1)]),
      ("two states in one", [(isActive(two), 1)]),
      ("a region without a state", [(isActive(one), 0)]),
      ("a parallel state without a region", [(isActive(right), 0)]),
      ("a state without the one around it", [(isActive(left), 0)]),
      ("history of a child of another", [(children + 4 * left.index + 3, 2), (children + 4 * left.index + 2, 0)]),
      ("history that is no state", [(children + 4 * left.index, 0x70)]),
    ]
    for (what, places) in changes {
      var bytes = content
      for (place, byte) in places { bytes[place] = byte }
      if what.hasPrefix("history") { for place in 0..<2 { bytes[children + 4 * left.index + place] &= 0x7F } }
      let fresh = try b.engine()
      #expect(throws: EngineError.inconsistentSnapshot, "\(what)") { try fresh.restore(Snapshot(content: bytes)) }
      #expect(fresh.execution == .loaded && fresh.leaves.isEmpty, "\(what)")
    }
    #expect(throws: EngineError.notASnapshot) { try engine.restore(Snapshot(content: Array(content.dropLast(9)))) }
    try engine.restore(Snapshot(content: content))
  }

  @Test func tracesAreEqualAndEndWithTheirHash() throws {
    let automaton = try CompiledAutomaton(busy().automaton)
    func trace() throws -> [UInt8] {
      var options = RunOptions()
      options.seed = 42
      options.faults = FaultSchedule(rules: [
        FaultRule(.drop, signal: Array("x".utf8), probability: 0.3),
        FaultRule(.delay(25, jitter: 30), probability: 0.5),
        FaultRule(.clockSkew(20_000)),
      ])
      let run = AutomatonRun(automaton, options: options)
      try run.start()
      for tick in 0..<300 {
        if tick % 11 == 0 { try run.apply(.set(variable: 3, .int64(Int64(tick)))) }
        if tick == 50 { try run.apply(.pause) }
        if tick == 60 { try run.apply(.resume) }
        run.tick()
      }
      run.finish()
      return run.takeTrace()
    }
    let first = try trace()
    #expect(try trace() == first)
    let lines = String(decoding: first, as: UTF8.self).split(separator: "\n")
    #expect(lines.first?.hasPrefix(#"{"trace":"aether/v1","name":"test""#) == true)
    #expect(lines.last?.contains(#""kind":"end""#) == true)
    #expect(lines.contains { $0.contains(#""actions":["drop"#) })
    #expect(lines.count > 50)
  }
}

@Suite struct TimelineTests {
  @Test func rewindsToAnyTickItReaches() throws {
    var b = Builder()
    let a = b.state("A", body: "n = n + x")
    let c = b.state("C", body: "n = n * 2 % 1000003")
    b.variable("n", .int64)
    b.variable("x", .int32, .input)
    b.transition(a, c, .every(70))
    b.transition(c, a, .on("x"))
    let engine = try b.engine()
    let timeline = Timeline(interval: 20, snapshotsMax: 5)
    try engine.start(at: 0)
    var past: [UInt64: (AutomatonValue, String)] = [:]
    for tick in 1...400 {
      let time = Int64(tick * 10)
      if tick % 13 == 0 {
        let command = RunCommand.set(variable: 1, .int32(Int32(tick)))
        try engine.apply(command, at: time - 5)
        timeline.record(command, tick: engine.tickCount, time: time - 5)
      }
      engine.tick(at: time)
      try timeline.record(tickOf: engine, at: time)
      past[engine.tickCount] = (engine.value(0), engine.stateNames[0])
    }
    let earliest = try #require(timeline.earliestTick)
    #expect(earliest == 320)
    for tick in stride(from: UInt64(400), through: earliest, by: -7) {
      #expect(try timeline.rewind(engine, to: tick) == tick)
      #expect(past[tick]?.0 == engine.value(0) && past[tick]?.1 == engine.stateNames[0])
    }
    #expect(try timeline.rewind(engine, to: 3) == earliest)
  }

  private func counting() throws -> Engine {
    var b = Builder()
    let a = b.state("A", body: "n = n + 1")
    b.variable("n", .int64)
    b.variable("x", .int32, .input)
    b.transition(a, a, .every(70))
    return try b.engine()
  }

  private func take(_ count: Int, _ engine: Engine, _ timeline: Timeline) throws {
    for _ in 0..<count {
      let time = engine.now + 10
      engine.tick(at: time)
      try timeline.record(tickOf: engine, at: time)
    }
  }

  private func apply(_ command: RunCommand, _ engine: Engine, _ timeline: Timeline) throws {
    try engine.apply(command, at: engine.now)
    timeline.record(command, tick: engine.tickCount, time: engine.now)
  }

  /// Ticks are counted from a reset on: what was before it is another past.
  @Test func resetsBeginAPastOfTheirOwn() throws {
    let engine = try counting()
    let timeline = Timeline(interval: 10, snapshotsMax: 8)
    try engine.start(at: 0)
    try take(35, engine, timeline)
    try apply(.reset, engine, timeline)
    #expect(timeline.earliestTick == nil)
    try take(25, engine, timeline)
    #expect(timeline.earliestTick == 1)
    #expect(try timeline.rewind(engine, to: 12) == 12)
    #expect(engine.tickCount == 12 && engine.value(0) == .int64(11))
  }

  /// An automaton that is paused takes no ticks, and none are noted.
  @Test func pausedTicksAreNotCounted() throws {
    let engine = try counting()
    let timeline = Timeline(interval: 10, snapshotsMax: 8)
    try engine.start(at: 0)
    try take(15, engine, timeline)
    let before = engine.value(0)
    try apply(.pause, engine, timeline)
    try take(20, engine, timeline)
    try apply(.resume, engine, timeline)
    try take(15, engine, timeline)
    let after = engine.value(0)
    #expect(engine.tickCount == 30)
    #expect(try timeline.rewind(engine, to: 15) == 15)
    // The pause came after tick 15, and so it did not happen.
    #expect(engine.value(0) == before && engine.execution == .running)
    try take(15, engine, timeline)
    #expect(engine.value(0) == after)
  }

  /// After going back, what came later did not happen.
  @Test func theFutureIsCutOff() throws {
    let engine = try counting()
    let timeline = Timeline(interval: 10, snapshotsMax: 8)
    try engine.start(at: 0)
    try take(18, engine, timeline)
    try apply(.set(variable: 0, .int64(1000)), engine, timeline)
    try take(22, engine, timeline)
    #expect(try timeline.rewind(engine, to: 15) == 15)
    #expect(timeline.snapshots.allSatisfy { $0.tick <= 15 })
    // No tick beyond is known any more, and the write at tick 18 does not come again.
    #expect(try timeline.rewind(engine, to: 40) == 15)
    try take(10, engine, timeline)
    #expect(try timeline.rewind(engine, to: 20) == 20)
    #expect(engine.value(0) == .int64(18))
  }
}

@Suite struct NetworkTests {
  @Test func valuesArriveWithTheNextTick() throws {
    var source = Builder()
    let a = source.state("A", body: "out = out + 1")
    source.variable("out", .int32, .output)
    source.transition(a, a, .after(1_000_000))
    var target = Builder()
    let waiting = target.state("Waiting")
    let seen = target.state("Seen")
    target.variable("level", .float64, .input)
    target.transition(waiting, seen, .when("level > 2"))
    target.transition(seen, seen, .after(1_000_000))
    let network = Network(
      name: Array("pair".utf8),
      instances: [
        .init(name: Array("target".utf8), automaton: try CompiledAutomaton(target.automaton)),
        .init(name: Array("source".utf8), automaton: try CompiledAutomaton(source.automaton)),
      ],
      wires: [.init(source: 1, output: 0, target: 0, input: 0, conversion: .double)])
    func run() throws -> (NetworkRun, [UInt8]) {
      let run = NetworkRun(network)
      try run.start()
      for _ in 0..<3 { run.tick() }
      run.finish()
      return (run, run.takeTrace())
    }
    let (first, trace) = try run()
    #expect(first.engines[0].stateNames == ["Seen"])
    #expect(first.engines[0].value(0) == .float64(4))
    #expect(try run().1 == trace)
  }
}
