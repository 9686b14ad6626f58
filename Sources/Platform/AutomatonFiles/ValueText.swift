import Automata
import Bytes
import JSON

/// Words for types of values.
enum ValueTypeWords {
  static let choices = [
    Choice("bool", "boolean"), Choice("int", "int32"), Choice("int64", "long"), Choice("float", "float32"),
    Choice("double", "float64"), Choice("string"), Choice("binary", "bytes"), Choice("table"),
  ]

  private static let types: [String: ValueType] = [
    "void": .void, "bool": .bool, "int": .int32, "int64": .int64, "float": .float32, "double": .float64,
    "string": .string, "binary": .binary, "table": .table,
  ]

  /// - Parameter word: as in `choices`, no alias.
  static func type(_ word: String) -> ValueType { types[word] ?? .void }

  /// The type that a word or one of its aliases means.
  static func type(spelled word: String) -> ValueType? {
    choices.first { $0.word == word || $0.aliases.contains(word) }.map { type($0.word) }
  }
}

/// Values as files write them.
enum ValueText {
  /// - Returns: `nil` when the text is no value of the type.
  static func value(_ text: String, of type: ValueType) -> AutomatonValue? {
    switch type {
    case .void: return .void
    case .table: return nil
    case .bool: return flag(text).map(AutomatonValue.bool)
    case .int32: return whole(text).flatMap { Int32(exactly: $0) }.map(AutomatonValue.int32)
    case .int64: return whole(text).map(AutomatonValue.int64)
    case .float32: return (Float(text) ?? whole(text).map(Float.init)).map(AutomatonValue.float32)
    case .float64: return number(text).map(AutomatonValue.float64)
    case .string: return .string(Array(text.utf8))
    case .binary: return (try? Base64.decode(text)).map(AutomatonValue.binary)
    }
  }

  /// What `text` of such a type looks like, for messages.
  static func accepted(_ type: ValueType) -> [String] {
    switch type {
    case .bool: ["true", "false"]
    case .int32: ["whole number from -2147483648 to 2147483647"]
    case .int64: ["whole number of 64 bits"]
    case .float32, .float64: ["number", "\"inf\"", "\"-inf\"", "\"nan\""]
    case .binary: ["Base64"]
    case .table: ["no default"]
    default: []
    }
  }

  /// `nil` for a value that is not there, and for bytes that are no text.
  static func json(_ value: AutomatonValue) -> JSON? {
    switch value {
    case .void: nil
    case .bool(let flag): .bool(flag)
    case .int32(let number): .integer(Int64(number))
    case .int64(let number): .integer(number)
    case .float32(let number): number.isFinite ? floatJSON(String(number), Double(number)) : .string("\(number)")
    case .float64(let number): number.isFinite ? .number(number) : .string("\(number)")
    case .string(let bytes): String(validating: bytes, as: UTF8.self).map(JSON.string)
    case .binary(let bytes): .string(Base64.encode(bytes))
    }
  }

  /// A double whose shortest spelling is that of the float, where there is one.
  private static func floatJSON(_ text: String, _ exact: Double) -> JSON {
    guard let short = Double(text), Float(String(short)) == Float(exact) else { return .number(exact) }
    return .number(short)
  }

  static func flag(_ text: String) -> Bool? {
    switch text.lowercased() {
    case "true", "yes", "on", "1": true
    case "false", "no", "off", "0": false
    default: nil
    }
  }

  static func whole(_ text: String) -> Int64? {
    if let value = Int64(text) { return value }
    if text.hasPrefix("0x") { return Int64(text.dropFirst(2), radix: 16) }
    if text.hasPrefix("0o") { return Int64(text.dropFirst(2), radix: 8) }
    return Double(text).flatMap { Int64(exactly: $0) }
  }

  static func number(_ text: String) -> Double? { Double(text) ?? whole(text).map(Double.init) }
}
