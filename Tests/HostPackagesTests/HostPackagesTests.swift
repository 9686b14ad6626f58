import AppFormat
import AppSigning
import Crypto
import Foundation
import HostPackages
import PythonPeer
import Testing

/// A folder that is removed with its last reference.
private final class Folder {
  let path = "/tmp/aether-host-packages-\(UUID().uuidString.prefix(8))"

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ bytes: [UInt8], mode: Int = 0o644) throws {
    let file = "\(path)/\(name)"
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
  }
}

@Suite struct HostPackagesTests {
  private let key: PrivateKey
  private let trust: AppTrust

  init() throws {
    key = try PrivateKey.generate(.ed25519)
    trust = try AppTrust(keys: [key.publicKey])
  }

  /// The beginning of a program for x86_64.
  private static func program(_ machine: UInt8 = 62, size: Int = 3000) -> [UInt8] {
    [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8) + [2, 0, machine, 0]
      + (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
  }

  private static let version = HostVersion(1, 2, 3)

  private func folder(_ machine: UInt8 = 62) throws -> Folder {
    let folder = try Folder()
    try folder.write("bin/aetherd", Self.program(machine), mode: 0o755)
    try folder.write("lib/aether/empty.so", [])
    try folder.write("lib/aether/libone.so", [UInt8](repeating: 7, count: 512))
    return folder
  }

  private func packed(_ folder: Folder, by key: PrivateKey) throws -> [UInt8] {
    let manifest = try HostPackager.manifest(of: folder.path, version: Self.version)
    let other = try Folder()
    try HostPackager.write(manifest, of: folder.path, signedBy: key, to: other.path + "/package")
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: other.path + "/package")))
  }

  private struct Unpacked: Equatable {
    var manifest: HostManifest?
    var files: [String: [UInt8]] = [:]
  }

  /// Reads a package in pieces.
  private func read(
    _ bytes: [UInt8], _ trust: AppTrust, pieces: () -> Int = { 1 << 20 }
  ) throws(HostPackageError) -> Unpacked {
    var reader = HostPackageReader(trust)
    var result = Unpacked()
    var path: String?
    var offset = 0
    while offset < bytes.count {
      let end = min(bytes.count, offset + pieces())
      try reader.take(Array(bytes[offset..<end])) { (output) throws(HostPackageError) in
        switch output {
        case .opened(let manifest, let bytes):
          #expect(bytes == manifest.encoded())
          result.manifest = manifest
        case .begin(let file):
          #expect(path == nil && result.manifest?.files.contains(file) == true)
          path = file.path
          result.files[file.path] = []
        case .bytes(let slice):
          guard let path else { throw .layout("bytes without a file") }
          result.files[path, default: []] += slice
        case .end(let file):
          #expect(path == file.path)
          path = nil
        }
      }
      offset = end
    }
    try reader.finish()
    return result
  }

  @Test(arguments: [KeyAlgorithm.ed25519, .rsa(bits: 2048)])
  func packagesAreReadInAnyPieces(_ algorithm: KeyAlgorithm) throws {
    var numbers = SeededNumbers.forTest("packagesAreReadInAnyPieces")
    let key = try PrivateKey.generate(algorithm)
    let trust = try AppTrust(keys: [key.publicKey])
    let bytes = try packed(try folder(), by: key)
    for pieces in [1, 511, 512, 513, 1 << 20] {
      let read = try read(bytes, trust, pieces: { pieces })
      #expect(read.files["bin/aetherd"] == Self.program())
      #expect(read.files["lib/aether/libone.so"] == [UInt8](repeating: 7, count: 512))
      #expect(read.files["lib/aether/empty.so"] == [])
      #expect(read.manifest?.version == Self.version && read.manifest?.architecture == .x86_64)
      #expect(read.manifest?.files.map(\.isExecutable) == [true, false, false])
    }
    for _ in 0..<20 {
      #expect(try read(bytes, trust, pieces: { .random(in: 1...2000, using: &numbers) }).files.count == 3)
    }
    // An ordinary tar shows what is in it.
    let listing = try PythonPeer.run(
      """
      import io, sys, tarfile
      data = bytes.fromhex(sys.stdin.read())
      print(' '.join(tarfile.open(fileobj=io.BytesIO(data)).getnames()))
      """, input: bytes.map { String(format: "%02x", $0) }.joined())
    #expect(listing.hasPrefix("manifest.json sig.") && listing.contains(" bin/aetherd lib/aether/empty.so"))
  }

  @Test func strangersGetNothingOut() throws {
    let bytes = try packed(try folder(), by: try PrivateKey.generate(.ed25519))
    #expect(throws: HostPackageError.trust(.unknownSigner(.ed25519))) { try read(bytes, trust) }
    // Neither does a package without a signature, also where apps need none.
    let unsigned = Array(bytes[..<1024]) + bytes[2048...]
    let lenient = try AppTrust(keys: trust.keys, requiresSignature: false)
    for trust in [trust, lenient] {
      #expect(throws: HostPackageError.trust(.unsigned)) { try read(unsigned, trust) }
    }
    // A signature over the manifest alone is one of an app.
    let own = try packed(try folder(), by: key)
    let manifest = try #require(try read(own, trust).manifest?.encoded())
    let size = (manifest.count + 511) / 512 * 512
    var forged = own
    let signature = try AppPackage.Signature(of: manifest, by: key)
    forged.replaceSubrange(512 + size + 512..<512 + size + 512 + 64, with: signature.bytes)
    #expect(throws: HostPackageError.trust(.unknownSigner(.ed25519))) { try read(forged, trust) }
  }

  @Test func filesAreWhatTheManifestSays() throws {
    let sound = try packed(try folder(), by: key)
    // The last byte of the program.
    var changed = sound
    let head = Array(Self.program().prefix(20))
    let found = (0..<sound.count - 3000).first { sound[$0..<$0 + 20].elementsEqual(head) }
    let place = try #require(found)
    changed[place + 2000] ^= 1
    #expect(throws: HostPackageError.digest(path: "bin/aetherd")) { try read(changed, trust) }
    #expect(throws: HostPackageError.truncated) { try read(Array(sound[..<(place + 512)]), trust) }
    #expect(throws: HostPackageError.layout("there is something behind the archive's end")) {
      try read(sound + [1], trust)
    }
    #expect(try read(sound + [UInt8](repeating: 0, count: 9000), trust).files.count == 3)
  }

  @Test func manifestsNameWhatIsWrong() throws {
    func problem(_ change: (inout [String: Any]) -> Void) -> String {
      var object: [String: Any] = [
        "product": "aether", "version": "1.0.0", "architecture": "x86_64",
        "files": [
          ["path": "bin/aetherd", "size": 1, "sha256": String(repeating: "0", count: 64), "executable": true]
        ],
      ]
      change(&object)
      guard let data = try? JSONSerialization.data(withJSONObject: object) else { return "not JSON" }
      do throws(HostPackageError) {
        _ = try HostManifest(json: [UInt8](data))
        return ""
      } catch { return error.description }
    }
    func file(_ path: String) -> [String: Any] {
      ["path": path, "size": 1, "sha256": String(repeating: "0", count: 64), "executable": true]
    }
    #expect(problem { _ in } == "")
    #expect(problem { $0["product"] = "toaster" } == "it is for \"toaster\", not for aether")
    #expect(problem { $0["architecture"] = "m68k" }.hasPrefix("it is for m68k; this machine is "))
    #expect(problem { $0["version"] = "1.0" } == "the manifest: version is not MAJOR.MINOR.PATCH")
    #expect(problem { $0["files"] = [file("lib/a")] } == "the manifest: files has no bin/aetherd that can be run")
    for path in ["/bin/x", "../x", "a//b", "a/../b", ".hidden", "a/.b", "", "a b", "manifest.json", "bin/aetherd"] {
      #expect(
        problem { $0["files"] = [file("bin/aetherd"), file(path)] }
          == "the manifest: files[1].path is not a path of its own below the release", "\(path)")
    }
    #expect(
      problem { $0["files"] = [file("bin/aetherd"), file("bin/aetherd/x")] }
        == "the manifest: bin/aetherd/x is in a folder that is a file")
  }

  @Test func foldersThatAreNoRelease() throws {
    let empty = try Folder()
    #expect(throws: HostPackageError.layout("\(empty.path) has no bin/aetherd")) {
      try HostPackager.manifest(of: empty.path, version: Self.version)
    }
    try empty.write("bin/aetherd", Array("#!/bin/sh\n".utf8), mode: 0o755)
    #expect(throws: HostPackageError.layout("\(empty.path)/bin/aetherd is no program for x86_64 or aarch64")) {
      try HostPackager.manifest(of: empty.path, version: Self.version)
    }
    let other = try folder(183)
    #expect(try HostPackager.manifest(of: other.path, version: Self.version).architecture == .aarch64)
  }

  @Test func damagedPackagesNeverPass() throws {
    var numbers = SeededNumbers.forTest("damagedPackagesNeverPass")
    let sound = try packed(try folder(), by: key)
    let whole = try read(sound, trust)
    for _ in 0..<2000 {
      let damaged = numbers.damage(sound)
      // What is read without an error is what was signed: changes of padding and of unused fields do not count.
      if let result = try? read(damaged, trust, pieces: { 4096 }) { #expect(result == whole) }
    }
    let manifest = try #require(whole.manifest).encoded()
    for _ in 0..<2000 { _ = try? HostManifest(json: numbers.damage(manifest)) }
  }
}
