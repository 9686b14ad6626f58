import AppABI
import AppFormat
import Glibc
import Synchronization
import Testing

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
      AppListing(name: "guest", state: 2), AppListing(name: "clock", state: 3), AppListing(name: "snake", state: 5),
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
}
