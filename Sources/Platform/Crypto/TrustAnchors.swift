import COpenSSL

/// The authorities whose certificates are believed.
public struct TrustAnchors: Sendable {
  public var authorities: [Certificate]

  public init(_ authorities: [Certificate]) { self.authorities = authorities }

  /// Throws `notTrusted` unless `leaf` leads to one of the authorities, at that time and for that purpose
  /// (RFC 5280 section 6, by OpenSSL).
  ///
  /// - Parameter intermediates: certificates the peer sent along; they are not trusted by themselves.
  public func verify(
    _ leaf: Certificate, intermediates: [Certificate] = [], for usage: ExtendedKeyUsage, at time: UnixTime = .now()
  ) throws(CryptoError) {
    defer { ERR_clear_error() }
    guard let store = X509_STORE_new() else { throw failure("verify certificate") }
    defer { X509_STORE_free(store) }
    for authority in authorities {
      let shared = try SharedCertificate(authority)
      guard X509_STORE_add_cert(store, shared.pointer) == 1 else { throw failure("verify certificate") }
    }
    guard let untrusted = OPENSSL_sk_new_null() else { throw failure("verify certificate") }
    defer { OPENSSL_sk_free(untrusted) }
    var kept: [SharedCertificate] = []
    for intermediate in intermediates {
      let shared = try SharedCertificate(intermediate)
      guard OPENSSL_sk_push(untrusted, UnsafeRawPointer(shared.pointer)) > 0 else {
        throw failure("verify certificate")
      }
      kept.append(shared)
    }
    let subject = try SharedCertificate(leaf)
    guard let context = X509_STORE_CTX_new() else { throw failure("verify certificate") }
    defer { X509_STORE_CTX_free(context) }
    guard X509_STORE_CTX_init(context, store, subject.pointer, untrusted) == 1,
      X509_STORE_CTX_set_purpose(
        context, usage == .serverAuth ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT) == 1
    else { throw failure("verify certificate") }
    X509_STORE_CTX_set_time(context, 0, time_t(time.seconds))
    let verified = withExtendedLifetime((kept, subject)) { X509_verify_cert(context) }
    guard verified == 1 else {
      let code = X509_STORE_CTX_get_error(context)
      throw .notTrusted(X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "code \(code)")
    }
  }
}
