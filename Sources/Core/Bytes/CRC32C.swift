/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720 appendix B.4), fed in pieces.
public struct CRC32C: Sendable, Equatable {
  private var register: UInt32 = 0xFFFF_FFFF

  public init() {}

  /// Continues from the checksum of the bytes so far.
  public init(resuming checksum: UInt32) { register = ~checksum }

  /// The checksum of everything fed so far.
  public var value: UInt32 { ~register }

  public static func checksum(_ bytes: some Collection<UInt8>) -> UInt32 {
    var crc = CRC32C()
    crc.update(bytes)
    return crc.value
  }

  public mutating func update(_ bytes: some Collection<UInt8>) {
    let start = register
    register = bytes.withContiguousBytes { Self.advance(start, UnsafeRawBufferPointer($0)) }
  }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) { register = Self.advance(register, bytes) }

  private static func advance(_ start: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { table in
      var crc = start
      var offset = 0
      // Eight bytes at a time: table k advances a byte over k further zero bytes ("slicing by eight").
      while slices == 8, offset + 8 <= bytes.count {
        let low = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) ^ crc
        let high = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
        let left =
          table[0x700 + Int(low & 0xFF)] ^ table[0x600 + Int(low >> 8 & 0xFF)]
          ^ table[0x500 + Int(low >> 16 & 0xFF)] ^ table[0x400 + Int(low >> 24)]
        let right =
          table[0x300 + Int(high & 0xFF)] ^ table[0x200 + Int(high >> 8 & 0xFF)]
          ^ table[0x100 + Int(high >> 16 & 0xFF)] ^ table[Int(high >> 24)]
        crc = left ^ right
        offset += 8
      }
      while offset < bytes.count {
        crc = table[Int((crc ^ UInt32(bytes[offset])) & 0xFF)] ^ crc >> 8
        offset += 1
      }
      return crc
    }
  }

  /// One table of 1 KiB where memory is scarce (32-bit targets), eight elsewhere.
  private static var slices: Int { MemoryLayout<Int>.size == 8 ? 8 : 1 }

  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: slices * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? 0x82F6_3B78 ^ crc >> 1 : crc >> 1 }
      tables[byte] = crc
    }
    for index in 256..<max(256, slices * 256) {
      let previous = tables[index - 256]
      tables[index] = tables[Int(previous & 0xFF)] ^ previous >> 8
    }
    return tables
  }()
}
