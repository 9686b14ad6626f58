import Protobuf

/// Writes the two methods of a message for its JSON form.
struct JSONCode {
  let access: String
  let fields: [FieldCode]
  /// The property of a oneof, quoted.
  let oneof: (Int) -> String
  let isFirst: (FieldCode, [FieldCode]) -> Bool

  func write(to source: inout SourceText) throws(GeneratorError) {
    try encoder(&source)
    source.line()
    try decoder(&source)
  }

  private func encoder(_ source: inout SourceText) throws(GeneratorError) {
    try source.block(
      "\(access) func encodeJSON(to members: inout ProtobufJSONMembers) throws(ProtobufError)"
    ) { source throws(GeneratorError) in
      for field in fields.sorted(by: { $0.descriptor.number < $1.descriptor.number }) {
        let arguments = "(\(field.jsonNames), self.\(field.name))"
        switch field.shape {
        case .implicit: source.line("try members.implicit\(arguments)")
        case .optional, .indirect: source.line("try members.optional\(arguments)")
        case .repeated, .packed: source.line("try members.repeated\(arguments)")
        case .map: source.line("try members.map\(arguments)")
        case .oneof(let index):
          try source.block(
            "if case .\(field.name)(let value) = self.\(oneof(index))"
          ) { source throws(GeneratorError) in
            source.line("try members.optional(\(field.jsonNames), value)")
          }
        }
      }
    }
  }

  private func decoder(_ source: inout SourceText) throws(GeneratorError) {
    try source.block(
      "\(access) mutating func decodeJSON(_ member: ProtobufJSONMember) throws(ProtobufError) -> Int32"
    ) { source throws(GeneratorError) in
      if fields.isEmpty {
        source.line("0")
        return
      }
      try source.block("switch member.name") { source throws(GeneratorError) in
        for field in fields {
          source.line("case \(field.jsonPattern):")
          try source.indented { source throws(GeneratorError) in
            try read(field, &source)
            source.line("return \(field.descriptor.number)")
          }
        }
        source.line("default: return 0")
      }
    }
  }

  private func read(_ field: FieldCode, _ source: inout SourceText) throws(GeneratorError) {
    let target = "self.\(field.name)"
    switch field.shape {
    case .implicit, .optional, .indirect: source.line("try member.read(&\(target))")
    case .repeated, .packed: source.line("try member.read(repeated: &\(target))")
    case .map: source.line("try member.read(map: &\(target))")
    case .oneof(let index):
      let property = "self.\(oneof(index))"
      try source.block(
        "if let value = try member.oneof(\(field.wire.type).self, isTaken: \(property) != nil)"
      ) { source throws(GeneratorError) in
        source.line("\(property) = .\(field.name)(value)")
      }
    }
  }
}
