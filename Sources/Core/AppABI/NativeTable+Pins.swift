import AppFormat

extension NativeTable {
  /// GPIO, buses, sensors, power.
  static var pins: [NativeFunction] {
    let gpio = Row(family: .gpio, capabilities: [.gpioWrite])
    let sensors = Row(family: .sensors, capabilities: [.sensorRead], rate: .sensor)
    let uart = Row(family: .uart, capabilities: [.uart])
    let i2c = Row(family: .i2c, capabilities: [.i2c])
    let pwm = Row(family: .pwm, capabilities: [.pwm])
    let adc = Row(family: .adc, capabilities: [.adc])
    let power = Row(family: .power, capabilities: [.powerRead])
    return [
      gpio(
        "gpio_configure", "pin flags", needs: [.gpioRead, .gpioWrite],
        "Makes a pin an input or an output; outputs need gpio.write."),
      gpio("gpio_read", "pin", needs: [.gpioRead], "0 or 1, of a pin that the app has configured."),
      gpio("gpio_write", "pin value", "Sets an output."),

      sensors(
        "sensor_read", "channel", limitedResult: .min,
        "A thousandth of the channel's unit; −2^31 without a value, and when it is asked for too often."),

      uart("uart_open", "port baud", "Gives a handle; −EBUSY while an app has the port."),
      uart("uart_write", "uart data[]", "Gives how many bytes were taken."),
      uart("uart_read", "uart into[]=", "Does not wait; 0: no data."),
      uart("uart_close", "uart", "Gives the handle back."),

      i2c(
        "i2c_read_reg", "bus address register into[]=", lengths: ["into": .valid(0...256)],
        "Reads up to 256 bytes from a device's register."),
      i2c(
        "i2c_write_reg", "bus address register data[]", lengths: ["data": .valid(0...256)],
        "Writes up to 256 bytes to a device's register."),

      pwm("pwm_set", "channel hertz percent", "1 to 10,000,000 Hz, 0 to 100 percent."),
      pwm("pwm_disable", "channel", "Switches it off."),

      adc("adc_read", "channel", "0 to 4095."),
      adc("adc_read_mv", "channel", "Millivolts of 3,300."),

      power("power_get_mode", "", "0 active, 1 idle, 2 light sleep, 3 deep sleep, 4 hibernation."),
      power("power_get_battery_level", "", "Percent; −ENODEV without a battery."),
      power(
        "power_get_battery_status", "status[]=",
        "12 bytes: percent, flags (1 charging, 2 low), 2 of nothing, millivolts, milliamperes (positive: charging)."),
      power(
        "power_set_mode", "mode", needs: [.powerControl],
        "Light sleep waits for what wakes the app, −EINVAL without it; deep sleep and hibernation: −ENOTSUP."),
      power(
        "power_wake_on_gpio", "pin edge", needs: [.powerControl],
        "Wakes the app by a pin that it has configured: 0 low, 1 high, 2 any change."),
      power(
        "power_wake_on_timer", "milliseconds", needs: [.powerControl],
        "Wakes the app that long after it has gone to sleep."),
      power("power_set_low_power", "enabled", needs: [.powerControl], "Hint to use less."),
    ]
  }
}
