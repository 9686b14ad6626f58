import Automata
import YAML

/// A file of the folder layout: functions of fixed names without parameters, one per hook.
///
/// The engine runs it once and calls its functions. In the document there are only scripts of hooks: there, code outside
/// the functions (helpers, constants) becomes the beginning of each of them.
struct ScriptFile {
  struct Function {
    var name: String
    /// The whole definition.
    var whole: Range<Int>
    /// What stands between the parentheses and `end`.
    var inner: Range<Int>
    var hasParameters: Bool
    var position: YAMLPosition
  }

  let bytes: Name
  /// The functions at the outermost level, in order.
  private(set) var functions: [Function] = []
  private let lineStarts: [Int]

  init(_ bytes: Name) {
    self.bytes = bytes
    var starts = [0]
    for (index, byte) in bytes.enumerated() where byte == 0x0A { starts.append(index + 1) }
    lineStarts = starts
    var scanner = ScriptScanner(bytes)
    while let found = scanner.nextFunction() {
      functions.append(
        Function(
          name: found.name, whole: found.whole, inner: found.inner, hasParameters: found.hasParameters,
          position: position(of: found.whole.lowerBound)))
    }
  }

  var lineCount: Int { lineStarts.count }

  func position(of offset: Int) -> YAMLPosition {
    var low = 0
    var high = lineStarts.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle - 1 }
    }
    let column = bytes[lineStarts[low]..<min(offset, bytes.count)].count { $0 & 0xC0 != 0x80 }
    return YAMLPosition(line: low + 1, column: column + 1)
  }

  /// The script of a hook; `nil` when the file does not define it. It begins with all code outside of hooks.
  ///
  /// - Parameter hooks: all names that are hooks of this file.
  func hook(_ name: String, among hooks: [String]) -> Name? {
    guard let function = functions.last(where: { $0.name == name }) else { return nil }
    let pieces = outside(hooks) + [trimmed(function.inner)]
    return Name(pieces.map { bytes[$0] }.joined(separator: [0x0A]))
  }

  /// Code outside of hooks.
  func outside(_ hooks: [String]) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = 0
    for other in functions where hooks.contains(other.name) {
      pieces.append(start..<other.whole.lowerBound)
      start = other.whole.upperBound
    }
    pieces.append(start..<bytes.count)
    return pieces.filter { hasCode($0) }
  }

  /// Whether there is more than blanks and comments.
  private func hasCode(_ range: Range<Int>) -> Bool {
    var scanner = ScriptScanner(Name(bytes[range]))
    return scanner.nextToken() != nil
  }

  /// Without the line break after the parentheses and the mark before `end`, which `ScriptFile.text` writes.
  private func trimmed(_ inner: Range<Int>) -> Range<Int> {
    var start = inner.lowerBound
    let blanks = bytes[inner].prefix { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }.count
    if start + blanks < inner.upperBound, bytes[start + blanks] == 0x0A {
      start += blanks + 1
    } else if start < inner.upperBound, bytes[start] == 0x20 {
      start += 1
    }
    var end = inner.upperBound
    let mark = ScriptFile.noBreak
    if end - start >= mark.count, Name(bytes[(end - mark.count)..<end]) == mark {
      end -= mark.count
    } else if end > start, bytes[end - 1] == 0x20 {
      let blanks = bytes[start..<end].reversed().prefix { $0 == 0x20 }.count
      // An indented `end` on a line of its own: the line break belongs to the script, the indentation does not.
      let isOwnLine = end - blanks > start && bytes[end - blanks - 1] == 0x0A
      end -= isOwnLine ? blanks : 1
    }
    return start..<end
  }

  /// Stands before `end` when the script has no line break at its end and a blank would not do.
  private static let noBreak = Array("\n--[[]]".utf8)

  /// A definition that reads back as the text; `nil` for a text that cannot stand in a function, such as `end`.
  static func text(_ name: String, _ script: Name) -> Name? {
    let head = Array("function \(name)()\n".utf8)
    let endings = script.last == 0x0A ? [[], noBreak] : [[0x20], noBreak]
    for ending in endings {
      let text = head + script + ending + Array("end\n".utf8)
      let file = ScriptFile(text)
      guard file.functions.count == 1, file.functions[0].whole.upperBound == text.count - 1 else { continue }
      if file.hook(name, among: [name]) == script { return text }
    }
    return nil
  }
}

/// Finds functions in a script by its words alone.
private struct ScriptScanner {
  private let bytes: Name
  private var index = 0

  init(_ bytes: Name) { self.bytes = bytes }

  struct Found {
    var name: String
    var whole: Range<Int>
    var inner: Range<Int>
    var hasParameters: Bool
  }

  /// The next `function NAME()` at the outermost level.
  mutating func nextFunction() -> Found? {
    var depth = 0
    var previous: ArraySlice<UInt8> = []
    while let token = nextToken() {
      let word = bytes[token]
      if depth == 0, word.elementsEqual("function".utf8), !previous.elementsEqual("local".utf8) {
        let afterWord = index
        if let found = definition(from: token.lowerBound) { return found }
        index = afterWord
      }
      depth += ScriptScanner.change(word)
      if depth < 0 { return nil }
      previous = word
    }
    return nil
  }

  private static func change(_ word: ArraySlice<UInt8>) -> Int {
    switch String(decoding: word, as: UTF8.self) {
    case "function", "if", "do", "repeat": 1
    case "end", "until": -1
    default: 0
    }
  }

  /// Reads `NAME ( ... ) ... end` after the word `function`.
  private mutating func definition(from start: Int) -> Found? {
    guard let name = nextToken(), ScriptScanner.isWord(bytes[name.lowerBound]), let open = nextToken(),
      bytes[open].elementsEqual("(".utf8), var token = nextToken()
    else { return nil }
    var hasParameters = false
    while !bytes[token].elementsEqual(")".utf8) {
      hasParameters = true
      guard let next = nextToken() else { return nil }
      token = next
    }
    let innerStart = index
    var depth = 1
    while let token = nextToken() {
      depth += ScriptScanner.change(bytes[token])
      if depth == 0 {
        return Found(
          name: String(decoding: bytes[name], as: UTF8.self), whole: start..<index,
          inner: innerStart..<token.lowerBound, hasParameters: hasParameters)
      }
    }
    return nil
  }

  /// The next word, number, string or sign; comments and blanks are passed over.
  mutating func nextToken() -> Range<Int>? {
    while index < bytes.count {
      let start = index
      let byte = bytes[index]
      if byte == 0x20 || byte &- 9 < 5 {
        index += 1
      } else if bytes[index...].starts(with: "--".utf8) {
        index += 2
        if !skipLong() { index = bytes[index...].firstIndex(of: 0x0A) ?? bytes.count }
      } else if ScriptScanner.isWord(byte) {
        while index < bytes.count, ScriptScanner.isWord(bytes[index]) { index += 1 }
        return start..<index
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        skipQuoted(byte)
        return start..<index
      } else if byte == UInt8(ascii: "["), skipLong() {
        return start..<index
      } else {
        index += 1
        return start..<index
      }
    }
    return nil
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 97 < 26 || byte &- 48 < 10 || byte == 95 || byte >= 0x80
  }

  private mutating func skipQuoted(_ quote: UInt8) {
    index += 1
    while index < bytes.count, bytes[index] != quote, bytes[index] != 0x0A {
      index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    index = min(bytes.count, index + 1)
  }

  /// Passes over `[==[ ... ]==]`; false when none begins here.
  private mutating func skipLong() -> Bool {
    guard index < bytes.count, bytes[index] == UInt8(ascii: "[") else { return false }
    let level = bytes[(index + 1)...].prefix { $0 == UInt8(ascii: "=") }.count
    guard index + level + 1 < bytes.count, bytes[index + level + 1] == UInt8(ascii: "[") else { return false }
    let close = [UInt8(ascii: "]")] + Array(repeating: UInt8(ascii: "="), count: level) + [UInt8(ascii: "]")]
    index += level + 2
    while index < bytes.count, !bytes[index...].starts(with: close) { index += 1 }
    index = min(bytes.count, index + close.count)
    return true
  }
}
