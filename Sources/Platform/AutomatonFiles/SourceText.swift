import Glibc
import JSON
import YAML

/// The text of a YAML file: how scalars are spelled, and where the lines of a script stand.
struct SourceText: Sendable {
  private let bytes: [UInt8]
  /// The byte where each line begins.
  private let lineStarts: [Int]
  private let breaks: Breaks

  /// What ends a line.
  enum Breaks: Sendable {
    /// All that libyaml counts.
    case yaml
    /// A line feed alone, as in JSON, whose strings may hold the others.
    case lineFeed
  }

  init(_ text: [UInt8], breaks: Breaks = .yaml) {
    self.breaks = breaks
    bytes = text.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(text[3...]) : text
    lineStarts = SourceText.lineStarts(bytes, breaks)
  }

  private static func lineStarts(_ bytes: [UInt8], _ breaks: Breaks) -> [Int] {
    var starts = [0]
    guard breaks == .lineFeed || !bytes.withUnsafeBytes(hasRareBreaks) else {
      var index = 0
      while index < bytes.count {
        let length = SourceText.breakLength(bytes, at: index, breaks)
        index += max(1, length)
        if length > 0 { starts.append(index) }
      }
      return starts
    }
    bytes.withUnsafeBytes { text in
      guard let start = text.baseAddress else { return }
      var index = 0
      while let found = memchr(start + index, 0x0A, text.count - index) {
        index = UnsafeRawPointer(found) - start + 1
        starts.append(index)
      }
    }
    return starts
  }

  /// Whether bytes are there that begin line breaks other than a line feed.
  private static func hasRareBreaks(_ text: UnsafeRawBufferPointer) -> Bool {
    guard let start = text.baseAddress else { return false }
    return [0x0D, 0xC2, 0xE2].contains { memchr(start, $0, text.count) != nil }
  }

  /// Bytes of a line break; 0 where none is.
  private static func breakLength(_ bytes: [UInt8], at index: Int, _ breaks: Breaks) -> Int {
    switch bytes[index] {
    case 0x0A: return 1
    case _ where breaks == .lineFeed: return 0
    case 0x0D: return index + 1 < bytes.count && bytes[index + 1] == 0x0A ? 2 : 1
    case 0xC2: return index + 1 < bytes.count && bytes[index + 1] == 0x85 ? 2 : 0
    case 0xE2:
      guard index + 2 < bytes.count, bytes[index + 1] == 0x80 else { return 0 }
      return bytes[index + 2] == 0xA8 || bytes[index + 2] == 0xA9 ? 3 : 0
    default: return 0
    }
  }

  private func isBreak(_ index: Int) -> Bool {
    index >= bytes.count || SourceText.breakLength(bytes, at: index, breaks) > 0
  }

  /// The byte at a position; `nil` beyond the text.
  private func offset(of position: YAMLPosition) -> Int? {
    guard position.line >= 1, position.line <= lineStarts.count else { return nil }
    var index = lineStarts[position.line - 1]
    var column = 1
    while column < position.column, index < bytes.count {
      index += 1
      while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
      column += 1
    }
    return index < bytes.count ? index : nil
  }

  /// Where a scalar itself begins, behind its tag and anchor.
  private func scalarStart(_ node: FileNode) -> (index: Int, column: Int)? {
    guard var index = offset(of: node.position) else { return nil }
    var column = node.position.column
    while index < bytes.count, bytes[index] == UInt8(ascii: "!") || bytes[index] == UInt8(ascii: "&") {
      while index < bytes.count, bytes[index] != 0x20, bytes[index] != 0x09, !isBreak(index) {
        if bytes[index] & 0xC0 != 0x80 { column += 1 }
        index += 1
      }
      while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 {
        index += 1
        column += 1
      }
    }
    return index < bytes.count && !isBreak(index) ? (index, column) : nil
  }

  /// A scalar as its author spelled it: `1.10`, `yes`, `0x1F`; `nil` for a sequence, a mapping and null.
  func spelling(of node: FileNode) -> String? {
    guard case .scalar(let value) = node.content else { return nil }
    switch value {
    case .null: return nil
    case .string(let text): return text
    default:
      guard let start = scalarStart(node)?.index else { return value.text() }
      let token = bytes[start...].prefix { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
      return token.isEmpty ? value.text() : String(decoding: token, as: UTF8.self)
    }
  }

  /// The place in the file of a place in a scalar's value. Exact for literal blocks and for scalars on one line; else
  /// the start of the scalar.
  ///
  /// - Parameter line: of the value, from 1.
  /// - Parameter column: byte of that line, from 1.
  func place(in node: FileNode, line: Int, column: Int) -> YAMLPosition {
    guard case .scalar(.string(let text)) = node.content, let start = scalarStart(node) else { return node.position }
    let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
    guard line >= 1, line <= lines.count else { return node.position }
    let before = lines[line - 1].prefix(max(0, column - 1))
    let characters = before.count { $0 & 0xC0 != 0x80 }
    switch bytes[start.index] {
    case UInt8(ascii: "|"):
      let fileLine = node.position.line + line
      guard fileLine <= lineStarts.count else { return node.position }
      let indent = blanks(bytes[lineStarts[fileLine - 1]...]) - blanks(lines[line - 1])
      return YAMLPosition(line: fileLine, column: max(0, indent) + characters + 1)
    case UInt8(ascii: ">"): return node.position
    default:
      guard lines.count == 1 else { return node.position }
      return spelled(node, start, characters)
    }
  }

  /// The place where a line of a scalar's value begins.
  ///
  /// - Parameter line: from 1.
  /// - Returns: `nil` for a line that the value does not have.
  func linePlace(of node: FileNode, line: Int) -> YAMLPosition? {
    guard case .scalar(.string(let text)) = node.content else { return line == 1 ? node.position : nil }
    let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
    guard line >= 1, line <= lines.count else { return nil }
    return place(in: node, line: line, column: 1)
  }

  private func blanks(_ line: some Sequence<UInt8>) -> Int {
    var count = 0
    for byte in line {
      guard byte == 0x20 else { break }
      count += 1
    }
    return count
  }

  /// Walks so many characters of the value through its spelling on one line.
  private func spelled(_ node: FileNode, _ start: (index: Int, column: Int), _ characters: Int) -> YAMLPosition {
    var index = start.index
    var column = start.column
    let quote = bytes[index]
    let isQuoted = quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
    if isQuoted {
      index += 1
      column += 1
    }
    for _ in 0..<characters {
      guard !isBreak(index) else { return node.position }
      var width = 1
      if quote == UInt8(ascii: "'"), bytes[index] == quote { width = 2 }
      if quote == UInt8(ascii: "\""), bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count {
        width =
          switch bytes[index + 1] {
          case UInt8(ascii: "x"): 4
          case UInt8(ascii: "u"): 6
          case UInt8(ascii: "U"): 10
          default: 2
          }
      }
      for _ in 0..<width {
        guard !isBreak(index) else { return node.position }
        index += 1
        while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
        column += 1
      }
    }
    return YAMLPosition(line: node.position.line, column: column)
  }
}
