import CYAML
import JSON

/// Builds documents from libyaml's events. Holds its own stack, so that depth costs no call stack.
struct YAMLBuilder {
  /// A sequence or a mapping that has begun.
  private struct Frame {
    var isMapping: Bool
    var items: [YAMLNode] = []
    var members: [YAMLNode.Member] = []
    var names: [String: YAMLPosition] = [:]
    /// The name whose value comes next.
    var pending: (name: String, position: YAMLPosition)?
    var position: YAMLPosition
    var anchor: String?
    var size = Size()
    /// Levels of the deepest child.
    var childHeight = 0

    var waitsForName: Bool { isMapping && pending == nil }
  }

  /// What a node costs when an alias repeats it.
  private struct Size {
    var nodes = 1
    /// Bytes of names and scalars.
    var text = 0

    static func += (left: inout Size, right: Size) {
      left.nodes += right.nodes
      left.text += right.text
    }
  }

  private struct Built {
    var node: YAMLNode
    var size: Size
    /// Sequences and mappings inside each other; 0 for a scalar.
    var height: Int
  }

  private enum Anchor {
    /// Its node has begun and not ended.
    case open
    case built(Built)
  }

  private let limits: YAMLLimits
  private var frames: [Frame] = []
  private var anchors: [String: Anchor] = [:]
  private var total = Size(nodes: 0)
  private var aliasText = 0
  private(set) var documents: [YAMLDocument] = []
  private(set) var isAtEnd = false

  init(limits: YAMLLimits) { self.limits = limits }

  mutating func take(_ event: yaml_event_t) throws(YAMLError) {
    let position = YAMLPosition(event.start_mark)
    do throws(YAMLError.Reason) {
      switch event.type {
      case YAML_SCALAR_EVENT:
        let scalar = event.data.scalar
        try takeScalar(
          String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self),
          isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, tag: text(scalar.tag), anchor: text(scalar.anchor), position
        )
      case YAML_ALIAS_EVENT: try takeAlias(text(event.data.alias.anchor) ?? "", position)
      case YAML_SEQUENCE_START_EVENT:
        let start = event.data.sequence_start
        try open(isMapping: false, tag: text(start.tag), anchor: text(start.anchor), position)
      case YAML_MAPPING_START_EVENT:
        let start = event.data.mapping_start
        try open(isMapping: true, tag: text(start.tag), anchor: text(start.anchor), position)
      case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: try close()
      case YAML_DOCUMENT_START_EVENT:
        guard documents.count < limits.documentsMax else { throw .tooManyDocuments(limits.documentsMax) }
        anchors = [:]
      case YAML_STREAM_END_EVENT: isAtEnd = true
      default: break
      }
    } catch {
      throw YAMLError(reason: error, position: position)
    }
  }

  private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? { pointer.map { String(cString: $0) } }

  private mutating func takeScalar(
    _ text: String, isPlain: Bool, tag: String?, anchor: String?, _ position: YAMLPosition
  ) throws(YAMLError.Reason) {
    if try takeName(text, isPlain: isPlain, tag: tag, position) {
      if let anchor {
        let node = YAMLNode(content: .scalar(.string(text)), position: position)
        anchors[anchor] = .built(Built(node: node, size: Size(text: text.utf8.count), height: 0))
      }
      return
    }
    let value: JSON
    if let tag {
      guard let tagged = try CoreTag.scalar(text, tag: tag) else { throw .valueDoesNotFitTag(tag) }
      value = tagged
    } else if isPlain {
      guard case .value(let resolved) = CoreSchema.resolve(text) else { throw .numberNotFinite(text) }
      value = resolved
    } else {
      value = .string(text)
    }
    let node = YAMLNode(content: .scalar(value), position: position)
    let built = Built(node: node, size: Size(text: text.utf8.count), height: 0)
    if let anchor { anchors[anchor] = .built(built) }
    try count(Size())
    try add(built)
  }

  /// Takes a scalar as the name of the next member when the innermost collection is a mapping that waits for one.
  private mutating func takeName(
    _ text: String, isPlain: Bool, tag: String?, _ position: YAMLPosition
  ) throws(YAMLError.Reason) -> Bool {
    guard let top = frames.indices.last, frames[top].waitsForName else { return false }
    if isPlain, tag == nil {
      if text == "<<" { throw .mergeKey }
      if CoreSchema.isNull(text) { throw .keyNotString }
    } else if let tag, tag != "!", tag != "tag:yaml.org,2002:str" {
      throw .unsupportedTag(tag)
    }
    guard frames[top].members.count < limits.membersMax else { throw .tooManyMembers(limits.membersMax) }
    if let first = frames[top].names.updateValue(position, forKey: text) { throw .duplicateName(text, first: first) }
    frames[top].pending = (text, position)
    frames[top].size.text += text.utf8.count
    return true
  }

  private mutating func takeAlias(_ name: String, _ position: YAMLPosition) throws(YAMLError.Reason) {
    if waitsForName { throw .keyNotString }
    switch anchors[name] {
    case nil: throw .unknownAnchor(name)
    case .open: throw .recursiveAnchor(name)
    case .built(let built):
      guard frames.count + built.height <= limits.depthMax else { throw .tooDeep(limits.depthMax) }
      aliasText += built.size.text
      guard aliasText <= limits.sizeMax else { throw .aliasesTooLarge(limits.sizeMax) }
      try count(built.size)
      try add(built)
    }
  }

  private var waitsForName: Bool { frames.last?.waitsForName ?? false }

  private mutating func open(
    isMapping: Bool, tag: String?, anchor: String?, _ position: YAMLPosition
  ) throws(YAMLError.Reason) {
    if waitsForName { throw .keyNotString }
    if let tag { try CoreTag.checkCollection(tag, is: isMapping ? "map" : "seq") }
    guard frames.count < limits.depthMax else { throw .tooDeep(limits.depthMax) }
    try count(Size())
    if let anchor { anchors[anchor] = .open }
    frames.append(Frame(isMapping: isMapping, position: position, anchor: anchor))
  }

  private mutating func close() throws(YAMLError.Reason) {
    guard let frame = frames.popLast() else { return }
    let content = frame.isMapping ? YAMLNode.Content.mapping(frame.members) : .sequence(frame.items)
    let node = YAMLNode(content: content, position: frame.position)
    let built = Built(node: node, size: frame.size, height: frame.childHeight + 1)
    if let anchor = frame.anchor { anchors[anchor] = .built(built) }
    try add(built)
  }

  private mutating func count(_ size: Size) throws(YAMLError.Reason) {
    total += size
    guard total.nodes <= limits.nodesMax else { throw .tooManyNodes(limits.nodesMax) }
  }

  private mutating func add(_ built: Built) throws(YAMLError.Reason) {
    guard let top = frames.indices.last else {
      documents.append(YAMLDocument(root: built.node))
      return
    }
    frames[top].size += built.size
    frames[top].childHeight = max(frames[top].childHeight, built.height)
    guard frames[top].isMapping else {
      frames[top].items.append(built.node)
      return
    }
    guard let (name, position) = frames[top].pending else { throw .keyNotString }
    frames[top].pending = nil
    frames[top].members.append(YAMLNode.Member(name: name, namePosition: position, value: built.node))
  }
}
