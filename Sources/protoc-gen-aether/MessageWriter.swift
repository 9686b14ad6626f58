import Protobuf

/// Writes a message as a struct.
struct MessageWriter {
  let message: MessageDescriptor
  /// The full name with a dot in front.
  let name: String
  let types: TypeTable
  let access: String
  let comments: Comments
  let path: [Int32]

  private struct Oneof {
    var property: String
    var type: String
    var index: Int
    var fields: [FieldCode]

    var quoted: String { Names.quoted(property) }
    var isRecursive: Bool { fields.contains(where: \.isRecursive) }
  }

  func write(to source: inout SourceText) throws(GeneratorError) {
    var fields: [FieldCode] = []
    for (index, field) in message.fields.enumerated() {
      fields.append(try FieldCode(field, index: index, in: name, types))
    }
    let oneofs = oneofs(fields)
    source.comment(comments[path])
    try source.block("\(access) struct \(Names.type(message.name)): ProtobufMessage") { source throws(GeneratorError) in
      try nested(&source)
      for (_, oneof) in oneofs.sorted(by: { $0.key < $1.key }) { try declare(oneof, &source) }
      source.line("\(access) static var messageName: String { \"\(name.drop { $0 == "." })\" }")
      source.line()
      properties(fields, oneofs, &source)
      source.line("\(access) var unknownFields = UnknownFields()")
      source.line()
      source.line("\(access) init() {}")
      source.line()
      try initializer(fields, oneofs, &source)
      try decoder(fields, oneofs, &source)
      source.line()
      try encoder(fields, oneofs, &source)
      source.line()
      try JSONCode(access: access, fields: fields, oneof: { oneofs[$0]?.quoted ?? "" }, isFirst: isFirst)
        .write(to: &source)
    }
  }

  private func isFirst(_ field: FieldCode, _ fields: [FieldCode]) -> Bool {
    guard case .oneof(let oneof) = field.shape else { return true }
    return fields.first { if case .oneof(oneof) = $0.shape { true } else { false } }?.name == field.name
  }

  private func oneofs(_ fields: [FieldCode]) -> [Int: Oneof] {
    var result: [Int: Oneof] = [:]
    let taken = Set(message.messages.map { Names.type($0.name) } + message.enums.map { Names.type($0.name) })
    for (index, name) in message.oneofs.enumerated() {
      let members = fields.filter { if case .oneof(index) = $0.shape { true } else { false } }
      if members.isEmpty { continue }
      var type = Names.type(Names.upperCamel(name))
      if taken.contains(type) { type += "Oneof" }
      result[index] = Oneof(property: Names.property(name), type: type, index: index, fields: members)
    }
    return result
  }

  private func nested(_ source: inout SourceText) throws(GeneratorError) {
    for (index, value) in message.enums.enumerated() {
      try EnumWriter(value: value, access: access, comments: comments, path: path + [4, Int32(index)])
        .write(to: &source)
      source.line()
    }
    for (index, inner) in message.messages.enumerated() where !inner.isMapEntry {
      let writer = MessageWriter(
        message: inner, name: name + "." + inner.name, types: types, access: access, comments: comments,
        path: path + [3, Int32(index)])
      try writer.write(to: &source)
      source.line()
    }
  }

  private func declare(_ oneof: Oneof, _ source: inout SourceText) throws(GeneratorError) {
    source.comment(comments[path + [8, Int32(oneof.index)]])
    try source.block("\(access) enum \(oneof.type): Sendable, Equatable") { source throws(GeneratorError) in
      for field in oneof.fields {
        source.comment(comments[path + [2, Int32(field.index)]])
        source.line("\(field.isRecursive ? "indirect " : "")case \(field.quoted)(\(field.wire.type))")
      }
    }
    source.line()
  }

  private func properties(_ fields: [FieldCode], _ oneofs: [Int: Oneof], _ source: inout SourceText) {
    for field in fields {
      switch field.shape {
      case .oneof(let index):
        guard let oneof = oneofs[index], isFirst(field, fields) else { continue }
        source.line("\(access) var \(oneof.quoted): \(oneof.type)?")
      case .indirect:
        source.comment(comments[path + [2, Int32(field.index)]])
        source.line("@Indirect \(access) var \(field.quoted): \(field.type) = nil")
      case .optional:
        source.comment(comments[path + [2, Int32(field.index)]])
        source.line("\(access) var \(field.quoted): \(field.type)")
      default:
        source.comment(comments[path + [2, Int32(field.index)]])
        source.line("\(access) var \(field.quoted): \(field.type) = \(field.initial)")
      }
    }
  }

  private func initializer(
    _ fields: [FieldCode], _ oneofs: [Int: Oneof], _ source: inout SourceText
  ) throws(GeneratorError) {
    var members: [(name: String, type: String, initial: String)] = []
    for field in fields where isFirst(field, fields) {
      if case .oneof(let index) = field.shape {
        if let oneof = oneofs[index] { members.append((oneof.quoted, oneof.type + "?", "nil")) }
      } else {
        members.append((field.quoted, field.type, field.initial))
      }
    }
    if members.isEmpty { return }
    source.line("\(access) init(")
    try source.indented { source throws(GeneratorError) in
      for (index, member) in members.enumerated() {
        source.line("\(member.name): \(member.type) = \(member.initial)\(index + 1 < members.count ? "," : "")")
      }
    }
    try source.block(")") { source throws(GeneratorError) in
      for member in members { source.line("self.\(member.name) = \(member.name)") }
    }
    source.line()
  }

  // MARK: Binary form

  private func decoder(
    _ fields: [FieldCode], _ oneofs: [Int: Oneof], _ source: inout SourceText
  ) throws(GeneratorError) {
    try source.block(
      "\(access) mutating func merge(from reader: inout WireReader) throws(ProtobufError)"
    ) { source throws(GeneratorError) in
      try source.block("while true") { source throws(GeneratorError) in
        source.line("let tag = try reader.tag()")
        try source.block("switch tag") { source throws(GeneratorError) in
          source.line("case 0: return")
          for field in fields { try decode(field, oneofs, &source) }
          source.line("default: try reader.unknown(tag, into: &unknownFields)")
        }
      }
    }
  }

  private func decode(
    _ field: FieldCode, _ oneofs: [Int: Oneof], _ source: inout SourceText
  ) throws(GeneratorError) {
    let wire = field.wire.field
    // `self.` because a field may be called `tag`, `reader` or `value`.
    let target = "self.\(field.name)"
    func merge(_ first: String, _ store: String) throws(GeneratorError) {
      source.line("case \(field.tag):")
      try source.indented { source throws(GeneratorError) in
        source.line(first)
        source.line("try reader.message(&value)")
        source.line(store)
      }
    }
    switch field.shape {
    case .implicit:
      source.line("case \(field.tag): \(target) = try \(wire).read(from: &reader)")
    case .optional where field.isMessage, .indirect:
      try merge("var value = \(target) ?? \(field.wire.type)()", "\(target) = value")
    case .optional:
      source.line("case \(field.tag): \(target) = try \(wire).read(from: &reader)")
    case .repeated, .packed:
      let tags = field.tag == field.packedTag ? "\(field.tag)" : "\(field.tag), \(field.packedTag)"
      source.line("case \(tags): try reader.repeated(\(wire).self, tag: tag, into: &\(target))")
    case .map(let key, let value):
      source.line(
        "case \(field.packedTag): try reader.map(\(key.field).self, \(value.field).self, into: &\(target))")
    case .oneof(let index):
      let oneof = "self.\(oneofs[index]?.property ?? "")"
      if field.isMessage {
        source.line("case \(field.tag):")
        try source.indented { source throws(GeneratorError) in
          source.line("var value = \(field.wire.type)()")
          source.line("if case .\(field.name)(let earlier) = \(oneof) { value = earlier }")
          source.line("try reader.message(&value)")
          source.line("\(oneof) = .\(field.name)(value)")
        }
      } else {
        source.line("case \(field.tag): \(oneof) = .\(field.name)(try \(wire).read(from: &reader))")
      }
    }
  }

  private func encoder(
    _ fields: [FieldCode], _ oneofs: [Int: Oneof], _ source: inout SourceText
  ) throws(GeneratorError) {
    try source.block("\(access) func encode(to writer: inout WireWriter)") { source throws(GeneratorError) in
      source.line("writer.unknown(unknownFields)")
      for field in fields.sorted(by: { $0.descriptor.number > $1.descriptor.number }) {
        let target = "self.\(field.name)"
        let wire = field.wire.field
        switch field.shape {
        case .implicit: source.line("writer.implicit(\(field.tag), \(wire).self, \(target))")
        case .optional, .indirect: source.line("writer.optional(\(field.tag), \(wire).self, \(target))")
        case .repeated: source.line("writer.repeated(\(field.tag), \(wire).self, \(target))")
        case .packed: source.line("writer.packed(\(field.packedTag), \(wire).self, \(target))")
        case .map(let key, let value):
          source.line("writer.map(\(field.packedTag), \(key.field).self, \(value.field).self, \(target))")
        case .oneof(let index):
          try source.block(
            "if case .\(field.name)(let value) = self.\(oneofs[index]?.property ?? "")"
          ) { source throws(GeneratorError) in
            source.line("writer.field(\(field.tag), \(wire).self, value)")
          }
        }
      }
    }
  }
}
