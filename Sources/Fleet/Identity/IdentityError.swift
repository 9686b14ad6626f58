import Crypto

/// Why an identity, a token or a set of keys was refused. No case carries a token or a key.
public enum IdentityError: Error, Equatable, Sendable {
  /// The argument named `field` is outside what is accepted.
  case invalidArgument(field: String, reason: String)
  case malformedToken(String)
  /// The token asks for an algorithm that is not accepted; `none` and the HMAC family never are.
  case unsupportedAlgorithm(String)
  /// The issuer publishes no key that the token may have been signed with.
  case unknownKey
  case badSignature
  /// A claim is absent or has a value that is not accepted.
  case claimRejected(claim: String, reason: String)
  /// The issuer's keys could not be had, so nothing can be said about the token.
  case keysUnavailable(String)
  case malformedKeySet(String)
  /// Files of the certificate authority contradict each other.
  case inconsistentAuthority(String)
  case crypto(CryptoError)
}

extension IdentityError: CustomStringConvertible {
  /// A word that stays the same between versions.
  public var code: String {
    switch self {
    case .invalidArgument: "identity.invalid_argument"
    case .malformedToken: "identity.malformed_token"
    case .unsupportedAlgorithm: "identity.unsupported_algorithm"
    case .unknownKey: "identity.unknown_key"
    case .badSignature: "identity.bad_signature"
    case .claimRejected: "identity.claim_rejected"
    case .keysUnavailable: "identity.keys_unavailable"
    case .malformedKeySet: "identity.malformed_key_set"
    case .inconsistentAuthority: "identity.inconsistent_authority"
    case .crypto(let error): error.code
    }
  }

  /// Whether the caller presented something that is not accepted (401), as against a fault on this side (503, 500).
  public var isRefusal: Bool {
    switch self {
    case .malformedToken, .unsupportedAlgorithm, .unknownKey, .badSignature, .claimRejected: true
    case .invalidArgument, .keysUnavailable, .malformedKeySet, .inconsistentAuthority, .crypto: false
    }
  }

  public var description: String {
    switch self {
    case .invalidArgument(let field, let reason): "\(field): \(reason)"
    case .malformedToken(let reason): "not a token: \(reason)"
    case .unsupportedAlgorithm(let name): "algorithm '\(name)' is not accepted; use EdDSA, ES256 or RS256"
    case .unknownKey: "the token is signed with a key that its issuer does not publish"
    case .badSignature: "the token's signature does not match"
    case .claimRejected(let claim, let reason): "claim '\(claim)': \(reason)"
    case .keysUnavailable(let reason): "the issuer's keys are not available: \(reason)"
    case .malformedKeySet(let reason): "not a JSON Web Key set: \(reason)"
    case .inconsistentAuthority(let reason): "certificate authority: \(reason)"
    case .crypto(let error): error.description
    }
  }
}

/// Runs `body` with its error as a case of this module's.
func wrapping<Result: ~Copyable>(_ body: () throws(CryptoError) -> Result) throws(IdentityError) -> Result {
  do { return try body() } catch { throw .crypto(error) }
}
