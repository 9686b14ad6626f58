/// Bytes of a message under construction.
struct Text {
  var bytes: [UInt8] = []

  init() {}
  init(_ text: StaticString) { add(text) }

  mutating func add(_ text: StaticString) {
    let start = text.utf8Start
    for index in 0..<text.utf8CodeUnitCount { bytes.append(start[index]) }
  }
  mutating func add(_ byte: UInt8) { bytes.append(byte) }
  mutating func add(_ text: [UInt8]) { bytes.append(contentsOf: text) }
  mutating func add(_ text: ArraySlice<UInt8>) { bytes.append(contentsOf: text) }
  mutating func add(_ string: StringRef) { bytes.append(contentsOf: StringObject.buffer(string)) }
  mutating func add(_ value: Int) { add(Int64(value)) }
  mutating func add(_ value: Int64) { Numbers.append(value, to: &bytes) }
}

/// Classes of ASCII characters, as the C locale has them.
enum Characters {
  @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
  @inline(__always) static func isLower(_ byte: UInt8) -> Bool { byte &- 97 < 26 }
  @inline(__always) static func isUpper(_ byte: UInt8) -> Bool { byte &- 65 < 26 }
  @inline(__always) static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 97 < 26 }
  @inline(__always) static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte &- 9 < 5 }
  @inline(__always) static func isControl(_ byte: UInt8) -> Bool { byte < 32 || byte == 127 }
  @inline(__always) static func isGraphic(_ byte: UInt8) -> Bool { byte > 32 && byte < 127 }
  @inline(__always) static func isPunctuation(_ byte: UInt8) -> Bool {
    isGraphic(byte) && !isLetter(byte) && !isDigit(byte)
  }
  @inline(__always) static func isNameStart(_ byte: UInt8) -> Bool { isLetter(byte) || byte == 95 }
  @inline(__always) static func isNamePart(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) }
  @inline(__always) static func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 97 < 6 }
  static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    if isDigit(byte) { return byte - 48 }
    let lower = byte | 0x20
    return lower &- 97 < 6 ? lower - 87 : nil
  }
}

/// UTF-8 with code points up to 2^31 - 1, as the language has it.
enum UTF8Code {
  static func append(_ value: UInt32, to bytes: inout [UInt8]) {
    if value < 0x80 {
      bytes.append(UInt8(value))
      return
    }
    // Continuation bytes from the last one on, until what is left fits into the first byte.
    var rest = value
    var reversed: [UInt8] = []
    var firstMax: UInt32 = 0x3F
    repeat {
      reversed.append(UInt8(0x80 | rest & 0x3F))
      rest >>= 6
      firstMax >>= 1
    } while rest > firstMax
    bytes.append(UInt8(truncatingIfNeeded: ~firstMax << 1 | rest))
    bytes.append(contentsOf: reversed.reversed())
  }

  /// The code point at `index` and its length; none when the bytes are not UTF-8. `isStrict` refuses surrogates and
  /// values beyond U+10FFFF.
  static func decode(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int, isStrict: Bool) -> (UInt32, Int)? {
    let first = bytes[index]
    if first < 0x80 { return (UInt32(first), 1) }
    guard first >= 0xC0, first < 0xFE else { return nil }
    let length = (~first).leadingZeroBitCount
    guard index + length <= bytes.count else { return nil }
    var value = UInt32(first & (0x7F >> UInt8(length)))
    for offset in 1..<length {
      let byte = bytes[index + offset]
      guard byte & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    // The smallest value that needs so many bytes.
    let least: UInt32 = length == 2 ? 0x80 : 1 << UInt32(5 * length - 4)
    guard value >= least else { return nil }
    if isStrict, value > 0x10FFFF || (0xD800...0xDFFF).contains(value) { return nil }
    return (value, length)
  }
}

/// Distinct byte strings with an index each. The first ones are the reserved words and `_ENV`, which all pools share.
struct StringPool {
  private var own = StringIndex(bucketCount: 16)

  /// All strings by their indexes.
  var strings: [[UInt8]] { StringPool.reserved.strings + own.strings }

  subscript(index: Int32) -> [UInt8] {
    let index = Int(index)
    let shared = StringPool.reserved.strings.count
    return index < shared ? StringPool.reserved.strings[index] : own.strings[index - shared]
  }

  mutating func index(of text: StaticString) -> Int32 {
    let bytes = Text(text).bytes
    return index(of: bytes, from: 0, to: bytes.count)
  }

  mutating func index(of bytes: [UInt8], from start: Int, to end: Int) -> Int32 {
    let hash = StringIndex.hash(bytes, from: start, to: end)
    if let index = StringPool.reserved.find(bytes, from: start, to: end, hash) { return index }
    let shared = Int32(StringPool.reserved.strings.count)
    if let index = own.find(bytes, from: start, to: end, hash) { return shared + index }
    own.add(Array(bytes[start..<end]), hash)
    return shared + Int32(own.strings.count) - 1
  }

  private static let reserved: StringIndex = {
    var index = StringIndex(bucketCount: 64)
    func add(_ word: StaticString) {
      let bytes = Text(word).bytes
      index.add(bytes, StringIndex.hash(bytes, from: 0, to: bytes.count))
    }
    for word in Lexer.reservedWords { add(word) }
    // Every program names its environment.
    add("_ENV")
    return index
  }()
}

/// Byte strings that are found by their hash.
private struct StringIndex {
  private struct Entry {
    var hash: UInt32
    /// The next one of the bucket; -1 at its end.
    var next: Int32
  }

  private(set) var strings: [[UInt8]] = []
  private var entries: [Entry] = []
  private var buckets: [Int32]

  init(bucketCount: Int) {
    buckets = [Int32](repeating: -1, count: bucketCount)
    strings.reserveCapacity(8)
    entries.reserveCapacity(8)
  }

  static func hash(_ bytes: [UInt8], from start: Int, to end: Int) -> UInt32 {
    var hash: UInt32 = 0x811C_9DC5
    for index in start..<end { hash = (hash ^ UInt32(bytes[index])) &* 0x0100_0193 }
    return hash
  }

  func find(_ bytes: [UInt8], from start: Int, to end: Int, _ hash: UInt32) -> Int32? {
    var index = buckets[Int(hash & UInt32(buckets.count - 1))]
    while index >= 0 {
      let entry = entries[Int(index)]
      if entry.hash == hash, isSame(strings[Int(index)], bytes, from: start, to: end) { return index }
      index = entry.next
    }
    return nil
  }

  private func isSame(_ string: [UInt8], _ bytes: [UInt8], from start: Int, to end: Int) -> Bool {
    guard string.count == end - start else { return false }
    for index in 0..<string.count where string[index] != bytes[start + index] { return false }
    return true
  }

  /// - Parameter text: is not there yet.
  mutating func add(_ text: [UInt8], _ hash: UInt32) {
    strings.append(text)
    entries.append(Entry(hash: hash, next: -1))
    if strings.count > buckets.count {
      buckets = [Int32](repeating: -1, count: buckets.count * 2)
      for index in strings.indices { link(index) }
    } else {
      link(strings.count - 1)
    }
  }

  private mutating func link(_ index: Int) {
    let bucket = Int(entries[index].hash & UInt32(buckets.count - 1))
    entries[index].next = buckets[bucket]
    buckets[bucket] = Int32(index)
  }
}
