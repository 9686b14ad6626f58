import Glibc
import JSON

/// How a record becomes a line.
public enum LogFormat: Sendable, Equatable {
  /// Aligned columns for people.
  case text
  /// One JSON object per line: `time`, `level`, `subsystem`, `message`, `metadata`.
  case json

  /// Appends the record and a line break.
  public func write(_ record: LogRecord, to output: inout [UInt8]) {
    switch self {
    case .text: writeText(record, to: &output)
    case .json: writeJSON(record, to: &output)
    }
    output.append(UInt8(ascii: "\n"))
  }

  private static let subsystemWidth = 14

  private func writeText(_ record: LogRecord, to output: inout [UInt8]) {
    output += Self.timestamp(record.time).utf8
    output += " ".utf8
    output += Self.word(record.level).utf8
    output += " ".utf8
    Self.writeEscaped(record.subsystem, to: &output)
    output += repeatElement(UInt8(ascii: " "), count: max(0, Self.subsystemWidth - record.subsystem.utf8.count) + 1)
    Self.writeEscaped(record.message, to: &output)
    for field in record.fields {
      output += " ".utf8
      Self.writeEscaped(field.name, to: &output)
      output += "=".utf8
      switch field.value {
      case .string(let text) where Self.needsQuotes(text): JSON.writeString(text, to: &output)
      case .string(let text): Self.writeEscaped(text, to: &output)
      case .integer(let value): output += String(value).utf8
      case .number(let value): output += String(value).utf8
      case .bool(let value): output += (value ? "true" : "false").utf8
      }
    }
  }

  private func writeJSON(_ record: LogRecord, to output: inout [UInt8]) {
    var object: JSONObject = [
      "time": .string(Self.timestamp(record.time)), "level": .string(record.level.description),
      "subsystem": .string(record.subsystem), "message": .string(record.message),
    ]
    if !record.fields.isEmpty {
      object["metadata"] = .object(JSONObject(record.fields.map { ($0.name, $0.value.json) }))
    }
    JSON.object(object).write(to: &output)
  }

  private static func word(_ level: LogLevel) -> String {
    switch level {
    case .trace: "TRACE"
    case .debug: "DEBUG"
    case .info: "INFO "
    case .warning: "WARN "
    case .error: "ERROR"
    }
  }

  private static func needsQuotes(_ text: String) -> Bool {
    text.isEmpty || text.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "=") }
  }

  /// Control characters are spelled out, so that nobody's text can begin a new line or steer a terminal.
  private static func writeEscaped(_ text: String, to output: inout [UInt8]) {
    let isClean = text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != 0xC2 }
    if isClean {
      output += text.utf8
      return
    }
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x0A: output += "\\n".utf8
      case 0x0D: output += "\\r".utf8
      case 0x09: output += "\\t".utf8
      case 0..<0x20, 0x7F..<0xA0:
        output += "\\u{\(String(scalar.value, radix: 16))}".utf8
      default: output += Array(String(scalar).utf8)
      }
    }
  }

  /// RFC 3339 with milliseconds: `2026-01-31T23:59:59.123Z`.
  private static func timestamp(_ time: Duration) -> String {
    var seconds = time_t(time.components.seconds)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func digits(_ value: Int, _ width: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
    let milliseconds = Int(time.components.attoseconds / 1_000_000_000_000_000)
    let date =
      "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(Int(parts.tm_mon) + 1, 2))-\(digits(Int(parts.tm_mday), 2))"
    let clock = "\(digits(Int(parts.tm_hour), 2)):\(digits(Int(parts.tm_min), 2)):\(digits(Int(parts.tm_sec), 2))"
    return "\(date)T\(clock).\(digits(milliseconds, 3))Z"
  }
}
