import JSON
import Model

/// What the control loop keeps of one workload: declared, observed and under way. Without a resource it is an orphan.
struct Entry: Sendable {
  /// Until a failed write to the store is tried again.
  static let writeRetryDelay = Duration.seconds(1)

  var resource: Resource?
  var core: (any WorkloadCore)?
  var parentKey: ResourceKey?
  /// As of the last plan.
  var summary: WorkloadSummary?

  private(set) var observation: Observation?
  /// The number of the node list that was the latest when this workload was last reported on or commanded.
  var touchedBy = 0
  var inFlight: NodeCommand?
  private(set) var failure: CommandFailure?

  /// The status as last read from or written to the store.
  var storedStatus: JSON = [:]
  var storedRevision: Int64 = 0
  var writing: JSON?
  var writeRetryAt: Timestamp?
  /// When the status that differs from the stored one is written at the latest.
  private var publishAt: Timestamp?
  private var recordedPhase: String?

  var isFinalizing = false
  var isFinalized = false
  var timerAt: Timestamp?

  mutating func observe(_ new: Observation?) {
    if let new, let observation, new.isOlder(than: observation) { return }
    observation = new
  }

  mutating func forgetResource() {
    resource = nil
    core = nil
    parentKey = nil
    summary = nil
    clearFailure()
  }

  /// What the status tells. A conflict is not worth telling: it is over once the node has been looked at.
  var shownFailure: CommandFailure? { failure?.failure.kind == .conflict ? nil : failure }

  mutating func clearFailure() { failure = nil }

  mutating func noteFailure(_ new: NodeFailure, of command: NodeCommand, _ uid: WorkloadID, at now: Timestamp) {
    let count = (failure?.count ?? 0) + 1
    failure = CommandFailure(
      command: command.name, failure: new, count: count,
      retryAt: now + Backoff.nodeCommand.spreadDelay(failures: count, workload: uid))
  }

  /// - Returns: when to try, if not now.
  mutating func issue(
    _ command: NodeCommand, _ listing: Int, _ now: Timestamp, _ effects: inout [ControlCore.Effect]
  ) -> Timestamp? {
    guard inFlight == nil else { return nil }
    if let retryAt = failure?.retryAt, retryAt > now { return retryAt }
    inFlight = command
    touchedBy = listing
    effects.append(.command(command))
    return nil
  }

  mutating func release(
    _ resource: Resource, _ uid: WorkloadID, _ now: Timestamp, _ effects: inout [ControlCore.Effect]
  ) -> Timestamp? {
    let finalizer = KindDefinition.nodeFinalizer
    guard !isFinalizing, !isFinalized, writing == nil, resource.metadata.finalizers.contains(finalizer) else {
      return nil
    }
    if let writeRetryAt, writeRetryAt > now { return writeRetryAt }
    isFinalizing = true
    effects.append(.removeFinalizer(resource.key, uid: uid, finalizer))
    return nil
  }

  /// - Returns: when to write the status, if not now.
  mutating func publish(
    _ plan: Plan, _ resource: Resource, _ uid: WorkloadID, _ now: Timestamp, _ effects: inout [ControlCore.Effect]
  ) -> Timestamp? {
    guard writing == nil else { return nil }
    let status = JSON.object(plan.status)
    guard status != storedStatus else {
      publishAt = nil
      return nil
    }
    let delay = delay(plan)
    let due = min(publishAt ?? now + delay, now + delay)
    publishAt = due
    let writeAt = max(due, writeRetryAt ?? due)
    guard writeAt <= now else { return writeAt }
    publishAt = nil
    writing = status
    effects.append(.writeStatus(resource.key, uid: uid, status))
    let phase = plan.status["phase"]?.stringValue ?? ""
    if phase != recordedPhase {
      effects.append(
        .record(EventRecord(resource, phase: phase, from: recordedPhase ?? resource.phase, plan.status, at: now)))
      recordedPhase = phase
    }
    return nil
  }

  private func delay(_ plan: Plan) -> Duration {
    if plan.isTransient { return ControlCore.transientDelay }
    var (new, old) = (plan.status, storedStatus.objectValue ?? [:])
    for name in ControlCore.counters {
      new[name] = nil
      old[name] = nil
    }
    return new == old ? ControlCore.counterDelay : .zero
  }

  mutating func setTimer(_ uid: WorkloadID, _ at: Timestamp?, _ effects: inout [ControlCore.Effect]) {
    guard at != timerAt else { return }
    timerAt = at
    effects.append(.setTimer(.workload(uid), at))
  }
}
