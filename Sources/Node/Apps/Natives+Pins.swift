import AppDevices
import AppFormat
import Wasmtime

/// GPIO, PWM, ADC and sensors.
extension NativeLibrary {
  mutating func addPins() {
    define("gpio_configure") { (call) throws(NativeError) in
      let flags = GPIO.Flags(rawValue: call.int(1))
      if flags.contains(.output), call.permissions & CapabilitySet(.gpioWrite).mask == 0 { throw .notPermitted }
      let gpio = call.devices.gpio
      let pin = call.int(0)
      let isHeld = gpio.holds(pin, call.user)
      do throws(NativeError) {
        try call.taking(isHeld) { () throws(DeviceError) in try gpio.configure(call.user, pin: pin, flags) }
      } catch {
        // A chip has the line back that it could not set in another way.
        if isHeld, !gpio.holds(pin, call.user) { call.gaveBack() }
        throw error
      }
      return 0
    }
    define("gpio_read") { (call) throws(NativeError) in
      try call.onDevice { () throws(DeviceError) in try call.devices.gpio.read(call.user, pin: call.int(0)) }
    }
    define("gpio_write") { (call) throws(NativeError) in
      try call.onDevice { () throws(DeviceError) in
        try call.devices.gpio.write(call.user, pin: call.int(0), call.int(1) != 0)
      }
      return 0
    }
    define("pwm_set") { (call) throws(NativeError) in
      let pwm = call.devices.pwm
      try call.taking(pwm.holds(call.int(0), call.user)) { () throws(DeviceError) in
        try pwm.set(call.user, channel: call.int(0), hertz: call.int(1), percent: call.int(2))
      }
      return 0
    }
    define("pwm_disable") { (call) throws(NativeError) in
      try call.onDevice { () throws(DeviceError) in try call.devices.pwm.disable(call.user, channel: call.int(0)) }
      return 0
    }
    define("adc_read") { (call) throws(NativeError) in
      try call.onDevice { () throws(DeviceError) in try call.devices.adc.read(call.int(0)) }
    }
    define("adc_read_mv") { (call) throws(NativeError) in
      try call.onDevice { () throws(DeviceError) in try call.devices.adc.readMillivolts(call.int(0)) }
    }
    define("sensor_read") { (call) throws(NativeError) in call.devices.sensors.read(channel: call.int(0)) }
  }
}
