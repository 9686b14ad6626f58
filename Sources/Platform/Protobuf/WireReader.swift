/// Bounds on what the binary decoder accepts.
public struct ProtobufLimits: Sendable {
  /// Messages inside each other (the reference implementations use 100).
  public var depthMax: Int
  /// Input length in bytes.
  public var sizeMax: Int

  public init(depthMax: Int = 100, sizeMax: Int = 64 << 20) {
    self.depthMax = depthMax
    self.sizeMax = sizeMax
  }
}

/// Reads the binary encoding (protobuf.dev/programming-guides/encoding).
///
/// A reader points into memory that somebody else keeps alive: it exists only inside
/// `WireReader.read(_:limits:_:)` and must not leave that closure.
public struct WireReader {
  @usableFromInline var position: UnsafeRawPointer
  @usableFromInline var end: UnsafeRawPointer
  @usableFromInline var depthLeft: Int
  @usableFromInline let depthMax: Int

  @inlinable init(start: UnsafeRawPointer, end: UnsafeRawPointer, depthMax: Int) {
    self.position = start
    self.end = end
    self.depthLeft = depthMax
    self.depthMax = depthMax
  }

  /// Runs `body` with a reader over `bytes`.
  @inlinable
  public static func read(
    _ bytes: UnsafeRawBufferPointer, limits: ProtobufLimits,
    _ body: (inout WireReader) throws(ProtobufError) -> Void
  ) throws(ProtobufError) {
    guard bytes.count <= limits.sizeMax else { throw .tooLarge(limits.sizeMax) }
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
    var reader = WireReader(start: start, end: start + bytes.count, depthMax: limits.depthMax)
    try body(&reader)
  }

  @inlinable public var isAtEnd: Bool { position >= end }

  /// The next tag (field number times eight plus wire type); 0 at the end of the message.
  @inlinable @inline(__always)
  public mutating func tag() throws(ProtobufError) -> UInt32 {
    guard position < end else { return 0 }
    let byte = position.load(as: UInt8.self)
    if byte < 0x80, byte >= 8 {
      position += 1
      return UInt32(byte)
    }
    return try longTag()
  }

  @usableFromInline
  mutating func longTag() throws(ProtobufError) -> UInt32 {
    let value = try varint()
    guard value >> 32 == 0, value >= 8 else { throw .invalidTag(value) }
    return UInt32(truncatingIfNeeded: value)
  }

  @inlinable @inline(__always)
  public mutating func varint() throws(ProtobufError) -> UInt64 {
    if position < end {
      let byte = position.load(as: UInt8.self)
      if byte < 0x80 {
        position += 1
        return UInt64(byte)
      }
    }
    return try longVarint()
  }

  @usableFromInline
  mutating func longVarint() throws(ProtobufError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end {
      let byte = position.load(as: UInt8.self)
      position += 1
      if shift == 63, byte > 1 { throw .malformedVarint }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw .truncated
  }

  @inlinable @inline(__always)
  public mutating func fixed32() throws(ProtobufError) -> UInt32 {
    guard end - position >= 4 else { throw .truncated }
    defer { position += 4 }
    return UInt32(littleEndian: position.loadUnaligned(as: UInt32.self))
  }

  @inlinable @inline(__always)
  public mutating func fixed64() throws(ProtobufError) -> UInt64 {
    guard end - position >= 8 else { throw .truncated }
    defer { position += 8 }
    return UInt64(littleEndian: position.loadUnaligned(as: UInt64.self))
  }

  /// The contents of a length-delimited field. Valid only while the input is.
  @inlinable @inline(__always)
  public mutating func span() throws(ProtobufError) -> UnsafeRawBufferPointer {
    let length = try varint()
    guard length <= UInt64(end - position) else { throw .truncated }
    defer { position += Int(length) }
    return UnsafeRawBufferPointer(start: position, count: Int(length))
  }

  @inlinable
  public mutating func string() throws(ProtobufError) -> String {
    let span = try span()
    guard let text = String(validating: span.bindMemory(to: UInt8.self), as: UTF8.self) else { throw .invalidUTF8 }
    return text
  }

  @inlinable
  public mutating func bytes() throws(ProtobufError) -> [UInt8] { Array(try span()) }

  /// Reads an embedded message into `message`, adding to what it already holds.
  @inlinable
  public mutating func message<M: ProtobufMessage>(_ message: inout M) throws(ProtobufError) {
    let outerEnd = try enter()
    try message.merge(from: &self)
    leave(outerEnd)
  }

  /// Narrows the reader to the length-delimited field at hand; `leave` undoes it.
  @inlinable @inline(__always)
  mutating func enter() throws(ProtobufError) -> UnsafeRawPointer {
    let length = try varint()
    guard length <= UInt64(end - position) else { throw .truncated }
    guard depthLeft > 0 else { throw .tooDeep(depthMax) }
    depthLeft -= 1
    let outerEnd = end
    end = position + Int(length)
    return outerEnd
  }

  @inlinable @inline(__always)
  mutating func leave(_ outerEnd: UnsafeRawPointer) {
    depthLeft += 1
    end = outerEnd
  }

  /// One occurrence of a repeated field: packed or single, whatever the sender chose.
  @inlinable
  public mutating func repeated<F: WireField>(
    _ field: F.Type, tag: UInt32, into values: inout [F.Value]
  ) throws(ProtobufError) {
    guard tag & 7 == 2, F.wireType != .delimited else {
      values.append(try F.read(from: &self))
      return
    }
    let contents = try span()
    guard let start = contents.baseAddress, !contents.isEmpty else { return }
    if values.isEmpty { values.reserveCapacity(WireReader.packedCount(contents, F.wireType)) }
    var reader = WireReader(start: start, end: start + contents.count, depthMax: depthMax)
    while reader.position < reader.end { values.append(try F.read(from: &reader)) }
  }

  /// How many values a packed field holds.
  @inlinable
  static func packedCount(_ contents: UnsafeRawBufferPointer, _ wireType: WireType) -> Int {
    switch wireType {
    case .fixed64: return contents.count / 8
    case .fixed32: return contents.count / 4
    case .varint, .delimited:
      var count = 0
      for byte in contents where byte < 0x80 { count += 1 }
      return count
    }
  }

  /// One occurrence of a repeated message field.
  @inlinable
  public mutating func repeated<M: ProtobufMessage>(message: M.Type, into values: inout [M]) throws(ProtobufError) {
    var value = M()
    try self.message(&value)
    values.append(value)
  }

  /// One entry of a map field. A missing key or value is the default; a later entry replaces an earlier one.
  @inlinable
  public mutating func map<K: WireField, V: WireField>(
    _ keyField: K.Type, _ valueField: V.Type, into values: inout [K.Value: V.Value]
  ) throws(ProtobufError) where K.Value: Hashable {
    let outerEnd = try enter()
    var key = K.Value.protobufDefault
    var value = V.Value.protobufDefault
    while true {
      let tag = try tag()
      if tag == 0 { break }
      if tag == 8 | UInt32(K.wireType.rawValue) {
        key = try K.read(from: &self)
      } else if tag == 16 | UInt32(V.wireType.rawValue) {
        value = try V.read(from: &self)
      } else {
        try skip(tag)
      }
    }
    leave(outerEnd)
    values[key] = value
  }

  /// Passes over the value of a field.
  @usableFromInline
  mutating func skip(_ tag: UInt32) throws(ProtobufError) {
    switch tag & 7 {
    case 0: _ = try varint()
    case 1: _ = try fixed64()
    case 2: _ = try span()
    case 3: try skipGroup(tag >> 3)
    case 4: throw .unbalancedGroup
    case 5: _ = try fixed32()
    default: throw .invalidTag(UInt64(tag))
    }
  }

  private mutating func skipGroup(_ number: UInt32) throws(ProtobufError) {
    guard depthLeft > 0 else { throw .tooDeep(depthMax) }
    depthLeft -= 1
    while true {
      let tag = try tag()
      if tag == 0 { throw .unbalancedGroup }
      if tag & 7 == 4 {
        guard tag >> 3 == number else { throw .unbalancedGroup }
        break
      }
      try skip(tag)
    }
    depthLeft += 1
  }

  /// Keeps a field that the schema does not know, as it came.
  public mutating func unknown(_ tag: UInt32, into fields: inout UnknownFields) throws(ProtobufError) {
    let start = position
    try skip(tag)
    fields.append(tag: tag, contents: UnsafeRawBufferPointer(start: start, count: position - start))
  }
}
