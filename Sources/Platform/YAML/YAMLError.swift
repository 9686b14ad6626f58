/// Bounds on what the parser accepts.
public struct YAMLLimits: Sendable {
  /// Sequences and mappings inside each other.
  public var depthMax: Int
  /// Input length in bytes; also the most text that aliases may add by repetition.
  public var sizeMax: Int
  /// Values of all documents together, every use of an alias counted in full.
  public var nodesMax: Int
  /// Members of one mapping.
  public var membersMax: Int
  /// Documents in one stream.
  public var documentsMax: Int

  public init(
    depthMax: Int = 64, sizeMax: Int = 4 << 20, nodesMax: Int = 100_000, membersMax: Int = 4096,
    documentsMax: Int = 4096
  ) {
    self.depthMax = depthMax
    self.sizeMax = sizeMax
    self.nodesMax = nodesMax
    self.membersMax = membersMax
    self.documentsMax = documentsMax
  }
}

/// Why a text is not accepted as YAML, and where.
public struct YAMLError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: Error, Equatable {
    /// The text breaks YAML's grammar; the words are libyaml's.
    case syntax(String)
    case invalidUTF8
    case tooLarge(Int)
    case tooDeep(Int)
    case tooManyNodes(Int)
    case tooManyMembers(Int)
    case tooManyDocuments(Int)
    /// Aliases repeat more text than the bound in bytes.
    case aliasesTooLarge(Int)
    case unknownAnchor(String)
    /// The alias is inside the node that it names.
    case recursiveAnchor(String)
    case duplicateName(String, first: YAMLPosition)
    case mergeKey
    /// A mapping key that is no string: a sequence, a mapping, an alias or null.
    case keyNotString
    case unsupportedTag(String)
    /// The text does not fit the tag before it.
    case valueDoesNotFitTag(String)
    /// Infinity, not-a-number or beyond the range of a double.
    case numberNotFinite(String)
    case outOfMemory
    /// One document was wanted.
    case documentCount(Int)
  }

  public var reason: Reason
  public var position: YAMLPosition

  public init(reason: Reason, position: YAMLPosition) {
    self.reason = reason
    self.position = position
  }

  /// `line:column: message`.
  public var description: String { "\(position): \(message)" }

  public var message: String {
    switch reason {
    case .syntax(let problem): problem
    case .invalidUTF8: "invalid UTF-8"
    case .tooLarge(let max): "longer than \(max) bytes"
    case .tooDeep(let max): "nested deeper than \(max) levels"
    case .tooManyNodes(let max): "more than \(max) values, aliases counted in full"
    case .tooManyMembers(let max): "more than \(max) members in one mapping"
    case .tooManyDocuments(let max): "more than \(max) documents"
    case .aliasesTooLarge(let max): "aliases repeat more than \(max) bytes of text"
    case .unknownAnchor(let name): "no anchor named \"\(name)\" stands before this alias"
    case .recursiveAnchor(let name): "the alias \"\(name)\" is inside the value that it names"
    case .duplicateName(let name, let first): "the name \"\(name)\" appears twice in one mapping, first at \(first)"
    case .mergeKey: "merge keys (<<) are not part of YAML 1.2; write the members out"
    case .keyNotString: "a mapping key must be a plain or quoted string"
    case .unsupportedTag(let tag):
      "the tag \"\(tag)\" is not supported; accepted are !!str !!int !!float !!bool !!null !!seq !!map"
    case .valueDoesNotFitTag(let tag): "the value does not fit its tag \"\(tag)\""
    case .numberNotFinite(let text): "the number \(text) has no finite value"
    case .outOfMemory: "out of memory"
    case .documentCount(let count): "one document expected, found \(count)"
    }
  }
}
