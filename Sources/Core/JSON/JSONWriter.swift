/// How a value is laid out as text.
public struct JSONFormat: Sendable {
  /// Spaces per level; `nil` writes everything on one line without spaces.
  public var indent: Int?
  /// Members in the byte order of their names, so that equal values give equal texts.
  public var sortedNames: Bool

  public init(indent: Int? = nil, sortedNames: Bool = false) {
    self.indent = indent
    self.sortedNames = sortedNames
  }

  public static let compact = JSONFormat()
  public static let pretty = JSONFormat(indent: 2)
  public static let canonical = JSONFormat(sortedNames: true)
}

extension JSON {
  public func text(_ format: JSONFormat = .compact) -> String { String(decoding: bytes(format), as: UTF8.self) }

  public func bytes(_ format: JSONFormat = .compact) -> [UInt8] {
    var output: [UInt8] = []
    write(to: &output, format)
    return output
  }

  /// Appends the text. A number that JSON cannot write (infinite or not a number) becomes `null`.
  public func write(to output: inout [UInt8], _ format: JSONFormat = .compact) {
    write(to: &output, format, level: 0)
  }

  private func write(to output: inout [UInt8], _ format: JSONFormat, level: Int) {
    switch self {
    case .null: output += "null".utf8
    case .bool(let value): output += (value ? "true" : "false").utf8
    case .integer(let value): output += String(value).utf8
    case .number(let value):
      output += (value.isFinite ? String(value) : "null").utf8
    case .string(let value): JSON.writeString(value, to: &output)
    case .array(let items):
      output.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        JSON.newline(&output, format, level + 1)
        item.write(to: &output, format, level: level + 1)
      }
      if !items.isEmpty { JSON.newline(&output, format, level) }
      output.append(UInt8(ascii: "]"))
    case .object(let object):
      output.append(UInt8(ascii: "{"))
      let members =
        format.sortedNames
        ? object.members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } : object.members
      for (index, member) in members.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        JSON.newline(&output, format, level + 1)
        JSON.writeString(member.name, to: &output)
        output.append(UInt8(ascii: ":"))
        if format.indent != nil { output.append(0x20) }
        member.value.write(to: &output, format, level: level + 1)
      }
      if !members.isEmpty { JSON.newline(&output, format, level) }
      output.append(UInt8(ascii: "}"))
    }
  }

  private static func newline(_ output: inout [UInt8], _ format: JSONFormat, _ level: Int) {
    guard let indent = format.indent else { return }
    output.append(0x0A)
    output.append(contentsOf: repeatElement(0x20, count: indent * level))
  }

  /// Appends a quoted JSON string.
  public static func writeString(_ value: String, to output: inout [UInt8]) {
    let hex = Array("0123456789abcdef".utf8)
    output.append(UInt8(ascii: "\""))
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        output.append(UInt8(ascii: "\\"))
        output.append(byte)
      case 0x0A: output += "\\n".utf8
      case 0x0D: output += "\\r".utf8
      case 0x09: output += "\\t".utf8
      case 0..<0x20, 0x7F:
        output += "\\u00".utf8
        output.append(hex[Int(byte >> 4)])
        output.append(hex[Int(byte & 15)])
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}
