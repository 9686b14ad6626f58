import JSON

/// Reads TOML: tables, bare, quoted and dotted keys, texts in one line or several, numbers, `true` and `false`, arrays and
/// inline tables, comments. Dates count as nothing; arrays of tables are refused.
struct TOMLReader {
  /// A value with the names of its tables and its own, joined by dots.
  struct Entry {
    var path: String
    var value: JSON
    /// Where it begins, from 1.
    var line: Int
  }

  static let depthMax = 8
  /// Of an inline table.
  static let membersMax = 256

  private let bytes: [UInt8]
  private var offset = 0
  private var line = 1

  /// - Parameter bytes: UTF-8.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// All values in their order, none of a path twice.
  mutating func entries() throws(AppFormatError) -> [Entry] {
    var entries: [Entry] = []
    var paths: Set<String> = []
    var table = ""
    while true {
      skipToContent()
      if next == nil { return entries }
      if let name = try head() {
        table = name + "."
        continue
      }
      let start = line
      let (key, value) = try member(depth: 0)
      try end()
      for (path, value) in Self.flat(table + key, value) {
        guard paths.insert(path).inserted else { throw .manifestLine(start, "\(path) is there twice") }
        entries.append(Entry(path: path, value: value, line: start))
      }
    }
  }

  /// Members of inline tables as values of their own.
  private static func flat(_ path: String, _ value: JSON) -> [(String, JSON)] {
    guard let object = value.objectValue else { return [(path, value)] }
    return object.members.flatMap { flat("\(path).\($0.name)", $0.value) }
  }

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private func refuse(_ reason: String) -> AppFormatError { .manifestLine(line, reason) }

  /// Whether this character comes now; it is taken.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0D { offset += 1 }
  }

  /// Blanks, ends of lines and comments.
  private mutating func skipToContent() {
    while true {
      skipBlanks()
      if next == UInt8(ascii: "#") { while let byte = next, byte != 0x0A { offset += 1 } }
      guard next == 0x0A else { return }
      offset += 1
      line += 1
    }
  }

  /// Nothing but blanks and a comment may follow in the line.
  private mutating func end() throws(AppFormatError) {
    skipBlanks()
    guard next == nil || next == UInt8(ascii: "#") || next == 0x0A else {
      throw refuse("nothing is expected behind the value")
    }
  }

  /// The name of a table, when the line is its head.
  private mutating func head() throws(AppFormatError) -> String? {
    guard take("[") else { return nil }
    if next == UInt8(ascii: "[") { throw refuse("arrays of tables are not known") }
    let name = try key()
    guard take("]") else { throw refuse("] is missing") }
    try end()
    return name
  }

  private mutating func member(depth: Int) throws(AppFormatError) -> (key: String, value: JSON) {
    let name = try key()
    guard take("=") else { throw refuse("= is missing after \(name)") }
    skipBlanks()
    return (name, try value(depth: depth))
  }

  /// A key; the parts of a dotted one stay joined.
  private mutating func key() throws(AppFormatError) -> String {
    var parts: [String] = []
    while true {
      skipBlanks()
      if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") {
        parts.append(try text())
      } else {
        parts.append(word { Self.isBare($0) })
        if parts.last == "" { throw refuse("a key is missing") }
      }
      skipBlanks()
      guard take(".") else { return parts.joined(separator: ".") }
    }
  }

  private static func isBare(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }

  private mutating func word(_ isPart: (UInt8) -> Bool) -> String {
    let start = offset
    while let byte = next, isPart(byte) { offset += 1 }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  private mutating func value(depth: Int) throws(AppFormatError) -> JSON {
    guard depth < Self.depthMax else { throw refuse("values are nested too deep") }
    switch next {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try text())
    case UInt8(ascii: "["): return .array(try elements(depth: depth + 1))
    case UInt8(ascii: "{"): return .object(try members(depth: depth + 1))
    case nil, 0x0A, UInt8(ascii: "#"): throw refuse("a value is missing")
    default: break
    }
    let signs = Array("+.:".utf8)
    let word = word { Self.isBare($0) || signs.contains($0) }
    if word == "true" || word == "false" { return .bool(word == "true") }
    let digits = word.replacing("_", with: "")
    if let number = Int64(digits) { return .integer(number) }
    if let number = Double(digits), number.isFinite { return .number(number) }
    // A date or a time.
    if word.utf8.first.map({ (0x30...0x39).contains($0) }) == true, word.contains(where: { $0 == "-" || $0 == ":" }) {
      return .null
    }
    throw refuse("\"\(word)\" is no text, number, true or false")
  }

  private mutating func elements(depth: Int) throws(AppFormatError) -> [JSON] {
    offset += 1
    var elements: [JSON] = []
    while true {
      skipToContent()
      if take("]") { return elements }
      elements.append(try value(depth: depth))
      skipToContent()
      if !take(","), next != UInt8(ascii: "]") { throw refuse("] is missing") }
    }
  }

  private mutating func members(depth: Int) throws(AppFormatError) -> JSONObject {
    offset += 1
    var object = JSONObject()
    skipBlanks()
    if take("}") { return object }
    for _ in 0..<Self.membersMax {
      let (key, value) = try member(depth: depth)
      guard object[key] == nil else { throw refuse("\(key) is there twice") }
      object[key] = value
      skipBlanks()
      if take("}") { return object }
      guard take(",") else { throw refuse("} is missing") }
    }
    throw refuse("an inline table has more than \(Self.membersMax) members")
  }

  // MARK: Texts

  /// A text: in double quotes with escapes, in single ones as it stands; in three of them over several lines.
  private mutating func text() throws(AppFormatError) -> String {
    guard let quote = next else { throw refuse("a text is missing") }
    offset += 1
    let isLong = offset + 1 < bytes.count && bytes[offset] == quote && bytes[offset + 1] == quote
    if isLong {
      offset += 2
      if next == 0x0D, offset + 1 < bytes.count, bytes[offset + 1] == 0x0A { offset += 1 }
      if next == 0x0A { newLine() }
    }
    var result: [UInt8] = []
    while let byte = next {
      if byte == quote {
        offset += 1
        if !isLong { return String(decoding: result, as: UTF8.self) }
        if bytes[offset...].starts(with: [quote, quote]) {
          offset += 2
          // Up to two more are the text's own.
          for _ in 0..<2 where next == quote {
            result.append(quote)
            offset += 1
          }
          return String(decoding: result, as: UTF8.self)
        }
        result.append(quote)
      } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
        offset += 1
        try escape(into: &result, isLong: isLong)
      } else if byte == 0x0A {
        if !isLong { throw refuse("a text has no end in its line") }
        result.append(byte)
        newLine()
      } else {
        result.append(byte)
        offset += 1
      }
    }
    throw refuse("a text has no end")
  }

  private mutating func newLine() {
    offset += 1
    line += 1
  }

  /// What stands behind a backslash.
  private mutating func escape(into result: inout [UInt8], isLong: Bool) throws(AppFormatError) {
    guard let byte = next else { throw refuse("a text has no end") }
    offset += 1
    switch byte {
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): result.append(byte)
    case UInt8(ascii: "u"): result += try scalar(digits: 4)
    case UInt8(ascii: "U"): result += try scalar(digits: 8)
    case 0x0A, 0x0D, 0x20, 0x09:
      // The end of a line and what blanks follow do not belong to the text.
      offset -= 1
      skipBlanks()
      guard isLong, next == 0x0A else { throw refuse("a text has no end in its line") }
      while let blank = next, blank == 0x0A || blank == 0x20 || blank == 0x09 || blank == 0x0D {
        if blank == 0x0A { newLine() } else { offset += 1 }
      }
    default: throw refuse("after a backslash b, t, n, f, r, u, U, \" and \\ are known")
    }
  }

  private mutating func scalar(digits count: Int) throws(AppFormatError) -> [UInt8] {
    guard offset + count <= bytes.count,
      let number = UInt32(String(decoding: bytes[offset..<offset + count], as: UTF8.self), radix: 16),
      bytes[offset] != UInt8(ascii: "+"), let scalar = Unicode.Scalar(number), number != 0
    else { throw refuse("no character has this number") }
    offset += count
    return Array(String(scalar).utf8)
  }
}
