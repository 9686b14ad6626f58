import JSON
import Model

/// The desired-state loop of one node as a value: what happened goes in, what to do comes out. No I/O, no clock, no
/// chance.
///
/// The loop knows nothing of kinds. Per resource it keeps what is declared, what is observed and the kind's core; after
/// every event it plans again for the resources concerned. It sees to what all kinds need: one command at a time per
/// resource, waits after failures, few and complete status writes, finalizers, removal of what nobody declares.
public struct ControlCore: Sendable {
  /// A status that is about to change by itself is written only when it lasts this long.
  public static let transientDelay = Duration.milliseconds(250)
  /// Counters of a status may lag behind by this.
  public static let counterDelay = Duration.seconds(1)
  /// Members of a status that count as counters.
  static let counters: Set<String> = [
    "restarts", "processes", "state", "states", "outputs", "ticks", "transitions", "errors", "lastError",
    "crashes",
  ]

  public enum Event: Sendable {
    /// A resource as it now is in the store.
    case resource(Resource)
    case resourceRemoved(ResourceKey, uid: String)
    /// All resources of the kinds concerned.
    case resourcesListed([Resource])
    case observed(Observation)
    case vanished(WorkloadID)
    /// Reports of the node may have been missed.
    case nodeStale
    /// The answer to ``Effect/listNode(_:)``.
    case nodeListed(Int, Result<[Observation], NodeFailure>)
    /// With what the node has of the workload now.
    case commandFinished(WorkloadID, Result<Observation?, NodeFailure>)
    case statusWritten(WorkloadID, StatusWrite)
    case finalizerRemoved(WorkloadID, isDone: Bool)
    case timer(TimerKey)
  }

  public enum StatusWrite: Sendable, Equatable {
    case written(revision: Int64)
    /// No resource of that uid is stored any more.
    case gone
    case failed(String)
  }

  public enum TimerKey: Sendable, Hashable {
    case workload(WorkloadID)
    case node
  }

  public enum Effect: Sendable, Equatable {
    /// Answered by `commandFinished`.
    case command(NodeCommand)
    /// Answered by `nodeListed` with the same number.
    case listNode(Int)
    /// Answered by `statusWritten`.
    case writeStatus(ResourceKey, uid: WorkloadID, JSON)
    /// Answered by `finalizerRemoved`.
    case removeFinalizer(ResourceKey, uid: WorkloadID, String)
    /// Replaces an earlier one of that key; `nil` cancels it.
    case setTimer(TimerKey, Timestamp?)
    case record(EventRecord)
  }

  var entries: [WorkloadID: Entry] = [:]
  var uids: [ResourceKey: WorkloadID] = [:]
  var children: [ResourceKey: Set<WorkloadID>] = [:]
  private var queue = DirtyQueue()
  private var areResourcesKnown = false
  private var isNodeKnown = false
  private var listing = NodeListing()

  public init() {}

  /// Resources that wait for a command, a write or a time.
  public var busyCount: Int { entries.values.count { $0.inFlight != nil || $0.writing != nil || $0.isFinalizing } }
  public var resourceCount: Int { uids.count }

  public mutating func step(_ event: Event, at now: Timestamp) -> [Effect] {
    var effects: [Effect] = []
    take(event, now, &effects)
    guard areResourcesKnown, isNodeKnown else { return effects }
    while let uid = queue.pop() { plan(uid, now, &effects) }
    return effects
  }

  // MARK: events

  private mutating func take(_ event: Event, _ now: Timestamp, _ effects: inout [Effect]) {
    switch event {
    case .resource(let resource): takeResource(resource)
    case .resourceRemoved(let key, let uid): forgetResource(key, uid)
    case .resourcesListed(let resources):
      areResourcesKnown = true
      let listed = Set(resources.map(\.metadata.uid))
      for (key, uid) in uids.sorted(by: { $0.key < $1.key }) where !listed.contains(uid) { forgetResource(key, uid) }
      for resource in resources { takeResource(resource) }
      for uid in entries.keys.sorted() { queue.push(uid) }
      if !isNodeKnown, listing.number == 0 { requestListing(&effects) }
    case .observed(let observation): takeObservation(observation.workload, observation)
    case .vanished(let uid): takeVanishing(uid, &effects)
    case .nodeStale: requestListing(&effects)
    case .nodeListed(let number, let result): takeListing(number, result, now, &effects)
    case .commandFinished(let uid, let result): takeResult(uid, result, now, &effects)
    case .statusWritten(let uid, let write): takeStatusWrite(uid, write, now)
    case .finalizerRemoved(let uid, let isDone):
      guard entries[uid] != nil else { return }
      entries[uid]?.isFinalizing = false
      if isDone {
        entries[uid]?.isFinalized = true
      } else {
        entries[uid]?.writeRetryAt = now + Entry.writeRetryDelay
      }
      queue.push(uid)
    case .timer(.workload(let uid)):
      entries[uid]?.timerAt = nil
      queue.push(uid)
    case .timer(.node):
      listing.retryAt = nil
      requestListing(&effects)
    }
  }

  private mutating func takeResource(_ resource: Resource) {
    guard let kind = ControlledKind.byKind[resource.kind] else { return }
    let (uid, key) = (resource.metadata.uid, resource.key)
    if let earlier = uids[key], earlier != uid {
      guard resource.metadata.revision >= entries[earlier]?.resource?.metadata.revision ?? 0 else { return }
      forgetResource(key, earlier)
    }
    uids[key] = uid
    var entry = entries[uid] ?? Entry()
    guard resource.metadata.revision >= entry.resource?.metadata.revision ?? 0 else { return }
    let isChanged = entry.resource?.metadata.generation != resource.metadata.generation
    if entry.core == nil {
      entry.core = kind.makeCore(resource)
      entry.parentKey = kind.definition.parentKind.flatMap { parentKind in
        ResourceName.parent(key.name).map { ResourceKey(owner: key.owner, kind: parentKind, name: $0) }
      }
      if let parent = entry.parentKey { children[parent, default: []].insert(uid) }
    } else if isChanged {
      entry.core?.update(resource)
      entry.clearFailure()
    }
    if resource.metadata.revision >= entry.storedRevision { entry.storedStatus = resource.status }
    entry.resource = resource
    entries[uid] = entry
    queue.push(uid)
  }

  /// What the node has of it becomes an orphan.
  private mutating func forgetResource(_ key: ResourceKey, _ uid: WorkloadID) {
    guard uids[key] == uid else { return }
    uids[key] = nil
    if let parent = entries[uid]?.parentKey {
      children[parent]?.remove(uid)
      if children[parent]?.isEmpty == true { children[parent] = nil }
      pushParent(parent)
    }
    for child in (children[key] ?? []).sorted() { queue.push(child) }
    entries[uid]?.forgetResource()
    queue.push(uid)
  }

  private mutating func takeObservation(_ uid: WorkloadID, _ observation: Observation?) {
    entries[uid, default: Entry()].touchedBy = listing.number
    observe(uid, observation)
  }

  /// Can be about an earlier workload of that uid, which was removed to create it again, and says no time: a reason to
  /// look, not more.
  private mutating func takeVanishing(_ uid: WorkloadID, _ effects: inout [Effect]) {
    guard let entry = entries[uid], entry.observation != nil, entry.inFlight?.isRemoval != true else { return }
    requestListing(&effects)
  }

  private mutating func observe(_ uid: WorkloadID, _ observation: Observation?) {
    let before = entries[uid]?.observation
    entries[uid, default: Entry()].observe(observation)
    queue.push(uid)
    guard case .cell = before, observation == nil else { return }
    // What ran in a cell cannot outlive it.
    for other in entries.keys.sorted() {
      guard case .process(let process) = entries[other]?.observation, process.cell == uid else { continue }
      if process.isRunning { entries[other]?.observe(nil) }
      queue.push(other)
    }
  }

  private mutating func takeResult(
    _ uid: WorkloadID, _ result: Result<Observation?, NodeFailure>, _ now: Timestamp, _ effects: inout [Effect]
  ) {
    guard let command = entries[uid]?.inFlight else { return }
    entries[uid]?.inFlight = nil
    entries[uid]?.touchedBy = listing.number
    switch result {
    case .success(let observation):
      entries[uid]?.clearFailure()
      observe(uid, observation)
    case .failure(let failure) where failure.kind == .workload:
      entries[uid]?.clearFailure()
      entries[uid]?.core?.runFailed(failure, at: now)
      if entries[uid]?.core == nil { entries[uid]?.noteFailure(failure, of: command, uid, at: now) }
    case .failure(let failure):
      entries[uid]?.noteFailure(failure, of: command, uid, at: now)
      effects.append(.record(EventRecord(entries[uid], uid, command, failure, at: now)))
      if failure.kind == .conflict { requestListing(&effects) }
    }
    queue.push(uid)
  }

  private mutating func takeStatusWrite(_ uid: WorkloadID, _ write: StatusWrite, _ now: Timestamp) {
    guard let status = entries[uid]?.writing else { return }
    entries[uid]?.writing = nil
    switch write {
    case .written(let revision):
      entries[uid]?.storedStatus = status
      entries[uid]?.storedRevision = revision
      entries[uid]?.writeRetryAt = nil
    case .gone: break
    case .failed: entries[uid]?.writeRetryAt = now + Entry.writeRetryDelay
    }
    queue.push(uid)
  }

  // MARK: the node's list

  private mutating func requestListing(_ effects: inout [Effect]) {
    guard let number = listing.request() else { return }
    effects.append(.listNode(number))
  }

  private mutating func takeListing(
    _ number: Int, _ result: Result<[Observation], NodeFailure>, _ now: Timestamp, _ effects: inout [Effect]
  ) {
    guard let isAgain = listing.finish(number) else { return }
    switch result {
    case .failure:
      let retryAt = now + listing.noteFailure()
      effects.append(.setTimer(.node, retryAt))
    case .success(let observations):
      isNodeKnown = true
      listing.noteSuccess()
      let listed = Dictionary(observations.map { ($0.workload, $0) }) { first, _ in first }
      for uid in listed.keys where entries[uid] == nil { entries[uid] = Entry() }
      for uid in entries.keys.sorted() {
        // What was reported or commanded since the question was asked is newer than the answer.
        guard let entry = entries[uid], entry.touchedBy < number, entry.inFlight == nil else { continue }
        observe(uid, listed[uid])
      }
      if isAgain { requestListing(&effects) }
    }
  }

  // MARK: plans

  private mutating func plan(_ uid: WorkloadID, _ now: Timestamp, _ effects: inout [Effect]) {
    guard var entry = entries[uid] else { return }
    guard let resource = entry.resource, var core = entry.core else {
      return planOrphan(uid, entry, now, &effects)
    }
    let before = entry.summary
    let view = WorkloadView(
      resource: resource, now: now, observation: entry.observation, inFlight: entry.inFlight,
      failure: entry.shownFailure,
      parent: entry.parentKey.flatMap { uids[$0] }.flatMap { entries[$0]?.summary },
      children: (children[resource.key] ?? []).sorted().compactMap { entries[$0]?.summary })
    let plan = core.plan(view)
    entry.core = core
    entry.summary = core.summary
    var wakes = [plan.wakeAt]
    if let command = plan.command {
      wakes.append(entry.issue(command, listing.number, now, &effects))
    } else if entry.inFlight == nil {
      entry.clearFailure()
    }
    if plan.isReleased, entry.inFlight == nil {
      wakes.append(entry.release(resource, uid, now, &effects))
    } else if !entry.isFinalizing, !entry.isFinalized {
      wakes.append(entry.publish(plan, resource, uid, now, &effects))
    }
    entry.setTimer(uid, wakes.compactMap { $0 }.min(), &effects)
    entries[uid] = entry
    if before != entry.summary {
      if let parent = entry.parentKey { pushParent(parent) }
      for child in (children[resource.key] ?? []).sorted() { queue.push(child) }
    }
  }

  private mutating func planOrphan(
    _ uid: WorkloadID, _ orphan: Entry, _ now: Timestamp, _ effects: inout [Effect]
  ) {
    var entry = orphan
    guard entry.inFlight == nil else { return }
    guard let observation = entry.observation else {
      entry.setTimer(uid, nil, &effects)
      entries[uid] = nil
      return
    }
    let command = observation.orphanCommand { cell in
      guard let entry = entries[cell] else { return false }
      return entry.resource == nil && entry.observation != nil
    }
    let wake = command.flatMap { entry.issue($0, listing.number, now, &effects) }
    entry.setTimer(uid, wake, &effects)
    entries[uid] = entry
  }

  private mutating func pushParent(_ key: ResourceKey) {
    if let uid = uids[key] { queue.push(uid) }
  }
}

/// Resources to plan again for, each once, in the order in which they became so.
private struct DirtyQueue: Sendable {
  private var order: [WorkloadID] = []
  private var next = 0
  private var members: Set<WorkloadID> = []

  mutating func push(_ uid: WorkloadID) {
    if members.insert(uid).inserted { order.append(uid) }
  }

  mutating func pop() -> WorkloadID? {
    guard next < order.count else {
      order.removeAll(keepingCapacity: true)
      next = 0
      return nil
    }
    defer { next += 1 }
    members.remove(order[next])
    return order[next]
  }
}

/// Lists are asked for one at a time and numbered, so that an answer is told from what happened since the question.
private struct NodeListing: Sendable {
  /// Of the last question; 0 before the first.
  private(set) var number = 0
  private var isAsked = false
  private var isWantedAgain = false
  private var failures = 0
  var retryAt: Timestamp?

  mutating func request() -> Int? {
    guard !isAsked else {
      isWantedAgain = true
      return nil
    }
    number += 1
    isAsked = true
    isWantedAgain = false
    return number
  }

  /// - Returns: whether to ask again; `nil` for an answer that nobody waits for.
  mutating func finish(_ answered: Int) -> Bool? {
    guard isAsked, answered == number else { return nil }
    isAsked = false
    return isWantedAgain
  }

  mutating func noteFailure() -> Duration {
    failures += 1
    return Backoff.nodeCommand.spreadDelay(failures: failures, workload: "node")
  }

  mutating func noteSuccess() { failures = 0 }
}
