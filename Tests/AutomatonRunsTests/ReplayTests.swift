import Automata
import Foundation
import Testing

@testable import AutomatonRuns

@Suite struct ReplayTests {
  private func model() -> Automaton {
    var model = Automaton(name: Array("lamp".utf8))
    model.variables = [
      Variable(name: Array("level".utf8), type: .float64, direction: .input),
      Variable(name: Array("count".utf8), type: .int32, direction: .output),
    ]
    model.states = [State(name: Array("Off".utf8)), State(name: Array("On".utf8))]
    model.states[1].onEnter = Array("count = count + 1 log('info', 'on ' .. level .. ' ' .. rand())".utf8)
    model.initialState = StateIndex(0)
    var back = Timed(mode: .after, delay: 120)
    back.jitter = 60
    model.transitions = [
      Transition(
        name: Array("up".utf8), from: StateIndex(0), to: StateIndex(1),
        trigger: .classic(Classic(condition: Array("level > 0.5".utf8)))),
      Transition(name: Array("down".utf8), from: StateIndex(1), to: StateIndex(0), trigger: .timed(back)),
    ]
    return model
  }

  private func record(_ options: RunOptions) throws -> [UInt8] {
    let run = AutomatonRun(try CompiledAutomaton(model()), options: options)
    try run.start()
    for tick in 0..<400 {
      if tick % 17 == 0 { try run.apply(.set(variable: 0, .float64(Double(tick % 5) / 4))) }
      if tick == 100 { try run.apply(.pause) }
      if tick == 120 { try run.apply(.resume) }
      if tick == 200 { try run.apply(.reset) }
      if tick == 250 { try run.apply(.stop) }
      if tick == 260 { try run.apply(.start) }
      if tick == 300 { try run.apply(.force(StateIndex(1))) }
      if options.clock == .real && tick % 50 == 3 { run.tick(at: run.time + 37) } else { run.tick() }
    }
    run.finish()
    return run.takeTrace()
  }

  @Test func givesTheSameBytes() throws {
    for clock in [RunOptions.Clock.virtual, .real] {
      for faults in ["[]", "[{action: delay, delay: 30ms, jitter: 40ms}, {action: noise, by: 0.3, probability: 0.5}]"] {
        var options = RunOptions()
        options.seed = 0xFFFF_0000_1234_5678
        options.clock = clock
        options.faults = try FaultFile.parse(Array(faults.utf8))
        let recorded = try record(options)
        let trace = try TraceFile(recorded)
        #expect(trace.isComplete && trace.tickCount == 400)
        let again = try Replay.run(trace).bytes
        #expect(TraceComparison.firstDifference(recorded, again) == nil)
      }
    }
  }

  /// A trace that begins in the middle holds a snapshot, and is replayed from there.
  @Test func goesOnFromAPoint() throws {
    var options = RunOptions()
    options.seed = 7
    options.clock = .real
    let run = AutomatonRun(try CompiledAutomaton(model()), options: options)
    try run.apply(.set(variable: 0, .float64(0.75)))
    try run.start()
    var parts: [[UInt8]] = []
    for tick in 0..<200 {
      if tick % 17 == 0 { try run.apply(.set(variable: 0, .float64(Double(tick % 5) / 4))) }
      if tick == 130 { try run.apply(.stop) }
      if tick == 150 { try run.apply(.reset) }
      if tick == 160 { try run.apply(.start) }
      run.tick(at: run.time + (tick % 50 == 3 ? 37 : 10))
      if [40, 90, 140, 155].contains(tick) {
        parts.append(run.takeTrace())
        run.beginTrace(from: try run.snapshot())
      }
    }
    parts.append(run.takeTrace())
    for part in parts {
      let again = try Replay.run(try TraceFile(part)).bytes
      #expect(TraceComparison.firstDifference(part, again) == nil)
    }
    let whole = Array(parts.joined())
    #expect(TraceFile.split(whole).map { Array($0) } == parts)
    // The lines of parts that follow each other are one trace, but for the headers between them.
    let lines = parts.enumerated().flatMap { place, part in
      place == 0 ? part[...] : part[(part.firstIndex(of: 10) ?? 0) + 1..<part.count]
    }
    #expect(TraceComparison.firstDifference(lines, try Replay.run(try TraceFile(lines)).bytes) == nil)
    // Damage in the snapshot is found.
    let broken = String(decoding: parts[1], as: UTF8.self).replacing(#""snapshot":"4145"#, with: #""snapshot":"4146"#)
    #expect(throws: TraceProblem.self) { try TraceFile(Array(broken.utf8)) }
  }

  @Test func namesTheFirstDifference() throws {
    let recorded = try record(RunOptions())
    let lines = recorded.split(separator: 10)
    let log = Array("\"kind\":\"log\"".utf8)
    let place = try #require(lines.firstIndex { line in line.indices.contains { line[$0...].starts(with: log) } })
    let changed = Array(
      lines.enumerated().map { $0 == place ? ArraySlice("{\"tick\":1,\"kind\":\"lag\"}".utf8) : $1 }.joined(separator: [
        10
      ]))
    let difference = try #require(
      TraceComparison.firstDifference(changed, try Replay.run(try TraceFile(changed)).bytes))
    #expect(difference.left?.contains("lag") == true && difference.right?.contains("log") == true)
    #expect(difference.line == place + 1)
    var short = recorded
    short.removeLast(recorded.count / 2)
    #expect(throws: TraceProblem.self) { try TraceFile(short) }
  }

  @Test func inputsAreChecked() throws {
    let model = model()
    func command(_ text: String) throws -> RunCommand { try RunInput(text, tickLength: 10).command(for: model) }
    #expect(try command("100:level=31.5") == .set(variable: 0, .float64(31.5)))
    #expect(try RunInput("1.5s:level=1", tickLength: 10).tick == 150)
    #expect(try command("3:ring!") == .raise(Array("ring".utf8)))
    for text in ["level=1", "x:level=1", "1:level", "1:=3", "1:nothing=3", "1:level=abc", ":", ""] {
      #expect(throws: RunInput.Invalid.self) { try command(text) }
    }
  }

  @Test func faultFilesAreChecked() throws {
    let good =
      "faults:\n  - {action: drop, signal: temp, probability: 0.1}\n  - {action: clock_skew, ppm: -200, from: 2s, to: 1m}\n"
    #expect(try FaultFile.parse(Array(good.utf8)).rules.count == 2)
    for bad in [
      "- {action: explode}", "- {action: drop, probability: 2}", "- {action: delay}", "- {action: drop, colour: red}",
      "- {action: drop, from: 5s, to: 1s}", "3", "faults: 3",
    ] {
      #expect(throws: FaultFile.Problem.self) { try FaultFile.parse(Array(bad.utf8)) }
    }
  }

  @Test func damagedTracesAreRefused() throws {
    let recorded = try record(RunOptions())
    var state = ProcessInfo.processInfo.environment["AETHER_SEED"].flatMap(UInt64.init) ?? .random(in: 0 ... .max)
    print("damagedTracesAreRefused: AETHER_SEED=\(state)")
    for _ in 0..<300 {
      var bytes = Array(recorded.prefix(6000))
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 20)
      if let trace = try? TraceFile(bytes) { _ = try? Replay.run(trace) }
    }
  }

  @Test func systemsGiveTheSameBytes() throws {
    var source = model()
    source.variables[1].direction = .output
    let part = try CompiledAutomaton(source)
    let network = Network(
      name: Array("pair".utf8),
      instances: [.init(name: Array("a".utf8), automaton: part), .init(name: Array("b.c".utf8), automaton: part)],
      wires: [.init(source: 0, output: 1, target: 1, input: 0, conversion: .half)])
    var options = RunOptions()
    options.seed = 9
    options.faults = try FaultFile.parse(Array("[{action: delay, delay: 50ms, jitter: 90ms, probability: 0.5}]".utf8))
    let run = NetworkRun(network, options: options)
    try run.start()
    for tick in 0..<200 {
      if tick % 30 == 0 { try run.apply(.set(variable: 0, .float64(tick % 60 == 0 ? 1 : 0)), to: 0) }
      if tick == 77 { try run.apply(.pause, to: 1) }
      if tick == 99 { try run.apply(.resume, to: 1) }
      if tick == 120 { try run.apply(.reset, to: 0) }
      run.tick()
    }
    run.finish()
    let recorded = run.takeTrace()
    #expect(TraceComparison.firstDifference(recorded, try Replay.run(try TraceFile(recorded)).bytes) == nil)
  }
}
