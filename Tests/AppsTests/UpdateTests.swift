import AppABI
import Glibc
import Synchronization
import Testing

@testable import Apps

@Suite struct UpdateTests {
  private final class Updater: HostUpdater {
    private let now = Mutex(HostUpdateState.idle)
    var state: HostUpdateState { now.withLock { $0 } }

    func check(_ url: String) async throws(HostUpdateError) -> Bool { url.hasSuffix("new") }

    func apply(_ url: String) async throws(HostUpdateError) {
      guard url.hasSuffix("new") else { throw .notTrusted }
      now.withLock { $0 = .complete }
    }

    func confirm() throws(HostUpdateError) { throw .notOnTrial }
    func rollback() throws(HostUpdateError) { now.withLock { $0 = .idle } }
  }

  @Test func withoutAnUpdater() throws {
    let guest = try Guest(calling: NativeTable.names(.update))
    try guest.text("https://example.com/new", at: 1024)
    #expect(try guest.call("ota_get_state") == 0)
    for name in ["ota_check", "ota_fetch_and_apply"] { #expect(try guest.call(name, 1024) == -ENODEV) }
    for name in ["ota_confirm", "ota_rollback"] { #expect(try guest.call(name) == -ENODEV) }
    for address in ["http://example.com/new", "https://", "", "ftp://x", "https://a b/"] {
      try guest.text(address, at: 1024)
      #expect(try guest.call("ota_check", 1024) == -EINVAL, "\(address)")
      #expect(try guest.call("ota_fetch_and_apply", 1024) == -EINVAL, "\(address)")
    }
  }

  @Test func withAnUpdater() async throws {
    let services = AppServices(dataFolder: "")
    services.updater = Updater()
    try await onThread {
      let guest = try Guest(calling: NativeTable.names(.update), services: services)
      try guest.text("https://example.com/old", at: 1024)
      try guest.text("HTTPS://example.com/new", at: 2048)
      #expect(try guest.call("ota_check", 1024) == 0)
      #expect(try guest.call("ota_check", 2048) == 1)
      #expect(try guest.call("ota_fetch_and_apply", 1024) == -EACCES)
      #expect(try guest.call("ota_fetch_and_apply", 2048) == 0)
      #expect(try guest.call("ota_get_state") == 5)
      #expect(try guest.call("ota_confirm") == -EALREADY)
      #expect(try guest.call("ota_rollback") == 0)
      #expect(try guest.call("ota_get_state") == 0)
    }
  }
}
