import Bytes
import Crypto
import PythonPeer
import Testing

@Suite struct CipherTests {
  /// NIST SP 800-38A, sections F.2.5, F.2.6 and F.5.5: the key, and the first two blocks.
  private static let key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
  private static let message = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"

  private func bytes(_ hex: String) throws -> [UInt8] { try Hex.decode(hex) }

  @Test func cbcOfNIST() throws {
    let key = Secret(try bytes(Self.key))
    let iv = try bytes("000102030405060708090a0b0c0d0e0f")
    let sealed = try AES256.encryptCBC(try bytes(Self.message), key: key, iv: iv)
    #expect(Hex.encode(sealed) == "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d")
    #expect(Hex.encode(try AES256.decryptCBC(sealed, key: key, iv: iv)) == Self.message)
  }

  @Test func counterOfNIST() throws {
    let key = Secret(try bytes(Self.key))
    let counter = try bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    let sealed = try AES256.ctr(try bytes(Self.message), key: key, counter: counter)
    #expect(Hex.encode(sealed) == "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5")
    #expect(Hex.encode(try AES256.ctr(sealed, key: key, counter: counter)) == Self.message)
  }

  @Test func refusesOtherLengths() throws {
    let key = Secret(try bytes(Self.key))
    let block = [UInt8](repeating: 0, count: 16)
    #expect(throws: CryptoError.self) { try AES256.encryptCBC([1, 2, 3], key: key, iv: block) }
    #expect(throws: CryptoError.self) { try AES256.encryptCBC([], key: Secret([1]), iv: block) }
    #expect(throws: CryptoError.self) { try AES256.ctr([1], key: key, counter: [0]) }
    #expect(try AES256.encryptCBC([], key: key, iv: block) == [])
    #expect(try AES256.ctr([], key: key, counter: block) == [])
  }

  /// Random messages, and a counter that runs over, as Python's `cryptography` has them.
  @Test func agreesWithPython() throws {
    var numbers = SeededNumbers.forTest("CipherTests")
    var lines = ""
    var ours = ""
    for _ in 0..<40 {
      let key = (0..<32).map { _ in UInt8.random(in: 0...255, using: &numbers) }
      var block = (0..<16).map { _ in UInt8.random(in: 0...255, using: &numbers) }
      if Bool.random(using: &numbers) { block = [UInt8](repeating: 0xFF, count: 16) }
      let count = Int.random(in: 0...300, using: &numbers)
      let message = (0..<count).map { _ in UInt8.random(in: 0...255, using: &numbers) }
      let whole = Array(message.prefix(count / 16 * 16))
      lines += "\(Hex.encode(key)) \(Hex.encode(block)) x\(Hex.encode(message)) x\(Hex.encode(whole))\n"
      ours += Hex.encode(try AES256.ctr(message, key: Secret(key), counter: block)) + " "
      ours += Hex.encode(try AES256.encryptCBC(whole, key: Secret(key), iv: block)) + "\n"
    }
    let theirs = try PythonPeer.run(
      """
      import sys
      from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
      for line in sys.stdin:
        key, block, message, whole = line.split()
        key, block = bytes.fromhex(key), bytes.fromhex(block)
        ctr = Cipher(algorithms.AES(key), modes.CTR(block)).encryptor()
        cbc = Cipher(algorithms.AES(key), modes.CBC(block)).encryptor()
        print((ctr.update(bytes.fromhex(message[1:])) + ctr.finalize()).hex(),
          (cbc.update(bytes.fromhex(whole[1:])) + cbc.finalize()).hex())
      """, input: lines)
    #expect(theirs == ours)
  }

  /// RFC 6979, appendix A.2.5: the key pair.
  @Test func p256FromItsNumber() throws {
    let number = try bytes("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
    let key = try PrivateKey(p256Scalar: Secret(number))
    let expected = PublicKey.Components.p256(
      x: try bytes("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"),
      y: try bytes("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"))
    #expect(try key.publicKey.components() == expected)
    #expect(try key.p256Scalar() == Secret(number))
    let signature = try key.sign(Array("sample".utf8))
    #expect(key.publicKey.verifies(signature, of: Array("sample".utf8)))
    let other = try PrivateKey.generate(.p256)
    #expect(try PrivateKey(p256Scalar: try other.p256Scalar()).publicKey == other.publicKey)
  }

  @Test(arguments: [
    "00", "0000000000000000000000000000000000000000000000000000000000000000",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  ])
  func noNumberOfP256(_ hex: String) throws {
    let number = Secret(try bytes(hex))
    #expect(throws: CryptoError.self) { try PrivateKey(p256Scalar: number) }
  }
}
