import Crypto

/// The keys and certificates of one installation, as files under `<root>/pki`.
///
/// Certificates are of mode 0644, keys of mode 0600, each replaced in one step.
public struct PKIDirectory: Sendable {
  /// Paths of a key and its certificate.
  public struct Pair: Sendable, Equatable {
    public let certificate: String
    public let key: String
  }

  public let authority: CertificateAuthority
  /// Trust anchors in PEM.
  public let bundle: String
  public let server: Pair
  public let client: Pair
  /// Names of the pairs that this call issued or renewed: `server`, `client`.
  public let renewed: [String]

  /// What the certificates shall say.
  public struct Names: Sendable {
    public var trustDomain: String
    public var server: WorkloadIdentity
    public var client: WorkloadIdentity
    /// Names and addresses that the server is reached under.
    public var serverNames: [SubjectAltName]

    public init(
      trustDomain: String = SPIFFEID.defaultTrustDomain, server: WorkloadIdentity = .daemon("local"),
      client: WorkloadIdentity = .client("local"),
      serverNames: [SubjectAltName] = [
        .dns("localhost"), .ip([127, 0, 0, 1]), .ip([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
      ]
    ) {
      self.trustDomain = trustDomain
      self.server = server
      self.client = client
      self.serverNames = serverNames
    }
  }

  /// Makes what is missing and renews what is near its end, was issued by another authority or says something else.
  ///
  /// A second call changes nothing. Processes that call it at the same time wait for each other.
  public static func ensure(
    root: String, names: Names = Names(),
    lifetimes: CertificateAuthority.Lifetimes = CertificateAuthority.Lifetimes(), now: UnixTime = .now()
  ) throws(IdentityError) -> PKIDirectory {
    let directory = "\(root)/pki"
    try wrapping { () throws(CryptoError) in try ProtectedFile.makeDirectory(directory, mode: 0o755) }
    let lock = try DirectoryLock(directory)
    defer { _ = lock }
    let authority = try CertificateAuthority.openLocked(
      directory, trustDomain: names.trustDomain, lifetimes: lifetimes, now: now)
    let bundle = "\(directory)/bundle.pem"
    try wrapping { () throws(CryptoError) in
      let wanted = Secret(Array(authority.certificate.pem.utf8))
      if try ProtectedFile.read(bundle) != wanted { try ProtectedFile.write(wanted.exposed(), to: bundle, mode: 0o644) }
    }
    var renewed: [String] = []
    func ensure(
      _ name: String, _ identity: WorkloadIdentity, _ altNames: [SubjectAltName]
    ) throws(IdentityError) -> Pair {
      let pair = Pair(certificate: "\(directory)/\(name).pem", key: "\(directory)/\(name).key")
      let id = try identity.spiffeID(in: names.trustDomain)
      if isGood(pair, id: id, altNames: altNames, usage: identity.usage, authority: authority, now: now) { return pair }
      let key = try wrapping { () throws(CryptoError) in try PrivateKey.generate(.p256) }
      let certificate = try authority.issue(identity, for: key.publicKey, names: altNames, now: now)
      try wrapping { () throws(CryptoError) in
        try key.store(pair.key)
        try ProtectedFile.write(Array(certificate.pem.utf8), to: pair.certificate, mode: 0o644)
      }
      renewed.append(name)
      return pair
    }
    let server = try ensure("server", names.server, names.serverNames)
    let client = try ensure("client", names.client, [])
    return PKIDirectory(authority: authority, bundle: bundle, server: server, client: client, renewed: renewed)
  }

  /// A pair that cannot be read is as good as none: it is issued anew.
  private static func isGood(
    _ pair: Pair, id: SPIFFEID, altNames: [SubjectAltName], usage: Set<ExtendedKeyUsage>,
    authority: CertificateAuthority, now: UnixTime
  ) -> Bool {
    guard let certificate = try? ProtectedFile.readCertificate(pair.certificate),
      let key = try? PrivateKey.load(pair.key), certificate.publicKey == key.publicKey,
      Set(certificate.altNames) == Set([.uri(id.description)] + altNames), certificate.extendedKeyUsage == usage,
      !CertificateAuthority.needsRenewal(certificate, now: now)
    else { return false }
    return (try? authority.anchors.verify(certificate, for: .clientAuth, at: now)) != nil
  }
}
