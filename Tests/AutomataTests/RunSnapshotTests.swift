import Bytes
import PythonPeer
import Script
import Testing

@testable import Automata

/// Snapshots of whole runs: what goes on from one is what would have been.
@Suite struct RunSnapshotTests {
  /// Writes its output often, with chance, jitter and a global of its scripts.
  private func source() -> Builder {
    var b = Builder()
    let a = b.state("A", enter: "n = (n or 0) + 1 out = out + n", body: "out = out + rand()")
    let c = b.state("C")
    b.variable("out", .float64, .output)
    b.variable("x", .int32, .input)
    b.variable("name", .string, .input)
    var jittered = Timed(mode: .after, delay: 30)
    jittered.jitter = 15
    b.transition(a, c, .timed(jittered))
    b.transition(c, a, .on("x"))
    b.transition(c, a, .probabilistic(Probabilistic()), priority: 1, weight: 20)
    b.transition(c, c, .probabilistic(Probabilistic()), priority: 1, weight: 80)
    return b
  }

  private var options: RunOptions {
    var options = RunOptions()
    options.seed = 42
    options.faults = FaultSchedule(rules: [
      FaultRule(.delay(25, jitter: 60), probability: 0.7),
      FaultRule(.duplicate(copies: 2, after: 35), probability: 0.4),
      FaultRule(.stuck, probability: 0.2), FaultRule(.drop, probability: 0.1),
      FaultRule(.noise(3), probability: 0.5), FaultRule(.clockSkew(30_000)),
    ])
    return options
  }

  private func drive(_ run: AutomatonRun, from first: Int, to last: Int) throws {
    for tick in first..<last {
      if tick % 3 == 0 { try run.apply(.set(variable: 1, .int64(Int64(tick)))) }
      if tick % 7 == 0 { try run.apply(.set(variable: 2, .string(Array("call \(tick)".utf8)))) }
      if tick == 50 { try run.apply(.pause) }
      if tick == 60 { try run.apply(.resume) }
      if tick % 40 == 5 { run.tick(at: run.time + 23) } else { run.tick() }
    }
  }

  @Test func aRunGoesOnAsIfItHadNeverStopped() throws {
    let automaton = try CompiledAutomaton(source().automaton)
    let whole = AutomatonRun(automaton, options: options)
    try whole.start()
    try drive(whole, from: 0, to: 300)
    whole.finish()
    let trace = whole.takeTrace()
    #expect(String(decoding: trace, as: UTF8.self).contains("duplicate"))
    for cut in [0, 1, 20, 51, 55, 123, 299] {
      let first = AutomatonRun(automaton, options: options)
      try first.start()
      try drive(first, from: 0, to: cut)
      let snapshot = try first.snapshot()
      let before = first.takeTrace()
      #expect(snapshot.tick == first.tickCount && snapshot.time == first.time)
      let second = AutomatonRun(automaton, options: options)
      try second.restore(try RunSnapshot(snapshot.bytes))
      #expect(try second.snapshot() == snapshot)
      try drive(second, from: cut, to: 300)
      second.finish()
      #expect(before + second.takeTrace() == trace, "cut at \(cut)")
    }
    // Going back in the same run, from a later moment.
    let run = AutomatonRun(automaton, options: options)
    try run.start()
    try drive(run, from: 0, to: 100)
    let kept = try run.snapshot()
    let before = run.takeTrace()
    try drive(run, from: 100, to: 200)
    run.finish()
    #expect(throws: EngineError.notRunning) { try run.snapshot() }
    try run.restore(kept)
    try drive(run, from: 100, to: 300)
    run.finish()
    #expect(before + run.takeTrace() == trace)
  }

  private func network() throws -> Network {
    var sink = Builder()
    let wait = sink.state("Wait", body: "total = total + level")
    sink.variable("level", .int32, .input)
    sink.variable("total", .int64, .output)
    sink.variable("text", .string, .input)
    sink.transition(wait, wait, .on("level"))
    let one = try CompiledAutomaton(source().automaton)
    let two = try CompiledAutomaton(sink.automaton)
    return Network(
      name: Array("system".utf8),
      instances: [
        .init(name: Array("source".utf8), automaton: one), .init(name: Array("sink".utf8), automaton: two),
        .init(name: Array("other".utf8), automaton: one),
      ],
      wires: [
        .init(source: 0, output: 0, target: 1, input: 0, conversion: .double),
        .init(source: 2, output: 0, target: 1, input: 2, conversion: .text),
        .init(source: 1, output: 1, target: 2, input: 1, conversion: .none),
      ])
  }

  private func drive(_ run: NetworkRun, from first: Int, to last: Int) throws {
    for tick in first..<last {
      if tick % 5 == 0 { try run.apply(.set(variable: 1, .int32(Int32(tick))), to: 0) }
      if tick == 40 { try run.apply(.pause, to: 1) }
      if tick == 47 { try run.apply(.resume, to: 1) }
      run.tick()
    }
  }

  @Test func aSystemGoesOnAsIfItHadNeverStopped() throws {
    let network = try network()
    let whole = NetworkRun(network, options: options)
    try whole.start()
    try drive(whole, from: 0, to: 200)
    whole.finish()
    let trace = whole.takeTrace()
    for cut in [0, 1, 42, 150] {
      let first = NetworkRun(network, options: options)
      try first.start()
      try drive(first, from: 0, to: cut)
      let snapshot = try first.snapshot()
      #expect(!first.messages.all.isEmpty)
      let before = first.takeTrace()
      let second = NetworkRun(network, options: options)
      try second.restore(snapshot)
      try drive(second, from: cut, to: 200)
      second.finish()
      #expect(before + second.takeTrace() == trace, "cut at \(cut)")
    }
  }

  @Test func snapshotsOfOthersAreRefused() throws {
    let automaton = try CompiledAutomaton(source().automaton)
    let run = AutomatonRun(automaton, options: options)
    try run.start()
    try drive(run, from: 0, to: 30)
    let snapshot = try run.snapshot()
    let next = try run.snapshot(afterHash: snapshot.hash)
    #expect(next.previousHash == snapshot.hash && snapshot.previousHash == [UInt8](repeating: 0, count: 32))
    for change in [
      { $0.seed = 1 }, { $0.tickLength = 20 }, { $0.instructions = 5 }, { $0.faults = FaultSchedule() },
    ] as [(inout RunOptions) -> Void] {
      var others = options
      change(&others)
      let other = AutomatonRun(automaton, options: others)
      #expect(throws: EngineError.foreignSnapshot) { try other.restore(snapshot) }
      #expect(other.tickCount == 0 && other.engine.execution == .loaded)
    }
    let system = NetworkRun(try network(), options: options)
    #expect(throws: EngineError.foreignSnapshot) { try system.restore(snapshot) }
  }

  /// Right hashes around changed content: refused, or a run that goes on somehow, and never a crash.
  @Test func changedOnesNeverCrash() throws {
    let network = try network()
    let run = NetworkRun(network, options: options)
    try run.start()
    try drive(run, from: 0, to: 60)
    let snapshot = try run.snapshot()
    for position in stride(from: 0, to: snapshot.bytes.count, by: 37) {
      var bytes = snapshot.bytes
      bytes[position] ^= 0x40
      #expect(throws: EngineError.notASnapshot) { try RunSnapshot(bytes) }
      #expect(throws: EngineError.notASnapshot) { try RunSnapshot(Array(snapshot.bytes[..<position])) }
    }
    var generator = SeededNumbers.forTest("RunSnapshotTests.changedOnesNeverCrash")
    var accepted = 0
    for round in 0..<400 {
      var content = Array(snapshot.bytes.dropLast(32))
      for _ in 0...(generator.next() % 3) {
        // Most of the bytes are those of the engines, which have a test of their own: here the first ones count.
        let room = generator.next() % 2 == 0 ? min(600, content.count - 44) : content.count - 44
        let place = 44 + Int(generator.next() % UInt64(room))
        switch generator.next() % 4 {
        case 0: content.remove(at: place)
        case 1: content.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
        case 2: for index in place..<min(place + 8, content.count) { content[index] = round % 2 == 0 ? 0xFF : 0x7F }
        default: content[place] = UInt8(truncatingIfNeeded: generator.next())
        }
      }
      // Counts of ticks, milliseconds and lines that go no further.
      let count = RunSnapshot.stateOffset + 8 * (round % 9)
      if round % 9 < 3 { content.replaceSubrange(count..<count + 8, with: [UInt8](repeating: 0xFF, count: 7) + [0x7F]) }
      if round % 27 < 3 { content[count + 7] = 0xFF }
      var length = ByteWriter()
      length.put(UInt32(content.count + 32))
      content.replaceSubrange(8..<12, with: length.bytes)
      let fresh = NetworkRun(network, options: options)
      do throws(EngineError) {
        try fresh.restore(try RunSnapshot(content + SHA256.digest(content)))
        accepted += 1
        for _ in 0..<5 { fresh.tick() }
        fresh.finish()
      } catch { #expect(fresh.tickCount == 0 && fresh.engines.allSatisfy { $0.execution == .loaded }) }
    }
    #expect(accepted > 0)
  }
}
