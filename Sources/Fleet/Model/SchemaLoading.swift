import JSON

/// Why a schema file cannot be used.
public struct SchemaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Where in the schema, such as `properties.limits`.
  public var path: String
  public var problem: String

  public var description: String { "schema \(path.isEmpty ? "root" : path): \(problem)" }
}

extension Schema {
  /// Reads the JSON form of a schema.
  public init(json: JSON) throws(SchemaError) { self = try Schema.load(json, path: "") }

  private static let annotations: Set<String> = ["$schema", "$id", "title", "description", "default", "examples"]

  private static func load(_ json: JSON, path: String) throws(SchemaError) -> Schema {
    guard let object = json.objectValue else {
      throw SchemaError(path: path, problem: "is \(json.typeName), not an object")
    }
    func only(_ keywords: Set<String>) throws(SchemaError) {
      for name in object.names where !keywords.contains(name) && !annotations.contains(name) {
        throw SchemaError(path: path, problem: "keyword \(name) is not supported here")
      }
    }
    if let options = object["oneOf"]?.arrayValue {
      try only(["oneOf"])
      var schemas: [Schema] = []
      for (index, option) in options.enumerated() { schemas.append(try load(option, path: "\(path).oneOf[\(index)]")) }
      return .oneOf(schemas)
    }
    let types = object["type"]?.arrayValue?.compactMap(\.stringValue) ?? object["type"]?.stringValue.map { [$0] } ?? []
    if types.count == 2 {
      try only(["type", "format"])
      guard let unit = object["format"]?.stringValue.flatMap(Quantity.Unit.init(rawValue:)), types.contains("string")
      else {
        throw SchemaError(path: path, problem: "two types need a quantity as format")
      }
      return .quantity(unit)
    }
    switch types.first {
    case "object":
      try only(["type", "properties", "required", "additionalProperties", "minProperties", "maxProperties"])
      return try loadObject(object, path: path)
    case "array":
      try only(["type", "items", "minItems", "maxItems"])
      guard let items = object["items"] else { throw SchemaError(path: path, problem: "items is missing") }
      return .array(
        items: try load(items, path: "\(path).items"), count: try range(object, "minItems", "maxItems", 0...1024, path))
    case "string":
      try only(["type", "minLength", "maxLength", "enum", "format"])
      var rule = StringRule()
      rule.length = try range(object, "minLength", "maxLength", rule.length, path)
      rule.allowed = object["enum"]?.arrayValue?.compactMap(\.stringValue) ?? []
      if let name = object["format"]?.stringValue {
        guard let format = StringRule.Format(rawValue: name) else {
          throw SchemaError(path: path, problem: "format \(name) is not known")
        }
        rule.format = format
      }
      return .string(rule)
    case "integer":
      try only(["type", "minimum", "maximum"])
      let low = object["minimum"]?.integerValue ?? .min
      let high = object["maximum"]?.integerValue ?? .max
      guard low <= high else { throw SchemaError(path: path, problem: "minimum is above maximum") }
      return .integer(low...high)
    case "number":
      try only(["type", "minimum", "maximum"])
      let low = object["minimum"]?.doubleValue ?? -.greatestFiniteMagnitude
      let high = object["maximum"]?.doubleValue ?? .greatestFiniteMagnitude
      guard low <= high else { throw SchemaError(path: path, problem: "minimum is above maximum") }
      return .number(low...high)
    case "boolean":
      try only(["type"])
      return .boolean
    default: throw SchemaError(path: path, problem: "type is missing or not supported")
    }
  }

  private static func loadObject(_ object: JSONObject, path: String) throws(SchemaError) -> Schema {
    var rule = ObjectRule()
    for member in object["properties"]?.objectValue?.members ?? [] {
      let memberPath = path.isEmpty ? member.name : "\(path).\(member.name)"
      let schema = try load(member.value, path: memberPath)
      let defaultValue = member.value["default"]
      if let defaultValue {
        do { try schema.validate(defaultValue, path: memberPath) } catch {
          throw SchemaError(path: memberPath, problem: "default: \(error.message)")
        }
      }
      rule.properties.append(
        Property(
          name: member.name, schema: schema, defaultValue: defaultValue,
          summary: member.value["description"]?.stringValue ?? ""))
    }
    rule.required = Set(object["required"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    guard rule.required.isSubset(of: Set(rule.properties.map(\.name))) else {
      throw SchemaError(path: path, problem: "required names a property that is not there")
    }
    switch object["additionalProperties"] {
    case .bool(false): rule.additional = .none
    case nil, .bool(true): rule.additional = .any
    case .some(let schema): rule.additional = .schema(try load(schema, path: "\(path).additionalProperties"))
    }
    rule.count = try range(object, "minProperties", "maxProperties", rule.count, path)
    return .object(rule)
  }

  private static func range(
    _ object: JSONObject, _ low: String, _ high: String, _ standard: ClosedRange<Int>, _ path: String
  ) throws(SchemaError) -> ClosedRange<Int> {
    let lower = object[low]?.integerValue.map { Int($0) } ?? standard.lowerBound
    let upper = object[high]?.integerValue.map { Int($0) } ?? max(lower, standard.upperBound)
    guard lower >= 0, lower <= upper else { throw SchemaError(path: path, problem: "\(low) is above \(high)") }
    return lower...upper
  }
}
