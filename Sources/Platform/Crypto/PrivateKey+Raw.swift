import COpenSSL

/// P-256 keys as a number alone, as small devices keep them.
extension PrivateKey {
  /// - Parameter p256Scalar: 32 bytes, big-endian: a number from 1 to the order of the curve less one.
  public init(p256Scalar scalar: Secret) throws(CryptoError) {
    guard scalar.count == 32 else {
      throw .invalidKey("a P-256 private key has 32 bytes, this one has \(scalar.count)")
    }
    let isInRange = scalar.withBytes { bytes in
      bytes.contains { $0 != 0 } && bytes.lexicographicallyPrecedes(Self.p256Order)
    }
    guard isInRange else { throw .invalidKey("not a number below the order of P-256") }
    // ECPrivateKey of RFC 5915 without the public key, which OpenSSL works out.
    var der: [UInt8] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20]
    defer { der.withUnsafeMutableBytes { wipe($0) } }
    der.reserveCapacity(51)
    scalar.withBytes { der += $0 }
    der += [0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
    try self.init(der: Secret(der))
  }

  /// The number of a P-256 key, 32 bytes, big-endian.
  public func p256Scalar() throws(CryptoError) -> Secret {
    guard algorithm == .p256 else { throw .invalidKey("\(algorithm) is not P-256") }
    var bytes = try handle.number("priv", length: 32)
    defer { bytes.withUnsafeMutableBytes { wipe($0) } }
    return Secret(bytes)
  }

  /// SEC 2 version 2, section 2.4.2.
  private static let p256Order: [UInt8] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA,
    0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
  ]
}
