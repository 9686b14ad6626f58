import JSON

extension WellKnown {
  /// The field type and the name of one of the messages that wrap a single value.
  public protocol WrapperKind: Sendable {
    associatedtype Field: WireField
    static var name: String { get }
  }

  /// The messages of `google/protobuf/wrappers.proto`; in JSON the bare value.
  public struct Wrapper<Kind: WrapperKind>: CustomJSONMessage {
    public static var messageName: String { "google.protobuf." + Kind.name }
    public var value = Kind.Field.Value.protobufDefault
    public var unknownFields = UnknownFields()

    public init() {}
    public init(_ value: Kind.Field.Value) { self.value = value }

    private static var tag: UInt32 { 8 | UInt32(Kind.Field.wireType.rawValue) }

    public mutating func merge(from reader: inout WireReader) throws(ProtobufError) {
      while true {
        let tag = try reader.tag()
        if tag == 0 { return }
        if tag == Self.tag {
          value = try Kind.Field.read(from: &reader)
        } else {
          try reader.unknown(tag, into: &unknownFields)
        }
      }
    }

    public func encode(to writer: inout WireWriter) {
      writer.unknown(unknownFields)
      writer.implicit(Self.tag, Kind.Field.self, value)
    }

    public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON { try value.json(options) }

    public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
      value = try Kind.Field.Value(json: json, options: options)
    }
  }

  public enum DoubleKind: WrapperKind {
    public typealias Field = DoubleField
    public static var name: String { "DoubleValue" }
  }
  public enum FloatKind: WrapperKind {
    public typealias Field = FloatField
    public static var name: String { "FloatValue" }
  }
  public enum Int64Kind: WrapperKind {
    public typealias Field = Int64Field
    public static var name: String { "Int64Value" }
  }
  public enum UInt64Kind: WrapperKind {
    public typealias Field = UInt64Field
    public static var name: String { "UInt64Value" }
  }
  public enum Int32Kind: WrapperKind {
    public typealias Field = Int32Field
    public static var name: String { "Int32Value" }
  }
  public enum UInt32Kind: WrapperKind {
    public typealias Field = UInt32Field
    public static var name: String { "UInt32Value" }
  }
  public enum BoolKind: WrapperKind {
    public typealias Field = BoolField
    public static var name: String { "BoolValue" }
  }
  public enum StringKind: WrapperKind {
    public typealias Field = StringField
    public static var name: String { "StringValue" }
  }
  public enum BytesKind: WrapperKind {
    public typealias Field = BytesField
    public static var name: String { "BytesValue" }
  }

  public typealias DoubleValue = Wrapper<DoubleKind>
  public typealias FloatValue = Wrapper<FloatKind>
  public typealias Int64Value = Wrapper<Int64Kind>
  public typealias UInt64Value = Wrapper<UInt64Kind>
  public typealias Int32Value = Wrapper<Int32Kind>
  public typealias UInt32Value = Wrapper<UInt32Kind>
  public typealias BoolValue = Wrapper<BoolKind>
  public typealias StringValue = Wrapper<StringKind>
  public typealias BytesValue = Wrapper<BytesKind>
}
