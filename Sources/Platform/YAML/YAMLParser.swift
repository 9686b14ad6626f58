import CYAML
import JSON

/// YAML 1.2 with the core schema, read with libyaml.
///
/// Accepted is the part of YAML that means the same as some JSON text: keys are strings, numbers are finite, tags are
/// those of the core schema. `yes`, `no`, `on` and `off` are strings. libyaml takes U+0085, U+2028 and U+2029 in the
/// text itself for line breaks, as YAML 1.1 did.
public enum YAML {
  /// All documents of a stream; none for a text that holds only space and comments.
  public static func parse(_ text: String, limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> [YAMLDocument] {
    try parse(Array(text.utf8), limits: limits)
  }

  /// All documents of a stream; none for a text that holds only space and comments.
  /// - Parameter bytes: UTF-8; a byte order mark at the start is skipped.
  public static func parse(_ bytes: [UInt8], limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> [YAMLDocument] {
    guard bytes.count <= limits.sizeMax else {
      throw YAMLError(reason: .tooLarge(limits.sizeMax), position: YAMLPosition(line: 1, column: 1))
    }
    let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
    if let position = firstInvalidUTF8(body) { throw YAMLError(reason: .invalidUTF8, position: position) }
    return try body.withUnsafeBufferPointer { (buffer) throws(YAMLError) in
      let events = try YAMLEvents(reading: buffer)
      var builder = YAMLBuilder(limits: limits)
      while !builder.isAtEnd {
        try builder.take(try events.next())
        events.release()
      }
      return builder.documents
    }
  }

  /// The only document of a text.
  public static func parseOne(_ text: String, limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> YAMLDocument {
    let documents = try parse(text, limits: limits)
    guard let document = documents.first, documents.count == 1 else {
      let position = documents.dropFirst().first?.root.position ?? YAMLPosition(line: 1, column: 1)
      throw YAMLError(reason: .documentCount(documents.count), position: position)
    }
    return document
  }

  private static func firstInvalidUTF8(_ bytes: ArraySlice<UInt8>) -> YAMLPosition? {
    if String(validating: bytes, as: UTF8.self) != nil { return nil }
    var position = YAMLPosition(line: 1, column: 1)
    var iterator = bytes.makeIterator()
    var decoder = UTF8()
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue("\n"): position = YAMLPosition(line: position.line + 1, column: 1)
      case .scalarValue: position.column += 1
      case .emptyInput, .error: return position
      }
    }
  }
}

/// One libyaml parser. It stays at one address, since libyaml keeps pointers into itself.
private struct YAMLEvents: ~Copyable {
  let parser: UnsafeMutablePointer<yaml_parser_t>
  /// The last event, which `release` frees.
  private let event: UnsafeMutablePointer<yaml_event_t>

  /// - Parameter buffer: must outlive every call of `next`.
  init(reading buffer: UnsafeBufferPointer<UInt8>) throws(YAMLError) {
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
    event = .allocate(capacity: 1)
    event.initialize(to: yaml_event_t())
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      event.deallocate()
      throw YAMLError(reason: .outOfMemory, position: YAMLPosition(line: 1, column: 1))
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
  }

  deinit {
    // Deleting leaves an event that holds nothing; of those, deleting does nothing.
    yaml_event_delete(event)
    event.deallocate()
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  /// - Returns: an event that holds until `release`.
  func next() throws(YAMLError) -> UnsafePointer<yaml_event_t> {
    guard yaml_parser_parse(parser, event) == 1 else { throw fault() }
    return UnsafePointer(event)
  }

  func release() { yaml_event_delete(event) }

  private func fault() -> YAMLError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "malformed YAML"
    switch parser.pointee.error {
    case YAML_MEMORY_ERROR: return YAMLError(reason: .outOfMemory, position: YAMLPosition(parser.pointee.mark))
    case YAML_READER_ERROR:
      // The reader runs ahead of the scanner, so that its fault lies after the scanner's mark, often on that line.
      let value = parser.pointee.problem_value
      let name = value >= 0 ? " (U+" + String(value, radix: 16, uppercase: true) + ")" : ""
      return YAMLError(reason: .syntax(problem + name), position: position(ofByte: parser.pointee.problem_offset))
    default:
      let context = parser.pointee.context.map { String(cString: $0) + ", " } ?? ""
      // libyaml ends every text with a line break, and so can point behind the last line that was written.
      let mark = min(YAMLPosition(parser.pointee.problem_mark), position(ofByte: .max))
      return YAMLError(reason: .syntax(context + problem), position: mark)
    }
  }

  private func position(ofByte offset: Int) -> YAMLPosition {
    let input = parser.pointee.input.string
    var position = YAMLPosition(line: 1, column: 1)
    guard let start = input.start else { return position }
    for byte in UnsafeBufferPointer(start: start, count: min(offset, input.end - start)) {
      if byte == 0x0A {
        position = YAMLPosition(line: position.line + 1, column: 1)
      } else if byte & 0xC0 != 0x80 {
        position.column += 1
      }
    }
    return position
  }
}

extension YAMLPosition {
  init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}
