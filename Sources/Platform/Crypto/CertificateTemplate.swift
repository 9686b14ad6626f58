import COpenSSL

/// What a certificate to be issued shall say.
public struct CertificateTemplate: Sendable {
  /// Whether the certificate signs other certificates.
  public enum Role: Sendable, Equatable {
    /// `pathLength`: how many authorities may stand between it and a leaf.
    case authority(pathLength: Int)
    case leaf(Set<ExtendedKeyUsage>)
  }

  public var subject: DistinguishedName
  public var altNames: [SubjectAltName]
  public var role: Role
  public var notBefore: UnixTime
  public var notAfter: UnixTime

  public init(
    subject: DistinguishedName, altNames: [SubjectAltName] = [], role: Role, notBefore: UnixTime, notAfter: UnixTime
  ) {
    self.subject = subject
    self.altNames = altNames
    self.role = role
    self.notBefore = notBefore
    self.notAfter = notAfter
  }

  /// A certificate for `key`, signed by the key itself.
  public func selfSigned(by key: PrivateKey) throws(CryptoError) -> Certificate {
    try issue(for: key.publicKey, issuer: nil, signer: key)
  }

  /// A certificate for `key`, signed by an authority.
  public func issued(
    for key: PublicKey, by issuer: Certificate, key signer: PrivateKey
  ) throws(CryptoError) -> Certificate {
    guard issuer.isAuthority else { throw .invalidArgument(field: "issuer", reason: "is not an authority") }
    guard issuer.publicKey == signer.publicKey else {
      throw .invalidArgument(field: "key", reason: "does not belong to the issuer's certificate")
    }
    return try issue(for: key, issuer: issuer, signer: signer)
  }

  private func issue(
    for key: PublicKey, issuer: Certificate?, signer: PrivateKey
  ) throws(CryptoError) -> Certificate {
    guard notBefore < notAfter else {
      throw .invalidArgument(field: "notAfter", reason: "\(notAfter) is not later than \(notBefore)")
    }
    guard let pointer = X509_new() else { throw failure("issue certificate") }
    let handle = CertificateHandle(owning: pointer)
    guard X509_set_version(pointer, 2) == 1, Self.setRandomSerial(pointer) else { throw failure("issue certificate") }
    guard ASN1_TIME_set(X509_getm_notBefore(pointer), time_t(notBefore.seconds)) != nil,
      ASN1_TIME_set(X509_getm_notAfter(pointer), time_t(notAfter.seconds)) != nil
    else { throw .invalidArgument(field: "validity", reason: "outside the years 1950 to 9999") }
    try subject.write(to: X509_get_subject_name(pointer))
    guard X509_set_pubkey(pointer, key.handle.pointer) == 1 else { throw failure("issue certificate") }

    let issuerHandle = try issuer.map { (issuer) throws(CryptoError) in try SharedCertificate(issuer) }
    let issuerPointer = issuerHandle?.pointer ?? pointer
    guard X509_set_issuer_name(pointer, X509_get_subject_name(issuerPointer)) == 1 else {
      throw failure("issue certificate")
    }
    try addUsage(pointer)
    try addIdentifiers(pointer, issuer: issuerPointer)
    if !altNames.isEmpty {
      let names = try SubjectAltName.encode(altNames)
      defer { GENERAL_NAMES_free(names) }
      try Self.add(NID_subject_alt_name, UnsafeMutableRawPointer(names), critical: false, to: pointer)
    }
    guard X509_sign(pointer, signer.handle.pointer, signer.algorithm.digest) > 0 else {
      throw failure("sign certificate")
    }
    return try Certificate(handle: handle)
  }

  /// 127 random bits: positive and never zero (RFC 5280 section 4.1.2.2).
  private static func setRandomSerial(_ pointer: OpaquePointer) -> Bool {
    var bytes = SecureRandom.bytes(16)
    bytes[0] = bytes[0] & 0x7F | 0x40
    guard let number = BN_bin2bn(bytes, Int32(bytes.count), nil) else { return false }
    defer { BN_free(number) }
    return BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil
  }

  private func addUsage(_ pointer: OpaquePointer) throws(CryptoError) {
    guard let constraints = BASIC_CONSTRAINTS_new() else { throw failure("issue certificate") }
    defer { BASIC_CONSTRAINTS_free(constraints) }
    var keyUsageBits: [Int32]
    switch role {
    case .authority(let pathLength):
      constraints.pointee.ca = 0xFF
      guard let length = ASN1_INTEGER_new() else { throw failure("issue certificate") }
      // `constraints` owns the number from here on.
      constraints.pointee.pathlen = length
      guard (0...16).contains(pathLength), ASN1_INTEGER_set(length, pathLength) == 1 else {
        throw .invalidArgument(field: "pathLength", reason: "\(pathLength) is outside 0 to 16")
      }
      keyUsageBits = [KeyUsageBit.keyCertSign, KeyUsageBit.crlSign]
    case .leaf(let usages):
      keyUsageBits = [KeyUsageBit.digitalSignature]
      if !usages.isEmpty { try addExtendedUsage(usages, pointer) }
    }
    try Self.add(NID_basic_constraints, UnsafeMutableRawPointer(constraints), critical: true, to: pointer)
    guard let keyUsage = ASN1_BIT_STRING_new() else { throw failure("issue certificate") }
    defer { ASN1_BIT_STRING_free(keyUsage) }
    for bit in keyUsageBits where ASN1_BIT_STRING_set_bit(keyUsage, bit, 1) != 1 { throw failure("issue certificate") }
    try Self.add(NID_key_usage, UnsafeMutableRawPointer(keyUsage), critical: true, to: pointer)
  }

  private func addExtendedUsage(_ usages: Set<ExtendedKeyUsage>, _ pointer: OpaquePointer) throws(CryptoError) {
    guard let stack = OPENSSL_sk_new_null() else { throw failure("issue certificate") }
    // The objects are OpenSSL's own constants, so that only the stack is freed.
    defer { OPENSSL_sk_free(stack) }
    for usage in ExtendedKeyUsage.allCases where usages.contains(usage) {
      guard let object = OBJ_nid2obj(usage.identifier), OPENSSL_sk_push(stack, UnsafeRawPointer(object)) > 0 else {
        throw failure("issue certificate")
      }
    }
    try Self.add(NID_ext_key_usage, UnsafeMutableRawPointer(stack), critical: false, to: pointer)
  }

  private func addIdentifiers(_ pointer: OpaquePointer, issuer: OpaquePointer) throws(CryptoError) {
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, issuer, pointer, nil, nil, 0)
    for (kind, value) in [(NID_subject_key_identifier, "hash"), (NID_authority_key_identifier, "keyid:always")] {
      guard let identifier = X509V3_EXT_conf_nid(nil, &context, kind, value) else { throw failure("issue certificate") }
      defer { X509_EXTENSION_free(identifier) }
      guard X509_add_ext(pointer, identifier, -1) == 1 else { throw failure("issue certificate") }
    }
  }

  private static func add(
    _ kind: Int32, _ value: UnsafeMutableRawPointer, critical: Bool, to pointer: OpaquePointer
  ) throws(CryptoError) {
    guard X509_add1_ext_i2d(pointer, kind, value, critical ? 1 : 0, UInt(X509V3_ADD_DEFAULT)) == 1 else {
      throw failure("issue certificate")
    }
  }

  /// Bit numbers of RFC 5280 section 4.2.1.3.
  private enum KeyUsageBit {
    static let digitalSignature: Int32 = 0
    static let keyCertSign: Int32 = 5
    static let crlSign: Int32 = 6
  }
}

/// A certificate in OpenSSL's form for the length of one operation.
final class SharedCertificate {
  let handle: CertificateHandle
  var pointer: OpaquePointer { handle.pointer }

  init(_ certificate: Certificate) throws(CryptoError) { handle = try CertificateHandle(der: certificate.der) }
}
