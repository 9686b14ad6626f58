import AppFormat
import Foundation

/// Small apps in C, built by clang as a user would.
enum AppPrograms {
  /// Says its version ten times a second, and whether it may have a timer. What it does besides is chosen by MODE.
  static let source = """
    #define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
    IMPORT("env", "delay") int wait_us(int microseconds);
    IMPORT("env", "printf_native") int say(const char *text);
    IMPORT("env", "timer_create") int timer_create(void);
    IMPORT("env", "timer_free") int timer_free(int timer);
    IMPORT("env", "crypto_random") int random_bytes(void *bytes, int count);

    static char buffer[16];

    __attribute__((noinline)) void fall_over(void) { __builtin_trap(); }

    __attribute__((export_name("main"))) int run(void) {
    #if MODE == 2
      fall_over();
    #endif
      for (int count = 0;; count++) {
        say(VERSION);
        int timer = timer_create();
        say(timer < 0 ? "timer: no" : "timer: yes");
        if (timer >= 0) timer_free(timer);
    #if MODE == 1
        if (count == 2) fall_over();
    #endif
    #if MODE == 3
        if (count == 2) return 0;
    #endif
    #if MODE == 4
        for (volatile unsigned turn = 0;; turn++) {}
    #endif
        wait_us(100000);
      }
    }
    """

  enum Mode: Int {
    case steady = 0
    /// Traps behind a few lines.
    case trapsLater = 1
    case trapsAtStart = 2
    /// Returns behind a few lines.
    case ends = 3
    /// Computes for ever behind two lines.
    case spins = 4
  }

  /// Builds it into a folder.
  ///
  /// - Returns: the path of the module, with its manifest inside.
  static func build(
    _ version: String, _ mode: Mode = .steady, capabilities: [String] = ["timer"], name: String = "lamp",
    source: String = AppPrograms.source, in folder: String
  ) throws -> String {
    let stem = "\(folder)/\(name)-\(version)-\(mode)"
    try source.write(toFile: "\(stem).c", atomically: true, encoding: .utf8)
    let result = try Installation.run(
      "/usr/bin/env",
      [
        "clang", "--target=wasm32", "-O1", "-g0", "-nostdlib", "-ffreestanding", "-fno-builtin", "-Wall",
        "-Wno-unused-variable", "-Wno-unused-function", "-DMODE=\(mode.rawValue)",
        "-DVERSION=\"version \(version)\"", "-Wl,--no-entry", "-Wl,--allow-undefined", "-o", "\(stem).wasm",
        "\(stem).c",
      ])
    guard result.status == 0 else { throw Installation.Failure("clang: \(result.errors)") }
    let names = capabilities.map { "\"\($0)\"" }.joined(separator: ",")
    let manifest = """
      {"name":"\(name)","version":"\(version)","abi":"1.0","capabilities":[\(names)],\
      "restart":{"enabled":true,"max_retries":3,"delay_ms":100}}
      """
    let module = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(stem).wasm")))
    try Data(try AppManifest.embed(Array(manifest.utf8), in: module)).write(to: URL(fileURLWithPath: "\(stem).wasm"))
    return "\(stem).wasm"
  }
}
