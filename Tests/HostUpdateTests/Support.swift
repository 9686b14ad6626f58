import AppFormat
import AppSigning
import Crypto
import Foundation
import HTTPClient
import HostPackages
import PythonPeer
import TestAuthority
import Testing

@testable import HostUpdate

struct Failure: Error { var text: String }

/// A host's folder beside a server with packages for it; everything is removed with the last reference.
final class Site {
  let path = "/tmp/aether-host-update-\(UUID().uuidString.prefix(8))"
  let key: PrivateKey
  let authority: TestAuthority
  let server: PackageServer

  var root: String { "\(path)/host" }
  var served: String { "\(path)/served" }

  init() throws {
    key = try PrivateKey.generate(.ed25519)
    authority = try TestAuthority()
    _ = try authority.issue("server")
    for folder in ["served", "host/keys"] {
      try FileManager.default.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
    }
    try key.publicKey.pem().write(toFile: "\(path)/host/keys/release.pem", atomically: true, encoding: .utf8)
    server = try PackageServer(
      folder: "\(path)/served", certificate: authority.path("server.pem"), key: authority.path("server.key"))
  }

  deinit {
    server.stop()
    try? FileManager.default.removeItem(atPath: path)
  }

  /// A program that no machine runs, for tests that start none.
  static func program(_ machine: UInt8, _ text: String, size: Int) -> [UInt8] {
    [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8) + [2, 0, machine, 0] + Array(text.utf8)
      + [UInt8](repeating: 0x5A, count: size)
  }

  static let machine: UInt8 = HostArchitecture.current == .aarch64 ? 183 : 62

  /// Serves a package.
  ///
  /// - Parameter machine: of its program, as ELF numbers it.
  /// - Returns: its address.
  @discardableResult
  func serve(
    _ version: String, machine: UInt8 = Site.machine, size: Int = 2000, by key: PrivateKey? = nil
  ) throws -> String {
    let folder = "\(path)/release"
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.createDirectory(atPath: "\(folder)/bin", withIntermediateDirectories: true)
    try FileManager.default.createDirectory(atPath: "\(folder)/lib/aether", withIntermediateDirectories: true)
    let program = "\(folder)/bin/aetherd"
    try Data(Self.program(machine, version, size: size)).write(to: URL(fileURLWithPath: program))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    try Data("a library".utf8).write(to: URL(fileURLWithPath: "\(folder)/lib/aether/libone.so"))
    guard let number = HostVersion(version) else { throw Failure(text: version) }
    let manifest = try HostPackager.manifest(of: folder, version: number)
    try HostPackager.write(manifest, of: folder, signedBy: key ?? self.key, to: "\(served)/\(version)")
    return address(version)
  }

  func address(_ name: String) -> String { "\(server.address)/\(name)" }

  /// Ends connections behind so many bytes of a file; `nil`: no more.
  func cut(_ name: String, at bytes: Int?) throws {
    let path = "\(served)/\(name).cut"
    guard let bytes else { return try FileManager.default.removeItem(atPath: path) }
    try "\(bytes)".write(toFile: path, atomically: true, encoding: .utf8)
  }

  func options(_ running: HostSlot = .installed) -> HostUpdate.Options {
    var options = HostUpdate.Options(root: root, version: running.release?.version ?? HostVersion(1, 0, 0))
    options.running = running
    options.tls = HTTPClient.TLS(authority: .file(authority.path("ca.pem")))
    options.retryDelay = .milliseconds(5)
    return options
  }

  /// Brings a release up to being ready.
  func stage(_ version: String) async throws {
    let update = try HostUpdate(options())
    try await update.apply(try serve(version))
    update.close()
  }

  var record: HostRecord {
    get throws { try HostReleases(root: root).record().record }
  }

  /// Every release on disk is whole.
  func checkReleases(_ note: String, _ root: String? = nil) throws {
    let root = root ?? self.root
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/versions") {
      let folder = "\(root)/versions/\(name)"
      let manifest = try HostManifest(
        json: [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/manifest.json"))))
      for file in manifest.files {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file.path)")))
        #expect(Digest.sha256(bytes) == file.sha256, "\(note): \(file.path)")
        #expect(
          FileManager.default.isExecutableFile(atPath: "\(folder)/\(file.path)") == file.isExecutable, "\(note)")
      }
    }
  }
}
