import AppFormat
import Foundation
import PythonPeer
import Testing

@testable import HostUpdate

/// A process that is killed before every single change of the file system, in turn: what starts next is the old version or the
/// new one, and it is whole.
@Suite(.serialized) struct HostUpdateKillTests {
  /// - Returns: how many steps there were; `nil` when it was killed.
  private func torture(_ operation: String, _ root: String, killAt step: Int, _ words: [String]) throws -> Int? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try BuiltProgram.path("aether-app-torture"))
    process.arguments = [operation, root, "\(step)"] + words
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    if process.terminationReason == .uncaughtSignal, process.terminationStatus == SIGKILL { return nil }
    let lines = text.split(separator: "\n")
    let steps = try #require(lines.last?.split(separator: " ").last.flatMap { Int($0) }, "\(operation): \(text)")
    #expect(process.terminationStatus == 0, "\(operation) at \(step): \(text)")
    return steps
  }

  /// What starts next, which is there, and can be updated, confirmed and taken back.
  private func survey(_ site: Site, _ root: String, _ note: String) throws -> String {
    let releases = HostReleases(root: root)
    var (record, damage) = try releases.record()
    #expect(damage == nil, "\(note)")
    let slot = record.nextStart(installed: HostVersion(1, 0, 0))
    if let release = slot.release {
      #expect(FileManager.default.isExecutableFile(atPath: releases.program(release)), "\(note)")
    }
    // The next daemon clears away what is left over.
    try releases.write(record)
    var options = site.options(slot)
    options.root = root
    let update = try HostUpdate(options)
    update.close()
    #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/partial").isEmpty, "\(note)")
    let kept = Set(record.releases.union([slot.release].compactMap { $0 }).map(\.hex))
    #expect(try kept == Set(FileManager.default.contentsOfDirectory(atPath: root + "/versions")), "\(note)")
    try site.checkReleases(note, root)
    return slot.release.map { "\($0.version)" } ?? "installed"
  }

  /// Kills an operation at each of its steps; gives what would start after each.
  private func sweep(_ site: Site, _ operation: String, _ words: [String] = []) throws -> [String] {
    var found: [String] = []
    for step in 1...2000 {
      let root = "\(site.path)/\(operation)-\(step)"
      try FileManager.default.copyItem(atPath: site.root, toPath: root)
      defer { try? FileManager.default.removeItem(atPath: root) }
      if let steps = try torture(operation, root, killAt: step, words) {
        #expect(steps == step - 1 && steps > 2)
        print("\(operation): killed at each of \(steps) steps")
        return found
      }
      found.append(try survey(site, root, "\(operation) killed at step \(step)"))
    }
    Issue.record("\(operation) does not end")
    return found
  }

  /// Only the old state, then only the new one.
  private func expectOneChange(_ found: [String], from: String, to: String) {
    let change = found.firstIndex(of: to) ?? found.count
    #expect(change > 0 && found[..<change].allSatisfy { $0 == from }, "\(found)")
    #expect(found[change...].allSatisfy { $0 == to }, "\(found)")
  }

  @Test func updates() throws {
    let site = try Site()
    let url = try site.serve("1.0.1")
    let found = try sweep(site, "host-apply", [url, site.authority.path("ca.pem")])
    expectOneChange(found, from: "installed", to: "1.0.1")
    #expect(found.last == "1.0.1")
  }

  /// Started for its trial, a release is left unless its confirmation is on disk.
  private func tried(_ site: Site) async throws {
    try await site.stage("1.0.1")
    var record = try site.record
    _ = record.nextStart(installed: HostVersion(1, 0, 0))
    try HostReleases(root: site.root).write(record)
  }

  @Test func confirmations() async throws {
    let site = try Site()
    try await tried(site)
    expectOneChange(try sweep(site, "host-confirm"), from: "installed", to: "1.0.1")
  }

  @Test func rollbacksOfWhatWasConfirmed() async throws {
    let site = try Site()
    try await tried(site)
    let release = try #require(try site.record.trial?.release)
    let update = try HostUpdate(site.options(.release(release)))
    try update.confirm()
    update.close()
    expectOneChange(try sweep(site, "host-rollback"), from: "1.0.1", to: "installed")
  }

  /// A start that is killed before it has been counted happens again; behind that it does not.
  @Test func starts() async throws {
    let site = try Site()
    try await site.stage("1.0.1")
    expectOneChange(try sweep(site, "host-start"), from: "1.0.1", to: "installed")
  }
}
