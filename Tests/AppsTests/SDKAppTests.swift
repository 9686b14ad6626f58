import AppDevices
import AppFormat
import AppManager
import Glibc
import Testing

@testable import Apps

/// Families of functions as apps of the reference's SDK use them.
@Suite struct SDKAppTests {
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

  @Test func storageAndFilesAreKept() async throws {
    let bench = try Bench()
    try await bench.passes(
      "files",
      """
      AKIRA(storage_open) int storage_open(const char *, int);
      AKIRA(storage_read) int storage_read(int, void *, int);
      AKIRA(storage_write) int storage_write(int, const void *, int);
      AKIRA(storage_close) void storage_close(int);
      AKIRA(storage_delete) int storage_delete(const char *);
      AKIRA(storage_list) int storage_list(const char *, char *, int);
      AKIRA(fs_open) int fs_open(const char *, int);
      AKIRA(fs_close) int fs_close(int);
      AKIRA(fs_read) int fs_read(int, void *, int);
      AKIRA(fs_write) int fs_write(int, const void *, int);
      AKIRA(fs_seek) int fs_seek(int, int, int);
      AKIRA(fs_tell) int fs_tell(int);
      AKIRA(fs_stat) int fs_stat(const char *, void *);
      AKIRA(fs_unlink) int fs_unlink(const char *);
      AKIRA(fs_mkdir) int fs_mkdir(const char *);
      AKIRA(fs_readdir) int fs_readdir(const char *, char *, int);
      AKIRA(delay) int delay(int);
      struct stat { u32 size; u8 type, pad[3]; u64 mtime_ms; };
      _Static_assert(sizeof(struct stat) == 16, "16 bytes");
      static char text[128];
      static int same(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }
      int main(void) {
        IS(storage_open("missing.txt", 0), -2);
        IS(storage_open("../outside", 0), -13);
        IS(storage_open(0, 0), -22);
        IS(storage_open("x", 4), -22);
        int file = storage_open("log.txt", 1);
        CHECK(file >= 0);
        IS(storage_write(file, "one\\n", 4), 4);
        storage_close(file);
        CHECK(storage_write(file, "x", 1) < 0);
        file = storage_open("log.txt", 2);
        IS(storage_write(file, "two\\n", 4), 4);
        storage_close(file);
        file = storage_open("log.txt", 0);
        IS(storage_read(file, text, sizeof text), 8);
        IS(storage_read(file, text, sizeof text), 0);
        storage_close(file);
        int handles[9];
        for (int i = 0; i < 8; i++) CHECK((handles[i] = storage_open("log.txt", 0)) >= 0);
        for (int i = 0; i < 8; i++) storage_close(handles[i]);
        IS(storage_list("/", text, sizeof text), 9);
        CHECK(same(text, "log.txt\\n") || same(text, "log.txt"));
        delay(1200000);
        IS(fs_mkdir("data"), 0);
        IS(fs_open("data/none", 0), -2);
        file = fs_open("data/a.bin", 4 | 8 | 16);
        CHECK(file >= 0);
        IS(fs_write(file, "0123456789", 10), 10);
        IS(fs_seek(file, -4, 2), 6);
        IS(fs_read(file, text, 2), 2);
        CHECK(text[0] == '6' && text[1] == '7');
        IS(fs_seek(file, 1, 1), 9);
        IS(fs_tell(file), 9);
        IS(fs_seek(file, 3, 0), 3);
        IS(fs_close(file), 0);
        struct stat status;
        IS(fs_stat("data/a.bin", &status), 0);
        CHECK(status.size == 10 && status.type == 0 && status.mtime_ms > 1700000000000ull);
        IS(fs_stat("data", &status), 0);
        CHECK(status.type == 1);
        IS(fs_stat("data/../../x", &status), -13);
        CHECK(fs_readdir("data", text, sizeof text) > 0);
        CHECK(text[0] == 'a');
        IS(fs_unlink("data/a.bin"), 0);
        IS(fs_unlink("data/a.bin"), -2);
        delay(1200000);
        IS(storage_delete("log.txt"), 0);
        IS(storage_read(99, text, 1), -9);
        IS(storage_open("\\x01", 0), -2);
        return 0;
      }
      """, #"{"capabilities": ["storage.*", "fs.*"]}"#)
  }

  @Test func messagesTimersSettingsAndMemory() async throws {
    let bench = try Bench()
    try await bench.passes(
      "messages",
      """
      AKIRA(msg_subscribe) int msg_subscribe(const char *);
      AKIRA(msg_unsubscribe) int msg_unsubscribe(const char *);
      AKIRA(msg_publish) int msg_publish(const char *, const void *, int);
      AKIRA(msg_recv) int msg_recv(const char *, void *, int, int);
      AKIRA(msg_try_recv) int msg_try_recv(const char *, void *, int);
      AKIRA(msg_pending) int msg_pending(const char *);
      AKIRA(timer_create) int timer_create(void);
      AKIRA(timer_start) int timer_start(int);
      AKIRA(timer_stop) int timer_stop(int);
      AKIRA(timer_elapsed) int timer_elapsed(int);
      AKIRA(timer_free) int timer_free(int);
      AKIRA(settings_get) int settings_get(const char *, char *, int);
      AKIRA(settings_set) int settings_set(const char *, const char *);
      AKIRA(settings_delete) int settings_delete(const char *);
      AKIRA(mem_alloc) void *mem_alloc(int);
      AKIRA(mem_free) void mem_free(void *);
      AKIRA(delay) int delay(int);
      AKIRA(app_get_self_name) int app_get_self_name(char *, int);
      static char text[300];
      int main(void) {
        IS(msg_pending("news"), -2);
        IS(msg_publish("news", "x", 1), 0);
        IS(msg_subscribe("news"), 0);
        IS(msg_publish("news", "hello", 5), 1);
        IS(msg_publish("news", text, 256), 1);
        IS(msg_pending("news"), 2);
        IS(msg_recv("news", text, sizeof text, 0), 5);
        CHECK(text[0] == 'h' && text[4] == 'o');
        IS(msg_recv("news", text, sizeof text, -1), 256);
        IS(msg_recv("news", text, sizeof text, 0), -11);
        IS(msg_recv("news", text, sizeof text, 5), -11);
        IS(msg_try_recv("news", text, sizeof text), -11);
        IS(msg_publish("new", "x", 1), 0);
        IS(msg_publish("", "x", 1), -22);
        IS(msg_publish(0, "x", 1), -22);
        IS(msg_subscribe(0), -22);
        IS(msg_publish("news", "x", 0), -90);
        IS(msg_publish("news", "x", 100000), -90);
        IS(msg_publish("news", 0, 1), -14);
        IS(msg_publish("news", (void *)65535, 2), -14);
        IS(msg_recv("news", (void *)65535, 2, 0), -14);
        IS(msg_unsubscribe("news"), 0);
        IS(msg_pending("news"), -2);

        int timers[8];
        for (int i = 0; i < 8; i++) CHECK((timers[i] = timer_create()) >= 0);
        IS(timer_create(), -12);
        IS(timer_elapsed(timers[0]), 0);
        IS(timer_start(timers[0]), 0);
        delay(30000);
        CHECK(timer_elapsed(timers[0]) >= 29);
        IS(timer_stop(timers[0]), 0);
        int kept = timer_elapsed(timers[0]);
        delay(5000);
        IS(timer_elapsed(timers[0]), kept);
        IS(timer_free(timers[0]), 0);
        IS(timer_elapsed(timers[0]), -22);
        IS(timer_start(-1), -22);
        IS(timer_start(100), -22);

        IS(settings_get("mode", text, sizeof text), -2);
        IS(settings_set("mode", "fast"), 0);
        IS(settings_get("mode", text, sizeof text), 4);
        CHECK(text[0] == 'f' && text[3] == 't' && text[4] == 0);
        IS(settings_set("", "x"), -22);
        IS(settings_set(0, "x"), -22);
        IS(settings_delete("mode"), 0);

        u8 *a = mem_alloc(10000), *b = mem_alloc(6000);
        CHECK(a && b && !((u32)a & 7));
        for (int i = 0; i < 10000; i++) a[i] = 0xFF;
        CHECK(b[0] == 0);
        CHECK(!mem_alloc(1000));
        mem_free(a);
        CHECK(mem_alloc(1000));
        mem_free((void *)1234);
        CHECK(!mem_alloc(16 * 1024 * 1024 + 1));
        CHECK(!mem_alloc(0));

        IS(app_get_self_name(text, 1), -22);
        IS(app_get_self_name(text, 32), 8);
        CHECK(text[0] == 'm' && text[8] == 0);
        return 0;
      }
      """,
      #"""
      {"name": "messages", "memory_quota": 16384, "abi": "1.0",
       "capabilities": ["ipc", "timer", "settings", "memory", "app.info"]}
      """#)
  }

  /// With the 64 KiB of memory that an app of the SDK has, too long an input is always one past the end, too.
  @Test func cryptographyHasItsErrors() async throws {
    let bench = try Bench()
    try await bench.passes(
      "crypto",
      """
      AKIRA(crypto_sha256) int crypto_sha256(const void *, int, void *);
      AKIRA(crypto_hmac_sha256) int crypto_hmac_sha256(const void *, int, const void *, int, void *);
      AKIRA(crypto_aes256_encrypt) int encrypt(const void *, const void *, const void *, int, void *);
      AKIRA(crypto_aes256_decrypt) int decrypt(const void *, const void *, const void *, int, void *);
      AKIRA(crypto_aes256_ctr) int ctr(const void *, const void *, const void *, int, void *);
      AKIRA(crypto_random) int crypto_random(void *, int);
      AKIRA(crypto_ed25519_keygen) int keygen(void *, void *);
      AKIRA(crypto_ed25519_sign) int sign(const void *, const void *, int, void *);
      static u8 key[32], iv[16], in[64], out[64], back[64];
      int main(void) {
        IS(crypto_sha256("abc", 3, out), 0);
        CHECK(out[0] == 0xba && out[1] == 0x78 && out[31] == 0xad);
        IS(crypto_sha256(in, 65537, out), -90);
        IS(crypto_sha256((void *)65500, 100, out), -14);
        IS(crypto_sha256("abc", 3, (void *)65520), -14);
        IS(crypto_hmac_sha256("k", 1, "d", 1, out), 0);
        IS(crypto_hmac_sha256("k", 0, "d", 1, out), -22);
        IS(crypto_hmac_sha256(in, 65, "d", 1, out), -22);
        IS(crypto_hmac_sha256("k", 1, in, 65537, out), -90);
        for (int i = 0; i < 32; i++) in[i] = i;
        IS(encrypt(key, iv, in, 32, out), 0);
        IS(decrypt(key, iv, out, 32, back), 0);
        for (int i = 0; i < 32; i++) CHECK(back[i] == i);
        IS(encrypt(key, iv, in, 15, out), -22);
        IS(encrypt(key, iv, in, 0, out), -22);
        IS(encrypt(key, iv, in, 65552, out), -90);
        IS(ctr(key, iv, in, 5, out), 0);
        IS(ctr(key, iv, in, 0, out), -22);
        IS(ctr(key, iv, in, 65537, out), -22);
        CHECK(iv[15] == 0);
        IS(crypto_random(out, 64), 0);
        IS(crypto_random(out, 65537), -22);
        IS(crypto_random((void *)65530, 16), -14);
        IS(keygen(key, back), 0);
        IS(sign(key, "m", 1, out), 0);
        IS(sign(key, in, 65537, out), -22);
        return 0;
      }
      """, #"{"capabilities": ["crypto"]}"#)
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

  /// Without rights: what only the grant decides comes before everything else.
  @Test func nothingIsDoneWithoutRights() async throws {
    let bench = try Bench()
    let calls: [(String, String)] = [
      ("display_clear", "0"), ("sensor_read", "13"), ("storage_open", "\"x\", 0"), ("fs_stat", "\"x\", 0"),
      ("net_open", "0"), ("msg_subscribe", "\"x\""), ("timer_create", ""), ("mqtt_connected", ""), ("hid_enable", ""),
      ("ble_init", ""), ("crypto_random", "0, 9"), ("settings_get", "\"x\", 0, 0"), ("gpio_read", "1"),
      ("power_get_mode", ""), ("rtc_get_unix_time", ""), ("ota_get_state", ""), ("app_list", "0, 0"),
      ("rf_send", "0, 0"),
      ("wifi_scan_aps", "0, 0"), ("matter_open_pairing", "1"), ("mesh_start", ""), ("aiinfer_unload", "0"),
      ("input_get_buttons", ""), ("adc_read", "0"), ("pwm_disable", "0"), ("uart_close", "0"), ("wdt_pet", ""),
      ("i2c_read_reg", "0, 0, 0, 0, 0"), ("ble_scan_stop", ""),
    ]
    let declarations = calls.map { name, arguments in
      let count = arguments.isEmpty ? 0 : arguments.split(separator: ",").count
      let types = count == 0 ? "void" : Array(repeating: "u32", count: count).joined(separator: ", ")
      return "AKIRA(\(name)) int \(name)(\(types));"
    }
    let checks = calls.map { name, arguments in
      "IS(\(name)(\(arguments.replacing("\"x\"", with: "(u32)\"x\""))), -1);"
    }
    try await bench.passes(
      "nothing",
      declarations.joined(separator: "\n")
        + "\nAKIRA(mem_alloc) void *mem_alloc(int);\nint main(void) {\n" + checks.joined(separator: "\n")
        + "\nCHECK(!mem_alloc(8));\nreturn 0;\n}")
  }

  /// Radios that this host does not have, and what it refuses.
  @Test func absentDevicesSaySo() async throws {
    let bench = try Bench()
    try await bench.passes(
      "absent",
      """
      AKIRA(rf_select) int rf_select(int);
      AKIRA(rf_send) int rf_send(const void *, int);
      AKIRA(rf_get_rssi) int rf_get_rssi(int *);
      AKIRA(wifi_deauth) int wifi_deauth(const void *, const void *, int, int, int);
      AKIRA(wifi_scan_aps) int wifi_scan_aps(void *, int);
      AKIRA(rf_tx_cw_start) int rf_tx_cw_start(int, int, int);
      AKIRA(mqtt_publish) int mqtt_publish(const char *, const void *, int, int, int);
      AKIRA(mqtt_poll) int mqtt_poll(char *, int, void *, int, int);
      AKIRA(mqtt_connected) int mqtt_connected(void);
      AKIRA(ha_light_poll) int ha_light_poll(const char *, int *, int *, int *, int *, int *, int);
      AKIRA(power_get_battery_level) int power_get_battery_level(void);
      AKIRA(power_set_mode) int power_set_mode(int);
      AKIRA(aiinfer_load) int aiinfer_load(const void *, int);
      AKIRA(mesh_start) int mesh_start(void);
      AKIRA(nfc_uid) int nfc_uid(void *);
      AKIRA(nfc_mb_put) int nfc_mb_put(int, int, int);
      AKIRA(ota_check) int ota_check(const char *);
      static u8 bytes[64];
      int main(void) {
        int n = 0;
        IS(rf_select(0), -19);
        IS(rf_send("x", 1), -19);
        IS(rf_send("x", 0), -22);
        IS(rf_get_rssi(&n), -19);
        IS(wifi_deauth(bytes, bytes, 1, 1, 1), -95);
        IS(wifi_scan_aps(bytes, 64), -95);
        IS(rf_tx_cw_start(1, 2, 3), -95);
        IS(mqtt_publish("t", "x", 1, 0, 0), -19);
        IS(mqtt_poll((char *)bytes, 32, bytes + 32, 32, 0), -11);
        IS(mqtt_connected(), 0);
        IS(ha_light_poll("lamp", &n, &n, &n, &n, &n, 0), -2);
        CHECK(power_get_battery_level() == -19 || power_get_battery_level() <= 100);
        IS(power_set_mode(3), -95);
        IS(power_set_mode(5), -22);
        IS(aiinfer_load(bytes, 8), -38);
        IS(mesh_start(), -19);
        IS(nfc_uid(bytes), -19);
        IS(nfc_mb_put(1, 2, 3), -19);
        IS(ota_check("http://example.com/update"), -22);
        return 0;
      }
      """,
      #"{"capabilities": ["rf.*", "wifi.inject", "mqtt", "power.*", "ai.infer", "mesh", "ota.trigger"]}"#)
    #expect(bench.lines("absent") == [])
  }
}
