/// Builds bytes out of fixed-width numbers, big-endian.
public struct ByteWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func put(_ value: UInt8) { bytes.append(value) }
  public mutating func put(_ value: Bool) { bytes.append(value ? 1 : 0) }
  public mutating func put(_ value: UInt16) {
    bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    bytes.append(UInt8(truncatingIfNeeded: value))
  }
  public mutating func put(_ value: UInt32) {
    put(UInt16(truncatingIfNeeded: value >> 16))
    put(UInt16(truncatingIfNeeded: value))
  }
  public mutating func put(_ value: UInt64) {
    put(UInt32(truncatingIfNeeded: value >> 32))
    put(UInt32(truncatingIfNeeded: value))
  }
  public mutating func put(_ value: Int32) { put(UInt32(bitPattern: value)) }
  public mutating func put(_ value: Int64) { put(UInt64(bitPattern: value)) }
  public mutating func put(_ value: Float) { put(value.bitPattern) }
  public mutating func put(_ value: Double) { put(value.bitPattern) }
  public mutating func put(raw: [UInt8]) { bytes.append(contentsOf: raw) }

  /// With its length in 16 bits before it; longer bytes are cut, so the caller checks first.
  public mutating func put16(_ text: [UInt8]) {
    let count = min(text.count, 0xFFFF)
    put(UInt16(count))
    bytes.append(contentsOf: text[..<count])
  }

  /// With its length in 32 bits before it.
  public mutating func put32(_ text: [UInt8]) {
    put(UInt32(truncatingIfNeeded: text.count))
    bytes.append(contentsOf: text)
  }
}
