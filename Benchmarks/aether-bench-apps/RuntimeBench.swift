import AppFormat
import AppManager
import Apps
import BenchReport
import Crypto
import Glibc
import Wasmtime

/// Apps as a node runs them: each on its thread, with every check of the table.
struct RuntimeBench {
  private let folder: String
  private let runtime: AppRuntime

  init() throws {
    folder = "/tmp/aether-bench-runtime-\(getpid())"
    for name in ["", "/cache", "/data"] { mkdir(folder + name, 0o700) }
    runtime = try AppRuntime(AppRuntime.Options(cacheFolder: folder + "/cache", dataFolder: folder + "/data"))
  }

  func remove() { _ = try? Command(["rm", "-rf", folder]).run() }

  private func launch(_ name: String, _ module: [UInt8], quotas: AppQuotas = AppQuotas()) throws -> AppLaunch {
    guard let appName = AppName(name) else { throw Failure(text: "\(name) is no name") }
    let data = "\(folder)/data/\(name)"
    mkdir(data, 0o700)
    return AppLaunch(
      name: appName, module: module, modulePath: "", sha256: Digest.sha256(module), manifest: AppManifest(),
      capabilities: .core, quotas: quotas, dataDirectory: data)
  }

  /// Starts an app and waits for its end.
  private func run(_ launch: AppLaunch) async throws -> AppExit {
    let (stream, continuation) = AsyncStream.makeStream(of: AppExit.self)
    _ = try await runtime.start(launch) {
      continuation.yield($0)
      continuation.finish()
    }
    for await exit in stream { return exit }
    throw Failure(text: "\(launch.name) gave no exit")
  }

  private func code(_ launch: AppLaunch) async throws -> Int32 {
    let exit = try await run(launch)
    guard case .exited(let code) = exit else { throw Failure(text: "\(launch.name): \(exit)") }
    return code
  }

  /// Runs until Cranelift has compiled it.
  private func warmed(_ launch: AppLaunch) async throws {
    for _ in 0..<200 where !runtime.isOptimised(launch.sha256) {
      _ = try await run(launch)
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// Nanoseconds of processor time of a call of a function of the table that needs a capability; the app's start and end are in
  /// them. `turn` is called behind each run.
  func tableCall(calls: Int, runs: Int, _ turn: () throws -> Void) async throws -> Samples {
    let module = try wasm(
      fromText: """
        (module (import "env" "wdt_pet" (func $pet (result i32)))
          (memory (export "memory") 1)
          (func (export "main") (local i32)
            (local.set 0 (i32.const \(calls)))
            (loop $again
              (drop (call $pet))
              (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
        """)
    let launch = try launch("calls", module)
    try await warmed(launch)
    var samples = Samples()
    for _ in 0..<runs {
      let watch = Stopwatch()
      _ = try await run(launch)
      samples.append(watch.processorSeconds * 1e9 / Double(calls))
      try turn()
    }
    return samples
  }

  private static let sleeper = """
    (module (import "akira_time" "sleep_ms" (func $sleep (param i32) (result i32))) (memory (export "memory") 1)
      (func (export "main") (loop $again (i32.store (i32.const 64) (i32.const 1))
        (drop (call $sleep (i32.const 3000000))) (br $again))))
    """

  /// Milliseconds from the wish to start an app that was compiled before until it runs, and its end, without the end.
  func starts(runs: Int) async throws -> Samples {
    let launch = try launch(
      "starts", try wasm(fromText: "(module (memory (export \"memory\") 1) (func (export \"main\")))"))
    try await warmed(launch)
    var samples = Samples()
    for _ in 0..<runs {
      let watch = Stopwatch()
      for _ in 0..<50 { _ = try await run(launch) }
      samples.append(watch.seconds * 1e3 / 50)
    }
    return samples
  }

  /// KiB of each of so many running apps beside the page of linear memory that it has touched.
  func memory(of count: Int) async throws -> Double {
    let module = try wasm(fromText: Self.sleeper)
    try await warmed(try launch("calls", try wasm(fromText: "(module (memory (export \"memory\") 1))")))
    _ = try await runtime.start(try launch("first", module)) { _ in }
    let before = ResidentMemory.bytes
    var apps: [any RunningApp] = []
    for index in 0..<count { apps.append(try await runtime.start(try launch("app-\(index)", module)) { _ in }) }
    let each = Double(ResidentMemory.bytes - before) / Double(count) / 1024 - 4
    for app in apps { await app.stop(timeout: .seconds(5)) }
    return each
  }

  /// How late an app wakes that sleeps for a millisecond, in milliseconds, alone and beside apps that do harm.
  func neighbours(runs: Int) async throws -> (alone: Samples, beside: Samples) {
    let module = try wasm(
      fromText: """
        (module (import "akira_time" "sleep_ms" (func $sleep (param i32) (result i32)))
          (import "akira_time" "get_time_ms" (func $now (result i64)))
          (memory (export "memory") 1)
          (func (export "main") (result i32) (local i32 i64)
            (local.set 1 (call $now))
            (local.set 0 (i32.const 200))
            (loop $again
              (drop (call $sleep (i32.const 1)))
              (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (i32.wrap_i64 (i64.sub (call $now) (local.get 1)))))
        """)
    let launch = try launch("victim", module)
    try await warmed(launch)
    func lateness() async throws -> Double {
      Double(try await code(launch) - 200) / 200
    }
    var alone = Samples()
    for _ in 0..<runs { alone.append(try await lateness()) }
    var bad: [any RunningApp] = []
    for (index, text) in Self.harmful.enumerated() {
      let quotas = AppQuotas(executionTimeout: .seconds(600), cpuPercentMax: 20)
      bad.append(
        try await runtime.start(try self.launch("bad-\(index)", try wasm(fromText: text), quotas: quotas)) { _ in })
    }
    var beside = Samples()
    for _ in 0..<runs { beside.append(try await lateness()) }
    for app in bad { await app.stop(timeout: .seconds(5)) }
    return (alone, beside)
  }

  /// An endless loop, memory without end, lines without end, messages without end.
  private static let harmful = [
    "(module (memory (export \"memory\") 1) (func (export \"main\") (loop $again (br $again))))",
    """
    (module (memory (export "memory") 1) (func (export "main") (loop $again
      (drop (memory.grow (i32.const 16))) (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br $again))))
    """,
    """
    (module (import "akira_log" "log_info" (func $log (param i32))) (memory (export "memory") 1)
      (data (i32.const 16) "flood\\00") (func (export "main") (loop $again (call $log (i32.const 16)) (br $again))))
    """,
    """
    (module (import "env" "msg_publish" (func $publish (param i32 i32 i32) (result i32))) (memory (export "memory") 1)
      (data (i32.const 16) "flood\\00")
      (func (export "main") (loop $again (drop (call $publish (i32.const 16) (i32.const 16) (i32.const 5))) (br $again))))
    """,
  ]
}
