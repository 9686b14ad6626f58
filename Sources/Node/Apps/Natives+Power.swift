import AppDevices
import Wasmtime

/// The node's battery, and an app's sleep.
extension NativeLibrary {
  mutating func addPower() {
    define("power_get_mode") { (call) throws(NativeError) in call.host.power.mode.rawValue }
    define("power_get_battery_level") { (call) throws(NativeError) in
      Int32(try call.onDevice { () throws(DeviceError) in try call.devices.battery.status() }.percent)
    }
    define("power_get_battery_status") { (call) throws(NativeError) in
      let status = try call.onDevice { () throws(DeviceError) in try call.devices.battery.status() }
      guard call.room(0) >= status.bytes.count else { throw .invalid }
      try call.write(status.bytes, to: 0)
      return 0
    }
    define("power_set_low_power") { (call) throws(NativeError) in
      call.host.power.isLow = call.int(0) != 0
      return 0
    }
    define("power_wake_on_timer") { (call) throws(NativeError) in
      guard call.int(0) > 0 else { throw .invalid }
      call.host.power.wakeMilliseconds = call.int(0)
      return 0
    }
    define("power_wake_on_gpio") { (call) throws(NativeError) in
      guard let edge = PinWait.Edge(rawValue: call.int(1)), call.devices.gpio.holds(call.int(0), call.user) else {
        throw .invalid
      }
      call.host.power.wakePins[call.int(0)] = edge
      return 0
    }
    define("power_set_mode") { (call) throws(NativeError) in
      guard let mode = AppPower.Mode(rawValue: call.int(0)) else { throw .invalid }
      switch mode {
      case .active, .idle: call.host.power.mode = mode
      case .lightSleep: try call.sleepLightly()
      case .deepSleep, .hibernation: throw .notSupported
      }
      return 0
    }
  }
}

extension HostCall where Host == AppHost {
  /// Sleeps until something wakes the app, which is active then.
  fileprivate borrowing func sleepLightly() throws(NativeError) {
    let host = host
    let power = host.power
    guard power.hasWakeSource else { throw .invalid }
    let gpio = devices.gpio
    var waits: [PinWait] = []
    for (pin, edge) in power.wakePins {
      waits.append(try onDevice { () throws(DeviceError) in try PinWait(gpio, user, pin: pin, edge) })
    }
    let end = power.wakeMilliseconds.map { monotonicNanoseconds() + Int64($0) * 1_000_000 }
    // Changes of real pins wake nobody.
    let step = waits.isEmpty ? nil : gpio.pollNanoseconds
    host.power.mode = .lightSleep
    defer { host.power.mode = .active }
    var isAwake = false
    while !isAwake {
      let next = step.map { monotonicNanoseconds() + $0 }
      try wait(until: [end, next].compactMap { $0 }.min()) { () throws(NativeError) in
        for wait in waits where !isAwake {
          isAwake = try onDevice { () throws(DeviceError) in try wait.isOver() }
        }
        return isAwake
      }
      if let end, monotonicNanoseconds() >= end { isAwake = true }
    }
  }
}
