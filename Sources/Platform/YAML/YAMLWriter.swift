import JSON

extension YAML {
  /// Block-style text with a line break at the end. Reading it gives an equal value, with YAML 1.2 rules and with those
  /// of 1.1 (`"yes"` and `"012"` are quoted). Infinity and not-a-number become `null`, as in JSON text.
  public static func text(_ value: JSON) -> String {
    var writer = YAMLWriter()
    writer.write(value, indent: 0, context: .document)
    return String(decoding: writer.output, as: UTF8.self)
  }

  /// A stream of documents, `---` before each but the first.
  public static func text(documents: [JSON]) -> String {
    documents.map { text($0) }.joined(separator: "---\n")
  }
}

private struct YAMLWriter {
  enum Context {
    /// Nothing is on the line yet.
    case document
    /// After `name:`; a collection goes to the next line, a scalar follows a space.
    case member
    /// After `- `; everything continues on the line.
    case item
  }

  var output: [UInt8] = []

  mutating func write(_ value: JSON, indent: Int, context: Context) {
    switch value {
    case .object(let object) where !object.isEmpty:
      if context == .member { output.append(newline) }
      for (index, member) in object.members.enumerated() {
        if index > 0 || context != .item { pad(indent) }
        writeName(member.name, indent: indent)
        write(member.value, indent: indent + 2, context: .member)
      }
    case .array(let items) where !items.isEmpty:
      if context == .member { output.append(newline) }
      for (index, item) in items.enumerated() {
        if index > 0 || context != .item { pad(indent) }
        output += "- ".utf8
        write(item, indent: indent + 2, context: .item)
      }
    default:
      if context == .member { output.append(space) }
      writeScalar(value, indent: context == .document ? 2 : indent)
      output.append(newline)
    }
  }

  private let newline = UInt8(ascii: "\n")
  private let space = UInt8(ascii: " ")

  private mutating func pad(_ indent: Int) { output.append(contentsOf: repeatElement(space, count: indent)) }

  private mutating func writeName(_ name: String, indent: Int) {
    let spelled = ScalarStyle.isPlain(name) ? Array(name.utf8) : ScalarStyle.quoted(name)
    // An implicit key may span 1024 characters (YAML 1.2.2, section 7.4.2); a longer one is written explicitly.
    if spelled.count <= 1000 {
      output += spelled
    } else {
      output += "? ".utf8
      output += spelled
      output.append(newline)
      pad(indent)
    }
    output.append(UInt8(ascii: ":"))
  }

  private mutating func writeScalar(_ value: JSON, indent: Int) {
    switch value {
    case .null: output += "null".utf8
    case .bool(let value): output += (value ? "true" : "false").utf8
    case .integer(let value): output += String(value).utf8
    case .number(let value): output += ScalarStyle.number(value).utf8
    case .string(let text): writeString(text, indent: indent)
    case .array: output += "[]".utf8
    case .object: output += "{}".utf8
    }
  }

  private mutating func writeString(_ text: String, indent: Int) {
    if ScalarStyle.isPlain(text) {
      output += text.utf8
    } else if let chomping = ScalarStyle.literalChomping(text) {
      output.append(UInt8(ascii: "|"))
      output += chomping.utf8
      var lines = text.utf8.split(separator: newline, omittingEmptySubsequences: false)
      // The last line break ends the scalar's last line; it does not start another one.
      if chomping != "-" { lines.removeLast() }
      for line in lines {
        output.append(newline)
        if line.isEmpty { continue }
        pad(indent)
        output += line
      }
    } else {
      output += ScalarStyle.quoted(text)
    }
  }
}

/// Which spelling of a scalar reads back as the same value.
enum ScalarStyle {
  /// Swift's shortest spelling, with a fraction, since YAML 1.1 takes `1e+20` for a string.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    let text = String(value)
    guard let exponent = text.firstIndex(of: "e"), !text.contains(".") else { return text }
    return text[..<exponent] + ".0" + text[exponent...]
  }

  /// Whether the text may stand without quotes in every block context, as a value and as a key.
  static func isPlain(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, text.utf8.count <= 512, text.utf8.last != UInt8(ascii: " "),
      text.utf8.last != UInt8(ascii: ":")
    else { return false }
    switch first {
    case "a"..."z", "A"..."Z", "/", "_": if reservedWords.contains(text.lowercased()) { return false }
    case "0"..."9": if !hasLetterOutsideNumbers(text) { return false }
    default: guard first.value > 0xA0 else { return false }
    }
    var previous = first
    for scalar in text.unicodeScalars {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", "/", "+", "@", "=", "(", ")", "~", "$", "%", "^", "*", ";",
        ",":
        break
      case " ": if previous == ":" { return false }
      case "#": if previous == " " { return false }
      case ":", "'", "<", ">", "&", "?", "!", "|": break
      default: guard scalar.value > 0xA0, isPrintable(scalar) else { return false }
      }
      previous = scalar
    }
    return true
  }

  /// Words that YAML 1.1 or 1.2 reads as something else than a string, in lower case.
  private static let reservedWords: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]

  /// Numbers, dates and times of both YAML versions use digits, signs and these letters only.
  private static func hasLetterOutsideNumbers(_ text: String) -> Bool {
    text.utf8.contains { byte in
      switch byte | 0x20 {
      case UInt8(ascii: "g")...UInt8(ascii: "n"), UInt8(ascii: "p")...UInt8(ascii: "s"),
        UInt8(ascii: "u")...UInt8(ascii: "w"), UInt8(ascii: "y"):
        true
      default: false
      }
    }
  }

  /// What YAML allows to stand unescaped, line breaks of YAML 1.1 excepted.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
    default: false
    }
  }

  /// The chomping indicator under which a literal block reads back as the text; `nil` when none does.
  static func literalChomping(_ text: String) -> String? {
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard lines.count > 1, let first = lines.first, let start = first.first, start != 0x20, start != 0x09 else {
      return nil
    }
    // A line of blanks alone could be taken for an empty one.
    guard lines.allSatisfy({ $0.isEmpty || !$0.allSatisfy { $0 == 0x20 || $0 == 0x09 } }) else { return nil }
    guard text.unicodeScalars.allSatisfy({ $0 == "\n" || $0 == "\t" || isPrintable($0) }) else { return nil }
    if lines.last?.isEmpty == false { return "-" }
    return lines[lines.count - 2].isEmpty ? "+" : ""
  }

  static func quoted(_ text: String) -> [UInt8] {
    var output = [UInt8(ascii: "\"")]
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\"".utf8
      case "\\": output += "\\\\".utf8
      case "\n": output += "\\n".utf8
      case "\r": output += "\\r".utf8
      case "\t": output += "\\t".utf8
      default:
        if isPrintable(scalar), scalar.value != 0xA0 {
          output += Array(String(scalar).utf8)
        } else {
          let hex = String(scalar.value, radix: 16)
          output += "\\u".utf8
          output += String(repeating: "0", count: max(0, 4 - hex.utf8.count)).utf8
          output += hex.utf8
        }
      }
    }
    output.append(UInt8(ascii: "\""))
    return output
  }
}
