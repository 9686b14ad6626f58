import JSON
import Logging
import Model
import Store

/// The shell around ``ControlCore``: brings it what happens in the store and on the node, and does what it says.
public actor Controller {
  /// Between two looks at CPU and memory.
  public static let usageInterval = Duration.seconds(2)
  /// Events kept per resource, and resources that events are kept of.
  public static let eventsPerResourceMax = 50
  public static let eventResourcesMax = 10_000

  private let store: ResourceStore
  private let backend: any NodeBackend
  private let kinds: [String]
  private let logger = Logger("control")

  private var core = ControlCore()
  private var timers: [ControlCore.TimerKey: Task<Void, Never>] = [:]
  private var work: [Task<Void, Never>] = []
  private var isStopping = false
  private var records: [ResourceKey: [EventRecord]] = [:]
  private var usage: [WorkloadID: UsageSample] = [:]

  private struct UsageSample {
    var usage: WorkloadUsage
    var at: ContinuousClock.Instant
    var cpuMillicores: Int64?
  }

  public init(store: ResourceStore, backend: any NodeBackend, kinds: KindRegistry = .standard) {
    self.store = store
    self.backend = backend
    self.kinds = kinds.kinds.map(\.kind)
  }

  // MARK: Life

  /// Looks at what is declared and what is there, and goes on from then.
  public func start() async throws(StoreError) {
    // Listened to before the first look, so that nothing between the two is missed.
    let reports = backend.reports()
    let revision = try await listResources()
    work.append(Task { [weak self] in for await report in reports { await self?.take(report) } })
    work.append(Task { [weak self] in await self?.follow(from: revision) })
    work.append(Task { [weak self] in await self?.sampleUsage() })
  }

  /// Decides nothing more. Commands under way end by themselves.
  public func stop() async {
    isStopping = true
    for task in work { task.cancel() }
    for timer in timers.values { timer.cancel() }
    timers = [:]
    for task in work { await task.value }
    work = []
  }

  // MARK: What happens

  private func step(_ event: ControlCore.Event) {
    guard !isStopping else { return }
    for effect in core.step(event, at: .now()) { perform(effect) }
  }

  /// - Returns: the revision after which changes follow.
  private func listResources() async throws(StoreError) -> Int64 {
    var all: [Resource] = []
    var revision: Int64?
    for kind in kinds {
      var next: String?
      repeat {
        let page = try await store.list(kind: kind, limit: 1000, continue: next)
        revision = revision ?? page.revision
        all += page.items
        next = page.continue
      } while next != nil
    }
    step(.resourcesListed(all))
    return revision ?? store.revision
  }

  private func follow(from start: Int64) async {
    var position = start
    while !Task.isCancelled {
      do throws(StoreError) {
        var changes = try store.changes(since: position).makeAsyncIterator()
        while let change = try await changes.next() {
          position = change.revision
          take(change)
        }
        return
      } catch .closed {
        return
      } catch {
        logger.warning("changes are listed again", ["error": .init(error)])
        guard (try? await Task.sleep(for: .milliseconds(200))) != nil else { return }
        if let listed = try? await listResources() { position = listed }
      }
    }
  }

  private func take(_ change: Change) {
    switch change.type {
    case .created, .updated: step(.resource(change.resource))
    case .deleted:
      records[change.resource.key] = nil
      usage[change.resource.metadata.uid] = nil
      step(.resourceRemoved(change.resource.key, uid: change.resource.metadata.uid))
    }
  }

  private func take(_ report: NodeReport) {
    switch report {
    case .observed(let observation): step(.observed(observation))
    case .vanished(let workload): step(.vanished(workload))
    case .stale: step(.nodeStale)
    }
  }

  // MARK: What to do

  private func perform(_ effect: ControlCore.Effect) {
    switch effect {
    case .command(let command):
      Task {
        let result = await backend.perform(command)
        step(.commandFinished(command.workload, result))
      }
    case .listNode(let number):
      Task { step(.nodeListed(number, await backend.list())) }
    case .writeStatus(let key, let uid, let status):
      Task { step(.statusWritten(uid, await write(status, key, uid))) }
    case .removeFinalizer(let key, let uid, let finalizer):
      Task {
        let isDone: Bool
        do throws(StoreError) {
          _ = try await store.removeFinalizer(key, finalizer, uid: uid)
          isDone = true
        } catch {
          isDone = error.meansGone
          if !isDone { logger.error("finalizer is not removed", ["resource": .init(key), "error": .init(error)]) }
        }
        step(.finalizerRemoved(uid, isDone: isDone))
      }
    case .setTimer(let key, let time): set(key, time)
    case .record(let record): keep(record)
    }
  }

  private func write(
    _ status: JSON, _ key: ResourceKey, _ uid: WorkloadID
  ) async -> ControlCore.StatusWrite {
    do throws(StoreError) {
      let resource = try await store.updateStatus(key, uid: uid, expected: nil, status: status)
      return .written(revision: resource.metadata.revision)
    } catch {
      if error.meansGone { return .gone }
      logger.error("status is not written", ["resource": .init(key), "error": .init(error)])
      return .failed(error.description)
    }
  }

  private func set(_ key: ControlCore.TimerKey, _ time: Timestamp?) {
    timers[key]?.cancel()
    timers[key] = nil
    guard let time else { return }
    timers[key] = Task { [weak self] in
      guard (try? await Task.sleep(for: max(.zero, time - .now()))) != nil else { return }
      await self?.fire(key)
    }
  }

  private func fire(_ key: ControlCore.TimerKey) {
    guard !Task.isCancelled else { return }
    timers[key] = nil
    step(.timer(key))
  }

  private func keep(_ record: EventRecord) {
    logger.log(
      record.isWarning ? .warning : .info, "\(record.reason): \(record.message)",
      ["resource": record.key.map { .init($0) } ?? "none", "workload": .string(record.workload)])
    guard let key = record.key else { return }
    if records[key] == nil, records.count >= Controller.eventResourcesMax, let any = records.keys.first {
      records[any] = nil
    }
    records[key, default: []].append(record)
    if records[key, default: []].count > Controller.eventsPerResourceMax { records[key]?.removeFirst() }
  }

  // MARK: Figures

  private func sampleUsage() async {
    while (try? await Task.sleep(for: Controller.usageInterval)) != nil {
      for (workload, cell) in core.runningWorkloads {
        guard let now = await backend.usage(of: workload, cell: cell) else {
          usage[workload] = nil
          continue
        }
        let earlier = usage[workload]
        let at = ContinuousClock.now
        var millicores: Int64?
        if let earlier, now.cpuNanoseconds >= earlier.usage.cpuNanoseconds {
          let elapsed = (at - earlier.at).components
          let nanoseconds = Double(elapsed.seconds) * 1e9 + Double(elapsed.attoseconds) / 1e9
          if nanoseconds > 0 {
            millicores = Int64(Double(now.cpuNanoseconds - earlier.usage.cpuNanoseconds) * 1000 / nanoseconds)
          }
        }
        usage[workload] = UsageSample(usage: now, at: at, cpuMillicores: millicores)
      }
    }
  }

  /// Current use of every running workload of an owner.
  public func usage(owner: String) -> [(key: ResourceKey, usage: WorkloadUsage, cpuMillicores: Int64?)] {
    core.uids.compactMap { key, uid in
      guard key.owner == owner, let sample = usage[uid] else { return nil }
      var present = sample.usage
      present.memoryLimitBytes = core.entries[uid]?.summary?.memoryLimit.map { UInt64(clamping: $0) }
      return (key, present, sample.cpuMillicores)
    }
  }

  /// What happened lately to a resource, oldest first.
  public func events(of key: ResourceKey) -> [EventRecord] { records[key] ?? [] }

  /// The cell that a process is in, or would be in.
  public func cell(of process: WorkloadID) -> WorkloadID? {
    if case .process(let observed) = core.entries[process]?.observation { return observed.cell }
    return core.entries[process]?.parentKey.flatMap { core.uids[$0] }
  }
}

extension StoreError {
  /// Whether the resource that was meant is not stored any more.
  fileprivate var meansGone: Bool {
    switch self {
    case .notFound, .replaced: true
    default: false
    }
  }
}

extension ControlCore {
  /// What runs on the node, processes with their cell.
  var runningWorkloads: [(workload: WorkloadID, cell: WorkloadID?)] {
    entries.compactMap { uid, entry in
      switch entry.observation {
      case .cell: (uid, nil)
      case .process(let process) where process.isRunning: (uid, process.cell)
      case .app(let app) where app.state == .running: (uid, nil)
      case .process, .automaton, .app, nil: nil
      }
    }
  }
}
