import Crypto
import JSON

/// The claims of a token that Aether reads (RFC 7519 section 4.1), by type.
public struct Claims: Sendable, Equatable {
  public let issuer: String?
  public let subject: String?
  public let audience: [String]
  public let expiresAt: UnixTime?
  public let notBefore: UnixTime?
  public let issuedAt: UnixTime?
  public let tokenID: String?
  /// `scope`: words separated by spaces (RFC 8693 section 4.2), or a list.
  public let scopes: [String]
  public let roles: [String]
  /// Everything the token says.
  public let all: JSONObject

  public init(_ claims: JSONObject) throws(IdentityError) {
    all = claims
    issuer = try Self.text("iss", claims)
    subject = try Self.text("sub", claims)
    tokenID = try Self.text("jti", claims)
    audience = try Self.list("aud", claims)
    expiresAt = try Self.time("exp", claims)
    notBefore = try Self.time("nbf", claims)
    issuedAt = try Self.time("iat", claims)
    roles = try Self.list("roles", claims)
    if let words = claims["scope"]?.stringValue {
      scopes = words.split(separator: " ").map(String.init)
    } else {
      scopes = try Self.list("scope", claims)
    }
  }

  private static func text(_ name: String, _ claims: JSONObject) throws(IdentityError) -> String? {
    guard let value = claims[name] else { return nil }
    guard let text = value.stringValue else { throw .claimRejected(claim: name, reason: "is not a string") }
    return text
  }

  private static func list(_ name: String, _ claims: JSONObject) throws(IdentityError) -> [String] {
    guard let value = claims[name] else { return [] }
    if let text = value.stringValue { return [text] }
    var texts: [String] = []
    for element in value.arrayValue ?? [.null] {
      guard let text = element.stringValue else {
        throw .claimRejected(claim: name, reason: "is neither a string nor a list of strings")
      }
      texts.append(text)
    }
    return texts
  }

  /// A NumericDate, which may have a fraction.
  private static func time(_ name: String, _ claims: JSONObject) throws(IdentityError) -> UnixTime? {
    guard let value = claims[name] else { return nil }
    // Beyond the year 9999 it is a mistake, such as milliseconds.
    guard let seconds = value.doubleValue, seconds >= 0, seconds < 253_402_300_800 else {
      throw .claimRejected(claim: name, reason: "is not a time in seconds since 1970")
    }
    return UnixTime(Int64(seconds))
  }
}

/// What a token must say to be accepted from one issuer.
public struct ClaimsPolicy: Sendable, Equatable {
  public var issuer: String
  public var audience: String
  /// How far apart the issuer's clock and this one may be.
  public var leeway: Duration
  /// A token that is good for longer than this from its `iat` on is refused; `nil` for no bound.
  public var lifetimeMax: Duration?

  public init(issuer: String, audience: String, leeway: Duration = .seconds(30), lifetimeMax: Duration? = nil) {
    self.issuer = issuer
    self.audience = audience
    self.leeway = leeway
    self.lifetimeMax = lifetimeMax
  }

  /// - Returns: who the token speaks for.
  public func validate(_ claims: Claims, now: UnixTime) throws(IdentityError) -> Principal {
    guard claims.issuer == issuer else { throw .claimRejected(claim: "iss", reason: "is not '\(issuer)'") }
    guard claims.audience.contains(audience) else {
      throw .claimRejected(claim: "aud", reason: "does not include '\(audience)'")
    }
    guard let expiresAt = claims.expiresAt else { throw .claimRejected(claim: "exp", reason: "is required") }
    guard now < expiresAt.adding(leeway) else {
      throw .claimRejected(claim: "exp", reason: "the token expired at \(expiresAt)")
    }
    if let notBefore = claims.notBefore, now.adding(leeway) < notBefore {
      throw .claimRejected(claim: "nbf", reason: "the token is not valid before \(notBefore)")
    }
    if let issuedAt = claims.issuedAt, now.adding(leeway) < issuedAt {
      throw .claimRejected(claim: "iat", reason: "the token was issued in the future, at \(issuedAt)")
    }
    if let lifetimeMax {
      guard let issuedAt = claims.issuedAt, expiresAt <= issuedAt.adding(lifetimeMax) else {
        throw .claimRejected(claim: "exp", reason: "is more than \(lifetimeMax.components.seconds) s after iat")
      }
    }
    guard let subject = claims.subject else { throw .claimRejected(claim: "sub", reason: "is required") }
    guard (1...255).contains(subject.utf8.count),
      subject.unicodeScalars.allSatisfy({ $0.value > 31 && $0.value != 127 })
    else { throw .claimRejected(claim: "sub", reason: "takes 1 to 255 bytes without control characters") }
    return Principal(
      owner: subject, issuer: issuer, scopes: Set(claims.scopes), roles: Set(claims.roles), expiresAt: expiresAt,
      tokenID: claims.tokenID, claims: claims.all)
  }
}

/// Who a verified token speaks for.
public struct Principal: Sendable, Equatable {
  /// The token's subject: what resources are filed under.
  public let owner: String
  public let issuer: String
  public let scopes: Set<String>
  public let roles: Set<String>
  public let expiresAt: UnixTime
  public let tokenID: String?
  public let claims: JSONObject
}
