/// The name of an app on a node: 1 to 31 bytes that can stand in a path and in a topic.
///
/// Refused are slashes, backslashes, control characters, the signs of topic patterns (`*`, `+`, `#`), spaces at the ends,
/// and a dot in front, so that no app is called like a file of the registry's own.
public struct AppName: Sendable, Hashable, Comparable, CustomStringConvertible {
  public static let bytesMax = 31

  public let text: String

  /// `nil` for a text that is no name.
  public init?(_ text: String) {
    let bytes = text.utf8
    guard (1...Self.bytesMax).contains(bytes.count), let first = bytes.first, let last = bytes.last,
      first != UInt8(ascii: "."), first != 0x20, last != 0x20, bytes.allSatisfy(Self.isAllowed)
    else { return nil }
    self.text = text
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case 0..<0x20, 0x7F, UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "#"):
      false
    default: true
    }
  }

  public static func < (left: AppName, right: AppName) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  public var description: String { text }
}
