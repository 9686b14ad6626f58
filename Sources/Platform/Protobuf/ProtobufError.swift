import JSON

/// Why bytes or a JSON text are not the message asked for.
public enum ProtobufError: Error, Equatable, Sendable {
  /// The input ends inside a field.
  case truncated
  /// A varint is longer than ten bytes or does not fit 64 bits.
  case malformedVarint
  /// A field number or wire type that the encoding does not have.
  case invalidTag(UInt64)
  /// A group end without its start, or the other way round.
  case unbalancedGroup
  case invalidUTF8
  /// Messages nested deeper than the limit.
  case tooDeep(Int)
  /// Input longer than the limit in bytes.
  case tooLarge(Int)
  /// The text is not JSON at all.
  case syntax(JSONError)
  /// The JSON value does not fit the message. `path` is like `spec.items[3].name`; empty for the message itself.
  case mismatch(path: String, problem: String)
  /// A JSON string that names no value of the enum; apart from `mismatch` because readers may choose to ignore it.
  case unknownEnumName(path: String, name: String)

  /// The same error seen from one level further out.
  func inside(_ step: String) -> ProtobufError {
    func joined(_ path: String) -> String {
      path.isEmpty ? step : path.utf8.first == UInt8(ascii: "[") ? step + path : step + "." + path
    }
    switch self {
    case .mismatch(let path, let problem): return .mismatch(path: joined(path), problem: problem)
    case .unknownEnumName(let path, let name): return .unknownEnumName(path: joined(path), name: name)
    default: return self
    }
  }
}

extension ProtobufError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated: "the message ends inside a field"
    case .malformedVarint: "a variable-length integer does not fit 64 bits"
    case .invalidTag(let tag): "invalid field tag \(tag)"
    case .unbalancedGroup: "a group is not closed where it should be"
    case .invalidUTF8: "a string field is not UTF-8"
    case .tooDeep(let max): "messages nested deeper than \(max) levels"
    case .tooLarge(let max): "longer than \(max) bytes"
    case .syntax(let error): "not JSON: \(error)"
    case .mismatch(let path, let problem): path.isEmpty ? problem : "\(path): \(problem)"
    case .unknownEnumName(let path, let name): "\(path): no value is named \"\(name)\""
    }
  }
}
