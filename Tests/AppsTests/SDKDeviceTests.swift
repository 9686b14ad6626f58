import AppDevices
import AppFormat
import Testing

@testable import Apps

/// Devices as apps of the reference's SDK use them.
@Suite struct SDKDeviceTests {
  @Test func displayIsClearedWrittenOnAndShown() async throws {
    let bench = try Bench()
    try await bench.passes(
      "screen",
      """
      AKIRA(display_clear) int display_clear(int);
      AKIRA(display_rect) int display_rect(int, int, int, int, int);
      AKIRA(display_pixel) int display_pixel(int, int, int);
      AKIRA(display_text) int display_text(int, int, const char *, int);
      AKIRA(display_text_large) int display_text_large(int, int, const char *, int);
      AKIRA(display_number) int display_number(int, int, int, int);
      AKIRA(display_bitmap) int display_bitmap(int, int, int, int, const void *, int);
      AKIRA(display_bitmap_transparent) int display_bitmap_transparent(int, int, int, int, const void *, int, int);
      AKIRA(display_progress_bar) int display_progress_bar(int, int, int, int, int, int, int, int);
      AKIRA(display_triangle_fill) int display_triangle_fill(int, int, int, int, int, int, int);
      AKIRA(display_get_size) int display_get_size(int *, int *);
      AKIRA(display_flush) int display_flush(void);
      AKIRA(delay) int delay(int);
      int main(void) {
        int w = 0, h = 0;
        u16 picture[4] = {0xF800, 0x07E0, 0x001F, 0xFFFF};
        IS(display_get_size(&w, &h), 0);
        CHECK(w == 320 && h == 240);
        for (int frame = 0; frame < 3; frame++) {
          IS(display_clear(0), 0);
          IS(display_text(4, 4, "Hello", 0xFFFF), 0);
          IS(display_text_large(4, 40, "Akira", 0x07E0), 0);
          IS(display_number(4, 80, -42, 0xFFFF), 0);
          IS(display_rect(0x7FFFFFF0, 0, 0x7FFFFFFF, 5, 1), 0);
          IS(display_rect(-5, 230, 10, 0x7FFFFFFF, 0x1234), 0);
          IS(display_rect(0, 0, 0, 5, 1), 0);
          IS(display_pixel(-1, 5, 1), 0);
          IS(display_triangle_fill(100, 100, 120, 100, 100, 120, 0xAAAA), 0);
          IS(display_progress_bar(200, 200, 100, 10, 50, 100, 0x07E0, 0x001F), 0);
          IS(display_bitmap(300, 10, 2, 2, picture, 8), 0);
          IS(display_bitmap_transparent(302, 10, 2, 2, picture, 8, 0x07E0), 0);
          IS(display_flush(), 0);
          delay(1000);
        }
        IS(display_bitmap(0, 0, 2, 2, picture, 7), -22);
        IS(display_text(0, 0, 0, 1), -22);
        IS(display_bitmap(0, 0, 2, 2, (void *)65532, 8), -14);
        IS(display_get_size((int *)65533, &h), -14);
        return 0;
      }
      """, #"{"name": "screen", "capabilities": ["display.write"]}"#)
    let frame = bench.runtime.services.devices.screen.frame
    func at(_ x: Int, _ y: Int) -> UInt16 { frame.pixels[y * 320 + x] }
    #expect([at(300, 10), at(301, 10), at(300, 11), at(301, 11)] == [0xF800, 0x07E0, 0x001F, 0xFFFF])
    #expect([at(302, 10), at(303, 10), at(302, 11)] == [0xF800, 0, 0x001F])
    #expect(at(0, 239) == 0x1234 && at(4, 239) == 0x1234 && at(5, 239) == 0)
    #expect(at(249, 205) == 0x07E0 && at(250, 205) == 0x001F && at(101, 101) == 0xAAAA)
  }

  @Test func sensorsPinsAndBusesAreRead() async throws {
    let bench = try Bench()
    let devices = bench.runtime.services.devices
    devices.sensors.set(.temperature, 21.375)
    devices.sensors.set(.pressure, 101.3)
    try devices.adc.set(2, millivolts: 1650)
    try devices.input.press(6)
    try await bench.passes(
      "sensors",
      """
      AKIRA(sensor_read) int sensor_read(int);
      AKIRA(printf_native) int printf_native(const char *);
      AKIRA(gpio_configure) int gpio_configure(int, int);
      AKIRA(gpio_read) int gpio_read(int);
      AKIRA(gpio_write) int gpio_write(int, int);
      AKIRA(adc_read) int adc_read(int);
      AKIRA(adc_read_mv) int adc_read_mv(int);
      AKIRA(pwm_set) int pwm_set(int, int, int);
      AKIRA(pwm_disable) int pwm_disable(int);
      AKIRA(uart_open) int uart_open(int, int);
      AKIRA(uart_write) int uart_write(int, const void *, int);
      AKIRA(uart_read) int uart_read(int, void *, int);
      AKIRA(uart_close) int uart_close(int);
      AKIRA(i2c_read_reg) int i2c_read_reg(int, int, int, void *, int);
      AKIRA(i2c_write_reg) int i2c_write_reg(int, int, int, const void *, int);
      AKIRA(wdt_pet) int wdt_pet(void);
      AKIRA(input_get_buttons) int input_get_buttons(void);
      AKIRA(input_poll_event) int input_poll_event(void *);
      AKIRA(rtc_get_unix_time) int rtc_get_unix_time(void);
      AKIRA(rtc_get_uptime_ms) int rtc_get_uptime_ms(void);
      static u8 block[300];
      int main(void) {
        for (int i = 0; i < 3; i++) IS(sensor_read(13), 21375);
        IS(sensor_read(14), 101300);
        IS(sensor_read(3), -2147483647 - 1);
        CHECK(sensor_read(2) > 9000);
        // Far more than are allowed in a second: no number comes back that could be taken for a measurement.
        for (int i = 0; i < 200; i++) { int value = sensor_read(13); CHECK(value == 21375 || value == -2147483647 - 1); }
        IS(gpio_configure(5, 2 | 8), 0);
        IS(gpio_write(5, 0), 0);
        IS(gpio_configure(6, 1 | 16), 0);
        IS(gpio_read(6), 1);
        IS(adc_read_mv(2), 1650);
        CHECK(adc_read(2) == 2047 || adc_read(2) == 2048);
        IS(adc_read(4), -22);
        IS(pwm_set(1, 1000, 50), 0);
        IS(pwm_set(1, 10000001, 50), -22);
        IS(pwm_set(1, 1000, 101), -22);
        IS(pwm_disable(1), 0);
        int port = uart_open(0, 115200);
        CHECK(port >= 0);
        IS(uart_write(port, "hi", 2), 2);
        IS(uart_read(port, block, 16), 0);
        IS(uart_close(port), 0);
        CHECK(uart_read(port, block, 16) < 0);
        IS(i2c_read_reg(0, 0x80, 0, block, 1), -22);
        IS(i2c_read_reg(0, 0x20, 0, block, 257), -22);
        IS(i2c_write_reg(0, 0x20, 0, block, 257), -22);
        IS(wdt_pet(), 0);
        IS(input_get_buttons(), 1 << 6);
        u32 event[2] = {9, 9};
        IS(input_poll_event(event), 0);
        CHECK(rtc_get_unix_time() > 1700000000);
        CHECK(rtc_get_uptime_ms() != 0);
        printf_native("done");
        return 0;
      }
      """,
      #"{"capabilities": ["sensor.*", "gpio.*", "adc", "pwm", "uart", "i2c", "wdt", "input.read", "rtc.read"]}"#)
    #expect(bench.lines("sensors") == ["done"])
  }

  @Test func keyboardGamepadAndBluetooth() async throws {
    let bench = try Bench()
    let devices = bench.runtime.services.devices
    try await bench.passes(
      "hid",
      """
      AKIRA(hid_init) int hid_init(int, int);
      AKIRA(hid_enable) int hid_enable(void);
      AKIRA(hid_disable) int hid_disable(void);
      AKIRA(hid_is_connected) int hid_is_connected(void);
      AKIRA(hid_key_press) int hid_key_press(int);
      AKIRA(hid_key_release) int hid_key_release(int);
      AKIRA(hid_type_string) int hid_type_string(const char *);
      AKIRA(hid_mouse_move) int hid_mouse_move(int, int);
      AKIRA(hid_gamepad_press) int hid_gamepad_press(int);
      AKIRA(hid_gamepad_set_axis) int hid_gamepad_set_axis(int, int);
      AKIRA(hid_gamepad_set_dpad) int hid_gamepad_set_dpad(int);
      AKIRA(hid_send_raw_report) int hid_send_raw_report(int, const void *, int);
      AKIRA(hid_raw_recv) int hid_raw_recv(void *, int);
      AKIRA(ble_init) int ble_init(void);
      static u8 report[80];
      int main(void) {
        IS(hid_init(1, 7), 0);
        IS(hid_enable(), 0);
        IS(ble_init(), -16);
        IS(hid_is_connected(), 1);
        IS(hid_key_press(4), 0);
        IS(hid_key_release(4), 0);
        IS(hid_type_string("A"), 0);
        IS(hid_mouse_move(5, -5), 0);
        IS(hid_gamepad_press(0x1 | 0x80), 0);
        IS(hid_gamepad_set_axis(0, -32768), 0);
        IS(hid_gamepad_set_dpad(9), -22);
        IS(hid_gamepad_set_dpad(3), 0);
        IS(hid_send_raw_report(9, report, 64), 0);
        IS(hid_send_raw_report(9, report, 65), -90);
        IS(hid_raw_recv(report, 64), 0);
        IS(hid_disable(), 0);
        return 0;
      }
      """, #"{"capabilities": ["hid", "ble"]}"#)
    let reports = devices.hid.reports()
    #expect(reports.contains { $0.id == HID.keyboardID && $0.bytes == [0, 0, 4, 0, 0, 0, 0, 0] })
    #expect(reports.contains { $0.id == HID.keyboardID && $0.bytes == [2, 0, 4, 0, 0, 0, 0, 0] })
    #expect(
      reports.last { $0.id == HID.gamepadID && $0.bytes.contains { $0 != 0 } }?.bytes
        == [0, 0x80] + [UInt8](repeating: 0, count: 10) + [0x81, 0, 3, 0])
    try await bench.passes(
      "ble",
      """
      AKIRA(ble_init) int ble_init(void);
      AKIRA(ble_deinit) int ble_deinit(void);
      AKIRA(ble_set_local_name) int ble_set_local_name(const char *);
      AKIRA(ble_service_create) int ble_service_create(const char *);
      AKIRA(ble_char_create) int ble_char_create(const char *, int, int);
      AKIRA(ble_service_add_char) int ble_service_add_char(int, int);
      AKIRA(ble_add_service) int ble_add_service(int);
      AKIRA(ble_set_advertised_service) int ble_set_advertised_service(int);
      AKIRA(ble_advertise) int ble_advertise(void);
      AKIRA(ble_is_connected) int ble_is_connected(void);
      AKIRA(ble_char_write) int ble_char_write(int, const void *, int);
      AKIRA(ble_char_read) int ble_char_read(int, void *, int);
      AKIRA(ble_event_pop) int ble_event_pop(void *, int);
      struct event { u8 type, characteristic; u16 length; u8 data[64]; };
      int main(void) {
        struct event event = {7};
        IS(ble_init(), 0);
        IS(ble_set_local_name("a name of thirty bytes, too long"), -22);
        IS(ble_set_local_name("Akira"), 0);
        int service = ble_service_create("0000180f-0000-1000-8000-00805f9b34fb");
        CHECK(service >= 0);
        int level = ble_char_create("00002a19-0000-1000-8000-00805f9b34fb", 0x02 | 0x10, 64);
        CHECK(level >= 0);
        IS(ble_service_add_char(service, level), 0);
        IS(ble_add_service(service), 0);
        IS(ble_set_advertised_service(service), 0);
        IS(ble_advertise(), 0);
        IS(ble_is_connected(), 0);
        CHECK(ble_event_pop(&event, sizeof event) == 0 && event.type == 0);
        IS(ble_char_write(level, "\\x32", 1), 0);
        IS(ble_char_write(level, &event, 65), -90);
        IS(ble_char_read(level, &event, 64), 1);
        IS(ble_deinit(), 0);
        return 0;
      }
      """, #"{"capabilities": ["bt.*"]}"#)
  }
}
