/// What messages are published under, and what subscriptions name. Levels are separated by dots or slashes.
///
/// A subscription may have a level `*`, which stands for any one, and end with a level `#`, which stands for any number of them,
/// none included. Without those it is meant exactly as it is written. A `!` at its end is not part of the topic: it asks for a
/// queue that loses nothing.
enum Topic {
  static let bytesMax = 128
  static let levelsMax = 16
  /// Topics below this one are the host's to publish.
  static let reserved = "akira"

  static func levels(_ topic: String) -> [String] {
    topic.utf8.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }
      .map { String(Substring($0)) }
  }

  /// For topics that are published to.
  static func check(_ topic: String) throws(NativeError) {
    try checkLength(topic)
    guard isExact(topic), topic.utf8.last != UInt8(ascii: "!") else { throw .invalid }
  }

  static func checkLength(_ topic: String) throws(NativeError) {
    if topic.isEmpty { throw .invalid }
    if topic.utf8.count > bytesMax { throw .nameTooLong }
  }

  static func isExact(_ topic: String) -> Bool {
    guard topic.utf8.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "#") }) else { return true }
    return !levels(topic).contains { $0 == "*" || $0 == "#" }
  }

  static func isReserved(_ topic: String) -> Bool {
    guard topic.utf8.starts(with: reserved.utf8) else { return false }
    let next = topic.utf8.dropFirst(reserved.utf8.count).first
    return next == nil || next == UInt8(ascii: ".") || next == UInt8(ascii: "/")
  }

  /// The app whose commands a topic is for, if it has the form of one.
  static func commanded(_ topic: String) -> String? {
    topic.hasSuffix(".cmd") && topic.utf8.count > 4 ? String(topic.dropLast(4)) : nil
  }
}

/// The topic of a subscription.
struct TopicPattern: Sendable {
  /// Without the `!`; what the subscription is known by.
  let text: String
  let isReliable: Bool
  /// `nil` for one that is meant exactly.
  let levels: [String]?

  init(_ written: String) throws(NativeError) {
    isReliable = written.utf8.last == UInt8(ascii: "!")
    text = isReliable ? String(written.dropLast()) : written
    try Topic.checkLength(text)
    if Topic.isExact(text) {
      levels = nil
      return
    }
    let levels = Topic.levels(text)
    // A queue that loses nothing holds publishers up: only those of a topic that it names.
    guard !isReliable, levels.count <= Topic.levelsMax, !levels.dropLast().contains("#") else { throw .invalid }
    self.levels = levels
  }
}

/// Subscriptions with wildcards, as a tree of levels: what a topic matches is found without looking at the others.
struct PatternTree {
  private var children: [String: PatternTree] = [:]
  private var here: [Subscription] = []
  private var below: [Subscription] = []

  mutating func insert(_ subscription: Subscription, _ levels: ArraySlice<String>) {
    guard let level = levels.first else { return here.append(subscription) }
    if level == "#" { return below.append(subscription) }
    children[level, default: PatternTree()].insert(subscription, levels.dropFirst())
  }

  mutating func remove(_ subscription: Subscription, _ levels: ArraySlice<String>) {
    guard let level = levels.first else { return here.removeAll { $0 === subscription } }
    if level == "#" { return below.removeAll { $0 === subscription } }
    children[level]?.remove(subscription, levels.dropFirst())
    if children[level]?.isEmpty == true { children[level] = nil }
  }

  var isEmpty: Bool { children.isEmpty && here.isEmpty && below.isEmpty }

  func collect(_ levels: ArraySlice<String>, into found: inout [Subscription]) {
    found += below
    guard let level = levels.first else {
      found += here
      return
    }
    children[level]?.collect(levels.dropFirst(), into: &found)
    children["*"]?.collect(levels.dropFirst(), into: &found)
  }
}
