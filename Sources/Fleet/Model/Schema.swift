import JSON

/// A JSON Schema (draft 2020-12) of the part that resource kinds use. A keyword outside that part is an error when the
/// schema is loaded, so that no rule is ignored in silence.
///
/// Beyond the standard: `format` may name a quantity (``Quantity``), which is checked.
public indirect enum Schema: Sendable, Equatable {
  /// `properties`, `required`, `additionalProperties` (`false` or a schema), `minProperties`, `maxProperties`.
  case object(ObjectRule)
  /// `items`, `minItems`, `maxItems`.
  case array(items: Schema, count: ClosedRange<Int>)
  /// `minLength`, `maxLength` (in UTF-8 bytes), `enum`, `format`.
  case string(StringRule)
  /// `minimum`, `maximum`.
  case integer(ClosedRange<Int64>)
  case number(ClosedRange<Double>)
  case boolean
  /// `type: [string, number]` or `[string, integer]` with a quantity as `format`.
  case quantity(Quantity.Unit)
  /// `oneOf`: objects told apart by the one property that each requires and no other has, or other kinds of value.
  case oneOf([Schema])

  public struct ObjectRule: Sendable, Equatable {
    public var properties: [Property] = []
    public var additional: Additional = .none
    public var required: Set<String> = []
    public var count: ClosedRange<Int> = 0...1024
    public enum Additional: Sendable, Equatable {
      case none
      case any
      case schema(Schema)
    }
  }

  public struct Property: Sendable, Equatable {
    public var name: String
    public var schema: Schema
    public var defaultValue: JSON?
    public var summary: String
  }

  public struct StringRule: Sendable, Equatable {
    public var length: ClosedRange<Int> = 0...65_536
    public var allowed: [String] = []
    public var format: Format?
    public enum Format: String, Sendable {
      case resourceName = "resource-name"
      case absolutePath = "absolute-path"
      case ip
      case signal
    }
  }
}

extension Schema {
  /// What the schema accepts, in words for an error message.
  public var accepted: String {
    switch self {
    case .object: "object"
    case .array: "array"
    case .string(let rule):
      if !rule.allowed.isEmpty {
        rule.allowed.joined(separator: ", ")
      } else {
        switch rule.format {
        case .resourceName: ResourceName.accepted
        case .absolutePath: "an absolute path without . or .. components"
        case .ip: "an IPv4 or IPv6 address"
        case .signal: "a signal name such as SIGTERM"
        case nil:
          rule.length == 0...65_536
            ? "string" : "string of \(rule.length.lowerBound) to \(rule.length.upperBound) bytes"
        }
      }
    case .integer(let range): "integer" + Schema.words(range, Int64.min, Int64.max)
    case .number(let range): "number" + Schema.words(range, -.greatestFiniteMagnitude, .greatestFiniteMagnitude)
    case .boolean: "true or false"
    case .quantity(let unit): unit.accepted
    case .oneOf(let options): options.map(\.accepted).joined(separator: " or ")
    }
  }

  private static func words<T>(_ range: ClosedRange<T>, _ low: T, _ high: T) -> String {
    switch (range.lowerBound == low, range.upperBound == high) {
    case (true, true): ""
    case (true, false): " up to \(range.upperBound)"
    case (false, true): " from \(range.lowerBound)"
    case (false, false): " from \(range.lowerBound) to \(range.upperBound)"
    }
  }

  /// Checks `value` against every rule.
  ///
  /// - Parameter path: of `value` in its resource, such as `spec`.
  /// - Throws: the first fault, with its path and what is accepted there.
  public func validate(_ value: JSON, path: String) throws(APIError) {
    switch self {
    case .object(let rule):
      guard let object = value.objectValue else { throw wrongType(value, path) }
      try validate(object, rule, path: path)
    case .array(let items, let count):
      guard let elements = value.arrayValue else { throw wrongType(value, path) }
      guard count.contains(elements.count) else {
        throw .invalid(
          path, "has \(elements.count) items", accepted: "\(count.lowerBound) to \(count.upperBound) items")
      }
      for (index, element) in elements.enumerated() { try items.validate(element, path: "\(path)[\(index)]") }
    case .string(let rule):
      guard let text = value.stringValue else { throw wrongType(value, path) }
      guard rule.length.contains(text.utf8.count) else {
        throw .invalid(
          path, "is \(text.utf8.count) bytes long",
          accepted: "\(rule.length.lowerBound) to \(rule.length.upperBound) bytes")
      }
      guard !text.utf8.contains(0) else { throw .invalid(path, "contains a NUL character") }
      guard rule.accepts(text) else { throw .invalid(path, "is \"\(text.prefix(80))\"", accepted: accepted) }
    case .integer(let range):
      guard let number = value.integerValue else { throw wrongType(value, path) }
      guard range.contains(number) else { throw .invalid(path, "is \(number)", accepted: accepted) }
    case .number(let range):
      guard let number = value.doubleValue else { throw wrongType(value, path) }
      guard range.contains(number) else { throw .invalid(path, "is \(number)", accepted: accepted) }
    case .boolean:
      guard value.boolValue != nil else { throw wrongType(value, path) }
    case .quantity(let unit):
      guard Quantity.parse(value, unit) != nil else {
        throw .invalid(path, "is \(value.text().prefix(80))", accepted: accepted)
      }
    case .oneOf(let options):
      try validate(value, oneOf: options, path: path)
    }
  }

  private func validate(_ object: JSONObject, _ rule: ObjectRule, path: String) throws(APIError) {
    let lookup = Dictionary(uniqueKeysWithValues: rule.properties.map { ($0.name, $0.schema) })
    for member in object.members {
      let memberPath = "\(path).\(member.name)"
      if let schema = lookup[member.name] {
        try schema.validate(member.value, path: memberPath)
      } else {
        switch rule.additional {
        case .any: break
        case .schema(let schema): try schema.validate(member.value, path: memberPath)
        case .none:
          let names = rule.properties.map(\.name).joined(separator: ", ")
          throw .invalid(memberPath, "is not a known field", accepted: names)
        }
      }
    }
    for property in rule.properties where rule.required.contains(property.name) && object[property.name] == nil {
      throw .invalid("\(path).\(property.name)", "is missing", accepted: property.schema.accepted)
    }
    guard rule.count.contains(object.count) else {
      throw .invalid(
        path, "has \(object.count) members", accepted: "\(rule.count.lowerBound) to \(rule.count.upperBound) members")
    }
  }

  private func validate(_ value: JSON, oneOf options: [Schema], path: String) throws(APIError) {
    var closest: APIError?
    var matches = 0
    for option in options {
      do {
        try option.validate(value, path: path)
        matches += 1
      } catch {
        // An object that has what this option requires was meant for it: its fault is the one to report.
        if case .object(let rule) = option, let object = value.objectValue, !rule.required.isEmpty,
          rule.required.isSubset(of: Set(object.names))
        {
          closest = error
        }
      }
    }
    guard matches != 1 else { return }
    throw closest
      ?? .invalid(path, matches == 0 ? "is \(value.typeName)" : "matches more than one form", accepted: accepted)
  }

  private func wrongType(_ value: JSON, _ path: String) -> APIError {
    .invalid(path, "is \(value.typeName)", accepted: accepted)
  }

  /// `value` with the `default` of every absent property filled in, at every level. Expects a valid value.
  public func fillingDefaults(_ value: JSON) -> JSON {
    switch (self, value) {
    case (.object(let rule), .object(var object)):
      for property in rule.properties {
        if let present = object[property.name] {
          object[property.name] = property.schema.fillingDefaults(present)
        } else if let defaultValue = property.defaultValue {
          object[property.name] = property.schema.fillingDefaults(defaultValue)
        }
      }
      if case .schema(let schema) = rule.additional {
        let known = Set(rule.properties.map(\.name))
        for member in object.members where !known.contains(member.name) {
          object[member.name] = schema.fillingDefaults(member.value)
        }
      }
      return .object(object)
    case (.array(let items, _), .array(let elements)):
      return .array(elements.map { items.fillingDefaults($0) })
    case (.oneOf(let options), _):
      for option in options where (try? option.validate(value, path: "")) != nil {
        return option.fillingDefaults(value)
      }
      return value
    default: return value
    }
  }
}

extension Schema.StringRule {
  func accepts(_ text: String) -> Bool {
    if !allowed.isEmpty { return allowed.contains(text) }
    switch format {
    case nil: return true
    case .resourceName: return ResourceName.isValid(text)
    case .absolutePath:
      guard text.utf8.first == UInt8(ascii: "/"), text.utf8.count < 4096 else { return false }
      return !text.split(separator: "/").contains { $0 == "." || $0 == ".." }
    case .ip: return IPAddressText.isValid(text)
    case .signal: return SignalName.number(text) != nil
    }
  }
}
