import AppFormat
import AppManager
import AppSigning
import Artifacts
import Bytes
import Crypto
import Foundation
import JSON
import Linux
import Model
import Synchronization
import Testing

@testable import Control

/// Runs nothing, and remembers what it was told to. A module with `T` behind its header fails soon after its start.
private final class PretendRunner: NodeAppRunner {
  struct State {
    var launches: [AppLaunch] = []
    var grants: [CapabilitySet] = []
    var forgotten: [String] = []
  }

  let state = Mutex(State())

  final class App: RunningApp {
    let runner: PretendRunner
    let onExit: @Sendable (AppExit) -> Void
    private let hasEnded = Atomic<Bool>(false)

    init(_ runner: PretendRunner, _ onExit: @escaping @Sendable (AppExit) -> Void) {
      self.runner = runner
      self.onExit = onExit
    }

    func end(_ exit: AppExit) { if !hasEnded.exchange(true, ordering: .relaxed) { onExit(exit) } }
    func stop(timeout: Duration) async { end(.killed(.stopped)) }
    func setGrants(_ capabilities: CapabilitySet) { runner.state.withLock { $0.grants.append(capabilities) } }
    func statistics() -> AppStatistics { AppStatistics() }
    func command(_ bytes: [UInt8], timeout: Duration) async -> CommandReply { .notListening }
  }

  func start(
    _ launch: AppLaunch, onExit: @escaping @Sendable (AppExit) -> Void
  ) async throws(AppStartError) -> any RunningApp {
    state.withLock { $0.launches.append(launch) }
    let app = App(self, onExit)
    if launch.manifest.version == "bad" {
      throw .trapped(AppTrap(reason: "unreachable", backTrace: ["main"]))
    }
    return app
  }

  func note(_ event: AppSecurityEvent) {}
  func attach(_ manager: AppManager) {}
  func tell(_ event: AppLifecycleEvent) {}
  func forget(_ name: AppName) { state.withLock { $0.forgotten.append(name.text) } }
}

/// What the node does of a specification, with the real manager and its files.
@Suite struct NodeAppsTests {
  private let runner = PretendRunner()
  private let root = "/tmp/aether-node-apps-\(UUID().uuidString.prefix(8))"
  private let key = ResourceKey(owner: "ada", kind: "App", name: "lamp")

  private func open(requiresSignature: Bool = false) async throws -> NodeApps {
    let runner = runner
    let rules = AppInstallRules(trust: try AppTrust(keys: [], requiresSignature: requiresSignature))
    let apps = NodeApps(
      NodeApps.Options(root: root, manager: AppManagerOptions(rules: rules)) { _, _ in runner },
      artifacts: try ArtifactStore(root: root + "/artifacts"))
    try await apps.open()
    return apps
  }

  private func remove() { try? FileManager.default.removeItem(atPath: root) }

  private func module(_ version: String, _ capabilities: [String] = ["timer"]) throws -> [UInt8] {
    let names = capabilities.map { "\"\($0)\"" }.joined(separator: ",")
    let manifest = #"{"name":"x","version":"\#(version)","capabilities":[\#(names)]}"#
    return try AppManifest.embed(Array(manifest.utf8), in: [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0])
  }

  private func spec(_ module: [UInt8], _ more: JSONObject = [:]) throws -> AppSpec {
    var spec: JSONObject = ["source": ["data": .string(Base64.encode(module))]]
    for member in more.members { spec[member.name] = member.value }
    return try AppSpec(.object(spec))
  }

  private func apply(_ apps: NodeApps, _ spec: AppSpec, _ id: String = "u1") async throws -> AppObservation {
    try #require(try await apps.apply(spec, id, key).get())
  }

  @Test func installedUpdatedAndRemoved() async throws {
    defer { remove() }
    let apps = try await open()
    let first = try spec(try module("1"))
    let observed = try await apply(apps, first)
    #expect(observed.state == .running && observed.fingerprint == first.fingerprint && observed.rollback == nil)
    #expect(observed.details["version"] == "1" && observed.details["sha256"]?.stringValue?.utf8.count == 64)
    // The same again changes nothing.
    #expect(try await apply(apps, first).number > observed.number)
    #expect(runner.state.withLock { $0.launches.count } == 1)
    // Rights change while it runs, settings restart it, another source replaces it.
    let less = try await apply(apps, try spec(try module("1"), ["capabilities": []]))
    #expect(less.details["capabilities"] == ["granted": [], "denied": ["timer"]])
    #expect(runner.state.withLock { $0.launches.count } == 1)
    _ = try await apply(apps, try spec(try module("1"), ["arguments": ["x"]]))
    #expect(runner.state.withLock { $0.launches.map(\.arguments) } == [[], ["x"]])
    _ = try await apply(apps, try spec(try module("1"), ["arguments": ["x"], "network": ["allowLocal": true]]))
    #expect(runner.state.withLock { $0.launches.map(\.allowsLocalAddresses) } == [false, false, true])
    // A budget of instructions restarts it, too; without quotas it has none.
    _ = try await apply(apps, try spec(try module("1"), ["quotas": ["fuel": 1_000_000]]))
    #expect(runner.state.withLock { $0.launches.map(\.quotas.fuelMax) } == [nil, nil, nil, 1_000_000])
    #expect(apps.figures.map(\.owner) == ["ada"] && apps.figures[0].figures.isRunning)
    let second = try await apply(apps, try spec(try module("2")))
    #expect(second.state == .running && second.details["version"] == "2" && second.rollback == nil)
    #expect(runner.state.withLock { $0.launches.last?.capabilities } == [.timer])
    #expect(try await apps.remove("u1").get() == nil)
    #expect(await apps.list().isEmpty && runner.state.withLock { $0.forgotten } == ["lamp"])
    #expect(apps.figures.isEmpty)
    #expect(try await apps.remove("u1").get() == nil)
    await apps.close()
  }

  @Test func aVersionThatDoesNotComeUpIsTakenBack() async throws {
    defer { remove() }
    let apps = try await open()
    _ = try await apply(apps, try spec(try module("1")))
    let bad = try spec(try module("bad"))
    let observed = try await apply(apps, bad)
    #expect(observed.fingerprint == bad.fingerprint && observed.details["version"] == "1")
    #expect(observed.rollback?.contains("unreachable") == true && observed.state == .running)
    // So it is after a restart of the daemon.
    await apps.close()
    let again = try await open()
    let listed = try #require(await again.list().first)
    #expect(listed.rollback != nil && listed.fingerprint == bad.fingerprint)
    #expect(try await apply(again, try spec(try module("3"))).rollback == nil)
    await again.close()
  }

  @Test func aDamagedRecordRemovesNoApp() async throws {
    defer { remove() }
    let apps = try await open()
    let spec = try spec(try module("1"))
    _ = try await apply(apps, spec)
    await apps.close()
    let owners = "\(root)/owners"
    let folder = "\(owners)/\(try #require(try Files.names(in: owners).first))/declared"
    let file = "\(folder)/\(try #require(try Files.names(in: folder).first))"
    try Files.replace(file, with: Array("{".utf8), mode: 0o600, durable: false)
    let again = try await open()
    #expect(runner.state.withLock { $0.forgotten.isEmpty })
    #expect(await again.manager(owner: "ada")?.list().map(\.name.text) == ["lamp"])
    let observed = try await apply(again, spec)
    #expect(observed.state == .running && observed.fingerprint == spec.fingerprint)
    await again.close()
  }

  @Test func rightsAreNeverMoreThanTheList() async throws {
    defer { remove() }
    let apps = try await open()
    let asked = ["timer", "network", "crypto", "storage.read"]
    let open = try await apply(apps, try spec(try module("1", asked)))
    #expect(open.details["capabilities"] == ["granted": ["storage.read", "timer"], "denied": ["network", "crypto"]])
    let listed = try await apply(
      apps, try spec(try module("1", asked), ["capabilities": ["network.use", "timer", "gpio.*"]]))
    #expect(
      listed.details["capabilities"] == ["granted": ["network", "timer"], "denied": ["storage.read", "crypto"]])
    // The next version asks for more: it starts with what the list has of that, and nothing else.
    let next = ["timer", "gpio.read", "ble", "network"]
    _ = try await apply(
      apps, try spec(try module("2", next), ["capabilities": ["network.use", "timer", "gpio.*"]]))
    #expect(runner.state.withLock { $0.launches.last?.capabilities } == [.timer, .gpioRead, .network])
    let none = try await apply(apps, try spec(try module("2", next), ["capabilities": []]))
    #expect(none.details["capabilities"]?["granted"] == [])
    await apps.close()
  }

  @Test func whatIsRefusedLeavesNothing() async throws {
    defer { remove() }
    let apps = try await open(requiresSignature: true)
    func failure(_ spec: AppSpec, _ id: String = "u1") async -> String? {
      if case .failure(let failure) = await apps.apply(spec, id, key) { return failure.code }
      return nil
    }
    #expect(await failure(try spec(try module("1"))) == "Untrusted")
    #expect(
      await failure(try AppSpec(["source": ["artifact": .string(String(repeating: "a", count: 64))]])) == "NoArtifact")
    #expect(await apps.list().isEmpty)
    let left = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.contains("declared/") }
    #expect(left.isEmpty)
    await apps.close()
    let open = try await self.open()
    _ = try await apply(open, try spec(try module("1")))
    guard case .failure(let refused) = await open.apply(try spec(try module("1")), "u2", key) else {
      Issue.record("two resources have one app")
      return
    }
    #expect(refused.code == "NameTaken")
    let strict = try spec(try module("2"), ["trust": ["unsigned": "refuse"]])
    guard case .failure(let unsigned) = await open.apply(strict, "u1", key) else {
      Issue.record("an unsigned app is taken")
      return
    }
    #expect(unsigned.code == "Untrusted")
    await open.close()
  }

  @Test func anUploadedArtifactIsInstalled() async throws {
    defer { remove() }
    let apps = try await open()
    let bytes = try module("1")
    let upload = try await apps.artifacts.begin(owner: "ada", size: bytes.count)
    try await apps.artifacts.write(upload.id, owner: "ada", offset: 0, bytes)
    let artifact = try await apps.artifacts.commit(upload.id, owner: "ada")
    let observed = try await apply(apps, try AppSpec(["source": ["artifact": .string(artifact.digest)]]))
    #expect(observed.state == .running)
    await apps.close()
  }

  /// What nobody declares does not stay, and what someone stopped is not started.
  @Test func theNextDaemon() async throws {
    defer { remove() }
    let apps = try await open()
    let lamp = try spec(try module("1"), ["network": ["allowLocal": true]])
    _ = try await apply(apps, lamp)
    // What ran is started as it was.
    await apps.close()
    let first = try await open()
    for _ in 0..<500 where runner.state.withLock({ $0.launches.count }) < 2 {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(runner.state.withLock { $0.launches.map(\.allowsLocalAddresses) } == [true, true])
    let found = try #require(await first.find("u1"))
    try await found.tenant.manager.stop("lamp")
    await first.close()
    let second = try await open()
    #expect(await second.list().map(\.state) == [.stopped])
    #expect(try await apply(second, lamp).state == .stopped)
    // Rights change; it stays stopped.
    #expect(
      try await apply(second, try spec(try module("1"), ["capabilities": [], "network": ["allowLocal": true]])).state
        == .stopped)
    await second.close()
    let folder = try #require(
      try FileManager.default.subpathsOfDirectory(atPath: root).first { $0.hasSuffix("declared/u1.json") })
    try FileManager.default.removeItem(atPath: "\(root)/\(folder)")
    let third = try await open()
    let manager = try #require(await third.manager(owner: "ada"))
    #expect(await third.list().isEmpty)
    #expect(await manager.list().isEmpty)
    await third.close()
  }
}
