import AppFormat
import Bytes
import JSON
import Logging

/// What is known of an app.
public struct AppInfo: Sendable, Equatable {
  public var number: Int
  public var name: AppName
  /// As the manifest has it.
  public var version: String
  public var versionID: AppVersionID
  /// Of the module, 32 bytes.
  public var sha256: [UInt8]
  public var previousVersion: String?
  public var state: AppState
  /// Milliseconds since 1970; `nil`: it does not run.
  public var startedAt: Int64?
  /// Milliseconds since 1970, of a restart that waits.
  public var restartsAt: Int64?
  public var desired: AppDesire
  public var source: AppSource
  public var isPreloaded: Bool
  public var trust: AppTrustLevel
  public var isAttested: Bool
  public var isOnTrial: Bool
  public var moduleBytes: Int
  public var heapKilobytes: Int
  public var stackKilobytes: Int
  public var crashCount: Int
  public var crashTotal: UInt64
  public var startCount: UInt64
  public var restart: AppRestartPolicy
  public var isAutostarted: Bool
  public var priority: Int
  /// What a catalogue offers; `nil`: nothing newer.
  public var availableVersion: String?
  /// What the app accepts as commands, from its manifest.
  public var commands: [JSON]
  /// What it may do now.
  public var capabilities: CapabilitySet
  public var requested: CapabilitySet
  public var granted: CapabilitySet
  public var revoked: CapabilitySet

  public var hasUpdate: Bool { availableVersion != nil }
}

extension AppManager {
  /// All apps, by name.
  public func list() -> [AppInfo] {
    entries.values.filter { $0.core.state != .new }.map { info(of: $0) }.sorted { $0.name < $1.name }
  }

  public func info(_ name: String) throws(AppError) -> AppInfo { info(of: try entry(name)) }

  func info(of entry: AppEntry) -> AppInfo {
    let record = entry.core.record
    let now = now
    func wall(_ time: Duration) -> Int64 { now.unixMilliseconds + (time - now.elapsed).milliseconds }
    var startedAt: Int64?
    var restartsAt: Int64?
    switch entry.core.state {
    case .running(let run): startedAt = wall(run.since)
    case .error(_, let time?): restartsAt = wall(time)
    default: break
    }
    let update = AppCatalogue.update(
      among: offers[record.name.text] ?? [], version: record.current.version, host: options.rules.hostVersion)
    return AppInfo(
      number: record.number, name: record.name, version: record.current.version, versionID: record.current.id,
      sha256: record.current.moduleSHA256, previousVersion: record.previous?.version, state: entry.core.state,
      startedAt: startedAt, restartsAt: restartsAt,
      desired: record.desired, source: record.current.source, isPreloaded: record.isPreloaded, trust: record.trust,
      isAttested: record.current.isAttested,
      isOnTrial: record.isOnTrial, moduleBytes: record.current.moduleBytes, heapKilobytes: entry.manifest.heapKilobytes,
      stackKilobytes: entry.manifest.stackKilobytes, crashCount: record.crashCount, crashTotal: record.crashTotal,
      startCount: record.startCount, restart: record.restart, isAutostarted: record.isAutostarted,
      priority: record.priority, availableVersion: update?.version, commands: entry.manifest.commands,
      capabilities: capabilities(of: record), requested: record.current.requested, granted: record.granted,
      revoked: record.revoked)
  }

  public func manifest(_ name: String) throws(AppError) -> AppManifest { try entry(name).manifest }

  public func settings(_ name: String) throws(AppError) -> AppSettings { try entry(name).core.record.settings }

  /// The last failures, the newest last.
  public func crashes(_ name: String) throws(AppError) -> [AppCrash] { try entry(name).core.record.crashes }

  /// `nil` for an app that does not run.
  public func statistics(_ name: String) throws(AppError) -> AppStatistics? { try entry(name).running?.statistics() }

  // MARK: Grants and settings

  /// Allows an app capabilities that its manifest does not ask for, or that were revoked. Counts at once.
  ///
  /// - Parameter names: capabilities, aliases and wildcards; unknown ones are refused.
  /// - Returns: what the app may do now.
  @discardableResult
  public func grant(_ name: String, _ names: [String]) throws(AppError) -> CapabilitySet {
    let entry = try entry(name)
    let set = try capabilities(named: names)
    let record = entry.core.record
    return try change(entry, granted: record.granted.union(set), revoked: record.revoked.mask & ~set.mask)
  }

  /// Takes capabilities away from an app, whoever asked for them. Counts at once.
  @discardableResult
  public func revoke(_ name: String, _ names: [String]) throws(AppError) -> CapabilitySet {
    let entry = try entry(name)
    let set = try capabilities(named: names)
    let record = entry.core.record
    return try change(
      entry, granted: CapabilitySet(mask: record.granted.mask & ~set.mask), revoked: record.revoked.mask | set.mask)
  }

  private func capabilities(named names: [String]) throws(AppError) -> CapabilitySet {
    var set = CapabilitySet()
    for name in names {
      let part = options.rules.capabilities.capabilities(named: name)
      guard part.mask != 0 else {
        throw .invalid("capability \"\(name)\"", wanted: "a name, an alias or a wildcard that this node knows")
      }
      set.formUnion(part)
    }
    return set
  }

  private func change(
    _ entry: AppEntry, granted: CapabilitySet, revoked: UInt64
  ) throws(AppError) -> CapabilitySet {
    let old = entry.core.record
    entry.core.setGrants(granted: granted, revoked: CapabilitySet(mask: revoked))
    if let error = write(entry) {
      // Half a change would be gone with the daemon.
      entry.core.setGrants(granted: old.granted, revoked: old.revoked)
      throw .storage(error)
    }
    noteGrants(entry)
    let capabilities = capabilities(of: entry.core.record)
    entry.running?.setGrants(capabilities)
    return capabilities
  }

  /// Privileged capabilities of an app that nobody has signed are worth a line.
  func noteGrants(_ entry: AppEntry) {
    let record = entry.core.record
    let privileged = capabilities(of: record).intersection(.privileged)
    guard !record.current.isAttested, !privileged.isEmpty else { return }
    log.warning(
      "an app that nobody has signed has privileged capabilities",
      [
        "app": LogValue(record.name),
        "capabilities": LogValue(options.rules.capabilities.names(of: privileged).joined(separator: " ")),
      ])
  }

  /// Arguments, environment and quotas count from the next start on.
  public func configure(_ name: String, _ settings: AppSettings) throws(AppError) {
    let entry = try entry(name)
    if let field = settings.invalidField { throw .invalid(field, wanted: "a value within the documented bounds") }
    let old = entry.core.record.settings
    entry.core.setSettings(settings)
    if let error = write(entry) {
      entry.core.setSettings(old)
      throw .storage(error)
    }
  }

  // MARK: Commands

  public static let commandBytesMax = 4096

  /// Hands a running app a command and waits for its answer.
  public func send(
    _ name: String, _ command: [UInt8], timeout: Duration = .seconds(5)
  ) async throws(AppError) -> CommandReply {
    let entry = try entry(name)
    guard (1...Self.commandBytesMax).contains(command.count) else {
      throw .invalid("command", wanted: "1 to \(Self.commandBytesMax) bytes")
    }
    guard let app = entry.running else { return .notListening }
    return await app.command(command, timeout: timeout)
  }

  // MARK: Catalogue

  /// What publishers offer; ``AppInfo/availableVersion`` follows from it.
  public func setCatalogue(_ catalogue: AppCatalogue) {
    offers = [:]
    for entry in catalogue.entries {
      for name in Set([entry.id, entry.name]) where !name.isEmpty { offers[name, default: []].append(entry) }
    }
  }
}
