/// A filter of MQTT topics (MQTT 3.1.1 section 4.7): levels between slashes, `+` for one of any name, `#` for all that follow.
struct TopicFilter: Sendable, Hashable {
  static let bytesMax = 1024

  let text: String
  private let levels: [Substring]

  /// `nil` where a wildcard is not a level of its own, or `#` is not the last one.
  init?(_ text: String) {
    guard !text.isEmpty, text.utf8.count <= Self.bytesMax, !text.utf8.contains(0) else { return nil }
    let levels = text.split(separator: "/", omittingEmptySubsequences: false)
    for (index, level) in levels.enumerated() where level.utf8.contains(where: { $0 == 0x23 || $0 == 0x2B }) {
      guard level == "+" || (level == "#" && index == levels.count - 1) else { return nil }
    }
    self.text = text
    self.levels = levels
  }

  var hasWildcards: Bool { levels.contains { $0 == "+" || $0 == "#" } }

  /// Whether every topic that the other one stands for is one of this one's. A topic is a filter without wildcards.
  func covers(_ other: TopicFilter) -> Bool {
    // Wildcards at the beginning do not stand for the broker's own topics (section 4.7.2).
    if other.levels[0].utf8.first == UInt8(ascii: "$"), levels[0] == "#" || levels[0] == "+" { return false }
    for (index, level) in levels.enumerated() {
      // Reached with the level above, too: `a/#` stands for `a`.
      if level == "#" { return true }
      guard index < other.levels.count, other.levels[index] != "#" else { return false }
      guard level == "+" || level == other.levels[index] else { return false }
    }
    return levels.count == other.levels.count
  }
}
