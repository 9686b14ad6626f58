import COpenSSL

/// The parts of an X.501 name that Aether writes and reads.
public struct DistinguishedName: Sendable, Hashable {
  public var commonName: String
  public var organization: String?

  public init(commonName: String, organization: String? = nil) {
    self.commonName = commonName
    self.organization = organization
  }

  /// Fills an OpenSSL name that belongs to a certificate or request.
  func write(to name: OpaquePointer?) throws(CryptoError) {
    try Self.append(organization, NID_organizationName, "organization", to: name)
    try Self.append(commonName, NID_commonName, "commonName", to: name)
  }

  private static func append(
    _ value: String?, _ kind: Int32, _ field: String, to name: OpaquePointer?
  ) throws(CryptoError) {
    guard let value else { return }
    let bytes = Array(value.utf8)
    // 64 characters: ub-common-name and ub-organization-name of RFC 5280 appendix A.
    guard !bytes.isEmpty, value.unicodeScalars.count <= 64, !bytes.contains(0) else {
      throw .invalidArgument(field: field, reason: "takes 1 to 64 characters")
    }
    guard X509_NAME_add_entry_by_NID(name, kind, MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0) == 1 else {
      throw failure("write name")
    }
  }

  init(reading name: OpaquePointer?) throws(CryptoError) {
    commonName = try Self.read(NID_commonName, from: name) ?? ""
    organization = try Self.read(NID_organizationName, from: name)
  }

  private static func read(_ kind: Int32, from name: OpaquePointer?) throws(CryptoError) -> String? {
    let index = X509_NAME_get_index_by_NID(name, kind, -1)
    guard index >= 0, let value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)) else { return nil }
    var converted: UnsafeMutablePointer<UInt8>?
    let length = ASN1_STRING_to_UTF8(&converted, value)
    guard length >= 0, let converted else { throw .invalidCertificate("a name is not text: \(takeOpenSSLReason())") }
    defer { CRYPTO_free(converted, nil, 0) }
    let bytes = UnsafeBufferPointer(start: converted, count: Int(length))
    guard !bytes.contains(0) else { throw .invalidCertificate("a name contains NUL") }
    return String(decoding: bytes, as: UTF8.self)
  }
}
