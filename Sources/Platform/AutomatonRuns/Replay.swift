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

  private static func text(_ line: ArraySlice<UInt8>?) -> String? {
    line.flatMap { $0.isEmpty ? nil : String(decoding: $0, as: UTF8.self) }
  }
}

/// Runs a recorded trace again.
public enum Replay {
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// - Parameter lastTick: ends there; with it the trace has no last line.
  /// - Returns: the trace that the run gives now, and the engine as it stands at the end.
  public static func run(_ trace: TraceFile, until lastTick: UInt64? = nil) throws(Failure) -> (
    bytes: [UInt8], run: AutomatonRun
  ) {
    let automaton: CompiledAutomaton
    do throws(CompiledAutomaton.Failure) {
      automaton = try CompiledAutomaton(trace.model, semantics: trace.semantics)
    } catch {
      throw Failure(description: "the automaton of the trace cannot be run: \(error)")
    }
    let run = AutomatonRun(automaton, options: trace.options)
    let end = min(lastTick ?? .max, trace.tickCount)
    var next = 0
    do throws(EngineError) {
      try run.start()
      while true {
        while next < trace.steps.count, trace.steps[next].tick <= run.tickCount {
          try run.apply(trace.steps[next].command)
          next += 1
        }
        guard run.tickCount < end else { break }
        if let moment = trace.moments[run.tickCount + 1] { run.tick(at: moment) } else { run.tick() }
      }
    } catch {
      let line = next < trace.steps.count ? trace.steps[next].line : 0
      throw Failure(description: "line \(line): what was done there is refused now: \(error)")
    }
    if trace.isComplete && lastTick == nil { run.finish() }
    return (run.takeTrace(), run)
  }
}
