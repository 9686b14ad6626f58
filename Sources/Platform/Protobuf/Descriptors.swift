/// The parts of `google.protobuf.FileDescriptorProto` (descriptor.proto) that code generation and reflection read.
///
/// Descriptors are only ever read here; whoever passes them on passes the bytes.
public struct FileDescriptor: Sendable, DescriptorPart {
  public var name = ""
  public var package = ""
  public var dependencies: [String] = []
  public var messages: [MessageDescriptor] = []
  public var enums: [EnumDescriptor] = []
  public var services: [ServiceDescriptor] = []
  /// The file's `swift_prefix` option.
  public var swiftPrefix: String?
  /// `proto3`; empty stands for `proto2`.
  public var syntax = ""
  public var locations: [SourceLocation] = []

  public init() {}

  public init(serialized bytes: [UInt8]) throws(ProtobufError) {
    var result = FileDescriptor()
    var failure: ProtobufError?
    bytes.withUnsafeBytes { buffer in
      do throws(ProtobufError) {
        try WireReader.read(buffer, limits: ProtobufLimits()) { reader throws(ProtobufError) in
          try result.takeAll(&reader)
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    self = result
  }

  mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
    switch tag {
    case 10: name = try reader.string()
    case 18: package = try reader.string()
    case 26: dependencies.append(try reader.string())
    case 34: messages.append(try MessageDescriptor(from: &reader))
    case 42: enums.append(try EnumDescriptor(from: &reader))
    case 50: services.append(try ServiceDescriptor(from: &reader))
    case 66: swiftPrefix = try FileOptions(from: &reader).swiftPrefix
    case 74: locations = try SourceInformation(from: &reader).locations
    case 98: syntax = try reader.string()
    default: return false
    }
    return true
  }
}

/// `google.protobuf.DescriptorProto`.
public struct MessageDescriptor: Sendable, DescriptorPart {
  public var name = ""
  public var fields: [FieldDescriptor] = []
  public var messages: [MessageDescriptor] = []
  public var enums: [EnumDescriptor] = []
  public var oneofs: [String] = []
  /// Whether the message is the entry of a map field: `key` is field 1, `value` field 2.
  public var isMapEntry = false

  public init() {}

  mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
    switch tag {
    case 10: name = try reader.string()
    case 18: fields.append(try FieldDescriptor(from: &reader))
    case 26: messages.append(try MessageDescriptor(from: &reader))
    case 34: enums.append(try EnumDescriptor(from: &reader))
    case 58: isMapEntry = try MessageOptions(from: &reader).isMapEntry
    case 66: oneofs.append(try NamedPart(from: &reader).name)
    default: return false
    }
    return true
  }
}

/// `google.protobuf.FieldDescriptorProto`.
public struct FieldDescriptor: Sendable, DescriptorPart {
  /// The numbers are those of `FieldDescriptorProto.Type`.
  public enum Kind: Int32, Sendable {
    case double = 1
    case float, int64, uint64, int32, fixed64, fixed32, bool, string, group, message, bytes, uint32, `enum`, sfixed32
    case sfixed64, sint32, sint64
  }

  public var name = ""
  public var jsonName = ""
  public var number: Int32 = 0
  public var isRepeated = false
  public var kind = Kind.int32
  /// The full name of the message or enum with a dot in front.
  public var typeName = ""
  /// The index of the oneof the field belongs to; also set for `optional` fields, each with a oneof of its own.
  public var oneofIndex: Int?
  public var isOptional = false
  /// The field's own `packed` option.
  public var packed: Bool?

  public init() {}

  mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
    switch tag {
    case 10: name = try reader.string()
    case 24: number = try Int32Field.read(from: &reader)
    case 32: isRepeated = try reader.varint() == 3
    case 40:
      let number = try Int32Field.read(from: &reader)
      guard let kind = Kind(rawValue: number) else {
        throw .mismatch(path: name, problem: "field type \(number) is not known")
      }
      self.kind = kind
    case 50: typeName = try reader.string()
    case 66: packed = try FieldOptions(from: &reader).packed
    case 72: oneofIndex = Int(try Int32Field.read(from: &reader))
    case 82: jsonName = try reader.string()
    case 136: isOptional = try BoolField.read(from: &reader)
    default: return false
    }
    return true
  }
}

/// `google.protobuf.EnumDescriptorProto`.
public struct EnumDescriptor: Sendable, DescriptorPart {
  public struct Value: Sendable, DescriptorPart {
    public var name = ""
    public var number: Int32 = 0

    public init() {}

    mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
      switch tag {
      case 10: name = try reader.string()
      case 16: number = try Int32Field.read(from: &reader)
      default: return false
      }
      return true
    }
  }

  public var name = ""
  public var values: [Value] = []

  public init() {}

  mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
    switch tag {
    case 10: name = try reader.string()
    case 18: values.append(try Value(from: &reader))
    default: return false
    }
    return true
  }
}

/// `google.protobuf.ServiceDescriptorProto`.
public struct ServiceDescriptor: Sendable, DescriptorPart {
  public struct Method: Sendable, DescriptorPart {
    public var name = ""
    public var inputType = ""
    public var outputType = ""
    public var clientStreams = false
    public var serverStreams = false

    public init() {}

    mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
      switch tag {
      case 10: name = try reader.string()
      case 18: inputType = try reader.string()
      case 26: outputType = try reader.string()
      case 40: clientStreams = try BoolField.read(from: &reader)
      case 48: serverStreams = try BoolField.read(from: &reader)
      default: return false
      }
      return true
    }
  }

  public var name = ""
  public var methods: [Method] = []

  public init() {}

  mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
    switch tag {
    case 10: name = try reader.string()
    case 18: methods.append(try Method(from: &reader))
    default: return false
    }
    return true
  }
}

/// `google.protobuf.SourceCodeInfo.Location`: the comments at one place of the file.
public struct SourceLocation: Sendable, DescriptorPart {
  /// Field numbers and indexes from the file descriptor down to the declaration.
  public var path: [Int32] = []
  public var leadingComments = ""
  public var trailingComments = ""

  public init() {}

  mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
    switch tag {
    case 8, 10: try reader.repeated(Int32Field.self, tag: tag, into: &path)
    case 26: leadingComments = try reader.string()
    case 34: trailingComments = try reader.string()
    default: return false
    }
    return true
  }
}

/// A message read field by field; what is not taken is passed over.
protocol DescriptorPart {
  init()
  /// - Returns: whether the field was read.
  mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool
}

extension DescriptorPart {
  init(from reader: inout WireReader) throws(ProtobufError) {
    self.init()
    let outerEnd = try reader.enter()
    try takeAll(&reader)
    reader.leave(outerEnd)
  }

  mutating func takeAll(_ reader: inout WireReader) throws(ProtobufError) {
    while true {
      let tag = try reader.tag()
      if tag == 0 { return }
      if try !take(tag, &reader) { try reader.skip(tag) }
    }
  }
}

private struct FileOptions: DescriptorPart {
  var swiftPrefix: String?
  mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
    guard tag == 39 << 3 | 2 else { return false }
    swiftPrefix = try reader.string()
    return true
  }
}

private struct MessageOptions: DescriptorPart {
  var isMapEntry = false
  mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
    guard tag == 7 << 3 else { return false }
    isMapEntry = try BoolField.read(from: &reader)
    return true
  }
}

private struct FieldOptions: DescriptorPart {
  var packed: Bool?
  mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
    guard tag == 2 << 3 else { return false }
    packed = try BoolField.read(from: &reader)
    return true
  }
}

private struct NamedPart: DescriptorPart {
  var name = ""
  mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
    guard tag == 10 else { return false }
    name = try reader.string()
    return true
  }
}

private struct SourceInformation: DescriptorPart {
  var locations: [SourceLocation] = []
  mutating func take(_ tag: UInt32, _ reader: inout WireReader) throws(ProtobufError) -> Bool {
    guard tag == 10 else { return false }
    locations.append(try SourceLocation(from: &reader))
    return true
  }
}
