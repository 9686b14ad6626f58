import JSON

extension WellKnown {
  /// `google.protobuf.Any`: a message of whatever type with the name of that type.
  ///
  /// In JSON the members of the message and `@type`; the type must be well-known or in `ProtobufJSONOptions.types`.
  public struct AnyMessage: CustomJSONMessage {
    public static var messageName: String { "google.protobuf.Any" }
    /// Ends in the full name of the message after a slash.
    public var typeURL = ""
    /// The message in its binary form.
    public var value: [UInt8] = []
    public var unknownFields = UnknownFields()

    public init() {}
    public init(typeURL: String, value: [UInt8]) {
      self.typeURL = typeURL
      self.value = value
    }

    public init<M: ProtobufMessage>(packing message: M) {
      self.init(typeURL: "type.googleapis.com/" + M.messageName, value: message.serialized())
    }

    /// The full name of the message's type; empty when the URL has none.
    public var typeName: String { typeURL.split(separator: "/").last.map(String.init) ?? "" }

    /// - Returns: `nil` when the message is of another type.
    public func unpack<M: ProtobufMessage>(_ type: M.Type) throws(ProtobufError) -> M? {
      guard typeName == M.messageName else { return nil }
      return try M(serialized: value)
    }

    public mutating func merge(from reader: inout WireReader) throws(ProtobufError) {
      while true {
        let tag = try reader.tag()
        switch tag {
        case 0: return
        case 10: typeURL = try reader.string()
        case 18: value = try reader.bytes()
        default: try reader.unknown(tag, into: &unknownFields)
        }
      }
    }

    public func encode(to writer: inout WireWriter) {
      writer.unknown(unknownFields)
      writer.implicit(18, BytesField.self, value)
      writer.implicit(10, StringField.self, typeURL)
    }

    public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON {
      if typeURL.isEmpty, value.isEmpty { return .object(JSONObject()) }
      guard let type = options.types[typeName] else { throw unknownType }
      let inner = try type.init(serialized: value).json(AnyMessage.inner(options))
      var object = JSONObject()
      object.appendUnique("@type", .string(typeURL))
      if !(type is any CustomJSONMessage.Type), case .object(let members) = inner {
        for member in members.members { object.appendUnique(member.name, member.value) }
      } else {
        object.appendUnique("value", inner)
      }
      return .object(object)
    }

    public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
      guard case .object(let object) = json else {
        throw .mismatch(path: "", problem: "expected an object, found \(json.typeName)")
      }
      if object.isEmpty { return }
      guard case .string(let url)? = object["@type"] else {
        throw .mismatch(path: "@type", problem: "expected the URL of a message type")
      }
      typeURL = url
      guard let type = options.types[typeName] else { throw unknownType }
      let options = try AnyMessage.inner(options)
      if type is any CustomJSONMessage.Type {
        for member in object.members where member.name != "@type" && member.name != "value" && !options.ignoresUnknown {
          throw .mismatch(path: member.name, problem: "unknown field")
        }
        guard let inner = object["value"] else { throw .mismatch(path: "value", problem: "the field is missing") }
        do throws(ProtobufError) {
          value = try type.init(json: inner, options: options).serialized()
        } catch {
          throw error.inside("value")
        }
      } else {
        var message = type.init()
        try message.read(object, options, except: "@type")
        value = message.serialized()
      }
    }

    private static func inner(_ options: ProtobufJSONOptions) throws(ProtobufError) -> ProtobufJSONOptions {
      guard options.anyDepthLeft > 0 else { throw .tooDeep(ProtobufJSONOptions().anyDepthLeft) }
      var inner = options
      inner.anyDepthLeft -= 1
      return inner
    }

    private var unknownType: ProtobufError {
      .mismatch(path: "@type", problem: "the message type \"\(typeName)\" is not known here")
    }
  }
}
