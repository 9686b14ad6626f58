/// Update of the host.
extension NativeLibrary {
  mutating func addHostUpdate() {
    define("ota_check") { (call) throws(NativeError) in
      let url = try Self.secureAddress(call)
      return try Self.finish(call) { (updater) throws(HostUpdateError) in try await updater.check(url) ? 1 : 0 }
    }
    define("ota_fetch_and_apply") { (call) throws(NativeError) in
      let url = try Self.secureAddress(call)
      return try Self.finish(call) { (updater) throws(HostUpdateError) in
        try await updater.apply(url)
        return 0
      }
    }
    define("ota_get_state") { (call) throws(NativeError) in
      (call.host.services.updater?.state ?? .idle).rawValue
    }
    define("ota_confirm") { (call) throws(NativeError) in
      guard let updater = call.host.services.updater else { throw .noDevice }
      do throws(HostUpdateError) { try updater.confirm() } catch { throw .errno(error.rawValue) }
      return 0
    }
    define("ota_rollback") { (call) throws(NativeError) in
      guard let updater = call.host.services.updater else { throw .noDevice }
      do throws(HostUpdateError) { try updater.rollback() } catch { throw .errno(error.rawValue) }
      return 0
    }
  }

  private static func secureAddress(_ call: borrowing NativeCall) throws(NativeError) -> String {
    let url = try call.text(0)
    guard url.utf8.count > 8, url.prefix(8).lowercased() == "https://",
      !url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F })
    else { throw .invalid }
    return url
  }

  /// Has the updater do something, and waits for it; it goes on when the app is stopped meanwhile.
  private static func finish(
    _ call: borrowing NativeCall, _ body: @escaping @Sendable (any HostUpdater) async throws(HostUpdateError) -> Int32
  ) throws(NativeError) -> Int32 {
    guard let updater = call.host.services.updater else { throw .noDevice }
    let outcome = Shared<Int32?>(nil)
    let waker = call.host.waker
    Task {
      do throws(HostUpdateError) {
        outcome.set(try await body(updater))
      } catch {
        outcome.set(-error.rawValue)
      }
      waker.signal()
    }
    try call.wait(until: nil) { () throws(NativeError) in outcome.value != nil }
    guard let value = outcome.value else { throw .inputOutput }
    if value < 0 { throw .errno(-value) }
    return value
  }
}
