import JSON
import YAML

/// A value of a file with its place. Both YAML and JSON files are read into it.
typealias FileNode = YAMLNode

extension FileNode {
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
