// A program that tests of the app manager start: it changes a registry of apps and kills itself before the K-th change of the
// file system, or prints how many changes there were when K is 0.
//
//     aether-app-torture open|install|update|rollback|uninstall|session ROOT K [FILE]
//     aether-app-torture host-apply|host-confirm|host-rollback|host-start ROOT K [URL AUTHORITY]

import AppFormat
import AppManager
import AppSigning
import Glibc
import Linux
import Synchronization

/// Counts steps from when it is armed, and ends the process at one of them.
final class Killer: Sendable {
  private let at: Int
  private let steps = Atomic<Int>(0)
  private let isArmed = Atomic<Bool>(false)

  init(at: Int) { self.at = at }

  func arm() { isArmed.store(true, ordering: .sequentiallyConsistent) }

  var count: Int { steps.load(ordering: .sequentiallyConsistent) }

  func step() {
    guard isArmed.load(ordering: .sequentiallyConsistent) else { return }
    let number = steps.add(1, ordering: .sequentiallyConsistent).newValue
    if number == at { kill(getpid(), SIGKILL) }
  }
}

/// Runs nothing: an app is up until it is stopped.
struct IdleRunner: AppRunner {
  final class Idle: RunningApp {
    private let onExit: Mutex<(@Sendable (AppExit) -> Void)?>

    init(_ onExit: @escaping @Sendable (AppExit) -> Void) { self.onExit = Mutex(onExit) }

    func stop(timeout: Duration) async {
      let exit = onExit.withLock { onExit in
        defer { onExit = nil }
        return onExit
      }
      exit?(.killed(.stopped))
    }

    func setGrants(_ capabilities: CapabilitySet) {}
    func statistics() -> AppStatistics { AppStatistics() }
    func command(_ bytes: [UInt8], timeout: Duration) async -> CommandReply { .notListening }
  }

  func start(
    _ launch: AppLaunch, onExit: @escaping @Sendable (AppExit) -> Void
  ) async throws(AppStartError) -> any RunningApp {
    Idle(onExit)
  }

  func note(_ event: AppSecurityEvent) {}
}

func run(_ operation: String, _ root: String, _ killer: Killer, _ file: [UInt8]) async throws {
  var options = AppManagerOptions(rules: AppInstallRules(trust: try AppTrust(keys: [], requiresSignature: false)))
  options.faults = { _ in killer.step() }
  if operation == "open" { killer.arm() }
  let manager = try await AppManager.open(root: root, options: options, runner: IdleRunner())
  await manager.startAtBoot()
  killer.arm()
  switch operation {
  case "install", "update": _ = try await manager.install(file)
  case "rollback": try await manager.rollBack("demo")
  case "uninstall": try await manager.uninstall("demo")
  case "session":
    let session = try await manager.beginInstall(size: file.count)
    let middle = file.count / 2
    try await manager.writeInstall(session.id, offset: 0, Array(file[..<middle]))
    try await manager.writeInstall(session.id, offset: middle, Array(file[middle...]))
    _ = try await manager.endInstall(session.id)
  default: break
  }
  print("steps \(killer.count)")
  await manager.close()
}

let arguments = CommandLine.arguments
guard arguments.count >= 4, let at = Int(arguments[3]) else {
  print("usage: aether-app-torture open|install|update|rollback|uninstall|session ROOT K [FILE]")
  exit(2)
}
do {
  if arguments[1].hasPrefix("host-") {
    try await runHost(arguments[1], arguments[2], Killer(at: at), Array(arguments[4...]))
    exit(0)
  }
  let file = arguments.count > 4 ? try Files.read(arguments[4], limit: 8 << 20) : []
  try await run(arguments[1], arguments[2], Killer(at: at), file)
} catch {
  print("failed \(error)")
  exit(1)
}
