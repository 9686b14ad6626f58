import Bytes
import COpenSSL
import Glibc

/// What a certificate's key may be used for in TLS (RFC 5280 section 4.2.1.12).
public enum ExtendedKeyUsage: Sendable, Hashable, CaseIterable {
  case serverAuth, clientAuth

  var identifier: Int32 { self == .serverAuth ? NID_server_auth : NID_client_auth }
}

/// A parsed X.509 certificate. Parsing says nothing about trust: see `TrustAnchors`.
public struct Certificate: Sendable {
  /// The certificate as it was signed.
  public let der: [UInt8]
  public let subject: DistinguishedName
  public let issuer: DistinguishedName
  public let altNames: [SubjectAltName]
  public let notBefore: UnixTime
  public let notAfter: UnixTime
  /// Big-endian.
  public let serial: [UInt8]
  public let isAuthority: Bool
  /// Empty when the certificate does not restrict its use.
  public let extendedKeyUsage: Set<ExtendedKeyUsage>
  public let publicKey: PublicKey
  /// SHA-256 of `der`.
  public let fingerprint: [UInt8]

  public var serialHex: String { Hex.encode(serial) }
  public var fingerprintHex: String { Hex.encode(fingerprint) }
  public var pem: String { PEM.text("CERTIFICATE", der) }
  /// The URIs among the alternative names, such as a SPIFFE ID.
  public var uris: [String] { altNames.compactMap { if case .uri(let uri) = $0 { uri } else { nil } } }

  public init(der: [UInt8]) throws(CryptoError) { try self.init(handle: CertificateHandle(der: der)) }

  /// The first `CERTIFICATE` block of a text.
  public init(pem: String) throws(CryptoError) {
    guard let first = try Self.bundle(pem: pem).first else {
      throw .invalidCertificate("the PEM text has no CERTIFICATE block")
    }
    self = first
  }

  /// Every `CERTIFICATE` block of a text, in order.
  public static func bundle(pem: String) throws(CryptoError) -> [Certificate] {
    var certificates: [Certificate] = []
    for block in try PEM.blocks(pem) where block.label == "CERTIFICATE" {
      certificates.append(try Certificate(der: block.der.exposed()))
    }
    return certificates
  }

  init(handle: borrowing CertificateHandle) throws(CryptoError) {
    defer { ERR_clear_error() }
    let pointer = handle.pointer
    der = try encodeDER(pointer, "encode certificate") { i2d_X509($0, $1) }
    fingerprint = Digest.sha256(der)
    subject = try DistinguishedName(reading: X509_get_subject_name(pointer))
    issuer = try DistinguishedName(reading: X509_get_issuer_name(pointer))
    notBefore = try Self.time(X509_get0_notBefore(pointer))
    notAfter = try Self.time(X509_get0_notAfter(pointer))
    serial = X509_get0_serialNumber(pointer).map { asn1Bytes($0) } ?? []
    isAuthority = X509_check_ca(pointer) == 1
    guard let key = X509_get_pubkey(pointer) else { throw .invalidCertificate(takeOpenSSLReason()) }
    publicKey = try PublicKey(handle: KeyHandle(owning: key))
    altNames = try handle.altNames()
    extendedKeyUsage = try handle.extendedKeyUsage()
  }

  private static func time(_ time: UnsafePointer<ASN1_TIME>?) throws(CryptoError) -> UnixTime {
    var parts = tm()
    guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { throw .invalidCertificate("its validity is not a time") }
    return UnixTime(Int64(timegm(&parts)))
  }

  public func isValid(at time: UnixTime) -> Bool { notBefore <= time && time <= notAfter }
}

extension Certificate: Hashable {
  public static func == (left: Certificate, right: Certificate) -> Bool { left.der == right.der }
  public func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
}

/// Owns an OpenSSL certificate.
struct CertificateHandle: ~Copyable {
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  init(der: [UInt8]) throws(CryptoError) {
    guard der.count <= 64 << 10 else { throw .invalidCertificate("longer than 64 KiB") }
    let pointer = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var cursor = buffer.baseAddress
      guard let pointer = d2i_X509(nil, &cursor, buffer.count) else { return nil }
      if cursor == buffer.baseAddress?.advanced(by: buffer.count) { return pointer }
      X509_free(pointer)
      return nil
    }
    guard let pointer else { throw .invalidCertificate("not DER: \(takeOpenSSLReason())") }
    self.pointer = pointer
  }

  deinit { X509_free(pointer) }

  func altNames() throws(CryptoError) -> [SubjectAltName] {
    var state: Int32 = 0
    guard let names = X509_get_ext_d2i(pointer, NID_subject_alt_name, &state, nil) else {
      // -1: there is none. Anything else: there are two, or it does not parse.
      if state == -1 { return [] }
      throw .invalidCertificate("its alternative names do not parse")
    }
    let stack = OpaquePointer(names)
    defer { GENERAL_NAMES_free(stack) }
    return try SubjectAltName.decode(stack)
  }

  func extendedKeyUsage() throws(CryptoError) -> Set<ExtendedKeyUsage> {
    var state: Int32 = 0
    guard let usages = X509_get_ext_d2i(pointer, NID_ext_key_usage, &state, nil) else {
      if state == -1 { return [] }
      throw .invalidCertificate("its extended key usage does not parse")
    }
    let stack = OpaquePointer(usages)
    defer { EXTENDED_KEY_USAGE_free(stack) }
    var found: Set<ExtendedKeyUsage> = []
    for index in 0..<max(0, OPENSSL_sk_num(stack)) {
      guard let object = OPENSSL_sk_value(stack, index) else { continue }
      let identifier = OBJ_obj2nid(OpaquePointer(object))
      for usage in ExtendedKeyUsage.allCases where usage.identifier == identifier { found.insert(usage) }
    }
    return found
  }
}
