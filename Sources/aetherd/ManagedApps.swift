import AppManager
import Apps
import Glibc

/// What apps may ask about other apps of their owner, and have done to them: the manager's apps.
struct ManagedApps: AppControl {
  let manager: AppManager

  func apps() async -> [AppListing] {
    await manager.list().map { AppListing(name: $0.name.text, phase: $0.state.phase) }
  }

  func start(_ name: String) async throws(AppControlError) {
    do throws(AppError) { try await manager.start(name) } catch { throw AppControlError(error) }
  }

  func stop(_ name: String) async throws(AppControlError) {
    do throws(AppError) { try await manager.stop(name) } catch { throw AppControlError(error) }
  }

  func switchApp(from: String, to name: String) async throws(AppControlError) {
    // Looked up first: an app does not end for one that is not there.
    do throws(AppError) {
      _ = try await manager.info(name)
      try await manager.stop(from)
      try await manager.start(name)
    } catch {
      throw AppControlError(error)
    }
  }

  func availableUpdate(of name: String) async -> String? { try? await manager.info(name).availableVersion }

  /// What is installed is what is declared: an app cannot change that.
  func requestUpdate(of name: String) async throws(AppControlError) { throw AppControlError(errno: ENOENT) }
  func importable() async -> [String] { [] }
  func install(imported name: String) async throws(AppControlError) { throw .notSupported }
  /// What runs has an owner's quotas, rights and audit, all by the resource that declares it: nothing runs without one.
  func run(imported name: String) async throws(AppControlError) { throw .notSupported }
}

extension AppControlError {
  init(_ error: AppError) { self.init(errno: -error.errno) }
}
