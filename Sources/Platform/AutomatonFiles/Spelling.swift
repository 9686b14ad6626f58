/// Guesses which word of a file was meant.
enum Spelling {
  /// Longer words are not compared.
  private static let lengthMax = 64

  /// The closest of `words`; `nil` when more than a third of the letters differ from all of them.
  static func nearest(to word: String, among words: [String]) -> String? {
    let wanted = Array(word.utf8)
    guard wanted.count <= lengthMax else { return nil }
    var best: (word: String, edits: Int)?
    for candidate in words where candidate.utf8.count <= lengthMax {
      let edits = edits(from: wanted, to: Array(candidate.utf8))
      if edits < best?.edits ?? .max { best = (candidate, edits) }
    }
    guard let best, best.edits <= max(1, wanted.count / 3) else { return nil }
    return best.word
  }

  /// Letters to add, remove, replace, or swap with their neighbour; the table of the method has two rows kept behind.
  private static func edits(from left: [UInt8], to right: [UInt8]) -> Int {
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
