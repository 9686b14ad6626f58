import Automata
import Bytes
import JSON

/// Values as JSON, in traces, documents and the API (docs/automata.md): what is no finite number is the text `nan`, `inf`
/// or `-inf`, bytes are hexadecimal.
extension AutomatonValue {
  /// A boolean, a number, or text, which may spell either.
  ///
  /// - Returns: `nil` for what is no value of the type. A fraction is no whole number, though scripts would cut it off.
  public init?(json: JSON, type: ValueType) {
    let isWhole = type == .int32 || type == .int64
    let value: AutomatonValue?
    switch json {
    case .bool(let flag): value = type == .string ? nil : AutomatonValue.bool(flag).converted(to: type)
    case .string(let text): value = AutomatonValue.string(Array(text.utf8)).parsed(as: type)
    case .integer, .number:
      if type == .string {
        value = nil
      } else if let number = json.integerValue {
        value = AutomatonValue.int64(number).converted(to: type)
      } else {
        value = isWhole ? nil : json.doubleValue.flatMap { AutomatonValue.float64($0).converted(to: type) }
      }
    case .null, .array, .object: value = nil
    }
    guard let value else { return nil }
    self = value
  }

  public var json: JSON {
    switch self {
    case .void: .null
    case .bool(let flag): .bool(flag)
    case .int32(let number): .integer(Int64(number))
    case .int64(let number): .integer(number)
    case .float32(let number): number.isFinite ? .number(Double("\(number)") ?? Double(number)) : .string(spelled)
    case .float64(let number): number.isFinite ? .number(number) : .string(spelled)
    case .string(let bytes): .string(String(decoding: bytes, as: UTF8.self))
    case .binary(let bytes): .string(Hex.encode(bytes))
    }
  }

  private var spelled: String { String(decoding: text, as: UTF8.self) }
}
