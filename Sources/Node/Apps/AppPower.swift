import AppDevices

/// How an app sleeps, and what wakes it.
struct AppPower {
  enum Mode: Int32 {
    case active = 0
    case idle, lightSleep, deepSleep, hibernation
  }

  var mode = Mode.active
  /// A hint that changes nothing on a host.
  var isLow = false
  /// From the beginning of a sleep.
  var wakeMilliseconds: Int32?
  var wakePins: [Int32: PinWait.Edge] = [:]

  var hasWakeSource: Bool { wakeMilliseconds != nil || !wakePins.isEmpty }
}
