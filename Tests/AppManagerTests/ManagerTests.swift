import AppFormat
import AppSigning
import Bytes
import Crypto
import Foundation
import Linux
import Testing

@testable import AppManager

@Suite struct ManagerTests {
  private func open(
    _ scratch: Scratch, _ runner: ScriptedRunner, _ change: (inout AppManagerOptions) -> Void = { _ in }
  ) async throws -> AppManager {
    var options = AppManagerOptions(rules: try rules())
    options.timing.restartDelayMax = .milliseconds(20)
    change(&options)
    return try await AppManager.open(root: scratch.path, options: options, runner: runner)
  }

  private func error(_ body: () async throws -> Void) async -> AppError? {
    do {
      try await body()
      return nil
    } catch { return error as? AppError }
  }

  @Test func anAppIsInstalledStartedAskedAndRemoved() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let manager = try await open(scratch, runner)
    let more =
      #""memory_quota":65536,"capabilities":["timer","network.use","teleport"],"commands":[{"name":"set"}],"exec_timeout_ms":2000"#
    let result = try await manager.install(try demo("1.0", more))
    #expect(result.outcome == .installed && result.info.state == .installed && result.info.number == 1)
    #expect(result.warning == .absent && result.info.commands.count == 1)
    #expect(result.unknownCapabilities == ["teleport"] && result.info.source == .http)
    try await manager.configure("demo", AppSettings(arguments: ["--fast"], environment: ["A": "1"]))
    try await manager.start("demo")
    try await manager.start("demo")
    let launch = try #require(runner.live("demo")?.launch)
    #expect(launch.quotas.memoryBytesMax == AppQuotas().memoryBytesMax && launch.manifest.memoryQuota == 65536)
    #expect(launch.quotas.executionTimeout == .seconds(2))
    #expect(launch.capabilities == [.timer, .network] && launch.arguments == ["--fast"])
    #expect(launch.sha256 == Digest.sha256(launch.module) && launch.sha256 == result.info.sha256)
    #expect(try Files.read(launch.modulePath, limit: 1 << 20) == launch.module)
    #expect(Files.isDirectory(launch.dataDirectory) && runner.launches.count == 1)
    let running = try await manager.info("demo")
    #expect(running.state.phase == .running && running.startedAt ?? 0 > 1_600_000_000_000 && running.restartsAt == nil)
    #expect(try await manager.statistics("demo")?.callCount == 7)
    #expect(try await manager.send("demo", [1, 2, 3]) == .answer([3, 2, 1]))
    #expect(await error { _ = try await manager.send("demo", []) }?.errno == -22)
    try await manager.stop("demo")
    try await manager.stop("demo")
    #expect(runner.live("demo") == nil)
    #expect(try await manager.send("demo", [1]) == .notListening)
    #expect(try await manager.statistics("demo") == nil)
    try await manager.start("demo")
    try await manager.uninstall("demo")
    #expect(runner.live("demo") == nil && !Files.exists("\(scratch.path)/apps/demo"))
    for body: () async throws -> Void in [
      { try await manager.start("demo") }, { try await manager.stop("../x") }, { try await manager.uninstall("demo") },
      { _ = try await manager.crashes("demo") },
    ] { #expect(await error(body)?.errno == -2) }
    await manager.close()
    #expect(await error { _ = try await manager.install([]) } == .closed)
  }

  @Test func crashesAreRestartedEachAppOnItsOwn() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let manager = try await open(scratch, runner)
    let names = ["a", "b", "c"]
    for name in names {
      _ = try await manager.install(try demo("1.0", restarting), name: name)
      try await manager.start(name)
    }
    for name in names { runner.live(name)?.end(.trapped(AppTrap(reason: "unreachable", backTrace: ["main"]))) }
    for name in names {
      let info = try await manager.wait(name) { $0.startCount == 2 && $0.state.phase == .running }
      #expect(info.crashCount == 1)
    }
    for count in 2...3 {
      runner.live("a")?.end(.exited(code: 5))
      _ = try await manager.wait("a") {
        $0.crashTotal == UInt64(count) && ($0.state.phase == .failed || $0.startCount == UInt64(count + 1))
          && $0.state.isSettled
      }
    }
    #expect(try await manager.info("a").state.phase == .failed)
    #expect(try await manager.crashes("a").map(\.failure.kind) == [.trap, .exit, .exit])
    #expect(runner.state.withLock { $0.overlaps } == 0)
    try await manager.start("a")
    #expect(try await manager.info("a").crashCount == 0)
    await manager.close()
  }

  @Test func whyAStartFailedIsTheErrorNumber() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let manager = try await open(scratch, runner)
    let reasons: [(String, AppStartError, Int32)] = [
      ("1", .module("import env.none is not known"), -5), ("2", .timeout(.seconds(15)), -110),
      ("3", .outOfMemory("pages"), -12),
    ]
    for (version, reason, errno) in reasons {
      runner.state.withLock { $0.refused = [version: reason] }
      _ = try await manager.install(try demo(version), name: "demo\(version)")
      #expect(await error { try await manager.start("demo\(version)") }?.errno == errno)
    }
    await manager.close()
  }

  @Test func whatIsWrongWithBytesIsNoted() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let key = try PrivateKey.generate(.ed25519)
    let strict = try AppTrust(keys: [key.publicKey])
    let manager = try await open(scratch, runner) { $0.rules.trust = strict }
    var package = AppPackage(module: try module(), manifest: Array(#"{"name":"demo"}"#.utf8))
    let unsigned = try package.packed()
    #expect(await error { _ = try await manager.install(unsigned, name: "demo") }?.errno == -13)
    try package.sign(with: try PrivateKey.generate(.ed25519))
    let strange = try package.packed()
    #expect(await error { _ = try await manager.install(strange) }?.errno == -13)
    package.module.append(contentsOf: [0, 9, 1])
    try package.sign(with: key)
    let cut = try package.packed()
    #expect(await error { _ = try await manager.install(cut, name: "demo") }?.errno == -22)
    package.module.removeLast(3)
    try package.sign(with: key)
    let info = try await manager.install(try package.packed()).info
    // Somebody changes the file.
    let path = "\(scratch.path)/apps/demo/versions/\(info.versionID)/app.wasm"
    try Files.replace(path, with: try module(mark: 9))
    #expect(await error { try await manager.start("demo") } != nil)
    let events = runner.state.withLock { $0.noted }
    #expect(
      events.map(\.kind) == [
        .signatureFailure, .signatureFailure, .integrityFailure, .signatureValid, .integrityFailure,
      ])
    #expect(events.map(\.app) == ["demo", "", "demo", "demo", "demo"])
    #expect(events[3].detail.hasSuffix(Hex.encode(Digest.sha256(try key.publicKey.der()))))
    await manager.close()
  }

  @Test func anExitBeforeTheStartHasReturnedIsSeen() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let manager = try await open(scratch, runner)
    runner.state.withLock { $0.endsAtOnce = ["1.0": .exited(code: 0), "2.0": .exited(code: 1)] }
    _ = try await manager.install(try demo("1.0"))
    try await manager.start("demo")
    _ = try await manager.wait("demo") { $0.state == .stopped(exitCode: 0) }
    _ = try await manager.install(try demo("2.0"), name: "other")
    try await manager.start("other")
    _ = try await manager.wait("other") { $0.state.phase == .error }
    #expect(try await manager.info("other").crashTotal == 1)
  }

  @Test func whatIsSaidOfAnAppThatIsGoneDoesNotCountForItsSuccessor() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let manager = try await open(scratch, runner) { $0.exitGrace = .milliseconds(50) }
    _ = try await manager.install(try demo("1.0"))
    try await manager.start("demo")
    try await manager.uninstall("demo")
    _ = try await manager.install(try demo("1.0"))
    try await manager.start("demo")
    try await Task.sleep(for: .milliseconds(200))
    #expect(try await manager.info("demo").state.phase == .running)
    // A runner that stops and forgets to say so.
    runner.state.withLock { $0.forgetsExits = true }
    try await manager.stop("demo")
    #expect(try await manager.info("demo").state == .stopped(exitCode: nil))
  }

  @Test func anUpdateThatDoesNotComeUpIsTakenBack() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let manager = try await open(scratch, runner)
    runner.state.withLock { $0.refused["2.0"] = .module("import env.none is not known") }
    let first = try await manager.install(try demo("1.0"))
    try await manager.start("demo")
    let error = await error { _ = try await manager.install(try demo("2.0")) }
    guard case .rolledBack(let failure) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(failure.reason.contains("env.none") && error?.errno == -125)
    var info = try await manager.info("demo")
    #expect(info.version == "1.0" && info.state.phase == .running && info.previousVersion == nil)
    #expect(try Files.names(in: "\(scratch.path)/apps/demo/versions") == [first.info.versionID.hex])
    // A good one comes up, and traps in its probation.
    let third = try await manager.install(try demo("3.0"))
    #expect(third.outcome == .updated(from: first.info.versionID) && third.info.isOnTrial)
    runner.live("demo")?.end(.trapped(AppTrap(reason: "unreachable")))
    info = try await manager.wait("demo") { $0.version == "1.0" && $0.state.phase == .running }
    #expect(info.crashTotal == 2)
    // By hand, there and back.
    _ = try await manager.install(try demo("4.0"))
    try await manager.rollBack("demo")
    #expect(runner.live("demo")?.launch.version == "1.0")
    try await manager.rollBack("demo")
    #expect(runner.live("demo")?.launch.version == "4.0")
    #expect(try await manager.install(try demo("4.0")).outcome == .unchanged)
    let settings = AppSettings(priority: 7)
    #expect(try await manager.install(try demo("4.0"), settings: settings).outcome == .unchanged)
    #expect(try await manager.settings("demo") == settings)
    // A stopped one is replaced and stays stopped.
    try await manager.stop("demo")
    let last = try await manager.install(try demo("5.0"))
    #expect(last.info.state == .installed && runner.live("demo") == nil)
    #expect(try Files.names(in: "\(scratch.path)/apps/demo/versions").count == 2)
    #expect(runner.state.withLock { $0.overlaps } == 0)
  }

  @Test func whatCannotBeWrittenLeavesWhatWas() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let manager = try await open(scratch, runner)
    let first = try await manager.install(try demo("1.0"))
    try await manager.start("demo")
    // Nothing new can be made.
    let partial = "\(scratch.path)/apps/.partial"
    try Files.removeTree(partial)
    try Data().write(to: URL(fileURLWithPath: partial))
    #expect(await error { _ = try await manager.install(try demo("1.0"), name: "other") }?.errno == -20)
    #expect(await error { _ = try await manager.install(try demo("2.0")) }?.errno == -20)
    #expect(await manager.list().map(\.name.text) == ["demo"])
    try FileManager.default.removeItem(atPath: partial)
    try Files.makeDirectory(partial)
    // A new version can be made, but not become the current one.
    let record = "\(scratch.path)/apps/demo/record.new"
    try Files.makeDirectories("\(record)/full")
    let settings = AppSettings(priority: 7)
    #expect(await error { _ = try await manager.install(try demo("2.0"), settings: settings) }?.errno == -21)
    #expect(try await manager.settings("demo") == AppSettings())
    #expect(await error { try await manager.grant("demo", ["timer"]) }?.errno == -21)
    #expect(runner.live("demo")?.launch.version == "1.0" && runner.launches.count == 2)
    #expect(try await manager.info("demo").granted.isEmpty)
    #expect(try Files.names(in: "\(scratch.path)/apps/demo/versions") == [first.info.versionID.hex])
    try Files.removeTree(record)
    #expect(try await manager.install(try demo("2.0")).info.version == "2.0")
    #expect(try await manager.install(try demo("1.0"), name: "other").outcome == .installed)
  }

  @Test func whatRanRunsAgainInOrderOfPriority() async throws {
    let scratch = Scratch()
    let first = try await open(scratch, ScriptedRunner())
    for (name, more) in [
      ("low", #""priority":1"#), ("high", #""priority":9"#), ("auto", #""priority":5,"autostart":true"#),
      ("off", #""autostart":true"#), ("idle", #""priority":10"#),
    ] { _ = try await first.install(try demo("1.0", more), name: name) }
    for name in ["low", "high", "off"] { try await first.start(name) }
    try await first.stop("off")
    try await first.grant("low", ["mqtt"])
    try await first.revoke("low", ["timer"])
    await first.close()
    let runner = ScriptedRunner()
    let second = try await open(scratch, runner) { $0.bootStartsMax = 1 }
    #expect(await second.list().map(\.state.phase) == [.installed, .installed, .installed, .installed, .stopped])
    await second.startAtBoot()
    #expect(runner.launches.map(\.name.text) == ["high", "auto", "low"])
    #expect(runner.live("low")?.launch.capabilities == [.mqtt])
    #expect(try await second.info("low").revoked == [.timer])
    #expect(await second.list().map(\.number) == [3, 2, 5, 1, 4])
    await second.close()
    #expect(runner.state.withLock { $0.live.isEmpty })
  }

  @Test func grantsCountAtOnceAndWhatIsRevokedStaysSo() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let manager = try await open(scratch, runner) { $0.unsignedCapabilities = [.timer, .network] }
    _ = try await manager.install(try demo("1.0", #""capabilities":["timer","network.use","crypto"]"#))
    try await manager.start("demo")
    let app = try #require(runner.live("demo"))
    #expect(app.launch.capabilities == [.timer, .network])
    #expect(try await manager.revoke("demo", ["network.*"]) == [.timer])
    #expect(app.grants.withLock { $0 } == [.timer])
    #expect(
      try await manager.grant("demo", ["crypto", "storage.*"]) == [.timer, .crypto, .storageRead, .storageWrite])
    #expect(app.grants.withLock { $0 }.contains(.crypto))
    #expect(await error { try await manager.grant("demo", ["nothing"]) }?.errno == -22)
    #expect(try await manager.grant("demo", ["network"]).contains(.network))
    _ = try await manager.revoke("demo", ["network"])
    _ = try await manager.install(try demo("2.0", #""capabilities":["*"]"#))
    let updated = try #require(runner.live("demo")?.launch.capabilities)
    #expect(updated == [.timer, .crypto, .storageRead, .storageWrite])
  }

  @Test func limitsOfTheNode() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let manager = try await open(scratch, runner) {
      $0.appsMax = 3
      $0.runningMax = 1
    }
    for name in ["a", "b"] { _ = try await manager.install(try demo("1.0"), name: name) }
    _ = try await manager.install(try demo("1.0"), name: "p", source: .firmware)
    #expect(await error { _ = try await manager.install(try demo("1.0"), name: "d") }?.errno == -12)
    #expect(await error { _ = try await manager.beginInstall(name: "d", size: 9) }?.errno == -12)
    try await manager.start("a")
    #expect(await error { try await manager.start("b") }?.errno == -16)
    try await manager.start("a")
    #expect(await error { try await manager.uninstall("p") }?.errno == -1)
    #expect(await error { try await manager.rollBack("a") }?.errno == -2)
    let bad = AppSettings(priority: 11)
    #expect(await error { try await manager.configure("a", bad) }?.errno == -22)
  }

  @Test func installsInPiecesGoOnAfterARestart() async throws {
    let scratch = Scratch()
    let key = try PrivateKey.generate(.ed25519)
    var package = AppPackage(module: try demo("1.0"), manifest: Array("{}".utf8), model: [UInt8](0...255))
    try package.sign(with: key)
    let bytes = try package.packed()
    func manager() async throws -> AppManager {
      try await open(scratch, ScriptedRunner()) {
        if let trust = try? AppTrust(keys: [key.publicKey]) { $0.rules.trust = trust }
      }
    }
    let first = try await manager()
    let session = try await first.beginInstall(
      name: "pieces", size: bytes.count, sha256: Digest.sha256(bytes), source: .ble)
    try await first.writeInstall(session.id, offset: 0, Array(bytes[..<100]))
    #expect(await error { _ = try await first.endInstall(session.id) }?.errno == -11)
    await first.close()
    let second = try await manager()
    #expect(try await second.installStatus(session.id).received == 100)
    try await second.writeInstall(session.id, offset: 100, Array(bytes[100...]))
    let result = try await second.endInstall(session.id)
    #expect(result.info.name.text == "pieces" && result.info.isAttested && result.info.source == .ble)
    #expect(await second.installSessions().isEmpty)
    // Wrong bytes are noticed before anything is made of them.
    let wrong = try await second.beginInstall(size: 3, sha256: [UInt8](repeating: 0, count: 32))
    try await second.writeInstall(wrong.id, offset: 0, [1, 2, 3])
    #expect(await error { _ = try await second.endInstall(wrong.id) } == .digestMismatch)
    let unwanted = try await second.beginInstall(size: 3)
    try await second.abortInstall(unwanted.id)
    #expect(await error { try await second.abortInstall(unwanted.id) }?.errno == -2)
    #expect(try Files.names(in: "\(scratch.path)/installs").isEmpty)
  }

  @Test func filesOfAFolderAreInstalledWithTheirManifests() async throws {
    let (scratch, card) = (Scratch(), Scratch())
    let manager = try await open(scratch, ScriptedRunner())
    try Data(try module()).write(to: URL(fileURLWithPath: "\(card.path)/one.wasm"))
    try Data(#"{"name":"beside"}"#.utf8).write(to: URL(fileURLWithPath: "\(card.path)/one.json"))
    let found = try await manager.scan(card.path)
    #expect(found == ["\(card.path)/one.wasm"])
    #expect(try await manager.install(path: found[0]).info.name.text == "beside")
    #expect(await error { _ = try await manager.install(path: "\(card.path)/none.wasm") }?.errno == -2)
  }

  @Test func observersGetEventsInOrderAndSlowOnesLoseTheOldest() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let manager = try await open(scratch, runner)
    let all = manager.subscribe()
    let crashes = manager.subscribe(hooks: SystemHook.appCrashed.mask | SystemHook.appFailed.mask)
    let slow = manager.subscribe(bufferMax: 2)
    _ = try await manager.install(try demo("1.0"))
    try await manager.start("demo")
    runner.live("demo")?.end(.exited(code: 9))
    _ = try await manager.wait("demo") { $0.state.phase == .error }
    try await manager.uninstall("demo")
    await manager.close()
    var seen: [AppLifecycleEvent] = []
    for await event in all.events { seen.append(event) }
    let failure = AppFailure(.exit, "exit code 9", code: 9)
    #expect(
      seen.map(\.change) == [.installing, .installed, .started(.user), .crashed(failure), .uninstalled])
    #expect(seen.map(\.phase) == [.new, .installed, .running, .error, .new])
    #expect(seen.map(\.sequence) == [1, 2, 3, 4, 5])
    var ends: [AppChange] = []
    for await event in crashes.events { ends.append(event.change) }
    #expect(ends == [.crashed(failure)])
    var late: [UInt64] = []
    for await event in slow.events { late.append(event.sequence) }
    #expect(late == [4, 5] && slow.droppedCount == 3)
    #expect(seen[3].payload == Array("demo".utf8) + [UInt8](repeating: 0, count: 28) + [4, 0, 0, 0])
    #expect(SystemHook.allCases.map(\.rawValue) == Array(0...18))
  }

  @Test func whatIsAskedAtTheSameTimeEndsInOneState() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let manager = try await open(scratch, runner)
    _ = try await manager.install(try demo("1.0", restarting))
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<60 {
        group.addTask {
          switch index % 6 {
          case 0, 1: try? await manager.start("demo")
          case 2: try? await manager.stop("demo")
          case 3: try? await manager.restart("demo")
          case 4: _ = try? await manager.install(try demo("1.\(index)", restarting))
          default: runner.live("demo")?.end(.exited(code: 1))
          }
        }
      }
    }
    try await manager.restart("demo")
    #expect(runner.live("demo") != nil && runner.state.withLock { $0.overlaps } == 0)
    #expect(try Files.names(in: "\(scratch.path)/apps/demo/versions").count <= 2)
    await manager.close()
    #expect(runner.live("demo") == nil)
  }

  @Test func aCatalogueTellsOfUpdates() async throws {
    let scratch = Scratch()
    let manager = try await open(scratch, ScriptedRunner())
    _ = try await manager.install(try demo("1.0"))
    #expect(try await !manager.info("demo").hasUpdate)
    await manager.setCatalogue(try AppCatalogue(Array(#"{"apps":[{"id":"demo","version":"1.1"}]}"#.utf8)))
    #expect(try await manager.info("demo").availableVersion == "1.1")
  }
}
