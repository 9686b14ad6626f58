import Crypto
import Gateway
import HTTPClient
import Identity
import JSON
import Model

/// The identity layer's token check as the gateway wants it.
struct TokenCheck: TokenAuthenticator {
  let verifier: TokenVerifier

  func authenticate(token: String) async throws(APIError) -> Caller {
    do {
      let principal = try await verifier.verify(token)
      return Caller(
        user: principal.owner,
        expiresAt: Timestamp(milliseconds: principal.expiresAt.seconds.multipliedClamped(by: 1000)),
        roles: principal.roles)
    } catch {
      throw APIError(error.isRefusal ? .unauthenticated : .unavailable, error.description)
    }
  }
}

/// The development issuer as the gateway wants it.
struct DevelopmentTokenSource: DevelopmentTokens {
  let issuer: DevelopmentIssuer
  let keySet: JSON

  init(_ issuer: DevelopmentIssuer) throws {
    self.issuer = issuer
    keySet = try issuer.keySet.json()
  }

  func issue(
    user: String, roles: [String], lifetimeSeconds: Int
  ) throws(APIError) -> (token: String, expiresAt: Timestamp) {
    do {
      let token = try issuer.issue(user: user, roles: roles, lifetime: .seconds(lifetimeSeconds))
      return (token, Timestamp.now() + .seconds(lifetimeSeconds))
    } catch {
      if case .invalidArgument(let field, let reason) = error { throw .invalid(field, reason) }
      throw APIError(.internal, "no token could be made")
    }
  }
}

extension Configuration {
  /// Who may issue tokens: the configured issuer, and the development issuer when it was asked for.
  func trustedIssuers(_ development: DevelopmentIssuer?) throws -> [TokenVerifier.TrustedIssuer] {
    var trusted: [TokenVerifier.TrustedIssuer] = []
    if let issuer = tokens.issuer {
      guard let keySet = tokens.keySet else {
        throw APIError.invalid("tokens.keySet", "is missing beside tokens.issuer")
      }
      let source: KeySetSource
      if keySet.hasPrefix("https://") {
        let client = try HTTPClient(options: HTTPClient.Options(totalTimeout: .seconds(10)))
        source = KeySetSource {
          let response = try await client.fetch(HTTPClient.Request("GET", keySet), bodyMax: KeySet.sizeMax)
          guard response.isSuccess else {
            throw IdentityError.keysUnavailable("\(keySet) answered with status \(response.status)")
          }
          return response.body
        }
      } else if keySet.hasPrefix("/") {
        source = .file(keySet)
      } else {
        throw APIError.invalid("tokens.keySet", "is \"\(keySet)\"", accepted: "an https:// address or an absolute path")
      }
      trusted.append(
        TokenVerifier.TrustedIssuer(policy: ClaimsPolicy(issuer: issuer, audience: tokens.audience), keys: source))
    }
    if let development { trusted.append(try development.trusted()) }
    return trusted
  }
}

extension Int64 {
  func multipliedClamped(by factor: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? (self < 0 ? .min : .max) : product
  }
}
