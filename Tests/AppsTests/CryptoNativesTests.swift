import AppABI
import Bytes
import Crypto
import Glibc
import Testing

@testable import Apps

@Suite struct CryptoNativesTests {
  private func guest() throws -> Guest {
    let guest = try Guest(calling: NativeTable.names(.crypto))
    // For inputs that are longer than a function takes.
    #expect(guest.instance.memorySize == 65536)
    return guest
  }

  @Test func digests() throws {
    let guest = try guest()
    try guest.put(Array("abc".utf8), at: 256)
    #expect(try guest.call("crypto_sha256", 256, 3, 512) == 0)
    #expect(
      try Hex.encode(guest.bytes(at: 512, 32)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(try guest.call("crypto_sha256", 256, 3, 0) == -EINVAL)
    #expect(try guest.call("crypto_sha256", 256, 65536, 512) == -EFAULT)
    #expect(try guest.call("crypto_sha256", 256, 3, 65520) == -EFAULT)
    // RFC 4231, section 4.3.
    try guest.put(Array("Jefe".utf8), at: 128)
    try guest.put(Array("what do ya want for nothing?".utf8), at: 256)
    #expect(try guest.call("crypto_hmac_sha256", 128, 4, 256, 28, 512) == 0)
    #expect(
      try Hex.encode(guest.bytes(at: 512, 32)) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(try guest.call("crypto_hmac_sha256", 128, 0, 256, 28, 512) == -EINVAL)
    #expect(try guest.call("crypto_hmac_sha256", 128, 65, 256, 28, 512) == -EINVAL)
  }

  /// Two pages, so that an input may be longer than allowed and lie in the memory.
  @Test func longInputs() throws {
    let rows = NativeTable.functions.filter { $0.family == .crypto }
    let text = Caller.module(for: rows).replacing(
      "(memory (export \"memory\") 1)", with: "(memory (export \"memory\") 3)")
    let guest = try Guest(text)
    #expect(try guest.call("crypto_sha256", 1024, 65536, 512) == 0)
    #expect(try guest.call("crypto_sha256", 1024, 65537, 512) == -EMSGSIZE)
    #expect(try guest.call("crypto_hmac_sha256", 64, 32, 1024, 65537, 512) == -EMSGSIZE)
    #expect(try guest.call("crypto_aes256_encrypt", 64, 128, 1024, 65552, 100_000) == -EMSGSIZE)
    #expect(try guest.call("crypto_aes256_decrypt", 64, 128, 1024, 65552, 100_000) == -EMSGSIZE)
    #expect(try guest.call("crypto_aes256_ctr", 64, 128, 1024, 65537, 100_000) == -EINVAL)
    #expect(try guest.call("crypto_random", 1024, 65537) == -EINVAL)
    #expect(try guest.call("crypto_ed25519_sign", 64, 1024, 65537, 512) == -EINVAL)
    #expect(try guest.call("crypto_p256_sign", 64, 1024, 65537, 512) == -EINVAL)
  }

  @Test func ciphers() throws {
    let guest = try guest()
    try guest.put(try Hex.decode("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"), at: 64)
    try guest.put(try Hex.decode("000102030405060708090a0b0c0d0e0f"), at: 128)
    try guest.put(try Hex.decode("6bc1bee22e409f96e93d7e117393172a"), at: 256)
    #expect(try guest.call("crypto_aes256_encrypt", 64, 128, 256, 16, 512) == 0)
    #expect(try Hex.encode(guest.bytes(at: 512, 16)) == "f58c4c04d6e5f1ba779eabfb5f7bfbd6")
    // Into the place where it came from.
    #expect(try guest.call("crypto_aes256_decrypt", 64, 128, 512, 16, 512) == 0)
    #expect(try Hex.encode(guest.bytes(at: 512, 16)) == "6bc1bee22e409f96e93d7e117393172a")
    for count: Int32 in [0, 15, 17] {
      #expect(try guest.call("crypto_aes256_encrypt", 64, 128, 256, count, 512) == -EINVAL)
    }
    try guest.put(try Hex.decode("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), at: 128)
    #expect(try guest.call("crypto_aes256_ctr", 64, 128, 256, 5, 512) == 0)
    #expect(try Hex.encode(guest.bytes(at: 512, 5)) == "601ec31377")
    #expect(try Hex.encode(guest.bytes(at: 128, 16)) == "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    #expect(try guest.call("crypto_aes256_ctr", 64, 128, 256, 0, 512) == -EINVAL)
  }

  @Test func keysAndSignatures() throws {
    let guest = try guest()
    let message = Array("signed".utf8)
    try guest.put(message, at: 256)
    #expect(try guest.call("crypto_ed25519_keygen", 512, 544) == 0)
    #expect(try guest.call("crypto_ed25519_sign", 512, 256, 6, 600) == 0)
    let key = try PublicKey(ed25519: guest.bytes(at: 544, 32))
    #expect(key.verifies(try guest.bytes(at: 600, 64), of: message))
    // RFC 8032, section 7.1, test 1: an empty message.
    try guest.put(try Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"), at: 512)
    #expect(try guest.call("crypto_ed25519_sign", 512, 256, 0, 600) == 0)
    #expect(
      try Hex.encode(guest.bytes(at: 600, 64)).hasPrefix(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"))

    #expect(try guest.call("crypto_p256_keygen", 512, 700) == 0)
    #expect(try guest.call("crypto_p256_sign", 512, 256, 6, 600) == 0)
    let point = try guest.bytes(at: 700, 65)
    #expect(point[0] == 4)
    let other = try PublicKey(p256X: Array(point[1..<33]), y: Array(point[33...]))
    #expect(other.verifies(try guest.bytes(at: 600, 64), of: message))
    try guest.put([UInt8](repeating: 0, count: 32), at: 512)
    #expect(try guest.call("crypto_p256_sign", 512, 256, 6, 600) == -EINVAL)
  }

  @Test func randomBytes() throws {
    let guest = try guest()
    #expect(try guest.call("crypto_random", 256, 32) == 0)
    #expect(try guest.call("crypto_random", 512, 32) == 0)
    #expect(try guest.bytes(at: 256, 32) != guest.bytes(at: 512, 32))
    #expect(try guest.call("crypto_random", 65530, 32) == -EFAULT)
  }

  @Test func withoutTheCapability() throws {
    let guest = try Guest(calling: NativeTable.names(.crypto), [.network])
    #expect(try guest.call("crypto_random", 256, 32) == -EPERM)
  }
}
