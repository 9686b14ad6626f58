import JSON

/// The manifest of the reference's first line: `manifest.akapp`, in TOML with the tables `app`, `capabilities`, `resources` and
/// `signature`.
///
/// Of TOML there is what such files use: tables, bare, quoted and dotted keys, texts in one line, whole numbers, `true` and
/// `false`, arrays of these in one line, comments. Everything else is refused with its line.
public struct LegacyManifest: Sendable, Equatable {
  /// The same as a manifest of today. What has no place there is left out: licence, icon, quotas of storage and processor.
  public let json: JSONObject
  /// Algorithm, as written; `nil` when the file has no signature. Those are not checked: today's are over packages.
  public let signatureAlgorithm: String?

  public init(_ bytes: [UInt8]) throws(AppFormatError) {
    guard bytes.count <= AppManifest.bytesMax else {
      throw .manifestTooLarge(bytes: bytes.count, bytesMax: AppManifest.bytesMax)
    }
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .invalidText(offset: 0) }
    var entries: [Entry] = []
    var table = ""
    for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      var reader = LineReader(line, number: index + 1)
      if let name = try reader.table() {
        table = name
      } else if let (key, value) = try reader.member() {
        guard !entries.contains(where: { $0.table == table && $0.key == key }) else {
          throw .manifestLine(index + 1, "\(key) is there twice")
        }
        entries.append(Entry(table: table, key: key, value: value, line: index + 1))
      }
    }
    signatureAlgorithm = entries.first { $0.table == "signature" && $0.key == "algorithm" }?.value.stringValue
    json = try Self.translate(entries)
    // The same rules as for a manifest of today; a wrong field is named.
    _ = try AppManifest(json: JSON.object(json).bytes())
  }

  struct Entry {
    var table: String
    var key: String
    var value: JSON
    var line: Int
  }

  private static func translate(_ entries: [Entry]) throws(AppFormatError) -> JSONObject {
    var json = JSONObject()
    var capabilities: [JSON] = []
    for entry in entries {
      switch (entry.table, entry.key) {
      case ("app", "name"), ("app", "version"), ("app", "author"), ("app", "description"):
        guard case .string = entry.value else { throw .manifestLine(entry.line, "\(entry.key) is a text") }
        json[entry.key] = entry.value
      case ("app", "auto_start"):
        json["autostart"] = .bool(try entry.bool())
      case ("app", "auto_restart"):
        json["restart"] = ["enabled": .bool(try entry.bool())]
      case ("app", "priority"):
        // 0 to 10 there, 1 to 10 here.
        json["priority"] = .integer(max(1, try entry.integer(0...10)))
      case ("resources", "heap_kb"), ("resources", "stack_kb"):
        json[entry.key] = .integer(try entry.integer(0...65536))
      case ("capabilities", let name):
        if try entry.bool() { capabilities.append(.string(name)) }
      default: continue
      }
    }
    json["capabilities"] = .array(capabilities)
    return json
  }
}

extension LegacyManifest.Entry {
  fileprivate func bool() throws(AppFormatError) -> Bool {
    guard let bool = value.boolValue else { throw .manifestLine(line, "\(key) is true or false") }
    return bool
  }

  fileprivate func integer(_ range: ClosedRange<Int64>) throws(AppFormatError) -> Int64 {
    guard let number = value.integerValue, range.contains(number) else {
      throw .manifestLine(line, "\(key) is a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}

/// One line of TOML.
private struct LineReader {
  private let bytes: [UInt8]
  private var offset = 0
  private let number: Int

  init(_ line: ArraySlice<UInt8>, number: Int) {
    bytes = Array(line)
    self.number = number
  }

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private func refuse(_ reason: String) -> AppFormatError { .manifestLine(number, reason) }

  private mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0D { offset += 1 }
  }

  /// Nothing but blanks and a comment may follow.
  private mutating func end() throws(AppFormatError) {
    skipBlanks()
    guard next == nil || next == UInt8(ascii: "#") else { throw refuse("nothing is expected after column \(offset)") }
  }

  /// The name of a table, when the line is its head.
  mutating func table() throws(AppFormatError) -> String? {
    skipBlanks()
    guard next == UInt8(ascii: "[") else { return nil }
    offset += 1
    if next == UInt8(ascii: "[") { throw refuse("arrays of tables are not known") }
    let name = try key()
    guard next == UInt8(ascii: "]") else { throw refuse("] is missing") }
    offset += 1
    try end()
    return name
  }

  /// Key and value; `nil` for a line without any.
  mutating func member() throws(AppFormatError) -> (key: String, value: JSON)? {
    skipBlanks()
    if next == nil || next == UInt8(ascii: "#") { return nil }
    let name = try key()
    guard next == UInt8(ascii: "=") else { throw refuse("= is missing after \(name)") }
    offset += 1
    let value = try value(depth: 0)
    try end()
    return (name, value)
  }

  /// A key; the parts of a dotted one stay joined.
  private mutating func key() throws(AppFormatError) -> String {
    var parts: [String] = []
    while true {
      skipBlanks()
      if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") {
        parts.append(try text())
      } else {
        let start = offset
        while let byte = next, Self.isBare(byte) { offset += 1 }
        guard offset > start else { throw refuse("a key is missing") }
        parts.append(String(decoding: bytes[start..<offset], as: UTF8.self))
      }
      skipBlanks()
      guard next == UInt8(ascii: ".") else { return parts.joined(separator: ".") }
      offset += 1
    }
  }

  private static func isBare(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }

  private mutating func value(depth: Int) throws(AppFormatError) -> JSON {
    skipBlanks()
    switch next {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try text())
    case UInt8(ascii: "["):
      guard depth < 4 else { throw refuse("arrays are nested too deep") }
      offset += 1
      return .array(try elements(depth: depth + 1))
    case nil, UInt8(ascii: "#"): throw refuse("a value is missing")
    default:
      let start = offset
      while let byte = next, Self.isBare(byte) || byte == UInt8(ascii: "+") { offset += 1 }
      let word = String(decoding: bytes[start..<offset], as: UTF8.self)
      if word == "true" || word == "false" { return .bool(word == "true") }
      if let number = Int64(word.replacing("_", with: "")) { return .integer(number) }
      throw refuse("\"\(word)\" is no text, whole number, true or false")
    }
  }

  private mutating func elements(depth: Int) throws(AppFormatError) -> [JSON] {
    var elements: [JSON] = []
    while true {
      skipBlanks()
      if next == UInt8(ascii: "]") {
        offset += 1
        return elements
      }
      elements.append(try value(depth: depth))
      skipBlanks()
      if next == UInt8(ascii: ",") {
        offset += 1
      } else if next != UInt8(ascii: "]") {
        throw refuse("] is missing, in the line where the array begins")
      }
    }
  }

  /// A text in one line; in double quotes with escapes, in single ones as it stands.
  private mutating func text() throws(AppFormatError) -> String {
    guard let quote = next else { throw refuse("a text is missing") }
    offset += 1
    var result: [UInt8] = []
    while let byte = next, byte != quote {
      offset += 1
      guard byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") else {
        result.append(byte)
        continue
      }
      switch next {
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): result.append(bytes[offset])
      default: throw refuse("after a backslash n, t, r, \" and \\ are known")
      }
      offset += 1
    }
    guard next == quote else { throw refuse("a text has no end in its line") }
    offset += 1
    return String(decoding: result, as: UTF8.self)
  }
}
