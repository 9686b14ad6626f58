import AppFormat
import Crypto
import Linux

/// Why a package is not trusted, or cannot be signed.
public enum AppSigningError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A signature is required and there is none.
  case unsigned
  /// A signature that none of the trusted keys made over these bytes.
  case unknownSigner(AppPackage.SignatureAlgorithm)
  /// Ed25519 and RSA with 2048 bits are accepted.
  case unsupportedKey(String)
  case tooManyKeys(Int)
  /// A file or folder of keys that cannot be used.
  case keyFile(path: String, reason: String)
  case signing(String)

  public var description: String {
    switch self {
    case .unsigned: "the package is not signed, and a signature is required"
    case .unknownSigner(let algorithm): "no trusted key made the package's \(algorithm.memberName)"
    case .unsupportedKey(let kind): "\(kind): Ed25519 and RSA-2048 are accepted"
    case .tooManyKeys(let count): "\(count) trusted keys; at most \(AppTrust.keysMax) are accepted"
    case .keyFile(let path, let reason): "\(path): \(reason)"
    case .signing(let reason): reason
    }
  }

  /// The reference's error number, negative.
  public var errno: Int32 {
    switch self {
    case .unsigned, .unknownSigner: -13
    case .unsupportedKey: -95
    case .tooManyKeys: -12
    case .keyFile, .signing: -5
    }
  }
}

/// Whom a host trusts to sign apps.
public struct AppTrust: Sendable {
  public static let keysMax = 4

  /// Apps without a signature are refused.
  public var requiresSignature: Bool
  public let keys: [PublicKey]

  public init(keys: [PublicKey], requiresSignature: Bool = true) throws(AppSigningError) {
    guard keys.count <= Self.keysMax else { throw .tooManyKeys(keys.count) }
    for key in keys { _ = try AppPackage.SignatureAlgorithm(of: key) }
    self.keys = keys
    self.requiresSignature = requiresSignature
  }

  private static let keyBytesMax = 65_536

  /// Those whose public keys are the files `*.pem` of a folder.
  public init(folder: String, requiresSignature: Bool = true) throws(AppSigningError) {
    var keys: [PublicKey] = []
    do throws(LinuxError) {
      for name in try Files.names(in: folder).sorted() where name.hasSuffix(".pem") {
        let path = "\(folder)/\(name)"
        let text = String(decoding: try Files.read(path, limit: Self.keyBytesMax), as: UTF8.self)
        do throws(CryptoError) { keys.append(try PublicKey(pem: text)) } catch {
          throw LinuxError("\(error)", path, errno: 0)
        }
      }
    } catch {
      throw .keyFile(path: folder, reason: error.description)
    }
    try self.init(keys: keys, requiresSignature: requiresSignature)
  }

  /// Who signed a package: SHA-256 over the public key's SubjectPublicKeyInfo, per signature.
  public struct Signer: Sendable, Equatable {
    public var algorithm: AppPackage.SignatureAlgorithm
    public var keyHash: [UInt8]

    public init(algorithm: AppPackage.SignatureAlgorithm, keyHash: [UInt8]) {
      self.algorithm = algorithm
      self.keyHash = keyHash
    }
  }

  /// Checks every signature of a package. One that no trusted key made is refused even where none is required: who wants
  /// to run such a package takes the signature off.
  ///
  /// - Returns: the signers, none for an unsigned package where that is allowed.
  public func verify(_ package: AppPackage) throws(AppSigningError) -> [Signer] {
    try verify(package.signatures, of: package.signedBytes)
  }

  /// The same for signatures over other bytes.
  public func verify(
    _ signatures: [AppPackage.Signature], of bytes: [UInt8]
  ) throws(AppSigningError) -> [Signer] {
    if signatures.isEmpty, requiresSignature { throw .unsigned }
    var signers: [Signer] = []
    for signature in signatures {
      let signer = keys.first { key in
        (try? AppPackage.SignatureAlgorithm(of: key)) == signature.algorithm
          && key.verifies(signature.bytes, of: signature.algorithm.message(of: bytes))
      }
      guard let signer, let hash = try? Digest.sha256(signer.der()) else { throw .unknownSigner(signature.algorithm) }
      signers.append(Signer(algorithm: signature.algorithm, keyHash: hash))
    }
    return signers
  }
}

extension AppPackage {
  /// Adds a signature, in the place of another of the same algorithm.
  public mutating func sign(with key: PrivateKey) throws(AppSigningError) {
    let signature = try Signature(of: signedBytes, by: key)
    signatures.removeAll { $0.algorithm == signature.algorithm }
    signatures.append(signature)
    signatures.sort { $0.algorithm.rawValue < $1.algorithm.rawValue }
  }
}

extension AppPackage.Signature {
  /// A key's signature over bytes.
  public init(of bytes: [UInt8], by key: PrivateKey) throws(AppSigningError) {
    let algorithm = try AppPackage.SignatureAlgorithm(of: key.publicKey)
    do throws(CryptoError) {
      self.init(algorithm: algorithm, bytes: try key.sign(algorithm.message(of: bytes)))
    } catch {
      throw .signing("\(error)")
    }
  }
}

extension AppPackage.SignatureAlgorithm {
  init(of key: PublicKey) throws(AppSigningError) {
    switch key.algorithm {
    case .ed25519: self = .ed25519
    case .rsa(bits: 2048): self = .rsa2048SHA256
    default: throw .unsupportedKey(key.algorithm.description)
    }
  }

  /// What is signed: with Ed25519 the digest's 32 bytes; RSA (PKCS #1 version 1.5) makes the same digest itself.
  func message(of bytes: [UInt8]) -> [UInt8] {
    switch self {
    case .ed25519: Digest.sha256(bytes)
    case .rsa2048SHA256: bytes
    }
  }
}
