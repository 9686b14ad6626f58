import Bytes
import Crypto
import JSON

/// A public key as JOSE writes it (RFC 7517; RFC 7518 section 6; RFC 8037 section 2).
public struct JSONWebKey: Sendable, Equatable {
  public let keyID: String?
  public let key: PublicKey
  public var algorithm: JOSEAlgorithm { JOSEAlgorithm(key.algorithm) }

  public init(_ key: PublicKey, keyID: String?) {
    self.key = key
    self.keyID = keyID
  }

  /// A key named by its thumbprint.
  public init(_ key: PublicKey) throws(IdentityError) { self.init(key, keyID: try Self.thumbprint(key)) }

  public init(_ json: JSON) throws(IdentityError) {
    guard let object = json.objectValue else { throw .malformedKeySet("a key is not an object") }
    if let use = object["use"], use != "sig" { throw .malformedKeySet("use: not sig") }
    if let operations = object["key_ops"], operations.arrayValue?.contains("verify") != true {
      throw .malformedKeySet("key_ops: no verify")
    }
    if let identifier = object["kid"] {
      guard let text = identifier.stringValue, text.utf8.count <= 256 else {
        throw .malformedKeySet("kid: not a string of at most 256 bytes")
      }
      keyID = text
    } else {
      keyID = nil
    }
    func number(_ name: String) throws(IdentityError) -> [UInt8] {
      guard let text = object[name]?.stringValue else { throw .malformedKeySet("\(name): is required") }
      do { return try Base64.decode(text, .url) } catch { throw .malformedKeySet("\(name): \(error)") }
    }
    let key: PublicKey
    do throws(IdentityError) {
      switch (object["kty"]?.stringValue, object["crv"]?.stringValue) {
      case ("OKP", "Ed25519"):
        let x = try number("x")
        key = try wrapping { () throws(CryptoError) in try PublicKey(ed25519: x) }
      case ("EC", "P-256"):
        let (x, y) = (try number("x"), try number("y"))
        key = try wrapping { () throws(CryptoError) in try PublicKey(p256X: x, y: y) }
      case ("RSA", _):
        let (n, e) = (try number("n"), try number("e"))
        key = try wrapping { () throws(CryptoError) in try PublicKey(rsaModulus: n, exponent: e) }
      default: throw .malformedKeySet("kty, crv: kinds accepted are OKP Ed25519, EC P-256 and RSA")
      }
    } catch {
      if case .crypto(let reason) = error { throw .malformedKeySet(reason.description) }
      throw error
    }
    if let algorithm = object["alg"], algorithm != .string(JOSEAlgorithm(key.algorithm).rawValue) {
      throw .malformedKeySet("alg: does not belong to this kind of key")
    }
    self.key = key
  }

  public func json() throws(IdentityError) -> JSON {
    var object = JSONObject(try Self.requiredMembers(key))
    object["alg"] = .string(algorithm.rawValue)
    object["use"] = "sig"
    if let keyID { object["kid"] = .string(keyID) }
    return .object(object)
  }

  /// SHA-256 over the required members, in base64url (RFC 7638).
  public static func thumbprint(_ key: PublicKey) throws(IdentityError) -> String {
    let members = JSON.object(JSONObject(try requiredMembers(key)))
    return Base64.encode(Digest.sha256(members.bytes(.canonical)), .url)
  }

  private static func requiredMembers(_ key: PublicKey) throws(IdentityError) -> [(String, JSON)] {
    func text(_ bytes: [UInt8]) -> JSON { .string(Base64.encode(bytes, .url)) }
    return switch try wrapping({ () throws(CryptoError) in try key.components() }) {
    case .ed25519(let x): [("kty", "OKP"), ("crv", "Ed25519"), ("x", text(x))]
    case .p256(let x, let y): [("kty", "EC"), ("crv", "P-256"), ("x", text(x)), ("y", text(y))]
    case .rsa(let n, let e): [("kty", "RSA"), ("n", text(n)), ("e", text(e))]
    }
  }
}

/// The keys that an issuer signs with (RFC 7517 section 5).
public struct KeySet: Sendable, Equatable {
  public static let sizeMax = 256 << 10
  public static let keysMax = 64
  /// How many keys are tried for a token that does not name its key.
  static let unnamedKeysMax = 4

  public let keys: [JSONWebKey]
  /// Members that were passed over: of another kind, for encryption, or broken.
  public let skipped: Int

  public init(_ keys: [JSONWebKey]) {
    self.keys = keys
    skipped = 0
  }

  /// Keys that cannot be used are skipped, as RFC 7517 section 5 says, so that an issuer may publish new kinds.
  public init(parsing bytes: [UInt8]) throws(IdentityError) {
    let document: JSON
    do { document = try JSON.parse(bytes, limits: JSONLimits(depthMax: 8, sizeMax: Self.sizeMax)) } catch {
      throw .malformedKeySet("\(error)")
    }
    guard let members = document["keys"]?.arrayValue else { throw .malformedKeySet("keys: is required, as a list") }
    guard members.count <= Self.keysMax else { throw .malformedKeySet("keys: more than \(Self.keysMax)") }
    keys = members.compactMap { member in try? JSONWebKey(member) }
    skipped = members.count - keys.count
  }

  public func json() throws(IdentityError) -> JSON {
    var members: [JSON] = []
    for key in keys { members.append(try key.json()) }
    return ["keys": .array(members)]
  }

  /// The keys that may have signed a token with this header.
  public func candidates(keyID: String?, algorithm: JOSEAlgorithm) -> [PublicKey] {
    let fitting = keys.filter { $0.algorithm == algorithm && (keyID == nil || $0.keyID == keyID) }
    return fitting.prefix(Self.unnamedKeysMax).map(\.key)
  }
}
