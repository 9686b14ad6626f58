import Glibc
import Model
import RocksDB

/// The only one who writes: a thread that takes all waiting requests, applies them one after the other, and makes them
/// durable by one synced write. While the disk works the next group gathers, so the more writers there are, the fewer
/// syncs each one costs.
final class Writer: Sendable {
  typealias Reply = @Sendable (Result<[WriteOutcome], StoreError>) -> Void

  enum Request: Sendable {
    case transaction([Write], Reply)
    /// Forget changes up to the revision.
    case compact(upTo: Int64, Reply)

    var reply: Reply {
      switch self {
      case .transaction(_, let reply), .compact(_, let reply): reply
      }
    }
  }

  private let queue = BlockingQueue<Request>(countMax: StoreLimits.queuedWritesMax)
  private let ended = BlockingQueue<Void>(countMax: 1)

  init(engine: Engine, hub: ChangeHub, options: StoreOptions, revision: Int64, compacted: Int64) {
    let state = WriterState(engine: engine, hub: hub, options: options, revision: revision, compacted: compacted)
    // The state goes to the thread for good; nobody else has it.
    nonisolated(unsafe) let owned = state
    startThread("store-writer") { [queue, ended] in
      // Those whose writes were just made durable are about to come back: waiting for about as many as there were
      // saves them a sync of their own. A lone writer never waits.
      var hoped = 1
      while let requests = queue.take(
        max: StoreLimits.groupRequestsMax, hoped: hoped, patience: StoreLimits.gatheringNanosecondsMax)
      {
        owned.commit(requests)
        hoped = requests.count
      }
      _ = ended.append(())
    }
  }

  func submit(_ request: Request) {
    switch queue.append(request) {
    case .appended: break
    case .full: request.reply(.failure(.overloaded))
    case .closed: request.reply(.failure(.closed))
    }
  }

  /// Finishes what is queued, then ends the thread.
  func close() {
    queue.close()
    _ = ended.take(max: 1)
    ended.close()
  }
}

/// What the writer's thread works with.
private final class WriterState {
  private let engine: Engine
  private let hub: ChangeHub
  private let options: StoreOptions
  private var revision: Int64
  private var compacted: Int64
  private var nextCompaction: Int64
  /// What the requests of the group so far have made of resources; the disk has not seen it yet.
  /// By stored key: unlike `==` of strings, bytes tell different spellings of one character apart.
  private var pending: [[UInt8]: Resource?] = [:]

  init(engine: Engine, hub: ChangeHub, options: StoreOptions, revision: Int64, compacted: Int64) {
    self.engine = engine
    self.hub = hub
    self.options = options
    self.revision = revision
    self.compacted = compacted
    nextCompaction = revision + 1
  }

  func commit(_ requests: [Writer.Request]) {
    var rest = requests[...]
    while !rest.isEmpty { commitGroup(&rest) }
  }

  /// Commits requests from the front until the group is full.
  private func commitGroup(_ requests: inout ArraySlice<Writer.Request>) {
    var replies: [(Writer.Reply, Result<[WriteOutcome], StoreError>)] = []
    var changes: [Change] = []
    var batch = WriteBatch(engine.database)
    var newCompacted = compacted
    var byteCount = 0
    pending.removeAll(keepingCapacity: true)
    let now = options.clock()
    let isFull = isNearlyFull()
    while byteCount < StoreLimits.groupBytesMax, let request = requests.popFirst() {
      switch request {
      case .transaction(let writes, let reply):
        let before = changes.count
        // Every reply waits for the sync, refusals too: what they are based on may not be durable yet.
        do {
          let outcomes = try apply(writes, now: now, isFull: isFull, changes: &changes, batch: &batch)
          replies.append((reply, .success(outcomes)))
        } catch { replies.append((reply, .failure(error))) }
        for change in changes[before...] { byteCount += change.byteCount }
      case .compact(let upTo, let reply):
        newCompacted = max(newCompacted, min(upTo, revision))
        replies.append((reply, .success([])))
      }
    }
    let newRevision = revision + Int64(changes.count)
    if newRevision >= nextCompaction, !isFull {
      newCompacted = max(newCompacted, expired(now))
      nextCompaction = newRevision + StoreLimits.compactionInterval
    }
    var failure: StoreError?
    do {
      if newCompacted > compacted {
        batch.delete(
          engine.keys.changes, from: StoreKeys.change(0), to: StoreKeys.change(newCompacted + 1))
        batch.put(engine.keys.meta, StoreKeys.compacted, StoreKeys.bigEndian(newCompacted))
      }
      if !changes.isEmpty { batch.put(engine.keys.meta, StoreKeys.revision, StoreKeys.bigEndian(newRevision)) }
      if !batch.isEmpty { try engine.database.write(batch, synced: true) }
      revision = newRevision
      compacted = newCompacted
      hub.publish(changes)
    } catch { failure = StoreError(error) }
    for (reply, result) in replies { reply(failure.map { .failure($0) } ?? result) }
  }

  /// Applies one transaction to the group: all of its writes or none.
  private func apply(
    _ writes: [Write], now: Timestamp, isFull: Bool, changes: inout [Change], batch: inout WriteBatch
  ) throws(StoreError) -> [WriteOutcome] {
    guard writes.count <= StoreLimits.transactionWritesMax else {
      throw .tooLarge(what: "the transaction", size: writes.count, max: StoreLimits.transactionWritesMax)
    }
    var local: [[UInt8]: Resource?] = [:]
    var outcomes: [WriteOutcome] = []
    var planned: [PlannedWrite] = []
    for write in writes {
      let storedKey = StoreKeys.resource(write.key)
      let current: Resource?
      if let known = local[storedKey] ?? pending[storedKey] {
        current = known
      } else {
        current = try engine.resource(write.key)
      }
      var resource: Resource
      let isRemoval: Bool
      switch try WriteRules.step(write, current: current, now: now, uid: options.makeUID) {
      case .unchanged:
        outcomes.append(WriteOutcome(.unchanged, current))
        continue
      case .put(let new): (resource, isRemoval) = (new, false)
      case .remove(let last): (resource, isRemoval) = (last, true)
      }
      if isFull, !isRemoval, !resource.isDeleting { throw .storageFull(options.fullMessage) }
      resource.metadata.revision = revision + Int64(changes.count + planned.count) + 1
      let bytes = ResourceCodec.encode(resource)
      // A resource can always go, and be marked as going.
      guard bytes.count <= StoreLimits.resourceBytesMax || resource.isDeleting || isRemoval else {
        throw .tooLarge(
          what: "\(resource.kind) \"\(resource.metadata.name)\"", size: bytes.count,
          max: StoreLimits.resourceBytesMax)
      }
      planned.append(
        PlannedWrite(resource: resource, previous: current, isRemoval: isRemoval, storedKey: storedKey, bytes: bytes))
      local[storedKey] = .some(isRemoval ? nil : resource)
      outcomes.append(WriteOutcome(isRemoval ? .removed : current == nil ? .created : .updated, resource))
    }
    for write in planned { changes.append(engine.add(write, now: now, to: &batch)) }
    pending.merge(local) { _, new in new }
    return outcomes
  }

  /// The last revision that retention lets go. The newest change always stays.
  private func expired(_ now: Timestamp) -> Int64 {
    let last = revision
    guard last > compacted + 1 else { return compacted }
    var upTo = max(compacted, last - options.changesMax)
    let limit = now.milliseconds - Int64(options.changeAge.components.seconds) * 1000
    // Times rise with revisions (as long as the clock does), so the first one that is young enough is found by halving.
    var low = upTo
    var high = last - 1
    while low < high {
      let middle = low + (high - low + 1) / 2
      guard let time = try? engine.changeTime(middle) else { break }
      if time.milliseconds < limit { low = middle } else { high = middle - 1 }
    }
    upTo = max(upTo, low)
    return upTo
  }

  /// Whether fewer bytes are free than are kept for deletes, with what memory tables will still take when they are
  /// written out: their files appear before the log that they replace is removed.
  private func isNearlyFull() -> Bool {
    guard options.freeBytesMin > 0 else { return false }
    var system = statvfs()
    guard statvfs(engine.database.path, &system) == 0 else { return false }
    let free = UInt64(system.f_bavail) * UInt64(system.f_frsize)
    guard free >= options.freeBytesMin else { return true }
    // Asking the engine is only worth it when the answer matters.
    guard free < options.freeBytesMin + engine.database.writeBufferBytesMax else { return false }
    return free < options.freeBytesMin + engine.database.unwrittenBytes
  }
}
