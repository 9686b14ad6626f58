import COpenSSL

/// The kinds of key in use: what they sign with is fixed by the kind.
public enum KeyAlgorithm: Sendable, Hashable, CustomStringConvertible {
  /// RFC 8032; signatures of 64 bytes.
  case ed25519
  /// ECDSA on P-256 with SHA-256; signatures as `r || s` of 64 bytes (RFC 7518 section 3.4).
  case p256
  /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2); 2048 to 4096 bits.
  case rsa(bits: Int)

  public var description: String {
    switch self {
    case .ed25519: "Ed25519"
    case .p256: "P-256"
    case .rsa(let bits): "RSA-\(bits)"
    }
  }

  /// Digest that OpenSSL is told to use; Ed25519 has its own inside.
  var digest: OpaquePointer? {
    if case .ed25519 = self { nil } else { DigestAlgorithm.sha256.implementation }
  }
}

/// Owns one reference to an OpenSSL key.
final class KeyHandle: @unchecked Sendable {
  // Holds: the key is complete before the handle is shared and never changed after; OpenSSL locks the caches inside
  // an EVP_PKEY and counts its references atomically.
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { EVP_PKEY_free(pointer) }

  /// The kind of the key; refuses kinds, curves and sizes outside `KeyAlgorithm`.
  func algorithm() throws(CryptoError) -> KeyAlgorithm {
    defer { ERR_clear_error() }
    switch EVP_PKEY_get_id(pointer) {
    case EVP_PKEY_ED25519: return .ed25519
    case EVP_PKEY_EC:
      var name = [CChar](repeating: 0, count: 64)
      var length = 0
      guard EVP_PKEY_get_group_name(pointer, &name, name.count, &length) == 1,
        String(decoding: name[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) == "prime256v1"
      else { throw .invalidKey("the only curve accepted is P-256") }
      return .p256
    case EVP_PKEY_RSA:
      let bits = Int(EVP_PKEY_get_bits(pointer))
      guard rsaBits.contains(bits) else {
        throw .invalidKey("an RSA key has \(rsaBits.lowerBound) to \(rsaBits.upperBound) bits, this one has \(bits)")
      }
      return .rsa(bits: bits)
    default: throw .invalidKey("kinds accepted are Ed25519, ECDSA P-256 and RSA")
    }
  }

  /// A big number of the key by OpenSSL's name for it, big-endian, left-padded to `length` bytes when given.
  func number(_ name: String, length: Int? = nil) throws(CryptoError) -> [UInt8] {
    var number: OpaquePointer?
    guard EVP_PKEY_get_bn_param(pointer, name, &number) == 1, let number else { throw failure("read key") }
    defer { BN_clear_free(number) }
    let size = length ?? Int(BN_num_bits(number) + 7) / 8
    var bytes = [UInt8](repeating: 0, count: size)
    guard BN_bn2binpad(number, &bytes, Int32(size)) == Int32(size) else { throw failure("read key") }
    return bytes
  }

  static func make(
    _ algorithm: String, _ parameters: inout [OSSL_PARAM]
  ) throws(CryptoError) -> KeyHandle {
    defer { ERR_clear_error() }
    guard let context = EVP_PKEY_CTX_new_from_name(nil, algorithm, nil) else { throw failure("make key") }
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_fromdata_init(context) == 1,
      EVP_PKEY_fromdata(context, &key, publicKeySelection, &parameters) == 1, let key
    else { throw .invalidKey(takeOpenSSLReason()) }
    return KeyHandle(owning: key)
  }

  /// `EVP_PKEY_PUBLIC_KEY` of <openssl/evp.h>: public part, domain and other parameters.
  private static let publicKeySelection: Int32 =
    OSSL_KEYMGMT_SELECT_PUBLIC_KEY | OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS | OSSL_KEYMGMT_SELECT_OTHER_PARAMETERS
}

let rsaBits = 2048...4096

/// Longest DER of a key: PKCS #8 of RSA-4096 takes about 2400 bytes.
let keySizeMax = 16 << 10
