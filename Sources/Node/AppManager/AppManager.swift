@preconcurrency import Dispatch
import AppFormat
import Glibc
import Linux
import Logging

/// How a node handles apps.
public struct AppManagerOptions: Sendable {
  public var rules: AppInstallRules
  public var timing = AppCore.Timing()
  /// What an app may take where its operator says nothing.
  public var quotas = AppQuotas()
  /// The most that an app gets that nobody has signed.
  public var unsignedCapabilities = CapabilitySet(mask: .max)
  public var appsMax = 4096
  /// Apps that run, are coming up, or wait for their restart.
  public var runningMax = 2048
  public var sessionsMax = 16
  public var sessionIdle = Duration.seconds(600)
  public var startTimeout = Duration.seconds(15)
  public var stopTimeout = Duration.seconds(5)
  /// How long a runner may take to say how an app ended that it has stopped.
  public var exitGrace = Duration.seconds(2)
  /// Apps that are brought up at a time when the node comes up.
  public var bootStartsMax = 4
  /// Called before each change of the file system; for tests.
  public var faults: FaultPoint?

  public init(rules: AppInstallRules) { self.rules = rules }
}

/// The apps of a node: installs them, runs them through an ``AppRunner``, and keeps what outlives the daemon.
///
/// Decisions are those of one ``AppCore`` per app. All state is touched on a queue of its own, which also waits for the disk.
public actor AppManager {
  let options: AppManagerOptions
  let registry: AppRegistry
  let runner: any AppRunner
  let feed = AppEventFeed()
  private nonisolated let board = AppFigureBoard()
  let log = Logger("apps")
  var entries: [AppName: AppEntry] = [:]
  var sessions: InstallSessions
  /// Until the next session may have been idle for too long; `nil`: there is none.
  var sessionTimer: Task<Void, Never>?
  /// What a catalogue has, by identifier and by name.
  var offers: [String: [AppCatalogue.Entry]] = [:]
  var isClosed = false
  /// Apps that have had an entry; tells apps of one name apart.
  var entryCount: UInt64 = 0
  /// What was found damaged at opening.
  public nonisolated let damage: [AppDamage]

  private let lock: FileDescriptor
  private nonisolated let executor = QueueExecutor("apps")
  private let origin = ContinuousClock.now

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// Opens the registry, clears away what an earlier daemon has not finished, and starts nothing: see ``startAtBoot()``.
  ///
  /// - Parameter root: a folder of the manager's own, made when missing. `inUse` when another manager has it.
  public static func open(
    root: String, options: AppManagerOptions, runner: any AppRunner
  ) async throws(AppError) -> AppManager {
    // A value type's work on the disk: on a thread that may wait.
    let opened = await withCheckedContinuation { (continuation: CheckedContinuation<Result<Opened, AppError>, Never>) in
      DispatchQueue.global().async {
        do throws(AppError) {
          continuation.resume(returning: .success(try Opened(root: root, options: options)))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    let manager = AppManager(try opened.get(), options, runner)
    await manager.watchSessions()
    return manager
  }

  /// What opening gives.
  private struct Opened: Sendable {
    var registry: AppRegistry
    /// Descriptor of the lock file; taken over by the manager.
    var lock: Int32
    var apps: [StoredApp]
    var sessions: InstallSessions
    var damage: [AppDamage]

    init(root: String, options: AppManagerOptions) throws(AppError) {
      registry = AppRegistry(root: root, faults: options.faults)
      do throws(LinuxError) {
        try Files.makeDirectories(root, mode: 0o700)
        let file = try FileDescriptor.open("\(root)/lock", O_RDWR | O_CREAT, mode: 0o600)
        guard flock(file.raw, LOCK_EX | LOCK_NB) == 0 else { throw LinuxError("lock", root, errno: EWOULDBLOCK) }
        (apps, damage) = try registry.open()
        sessions = try InstallSessions(
          registry, sessionsMax: options.sessionsMax, idleSeconds: options.sessionIdle.components.seconds,
          now: AppManager.unixMilliseconds() / 1000, damage: &damage)
        lock = file.release()
      } catch {
        throw error.call == "lock" ? .inUse(root) : .storage(error)
      }
    }
  }

  private init(_ opened: Opened, _ options: AppManagerOptions, _ runner: any AppRunner) {
    self.options = options
    self.runner = runner
    registry = opened.registry
    lock = FileDescriptor(owning: opened.lock)
    sessions = opened.sessions
    damage = opened.damage
    for app in opened.apps {
      entryCount += 1
      let entry = AppEntry(AppCore(record: app.record, timing: options.timing), app.manifest, serial: entryCount)
      entries[app.record.name] = entry
      board.note(entry)
    }
    for damage in opened.damage { log.error("damage in the registry of apps", ["what": LogValue(damage)]) }
  }

  /// Starts what ran when the node went down, and what starts with it: by priority, some at a time. Returns when all have
  /// come up or failed.
  public func startAtBoot() async {
    let order = AppRecord.bootOrder(entries.values.map(\.core.record))
    await withTaskGroup(of: Void.self) { group in
      var pending = order[...]
      for _ in 0..<max(1, options.bootStartsMax) {
        guard let name = pending.popFirst() else { break }
        group.addTask { await self.boot(name) }
      }
      while await group.next() != nil {
        guard let name = pending.popFirst() else { continue }
        group.addTask { await self.boot(name) }
      }
    }
  }

  private func boot(_ name: AppName) async {
    guard !isClosed, let entry = entries[name], entry.core.state.isSettled else { return }
    do throws(AppError) {
      try checkRoom(for: entry)
    } catch {
      return log.error("app is not started with the node", ["app": LogValue(name), "why": LogValue(error)])
    }
    _ = await settled(entry, behind: .start(.boot))
  }

  /// Stops everything that runs, which is started again when the registry is opened the next time.
  public func close() async {
    guard !isClosed else { return }
    isClosed = true
    sessionTimer?.cancel()
    for entry in entries.values {
      entry.timer?.cancel()
      send(.suspend, to: entry)
    }
    for entry in entries.values { _ = await settled(entry) }
    feed.finish()
    _ = flock(lock.raw, LOCK_UN)
  }

  // MARK: Observers

  /// Lifecycle events from now on.
  ///
  /// - Parameters:
  ///   - bufferMax: events that wait for the observer before the oldest are dropped.
  ///   - hooks: bits of ``SystemHook/mask``; events of others are not sent. All of them: also events without a hook.
  public nonisolated func subscribe(bufferMax: Int = 256, hooks: UInt32 = .max) -> AppEventSubscription {
    feed.subscribe(bufferMax: bufferMax, hooks: hooks)
  }

  /// What all apps have done and have, by name. Does not wait for anything that is under way.
  public nonisolated var figures: [AppFigures] { board.figures }

  /// Brings the figures of an app up to date, or takes them away with it.
  func noteFigures(of entry: AppEntry) {
    switch entry.core.state {
    case .new: break
    case .removed: if entries[entry.name] == nil || entries[entry.name] === entry { board.remove(entry.name) }
    default: board.note(entry)
    }
  }

  // MARK: Time

  var now: AppMoment {
    AppMoment(elapsed: ContinuousClock.now - origin, unixMilliseconds: Self.unixMilliseconds())
  }

  static func unixMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  // MARK: Finding

  func entry(_ name: String) throws(AppError) -> AppEntry {
    if isClosed { throw .closed }
    guard let name = AppName(name), let entry = entries[name], entry.core.state != .new else { throw .notFound(name) }
    return entry
  }

  func checkRoom(for entry: AppEntry) throws(AppError) {
    guard !entry.core.state.takesPlace else { return }
    let count = entries.values.count { $0.core.state.takesPlace }
    guard count < options.runningMax else { throw .tooManyRunning(max: options.runningMax) }
  }

  /// Throws why an app does not take an event.
  func check(_ event: AppEvent, _ entry: AppEntry) throws(AppError) {
    let name = entry.core.record.name.text
    switch entry.core.refusal(of: event) {
    case nil: return
    case .busy: throw .busy(name)
    case .preloaded: throw .preloaded(name)
    case .noPreviousVersion: throw .noPreviousVersion(name)
    case .notInstalled: throw .notFound(name)
    }
  }
}

/// An app, as the manager holds it. Belongs to the manager's queue.
final class AppEntry {
  /// Names an app for good: one that is installed under the name of another is another app.
  struct Key: Sendable, Equatable {
    var name: AppName
    var serial: UInt64
  }

  let key: Key
  var core: AppCore
  /// Of the current version.
  var manifest: AppManifest
  /// Of the version that is on disk beside the current one and takes its place.
  var image: AppImage?
  var running: (any RunningApp)?
  /// What its runs that have ended have counted, since the manager was opened.
  var past = AppStatistics()
  /// An exit that came before the runner had said that the app is up.
  var earlyExit: (run: UInt64, exit: AppExit)?
  var timer: Task<Void, Never>?
  var timerAt: Duration?
  /// The record on disk is older than the one in memory, because writing failed.
  var isUnwritten = false
  var episode = Episode()
  var waiters: [CheckedContinuation<Episode, Never>] = []

  /// What has happened since the app was last at rest.
  struct Episode: Sendable {
    var hasStarted = false
    var startFailure: AppFailure?
    var rollback: AppFailure?
    var storage: LinuxError?
  }

  init(_ core: AppCore, _ manifest: AppManifest, serial: UInt64) {
    key = Key(name: core.record.name, serial: serial)
    self.core = core
    self.manifest = manifest
  }

  var name: AppName { key.name }
}

/// Runs the jobs of an actor on a queue, so that they may wait for a disk.
final class QueueExecutor: SerialExecutor {
  private let queue: DispatchQueue

  init(_ label: String) { queue = DispatchQueue(label: label) }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}
