import AppFormat
import AppManager
import Artifacts
import Bytes
import Crypto
import JSON
import Linux
import Logging
import Model
import Synchronization

/// What runs the apps of one owner.
public protocol NodeAppRunner: AppRunner {
  /// Forgets what an app has written; called when it is uninstalled.
  func forget(_ name: AppName)
  /// The manager that starts apps through it, before it starts any.
  func attach(_ manager: AppManager)
  /// Tells apps that listen.
  func tell(_ event: AppLifecycleEvent)
}

/// The apps of the node in this process: each owner has a manager, a runner and a folder of its own, so that names, messages
/// between apps, settings and logs of owners never meet.
///
/// A file per app says for which resource it is there and which specification is in effect, so that the next daemon knows
/// without asking. It is written before anything is installed; apps without one are removed at opening.
public actor NodeApps {
  public struct Options: Sendable {
    /// A folder of its own, made when missing.
    public var root: String
    public var manager: AppManagerOptions
    public var makeRunner: @Sendable (_ owner: String, _ folder: String) throws -> any NodeAppRunner

    public init(
      root: String, manager: AppManagerOptions,
      makeRunner: @escaping @Sendable (_ owner: String, _ folder: String) throws -> any NodeAppRunner
    ) {
      self.root = root
      self.manager = manager
      // What is privileged comes from an operator's list only, whoever signed.
      self.manager.unsignedCapabilities = CapabilitySet(mask: ~CapabilitySet.privileged.mask)
      self.makeRunner = makeRunner
    }
  }

  public enum Report: Sendable {
    case changed(AppObservation)
    case removed(WorkloadID)
  }

  /// The parts of one owner.
  public struct Tenant: Sendable {
    public let owner: String
    public let manager: AppManager
    public let runner: any NodeAppRunner
    let rules: LaunchRules
    let folder: String
  }

  /// What is known of an app beyond what its manager knows.
  struct Record: Sendable, Equatable {
    var workload: WorkloadID
    var owner: String
    var name: String
    /// Of the specification in effect; "" while the first is being taken on.
    var fingerprint = ""
    /// Names the bytes that were installed, or tried, last.
    var source = ""
    /// The version that was made of them. Another one runs when it did not come up, or when someone took one back.
    var version = ""
    /// Why another version runs, where that is known.
    var rollback = ""
    var allowsLocalAddresses = false
    /// When it was started last, if that was in this life of the daemon.
    var startedAt: Timestamp?
  }

  let options: Options
  public nonisolated let artifacts: ArtifactStore
  let log = Logger("apps")
  var records: [WorkloadID: Record] = [:]
  private var tenants: [String: Task<Tenant, any Error>] = [:]
  /// By owner, for those who do not wait for this actor.
  private nonisolated let managers = Mutex<[String: AppManager]>([:])
  private var work: [Task<Void, Never>] = []
  private var listeners: [AsyncStream<Report>.Continuation] = []
  private var number: UInt64 = 0
  private var isClosed = false

  /// - Parameter artifacts: where the bytes of apps are uploaded to.
  public init(_ options: Options, artifacts: ArtifactStore) {
    self.options = options
    self.artifacts = artifacts
  }

  // MARK: Life

  /// Opens what is there, and starts in the background what ran when the node went down.
  public func open() async throws {
    let folder = "\(options.root)/owners"
    try Files.makeDirectories(folder, mode: 0o700)
    for name in try Files.names(in: folder).sorted() {
      // Made and not named: nothing is in there yet.
      guard let owner = try? Files.text("\(folder)/\(name)/owner") else { continue }
      do {
        let tenant = try await tenant(owner)
        try await adopt(tenant)
        work.append(Task { await tenant.manager.startAtBoot() })
      } catch {
        // The others' apps run; this one's say in their status what is wrong.
        log.error("the apps of an owner cannot be opened", ["owner": .string(owner), "error": .init(error)])
      }
    }
  }

  /// Stops all apps in time; they are started again with the next daemon.
  public func close() async {
    isClosed = true
    let tenants = tenants.values
    await withTaskGroup(of: Void.self) { group in
      for tenant in tenants { group.addTask { await (try? tenant.value)?.manager.close() } }
    }
    for task in work {
      task.cancel()
      await task.value
    }
    for listener in listeners { listener.finish() }
    listeners = []
  }

  /// The parts of an owner, made when there are none.
  func tenant(_ owner: String) async throws -> Tenant {
    if isClosed { throw AppError.closed }
    if let known = tenants[owner] {
      do { return try await known.value } catch {
        tenants[owner] = nil
        throw error
      }
    }
    let folder = "\(options.root)/owners/\(Hex.encode(Digest.sha256(owner.utf8).prefix(16)))"
    let options = options
    let opening = Task<Tenant, any Error> {
      try Files.makeDirectories("\(folder)/declared", mode: 0o700)
      try Files.replace("\(folder)/owner", with: Array(owner.utf8), mode: 0o600, durable: true)
      let runner = try options.makeRunner(owner, folder)
      let rules = LaunchRules(runner)
      let manager = try await AppManager.open(root: "\(folder)/apps", options: options.manager, runner: rules)
      runner.attach(manager)
      return Tenant(owner: owner, manager: manager, runner: runner, rules: rules, folder: folder)
    }
    tenants[owner] = opening
    do {
      let tenant = try await opening.value
      managers.withLock { $0[owner] = tenant.manager }
      let events = tenant.manager.subscribe(bufferMax: 4096)
      work.append(Task { [weak self] in for await event in events.events { await self?.take(event, tenant) } })
      return tenant
    } catch {
      tenants[owner] = nil
      throw error
    }
  }

  /// Reads which resource each app is for; what belongs to none goes, unless something cannot be read that may say otherwise.
  private func adopt(_ tenant: Tenant) async throws {
    let folder = "\(tenant.folder)/declared"
    var names: Set<String> = []
    var isComplete = true
    for file in try Files.names(in: folder) {
      do {
        let json = try JSON.parse(try Files.read("\(folder)/\(file)"))
        guard let record = Record(json: json, owner: tenant.owner) else { throw RecordError.notOne }
        guard try await Self.has(record.name, tenant.manager) else {
          // Written before an install that did not happen.
          try Files.removeTree("\(folder)/\(file)")
          continue
        }
        records[record.workload] = record
        tenant.rules.setLocalAddresses(record.allowsLocalAddresses, for: record.name)
        names.insert(record.name)
      } catch {
        isComplete = false
        log.error("what an app is declared for cannot be read", ["file": .string(file), "error": .init(error)])
      }
    }
    guard isComplete else { return }
    for app in await tenant.manager.list() where !names.contains(app.name.text) {
      log.warning("an app that nobody declares is removed", ["app": .string(app.name.text)])
      do {
        try await tenant.manager.uninstall(app.name.text)
      } catch {
        log.error("an app that nobody declares is still there", ["app": .string(app.name.text), "error": .init(error)])
      }
    }
  }

  private enum RecordError: Error { case notOne }

  /// False only when the manager knows that it has no such app.
  static func has(_ name: String, _ manager: AppManager) async throws(AppError) -> Bool {
    do throws(AppError) {
      _ = try await manager.info(name)
      return true
    } catch {
      if case .notFound = error { return false }
      throw error
    }
  }

  // MARK: Telling

  /// All apps.
  public func list() async -> [AppObservation] {
    var observations: [AppObservation] = []
    for record in records.values {
      if let observed = await observe(record.workload) { observations.append(observed) }
    }
    return observations
  }

  /// What happens from the call on.
  public func reports() -> AsyncStream<Report> {
    let (stream, continuation) = AsyncStream.makeStream(of: Report.self)
    listeners.append(continuation)
    return stream
  }

  /// The manager that has the app of a resource, and its name there.
  public func find(_ workload: WorkloadID) async -> (tenant: Tenant, name: String)? {
    guard let record = records[workload], let tenant = try? await tenant(record.owner) else { return nil }
    return (tenant, record.name)
  }

  /// The manager of an owner; `nil` when nothing was ever installed for it.
  public func manager(owner: String) async -> AppManager? {
    guard let known = tenants[owner] else { return nil }
    return try? await known.value.manager
  }

  /// The same, made when there is none.
  public func openManager(owner: String) async -> AppManager? { try? await tenant(owner).manager }

  public func usage(of workload: WorkloadID) async -> WorkloadUsage? {
    guard let (tenant, name) = await find(workload), let statistics = try? await tenant.manager.statistics(name) else {
      return nil
    }
    let (seconds, attoseconds) = statistics.executionTime.components
    return WorkloadUsage(
      cpuNanoseconds: UInt64(clamping: seconds) * 1_000_000_000 + UInt64(clamping: attoseconds / 1_000_000_000),
      memoryBytes: UInt64(clamping: statistics.memoryBytes), memoryLimitBytes: nil, taskCount: 1)
  }

  /// What the apps of all owners have done and have, by owner and name. Does not wait for anything that is under way.
  public nonisolated var figures: [(owner: String, figures: AppFigures)] {
    managers.withLock { $0 }.sorted { $0.key < $1.key }.flatMap { owner, manager in
      manager.figures.map { (owner, $0) }
    }
  }

  private func take(_ event: AppLifecycleEvent, _ tenant: Tenant) async {
    tenant.runner.tell(event)
    guard let id = records.values.first(where: { $0.owner == tenant.owner && $0.name == event.name.text })?.workload
    else { return }
    switch event.change {
    case .started: records[id]?.startedAt = Timestamp(milliseconds: event.at)
    case .rolledBack(let failure): records[id]?.rollback = failure.map { "\($0)" } ?? "someone took it back"
    default: break
    }
    if case .rolledBack = event.change, let record = records[id] {
      // The version before has a manifest of its own.
      do {
        try await setCapabilities(of: record, ceiling: nil, tenant)
        // As it is by now: another specification may have been applied meanwhile.
        if let record = records[id] { try write(record, tenant) }
      } catch {
        log.error(
          "an app that was rolled back may have other capabilities than it is declared with",
          ["app": .string(record.name), "error": .init(error)])
      }
    }
    guard let observed = await observe(id) else { return tell(.removed(id)) }
    tell(.changed(observed))
  }

  private func tell(_ report: Report) { for listener in listeners { listener.yield(report) } }

  /// `nil` when its manager does not have it.
  func observe(_ id: WorkloadID) async -> AppObservation? {
    number += 1
    let number = number
    guard let (tenant, name) = await find(id), let info = try? await tenant.manager.info(name) else { return nil }
    let crash = (try? await tenant.manager.crashes(name))?.last
    guard let record = records[id] else { return nil }
    var details: JSONObject = [:]
    if !info.version.isEmpty { details["version"] = .string(info.version) }
    details["sha256"] = .string(Hex.encode(info.sha256))
    details["signed"] = .bool(info.isAttested)
    let registry = options.manager.rules.capabilities
    func names(_ set: CapabilitySet) -> JSON { .array(registry.names(of: set).map { .string($0) }) }
    details["capabilities"] = [
      "granted": names(info.capabilities),
      "denied": names(CapabilitySet(mask: info.requested.mask & ~info.capabilities.mask)),
    ]
    details["restarts"] = .integer(Int64(clamping: info.startCount > 0 ? info.startCount - 1 : 0))
    details["crashes"] = .integer(Int64(clamping: info.crashTotal))
    if let crash { details["lastCrash"] = crash.report }
    if case .running = info.state, let startedAt = record.startedAt {
      details["startedAt"] = .string(startedAt.description)
    }
    let isReplaced = record.version != info.versionID.hex && !record.fingerprint.isEmpty
    return AppObservation(
      workload: id, fingerprint: Fingerprint(text: record.fingerprint), number: number,
      state: AppObservation.State(info.state), failure: info.state.failure ?? "",
      rollback: isReplaced
        ? (record.rollback.isEmpty ? "the version before runs" : "the version before runs: \(record.rollback)") : nil,
      details: details)
  }
}

extension AppObservation.State {
  init(_ state: AppState) {
    switch state {
    case .new, .installed: self = .installed
    case .starting, .replacing: self = .starting
    case .running: self = .running
    case .stopping, .removing, .removed: self = .stopping
    case .stopped(exitCode: nil): self = .stopped
    case .stopped: self = .completed
    case .error(_, let restartAt): self = restartAt == nil ? .failed : .backOff
    case .failed: self = .failed
    }
  }
}

extension AppState {
  fileprivate var failure: String? {
    switch self {
    case .error(let failure, _), .failed(let failure): "\(failure)"
    default: nil
    }
  }
}

extension AppCrash {
  /// As people and programs get it.
  public var report: JSON {
    var json: JSONObject = [
      "at": .string(Timestamp(milliseconds: at).description), "kind": .string(failure.kind.rawValue),
      "reason": .string(failure.reason), "version": .string(version),
      "uptimeMilliseconds": .integer(uptimeMilliseconds),
    ]
    if failure.kind == .exit { json["exitCode"] = .integer(Int64(failure.code)) }
    if !failure.backTrace.isEmpty { json["backTrace"] = .array(failure.backTrace.map { .string($0) }) }
    return .object(json)
  }
}
