import AppFormat
import AppManager
import Crypto
import Foundation
import HTTPClient
import Testing

@testable import HostUpdate

/// Packages from a real server, into real folders.
@Suite(.serialized) struct HostUpdateTests {
  private func problem(_ body: () async throws -> Void) async -> HostUpdateProblem? {
    do {
      try await body()
      return nil
    } catch { return error as? HostUpdateProblem }
  }

  @Test func aPackageBecomesReady() async throws {
    let site = try Site()
    let url = try site.serve("1.0.1")
    let update = try HostUpdate(site.options())
    defer { update.close() }
    #expect(update.status.isEnabled && update.status.state == .idle && update.status.previous == nil)
    #expect(try await update.check(url))
    try await update.apply(url)
    let release = try #require(try site.record.trial?.release)
    #expect(update.status.state == .ready(release) && "\(release.version)" == "1.0.1")
    try site.checkReleases("ready")
    #expect(try FileManager.default.contentsOfDirectory(atPath: site.root + "/versions") == [release.hex])
    for folder in ["incoming", "partial"] {
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(site.root)/\(folder)") == [])
    }
    // Another one takes its place; taken back, nothing is left of it.
    try await update.apply(try site.serve("1.0.2"))
    #expect(try site.record.trial.map { "\($0.release.version)" } == "1.0.2")
    #expect(try FileManager.default.contentsOfDirectory(atPath: site.root + "/versions").count == 1)
    try update.rollback()
    #expect(try site.record.releases.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: site.root + "/versions").isEmpty)
    #expect(await problem { try update.rollback() }?.kind == .nothingToGoBackTo)
    #expect(await problem { try update.confirm() }?.kind == .notOnTrial)
  }

  @Test func whatMayNotRunIsRefused() async throws {
    let site = try Site()
    let update = try HostUpdate(site.options())
    defer { update.close() }
    let stranger = try site.serve("1.0.1", by: try PrivateKey.generate(.ed25519))
    #expect(await problem { try await update.apply(stranger) }?.kind == .notTrusted)
    #expect(try await update.check(stranger) == false)
    let foreign = try site.serve("1.0.2", machine: Site.machine == 62 ? 183 : 62)
    let machine = await problem { try await update.apply(foreign) }
    #expect(machine?.kind == .invalidPackage && machine?.reason.contains("this machine is") == true)
    #expect(try await update.check(foreign) == false)
    let older = await problem { try await update.apply(try site.serve("0.9.9")) }
    #expect(older == HostUpdateProblem(.invalidPackage, "0.9.9 is older than 1.0.0, which runs"))
    #expect(try await update.check(site.address("0.9.9")) == false)
    #expect(try await update.check(try site.serve("1.0.0")) == false)

    let sound = try Data(contentsOf: URL(fileURLWithPath: "\(site.served)/1.0.0"))
    var bytes = sound
    bytes[bytes.count - 3000] ^= 1
    try bytes.write(to: URL(fileURLWithPath: "\(site.served)/changed"))
    let changed = await problem { try await update.apply(site.address("changed")) }
    #expect(changed?.kind == .invalidPackage && changed?.reason.contains("is not what the manifest says") == true)
    try sound.prefix(sound.count - 2000).write(to: URL(fileURLWithPath: "\(site.served)/short"))
    #expect(
      await problem { try await update.apply(site.address("short")) }
        == HostUpdateProblem(.invalidPackage, "the package ends too early"))
    let missing = await problem { try await update.apply(site.address("missing")) }
    #expect(missing?.kind == .failed && missing?.reason.contains("status 404") == true)
    for url in ["http://127.0.0.1/x", "https://", "file:///etc/passwd", ""] {
      #expect(await problem { try await update.apply(url) }?.kind == .invalidPackage, "\(url)")
    }
    #expect(try site.record == HostRecord())
    #expect(try FileManager.default.contentsOfDirectory(atPath: site.root + "/versions").isEmpty)

    // A server that the authority did not sign is not asked for anything.
    var options = site.options()
    options.tls = HTTPClient.TLS()
    let other = try HostUpdate(options)
    defer { other.close() }
    #expect(await problem { try await other.apply(site.address("1.0.0")) }?.kind == .failed)

    options = site.options()
    options.packageBytesMax = 1000
    let small = try HostUpdate(options)
    defer { small.close() }
    #expect(await problem { try await small.apply(site.address("1.0.0")) }?.kind == .invalidPackage)
    #expect(try FileManager.default.contentsOfDirectory(atPath: site.root + "/incoming").isEmpty)

    // Without a key nothing is taken, and without asking for it either.
    try FileManager.default.removeItem(atPath: site.root + "/keys/release.pem")
    #expect(!update.status.isEnabled)
    #expect(await problem { try await update.apply(site.address("1.0.0")) }?.kind == .notTrusted)
    #expect(await problem { _ = try await update.check(site.address("1.0.0")) }?.kind == .notTrusted)
  }

  @Test func aDownloadGoesOnWhereItEnded() async throws {
    let site = try Site()
    let url = try site.serve("1.0.1", size: 400_000)
    try site.cut("1.0.1", at: 150_000)
    let first = try HostUpdate(site.options())
    let lost = await problem { try await first.apply(url) }
    #expect(lost?.kind == .failed, "\(lost.debugDescription)")
    #expect(try site.server.request() == "/1.0.1 -")
    // It was asked for the rest a few times, and for nothing else.
    for _ in 0..<4 { #expect(try site.server.request() == "/1.0.1 bytes=150000-") }
    first.close()

    try site.cut("1.0.1", at: nil)
    let second = try HostUpdate(site.options())
    try await second.apply(url)
    #expect(try site.server.request() == "/1.0.1 bytes=150000-")
    #expect(second.status.state == .ready(try #require(try site.record.trial?.release)))
    second.close()

    // One that has changed meanwhile is fetched anew, and one from elsewhere, too.
    try site.serve("1.0.2", size: 400_000)
    try site.cut("1.0.2", at: 100_000)
    let third = try HostUpdate(site.options())
    #expect(await problem { try await third.apply(site.address("1.0.2")) }?.kind == .failed)
    for _ in 0..<5 { _ = try site.server.request() }
    try site.cut("1.0.2", at: nil)
    try site.serve("1.0.2", size: 500_000)
    try await third.apply(site.address("1.0.2"))
    #expect(try site.server.request() == "/1.0.2 bytes=100000-")
    try site.checkReleases("changed")
    third.close()
  }

  @Test func aReleaseOnTrialIsConfirmedByItself() async throws {
    let site = try Site()
    try await site.stage("1.0.1")
    let release = try #require(try site.record.trial?.release)
    var options = site.options(.release(release))
    options.confirmsAfter = .milliseconds(50)
    let update = try HostUpdate(options)
    defer { update.close() }
    #expect(update.status.state == .onTrial(release) && update.status.previous == .installed)
    update.beginTrial()
    while update.status.state != .confirmed(release) { try await Task.sleep(for: .milliseconds(5)) }
    #expect(try site.record.current == .release(release) && site.record.previous == .installed)
  }

  @Test func aDamagedRecordIsPutAside() async throws {
    let site = try Site()
    try await site.stage("1.0.1")
    try Data("nonsense".utf8).write(to: URL(fileURLWithPath: site.root + "/record"))
    let update = try HostUpdate(site.options())
    defer { update.close() }
    #expect(update.status.state == .idle)
    #expect(FileManager.default.fileExists(atPath: site.root + "/record.damaged"))
  }

  /// A file that the kernel does not run: the installed program goes on.
  @Test func whatCannotBeStartedIsLeft() async throws {
    let site = try Site()
    try await site.stage("1.0.1")
    let said = Said()
    let boot = HostBoot(root: site.root, installed: HostVersion(1, 0, 0)) { said.add($0) }
    let entered = boot.enter(["aetherd", "run"])
    #expect(entered.slot == .installed && "\(entered.version)" == "1.0.0")
    guard case .rolledBack(let release, let reason)? = try site.record.outcome else {
      Issue.record()
      return
    }
    #expect("\(release.version)" == "1.0.1" && reason.hasPrefix("execve"), "\(reason)")
    #expect(said.lines.contains { $0.contains("cannot be started") })
    let update = try HostUpdate(site.options())
    defer { update.close() }
    #expect(update.status.state == .rolledBack(release, reason: reason))
  }
}

private final class Said: @unchecked Sendable {
  // Sendable: the boot calls it on the test's own thread.
  private(set) var lines: [String] = []
  func add(_ line: String) { lines.append(line) }
}
