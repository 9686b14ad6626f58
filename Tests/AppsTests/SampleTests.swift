import AppFormat
import AppManager
import Crypto
import Foundation
import Testing
import Wasmtime

@testable import Apps

/// The apps of Examples/apps, as `scripts/build-apps` made them from C, Swift and Rust.
extension Bench {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// With everything that its manifest asks for.
  func sample(_ name: String, quotas: AppQuotas = AppQuotas()) throws -> AppLaunch {
    let path = "\(Self.root)/.build/apps/\(name).wasm"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Failure(text: "\(path) is not there; scripts/build-apps makes it")
    }
    let module = [UInt8](data)
    let manifest = try #require(try AppManifest.embedded(in: module, ModuleOutline(module)))
    guard let appName = AppName(name) else { throw Failure(text: "\(name) is no name") }
    let folder = "\(folder)/data/\(name)"
    mkdir(folder, 0o700)
    return AppLaunch(
      name: appName, module: module, modulePath: path, sha256: Digest.sha256(module), manifest: manifest,
      capabilities: CapabilityRegistry().capabilities(named: manifest.capabilities), quotas: quotas,
      dataDirectory: folder)
  }

  /// Sends commands until the app listens; it is about to.
  func ask(_ app: any RunningApp, _ command: String) async throws -> String {
    for _ in 0..<200 {
      switch await app.command(Array(command.utf8), timeout: .seconds(20)) {
      case .answer(let bytes): return String(decoding: bytes, as: UTF8.self)
      case .timeout: throw Failure(text: "no answer to \(command)")
      case .notListening: try await Task.sleep(for: .milliseconds(25))
      }
    }
    throw Failure(text: "nobody listens to \(command)")
  }
}

@Suite(.serialized) struct SampleTests {
  @Test func helloSaysSo() async throws {
    let bench = try Bench()
    #expect(try await bench.run(try bench.sample("hello")) == .exited(code: 0))
    #expect(bench.lines("hello").count == 1)
  }

  @Test func counterKeepsItsCount() async throws {
    let bench = try Bench()
    let exits = Exits()
    let first = try await bench.runtime.start(try bench.sample("counter")) { exits.set($0) }
    #expect(try await bench.ask(first, "add 1000").hasPrefix("count 10"))
    #expect(try await bench.ask(first, "stop").hasPrefix("count 10"))
    #expect(await exits.first() == .exited(code: 0))
    let second = try await bench.runtime.start(try bench.sample("counter")) { _ in }
    #expect(try await bench.ask(second, "get").hasPrefix("count 10"))
    await second.stop(timeout: .seconds(5))
  }

  @Test func thermostatShowsAndAnswers() async throws {
    let bench = try Bench()
    let app = try await bench.runtime.start(try bench.sample("thermostat")) { _ in }
    #expect(try await bench.ask(app, "set 21.5").contains("target 21.5"))
    #expect(try await bench.ask(app, "stop").contains("target 21.5"))
    let frame = bench.runtime.services.devices.screen.frame
    #expect(Set(frame.pixels).count > 2, "something was drawn")
  }

  @Test func chatTalks() async throws {
    let bench = try Bench()
    let bob = Exits()
    _ = try await bench.runtime.start(try bench.sample("chat-bob")) { bob.set($0) }
    // Bob may not have subscribed yet; Alice then ends with a code, and is started again.
    var exit = AppExit.exited(code: 2)
    for _ in 0..<100 where exit == .exited(code: 2) {
      exit = try await bench.run(try bench.sample("chat-alice"))
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(exit == .exited(code: 0), "\(bench.lines("chat-alice"))")
    #expect(await bob.first() == .exited(code: 0))
  }

  @Test func snakeIsPlayed() async throws {
    let bench = try Bench()
    let devices = bench.runtime.services.devices
    let exits = Exits()
    _ = try await bench.runtime.start(try bench.sample("snake")) { exits.set($0) }
    // Into a wall, a few steps at most for each cell.
    for _ in 0..<600 where !bench.lines("snake").contains(where: { $0.contains("score") }) {
      try await Task.sleep(for: .milliseconds(25))
    }
    #expect(bench.lines("snake").contains { $0.contains("snake: score") })
    try devices.input.press(1)
    try devices.input.release(1)
    #expect(await exits.first() == .exited(code: 0))
  }

  @Test func automatonMoves() async throws {
    let bench = try Bench()
    let app = try await bench.runtime.start(try bench.sample("automaton-host")) { _ in }
    #expect(try await bench.ask(app, "event open") == "state opened")
    #expect(try await bench.ask(app, "event lock") == "refused lock in opened")
    #expect(try await bench.ask(app, "row 0 opened lock locked") == "state opened")
    #expect(try await bench.ask(app, "event lock") == "state locked")
    #expect(try await bench.ask(app, "stop") == "state locked")
  }

  @Test func storageIsMeasured() async throws {
    let bench = try Bench()
    #expect(
      try await bench.run(try bench.sample("storage-bench")) == .exited(code: 0), "\(bench.lines("storage-bench"))")
    let left = try FileManager.default.contentsOfDirectory(atPath: bench.folder + "/data/storage-bench")
    #expect(left == [])
  }
}

/// The app that tries what no app may do, beside one that goes on undisturbed.
@Suite(.serialized) struct MisbehaviourTests {
  /// Runs one attempt; gives how it ended and what the app said it was answered.
  private func attempt(
    _ word: String, _ bench: Bench, quotas: AppQuotas = AppQuotas(executionTimeout: .milliseconds(300))
  ) async throws -> (exit: AppExit, lines: [String], statistics: AppStatistics) {
    let neighbour = try await bench.runtime.start(try bench.sample("counter")) { _ in }
    _ = try await bench.ask(neighbour, "get")
    let exits = Exits()
    let app = try await bench.runtime.start(try bench.sample("misbehave", quotas: quotas)) { exits.set($0) }
    for _ in 0..<400 {
      // The answer may be the end.
      if bench.runtime.services.messages.publish("misbehave.cmd", Array(word.utf8)).delivered > 0 { break }
      try await Task.sleep(for: .milliseconds(10))
    }
    let exit = await exits.first()
    #expect(try await bench.ask(neighbour, "get").hasPrefix("count"))
    await neighbour.stop(timeout: .seconds(5))
    return (exit, bench.lines("misbehave"), app.statistics())
  }

  @Test func endlessLoop() async throws {
    let bench = try Bench()
    let (exit, _, statistics) = try await attempt("loop", bench)
    guard case .killed(.executionTimeout(let trap)) = exit else { throw Failure(text: "\(exit)") }
    #expect(!trap.backTrace.isEmpty)
    #expect(bench.runtime.audit.entries.contains { $0.event == .watchdogKill && $0.app == "misbehave" })
    #expect(statistics.executionTime >= .milliseconds(250))
  }

  @Test(arguments: ["stack", "trap"]) func trapsEndTheApp(_ word: String) async throws {
    let bench = try Bench()
    let (exit, _, _) = try await attempt(word, bench)
    guard case .trapped(let trap) = exit else { throw Failure(text: "\(exit)") }
    #expect(!trap.backTrace.isEmpty)
  }

  @Test func memoryEnds() async throws {
    let bench = try Bench()
    for word in ["grow", "alloc"] {
      let (exit, lines, statistics) = try await attempt(word, bench)
      #expect(exit == .exited(code: 0), "\(lines)")
      #expect(statistics.memoryPeakBytes <= 65536 * 2 + 1_048_576)
    }
  }

  @Test func addressesOutside() async throws {
    let bench = try Bench()
    let (exit, lines, _) = try await attempt("pointer", bench)
    #expect(exit == .exited(code: 0))
    #expect(lines.contains { $0.contains("addresses outside that were accepted: 0") }, "\(lines)")
  }

  @Test func handlesEnd() async throws {
    let bench = try Bench()
    let (exit, lines, _) = try await attempt("handles", bench)
    #expect(exit == .exited(code: 0))
    #expect(lines.contains { $0.contains("timers: 8, then -12") }, "\(lines)")
  }

  @Test func pathsLeadNowhere() async throws {
    let bench = try Bench()
    let (exit, lines, _) = try await attempt("paths", bench)
    #expect(exit == .exited(code: 0))
    #expect(lines.contains { $0.contains("paths that lead out and were opened: 0") }, "\(lines)")
  }

  @Test func whatIsNotGranted() async throws {
    let bench = try Bench()
    let (exit, lines, statistics) = try await attempt("denied", bench)
    #expect(exit == .exited(code: 0))
    #expect(lines.contains { $0.contains("calls without a right that were carried out: 0") }, "\(lines)")
    #expect(statistics.deniedCount >= 6)
    let denials = bench.runtime.audit.entries.filter { $0.event == .capabilityDenied && $0.app == "misbehave" }
    #expect(denials.map(\.detail).contains("ota_rollback"))
    #expect(bench.runtime.audit.isIntact)
  }

  @Test func floodsAreLimited() async throws {
    let bench = try Bench()
    var (exit, lines, statistics) = try await attempt("ipc", bench, quotas: AppQuotas())
    #expect(exit == .exited(code: 0), "\(lines)")
    #expect(statistics.rateLimitedCount > 10_000)
    (exit, lines, statistics) = try await attempt("log", bench, quotas: AppQuotas())
    #expect(exit == .exited(code: 0), "\(lines)")
    #expect(statistics.rateLimitedCount > 10_000)
  }
}
