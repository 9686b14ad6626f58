import JSON

/// How messages become JSON and back (protobuf.dev/programming-guides/json).
public struct ProtobufJSONOptions: Sendable {
  /// Write `field_name` as in the schema instead of `fieldName`. Reading always takes both.
  public var writesSchemaNames = false
  /// Write fields without presence that hold their default, and empty lists and maps.
  public var writesDefaults = false
  /// Write enum values as numbers. Reading always takes both.
  public var writesEnumNumbers = false
  /// Pass over members and enum names that the schema does not know instead of refusing them.
  public var ignoresUnknown = false
  /// The message types that `google.protobuf.Any` may hold.
  public var types = ProtobufTypes()
  /// How many `google.protobuf.Any` may still open inside each other; each one is decoded on its own.
  var anyDepthLeft = 16

  public init() {}
}

/// Message types found by their full names.
public struct ProtobufTypes: Sendable {
  private var byName: [String: any ProtobufMessage.Type] = [:]

  public init(_ types: [any ProtobufMessage.Type] = []) {
    for type in types { byName[type.messageName] = type }
  }

  public subscript(name: String) -> (any ProtobufMessage.Type)? { byName[name] ?? WellKnown.types[name] }
}

/// The members of a JSON object under construction.
public struct ProtobufJSONMembers {
  var object = JSONObject()
  let options: ProtobufJSONOptions

  private mutating func append(_ name: String, _ schemaName: String, _ value: JSON) {
    object.appendUnique(options.writesSchemaNames ? schemaName : name, value)
  }

  private func convert<V: ProtobufValue>(_ value: V, _ step: String) throws(ProtobufError) -> JSON {
    do throws(ProtobufError) { return try value.json(options) } catch { throw error.inside(step) }
  }

  /// A field without presence.
  public mutating func implicit<V: ProtobufValue>(
    _ name: String, _ schemaName: String, _ value: V
  ) throws(ProtobufError) {
    if value.isProtobufDefault, !options.writesDefaults { return }
    append(name, schemaName, try convert(value, name))
  }

  /// A field with presence.
  public mutating func optional<V: ProtobufValue>(
    _ name: String, _ schemaName: String, _ value: V?
  ) throws(ProtobufError) {
    if let value { append(name, schemaName, try convert(value, name)) }
  }

  public mutating func repeated<V: ProtobufValue>(
    _ name: String, _ schemaName: String, _ values: [V]
  ) throws(ProtobufError) {
    if values.isEmpty, !options.writesDefaults { return }
    var items: [JSON] = []
    items.reserveCapacity(values.count)
    for (index, value) in values.enumerated() { items.append(try convert(value, "\(name)[\(index)]")) }
    append(name, schemaName, .array(items))
  }

  /// A map, its entries in the order of their names.
  public mutating func map<K: ProtobufMapKey, V: ProtobufValue>(
    _ name: String, _ schemaName: String, _ values: [K: V]
  ) throws(ProtobufError) {
    if values.isEmpty, !options.writesDefaults { return }
    var entries = JSONObject()
    for (key, value) in values.map({ ($0.key.jsonName, $0.value) }).sorted(by: { $0.0 < $1.0 }) {
      entries.appendUnique(key, try convert(value, "\(name)[\"\(key)\"]"))
    }
    append(name, schemaName, .object(entries))
  }
}

/// One member of a JSON object that is being read into a message.
public struct ProtobufJSONMember {
  public let name: String
  let value: JSON
  let options: ProtobufJSONOptions

  /// The member's value; `nil` when it counts as absent (`null`, or an unknown enum name that may be ignored).
  public func value<V: ProtobufValue>(_ type: V.Type) throws(ProtobufError) -> V? {
    if value.isNull, !V.acceptsJSONNull { return nil }
    return try convert(value, V.self)
  }

  /// - Parameter isTaken: whether another member has already set the oneof.
  public func oneof<V: ProtobufValue>(_ type: V.Type, isTaken: Bool) throws(ProtobufError) -> V? {
    guard let value = try value(V.self) else { return nil }
    if isTaken { throw .mismatch(path: "", problem: "another field of the same oneof is also set") }
    return value
  }

  public func read<V: ProtobufValue>(_ field: inout V) throws(ProtobufError) {
    if let value = try value(V.self) { field = value }
  }

  public func read<V: ProtobufValue>(_ field: inout V?) throws(ProtobufError) {
    if let value = try value(V.self) { field = value }
  }

  public func read<V: ProtobufValue>(repeated field: inout [V]) throws(ProtobufError) {
    if value.isNull { return }
    guard case .array(let items) = value else {
      throw .mismatch(path: "", problem: "expected an array, found \(value.typeName)")
    }
    field = []
    field.reserveCapacity(items.count)
    for (index, item) in items.enumerated() {
      if let value = try element(item, V.self, "[\(index)]") { field.append(value) }
    }
  }

  public func read<K: ProtobufMapKey, V: ProtobufValue>(map field: inout [K: V]) throws(ProtobufError) {
    if value.isNull { return }
    guard case .object(let object) = value else {
      throw .mismatch(path: "", problem: "expected an object, found \(value.typeName)")
    }
    field = [:]
    for member in object.members {
      let step = "[\"\(member.name)\"]"
      guard let key = K(jsonName: member.name) else {
        throw .mismatch(path: step, problem: "the key is not \(K.jsonKind)")
      }
      guard let value = try element(member.value, V.self, step) else { continue }
      guard field.updateValue(value, forKey: key) == nil else {
        throw .mismatch(path: step, problem: "the key appears twice")
      }
    }
  }

  private func element<V: ProtobufValue>(
    _ item: JSON, _ type: V.Type, _ step: String
  ) throws(ProtobufError) -> V? {
    if item.isNull, !V.acceptsJSONNull {
      throw .mismatch(path: step, problem: "null is not allowed inside arrays and maps")
    }
    do throws(ProtobufError) { return try convert(item, V.self) } catch { throw error.inside(step) }
  }

  private func convert<V: ProtobufValue>(_ json: JSON, _ type: V.Type) throws(ProtobufError) -> V? {
    do throws(ProtobufError) {
      return try V(json: json, options: options)
    } catch {
      if options.ignoresUnknown, case .unknownEnumName(path: "", _) = error { return nil }
      throw error
    }
  }
}

extension ProtobufMessage {
  public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON {
    var members = ProtobufJSONMembers(options: options)
    try encodeJSON(to: &members)
    return .object(members.object)
  }

  public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
    self.init()
    guard case .object(let object) = json else {
      throw .mismatch(path: "", problem: "expected an object, found \(json.typeName)")
    }
    try read(object, options)
  }

  /// Takes every member but `skipped`.
  mutating func read(
    _ object: JSONObject, _ options: ProtobufJSONOptions, except skipped: String? = nil
  ) throws(ProtobufError) {
    var seen: Set<Int32> = []
    for member in object.members where member.name != skipped {
      let number: Int32
      do throws(ProtobufError) {
        number = try decodeJSON(ProtobufJSONMember(name: member.name, value: member.value, options: options))
        if number != 0, !seen.insert(number).inserted {
          throw .mismatch(path: "", problem: "the field is given twice")
        }
        if number == 0, !options.ignoresUnknown { throw .mismatch(path: "", problem: "unknown field") }
      } catch {
        throw error.inside(member.name)
      }
    }
  }

  /// The JSON text of the message.
  /// - Throws: `mismatch` when a well-known type holds a value that has no JSON form.
  public func jsonText(
    _ options: ProtobufJSONOptions = ProtobufJSONOptions(), format: JSONFormat = .compact
  ) throws(ProtobufError) -> String {
    try json(options).text(format)
  }

  public init(
    jsonText text: String, options: ProtobufJSONOptions = ProtobufJSONOptions(), limits: JSONLimits = JSONLimits()
  ) throws(ProtobufError) {
    let value: JSON
    do throws(JSONError) { value = try JSON.parse(text, limits: limits) } catch { throw .syntax(error) }
    try self.init(json: value, options: options)
  }
}

extension ProtobufEnum {
  public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON {
    if !options.writesEnumNumbers, let name = protobufName { return .string(name) }
    return .integer(Int64(rawValue))
  }

  public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
    switch json {
    case .string(let name):
      guard let value = Self(protobufName: name) else { throw .unknownEnumName(path: "", name: name) }
      self = value
    default:
      guard let number = json.integerValue, let value = Int32(exactly: number) else {
        throw .mismatch(path: "", problem: "expected the name or the number of an enum value")
      }
      self.init(rawValue: value)
    }
  }
}
