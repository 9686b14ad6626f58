import Wasmtime

/// Settings.
extension NativeLibrary {
  mutating func addSettings() {
    define("settings_get") { (call) throws(NativeError) in
      let key = try call.settingsKey()
      // What the app has not chosen itself is as it was declared.
      guard let value = try call.host.keptSettings()[key] ?? call.host.environment[key] else { throw .notFound }
      return try call.answer(text: value, in: 1)
    }
    define("settings_set") { (call) throws(NativeError) in
      let key = try call.settingsKey()
      if call.uint(1) == 0 { throw .invalid }
      let value = try call.text(1)
      let host = call.host
      var settings = try host.keptSettings()
      let growth = try settings.growth(setting: key, to: value)
      try host.charge(growth)
      do throws(NativeError) { try settings.set(key, to: value) } catch {
        host.refund(growth)
        throw error
      }
      host.settings = settings
      return 0
    }
    define("settings_delete") { (call) throws(NativeError) in
      let key = try call.settingsKey()
      let host = call.host
      var settings = try host.keptSettings()
      let freed = try settings.delete(key)
      host.settings = settings
      host.refund(freed)
      return 0
    }
  }
}

extension HostCall where Host == AppHost {
  fileprivate borrowing func settingsKey() throws(NativeError) -> String {
    let key = try text(0)
    if key.isEmpty { throw .invalid }
    return key
  }
}
