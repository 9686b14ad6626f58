import JSON

/// A place in a YAML text. Both numbers start at 1; the column counts Unicode scalars, not bytes.
public struct YAMLPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
  // Half the size of two `Int`: a document has a position per value and per name.
  private var storedLine: Int32
  private var storedColumn: Int32

  public init(line: Int, column: Int) {
    storedLine = Int32(clamping: line)
    storedColumn = Int32(clamping: column)
  }

  public var line: Int {
    get { Int(storedLine) }
    set { storedLine = Int32(clamping: newValue) }
  }

  public var column: Int {
    get { Int(storedColumn) }
    set { storedColumn = Int32(clamping: newValue) }
  }

  public static func < (left: YAMLPosition, right: YAMLPosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }

  /// `line:column`, as compilers print it.
  public var description: String { "\(line):\(column)" }
}

/// A value with the place where it was written. A node that stands for an alias carries the place of its anchor.
public struct YAMLNode: Sendable {
  public struct Member: Sendable {
    public var name: String
    /// Where the name stands.
    public var position: YAMLPosition
    public var value: YAMLNode

    public init(name: String, position: YAMLPosition, value: YAMLNode) {
      self.name = name
      self.position = position
      self.value = value
    }
  }

  public enum Content: Sendable {
    /// Never an array or an object.
    case scalar(JSON)
    case sequence([YAMLNode])
    /// Names are unique.
    case mapping([Member])
  }

  public var content: Content
  public var position: YAMLPosition

  public init(_ content: Content, _ position: YAMLPosition) {
    self.content = content
    self.position = position
  }

  /// The value without its positions.
  public var value: JSON {
    switch content {
    case .scalar(let value): value
    case .sequence(let items): .array(items.map(\.value))
    case .mapping(let members):
      .object(JSONObject(uniqueMembers: members.map { JSONObject.Member($0.name, $0.value.value) }))
    }
  }
}

/// One document of a YAML stream.
public struct YAMLDocument: Sendable {
  public var root: YAMLNode

  public init(root: YAMLNode) { self.root = root }

  /// The value without its positions, built anew at each call.
  public var value: JSON { root.value }
}

/// Where a path leads in a document.
public struct YAMLLocation: Sendable, Equatable {
  /// Where the member's name stands; `nil` for the root and for items of a sequence.
  public var name: YAMLPosition?
  /// Where the value starts.
  public var value: YAMLPosition
  /// False when the path is not in the document and this is the nearest place above it.
  public var isExact: Bool

  /// The name when there is one, else the value: the place to point at in a message.
  public var position: YAMLPosition { name ?? value }
}

extension YAMLDocument {
  /// The place of a value, given the path that validation errors use: `spec.ports[0].host`.
  ///
  /// Names may hold dots (`metadata.labels.app.kubernetes.io/name`) or be quoted (`labels["a.b"]`); an index may be
  /// written `[0]` or `.0`. A path that is not in the document gives the deepest place that is, so that "missing field"
  /// points at the object that lacks it.
  public func location(of path: String) -> YAMLLocation {
    let rest = Array(path.utf8)[...]
    let start = YAMLLocation(name: nil, value: root.position, isExact: rest.isEmpty)
    return YAMLPathSearch.descend(root, at: start, rest: rest).location
  }
}

/// Follows a path through a node, longest match first where names with dots leave a choice.
private enum YAMLPathSearch {
  struct Found {
    var location: YAMLLocation
    /// Bytes of the path that led nowhere.
    var left: Int
  }

  static func descend(_ node: YAMLNode, at location: YAMLLocation, rest: ArraySlice<UInt8>) -> Found {
    var best = Found(location: location, left: rest.count)
    best.location.isExact = rest.isEmpty
    if rest.isEmpty { return best }
    for (length, child, name) in steps(from: node, rest: rest) {
      let next = YAMLLocation(name: name, value: child.position, isExact: false)
      let found = descend(child, at: next, rest: rest.dropFirst(length))
      if found.left < best.left { best = found }
      if best.left == 0 { break }
    }
    return best
  }

  private static func steps(
    from node: YAMLNode, rest: ArraySlice<UInt8>
  ) -> [(length: Int, child: YAMLNode, name: YAMLPosition?)] {
    let dot = rest.first == UInt8(ascii: ".") ? 1 : 0
    let text = rest.dropFirst(dot)
    switch node.content {
    case .scalar: return []
    case .sequence(let items):
      let bracket = text.first == UInt8(ascii: "[") ? 1 : 0
      let digits = text.dropFirst(bracket).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard let index = Int(String(decoding: digits, as: UTF8.self)), index < items.count else { return [] }
      let length = dot + bracket + digits.count + bracket
      guard length <= rest.count else { return [] }
      return [(length, items[index], nil)]
    case .mapping(let members):
      return members.compactMap { member in
        for spelling in [Array(member.name.utf8), Array("[\"\(member.name)\"]".utf8)] where text.starts(with: spelling)
        {
          let after = text.dropFirst(spelling.count).first
          guard after == nil || after == UInt8(ascii: ".") || after == UInt8(ascii: "[") else { continue }
          // An empty name takes nothing of the path and so would never end the search.
          guard dot + spelling.count > 0 else { continue }
          return (dot + spelling.count, member.value, member.position)
        }
        return nil
      }
    }
  }
}
