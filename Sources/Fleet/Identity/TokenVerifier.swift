import Crypto
import Synchronization

/// Verifies bearer tokens of the issuers it trusts.
///
/// A token that was verified is remembered by its SHA-256 until it expires, its keys are due for a refresh, or its
/// issuer's keys change; verifying it again then costs one digest.
public final class TokenVerifier: Sendable {
  public struct TrustedIssuer: Sendable {
    public var policy: ClaimsPolicy
    public var keys: KeySetSource

    public init(policy: ClaimsPolicy, keys: KeySetSource) {
      self.policy = policy
      self.keys = keys
    }
  }

  public struct Options: Sendable {
    public var keyLimits: KeySetCache.Limits
    public var fetchTimeout: Duration
    /// How many verified tokens are remembered; 0 for none.
    public var rememberedMax: Int

    public init(
      keyLimits: KeySetCache.Limits = KeySetCache.Limits(), fetchTimeout: Duration = .seconds(10),
      rememberedMax: Int = 10_000
    ) {
      self.keyLimits = keyLimits
      self.fetchTimeout = fetchTimeout
      self.rememberedMax = rememberedMax
    }
  }

  /// The clocks read: wall time for claims, and a time that never goes back for the age of keys.
  public struct Clock: Sendable {
    public var now: @Sendable () -> UnixTime
    public var elapsed: @Sendable () -> Duration

    public init(now: @escaping @Sendable () -> UnixTime, elapsed: @escaping @Sendable () -> Duration) {
      self.now = now
      self.elapsed = elapsed
    }

    public static let system: Clock = {
      let start = ContinuousClock.now
      return Clock(now: { .now() }, elapsed: { start.duration(to: .now) })
    }()
  }

  private struct Issuer: Sendable {
    var policy: ClaimsPolicy
    var keys: IssuerKeys
  }

  private struct Remembered {
    var principal: Principal
    var revision: UInt64
    var until: Duration
  }

  private let issuers: [String: Issuer]
  private let remembered = Mutex<[[UInt8]: Remembered]>([:])
  private let options: Options
  private let clock: Clock

  /// - Parameter issuers: told apart by the `iss` claim; of two with the same name the later one counts.
  public init(_ issuers: [TrustedIssuer], options: Options = Options(), clock: Clock = .system) {
    self.options = options
    self.clock = clock
    self.issuers = Dictionary(
      issuers.map { issuer in
        let keys = IssuerKeys(
          source: issuer.keys, limits: options.keyLimits, fetchTimeout: options.fetchTimeout, clock: clock.elapsed)
        return (issuer.policy.issuer, Issuer(policy: issuer.policy, keys: keys))
      }, uniquingKeysWith: { _, later in later })
  }

  /// Who the token speaks for. Throws a refusal (see `IdentityError.isRefusal`), or that keys could not be had.
  public func verify(_ token: String) async throws(IdentityError) -> Principal {
    guard token.utf8.count <= CompactJWS.sizeMax else {
      throw .malformedToken("longer than \(CompactJWS.sizeMax) bytes")
    }
    let digest = Digest.sha256(token.utf8)
    if let known = recall(digest) { return known }
    let signed = try CompactJWS(token)
    let claims = try Claims(signed.claims())
    guard let name = claims.issuer, let issuer = issuers[name] else {
      throw .claimRejected(claim: "iss", reason: "is not an issuer trusted here")
    }
    // Cheap checks first, so that an expired token costs no signature; the result counts only after it.
    let principal = try issuer.policy.validate(claims, now: clock.now())
    switch await issuer.keys.keys(keyID: signed.keyID, algorithm: signed.algorithm) {
    case .keys(let keys, let revision):
      guard keys.contains(where: { signed.isSigned(by: $0) }) else { throw .badSignature }
      remember(principal, digest, revision: revision)
      return principal
    case .unknownKey: throw .unknownKey
    case .unavailable(let reason): throw .keysUnavailable(reason)
    }
  }

  /// The principal of a token verified before, without suspending; `nil` when `verify` has to be asked.
  public func recall(_ token: String) -> Principal? {
    token.utf8.count <= CompactJWS.sizeMax ? recall(Digest.sha256(token.utf8)) : nil
  }

  private func recall(_ digest: [UInt8]) -> Principal? {
    guard let entry = remembered.withLock({ $0[digest] }), let issuer = issuers[entry.principal.issuer],
      clock.elapsed() < entry.until, clock.now() < entry.principal.expiresAt.adding(issuer.policy.leeway),
      issuer.keys.revision == entry.revision
    else { return nil }
    return entry.principal
  }

  private func remember(_ principal: Principal, _ digest: [UInt8], revision: UInt64) {
    guard options.rememberedMax > 0 else { return }
    let entry = Remembered(
      principal: principal, revision: revision, until: clock.elapsed() + options.keyLimits.freshFor)
    remembered.withLock { entries in
      // Dropping everything now and then is simple, and costs each live token one verification.
      if entries.count >= options.rememberedMax { entries.removeAll(keepingCapacity: true) }
      entries[digest] = entry
    }
  }
}
