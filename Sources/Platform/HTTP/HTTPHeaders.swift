/// Header fields in the order written. Names are stored in lower case and compared without regard to case.
///
/// All names and values share one byte buffer, so that a block of headers costs two allocations however many fields
/// it has. A value never holds CR, LF or NUL: such bytes become spaces when a field is added, which makes header
/// injection impossible (RFC 9110 section 5.5).
public struct HTTPHeaders: Sendable {
  struct Field {
    var start: UInt32
    var nameCount: UInt32
    var valueCount: UInt32
  }

  var bytes: [UInt8] = []
  var fields: [Field] = []

  public init() {}

  public init(_ fields: [(String, String)]) {
    for (name, value) in fields { add(name, value) }
  }

  public var count: Int { fields.count }
  public var isEmpty: Bool { fields.isEmpty }

  public mutating func reserve(fields fieldCount: Int, bytes byteCount: Int) {
    fields.reserveCapacity(fieldCount)
    bytes.reserveCapacity(byteCount)
  }

  /// Appends a field, keeping earlier ones of the same name.
  /// - Returns: false, with nothing added, when `name` is not a token (RFC 9110 section 5.6.2).
  @discardableResult
  public mutating func add(_ name: String, _ value: String) -> Bool {
    var name = name
    var value = value
    return name.withUTF8 { name in
      value.withUTF8 { add(nameBytes: UnsafeRawBufferPointer(name), valueBytes: UnsafeRawBufferPointer($0)) }
    }
  }

  @discardableResult
  public mutating func add(nameBytes: UnsafeRawBufferPointer, valueBytes: UnsafeRawBufferPointer) -> Bool {
    guard !nameBytes.isEmpty, nameBytes.count + valueBytes.count < Int(Int32.max) - bytes.count else { return false }
    let start = bytes.count
    for byte in nameBytes {
      guard HTTPToken.isTokenByte(byte) else {
        bytes.removeLast(bytes.count - start)
        return false
      }
      bytes.append(HTTPToken.lowercased(byte))
    }
    bytes.append(contentsOf: valueBytes)
    for index in (start + nameBytes.count)..<bytes.count
    where bytes[index] == 13 || bytes[index] == 10 || bytes[index] == 0 {
      bytes[index] = 32
    }
    fields.append(
      Field(start: UInt32(start), nameCount: UInt32(nameBytes.count), valueCount: UInt32(valueBytes.count)))
    return true
  }

  /// Appends a field that the HTTP/2 library has checked: its name is in lower case, both are free of forbidden bytes.
  mutating func addChecked(nameBytes: UnsafeRawBufferPointer, valueBytes: UnsafeRawBufferPointer) {
    if fields.isEmpty { reserve(fields: 8, bytes: 240) }
    fields.append(
      Field(start: UInt32(bytes.count), nameCount: UInt32(nameBytes.count), valueCount: UInt32(valueBytes.count)))
    bytes.append(contentsOf: nameBytes)
    bytes.append(contentsOf: valueBytes)
  }

  /// Replaces every field of that name by one.
  public mutating func set(_ name: String, _ value: String) {
    remove(name)
    add(name, value)
  }

  public mutating func remove(_ name: String) {
    guard contains(name) else { return }
    fields = fields.filter { !matches($0, name) }
  }

  /// The first value of that name.
  public subscript(name: String) -> String? {
    guard let index = index(of: name) else { return nil }
    return value(at: index)
  }

  public func contains(_ name: String) -> Bool { index(of: name) != nil }

  public func values(of name: String) -> [String] {
    fields.indices.filter { matches(fields[$0], name) }.map(value(at:))
  }

  /// Whether a comma-separated list field holds the token, in any of its fields and any case.
  public func contains(_ name: String, token: String) -> Bool {
    guard contains(name) else { return false }
    return values(of: name).contains { value in
      value.split(separator: ",").contains { HTTPToken.equal(HTTPToken.trimmed($0.utf8), token.utf8) }
    }
  }

  public func name(at index: Int) -> String {
    let field = fields[index]
    return String(decoding: bytes[Int(field.start)..<Int(field.start + field.nameCount)], as: UTF8.self)
  }

  public func value(at index: Int) -> String {
    let field = fields[index]
    let start = Int(field.start + field.nameCount)
    return String(decoding: bytes[start..<start + Int(field.valueCount)], as: UTF8.self)
  }

  /// Calls `body` with the bytes of each field in turn, without making strings.
  @inline(__always)
  public func forEachBytes(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
    bytes.withUnsafeBytes { all in
      for field in fields {
        let start = Int(field.start)
        let middle = start + Int(field.nameCount)
        body(
          UnsafeRawBufferPointer(rebasing: all[start..<middle]),
          UnsafeRawBufferPointer(rebasing: all[middle..<middle + Int(field.valueCount)]))
      }
    }
  }

  func index(of name: String) -> Int? {
    var name = name
    return name.withUTF8 { name in
      bytes.withUnsafeBufferPointer { all in
        fields.firstIndex { field in
          guard Int(field.nameCount) == name.count else { return false }
          let start = Int(field.start)
          for offset in 0..<name.count where all[start + offset] != HTTPToken.lowercased(name[offset]) { return false }
          return true
        }
      }
    }
  }

  private func matches(_ field: Field, _ name: String) -> Bool {
    let start = Int(field.start)
    return HTTPToken.equal(bytes[start..<start + Int(field.nameCount)], name.utf8)
  }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }
}

extension HTTPHeaders: Sequence {
  public struct Iterator: IteratorProtocol {
    let headers: HTTPHeaders
    var index = 0

    public mutating func next() -> (name: String, value: String)? {
      guard index < headers.count else { return nil }
      defer { index += 1 }
      return (headers.name(at: index), headers.value(at: index))
    }
  }

  public func makeIterator() -> Iterator { Iterator(headers: self) }
  public var underestimatedCount: Int { count }
}

extension HTTPHeaders: Equatable {
  public static func == (left: HTTPHeaders, right: HTTPHeaders) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { $0 == $1 }
  }
}

extension HTTPHeaders: CustomStringConvertible {
  public var description: String { map { "\($0.name): \($0.value)" }.joined(separator: "\n") }
}

extension HTTPHeaders {
  /// Appends a `date` field whose value is known to be clean.
  public mutating func addDate(_ value: UnsafeRawBufferPointer) {
    let start = bytes.count
    bytes.append(contentsOf: "date".utf8)
    bytes.append(contentsOf: value)
    fields.append(Field(start: UInt32(start), nameCount: 4, valueCount: UInt32(value.count)))
  }
}
