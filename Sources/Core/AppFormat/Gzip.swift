/// One member of gzip (RFC 1952).
public enum Gzip {
  public static let magic: [UInt8] = [0x1F, 0x8B]

  public static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: magic) }

  /// - Parameter outputMax: more than this is refused, before it is unpacked where the frame tells.
  public static func unpack(_ bytes: [UInt8], outputMax: Int) throws(AppFormatError) -> [UInt8] {
    guard bytes.count >= 18 else { throw .compression("frame of fewer than 18 bytes", offset: bytes.count) }
    guard isGzip(bytes), bytes[2] == 8 else { throw .compression("not gzip with deflate", offset: 0) }
    let flags = bytes[3]
    guard flags & 0xE0 == 0 else { throw .compression("reserved flags", offset: 3) }
    let size = little32(bytes, bytes.count - 4)
    guard size <= outputMax else { throw .tooLarge(bytes: Int(size), bytesMax: outputMax) }
    var offset = 10
    if flags & 4 != 0 {
      guard offset + 2 <= bytes.count else { throw .compression("frame ends too early", offset: offset) }
      offset += 2 + Int(bytes[offset]) + Int(bytes[offset + 1]) << 8
    }
    // A name and a comment, each with a zero byte at its end.
    for flag: UInt8 in [8, 16] where flags & flag != 0 {
      guard offset < bytes.count, let end = bytes[offset...].firstIndex(of: 0) else {
        throw .compression("frame ends too early", offset: offset)
      }
      offset = end + 1
    }
    if flags & 2 != 0 { offset += 2 }
    guard offset <= bytes.count - 8 else { throw .compression("frame ends too early", offset: bytes.count) }
    // Data that is longer than its frame says ends there.
    var inflate = Inflate(bytes, at: offset, outputMax: Int(size))
    let output = try inflate.run()
    guard bytes.count - inflate.offset == 8 else {
      throw .compression("bytes after the data", offset: inflate.offset)
    }
    guard little32(bytes, inflate.offset) == CRC32.checksum(output), size == UInt32(truncatingIfNeeded: output.count)
    else { throw .compression("checksum or size do not fit", offset: inflate.offset) }
    return output
  }

  /// Without a time and a name, so that equal input gives equal bytes.
  public static func pack(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    result += Deflate.compress(bytes)
    for number in [CRC32.checksum(bytes), UInt32(truncatingIfNeeded: bytes.count)] {
      for shift in stride(from: UInt32(0), to: 32, by: 8) { result.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
    return result
  }

  private static func little32(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
  }
}
