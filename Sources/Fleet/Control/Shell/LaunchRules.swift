import AppManager
import Synchronization

/// Adds to each start what the manager of an owner's apps does not keep: which addresses the app may reach.
final class LaunchRules: AppRunner {
  private let runner: any AppRunner
  /// Names of apps that may reach addresses of this machine and of networks at its place.
  private let local = Mutex<Set<String>>([])

  init(_ runner: any AppRunner) { self.runner = runner }

  func setLocalAddresses(_ isAllowed: Bool, for name: String) {
    local.withLock { local in
      if isAllowed { local.insert(name) } else { local.remove(name) }
    }
  }

  func start(
    _ launch: AppLaunch, onExit: @escaping @Sendable (AppExit) -> Void
  ) async throws(AppStartError) -> any RunningApp {
    var launch = launch
    launch.allowsLocalAddresses = local.withLock { $0.contains(launch.name.text) }
    return try await runner.start(launch, onExit: onExit)
  }
  func note(_ event: AppSecurityEvent) { runner.note(event) }
}
