import JSON

/// Reads the members of one JSON object with errors that name the field by its path, and finds members nobody read.
public struct FieldReader {
  private let object: JSONObject
  private let path: String
  private var known: Set<String> = []

  /// - Parameter path: of the object itself, empty for the root.
  public init(_ json: JSON, path: String) throws(APIError) {
    guard let object = json.objectValue else {
      throw .invalid(path.isEmpty ? "the document" : path, "is \(json.typeName)", accepted: "object")
    }
    self.object = object
    self.path = path
  }

  public func path(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  /// The member, or `nil` when it is absent or `null`.
  public mutating func optional(_ name: String) -> JSON? {
    known.insert(name)
    guard let value = object[name], !value.isNull else { return nil }
    return value
  }

  public mutating func required(_ name: String) throws(APIError) -> JSON {
    guard let value = optional(name) else { throw .invalid(path(name), "is missing") }
    return value
  }

  private func wrong(_ name: String, _ value: JSON, _ accepted: String) -> APIError {
    .invalid(path(name), "is \(value.typeName)", accepted: accepted)
  }

  public mutating func optionalString(_ name: String) throws(APIError) -> String? {
    guard let value = optional(name) else { return nil }
    guard let text = value.stringValue else { throw wrong(name, value, "string") }
    return text
  }

  public mutating func string(_ name: String) throws(APIError) -> String {
    guard let text = try optionalString(name) else { throw .invalid(path(name), "is missing", accepted: "string") }
    return text
  }

  public mutating func optionalInteger(_ name: String) throws(APIError) -> Int64? {
    guard let value = optional(name) else { return nil }
    guard let number = value.integerValue else { throw wrong(name, value, "integer") }
    return number
  }

  public mutating func optionalBool(_ name: String) throws(APIError) -> Bool? {
    guard let value = optional(name) else { return nil }
    guard let flag = value.boolValue else { throw wrong(name, value, "boolean") }
    return flag
  }

  public mutating func optionalObject(_ name: String) throws(APIError) -> JSON? {
    guard let value = optional(name) else { return nil }
    guard value.objectValue != nil else { throw wrong(name, value, "object") }
    return value
  }

  public mutating func array(_ name: String) throws(APIError) -> [JSON] {
    guard let value = optional(name) else { return [] }
    guard let items = value.arrayValue else { throw wrong(name, value, "array") }
    return items
  }

  public mutating func stringArray(_ name: String) throws(APIError) -> [String] {
    var result: [String] = []
    for (index, item) in try array(name).enumerated() {
      guard let text = item.stringValue else { throw wrong("\(name)[\(index)]", item, "string") }
      result.append(text)
    }
    return result
  }

  public mutating func stringMap(_ name: String) throws(APIError) -> [String: String] {
    guard let value = try optionalObject(name)?.objectValue else { return [:] }
    var result: [String: String] = [:]
    for member in value.members {
      guard let text = member.value.stringValue else { throw wrong("\(name).\(member.name)", member.value, "string") }
      result[member.name] = text
    }
    return result
  }

  /// - Throws: the first member that no call has asked for.
  public func refuseUnknown() throws(APIError) {
    for name in object.names where !known.contains(name) {
      throw .invalid(path(name), "is not a known field", accepted: known.sorted().joined(separator: ", "))
    }
  }
}
