/// A JSON value (RFC 8259). Objects keep the order in which their members were written.
///
/// Integers that fit `Int64` stay exact; every other number is a `Double`.
public enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object(JSONObject)
}

/// The members of a JSON object in the order written. Names are unique.
public struct JSONObject: Sendable {
  public struct Member: Sendable, Equatable {
    public var name: String
    public var value: JSON

    public init(_ name: String, _ value: JSON) {
      self.name = name
      self.value = value
    }
  }

  public private(set) var members: [Member] = []

  public init() {}

  /// - Parameter members: a later member replaces an earlier one of the same name.
  public init(_ members: [(String, JSON)]) {
    for (name, value) in members { self[name] = value }
  }

  /// - Parameter members: of names that differ, which is not checked; for decoders of what a `JSONObject` was encoded as.
  public init(uniqueMembers members: [Member]) { self.members = members }

  public var isEmpty: Bool { members.isEmpty }
  public var count: Int { members.count }
  public var names: [String] { members.map(\.name) }

  /// Setting `nil` removes the member.
  public subscript(name: String) -> JSON? {
    get { members.first { $0.name == name }?.value }
    set {
      if let index = members.firstIndex(where: { $0.name == name }) {
        if let newValue { members[index].value = newValue } else { members.remove(at: index) }
      } else if let newValue {
        members.append(Member(name, newValue))
      }
    }
  }

  /// Appends without looking for an earlier member of that name: the caller knows that there is none.
  public mutating func appendUnique(_ name: String, _ value: JSON) { members.append(Member(name, value)) }
}

extension JSONObject: Equatable {
  /// Two objects are equal when they have equal members, in any order.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    if left.members == right.members { return true }
    guard left.count == right.count else { return false }
    let lookup = Dictionary(uniqueKeysWithValues: right.members.map { ($0.name, $0.value) })
    return left.members.allSatisfy { lookup[$0.name] == $0.value }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral, ExpressibleByNilLiteral
{
  public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(nilLiteral: ()) { self = .null }
}

extension JSON {
  public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
  public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var arrayValue: [JSON]? { if case .array(let value) = self { value } else { nil } }
  public var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }
  public var isNull: Bool { self == .null }

  /// The value when it is a whole number that fits `Int64` (`3` and `3.0` alike).
  public var integerValue: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    default: nil
    }
  }

  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The member of an object; `nil` for an absent member and for every other kind of value.
  public subscript(name: String) -> JSON? { objectValue?[name] }

  /// The word for this kind of value in messages: `null`, `boolean`, `integer`, `number`, `string`, `array`, `object`.
  public var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .integer: "integer"
    case .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}
