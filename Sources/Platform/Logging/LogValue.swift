import JSON

/// A value that must not be shown. Printing, interpolating, dumping or logging it gives `<redacted>`.
public struct Secret<Value> {
  /// The value itself, for the one place that needs it.
  public let revealed: Value

  public init(_ value: Value) { revealed = value }
}

extension Secret: Sendable where Value: Sendable {}
extension Secret: Equatable where Value: Equatable {}
extension Secret: Hashable where Value: Hashable {}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<redacted>" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a log line can carry beside its message.
public enum LogValue: Sendable, Equatable {
  case string(String)
  case integer(Int64)
  case number(Double)
  case bool(Bool)

  public init(_ value: some BinaryInteger) {
    if let exact = Int64(exactly: value) { self = .integer(exact) } else { self = .string(String(value)) }
  }

  /// Whatever the value prints; `<redacted>` for a ``Secret``.
  public init(_ value: some CustomStringConvertible) { self = .string(value.description) }

  /// An error's own words.
  public init(_ error: any Error) { self = .string("\(error)") }

  var json: JSON {
    switch self {
    case .string(let value): .string(value)
    case .integer(let value): .integer(value)
    case .number(let value): .number(value)
    case .bool(let value): .bool(value)
    }
  }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}

/// One line of a log before it is written.
public struct LogRecord: Sendable, Equatable {
  public struct Field: Sendable, Equatable {
    public var name: String
    public var value: LogValue
  }

  /// Since 1970, UTC.
  public var time: Duration
  public var level: LogLevel
  public var subsystem: String
  public var message: String
  /// In the order given; a later one of the same name replaces an earlier one.
  public var fields: [Field]
}
