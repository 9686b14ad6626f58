import AppFormat
import AppManager

/// What apps can do with other apps; the app manager conforms to it. Names are those that apps give, and may be anything.
public protocol AppControl: Sendable {
  /// Every installed app.
  func apps() async -> [AppListing]
  /// Also for one that runs, which is nothing to do.
  func start(_ name: String) async throws(AppControlError)
  func stop(_ name: String) async throws(AppControlError)
  /// Stops one app and starts another.
  func switchApp(from: String, to: String) async throws(AppControlError)
  /// The version that the catalogue offers for an app; `nil` when it has none that is newer.
  func availableUpdate(of name: String) async -> String?
  /// Installs it. The app may be stopped before this returns.
  func requestUpdate(of name: String) async throws(AppControlError)
  /// Names of modules in the import folder.
  func importable() async -> [String]
  func install(imported name: String) async throws(AppControlError)
  /// Runs it without keeping it.
  func run(imported name: String) async throws(AppControlError)
}

/// An app as other apps see it.
public struct AppListing: Sendable, Equatable {
  public var name: String
  public var phase: AppPhase

  public init(name: String, phase: AppPhase) {
    self.name = name
    self.phase = phase
  }
}

/// Why an app does not get what it asks for, as an error number, above 0.
public struct AppControlError: Error, Sendable, Equatable {
  public var errno: Int32

  public init(errno: Int32) { self.errno = errno == 0 ? 5 : abs(errno) }

  public static let notFound = AppControlError(errno: 2)
  public static let notSupported = AppControlError(errno: 95)
}

/// The app manager as apps reach it.
public struct ManagedApps: AppControl {
  private let manager: AppManager
  private let importFolder: String?
  private let update: (@Sendable (AppName) async throws(AppControlError) -> Void)?

  /// - Parameters:
  ///   - importFolder: modules and packages that apps may install.
  ///   - update: fetches what the catalogue offers for an app, and installs it.
  public init(
    _ manager: AppManager, importFolder: String? = nil,
    update: (@Sendable (AppName) async throws(AppControlError) -> Void)? = nil
  ) {
    self.manager = manager
    self.importFolder = importFolder
    self.update = update
  }

  public func apps() async -> [AppListing] {
    await manager.list().map { AppListing(name: $0.name.text, phase: $0.state.phase) }
  }

  public func start(_ name: String) async throws(AppControlError) {
    do throws(AppError) { try await manager.start(name) } catch { throw AppControlError(errno: error.errno) }
  }

  public func stop(_ name: String) async throws(AppControlError) {
    do throws(AppError) { try await manager.stop(name) } catch { throw AppControlError(errno: error.errno) }
  }

  public func switchApp(from: String, to: String) async throws(AppControlError) {
    try await stop(from)
    try await start(to)
  }

  public func availableUpdate(of name: String) async -> String? {
    do throws(AppError) { return try await manager.info(name).availableVersion } catch { return nil }
  }

  public func requestUpdate(of name: String) async throws(AppControlError) {
    guard let name = AppName(name) else { throw .notFound }
    guard let update else { throw .notSupported }
    try await update(name)
  }

  public func importable() async -> [String] { await importablePaths().keys.sorted() }

  /// By name.
  private func importablePaths() async -> [String: String] {
    guard let importFolder else { return [:] }
    do throws(AppError) {
      let paths = try await manager.scan(importFolder)
      return Dictionary(paths.map { (String($0.dropFirst(importFolder.count + 1)), $0) }) { first, _ in first }
    } catch { return [:] }
  }

  public func install(imported name: String) async throws(AppControlError) {
    // Only what the list has: a name is no path.
    guard let path = await importablePaths()[name] else { throw .notFound }
    do throws(AppError) { _ = try await manager.install(path: path) } catch {
      throw AppControlError(errno: error.errno)
    }
  }

  /// The manager runs nothing that is not installed.
  public func run(imported name: String) async throws(AppControlError) { throw .notSupported }
}
