import Bytes
import Crypto
import JSON
import PythonPeer
import Testing

@testable import Identity

private let kinds: [KeyAlgorithm] = [.ed25519, .p256, .rsa(bits: 2048)]

private func token(header: String, payload: String, signature: [UInt8] = [0]) -> String {
  "\(Base64.encode(header.utf8, .url)).\(Base64.encode(payload.utf8, .url)).\(Base64.encode(signature, .url))"
}

@Suite struct JWSTests {
  /// RFC 8037 appendix A.
  @Test func ed25519Vector() throws {
    let seed = Secret(try Base64.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", .url))
    let key = try PrivateKey(ed25519Seed: seed)
    let webKey = try JSONWebKey(JSONWebKey(key.publicKey).json())
    #expect(webKey.keyID == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    #expect(try webKey.json()["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    let text =
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    let signed = try CompactJWS(text)
    #expect(signed.payload == Array("Example of Ed25519 signing".utf8))
    #expect(signed.isSigned(by: key.publicKey))
    #expect(throws: IdentityError.self) { try signed.claims() }
  }

  /// RFC 7515 appendices A.2 and A.3.
  @Test func rsaAndP256Vectors() throws {
    let payload =
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    let rsa = try JSONWebKey([
      "kty": "RSA", "e": "AQAB",
      "n":
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    ])
    let rs256 = try CompactJWS(
      "eyJhbGciOiJSUzI1NiJ9.\(payload).cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    )
    #expect(rs256.isSigned(by: rsa.key))
    let p256 = try JSONWebKey([
      "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    ])
    let es256 = try CompactJWS(
      "eyJhbGciOiJFUzI1NiJ9.\(payload).DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    #expect(es256.isSigned(by: p256.key))
    #expect(!es256.isSigned(by: rsa.key) && !rs256.isSigned(by: p256.key))
    let claims = try Claims(es256.claims())
    #expect(claims.issuer == "joe" && claims.expiresAt == UnixTime(1_300_819_380))
  }

  @Test(arguments: kinds)
  func agreesWithPyJWT(_ kind: KeyAlgorithm) throws {
    let program = """
      import json, sys, jwt
      from jwt.algorithms import OKPAlgorithm, ECAlgorithm, RSAAlgorithm
      from cryptography.hazmat.primitives.asymmetric import ec, rsa, ed25519
      r = json.load(sys.stdin)
      key = jwt.PyJWKSet.from_dict(r["jwks"])[r["kid"]]
      claims = jwt.decode(r["token"], key, algorithms=[r["alg"]], audience="aether", issuer="us")
      assert claims["sub"] == "zoë", claims
      theirs = {"EdDSA": ed25519.Ed25519PrivateKey.generate, "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "RS256": lambda: rsa.generate_private_key(65537, 3072)}[r["alg"]]()
      to = {"EdDSA": OKPAlgorithm, "ES256": ECAlgorithm, "RS256": RSAAlgorithm}[r["alg"]].to_jwk
      jwk = json.loads(to(theirs.public_key()))
      jwk["kid"] = "k1"
      token = jwt.encode({"iss": "them", "sub": "amélie", "aud": ["x", "aether"], "exp": 2000.5, "scope": "a b",
        "roles": ["admin"]}, theirs, algorithm=r["alg"], headers={"kid": "k1"})
      print(json.dumps({"jwks": {"keys": [jwk]}, "token": token}))
      """
    let key = try PrivateKey.generate(kind)
    let webKey = try JSONWebKey(key.publicKey)
    let ours = try CompactJWS.sign(
      [
        "iss": "us", "sub": "zoë", "aud": "aether", "exp": .integer(UnixTime.now().seconds + 600),
      ], with: key, keyID: webKey.keyID)
    let request: JSON = [
      "jwks": try KeySet([webKey]).json(), "kid": .string(try #require(webKey.keyID)), "token": .string(ours),
      "alg": .string(webKey.algorithm.rawValue),
    ]
    let answer = try JSON.parse(PythonPeer.run(program, input: request.text()))
    let set = try KeySet(parsing: #require(answer["jwks"]).bytes())
    let theirs = try CompactJWS(#require(answer["token"]?.stringValue))
    let candidates = set.candidates(keyID: theirs.keyID, algorithm: theirs.algorithm)
    #expect(candidates.count == 1 && theirs.isSigned(by: candidates[0]))
    let principal = try ClaimsPolicy(issuer: "them", audience: "aether").validate(
      Claims(theirs.claims()), now: UnixTime(2000))
    #expect(principal.owner == "amélie" && principal.scopes == ["a", "b"] && principal.roles == ["admin"])
  }

  @Test func refusesAlgorithmConfusion() throws {
    let key = try PrivateKey.generate(.rsa(bits: 2048))
    let claims = #"{"iss":"us","sub":"eve","aud":"aether","exp":99999999999}"#
    for name in ["none", "None", "NONE", "", "HS256", "HS512", "RS512", "PS256", "ES384", "ES256K", "rs256"] {
      #expect(throws: IdentityError.unsupportedAlgorithm(name)) {
        try CompactJWS(token(header: #"{"alg":"\#(name)"}"#, payload: claims))
      }
    }
    // An HMAC keyed with the public key, presented under every accepted name.
    for keyed in [Secret(Array(try key.publicKey.pem().utf8)), Secret(try key.publicKey.der())] {
      for name in ["RS256", "ES256", "EdDSA"] {
        let parts = token(header: #"{"alg":"\#(name)"}"#, payload: claims).split(separator: ".")
        let input = "\(parts[0]).\(parts[1])"
        let forged = try CompactJWS("\(input).\(Base64.encode(hmacSHA256(input.utf8, key: keyed), .url))")
        #expect(!forged.isSigned(by: key.publicKey))
      }
    }
    // A good signature under the name of another algorithm.
    let ed25519 = try PrivateKey.generate(.ed25519)
    let parts = token(header: #"{"alg":"ES256"}"#, payload: claims).split(separator: ".")
    let input = "\(parts[0]).\(parts[1])"
    let mismatched = try CompactJWS("\(input).\(Base64.encode(ed25519.sign(input.utf8), .url))")
    #expect(!mismatched.isSigned(by: ed25519.publicKey))
  }

  @Test(arguments: [
    "", ".", "..", "...", "a.b", "a.b.c.d", "e30.e30.AA", "e30=.e30.AA", " e30.e30.AA",
    token(header: #"{"alg":"EdDSA","crit":["exp"]}"#, payload: "{}"),
    token(header: #"{"alg":"EdDSA","crit":[]}"#, payload: "{}"),
    token(header: #"{"alg":"EdDSA","alg":"none"}"#, payload: "{}"), token(header: #"{"alg":1}"#, payload: "{}"),
    token(header: #"{"alg":"EdDSA","kid":1}"#, payload: "{}"),
    token(header: #"{"alg":"EdDSA","typ":"JWE"}"#, payload: "{}"), token(header: "[]", payload: "{}"),
    token(header: #"{"alg":"EdDSA","kid":"\#(String(repeating: "k", count: 257))"}"#, payload: "{}"),
    String(repeating: "a", count: 8193),
  ])
  func refusesMalformed(_ text: String) {
    let error = #expect(throws: IdentityError.self) { try CompactJWS(text) }
    #expect(error?.isRefusal == true)
  }

  @Test func validatesClaims() throws {
    let policy = ClaimsPolicy(issuer: "us", audience: "aether", leeway: .seconds(30))
    let good: JSONObject = ["iss": "us", "sub": "ann", "aud": "aether", "exp": 1000]
    func check(_ name: String, _ value: JSON?, now: Int64 = 900) throws(IdentityError) -> Principal {
      var claims = good
      claims[name] = value
      return try policy.validate(Claims(claims), now: UnixTime(now))
    }
    func refused(_ claim: String, _ value: JSON?, now: Int64 = 900) {
      let error = #expect(throws: IdentityError.self) { try check(claim, value, now: now) }
      guard case .claimRejected(claim, _) = error else {
        Issue.record("\(claim) = \(String(describing: value)): \(String(describing: error))")
        return
      }
    }
    #expect(try check("x", 1).owner == "ann")
    #expect(try check("exp", 1000, now: 1029).expiresAt == UnixTime(1000))
    refused("exp", 1000, now: 1030)
    for value: JSON? in [nil, "1000", .number(-1), .number(1e300), 1_700_000_000_000, nil, .null, true] {
      refused("exp", value)
    }
    #expect(try check("nbf", 930).owner == "ann")
    refused("nbf", 931)
    #expect(try check("iat", 930).owner == "ann")
    refused("iat", 931)
    for value: JSON? in [nil, "other", ["aether"], 1] { refused("iss", value) }
    #expect(try check("aud", ["a", "aether"]).owner == "ann")
    for value: JSON? in [nil, "other", [], ["a", 1], .null, ["aether2"]] { refused("aud", value) }
    for value: JSON? in [nil, "", 1, .string("a\u{0}b"), .string(String(repeating: "x", count: 256))] {
      refused("sub", value)
    }
    refused("roles", 1)
    #expect(try check("scope", ["a", "b"]).scopes == ["a", "b"])
    let bounded = ClaimsPolicy(issuer: "us", audience: "aether", lifetimeMax: .seconds(60))
    #expect(throws: IdentityError.self) { try bounded.validate(Claims(good), now: UnixTime(900)) }
  }

  @Test func keySetsSkipWhatTheyCannotUse() throws {
    let key = try PrivateKey.generate(.ed25519)
    let good = try JSONWebKey(key.publicKey, keyID: "a").json()
    func changed(_ name: String, _ value: JSON?) -> JSON {
      var object = good.objectValue ?? JSONObject()
      object[name] = value
      return .object(object)
    }
    let others: [JSON] = [
      ["kty": "oct", "k": "c2VjcmV0", "kid": "a"], changed("use", "enc"), changed("alg", "HS256"),
      changed("alg", "RS256"), changed("x", "AA"), changed("x", nil), changed("crv", "X25519"), changed("kid", 7),
      changed("key_ops", ["sign"]), 1, nil,
    ]
    let set = try KeySet(parsing: (["keys": .array(others + [good])] as JSON).bytes())
    #expect(set.keys.count == 1 && set.skipped == others.count)
    #expect(set.candidates(keyID: "a", algorithm: .edDSA) == [key.publicKey])
    #expect(set.candidates(keyID: nil, algorithm: .edDSA) == [key.publicKey])
    #expect(set.candidates(keyID: "b", algorithm: .edDSA).isEmpty)
    #expect(set.candidates(keyID: "a", algorithm: .rs256).isEmpty)
    for text in ["", "[]", "{}", #"{"keys":{}}"#, #"{"keys":[\#(String(repeating: "1,", count: 64))1]}"#] {
      #expect(throws: IdentityError.self) { try KeySet(parsing: Array(text.utf8)) }
    }
  }

  @Test func survivesMutations() throws {
    var random = SeededNumbers.forTest("JWS and JWKS mutations")
    let keys = try kinds.map { try PrivateKey.generate($0) }
    let tokens = try keys.map {
      Array(try CompactJWS.sign(["iss": "us", "sub": "a", "aud": ["b"], "exp": 99_999_999_999], with: $0).utf8)
    }
    let set = Array(try KeySet(keys.map { try JSONWebKey($0.publicKey) }).json().bytes())
    for round in 0..<3000 {
      let which = round % 4
      var bytes = which == 3 ? set : tokens[which]
      for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...127, using: &random)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        default: bytes.removeLast(bytes.count - index)
        }
      }
      if which == 3 {
        _ = try? KeySet(parsing: bytes)
      } else if bytes != tokens[which], let changed = try? CompactJWS(String(decoding: bytes, as: UTF8.self)) {
        _ = try? Claims(changed.claims())
        #expect(!changed.isSigned(by: keys[which].publicKey))
      }
    }
  }
}
