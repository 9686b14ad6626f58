import Script

/// The past of a run: snapshots and what was done to it since, bounded. Any tick that it still reaches can be gone back to.
public final class Timeline {
  /// Ticks between two snapshots.
  public let interval: UInt64
  public let snapshotsMax: Int
  public private(set) var snapshots: [(tick: UInt64, time: Int64, snapshot: Snapshot)] = []
  private var commands: [(tick: UInt64, time: Int64, command: RunCommand)] = []
  private var tickTimes: [Int64] = []
  private var firstTick: UInt64 = 0

  public init(interval: UInt64 = 100, snapshotsMax: Int = 64) {
    self.interval = max(1, interval)
    self.snapshotsMax = max(2, snapshotsMax)
  }

  /// The earliest tick that can be gone back to.
  public var earliestTick: UInt64? { snapshots.first?.tick }

  /// Notes that something was done between two ticks.
  ///
  /// A start or a reset begins a past of its own: ticks are counted from there.
  public func record(_ command: RunCommand, tick: UInt64, time: Int64) {
    switch command {
    case .start, .reset:
      snapshots = []
      commands = []
      tickTimes = []
    default: commands.append((tick, time, command))
    }
  }

  /// Notes a tick, after it was taken.
  ///
  /// - Throws: when the engine cannot be saved; then this tick has no snapshot, and earlier ones stay.
  public func record(tickOf engine: Engine, at time: Int64) throws(EngineError) {
    if tickTimes.isEmpty { firstTick = engine.tickCount }
    // An automaton that is paused or stopped takes no ticks.
    guard engine.tickCount == firstTick + UInt64(tickTimes.count) else { return }
    tickTimes.append(time)
    guard engine.tickCount % interval == 0 || snapshots.isEmpty else { return }
    snapshots.append((engine.tickCount, time, try engine.snapshot(after: snapshots.last?.snapshot)))
    if snapshots.count > snapshotsMax { forgetOldest() }
  }

  private func forgetOldest() {
    snapshots.removeFirst()
    guard let oldest = snapshots.first else { return }
    commands.removeAll { $0.tick < oldest.tick }
    if oldest.tick > firstTick {
      tickTimes.removeFirst(min(tickTimes.count, Int(oldest.tick - firstTick)))
      firstTick = oldest.tick
    }
  }

  /// Puts an engine of the same model back to how it was after `tick`, by the last snapshot before it and what was done
  /// since.
  ///
  /// - Returns: the tick that it stands at: `tick`, or the earliest one that is known.
  public func rewind(_ engine: Engine, to tick: UInt64) throws(EngineError) -> UInt64 {
    guard let start = snapshots.last(where: { $0.tick <= tick }) ?? snapshots.first else { throw .notASnapshot }
    try engine.restore(start.snapshot)
    _ = engine.takeEvents()
    var next = commands.firstIndex { $0.tick >= start.tick && $0.time >= start.time } ?? commands.count
    func applyCommands() throws(EngineError) {
      while next < commands.count, commands[next].tick <= engine.tickCount {
        try engine.apply(commands[next].command, at: commands[next].time)
        next += 1
      }
    }
    while engine.tickCount < tick {
      try applyCommands()
      guard engine.tickCount + 1 >= firstTick else { break }
      let place = Int(engine.tickCount + 1 - firstTick)
      guard place < tickTimes.count else { break }
      engine.tick(at: tickTimes[place])
    }
    _ = engine.takeEvents()
    forget(after: engine.tickCount)
    return engine.tickCount
  }

  /// What came later did not happen.
  private func forget(after tick: UInt64) {
    snapshots.removeAll { $0.tick > tick }
    commands.removeAll { $0.tick >= tick }
    let kept = Int(tick + 1 - min(tick + 1, firstTick))
    if kept < tickTimes.count { tickTimes.removeLast(tickTimes.count - kept) }
  }
}
