import AppABI
import AppFormat
import AppManager
import AppSigning
import Glibc
import Linux
import Synchronization
import Testing
import Wasmtime

@testable import Apps

/// An app manager that notes what it is asked for.
final class Manager: AppControl {
  private let noted = Mutex<[String]>([])
  var orders: [String] { noted.withLock { $0 } }

  private func note(_ order: String, _ name: String) throws(AppControlError) {
    if name == "missing" { throw .notFound }
    noted.withLock { $0.append("\(order) \(name)") }
  }

  func apps() async -> [AppListing] {
    [
      AppListing(name: "guest", phase: .running), AppListing(name: "clock", phase: .stopped),
      AppListing(name: "snake", phase: .failed),
    ]
  }
  func start(_ name: String) async throws(AppControlError) { try note("start", name) }
  func stop(_ name: String) async throws(AppControlError) { try note("stop", name) }
  func switchApp(from: String, to: String) async throws(AppControlError) { try note("from \(from) to", to) }
  func availableUpdate(of name: String) async -> String? { name == "guest" ? "1.2.3" : nil }
  func requestUpdate(of name: String) async throws(AppControlError) { try note("update", name) }
  func importable() async -> [String] { ["one.wasm", "two.wasm"] }
  func install(imported name: String) async throws(AppControlError) { try note("install", name) }
  func run(imported name: String) async throws(AppControlError) { try note("run", name) }
}

@Suite struct ControlTests {
  static let rows = NativeTable.functions.filter { $0.family == .lifecycle }

  private static func guest(
    _ services: AppServices, name: String = "guest", _ capabilities: CapabilitySet = .core
  ) throws -> Guest {
    try Guest(Caller.module(for: rows), name: name, capabilities, services: services)
  }

  @Test func appsControlOthers() async throws {
    try await onThread { try Self.controlOthers() }
  }

  private static func controlOthers() throws {
    let services = AppServices(dataFolder: "")
    let manager = Manager()
    services.control = manager
    let guest = try Self.guest(services)
    #expect(try guest.call("app_get_self_name", 2048, 6) == 5)
    #expect(try guest.string(at: 2048) == "guest")
    #expect(try guest.call("app_get_self_name", 2048, 5) == -EMSGSIZE)
    #expect(try guest.call("app_get_self_name", 2048, 1) == -EINVAL)
    #expect(try guest.call("app_list", 2048, 100) == 3)
    #expect(try guest.string(at: 2048) == "guest:RUNNING\nclock:STOPPED\nsnake:FAILED\n")
    // Whole lines only.
    #expect(try guest.call("app_list", 2048, 28) == 3)
    #expect(try guest.string(at: 2048) == "guest:RUNNING\n")
    #expect(try guest.call("app_list", 2048, 29) == 3)
    #expect(try guest.string(at: 2048) == "guest:RUNNING\nclock:STOPPED\n")
    #expect(try guest.call("app_get_status", try guest.text("snake")) == 5)
    #expect(try guest.call("app_get_status", try guest.text("missing")) == -ENOENT)
    #expect(try guest.call("app_start", try guest.text("clock")) == 0)
    #expect(try guest.call("app_start", try guest.text("missing")) == -ENOENT)
    #expect(try guest.call("app_start", try guest.text("")) == -EINVAL)
    #expect(try guest.call("app_stop", try guest.text("clock")) == 0)
    #expect(try guest.call("app_stop", try guest.text("guest")) == -EINVAL)
    #expect(try guest.call("app_check_update", 2048, 16) == 1)
    #expect(try guest.string(at: 2048) == "1.2.3")
    #expect(try guest.call("app_request_update") == 0)
    #expect(try guest.call("sd_scan_wasm", 2048, 100) == 2)
    #expect(try guest.string(at: 2048) == "one.wasm\ntwo.wasm\n")
    #expect(try guest.call("app_install_from_sd", try guest.text("one.wasm")) == 0)
    #expect(try guest.call("app_run_from_sd", try guest.text("two.wasm")) == 0)
    #expect(
      manager.orders == ["start clock", "stop clock", "update guest", "install one.wasm", "run two.wasm"])
    let other = try Self.guest(services, name: "other")
    #expect(try other.call("app_check_update", 2048, 16) == 0)
    #expect(try other.call("app_request_update") == -ENOENT)
  }

  @Test func theLastWishCounts() async throws {
    let services = AppServices(dataFolder: "")
    let manager = Manager()
    services.control = manager
    try await onThread {
      let guest = try Self.guest(services, [.appSwitch])
      #expect(try guest.call("app_switch", try guest.text("guest")) == -EINVAL)
      #expect(try guest.call("app_switch", try guest.text("missing")) == -ENOENT)
      for _ in 0..<5 { #expect(try guest.call("app_switch", try guest.text("clock")) == 0) }
      #expect(try guest.call("app_switch", try guest.text("snake")) == 0)
      #expect(try guest.call("app_start", try guest.text("clock")) == -EPERM)
    }
    for _ in 0..<3000 where !manager.orders.contains("from guest to snake") {
      try await Task.sleep(for: .milliseconds(10))
    }
    // On a machine that is busy earlier wishes may have had their turn; the last one is the last.
    #expect(manager.orders.last == "from guest to snake")
  }

  @Test func withoutAManagerThereIsNone() throws {
    let guest = try Self.guest(AppServices(dataFolder: ""))
    #expect(try guest.call("app_list", 2048, 100) == -ENODEV)
    #expect(try guest.call("app_start", try guest.text("clock")) == -ENODEV)
    #expect(try guest.call("app_switch", try guest.text("clock")) == -ENODEV)
    #expect(try guest.call("app_get_self_name", 2048, 100) == 5)
  }

  /// Starts another app, asks how it is, stops it, installs one from the folder, and ends with what is wrong.
  private static let chief = """
    (module (import "env" "app_start" (func $start (param i32) (result i32)))
      (import "env" "app_stop" (func $stop (param i32) (result i32)))
      (import "env" "app_get_status" (func $status (param i32) (result i32)))
      (import "env" "app_install_from_sd" (func $install (param i32) (result i32)))
      (import "env" "app_switch" (func $switch (param i32) (result i32)))
      (import "akira_time" "sleep_ms" (func $sleep (param i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 16) "worker\\00") (data (i32.const 32) "chief\\00") (data (i32.const 48) "spare.wasm\\00")
      (data (i32.const 64) "../spare.wasm\\00")
      (func (export "main") (result i32)
        (if (call $start (i32.const 16)) (then (return (i32.const 1))))
        (if (i32.ne (call $status (i32.const 16)) (i32.const 2)) (then (return (i32.const 2))))
        (if (call $stop (i32.const 16)) (then (return (i32.const 3))))
        (if (i32.ne (call $status (i32.const 16)) (i32.const 3)) (then (return (i32.const 4))))
        (if (i32.ne (call $stop (i32.const 32)) (i32.const -22)) (then (return (i32.const 5))))
        (if (i32.ne (call $install (i32.const 64)) (i32.const -2)) (then (return (i32.const 6))))
        (if (call $install (i32.const 48)) (then (return (i32.const 7))))
        (if (call $switch (i32.const 16)) (then (return (i32.const 8))))
        (loop $again (drop (call $sleep (i32.const 3000000))) (br $again)) (unreachable)))
    """

  /// With the app manager itself: the chief is stopped and the worker runs in the end.
  @Test func theManagerIsReached() async throws {
    let bench = try Bench()
    let imports = bench.folder + "/imports"
    mkdir(imports, 0o700)
    let sleeper = try wasm(fromText: RunTests.sleeper)
    try Files.replace(imports + "/spare.wasm", with: sleeper)
    try Files.replace(imports + "/spare.json", with: Array(#"{"name": "spare"}"#.utf8))
    let trust = try AppTrust(keys: [], requiresSignature: false)
    let manager = try await AppManager.open(
      root: bench.folder + "/apps",
      options: AppManagerOptions(rules: AppInstallRules(trust: trust, hostVersion: HostVersion(1, 0, 0))),
      runner: bench.runtime)
    bench.runtime.services.control = ManagedApps(manager, importFolder: imports)
    _ = try await manager.install(sleeper, name: "worker")
    _ = try await manager.install(
      try wasm(fromText: Self.chief), sidecar: Array(#"{"name": "chief", "capabilities": ["app.control"]}"#.utf8))
    try await manager.start("chief")
    for _ in 0..<3000 where await manager.list().map(\.state.phase) != [.stopped, .installed, .running] {
      try await Task.sleep(for: .milliseconds(10))
    }
    let apps = await manager.list()
    #expect(apps.map(\.name.text) == ["chief", "spare", "worker"])
    #expect(apps.map(\.state.phase) == [.stopped, .installed, .running])
    #expect(try await manager.crashes("chief") == [])
    await manager.close()
    bench.runtime.services.control = nil
  }
}
