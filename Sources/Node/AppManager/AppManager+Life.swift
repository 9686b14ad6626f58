import AppFormat
import Crypto
import Linux
import Logging

extension AppManager {
  // MARK: Asked for

  /// Starts an app and waits until it is up. An app that runs is left alone.
  public func start(_ name: String) async throws(AppError) {
    let entry = try entry(name)
    try check(.start(.user), entry)
    try checkRoom(for: entry)
    try await waitUntilUp(entry, behind: .start(.user))
  }

  /// Stops an app, and takes back a restart that waits. It stays stopped when the node comes up again.
  public func stop(_ name: String) async throws(AppError) {
    let entry = try entry(name)
    try check(.stop, entry)
    _ = await settled(entry, behind: .stop)
  }

  /// Stops an app if it runs and starts it, its series of failures forgotten.
  public func restart(_ name: String) async throws(AppError) {
    let entry = try entry(name)
    try check(.restart, entry)
    try checkRoom(for: entry)
    try await waitUntilUp(entry, behind: .restart)
  }

  /// Puts the version before the current one in its place, which can be taken back in the same way. Waits until it is up if
  /// the app ran.
  public func rollBack(_ name: String) async throws(AppError) {
    let entry = try entry(name)
    try check(.rollback, entry)
    let episode = await settled(entry, behind: .rollback)
    if let error = episode.storage { throw .storage(error) }
    if let failure = episode.startFailure { throw .start(failure) }
  }

  /// Removes an app with its data and all versions; one that runs is stopped first.
  public func uninstall(_ name: String) async throws(AppError) {
    let entry = try entry(name)
    try check(.uninstall, entry)
    let episode = await settled(entry, behind: .uninstall)
    if let error = episode.storage { throw .storage(error) }
  }

  private func waitUntilUp(_ entry: AppEntry, behind event: AppEvent) async throws(AppError) {
    let episode = await settled(entry, behind: event)
    if let failure = episode.rollback { throw .rolledBack(failure) }
    if episode.hasStarted { return }
    if let failure = episode.startFailure { throw .start(failure) }
    if case .running = entry.core.state { return }
    throw .overtaken(entry.name.text)
  }

  /// Gives the core an event and waits until nothing is under way. Who waits is noted before the event is given: a short run may
  /// be over before it could be noted behind it.
  func settled(_ entry: AppEntry, behind event: AppEvent) async -> AppEntry.Episode {
    await withCheckedContinuation {
      entry.waiters.append($0)
      send(event, to: entry)
    }
  }

  /// Waits until nothing is under way.
  func settled(_ entry: AppEntry) async -> AppEntry.Episode {
    if entry.core.state.isSettled { return entry.episode }
    return await withCheckedContinuation { entry.waiters.append($0) }
  }

  // MARK: Events and effects

  /// Gives the core an event and does what it says.
  func send(_ event: AppEvent, to entry: AppEntry) {
    if entry.core.state.isSettled { entry.episode = AppEntry.Episode() }
    let effects = entry.core.step(event, at: now)
    switch event {
    case .started: entry.episode.hasStarted = true
    case .startFailed(_, let failure): entry.episode.startFailure = failure
    default: break
    }
    var isWritten = true
    for effect in effects {
      switch effect {
      case .persist: isWritten = false
      case .activate, .remove: isWritten = true
      default: break
      }
    }
    for effect in effects { perform(effect, entry) }
    if !isWritten || entry.isUnwritten && entries[entry.name] === entry { write(entry) }
    arm(entry)
    noteFigures(of: entry)
    guard entry.core.state.isSettled, !entry.waiters.isEmpty else { return }
    let waiters = entry.waiters
    entry.waiters = []
    for waiter in waiters { waiter.resume(returning: entry.episode) }
  }

  private func perform(_ effect: AppEffect, _ entry: AppEntry) {
    switch effect {
    case .start(let run): start(entry, run)
    case .stop(let run): stop(entry, run)
    case .persist: break
    case .activate(let record): activate(record, entry)
    case .discardVersions:
      let record = entry.core.record
      do throws(LinuxError) {
        try registry.discardVersions(
          entry.name, keeping: Set([record.current.id, record.previous?.id].compactMap { $0 }))
      } catch {
        log.warning("old versions of an app stay on disk", ["app": LogValue(entry.name), "why": LogValue(error)])
      }
    case .remove: remove(entry)
    case .publish(let phase, let change):
      if case .rolledBack(let failure?) = change { entry.episode.rollback = failure }
      feed.publish(entry.name, phase, change, at: now.unixMilliseconds)
      log.info("app \(change)", ["app": LogValue(entry.name)])
    }
  }

  /// Writes the record; when that fails it is tried again with the next change.
  @discardableResult
  func write(_ entry: AppEntry) -> LinuxError? {
    do throws(LinuxError) {
      try registry.write(entry.core.record)
      entry.isUnwritten = false
      return nil
    } catch {
      entry.isUnwritten = true
      log.error("the record of an app is not written", ["app": LogValue(entry.name), "why": LogValue(error)])
      return error
    }
  }

  private func activate(_ record: AppRecord, _ entry: AppEntry) {
    let image = entry.image
    entry.image = nil
    do throws(LinuxError) {
      if entry.core.state == .new {
        guard let image else { throw LinuxError("install", entry.name.text, errno: 22) }
        try registry.add(record, image)
        entry.manifest = image.manifest
      } else {
        // Before the record says so: a version whose manifest cannot be read is not taken.
        let manifest: AppManifest
        if let image { manifest = image.manifest } else { manifest = try self.manifest(of: record.current, entry.name) }
        try registry.write(record)
        entry.manifest = manifest
      }
      entry.isUnwritten = false
      send(.activated, to: entry)
    } catch {
      entry.episode.storage = error
      log.error("another version of an app is not put in place", ["app": LogValue(entry.name), "why": LogValue(error)])
      // What the disk took of it, if anything, is taken back before files of that version are removed.
      if entry.core.state != .new { write(entry) }
      send(.activationFailed, to: entry)
      if entry.core.state == .removed { entries[entry.name] = nil }
    }
  }

  private func manifest(of version: AppVersion, _ name: AppName) throws(LinuxError) -> AppManifest {
    let path = "\(registry.version(name, version.id))/manifest.json"
    let bytes = try Files.readWhole(path, limit: AppManifest.bytesMax)
    do throws(AppFormatError) { return try AppManifest(json: bytes) } catch {
      throw LinuxError("parse", path, errno: 74)
    }
  }

  private func remove(_ entry: AppEntry) {
    do throws(LinuxError) {
      try registry.remove(entry.name)
      entry.timer?.cancel()
      entries[entry.name] = nil
      send(.removed, to: entry)
    } catch {
      entry.episode.storage = error
      send(.removalFailed, to: entry)
    }
  }

  // MARK: Timers

  /// One timer per app, for the core's deadline.
  private func arm(_ entry: AppEntry) {
    let deadline = isClosed ? nil : entry.core.deadline
    guard deadline != entry.timerAt else { return }
    entry.timer?.cancel()
    entry.timerAt = deadline
    guard let deadline else { return entry.timer = nil }
    let key = entry.key
    let wait = deadline - now.elapsed
    entry.timer = Task { [weak self] in
      do { try await Task.sleep(for: max(.zero, wait)) } catch { return }
      await self?.fire(key, deadline)
    }
  }

  private func fire(_ key: AppEntry.Key, _ deadline: Duration) {
    guard !isClosed, let entry = entry(key), entry.timerAt == deadline else { return }
    entry.timerAt = nil
    send(.clock, to: entry)
  }

  /// The app that a timer or a run belongs to; `nil` when it is gone, also when another one has its name now.
  private func entry(_ key: AppEntry.Key) -> AppEntry? {
    guard let entry = entries[key.name], entry.key == key else { return nil }
    return entry
  }

  // MARK: Runs

  private func start(_ entry: AppEntry, _ run: UInt64) {
    let key = entry.key
    let launch: AppLaunch
    do throws(AppError) {
      launch = try self.launch(entry)
    } catch {
      // Told to the core as an event of its own, when this step is over.
      Task { self.startEnded(key, run, .failure(.host("\(error)"))) }
      return
    }
    let runner = runner
    Task.detached { [weak self] in
      do throws(AppStartError) {
        let app = try await runner.start(launch) { [weak self] exit in
          Task { [weak self] in await self?.runEnded(key, run, exit) }
        }
        await self?.startEnded(key, run, .success(app))
      } catch {
        await self?.startEnded(key, run, .failure(error))
      }
    }
  }

  private func startEnded(_ key: AppEntry.Key, _ run: UInt64, _ result: Result<any RunningApp, AppStartError>) {
    guard let entry = entry(key), case .starting(let start) = entry.core.state, start.run == run else { return }
    switch result {
    case .success(let app):
      entry.running = app
      // What was granted or revoked while it came up.
      app.setGrants(capabilities(of: entry.core.record))
      send(.started(run: run), to: entry)
      if let early = entry.earlyExit, early.run == run { runEnded(key, run, early.exit) }
    case .failure(let error): send(.startFailed(run: run, AppFailure(error)), to: entry)
    }
  }

  private func runEnded(_ key: AppEntry.Key, _ run: UInt64, _ exit: AppExit) {
    guard let entry = entry(key) else { return }
    switch entry.core.state {
    case .starting(let start) where start.run == run: entry.earlyExit = (run, exit)
    case .running(let present) where present.run == run: end(entry)
    case .stopping(run, _): end(entry)
    default: break
    }
    func end(_ entry: AppEntry) {
      if let app = entry.running { entry.past.add(app.statistics()) }
      entry.running = nil
      entry.earlyExit = nil
      send(.exited(run: run, exit), to: entry)
    }
  }

  private func stop(_ entry: AppEntry, _ run: UInt64) {
    guard let app = entry.running else { return }
    let key = entry.key
    let (timeout, grace) = (options.stopTimeout, options.exitGrace)
    Task.detached { [weak self] in
      await app.stop(timeout: timeout)
      // The runner says how the app ended. One that forgets to must not keep it for ever.
      try? await Task.sleep(for: grace)
      await self?.runEnded(key, run, .killed(.stopped))
    }
  }

  /// What a start needs; the files of the version are compared with their identity.
  private func launch(_ entry: AppEntry) throws(AppError) -> AppLaunch {
    let record = entry.core.record
    let version = record.current
    let path = registry.version(entry.name, version.id)
    let module: [UInt8]
    do throws(LinuxError) {
      module = try Files.readWhole("\(path)/app.wasm", limit: AppRegistry.fileBytesMax)
      if !Files.exists(registry.dataFolder(entry.name)) {
        try registry.files.makeDirectory(registry.dataFolder(entry.name))
      }
    } catch {
      throw .storage(error)
    }
    guard Digest.sha256(module) == version.moduleSHA256 else {
      runner.note(
        AppSecurityEvent(
          .integrityFailure, app: entry.name.text, detail: "app.wasm of version \(version.id) has other contents"))
      throw .damaged(
        AppDamage(subject: entry.name.text, reason: .version(version.id, "app.wasm has other contents than it had")))
    }
    let model = "\(path)/model.tflite"
    return AppLaunch(
      name: entry.name, version: version.version, module: module, modulePath: "\(path)/app.wasm",
      sha256: version.moduleSHA256, modelPath: Files.exists(model) ? model : nil, manifest: entry.manifest,
      isAttested: version.isAttested, trust: record.trust, capabilities: capabilities(of: record),
      quotas: quotas(of: entry), startCount: record.startCount - 1, restartCount: record.crashCount,
      dataDirectory: registry.dataFolder(entry.name), arguments: record.settings.arguments,
      environment: record.settings.environment, startTimeout: options.startTimeout)
  }

  /// What an app may do: what its manifest asks for and what its operator adds, within what the node knows and gives to
  /// unsigned apps, without what its operator has taken away.
  func capabilities(of record: AppRecord) -> CapabilitySet {
    let asked = options.rules.capabilities.grant(
      record.current.requested, isAttested: record.current.isAttested, unsigned: options.unsignedCapabilities)
    let granted = record.granted.intersection(options.rules.capabilities.registered)
    return CapabilitySet(mask: asked.union(granted).mask & ~record.revoked.mask)
  }

  /// An operator's quotas count as they are; the node's execution timeout is lowered by the manifest's. `memory_quota` is the
  /// runner's matter: it counts beyond the memory that the module begins with.
  private func quotas(of entry: AppEntry) -> AppQuotas {
    if let quotas = entry.core.record.settings.quotas { return quotas }
    var quotas = options.quotas
    quotas.executionTimeout = min(
      quotas.executionTimeout, .milliseconds(entry.manifest.executionTimeoutMilliseconds))
    return quotas
  }
}
