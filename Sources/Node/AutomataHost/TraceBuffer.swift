/// How much of a trace is kept on disk.
public struct TraceKeeping: Sendable, Equatable {
  /// Bytes of lines after which another file is begun.
  public var fileSize: Int
  /// Files of one automaton, those of earlier runs included; the oldest goes first.
  public var filesMax: Int

  public init(fileSize: Int = 1 << 20, filesMax: Int = 4) {
    self.fileSize = fileSize
    self.filesMax = filesMax
  }
}

/// A file of a trace. Files of one run hold one trace: a part goes on where the one before it ends.
struct TracePlace: Sendable, Hashable, Comparable {
  /// From 1. Every start of an automaton begins one, and so does one after lines that were lost.
  var run: UInt32
  /// From 1.
  var part: UInt32

  static func < (left: TracePlace, right: TracePlace) -> Bool {
    left.run != right.run ? left.run < right.run : left.part < right.part
  }
}

/// Lines for a file of a trace.
struct TraceWrite: Sendable {
  var id: String
  var place: TracePlace
  var bytes: [UInt8]
  /// The file begins with them, and with the header.
  var isNew: Bool
  /// The file will be written again soon.
  var isFrequent: Bool
  var filesMax: Int
}

/// Lines of a trace that wait to be written, or, without files, the latest of them.
struct TraceBuffer {
  private(set) var bytes: [UInt8] = []
  /// Lines that are no longer kept.
  private(set) var lostLines: UInt64 = 0

  var isEmpty: Bool { bytes.isEmpty }

  /// - Parameter lines: whole lines, each with its line feed.
  /// - Parameter bytesMax: the oldest lines go when there are more.
  mutating func append(_ lines: ArraySlice<UInt8>, bytesMax: Int) {
    bytes += lines
    guard bytes.count > bytesMax else { return }
    // Half of it goes at a time, so that a line is moved at most once more than it is written.
    var cut = bytes.count - bytesMax / 2
    while cut < bytes.count, bytes[cut - 1] != 10 { cut += 1 }
    for index in 0..<cut where bytes[index] == 10 { lostLines += 1 }
    bytes.removeFirst(cut)
  }

  mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
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
  private static let key = Array(#""kind":""#.utf8)

  /// The value of `"kind"`; empty for the header.
  static func kind(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
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
