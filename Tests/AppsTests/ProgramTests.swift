import AppFormat
import AppManager
import Crypto
import Foundation
import Linux
import Testing

@testable import Apps

/// Ordinary programs of WASI, built by clang with wasi-libc.
@Suite struct ProgramTests {
  private func launch(_ bench: Bench, _ name: String, _ program: String, _ capabilities: CapabilitySet = [])
    throws -> AppLaunch
  {
    var launch = try bench.launch(name, "(module)", capabilities)
    let source = "\(bench.folder)/\(name).c"
    let output = "\(bench.folder)/\(name).wasm"
    try Data(program.utf8).write(to: URL(fileURLWithPath: source))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let builtins = try #require(
      (14...30).map { "/usr/lib/llvm-\($0)/lib/clang/\($0)/lib/wasi/libclang_rt.builtins-wasm32.a" }.first {
        FileManager.default.fileExists(atPath: $0)
      })
    process.arguments = [
      "clang", "--target=wasm32-wasi", "--sysroot=/usr", "-isystem", "/usr/include/wasm32-wasi", "-Os",
      "-nodefaultlibs",
      source, "-o", output, "-lc", builtins, "-Wl,--strip-all",
    ]
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(text: "clang: \(process.terminationStatus)") }
    launch.module = Array(try Data(contentsOf: URL(fileURLWithPath: output)))
    launch.sha256 = Digest.sha256(launch.module)
    return launch
  }

  private static let asking = """
    #include <stdio.h>
    #include <stdlib.h>
    int main(int argc, char **argv) {
      for (int i = 0; i < argc; i++) printf("argument %s\\n", argv[i]);
      printf("COLOR=%s\\n", getenv("COLOR"));
      char line[64] = "nothing\\n";
      FILE *file = fopen("/notes.txt", "r");
      if (file) fgets(line, sizeof line, file);
      fprintf(stderr, "read %s", line);
      printf("up %s\\n", fopen("/../secret.txt", "r") ? "yes" : "no");
      printf("write %s", fopen("/new.txt", "w") ? "yes" : "no");
      return argc;
    }
    """

  @Test func argumentsEnvironmentAndFiles() async throws {
    let bench = try Bench()
    var launch = try launch(bench, "asking", Self.asking, [.storageRead, .storageWrite])
    launch.arguments = ["one", "two words"]
    launch.environment = ["COLOR": "blue"]
    try Data("kept\n".utf8).write(to: URL(fileURLWithPath: "\(launch.dataDirectory)/notes.txt"))
    try Data("secret\n".utf8).write(to: URL(fileURLWithPath: "\(bench.folder)/data/secret.txt"))
    #expect(try await bench.run(launch) == .exited(code: 3))
    let expected = [
      "argument asking", "argument one", "argument two words", "COLOR=blue", "read kept", "up no", "write no",
    ]
    #expect(bench.lines("asking").sorted() == expected.sorted())
    #expect(bench.runtime.log(of: launch.name).lines().first { $0.text == "read kept" }?.level == .error)
    // Without the right to read there is no folder.
    launch.capabilities = []
    #expect(try await bench.run(launch) == .exited(code: 3))
    #expect(bench.lines("asking").suffix(7).contains("read nothing"))
  }

  /// Sleep is no computing, costs nothing, and ends with the app.
  @Test func sleepingProgramsLiveAndAreStopped() async throws {
    let bench = try Bench()
    var short = try launch(
      bench, "short",
      """
      #include <stdlib.h>
      #include <time.h>
      int main(void) {
        struct timespec time = {0, 400000000};
        nanosleep(&time, 0);
        exit(5);
      }
      """)
    short.quotas.executionTimeout = .milliseconds(100)
    #expect(try await bench.run(short) == .exited(code: 5))
    let long = try launch(bench, "long", "#include <unistd.h>\nint main(void) { for (;;) sleep(3600); }")
    let exits = Exits()
    let app = try await bench.runtime.start(long) { exits.set($0) }
    await app.stop(timeout: .seconds(5))
    #expect(await exits.first() == .killed(.stopped))
  }

  @Test func linesAreLimited() async throws {
    let bench = try Bench()
    var flood = try launch(
      bench, "flood",
      "#include <stdio.h>\nint main(void) { for (int i = 0; i < 5000; i++) printf(\"line %d\\n\", i); return 0; }")
    flood.quotas.logLinesPerSecondMax = 50
    let exits = Exits()
    let app = try await bench.runtime.start(flood) { exits.set($0) }
    #expect(await exits.first() == .exited(code: 0))
    let statistics = app.statistics()
    #expect(statistics.droppedLogLineCount > 0)
    #expect(statistics.logLineCount + statistics.droppedLogLineCount == 5000)
    #expect(bench.lines("flood").count == Int(statistics.logLineCount))
  }
}
