import Automata

/// One automaton of a host: its run, what is kept of its trace, and when it is due. Knows no clock; whoever calls says the
/// time, in milliseconds since 1970.
///
/// Tick k is at k times the length of a tick after it began. A tick that comes late is taken at the latest of those
/// that are due; the trace notes the jump with a `clock` line. While the engine rests no ticks are taken at all.
final class HostedAutomaton {
  /// A connection from one of its outputs.
  struct Outgoing {
    var output: Int
    var target: String
    var input: Int
    var transform: LinkTransform
    var isDelayed: Bool
    /// What was sent last.
    var last: AutomatonValue?
  }

  /// A value on its way to an input.
  struct Delivery: Sendable {
    var target: String
    var input: Int
    var value: AutomatonValue
    var isDelayed: Bool
  }

  var spec: HostedSpec
  let run: AutomatonRun
  /// When its clock showed 0.
  let origin: Int64
  private(set) var header: [UInt8] = []
  private(set) var history: TraceHistory
  var feeds: [TraceFeed] = []
  var outgoing: [Outgoing] = []
  /// Values of delayed connections: they arrive after the next tick.
  private var held: [Delivery] = []
  private(set) var lastError: [UInt8] = []
  private var skippedTicks: UInt64 = 0
  private var latenessMax: Int64 = 0
  private var latenessSum: Int64 = 0
  private var lineCount: UInt64 = 0
  /// There is something that its last snapshot lacks, since then.
  var dirtySince: Int64?
  /// When its last snapshot was taken, or it began.
  var recordedAt: Int64
  /// Something that a status shows has changed since the last report.
  var isReportDue = false
  /// It waits to be reported.
  var isInReport = false

  /// Prepares a new run; `begin` starts it.
  init(_ spec: HostedSpec, origin: Int64, historyBytes: Int) {
    self.spec = spec
    self.origin = origin
    recordedAt = origin
    history = TraceHistory(bytesMax: historyBytes)
    var options = spec.options
    options.clock = .real
    options.epoch = origin
    // The model would be by far the longest line, and is at hand in the resource.
    options.holdsModel = false
    run = AutomatonRun(spec.automaton, options: options)
    header = run.takeTrace()
    lineCount = run.trace.lineCount
  }

  private var length: Int64 { max(1, run.options.tickLength) }
  var engine: Engine { run.engine }

  // MARK: Beginning

  /// Begins in the initial state, with the inputs of the specification, and with the values of an earlier run where
  /// name, type and direction are equal.
  func begin(carrying earlier: HostedAutomaton?) throws(EngineError) {
    for input in spec.inputs { try run.apply(.set(variable: input.variable, input.value)) }
    if let earlier {
      let old = earlier.engine.model.variables
      for (index, variable) in engine.model.variables.enumerated() {
        guard
          let place = old.firstIndex(where: {
            $0.name == variable.name && $0.type == variable.type && $0.direction == variable.direction
          })
        else { continue }
        let value = earlier.engine.value(place)
        if !value.isSame(engine.value(index)) { try run.apply(.set(variable: index, value)) }
      }
      history = earlier.history
      lastError = earlier.lastError
      feeds = earlier.feeds
      for feed in feeds { feed.offer(header[...]) }
    }
    try run.start()
    if spec.isSuspended, engine.execution == .running { try run.apply(.pause) }
    collect()
  }

  /// Goes on from a snapshot.
  func goOn(from snapshot: Snapshot, at now: Int64) throws(EngineError) {
    try engine.restore(snapshot)
    run.tick(at: max(engine.now, grid(now)))
    if engine.execution == .running, spec.isSuspended { try run.apply(.pause) }
    collect()
  }

  /// Takes on a specification of the same revision.
  func takeOver(_ spec: HostedSpec) throws(EngineError) {
    let before = self.spec
    self.spec = spec
    for input in spec.inputs where !before.inputs.contains(input) {
      try run.apply(.set(variable: input.variable, input.value))
    }
    let wasSuspended = before.isSuspended
    if spec.isSuspended, !wasSuspended, engine.execution == .running { try run.apply(.pause) }
    if !spec.isSuspended, wasSuspended, engine.execution == .paused { try run.apply(.resume) }
    if run.trace.lineCount != lineCount { collect() }
  }

  // MARK: Time

  /// The latest tick of the grid that is not after `now`, on the automaton's own clock.
  private func grid(_ now: Int64) -> Int64 { max(0, now - origin) / length * length }

  /// When the next tick is due; `nil` while it rests for good or does not run.
  var deadline: Int64? {
    guard engine.execution == .running else { return nil }
    let next = run.time + length
    guard held.isEmpty else { return origin + next }
    let rest = engine.restsUntil
    guard rest > next else { return origin + next }
    guard rest < .max / 4 else { return nil }
    return origin + (rest + length - 1) / length * length
  }

  /// Takes the tick that was due at `deadline`.
  func tick(dueAt deadline: Int64, at now: Int64) {
    let lateness = max(0, now - deadline)
    latenessSum += lateness
    if lateness > latenessMax { latenessMax = lateness }
    skippedTicks += UInt64(lateness / length)
    run.tick(at: max(run.time + length, grid(now)))
    if !held.isEmpty { deliverHeld() }
    if run.trace.lineCount != lineCount { collect() }
  }

  /// Before something is done to it: its clock shows the time, as if it had ticked all along.
  func catchUp(to now: Int64) {
    let moment = grid(now)
    if moment > run.time { run.tick(at: moment) }
  }

  // MARK: Commands

  func perform(_ command: LiveCommand, at now: Int64) throws(HostError) {
    catchUp(to: now)
    defer { if run.trace.lineCount != lineCount { collect() } }
    do throws(EngineError) {
      switch command {
      case .set(let inputs):
        for input in inputs { try run.apply(.set(variable: input.variable, input.value)) }
      case .raise(let name): try run.apply(.raise(name))
      case .pause: try run.apply(.pause)
      case .resume: try run.apply(.resume)
      case .step(let count): try step(count)
      case .stop: try run.apply(.stop)
      case .start: try run.apply(.start)
      case .reset: try run.apply(.reset)
      case .force(let state): try run.apply(.force(state))
      }
    } catch {
      throw HostError(error)
    }
  }

  private func step(_ count: Int) throws(EngineError) {
    try run.apply(.resume)
    for _ in 0..<count where engine.execution == .running { run.tick(at: run.time + length) }
    if engine.execution == .running { try run.apply(.pause) }
  }

  /// - Returns: whether the value fits.
  func take(_ delivery: Delivery, at now: Int64) -> Bool {
    if delivery.isDelayed, engine.execution == .running {
      held.append(delivery)
      return true
    }
    catchUp(to: now)
    defer { if run.trace.lineCount != lineCount { collect() } }
    return apply(delivery)
  }

  private func apply(_ delivery: Delivery) -> Bool {
    do throws(EngineError) {
      try run.apply(.set(variable: delivery.input, delivery.value))
      return true
    } catch {
      return false
    }
  }

  private func deliverHeld() {
    let values = held
    held = []
    for value in values { _ = apply(value) }
  }

  // MARK: What happened

  /// Takes the lines that were written, to the history and to whoever reads.
  private func collect() {
    lineCount = run.trace.lineCount
    let lines = run.takeTrace()
    guard !lines.isEmpty else { return }
    TraceLine.forEach(lines[...]) { line in
      if TraceLine.kind(line).elementsEqual("error".utf8) { lastError = Array(line.prefix(1024)) }
    }
    history.append(lines)
    isReportDue = true
    guard !feeds.isEmpty else { return }
    feeds.removeAll { $0.isFinished }
    for feed in feeds { feed.offer(lines[...]) }
  }

  /// Values of connected outputs that have changed since they were sent.
  func takeDeliveries() -> [Delivery] {
    var deliveries: [Delivery] = []
    for index in outgoing.indices {
      let value = engine.value(outgoing[index].output)
      if let last = outgoing[index].last, last.isSame(value) { continue }
      outgoing[index].last = value
      guard let sent = outgoing[index].transform.apply(value) else { continue }
      deliveries.append(
        Delivery(
          target: outgoing[index].target, input: outgoing[index].input, value: sent,
          isDelayed: outgoing[index].isDelayed))
    }
    return deliveries
  }

  /// A reader of its trace: the header, what is kept of the past, then everything new.
  func feed(_ filter: TraceFilter, tail: Int?, follows: Bool) -> TraceFeed {
    feeds.removeAll { $0.isFinished }
    let feed = TraceFeed(filter)
    if filter.kinds == nil { feed.offer(header[...]) }
    feed.offer(history.tail(tail))
    if follows {
      feeds.append(feed)
    } else {
      feed.finish()
    }
    return feed
  }

  func record() throws(EngineError) -> SnapshotRecord {
    SnapshotRecord(
      revision: spec.revision, origin: origin, time: run.time, snapshot: try engine.snapshot(),
      lastError: lastError)
  }

  var counters: Counters {
    var counters = Counters()
    counters.ticks = engine.tickCount
    counters.transitions = engine.transitionCount
    counters.errors = engine.errorCount
    counters.skippedTicks = skippedTicks
    counters.latenessMax = latenessMax
    counters.latenessSum = latenessSum
    return counters
  }

  var status: AutomatonStatus {
    func text(_ name: Name) -> String { String(decoding: name, as: UTF8.self) }
    let model = engine.model
    return AutomatonStatus(
      id: spec.id, owner: spec.owner, name: spec.name, revision: spec.revision, liveRevision: spec.liveRevision,
      execution: engine.execution,
      isSuspended: spec.isSuspended, states: engine.leaves.map { text(model.states[$0.index].name) },
      variables: model.variables.enumerated().map { index, variable in
        AutomatonStatus.Variable(
          name: text(variable.name), direction: variable.direction, type: variable.type, value: engine.value(index))
      }, counters: counters, lastError: text(lastError), startedAt: origin, time: run.time,
      isResting: engine.execution == .running && deadline == nil)
  }

  func restoreError(_ line: [UInt8]) { lastError = line }
}
