import AppFormat
import AppSigning
import Foundation
import Linux
import PythonPeer
import Synchronization
import Testing

@testable import AppManager

/// A directory that goes with the test.
final class Scratch: Sendable {
  let path: String
  init() {
    var template = Array("/tmp/aether-apps-XXXXXX".utf8CString)
    mkdtemp(&template)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
  deinit { try? Files.removeTree(path) }
}

/// A module that does nothing, with a manifest and something that tells versions apart.
func module(_ manifest: String? = nil, mark: UInt8 = 0) throws -> [UInt8] {
  let bare = ModuleOutline.magic + [1, 0, 0, 0] + [0, 6, 4] + Array("mark".utf8) + [mark]
  guard let manifest else { return bare }
  return try AppManifest.embed(Array(manifest.utf8), in: bare)
}

func demo(_ version: String, _ more: String = "") throws -> [UInt8] {
  try module(#"{"name":"demo","version":"\#(version)"\#(more.isEmpty ? "" : "," + more)}"#)
}

let restarting = #""restart":{"enabled":true,"max_retries":3,"delay_ms":100}"#

func rules(_ trust: AppTrust? = nil) throws -> AppInstallRules {
  AppInstallRules(
    trust: try trust ?? AppTrust(keys: [], requiresSignature: false), hostVersion: HostVersion(1, 6, 4))
}

func name(_ text: String) throws -> AppName { try #require(AppName(text)) }

func moment(_ seconds: Double) -> AppMoment {
  AppMoment(elapsed: .milliseconds(Int64(seconds * 1000)), unixMilliseconds: 1_700_000_000_000 + Int64(seconds * 1000))
}

func version(_ number: UInt8, _ restart: AppRestartPolicy = AppRestartPolicy(isEnabled: true)) -> AppVersion {
  AppVersion(
    id: AppVersionID(digest: [UInt8](repeating: number, count: 32)),
    moduleSHA256: [UInt8](repeating: number, count: 32), moduleBytes: 8, version: "1.0.\(number)", restart: restart)
}

func record(
  _ text: String = "demo", number: Int = 1, isPreloaded: Bool = false, current: AppVersion = version(1)
) throws -> AppRecord {
  AppRecord(name: try name(text), number: number, isPreloaded: isPreloaded, current: current)
}

/// Says how the next starts go, and ends apps when a test wants it. A stand-in for the run-time: it runs no code.
final class ScriptedRunner: AppRunner {
  final class App: RunningApp {
    let launch: AppLaunch
    private let runner: ScriptedRunner
    private let onExit: Mutex<(@Sendable (AppExit) -> Void)?>
    let grants: Mutex<CapabilitySet>

    init(_ launch: AppLaunch, _ runner: ScriptedRunner, _ onExit: @escaping @Sendable (AppExit) -> Void) {
      self.launch = launch
      self.runner = runner
      self.onExit = Mutex(onExit)
      grants = Mutex(launch.capabilities)
    }

    func end(_ exit: AppExit) {
      let onExit = onExit.withLock { onExit in
        defer { onExit = nil }
        return onExit
      }
      guard let onExit else { return }
      let forgets = runner.state.withLock { state in
        state.live[launch.name] = nil
        return state.forgetsExits
      }
      if !forgets { onExit(exit) }
    }

    func stop(timeout: Duration) async { end(.killed(.stopped)) }
    func setGrants(_ capabilities: CapabilitySet) { grants.withLock { $0 = capabilities } }
    func statistics() -> AppStatistics {
      var statistics = AppStatistics()
      statistics.callCount = 7
      return statistics
    }
    func command(_ bytes: [UInt8], timeout: Duration) async -> CommandReply { .answer(bytes.reversed()) }
  }

  struct State: Sendable {
    var live: [AppName: App] = [:]
    var launches: [AppLaunch] = []
    /// By version: why it does not come up.
    var refused: [String: AppStartError] = [:]
    /// By version: how it ends at once.
    var endsAtOnce: [String: AppExit] = [:]
    /// It does not say how apps end, against its contract.
    var forgetsExits = false
    /// Two apps of one name at a time.
    var overlaps = 0
    var noted: [AppSecurityEvent] = []
  }

  let state = Mutex(State())

  func start(
    _ launch: AppLaunch, onExit: @escaping @Sendable (AppExit) -> Void
  ) async throws(AppStartError) -> any RunningApp {
    let app = App(launch, self, onExit)
    let (refused, ends) = state.withLock { state in
      state.launches.append(launch)
      if state.live[launch.name] != nil { state.overlaps += 1 }
      let refused = state.refused[launch.version]
      if refused == nil { state.live[launch.name] = app }
      return (refused, state.endsAtOnce[launch.version])
    }
    if let refused { throw refused }
    // Before the manager knows that it is up.
    if let ends { app.end(ends) }
    return app
  }

  func note(_ event: AppSecurityEvent) { state.withLock { $0.noted.append(event) } }

  func live(_ name: String) -> App? {
    state.withLock { state in AppName(name).flatMap { state.live[$0] } }
  }

  var launches: [AppLaunch] { state.withLock { $0.launches } }
}

extension AppManager {
  /// Waits until an app is in a state.
  func wait(_ name: String, until isDone: @Sendable (AppInfo) -> Bool) async throws -> AppInfo {
    for _ in 0..<6000 {
      let info = try info(name)
      if isDone(info) { return info }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("\(name) stays \(try info(name).state)")
    return try info(name)
  }
}

/// The program that changes registries and dies.
func torturePath() throws -> String { try BuiltProgram.path("aether-app-torture") }
