/// How a value is laid out on the wire. Groups (3 and 4) are only ever skipped.
public enum WireType: UInt8, Sendable {
  case varint = 0
  case fixed64 = 1
  case delimited = 2
  case fixed32 = 5
}

/// One of the field types of the proto3 language: its Swift type and its layout.
public protocol WireField {
  associatedtype Value: ProtobufValue
  static var wireType: WireType { get }
  static func read(from reader: inout WireReader) throws(ProtobufError) -> Value
  static func write(_ value: Value, to writer: inout WireWriter)
}

public enum Int32Field: WireField {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> Int32 {
    Int32(truncatingIfNeeded: try reader.varint())
  }
  @inlinable public static func write(_ value: Int32, to writer: inout WireWriter) {
    writer.varint(UInt64(bitPattern: Int64(value)))
  }
}

public enum Int64Field: WireField {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> Int64 {
    Int64(bitPattern: try reader.varint())
  }
  @inlinable public static func write(_ value: Int64, to writer: inout WireWriter) {
    writer.varint(UInt64(bitPattern: value))
  }
}

public enum UInt32Field: WireField {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> UInt32 {
    UInt32(truncatingIfNeeded: try reader.varint())
  }
  @inlinable public static func write(_ value: UInt32, to writer: inout WireWriter) { writer.varint(UInt64(value)) }
}

public enum UInt64Field: WireField {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> UInt64 {
    try reader.varint()
  }
  @inlinable public static func write(_ value: UInt64, to writer: inout WireWriter) { writer.varint(value) }
}

/// `sint32`: zigzag, so that small negative numbers stay short.
public enum SInt32Field: WireField {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> Int32 {
    let value = UInt32(truncatingIfNeeded: try reader.varint())
    return Int32(bitPattern: value >> 1) ^ -Int32(bitPattern: value & 1)
  }
  @inlinable public static func write(_ value: Int32, to writer: inout WireWriter) {
    writer.varint(UInt64(UInt32(bitPattern: (value << 1) ^ (value >> 31))))
  }
}

/// `sint64`: zigzag.
public enum SInt64Field: WireField {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> Int64 {
    let value = try reader.varint()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
  @inlinable public static func write(_ value: Int64, to writer: inout WireWriter) {
    writer.varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }
}

public enum Fixed32Field: WireField {
  @inlinable public static var wireType: WireType { .fixed32 }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> UInt32 {
    try reader.fixed32()
  }
  @inlinable public static func write(_ value: UInt32, to writer: inout WireWriter) { writer.fixed32(value) }
}

public enum Fixed64Field: WireField {
  @inlinable public static var wireType: WireType { .fixed64 }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> UInt64 {
    try reader.fixed64()
  }
  @inlinable public static func write(_ value: UInt64, to writer: inout WireWriter) { writer.fixed64(value) }
}

public enum SFixed32Field: WireField {
  @inlinable public static var wireType: WireType { .fixed32 }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> Int32 {
    Int32(bitPattern: try reader.fixed32())
  }
  @inlinable public static func write(_ value: Int32, to writer: inout WireWriter) {
    writer.fixed32(UInt32(bitPattern: value))
  }
}

public enum SFixed64Field: WireField {
  @inlinable public static var wireType: WireType { .fixed64 }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> Int64 {
    Int64(bitPattern: try reader.fixed64())
  }
  @inlinable public static func write(_ value: Int64, to writer: inout WireWriter) {
    writer.fixed64(UInt64(bitPattern: value))
  }
}

public enum FloatField: WireField {
  @inlinable public static var wireType: WireType { .fixed32 }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> Float {
    Float(bitPattern: try reader.fixed32())
  }
  @inlinable public static func write(_ value: Float, to writer: inout WireWriter) { writer.fixed32(value.bitPattern) }
}

public enum DoubleField: WireField {
  @inlinable public static var wireType: WireType { .fixed64 }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> Double {
    Double(bitPattern: try reader.fixed64())
  }
  @inlinable public static func write(_ value: Double, to writer: inout WireWriter) {
    writer.fixed64(value.bitPattern)
  }
}

public enum BoolField: WireField {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> Bool {
    try reader.varint() != 0
  }
  @inlinable public static func write(_ value: Bool, to writer: inout WireWriter) { writer.byte(value ? 1 : 0) }
}

public enum StringField: WireField {
  @inlinable public static var wireType: WireType { .delimited }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> String {
    try reader.string()
  }
  @inlinable public static func write(_ value: String, to writer: inout WireWriter) { writer.string(value) }
}

public enum BytesField: WireField {
  @inlinable public static var wireType: WireType { .delimited }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> [UInt8] {
    try reader.bytes()
  }
  @inlinable public static func write(_ value: [UInt8], to writer: inout WireWriter) { writer.bytes(value) }
}

public enum EnumField<Value: ProtobufEnum>: WireField {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> Value {
    Value(rawValue: Int32(truncatingIfNeeded: try reader.varint()))
  }
  @inlinable public static func write(_ value: Value, to writer: inout WireWriter) {
    writer.varint(UInt64(bitPattern: Int64(value.rawValue)))
  }
}

public enum MessageField<Value: ProtobufMessage>: WireField {
  @inlinable public static var wireType: WireType { .delimited }
  @inlinable public static func read(from reader: inout WireReader) throws(ProtobufError) -> Value {
    var value = Value()
    try reader.message(&value)
    return value
  }
  @inlinable public static func write(_ value: Value, to writer: inout WireWriter) { writer.message(value) }
}
