import Bytes
import Crypto
import JSON

/// The signature algorithms accepted in tokens. Each belongs to exactly one kind of key.
public enum JOSEAlgorithm: String, Sendable, CaseIterable {
  /// RFC 8037 section 3.1, with Ed25519 only.
  case edDSA = "EdDSA"
  /// RFC 7518 section 3.4.
  case es256 = "ES256"
  /// RFC 7518 section 3.3.
  case rs256 = "RS256"

  public init(_ key: KeyAlgorithm) {
    switch key {
    case .ed25519: self = .edDSA
    case .p256: self = .es256
    case .rsa: self = .rs256
    }
  }
}

/// A signed token in compact form (RFC 7515 section 7.1), taken apart but not yet verified.
public struct CompactJWS: Sendable {
  /// Longest token taken, in bytes.
  public static let sizeMax = 8 << 10

  public let algorithm: JOSEAlgorithm
  public let keyID: String?
  /// What the signature says; not to be believed before `isSigned(by:)`.
  public let payload: [UInt8]
  private let signingInput: [UInt8]
  private let signature: [UInt8]

  public init(_ token: String) throws(IdentityError) {
    let bytes = Array(token.utf8)
    guard bytes.count <= Self.sizeMax else { throw .malformedToken("longer than \(Self.sizeMax) bytes") }
    let parts = bytes.split(separator: 0x2E, maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .malformedToken("it has \(parts.count) parts where there are 3") }
    let header = try Self.header(Self.part("header", parts[0]))
    guard let name = header["alg"]?.stringValue else { throw .malformedToken("header: no alg") }
    guard let algorithm = JOSEAlgorithm(rawValue: name) else {
      throw .unsupportedAlgorithm(
        String(name.unicodeScalars.filter { $0.isASCII && $0.value > 31 }.prefix(32).map(Character.init)))
    }
    // No extension is understood here, so that RFC 7515 section 4.1.11 demands a refusal.
    guard header["crit"] == nil else { throw .malformedToken("header: crit is not supported") }
    if let type = header["typ"] {
      guard let text = type.stringValue?.lowercased(), ["jwt", "at+jwt", "application/at+jwt"].contains(text) else {
        throw .malformedToken("header: typ is JWT or at+jwt")
      }
    }
    if let identifier = header["kid"] {
      guard let text = identifier.stringValue, text.utf8.count <= 256 else {
        throw .malformedToken("header: kid is a string of at most 256 bytes")
      }
      keyID = text
    } else {
      keyID = nil
    }
    self.algorithm = algorithm
    payload = try Self.part("payload", parts[1])
    signature = try Self.part("signature", parts[2])
    signingInput = Array(bytes[..<(parts[2].startIndex - 1)])
  }

  private static func part(_ name: String, _ text: ArraySlice<UInt8>) throws(IdentityError) -> [UInt8] {
    do { return try Base64.decode(text, .url) } catch { throw .malformedToken("\(name): \(error)") }
  }

  private static func header(_ bytes: [UInt8]) throws(IdentityError) -> JSONObject {
    guard let header = try parseObject("header", bytes) else { throw .malformedToken("header: not an object") }
    return header
  }

  /// The payload as a JSON object.
  public func claims() throws(IdentityError) -> JSONObject {
    guard let claims = try Self.parseObject("payload", payload) else {
      throw .malformedToken("payload: not an object")
    }
    return claims
  }

  private static func parseObject(_ name: String, _ bytes: [UInt8]) throws(IdentityError) -> JSONObject? {
    do { return try JSON.parse(bytes, limits: JSONLimits(depthMax: 8, sizeMax: sizeMax)).objectValue } catch {
      throw .malformedToken("\(name): \(error)")
    }
  }

  /// Whether the token's algorithm is the key's and its signature was made with that key.
  public func isSigned(by key: PublicKey) -> Bool {
    JOSEAlgorithm(key.algorithm) == algorithm && key.verifies(signature, of: signingInput)
  }

  /// Signs claims with the algorithm of the key.
  public static func sign(
    _ claims: JSONObject, with key: PrivateKey, keyID: String? = nil, type: String = "JWT"
  ) throws(IdentityError) -> String {
    var header = JSONObject([("alg", .string(JOSEAlgorithm(key.algorithm).rawValue)), ("typ", .string(type))])
    if let keyID { header["kid"] = .string(keyID) }
    let input =
      Base64.encode(JSON.object(header).bytes(), .url) + "." + Base64.encode(JSON.object(claims).bytes(), .url)
    let signature = try wrapping { () throws(CryptoError) in try key.sign(input.utf8) }
    let token = input + "." + Base64.encode(signature, .url)
    guard token.utf8.count <= sizeMax else {
      throw .invalidArgument(field: "claims", reason: "make a token longer than \(sizeMax) bytes")
    }
    return token
  }
}
