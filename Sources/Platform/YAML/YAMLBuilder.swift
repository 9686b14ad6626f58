import CYAML
import JSON

/// Builds documents from libyaml's events. Holds its own stacks, so that depth costs no call stack.
struct YAMLBuilder {
  /// A sequence or a mapping that has begun.
  private struct Frame {
    var isMapping: Bool
    /// Where its items or members begin in `items` or `members`.
    var start: Int
    var position: YAMLPosition
    /// The name whose value comes next.
    var pending: (name: String, position: YAMLPosition)?
    var anchor: String?
    var size = Size()
    /// Levels of the deepest child.
    var childHeight = 0
    /// Places of the names, once they are too many to be looked through one by one.
    var names: [String: YAMLPosition]?

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

  /// Members among which a name is searched without a dictionary.
  private static let scanMax = 12

  private let limits: YAMLLimits
  private var frames: [Frame] = []
  /// Items of all sequences that have begun, those of the innermost one last; likewise members.
  private var items: [YAMLNode] = []
  private var members: [YAMLNode.Member] = []
  private var anchors: [String: Anchor] = [:]
  private var total = Size(nodes: 0)
  private var aliasText = 0
  private(set) var documents: [YAMLDocument] = []
  private(set) var isAtEnd = false

  init(limits: YAMLLimits) {
    self.limits = limits
    frames.reserveCapacity(16)
    items.reserveCapacity(16)
    members.reserveCapacity(64)
  }

  mutating func take(_ event: UnsafePointer<yaml_event_t>) throws(YAMLError) {
    do throws(YAMLError.Reason) {
      switch event.pointee.type {
      case YAML_SCALAR_EVENT:
        let scalar = event.pointee.data.scalar
        try takeScalar(
          String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self),
          isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, tag: text(scalar.tag), anchor: text(scalar.anchor),
          YAMLPosition(event.pointee.start_mark))
      case YAML_ALIAS_EVENT:
        try takeAlias(text(event.pointee.data.alias.anchor) ?? "", YAMLPosition(event.pointee.start_mark))
      case YAML_SEQUENCE_START_EVENT:
        let start = event.pointee.data.sequence_start
        let position = YAMLPosition(event.pointee.start_mark)
        try open(isMapping: false, tag: text(start.tag), anchor: text(start.anchor), position)
      case YAML_MAPPING_START_EVENT:
        let start = event.pointee.data.mapping_start
        let position = YAMLPosition(event.pointee.start_mark)
        try open(isMapping: true, tag: text(start.tag), anchor: text(start.anchor), position)
      case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: try close()
      case YAML_DOCUMENT_START_EVENT:
        guard documents.count < limits.documentsMax else { throw .tooManyDocuments(limits.documentsMax) }
        anchors = [:]
      case YAML_STREAM_END_EVENT: isAtEnd = true
      default: break
      }
    } catch {
      throw YAMLError(reason: error, position: YAMLPosition(event.pointee.start_mark))
    }
  }

  private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? { pointer.map { String(cString: $0) } }

  private mutating func takeScalar(
    _ text: String, isPlain: Bool, tag: String?, anchor: String?, _ position: YAMLPosition
  ) throws(YAMLError.Reason) {
    if waitsForName {
      try takeName(text, isPlain: isPlain, tag: tag, position)
      if let anchor {
        let node = YAMLNode(.scalar(.string(text)), position)
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
    let size = Size(text: text.utf8.count)
    let node = YAMLNode(.scalar(value), position)
    if let anchor { anchors[anchor] = .built(Built(node: node, size: size, height: 0)) }
    try count(Size())
    try add(node, size, height: 0)
  }

  /// Takes a scalar as the name of the next member of the innermost collection, a mapping that waits for one.
  private mutating func takeName(
    _ text: String, isPlain: Bool, tag: String?, _ position: YAMLPosition
  ) throws(YAMLError.Reason) {
    let top = frames.count - 1
    if isPlain, tag == nil {
      if text.utf8.first == UInt8(ascii: "<"), text == "<<" { throw .mergeKey }
      if CoreSchema.mayBeNull(text), CoreSchema.isNull(text) { throw .keyNotString }
    } else if let tag, tag != "!", tag != "tag:yaml.org,2002:str" {
      throw .unsupportedTag(tag)
    }
    let start = frames[top].start
    guard members.count - start < limits.membersMax else { throw .tooManyMembers(limits.membersMax) }
    if frames[top].names != nil {
      if let first = frames[top].names?.updateValue(position, forKey: text) { throw .duplicateName(text, first: first) }
    } else {
      for index in start..<members.count where members[index].name == text {
        throw .duplicateName(text, first: members[index].position)
      }
      if members.count - start == YAMLBuilder.scanMax {
        var names = [text: position]
        for member in members[start...] { names[member.name] = member.position }
        frames[top].names = names
      }
    }
    frames[top].pending = (text, position)
    frames[top].size.text += text.utf8.count
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
      try add(built.node, built.size, height: built.height)
    }
  }

  private var waitsForName: Bool { frames.isEmpty ? false : frames[frames.count - 1].waitsForName }

  private mutating func open(
    isMapping: Bool, tag: String?, anchor: String?, _ position: YAMLPosition
  ) throws(YAMLError.Reason) {
    if waitsForName { throw .keyNotString }
    if let tag { try CoreTag.checkCollection(tag, is: isMapping ? "map" : "seq") }
    guard frames.count < limits.depthMax else { throw .tooDeep(limits.depthMax) }
    try count(Size())
    if let anchor { anchors[anchor] = .open }
    let start = isMapping ? members.count : items.count
    frames.append(Frame(isMapping: isMapping, start: start, position: position, anchor: anchor))
  }

  private mutating func close() throws(YAMLError.Reason) {
    guard let frame = frames.popLast() else { return }
    let content: YAMLNode.Content
    if frame.isMapping {
      content = .mapping(Array(members[frame.start...]))
      members.removeSubrange(frame.start...)
    } else {
      content = .sequence(Array(items[frame.start...]))
      items.removeSubrange(frame.start...)
    }
    let node = YAMLNode(content, frame.position)
    let height = frame.childHeight + 1
    if let anchor = frame.anchor { anchors[anchor] = .built(Built(node: node, size: frame.size, height: height)) }
    try add(node, frame.size, height: height)
  }

  private mutating func count(_ size: Size) throws(YAMLError.Reason) {
    total += size
    guard total.nodes <= limits.nodesMax else { throw .tooManyNodes(limits.nodesMax) }
  }

  private mutating func add(_ node: YAMLNode, _ size: Size, height: Int) throws(YAMLError.Reason) {
    let top = frames.count - 1
    guard top >= 0 else {
      documents.append(YAMLDocument(root: node))
      return
    }
    frames[top].size += size
    frames[top].childHeight = max(frames[top].childHeight, height)
    guard frames[top].isMapping else {
      items.append(node)
      return
    }
    guard let (name, position) = frames[top].pending else { throw .keyNotString }
    frames[top].pending = nil
    members.append(YAMLNode.Member(name: name, position: position, value: node))
  }
}
