import COpenSSL

/// The two forms of an ECDSA signature on P-256: `r || s` of 64 bytes, and the DER that X.509 uses.
public enum ECDSASignature {
  public static func der(fromRaw raw: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard raw.count == 64 else {
      throw .invalidArgument(field: "signature", reason: "has 64 bytes on P-256, this one \(raw.count)")
    }
    guard let signature = ECDSA_SIG_new() else { throw failure("encode signature") }
    defer { ECDSA_SIG_free(signature) }
    let numbers = raw.withUnsafeBufferPointer { bytes in
      (BN_bin2bn(bytes.baseAddress, 32, nil), BN_bin2bn(bytes.baseAddress?.advanced(by: 32), 32, nil))
    }
    // The signature owns the numbers from here on.
    guard ECDSA_SIG_set0(signature, numbers.0, numbers.1) == 1 else {
      BN_free(numbers.0)
      BN_free(numbers.1)
      throw failure("encode signature")
    }
    return try encodeDER(signature, "encode signature") { i2d_ECDSA_SIG($0, $1) }
  }

  public static func raw(fromDER der: [UInt8]) throws(CryptoError) -> [UInt8] {
    let signature = der.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      return d2i_ECDSA_SIG(nil, &cursor, bytes.count)
    }
    guard let signature else { throw .invalidArgument(field: "signature", reason: takeOpenSSLReason()) }
    defer { ECDSA_SIG_free(signature) }
    var r = [UInt8](repeating: 0, count: 32)
    var s = r
    guard BN_bn2binpad(ECDSA_SIG_get0_r(signature), &r, 32) == 32,
      BN_bn2binpad(ECDSA_SIG_get0_s(signature), &s, 32) == 32
    else { throw .invalidArgument(field: "signature", reason: "not of P-256") }
    return r + s
  }
}
