import AppFormat
import AppSigning
import Crypto
import Foundation
import JSON
import PythonPeer
import Testing

@testable import AppProjects

/// What is said about an app without running it, and how it is packed and signed.
@Suite struct InspectionTests {
  /// A module that imports functions of no parameters and one result, with a manifest.
  static func module(importing names: [(String, String)], manifest: String?) throws -> [UInt8] {
    func name(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
    func section(_ id: UInt8, _ body: [UInt8]) -> [UInt8] {
      [id, UInt8(body.count & 0x7F | 0x80), UInt8(body.count >> 7)] + body
    }
    let types: [UInt8] = [1, 0x60, 0, 1, 0x7F]
    var imports = [UInt8(names.count)]
    for (module, function) in names { imports += name(module) + name(function) + [0, 0] }
    let bytes = ModuleOutline.magic + [1, 0, 0, 0] + section(1, types) + section(2, imports)
    guard let manifest else { return bytes }
    return try AppManifest.embed(Array(manifest.utf8), in: bytes)
  }

  @Test func capabilitiesNeededAndAskedForAreCompared() throws {
    let bytes = try Self.module(
      importing: [
        ("env", "rtc_get_unix_time"), ("env", "mqtt_connected"), ("env", "display_clear"), ("env", "sell_secrets"),
        ("env", "app_list"), ("wasi_snapshot_preview1", "sched_yield"),
      ],
      manifest: #"{"name": "x", "capabilities": ["rtc.read", "gpio.*", "nonsense"]}"#)
    let inspection = try Inspection(bytes)
    #expect(inspection.form == .module && inspection.manifest?.name == "x" && inspection.identity.count == 32)
    #expect(inspection.missing == ["mqtt"])
    #expect(inspection.unneeded == ["gpio.read", "gpio.write"])
    #expect(inspection.undefinedCapabilities == ["nonsense"])
    #expect(
      inspection.imports.map(\.verdict) == [
        .known([.rtcRead]), .known([.mqtt]), .wrongType, .unknown, .wrongType, .wasi,
      ])
    // Either of two is enough.
    let info = try Inspection(
      Self.module(importing: [("env", "input_get_dial")], manifest: #"{"capabilities": ["input.*"]}"#))
    #expect(info.missing == [] && info.unneeded == ["input.write"])
    let none = try Inspection(Self.module(importing: [("env", "mqtt_connected")], manifest: nil))
    #expect(none.manifest == nil && none.manifestProblem == nil && none.missing == ["mqtt"])
    // Hosts answer some functions with an error whatever their types are; a result may be taken where there is none.
    let odd = try Inspection(
      Self.module(
        importing: [("akira", "akira_http_get"), ("env", "rf_tx_cw_start"), ("env", "hid_enable")],
        manifest: #"{"capabilities": ["hid"]}"#))
    #expect(odd.imports.map(\.verdict) == [.refused, .known([.rfTransceive]), .known([.hid])])
  }

  @Test(arguments: [KeyAlgorithm.ed25519, .rsa(bits: 2048)]) func packagesAreSignedAndChecked(
    _ algorithm: KeyAlgorithm
  ) throws {
    let folder = try TestFolder()
    let path = folder.path + "/dev.pem"
    let publicPath = try Packaging.makeKey(algorithm, at: path)
    #expect(throws: ProjectError.self) { try Packaging.makeKey(algorithm, at: path) }
    let module = try Self.module(importing: [("env", "mqtt_connected")], manifest: #"{"name": "x"}"#)
    var package = try Packaging.pack(module, path: "x.wasm")
    try Packaging.sign(&package, keyPath: path)
    let bytes = try Packaging.packed(package, path: "x.akpkg")

    let key = try PublicKey(pem: String(contentsOfFile: publicPath, encoding: .utf8))
    let inspection = try Inspection(bytes, keys: [key])
    #expect(inspection.form == .package && inspection.isTrusted == true && inspection.signatures.count == 1)
    #expect(inspection.manifest?.name == "x" && !inspection.manifestsDiffer)
    let other = try PrivateKey.generate(algorithm).publicKey
    #expect(try Inspection(bytes, keys: [other]).isTrusted == false)
    // Signing again replaces the signature; other contents lose it.
    var again = try Packaging.pack(bytes, path: "x.akpkg")
    #expect(again.signatures == package.signatures)
    try Packaging.sign(&again, keyPath: path)
    #expect(again.signatures.count == 1)
    let changed = try Packaging.pack(bytes, path: "x.akpkg", Packaging.Extras(icon: [1]))
    #expect(changed.signatures.count == 1)
    let model = try Packaging.pack(bytes, path: "x.akpkg", Packaging.Extras(model: [1]))
    #expect(model.signatures.isEmpty)
    #expect(throws: ProjectError.self) { try Packaging.sign(&again, keyPath: folder.path + "/none.pem") }
  }

  @Test func aManifestCanBeGivenToAPackage() throws {
    let module = try Self.module(importing: [], manifest: nil)
    #expect(throws: ProjectError.self) { try Packaging.pack(module, path: "x.wasm") }
    for manifest in [
      #"{"name": "given", "capabilities": ["mqtt"]}"#, "[app]\nname = 'given'\n[capabilities]\nmqtt = true",
    ] {
      let package = try Packaging.pack(module, path: "x.wasm", Packaging.Extras(manifest: Array(manifest.utf8)))
      // The binary says the same.
      let inspection = try Inspection(Packaging.packed(package, path: "x"))
      #expect(inspection.manifest?.name == "given" && !inspection.manifestsDiffer)
      #expect(try Inspection(package.module).manifest?.capabilities == ["mqtt"])
    }
    #expect(throws: ProjectError.self) {
      try Packaging.pack(module, path: "x.wasm", Packaging.Extras(manifest: Array("{}".utf8)))
    }
  }

  @Test func aPackageThatSaysTwoThingsIsNamed() throws {
    let module = try Self.module(importing: [], manifest: #"{"name": "inside"}"#)
    let package = AppPackage(module: module, manifest: Array(#"{"name": "beside"}"#.utf8))
    let inspection = try Inspection(package.packed())
    #expect(inspection.manifest?.name == "inside" && inspection.manifestsDiffer)
  }

  @Test func otherFilesAreRead() throws {
    let json = Array(#"{"name": "image", "capabilities": ["display.write"]}"#.utf8)
    let image = try Inspection(AheadOfTimeImageBytes.image(manifest: json))
    #expect(image.form == .image && image.manifest?.name == "image" && image.imports.isEmpty)
    #expect(try Inspection(json).form == .manifest)
    #expect(try Inspection(Array("[app]\nname = \"t\"\n".utf8)).manifest?.name == "t")
    #expect(throws: AppFormatError.self) { try Inspection([]) }
    #expect(throws: AppFormatError.self) { try Inspection(Array("hello".utf8)) }
    #expect(throws: AppFormatError.self) { try Inspection([0x7F, 0x45, 0x4C, 0x46, 0, 0, 0, 0]) }
    let broken = try Inspection(Self.module(importing: [], manifest: nil) + [0, 17, 15] + ".akira.manifest{".utf8)
    #expect(broken.manifest == nil && broken.manifestProblem?.contains("manifest") == true)
  }

  @Test func changedBytesNeverCrash() throws {
    var random = SeededNumbers.forTest("changed apps")
    let manifest = #"{"name": "x", "capabilities": ["mqtt", "gpio.*"]}"#
    let module = try Self.module(importing: [("env", "mqtt_connected"), ("env", "display_clear")], manifest: manifest)
    let seeds = [
      module, try Packaging.packed(Packaging.pack(module, path: "x"), path: "x"),
      AheadOfTimeImageBytes.image(manifest: Array(manifest.utf8)), Array(manifest.utf8),
    ]
    for round in 0..<4000 {
      var bytes = seeds[round % seeds.count]
      for _ in 0..<(1 + random.next() % 4) where !bytes.isEmpty {
        let position = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 3 {
        case 0: bytes.removeSubrange(position..<min(bytes.count, position + Int(random.next() % 8)))
        case 1: bytes[position] ^= 1 << UInt8(random.next() % 8)
        default: bytes[position] = UInt8(truncatingIfNeeded: random.next())
        }
      }
      if let inspection = try? Inspection(bytes) { _ = (inspection.missing, inspection.unneeded, inspection.useful) }
      _ = try? Packaging.pack(bytes, path: "x", Packaging.Extras(manifest: bytes))
    }
  }
}

/// Images of machine code, as another runtime has them.
enum AheadOfTimeImageBytes {
  static func image(manifest: [UInt8]) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 0xFF) } }
    let name = Array(AppManifest.sectionName.utf8) + [0]
    let body = number(0, 4) + number(name.count, 2) + name + manifest
    return [0x00, 0x61, 0x6F, 0x74] + number(3, 4) + number(0, 4) + number(5, 4) + [1, 2, 3, 4, 5, 0, 0, 0]
      + number(100, 4) + number(body.count, 4) + body
  }
}
