import Automata
import Net

/// The clock of a host: time since 1970 that never runs backwards, whatever is done to the clock on the wall.
struct HostClock: Sendable {
  private let wall: Int64
  private let start: MonotonicInstant

  /// - Parameter wall: milliseconds since 1970.
  init(wall: Int64) {
    self.wall = wall
    start = .now
  }

  var now: Int64 { wall + Int64((MonotonicInstant.now.nanoseconds - start.nanoseconds) / 1_000_000) }

  func instant(_ time: Int64) -> MonotonicInstant { start + .milliseconds(max(0, time - wall)) }
}

/// A core on a thread of its own, woken when something is due.
actor Shard {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let core: HostCore
  private let clock: HostClock
  private var timer: TimerToken?
  private var timerAt: Int64 = .max
  private var isStopped = false
  /// Takes values for automata of other shards.
  private var forward: (@Sendable ([HostedAutomaton.Delivery]) -> Void)?

  private let traces: TraceFiles?

  init(_ name: String, clock: HostClock, traces: TraceFiles?) throws(NetError) {
    loop = try EventLoop(name: name)
    core = HostCore(keepsFiles: traces != nil)
    self.traces = traces
    self.clock = clock
  }

  func setForward(_ forward: @escaping @Sendable ([HostedAutomaton.Delivery]) -> Void) { self.forward = forward }

  // MARK: Waking

  /// After every call: sends what is for others, and sets the timer.
  private func finishTurn() {
    let sent = core.takeOutbox()
    if !sent.isEmpty { forward?(sent) }
    traces?.write(core.takeTraceWrites())
    let next = core.nextDeadline ?? .max
    guard !isStopped, next != timerAt else { return }
    if let timer { loop.cancel(timer) }
    timer = nil
    timerAt = next
    guard next < .max else { return }
    timer = loop.schedule(at: clock.instant(next)) { [weak self] in
      self?.assumeIsolated { $0.fire() }
    }
  }

  private func fire() {
    timer = nil
    timerAt = .max
    core.advance(to: clock.now)
    finishTurn()
  }

  /// Does something at the present time, before which everything due is done.
  private func turn<Result, Failure: Error>(
    _ body: (HostCore, Int64) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { finishTurn() }
    let now = clock.now
    // What ticks on while its snapshots are written is never done with them.
    if !isStopped { core.advance(to: now) }
    return try body(core, now)
  }

  // MARK: Calls

  func apply(
    _ spec: HostedSpec, record: SnapshotRecord?, lastRun: UInt32
  ) throws(HostError) -> (status: AutomatonStatus, spec: SharedSpec) {
    try turn { core, now throws(HostError) in
      try core.apply(spec, record: record, lastRun: lastRun, at: now)
      guard let automaton = core[spec.id] else { throw .noSuchAutomaton(spec.id) }
      return (automaton.status, automaton.shared)
    }
  }

  func remove(_ id: String) { turn { core, _ in _ = core.remove(id) } }

  func perform(_ command: LiveCommand, on id: String) throws(HostError) -> AutomatonStatus {
    try turn { core, now throws(HostError) in
      try core.perform(command, on: id, at: now)
      guard let automaton = core[id] else { throw .noSuchAutomaton(id) }
      return automaton.status
    }
  }

  func connect(_ id: String, _ outgoing: [HostedAutomaton.Outgoing], fresh: String?) {
    turn { core, now in core.connect(id, outgoing, fresh: fresh, at: now) }
  }

  func setLinkProblems(_ id: String, _ problems: [String]) {
    turn { core, now in core.setLinkProblems(id, problems, at: now) }
  }

  func deliver(_ deliveries: [HostedAutomaton.Delivery]) {
    turn { core, now in core.deliver(deliveries, at: now) }
  }

  func status(_ id: String) -> AutomatonStatus? { turn { core, _ in core[id]?.status } }

  func statuses() -> [AutomatonStatus] { turn { core, _ in core.statuses } }

  /// A reader from here on; what was before is in memory, which the feed has then, or in the files of a run.
  func feed(_ id: String, _ filter: TraceFilter, tail: Int?, follows: Bool) -> (feed: TraceFeed, run: UInt32?)? {
    turn { core, _ in
      core.writeTrace(of: id)
      guard let automaton = core[id] else { return nil }
      return (automaton.feed(filter, tail: tail, follows: follows), automaton.place?.run)
    }
  }

  /// The run that its lines go to, when what waits is handed over; `nil` when its trace is not kept on disk.
  func presentRun(_ id: String) -> UInt32? {
    turn { core, _ in
      core.writeTrace(of: id)
      return core[id]?.place?.run
    }
  }

  /// Hands over lines that have waited for `age` milliseconds.
  func writeTraces(age: Int64) {
    guard let traces else { return }
    core.isTraceBlocked = traces.isBehind
    for id in traces.takeFailed() { core[id]?.loseTrace() }
    turn { core, now in core.writeTraces(age: age, at: now) }
  }

  func figures() -> HostFigures {
    HostFigures(count: core.count, counters: core.counters, refusedValues: core.refusedValues)
  }

  func takeRecords(max count: Int, age: Int64) -> [(id: String, bytes: [UInt8])] {
    core.takeRecords(max: count, age: age, at: clock.now)
  }

  func takeChanged(max count: Int) -> [AutomatonStatus] { core.takeChanged(max: count) }

  /// No ticks from here on: what is written down then is the end.
  func stop() {
    if let timer { loop.cancel(timer) }
    timer = nil
    isStopped = true
    core.isTraceBlocked = false
    core.writeTraces(age: 0, at: clock.now + 1)
    traces?.write(core.takeTraceWrites())
    for id in core.ids { for feed in core[id]?.feeds ?? [] { feed.finish() } }
  }
}
