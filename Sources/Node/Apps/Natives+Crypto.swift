import Crypto

/// Cryptography: digests, AES, random bytes, signatures. How long inputs may be says the table.
extension NativeLibrary {
  mutating func addCrypto() {
    addDigests()
    addCiphers()
    addEd25519()
    addP256()
  }

  private mutating func addDigests() {
    define("crypto_sha256") { (call) throws(NativeError) in
      try call.write(Digest.sha256(try call.bytes(0)), to: 2)
      return 0
    }
    define("crypto_hmac_sha256") { (call) throws(NativeError) in
      try call.write(hmacSHA256(try call.bytes(2), key: Secret(try call.bytes(0))), to: 4)
      return 0
    }
    define("crypto_random") { (call) throws(NativeError) in
      try call.withBytes(at: call.uint(0), count: call.uint(1)) { SecureRandom.fill($0) }
      return 0
    }
  }

  private mutating func addCiphers() {
    define("crypto_aes256_encrypt") { (call) throws(NativeError) in
      try Self.cbc(call, AES256.encryptCBC)
    }
    define("crypto_aes256_decrypt") { (call) throws(NativeError) in
      try Self.cbc(call, AES256.decryptCBC)
    }
    define("crypto_aes256_ctr") { (call) throws(NativeError) in
      let key = Secret(try call.bytes(at: call.uint(0), count: 32))
      let counter = try call.bytes(at: call.uint(1), count: 16)
      let message = try call.bytes(2)
      try call.write(
        try Self.orInputOutput { () throws(CryptoError) in
          try AES256.ctr(message, key: key, counter: counter)
        }, to: 4)
      return 0
    }
  }

  private mutating func addEd25519() {
    define("crypto_ed25519_keygen") { (call) throws(NativeError) in
      let seed = Secret.random(32)
      let key = try Self.orInputOutput { () throws(CryptoError) in
        try PrivateKey(ed25519Seed: seed).publicKey.components()
      }
      guard case .ed25519(let bytes) = key else { throw .inputOutput }
      try call.write(seed.exposed(), to: 0)
      try call.write(bytes, to: 1)
      return 0
    }
    define("crypto_ed25519_sign") { (call) throws(NativeError) in
      try Self.sign(call) { (seed) throws(CryptoError) in try PrivateKey(ed25519Seed: seed) }
    }
  }

  private mutating func addP256() {
    define("crypto_p256_keygen") { (call) throws(NativeError) in
      let key = try Self.orInputOutput { () throws(CryptoError) in
        let key = try PrivateKey.generate(.p256)
        return (number: try key.p256Scalar(), point: try key.publicKey.components())
      }
      guard case .p256(let x, let y) = key.point else { throw .inputOutput }
      try call.write(key.number.exposed(), to: 0)
      // Uncompressed, as SEC 1 section 2.3.3 has it.
      try call.write([4] + x + y, to: 1)
      return 0
    }
    define("crypto_p256_sign") { (call) throws(NativeError) in
      try Self.sign(call) { (number) throws(CryptoError) in try PrivateKey(p256Scalar: number) }
    }
  }

  /// Signs with a key of 32 bytes; what is no key is −EINVAL.
  private static func sign(
    _ call: borrowing NativeCall, _ make: (Secret) throws(CryptoError) -> PrivateKey
  ) throws(NativeError) -> Int32 {
    let secret = Secret(try call.bytes(at: call.uint(0), count: 32))
    let message = try call.bytes(1)
    let key: PrivateKey
    do throws(CryptoError) { key = try make(secret) } catch { throw .invalid }
    try call.write(try orInputOutput { () throws(CryptoError) in try key.sign(message) }, to: 3)
    return 0
  }

  private static func cbc(
    _ call: borrowing NativeCall, _ run: ([UInt8], Secret, [UInt8]) throws(CryptoError) -> [UInt8]
  ) throws(NativeError) -> Int32 {
    let count = call.uint(3)
    guard count > 0, count % 16 == 0 else { throw .invalid }
    let key = Secret(try call.bytes(at: call.uint(0), count: 32))
    let iv = try call.bytes(at: call.uint(1), count: 16)
    let message = try call.bytes(2)
    try call.write(try orInputOutput { () throws(CryptoError) in try run(message, key, iv) }, to: 4)
    return 0
  }

  private static func orInputOutput<Answer>(
    _ body: () throws(CryptoError) -> Answer
  ) throws(NativeError) -> Answer {
    do throws(CryptoError) { return try body() } catch { throw .inputOutput }
  }
}
