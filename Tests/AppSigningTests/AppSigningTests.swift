import AppFormat
import AppSigning
import Crypto
import Testing

@Suite struct AppSigningTests {
  private let plain = AppPackage(
    module: ModuleOutline.magic + [1, 0, 0, 0], manifest: Array(#"{"name":"signed"}"#.utf8), model: [1, 2, 3])

  @Test(arguments: [KeyAlgorithm.ed25519, .rsa(bits: 2048)])
  func signedPackagesAreTrusted(_ algorithm: KeyAlgorithm) throws {
    let key = try PrivateKey.generate(algorithm)
    var package = plain
    try package.sign(with: key)
    try package.sign(with: key)
    let trust = try AppTrust(keys: [try PrivateKey.generate(.ed25519).publicKey, key.publicKey])
    let read = try AppPackage(package.packed())
    #expect(
      try trust.verify(read) == [
        .init(algorithm: package.signatures[0].algorithm, keyHash: Digest.sha256(try key.publicKey.der()))
      ])
    #expect(read.signatures.map(\.bytes.count) == [algorithm == .ed25519 ? 64 : 256])
    // Any change of what is signed, or of the signature, is noticed; the icon may change.
    for change: (inout AppPackage) -> Void in [
      { $0.module.append(0) }, { $0.manifest.append(0x20) }, { $0.model = nil }, { $0.signatures[0].bytes[9] ^= 1 },
      { $0.signatures[0].bytes.removeLast() },
    ] {
      var changed = read
      change(&changed)
      #expect(throws: AppSigningError.unknownSigner(package.signatures[0].algorithm)) { try trust.verify(changed) }
    }
    var other = read
    other.icon = [1]
    #expect(try trust.verify(other).count == 1)
  }

  @Test func strangersAndUnsignedPackagesAreRefused() throws {
    let key = try PrivateKey.generate(.ed25519)
    let strict = try AppTrust(keys: [key.publicKey])
    let lenient = try AppTrust(keys: [key.publicKey], requiresSignature: false)
    #expect(throws: AppSigningError.unsigned) { try strict.verify(plain) }
    #expect(try lenient.verify(plain).isEmpty)
    var package = plain
    try package.sign(with: try PrivateKey.generate(.ed25519))
    for trust in [strict, lenient] {
      #expect(throws: AppSigningError.unknownSigner(.ed25519)) { try trust.verify(package) }
    }
    // A second signature by a stranger is not covered by a first that is trusted.
    var both = plain
    try both.sign(with: key)
    try both.sign(with: try PrivateKey.generate(.rsa(bits: 2048)))
    #expect(throws: AppSigningError.unknownSigner(.rsa2048SHA256)) { try strict.verify(both) }
    #expect(AppSigningError.unknownSigner(.ed25519).errno == -13)
  }

  @Test func otherKeysAreRefused() throws {
    var package = plain
    #expect(throws: AppSigningError.unsupportedKey("P-256")) { try package.sign(with: try PrivateKey.generate(.p256)) }
    let large = try PrivateKey.generate(.rsa(bits: 3072))
    #expect(throws: AppSigningError.unsupportedKey("RSA-3072")) { try AppTrust(keys: [large.publicKey]) }
    let keys = try (0..<5).map { _ in try PrivateKey.generate(.ed25519).publicKey }
    #expect(throws: AppSigningError.tooManyKeys(5)) { try AppTrust(keys: keys) }
    #expect(try AppTrust(keys: Array(keys.dropLast())).keys.count == 4)
  }
}
