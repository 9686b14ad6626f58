import AppFormat
import AppManager
import AppSigning
import Artifacts
import Bytes
import JSON
import Linux
import Logging
import Model

extension NodeApps {
  /// Makes an app what its specification says: installed or replaced, with its rights and settings, and started if it is to
  /// run and nobody has stopped it.
  ///
  /// - Returns: how it stands then, also when it failed or the version before is back.
  public func apply(
    _ spec: AppSpec, _ id: WorkloadID, _ key: ResourceKey
  ) async -> Result<AppObservation?, NodeFailure> {
    do {
      let tenant = try await tenant(key.owner)
      if let other = records.values.first(where: {
        $0.owner == key.owner && $0.name == key.name && $0.workload != id
      }) {
        throw NodeFailure(.node, code: "NameTaken", message: "app \(other.name) of before is still being removed")
      }
      var record = records[id] ?? Record(workload: id, owner: key.owner, name: key.name)
      if records[id] == nil { try write(record, tenant) }
      records[id] = record
      do {
        record = try await take(spec, record, tenant)
      } catch {
        // Nothing was installed: nothing is left to be removed later. A manager that is closing does not know.
        if (try? await Self.has(key.name, tenant.manager)) == false { forget(record, tenant) }
        throw error
      }
      record.fingerprint = spec.fingerprint.text
      record.startedAt = records[id]?.startedAt
      // It may have failed since, and the version before be back.
      if record.rollback.isEmpty { record.rollback = records[id]?.rollback ?? "" }
      try write(record, tenant)
      records[id] = record
      return .success(await observe(id))
    } catch {
      return .failure(NodeFailure(apps: error))
    }
  }

  /// Stops and uninstalls it.
  public func remove(_ id: WorkloadID) async -> Result<AppObservation?, NodeFailure> {
    guard let record = records[id] else { return .success(nil) }
    do {
      let tenant = try await tenant(record.owner)
      do throws(AppError) {
        try await tenant.manager.uninstall(record.name)
      } catch {
        if case .notFound = error {} else { throw error }
      }
      if let name = AppName(record.name) { tenant.runner.forget(name) }
      forget(record, tenant)
      return .success(nil)
    } catch {
      return .failure(NodeFailure(apps: error))
    }
  }

  private func take(_ spec: AppSpec, _ before: Record, _ tenant: Tenant) async throws -> Record {
    var record = before
    let (manager, name) = (tenant.manager, record.name)
    let source = spec.source.digest + (spec.manifest.map { "+" + Fingerprint.text(of: $0) } ?? "")
    let installed = try? await manager.info(name)
    let isOtherNetwork = record.allowsLocalAddresses != spec.allowsLocalAddresses
    record.allowsLocalAddresses = spec.allowsLocalAddresses
    tenant.rules.setLocalAddresses(spec.allowsLocalAddresses, for: name)
    var isNew = installed == nil
    var isChanged = false
    if isNew || record.source != source {
      let bytes = try await bytes(of: spec, tenant)
      let image = try await Self.image(bytes, name, spec.manifest, options.manager.rules)
      if !spec.allowsUnsigned, image.signers.isEmpty { throw AppError.signing(.unsigned) }
      if installed != nil {
        // What the new version may do when it starts, and nothing that the list does not have.
        try await setCapabilities(of: record, ceiling: spec.ceiling(options.manager.rules.capabilities), tenant, image)
      }
      record.source = source
      record.version = image.id.hex
      record.rollback = ""
      records[record.workload]?.rollback = ""
      do throws(AppError) {
        let result = try await manager.install(
          bytes, name: name, sidecar: spec.manifest, source: .http, settings: spec.settings)
        isNew = result.outcome == .installed
        isChanged = true
      } catch {
        switch error {
        case .rolledBack(let failure): record.rollback = "\(failure)"
        // It is in place, and fails: its state says so.
        case .start: break
        default: throw error
        }
      }
    } else if let settings = try? await manager.settings(name), isOtherNetwork || settings != spec.settings {
      try await manager.configure(name, spec.settings)
      isChanged = isOtherNetwork || !settings.isSameLaunch(as: spec.settings)
      if isChanged, case .running? = installed?.state {
        try await setCapabilities(of: record, ceiling: spec.ceiling(options.manager.rules.capabilities), tenant)
        try await Self.tolerating { () async throws(AppError) in try await manager.restart(name) }
        return record
      }
    }
    try await setCapabilities(of: record, ceiling: spec.ceiling(options.manager.rules.capabilities), tenant)
    let info = try await manager.info(name)
    let isIdle = info.startCount == 0 && info.desired == .unset
    guard spec.isAutostarted, info.desired != .stopped, isNew || isChanged || isIdle,
      info.versionID.hex == record.version
    else { return record }
    try await Self.tolerating { () async throws(AppError) in try await manager.start(name) }
    return record
  }

  /// A start that fails is no failure of the command: the state of the app says so.
  private static func tolerating(_ body: () async throws(AppError) -> Void) async throws(AppError) {
    do throws(AppError) { try await body() } catch {
      switch error {
      case .start, .rolledBack, .overtaken: break
      default: throw error
      }
    }
  }

  @concurrent
  private static func image(
    _ bytes: [UInt8], _ name: String, _ manifest: [UInt8]?, _ rules: AppInstallRules
  ) async throws(AppError) -> AppImage {
    try AppImage(bytes, name: name, sidecar: manifest, rules: rules)
  }

  private func bytes(of spec: AppSpec, _ tenant: Tenant) async throws(ArtifactError) -> [UInt8] {
    switch spec.source {
    case .data(let bytes): bytes
    case .artifact(let digest): try await artifacts.bytes(of: digest, owner: tenant.owner)
    }
  }

  /// Gives an app what its manifest asks for of a ceiling, and takes all the rest. Rights are taken before any is given.
  ///
  /// - Parameters:
  ///   - ceiling: `nil`: as it has it.
  ///   - next: a version that is about to be put in place.
  func setCapabilities(
    of record: Record, ceiling: CapabilitySet?, _ tenant: Tenant, _ next: AppImage? = nil
  ) async throws(AppError) {
    let registry = options.manager.rules.capabilities
    let info = try await tenant.manager.info(record.name)
    let most = ceiling ?? CapabilitySet(mask: registry.registered.mask & ~info.revoked.mask)
    let asked = info.requested.union(next?.requested ?? [])
    let granted = asked.intersection(most)
    // Within the ceiling, what it does not ask for stays open: a version to come may.
    let closed = (registry.registered.mask & ~most.mask) | (info.granted.mask & ~granted.mask)
    if info.revoked.mask & closed != closed {
      try await tenant.manager.revoke(record.name, registry.names(of: CapabilitySet(mask: closed)))
    }
    if info.granted.mask & granted.mask != granted.mask || info.revoked.containsAny(of: granted) {
      try await tenant.manager.grant(record.name, registry.names(of: granted))
    }
  }

  // MARK: Files

  func write(_ record: Record, _ tenant: Tenant) throws(LinuxError) {
    try Files.replace(
      "\(tenant.folder)/declared/\(record.workload).json", with: record.json.bytes(), mode: 0o600, durable: true)
  }

  private func forget(_ record: Record, _ tenant: Tenant) {
    records[record.workload] = nil
    tenant.rules.setLocalAddresses(false, for: record.name)
    try? Files.removeTree("\(tenant.folder)/declared/\(record.workload).json")
  }
}

extension NodeApps.Record {
  var json: JSON {
    [
      "uid": .string(workload), "name": .string(name), "fingerprint": .string(fingerprint), "source": .string(source),
      "version": .string(version), "rollback": .string(rollback), "allowsLocalAddresses": .bool(allowsLocalAddresses),
    ]
  }

  init?(json: JSON, owner: String) {
    guard let workload = json["uid"]?.stringValue, let name = json["name"]?.stringValue else { return nil }
    self.init(workload: workload, owner: owner, name: name)
    fingerprint = json["fingerprint"]?.stringValue ?? ""
    source = json["source"]?.stringValue ?? ""
    version = json["version"]?.stringValue ?? ""
    rollback = json["rollback"]?.stringValue ?? ""
    allowsLocalAddresses = json["allowsLocalAddresses"]?.boolValue ?? false
  }
}

extension AppSpec {
  var settings: AppSettings {
    AppSettings(
      restart: restart.map {
        AppRestartPolicy(
          isEnabled: $0.isEnabled, retriesMax: $0.retriesMax, delayMilliseconds: $0.delayMilliseconds)
      }, isAutostarted: isAutostarted, priority: priority, quotas: quotas, arguments: arguments,
      environment: environment)
  }
}

extension AppSettings {
  /// Whether a start with the one is a start with the other.
  fileprivate func isSameLaunch(as other: AppSettings) -> Bool {
    quotas == other.quotas && arguments == other.arguments && environment == other.environment
  }
}

extension Fingerprint {
  fileprivate static func text(of bytes: [UInt8]) -> String { String(hash(bytes), radix: 16) }
}

extension NodeFailure {
  /// Why an app is not what it is to be. Tried again later: a key or an artifact may come.
  init(apps error: any Error) {
    switch error {
    case let failure as NodeFailure: self = failure
    case let error as ArtifactError: self.init(.node, code: error.code, message: error.description)
    case let error as AppError: self.init(.node, code: error.code, message: error.description)
    case let error as LinuxError: self.init(.node, code: "Storage", message: error.description)
    default: self.init(.node, code: "Unavailable", message: "\(error)")
    }
  }
}

extension ArtifactError {
  fileprivate var code: String {
    if case .noArtifact = self { return "NoArtifact" }
    return "Storage"
  }
}

extension AppError {
  /// One CamelCase word for programs.
  fileprivate var code: String {
    switch self {
    case .signing: "Untrusted"
    case .format, .invalid, .invalidName, .tooLarge: "InvalidApp"
    case .tooManyApps, .tooManyRunning, .tooManySessions: "NodeFull"
    case .busy: "Busy"
    case .storage, .damaged, .inUse: "Storage"
    default: "Refused"
    }
  }
}
