/// Guesses which word was meant.
public enum Spelling {
  /// Words of more bytes are not compared.
  public static let lengthMax = 64

  /// The closest of `words`, the first of those that are equally close; `nil` when none is near.
  ///
  /// - Parameter editsMax: edits that are still near; without it a third of the word's bytes, at least one.
  /// - Parameter ignoresCase: letters of ASCII that differ in case alone are the same.
  public static func nearest(
    to word: String, among words: [String], editsMax: Int? = nil, ignoresCase: Bool = false
  ) -> String? {
    let wanted = bytes(word, ignoresCase)
    guard wanted.count <= lengthMax else { return nil }
    var best: (word: String, edits: Int)?
    for candidate in words where candidate.utf8.count <= lengthMax {
      let edits = edits(from: wanted, to: bytes(candidate, ignoresCase))
      if edits < best?.edits ?? .max { best = (candidate, edits) }
    }
    guard let best, best.edits <= editsMax ?? max(1, wanted.count / 3) else { return nil }
    return best.word
  }

  private static func bytes(_ word: String, _ ignoresCase: Bool) -> [UInt8] {
    ignoresCase ? word.utf8.map { $0 &- UInt8(ascii: "A") < 26 ? $0 | 0x20 : $0 } : Array(word.utf8)
  }

  /// Bytes to add, remove, replace, or swap with their neighbour (optimal string alignment). The table of the method has
  /// two rows kept behind.
  public static func edits(from left: [UInt8], to right: [UInt8]) -> Int {
    var older: [Int] = []
    var last = Array(0...right.count)
    for (line, byte) in left.enumerated() {
      var row = [line + 1]
      for (column, other) in right.enumerated() {
        var fewest = min(last[column] + (byte == other ? 0 : 1), last[column + 1] + 1, row[column] + 1)
        if line > 0, column > 0, byte == right[column - 1], left[line - 1] == other {
          fewest = min(fewest, older[column - 1] + 1)
        }
        row.append(fewest)
      }
      older = last
      last = row
    }
    return last[right.count]
  }
}
