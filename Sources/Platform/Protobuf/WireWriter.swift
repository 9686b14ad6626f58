/// Writes the binary encoding from the last byte to the first.
///
/// Working backwards, the length of an embedded message is known when its prefix is written: one pass, nothing
/// computed twice, nothing moved. Generated code therefore writes its fields in falling order.
///
/// The writer may start in memory lent by the caller (`scratch`), so it lives only inside
/// `WireWriter.bytes(_:)`.
public struct WireWriter: ~Copyable {
  @usableFromInline var base: UnsafeMutablePointer<UInt8>
  @usableFromInline var cursor: UnsafeMutablePointer<UInt8>
  @usableFromInline var end: UnsafeMutablePointer<UInt8>
  @usableFromInline var ownsMemory: Bool

  @inlinable
  init(scratch: UnsafeMutableBufferPointer<UInt8>, start: UnsafeMutablePointer<UInt8>) {
    base = start
    end = start + scratch.count
    cursor = end
    ownsMemory = false
  }

  @inlinable
  deinit {
    if ownsMemory { base.deallocate() }
  }

  /// The bytes that `body` writes.
  @inlinable
  public static func bytes(_ body: (inout WireWriter) -> Void) -> [UInt8] {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { scratch in
      guard let start = scratch.baseAddress else { return [] }
      var writer = WireWriter(scratch: scratch, start: start)
      body(&writer)
      return Array(UnsafeBufferPointer(start: writer.cursor, count: writer.count))
    }
  }

  /// Bytes written so far.
  @inlinable public var count: Int { end - cursor }

  @inlinable @inline(__always)
  mutating func reserve(_ room: Int) {
    if cursor - base < room { grow(room) }
  }

  @usableFromInline
  mutating func grow(_ room: Int) {
    let used = count
    let capacity = max((end - base) * 2, used + room, 4096)
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    let newCursor = memory + (capacity - used)
    newCursor.update(from: cursor, count: used)
    if ownsMemory { base.deallocate() }
    base = memory
    end = memory + capacity
    cursor = newCursor
    ownsMemory = true
  }

  @inlinable @inline(__always)
  public mutating func byte(_ value: UInt8) {
    reserve(1)
    cursor -= 1
    cursor.pointee = value
  }

  @inlinable @inline(__always)
  public mutating func varint(_ value: UInt64) {
    if value < 0x80 {
      byte(UInt8(truncatingIfNeeded: value))
    } else {
      longVarint(value)
    }
  }

  @usableFromInline
  mutating func longVarint(_ value: UInt64) {
    reserve(10)
    let size = (70 - (value | 1).leadingZeroBitCount) / 7
    cursor -= size
    var rest = value
    for index in 0..<(size - 1) {
      cursor[index] = UInt8(truncatingIfNeeded: rest) | 0x80
      rest >>= 7
    }
    cursor[size - 1] = UInt8(truncatingIfNeeded: rest)
  }

  @inlinable @inline(__always)
  public mutating func fixed32(_ value: UInt32) {
    reserve(4)
    cursor -= 4
    UnsafeMutableRawPointer(cursor).storeBytes(of: value.littleEndian, as: UInt32.self)
  }

  @inlinable @inline(__always)
  public mutating func fixed64(_ value: UInt64) {
    reserve(8)
    cursor -= 8
    UnsafeMutableRawPointer(cursor).storeBytes(of: value.littleEndian, as: UInt64.self)
  }

  /// Bytes without a length.
  @inlinable @inline(__always)
  public mutating func raw(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
    reserve(bytes.count)
    cursor -= bytes.count
    cursor.update(from: start, count: bytes.count)
  }

  /// Bytes after their length.
  @inlinable
  public mutating func bytes(_ value: [UInt8]) {
    value.withUnsafeBufferPointer { raw($0) }
    varint(UInt64(value.count))
  }

  @inlinable
  public mutating func string(_ value: String) {
    var value = value
    let length = value.withUTF8 { utf8 in
      raw(utf8)
      return utf8.count
    }
    varint(UInt64(length))
  }

  /// An embedded message after its length.
  @inlinable
  public mutating func message<M: ProtobufMessage>(_ value: M) {
    let before = count
    value.encode(to: &self)
    varint(UInt64(count - before))
  }

  /// A field with its tag, whatever its value.
  @inlinable @inline(__always)
  public mutating func field<F: WireField>(_ tag: UInt32, _ field: F.Type, _ value: F.Value) {
    F.write(value, to: &self)
    varint(UInt64(tag))
  }

  /// A field with its tag, left out when it holds the default.
  @inlinable @inline(__always)
  public mutating func implicit<F: WireField>(_ tag: UInt32, _ field: F.Type, _ value: F.Value) {
    if !value.isProtobufDefault { self.field(tag, F.self, value) }
  }

  /// A field with its tag, left out when it is not set.
  @inlinable @inline(__always)
  public mutating func optional<F: WireField>(_ tag: UInt32, _ field: F.Type, _ value: F.Value?) {
    if let value { self.field(tag, F.self, value) }
  }

  /// A repeated field, one tag per value.
  @inlinable
  public mutating func repeated<F: WireField>(_ tag: UInt32, _ field: F.Type, _ values: [F.Value]) {
    for value in values.reversed() { self.field(tag, F.self, value) }
  }

  /// A repeated field of numbers behind one tag.
  @inlinable
  public mutating func packed<F: WireField>(_ tag: UInt32, _ field: F.Type, _ values: [F.Value]) {
    if values.isEmpty { return }
    let before = count
    for value in values.reversed() { F.write(value, to: &self) }
    varint(UInt64(count - before))
    varint(UInt64(tag))
  }

  /// A map field: one message of key (1) and value (2) per entry, in no particular order.
  @inlinable
  public mutating func map<K: WireField, V: WireField>(
    _ tag: UInt32, _ keyField: K.Type, _ valueField: V.Type, _ values: [K.Value: V.Value]
  ) where K.Value: Hashable {
    for (key, value) in values {
      let before = count
      field(16 | UInt32(V.wireType.rawValue), V.self, value)
      field(8 | UInt32(K.wireType.rawValue), K.self, key)
      varint(UInt64(count - before))
      varint(UInt64(tag))
    }
  }

  /// Fields kept from a message of a newer schema.
  @inlinable
  public mutating func unknown(_ fields: UnknownFields) {
    if !fields.bytes.isEmpty { fields.bytes.withUnsafeBufferPointer { raw($0) } }
  }
}
