import COpenSSL

/// A PKCS #10 request (RFC 2986): a key and the names its holder asks for. Its own signature has been verified.
public struct CertificateRequest: Sendable {
  public let der: [UInt8]
  public let subject: DistinguishedName
  public let altNames: [SubjectAltName]
  public let publicKey: PublicKey

  public var pem: String { PEM.text("CERTIFICATE REQUEST", der) }

  public init(subject: DistinguishedName, altNames: [SubjectAltName] = [], key: PrivateKey) throws(CryptoError) {
    guard let request = X509_REQ_new() else { throw failure("make request") }
    defer { X509_REQ_free(request) }
    guard X509_REQ_set_version(request, 0) == 1, X509_REQ_set_pubkey(request, key.handle.pointer) == 1 else {
      throw failure("make request")
    }
    try subject.write(to: X509_REQ_get_subject_name(request))
    if !altNames.isEmpty {
      let names = try SubjectAltName.encode(altNames)
      defer { GENERAL_NAMES_free(names) }
      var extensions: OpaquePointer?
      defer { Self.free(extensions) }
      guard
        X509V3_add1_i2d(
          &extensions, NID_subject_alt_name, UnsafeMutableRawPointer(names), 0, UInt(X509V3_ADD_DEFAULT)) == 1,
        X509_REQ_add_extensions(request, extensions) == 1
      else { throw failure("make request") }
    }
    guard X509_REQ_sign(request, key.handle.pointer, key.algorithm.digest) > 0 else { throw failure("sign request") }
    try self.init(pointer: request)
  }

  public init(der: [UInt8]) throws(CryptoError) {
    guard der.count <= 64 << 10 else { throw .invalidRequest("longer than 64 KiB") }
    let request = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var cursor = buffer.baseAddress
      guard let request = d2i_X509_REQ(nil, &cursor, buffer.count) else { return nil }
      if cursor == buffer.baseAddress?.advanced(by: buffer.count) { return request }
      X509_REQ_free(request)
      return nil
    }
    guard let request else { throw .invalidRequest("not DER: \(takeOpenSSLReason())") }
    defer { X509_REQ_free(request) }
    try self.init(pointer: request)
  }

  public init(pem: String) throws(CryptoError) {
    let labels: Set<String> = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"]
    guard let block = try PEM.blocks(pem).first(where: { labels.contains($0.label) }) else {
      throw .invalidRequest("the PEM text has no CERTIFICATE REQUEST block")
    }
    try self.init(der: block.der.exposed())
  }

  private init(pointer: OpaquePointer) throws(CryptoError) {
    defer { ERR_clear_error() }
    guard let key = X509_REQ_get_pubkey(pointer) else { throw .invalidRequest(takeOpenSSLReason()) }
    let handle = KeyHandle(owning: key)
    publicKey = try PublicKey(handle: handle)
    guard X509_REQ_verify(pointer, handle.pointer) == 1 else {
      throw .invalidRequest("its signature does not match its key")
    }
    der = try encodeDER(pointer, "encode request") { i2d_X509_REQ($0, $1) }
    subject = try DistinguishedName(reading: X509_REQ_get_subject_name(pointer))
    let extensions = X509_REQ_get_extensions(pointer)
    defer { Self.free(extensions) }
    var state: Int32 = 0
    if let names = X509V3_get_d2i(extensions, NID_subject_alt_name, &state, nil) {
      let stack = OpaquePointer(names)
      defer { GENERAL_NAMES_free(stack) }
      altNames = try SubjectAltName.decode(stack)
    } else if extensions == nil || state == -1 {
      altNames = []
    } else {
      throw .invalidRequest("its alternative names do not parse")
    }
  }

  private static func free(_ extensions: OpaquePointer?) {
    while let last = OPENSSL_sk_pop(extensions) { X509_EXTENSION_free(OpaquePointer(last)) }
    OPENSSL_sk_free(extensions)
  }
}
