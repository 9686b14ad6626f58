import Bytes
import Crypto
import JSON

/// Issues tokens to anyone who may read its key file, for development and first steps only: there is no log-in.
public struct DevelopmentIssuer: Sendable {
  public static let issuerName = "https://development.aether.local"
  public static let audience = "aether"
  /// Longest life of a token.
  public static let lifetimeMax = Duration.seconds(86_400)

  private let key: PrivateKey
  private let webKey: JSONWebKey

  /// Loads the key `development-issuer.key` of a directory, or makes it.
  public static func open(_ directory: String) throws(IdentityError) -> DevelopmentIssuer {
    try wrapping { () throws(CryptoError) in try ProtectedFile.makeDirectory(directory, mode: 0o700) }
    let lock = try DirectoryLock(directory)
    defer { _ = lock }
    let path = "\(directory)/development-issuer.key"
    if let stored = try wrapping({ () throws(CryptoError) in try PrivateKey.load(path) }) {
      return try DevelopmentIssuer(key: stored)
    }
    let key = try wrapping { () throws(CryptoError) in
      let key = try PrivateKey.generate(.ed25519)
      try key.store(path)
      return key
    }
    return try DevelopmentIssuer(key: key)
  }

  init(key: PrivateKey) throws(IdentityError) {
    self.key = key
    webKey = try JSONWebKey(key.publicKey)
  }

  /// What a verifier of this issuer's tokens needs.
  public func trusted() throws(IdentityError) -> TokenVerifier.TrustedIssuer {
    TokenVerifier.TrustedIssuer(
      policy: ClaimsPolicy(issuer: Self.issuerName, audience: Self.audience, lifetimeMax: Self.lifetimeMax),
      keys: try .fixed(keySet))
  }

  /// To be published as the issuer's JWKS document.
  public var keySet: KeySet { KeySet([webKey]) }

  /// A token for a named user.
  public func issue(
    user: String, scopes: [String] = [], roles: [String] = [], lifetime: Duration = .seconds(3600),
    now: UnixTime = .now()
  ) throws(IdentityError) -> String {
    guard lifetime > .zero, lifetime <= Self.lifetimeMax else {
      throw .invalidArgument(field: "lifetime", reason: "takes 1 second to 24 hours")
    }
    guard scopes.allSatisfy({ !$0.isEmpty && !$0.contains(" ") }) else {
      throw .invalidArgument(field: "scopes", reason: "takes words without spaces")
    }
    var claims = JSONObject([
      ("iss", .string(Self.issuerName)), ("sub", .string(user)), ("aud", .string(Self.audience)),
      ("iat", .integer(now.seconds)), ("exp", .integer(now.adding(lifetime).seconds)),
      ("jti", .string(identifier())),
    ])
    if !scopes.isEmpty { claims["scope"] = .string(scopes.joined(separator: " ")) }
    if !roles.isEmpty { claims["roles"] = .array(roles.map { .string($0) }) }
    // The policy that will judge the token judges the user's name now.
    let policy = ClaimsPolicy(issuer: Self.issuerName, audience: Self.audience)
    do { _ = try policy.validate(Claims(claims), now: now) } catch {
      if case .claimRejected("sub", let reason) = error { throw .invalidArgument(field: "user", reason: reason) }
      throw error
    }
    return try CompactJWS.sign(claims, with: key, keyID: webKey.keyID)
  }

  private func identifier() -> String {
    Hex.encode(SecureRandom.bytes(12))
  }
}
