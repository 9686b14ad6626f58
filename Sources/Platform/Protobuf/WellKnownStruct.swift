import JSON

extension WellKnown {
  /// `google.protobuf.NullValue`; in JSON `null`.
  public struct NullValue: ProtobufEnum {
    public var rawValue: Int32

    public init(rawValue: Int32 = 0) { self.rawValue = rawValue }
    public init?(protobufName: String) {
      guard protobufName == "NULL_VALUE" else { return nil }
      rawValue = 0
    }

    public var protobufName: String? { rawValue == 0 ? "NULL_VALUE" : nil }
    public static var acceptsJSONNull: Bool { true }
    public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON { .null }

    public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
      guard json.isNull || json == .string("NULL_VALUE") || json.integerValue == 0 else {
        throw .mismatch(path: "", problem: "expected null")
      }
      rawValue = 0
    }
  }

  /// `google.protobuf.Struct`; in JSON any object.
  public struct Struct: CustomJSONMessage {
    public static var messageName: String { "google.protobuf.Struct" }
    public var fields: [String: Value] = [:]
    public var unknownFields = UnknownFields()

    public init() {}
    public init(fields: [String: Value]) { self.fields = fields }

    public mutating func merge(from reader: inout WireReader) throws(ProtobufError) {
      while true {
        let tag = try reader.tag()
        switch tag {
        case 0: return
        case 10: try reader.map(StringField.self, MessageField<Value>.self, into: &fields)
        default: try reader.unknown(tag, into: &unknownFields)
        }
      }
    }

    public func encode(to writer: inout WireWriter) {
      writer.unknown(unknownFields)
      writer.map(10, StringField.self, MessageField<Value>.self, fields)
    }

    public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON {
      var object = JSONObject()
      for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
        object.appendUnique(name, try value.json(options))
      }
      return .object(object)
    }

    public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
      guard case .object(let object) = json else {
        throw .mismatch(path: "", problem: "expected an object, found \(json.typeName)")
      }
      for member in object.members { fields[member.name] = try Value(json: member.value, options: options) }
    }
  }

  /// `google.protobuf.ListValue`; in JSON any array.
  public struct ListValue: CustomJSONMessage {
    public static var messageName: String { "google.protobuf.ListValue" }
    public var values: [Value] = []
    public var unknownFields = UnknownFields()

    public init() {}
    public init(values: [Value]) { self.values = values }

    public mutating func merge(from reader: inout WireReader) throws(ProtobufError) {
      while true {
        let tag = try reader.tag()
        switch tag {
        case 0: return
        case 10: try reader.repeated(MessageField<Value>.self, tag: tag, into: &values)
        default: try reader.unknown(tag, into: &unknownFields)
        }
      }
    }

    public func encode(to writer: inout WireWriter) {
      writer.unknown(unknownFields)
      writer.repeated(10, MessageField<Value>.self, values)
    }

    public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON {
      var items: [JSON] = []
      for value in values { items.append(try value.json(options)) }
      return .array(items)
    }

    public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
      guard case .array(let items) = json else {
        throw .mismatch(path: "", problem: "expected an array, found \(json.typeName)")
      }
      for item in items { values.append(try Value(json: item, options: options)) }
    }
  }

  /// `google.protobuf.Value`; in JSON any value.
  public struct Value: CustomJSONMessage {
    public enum Kind: Sendable, Equatable {
      case nullValue(NullValue)
      case numberValue(Double)
      case stringValue(String)
      case boolValue(Bool)
      case structValue(Struct)
      case listValue(ListValue)
    }

    public static var messageName: String { "google.protobuf.Value" }
    public static var acceptsJSONNull: Bool { true }
    public var kind: Kind?
    public var unknownFields = UnknownFields()

    public init() {}
    public init(kind: Kind?) { self.kind = kind }

    public mutating func merge(from reader: inout WireReader) throws(ProtobufError) {
      while true {
        let tag = try reader.tag()
        switch tag {
        case 0: return
        case 8: kind = .nullValue(try EnumField<NullValue>.read(from: &reader))
        case 17: kind = .numberValue(try reader.fixed64Double())
        case 26: kind = .stringValue(try reader.string())
        case 32: kind = .boolValue(try BoolField.read(from: &reader))
        case 42:
          var value = Struct()
          if case .structValue(let earlier) = kind { value = earlier }
          try reader.message(&value)
          kind = .structValue(value)
        case 50:
          var value = ListValue()
          if case .listValue(let earlier) = kind { value = earlier }
          try reader.message(&value)
          kind = .listValue(value)
        default: try reader.unknown(tag, into: &unknownFields)
        }
      }
    }

    public func encode(to writer: inout WireWriter) {
      writer.unknown(unknownFields)
      switch kind {
      case .nullValue(let value): writer.field(8, EnumField<NullValue>.self, value)
      case .numberValue(let value): writer.field(17, DoubleField.self, value)
      case .stringValue(let value): writer.field(26, StringField.self, value)
      case .boolValue(let value): writer.field(32, BoolField.self, value)
      case .structValue(let value): writer.field(42, MessageField<Struct>.self, value)
      case .listValue(let value): writer.field(50, MessageField<ListValue>.self, value)
      case nil: break
      }
    }

    public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON {
      switch kind {
      case .nullValue, nil: return .null
      case .numberValue(let value):
        guard value.isFinite else { throw .mismatch(path: "", problem: "a Value holds a number that JSON has not") }
        return .number(value)
      case .stringValue(let value): return .string(value)
      case .boolValue(let value): return .bool(value)
      case .structValue(let value): return try value.json(options)
      case .listValue(let value): return try value.json(options)
      }
    }

    public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
      switch json {
      case .null: kind = .nullValue(NullValue())
      case .bool(let value): kind = .boolValue(value)
      case .integer(let value): kind = .numberValue(Double(value))
      case .number(let value): kind = .numberValue(value)
      case .string(let value): kind = .stringValue(value)
      case .array: kind = .listValue(try ListValue(json: json, options: options))
      case .object: kind = .structValue(try Struct(json: json, options: options))
      }
    }
  }
}

extension WireReader {
  fileprivate mutating func fixed64Double() throws(ProtobufError) -> Double { Double(bitPattern: try fixed64()) }
}
