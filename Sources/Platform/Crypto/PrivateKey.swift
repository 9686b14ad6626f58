import COpenSSL

/// The half of a key pair that signs. Its description names the kind only.
public struct PrivateKey: Sendable {
  public let publicKey: PublicKey
  let handle: KeyHandle

  public var algorithm: KeyAlgorithm { publicKey.algorithm }

  init(owning pointer: OpaquePointer) throws(CryptoError) {
    handle = KeyHandle(owning: pointer)
    publicKey = try PublicKey(handle: handle)
  }

  public static func generate(_ algorithm: KeyAlgorithm) throws(CryptoError) -> PrivateKey {
    let identifier: Int32 =
      switch algorithm {
      case .ed25519: EVP_PKEY_ED25519
      case .p256: EVP_PKEY_EC
      case .rsa: EVP_PKEY_RSA
      }
    guard let context = EVP_PKEY_CTX_new_id(identifier, nil) else { throw failure("generate key") }
    defer { EVP_PKEY_CTX_free(context) }
    guard EVP_PKEY_keygen_init(context) == 1 else { throw failure("generate key") }
    switch algorithm {
    case .ed25519: break
    case .p256:
      guard EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1 else {
        throw failure("generate key")
      }
    case .rsa(let bits):
      guard rsaBits.contains(bits) else {
        throw .invalidArgument(field: "bits", reason: "\(bits) is outside 2048 to 4096")
      }
      guard EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)) == 1 else { throw failure("generate key") }
    }
    var key: OpaquePointer?
    guard EVP_PKEY_keygen(context, &key) == 1, let key else { throw failure("generate key") }
    return try PrivateKey(owning: key)
  }

  /// - Parameter ed25519Seed: the 32 secret bytes of RFC 8032.
  public init(ed25519Seed seed: Secret) throws(CryptoError) {
    let key = seed.withBytes { seed in
      seed.count == 32
        ? EVP_PKEY_new_raw_private_key(
          EVP_PKEY_ED25519, nil, seed.baseAddress?.assumingMemoryBound(to: UInt8.self), seed.count) : nil
    }
    guard let key else {
      ERR_clear_error()
      throw .invalidKey("an Ed25519 seed has 32 bytes, this one has \(seed.count)")
    }
    try self.init(owning: key)
  }

  /// - Parameter der: PKCS #8, or the older PKCS #1 and SEC 1 forms; not encrypted.
  public init(der: Secret) throws(CryptoError) {
    guard der.count <= keySizeMax else { throw .invalidKey("longer than \(keySizeMax) bytes") }
    let key = der.withBytes { bytes -> OpaquePointer? in
      let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      var cursor = start
      guard let key = d2i_AutoPrivateKey(nil, &cursor, bytes.count) else { return nil }
      if cursor == start?.advanced(by: bytes.count) { return key }
      EVP_PKEY_free(key)
      return nil
    }
    guard let key else { throw .invalidKey("not DER of a private key: \(takeOpenSSLReason())") }
    ERR_clear_error()
    try self.init(owning: key)
  }

  /// - Parameter pem: a text with a `PRIVATE KEY`, `EC PRIVATE KEY` or `RSA PRIVATE KEY` block, not encrypted.
  public init(pem: Secret) throws(CryptoError) {
    let blocks = try PEM.blocks(pem)
    let labels: Set<String> = ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"]
    guard let block = blocks.first(where: { labels.contains($0.label) }) else {
      if blocks.contains(where: { $0.label == "ENCRYPTED PRIVATE KEY" }) {
        throw .invalidKey("encrypted private keys are not supported")
      }
      throw .invalidKey("the PEM text has no PRIVATE KEY block")
    }
    try self.init(der: block.der)
  }

  /// PKCS #8.
  public func der() throws(CryptoError) -> Secret {
    guard let info = EVP_PKEY2PKCS8(handle.pointer) else { throw failure("encode key") }
    defer { PKCS8_PRIV_KEY_INFO_free(info) }
    var bytes = try encodeDER(info, "encode key") { i2d_PKCS8_PRIV_KEY_INFO($0, $1) }
    defer { bytes.withUnsafeMutableBytes { wipe($0) } }
    return Secret(bytes)
  }

  /// A `PRIVATE KEY` block of PKCS #8.
  public func pem() throws(CryptoError) -> Secret {
    let bio = try MemoryBIO()
    guard PEM_write_bio_PKCS8PrivateKey(bio.pointer, handle.pointer, nil, nil, 0, nil, nil) == 1 else {
      throw failure("encode key")
    }
    return bio.withContents { Secret(copying: $0) }
  }

  /// Reads a PEM file; `nil` when there is none. A file that others than its owner can open is refused.
  public static func load(_ path: String) throws(CryptoError) -> PrivateKey? {
    guard let text = try ProtectedFile.read(path, ownerOnly: true) else { return nil }
    return try PrivateKey(pem: text)
  }

  /// Writes a PEM file of mode 0600 in one step.
  public func store(_ path: String) throws(CryptoError) { try ProtectedFile.write(try pem(), to: path) }

  /// A signature in the form that `KeyAlgorithm` names.
  public func sign(_ message: some Collection<UInt8>) throws(CryptoError) -> [UInt8] {
    guard let context = EVP_MD_CTX_new() else { throw failure("sign") }
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestSignInit(context, nil, algorithm.digest, nil, handle.pointer) == 1 else { throw failure("sign") }
    var length = Int(EVP_PKEY_get_size(handle.pointer))
    var signature = [UInt8](repeating: 0, count: length)
    guard message.withBytePointer({ EVP_DigestSign(context, &signature, &length, $0, $1) }) == 1 else {
      throw failure("sign")
    }
    signature.removeLast(signature.count - length)
    return algorithm == .p256 ? try ECDSASignature.raw(fromDER: signature) : signature
  }
}

extension PrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<\(algorithm) private key>" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
  if let base = bytes.baseAddress { OPENSSL_cleanse(base, bytes.count) }
}
