// Made from the table of native functions (Sources/Core/AppABI). Not to be changed by hand.
// Beside it stands Guest.swift with Text, Ring and AppError.

// MARK: Constants

extension AppError {
  /// The capability is not granted.
  public static var eperm: AppError { AppError(code: 1) }
  public static var enoent: AppError { AppError(code: 2) }
  public static var eio: AppError { AppError(code: 5) }
  public static var ebadf: AppError { AppError(code: 9) }
  public static var eagain: AppError { AppError(code: 11) }
  public static var enomem: AppError { AppError(code: 12) }
  /// A policy or a path that leads out.
  public static var eacces: AppError { AppError(code: 13) }
  /// An address outside of the app's memory.
  public static var efault: AppError { AppError(code: 14) }
  public static var ebusy: AppError { AppError(code: 16) }
  public static var eexist: AppError { AppError(code: 17) }
  public static var enodev: AppError { AppError(code: 19) }
  public static var enotdir: AppError { AppError(code: 20) }
  public static var eisdir: AppError { AppError(code: 21) }
  public static var einval: AppError { AppError(code: 22) }
  public static var emfile: AppError { AppError(code: 24) }
  public static var efbig: AppError { AppError(code: 27) }
  public static var enospc: AppError { AppError(code: 28) }
  public static var enametoolong: AppError { AppError(code: 36) }
  public static var enosys: AppError { AppError(code: 38) }
  public static var enotempty: AppError { AppError(code: 39) }
  public static var enodata: AppError { AppError(code: 61) }
  /// TLS failed.
  public static var eproto: AppError { AppError(code: 71) }
  public static var emsgsize: AppError { AppError(code: 90) }
  public static var enotsup: AppError { AppError(code: 95) }
  public static var eaddrinuse: AppError { AppError(code: 98) }
  public static var econnreset: AppError { AppError(code: 104) }
  public static var enotconn: AppError { AppError(code: 107) }
  public static var etimedout: AppError { AppError(code: 110) }
  public static var econnrefused: AppError { AppError(code: 111) }
  public static var ehostunreach: AppError { AppError(code: 113) }
  public static var ealready: AppError { AppError(code: 114) }
  public static var ecanceled: AppError { AppError(code: 125) }
}

/// Numbers that functions take and give.
public enum Constant {
  public static var gpioInput: Int32 { 1 }
  public static var gpioOutput: Int32 { 2 }
  public static var gpioInitLow: Int32 { 4 }
  public static var gpioInitHigh: Int32 { 8 }
  public static var gpioPullUp: Int32 { 16 }
  public static var gpioPullDown: Int32 { 32 }
  public static var gpioActiveLow: Int32 { 64 }
  public static var gpioActiveHigh: Int32 { 128 }
  public static var buttonHome: Int32 { 1 }
  public static var buttonUp: Int32 { 2 }
  public static var buttonDown: Int32 { 3 }
  public static var buttonLeft: Int32 { 4 }
  public static var buttonRight: Int32 { 5 }
  public static var buttonA: Int32 { 6 }
  public static var buttonB: Int32 { 7 }
  public static var buttonX: Int32 { 8 }
  public static var buttonY: Int32 { 9 }
  public static var sensorAccelX: Int32 { 0 }
  public static var sensorAccelY: Int32 { 1 }
  public static var sensorAccelZ: Int32 { 2 }
  public static var sensorGyroX: Int32 { 4 }
  public static var sensorGyroY: Int32 { 5 }
  public static var sensorGyroZ: Int32 { 6 }
  public static var sensorMagnX: Int32 { 8 }
  public static var sensorMagnY: Int32 { 9 }
  public static var sensorMagnZ: Int32 { 10 }
  /// Degrees Celsius.
  public static var sensorAmbientTemp: Int32 { 13 }
  /// Kilopascals.
  public static var sensorPressure: Int32 { 14 }
  /// Percent.
  public static var sensorHumidity: Int32 { 16 }
  public static var sensorAltitude: Int32 { 23 }
  public static var sensorVoltage: Int32 { 33 }
  public static var sensorCurrent: Int32 { 35 }
  public static var sensorPower: Int32 { 36 }
  public static var storageRead: Int32 { 0 }
  public static var storageWrite: Int32 { 1 }
  public static var storageAppend: Int32 { 2 }
  public static var storageRdwr: Int32 { 3 }
  public static var fsRead: Int32 { 0 }
  public static var fsWrite: Int32 { 1 }
  public static var fsAppend: Int32 { 2 }
  public static var fsRdwr: Int32 { 4 }
  public static var fsCreate: Int32 { 8 }
  public static var fsTrunc: Int32 { 16 }
  public static var netTcp: Int32 { 0 }
  public static var netUdp: Int32 { 1 }
  public static var netTls: Int32 { 2 }
  public static var netEventNone: Int32 { 0 }
  public static var netEventConnected: Int32 { 1 }
  public static var netEventDisconnected: Int32 { 2 }
  public static var netEventData: Int32 { 3 }
  public static var netEventAccept: Int32 { 4 }
  public static var netEventError: Int32 { 5 }
  public static var haLightState: Int32 { 1 }
  public static var haLightBrightness: Int32 { 2 }
  public static var haLightColor: Int32 { 4 }
  public static var appStateNew: Int32 { 0 }
  public static var appStateInstalled: Int32 { 1 }
  public static var appStateRunning: Int32 { 2 }
  public static var appStateStopped: Int32 { 3 }
  public static var appStateError: Int32 { 4 }
  public static var appStateFailed: Int32 { 5 }
  public static var hidKeyboard: Int32 { 1 }
  public static var hidGamepad: Int32 { 2 }
  public static var hidMouse: Int32 { 4 }
  public static var hidTransportNone: Int32 { 0 }
  public static var hidTransportBle: Int32 { 1 }
  public static var hidTransportUsb: Int32 { 2 }
  public static var hidTransportSimulated: Int32 { 3 }
  public static var mouseLeft: Int32 { 1 }
  public static var mouseRight: Int32 { 2 }
  public static var mouseMiddle: Int32 { 4 }
  public static var gamepadA: Int32 { 1 }
  public static var gamepadB: Int32 { 2 }
  public static var gamepadX: Int32 { 4 }
  public static var gamepadY: Int32 { 8 }
  public static var gamepadLb: Int32 { 16 }
  public static var gamepadRb: Int32 { 32 }
  public static var gamepadBack: Int32 { 64 }
  public static var gamepadStart: Int32 { 128 }
  public static var gamepadHome: Int32 { 256 }
  public static var gamepadL3: Int32 { 512 }
  public static var gamepadR3: Int32 { 1024 }
  public static var bleRead: Int32 { 2 }
  public static var bleWriteNoRsp: Int32 { 4 }
  public static var bleWrite: Int32 { 8 }
  public static var bleNotify: Int32 { 16 }
  public static var bleIndicate: Int32 { 32 }
  public static var bleEventNone: Int32 { 0 }
  public static var bleEventConnected: Int32 { 1 }
  public static var bleEventDisconnected: Int32 { 2 }
  public static var bleEventWritten: Int32 { 3 }
  public static var powerActive: Int32 { 0 }
  public static var powerIdle: Int32 { 1 }
  public static var powerLightSleep: Int32 { 2 }
}

// MARK: Functions

/// Core.
public enum Host {
  /// Waits. Gives 0; −EINVAL below 0.
  @discardableResult
  public static func delay(microseconds: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_delay(microseconds))
  }

  /// Writes a line into the app's log; formats are filled in by the guest.
  /// Rate: 200 a second with all of log.
  @discardableResult
  public static func printfNative(text: Text) throws(AppError) -> Int32 {
    try AppError.check(text.withText { text in host_printf_native(text) })
  }
}

/// Log.
public enum Log {
  /// Writes a line of level debug.
  /// Rate: 200 a second with all of log.
  public static func debug(text: Text) {
    text.withText { text in host_log_debug(text) }
  }

  /// Writes a line of level info.
  /// Rate: 200 a second with all of log.
  public static func info(text: Text) {
    text.withText { text in host_log_info(text) }
  }

  /// Writes a line of level error.
  /// Rate: 200 a second with all of log.
  public static func error(text: Text) {
    text.withText { text in host_log_error(text) }
  }
}

/// Time.
public enum Time {
  /// Milliseconds since the host started; never goes back.
  public static func getTimeMs() -> Int64 {
    host_get_time_ms()
  }

  /// Waits for 1 to 3,599,999 ms; others: −EINVAL.
  @discardableResult
  public static func sleepMs(milliseconds: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_sleep_ms(milliseconds))
  }
}

/// Display.
public enum Display {
  /// Fills the screen. −EBUSY, as from all that draws, while another app has it.
  /// Needs display.write.
  @discardableResult
  public static func clear(color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_clear(color))
  }

  /// Sets one pixel.
  /// Needs display.write.
  @discardableResult
  public static func pixel(x: Int32, y: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_pixel(x, y, color))
  }

  /// A filled rectangle.
  /// Needs display.write.
  @discardableResult
  public static func rect(x: Int32, y: Int32, width: Int32, height: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_rect(x, y, width, height, color))
  }

  /// The edge of a rectangle.
  /// Needs display.write.
  @discardableResult
  public static func rectOutline(x: Int32, y: Int32, width: Int32, height: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_rect_outline(x, y, width, height, color))
  }

  /// A line, both ends included.
  /// Needs display.write.
  @discardableResult
  public static func line(x0: Int32, y0: Int32, x1: Int32, y1: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_line(x0, y0, x1, y1, color))
  }

  /// A line to the right.
  /// Needs display.write.
  @discardableResult
  public static func hline(x: Int32, y: Int32, length: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_hline(x, y, length, color))
  }

  /// A line downwards.
  /// Needs display.write.
  @discardableResult
  public static func vline(x: Int32, y: Int32, length: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_vline(x, y, length, color))
  }

  /// The edge of a circle.
  /// Needs display.write.
  @discardableResult
  public static func circle(x: Int32, y: Int32, radius: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_circle(x, y, radius, color))
  }

  /// A filled circle.
  /// Needs display.write.
  @discardableResult
  public static func circleFill(x: Int32, y: Int32, radius: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_circle_fill(x, y, radius, color))
  }

  /// The edge of a rectangle with round corners.
  /// Needs display.write.
  @discardableResult
  public static func roundedRect(x: Int32, y: Int32, width: Int32, height: Int32, radius: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_rounded_rect(x, y, width, height, radius, color))
  }

  /// A filled rectangle with round corners.
  /// Needs display.write.
  @discardableResult
  public static func roundedRectFill(x: Int32, y: Int32, width: Int32, height: Int32, radius: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_rounded_rect_fill(x, y, width, height, radius, color))
  }

  /// The edge of a triangle.
  /// Needs display.write.
  @discardableResult
  public static func triangle(x0: Int32, y0: Int32, x1: Int32, y1: Int32, x2: Int32, y2: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_triangle(x0, y0, x1, y1, x2, y2, color))
  }

  /// A filled triangle.
  /// Needs display.write.
  @discardableResult
  public static func triangleFill(x0: Int32, y0: Int32, x1: Int32, y1: Int32, x2: Int32, y2: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_triangle_fill(x0, y0, x1, y1, x2, y2, color))
  }

  /// Text in a font of 7 by 10 pixels.
  /// Needs display.write.
  @discardableResult
  public static func text(x: Int32, y: Int32, text: Text, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(text.withText { text in host_display_text(x, y, text, color) })
  }

  /// Text in a font of 11 by 18 pixels.
  /// Needs display.write.
  @discardableResult
  public static func textLarge(x: Int32, y: Int32, text: Text, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(text.withText { text in host_display_text_large(x, y, text, color) })
  }

  /// Text in a font of 22 by 36 pixels.
  /// Needs display.write.
  @discardableResult
  public static func textHuge(x: Int32, y: Int32, text: Text, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(text.withText { text in host_display_text_huge(x, y, text, color) })
  }

  /// A number in the small font.
  /// Needs display.write.
  @discardableResult
  public static func number(x: Int32, y: Int32, value: Int32, color: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_number(x, y, value, color))
  }

  /// Copies pixels of two bytes each; too few bytes: −EINVAL.
  /// Needs display.write.
  @discardableResult
  public static func bitmap(x: Int32, y: Int32, width: Int32, height: Int32, pixels: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(pixels.withUnsafeBytes { pixels in host_display_bitmap(x, y, width, height, pixels.baseAddress, UInt32(truncatingIfNeeded: pixels.count)) })
  }

  /// The same, but for pixels of the colour `key`.
  /// Needs display.write.
  @discardableResult
  public static func bitmapTransparent(x: Int32, y: Int32, width: Int32, height: Int32, pixels: Span<UInt8>, key: Int32) throws(AppError) -> Int32 {
    try AppError.check(pixels.withUnsafeBytes { pixels in host_display_bitmap_transparent(x, y, width, height, pixels.baseAddress, UInt32(truncatingIfNeeded: pixels.count), key) })
  }

  /// Copies pixels and shows them at once.
  /// Needs display.write.
  /// Rate: 100 a second with all of display, else it waits.
  @discardableResult
  public static func rawWrite(x: Int32, y: Int32, width: Int32, height: Int32, pixels: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(pixels.withUnsafeBytes { pixels in host_display_raw_write(x, y, width, height, pixels.baseAddress, UInt32(truncatingIfNeeded: pixels.count)) })
  }

  /// The same without waiting.
  /// Needs display.write.
  /// Rate: 100 a second with all of display, else it waits.
  @discardableResult
  public static func rawWriteAsync(x: Int32, y: Int32, width: Int32, height: Int32, pixels: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(pixels.withUnsafeBytes { pixels in host_display_raw_write_async(x, y, width, height, pixels.baseAddress, UInt32(truncatingIfNeeded: pixels.count)) })
  }

  /// Waits until everything that was written is shown.
  /// Needs display.write.
  @discardableResult
  public static func rawWait() throws(AppError) -> Int32 {
    try AppError.check(host_display_raw_wait())
  }

  /// A bar, filled by value of maximum.
  /// Needs display.write.
  @discardableResult
  public static func progressBar(x: Int32, y: Int32, width: Int32, height: Int32, value: Int32, maximum: Int32, color: Int32, background: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_progress_bar(x, y, width, height, value, maximum, color, background))
  }

  /// Shows what was drawn; it happens by itself 50 ms behind the last draw.
  /// Needs display.write.
  /// Rate: 100 a second with all of display, else it waits.
  @discardableResult
  public static func flush() throws(AppError) -> Int32 {
    try AppError.check(host_display_flush())
  }

  /// Writes both as 32 bits.
  /// Needs display.write.
  @discardableResult
  public static func getSize(width: inout Int32, height: inout Int32) throws(AppError) -> Int32 {
    try AppError.check(host_display_get_size(&width, &height))
  }

  /// Pixels.
  /// Needs display.write.
  @discardableResult
  public static func getWidth() throws(AppError) -> Int32 {
    try AppError.check(host_display_get_width())
  }

  /// Pixels.
  /// Needs display.write.
  @discardableResult
  public static func getHeight() throws(AppError) -> Int32 {
    try AppError.check(host_display_get_height())
  }
}

/// Input.
public enum Input {
  /// A bit for each button that is held, bit N for the button N.
  /// Needs input.read.
  @discardableResult
  public static func getButtons() throws(AppError) -> Int32 {
    try AppError.check(host_input_get_buttons())
  }

  /// Takes the next event of 8 bytes (button, 1 pressed or 0). 1: taken, 0: none.
  /// Needs input.read.
  @discardableResult
  public static func pollEvent(event: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(event.withUnsafeMutableBytes { event in host_input_poll_event(event.baseAddress, UInt32(truncatingIfNeeded: event.count)) })
  }

  /// Where the dial is, 0 to 255.
  /// Needs input.read.
  @discardableResult
  public static func getDial() throws(AppError) -> Int32 {
    try AppError.check(host_input_get_dial())
  }
}

/// GPIO.
public enum GPIO {
  /// Makes a pin an input or an output; outputs need gpio.write.
  /// Needs gpio.read or gpio.write.
  @discardableResult
  public static func configure(pin: Int32, flags: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_gpio_configure(pin, flags))
  }

  /// 0 or 1, of a pin that the app has configured.
  /// Needs gpio.read.
  @discardableResult
  public static func read(pin: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_gpio_read(pin))
  }

  /// Sets an output.
  /// Needs gpio.write.
  @discardableResult
  public static func write(pin: Int32, value: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_gpio_write(pin, value))
  }
}

/// Sensors.
public enum Sensors {
  /// A thousandth of the channel's unit; −2^31 without a value, and when it is asked for too often.
  /// Needs sensor.read.
  /// Rate: 50 a second with all of sensor.
  public static func read(channel: Int32) -> Int32 {
    host_sensor_read(channel)
  }
}

/// UART.
public enum UART {
  /// Gives a handle; −EBUSY while an app has the port.
  /// Needs uart.
  @discardableResult
  public static func open(port: Int32, baud: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_uart_open(port, baud))
  }

  /// Gives how many bytes were taken.
  /// Needs uart.
  @discardableResult
  public static func write(uart: Int32, data: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(data.withUnsafeBytes { data in host_uart_write(uart, data.baseAddress, UInt32(truncatingIfNeeded: data.count)) })
  }

  /// Does not wait; 0: no data.
  /// Needs uart.
  @discardableResult
  public static func read(uart: Int32, into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_uart_read(uart, into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// Gives the handle back.
  /// Needs uart.
  @discardableResult
  public static func close(uart: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_uart_close(uart))
  }
}

/// I2C.
public enum I2C {
  /// Reads up to 256 bytes from a device's register.
  /// Needs i2c.
  @discardableResult
  public static func readReg(bus: Int32, address: Int32, register: Int32, into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_i2c_read_reg(bus, address, register, into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// Writes up to 256 bytes to a device's register.
  /// Needs i2c.
  @discardableResult
  public static func writeReg(bus: Int32, address: Int32, register: Int32, data: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(data.withUnsafeBytes { data in host_i2c_write_reg(bus, address, register, data.baseAddress, UInt32(truncatingIfNeeded: data.count)) })
  }
}

/// PWM.
public enum PWM {
  /// 1 to 10,000,000 Hz, 0 to 100 percent.
  /// Needs pwm.
  @discardableResult
  public static func set(channel: Int32, hertz: Int32, percent: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_pwm_set(channel, hertz, percent))
  }

  /// Switches it off.
  /// Needs pwm.
  @discardableResult
  public static func disable(channel: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_pwm_disable(channel))
  }
}

/// ADC.
public enum ADC {
  /// 0 to 4095.
  /// Needs adc.
  @discardableResult
  public static func read(channel: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_adc_read(channel))
  }

  /// Millivolts of 3,300.
  /// Needs adc.
  @discardableResult
  public static func readMv(channel: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_adc_read_mv(channel))
  }
}

/// Watchdog.
public enum Watchdog {
  /// Begins the time anew behind which an app that does not answer is ended; −ENODEV without one.
  /// Needs wdt.
  @discardableResult
  public static func pet() throws(AppError) -> Int32 {
    try AppError.check(host_wdt_pet())
  }
}

/// Timers.
public enum Timers {
  /// A stop-watch at rest. Gives its handle; −ENOMEM when all are taken.
  /// Needs timer.
  @discardableResult
  public static func create() throws(AppError) -> Int32 {
    try AppError.check(host_timer_create())
  }

  /// Starts it from 0.
  /// Needs timer.
  @discardableResult
  public static func start(timer: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_timer_start(timer))
  }

  /// Stops it; what has elapsed stays.
  /// Needs timer.
  @discardableResult
  public static func stop(timer: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_timer_stop(timer))
  }

  /// Milliseconds that it has run, up to 2^31−1, then from 0 again.
  /// Needs timer.
  @discardableResult
  public static func elapsed(timer: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_timer_elapsed(timer))
  }

  /// Gives it back.
  /// Needs timer.
  @discardableResult
  public static func free(timer: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_timer_free(timer))
  }
}

/// Storage.
public enum Storage {
  /// Mode 0 read, 1 write anew, 2 append, 3 both anew; writing needs storage.write.
  /// Needs storage.read or storage.write.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func open(path: Text, mode: Int32) throws(AppError) -> Int32 {
    try AppError.check(path.withText { path in host_storage_open(path, mode) })
  }

  /// Gives how many bytes; 0 at the end.
  /// Needs storage.read.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func read(file: Int32, into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_storage_read(file, into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// Gives how many bytes; −ENOSPC when the quota is used up.
  /// Needs storage.write.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func write(file: Int32, data: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(data.withUnsafeBytes { data in host_storage_write(file, data.baseAddress, UInt32(truncatingIfNeeded: data.count)) })
  }

  /// Gives the handle back.
  /// Needs storage.read or storage.write.
  public static func close(file: Int32) {
    host_storage_close(file)
  }

  /// Removes a file.
  /// Needs storage.write.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func delete(path: Text) throws(AppError) -> Int32 {
    try AppError.check(path.withText { path in host_storage_delete(path) })
  }

  /// Names, a line each, folders with /, as many whole lines as fit, and a zero byte; gives the bytes with it.
  /// Needs storage.read.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func list(path: Text, into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(path.withText { path in into.withUnsafeMutableBytes { into in host_storage_list(path, into.baseAddress, UInt32(truncatingIfNeeded: into.count)) } })
  }
}

/// Files.
public enum Files {
  /// Flags 0 read, 1 write, 2 append, 4 both, 8 create, 16 truncate; writing needs fs.write.
  /// Needs fs.read or fs.write.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func open(path: Text, flags: Int32) throws(AppError) -> Int32 {
    try AppError.check(path.withText { path in host_fs_open(path, flags) })
  }

  /// Gives the handle back.
  /// Needs fs.read or fs.write.
  @discardableResult
  public static func close(file: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_fs_close(file))
  }

  /// Gives how many bytes; 0 at the end.
  /// Needs fs.read.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func read(file: Int32, into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_fs_read(file, into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// Gives how many bytes; −ENOSPC when the quota is used up.
  /// Needs fs.write.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func write(file: Int32, data: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(data.withUnsafeBytes { data in host_fs_write(file, data.baseAddress, UInt32(truncatingIfNeeded: data.count)) })
  }

  /// From 0 the start, 1 here, 2 the end; gives the new place.
  /// Needs fs.read or fs.write.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func seek(file: Int32, offset: Int32, whence: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_fs_seek(file, offset, whence))
  }

  /// The place.
  /// Needs fs.read or fs.write.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func tell(file: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_fs_tell(file))
  }

  /// Size (32 bits), type (0 file, 1 folder), 3 bytes of nothing, changed (64 bits, ms).
  /// Needs fs.read.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func stat(path: Text, status: inout [UInt8]) throws(AppError) -> Int32 {
    if status.count < 16 { throw AppError.einval }
    return try AppError.check(path.withText { path in status.withUnsafeMutableBytes { status in host_fs_stat(path, status.baseAddress) } })
  }

  /// Removes a file or an empty folder.
  /// Needs fs.write.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func unlink(path: Text) throws(AppError) -> Int32 {
    try AppError.check(path.withText { path in host_fs_unlink(path) })
  }

  /// Makes a folder.
  /// Needs fs.write.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func mkdir(path: Text) throws(AppError) -> Int32 {
    try AppError.check(path.withText { path in host_fs_mkdir(path) })
  }

  /// As storage_list.
  /// Needs fs.read.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func readdir(path: Text, into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(path.withText { path in into.withUnsafeMutableBytes { into in host_fs_readdir(path, into.baseAddress, UInt32(truncatingIfNeeded: into.count)) } })
  }
}

/// Network.
public enum Network {
  /// 0 TCP, 1 UDP, 2 TLS. Gives a handle; −EMFILE when all are taken.
  /// Needs network.
  /// Rate: 30 a second with all of network.
  @discardableResult
  public static func open(kind: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_net_open(kind))
  }

  /// Begins to connect where the policy allows it, else −EACCES; an event says how it ended.
  /// Needs network.
  /// Rate: 30 a second with all of network.
  @discardableResult
  public static func connect(stream: Int32, host: Text, port: Int32) throws(AppError) -> Int32 {
    try AppError.check(host.withText { host in host_net_connect(stream, host, port) })
  }

  /// Binds to a port that the policy allows.
  /// Needs network.
  /// Rate: 30 a second with all of network.
  @discardableResult
  public static func bind(stream: Int32, port: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_net_bind(stream, port))
  }

  /// Accepts connections; each is an event with its handle.
  /// Needs network.
  /// Rate: 30 a second with all of network.
  @discardableResult
  public static func listen(stream: Int32, backlog: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_net_listen(stream, backlog))
  }

  /// Gives the handle and its rings back.
  /// Needs network.
  @discardableResult
  public static func close(stream: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_net_close(stream))
  }

  /// Sends what the guest writes into this ring.
  /// Needs network.
  @discardableResult
  public static func txBind(stream: Int32, ring: Ring) throws(AppError) -> Int32 {
    try AppError.check(host_net_tx_bind(stream, ring.memory.baseAddress, UInt32(truncatingIfNeeded: ring.memory.count)))
  }

  /// Writes what comes into this ring.
  /// Needs network.
  @discardableResult
  public static func rxBind(stream: Int32, ring: Ring) throws(AppError) -> Int32 {
    try AppError.check(host_net_rx_bind(stream, ring.memory.baseAddress, UInt32(truncatingIfNeeded: ring.memory.count)))
  }

  /// Sends what is in the ring now; gives how many messages.
  /// Needs network.
  @discardableResult
  public static func txFlush(stream: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_net_tx_flush(stream))
  }

  /// Takes the next event of 4 bytes. 1: taken, 0: none, and the event is one of type 0.
  /// Needs network.
  @discardableResult
  public static func eventPop(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_net_event_pop(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// The host's address as text, at least 16 bytes; −ENODATA without one.
  /// Needs network.
  @discardableResult
  public static func getIp(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_net_get_ip(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }
}

/// Messages between apps.
public enum Messages {
  /// Queues what is published there; * and # stand for a level and all below.
  /// Needs ipc.
  /// Rate: 200 a second with all of ipc.
  @discardableResult
  public static func subscribe(topic: Text) throws(AppError) -> Int32 {
    try AppError.check(topic.withText { topic in host_msg_subscribe(topic) })
  }

  /// Drops the queue.
  /// Needs ipc.
  /// Rate: 200 a second with all of ipc.
  @discardableResult
  public static func unsubscribe(topic: Text) throws(AppError) -> Int32 {
    try AppError.check(topic.withText { topic in host_msg_unsubscribe(topic) })
  }

  /// 1 to 4,096 bytes, else −EMSGSIZE. Gives the number of subscribers that got it; −EAGAIN when one that must not lose is full.
  /// Needs ipc.
  /// Rate: 200 a second with all of ipc.
  @discardableResult
  public static func publish(topic: Text, data: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(topic.withText { topic in data.withUnsafeBytes { data in host_msg_publish(topic, data.baseAddress, UInt32(truncatingIfNeeded: data.count)) } })
  }

  /// Waits for a message: −1 for ever, 0 not at all. Gives its length, −EAGAIN without one.
  /// Needs ipc.
  /// Rate: 200 a second with all of ipc.
  @discardableResult
  public static func recv(topic: Text, into: inout [UInt8], timeout: Int32) throws(AppError) -> Int32 {
    try AppError.check(topic.withText { topic in into.withUnsafeMutableBytes { into in host_msg_recv(topic, into.baseAddress, UInt32(truncatingIfNeeded: into.count), timeout) } })
  }

  /// The same without waiting.
  /// Needs ipc.
  /// Rate: 200 a second with all of ipc.
  @discardableResult
  public static func tryRecv(topic: Text, into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(topic.withText { topic in into.withUnsafeMutableBytes { into in host_msg_try_recv(topic, into.baseAddress, UInt32(truncatingIfNeeded: into.count)) } })
  }

  /// How many wait; −ENOENT when not subscribed.
  /// Needs ipc.
  /// Rate: 200 a second with all of ipc.
  @discardableResult
  public static func pending(topic: Text) throws(AppError) -> Int32 {
    try AppError.check(topic.withText { topic in host_msg_pending(topic) })
  }
}

/// Apps.
public enum Apps {
  /// 0 new, 1 installed, 2 running, 3 stopped, 4 error, 5 failed; −ENOENT.
  /// Needs app.control or app.info.
  @discardableResult
  public static func getStatus(name: Text) throws(AppError) -> Int32 {
    try AppError.check(name.withText { name in host_app_get_status(name) })
  }

  /// `name:STATE` a line each and a zero byte, whole lines only; gives how many apps there are.
  /// Needs app.control or app.info.
  @discardableResult
  public static func list(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_app_list(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// This app's name and a zero byte; gives its length.
  /// Needs app.control or app.info.
  @discardableResult
  public static func getSelfName(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_app_get_self_name(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// Starts another app.
  /// Needs app.control.
  @discardableResult
  public static func start(name: Text) throws(AppError) -> Int32 {
    try AppError.check(name.withText { name in host_app_start(name) })
  }

  /// Stops another app; this one: −EINVAL.
  /// Needs app.control.
  @discardableResult
  public static func stop(name: Text) throws(AppError) -> Int32 {
    try AppError.check(name.withText { name in host_app_stop(name) })
  }

  /// Stops this app and starts another 200 ms later; the last wish counts.
  /// Needs app.control or app.switch.
  @discardableResult
  public static func `switch`(name: Text) throws(AppError) -> Int32 {
    try AppError.check(name.withText { name in host_app_switch(name) })
  }

  /// 1 and the version that the catalogue offers, else 0.
  /// Needs app.control.
  @discardableResult
  public static func checkUpdate(version: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(version.withUnsafeMutableBytes { version in host_app_check_update(version.baseAddress, UInt32(truncatingIfNeeded: version.count)) })
  }

  /// Installs it; −ENOENT without one.
  /// Needs app.control.
  @discardableResult
  public static func requestUpdate() throws(AppError) -> Int32 {
    try AppError.check(host_app_request_update())
  }

  /// Names of modules in the host's import folder, a line each and a zero byte.
  /// Needs app.control.
  @discardableResult
  public static func sdScanWasm(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_sd_scan_wasm(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// Installs one of them.
  /// Needs app.control.
  @discardableResult
  public static func installFromSd(name: Text) throws(AppError) -> Int32 {
    try AppError.check(name.withText { name in host_app_install_from_sd(name) })
  }

  /// Runs one of them without installing it.
  /// Needs app.control.
  @discardableResult
  public static func runFromSd(name: Text) throws(AppError) -> Int32 {
    try AppError.check(name.withText { name in host_app_run_from_sd(name) })
  }
}

/// Settings.
public enum Settings {
  /// The text with its zero byte; gives its length without it, −ENOENT without one.
  /// Needs settings.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func get(key: Text, into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(key.withText { key in into.withUnsafeMutableBytes { into in host_settings_get(key, into.baseAddress, UInt32(truncatingIfNeeded: into.count)) } })
  }

  /// Kept for this app alone, over restarts.
  /// Needs settings.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func set(key: Text, value: Text) throws(AppError) -> Int32 {
    try AppError.check(key.withText { key in value.withText { value in host_settings_set(key, value) } })
  }

  /// −ENOENT when there is none.
  /// Needs settings.
  /// Rate: 40 a second with all of storage, else it waits.
  @discardableResult
  public static func delete(key: Text) throws(AppError) -> Int32 {
    try AppError.check(key.withText { key in host_settings_delete(key) })
  }
}

/// Cryptography.
public enum Crypto {
  /// At most 65,536 bytes, as everywhere here; more: −EMSGSIZE.
  /// Needs crypto.
  @discardableResult
  public static func sha256(data: Span<UInt8>, digest: inout [UInt8]) throws(AppError) -> Int32 {
    if digest.count < 32 { throw AppError.einval }
    return try AppError.check(data.withUnsafeBytes { data in digest.withUnsafeMutableBytes { digest in host_crypto_sha256(data.baseAddress, UInt32(truncatingIfNeeded: data.count), digest.baseAddress) } })
  }

  /// A key of 1 to 64 bytes.
  /// Needs crypto.
  @discardableResult
  public static func hmacSha256(key: Span<UInt8>, data: Span<UInt8>, digest: inout [UInt8]) throws(AppError) -> Int32 {
    if digest.count < 32 { throw AppError.einval }
    return try AppError.check(key.withUnsafeBytes { key in data.withUnsafeBytes { data in digest.withUnsafeMutableBytes { digest in host_crypto_hmac_sha256(key.baseAddress, UInt32(truncatingIfNeeded: key.count), data.baseAddress, UInt32(truncatingIfNeeded: data.count), digest.baseAddress) } } })
  }

  /// CBC without padding; whole blocks of 16 bytes.
  /// Needs crypto.
  @discardableResult
  public static func aes256Encrypt(key: Span<UInt8>, iv: Span<UInt8>, data: Span<UInt8>, out: inout [UInt8]) throws(AppError) -> Int32 {
    if key.count != 32 { throw AppError.einval }
    if iv.count != 16 { throw AppError.einval }
    if out.count != data.count { throw AppError.einval }
    return try AppError.check(key.withUnsafeBytes { key in iv.withUnsafeBytes { iv in data.withUnsafeBytes { data in out.withUnsafeMutableBytes { out in host_crypto_aes256_encrypt(key.baseAddress, iv.baseAddress, data.baseAddress, UInt32(truncatingIfNeeded: data.count), out.baseAddress) } } } })
  }

  /// CBC without padding; whole blocks of 16 bytes.
  /// Needs crypto.
  @discardableResult
  public static func aes256Decrypt(key: Span<UInt8>, iv: Span<UInt8>, data: Span<UInt8>, out: inout [UInt8]) throws(AppError) -> Int32 {
    if key.count != 32 { throw AppError.einval }
    if iv.count != 16 { throw AppError.einval }
    if out.count != data.count { throw AppError.einval }
    return try AppError.check(key.withUnsafeBytes { key in iv.withUnsafeBytes { iv in data.withUnsafeBytes { data in out.withUnsafeMutableBytes { out in host_crypto_aes256_decrypt(key.baseAddress, iv.baseAddress, data.baseAddress, UInt32(truncatingIfNeeded: data.count), out.baseAddress) } } } })
  }

  /// Any length; the counter block stays as it is.
  /// Needs crypto.
  @discardableResult
  public static func aes256Ctr(key: Span<UInt8>, counter: Span<UInt8>, data: Span<UInt8>, out: inout [UInt8]) throws(AppError) -> Int32 {
    if key.count != 32 { throw AppError.einval }
    if counter.count != 16 { throw AppError.einval }
    if out.count != data.count { throw AppError.einval }
    return try AppError.check(key.withUnsafeBytes { key in counter.withUnsafeBytes { counter in data.withUnsafeBytes { data in out.withUnsafeMutableBytes { out in host_crypto_aes256_ctr(key.baseAddress, counter.baseAddress, data.baseAddress, UInt32(truncatingIfNeeded: data.count), out.baseAddress) } } } })
  }

  /// Random bytes.
  /// Needs crypto.
  @discardableResult
  public static func random(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_crypto_random(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// A new key.
  /// Needs crypto.
  @discardableResult
  public static func ed25519Keygen(seed: inout [UInt8], `public`: inout [UInt8]) throws(AppError) -> Int32 {
    if seed.count < 32 { throw AppError.einval }
    if `public`.count < 32 { throw AppError.einval }
    return try AppError.check(seed.withUnsafeMutableBytes { seed in `public`.withUnsafeMutableBytes { `public` in host_crypto_ed25519_keygen(seed.baseAddress, `public`.baseAddress) } })
  }

  /// Signs.
  /// Needs crypto.
  @discardableResult
  public static func ed25519Sign(seed: Span<UInt8>, message: Span<UInt8>, signature: inout [UInt8]) throws(AppError) -> Int32 {
    if seed.count != 32 { throw AppError.einval }
    if signature.count < 64 { throw AppError.einval }
    return try AppError.check(seed.withUnsafeBytes { seed in message.withUnsafeBytes { message in signature.withUnsafeMutableBytes { signature in host_crypto_ed25519_sign(seed.baseAddress, message.baseAddress, UInt32(truncatingIfNeeded: message.count), signature.baseAddress) } } })
  }

  /// A new key.
  /// Needs crypto.
  @discardableResult
  public static func p256Keygen(`private`: inout [UInt8], `public`: inout [UInt8]) throws(AppError) -> Int32 {
    if `private`.count < 32 { throw AppError.einval }
    if `public`.count < 65 { throw AppError.einval }
    return try AppError.check(`private`.withUnsafeMutableBytes { `private` in `public`.withUnsafeMutableBytes { `public` in host_crypto_p256_keygen(`private`.baseAddress, `public`.baseAddress) } })
  }

  /// Signs SHA-256 of the message: r and s.
  /// Needs crypto.
  @discardableResult
  public static func p256Sign(`private`: Span<UInt8>, message: Span<UInt8>, signature: inout [UInt8]) throws(AppError) -> Int32 {
    if `private`.count != 32 { throw AppError.einval }
    if signature.count < 64 { throw AppError.einval }
    return try AppError.check(`private`.withUnsafeBytes { `private` in message.withUnsafeBytes { message in signature.withUnsafeMutableBytes { signature in host_crypto_p256_sign(`private`.baseAddress, message.baseAddress, UInt32(truncatingIfNeeded: message.count), signature.baseAddress) } } })
  }
}

/// Clock.
public enum RTC {
  /// Seconds since 1970, as 32 bits.
  /// Needs rtc.read.
  public static func getUnixTime() -> Int32 {
    host_rtc_get_unix_time()
  }

  /// Milliseconds since the host started, as 32 bits.
  /// Needs rtc.read.
  public static func getUptimeMs() -> Int32 {
    host_rtc_get_uptime_ms()
  }

  /// 1 once after the alarm's time has come, else 0.
  /// Needs rtc.read.
  @discardableResult
  public static func alarmFired() throws(AppError) -> Int32 {
    try AppError.check(host_rtc_alarm_fired())
  }

  /// Sets the clock that the app sees; the host's stays as it is.
  /// Needs rtc.write.
  @discardableResult
  public static func setUnixTime(seconds: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_rtc_set_unix_time(seconds))
  }

  /// Sets the alarm to seconds since 1970; 0: none.
  /// Needs rtc.write.
  @discardableResult
  public static func setAlarm(seconds: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_rtc_set_alarm(seconds))
  }
}

/// Power.
public enum Power {
  /// 0 active, 1 idle, 2 light sleep, 3 deep sleep, 4 hibernation.
  /// Needs power.read.
  @discardableResult
  public static func getMode() throws(AppError) -> Int32 {
    try AppError.check(host_power_get_mode())
  }

  /// Percent; −ENODEV without a battery.
  /// Needs power.read.
  @discardableResult
  public static func getBatteryLevel() throws(AppError) -> Int32 {
    try AppError.check(host_power_get_battery_level())
  }

  /// 12 bytes: percent, flags (1 charging, 2 low), 2 of nothing, millivolts, milliamperes (positive: charging).
  /// Needs power.read.
  @discardableResult
  public static func getBatteryStatus(status: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(status.withUnsafeMutableBytes { status in host_power_get_battery_status(status.baseAddress, UInt32(truncatingIfNeeded: status.count)) })
  }

  /// Light sleep waits for what wakes the app, −EINVAL without it; deep sleep and hibernation: −ENOTSUP.
  /// Needs power.control.
  @discardableResult
  public static func setMode(mode: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_power_set_mode(mode))
  }

  /// Wakes the app by a pin that it has configured: 0 low, 1 high, 2 any change.
  /// Needs power.control.
  @discardableResult
  public static func wakeOnGpio(pin: Int32, edge: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_power_wake_on_gpio(pin, edge))
  }

  /// Wakes the app that long after it has gone to sleep.
  /// Needs power.control.
  @discardableResult
  public static func wakeOnTimer(milliseconds: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_power_wake_on_timer(milliseconds))
  }

  /// Hint to use less.
  /// Needs power.control.
  @discardableResult
  public static func setLowPower(enabled: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_power_set_low_power(enabled))
  }
}

/// Update of the host.
public enum Update {
  /// 1 when the host could be updated from there (https only), else 0.
  /// Needs ota.trigger.
  @discardableResult
  public static func check(url: Text) throws(AppError) -> Int32 {
    try AppError.check(url.withText { url in host_ota_check(url) })
  }

  /// Fetches, checks and stages an update.
  /// Needs ota.trigger.
  @discardableResult
  public static func fetchAndApply(url: Text) throws(AppError) -> Int32 {
    try AppError.check(url.withText { url in host_ota_fetch_and_apply(url) })
  }

  /// 0 idle, 1 in progress, 2 receiving, 3 validating, 4 installing, 5 complete, 6 error.
  /// Needs ota.trigger.
  @discardableResult
  public static func getState() throws(AppError) -> Int32 {
    try AppError.check(host_ota_get_state())
  }

  /// Keeps what runs now.
  /// Needs ota.trigger.
  @discardableResult
  public static func confirm() throws(AppError) -> Int32 {
    try AppError.check(host_ota_confirm())
  }

  /// Goes back to what ran before.
  /// Needs ota.trigger.
  @discardableResult
  public static func rollback() throws(AppError) -> Int32 {
    try AppError.check(host_ota_rollback())
  }
}

/// MQTT.
public enum MQTT {
  /// −ENODEV without a broker.
  /// Needs mqtt.
  /// Rate: 30 a second with all of network.
  @discardableResult
  public static func publish(topic: Text, data: Span<UInt8>, qos: Int32, retain: Int32) throws(AppError) -> Int32 {
    try AppError.check(topic.withText { topic in data.withUnsafeBytes { data in host_mqtt_publish(topic, data.baseAddress, UInt32(truncatingIfNeeded: data.count), qos, retain) } })
  }

  /// Queues what comes.
  /// Needs mqtt.
  /// Rate: 30 a second with all of network.
  @discardableResult
  public static func subscribe(topic: Text) throws(AppError) -> Int32 {
    try AppError.check(topic.withText { topic in host_mqtt_subscribe(topic) })
  }

  /// Takes the next message; gives its length, −EAGAIN without one.
  /// Needs mqtt.
  @discardableResult
  public static func poll(topic: inout [UInt8], into: inout [UInt8], timeout: Int32) throws(AppError) -> Int32 {
    try AppError.check(topic.withUnsafeMutableBytes { topic in into.withUnsafeMutableBytes { into in host_mqtt_poll(topic.baseAddress, UInt32(truncatingIfNeeded: topic.count), into.baseAddress, UInt32(truncatingIfNeeded: into.count), timeout) } })
  }

  /// 1 or 0.
  /// Needs mqtt.
  @discardableResult
  public static func connected() throws(AppError) -> Int32 {
    try AppError.check(host_mqtt_connected())
  }

  /// Announces a light to home automation.
  /// Needs mqtt.
  /// Rate: 30 a second with all of network.
  @discardableResult
  public static func haLightRegister(id: Text, name: Text) throws(AppError) -> Int32 {
    try AppError.check(id.withText { id in name.withText { name in host_ha_light_register(id, name) } })
  }

  /// Says the light's state.
  /// Needs mqtt.
  /// Rate: 30 a second with all of network.
  @discardableResult
  public static func haLightReport(id: Text, on: Int32, brightness: Int32, red: Int32, green: Int32, blue: Int32) throws(AppError) -> Int32 {
    try AppError.check(id.withText { id in host_ha_light_report(id, on, brightness, red, green, blue) })
  }

  /// Takes what is wanted of the light: 1 whether it is on, 2 its brightness, 4 its colour, added up; 0: nothing. What is not wanted is left as it was.
  /// Needs mqtt.
  @discardableResult
  public static func haLightPoll(id: Text, on: inout Int32, brightness: inout Int32, red: inout Int32, green: inout Int32, blue: inout Int32, timeout: Int32) throws(AppError) -> Int32 {
    try AppError.check(id.withText { id in host_ha_light_poll(id, &on, &brightness, &red, &green, &blue, timeout) })
  }
}

/// HID.
public enum HID {
  /// Begins as a keyboard (1), gamepad (2), mouse (4) or several.
  /// Needs hid.
  @discardableResult
  public static func begin(transport: Int32, types: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_init(transport, types))
  }

  /// 0 none, 1 BLE, 2 USB, 3 simulated.
  /// Needs hid.
  @discardableResult
  public static func setTransport(transport: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_set_transport(transport))
  }

  /// Keyboard 1, gamepad 2, mouse 4.
  /// Needs hid.
  @discardableResult
  public static func setDeviceTypes(types: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_set_device_types(types))
  }

  /// Connects.
  /// Needs hid.
  @discardableResult
  public static func enable() throws(AppError) -> Int32 {
    try AppError.check(host_hid_enable())
  }

  /// Disconnects; every key is released.
  /// Needs hid.
  @discardableResult
  public static func disable() throws(AppError) -> Int32 {
    try AppError.check(host_hid_disable())
  }

  /// 1 or 0.
  /// Needs hid.
  @discardableResult
  public static func isConnected() throws(AppError) -> Int32 {
    try AppError.check(host_hid_is_connected())
  }

  /// A usage of the keyboard page; at most 6 at once.
  /// Needs hid.
  @discardableResult
  public static func keyPress(key: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_key_press(key))
  }

  /// Releases it.
  /// Needs hid.
  @discardableResult
  public static func keyRelease(key: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_key_release(key))
  }

  /// Releases all.
  /// Needs hid.
  @discardableResult
  public static func keyReleaseAll() throws(AppError) -> Int32 {
    try AppError.check(host_hid_key_release_all())
  }

  /// A bit for each of control, shift, alt, GUI, left and right.
  /// Needs hid.
  @discardableResult
  public static func setModifiers(modifiers: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_set_modifiers(modifiers))
  }

  /// Presses and releases the keys of a US keyboard.
  /// Needs hid.
  @discardableResult
  public static func typeString(text: Text) throws(AppError) -> Int32 {
    try AppError.check(text.withText { text in host_hid_type_string(text) })
  }

  /// Steps of −127 to 127; larger moves are several reports.
  /// Needs hid.
  @discardableResult
  public static func mouseMove(x: Int32, y: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_mouse_move(x, y))
  }

  /// Presses buttons: 1 left, 2 right, 4 middle, 8 back, 16 forward.
  /// Needs hid.
  @discardableResult
  public static func mouseBtnPress(buttons: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_mouse_btn_press(buttons))
  }

  /// Releases them.
  /// Needs hid.
  @discardableResult
  public static func mouseBtnRelease(buttons: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_mouse_btn_release(buttons))
  }

  /// Turns the wheel.
  /// Needs hid.
  @discardableResult
  public static func mouseScroll(steps: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_mouse_scroll(steps))
  }

  /// Presses buttons, a bit for each: A, B, X, Y, LB, RB, BACK, START, HOME, L3, R3; 0x1000 to 0x8000 the pad.
  /// Needs hid.
  @discardableResult
  public static func gamepadPress(buttons: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_gamepad_press(buttons))
  }

  /// Releases them.
  /// Needs hid.
  @discardableResult
  public static func gamepadRelease(buttons: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_gamepad_release(buttons))
  }

  /// Moves an axis, 0 to 5, to a number of 16 bits.
  /// Needs hid.
  @discardableResult
  public static func gamepadSetAxis(axis: Int32, value: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_gamepad_set_axis(axis, value))
  }

  /// 0 centre, 1 to 8 clockwise from up.
  /// Needs hid.
  @discardableResult
  public static func gamepadSetDpad(direction: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_gamepad_set_dpad(direction))
  }

  /// Everything at rest.
  /// Needs hid.
  @discardableResult
  public static func gamepadReset() throws(AppError) -> Int32 {
    try AppError.check(host_hid_gamepad_reset())
  }

  /// The whole state at once.
  /// Needs hid.
  @discardableResult
  public static func gamepadSendReport(buttons: Int32, x: Int32, y: Int32, z: Int32, rx: Int32, ry: Int32, rz: Int32, dpad: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_gamepad_send_report(buttons, x, y, z, rx, ry, rz, dpad))
  }

  /// A media key, pressed and released.
  /// Needs hid.
  @discardableResult
  public static func consumerSend(usage: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_hid_consumer_send(usage))
  }

  /// A report of at most 64 bytes.
  /// Needs hid.
  @discardableResult
  public static func sendRawReport(id: Int32, data: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(data.withUnsafeBytes { data in host_hid_send_raw_report(id, data.baseAddress, UInt32(truncatingIfNeeded: data.count)) })
  }

  /// Takes the next output report; 0 without one.
  /// Needs hid.
  @discardableResult
  public static func rawRecv(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_hid_raw_recv(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// A FIDO report of at most 64 bytes, filled up to 64.
  /// Needs hid.
  @discardableResult
  public static func fidoSend(data: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(data.withUnsafeBytes { data in host_hid_fido_send(data.baseAddress, UInt32(truncatingIfNeeded: data.count)) })
  }

  /// Takes the next FIDO report; 0 without one.
  /// Needs hid.
  @discardableResult
  public static func fidoRecv(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_hid_fido_recv(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// A named sequence of at most 8 actions of 4 bytes: kind (1 key, 2 media key, 3 mouse, 4 gamepad), modifiers or mouse buttons, and 16 bits of key or gamepad buttons.
  /// Needs hid.
  @discardableResult
  public static func actionRegister(name: Text, actions: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(name.withText { name in actions.withUnsafeBytes { actions in host_hid_action_register(name, actions.baseAddress, UInt32(truncatingIfNeeded: actions.count)) } })
  }

  /// Plays it.
  /// Needs hid.
  @discardableResult
  public static func actionTrigger(name: Text) throws(AppError) -> Int32 {
    try AppError.check(name.withText { name in host_hid_action_trigger(name) })
  }
}

/// Bluetooth Low Energy.
public enum BLE {
  /// Switches the device on; −EBUSY while HID is on.
  /// Needs ble.
  @discardableResult
  public static func begin() throws(AppError) -> Int32 {
    try AppError.check(host_ble_init())
  }

  /// Switches it off; services are gone.
  /// Needs ble.
  @discardableResult
  public static func end() throws(AppError) -> Int32 {
    try AppError.check(host_ble_deinit())
  }

  /// At most 29 bytes.
  /// Needs ble.
  @discardableResult
  public static func setLocalName(name: Text) throws(AppError) -> Int32 {
    try AppError.check(name.withText { name in host_ble_set_local_name(name) })
  }

  /// Gives the service's number; at most 4.
  /// Needs ble.
  @discardableResult
  public static func serviceCreate(uuid: Text) throws(AppError) -> Int32 {
    try AppError.check(uuid.withText { uuid in host_ble_service_create(uuid) })
  }

  /// Gives the characteristic's number; at most 8, of at most 64 bytes.
  /// Needs ble.
  @discardableResult
  public static func charCreate(uuid: Text, properties: Int32, size: Int32) throws(AppError) -> Int32 {
    try AppError.check(uuid.withText { uuid in host_ble_char_create(uuid, properties, size) })
  }

  /// Puts it into a service that is not added yet.
  /// Needs ble.
  @discardableResult
  public static func serviceAddChar(service: Int32, characteristic: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_ble_service_add_char(service, characteristic))
  }

  /// Offers it.
  /// Needs ble.
  @discardableResult
  public static func addService(service: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_ble_add_service(service))
  }

  /// Names it while advertising.
  /// Needs ble.
  @discardableResult
  public static func setAdvertisedService(service: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_ble_set_advertised_service(service))
  }

  /// Begins to advertise.
  /// Needs ble.
  @discardableResult
  public static func advertise() throws(AppError) -> Int32 {
    try AppError.check(host_ble_advertise())
  }

  /// Ends it.
  /// Needs ble.
  @discardableResult
  public static func stopAdvertise() throws(AppError) -> Int32 {
    try AppError.check(host_ble_stop_advertise())
  }

  /// 1 or 0.
  /// Needs ble.
  @discardableResult
  public static func isConnected() throws(AppError) -> Int32 {
    try AppError.check(host_ble_is_connected())
  }

  /// Sets the value and notifies.
  /// Needs ble.
  @discardableResult
  public static func charWrite(characteristic: Int32, data: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(data.withUnsafeBytes { data in host_ble_char_write(characteristic, data.baseAddress, UInt32(truncatingIfNeeded: data.count)) })
  }

  /// Gives the value's length.
  /// Needs ble.
  @discardableResult
  public static func charRead(characteristic: Int32, into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_ble_char_read(characteristic, into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// Takes the next event: type, characteristic, length (16 bits), data. Gives its length, 0 without one; the event is then one of type 0.
  /// Needs ble.
  @discardableResult
  public static func eventPop(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_ble_event_pop(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// Listens for advertisements.
  /// Needs ble.scan.
  @discardableResult
  public static func scanStart(milliseconds: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_ble_scan_start(milliseconds))
  }

  /// Ends it.
  /// Needs ble.scan.
  @discardableResult
  public static func scanStop() throws(AppError) -> Int32 {
    try AppError.check(host_ble_scan_stop())
  }

  /// Takes the next advertisement: address (6 bytes), signal, length, data. Gives its length, 0 without one.
  /// Needs ble.scan.
  @discardableResult
  public static func scanPop(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_ble_scan_pop(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// Needs ble.spam.
  /// Refused by policy: ENOTSUP.
  @discardableResult
  public static func spamStart(kind: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_ble_spam_start(kind))
  }

  /// Needs ble.spam.
  /// Refused by policy: ENOTSUP.
  @discardableResult
  public static func spamStop() throws(AppError) -> Int32 {
    try AppError.check(host_ble_spam_stop())
  }
}

/// Radio.
public enum Radio {
  /// Chooses a radio.
  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func select(chip: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_rf_select(chip))
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func setFrequency(hertz: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_rf_set_frequency(hertz))
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func setPower(dbm: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_rf_set_power(dbm))
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func setModulation(modulation: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_rf_set_modulation(modulation))
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func setBandwidth(bandwidth: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_rf_set_bandwidth(bandwidth))
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func setCodingRate(rate: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_rf_set_coding_rate(rate))
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func setSpreadingFactor(factor: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_rf_set_spreading_factor(factor))
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func setBitrate(bitrate: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_rf_set_bitrate(bitrate))
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func setSyncWord(word: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_rf_set_sync_word(word))
  }

  /// Signal strength.
  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  public static func getRssi() -> Int32 {
    host_rf_get_rssi()
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func send(data: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(data.withUnsafeBytes { data in host_rf_send(data.baseAddress, UInt32(truncatingIfNeeded: data.count)) })
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func receive(into: inout [UInt8], timeout: Int32) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_rf_receive(into.baseAddress, UInt32(truncatingIfNeeded: into.count), timeout) })
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func recvPop(into: inout [UInt8], timeout: Int32) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_rf_recv_pop(into.baseAddress, UInt32(truncatingIfNeeded: into.count), timeout) })
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func rawCapture(into: inout [UInt8], timeout: Int32, rate: Int32) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_rf_raw_capture(into.baseAddress, UInt32(truncatingIfNeeded: into.count), timeout, rate) })
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// Refused by policy: ENOTSUP.
  @discardableResult
  public static func rawReplay(data: Span<UInt8>, count: Int32, rate: Int32) throws(AppError) -> Int32 {
    try AppError.check(data.withUnsafeBytes { data in host_rf_raw_replay(data.baseAddress, UInt32(truncatingIfNeeded: data.count), count, rate) })
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// Refused by policy: ENOTSUP.
  @discardableResult
  public static func txCwStart() throws(AppError) -> Int32 {
    try AppError.check(host_rf_tx_cw_start())
  }

  /// Needs rf.transceive.
  /// Rate: 20 a second with all of rf.
  /// Refused by policy: ENOTSUP.
  @discardableResult
  public static func txCwStop() throws(AppError) -> Int32 {
    try AppError.check(host_rf_tx_cw_stop())
  }
}

/// Wi-Fi, raw.
public enum WiFi {
  /// Needs wifi.inject.
  /// Refused by policy: ENOTSUP.
  @discardableResult
  public static func deauth(station: Span<UInt8>, access: Span<UInt8>, channel: Int32, count: Int32, reason: Int32) throws(AppError) -> Int32 {
    if station.count != 6 { throw AppError.einval }
    if access.count != 6 { throw AppError.einval }
    return try AppError.check(station.withUnsafeBytes { station in access.withUnsafeBytes { access in host_wifi_deauth(station.baseAddress, access.baseAddress, channel, count, reason) } })
  }

  /// Access points.
  /// Needs wifi.inject.
  /// Refused by policy: ENOTSUP.
  @discardableResult
  public static func scanAps(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_wifi_scan_aps(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// Signal strengths.
  /// Needs wifi.inject.
  /// Refused by policy: ENOTSUP.
  @discardableResult
  public static func scanRssi(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_wifi_scan_rssi(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// Needs wifi.inject.
  /// Refused by policy: ENOTSUP.
  @discardableResult
  public static func capturePmkid(access: Span<UInt8>, into: inout [UInt8]) throws(AppError) -> Int32 {
    if access.count != 6 { throw AppError.einval }
    return try AppError.check(access.withUnsafeBytes { access in into.withUnsafeMutableBytes { into in host_wifi_capture_pmkid(access.baseAddress, into.baseAddress, UInt32(truncatingIfNeeded: into.count)) } })
  }

  /// Needs wifi.inject.
  /// Refused by policy: ENOTSUP.
  @discardableResult
  public static func scanClients(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_wifi_scan_clients(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }
}

/// Inference.
public enum Inference {
  /// Loads a model; gives 0 to 3.
  /// Needs ai.infer.
  /// Not built on this host: ENOSYS.
  @discardableResult
  public static func load(model: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(model.withUnsafeBytes { model in host_aiinfer_load(model.baseAddress, UInt32(truncatingIfNeeded: model.count)) })
  }

  /// Runs it.
  /// Needs ai.infer.
  /// Not built on this host: ENOSYS.
  @discardableResult
  public static func run(model: Int32, input: Span<UInt8>, output: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(input.withUnsafeBytes { input in output.withUnsafeMutableBytes { output in host_aiinfer_run(model, input.baseAddress, UInt32(truncatingIfNeeded: input.count), output.baseAddress, UInt32(truncatingIfNeeded: output.count)) } })
  }

  /// Gives it back.
  /// Needs ai.infer.
  /// Not built on this host: ENOSYS.
  @discardableResult
  public static func unload(model: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_aiinfer_unload(model))
  }
}

/// Matter.
public enum Matter {
  /// Needs matter.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func commission(code: Text, into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(code.withText { code in into.withUnsafeMutableBytes { into in host_matter_commission(code, into.baseAddress, UInt32(truncatingIfNeeded: into.count)) } })
  }

  /// Needs matter.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func endpointAdd(kind: Int32, descriptor: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(descriptor.withUnsafeBytes { descriptor in host_matter_endpoint_add(kind, descriptor.baseAddress, UInt32(truncatingIfNeeded: descriptor.count)) })
  }

  /// Needs matter.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func getPairing(code: inout [UInt8], into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(code.withUnsafeMutableBytes { code in into.withUnsafeMutableBytes { into in host_matter_get_pairing(code.baseAddress, UInt32(truncatingIfNeeded: code.count), into.baseAddress, UInt32(truncatingIfNeeded: into.count)) } })
  }

  /// Needs matter.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func openPairing(seconds: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_matter_open_pairing(seconds))
  }

  /// Needs matter.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func reportAttr(endpoint: Int32, cluster: Int32, attribute: Int32, value: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(value.withUnsafeBytes { value in host_matter_report_attr(endpoint, cluster, attribute, value.baseAddress, UInt32(truncatingIfNeeded: value.count)) })
  }

  /// Needs matter.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func send(node: Span<UInt8>, command: Span<UInt8>, timeout: Int32) throws(AppError) -> Int32 {
    try AppError.check(node.withUnsafeBytes { node in command.withUnsafeBytes { command in host_matter_send(node.baseAddress, UInt32(truncatingIfNeeded: node.count), command.baseAddress, UInt32(truncatingIfNeeded: command.count), timeout) } })
  }

  /// Needs matter.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func subscribe(path: Span<UInt8>, interval: Int32) throws(AppError) -> Int32 {
    try AppError.check(path.withUnsafeBytes { path in host_matter_subscribe(path.baseAddress, UInt32(truncatingIfNeeded: path.count), interval) })
  }

  /// Needs matter.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func poll(node: inout [UInt8], path: inout Int32, kind: Int32, into: inout [UInt8], size: Int32, timeout: Int32) throws(AppError) -> Int32 {
    try AppError.check(node.withUnsafeMutableBytes { node in into.withUnsafeMutableBytes { into in host_matter_poll(node.baseAddress, UInt32(truncatingIfNeeded: node.count), &path, kind, into.baseAddress, UInt32(truncatingIfNeeded: into.count), size, timeout) } })
  }

  /// Needs matter.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func cmdPoll(endpoint: inout Int32, cluster: inout Int32, command: inout Int32, into: inout [UInt8], timeout: Int32) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_matter_cmd_poll(&endpoint, &cluster, &command, into.baseAddress, UInt32(truncatingIfNeeded: into.count), timeout) })
  }
}

/// Mesh.
public enum Mesh {
  /// Needs mesh.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func begin(chip: Int32, key: Text, channel: Int32, power: Int32) throws(AppError) -> Int32 {
    try AppError.check(key.withText { key in host_mesh_init(chip, key, channel, power) })
  }

  /// Needs mesh.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func start() throws(AppError) -> Int32 {
    try AppError.check(host_mesh_start())
  }

  /// Needs mesh.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func stop() throws(AppError) -> Int32 {
    try AppError.check(host_mesh_stop())
  }

  /// Needs mesh.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func send(destination: Span<UInt8>, data: Span<UInt8>) throws(AppError) -> Int32 {
    if destination.count != 8 { throw AppError.einval }
    return try AppError.check(destination.withUnsafeBytes { destination in data.withUnsafeBytes { data in host_mesh_send(destination.baseAddress, data.baseAddress, UInt32(truncatingIfNeeded: data.count)) } })
  }

  /// Needs mesh.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func broadcast(data: Span<UInt8>, hops: Int32) throws(AppError) -> Int32 {
    try AppError.check(data.withUnsafeBytes { data in host_mesh_broadcast(data.baseAddress, UInt32(truncatingIfNeeded: data.count), hops) })
  }

  /// Needs mesh.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func recvPop(source: inout [UInt8], into: inout [UInt8], timeout: Int32) throws(AppError) -> Int32 {
    if source.count < 8 { throw AppError.einval }
    return try AppError.check(source.withUnsafeMutableBytes { source in into.withUnsafeMutableBytes { into in host_mesh_recv_pop(source.baseAddress, into.baseAddress, UInt32(truncatingIfNeeded: into.count), timeout) } })
  }

  /// Needs mesh.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func getNodes(into: inout Int32, count: Int32) throws(AppError) -> Int32 {
    try AppError.check(host_mesh_get_nodes(&into, count))
  }

  /// Needs mesh.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func getStats(into: inout Int32) throws(AppError) -> Int32 {
    try AppError.check(host_mesh_get_stats(&into))
  }

  /// Needs mesh.
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func distributeApp(destination: Span<UInt8>, name: Text, module: Span<UInt8>) throws(AppError) -> Int32 {
    if destination.count != 8 { throw AppError.einval }
    return try AppError.check(destination.withUnsafeBytes { destination in name.withText { name in module.withUnsafeBytes { module in host_mesh_distribute_app(destination.baseAddress, name, module.baseAddress, UInt32(truncatingIfNeeded: module.count)) } } })
  }
}

/// NFC.
public enum NFC {
  /// No such device on this host: ENODEV.
  @discardableResult
  public static func uid(uid: inout [UInt8]) throws(AppError) -> Int32 {
    if uid.count < 8 { throw AppError.einval }
    return try AppError.check(uid.withUnsafeMutableBytes { uid in host_nfc_uid(uid.baseAddress) })
  }

  /// No such device on this host: ENODEV.
  @discardableResult
  public static func read(address: Int32, into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_nfc_read(address, into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// No such device on this host: ENODEV.
  @discardableResult
  public static func write(address: Int32, data: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(data.withUnsafeBytes { data in host_nfc_write(address, data.baseAddress, UInt32(truncatingIfNeeded: data.count)) })
  }

  /// No such device on this host: ENODEV.
  @discardableResult
  public static func fieldPresent() throws(AppError) -> Int32 {
    try AppError.check(host_nfc_field_present())
  }

  /// No such device on this host: ENODEV.
  @discardableResult
  public static func mbEnable() throws(AppError) -> Int32 {
    try AppError.check(host_nfc_mb_enable())
  }

  /// No such device on this host: ENODEV.
  @discardableResult
  public static func mbPut(data: Span<UInt8>) throws(AppError) -> Int32 {
    try AppError.check(data.withUnsafeBytes { data in host_nfc_mb_put(data.baseAddress, UInt32(truncatingIfNeeded: data.count)) })
  }

  /// No such device on this host: ENODEV.
  @discardableResult
  public static func mbGet(into: inout [UInt8]) throws(AppError) -> Int32 {
    try AppError.check(into.withUnsafeMutableBytes { into in host_nfc_mb_get(into.baseAddress, UInt32(truncatingIfNeeded: into.count)) })
  }

  /// No such device on this host: ENODEV.
  @discardableResult
  public static func mbStatus() throws(AppError) -> Int32 {
    try AppError.check(host_nfc_mb_status())
  }
}

// MARK: Imports

@_extern(wasm, module: "env", name: "delay") @_extern(c)
func host_delay(_ microseconds: Int32) -> Int32

@_extern(wasm, module: "env", name: "printf_native") @_extern(c)
func host_printf_native(_ text: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "akira_log", name: "log_debug") @_extern(c)
func host_log_debug(_ text: UnsafePointer<CChar>?)

@_extern(wasm, module: "akira_log", name: "log_info") @_extern(c)
func host_log_info(_ text: UnsafePointer<CChar>?)

@_extern(wasm, module: "akira_log", name: "log_error") @_extern(c)
func host_log_error(_ text: UnsafePointer<CChar>?)

@_extern(wasm, module: "akira_time", name: "get_time_ms") @_extern(c)
func host_get_time_ms() -> Int64

@_extern(wasm, module: "akira_time", name: "sleep_ms") @_extern(c)
func host_sleep_ms(_ milliseconds: Int32) -> Int32

@_extern(wasm, module: "env", name: "mem_alloc") @_extern(c)
func host_mem_alloc(_ size: UInt32) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "mem_free") @_extern(c)
func host_mem_free(_ address: UnsafeMutableRawPointer?)

@_extern(wasm, module: "env", name: "timer_create") @_extern(c)
func host_timer_create() -> Int32

@_extern(wasm, module: "env", name: "timer_start") @_extern(c)
func host_timer_start(_ timer: Int32) -> Int32

@_extern(wasm, module: "env", name: "timer_stop") @_extern(c)
func host_timer_stop(_ timer: Int32) -> Int32

@_extern(wasm, module: "env", name: "timer_elapsed") @_extern(c)
func host_timer_elapsed(_ timer: Int32) -> Int32

@_extern(wasm, module: "env", name: "timer_free") @_extern(c)
func host_timer_free(_ timer: Int32) -> Int32

@_extern(wasm, module: "env", name: "rtc_get_unix_time") @_extern(c)
func host_rtc_get_unix_time() -> Int32

@_extern(wasm, module: "env", name: "rtc_get_uptime_ms") @_extern(c)
func host_rtc_get_uptime_ms() -> Int32

@_extern(wasm, module: "env", name: "rtc_alarm_fired") @_extern(c)
func host_rtc_alarm_fired() -> Int32

@_extern(wasm, module: "env", name: "rtc_set_unix_time") @_extern(c)
func host_rtc_set_unix_time(_ seconds: Int32) -> Int32

@_extern(wasm, module: "env", name: "rtc_set_alarm") @_extern(c)
func host_rtc_set_alarm(_ seconds: Int32) -> Int32

@_extern(wasm, module: "env", name: "wdt_pet") @_extern(c)
func host_wdt_pet() -> Int32

@_extern(wasm, module: "env", name: "display_clear") @_extern(c)
func host_display_clear(_ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_pixel") @_extern(c)
func host_display_pixel(_ x: Int32, _ y: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_rect") @_extern(c)
func host_display_rect(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_rect_outline") @_extern(c)
func host_display_rect_outline(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_line") @_extern(c)
func host_display_line(_ x0: Int32, _ y0: Int32, _ x1: Int32, _ y1: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_hline") @_extern(c)
func host_display_hline(_ x: Int32, _ y: Int32, _ length: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_vline") @_extern(c)
func host_display_vline(_ x: Int32, _ y: Int32, _ length: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_circle") @_extern(c)
func host_display_circle(_ x: Int32, _ y: Int32, _ radius: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_circle_fill") @_extern(c)
func host_display_circle_fill(_ x: Int32, _ y: Int32, _ radius: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_rounded_rect") @_extern(c)
func host_display_rounded_rect(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, _ radius: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_rounded_rect_fill") @_extern(c)
func host_display_rounded_rect_fill(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, _ radius: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_triangle") @_extern(c)
func host_display_triangle(_ x0: Int32, _ y0: Int32, _ x1: Int32, _ y1: Int32, _ x2: Int32, _ y2: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_triangle_fill") @_extern(c)
func host_display_triangle_fill(_ x0: Int32, _ y0: Int32, _ x1: Int32, _ y1: Int32, _ x2: Int32, _ y2: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_text") @_extern(c)
func host_display_text(_ x: Int32, _ y: Int32, _ text: UnsafePointer<CChar>?, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_text_large") @_extern(c)
func host_display_text_large(_ x: Int32, _ y: Int32, _ text: UnsafePointer<CChar>?, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_text_huge") @_extern(c)
func host_display_text_huge(_ x: Int32, _ y: Int32, _ text: UnsafePointer<CChar>?, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_number") @_extern(c)
func host_display_number(_ x: Int32, _ y: Int32, _ value: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_bitmap") @_extern(c)
func host_display_bitmap(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, _ pixels: UnsafeRawPointer?, _ pixelsSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "display_bitmap_transparent") @_extern(c)
func host_display_bitmap_transparent(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, _ pixels: UnsafeRawPointer?, _ pixelsSize: UInt32, _ key: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_raw_write") @_extern(c)
func host_display_raw_write(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, _ pixels: UnsafeRawPointer?, _ pixelsSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "display_raw_write_async") @_extern(c)
func host_display_raw_write_async(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, _ pixels: UnsafeRawPointer?, _ pixelsSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "display_raw_wait") @_extern(c)
func host_display_raw_wait() -> Int32

@_extern(wasm, module: "env", name: "display_progress_bar") @_extern(c)
func host_display_progress_bar(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, _ value: Int32, _ maximum: Int32, _ color: Int32, _ background: Int32) -> Int32

@_extern(wasm, module: "env", name: "display_flush") @_extern(c)
func host_display_flush() -> Int32

@_extern(wasm, module: "env", name: "display_get_size") @_extern(c)
func host_display_get_size(_ width: UnsafeMutablePointer<Int32>?, _ height: UnsafeMutablePointer<Int32>?) -> Int32

@_extern(wasm, module: "env", name: "display_get_width") @_extern(c)
func host_display_get_width() -> Int32

@_extern(wasm, module: "env", name: "display_get_height") @_extern(c)
func host_display_get_height() -> Int32

@_extern(wasm, module: "env", name: "input_get_buttons") @_extern(c)
func host_input_get_buttons() -> Int32

@_extern(wasm, module: "env", name: "input_poll_event") @_extern(c)
func host_input_poll_event(_ event: UnsafeMutableRawPointer?, _ eventSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "input_poll_event") @_extern(c)
func host_input_poll_event_alt(_ event: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "input_get_dial") @_extern(c)
func host_input_get_dial() -> Int32

@_extern(wasm, module: "env", name: "gpio_configure") @_extern(c)
func host_gpio_configure(_ pin: Int32, _ flags: Int32) -> Int32

@_extern(wasm, module: "env", name: "gpio_read") @_extern(c)
func host_gpio_read(_ pin: Int32) -> Int32

@_extern(wasm, module: "env", name: "gpio_write") @_extern(c)
func host_gpio_write(_ pin: Int32, _ value: Int32) -> Int32

@_extern(wasm, module: "env", name: "sensor_read") @_extern(c)
func host_sensor_read(_ channel: Int32) -> Int32

@_extern(wasm, module: "env", name: "uart_open") @_extern(c)
func host_uart_open(_ port: Int32, _ baud: Int32) -> Int32

@_extern(wasm, module: "env", name: "uart_write") @_extern(c)
func host_uart_write(_ uart: Int32, _ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "uart_read") @_extern(c)
func host_uart_read(_ uart: Int32, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "uart_close") @_extern(c)
func host_uart_close(_ uart: Int32) -> Int32

@_extern(wasm, module: "env", name: "i2c_read_reg") @_extern(c)
func host_i2c_read_reg(_ bus: Int32, _ address: Int32, _ register: Int32, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "i2c_write_reg") @_extern(c)
func host_i2c_write_reg(_ bus: Int32, _ address: Int32, _ register: Int32, _ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "pwm_set") @_extern(c)
func host_pwm_set(_ channel: Int32, _ hertz: Int32, _ percent: Int32) -> Int32

@_extern(wasm, module: "env", name: "pwm_disable") @_extern(c)
func host_pwm_disable(_ channel: Int32) -> Int32

@_extern(wasm, module: "env", name: "adc_read") @_extern(c)
func host_adc_read(_ channel: Int32) -> Int32

@_extern(wasm, module: "env", name: "adc_read_mv") @_extern(c)
func host_adc_read_mv(_ channel: Int32) -> Int32

@_extern(wasm, module: "env", name: "power_get_mode") @_extern(c)
func host_power_get_mode() -> Int32

@_extern(wasm, module: "env", name: "power_get_battery_level") @_extern(c)
func host_power_get_battery_level() -> Int32

@_extern(wasm, module: "env", name: "power_get_battery_status") @_extern(c)
func host_power_get_battery_status(_ status: UnsafeMutableRawPointer?, _ statusSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "power_set_mode") @_extern(c)
func host_power_set_mode(_ mode: Int32) -> Int32

@_extern(wasm, module: "env", name: "power_wake_on_gpio") @_extern(c)
func host_power_wake_on_gpio(_ pin: Int32, _ edge: Int32) -> Int32

@_extern(wasm, module: "env", name: "power_wake_on_timer") @_extern(c)
func host_power_wake_on_timer(_ milliseconds: Int32) -> Int32

@_extern(wasm, module: "env", name: "power_set_low_power") @_extern(c)
func host_power_set_low_power(_ enabled: Int32) -> Int32

@_extern(wasm, module: "env", name: "storage_open") @_extern(c)
func host_storage_open(_ path: UnsafePointer<CChar>?, _ mode: Int32) -> Int32

@_extern(wasm, module: "env", name: "storage_read") @_extern(c)
func host_storage_read(_ file: Int32, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "storage_write") @_extern(c)
func host_storage_write(_ file: Int32, _ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "storage_close") @_extern(c)
func host_storage_close(_ file: Int32)

@_extern(wasm, module: "env", name: "storage_delete") @_extern(c)
func host_storage_delete(_ path: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "storage_list") @_extern(c)
func host_storage_list(_ path: UnsafePointer<CChar>?, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "fs_open") @_extern(c)
func host_fs_open(_ path: UnsafePointer<CChar>?, _ flags: Int32) -> Int32

@_extern(wasm, module: "env", name: "fs_close") @_extern(c)
func host_fs_close(_ file: Int32) -> Int32

@_extern(wasm, module: "env", name: "fs_read") @_extern(c)
func host_fs_read(_ file: Int32, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "fs_write") @_extern(c)
func host_fs_write(_ file: Int32, _ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "fs_seek") @_extern(c)
func host_fs_seek(_ file: Int32, _ offset: Int32, _ whence: Int32) -> Int32

@_extern(wasm, module: "env", name: "fs_tell") @_extern(c)
func host_fs_tell(_ file: Int32) -> Int32

@_extern(wasm, module: "env", name: "fs_stat") @_extern(c)
func host_fs_stat(_ path: UnsafePointer<CChar>?, _ status: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "fs_unlink") @_extern(c)
func host_fs_unlink(_ path: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "fs_mkdir") @_extern(c)
func host_fs_mkdir(_ path: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "fs_readdir") @_extern(c)
func host_fs_readdir(_ path: UnsafePointer<CChar>?, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "settings_get") @_extern(c)
func host_settings_get(_ key: UnsafePointer<CChar>?, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "settings_set") @_extern(c)
func host_settings_set(_ key: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "settings_delete") @_extern(c)
func host_settings_delete(_ key: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "net_open") @_extern(c)
func host_net_open(_ kind: Int32) -> Int32

@_extern(wasm, module: "env", name: "net_connect") @_extern(c)
func host_net_connect(_ stream: Int32, _ host: UnsafePointer<CChar>?, _ port: Int32) -> Int32

@_extern(wasm, module: "env", name: "net_bind") @_extern(c)
func host_net_bind(_ stream: Int32, _ port: Int32) -> Int32

@_extern(wasm, module: "env", name: "net_listen") @_extern(c)
func host_net_listen(_ stream: Int32, _ backlog: Int32) -> Int32

@_extern(wasm, module: "env", name: "net_close") @_extern(c)
func host_net_close(_ stream: Int32) -> Int32

@_extern(wasm, module: "env", name: "net_tx_bind") @_extern(c)
func host_net_tx_bind(_ stream: Int32, _ ring: UnsafeMutableRawPointer?, _ ringSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "net_rx_bind") @_extern(c)
func host_net_rx_bind(_ stream: Int32, _ ring: UnsafeMutableRawPointer?, _ ringSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "net_tx_flush") @_extern(c)
func host_net_tx_flush(_ stream: Int32) -> Int32

@_extern(wasm, module: "env", name: "net_event_pop") @_extern(c)
func host_net_event_pop(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "net_get_ip") @_extern(c)
func host_net_get_ip(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "msg_subscribe") @_extern(c)
func host_msg_subscribe(_ topic: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "msg_unsubscribe") @_extern(c)
func host_msg_unsubscribe(_ topic: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "msg_publish") @_extern(c)
func host_msg_publish(_ topic: UnsafePointer<CChar>?, _ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "msg_recv") @_extern(c)
func host_msg_recv(_ topic: UnsafePointer<CChar>?, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32, _ timeout: Int32) -> Int32

@_extern(wasm, module: "env", name: "msg_try_recv") @_extern(c)
func host_msg_try_recv(_ topic: UnsafePointer<CChar>?, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "msg_pending") @_extern(c)
func host_msg_pending(_ topic: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "mqtt_publish") @_extern(c)
func host_mqtt_publish(_ topic: UnsafePointer<CChar>?, _ data: UnsafeRawPointer?, _ dataSize: UInt32, _ qos: Int32, _ retain: Int32) -> Int32

@_extern(wasm, module: "env", name: "mqtt_subscribe") @_extern(c)
func host_mqtt_subscribe(_ topic: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "mqtt_poll") @_extern(c)
func host_mqtt_poll(_ topic: UnsafeMutableRawPointer?, _ topicSize: UInt32, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32, _ timeout: Int32) -> Int32

@_extern(wasm, module: "env", name: "mqtt_connected") @_extern(c)
func host_mqtt_connected() -> Int32

@_extern(wasm, module: "env", name: "ha_light_register") @_extern(c)
func host_ha_light_register(_ id: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "ha_light_report") @_extern(c)
func host_ha_light_report(_ id: UnsafePointer<CChar>?, _ on: Int32, _ brightness: Int32, _ red: Int32, _ green: Int32, _ blue: Int32) -> Int32

@_extern(wasm, module: "env", name: "ha_light_poll") @_extern(c)
func host_ha_light_poll(_ id: UnsafePointer<CChar>?, _ on: UnsafeMutablePointer<Int32>?, _ brightness: UnsafeMutablePointer<Int32>?, _ red: UnsafeMutablePointer<Int32>?, _ green: UnsafeMutablePointer<Int32>?, _ blue: UnsafeMutablePointer<Int32>?, _ timeout: Int32) -> Int32

@_extern(wasm, module: "env", name: "app_get_status") @_extern(c)
func host_app_get_status(_ name: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "app_list") @_extern(c)
func host_app_list(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "app_get_self_name") @_extern(c)
func host_app_get_self_name(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "app_start") @_extern(c)
func host_app_start(_ name: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "app_stop") @_extern(c)
func host_app_stop(_ name: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "app_switch") @_extern(c)
func host_app_switch(_ name: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "app_check_update") @_extern(c)
func host_app_check_update(_ version: UnsafeMutableRawPointer?, _ versionSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "app_request_update") @_extern(c)
func host_app_request_update() -> Int32

@_extern(wasm, module: "env", name: "sd_scan_wasm") @_extern(c)
func host_sd_scan_wasm(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "app_install_from_sd") @_extern(c)
func host_app_install_from_sd(_ name: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "app_run_from_sd") @_extern(c)
func host_app_run_from_sd(_ name: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "crypto_sha256") @_extern(c)
func host_crypto_sha256(_ data: UnsafeRawPointer?, _ dataSize: UInt32, _ digest: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "crypto_hmac_sha256") @_extern(c)
func host_crypto_hmac_sha256(_ key: UnsafeRawPointer?, _ keySize: UInt32, _ data: UnsafeRawPointer?, _ dataSize: UInt32, _ digest: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "crypto_aes256_encrypt") @_extern(c)
func host_crypto_aes256_encrypt(_ key: UnsafeRawPointer?, _ iv: UnsafeRawPointer?, _ data: UnsafeRawPointer?, _ dataSize: UInt32, _ out: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "crypto_aes256_decrypt") @_extern(c)
func host_crypto_aes256_decrypt(_ key: UnsafeRawPointer?, _ iv: UnsafeRawPointer?, _ data: UnsafeRawPointer?, _ dataSize: UInt32, _ out: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "crypto_aes256_ctr") @_extern(c)
func host_crypto_aes256_ctr(_ key: UnsafeRawPointer?, _ counter: UnsafeRawPointer?, _ data: UnsafeRawPointer?, _ dataSize: UInt32, _ out: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "crypto_random") @_extern(c)
func host_crypto_random(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "crypto_ed25519_keygen") @_extern(c)
func host_crypto_ed25519_keygen(_ seed: UnsafeMutableRawPointer?, _ `public`: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "crypto_ed25519_sign") @_extern(c)
func host_crypto_ed25519_sign(_ seed: UnsafeRawPointer?, _ message: UnsafeRawPointer?, _ messageSize: UInt32, _ signature: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "crypto_p256_keygen") @_extern(c)
func host_crypto_p256_keygen(_ `private`: UnsafeMutableRawPointer?, _ `public`: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "crypto_p256_sign") @_extern(c)
func host_crypto_p256_sign(_ `private`: UnsafeRawPointer?, _ message: UnsafeRawPointer?, _ messageSize: UInt32, _ signature: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "ota_check") @_extern(c)
func host_ota_check(_ url: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "ota_fetch_and_apply") @_extern(c)
func host_ota_fetch_and_apply(_ url: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "ota_get_state") @_extern(c)
func host_ota_get_state() -> Int32

@_extern(wasm, module: "env", name: "ota_confirm") @_extern(c)
func host_ota_confirm() -> Int32

@_extern(wasm, module: "env", name: "ota_rollback") @_extern(c)
func host_ota_rollback() -> Int32

@_extern(wasm, module: "env", name: "aiinfer_load") @_extern(c)
func host_aiinfer_load(_ model: UnsafeRawPointer?, _ modelSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "aiinfer_run") @_extern(c)
func host_aiinfer_run(_ model: Int32, _ input: UnsafeRawPointer?, _ inputSize: UInt32, _ output: UnsafeMutableRawPointer?, _ outputSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "aiinfer_unload") @_extern(c)
func host_aiinfer_unload(_ model: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_init") @_extern(c)
func host_hid_init(_ transport: Int32, _ types: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_set_transport") @_extern(c)
func host_hid_set_transport(_ transport: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_set_device_types") @_extern(c)
func host_hid_set_device_types(_ types: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_enable") @_extern(c)
func host_hid_enable() -> Int32

@_extern(wasm, module: "env", name: "hid_disable") @_extern(c)
func host_hid_disable() -> Int32

@_extern(wasm, module: "env", name: "hid_is_connected") @_extern(c)
func host_hid_is_connected() -> Int32

@_extern(wasm, module: "env", name: "hid_key_press") @_extern(c)
func host_hid_key_press(_ key: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_key_release") @_extern(c)
func host_hid_key_release(_ key: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_key_release_all") @_extern(c)
func host_hid_key_release_all() -> Int32

@_extern(wasm, module: "env", name: "hid_set_modifiers") @_extern(c)
func host_hid_set_modifiers(_ modifiers: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_type_string") @_extern(c)
func host_hid_type_string(_ text: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "hid_mouse_move") @_extern(c)
func host_hid_mouse_move(_ x: Int32, _ y: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_mouse_btn_press") @_extern(c)
func host_hid_mouse_btn_press(_ buttons: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_mouse_btn_release") @_extern(c)
func host_hid_mouse_btn_release(_ buttons: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_mouse_scroll") @_extern(c)
func host_hid_mouse_scroll(_ steps: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_gamepad_press") @_extern(c)
func host_hid_gamepad_press(_ buttons: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_gamepad_release") @_extern(c)
func host_hid_gamepad_release(_ buttons: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_gamepad_set_axis") @_extern(c)
func host_hid_gamepad_set_axis(_ axis: Int32, _ value: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_gamepad_set_dpad") @_extern(c)
func host_hid_gamepad_set_dpad(_ direction: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_gamepad_reset") @_extern(c)
func host_hid_gamepad_reset() -> Int32

@_extern(wasm, module: "env", name: "hid_gamepad_send_report") @_extern(c)
func host_hid_gamepad_send_report(_ buttons: Int32, _ x: Int32, _ y: Int32, _ z: Int32, _ rx: Int32, _ ry: Int32, _ rz: Int32, _ dpad: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_consumer_send") @_extern(c)
func host_hid_consumer_send(_ usage: Int32) -> Int32

@_extern(wasm, module: "env", name: "hid_send_raw_report") @_extern(c)
func host_hid_send_raw_report(_ id: Int32, _ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "hid_raw_recv") @_extern(c)
func host_hid_raw_recv(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "hid_fido_send") @_extern(c)
func host_hid_fido_send(_ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "hid_fido_recv") @_extern(c)
func host_hid_fido_recv(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "hid_action_register") @_extern(c)
func host_hid_action_register(_ name: UnsafePointer<CChar>?, _ actions: UnsafeRawPointer?, _ actionsSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "hid_action_trigger") @_extern(c)
func host_hid_action_trigger(_ name: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "ble_init") @_extern(c)
func host_ble_init() -> Int32

@_extern(wasm, module: "env", name: "ble_deinit") @_extern(c)
func host_ble_deinit() -> Int32

@_extern(wasm, module: "env", name: "ble_set_local_name") @_extern(c)
func host_ble_set_local_name(_ name: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "ble_service_create") @_extern(c)
func host_ble_service_create(_ uuid: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "ble_char_create") @_extern(c)
func host_ble_char_create(_ uuid: UnsafePointer<CChar>?, _ properties: Int32, _ size: Int32) -> Int32

@_extern(wasm, module: "env", name: "ble_service_add_char") @_extern(c)
func host_ble_service_add_char(_ service: Int32, _ characteristic: Int32) -> Int32

@_extern(wasm, module: "env", name: "ble_add_service") @_extern(c)
func host_ble_add_service(_ service: Int32) -> Int32

@_extern(wasm, module: "env", name: "ble_set_advertised_service") @_extern(c)
func host_ble_set_advertised_service(_ service: Int32) -> Int32

@_extern(wasm, module: "env", name: "ble_advertise") @_extern(c)
func host_ble_advertise() -> Int32

@_extern(wasm, module: "env", name: "ble_stop_advertise") @_extern(c)
func host_ble_stop_advertise() -> Int32

@_extern(wasm, module: "env", name: "ble_is_connected") @_extern(c)
func host_ble_is_connected() -> Int32

@_extern(wasm, module: "env", name: "ble_char_write") @_extern(c)
func host_ble_char_write(_ characteristic: Int32, _ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "ble_char_read") @_extern(c)
func host_ble_char_read(_ characteristic: Int32, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "ble_event_pop") @_extern(c)
func host_ble_event_pop(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "ble_scan_start") @_extern(c)
func host_ble_scan_start(_ milliseconds: Int32) -> Int32

@_extern(wasm, module: "env", name: "ble_scan_stop") @_extern(c)
func host_ble_scan_stop() -> Int32

@_extern(wasm, module: "env", name: "ble_scan_pop") @_extern(c)
func host_ble_scan_pop(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "rf_select") @_extern(c)
func host_rf_select(_ chip: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_set_frequency") @_extern(c)
func host_rf_set_frequency(_ hertz: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_set_power") @_extern(c)
func host_rf_set_power(_ dbm: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_set_modulation") @_extern(c)
func host_rf_set_modulation(_ modulation: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_set_bandwidth") @_extern(c)
func host_rf_set_bandwidth(_ bandwidth: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_set_coding_rate") @_extern(c)
func host_rf_set_coding_rate(_ rate: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_set_spreading_factor") @_extern(c)
func host_rf_set_spreading_factor(_ factor: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_set_bitrate") @_extern(c)
func host_rf_set_bitrate(_ bitrate: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_set_sync_word") @_extern(c)
func host_rf_set_sync_word(_ word: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_get_rssi") @_extern(c)
func host_rf_get_rssi() -> Int32

@_extern(wasm, module: "env", name: "rf_get_rssi") @_extern(c)
func host_rf_get_rssi_alt(_ into: UnsafeMutablePointer<Int32>?) -> Int32

@_extern(wasm, module: "env", name: "rf_send") @_extern(c)
func host_rf_send(_ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "rf_receive") @_extern(c)
func host_rf_receive(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32, _ timeout: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_recv_pop") @_extern(c)
func host_rf_recv_pop(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32, _ timeout: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_raw_capture") @_extern(c)
func host_rf_raw_capture(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32, _ timeout: Int32, _ rate: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_raw_replay") @_extern(c)
func host_rf_raw_replay(_ data: UnsafeRawPointer?, _ dataSize: UInt32, _ count: Int32, _ rate: Int32) -> Int32

@_extern(wasm, module: "env", name: "rf_tx_cw_start") @_extern(c)
func host_rf_tx_cw_start() -> Int32

@_extern(wasm, module: "env", name: "rf_tx_cw_stop") @_extern(c)
func host_rf_tx_cw_stop() -> Int32

@_extern(wasm, module: "env", name: "wifi_deauth") @_extern(c)
func host_wifi_deauth(_ station: UnsafeRawPointer?, _ access: UnsafeRawPointer?, _ channel: Int32, _ count: Int32, _ reason: Int32) -> Int32

@_extern(wasm, module: "env", name: "wifi_scan_aps") @_extern(c)
func host_wifi_scan_aps(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "wifi_scan_rssi") @_extern(c)
func host_wifi_scan_rssi(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "wifi_capture_pmkid") @_extern(c)
func host_wifi_capture_pmkid(_ access: UnsafeRawPointer?, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "wifi_scan_clients") @_extern(c)
func host_wifi_scan_clients(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "ble_spam_start") @_extern(c)
func host_ble_spam_start(_ kind: Int32) -> Int32

@_extern(wasm, module: "env", name: "ble_spam_stop") @_extern(c)
func host_ble_spam_stop() -> Int32

@_extern(wasm, module: "env", name: "matter_commission") @_extern(c)
func host_matter_commission(_ code: UnsafePointer<CChar>?, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "matter_endpoint_add") @_extern(c)
func host_matter_endpoint_add(_ kind: Int32, _ descriptor: UnsafeRawPointer?, _ descriptorSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "matter_get_pairing") @_extern(c)
func host_matter_get_pairing(_ code: UnsafeMutableRawPointer?, _ codeSize: UInt32, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "matter_open_pairing") @_extern(c)
func host_matter_open_pairing(_ seconds: Int32) -> Int32

@_extern(wasm, module: "env", name: "matter_report_attr") @_extern(c)
func host_matter_report_attr(_ endpoint: Int32, _ cluster: Int32, _ attribute: Int32, _ value: UnsafeRawPointer?, _ valueSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "matter_send") @_extern(c)
func host_matter_send(_ node: UnsafeRawPointer?, _ nodeSize: UInt32, _ command: UnsafeRawPointer?, _ commandSize: UInt32, _ timeout: Int32) -> Int32

@_extern(wasm, module: "env", name: "matter_subscribe") @_extern(c)
func host_matter_subscribe(_ path: UnsafeRawPointer?, _ pathSize: UInt32, _ interval: Int32) -> Int32

@_extern(wasm, module: "env", name: "matter_poll") @_extern(c)
func host_matter_poll(_ node: UnsafeMutableRawPointer?, _ nodeSize: UInt32, _ path: UnsafeMutablePointer<Int32>?, _ kind: Int32, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32, _ size: Int32, _ timeout: Int32) -> Int32

@_extern(wasm, module: "env", name: "matter_cmd_poll") @_extern(c)
func host_matter_cmd_poll(_ endpoint: UnsafeMutablePointer<Int32>?, _ cluster: UnsafeMutablePointer<Int32>?, _ command: UnsafeMutablePointer<Int32>?, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32, _ timeout: Int32) -> Int32

@_extern(wasm, module: "env", name: "mesh_init") @_extern(c)
func host_mesh_init(_ chip: Int32, _ key: UnsafePointer<CChar>?, _ channel: Int32, _ power: Int32) -> Int32

@_extern(wasm, module: "env", name: "mesh_start") @_extern(c)
func host_mesh_start() -> Int32

@_extern(wasm, module: "env", name: "mesh_stop") @_extern(c)
func host_mesh_stop() -> Int32

@_extern(wasm, module: "env", name: "mesh_send") @_extern(c)
func host_mesh_send(_ destination: UnsafeRawPointer?, _ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "mesh_broadcast") @_extern(c)
func host_mesh_broadcast(_ data: UnsafeRawPointer?, _ dataSize: UInt32, _ hops: Int32) -> Int32

@_extern(wasm, module: "env", name: "mesh_recv_pop") @_extern(c)
func host_mesh_recv_pop(_ source: UnsafeMutableRawPointer?, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32, _ timeout: Int32) -> Int32

@_extern(wasm, module: "env", name: "mesh_get_nodes") @_extern(c)
func host_mesh_get_nodes(_ into: UnsafeMutablePointer<Int32>?, _ count: Int32) -> Int32

@_extern(wasm, module: "env", name: "mesh_get_stats") @_extern(c)
func host_mesh_get_stats(_ into: UnsafeMutablePointer<Int32>?) -> Int32

@_extern(wasm, module: "env", name: "mesh_distribute_app") @_extern(c)
func host_mesh_distribute_app(_ destination: UnsafeRawPointer?, _ name: UnsafePointer<CChar>?, _ module: UnsafeRawPointer?, _ moduleSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "nfc_uid") @_extern(c)
func host_nfc_uid(_ uid: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "nfc_read") @_extern(c)
func host_nfc_read(_ address: Int32, _ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "nfc_write") @_extern(c)
func host_nfc_write(_ address: Int32, _ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "nfc_field_present") @_extern(c)
func host_nfc_field_present() -> Int32

@_extern(wasm, module: "env", name: "nfc_mb_enable") @_extern(c)
func host_nfc_mb_enable() -> Int32

@_extern(wasm, module: "env", name: "nfc_mb_put") @_extern(c)
func host_nfc_mb_put(_ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "nfc_mb_get") @_extern(c)
func host_nfc_mb_get(_ into: UnsafeMutableRawPointer?, _ intoSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "nfc_mb_status") @_extern(c)
func host_nfc_mb_status() -> Int32

@_extern(wasm, module: "env", name: "memcpy") @_extern(c)
func host_memcpy(_ to: UnsafeMutableRawPointer?, _ from: UnsafeMutableRawPointer?, _ size: UInt32) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "memmove") @_extern(c)
func host_memmove(_ to: UnsafeMutableRawPointer?, _ from: UnsafeMutableRawPointer?, _ size: UInt32) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "emscripten_memcpy_big") @_extern(c)
func host_emscripten_memcpy_big(_ to: UnsafeMutableRawPointer?, _ from: UnsafeMutableRawPointer?, _ size: UInt32) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "memset") @_extern(c)
func host_memset(_ to: UnsafeMutableRawPointer?, _ value: Int32, _ size: UInt32) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "memcmp") @_extern(c)
func host_memcmp(_ a: UnsafeMutableRawPointer?, _ b: UnsafeMutableRawPointer?, _ size: UInt32) -> Int32

@_extern(wasm, module: "env", name: "memchr") @_extern(c)
func host_memchr(_ bytes: UnsafeMutableRawPointer?, _ byte: Int32, _ size: UInt32) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "strlen") @_extern(c)
func host_strlen(_ text: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "strcmp") @_extern(c)
func host_strcmp(_ a: UnsafeMutableRawPointer?, _ b: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "strncmp") @_extern(c)
func host_strncmp(_ a: UnsafeMutableRawPointer?, _ b: UnsafeMutableRawPointer?, _ size: UInt32) -> Int32

@_extern(wasm, module: "env", name: "strncasecmp") @_extern(c)
func host_strncasecmp(_ a: UnsafeMutableRawPointer?, _ b: UnsafeMutableRawPointer?, _ size: UInt32) -> Int32

@_extern(wasm, module: "env", name: "strcpy") @_extern(c)
func host_strcpy(_ to: UnsafeMutableRawPointer?, _ from: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "strncpy") @_extern(c)
func host_strncpy(_ to: UnsafeMutableRawPointer?, _ from: UnsafeMutableRawPointer?, _ size: UInt32) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "strchr") @_extern(c)
func host_strchr(_ text: UnsafeMutableRawPointer?, _ byte: Int32) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "strstr") @_extern(c)
func host_strstr(_ text: UnsafeMutableRawPointer?, _ part: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "strspn") @_extern(c)
func host_strspn(_ text: UnsafeMutableRawPointer?, _ bytes: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "strcspn") @_extern(c)
func host_strcspn(_ text: UnsafeMutableRawPointer?, _ bytes: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "strdup") @_extern(c)
func host_strdup(_ text: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "_strdup") @_extern(c)
func host__strdup(_ text: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "malloc") @_extern(c)
func host_malloc(_ size: UInt32) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "calloc") @_extern(c)
func host_calloc(_ count: UInt32, _ size: UInt32) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "realloc") @_extern(c)
func host_realloc(_ address: UnsafeMutableRawPointer?, _ size: UInt32) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "free") @_extern(c)
func host_free(_ address: UnsafeMutableRawPointer?)

@_extern(wasm, module: "env", name: "printf") @_extern(c)
func host_printf(_ format: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "vprintf") @_extern(c)
func host_vprintf(_ format: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "sprintf") @_extern(c)
func host_sprintf(_ to: UnsafeMutableRawPointer?, _ format: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "vsprintf") @_extern(c)
func host_vsprintf(_ to: UnsafeMutableRawPointer?, _ format: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "snprintf") @_extern(c)
func host_snprintf(_ to: UnsafeMutableRawPointer?, _ size: UInt32, _ format: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "vsnprintf") @_extern(c)
func host_vsnprintf(_ to: UnsafeMutableRawPointer?, _ size: UInt32, _ format: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "puts") @_extern(c)
func host_puts(_ text: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "putchar") @_extern(c)
func host_putchar(_ byte: Int32) -> Int32

@_extern(wasm, module: "env", name: "atoi") @_extern(c)
func host_atoi(_ text: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "strtol") @_extern(c)
func host_strtol(_ text: UnsafeMutableRawPointer?, _ end: UnsafeMutableRawPointer?, _ base: Int32) -> Int32

@_extern(wasm, module: "env", name: "strtoul") @_extern(c)
func host_strtoul(_ text: UnsafeMutableRawPointer?, _ end: UnsafeMutableRawPointer?, _ base: Int32) -> Int32

@_extern(wasm, module: "env", name: "isupper") @_extern(c)
func host_isupper(_ byte: Int32) -> Int32

@_extern(wasm, module: "env", name: "isalpha") @_extern(c)
func host_isalpha(_ byte: Int32) -> Int32

@_extern(wasm, module: "env", name: "isspace") @_extern(c)
func host_isspace(_ byte: Int32) -> Int32

@_extern(wasm, module: "env", name: "isgraph") @_extern(c)
func host_isgraph(_ byte: Int32) -> Int32

@_extern(wasm, module: "env", name: "isprint") @_extern(c)
func host_isprint(_ byte: Int32) -> Int32

@_extern(wasm, module: "env", name: "isdigit") @_extern(c)
func host_isdigit(_ byte: Int32) -> Int32

@_extern(wasm, module: "env", name: "isxdigit") @_extern(c)
func host_isxdigit(_ byte: Int32) -> Int32

@_extern(wasm, module: "env", name: "isalnum") @_extern(c)
func host_isalnum(_ byte: Int32) -> Int32

@_extern(wasm, module: "env", name: "tolower") @_extern(c)
func host_tolower(_ byte: Int32) -> Int32

@_extern(wasm, module: "env", name: "toupper") @_extern(c)
func host_toupper(_ byte: Int32) -> Int32

@_extern(wasm, module: "env", name: "clock") @_extern(c)
func host_clock() -> Int64

@_extern(wasm, module: "env", name: "clock_gettime") @_extern(c)
func host_clock_gettime(_ clock: Int32, _ time: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "setjmp") @_extern(c)
func host_setjmp(_ place: UnsafeMutableRawPointer?) -> Int32

@_extern(wasm, module: "env", name: "longjmp") @_extern(c)
func host_longjmp(_ place: UnsafeMutableRawPointer?, _ value: Int32)

@_extern(wasm, module: "env", name: "exit") @_extern(c)
func host_exit(_ code: Int32)

@_extern(wasm, module: "env", name: "abort") @_extern(c)
func host_abort()

@_extern(wasm, module: "env", name: "abort") @_extern(c)
func host_abort_alt(_ code: Int32)

@_extern(wasm, module: "env", name: "abortStackOverflow") @_extern(c)
func host_abortStackOverflow(_ size: Int32)

@_extern(wasm, module: "env", name: "nullFunc_X") @_extern(c)
func host_nullFunc_X(_ code: Int32)

@_extern(wasm, module: "env", name: "__cxa_allocate_exception") @_extern(c)
func host___cxa_allocate_exception(_ size: UInt32) -> UnsafeMutableRawPointer?

@_extern(wasm, module: "env", name: "__cxa_begin_catch") @_extern(c)
func host___cxa_begin_catch(_ exception: UnsafeMutableRawPointer?)

@_extern(wasm, module: "env", name: "__cxa_throw") @_extern(c)
func host___cxa_throw(_ exception: UnsafeMutableRawPointer?, _ kind: UnsafeMutableRawPointer?, _ destructor: UnsafeMutableRawPointer?)

@_extern(wasm, module: "env", name: "log") @_extern(c)
func host_log(_ level: Int32, _ text: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "bt_shell_print") @_extern(c)
func host_bt_shell_print(_ text: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "bt_shell_print") @_extern(c)
func host_bt_shell_print_alt(_ length: Int32, _ text: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "bt_shell_send_data") @_extern(c)
func host_bt_shell_send_data(_ kind: Int32, _ data: UnsafeRawPointer?, _ dataSize: UInt32) -> Int32

@_extern(wasm, module: "env", name: "bt_shell_is_ready") @_extern(c)
func host_bt_shell_is_ready() -> Int32

@_extern(wasm, module: "akira", name: "akira_display_clear") @_extern(c)
func host_akira_display_clear(_ color: Int32) -> Int32

@_extern(wasm, module: "akira", name: "akira_display_pixel") @_extern(c)
func host_akira_display_pixel(_ x: Int32, _ y: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "akira", name: "akira_display_flush") @_extern(c)
func host_akira_display_flush() -> Int32

@_extern(wasm, module: "akira", name: "akira_display_rect") @_extern(c)
func host_akira_display_rect(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "akira", name: "akira_display_text") @_extern(c)
func host_akira_display_text(_ x: Int32, _ y: Int32, _ text: UnsafePointer<CChar>?, _ color: Int32) -> Int32

@_extern(wasm, module: "akira", name: "akira_display_get_size") @_extern(c)
func host_akira_display_get_size(_ width: UnsafeMutablePointer<Int32>?, _ height: UnsafeMutablePointer<Int32>?) -> Int32

@_extern(wasm, module: "akira", name: "akira_hid_set_transport") @_extern(c)
func host_akira_hid_set_transport(_ transport: Int32) -> Int32

@_extern(wasm, module: "akira", name: "akira_hid_enable") @_extern(c)
func host_akira_hid_enable() -> Int32

@_extern(wasm, module: "akira", name: "akira_hid_disable") @_extern(c)
func host_akira_hid_disable() -> Int32

@_extern(wasm, module: "akira", name: "akira_hid_keyboard_type") @_extern(c)
func host_akira_hid_keyboard_type(_ text: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "akira", name: "akira_hid_keyboard_press") @_extern(c)
func host_akira_hid_keyboard_press(_ key: Int32) -> Int32

@_extern(wasm, module: "akira", name: "akira_hid_keyboard_release") @_extern(c)
func host_akira_hid_keyboard_release(_ key: Int32) -> Int32

@_extern(wasm, module: "env", name: "akira_display_clear") @_extern(c)
func host_env_akira_display_clear(_ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "akira_display_pixel") @_extern(c)
func host_env_akira_display_pixel(_ x: Int32, _ y: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "akira_display_flush") @_extern(c)
func host_env_akira_display_flush() -> Int32

@_extern(wasm, module: "env", name: "akira_display_rect") @_extern(c)
func host_env_akira_display_rect(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "akira_display_text") @_extern(c)
func host_env_akira_display_text(_ x: Int32, _ y: Int32, _ text: UnsafePointer<CChar>?, _ color: Int32) -> Int32

@_extern(wasm, module: "env", name: "akira_display_get_size") @_extern(c)
func host_env_akira_display_get_size(_ width: UnsafeMutablePointer<Int32>?, _ height: UnsafeMutablePointer<Int32>?) -> Int32

@_extern(wasm, module: "env", name: "akira_hid_set_transport") @_extern(c)
func host_env_akira_hid_set_transport(_ transport: Int32) -> Int32

@_extern(wasm, module: "env", name: "akira_hid_enable") @_extern(c)
func host_env_akira_hid_enable() -> Int32

@_extern(wasm, module: "env", name: "akira_hid_disable") @_extern(c)
func host_env_akira_hid_disable() -> Int32

@_extern(wasm, module: "env", name: "akira_hid_keyboard_type") @_extern(c)
func host_env_akira_hid_keyboard_type(_ text: UnsafePointer<CChar>?) -> Int32

@_extern(wasm, module: "env", name: "akira_hid_keyboard_press") @_extern(c)
func host_env_akira_hid_keyboard_press(_ key: Int32) -> Int32

@_extern(wasm, module: "env", name: "akira_hid_keyboard_release") @_extern(c)
func host_env_akira_hid_keyboard_release(_ key: Int32) -> Int32
