import Bytes
import Testing

@Suite struct HexTests {
  @Test func roundTrip() throws {
    let bytes = (0...255).map { UInt8($0) }
    let text = Hex.encode(bytes)
    #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff"))
    #expect(try Hex.decode(text) == bytes)
    #expect(try Hex.decode("DEADbeef") == [0xDE, 0xAD, 0xBE, 0xEF])
    #expect(Hex.encode([]) == "")
  }

  @Test func refuses() {
    #expect(throws: CodecError.invalidLength(3)) { try Hex.decode("abc") }
    #expect(throws: CodecError.invalidCharacter(offset: 1)) { try Hex.decode("ag") }
  }
}

@Suite struct Base64Tests {
  /// RFC 4648 section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func vectors(_ plain: String, _ coded: String) throws {
    #expect(Base64.encode(Array(plain.utf8)) == coded)
    #expect(try Base64.decode(coded) == Array(plain.utf8))
    let url = coded.filter { $0 != "=" }
    #expect(Base64.encode(Array(plain.utf8), .url) == url)
    #expect(try Base64.decode(url, .url) == Array(plain.utf8))
  }

  @Test func alphabets() throws {
    #expect(Base64.encode([0xFB, 0xFF, 0xFE]) == "+//+")
    #expect(Base64.encode([0xFB, 0xFF, 0xFE], .url) == "-__-")
    #expect(throws: CodecError.invalidCharacter(offset: 0)) { try Base64.decode("-__-") }
    #expect(throws: CodecError.invalidCharacter(offset: 0)) { try Base64.decode("+//+", .url) }
  }

  @Test(arguments: ["Z", "Zg", "Zg=", "Zg===", "=", "====", "Zg==Zg==", "Zm9v\n", "Zh==", "Zm9=", "Z é="])
  func refusesStandard(_ text: String) {
    #expect(throws: CodecError.self) { try Base64.decode(text) }
  }

  @Test(arguments: ["Z", "Zg==", "Zm8=", "Zh", "Zm9", "Zm9vY", "Z g", "Zm9vZ\u{0}"])
  func refusesURL(_ text: String) {
    #expect(throws: CodecError.self) { try Base64.decode(text, .url) }
  }

  @Test func everyLengthRoundTrips() throws {
    for length in 0..<100 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ length) }
      #expect(try Base64.decode(Base64.encode(bytes)) == bytes)
      #expect(try Base64.decode(Base64.encode(bytes, .url), .url) == bytes)
      #expect(Base64.encode(bytes[...].lazy.map { $0 }) == Base64.encode(bytes))
    }
  }
}

@Suite struct CRC32CTests {
  /// RFC 3720 appendix B.4, and the check value of the polynomial.
  @Test func vectors() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum((0..<32).map { UInt8($0) }) == 0x46DD_794E)
    #expect(CRC32C.checksum([]) == 0)
  }

  @Test func piecesEqualTheWhole() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let whole = CRC32C.checksum(bytes)
    for cut in stride(from: 0, through: 1000, by: 13) {
      var crc = CRC32C()
      crc.update(bytes[..<cut])
      var resumed = CRC32C(resuming: crc.value)
      resumed.update(bytes[cut...])
      #expect(resumed.value == whole)
    }
  }
}
