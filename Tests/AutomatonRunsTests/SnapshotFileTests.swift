import Automata
import Testing

@testable import AutomatonRuns

/// Going to any tick of a recorded run from its snapshots and its trace.
@Suite struct SnapshotFileTests {
  private struct Recording {
    var trace: [UInt8]
    var snapshots: [UInt8]
  }

  private func model() -> Automaton {
    var model = Automaton(name: Array("walk".utf8))
    model.variables = [
      Variable(name: Array("step".utf8), type: .int32, direction: .input),
      Variable(name: Array("place".utf8), type: .int32, direction: .output),
    ]
    model.states = [State(name: Array("Walk".utf8)), State(name: Array("Rest".utf8))]
    model.states[0].body = Array("place = place + step + math.random(0, 3) visits = (visits or 0) + 1".utf8)
    model.states[1].onEnter = Array("print(visits, place)".utf8)
    model.initialState = StateIndex(0)
    var pause = Timed(mode: .after, delay: 70)
    pause.jitter = 30
    model.transitions = [
      Transition(name: Array("tired".utf8), from: StateIndex(0), to: StateIndex(1), trigger: .timed(pause)),
      Transition(
        name: Array("fresh".utf8), from: StateIndex(1), to: StateIndex(0),
        trigger: .timed(Timed(mode: .after, delay: 20))),
    ]
    return model
  }

  private func run(isSystem: Bool) throws -> AnyRun {
    var options = RunOptions()
    options.seed = 3
    options.faults = try FaultFile.parse(
      Array("[{action: delay, delay: 30ms, jitter: 90ms, probability: 0.6}, {action: duplicate, after: 40ms}]".utf8))
    let automaton = try CompiledAutomaton(model())
    guard isSystem else { return .automaton(AutomatonRun(automaton, options: options)) }
    return .system(
      NetworkRun(
        Network(
          name: Array("pair".utf8),
          instances: [
            .init(name: Array("a".utf8), automaton: automaton), .init(name: Array("b".utf8), automaton: automaton),
          ],
          wires: [.init(source: 0, output: 1, target: 1, input: 0, conversion: .negate)]), options: options))
  }

  private func record(isSystem: Bool) throws -> Recording {
    let run = try run(isSystem: isSystem)
    var recording = Recording(trace: [], snapshots: [])
    var last: RunSnapshot?
    try run.start()
    for tick in 0..<300 {
      if tick % 50 == 0 {
        let snapshot = try run.snapshot(afterHash: last?.hash)
        recording.snapshots += snapshot.bytes
        last = snapshot
      }
      // What is done after a snapshot of the same tick is done again, and what was done before it is not.
      if tick % 10 == 0 { try run.apply(.set(variable: 0, .int32(Int32(tick % 7))), to: 0) }
      if tick == 120 { try run.apply(.pause, to: 0) }
      if tick == 130 { try run.apply(.resume, to: 0) }
      if tick == 200 { try run.apply(.reset, to: 0) }
      run.tick()
      recording.trace += run.takeTrace()
    }
    run.finish()
    recording.trace += run.takeTrace()
    return recording
  }

  @Test(arguments: [false, true]) func goesToAnyTick(isSystem: Bool) throws {
    let recording = try record(isSystem: isSystem)
    let trace = try TraceFile(recording.trace)
    let file = try SnapshotFile(recording.snapshots)
    #expect(file.snapshots.map(\.tick) == [0, 50, 100, 150, 200, 250])
    for tick in [0, 1, 49, 50, 51, 125, 199, 200, 201, 299, 300] as [UInt64] {
      let start = try #require(file.last(until: tick))
      let near = try Replay.run(trace, from: start, until: tick)
      let far = try Replay.run(trace, until: tick)
      #expect(near.tickCount == tick && near.bytes == TraceComparison.dropping(Int(start.lineCount), of: far.bytes))
      for (one, other) in zip(near.engines, far.engines) {
        #expect(try one.engine.snapshot() == other.engine.snapshot(), "\(tick)")
      }
    }
    for start in file.snapshots {
      // Up to the hash in the last line.
      let rest = try Replay.run(trace, from: start).bytes
      #expect(rest == TraceComparison.dropping(Int(start.lineCount), of: recording.trace))
    }
  }

  @Test func damageAndGapsAreNamed() throws {
    let recording = try record(isSystem: false)
    let file = try SnapshotFile(recording.snapshots)
    func problem(_ bytes: [UInt8]) -> String? {
      do throws(SnapshotFile.Problem) { _ = try SnapshotFile(bytes) } catch { return error.description }
      return nil
    }
    let parts = file.snapshots.map(\.bytes)
    #expect(problem([]) == nil)
    #expect(problem(Array(recording.snapshots.dropLast())) == "snapshot 6: is cut off")
    #expect(problem([1, 2, 3]) == "snapshot 1: is no snapshot of a run")
    #expect(problem(parts[0] + parts[2]) == "snapshot 2: does not follow the one before")
    var changed = recording.snapshots
    changed[parts[0].count + 200] ^= 1
    #expect(problem(changed) == "snapshot 2: is damaged")
    let other = try TraceFile(try record(isSystem: true).trace)
    #expect(throws: Replay.Failure.self) { try Replay.run(other, from: file.snapshots[0]) }
  }
}
