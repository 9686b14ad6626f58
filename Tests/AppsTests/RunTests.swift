import AppABI
import AppFormat
import AppManager
import Testing
import Wasmtime

@testable import Apps

@Suite struct RunTests {
  static let answering = """
    (module (import "akira_log" "log_info" (func $log (param i32))) (memory (export "memory") 1)
      (data (i32.const 16) "hello\\00")
      (func (export "main") (result i32) (call $log (i32.const 16)) (i32.const 7)))
    """

  @Test func runsItsMain() async throws {
    let bench = try Bench()
    let exit = try await bench.run(try bench.launch("hello", Self.answering))
    #expect(exit == .exited(code: 7))
    #expect(bench.lines("hello") == ["hello"])
  }

  @Test func loopsEnd() async throws {
    let bench = try Bench()
    let loop = "(module (memory (export \"memory\") 1) (func (export \"main\") (loop $again (br $again))))"
    let exit = try await bench.run(
      try bench.launch("loop", loop, quotas: AppQuotas(executionTimeout: .milliseconds(100))))
    guard case .killed(.executionTimeout) = exit else { throw Failure(text: "\(exit)") }
    #expect(bench.runtime.audit.entries.map(\.event) == [.appLoaded, .appStarted, .watchdogKill, .appStopped])
    #expect(bench.runtime.audit.isIntact)
  }

  /// Fuel is used up at the same instruction in every run.
  @Test func fuelIsCounted() async throws {
    let bench = try Bench()
    let counting = """
      (module (import "akira_log" "log_info" (func $log (param i32))) (memory (export "memory") 1)
        (data (i32.const 16) "round\\00")
        (func (export "main") (loop $again (call $log (i32.const 16)) (br $again))))
      """
    var quotas = AppQuotas()
    quotas.fuelMax = 700
    // Not the rate of the log ends the lines.
    quotas.logLinesPerSecondMax = 1_000_000
    for name in ["first", "second"] {
      let exit = try await bench.run(try bench.launch(name, counting, quotas: quotas))
      guard case .killed(.fuelExhausted(let trap)) = exit else { throw Failure(text: "\(exit)") }
      #expect(trap.reason == "fuel exhausted" && !trap.backTrace.isEmpty)
    }
    #expect(bench.lines("first").count > 50)
    #expect(bench.lines("first") == bench.lines("second"))
    // Compiled for the first, in a file for the second.
    let code = bench.runtime.codeFigures
    #expect(code.compiles == [.metered: 1] && code.fileHits == 1 && code.memoryHits == 0)
    let exits = Exits()
    let app = try await bench.runtime.start(try bench.launch("third", counting, quotas: quotas)) { exits.set($0) }
    _ = await exits.first()
    #expect(app.statistics().fuelUsed == 700)
    #expect(app.statistics().logLineCount == UInt64(bench.lines("third").count))
    quotas.logLinesPerSecondMax = 5
    let ends = Exits()
    let silenced = try await bench.runtime.start(try bench.launch("silenced", counting, quotas: quotas)) {
      ends.set($0)
    }
    _ = await ends.first()
    #expect(silenced.statistics().logLineCount == UInt64(bench.lines("silenced").count))
    #expect(silenced.statistics().droppedLogLineCount > 0)
    quotas.fuelMax = nil
    let free = try await bench.runtime.start(try bench.launch("fourth", counting, quotas: quotas)) { _ in }
    #expect(free.statistics().fuelUsed == nil)
    await free.stop(timeout: .seconds(5))
    #expect(bench.runtime.codeFigures.compiles[.fast] == 1)
  }

  @Test func poolsHaveRoomForSoMany() async throws {
    let folder = try Bench()
    let runtime = try AppRuntime(
      AppRuntime.Options(
        cacheFolder: folder.folder + "/cache", dataFolder: folder.folder + "/data",
        pool: EngineOptions.Pool(instances: 2, memoryBytesMax: 1 << 20)))
    // Winch's code and Cranelift's have a pool each.
    var apps: [any RunningApp] = []
    var refused = 0
    for name in ["a", "b", "c", "d", "e", "f"] {
      let launch = try folder.launch(name, Self.sleeper)
      do throws(AppStartError) {
        apps.append(try await runtime.start(launch) { _ in })
      } catch { refused += 1 }
    }
    #expect((2...4).contains(apps.count) && apps.count + refused == 6)
    for app in apps { await app.stop(timeout: .seconds(5)) }
    _ = try await runtime.start(try folder.launch("g", Self.sleeper)) { _ in }.stop(timeout: .seconds(5))
  }

  static let sleeper = """
    (module (import "akira_time" "sleep_ms" (func $sleep (param i32) (result i32))) (memory (export "memory") 1)
      (func (export "main") (loop $again (drop (call $sleep (i32.const 3000000))) (br $again))))
    """

  @Test func sleepersAreStopped() async throws {
    let bench = try Bench()
    let exits = Exits()
    let app = try await bench.runtime.start(try bench.launch("sleeper", Self.sleeper)) { exits.set($0) }
    await app.stop(timeout: .seconds(5))
    #expect(await exits.first() == .killed(.stopped))
  }

  /// Every row of the table that is said to be implemented has a body, and every body has a row.
  @Test func tableAndBodiesAgree() throws {
    let library = NativeLibrary()
    let bodies = Set(library.bodies.keys).union(library.longBodies.keys)
    let table = NativeTable.functions + NativeTable.wasi
    let rows = Set(table.filter { $0.support == .implemented }.map { "\($0.module).\($0.name)" })
    #expect(rows.subtracting(bodies).sorted() == [])
    #expect(bodies.subtracting(rows).sorted() == [])
  }
}
