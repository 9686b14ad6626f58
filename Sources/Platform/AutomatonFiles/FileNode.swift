import JSON
import YAML

/// A value of a file with its place. Both YAML and JSON files are read into it.
struct FileNode: Sendable {
  struct Member: Sendable {
    var name: String
    /// Where the name stands.
    var position: YAMLPosition
    var value: FileNode
  }

  enum Content: Sendable {
    /// Never an array or an object.
    case scalar(JSON)
    case sequence([FileNode])
    case mapping([Member])
  }

  var content: Content
  var position: YAMLPosition

  init(_ content: Content, _ position: YAMLPosition) {
    self.content = content
    self.position = position
  }

  init(_ node: YAMLNode) {
    position = node.position
    switch node.content {
    case .scalar(let value): content = .scalar(value)
    case .sequence(let items): content = .sequence(items.map(FileNode.init))
    case .mapping(let members):
      content = .mapping(
        members.map { Member(name: $0.name, position: $0.namePosition, value: FileNode($0.value)) })
    }
  }

  /// A member of a mapping; `nil` for none, for null and for other nodes.
  subscript(name: String) -> FileNode? {
    guard let member = member(name) else { return nil }
    if case .scalar(.null) = member.value.content { return nil }
    return member.value
  }

  func member(_ name: String) -> Member? {
    guard case .mapping(let members) = content else { return nil }
    return members.first { $0.name == name }
  }

  var string: String? {
    guard case .scalar(.string(let text)) = content else { return nil }
    return text
  }
}
