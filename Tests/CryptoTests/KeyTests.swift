import Bytes
import COpenSSL
import Crypto
import JSON
import PythonPeer
import Testing

@Suite struct DigestTests {
  /// FIPS 180-4 example "abc".
  @Test(arguments: [
    (DigestAlgorithm.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      .sha384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
    ),
    (
      .sha512,
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    ),
  ])
  func abc(_ algorithm: DigestAlgorithm, _ expected: String) {
    #expect(Hex.encode(Digest.hash(Array("abc".utf8), algorithm)) == expected)
    var pieces = Digest(algorithm)
    for character in "abc".utf8 { pieces.update([character]) }
    pieces.update([])
    #expect(Hex.encode(pieces.finish()) == expected)
  }

  @Test func empty() {
    #expect(Hex.encode(Digest.sha256([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  /// RFC 4231 section 4.3.
  @Test func hmac() {
    let tag = hmacSHA256(Array("what do ya want for nothing?".utf8), key: Secret(Array("Jefe".utf8)))
    #expect(Hex.encode(tag) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(hmacSHA256([], key: Secret([])).count == 32)
  }

  @Test func comparesInConstantTime() {
    #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
    #expect(!constantTimeEqual([1, 2, 3], [1, 2, 4]))
    #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
    #expect(constantTimeEqual([], []))
  }

  @Test func randomBytesDiffer() {
    #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
    #expect(SecureRandom.bytes(0).isEmpty)
  }
}

@Suite struct SecretTests {
  @Test func showsNothing() throws {
    let secret = Secret(Array("hunter2".utf8))
    var dumped = ""
    dump([secret], to: &dumped)
    for text in ["\(secret)", String(reflecting: secret), dumped, "\([secret])"] {
      #expect(!text.contains("hunter2") && !text.contains("104"))
    }
    #expect(secret == Secret(Array("hunter2".utf8)) && secret != Secret(Array("hunter3".utf8)))
    let key = try PrivateKey.generate(.ed25519)
    var dumpedKey = ""
    dump(key, to: &dumpedKey)
    #expect("\(key)" == "<Ed25519 private key>" && dumpedKey.contains("<Ed25519 private key>"))
  }
}

@Suite struct KeyTests {
  static let kinds: [KeyAlgorithm] = [.ed25519, .p256, .rsa(bits: 2048)]

  /// RFC 8032 section 7.1, test 1.
  @Test func ed25519Vector() throws {
    let seed = Secret(try Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    let key = try PrivateKey(ed25519Seed: seed)
    let publicBytes = try Hex.decode("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    #expect(try key.publicKey.components() == .ed25519(publicBytes))
    #expect(
      Hex.encode(try key.sign([]))
        == "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
  }

  @Test(arguments: kinds)
  func signsAndVerifies(_ kind: KeyAlgorithm) throws {
    let key = try PrivateKey.generate(kind)
    let message = Array("a message".utf8)
    let signature = try key.sign(message)
    if kind == .p256 || kind == .ed25519 { #expect(signature.count == 64) }
    #expect(key.publicKey.verifies(signature, of: message))
    #expect(!key.publicKey.verifies(signature, of: message + [0]))
    for index in [0, signature.count / 2, signature.count - 1] {
      var wrong = signature
      wrong[index] ^= 1
      #expect(!key.publicKey.verifies(wrong, of: message))
    }
    #expect(!key.publicKey.verifies([], of: message))
    #expect(!key.publicKey.verifies(signature + [0], of: message))
    #expect(!(try PrivateKey.generate(kind)).publicKey.verifies(signature, of: message))
    #expect(ERR_peek_error() == 0)

    #expect(try PrivateKey(pem: key.pem()).publicKey == key.publicKey)
    #expect(try PrivateKey(der: key.der()).publicKey == key.publicKey)
    #expect(try PublicKey(pem: key.publicKey.pem()) == key.publicKey)
    #expect(try PublicKey(der: key.publicKey.der()) == key.publicKey)
    switch try key.publicKey.components() {
    case .ed25519(let bytes): #expect(try PublicKey(ed25519: bytes) == key.publicKey)
    case .p256(let x, let y): #expect(try PublicKey(p256X: x, y: y) == key.publicKey)
    case .rsa(let modulus, let exponent):
      #expect(try PublicKey(rsaModulus: modulus, exponent: exponent) == key.publicKey)
    }
  }

  @Test func refusesBadKeys() throws {
    #expect(throws: CryptoError.self) { try PrivateKey.generate(.rsa(bits: 1024)) }
    #expect(throws: CryptoError.self) { try PublicKey(ed25519: [1, 2, 3]) }
    #expect(throws: CryptoError.self) { try PrivateKey(ed25519Seed: Secret([1])) }
    // (1, 1) is not on the curve.
    let one = [UInt8](repeating: 0, count: 31) + [1]
    #expect(throws: CryptoError.self) { try PublicKey(p256X: one, y: one) }
    #expect(throws: CryptoError.self) { try PublicKey(rsaModulus: [UInt8](repeating: 0xFF, count: 128), exponent: [3]) }
    let modulus = [UInt8](repeating: 0xFF, count: 256)
    for exponent: [UInt8] in [[1], [2], [0], [], [UInt8](repeating: 0xFF, count: 9)] {
      #expect(throws: CryptoError.self) { try PublicKey(rsaModulus: modulus, exponent: exponent) }
    }
    #expect(throws: CryptoError.self) { try PrivateKey(pem: Secret([])) }
    #expect(throws: CryptoError.self) { try PublicKey(der: []) }
    #expect(ERR_peek_error() == 0)
  }

  /// Python `cryptography` makes kinds that are refused, with a reason that says which are accepted.
  @Test func refusesOtherKinds() throws {
    let program = """
      import json
      from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
      from cryptography.hazmat.primitives import serialization as s
      def pem(key, enc=s.NoEncryption()):
        return key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, enc).decode()
      print(json.dumps([pem(ec.generate_private_key(ec.SECP384R1())), pem(x25519.X25519PrivateKey.generate()),
        pem(rsa.generate_private_key(65537, 1024)),
        pem(ec.generate_private_key(ec.SECP256R1()), s.BestAvailableEncryption(b"secret"))]))
      """
    let pems = try #require(try JSON.parse(PythonPeer.run(program)).arrayValue)
    #expect(pems.count == 4)
    for pem in pems {
      let text = Secret(Array(try #require(pem.stringValue).utf8))
      #expect(throws: CryptoError.self) { try PrivateKey(pem: text) }
      #expect(ERR_peek_error() == 0)
    }
  }

  @Test(arguments: kinds)
  func agreesWithPython(_ kind: KeyAlgorithm) throws {
    let program = """
      import json, sys, base64
      from cryptography.hazmat.primitives.asymmetric import ec, rsa, ed25519, padding, utils
      from cryptography.hazmat.primitives import hashes, serialization as s
      r = json.load(sys.stdin)
      message = b"from them"
      def sign(key):
        if isinstance(key, ed25519.Ed25519PrivateKey): return key.sign(message)
        if isinstance(key, rsa.RSAPrivateKey): return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        a, b = utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        return a.to_bytes(32, "big") + b.to_bytes(32, "big")
      ours = s.load_pem_public_key(r["public"].encode())
      signature = base64.b64decode(r["signature"])
      if isinstance(ours, ed25519.Ed25519PublicKey): ours.verify(signature, b"from us")
      elif isinstance(ours, rsa.RSAPublicKey): ours.verify(signature, b"from us", padding.PKCS1v15(), hashes.SHA256())
      else:
        ours.verify(utils.encode_dss_signature(int.from_bytes(signature[:32], "big"),
          int.from_bytes(signature[32:], "big")), b"from us", ec.ECDSA(hashes.SHA256()))
      theirs = {"Ed25519": ed25519.Ed25519PrivateKey.generate, "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "RSA-2048": lambda: rsa.generate_private_key(65537, 2048)}[r["kind"]]()
      forms = [s.PrivateFormat.PKCS8] + ([] if r["kind"] == "Ed25519" else [s.PrivateFormat.TraditionalOpenSSL])
      out = {"byOurKey": base64.b64encode(sign(s.load_pem_private_key(r["private"].encode(), None))).decode(),
        "public": theirs.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo).decode(),
        "signature": base64.b64encode(sign(theirs)).decode(),
        "private": [theirs.private_bytes(s.Encoding.PEM, f, s.NoEncryption()).decode() for f in forms]}
      print(json.dumps(out))
      """
    let key = try PrivateKey.generate(kind)
    let request: JSON = [
      "kind": .string("\(kind)"), "public": .string(try key.publicKey.pem()),
      "private": .string(String(decoding: try key.pem().exposed(), as: UTF8.self)),
      "signature": .string(Base64.encode(try key.sign(Array("from us".utf8)))),
    ]
    let answer = try JSON.parse(PythonPeer.run(program, input: request.text()))
    let message = Array("from them".utf8)
    func bytes(_ name: String) throws -> [UInt8] { try Base64.decode(#require(answer[name]?.stringValue)) }
    #expect(key.publicKey.verifies(try bytes("byOurKey"), of: message))
    let theirs = try PublicKey(pem: #require(answer["public"]?.stringValue))
    #expect(theirs.algorithm == kind)
    #expect(theirs.verifies(try bytes("signature"), of: message))
    for form in try #require(answer["private"]?.arrayValue) {
      #expect(try PrivateKey(pem: Secret(Array(#require(form.stringValue).utf8))).publicKey == theirs)
    }
  }
}
