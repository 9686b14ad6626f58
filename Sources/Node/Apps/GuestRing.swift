import Wasmtime

/// A ring of messages in a guest's memory. Its header is 16 bytes: what was written and what was read, as numbers that only
/// grow and are taken modulo the capacity; the capacity, which is the host's to say; flags, which are 0. A message is its
/// length in 2 bytes and its bytes, and may go on at the beginning.
///
/// The guest may write anything there at any time. The host keeps its own index and the capacity to itself and compares.
struct GuestRing {
  static let headerBytes: UInt32 = 16
  /// The smallest with room for a message.
  static let bytesMin: UInt32 = headerBytes + 8

  /// The header is not what the two sides left there.
  struct Nonsense: Error {}

  let address: UInt32
  let capacity: UInt32
  /// What the host has written, or read, so far.
  private(set) var index: UInt32 = 0

  /// Empties the ring and says its capacity.
  ///
  /// - Parameter size: with the header, ``bytesMin`` or more.
  init(at address: UInt32, size: UInt32, in memory: borrowing GuestMemory) throws(GuestFault) {
    self.address = address
    capacity = size - Self.headerBytes
    try memory.withBytes(at: address, count: size) { (_) throws(GuestFault) in }
    try memory.store(0 as UInt64, at: address)
    try memory.store(capacity, at: address + 8)
    try memory.store(0 as UInt32, at: address + 12)
  }

  // MARK: Reading what the guest writes

  /// Takes the next message; `nil` without a whole one.
  mutating func take(from memory: borrowing GuestMemory) throws(Nonsense) -> [UInt8]? {
    guard let length = try nextLength(in: memory) else { return nil }
    let bytes = try copy(from: index &+ 2, count: length, in: memory)
    index &+= 2 + length
    try orNonsense { () throws(GuestFault) in try memory.store(index, at: address + 4) }
    return bytes
  }

  /// Bytes of the next message; `nil` without a whole one.
  func nextLength(in memory: borrowing GuestMemory) throws(Nonsense) -> UInt32? {
    let header = try header(in: memory)
    guard header.read == index else { throw Nonsense() }
    let used = try distance(from: index, to: header.written)
    guard used >= 2 else { return nil }
    let prefix = try copy(from: index, count: 2, in: memory)
    let length = UInt32(prefix[0]) | UInt32(prefix[1]) << 8
    guard length + 2 <= capacity else { throw Nonsense() }
    return length + 2 <= used ? length : nil
  }

  // MARK: Writing what the guest reads

  /// Bytes that a message may have now; negative: not even its length fits.
  func room(in memory: borrowing GuestMemory) throws(Nonsense) -> Int {
    let header = try header(in: memory)
    guard header.written == index else { throw Nonsense() }
    return Int(capacity) - Int(try distance(from: header.read, to: index)) - 2
  }

  /// Adds a message for which there is room.
  mutating func add(_ message: some Collection<UInt8>, to memory: borrowing GuestMemory) throws(Nonsense) {
    let count = UInt32(message.count)
    // Indices of a capacity that is no power of two cannot run over: both sides would then mean different places.
    guard isPowerOfTwo || index <= UInt32.max - count - 2 else { throw Nonsense() }
    try put([UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8)], at: index, in: memory)
    try put(Array(message), at: index &+ 2, in: memory)
    index &+= 2 + count
    // The guest is not running, so that nothing has to order this behind the bytes.
    try orNonsense { () throws(GuestFault) in try memory.store(index, at: address) }
  }

  // MARK: Parts

  private var isPowerOfTwo: Bool { capacity & (capacity - 1) == 0 }

  private func header(in memory: borrowing GuestMemory) throws(Nonsense) -> (written: UInt32, read: UInt32) {
    try orNonsense { () throws(GuestFault) in
      (written: try memory.load(at: address), read: try memory.load(at: address + 4))
    }
  }

  private func distance(from: UInt32, to: UInt32) throws(Nonsense) -> UInt32 {
    guard isPowerOfTwo || to >= from, to &- from <= capacity else { throw Nonsense() }
    return to &- from
  }

  private func copy(from index: UInt32, count: UInt32, in memory: borrowing GuestMemory) throws(Nonsense) -> [UInt8] {
    let start = Int(index % capacity)
    let first = min(Int(count), Int(capacity) - start)
    return try orNonsense { () throws(GuestFault) in
      try memory.withBytes(at: address + Self.headerBytes, count: capacity) { (ring) throws(GuestFault) in
        Array(ring[start..<start + first]) + ring[0..<Int(count) - first]
      }
    }
  }

  private func put(_ bytes: [UInt8], at index: UInt32, in memory: borrowing GuestMemory) throws(Nonsense) {
    let start = Int(index % capacity)
    let first = min(bytes.count, Int(capacity) - start)
    try orNonsense { () throws(GuestFault) in
      try memory.withBytes(at: address + Self.headerBytes, count: capacity) { (ring) throws(GuestFault) in
        for (offset, byte) in bytes[..<first].enumerated() { ring[start + offset] = byte }
        for (offset, byte) in bytes[first...].enumerated() { ring[offset] = byte }
      }
    }
  }

  private func orNonsense<Answer>(_ body: () throws(GuestFault) -> Answer) throws(Nonsense) -> Answer {
    do throws(GuestFault) { return try body() } catch { throw Nonsense() }
  }
}
