import Crypto

/// Aether's own certificate authority: one self-signed root that issues SPIFFE identities.
///
/// When its certificate nears its end it is renewed on the same key, so that everything issued before stays valid.
public struct CertificateAuthority: Sendable {
  /// How long what is issued is good for.
  public struct Lifetimes: Sendable, Equatable {
    public var authority: Duration
    public var leaf: Duration
    /// Certificates start this much before now, for peers whose clocks are behind.
    public var clockSkew: Duration

    public init(
      authority: Duration = .seconds(3650 * 86_400), leaf: Duration = .seconds(90 * 86_400),
      clockSkew: Duration = .seconds(300)
    ) {
      self.authority = authority
      self.leaf = leaf
      self.clockSkew = clockSkew
    }
  }

  public let trustDomain: String
  public let certificate: Certificate
  public let lifetimes: Lifetimes
  let key: PrivateKey

  public var anchors: TrustAnchors { TrustAnchors([certificate]) }

  /// Makes a new authority in memory.
  public static func make(
    trustDomain: String = SPIFFEID.defaultTrustDomain, lifetimes: Lifetimes = Lifetimes(), now: UnixTime = .now()
  ) throws(IdentityError) -> CertificateAuthority {
    let key = try wrapping { () throws(CryptoError) in try PrivateKey.generate(.p256) }
    return try CertificateAuthority(key: key, trustDomain: trustDomain, lifetimes: lifetimes, now: now)
  }

  /// Loads `ca.pem` and `ca.key` from a directory, or makes them there; renews the certificate when its end is near.
  public static func open(
    _ directory: String, trustDomain: String = SPIFFEID.defaultTrustDomain, lifetimes: Lifetimes = Lifetimes(),
    now: UnixTime = .now()
  ) throws(IdentityError) -> CertificateAuthority {
    try wrapping { () throws(CryptoError) in try ProtectedFile.makeDirectory(directory, mode: 0o755) }
    let lock = try DirectoryLock(directory)
    defer { _ = lock }
    return try openLocked(directory, trustDomain: trustDomain, lifetimes: lifetimes, now: now)
  }

  static func openLocked(
    _ directory: String, trustDomain: String, lifetimes: Lifetimes, now: UnixTime
  ) throws(IdentityError) -> CertificateAuthority {
    let keyPath = "\(directory)/ca.key"
    let certificatePath = "\(directory)/ca.pem"
    let (storedKey, storedCertificate) = try wrapping { () throws(CryptoError) in
      (try PrivateKey.load(keyPath), try ProtectedFile.readCertificate(certificatePath))
    }
    guard let storedKey else {
      if storedCertificate != nil {
        throw .inconsistentAuthority("\(certificatePath) is there but its key \(keyPath) is not")
      }
      let fresh = try make(trustDomain: trustDomain, lifetimes: lifetimes, now: now)
      // The key first: a key without a certificate is completed below, a certificate without its key is lost.
      try wrapping { () throws(CryptoError) in
        try fresh.key.store(keyPath)
        try fresh.storeCertificate(certificatePath)
      }
      return fresh
    }
    if let storedCertificate {
      guard storedCertificate.publicKey == storedKey.publicKey else {
        throw .inconsistentAuthority("\(keyPath) is not the key of \(certificatePath)")
      }
      let found = try SPIFFEID(of: storedCertificate).trustDomain
      guard found == trustDomain else {
        throw .inconsistentAuthority("\(certificatePath) is of trust domain \(found), not \(trustDomain)")
      }
      // A leaf must not outlive its issuer, so that there is always room for two of them.
      let enough = now.adding(lifetimes.leaf + lifetimes.leaf)
      if storedCertificate.isValid(at: now) && storedCertificate.notAfter > enough {
        return CertificateAuthority(
          trustDomain: trustDomain, certificate: storedCertificate, lifetimes: lifetimes, key: storedKey)
      }
    }
    let renewed = try CertificateAuthority(key: storedKey, trustDomain: trustDomain, lifetimes: lifetimes, now: now)
    try wrapping { () throws(CryptoError) in try renewed.storeCertificate(certificatePath) }
    return renewed
  }

  private init(trustDomain: String, certificate: Certificate, lifetimes: Lifetimes, key: PrivateKey) {
    self.trustDomain = trustDomain
    self.certificate = certificate
    self.lifetimes = lifetimes
    self.key = key
  }

  private init(
    key: PrivateKey, trustDomain: String, lifetimes: Lifetimes, now: UnixTime
  ) throws(IdentityError) {
    let id = try SPIFFEID(trustDomain: trustDomain, path: "")
    self.trustDomain = trustDomain
    self.lifetimes = lifetimes
    self.key = key
    certificate = try wrapping { () throws(CryptoError) in
      try CertificateTemplate(
        subject: DistinguishedName(commonName: "Aether CA", organization: "Aether"), altNames: [.uri(id.description)],
        role: .authority(pathLength: 0), notBefore: now.adding(.zero - lifetimes.clockSkew),
        notAfter: now.adding(lifetimes.authority)
      ).selfSigned(by: key)
    }
  }

  private func storeCertificate(_ path: String) throws(CryptoError) {
    try ProtectedFile.write(Array(certificate.pem.utf8), to: path, mode: 0o644)
  }

  /// Issues an X.509 SVID.
  ///
  /// - Parameter names: DNS names and addresses that TLS clients may know the holder by.
  public func issue(
    _ identity: WorkloadIdentity, for key: PublicKey, names: [SubjectAltName] = [], now: UnixTime = .now()
  ) throws(IdentityError) -> Certificate {
    let id = try identity.spiffeID(in: trustDomain)
    for name in names {
      if case .uri = name { throw .invalidArgument(field: "names", reason: "an SVID has no URI besides its identity") }
    }
    return try wrapping { () throws(CryptoError) in
      try CertificateTemplate(
        subject: DistinguishedName(commonName: String(identity.name.prefix(64)), organization: "Aether"),
        altNames: [.uri(id.description)] + names, role: .leaf(identity.usage),
        notBefore: now.adding(.zero - lifetimes.clockSkew),
        notAfter: min(now.adding(lifetimes.leaf), certificate.notAfter)
      ).issued(for: key, by: certificate, key: self.key)
    }
  }

  /// Issues for the key of a request. Whatever names the request asks for, it gets those given here.
  public func issue(
    _ identity: WorkloadIdentity, for request: CertificateRequest, names: [SubjectAltName] = [], now: UnixTime = .now()
  ) throws(IdentityError) -> Certificate {
    try issue(identity, for: request.publicKey, names: names, now: now)
  }

  /// Whether less than a third of its life is left, or it is not valid now.
  public static func needsRenewal(_ certificate: Certificate, now: UnixTime) -> Bool {
    let life = certificate.notAfter.seconds - certificate.notBefore.seconds
    return !certificate.isValid(at: now) || certificate.notAfter.seconds - now.seconds < life / 3
  }
}

extension ProtectedFile {
  /// The first certificate of a PEM file; `nil` when there is no such file.
  static func readCertificate(_ path: String) throws(CryptoError) -> Certificate? {
    guard let text = try read(path) else { return nil }
    return try Certificate(pem: String(decoding: text.exposed(), as: UTF8.self))
  }
}
