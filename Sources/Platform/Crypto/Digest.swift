import COpenSSL

/// The SHA-2 functions of FIPS 180-4.
public enum DigestAlgorithm: String, Sendable, CaseIterable {
  case sha256, sha384, sha512

  /// Length of a digest in bytes.
  public var length: Int {
    switch self {
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }

  /// OpenSSL's implementation, looked up once: a look-up per digest costs more than hashing a short message.
  var implementation: OpaquePointer? {
    switch self {
    case .sha256: Self.sha256Implementation
    case .sha384: Self.sha384Implementation
    case .sha512: Self.sha512Implementation
    }
  }

  // Hold: set once under the once-lock of a static, never freed, and OpenSSL treats a fetched EVP_MD as immutable.
  nonisolated(unsafe) private static let sha256Implementation: OpaquePointer? = EVP_MD_fetch(nil, "SHA256", nil)
  nonisolated(unsafe) private static let sha384Implementation: OpaquePointer? = EVP_MD_fetch(nil, "SHA384", nil)
  nonisolated(unsafe) private static let sha512Implementation: OpaquePointer? = EVP_MD_fetch(nil, "SHA512", nil)
}

/// A digest over bytes that arrive in pieces.
public struct Digest: ~Copyable {
  public let algorithm: DigestAlgorithm
  private let context: OpaquePointer?

  public init(_ algorithm: DigestAlgorithm = .sha256) {
    self.algorithm = algorithm
    context = EVP_MD_CTX_new()
    check(EVP_DigestInit_ex2(context, algorithm.implementation, nil))
  }

  deinit { EVP_MD_CTX_free(context) }

  public mutating func update(_ bytes: some Collection<UInt8>) {
    check(bytes.withBytePointer { EVP_DigestUpdate(context, $0, $1) })
  }

  public consuming func finish() -> [UInt8] {
    let length = algorithm.length
    return [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      check(EVP_DigestFinal_ex(context, buffer.baseAddress, nil))
      count = length
    }
  }

  public static func hash(_ bytes: some Collection<UInt8>, _ algorithm: DigestAlgorithm = .sha256) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: algorithm.length) { buffer, count in
      check(bytes.withBytePointer { EVP_Digest($0, $1, buffer.baseAddress, nil, algorithm.implementation, nil) })
      count = algorithm.length
    }
  }

  public static func sha256(_ bytes: some Collection<UInt8>) -> [UInt8] { hash(bytes, .sha256) }
}

/// HMAC-SHA-256 (RFC 2104).
public func hmacSHA256(_ message: some Collection<UInt8>, key: Secret) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
    key.withBytes { key in
      let done = message.withBytePointer { message, length in
        withUnsafePointer(to: 0 as UInt8) { empty in
          HMAC(
            DigestAlgorithm.sha256.implementation, key.baseAddress ?? UnsafeRawPointer(empty), Int32(key.count),
            message,
            length, buffer.baseAddress, nil)
        }
      }
      check(done == nil ? 0 : 1)
    }
    count = 32
  }
}

/// SHA-2 fails only when memory has run out or OpenSSL lacks it; no caller could go on sensibly.
private func check(_ result: Int32) {
  guard result == 1 else { fatalError("SHA-2 is not available: \(takeOpenSSLReason())") }
}
