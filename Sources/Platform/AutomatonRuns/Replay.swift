import Automata

/// The first place where two traces are not the same.
public struct TraceDifference: Sendable, Equatable {
  /// From 1.
  public var line: Int
  /// `nil` where the trace has ended.
  public var left: String?
  public var right: String?
}

/// Compares traces line by line.
public enum TraceComparison {
  /// - Returns: `nil` when the bytes are the same.
  public static func firstDifference(_ left: [UInt8], _ right: [UInt8]) -> TraceDifference? {
    if left == right { return nil }
    let lefts = left.split(separator: 10, omittingEmptySubsequences: false)
    let rights = right.split(separator: 10, omittingEmptySubsequences: false)
    for index in 0..<max(lefts.count, rights.count) {
      let one = index < lefts.count ? lefts[index] : nil
      let other = index < rights.count ? rights[index] : nil
      if one != other { return TraceDifference(line: index + 1, left: text(one), right: text(other)) }
    }
    return nil
  }

  /// A trace without its first lines.
  public static func dropping(_ count: Int, of trace: [UInt8]) -> [UInt8] {
    var start = trace.startIndex
    for _ in 0..<count {
      guard let end = trace[start...].firstIndex(of: 10) else { return [] }
      start = end + 1
    }
    return Array(trace[start...])
  }

  private static func text(_ line: ArraySlice<UInt8>?) -> String? {
    line.flatMap { $0.isEmpty ? nil : String(decoding: $0, as: UTF8.self) }
  }
}

/// Runs a recorded trace again.
public enum Replay {
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// What a run gave that was carried out again.
  public struct Result {
    /// The trace that it gives now.
    public var bytes: [UInt8]
    /// How its automata stand at the end, with their names in a system.
    public var engines: [(name: String, engine: Engine)]
    public var tickCount: UInt64
  }

  /// - Parameters:
  ///   - snapshot: begins there instead of at the start; the result then has the lines after it alone.
  ///   - lastTick: ends there; with it the trace has no last line.
  public static func run(
    _ trace: TraceFile, from snapshot: RunSnapshot? = nil, until lastTick: UInt64? = nil
  ) throws(Failure) -> Result {
    let run = try makeRun(trace)
    let end = min(lastTick ?? .max, trace.tickCount)
    var next = 0
    if let snapshot {
      do throws(EngineError) { try run.restore(snapshot) } catch {
        throw Failure(description: "the snapshot of tick \(snapshot.tick) is refused: \(error)")
      }
      while next < trace.steps.count, trace.steps[next].line <= snapshot.lineCount { next += 1 }
    }
    do throws(EngineError) {
      if snapshot == nil, trace.origin == nil {
        // What was set before it began.
        while next < trace.steps.count, trace.steps[next].line < trace.startLine ?? 0 {
          try run.apply(trace.steps[next].command, to: trace.steps[next].part)
          next += 1
        }
        try run.start()
      }
      while true {
        while next < trace.steps.count, trace.steps[next].tick <= run.tickCount {
          try run.apply(trace.steps[next].command, to: trace.steps[next].part)
          next += 1
        }
        guard run.tickCount < end else { break }
        run.tick(at: trace.moments[run.tickCount + 1])
      }
    } catch {
      let line = next < trace.steps.count ? trace.steps[next].line : 0
      throw Failure(description: "line \(line): what was done there is refused now: \(error)")
    }
    if trace.isComplete && lastTick == nil { run.finish() }
    return Result(bytes: run.takeTrace(), engines: run.engines, tickCount: run.tickCount)
  }

  private static func goOn(
    _ automaton: CompiledAutomaton, _ options: RunOptions, from origin: RunSnapshot
  ) throws(Failure) -> AutomatonRun {
    do throws(EngineError) { return try AutomatonRun(automaton, options: options, from: origin) } catch {
      throw Failure(description: "line 1: the snapshot does not fit the automaton: \(error)")
    }
  }

  private static func makeRun(_ trace: TraceFile) throws(Failure) -> AnyRun {
    var compiled: [CompiledAutomaton] = []
    do throws(CompiledAutomaton.Failure) {
      for part in trace.parts { compiled.append(try CompiledAutomaton(part.model, semantics: part.semantics)) }
    } catch {
      throw Failure(description: "the automaton of the trace cannot be run: \(error)")
    }
    guard trace.isSystem else {
      guard let automaton = compiled.first else { throw Failure(description: "the trace has no automaton") }
      guard let origin = trace.origin else { return .automaton(AutomatonRun(automaton, options: trace.options)) }
      return .automaton(try goOn(automaton, trace.options, from: origin))
    }
    var network = Network(name: Array(trace.name.utf8), instances: [], wires: trace.wires)
    for (part, automaton) in zip(trace.parts, compiled) {
      network.instances.append(Network.Instance(name: Array(part.name.utf8), automaton: automaton))
    }
    return .system(NetworkRun(network, options: trace.options))
  }
}

/// A run of one automaton or of a system.
public enum AnyRun {
  case automaton(AutomatonRun)
  case system(NetworkRun)

  public func start() throws(EngineError) {
    switch self {
    case .automaton(let run): try run.start()
    case .system(let run): try run.start()
    }
  }

  /// The next tick, at a time that is not one length after the last one when there is one.
  public func tick(at moment: Int64? = nil) {
    switch self {
    case .automaton(let run): if let moment { run.tick(at: moment) } else { run.tick() }
    case .system(let run): run.tick()
    }
  }

  /// - Parameter part: position among the automata of a system, 0 for a single one.
  public func apply(_ command: RunCommand, to part: Int) throws(EngineError) {
    switch self {
    case .automaton(let run): try run.apply(command)
    case .system(let run): try run.apply(command, to: part)
    }
  }

  public func finish() {
    switch self {
    case .automaton(let run): run.finish()
    case .system(let run): run.finish()
    }
  }

  public func snapshot(afterHash previous: [UInt8]? = nil) throws(EngineError) -> RunSnapshot {
    switch self {
    case .automaton(let run): try run.snapshot(afterHash: previous)
    case .system(let run): try run.snapshot(afterHash: previous)
    }
  }

  public func restore(_ snapshot: RunSnapshot) throws(EngineError) {
    switch self {
    case .automaton(let run): try run.restore(snapshot)
    case .system(let run): try run.restore(snapshot)
    }
  }

  public func takeTrace() -> [UInt8] {
    switch self {
    case .automaton(let run): run.takeTrace()
    case .system(let run): run.takeTrace()
    }
  }

  /// Its automata with their names, which are empty for a single one.
  public var engines: [(name: String, engine: Engine)] {
    switch self {
    case .automaton(let run): [("", run.engine)]
    case .system(let run):
      run.engines.indices.map { (String(decoding: run.network.instances[$0].name, as: UTF8.self), run.engines[$0]) }
    }
  }

  public var tickCount: UInt64 {
    switch self {
    case .automaton(let run): run.tickCount
    case .system(let run): run.tickCount
    }
  }

  public var hasStopped: Bool {
    engines.allSatisfy { $0.engine.execution == .stopped || $0.engine.execution == .error }
  }
}
