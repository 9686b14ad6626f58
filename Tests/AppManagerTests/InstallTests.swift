import AppFormat
import AppSigning
import Bytes
import Crypto
import Linux
import PythonPeer
import Testing

@testable import AppManager

@Suite struct InstallTests {
  private func error(_ body: () throws -> Void) -> AppError? {
    do {
      try body()
      return nil
    } catch { return error as? AppError }
  }

  @Test func namesComeFromTheArgumentTheManifestOrTheBytes() throws {
    #expect(try AppImage(demo("1.0"), name: "other", rules: rules()).name.text == "other")
    #expect(try AppImage(demo("1.0"), rules: rules()).name.text == "demo")
    let bare = try module()
    let digits = String(CRC32.checksum(bare), radix: 16)
    #expect(
      try AppImage(bare, rules: rules()).name.text == "app_" + String(repeating: "0", count: 8 - digits.count) + digits)
    var long = try module()
    long += [0, 0x84, 2, 1, 0x61] + [UInt8](repeating: 1, count: 258)
    #expect(
      try AppImage(long, rules: rules()).name.text.hasSuffix(
        String(CRC32.checksum(long[..<256]), radix: 16)))
    for wrong in [
      "", ".", "..", ".hidden", "a/b", "a\\b", "a\nb", " a", "a ", "a*", "x+y", "#", String(repeating: "n", count: 32),
    ] {
      #expect(AppName(wrong) == nil)
      #expect(error { _ = try AppImage(demo("1.0"), name: wrong, rules: rules()) } == .invalidName(wrong))
    }
    for right in ["a", "akira_shell", "Hello World", "ümlaut", "a.b-c", String(repeating: "n", count: 31)] {
      #expect(AppName(right)?.text == right)
    }
  }

  @Test func aManifestInsideWinsCompletely() throws {
    let sidecar = Array(#"{"name":"side","capabilities":["network.use"]}"#.utf8)
    let inside = try AppImage(module(#"{"capabilities":["timer"]}"#), sidecar: sidecar, rules: rules())
    #expect(inside.requested == [.timer] && inside.isManifestEmbedded && inside.manifest.name.isEmpty)
    let beside = try AppImage(module(), sidecar: sidecar, rules: rules())
    #expect(beside.requested == [.network] && !beside.isManifestEmbedded && beside.name.text == "side")
    let none = try AppImage(module(), rules: rules())
    #expect(none.requested.isEmpty && none.warning == nil)
  }

  @Test func whatCannotRunIsRefusedWithTheReferencesNumbers() throws {
    var small = try rules()
    small.moduleBytesMax = 20
    let cases: [(Int32, () throws -> Void)] = [
      (-22, { _ = try AppImage([], rules: rules()) }),
      (-22, { _ = try AppImage([0, 0x61, 0x73], rules: rules()) }),
      (-22, { _ = try AppImage(Array("#!/bin/sh".utf8), rules: rules()) }),
      (-22, { _ = try AppImage(Gzip.magic + [8, 0, 0], rules: rules()) }),
      (-95, { _ = try AppImage(Array("\0aot".utf8) + [3, 0, 0, 0], rules: rules()) }),
      (-27, { _ = try AppImage(demo("1.0"), rules: small) }),
      (-27, { _ = try AppImage([UInt8](repeating: 0, count: 5 << 20), rules: rules()) }),
      (-95, { _ = try AppImage(module(#"{"abi":"2.0"}"#), rules: rules()) }),
      (-95, { _ = try AppImage(module(#"{"min_akiraos_version":"1.6.5"}"#), rules: rules()) }),
      (-22, { _ = try AppImage(module(), sidecar: Array("[]".utf8), rules: rules()) }),
      (-13, { _ = try AppImage(demo("1.0"), rules: rules(AppTrust(keys: []))) }),
    ]
    for (index, test) in cases.enumerated() { #expect(error(test.1)?.errno == test.0, "case \(index)") }
    #expect(
      error { _ = try AppImage(Array("\0aot".utf8) + [3, 0, 0, 0], rules: rules()) }?.description.contains(
        "ahead-of-time") == true)
    let newer = try AppImage(module(#"{"abi":"1.9"}"#), rules: rules())
    #expect(newer.warning == .newerMinor(wanted: ABIVersion(1, 9), offered: .host))
  }

  @Test func signaturesAreRequiredUnlessInDevelopment() throws {
    let key = try PrivateKey.generate(.ed25519)
    var package = AppPackage(module: try module(), manifest: Array(#"{"name":"p","capabilities":["crypto"]}"#.utf8))
    package.model = [1, 2, 3]
    let unsigned = try package.packed()
    try package.sign(with: key)
    let strict = try rules(AppTrust(keys: [key.publicKey]))
    let image = try AppImage(package.packed(), rules: strict)
    #expect(image.name.text == "p" && image.signers.count == 1 && image.requested == [.crypto])
    #expect(image.version(.http, installedAt: 1).isAttested && image.files.model == [1, 2, 3])
    #expect(error { _ = try AppImage(unsigned, rules: strict) } == .signing(.unsigned))
    #expect(error { _ = try AppImage(module(), rules: strict) } == .signing(.unsigned))
    let open = try AppImage(unsigned, rules: rules())
    #expect(!open.version(.http, installedAt: 1).isAttested && open.id == image.id)
    // A signature that is there must be right, also in development.
    package.module.append(contentsOf: [0, 2, 1, 0x61])
    let changed = try package.packed()
    #expect(error { _ = try AppImage(changed, rules: rules()) } == .signing(.unknownSigner(.ed25519)))
  }

  @Test func identityIsOverAllFiles() throws {
    let files = AppImage.Members(module: [1], manifest: [2], model: [3], icon: nil)
    var others = [files, files, files, files, files]
    others[0].module = [2]
    others[1].manifest = [1]
    others[2].model = nil
    others[3].model = []
    (others[4].model, others[4].icon) = (nil, [3])
    #expect(Set(others.map(\.id) + [files.id]).count == 6)
  }

  @Test func damagedPackagesAreRefusedOrSound() throws {
    var numbers = SeededNumbers.forTest(#function)
    let key = try PrivateKey.generate(.ed25519)
    var package = AppPackage(
      module: try demo("1.0"), manifest: Array(#"{"name":"p"}"#.utf8), model: [UInt8](repeating: 7, count: 600))
    try package.sign(with: key)
    let sound = try package.packed()
    let strict = try rules(AppTrust(keys: [key.publicKey]))
    let id = try AppImage(sound, rules: strict).id
    var refused = 0
    for _ in 0..<2000 {
      do throws(AppError) {
        // What is taken has the very bytes that were signed; damage to names of other members may go unseen.
        #expect(try AppImage(numbers.damage(sound), rules: strict).files.module == package.module)
      } catch {
        refused += 1
        #expect(error.errno < 0 && !error.description.isEmpty)
      }
    }
    #expect(refused > 1000)
    #expect(try AppImage(sound, rules: strict).id == id)
    let plain = try demo("1.0")
    for _ in 0..<3000 { _ = try? AppImage(numbers.damage(plain), rules: rules()) }
  }
}

@Suite struct CatalogueTests {
  private let sound = #"""
    {"generated_at":"2026-01-01","tag":"v2","extra":{"x":[1]},"apps":[
      {"id":"demo","name":"Demo","display_name":"The demo","category":"tools","version":"1.2.0","size_bytes":4096,
       "capabilities":["timer"],"min_akiraos_version":"1.6.0","download_url":"https://example.com/d.akpkg",
       "icon_url":null,"tags":["a","b"],"thumbnail_url":"t","unknown":{"deep":[null]}},
      7, {"id":5}, {"id":"x","tags":"none"}, {}, {"name":"only a name"},
      {"id":"demo","version":"1.10.0"}, {"id":"demo","version":"2.0.0","min_akiraos_version":"1.9.0"}]}
    """#

  @Test func entriesAreReadAndMalformedOnesSkipped() throws {
    let catalogue = try AppCatalogue(Array(sound.utf8))
    #expect(catalogue.tag == "v2" && catalogue.generatedAt == "2026-01-01" && catalogue.skippedCount == 4)
    #expect(catalogue.entries.map(\.version) == ["1.2.0", "", "1.10.0", "2.0.0"])
    let first = catalogue.entries[0]
    #expect(
      first.sizeBytes == 4096 && first.iconURL == nil && first.tags == ["a", "b"] && first.displayName == "The demo")
    #expect(catalogue.entries[1].id.isEmpty && catalogue.entries[1].downloadURL.isEmpty)
    let bounded = try AppCatalogue(Array(sound.utf8), entriesMax: 1)
    #expect(bounded.entries.count == 1 && bounded.leftOutCount == 7)
  }

  @Test func whatIsNoCatalogueIsRefused() throws {
    for text in ["", "[]", "{}", #"{"apps":{}}"#, #"{"apps":[}"#] {
      #expect(throws: AppCatalogue.Problem.self) { try AppCatalogue(Array(text.utf8)) }
    }
    #expect(throws: AppCatalogue.Problem.tooLarge(bytes: 11, bytesMax: 10)) {
      try AppCatalogue(Array(#"{"apps":[]}"#.utf8), bytesMax: 10)
    }
  }

  @Test func updatesAreNewerAndRunHere() throws {
    let catalogue = try AppCatalogue(Array(sound.utf8))
    func offered(_ version: String, _ host: HostVersion) throws -> String? {
      catalogue.update(for: try name("demo"), version: version, host: host)?.version
    }
    #expect(try offered("1.2.0", HostVersion(1, 6, 4)) == "1.10.0")
    #expect(try offered("1.10.0", HostVersion(1, 6, 4)) == nil)
    #expect(try offered("1.10.0", HostVersion(2, 0, 0)) == "2.0.0")
    #expect(try offered("", HostVersion(1, 0, 0)) == "1.10.0")
    #expect(catalogue.update(for: try name("other"), version: "0", host: HostVersion(1, 6, 4)) == nil)
  }

  @Test(arguments: [
    ("1.0.1", "1.0.0", true), ("1.0", "1.0.0", false), ("1.0.0", "1", false), ("10", "9.9", true),
    ("1.0", "1.0-rc1", true), ("1.0-rc1", "1.0", false), ("1.0-b", "1.0-a", true), ("1.0+5", "1.0+4", false),
    ("x", "1.0", false), ("1.0", "x", true), ("1..2", "1.0", false), ("", "", false),
    ("99999999999999999999", "1", false),
  ])
  func versionsAreCompared(_ left: String, _ right: String, _ isNewer: Bool) {
    #expect(AppCatalogue.isNewer(left, than: right) == isNewer)
  }

  @Test func damagedCataloguesNeverCrash() throws {
    var numbers = SeededNumbers.forTest(#function)
    for _ in 0..<3000 {
      guard let catalogue = try? AppCatalogue(numbers.damage(Array(sound.utf8))) else { continue }
      for version in ["1.0", "", "x"] {
        _ = catalogue.update(for: try name("demo"), version: version, host: HostVersion(1, 6, 4))
      }
    }
  }
}
