import CWasmtime
import Glibc

/// An access outside of the guest's memory.
public struct GuestFault: Error, Sendable, Equatable, CustomStringConvertible {
  public var address: UInt32
  public var count: UInt64
  /// Bytes that the memory has.
  public var memorySize: Int

  public init(address: UInt32, count: UInt64, memorySize: Int) {
    self.address = address
    self.count = count
    self.memorySize = memorySize
  }

  public var description: String {
    "\(count) bytes at \(address) are outside of the memory of \(memorySize) bytes"
  }
}

/// The linear memory of a guest, lent for the time of a closure. Every access is checked against its end.
public struct GuestMemory: ~Copyable {
  private let base: UnsafeMutableRawPointer?
  /// Bytes.
  public let size: Int

  init(base: UnsafeMutableRawPointer?, size: Int) {
    self.base = base
    self.size = size
  }

  /// The bytes themselves, for calls such as `read(2)`. The buffer ends with the closure.
  public borrowing func withBytes<Answer>(
    at address: UInt32, count: UInt32, _ body: (UnsafeMutableRawBufferPointer) throws(GuestFault) -> Answer
  ) throws(GuestFault) -> Answer {
    try body(try range(address, UInt64(count)))
  }

  public borrowing func read(at address: UInt32, count: UInt32) throws(GuestFault) -> [UInt8] {
    Array(try range(address, UInt64(count)))
  }

  public borrowing func write(_ bytes: some Collection<UInt8>, at address: UInt32) throws(GuestFault) {
    try range(address, UInt64(bytes.count)).copyBytes(from: bytes)
  }

  /// A number, little-endian, at any alignment.
  public borrowing func load<Number: FixedWidthInteger & BitwiseCopyable>(
    _ type: Number.Type = Number.self, at address: UInt32
  ) throws(GuestFault) -> Number {
    let bytes = try range(address, UInt64(MemoryLayout<Number>.size))
    return Number(littleEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(as: Number.self))
  }

  public borrowing func store(_ number: some FixedWidthInteger & BitwiseCopyable, at address: UInt32) throws(GuestFault)
  {
    let little = number.littleEndian
    let bytes = try range(address, UInt64(MemoryLayout.size(ofValue: little)))
    bytes.storeBytes(of: little, as: type(of: little))
  }

  /// A text that ends with a zero byte, without it; invalid UTF-8 is replaced. A text that reaches `lengthMax` bytes, or the
  /// end of the memory, without a zero byte is a fault.
  public borrowing func text(at address: UInt32, lengthMax: UInt32) throws(GuestFault) -> String {
    let bytes = try range(address, UInt64(try textLength(at: address, lengthMax: lengthMax)))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Bytes of such a text.
  public borrowing func textLength(at address: UInt32, lengthMax: UInt32) throws(GuestFault) -> UInt32 {
    guard let base, Int(address) < size else { throw fault(address, 1) }
    let length = min(Int(lengthMax) + 1, size - Int(address))
    guard let zero = memchr(base + Int(address), 0, length) else { throw fault(address, UInt64(length) + 1) }
    return UInt32(zero - (base + Int(address)))
  }

  private borrowing func range(_ address: UInt32, _ count: UInt64) throws(GuestFault) -> UnsafeMutableRawBufferPointer {
    guard UInt64(address) + count <= UInt64(size) else { throw fault(address, count) }
    return UnsafeMutableRawBufferPointer(start: base.map { $0 + Int(address) }, count: Int(count))
  }

  private borrowing func fault(_ address: UInt32, _ count: UInt64) -> GuestFault {
    GuestFault(address: address, count: count, memorySize: size)
  }
}
