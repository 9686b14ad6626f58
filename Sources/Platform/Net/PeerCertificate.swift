import CNet
import COpenSSL

/// The verified certificate of the other side.
public struct PeerCertificate: Sendable, Hashable {
  /// The certificate as it came over the wire.
  public var der: [UInt8]
  public var commonName: String?
  public var uris: [String]
  public var dnsNames: [String]

  /// The SPIFFE ID: the one URI of the certificate (SPIFFE X.509-SVID, section 2: exactly one URI).
  public var spiffeID: String? {
    guard uris.count == 1, let uri = uris.first, uri.hasPrefix("spiffe://") else { return nil }
    return uri
  }

  /// Nil without a certificate.
  init?(session: OpaquePointer) {
    guard let certificate = cnet_tls_peer(session) else { return nil }
    defer { X509_free(certificate) }
    let length = i2d_X509(certificate, nil)
    guard length > 0 else { return nil }
    der = [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
      var position = buffer.baseAddress
      count = Int(max(0, i2d_X509(certificate, &position)))
    }
    commonName = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      let count = cnet_x509_common_name(certificate, buffer.baseAddress, 256)
      guard count >= 0 else { return nil }
      return PeerCertificate.text(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<Int(count)]))
    }
    var names = Names()
    withUnsafeMutablePointer(to: &names) { pointer in
      cnet_x509_names(certificate, pointer) { context, kind, bytes, count in
        guard let context, let bytes, count > 0 else { return }
        let raw = UnsafeRawBufferPointer(start: bytes, count: Int(count))
        guard let text = PeerCertificate.text(raw) else { return }
        let names = context.assumingMemoryBound(to: Names.self)
        if kind == GEN_URI { names.pointee.uris.append(text) } else { names.pointee.dns.append(text) }
      }
    }
    uris = names.uris
    dnsNames = names.dns
  }

  private struct Names {
    var uris: [String] = []
    var dns: [String] = []
  }

  /// Nil for bytes that are not UTF-8 or hold a NUL, which some checkers would take for the end of the name.
  private static func text(_ bytes: UnsafeRawBufferPointer) -> String? {
    guard !bytes.contains(0) else { return nil }
    return String(validating: bytes.bindMemory(to: UInt8.self), as: UTF8.self)
  }

  /// Whether this is whom the client expects; host names are checked by OpenSSL during the handshake.
  func matches(_ name: TLSPeerName) -> Bool {
    switch name {
    case .host, .anyTrusted: true
    case .spiffeID(let id): spiffeID == id
    case .trustDomain(let domain): spiffeID?.hasPrefix("spiffe://\(domain)/") ?? false
    }
  }
}
