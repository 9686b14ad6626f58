import JSON

/// The messages of the package `google.protobuf` that schemas import, with their own JSON forms.
public enum WellKnown {
  static let types: [String: any ProtobufMessage.Type] = {
    let all: [any ProtobufMessage.Type] = [
      Empty.self, Timestamp.self, Duration.self, FieldMask.self, AnyMessage.self, Struct.self, Value.self,
      ListValue.self, DoubleValue.self, FloatValue.self, Int64Value.self, UInt64Value.self, Int32Value.self,
      UInt32Value.self, BoolValue.self, StringValue.self, BytesValue.self,
    ]
    return Dictionary(uniqueKeysWithValues: all.map { ($0.messageName, $0) })
  }()

  /// `google.protobuf.Empty`.
  public struct Empty: ProtobufMessage {
    public static var messageName: String { "google.protobuf.Empty" }
    public var unknownFields = UnknownFields()

    public init() {}

    public mutating func merge(from reader: inout WireReader) throws(ProtobufError) {
      while true {
        let tag = try reader.tag()
        if tag == 0 { return }
        try reader.unknown(tag, into: &unknownFields)
      }
    }

    public func encode(to writer: inout WireWriter) { writer.unknown(unknownFields) }
    public func encodeJSON(to members: inout ProtobufJSONMembers) throws(ProtobufError) {}
    public mutating func decodeJSON(_ member: ProtobufJSONMember) throws(ProtobufError) -> Int32 { 0 }
  }

  /// `google.protobuf.FieldMask`; in JSON one string, `"spec.image,metadata.labels"`.
  public struct FieldMask: CustomJSONMessage {
    public static var messageName: String { "google.protobuf.FieldMask" }
    public var paths: [String] = []
    public var unknownFields = UnknownFields()

    public init() {}
    public init(paths: [String]) { self.paths = paths }

    public mutating func merge(from reader: inout WireReader) throws(ProtobufError) {
      while true {
        let tag = try reader.tag()
        switch tag {
        case 0: return
        case 10: paths.append(try reader.string())
        default: try reader.unknown(tag, into: &unknownFields)
        }
      }
    }

    public func encode(to writer: inout WireWriter) {
      writer.unknown(unknownFields)
      writer.repeated(10, StringField.self, paths)
    }

    public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON {
      var names: [String] = []
      for path in paths {
        let name = FieldMask.camelCase(path)
        guard FieldMask.snakeCase(name) == path else {
          throw .mismatch(path: "", problem: "the path \"\(path)\" cannot be written in JSON")
        }
        names.append(name)
      }
      return .string(names.joined(separator: ","))
    }

    public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
      guard case .string(let text) = json else {
        throw .mismatch(path: "", problem: "expected a string of field paths with commas between them")
      }
      for name in text.split(separator: ",") {
        guard !name.utf8.contains(UInt8(ascii: "_")) else {
          throw .mismatch(path: "", problem: "the path \"\(name)\" has an underscore; use lowerCamelCase")
        }
        paths.append(FieldMask.snakeCase(String(name)))
      }
    }

    private static func camelCase(_ path: String) -> String {
      var name = ""
      var capital = false
      for scalar in path.unicodeScalars {
        if scalar == "_" {
          capital = true
        } else {
          name.unicodeScalars.append(contentsOf: capital ? scalar.uppercasedASCII : [scalar])
          capital = false
        }
      }
      return name
    }

    private static func snakeCase(_ name: String) -> String {
      var path = ""
      for scalar in name.unicodeScalars {
        if ("A"..."Z").contains(scalar) {
          path.unicodeScalars.append(contentsOf: ["_", Unicode.Scalar(UInt8(scalar.value) | 0x20)])
        } else {
          path.unicodeScalars.append(scalar)
        }
      }
      return path
    }
  }
}

extension Unicode.Scalar {
  fileprivate var uppercasedASCII: [Unicode.Scalar] {
    ("a"..."z").contains(self) ? [Unicode.Scalar(UInt8(value) & 0xDF)] : [self]
  }
}

/// A message whose JSON form is not an object of its fields.
public protocol CustomJSONMessage: ProtobufMessage {}

extension CustomJSONMessage {
  public func encodeJSON(to members: inout ProtobufJSONMembers) throws(ProtobufError) {}
  public mutating func decodeJSON(_ member: ProtobufJSONMember) throws(ProtobufError) -> Int32 { 0 }
}
