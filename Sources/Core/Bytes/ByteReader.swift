/// Takes fixed-width numbers out of bytes, big-endian.
public struct ByteReader: Sendable {
  /// The bytes end before what was asked for.
  public struct EndOfBytes: Error, Sendable, Equatable {
    /// Where it should have begun, from the start of the bytes.
    public var offset: Int
  }

  private let bytes: [UInt8]
  public private(set) var offset: Int

  public init(_ bytes: [UInt8], at offset: Int = 0) {
    self.bytes = bytes
    self.offset = min(offset, bytes.count)
  }

  public var remaining: Int { bytes.count - offset }
  public var isAtEnd: Bool { remaining == 0 }

  public mutating func u8() throws(EndOfBytes) -> UInt8 {
    guard offset < bytes.count else { throw EndOfBytes(offset: offset) }
    defer { offset += 1 }
    return bytes[offset]
  }

  public mutating func u16() throws(EndOfBytes) -> UInt16 {
    guard remaining >= 2 else { throw EndOfBytes(offset: offset) }
    defer { offset += 2 }
    return UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
  }

  public mutating func u32() throws(EndOfBytes) -> UInt32 {
    guard remaining >= 4 else { throw EndOfBytes(offset: offset) }
    let high = try u16()
    return UInt32(high) << 16 | UInt32(try u16())
  }

  public mutating func u64() throws(EndOfBytes) -> UInt64 {
    guard remaining >= 8 else { throw EndOfBytes(offset: offset) }
    let high = try u32()
    return UInt64(high) << 32 | UInt64(try u32())
  }

  public mutating func i32() throws(EndOfBytes) -> Int32 { Int32(bitPattern: try u32()) }
  public mutating func i64() throws(EndOfBytes) -> Int64 { Int64(bitPattern: try u64()) }
  public mutating func float() throws(EndOfBytes) -> Float { Float(bitPattern: try u32()) }
  public mutating func double() throws(EndOfBytes) -> Double { Double(bitPattern: try u64()) }

  public mutating func take(_ count: Int) throws(EndOfBytes) -> [UInt8] {
    guard count >= 0, count <= remaining else { throw EndOfBytes(offset: offset) }
    defer { offset += count }
    return Array(bytes[offset..<offset + count])
  }

  /// Bytes with their length in 16 bits before them.
  public mutating func bytes16() throws(EndOfBytes) -> [UInt8] { try take(Int(try u16())) }

  /// Bytes with their length in 32 bits before them.
  public mutating func bytes32() throws(EndOfBytes) -> [UInt8] {
    let count = try u32()
    guard count <= UInt32(Int32.max) else { throw EndOfBytes(offset: offset) }
    return try take(Int(count))
  }
}
