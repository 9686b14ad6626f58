import Automata
import Bytes
import JSON

extension AutomatonValue {
  /// A value as clients write it: a boolean, a number, or text, which may spell either; Base64 for binary.
  ///
  /// - Returns: `nil` for what is no value of the type.
  public init?(json: JSON, type: ValueType) {
    let given: AutomatonValue
    switch json {
    case .bool(let flag): given = .bool(flag)
    case .string(let text):
      if type == .binary {
        guard let bytes = try? Base64.decode(text) else { return nil }
        self = .binary(bytes)
        return
      }
      // Text that spells a fraction is no whole number either.
      if type == .int32 || type == .int64 {
        guard let number = Int64(text), let value = AutomatonValue.int64(number).converted(to: type) else { return nil }
        self = value
        return
      }
      given = .string(Array(text.utf8))
    default:
      if let number = json.integerValue {
        given = .int64(number)
      } else if let number = json.doubleValue {
        // A fraction is no whole number, though scripts would cut it off.
        if type == .int32 || type == .int64 { return nil }
        given = .float64(number)
      } else {
        return nil
      }
    }
    if type == .string, given.type != .string { return nil }
    guard let value = given.converted(to: type) else { return nil }
    self = value
  }

  /// What is no finite number stands as text.
  public var json: JSON {
    switch self {
    case .void: .null
    case .bool(let flag): .bool(flag)
    case .int32(let number): .integer(Int64(number))
    case .int64(let number): .integer(number)
    case .float32(let number): AutomatonValue.number(Double("\(number)") ?? Double(number))
    case .float64(let number): AutomatonValue.number(number)
    case .string(let bytes): .string(String(decoding: bytes, as: UTF8.self))
    case .binary(let bytes): .string(Base64.encode(bytes))
    }
  }

  private static func number(_ value: Double) -> JSON { value.isFinite ? .number(value) : .string("\(value)") }
}
