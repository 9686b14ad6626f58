import AppFormat
import AppManager
import Testing

@testable import Apps

/// Families of functions as apps of the reference's SDK use them.
@Suite struct SDKAppTests {
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
        // More than are allowed in a second: they take longer, and none is refused.
        for (int i = 0; i < 60; i++) IS(fs_stat("log.txt", &status), 0);
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
