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

  private(set) var shared: SharedSpec
  var spec: HostedSpec { shared.spec }
  let run: AutomatonRun
  /// When its clock showed 0.
  let origin: Int64
  /// Lines that wait to be written, or, when its trace is not kept on disk, the latest.
  private(set) var buffer = TraceBuffer()
  /// The file that its lines go to; `nil` when there is none yet, or its trace is not kept.
  private(set) var place: TracePlace?
  /// Bytes of lines in that file.
  private var fileSize = 0
  /// When lines were taken for it last, on the automaton's own clock.
  private var wroteAt: Int64?
  /// Run of its latest file.
  private(set) var lastRun: UInt32
  /// Lines for the file were lost: the next is of another run.
  private var hasGap = false
  /// Since when lines wait to be written.
  var unwrittenSince: Int64?
  var feeds: [TraceFeed] = []
  var outgoing: [Outgoing] = []
  /// Values of delayed connections: they arrive after the next tick.
  private var held: [Delivery] = []
  private(set) var lastError: [UInt8] = []
  /// When it was begun last, and when an error of a script stopped it after that.
  private var beganAt: Int64
  private var failedAt: Int64?
  /// Connections from and to it that carry nothing, and why.
  var linkProblems: [String] = [] {
    didSet { if linkProblems != oldValue { isReportDue = true } }
  }
  /// Of its last snapshot.
  private var snapshotHash: [UInt8]?
  private var skippedTicks: UInt64 = 0
  private var latenessMax: Int64 = 0
  private var latenessSum: Int64 = 0
  private var lineCount: UInt64 = 0
  /// Number of the first line behind the header.
  private let firstLine: UInt64
  private var isAtHeader = true
  /// There is something that its last snapshot lacks, since then.
  var dirtySince: Int64?
  /// When its last snapshot was taken, or it began.
  var recordedAt: Int64
  /// Something that a status shows has changed since the last report.
  var isReportDue = false
  /// It waits to be reported.
  var isInReport = false

  /// Bytes of lines that wait for the disk, or are kept in memory, at most.
  static let bufferMax = 16 << 10
  /// So many are written at once, without waiting for more.
  static let bufferFull = 8 << 10
  /// A trace that is written more often than this, in milliseconds, keeps its file open.
  static let frequentInterval: Int64 = 4000

  /// Prepares a new run; `begin` starts it.
  ///
  /// - Parameter lastRun: of the traces that are kept.
  /// - Parameter keepsFiles: lines of its trace go to files.
  init(_ spec: HostedSpec, origin: Int64, lastRun: UInt32 = 0, keepsFiles: Bool = false) {
    shared = SharedSpec(spec)
    self.origin = origin
    self.lastRun = lastRun
    self.keepsFiles = keepsFiles
    recordedAt = origin
    beganAt = origin
    run = AutomatonRun(spec.automaton, options: HostedAutomaton.options(spec, origin))
    lineCount = run.trace.lineCount
    firstLine = lineCount
  }

  /// Prepares to go on from a record.
  init(
    _ spec: HostedSpec, _ record: SnapshotRecord, at now: Int64, lastRun: UInt32 = 0, keepsFiles: Bool = false
  ) throws(EngineError) {
    shared = SharedSpec(spec)
    // A clock on the wall that was set back must not hold it up.
    origin = min(record.origin, now - record.snapshot.time)
    self.lastRun = lastRun
    self.keepsFiles = keepsFiles
    recordedAt = now
    beganAt = record.beganAt
    failedAt = record.failedAt
    run = try AutomatonRun(
      spec.automaton, options: HostedAutomaton.options(spec, origin), from: record.snapshot)
    lineCount = run.trace.lineCount
    firstLine = lineCount
    lastError = record.lastError
    snapshotHash = record.snapshot.hash
  }

  private static func options(_ spec: HostedSpec, _ origin: Int64) -> RunOptions {
    var options = spec.options
    options.clock = .real
    options.epoch = origin
    return options
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
      lastError = earlier.lastError
      feeds = earlier.feeds
    }
    try run.start()
    if spec.isSuspended, engine.execution == .running { try run.apply(.pause) }
    collect()
  }

  /// Goes on as its record says, at the present time.
  func goOn(at now: Int64) throws(EngineError) {
    run.tick(at: max(engine.now, grid(now)))
    if engine.execution == .running, spec.isSuspended { try run.apply(.pause) }
    collect()
  }

  /// Takes on a specification of the same revision.
  func takeOver(_ spec: HostedSpec) throws(EngineError) {
    let before = self.spec
    shared = SharedSpec(spec)
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

  /// Gives back memory that it needs while it works.
  func rest() { run.rest() }

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
      case .start:
        try run.apply(.start)
        beganAt = now
      case .reset:
        // Whoever resets wants it to begin anew, also when it has stopped.
        try run.apply(.reset)
        if engine.execution == .loaded { try run.apply(.start) }
        beganAt = now
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

  /// Takes the lines that were written, to the buffer and to whoever reads.
  private func collect() {
    lineCount = run.trace.lineCount
    let lines = run.takeTrace()
    guard !lines.isEmpty else { return }
    if engine.errorCount > 0 { noteErrors(lines) }
    if engine.execution != .error {
      failedAt = nil
    } else if failedAt == nil {
      failedAt = origin + max(0, engine.now)
    }
    keep(lines)
    isReportDue = true
    guard !feeds.isEmpty else { return }
    feeds.removeAll { $0.isFinished }
    for feed in feeds { feed.offer(lines[...]) }
  }

  private func keep(_ lines: [UInt8]) {
    defer { isAtHeader = false }
    guard keepsFiles else {
      // The header is by far the longest line, and can be made again.
      let start = isAtHeader ? (lines.firstIndex(of: 10) ?? -1) + 1 : 0
      return buffer.append(lines[start...], bytesMax: HostedAutomaton.bufferMax)
    }
    if hasGap { return }
    if !buffer.isEmpty, buffer.bytes.count > HostedAutomaton.bufferMax { return loseTrace() }
    buffer.append(lines[...], bytesMax: .max)
  }

  private func noteErrors(_ lines: [UInt8]) {
    TraceLine.forEach(lines[...]) { line in
      if TraceLine.kind(line).elementsEqual("error".utf8) { lastError = Array(line.prefix(2048)) }
    }
  }

  // MARK: Files of the trace

  /// There are files, and its specification wants them.
  var keepsFiles: Bool {
    didSet {
      guard keepsFiles != oldValue else { return }
      place = nil
      // The first file begins with a snapshot.
      hasGap = keepsFiles
    }
  }

  /// Lines did not reach the file, or will not.
  func loseTrace() {
    guard keepsFiles else { return }
    _ = buffer.take()
    hasGap = true
  }

  /// What waits for its files, and the beginning of the next file when the present one is full.
  func takeTraceWrites() -> [TraceWrite] {
    unwrittenSince = nil
    guard keepsFiles, let keeping = spec.trace else { return [] }
    var writes: [TraceWrite] = []
    let isFrequent = wroteAt.map { run.time - $0 < HostedAutomaton.frequentInterval } ?? false
    wroteAt = run.time
    func write(_ bytes: [UInt8], isNew: Bool) {
      guard let place else { return }
      writes.append(
        TraceWrite(
          id: spec.id, place: place, bytes: bytes, isNew: isNew, isFrequent: isFrequent, filesMax: keeping.filesMax))
    }
    let lines = buffer.take()
    if !hasGap {
      if place == nil {
        // The first line that is there is the header.
        beginFile()
        write(lines, isNew: true)
      } else if !lines.isEmpty {
        write(lines, isNew: false)
      }
      fileSize += lines.count
    }
    guard hasGap || fileSize >= keeping.fileSize else { return writes }
    if hasGap { place = nil }
    run.beginTrace(from: try? run.snapshot(afterHash: snapshotHash))
    beginFile()
    write(run.takeTrace(), isNew: true)
    fileSize = 0
    hasGap = false
    return writes
  }

  /// The next part of this run, or the first one of the next run.
  private func beginFile() {
    if let place {
      self.place = TracePlace(run: place.run, part: place.part + 1)
    } else {
      lastRun += 1
      place = TracePlace(run: lastRun, part: 1)
    }
    fileSize = 0
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

  /// A reader of its trace. What is in memory comes first; what is in files is for others to read before.
  func feed(_ filter: TraceFilter, tail: Int?, follows: Bool) -> TraceFeed {
    feeds.removeAll { $0.isFinished }
    let feed = TraceFeed(filter)
    if !keepsFiles {
      if filter.kinds == nil, tail == nil { feed.offer(run.header(line: missingBeginning)[...]) }
      feed.offer(buffer.tail(tail))
    }
    if follows {
      feeds.append(feed)
    } else {
      feed.finish()
    }
    return feed
  }

  /// Number of the first line in memory when those before it are gone, otherwise 0.
  private var missingBeginning: UInt64 {
    let line = firstLine + buffer.lostLines
    return line > 1 ? line : 0
  }

  func record() throws(EngineError) -> SnapshotRecord {
    let snapshot = try run.snapshot(afterHash: snapshotHash)
    snapshotHash = snapshot.hash
    return SnapshotRecord(
      revision: spec.revision, origin: origin, beganAt: beganAt, failedAt: failedAt, snapshot: snapshot,
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
      }, counters: counters, lastError: ScriptFailure(traceLine: lastError), failedAt: failedAt,
      beganAt: beganAt, linkProblems: linkProblems, startedAt: origin, time: run.time,
      isResting: engine.execution == .running && deadline == nil)
  }
}
