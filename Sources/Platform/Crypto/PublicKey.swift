import COpenSSL

/// The half of a key pair that verifies.
public struct PublicKey: Sendable {
  public let algorithm: KeyAlgorithm
  let handle: KeyHandle

  init(handle: KeyHandle) throws(CryptoError) {
    algorithm = try handle.algorithm()
    self.handle = handle
    if case .rsa = algorithm {
      let exponent = try handle.number("e")
      // A huge exponent makes every verification as dear as a signature; even ones and 1 are no exponents.
      guard exponent.count <= 8, exponent.last.map({ !$0.isMultiple(of: 2) }) == true, exponent != [1] else {
        throw .invalidKey("the RSA exponent must be an odd number from 3 to 64 bits")
      }
    }
  }

  /// - Parameter der: SubjectPublicKeyInfo (RFC 5280 section 4.1).
  public init(der: [UInt8]) throws(CryptoError) {
    guard der.count <= keySizeMax else { throw .invalidKey("longer than \(keySizeMax) bytes") }
    let key = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var cursor = buffer.baseAddress
      guard let key = d2i_PUBKEY(nil, &cursor, buffer.count) else { return nil }
      if cursor == buffer.baseAddress?.advanced(by: buffer.count) { return key }
      EVP_PKEY_free(key)
      return nil
    }
    guard let key else { throw .invalidKey("not DER of a public key: \(takeOpenSSLReason())") }
    ERR_clear_error()
    try self.init(handle: KeyHandle(owning: key))
  }

  /// - Parameter pem: a text with a `PUBLIC KEY` block.
  public init(pem: String) throws(CryptoError) {
    let blocks = try PEM.blocks(pem)
    guard let block = blocks.first(where: { $0.label == "PUBLIC KEY" }) else {
      throw .invalidKey("the PEM text has no PUBLIC KEY block")
    }
    try self.init(der: block.der.exposed())
  }

  /// - Parameter ed25519: the 32 bytes of RFC 8032.
  public init(ed25519 bytes: [UInt8]) throws(CryptoError) {
    guard bytes.count == 32, let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count) else {
      ERR_clear_error()
      throw .invalidKey("an Ed25519 public key has 32 bytes, this one has \(bytes.count)")
    }
    try self.init(handle: KeyHandle(owning: key))
  }

  /// - Parameters x, y: big-endian coordinates of 32 bytes each; the point must lie on the curve.
  public init(p256X x: [UInt8], y: [UInt8]) throws(CryptoError) {
    guard x.count == 32, y.count == 32 else { throw .invalidKey("P-256 coordinates have 32 bytes each") }
    // With its NUL, which OpenSSL needs though `data_size` does not count it.
    var group = Array("prime256v1\0".utf8)
    var point = [4] + x + y
    let handle: Result<KeyHandle, CryptoError> = group.withUnsafeMutableBytes { group in
      point.withUnsafeMutableBytes { point in
        "group".withCString { groupName in
          "pub".withCString { pointName in
            Result { () throws(CryptoError) in
              var parameters = [
                OSSL_PARAM(
                  key: groupName, data_type: UInt32(OSSL_PARAM_UTF8_STRING), data: group.baseAddress,
                  data_size: group.count - 1, return_size: 0),
                OSSL_PARAM(
                  key: pointName, data_type: UInt32(OSSL_PARAM_OCTET_STRING), data: point.baseAddress,
                  data_size: point.count, return_size: 0), OSSL_PARAM(),
              ]
              return try KeyHandle.make("EC", &parameters)
            }
          }
        }
      }
    }
    try self.init(handle: handle.get())
  }

  /// - Parameters modulus, exponent: big-endian numbers.
  public init(rsaModulus modulus: [UInt8], exponent: [UInt8]) throws(CryptoError) {
    guard (rsaBits.lowerBound / 8...rsaBits.upperBound / 8 + 1).contains(modulus.count),
      (1...9).contains(exponent.count)
    else { throw .invalidKey("RSA keys have 2048 to 4096 bits and an exponent of at most 64") }
    // OSSL_PARAM numbers are in the machine's byte order.
    var modulus: [UInt8] = isLittleEndian ? modulus.reversed() : modulus
    var exponent: [UInt8] = isLittleEndian ? exponent.reversed() : exponent
    let handle: Result<KeyHandle, CryptoError> = modulus.withUnsafeMutableBytes { modulus in
      exponent.withUnsafeMutableBytes { exponent in
        "n".withCString { modulusName in
          "e".withCString { exponentName in
            Result { () throws(CryptoError) in
              var parameters = [
                OSSL_PARAM(
                  key: modulusName, data_type: UInt32(OSSL_PARAM_UNSIGNED_INTEGER), data: modulus.baseAddress,
                  data_size: modulus.count, return_size: 0),
                OSSL_PARAM(
                  key: exponentName, data_type: UInt32(OSSL_PARAM_UNSIGNED_INTEGER), data: exponent.baseAddress,
                  data_size: exponent.count, return_size: 0), OSSL_PARAM(),
              ]
              return try KeyHandle.make("RSA", &parameters)
            }
          }
        }
      }
    }
    try self.init(handle: handle.get())
  }

  /// SubjectPublicKeyInfo.
  public func der() throws(CryptoError) -> [UInt8] {
    try encodeDER(handle.pointer, "encode key") { i2d_PUBKEY($0, $1) }
  }

  public func pem() throws(CryptoError) -> String { PEM.text("PUBLIC KEY", try der()) }

  /// The numbers a JSON Web Key is made of (RFC 7518 section 6, RFC 8037 section 2), big-endian.
  public enum Components: Sendable, Equatable {
    case ed25519([UInt8])
    case p256(x: [UInt8], y: [UInt8])
    case rsa(modulus: [UInt8], exponent: [UInt8])
  }

  public func components() throws(CryptoError) -> Components {
    switch algorithm {
    case .ed25519:
      var bytes = [UInt8](repeating: 0, count: 32)
      var count = bytes.count
      guard EVP_PKEY_get_raw_public_key(handle.pointer, &bytes, &count) == 1, count == 32 else {
        throw failure("read key")
      }
      return .ed25519(bytes)
    case .p256: return .p256(x: try handle.number("qx", length: 32), y: try handle.number("qy", length: 32))
    case .rsa: return .rsa(modulus: try handle.number("n"), exponent: try handle.number("e"))
    }
  }

  /// Whether `signature`, in the form that `KeyAlgorithm` names, was made over `message` by the other half.
  public func verifies(_ signature: some Collection<UInt8>, of message: some Collection<UInt8>) -> Bool {
    var form = Array(signature)
    if algorithm == .p256 {
      guard let der = try? ECDSASignature.der(fromRaw: form) else { return false }
      form = der
    }
    guard let context = EVP_MD_CTX_new() else { return false }
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    guard EVP_DigestVerifyInit(context, nil, algorithm.digest, nil, handle.pointer) == 1 else { return false }
    return message.withBytePointer { EVP_DigestVerify(context, form, form.count, $0, $1) } == 1
  }
}

extension PublicKey: Equatable {
  public static func == (left: PublicKey, right: PublicKey) -> Bool {
    defer { ERR_clear_error() }
    return left.algorithm == right.algorithm && EVP_PKEY_eq(left.handle.pointer, right.handle.pointer) == 1
  }
}

private var isLittleEndian: Bool { 1.littleEndian == 1 }
