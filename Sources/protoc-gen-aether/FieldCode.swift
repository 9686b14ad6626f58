import Protobuf

/// A field with the Swift words that its code is put together from.
struct FieldCode {
  enum Shape {
    /// Without presence: absent and default are the same.
    case implicit
    /// With presence: `optional` scalars and messages.
    case optional
    /// A message that contains itself through this field.
    case indirect
    case repeated
    case packed
    case map(key: WireCode, value: WireCode)
    /// One case of a oneof.
    case oneof(Int)
  }

  /// A Swift type and the `WireField` that reads and writes it.
  struct WireCode {
    var type: String
    var field: String
    var wireType: WireType
  }

  let descriptor: FieldDescriptor
  let shape: Shape
  let wire: WireCode
  /// The property's or case's name, without quotes.
  let name: String
  /// Index in the message, for comments.
  let index: Int
  let isRecursive: Bool

  init(_ descriptor: FieldDescriptor, index: Int, in outer: String, _ types: TypeTable) throws(GeneratorError) {
    self.descriptor = descriptor
    self.index = index
    name = Names.property(descriptor.name)
    wire = try Self.wire(descriptor, types)
    isRecursive = types.isRecursive(descriptor, in: outer)
    if let entry = types.mapEntry(descriptor) {
      guard entry.fields.count == 2 else { throw GeneratorError("\(descriptor.name): a map entry has two fields") }
      shape = .map(key: try Self.wire(entry.fields[0], types), value: try Self.wire(entry.fields[1], types))
    } else if descriptor.isRepeated {
      shape = wire.wireType == .delimited || descriptor.packed == false ? .repeated : .packed
    } else if let oneof = descriptor.oneofIndex, !descriptor.isOptional {
      shape = .oneof(oneof)
    } else if isRecursive {
      shape = .indirect
    } else if descriptor.kind == .message || descriptor.isOptional {
      shape = .optional
    } else {
      shape = .implicit
    }
  }

  private static func wire(_ field: FieldDescriptor, _ types: TypeTable) throws(GeneratorError) -> WireCode {
    switch field.kind {
    case .double: return WireCode(type: "Double", field: "DoubleField", wireType: .fixed64)
    case .float: return WireCode(type: "Float", field: "FloatField", wireType: .fixed32)
    case .int64: return WireCode(type: "Int64", field: "Int64Field", wireType: .varint)
    case .uint64: return WireCode(type: "UInt64", field: "UInt64Field", wireType: .varint)
    case .int32: return WireCode(type: "Int32", field: "Int32Field", wireType: .varint)
    case .fixed64: return WireCode(type: "UInt64", field: "Fixed64Field", wireType: .fixed64)
    case .fixed32: return WireCode(type: "UInt32", field: "Fixed32Field", wireType: .fixed32)
    case .bool: return WireCode(type: "Bool", field: "BoolField", wireType: .varint)
    case .string: return WireCode(type: "String", field: "StringField", wireType: .delimited)
    case .group: throw GeneratorError("\(field.name): groups are not part of proto3")
    case .message:
      let name = try types.swiftName(field.typeName)
      return WireCode(type: name, field: "MessageField<\(name)>", wireType: .delimited)
    case .bytes: return WireCode(type: "[UInt8]", field: "BytesField", wireType: .delimited)
    case .uint32: return WireCode(type: "UInt32", field: "UInt32Field", wireType: .varint)
    case .enum:
      let name = try types.swiftName(field.typeName)
      return WireCode(type: name, field: "EnumField<\(name)>", wireType: .varint)
    case .sfixed32: return WireCode(type: "Int32", field: "SFixed32Field", wireType: .fixed32)
    case .sfixed64: return WireCode(type: "Int64", field: "SFixed64Field", wireType: .fixed64)
    case .sint32: return WireCode(type: "Int32", field: "SInt32Field", wireType: .varint)
    case .sint64: return WireCode(type: "Int64", field: "SInt64Field", wireType: .varint)
    }
  }

  var quoted: String { Names.quoted(name) }
  var isMessage: Bool { descriptor.kind == .message }

  /// The tag of one value.
  var tag: UInt32 { UInt32(descriptor.number) << 3 | UInt32(wire.wireType.rawValue) }
  var packedTag: UInt32 { UInt32(descriptor.number) << 3 | 2 }

  /// The property's type; for a case of a oneof the payload's.
  var type: String {
    switch shape {
    case .implicit, .oneof: wire.type
    case .optional, .indirect: wire.type + "?"
    case .repeated, .packed: "[\(wire.type)]"
    case .map(let key, let value): "[\(key.type): \(value.type)]"
    }
  }

  /// What the property holds at first.
  var initial: String {
    switch shape {
    case .optional, .indirect, .oneof: return "nil"
    case .repeated, .packed: return "[]"
    case .map: return "[:]"
    case .implicit:
      switch descriptor.kind {
      case .bool: return "false"
      case .string: return "\"\""
      case .bytes: return "[]"
      case .enum: return "\(wire.type)(rawValue: 0)"
      default: return "0"
      }
    }
  }

  /// The two names in JSON as arguments.
  var jsonNames: String { "\(Names.literal(descriptor.jsonName)), \(Names.literal(descriptor.name))" }

  /// The two names in JSON as a pattern.
  var jsonPattern: String {
    descriptor.jsonName == descriptor.name ? Names.literal(descriptor.name) : jsonNames
  }
}
