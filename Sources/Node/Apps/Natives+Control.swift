import AppFormat
import Synchronization
import Wasmtime

/// Apps about themselves and about each other.
extension NativeLibrary {
  /// How long an app waits for an answer of the app manager.
  static let controlSeconds: Int64 = 60

  mutating func addControl() {
    addInformation()
    addStartAndStop()
    addUpdate()
    addImports()
  }

  private mutating func addInformation() {
    define("app_get_self_name") { (call) throws(NativeError) in
      if call.uint(1) < 2 { throw .invalid }
      return try call.answer(text: call.host.name, in: 0)
    }
    define("app_get_status") { (call) throws(NativeError) in
      let name = try call.appName()
      let apps = try call.ask { control in await control.apps() }
      guard let app = apps.first(where: { $0.name == name }) else { throw .notFound }
      return app.phase.rawValue
    }
    define("app_list") { (call) throws(NativeError) in
      let apps = try call.ask { control in await control.apps() }
      return try call.answer(lines: apps.map { "\($0.name):\($0.phase.word)" })
    }
  }

  private mutating func addStartAndStop() {
    define("app_start") { (call) throws(NativeError) in
      let name = try call.appName()
      return try call.order { (control) throws(AppControlError) in try await control.start(name) }
    }
    define("app_stop") { (call) throws(NativeError) in
      let name = try call.appName()
      if name == call.host.name { throw .invalid }
      return try call.order { (control) throws(AppControlError) in try await control.stop(name) }
    }
    define("app_switch") { (call) throws(NativeError) in
      let name = try call.appName()
      let host = call.host
      if name == host.name { throw .invalid }
      let apps = try call.ask { control in await control.apps() }
      guard apps.contains(where: { $0.name == name }) else { throw .notFound }
      host.services.switchSoon(from: host.name, to: name)
      return 0
    }
  }

  private mutating func addUpdate() {
    define("app_check_update") { (call) throws(NativeError) in
      let name = call.host.name
      guard let version = try call.ask({ control in await control.availableUpdate(of: name) }) else { return 0 }
      _ = try call.answer(text: version, in: 0)
      return 1
    }
    define("app_request_update") { (call) throws(NativeError) in
      let name = call.host.name
      guard try call.ask({ control in await control.availableUpdate(of: name) }) != nil else { throw .notFound }
      return try call.order { (control) throws(AppControlError) in try await control.requestUpdate(of: name) }
    }
  }

  private mutating func addImports() {
    define("sd_scan_wasm") { (call) throws(NativeError) in
      try call.answer(lines: try call.ask { control in await control.importable() })
    }
    define("app_install_from_sd") { (call) throws(NativeError) in
      let name = try call.appName()
      return try call.order { (control) throws(AppControlError) in try await control.install(imported: name) }
    }
    define("app_run_from_sd") { (call) throws(NativeError) in
      let name = try call.appName()
      return try call.order { (control) throws(AppControlError) in try await control.run(imported: name) }
    }
  }
}

extension HostCall where Host == AppHost {
  fileprivate borrowing func appName() throws(NativeError) -> String {
    let name = try text(0)
    if name.isEmpty { throw .invalid }
    return name
  }

  /// Waits for an answer of the app manager. −ENODEV without one, −ETIMEDOUT when it takes too long.
  fileprivate borrowing func ask<Answer: Sendable>(
    _ question: @escaping @Sendable (any AppControl) async -> Answer
  ) throws(NativeError) -> Answer {
    let host = host
    guard let control = host.services.control else { throw .noDevice }
    let waker = host.waker
    let answer = Answered<Answer>()
    let task = Task {
      answer.set(await question(control))
      waker.signal()
    }
    defer { task.cancel() }
    try wait(until: monotonicNanoseconds() + NativeLibrary.controlSeconds * 1_000_000_000) {
      () throws(NativeError) in answer.value != nil
    }
    guard let value = answer.value else { throw .timedOut }
    return value
  }

  /// Has the app manager do something.
  fileprivate borrowing func order(
    _ order: @escaping @Sendable (any AppControl) async throws(AppControlError) -> Void
  ) throws(NativeError) -> Int32 {
    let error = try ask { control -> AppControlError? in
      do throws(AppControlError) {
        try await order(control)
        return nil
      } catch { return error }
    }
    if let error { throw .errno(error.errno) }
    return 0
  }

  /// Writes as many whole lines as fit and a zero byte into the buffer of arguments 0 and 1. Gives how many there are in all.
  fileprivate borrowing func answer(lines: [String]) throws(NativeError) -> Int32 {
    let room = Int(uint(1))
    if room == 0 { throw .invalid }
    var text: [UInt8] = []
    for line in lines {
      guard text.count + line.utf8.count + 2 <= room else { break }
      text += line.utf8
      text.append(UInt8(ascii: "\n"))
    }
    try write(text + [0], to: 0)
    return Int32(clamping: lines.count)
  }
}

/// An answer that comes from another thread.
private final class Answered<Value: Sendable>: Sendable {
  private let state = Mutex<Value?>(nil)
  var value: Value? { state.withLock { $0 } }
  func set(_ value: Value) { state.withLock { $0 = value } }
}
