/// How names of a schema become names in Swift.
enum Names {
  private static let keywords: Set<String> = [
    "Any", "Protocol", "Self", "Type", "actor", "as", "associatedtype", "async", "await", "break", "case", "catch",
    "class", "continue", "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough", "false",
    "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil",
    "nonisolated", "open", "operator", "precedencegroup", "private", "protocol", "public", "repeat", "rethrows",
    "return", "self", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try",
    "typealias", "var", "where", "while",
  ]

  /// Members that every message has.
  private static let members: Set<String> = [
    "acceptsJSONNull", "decodeJSON", "encode", "encodeJSON", "init", "isProtobufDefault", "json", "jsonText", "merge",
    "messageName", "protobufDefault", "self", "serialized", "unknownFields",
  ]

  /// Types that generated code names without saying where they come from.
  private static let types: Set<String> = [
    "Any", "Array", "Bool", "BoolField", "BytesField", "Dictionary", "Double", "DoubleField", "EnumField", "Equatable",
    "Error", "Float", "FloatField", "Fixed32Field", "Fixed64Field", "Indirect", "Int32", "Int32Field", "Int64",
    "Int64Field", "MessageField", "Optional", "Protocol", "SFixed32Field", "SFixed64Field", "SInt32Field",
    "SInt64Field", "Self", "Sendable", "String", "StringField", "Type", "UInt32", "UInt32Field", "UInt64",
    "UInt64Field", "UInt8", "UnknownFields", "WellKnown",
  ]

  /// `foo_bar` and `fooBar` as `FooBar`.
  static func upperCamel(_ name: String) -> String {
    name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// `foo_bar` and `FooBar` as `fooBar`.
  static func lowerCamel(_ name: String) -> String {
    let name = upperCamel(name)
    return name.prefix(1).lowercased() + name.dropFirst()
  }

  /// A type's own name, not in conflict with those that generated code uses.
  static func type(_ name: String) -> String { types.contains(name) ? name + "Message" : name }

  /// The name of a property, without quotes.
  static func property(_ name: String) -> String {
    let name = lowerCamel(name)
    if members.contains(name) { return name + "Field" }
    return startsWithDigit(name) ? "_" + name : name
  }

  /// The name of a method of a service.
  static func method(_ name: String) -> String { quoted(lowerCamel(name)) }

  static func quoted(_ name: String) -> String { keywords.contains(name) ? "`\(name)`" : name }

  /// The names of an enum's cases without quotes: `KIND_FOO_BAR` of `Kind` is `fooBar`.
  static func cases(of enumName: String, _ values: [String]) -> [String] {
    let prefix = upperSnake(enumName) + "_"
    let short = values.map { value in
      let rest = value.hasPrefix(prefix) ? String(value.dropFirst(prefix.count)) : value
      return caseName(startsWithDigit(rest) ? value : rest)
    }
    if Set(short).count == short.count { return short }
    return values.map(caseName)
  }

  private static func caseName(_ value: String) -> String {
    let isUpper = value == value.uppercased()
    let name = lowerCamel(isUpper ? value.lowercased() : value)
    if ["unrecognized", "init", "self", "rawValue", "json"].contains(name) { return name + "Value" }
    return startsWithDigit(name) ? "_" + name : name
  }

  private static func upperSnake(_ name: String) -> String {
    var result = ""
    var previousIsLower = false
    for character in name {
      if character.isUppercase, previousIsLower { result.append("_") }
      previousIsLower = character.isLowercase || character.isNumber
      result += character.uppercased()
    }
    return result
  }

  private static func startsWithDigit(_ name: String) -> Bool { name.first?.isNumber ?? true }

  /// A Swift string literal.
  static func literal(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
