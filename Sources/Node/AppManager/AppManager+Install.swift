import AppFormat
import Bytes
import Crypto
import Linux
import Logging

/// What an install has done.
public struct AppInstallResult: Sendable, Equatable {
  public enum Outcome: Sendable, Equatable {
    case installed
    /// From this version; the app runs again if it ran.
    case updated(from: AppVersionID)
    /// The same bytes were there.
    case unchanged
  }

  public var info: AppInfo
  public var outcome: Outcome
  /// What its author should know.
  public var warning: AppManifest.ABIWarning?
  /// Capabilities in the manifest that this node does not know, and that give nothing.
  public var unknownCapabilities: [String]
}

extension AppManager {
  /// Installs an app, or puts it in the place of the one of the same name: that one is stopped, replaced, and started again
  /// if it ran. When the new version does not come up the one before is back, and `rolledBack` is thrown.
  ///
  /// - Parameters:
  ///   - bytes: a module (`.wasm`) or a package (`.akpkg`).
  ///   - name: wins over the manifest's; without both it is `app_` and the CRC-32 of the first 256 bytes.
  ///   - sidecar: a manifest beside a module that has none inside.
  ///   - settings: of a new app; those of an app that is replaced stay, unless there are some here.
  public func install(
    _ bytes: [UInt8], name: String? = nil, sidecar: [UInt8]? = nil, source: AppSource = .http,
    settings: AppSettings? = nil
  ) async throws(AppError) -> AppInstallResult {
    if isClosed { throw .closed }
    if let field = settings?.invalidField { throw .invalid(field, wanted: "a value within the documented bounds") }
    let image = try await checked(bytes, name, sidecar)
    if isClosed { throw .closed }
    if let entry = entries[image.name] { return try await update(entry, image, source, settings) }
    guard entries.count < options.appsMax else { throw .tooManyApps(max: options.appsMax) }
    let record = AppRecord(
      name: image.name, number: AppRegistry.freeNumber(Set(entries.values.map(\.core.record.number))),
      isPreloaded: source == .firmware, current: image.version(source, installedAt: now.unixMilliseconds / 1000),
      settings: settings ?? AppSettings())
    entryCount += 1
    let entry = AppEntry(
      AppCore(installing: record, timing: options.timing), image.manifest, serial: entryCount)
    entry.image = image
    entries[image.name] = entry
    send(.install, to: entry)
    if let error = entry.episode.storage { throw .storage(error) }
    return result(.installed, entry, image)
  }

  /// What is to be installed, with a note about signatures and about bytes that are no module.
  private func checked(_ bytes: [UInt8], _ name: String?, _ sidecar: [UInt8]?) async throws(AppError) -> AppImage {
    do throws(AppError) {
      let image = try await Self.image(bytes, name, sidecar, options.rules)
      if !image.signers.isEmpty {
        let keys = image.signers.map { Hex.encode($0) }.joined(separator: " ")
        runner.note(AppSecurityEvent(.signatureValid, app: image.name.text, detail: "keys \(keys)"))
      }
      return image
    } catch {
      switch error {
      case .signing(let reason):
        runner.note(AppSecurityEvent(.signatureFailure, app: name ?? "", detail: reason.description))
      case .format(let reason) where reason.concernsModule:
        runner.note(AppSecurityEvent(.integrityFailure, app: name ?? "", detail: reason.description))
      default: break
      }
      throw error
    }
  }

  /// Checking unpacks and hashes megabytes: not on the manager's queue.
  @concurrent
  private static func image(
    _ bytes: [UInt8], _ name: String?, _ sidecar: [UInt8]?, _ rules: AppInstallRules
  ) async throws(AppError) -> AppImage {
    try AppImage(bytes, name: name, sidecar: sidecar, rules: rules)
  }

  private func result(
    _ outcome: AppInstallResult.Outcome, _ entry: AppEntry, _ image: AppImage
  ) -> AppInstallResult {
    noteGrants(entry)
    return AppInstallResult(
      info: info(of: entry), outcome: outcome, warning: image.warning, unknownCapabilities: image.unknownCapabilities)
  }

  private func update(
    _ entry: AppEntry, _ image: AppImage, _ source: AppSource, _ settings: AppSettings?
  ) async throws(AppError) -> AppInstallResult {
    var version = image.version(source, installedAt: now.unixMilliseconds / 1000)
    try check(.update(version), entry)
    let old = entry.core.record
    do throws(LinuxError) {
      try registry.addVersion(image, to: entry.name)
    } catch {
      throw .storage(error)
    }
    if old.current.id == version.id {
      (version.source, version.installedAt) = (old.current.source, old.current.installedAt)
      if version == old.current {
        if let settings, settings != old.settings { try configure(entry.name.text, settings) }
        return result(.unchanged, entry, image)
      }
    }
    entry.image = image
    // On disk they change together with the version.
    if let settings { entry.core.setSettings(settings) }
    let episode = await settled(entry, behind: .update(version))
    if let error = episode.storage {
      if settings != nil, entry.core.state != .removed {
        entry.core.setSettings(old.settings)
        write(entry)
      }
      throw .storage(error)
    }
    if let failure = episode.rollback { throw .rolledBack(failure) }
    if let failure = episode.startFailure { throw .start(failure) }
    return result(.updated(from: old.current.id), entry, image)
  }

  // MARK: In pieces

  /// Begins an install whose bytes come in pieces, which may go on after the daemon was restarted.
  ///
  /// - Parameters:
  ///   - size: of all bytes.
  ///   - sha256: of all bytes, compared at the end.
  public func beginInstall(
    name: String? = nil, size: Int, sha256: [UInt8]? = nil, source: AppSource = .http
  ) throws(AppError) -> InstallSession {
    if isClosed { throw .closed }
    if let known = name.flatMap({ AppName($0) }), entries[known] == nil, entries.count >= options.appsMax {
      throw .tooManyApps(max: options.appsMax)
    }
    let session = try sessions.begin(
      id: Hex.encode(SecureRandom.bytes(16)), name: name, size: size, sha256: sha256, source: source,
      bytesMax: options.rules.uploadBytesMax, now: now.unixMilliseconds / 1000)
    if sessionTimer == nil { watchSessions() }
    return session
  }

  /// Removes sessions that were idle for too long, and looks again when the next one may have been, asked or not.
  func watchSessions() {
    sessionTimer = nil
    let seconds = now.unixMilliseconds / 1000
    sessions.expire(now: seconds)
    guard !isClosed, let next = sessions.nextExpiry else { return }
    sessionTimer = Task { [weak self] in
      do { try await Task.sleep(for: .seconds(max(1, next - seconds))) } catch { return }
      await self?.watchSessions()
    }
  }

  /// Takes bytes at an offset; the same bytes may come again. Gives how many have come without a hole.
  @discardableResult
  public func writeInstall(_ id: String, offset: Int, _ bytes: [UInt8]) throws(AppError) -> Int {
    if isClosed { throw .closed }
    return try sessions.write(id, offset: offset, bytes, now: now.unixMilliseconds / 1000)
  }

  public func installStatus(_ id: String) throws(AppError) -> InstallSession {
    sessions.expire(now: now.unixMilliseconds / 1000)
    return try sessions.session(id)
  }

  public func installSessions() -> [InstallSession] {
    sessions.expire(now: now.unixMilliseconds / 1000)
    return sessions.all
  }

  /// Installs what has come. A session that is not complete stays, so that it can go on; every other one is gone afterwards.
  public func endInstall(
    _ id: String, sidecar: [UInt8]? = nil, settings: AppSettings? = nil
  ) async throws(AppError) -> AppInstallResult {
    if isClosed { throw .closed }
    let session = try sessions.session(id)
    let bytes: [UInt8]
    do throws(AppError) {
      bytes = try sessions.bytes(id)
    } catch {
      if error == .digestMismatch { try? sessions.remove(id) }
      throw error
    }
    let result: AppInstallResult
    do throws(AppError) {
      result = try await install(
        bytes, name: session.name, sidecar: sidecar, source: session.source, settings: settings)
    } catch {
      // What another attempt could change is kept.
      switch error {
      case .busy, .storage, .tooManyApps, .closed: break
      default: try? sessions.remove(id)
      }
      throw error
    }
    try? sessions.remove(id)
    return result
  }

  public func abortInstall(_ id: String) throws(AppError) { try sessions.remove(id) }

  // MARK: From folders

  /// Paths of modules and packages in a folder, such as a memory card's; not of folders in it.
  public func scan(_ folder: String) throws(AppError) -> [String] {
    let names: [String]
    do throws(LinuxError) { names = try Files.names(in: folder) } catch { throw .storage(error) }
    return names.sorted().filter { $0.hasSuffix(".wasm") || $0.hasSuffix(".akpkg") }.map { "\(folder)/\($0)" }
  }

  /// Installs a file, and a module with the manifest that lies beside it as `<name>.json`.
  public func install(
    path: String, name: String? = nil, source: AppSource = .sd, settings: AppSettings? = nil
  ) async throws(AppError) -> AppInstallResult {
    let bytes: [UInt8]
    var sidecar: [UInt8]?
    do throws(LinuxError) {
      let most = options.rules.uploadBytesMax
      if let length = Files.length(path), length > most { throw LinuxError("read", path, errno: 27) }
      bytes = try Files.readWhole(path, limit: most)
      let beside = "\(path.hasSuffix(".wasm") ? String(path.dropLast(5)) : path).json"
      if Files.exists(beside) { sidecar = try Files.readWhole(beside, limit: AppManifest.sidecarBytesMax) }
    } catch {
      throw .storage(error)
    }
    return try await install(bytes, name: name, sidecar: sidecar, source: source, settings: settings)
  }
}
