/// Takes fixed-width numbers out of bytes, big-endian. Where something is wrong it is noted, and zeros are given from there
/// on: whoever reads looks once, at the end, which takes less code than looking at each number.
public struct SteadyReader: Sendable {
  private let bytes: [UInt8]
  public private(set) var offset: Int
  /// Bytes were missing, or something was not what it must be.
  public private(set) var isBroken = false

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
    offset = 0
  }

  public var isAtEnd: Bool { offset == bytes.count }

  /// Notes that something is wrong.
  public mutating func require(_ condition: Bool) { if !condition { isBroken = true } }

  // Code is what counts here, not time: whatever is called often is not copied to where it is called.

  /// A number of up to 8 bytes.
  @inline(never) public mutating func number(_ width: Int) -> UInt64 {
    require(bytes.count - offset >= width)
    var value: UInt64 = 0
    if isBroken { return value }
    for index in offset..<offset + width { value = value << 8 | UInt64(bytes[index]) }
    offset += width
    return value
  }

  @inline(never) public mutating func u8() -> UInt8 { UInt8(truncatingIfNeeded: number(1)) }
  public mutating func u16() -> UInt16 { UInt16(truncatingIfNeeded: number(2)) }
  public mutating func u32() -> UInt32 { UInt32(truncatingIfNeeded: number(4)) }
  public mutating func flag() -> Bool { u8() != 0 }

  /// How many parts of at least so many bytes follow, as a number of `width` bytes; there are as many bytes.
  @inline(never) public mutating func count(each least: Int, width: Int = 2) -> Int {
    let count = number(width)
    require(count <= UInt64((bytes.count - offset) / least))
    return isBroken ? 0 : Int(count)
  }

  /// So many parts, one after the other. Made at once: a list that grows takes several times the code.
  public mutating func list<Part>(_ count: Int, _ read: (inout SteadyReader) -> Part) -> [Part] {
    [Part](unsafeUninitializedCapacity: count) { parts, filled in
      while filled < count {
        (parts.baseAddress.unsafelyUnwrapped + filled).initialize(to: read(&self))
        filled += 1
      }
    }
  }

  /// A position in a list of `count` parts; -1 for none, which only some places have.
  @inline(never) public mutating func index(below count: Int, orNone: Bool = false) -> Int32 {
    let value = Int32(u16())
    if orNone && value == 0xFFFF { return -1 }
    require(value < count)
    return isBroken ? 0 : value
  }

  /// Bytes with their length in 32 bits before them.
  @inline(never) public mutating func text() -> [UInt8] {
    let count = u32()
    require(count <= UInt32(truncatingIfNeeded: bytes.count - offset))
    if isBroken { return [] }
    offset += Int(count)
    return Array(bytes[offset - Int(count)..<offset])
  }

  @inline(never) public mutating func take(_ count: Int) -> [UInt8] {
    require(count >= 0 && count <= bytes.count - offset)
    if isBroken { return [] }
    offset += count
    return Array(bytes[offset - count..<offset])
  }
}
