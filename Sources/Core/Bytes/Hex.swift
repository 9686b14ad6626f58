/// Base 16 (RFC 4648 section 8), written in lower case, read in either case.
public enum Hex {
  public static func encode(_ bytes: some Collection<UInt8>) -> String {
    bytes.withContiguousBytes { input in
      String(unsafeUninitializedCapacity: input.count * 2) { output in
        for index in 0..<input.count {
          output[2 * index] = digit(input[index] >> 4)
          output[2 * index + 1] = digit(input[index] & 15)
        }
        return input.count * 2
      }
    }
  }

  public static func decode(_ text: String) throws(CodecError) -> [UInt8] { try decode(Array(text.utf8)) }

  public static func decode(_ text: some Collection<UInt8>) throws(CodecError) -> [UInt8] {
    guard text.count.isMultiple(of: 2) else { throw .invalidLength(text.count) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 2)
    var high: UInt8?
    var offset = 0
    for character in text {
      guard let value = value(character) else { throw .invalidCharacter(offset: offset) }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
      offset += 1
    }
    return bytes
  }

  @inline(__always)
  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

  @inline(__always)
  private static func value(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x41...0x46: character - 0x37
    case 0x61...0x66: character - 0x57
    default: nil
    }
  }
}
