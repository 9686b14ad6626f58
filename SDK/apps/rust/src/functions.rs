// Made from the table of native functions (Sources/Core/AppABI). Not to be changed by hand.
// Beside it stands lib.rs with Text, Ring and Error.

/// Errors by name.
impl crate::Error {
    /// The capability is not granted.
    pub const EPERM: crate::Error = crate::Error(1);
    pub const ENOENT: crate::Error = crate::Error(2);
    pub const EIO: crate::Error = crate::Error(5);
    pub const EBADF: crate::Error = crate::Error(9);
    pub const EAGAIN: crate::Error = crate::Error(11);
    pub const ENOMEM: crate::Error = crate::Error(12);
    /// A policy or a path that leads out.
    pub const EACCES: crate::Error = crate::Error(13);
    /// An address outside of the app's memory.
    pub const EFAULT: crate::Error = crate::Error(14);
    pub const EBUSY: crate::Error = crate::Error(16);
    pub const EEXIST: crate::Error = crate::Error(17);
    pub const ENODEV: crate::Error = crate::Error(19);
    pub const ENOTDIR: crate::Error = crate::Error(20);
    pub const EISDIR: crate::Error = crate::Error(21);
    pub const EINVAL: crate::Error = crate::Error(22);
    pub const EMFILE: crate::Error = crate::Error(24);
    pub const EFBIG: crate::Error = crate::Error(27);
    pub const ENOSPC: crate::Error = crate::Error(28);
    pub const ENAMETOOLONG: crate::Error = crate::Error(36);
    pub const ENOSYS: crate::Error = crate::Error(38);
    pub const ENOTEMPTY: crate::Error = crate::Error(39);
    pub const ENODATA: crate::Error = crate::Error(61);
    /// TLS failed.
    pub const EPROTO: crate::Error = crate::Error(71);
    pub const EMSGSIZE: crate::Error = crate::Error(90);
    pub const ENOTSUP: crate::Error = crate::Error(95);
    pub const EADDRINUSE: crate::Error = crate::Error(98);
    pub const ECONNRESET: crate::Error = crate::Error(104);
    pub const ENOTCONN: crate::Error = crate::Error(107);
    pub const ETIMEDOUT: crate::Error = crate::Error(110);
    pub const ECONNREFUSED: crate::Error = crate::Error(111);
    pub const EHOSTUNREACH: crate::Error = crate::Error(113);
    pub const EALREADY: crate::Error = crate::Error(114);
    pub const ECANCELED: crate::Error = crate::Error(125);
}

/// Numbers that functions take and give.
pub mod constants {
    pub const GPIO_INPUT: i32 = 1;
    pub const GPIO_OUTPUT: i32 = 2;
    pub const GPIO_INIT_LOW: i32 = 4;
    pub const GPIO_INIT_HIGH: i32 = 8;
    pub const GPIO_PULL_UP: i32 = 16;
    pub const GPIO_PULL_DOWN: i32 = 32;
    pub const GPIO_ACTIVE_LOW: i32 = 64;
    pub const GPIO_ACTIVE_HIGH: i32 = 128;
    pub const BUTTON_HOME: i32 = 1;
    pub const BUTTON_UP: i32 = 2;
    pub const BUTTON_DOWN: i32 = 3;
    pub const BUTTON_LEFT: i32 = 4;
    pub const BUTTON_RIGHT: i32 = 5;
    pub const BUTTON_A: i32 = 6;
    pub const BUTTON_B: i32 = 7;
    pub const BUTTON_X: i32 = 8;
    pub const BUTTON_Y: i32 = 9;
    pub const SENSOR_ACCEL_X: i32 = 0;
    pub const SENSOR_ACCEL_Y: i32 = 1;
    pub const SENSOR_ACCEL_Z: i32 = 2;
    pub const SENSOR_GYRO_X: i32 = 4;
    pub const SENSOR_GYRO_Y: i32 = 5;
    pub const SENSOR_GYRO_Z: i32 = 6;
    pub const SENSOR_MAGN_X: i32 = 8;
    pub const SENSOR_MAGN_Y: i32 = 9;
    pub const SENSOR_MAGN_Z: i32 = 10;
    /// Degrees Celsius.
    pub const SENSOR_AMBIENT_TEMP: i32 = 13;
    /// Kilopascals.
    pub const SENSOR_PRESSURE: i32 = 14;
    /// Percent.
    pub const SENSOR_HUMIDITY: i32 = 16;
    pub const SENSOR_ALTITUDE: i32 = 23;
    pub const SENSOR_VOLTAGE: i32 = 33;
    pub const SENSOR_CURRENT: i32 = 35;
    pub const SENSOR_POWER: i32 = 36;
    pub const STORAGE_READ: i32 = 0;
    pub const STORAGE_WRITE: i32 = 1;
    pub const STORAGE_APPEND: i32 = 2;
    pub const STORAGE_RDWR: i32 = 3;
    pub const FS_READ: i32 = 0;
    pub const FS_WRITE: i32 = 1;
    pub const FS_APPEND: i32 = 2;
    pub const FS_RDWR: i32 = 4;
    pub const FS_CREATE: i32 = 8;
    pub const FS_TRUNC: i32 = 16;
    pub const NET_TCP: i32 = 0;
    pub const NET_UDP: i32 = 1;
    pub const NET_TLS: i32 = 2;
    pub const NET_EVENT_NONE: i32 = 0;
    pub const NET_EVENT_CONNECTED: i32 = 1;
    pub const NET_EVENT_DISCONNECTED: i32 = 2;
    pub const NET_EVENT_DATA: i32 = 3;
    pub const NET_EVENT_ACCEPT: i32 = 4;
    pub const NET_EVENT_ERROR: i32 = 5;
    pub const HA_LIGHT_STATE: i32 = 1;
    pub const HA_LIGHT_BRIGHTNESS: i32 = 2;
    pub const HA_LIGHT_COLOR: i32 = 4;
    pub const APP_STATE_NEW: i32 = 0;
    pub const APP_STATE_INSTALLED: i32 = 1;
    pub const APP_STATE_RUNNING: i32 = 2;
    pub const APP_STATE_STOPPED: i32 = 3;
    pub const APP_STATE_ERROR: i32 = 4;
    pub const APP_STATE_FAILED: i32 = 5;
    pub const HID_KEYBOARD: i32 = 1;
    pub const HID_GAMEPAD: i32 = 2;
    pub const HID_MOUSE: i32 = 4;
    pub const HID_TRANSPORT_NONE: i32 = 0;
    pub const HID_TRANSPORT_BLE: i32 = 1;
    pub const HID_TRANSPORT_USB: i32 = 2;
    pub const HID_TRANSPORT_SIMULATED: i32 = 3;
    pub const MOUSE_LEFT: i32 = 1;
    pub const MOUSE_RIGHT: i32 = 2;
    pub const MOUSE_MIDDLE: i32 = 4;
    pub const GAMEPAD_A: i32 = 1;
    pub const GAMEPAD_B: i32 = 2;
    pub const GAMEPAD_X: i32 = 4;
    pub const GAMEPAD_Y: i32 = 8;
    pub const GAMEPAD_LB: i32 = 16;
    pub const GAMEPAD_RB: i32 = 32;
    pub const GAMEPAD_BACK: i32 = 64;
    pub const GAMEPAD_START: i32 = 128;
    pub const GAMEPAD_HOME: i32 = 256;
    pub const GAMEPAD_L3: i32 = 512;
    pub const GAMEPAD_R3: i32 = 1024;
    pub const BLE_READ: i32 = 2;
    pub const BLE_WRITE_NO_RSP: i32 = 4;
    pub const BLE_WRITE: i32 = 8;
    pub const BLE_NOTIFY: i32 = 16;
    pub const BLE_INDICATE: i32 = 32;
    pub const BLE_EVENT_NONE: i32 = 0;
    pub const BLE_EVENT_CONNECTED: i32 = 1;
    pub const BLE_EVENT_DISCONNECTED: i32 = 2;
    pub const BLE_EVENT_WRITTEN: i32 = 3;
    pub const POWER_ACTIVE: i32 = 0;
    pub const POWER_IDLE: i32 = 1;
    pub const POWER_LIGHT_SLEEP: i32 = 2;
}

/// Core.
pub mod host {
    /// Waits. Gives 0; −EINVAL below 0.
    pub fn delay(microseconds: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::delay(microseconds) })
    }

    /// Writes a line into the app's log; formats are filled in by the guest.
    /// Rate: 200 a second with all of log.
    pub fn printf_native(text: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::printf_native(text.as_ptr()) })
    }
}

/// Log.
pub mod log {
    /// Writes a line of level debug.
    /// Rate: 200 a second with all of log.
    pub fn debug(text: crate::Text) {
        unsafe { super::raw::log_debug(text.as_ptr()) }
    }

    /// Writes a line of level info.
    /// Rate: 200 a second with all of log.
    pub fn info(text: crate::Text) {
        unsafe { super::raw::log_info(text.as_ptr()) }
    }

    /// Writes a line of level error.
    /// Rate: 200 a second with all of log.
    pub fn error(text: crate::Text) {
        unsafe { super::raw::log_error(text.as_ptr()) }
    }
}

/// Time.
pub mod time {
    /// Milliseconds since the host started; never goes back.
    pub fn get_time_ms() -> i64 {
        unsafe { super::raw::get_time_ms() }
    }

    /// Waits for 1 to 3,599,999 ms; others: −EINVAL.
    pub fn sleep_ms(milliseconds: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::sleep_ms(milliseconds) })
    }
}

/// Display.
pub mod display {
    /// Fills the screen. −EBUSY, as from all that draws, while another app has it.
    /// Needs display.write.
    pub fn clear(color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_clear(color) })
    }

    /// Sets one pixel.
    /// Needs display.write.
    pub fn pixel(x: i32, y: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_pixel(x, y, color) })
    }

    /// A filled rectangle.
    /// Needs display.write.
    pub fn rect(x: i32, y: i32, width: i32, height: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_rect(x, y, width, height, color) })
    }

    /// The edge of a rectangle.
    /// Needs display.write.
    pub fn rect_outline(x: i32, y: i32, width: i32, height: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_rect_outline(x, y, width, height, color) })
    }

    /// A line, both ends included.
    /// Needs display.write.
    pub fn line(x0: i32, y0: i32, x1: i32, y1: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_line(x0, y0, x1, y1, color) })
    }

    /// A line to the right.
    /// Needs display.write.
    pub fn hline(x: i32, y: i32, length: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_hline(x, y, length, color) })
    }

    /// A line downwards.
    /// Needs display.write.
    pub fn vline(x: i32, y: i32, length: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_vline(x, y, length, color) })
    }

    /// The edge of a circle.
    /// Needs display.write.
    pub fn circle(x: i32, y: i32, radius: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_circle(x, y, radius, color) })
    }

    /// A filled circle.
    /// Needs display.write.
    pub fn circle_fill(x: i32, y: i32, radius: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_circle_fill(x, y, radius, color) })
    }

    /// The edge of a rectangle with round corners.
    /// Needs display.write.
    pub fn rounded_rect(x: i32, y: i32, width: i32, height: i32, radius: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_rounded_rect(x, y, width, height, radius, color) })
    }

    /// A filled rectangle with round corners.
    /// Needs display.write.
    pub fn rounded_rect_fill(x: i32, y: i32, width: i32, height: i32, radius: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_rounded_rect_fill(x, y, width, height, radius, color) })
    }

    /// The edge of a triangle.
    /// Needs display.write.
    pub fn triangle(x0: i32, y0: i32, x1: i32, y1: i32, x2: i32, y2: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_triangle(x0, y0, x1, y1, x2, y2, color) })
    }

    /// A filled triangle.
    /// Needs display.write.
    pub fn triangle_fill(x0: i32, y0: i32, x1: i32, y1: i32, x2: i32, y2: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_triangle_fill(x0, y0, x1, y1, x2, y2, color) })
    }

    /// Text in a font of 7 by 10 pixels.
    /// Needs display.write.
    pub fn text(x: i32, y: i32, text: crate::Text, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_text(x, y, text.as_ptr(), color) })
    }

    /// Text in a font of 11 by 18 pixels.
    /// Needs display.write.
    pub fn text_large(x: i32, y: i32, text: crate::Text, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_text_large(x, y, text.as_ptr(), color) })
    }

    /// Text in a font of 22 by 36 pixels.
    /// Needs display.write.
    pub fn text_huge(x: i32, y: i32, text: crate::Text, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_text_huge(x, y, text.as_ptr(), color) })
    }

    /// A number in the small font.
    /// Needs display.write.
    pub fn number(x: i32, y: i32, value: i32, color: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_number(x, y, value, color) })
    }

    /// Copies pixels of two bytes each; too few bytes: −EINVAL.
    /// Needs display.write.
    pub fn bitmap(x: i32, y: i32, width: i32, height: i32, pixels: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_bitmap(x, y, width, height, pixels.as_ptr(), pixels.len() as u32) })
    }

    /// The same, but for pixels of the colour `key`.
    /// Needs display.write.
    pub fn bitmap_transparent(x: i32, y: i32, width: i32, height: i32, pixels: &[u8], key: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_bitmap_transparent(x, y, width, height, pixels.as_ptr(), pixels.len() as u32, key) })
    }

    /// Copies pixels and shows them at once.
    /// Needs display.write.
    /// Rate: 100 a second with all of display, else it waits.
    pub fn raw_write(x: i32, y: i32, width: i32, height: i32, pixels: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_raw_write(x, y, width, height, pixels.as_ptr(), pixels.len() as u32) })
    }

    /// The same without waiting.
    /// Needs display.write.
    /// Rate: 100 a second with all of display, else it waits.
    pub fn raw_write_async(x: i32, y: i32, width: i32, height: i32, pixels: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_raw_write_async(x, y, width, height, pixels.as_ptr(), pixels.len() as u32) })
    }

    /// Waits until everything that was written is shown.
    /// Needs display.write.
    pub fn raw_wait() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_raw_wait() })
    }

    /// A bar, filled by value of maximum.
    /// Needs display.write.
    pub fn progress_bar(x: i32, y: i32, width: i32, height: i32, value: i32, maximum: i32, color: i32, background: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_progress_bar(x, y, width, height, value, maximum, color, background) })
    }

    /// Shows what was drawn; it happens by itself 50 ms behind the last draw.
    /// Needs display.write.
    /// Rate: 100 a second with all of display, else it waits.
    pub fn flush() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_flush() })
    }

    /// Writes both as 32 bits.
    /// Needs display.write.
    pub fn get_size(width: &mut i32, height: &mut i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_get_size(width, height) })
    }

    /// Pixels.
    /// Needs display.write.
    pub fn get_width() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_get_width() })
    }

    /// Pixels.
    /// Needs display.write.
    pub fn get_height() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::display_get_height() })
    }
}

/// Input.
pub mod input {
    /// A bit for each button that is held, bit N for the button N.
    /// Needs input.read.
    pub fn get_buttons() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::input_get_buttons() })
    }

    /// Takes the next event of 8 bytes (button, 1 pressed or 0). 1: taken, 0: none.
    /// Needs input.read.
    pub fn poll_event(event: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::input_poll_event(event.as_mut_ptr(), event.len() as u32) })
    }

    /// Where the dial is, 0 to 255.
    /// Needs input.read.
    pub fn get_dial() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::input_get_dial() })
    }
}

/// GPIO.
pub mod gpio {
    /// Makes a pin an input or an output; outputs need gpio.write.
    /// Needs gpio.read or gpio.write.
    pub fn configure(pin: i32, flags: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::gpio_configure(pin, flags) })
    }

    /// 0 or 1, of a pin that the app has configured.
    /// Needs gpio.read.
    pub fn read(pin: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::gpio_read(pin) })
    }

    /// Sets an output.
    /// Needs gpio.write.
    pub fn write(pin: i32, value: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::gpio_write(pin, value) })
    }
}

/// Sensors.
pub mod sensors {
    /// A thousandth of the channel's unit; −2^31 without a value, and when it is asked for too often.
    /// Needs sensor.read.
    /// Rate: 50 a second with all of sensor.
    pub fn read(channel: i32) -> i32 {
        unsafe { super::raw::sensor_read(channel) }
    }
}

/// UART.
pub mod uart {
    /// Gives a handle; −EBUSY while an app has the port.
    /// Needs uart.
    pub fn open(port: i32, baud: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::uart_open(port, baud) })
    }

    /// Gives how many bytes were taken.
    /// Needs uart.
    pub fn write(uart: i32, data: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::uart_write(uart, data.as_ptr(), data.len() as u32) })
    }

    /// Does not wait; 0: no data.
    /// Needs uart.
    pub fn read(uart: i32, into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::uart_read(uart, into.as_mut_ptr(), into.len() as u32) })
    }

    /// Gives the handle back.
    /// Needs uart.
    pub fn close(uart: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::uart_close(uart) })
    }
}

/// I2C.
pub mod i2c {
    /// Reads up to 256 bytes from a device's register.
    /// Needs i2c.
    pub fn read_reg(bus: i32, address: i32, register: i32, into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::i2c_read_reg(bus, address, register, into.as_mut_ptr(), into.len() as u32) })
    }

    /// Writes up to 256 bytes to a device's register.
    /// Needs i2c.
    pub fn write_reg(bus: i32, address: i32, register: i32, data: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::i2c_write_reg(bus, address, register, data.as_ptr(), data.len() as u32) })
    }
}

/// PWM.
pub mod pwm {
    /// 1 to 10,000,000 Hz, 0 to 100 percent.
    /// Needs pwm.
    pub fn set(channel: i32, hertz: i32, percent: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::pwm_set(channel, hertz, percent) })
    }

    /// Switches it off.
    /// Needs pwm.
    pub fn disable(channel: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::pwm_disable(channel) })
    }
}

/// ADC.
pub mod adc {
    /// 0 to 4095.
    /// Needs adc.
    pub fn read(channel: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::adc_read(channel) })
    }

    /// Millivolts of 3,300.
    /// Needs adc.
    pub fn read_mv(channel: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::adc_read_mv(channel) })
    }
}

/// Watchdog.
pub mod watchdog {
    /// Begins the time anew behind which an app that does not answer is ended; −ENODEV without one.
    /// Needs wdt.
    pub fn pet() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::wdt_pet() })
    }
}

/// Timers.
pub mod timers {
    /// A stop-watch at rest. Gives its handle; −ENOMEM when all are taken.
    /// Needs timer.
    pub fn create() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::timer_create() })
    }

    /// Starts it from 0.
    /// Needs timer.
    pub fn start(timer: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::timer_start(timer) })
    }

    /// Stops it; what has elapsed stays.
    /// Needs timer.
    pub fn stop(timer: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::timer_stop(timer) })
    }

    /// Milliseconds that it has run, up to 2^31−1, then from 0 again.
    /// Needs timer.
    pub fn elapsed(timer: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::timer_elapsed(timer) })
    }

    /// Gives it back.
    /// Needs timer.
    pub fn free(timer: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::timer_free(timer) })
    }
}

/// Storage.
pub mod storage {
    /// Mode 0 read, 1 write anew, 2 append, 3 both anew; writing needs storage.write.
    /// Needs storage.read or storage.write.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn open(path: crate::Text, mode: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::storage_open(path.as_ptr(), mode) })
    }

    /// Gives how many bytes; 0 at the end.
    /// Needs storage.read.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn read(file: i32, into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::storage_read(file, into.as_mut_ptr(), into.len() as u32) })
    }

    /// Gives how many bytes; −ENOSPC when the quota is used up.
    /// Needs storage.write.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn write(file: i32, data: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::storage_write(file, data.as_ptr(), data.len() as u32) })
    }

    /// Gives the handle back.
    /// Needs storage.read or storage.write.
    pub fn close(file: i32) {
        unsafe { super::raw::storage_close(file) }
    }

    /// Removes a file.
    /// Needs storage.write.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn delete(path: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::storage_delete(path.as_ptr()) })
    }

    /// Names, a line each, folders with /, as many whole lines as fit, and a zero byte; gives the bytes with it.
    /// Needs storage.read.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn list(path: crate::Text, into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::storage_list(path.as_ptr(), into.as_mut_ptr(), into.len() as u32) })
    }
}

/// Files.
pub mod files {
    /// Flags 0 read, 1 write, 2 append, 4 both, 8 create, 16 truncate; writing needs fs.write.
    /// Needs fs.read or fs.write.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn open(path: crate::Text, flags: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::fs_open(path.as_ptr(), flags) })
    }

    /// Gives the handle back.
    /// Needs fs.read or fs.write.
    pub fn close(file: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::fs_close(file) })
    }

    /// Gives how many bytes; 0 at the end.
    /// Needs fs.read.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn read(file: i32, into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::fs_read(file, into.as_mut_ptr(), into.len() as u32) })
    }

    /// Gives how many bytes; −ENOSPC when the quota is used up.
    /// Needs fs.write.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn write(file: i32, data: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::fs_write(file, data.as_ptr(), data.len() as u32) })
    }

    /// From 0 the start, 1 here, 2 the end; gives the new place.
    /// Needs fs.read or fs.write.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn seek(file: i32, offset: i32, whence: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::fs_seek(file, offset, whence) })
    }

    /// The place.
    /// Needs fs.read or fs.write.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn tell(file: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::fs_tell(file) })
    }

    /// Size (32 bits), type (0 file, 1 folder), 3 bytes of nothing, changed (64 bits, ms).
    /// Needs fs.read.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn stat(path: crate::Text, status: &mut [u8; 16]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::fs_stat(path.as_ptr(), status.as_mut_ptr()) })
    }

    /// Removes a file or an empty folder.
    /// Needs fs.write.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn unlink(path: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::fs_unlink(path.as_ptr()) })
    }

    /// Makes a folder.
    /// Needs fs.write.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn mkdir(path: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::fs_mkdir(path.as_ptr()) })
    }

    /// As storage_list.
    /// Needs fs.read.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn readdir(path: crate::Text, into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::fs_readdir(path.as_ptr(), into.as_mut_ptr(), into.len() as u32) })
    }
}

/// Network.
pub mod network {
    /// 0 TCP, 1 UDP, 2 TLS. Gives a handle; −EMFILE when all are taken.
    /// Needs network.
    /// Rate: 30 a second with all of network.
    pub fn open(kind: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::net_open(kind) })
    }

    /// Begins to connect where the policy allows it, else −EACCES; an event says how it ended.
    /// Needs network.
    /// Rate: 30 a second with all of network.
    pub fn connect(stream: i32, host: crate::Text, port: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::net_connect(stream, host.as_ptr(), port) })
    }

    /// Binds to a port that the policy allows.
    /// Needs network.
    /// Rate: 30 a second with all of network.
    pub fn bind(stream: i32, port: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::net_bind(stream, port) })
    }

    /// Accepts connections; each is an event with its handle.
    /// Needs network.
    /// Rate: 30 a second with all of network.
    pub fn listen(stream: i32, backlog: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::net_listen(stream, backlog) })
    }

    /// Gives the handle and its rings back.
    /// Needs network.
    pub fn close(stream: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::net_close(stream) })
    }

    /// Sends what the guest writes into this ring.
    /// Needs network.
    pub fn tx_bind<const SIZE: usize>(stream: i32, ring: &'static crate::Ring<SIZE>) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::net_tx_bind(stream, ring.address(), SIZE as u32) })
    }

    /// Writes what comes into this ring.
    /// Needs network.
    pub fn rx_bind<const SIZE: usize>(stream: i32, ring: &'static crate::Ring<SIZE>) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::net_rx_bind(stream, ring.address(), SIZE as u32) })
    }

    /// Sends what is in the ring now; gives how many messages.
    /// Needs network.
    pub fn tx_flush(stream: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::net_tx_flush(stream) })
    }

    /// Takes the next event of 4 bytes. 1: taken, 0: none, and the event is one of type 0.
    /// Needs network.
    pub fn event_pop(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::net_event_pop(into.as_mut_ptr(), into.len() as u32) })
    }

    /// The host's address as text, at least 16 bytes; −ENODATA without one.
    /// Needs network.
    pub fn get_ip(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::net_get_ip(into.as_mut_ptr(), into.len() as u32) })
    }
}

/// Messages between apps.
pub mod messages {
    /// Queues what is published there; * and # stand for a level and all below.
    /// Needs ipc.
    /// Rate: 200 a second with all of ipc.
    pub fn subscribe(topic: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::msg_subscribe(topic.as_ptr()) })
    }

    /// Drops the queue.
    /// Needs ipc.
    /// Rate: 200 a second with all of ipc.
    pub fn unsubscribe(topic: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::msg_unsubscribe(topic.as_ptr()) })
    }

    /// 1 to 4,096 bytes, else −EMSGSIZE. Gives the number of subscribers that got it; −EAGAIN when one that must not lose is full.
    /// Needs ipc.
    /// Rate: 200 a second with all of ipc.
    pub fn publish(topic: crate::Text, data: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::msg_publish(topic.as_ptr(), data.as_ptr(), data.len() as u32) })
    }

    /// Waits for a message: −1 for ever, 0 not at all. Gives its length, −EAGAIN without one.
    /// Needs ipc.
    /// Rate: 200 a second with all of ipc.
    pub fn recv(topic: crate::Text, into: &mut [u8], timeout: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::msg_recv(topic.as_ptr(), into.as_mut_ptr(), into.len() as u32, timeout) })
    }

    /// The same without waiting.
    /// Needs ipc.
    /// Rate: 200 a second with all of ipc.
    pub fn try_recv(topic: crate::Text, into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::msg_try_recv(topic.as_ptr(), into.as_mut_ptr(), into.len() as u32) })
    }

    /// How many wait; −ENOENT when not subscribed.
    /// Needs ipc.
    /// Rate: 200 a second with all of ipc.
    pub fn pending(topic: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::msg_pending(topic.as_ptr()) })
    }
}

/// Apps.
pub mod apps {
    /// 0 new, 1 installed, 2 running, 3 stopped, 4 error, 5 failed; −ENOENT.
    /// Needs app.control or app.info.
    pub fn get_status(name: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::app_get_status(name.as_ptr()) })
    }

    /// `name:STATE` a line each and a zero byte, whole lines only; gives how many apps there are.
    /// Needs app.control or app.info.
    pub fn list(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::app_list(into.as_mut_ptr(), into.len() as u32) })
    }

    /// This app's name and a zero byte; gives its length.
    /// Needs app.control or app.info.
    pub fn get_self_name(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::app_get_self_name(into.as_mut_ptr(), into.len() as u32) })
    }

    /// Starts another app.
    /// Needs app.control.
    pub fn start(name: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::app_start(name.as_ptr()) })
    }

    /// Stops another app; this one: −EINVAL.
    /// Needs app.control.
    pub fn stop(name: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::app_stop(name.as_ptr()) })
    }

    /// Stops this app and starts another 200 ms later; the last wish counts.
    /// Needs app.control or app.switch.
    pub fn switch(name: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::app_switch(name.as_ptr()) })
    }

    /// 1 and the version that the catalogue offers, else 0.
    /// Needs app.control.
    pub fn check_update(version: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::app_check_update(version.as_mut_ptr(), version.len() as u32) })
    }

    /// Installs it; −ENOENT without one.
    /// Needs app.control.
    pub fn request_update() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::app_request_update() })
    }

    /// Names of modules in the host's import folder, a line each and a zero byte.
    /// Needs app.control.
    pub fn sd_scan_wasm(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::sd_scan_wasm(into.as_mut_ptr(), into.len() as u32) })
    }

    /// Installs one of them.
    /// Needs app.control.
    pub fn install_from_sd(name: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::app_install_from_sd(name.as_ptr()) })
    }

    /// Runs one of them without installing it.
    /// Needs app.control.
    pub fn run_from_sd(name: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::app_run_from_sd(name.as_ptr()) })
    }
}

/// Settings.
pub mod settings {
    /// The text with its zero byte; gives its length without it, −ENOENT without one.
    /// Needs settings.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn get(key: crate::Text, into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::settings_get(key.as_ptr(), into.as_mut_ptr(), into.len() as u32) })
    }

    /// Kept for this app alone, over restarts.
    /// Needs settings.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn set(key: crate::Text, value: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::settings_set(key.as_ptr(), value.as_ptr()) })
    }

    /// −ENOENT when there is none.
    /// Needs settings.
    /// Rate: 40 a second with all of storage, else it waits.
    pub fn delete(key: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::settings_delete(key.as_ptr()) })
    }
}

/// Cryptography.
pub mod crypto {
    /// At most 65,536 bytes, as everywhere here; more: −EMSGSIZE.
    /// Needs crypto.
    pub fn sha256(data: &[u8], digest: &mut [u8; 32]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::crypto_sha256(data.as_ptr(), data.len() as u32, digest.as_mut_ptr()) })
    }

    /// A key of 1 to 64 bytes.
    /// Needs crypto.
    pub fn hmac_sha256(key: &[u8], data: &[u8], digest: &mut [u8; 32]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::crypto_hmac_sha256(key.as_ptr(), key.len() as u32, data.as_ptr(), data.len() as u32, digest.as_mut_ptr()) })
    }

    /// CBC without padding; whole blocks of 16 bytes.
    /// Needs crypto.
    pub fn aes256_encrypt(key: &[u8; 32], iv: &[u8; 16], data: &[u8], out: &mut [u8]) -> crate::Result<i32> {
        if out.len() != data.len() {
            return Err(crate::Error::EINVAL);
        }
        crate::check(unsafe { super::raw::crypto_aes256_encrypt(key.as_ptr(), iv.as_ptr(), data.as_ptr(), data.len() as u32, out.as_mut_ptr()) })
    }

    /// CBC without padding; whole blocks of 16 bytes.
    /// Needs crypto.
    pub fn aes256_decrypt(key: &[u8; 32], iv: &[u8; 16], data: &[u8], out: &mut [u8]) -> crate::Result<i32> {
        if out.len() != data.len() {
            return Err(crate::Error::EINVAL);
        }
        crate::check(unsafe { super::raw::crypto_aes256_decrypt(key.as_ptr(), iv.as_ptr(), data.as_ptr(), data.len() as u32, out.as_mut_ptr()) })
    }

    /// Any length; the counter block stays as it is.
    /// Needs crypto.
    pub fn aes256_ctr(key: &[u8; 32], counter: &[u8; 16], data: &[u8], out: &mut [u8]) -> crate::Result<i32> {
        if out.len() != data.len() {
            return Err(crate::Error::EINVAL);
        }
        crate::check(unsafe { super::raw::crypto_aes256_ctr(key.as_ptr(), counter.as_ptr(), data.as_ptr(), data.len() as u32, out.as_mut_ptr()) })
    }

    /// Random bytes.
    /// Needs crypto.
    pub fn random(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::crypto_random(into.as_mut_ptr(), into.len() as u32) })
    }

    /// A new key.
    /// Needs crypto.
    pub fn ed25519_keygen(seed: &mut [u8; 32], public: &mut [u8; 32]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::crypto_ed25519_keygen(seed.as_mut_ptr(), public.as_mut_ptr()) })
    }

    /// Signs.
    /// Needs crypto.
    pub fn ed25519_sign(seed: &[u8; 32], message: &[u8], signature: &mut [u8; 64]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::crypto_ed25519_sign(seed.as_ptr(), message.as_ptr(), message.len() as u32, signature.as_mut_ptr()) })
    }

    /// A new key.
    /// Needs crypto.
    pub fn p256_keygen(private: &mut [u8; 32], public: &mut [u8; 65]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::crypto_p256_keygen(private.as_mut_ptr(), public.as_mut_ptr()) })
    }

    /// Signs SHA-256 of the message: r and s.
    /// Needs crypto.
    pub fn p256_sign(private: &[u8; 32], message: &[u8], signature: &mut [u8; 64]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::crypto_p256_sign(private.as_ptr(), message.as_ptr(), message.len() as u32, signature.as_mut_ptr()) })
    }
}

/// Clock.
pub mod rtc {
    /// Seconds since 1970, as 32 bits.
    /// Needs rtc.read.
    pub fn get_unix_time() -> i32 {
        unsafe { super::raw::rtc_get_unix_time() }
    }

    /// Milliseconds since the host started, as 32 bits.
    /// Needs rtc.read.
    pub fn get_uptime_ms() -> i32 {
        unsafe { super::raw::rtc_get_uptime_ms() }
    }

    /// 1 once after the alarm's time has come, else 0.
    /// Needs rtc.read.
    pub fn alarm_fired() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rtc_alarm_fired() })
    }

    /// Sets the clock that the app sees; the host's stays as it is.
    /// Needs rtc.write.
    pub fn set_unix_time(seconds: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rtc_set_unix_time(seconds) })
    }

    /// Sets the alarm to seconds since 1970; 0: none.
    /// Needs rtc.write.
    pub fn set_alarm(seconds: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rtc_set_alarm(seconds) })
    }
}

/// Power.
pub mod power {
    /// 0 active, 1 idle, 2 light sleep, 3 deep sleep, 4 hibernation.
    /// Needs power.read.
    pub fn get_mode() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::power_get_mode() })
    }

    /// Percent; −ENODEV without a battery.
    /// Needs power.read.
    pub fn get_battery_level() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::power_get_battery_level() })
    }

    /// 12 bytes: percent, flags (1 charging, 2 low), 2 of nothing, millivolts, milliamperes (positive: charging).
    /// Needs power.read.
    pub fn get_battery_status(status: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::power_get_battery_status(status.as_mut_ptr(), status.len() as u32) })
    }

    /// Light sleep waits for what wakes the app, −EINVAL without it; deep sleep and hibernation: −ENOTSUP.
    /// Needs power.control.
    pub fn set_mode(mode: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::power_set_mode(mode) })
    }

    /// Wakes the app by a pin that it has configured: 0 low, 1 high, 2 any change.
    /// Needs power.control.
    pub fn wake_on_gpio(pin: i32, edge: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::power_wake_on_gpio(pin, edge) })
    }

    /// Wakes the app that long after it has gone to sleep.
    /// Needs power.control.
    pub fn wake_on_timer(milliseconds: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::power_wake_on_timer(milliseconds) })
    }

    /// Hint to use less.
    /// Needs power.control.
    pub fn set_low_power(enabled: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::power_set_low_power(enabled) })
    }
}

/// Update of the host.
pub mod update {
    /// 1 when the host could be updated from there (https only), else 0.
    /// Needs ota.trigger.
    pub fn check(url: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ota_check(url.as_ptr()) })
    }

    /// Fetches, checks and stages an update.
    /// Needs ota.trigger.
    pub fn fetch_and_apply(url: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ota_fetch_and_apply(url.as_ptr()) })
    }

    /// 0 idle, 1 in progress, 2 receiving, 3 validating, 4 installing, 5 complete, 6 error.
    /// Needs ota.trigger.
    pub fn get_state() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ota_get_state() })
    }

    /// Keeps what runs now.
    /// Needs ota.trigger.
    pub fn confirm() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ota_confirm() })
    }

    /// Goes back to what ran before.
    /// Needs ota.trigger.
    pub fn rollback() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ota_rollback() })
    }
}

/// MQTT.
pub mod mqtt {
    /// −ENODEV without a broker.
    /// Needs mqtt.
    /// Rate: 30 a second with all of network.
    pub fn publish(topic: crate::Text, data: &[u8], qos: i32, retain: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mqtt_publish(topic.as_ptr(), data.as_ptr(), data.len() as u32, qos, retain) })
    }

    /// Queues what comes.
    /// Needs mqtt.
    /// Rate: 30 a second with all of network.
    pub fn subscribe(topic: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mqtt_subscribe(topic.as_ptr()) })
    }

    /// Takes the next message; gives its length, −EAGAIN without one.
    /// Needs mqtt.
    pub fn poll(topic: &mut [u8], into: &mut [u8], timeout: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mqtt_poll(topic.as_mut_ptr(), topic.len() as u32, into.as_mut_ptr(), into.len() as u32, timeout) })
    }

    /// 1 or 0.
    /// Needs mqtt.
    pub fn connected() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mqtt_connected() })
    }

    /// Announces a light to home automation.
    /// Needs mqtt.
    /// Rate: 30 a second with all of network.
    pub fn ha_light_register(id: crate::Text, name: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ha_light_register(id.as_ptr(), name.as_ptr()) })
    }

    /// Says the light's state.
    /// Needs mqtt.
    /// Rate: 30 a second with all of network.
    pub fn ha_light_report(id: crate::Text, on: i32, brightness: i32, red: i32, green: i32, blue: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ha_light_report(id.as_ptr(), on, brightness, red, green, blue) })
    }

    /// Takes what is wanted of the light: 1 whether it is on, 2 its brightness, 4 its colour, added up; 0: nothing. What is not wanted is left as it was.
    /// Needs mqtt.
    pub fn ha_light_poll(id: crate::Text, on: &mut i32, brightness: &mut i32, red: &mut i32, green: &mut i32, blue: &mut i32, timeout: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ha_light_poll(id.as_ptr(), on, brightness, red, green, blue, timeout) })
    }
}

/// HID.
pub mod hid {
    /// Begins as a keyboard (1), gamepad (2), mouse (4) or several.
    /// Needs hid.
    pub fn begin(transport: i32, types: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_init(transport, types) })
    }

    /// 0 none, 1 BLE, 2 USB, 3 simulated.
    /// Needs hid.
    pub fn set_transport(transport: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_set_transport(transport) })
    }

    /// Keyboard 1, gamepad 2, mouse 4.
    /// Needs hid.
    pub fn set_device_types(types: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_set_device_types(types) })
    }

    /// Connects.
    /// Needs hid.
    pub fn enable() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_enable() })
    }

    /// Disconnects; every key is released.
    /// Needs hid.
    pub fn disable() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_disable() })
    }

    /// 1 or 0.
    /// Needs hid.
    pub fn is_connected() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_is_connected() })
    }

    /// A usage of the keyboard page; at most 6 at once.
    /// Needs hid.
    pub fn key_press(key: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_key_press(key) })
    }

    /// Releases it.
    /// Needs hid.
    pub fn key_release(key: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_key_release(key) })
    }

    /// Releases all.
    /// Needs hid.
    pub fn key_release_all() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_key_release_all() })
    }

    /// A bit for each of control, shift, alt, GUI, left and right.
    /// Needs hid.
    pub fn set_modifiers(modifiers: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_set_modifiers(modifiers) })
    }

    /// Presses and releases the keys of a US keyboard.
    /// Needs hid.
    pub fn type_string(text: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_type_string(text.as_ptr()) })
    }

    /// Steps of −127 to 127; larger moves are several reports.
    /// Needs hid.
    pub fn mouse_move(x: i32, y: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_mouse_move(x, y) })
    }

    /// Presses buttons: 1 left, 2 right, 4 middle, 8 back, 16 forward.
    /// Needs hid.
    pub fn mouse_btn_press(buttons: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_mouse_btn_press(buttons) })
    }

    /// Releases them.
    /// Needs hid.
    pub fn mouse_btn_release(buttons: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_mouse_btn_release(buttons) })
    }

    /// Turns the wheel.
    /// Needs hid.
    pub fn mouse_scroll(steps: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_mouse_scroll(steps) })
    }

    /// Presses buttons, a bit for each: A, B, X, Y, LB, RB, BACK, START, HOME, L3, R3; 0x1000 to 0x8000 the pad.
    /// Needs hid.
    pub fn gamepad_press(buttons: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_gamepad_press(buttons) })
    }

    /// Releases them.
    /// Needs hid.
    pub fn gamepad_release(buttons: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_gamepad_release(buttons) })
    }

    /// Moves an axis, 0 to 5, to a number of 16 bits.
    /// Needs hid.
    pub fn gamepad_set_axis(axis: i32, value: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_gamepad_set_axis(axis, value) })
    }

    /// 0 centre, 1 to 8 clockwise from up.
    /// Needs hid.
    pub fn gamepad_set_dpad(direction: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_gamepad_set_dpad(direction) })
    }

    /// Everything at rest.
    /// Needs hid.
    pub fn gamepad_reset() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_gamepad_reset() })
    }

    /// The whole state at once.
    /// Needs hid.
    pub fn gamepad_send_report(buttons: i32, x: i32, y: i32, z: i32, rx: i32, ry: i32, rz: i32, dpad: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_gamepad_send_report(buttons, x, y, z, rx, ry, rz, dpad) })
    }

    /// A media key, pressed and released.
    /// Needs hid.
    pub fn consumer_send(usage: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_consumer_send(usage) })
    }

    /// A report of at most 64 bytes.
    /// Needs hid.
    pub fn send_raw_report(id: i32, data: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_send_raw_report(id, data.as_ptr(), data.len() as u32) })
    }

    /// Takes the next output report; 0 without one.
    /// Needs hid.
    pub fn raw_recv(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_raw_recv(into.as_mut_ptr(), into.len() as u32) })
    }

    /// A FIDO report of at most 64 bytes, filled up to 64.
    /// Needs hid.
    pub fn fido_send(data: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_fido_send(data.as_ptr(), data.len() as u32) })
    }

    /// Takes the next FIDO report; 0 without one.
    /// Needs hid.
    pub fn fido_recv(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_fido_recv(into.as_mut_ptr(), into.len() as u32) })
    }

    /// A named sequence of at most 8 actions of 4 bytes: kind (1 key, 2 media key, 3 mouse, 4 gamepad), modifiers or mouse buttons, and 16 bits of key or gamepad buttons.
    /// Needs hid.
    pub fn action_register(name: crate::Text, actions: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_action_register(name.as_ptr(), actions.as_ptr(), actions.len() as u32) })
    }

    /// Plays it.
    /// Needs hid.
    pub fn action_trigger(name: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::hid_action_trigger(name.as_ptr()) })
    }
}

/// Bluetooth Low Energy.
pub mod ble {
    /// Switches the device on; −EBUSY while HID is on.
    /// Needs ble.
    pub fn begin() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_init() })
    }

    /// Switches it off; services are gone.
    /// Needs ble.
    pub fn end() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_deinit() })
    }

    /// At most 29 bytes.
    /// Needs ble.
    pub fn set_local_name(name: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_set_local_name(name.as_ptr()) })
    }

    /// Gives the service's number; at most 4.
    /// Needs ble.
    pub fn service_create(uuid: crate::Text) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_service_create(uuid.as_ptr()) })
    }

    /// Gives the characteristic's number; at most 8, of at most 64 bytes.
    /// Needs ble.
    pub fn char_create(uuid: crate::Text, properties: i32, size: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_char_create(uuid.as_ptr(), properties, size) })
    }

    /// Puts it into a service that is not added yet.
    /// Needs ble.
    pub fn service_add_char(service: i32, characteristic: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_service_add_char(service, characteristic) })
    }

    /// Offers it.
    /// Needs ble.
    pub fn add_service(service: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_add_service(service) })
    }

    /// Names it while advertising.
    /// Needs ble.
    pub fn set_advertised_service(service: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_set_advertised_service(service) })
    }

    /// Begins to advertise.
    /// Needs ble.
    pub fn advertise() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_advertise() })
    }

    /// Ends it.
    /// Needs ble.
    pub fn stop_advertise() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_stop_advertise() })
    }

    /// 1 or 0.
    /// Needs ble.
    pub fn is_connected() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_is_connected() })
    }

    /// Sets the value and notifies.
    /// Needs ble.
    pub fn char_write(characteristic: i32, data: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_char_write(characteristic, data.as_ptr(), data.len() as u32) })
    }

    /// Gives the value's length.
    /// Needs ble.
    pub fn char_read(characteristic: i32, into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_char_read(characteristic, into.as_mut_ptr(), into.len() as u32) })
    }

    /// Takes the next event: type, characteristic, length (16 bits), data. Gives its length, 0 without one; the event is then one of type 0.
    /// Needs ble.
    pub fn event_pop(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_event_pop(into.as_mut_ptr(), into.len() as u32) })
    }

    /// Listens for advertisements.
    /// Needs ble.scan.
    pub fn scan_start(milliseconds: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_scan_start(milliseconds) })
    }

    /// Ends it.
    /// Needs ble.scan.
    pub fn scan_stop() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_scan_stop() })
    }

    /// Takes the next advertisement: address (6 bytes), signal, length, data. Gives its length, 0 without one.
    /// Needs ble.scan.
    pub fn scan_pop(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_scan_pop(into.as_mut_ptr(), into.len() as u32) })
    }

    /// Needs ble.spam.
    /// Refused by policy: ENOTSUP.
    pub fn spam_start(kind: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_spam_start(kind) })
    }

    /// Needs ble.spam.
    /// Refused by policy: ENOTSUP.
    pub fn spam_stop() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::ble_spam_stop() })
    }
}

/// Radio.
pub mod radio {
    /// Chooses a radio.
    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn select(chip: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_select(chip) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn set_frequency(hertz: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_set_frequency(hertz) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn set_power(dbm: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_set_power(dbm) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn set_modulation(modulation: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_set_modulation(modulation) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn set_bandwidth(bandwidth: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_set_bandwidth(bandwidth) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn set_coding_rate(rate: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_set_coding_rate(rate) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn set_spreading_factor(factor: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_set_spreading_factor(factor) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn set_bitrate(bitrate: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_set_bitrate(bitrate) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn set_sync_word(word: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_set_sync_word(word) })
    }

    /// Signal strength.
    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn get_rssi() -> i32 {
        unsafe { super::raw::rf_get_rssi() }
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn send(data: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_send(data.as_ptr(), data.len() as u32) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn receive(into: &mut [u8], timeout: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_receive(into.as_mut_ptr(), into.len() as u32, timeout) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn recv_pop(into: &mut [u8], timeout: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_recv_pop(into.as_mut_ptr(), into.len() as u32, timeout) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// No such device on this host: ENODEV.
    pub fn raw_capture(into: &mut [u8], timeout: i32, rate: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_raw_capture(into.as_mut_ptr(), into.len() as u32, timeout, rate) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// Refused by policy: ENOTSUP.
    pub fn raw_replay(data: &[u8], count: i32, rate: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_raw_replay(data.as_ptr(), data.len() as u32, count, rate) })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// Refused by policy: ENOTSUP.
    pub fn tx_cw_start() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_tx_cw_start() })
    }

    /// Needs rf.transceive.
    /// Rate: 20 a second with all of rf.
    /// Refused by policy: ENOTSUP.
    pub fn tx_cw_stop() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::rf_tx_cw_stop() })
    }
}

/// Wi-Fi, raw.
pub mod wifi {
    /// Needs wifi.inject.
    /// Refused by policy: ENOTSUP.
    pub fn deauth(station: &[u8; 6], access: &[u8; 6], channel: i32, count: i32, reason: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::wifi_deauth(station.as_ptr(), access.as_ptr(), channel, count, reason) })
    }

    /// Access points.
    /// Needs wifi.inject.
    /// Refused by policy: ENOTSUP.
    pub fn scan_aps(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::wifi_scan_aps(into.as_mut_ptr(), into.len() as u32) })
    }

    /// Signal strengths.
    /// Needs wifi.inject.
    /// Refused by policy: ENOTSUP.
    pub fn scan_rssi(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::wifi_scan_rssi(into.as_mut_ptr(), into.len() as u32) })
    }

    /// Needs wifi.inject.
    /// Refused by policy: ENOTSUP.
    pub fn capture_pmkid(access: &[u8; 6], into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::wifi_capture_pmkid(access.as_ptr(), into.as_mut_ptr(), into.len() as u32) })
    }

    /// Needs wifi.inject.
    /// Refused by policy: ENOTSUP.
    pub fn scan_clients(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::wifi_scan_clients(into.as_mut_ptr(), into.len() as u32) })
    }
}

/// Inference.
pub mod inference {
    /// Loads a model; gives 0 to 3.
    /// Needs ai.infer.
    /// Not built on this host: ENOSYS.
    pub fn load(model: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::aiinfer_load(model.as_ptr(), model.len() as u32) })
    }

    /// Runs it.
    /// Needs ai.infer.
    /// Not built on this host: ENOSYS.
    pub fn run(model: i32, input: &[u8], output: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::aiinfer_run(model, input.as_ptr(), input.len() as u32, output.as_mut_ptr(), output.len() as u32) })
    }

    /// Gives it back.
    /// Needs ai.infer.
    /// Not built on this host: ENOSYS.
    pub fn unload(model: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::aiinfer_unload(model) })
    }
}

/// Matter.
pub mod matter {
    /// Needs matter.
    /// No such device on this host: ENODEV.
    pub fn commission(code: crate::Text, into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::matter_commission(code.as_ptr(), into.as_mut_ptr(), into.len() as u32) })
    }

    /// Needs matter.
    /// No such device on this host: ENODEV.
    pub fn endpoint_add(kind: i32, descriptor: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::matter_endpoint_add(kind, descriptor.as_ptr(), descriptor.len() as u32) })
    }

    /// Needs matter.
    /// No such device on this host: ENODEV.
    pub fn get_pairing(code: &mut [u8], into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::matter_get_pairing(code.as_mut_ptr(), code.len() as u32, into.as_mut_ptr(), into.len() as u32) })
    }

    /// Needs matter.
    /// No such device on this host: ENODEV.
    pub fn open_pairing(seconds: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::matter_open_pairing(seconds) })
    }

    /// Needs matter.
    /// No such device on this host: ENODEV.
    pub fn report_attr(endpoint: i32, cluster: i32, attribute: i32, value: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::matter_report_attr(endpoint, cluster, attribute, value.as_ptr(), value.len() as u32) })
    }

    /// Needs matter.
    /// No such device on this host: ENODEV.
    pub fn send(node: &[u8], command: &[u8], timeout: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::matter_send(node.as_ptr(), node.len() as u32, command.as_ptr(), command.len() as u32, timeout) })
    }

    /// Needs matter.
    /// No such device on this host: ENODEV.
    pub fn subscribe(path: &[u8], interval: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::matter_subscribe(path.as_ptr(), path.len() as u32, interval) })
    }

    /// Needs matter.
    /// No such device on this host: ENODEV.
    pub fn poll(node: &mut [u8], path: &mut i32, kind: i32, into: &mut [u8], size: i32, timeout: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::matter_poll(node.as_mut_ptr(), node.len() as u32, path, kind, into.as_mut_ptr(), into.len() as u32, size, timeout) })
    }

    /// Needs matter.
    /// No such device on this host: ENODEV.
    pub fn cmd_poll(endpoint: &mut i32, cluster: &mut i32, command: &mut i32, into: &mut [u8], timeout: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::matter_cmd_poll(endpoint, cluster, command, into.as_mut_ptr(), into.len() as u32, timeout) })
    }
}

/// Mesh.
pub mod mesh {
    /// Needs mesh.
    /// No such device on this host: ENODEV.
    pub fn begin(chip: i32, key: crate::Text, channel: i32, power: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mesh_init(chip, key.as_ptr(), channel, power) })
    }

    /// Needs mesh.
    /// No such device on this host: ENODEV.
    pub fn start() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mesh_start() })
    }

    /// Needs mesh.
    /// No such device on this host: ENODEV.
    pub fn stop() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mesh_stop() })
    }

    /// Needs mesh.
    /// No such device on this host: ENODEV.
    pub fn send(destination: &[u8; 8], data: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mesh_send(destination.as_ptr(), data.as_ptr(), data.len() as u32) })
    }

    /// Needs mesh.
    /// No such device on this host: ENODEV.
    pub fn broadcast(data: &[u8], hops: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mesh_broadcast(data.as_ptr(), data.len() as u32, hops) })
    }

    /// Needs mesh.
    /// No such device on this host: ENODEV.
    pub fn recv_pop(source: &mut [u8; 8], into: &mut [u8], timeout: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mesh_recv_pop(source.as_mut_ptr(), into.as_mut_ptr(), into.len() as u32, timeout) })
    }

    /// Needs mesh.
    /// No such device on this host: ENODEV.
    pub fn get_nodes(into: &mut i32, count: i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mesh_get_nodes(into, count) })
    }

    /// Needs mesh.
    /// No such device on this host: ENODEV.
    pub fn get_stats(into: &mut i32) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mesh_get_stats(into) })
    }

    /// Needs mesh.
    /// No such device on this host: ENODEV.
    pub fn distribute_app(destination: &[u8; 8], name: crate::Text, module: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::mesh_distribute_app(destination.as_ptr(), name.as_ptr(), module.as_ptr(), module.len() as u32) })
    }
}

/// NFC.
pub mod nfc {
    /// No such device on this host: ENODEV.
    pub fn uid(uid: &mut [u8; 8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::nfc_uid(uid.as_mut_ptr()) })
    }

    /// No such device on this host: ENODEV.
    pub fn read(address: i32, into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::nfc_read(address, into.as_mut_ptr(), into.len() as u32) })
    }

    /// No such device on this host: ENODEV.
    pub fn write(address: i32, data: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::nfc_write(address, data.as_ptr(), data.len() as u32) })
    }

    /// No such device on this host: ENODEV.
    pub fn field_present() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::nfc_field_present() })
    }

    /// No such device on this host: ENODEV.
    pub fn mb_enable() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::nfc_mb_enable() })
    }

    /// No such device on this host: ENODEV.
    pub fn mb_put(data: &[u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::nfc_mb_put(data.as_ptr(), data.len() as u32) })
    }

    /// No such device on this host: ENODEV.
    pub fn mb_get(into: &mut [u8]) -> crate::Result<i32> {
        crate::check(unsafe { super::raw::nfc_mb_get(into.as_mut_ptr(), into.len() as u32) })
    }

    /// No such device on this host: ENODEV.
    pub fn mb_status() -> crate::Result<i32> {
        crate::check(unsafe { super::raw::nfc_mb_status() })
    }
}

/// The imports as they are.
pub mod raw {
    #[link(wasm_import_module = "env")]
    #[allow(clashing_extern_declarations)]
    extern "C" {
        pub fn delay(microseconds: i32) -> i32;
        pub fn printf_native(text: *const u8) -> i32;
        pub fn mem_alloc(size: u32) -> *mut u8;
        pub fn mem_free(address: *mut u8);
        pub fn timer_create() -> i32;
        pub fn timer_start(timer: i32) -> i32;
        pub fn timer_stop(timer: i32) -> i32;
        pub fn timer_elapsed(timer: i32) -> i32;
        pub fn timer_free(timer: i32) -> i32;
        pub fn rtc_get_unix_time() -> i32;
        pub fn rtc_get_uptime_ms() -> i32;
        pub fn rtc_alarm_fired() -> i32;
        pub fn rtc_set_unix_time(seconds: i32) -> i32;
        pub fn rtc_set_alarm(seconds: i32) -> i32;
        pub fn wdt_pet() -> i32;
        pub fn display_clear(color: i32) -> i32;
        pub fn display_pixel(x: i32, y: i32, color: i32) -> i32;
        pub fn display_rect(x: i32, y: i32, width: i32, height: i32, color: i32) -> i32;
        pub fn display_rect_outline(x: i32, y: i32, width: i32, height: i32, color: i32) -> i32;
        pub fn display_line(x0: i32, y0: i32, x1: i32, y1: i32, color: i32) -> i32;
        pub fn display_hline(x: i32, y: i32, length: i32, color: i32) -> i32;
        pub fn display_vline(x: i32, y: i32, length: i32, color: i32) -> i32;
        pub fn display_circle(x: i32, y: i32, radius: i32, color: i32) -> i32;
        pub fn display_circle_fill(x: i32, y: i32, radius: i32, color: i32) -> i32;
        pub fn display_rounded_rect(x: i32, y: i32, width: i32, height: i32, radius: i32, color: i32) -> i32;
        pub fn display_rounded_rect_fill(x: i32, y: i32, width: i32, height: i32, radius: i32, color: i32) -> i32;
        pub fn display_triangle(x0: i32, y0: i32, x1: i32, y1: i32, x2: i32, y2: i32, color: i32) -> i32;
        pub fn display_triangle_fill(x0: i32, y0: i32, x1: i32, y1: i32, x2: i32, y2: i32, color: i32) -> i32;
        pub fn display_text(x: i32, y: i32, text: *const u8, color: i32) -> i32;
        pub fn display_text_large(x: i32, y: i32, text: *const u8, color: i32) -> i32;
        pub fn display_text_huge(x: i32, y: i32, text: *const u8, color: i32) -> i32;
        pub fn display_number(x: i32, y: i32, value: i32, color: i32) -> i32;
        pub fn display_bitmap(x: i32, y: i32, width: i32, height: i32, pixels: *const u8, pixels_size: u32) -> i32;
        pub fn display_bitmap_transparent(x: i32, y: i32, width: i32, height: i32, pixels: *const u8, pixels_size: u32, key: i32) -> i32;
        pub fn display_raw_write(x: i32, y: i32, width: i32, height: i32, pixels: *const u8, pixels_size: u32) -> i32;
        pub fn display_raw_write_async(x: i32, y: i32, width: i32, height: i32, pixels: *const u8, pixels_size: u32) -> i32;
        pub fn display_raw_wait() -> i32;
        pub fn display_progress_bar(x: i32, y: i32, width: i32, height: i32, value: i32, maximum: i32, color: i32, background: i32) -> i32;
        pub fn display_flush() -> i32;
        pub fn display_get_size(width: *mut i32, height: *mut i32) -> i32;
        pub fn display_get_width() -> i32;
        pub fn display_get_height() -> i32;
        pub fn input_get_buttons() -> i32;
        pub fn input_poll_event(event: *mut u8, event_size: u32) -> i32;
        #[link_name = "input_poll_event"]
        pub fn input_poll_event_alt(event: *mut u8) -> i32;
        pub fn input_get_dial() -> i32;
        pub fn gpio_configure(pin: i32, flags: i32) -> i32;
        pub fn gpio_read(pin: i32) -> i32;
        pub fn gpio_write(pin: i32, value: i32) -> i32;
        pub fn sensor_read(channel: i32) -> i32;
        pub fn uart_open(port: i32, baud: i32) -> i32;
        pub fn uart_write(uart: i32, data: *const u8, data_size: u32) -> i32;
        pub fn uart_read(uart: i32, into: *mut u8, into_size: u32) -> i32;
        pub fn uart_close(uart: i32) -> i32;
        pub fn i2c_read_reg(bus: i32, address: i32, register: i32, into: *mut u8, into_size: u32) -> i32;
        pub fn i2c_write_reg(bus: i32, address: i32, register: i32, data: *const u8, data_size: u32) -> i32;
        pub fn pwm_set(channel: i32, hertz: i32, percent: i32) -> i32;
        pub fn pwm_disable(channel: i32) -> i32;
        pub fn adc_read(channel: i32) -> i32;
        pub fn adc_read_mv(channel: i32) -> i32;
        pub fn power_get_mode() -> i32;
        pub fn power_get_battery_level() -> i32;
        pub fn power_get_battery_status(status: *mut u8, status_size: u32) -> i32;
        pub fn power_set_mode(mode: i32) -> i32;
        pub fn power_wake_on_gpio(pin: i32, edge: i32) -> i32;
        pub fn power_wake_on_timer(milliseconds: i32) -> i32;
        pub fn power_set_low_power(enabled: i32) -> i32;
        pub fn storage_open(path: *const u8, mode: i32) -> i32;
        pub fn storage_read(file: i32, into: *mut u8, into_size: u32) -> i32;
        pub fn storage_write(file: i32, data: *const u8, data_size: u32) -> i32;
        pub fn storage_close(file: i32);
        pub fn storage_delete(path: *const u8) -> i32;
        pub fn storage_list(path: *const u8, into: *mut u8, into_size: u32) -> i32;
        pub fn fs_open(path: *const u8, flags: i32) -> i32;
        pub fn fs_close(file: i32) -> i32;
        pub fn fs_read(file: i32, into: *mut u8, into_size: u32) -> i32;
        pub fn fs_write(file: i32, data: *const u8, data_size: u32) -> i32;
        pub fn fs_seek(file: i32, offset: i32, whence: i32) -> i32;
        pub fn fs_tell(file: i32) -> i32;
        pub fn fs_stat(path: *const u8, status: *mut u8) -> i32;
        pub fn fs_unlink(path: *const u8) -> i32;
        pub fn fs_mkdir(path: *const u8) -> i32;
        pub fn fs_readdir(path: *const u8, into: *mut u8, into_size: u32) -> i32;
        pub fn settings_get(key: *const u8, into: *mut u8, into_size: u32) -> i32;
        pub fn settings_set(key: *const u8, value: *const u8) -> i32;
        pub fn settings_delete(key: *const u8) -> i32;
        pub fn net_open(kind: i32) -> i32;
        pub fn net_connect(stream: i32, host: *const u8, port: i32) -> i32;
        pub fn net_bind(stream: i32, port: i32) -> i32;
        pub fn net_listen(stream: i32, backlog: i32) -> i32;
        pub fn net_close(stream: i32) -> i32;
        pub fn net_tx_bind(stream: i32, ring: *mut u8, ring_size: u32) -> i32;
        pub fn net_rx_bind(stream: i32, ring: *mut u8, ring_size: u32) -> i32;
        pub fn net_tx_flush(stream: i32) -> i32;
        pub fn net_event_pop(into: *mut u8, into_size: u32) -> i32;
        pub fn net_get_ip(into: *mut u8, into_size: u32) -> i32;
        pub fn msg_subscribe(topic: *const u8) -> i32;
        pub fn msg_unsubscribe(topic: *const u8) -> i32;
        pub fn msg_publish(topic: *const u8, data: *const u8, data_size: u32) -> i32;
        pub fn msg_recv(topic: *const u8, into: *mut u8, into_size: u32, timeout: i32) -> i32;
        pub fn msg_try_recv(topic: *const u8, into: *mut u8, into_size: u32) -> i32;
        pub fn msg_pending(topic: *const u8) -> i32;
        pub fn mqtt_publish(topic: *const u8, data: *const u8, data_size: u32, qos: i32, retain: i32) -> i32;
        pub fn mqtt_subscribe(topic: *const u8) -> i32;
        pub fn mqtt_poll(topic: *mut u8, topic_size: u32, into: *mut u8, into_size: u32, timeout: i32) -> i32;
        pub fn mqtt_connected() -> i32;
        pub fn ha_light_register(id: *const u8, name: *const u8) -> i32;
        pub fn ha_light_report(id: *const u8, on: i32, brightness: i32, red: i32, green: i32, blue: i32) -> i32;
        pub fn ha_light_poll(id: *const u8, on: *mut i32, brightness: *mut i32, red: *mut i32, green: *mut i32, blue: *mut i32, timeout: i32) -> i32;
        pub fn app_get_status(name: *const u8) -> i32;
        pub fn app_list(into: *mut u8, into_size: u32) -> i32;
        pub fn app_get_self_name(into: *mut u8, into_size: u32) -> i32;
        pub fn app_start(name: *const u8) -> i32;
        pub fn app_stop(name: *const u8) -> i32;
        pub fn app_switch(name: *const u8) -> i32;
        pub fn app_check_update(version: *mut u8, version_size: u32) -> i32;
        pub fn app_request_update() -> i32;
        pub fn sd_scan_wasm(into: *mut u8, into_size: u32) -> i32;
        pub fn app_install_from_sd(name: *const u8) -> i32;
        pub fn app_run_from_sd(name: *const u8) -> i32;
        pub fn crypto_sha256(data: *const u8, data_size: u32, digest: *mut u8) -> i32;
        pub fn crypto_hmac_sha256(key: *const u8, key_size: u32, data: *const u8, data_size: u32, digest: *mut u8) -> i32;
        pub fn crypto_aes256_encrypt(key: *const u8, iv: *const u8, data: *const u8, data_size: u32, out: *mut u8) -> i32;
        pub fn crypto_aes256_decrypt(key: *const u8, iv: *const u8, data: *const u8, data_size: u32, out: *mut u8) -> i32;
        pub fn crypto_aes256_ctr(key: *const u8, counter: *const u8, data: *const u8, data_size: u32, out: *mut u8) -> i32;
        pub fn crypto_random(into: *mut u8, into_size: u32) -> i32;
        pub fn crypto_ed25519_keygen(seed: *mut u8, public: *mut u8) -> i32;
        pub fn crypto_ed25519_sign(seed: *const u8, message: *const u8, message_size: u32, signature: *mut u8) -> i32;
        pub fn crypto_p256_keygen(private: *mut u8, public: *mut u8) -> i32;
        pub fn crypto_p256_sign(private: *const u8, message: *const u8, message_size: u32, signature: *mut u8) -> i32;
        pub fn ota_check(url: *const u8) -> i32;
        pub fn ota_fetch_and_apply(url: *const u8) -> i32;
        pub fn ota_get_state() -> i32;
        pub fn ota_confirm() -> i32;
        pub fn ota_rollback() -> i32;
        pub fn aiinfer_load(model: *const u8, model_size: u32) -> i32;
        pub fn aiinfer_run(model: i32, input: *const u8, input_size: u32, output: *mut u8, output_size: u32) -> i32;
        pub fn aiinfer_unload(model: i32) -> i32;
        pub fn hid_init(transport: i32, types: i32) -> i32;
        pub fn hid_set_transport(transport: i32) -> i32;
        pub fn hid_set_device_types(types: i32) -> i32;
        pub fn hid_enable() -> i32;
        pub fn hid_disable() -> i32;
        pub fn hid_is_connected() -> i32;
        pub fn hid_key_press(key: i32) -> i32;
        pub fn hid_key_release(key: i32) -> i32;
        pub fn hid_key_release_all() -> i32;
        pub fn hid_set_modifiers(modifiers: i32) -> i32;
        pub fn hid_type_string(text: *const u8) -> i32;
        pub fn hid_mouse_move(x: i32, y: i32) -> i32;
        pub fn hid_mouse_btn_press(buttons: i32) -> i32;
        pub fn hid_mouse_btn_release(buttons: i32) -> i32;
        pub fn hid_mouse_scroll(steps: i32) -> i32;
        pub fn hid_gamepad_press(buttons: i32) -> i32;
        pub fn hid_gamepad_release(buttons: i32) -> i32;
        pub fn hid_gamepad_set_axis(axis: i32, value: i32) -> i32;
        pub fn hid_gamepad_set_dpad(direction: i32) -> i32;
        pub fn hid_gamepad_reset() -> i32;
        pub fn hid_gamepad_send_report(buttons: i32, x: i32, y: i32, z: i32, rx: i32, ry: i32, rz: i32, dpad: i32) -> i32;
        pub fn hid_consumer_send(usage: i32) -> i32;
        pub fn hid_send_raw_report(id: i32, data: *const u8, data_size: u32) -> i32;
        pub fn hid_raw_recv(into: *mut u8, into_size: u32) -> i32;
        pub fn hid_fido_send(data: *const u8, data_size: u32) -> i32;
        pub fn hid_fido_recv(into: *mut u8, into_size: u32) -> i32;
        pub fn hid_action_register(name: *const u8, actions: *const u8, actions_size: u32) -> i32;
        pub fn hid_action_trigger(name: *const u8) -> i32;
        pub fn ble_init() -> i32;
        pub fn ble_deinit() -> i32;
        pub fn ble_set_local_name(name: *const u8) -> i32;
        pub fn ble_service_create(uuid: *const u8) -> i32;
        pub fn ble_char_create(uuid: *const u8, properties: i32, size: i32) -> i32;
        pub fn ble_service_add_char(service: i32, characteristic: i32) -> i32;
        pub fn ble_add_service(service: i32) -> i32;
        pub fn ble_set_advertised_service(service: i32) -> i32;
        pub fn ble_advertise() -> i32;
        pub fn ble_stop_advertise() -> i32;
        pub fn ble_is_connected() -> i32;
        pub fn ble_char_write(characteristic: i32, data: *const u8, data_size: u32) -> i32;
        pub fn ble_char_read(characteristic: i32, into: *mut u8, into_size: u32) -> i32;
        pub fn ble_event_pop(into: *mut u8, into_size: u32) -> i32;
        pub fn ble_scan_start(milliseconds: i32) -> i32;
        pub fn ble_scan_stop() -> i32;
        pub fn ble_scan_pop(into: *mut u8, into_size: u32) -> i32;
        pub fn rf_select(chip: i32) -> i32;
        pub fn rf_set_frequency(hertz: i32) -> i32;
        pub fn rf_set_power(dbm: i32) -> i32;
        pub fn rf_set_modulation(modulation: i32) -> i32;
        pub fn rf_set_bandwidth(bandwidth: i32) -> i32;
        pub fn rf_set_coding_rate(rate: i32) -> i32;
        pub fn rf_set_spreading_factor(factor: i32) -> i32;
        pub fn rf_set_bitrate(bitrate: i32) -> i32;
        pub fn rf_set_sync_word(word: i32) -> i32;
        pub fn rf_get_rssi() -> i32;
        #[link_name = "rf_get_rssi"]
        pub fn rf_get_rssi_alt(into: *mut i32) -> i32;
        pub fn rf_send(data: *const u8, data_size: u32) -> i32;
        pub fn rf_receive(into: *mut u8, into_size: u32, timeout: i32) -> i32;
        pub fn rf_recv_pop(into: *mut u8, into_size: u32, timeout: i32) -> i32;
        pub fn rf_raw_capture(into: *mut u8, into_size: u32, timeout: i32, rate: i32) -> i32;
        pub fn rf_raw_replay(data: *const u8, data_size: u32, count: i32, rate: i32) -> i32;
        pub fn rf_tx_cw_start() -> i32;
        pub fn rf_tx_cw_stop() -> i32;
        pub fn wifi_deauth(station: *const u8, access: *const u8, channel: i32, count: i32, reason: i32) -> i32;
        pub fn wifi_scan_aps(into: *mut u8, into_size: u32) -> i32;
        pub fn wifi_scan_rssi(into: *mut u8, into_size: u32) -> i32;
        pub fn wifi_capture_pmkid(access: *const u8, into: *mut u8, into_size: u32) -> i32;
        pub fn wifi_scan_clients(into: *mut u8, into_size: u32) -> i32;
        pub fn ble_spam_start(kind: i32) -> i32;
        pub fn ble_spam_stop() -> i32;
        pub fn matter_commission(code: *const u8, into: *mut u8, into_size: u32) -> i32;
        pub fn matter_endpoint_add(kind: i32, descriptor: *const u8, descriptor_size: u32) -> i32;
        pub fn matter_get_pairing(code: *mut u8, code_size: u32, into: *mut u8, into_size: u32) -> i32;
        pub fn matter_open_pairing(seconds: i32) -> i32;
        pub fn matter_report_attr(endpoint: i32, cluster: i32, attribute: i32, value: *const u8, value_size: u32) -> i32;
        pub fn matter_send(node: *const u8, node_size: u32, command: *const u8, command_size: u32, timeout: i32) -> i32;
        pub fn matter_subscribe(path: *const u8, path_size: u32, interval: i32) -> i32;
        pub fn matter_poll(node: *mut u8, node_size: u32, path: *mut i32, kind: i32, into: *mut u8, into_size: u32, size: i32, timeout: i32) -> i32;
        pub fn matter_cmd_poll(endpoint: *mut i32, cluster: *mut i32, command: *mut i32, into: *mut u8, into_size: u32, timeout: i32) -> i32;
        pub fn mesh_init(chip: i32, key: *const u8, channel: i32, power: i32) -> i32;
        pub fn mesh_start() -> i32;
        pub fn mesh_stop() -> i32;
        pub fn mesh_send(destination: *const u8, data: *const u8, data_size: u32) -> i32;
        pub fn mesh_broadcast(data: *const u8, data_size: u32, hops: i32) -> i32;
        pub fn mesh_recv_pop(source: *mut u8, into: *mut u8, into_size: u32, timeout: i32) -> i32;
        pub fn mesh_get_nodes(into: *mut i32, count: i32) -> i32;
        pub fn mesh_get_stats(into: *mut i32) -> i32;
        pub fn mesh_distribute_app(destination: *const u8, name: *const u8, module: *const u8, module_size: u32) -> i32;
        pub fn nfc_uid(uid: *mut u8) -> i32;
        pub fn nfc_read(address: i32, into: *mut u8, into_size: u32) -> i32;
        pub fn nfc_write(address: i32, data: *const u8, data_size: u32) -> i32;
        pub fn nfc_field_present() -> i32;
        pub fn nfc_mb_enable() -> i32;
        pub fn nfc_mb_put(data: *const u8, data_size: u32) -> i32;
        pub fn nfc_mb_get(into: *mut u8, into_size: u32) -> i32;
        pub fn nfc_mb_status() -> i32;
        #[link_name = "memcpy"]
        pub fn host_memcpy(to: *mut u8, from: *mut u8, size: u32) -> *mut u8;
        #[link_name = "memmove"]
        pub fn host_memmove(to: *mut u8, from: *mut u8, size: u32) -> *mut u8;
        #[link_name = "emscripten_memcpy_big"]
        pub fn host_emscripten_memcpy_big(to: *mut u8, from: *mut u8, size: u32) -> *mut u8;
        #[link_name = "memset"]
        pub fn host_memset(to: *mut u8, value: i32, size: u32) -> *mut u8;
        #[link_name = "memcmp"]
        pub fn host_memcmp(a: *mut u8, b: *mut u8, size: u32) -> i32;
        #[link_name = "memchr"]
        pub fn host_memchr(bytes: *mut u8, byte: i32, size: u32) -> *mut u8;
        #[link_name = "strlen"]
        pub fn host_strlen(text: *mut u8) -> i32;
        #[link_name = "strcmp"]
        pub fn host_strcmp(a: *mut u8, b: *mut u8) -> i32;
        #[link_name = "strncmp"]
        pub fn host_strncmp(a: *mut u8, b: *mut u8, size: u32) -> i32;
        #[link_name = "strncasecmp"]
        pub fn host_strncasecmp(a: *mut u8, b: *mut u8, size: u32) -> i32;
        #[link_name = "strcpy"]
        pub fn host_strcpy(to: *mut u8, from: *mut u8) -> *mut u8;
        #[link_name = "strncpy"]
        pub fn host_strncpy(to: *mut u8, from: *mut u8, size: u32) -> *mut u8;
        #[link_name = "strchr"]
        pub fn host_strchr(text: *mut u8, byte: i32) -> *mut u8;
        #[link_name = "strstr"]
        pub fn host_strstr(text: *mut u8, part: *mut u8) -> *mut u8;
        #[link_name = "strspn"]
        pub fn host_strspn(text: *mut u8, bytes: *mut u8) -> i32;
        #[link_name = "strcspn"]
        pub fn host_strcspn(text: *mut u8, bytes: *mut u8) -> i32;
        #[link_name = "strdup"]
        pub fn host_strdup(text: *mut u8) -> *mut u8;
        #[link_name = "_strdup"]
        pub fn host__strdup(text: *mut u8) -> *mut u8;
        #[link_name = "malloc"]
        pub fn host_malloc(size: u32) -> *mut u8;
        #[link_name = "calloc"]
        pub fn host_calloc(count: u32, size: u32) -> *mut u8;
        #[link_name = "realloc"]
        pub fn host_realloc(address: *mut u8, size: u32) -> *mut u8;
        #[link_name = "free"]
        pub fn host_free(address: *mut u8);
        #[link_name = "printf"]
        pub fn host_printf(format: *mut u8, arguments: *mut u8) -> i32;
        #[link_name = "vprintf"]
        pub fn host_vprintf(format: *mut u8, arguments: *mut u8) -> i32;
        #[link_name = "sprintf"]
        pub fn host_sprintf(to: *mut u8, format: *mut u8, arguments: *mut u8) -> i32;
        #[link_name = "vsprintf"]
        pub fn host_vsprintf(to: *mut u8, format: *mut u8, arguments: *mut u8) -> i32;
        #[link_name = "snprintf"]
        pub fn host_snprintf(to: *mut u8, size: u32, format: *mut u8, arguments: *mut u8) -> i32;
        #[link_name = "vsnprintf"]
        pub fn host_vsnprintf(to: *mut u8, size: u32, format: *mut u8, arguments: *mut u8) -> i32;
        #[link_name = "puts"]
        pub fn host_puts(text: *const u8) -> i32;
        #[link_name = "putchar"]
        pub fn host_putchar(byte: i32) -> i32;
        #[link_name = "atoi"]
        pub fn host_atoi(text: *mut u8) -> i32;
        #[link_name = "strtol"]
        pub fn host_strtol(text: *mut u8, end: *mut u8, base: i32) -> i32;
        #[link_name = "strtoul"]
        pub fn host_strtoul(text: *mut u8, end: *mut u8, base: i32) -> i32;
        #[link_name = "isupper"]
        pub fn host_isupper(byte: i32) -> i32;
        #[link_name = "isalpha"]
        pub fn host_isalpha(byte: i32) -> i32;
        #[link_name = "isspace"]
        pub fn host_isspace(byte: i32) -> i32;
        #[link_name = "isgraph"]
        pub fn host_isgraph(byte: i32) -> i32;
        #[link_name = "isprint"]
        pub fn host_isprint(byte: i32) -> i32;
        #[link_name = "isdigit"]
        pub fn host_isdigit(byte: i32) -> i32;
        #[link_name = "isxdigit"]
        pub fn host_isxdigit(byte: i32) -> i32;
        #[link_name = "isalnum"]
        pub fn host_isalnum(byte: i32) -> i32;
        #[link_name = "tolower"]
        pub fn host_tolower(byte: i32) -> i32;
        #[link_name = "toupper"]
        pub fn host_toupper(byte: i32) -> i32;
        #[link_name = "clock"]
        pub fn host_clock() -> i64;
        #[link_name = "clock_gettime"]
        pub fn host_clock_gettime(clock: i32, time: *mut u8) -> i32;
        #[link_name = "setjmp"]
        pub fn host_setjmp(place: *mut u8) -> i32;
        #[link_name = "longjmp"]
        pub fn host_longjmp(place: *mut u8, value: i32);
        #[link_name = "exit"]
        pub fn host_exit(code: i32);
        #[link_name = "abort"]
        pub fn host_abort();
        #[link_name = "abort"]
        pub fn abort_alt(code: i32);
        #[link_name = "abortStackOverflow"]
        pub fn host_abortStackOverflow(size: i32);
        #[link_name = "nullFunc_X"]
        pub fn host_nullFunc_X(code: i32);
        #[link_name = "__cxa_allocate_exception"]
        pub fn host___cxa_allocate_exception(size: u32) -> *mut u8;
        #[link_name = "__cxa_begin_catch"]
        pub fn host___cxa_begin_catch(exception: *mut u8);
        #[link_name = "__cxa_throw"]
        pub fn host___cxa_throw(exception: *mut u8, kind: *mut u8, destructor: *mut u8);
        #[link_name = "log"]
        pub fn host_log(level: i32, text: *const u8) -> i32;
        pub fn bt_shell_print(text: *const u8) -> i32;
        #[link_name = "bt_shell_print"]
        pub fn bt_shell_print_alt(length: i32, text: *const u8) -> i32;
        pub fn bt_shell_send_data(kind: i32, data: *const u8, data_size: u32) -> i32;
        pub fn bt_shell_is_ready() -> i32;
        #[link_name = "akira_display_clear"]
        pub fn env_akira_display_clear(color: i32) -> i32;
        #[link_name = "akira_display_pixel"]
        pub fn env_akira_display_pixel(x: i32, y: i32, color: i32) -> i32;
        #[link_name = "akira_display_flush"]
        pub fn env_akira_display_flush() -> i32;
        #[link_name = "akira_display_rect"]
        pub fn env_akira_display_rect(x: i32, y: i32, width: i32, height: i32, color: i32) -> i32;
        #[link_name = "akira_display_text"]
        pub fn env_akira_display_text(x: i32, y: i32, text: *const u8, color: i32) -> i32;
        #[link_name = "akira_display_get_size"]
        pub fn env_akira_display_get_size(width: *mut i32, height: *mut i32) -> i32;
        #[link_name = "akira_hid_set_transport"]
        pub fn env_akira_hid_set_transport(transport: i32) -> i32;
        #[link_name = "akira_hid_enable"]
        pub fn env_akira_hid_enable() -> i32;
        #[link_name = "akira_hid_disable"]
        pub fn env_akira_hid_disable() -> i32;
        #[link_name = "akira_hid_keyboard_type"]
        pub fn env_akira_hid_keyboard_type(text: *const u8) -> i32;
        #[link_name = "akira_hid_keyboard_press"]
        pub fn env_akira_hid_keyboard_press(key: i32) -> i32;
        #[link_name = "akira_hid_keyboard_release"]
        pub fn env_akira_hid_keyboard_release(key: i32) -> i32;
    }

    #[link(wasm_import_module = "akira_log")]
    #[allow(clashing_extern_declarations)]
    extern "C" {
        pub fn log_debug(text: *const u8);
        pub fn log_info(text: *const u8);
        pub fn log_error(text: *const u8);
    }

    #[link(wasm_import_module = "akira_time")]
    #[allow(clashing_extern_declarations)]
    extern "C" {
        pub fn get_time_ms() -> i64;
        pub fn sleep_ms(milliseconds: i32) -> i32;
    }

    #[link(wasm_import_module = "akira")]
    #[allow(clashing_extern_declarations)]
    extern "C" {
        pub fn akira_display_clear(color: i32) -> i32;
        pub fn akira_display_pixel(x: i32, y: i32, color: i32) -> i32;
        pub fn akira_display_flush() -> i32;
        pub fn akira_display_rect(x: i32, y: i32, width: i32, height: i32, color: i32) -> i32;
        pub fn akira_display_text(x: i32, y: i32, text: *const u8, color: i32) -> i32;
        pub fn akira_display_get_size(width: *mut i32, height: *mut i32) -> i32;
        pub fn akira_hid_set_transport(transport: i32) -> i32;
        pub fn akira_hid_enable() -> i32;
        pub fn akira_hid_disable() -> i32;
        pub fn akira_hid_keyboard_type(text: *const u8) -> i32;
        pub fn akira_hid_keyboard_press(key: i32) -> i32;
        pub fn akira_hid_keyboard_release(key: i32) -> i32;
    }
}
