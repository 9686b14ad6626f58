/// PEM text, in memory or in a file.
public enum PEM: Sendable, Hashable {
  case text([UInt8])
  case file(String)
}

/// What one side of a TLS connection shows and accepts.
public struct TLSConfiguration: Sendable {
  public enum Version: Sendable { case tls12, tls13 }

  /// What a server asks of its clients.
  public enum ClientCertificates: Sendable {
    case none
    /// Checked when shown.
    case optional
    case required
  }

  /// Certificate followed by its intermediate certificates, and the private key (not encrypted).
  public struct Identity: Sendable {
    public var chain: PEM
    public var key: PEM

    public init(chain: PEM, key: PEM) {
      self.chain = chain
      self.key = key
    }
  }

  /// A server must have one; a client may.
  public var identity: Identity?
  /// Certificates that vouch for the peer. Without, a client trusts what the system trusts.
  public var trustRoots: PEM?
  /// Protocol names in order of preference; the server's order decides.
  public var alpn: [String] = []
  /// Whether a server refuses clients that offer ALPN names of which it knows none.
  public var requiresALPN = false
  public var minimumVersion = Version.tls13
  /// Server only.
  public var clientCertificates = ClientCertificates.none
  /// Session tickets a server issues per connection; 0 turns resumption off, so that every connection is checked anew.
  public var sessionTickets = 0

  public init() {}
}

/// Whom a client expects at the other end, beyond a certificate of a trusted root.
public enum TLSPeerName: Sendable, Hashable {
  /// A DNS name, also sent as SNI, or a literal IP address.
  case host(String)
  /// The only URI in the certificate must be this (`spiffe://domain/path`).
  case spiffeID(String)
  /// The only URI in the certificate must be of this trust domain (`domain`).
  case trustDomain(String)
  /// Every certificate of the trusted roots.
  case anyTrusted
}

/// What can go wrong with TLS.
public enum TLSError: Error, Equatable, Sendable {
  /// A certificate, key or list in the configuration is unusable; the text names which and why.
  case configuration(String)
  /// The two sides did not agree, or one refused the other; OpenSSL's reason, such as `certificate verify failed`.
  case refused(String)
  /// The peer's certificate is valid but belongs to someone else.
  case wrongPeer(expected: TLSPeerName, found: [String])
  /// No handshake within the time allowed.
  case handshakeTimeout
  /// The connection ended without TLS's own end mark: the stream may have been cut short.
  case truncated
  /// A Unix socket or a server has no name to check: `peerName` must be given.
  case peerNameNeeded
}
