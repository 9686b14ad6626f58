import AppFormat
import AppManager
import Glibc
import Testing

@testable import Apps

/// Forms of modules that the reference's SDK and its run-time's tools make, and import sets of older lines.
@Suite struct SDKFormTests {
  private static let log = "IMPORT(\"akira_log\", \"log_info\") void say(const char *);\n"

  /// `main` with and without arguments, `_start`, and none of them.
  @Test func everyEntryIsFound() async throws {
    let bench = try Bench()
    let plain = SDKApp.flags.filter { $0 != "-Wl,--export=main" }
    let cases: [(name: String, source: String, flags: [String], code: Int32)] = [
      ("main", "int main(void) { say(\"ran\"); return 3; }", SDKApp.flags, 3),
      (
        "arguments", "int main(int count, char **words) { say(\"ran\"); return count + 4; }",
        plain + ["-Wl,--export=__main_argc_argv"], 4
      ),
      ("start", "__attribute__((export_name(\"_start\"))) void _start(void) { say(\"ran\"); }", plain, 0),
      ("silent", "__attribute__((export_name(\"main\"))) void entry(void) { say(\"ran\"); }", plain, 0),
      (
        "heap",
        """
        __attribute__((export_name("malloc"))) void *malloc(u32 n) { (void)n; return 0; }
        __attribute__((export_name("free"))) void free(void *p) { (void)p; }
        AKIRA(mem_alloc) void *mem_alloc(int);
        int main(void) { u8 *p = mem_alloc(100); if (!p) return 1; p[99] = 1; say("ran"); return 0; }
        """, SDKApp.flags + ["-Wl,--export=__heap_base", "-Wl,--export=__data_end"], 0
      ),
      (
        "set-up",
        """
        static int number;
        __attribute__((export_name("_initialize"))) void initialize(void) { number = 6; }
        int main(void) { say("ran"); return number; }
        """, SDKApp.flags, 6
      ),
    ]
    for one in cases {
      let launch = try await bench.sdk(
        one.name, Self.log + one.source, #"{"capabilities": ["memory"]}"#, flags: one.flags)
      #expect(try await bench.run(launch) == .exited(code: one.code), "\(one.name)")
      #expect(bench.lines(one.name) == ["ran"], "\(one.name)")
    }
    let reactive = try await bench.sdk(
      "reactive", Self.log + "__attribute__((export_name(\"handle\"))) int handle(int n) { say(\"no\"); return n; }",
      flags: plain)
    #expect(try await bench.run(reactive) == .exited(code: 0))
    #expect(bench.lines("reactive") == [])
  }

  /// What a newer host would have ends the app when it is called, and not before.
  @Test func missingImportsMatterWhenTheyAreCalled() async throws {
    let bench = try Bench()
    let source =
      Self.log + """
        AKIRA(hologram_show) int hologram_show(int, float, u64);
        IMPORT("akira2", "future") void future(void);
        AKIRA(display_clear) int display_clear_with_fade(int, int);
        AKIRA(rtc_get_uptime_ms) int uptime(void);
        static volatile int wanted;
        int main(void) {
          say("before");
          if (uptime() == 12345 || WANTED) { say("calls"); hologram_show(1, 2, 3); future(); display_clear_with_fade(1, 2); }
          say("after");
          return 0;
        }
        """
    let manifest = #"{"abi": "1.9", "capabilities": ["display.write"]}"#
    let careful = try await bench.sdk("careful", source.replacing("WANTED", with: "wanted"), manifest)
    #expect(try await bench.run(careful) == .exited(code: 0))
    let lines = bench.lines("careful")
    #expect(lines.suffix(2) == ["before", "after"])
    #expect(lines.count == 3 && lines[0].contains("env.hologram_show (i32, f32, i64) -> i32"), "\(lines)")
    #expect(lines[0].contains("akira2.future") && lines[0].contains("env.display_clear (i32, i32) -> i32"))
    let careless = try await bench.sdk("careless", source.replacing("WANTED", with: "1"), manifest)
    guard case .trapped(let trap) = try await bench.run(careless) else {
      throw Failure(text: "it went on: \(bench.lines("careless"))")
    }
    #expect(trap.reason.contains("env.hologram_show"), "\(trap)")
    #expect(bench.lines("careless").suffix(2) == ["before", "calls"])
  }

  @Test func olderImportSetsWork() async throws {
    let bench = try Bench()
    try await bench.passes(
      "older",
      """
      IMPORT("akira_log", "log_debug") void log_debug(const char *);
      IMPORT("akira_log", "log_info") int log_info(const char *);
      IMPORT("akira_log", "log_error") void log_error(const char *);
      IMPORT("akira_time", "get_time_ms") u64 get_time_ms(void);
      IMPORT("akira_time", "sleep_ms") void sleep_ms(int);
      IMPORT("akira", "akira_display_clear") void clear(int);
      IMPORT("env", "akira_display_pixel") int pixel(int, int, int);
      IMPORT("akira", "akira_display_rect") int rect(int, int, int, int, int);
      IMPORT("akira", "akira_display_text") int text(int, int, const char *, int);
      IMPORT("akira", "akira_display_get_size") int get_size(int, int);
      IMPORT("akira", "akira_display_flush") int flush(void);
      IMPORT("akira", "akira_hid_set_transport") int set_transport(int);
      IMPORT("akira", "akira_hid_enable") int enable(void);
      IMPORT("akira", "akira_hid_keyboard_type") int type(const char *);
      IMPORT("akira", "akira_hid_disable") int disable(void);
      IMPORT("akira", "akira_storage_read") int storage_read(const char *, void *, int);
      IMPORT("akira", "akira_http_get") int http_get(const char *, void *, int);
      IMPORT("akira_display", "display_write") int display_write(int, int, const void *, int);
      AKIRA(log) int level_log(int, const char *);
      AKIRA(bt_shell_print) int bt_shell_print(int, const char *);
      AKIRA(bt_shell_send_data) int bt_shell_send_data(int, const void *, int);
      AKIRA(bt_shell_is_ready) int bt_shell_is_ready(void);
      AKIRA(rf_get_rssi) int rf_get_rssi(int);
      int main(void) {
        int size[2];
        u64 before = get_time_ms();
        sleep_ms(20);
        CHECK(get_time_ms() - before >= 20);
        log_debug("d"); log_info("i"); log_error("e");
        IS(level_log(2, "w"), 0);
        IS(level_log(0, "w"), -22);
        clear(0x1111);
        IS(pixel(1, 1, 0x2222), 0);
        IS(rect(10, 10, 4, 4, 0x3333), 0);
        IS(text(0, 50, "old", 0xFFFF), 0);
        IS(get_size((int)&size[0], (int)&size[1]), 0);
        CHECK(size[0] == 320 && size[1] == 240);
        IS(flush(), 0);
        IS(set_transport(3), 0);
        IS(enable(), 0);
        IS(type("x"), 0);
        IS(disable(), 0);
        IS(storage_read("x", size, 4), -38);
        IS(http_get("x", size, 4), -38);
        IS(display_write(0, 0, size, 8), -38);
        IS(bt_shell_print(4, "text"), 0);
        IS(bt_shell_send_data(1, size, 8), 8);
        IS(bt_shell_is_ready(), 1);
        IS(rf_get_rssi((int)size), -19);
        return 0;
      }
      """, #"{"capabilities": ["display.read", "bt.shell", "hid", "rf.*"]}"#)
    let log = try #require(AppName("older").map { bench.runtime.log(of: $0).lines() })
    #expect(log.map(\.text) == ["d", "i", "e", "w", "text", "8 bytes of kind 1"])
    #expect(log.prefix(4).map(\.level) == [.debug, .info, .error, .warning])
  }

  /// The C library that the reference's run-time brings, by apps that are built without one.
  @Test func theRunTimesCLibraryIsThere() async throws {
    let bench = try Bench()
    try await bench.passes(
      "library",
      """
      int printf(const char *, ...); int puts(const char *); int putchar(int);
      int sprintf(char *, const char *, ...); int snprintf(char *, unsigned long, const char *, ...);
      void *malloc(unsigned long); void *calloc(unsigned long, unsigned long); void *realloc(void *, unsigned long); void free(void *);
      void *memcpy(void *, const void *, unsigned long); void *memset(void *, int, unsigned long);
      void *memchr(const void *, int, unsigned long); unsigned long strlen(const char *);
      int strcmp(const char *, const char *); int strncasecmp(const char *, const char *, unsigned long);
      char *strdup(const char *); char *strstr(const char *, const char *);
      unsigned long strspn(const char *, const char *); unsigned long strcspn(const char *, const char *);
      int atoi(const char *); long strtol(const char *, char **, int); unsigned long strtoul(const char *, char **, int);
      int isupper(int); int isspace(int); int isxdigit(int); int isalnum(int); int tolower(int); int toupper(int);
      int clock_gettime(int, void *); long long clock(void); int setjmp(void *);
      static char text[200];
      static int same(const char *want) { return strcmp(text, want) == 0; }
      #define TEXT(want, ...) do { int n_ = sprintf(text, __VA_ARGS__); \\
        if (!same(want) || n_ != (int)strlen(want)) { puts(text); return __LINE__; } } while (0)
      int main(void) {
        TEXT("-7 7 ff FF 0x1f 17 c 100%", "%d %u %x %X %#x %o %c 100%%", -7, 7, 255, 255, 31, 15, 'c');
        TEXT("[   42][42   ][00042][+42][ 42]", "[%5d][%-5d][%05d][%+d][% d]", 42, 42, 42, 42, 42);
        TEXT("[ 0x00ff][-0005][  -5]", "[%#7.4x][%.4d][%4d]", 255, -5, -5);
        TEXT("-9223372036854775808 18446744073709551615 5", "%lld %llu %d", -9223372036854775807ll - 1, ~0ull, 5);
        TEXT("-1 255 2147483647 4294967295 65535", "%hhd %hhu %ld %lu %hu", 255, 255, 2147483647l, ~0ul, 65535);
        TEXT("[abc][  abc][ab][(null)]", "[%s][%5s][%.2s][%s]", "abc", "abc", "abc", (char *)0);
        TEXT("3.142 -0.50 1e+10 2.5 [  1.50]", "%.3f %.2f %.0e %g [%6.2f]", 3.14159, -0.5, 1e10, 2.5, 1.5);
        TEXT("[   7][7   ]1.5", "[%*d][%-*d]%.*f", 4, 7, 4, 7, 1, 1.5);
        TEXT("1 2.0 3", "%d %.1f %d", 1, 2.0, 3);
        TEXT("0xabc 9 8", "%p %zu %td", (void *)0xabc, (unsigned long)9, (long)8);
        TEXT("a%", "a%");
        CHECK(snprintf(text, 4, "%s", "abcdef") == 6 && same("abc"));
        CHECK(snprintf(0, 0, "%d", 12345) == 5);
        CHECK(snprintf(text, 1, "x") == 1 && same(""));
        CHECK(printf("%70000d", 1) < 0);
        printf("one %d", 1); putchar(','); printf(" two\\nthree\\n"); puts("four"); printf("five");

        char *a = malloc(10), *b = calloc(4, 4), *c = strdup("copied");
        CHECK(a && b && c && b[15] == 0 && strcmp(c, "copied") == 0);
        memcpy(a, "0123456789", 10);
        a = realloc(a, 2000);
        CHECK(a && a[9] == '9');
        free(a); free(b); free(c);
        CHECK(memchr("hello", 'l', 5) && !memchr("hello", 'l', 2));
        CHECK(strncasecmp("HeLLo", "hEllO!", 5) == 0 && strncasecmp("a", "B", 5) < 0 && strncasecmp("b", "A", 1) > 0);
        const char *hay = "hay needle";
        CHECK(strstr(hay, "need") == hay + 4 && !strstr(hay, "none") && strstr(hay, "") == hay);
        CHECK(strspn("112x", "12") == 3 && strcspn("112x", "x2") == 2 && strcspn("abc", "") == 3);
        char *end;
        const char *number = " -12z";
        CHECK(strtol(number, &end, 10) == -12 && end == number + 4 && strtol("0x1F", 0, 0) == 31);
        CHECK(strtol("99999999999", 0, 10) == 2147483647l && strtol("-99999999999", 0, 10) == -2147483647l - 1);
        CHECK(strtoul("4294967295", 0, 10) == ~0ul && strtoul("-1", 0, 10) == ~0ul && strtoul("777", 0, 8) == 511);
        CHECK(strtol("zz", 0, 36) == 1295 && strtol(number, &end, 1) == 0 && end == number && atoi("42x") == 42);
        CHECK(isupper('A') && !isupper('a') && isspace('\\t') && !isspace('x') && isxdigit('f') && !isxdigit('g'));
        CHECK(isalnum('0') && !isalnum('_') && !isupper(-1) && tolower('Q') == 'q' && toupper('z') == 'Z' && toupper('1') == '1');
        struct { long long seconds; int nanoseconds; } time = {0, -1};
        CHECK(clock_gettime(0, &time) == 0 && time.seconds > 1700000000 && time.nanoseconds >= 0);
        CHECK(clock_gettime(1, &time) == 0 && clock() > 0 && setjmp(text) == 0);
        return 0;
      }
      """)
    #expect(bench.lines("library") == ["one 1, two", "three", "four", "five"])
    for (name, call) in [
      ("aborts", "void abort(void);\nint main(void) { abort(); return 0; }"),
      ("aborts-too", "void abort(int);\nint main(void) { abort(1); return 0; }"),
      ("jumps", "void longjmp(void *, int);\nint main(void) { longjmp(0, 1); return 0; }"),
    ] {
      guard case .trapped(let trap) = try await bench.run(try await bench.sdk(name, call)) else {
        throw Failure(text: "\(name) went on")
      }
      #expect(trap.reason.contains(call.hasPrefix("void abort") ? "abort" : "longjmp"))
    }
    let exits = try await bench.sdk("exits", "void exit(int);\nint main(void) { exit(9); return 0; }")
    #expect(try await bench.run(exits) == .exited(code: 9))
  }
}
