/// Reads the parts of WebAssembly's binary format within bounds.
struct ModuleReader {
  let bytes: [UInt8]
  let start: Int
  var offset: Int
  /// Nothing from here on belongs to what is read.
  let end: Int

  init(_ bytes: [UInt8], from offset: Int = 0, to end: Int? = nil) {
    self.bytes = bytes
    start = offset
    self.offset = offset
    self.end = end ?? bytes.count
  }

  var isAtEnd: Bool { offset == end }

  mutating func byte() throws(AppFormatError) -> UInt8 {
    guard offset < end else { throw .truncated(offset: offset) }
    defer { offset += 1 }
    return bytes[offset]
  }

  /// An unsigned LEB128 number of at most `bits` bits.
  mutating func unsigned(_ bits: UInt64 = 32) throws(AppFormatError) -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try byte()
      let part = UInt64(byte & 0x7F)
      guard shift < bits, bits - shift >= 7 || part >> (bits - shift) == 0 else { throw .invalidNumber(offset: start) }
      value |= part << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
  }

  mutating func u32() throws(AppFormatError) -> UInt32 { UInt32(truncatingIfNeeded: try unsigned()) }

  /// The number of things that follow; there are never more than bytes.
  mutating func count() throws(AppFormatError) -> Int {
    let start = offset
    let count = Int(truncatingIfNeeded: try unsigned())
    guard count <= end - offset else { throw .truncated(offset: start) }
    return count
  }

  mutating func range() throws(AppFormatError) -> Range<Int> {
    let length = try count()
    defer { offset += length }
    return offset..<offset + length
  }

  mutating func name() throws(AppFormatError) -> String {
    let range = try range()
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw .invalidText(offset: range.lowerBound)
    }
    return text
  }
}
