import Script

/// A moment of a run between two ticks. A run that goes on from it does what the first one would have done.
public struct RunPoint: Sendable, Equatable {
  public var tick: UInt64
  /// Milliseconds of the host's clock.
  public var time: Int64
  /// Number of the next line of the trace.
  public var line: UInt64
  /// `nil` when the engine could not be saved: a trace that begins there cannot be replayed.
  public var snapshot: Snapshot?

  public init(tick: UInt64, time: Int64, line: UInt64, snapshot: Snapshot?) {
    self.tick = tick
    self.time = time
    self.line = line
    self.snapshot = snapshot
  }
}

extension AutomatonRun {
  /// Goes on where another run of the same automaton and options stood. The header of its trace holds the point.
  ///
  /// - Throws: when the snapshot is of another automaton or seed, or damaged.
  public convenience init(
    _ automaton: CompiledAutomaton, options: RunOptions, from point: RunPoint, hardware: Hardware = Hardware()
  ) throws(EngineError) {
    self.init(automaton, options: options, hardware: hardware)
    guard let snapshot = point.snapshot else { throw .notASnapshot }
    try engine.restore(snapshot)
    // The header tells of it.
    _ = engine.takeEvents()
    tickCount = point.tick
    time = max(0, point.time)
    beginTrace(from: point)
  }

  /// How it stands. A run with faults has no snapshot, since none holds the messages that are under way.
  ///
  /// - Parameter previous: hash of the snapshot before this one, to chain them.
  /// - Throws: when the engine cannot be saved.
  public func point(afterHash previous: [UInt8]? = nil) throws(EngineError) -> RunPoint {
    RunPoint(
      tick: tickCount, time: time, line: trace.lineCount,
      snapshot: options.faults.isEmpty ? try engine.snapshot(afterHash: previous) : nil)
  }

  /// The header of its trace, with its line feed.
  ///
  /// - Parameter point: where the trace begins, when that is not the beginning of the run.
  public func header(from point: RunPoint? = nil) -> [UInt8] {
    var writer = TraceWriter()
    writer.header(engine.automaton, options, from: point)
    return writer.takeOutput()
  }

  /// Begins a trace at a point of this run, with a header of its own; what was not taken of the trace before is lost.
  /// Numbers of lines go on, and so does the run.
  public func beginTrace(from point: RunPoint) {
    trace = TraceWriter()
    trace.header(engine.automaton, options, from: point)
    trace.lineCount = point.line
  }
}
