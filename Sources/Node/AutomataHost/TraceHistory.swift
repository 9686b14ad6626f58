/// The latest lines of a trace, up to a number of bytes; the oldest go first, and are counted.
struct TraceHistory {
  private(set) var bytes: [UInt8] = []
  /// Lines that are no longer kept.
  private(set) var lostLines: UInt64 = 0
  private let bytesMax: Int

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  /// - Parameter lines: whole lines, each with its line feed.
  mutating func append(_ lines: [UInt8]) {
    bytes += lines
    guard bytes.count > bytesMax else { return }
    // Half of it goes at a time, so that a line is moved at most once more than it is written.
    var cut = bytes.count - bytesMax / 2
    while cut < bytes.count, bytes[cut - 1] != 10 { cut += 1 }
    for index in 0..<cut where bytes[index] == 10 { lostLines += 1 }
    bytes.removeFirst(cut)
  }

  /// The last lines, at most `count`; all without.
  func tail(_ count: Int?) -> ArraySlice<UInt8> {
    guard let count else { return bytes[...] }
    guard count > 0 else { return [] }
    var remaining = count
    var index = bytes.count
    while index > 0 {
      if index < bytes.count, bytes[index - 1] == 10 {
        remaining -= 1
        if remaining == 0 { break }
      }
      index -= 1
    }
    return bytes[index...]
  }
}

/// Lines of traces: JSON objects whose members stand in a fixed order (docs/automata.md).
enum TraceLine {
  /// The value of `"kind"`; empty for the header.
  static func kind(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let key = Array(#""kind":""#.utf8)
    // seq, tick and t come first, each at most 20 digits.
    let end = min(line.endIndex, line.startIndex + 120)
    var index = line.startIndex
    while index + key.count < end {
      if line[index] == key[0], line[index..<index + key.count].elementsEqual(key) {
        let start = index + key.count
        let stop = line[start...].firstIndex(of: UInt8(ascii: "\"")) ?? line.endIndex
        return line[start..<stop]
      }
      index += 1
    }
    return []
  }

  /// Each line with its line feed.
  static func forEach(_ bytes: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
    var start = bytes.startIndex
    while start < bytes.endIndex {
      let feed = bytes[start...].firstIndex(of: 10) ?? bytes.index(before: bytes.endIndex)
      body(bytes[start...feed])
      start = feed + 1
    }
  }
}
