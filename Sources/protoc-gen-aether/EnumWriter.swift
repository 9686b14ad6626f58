import Protobuf

/// Writes a proto3 enum as a Swift enum that keeps unknown numbers.
struct EnumWriter {
  let value: EnumDescriptor
  let access: String
  let comments: Comments
  let path: [Int32]

  private struct Case {
    var name: String
    var schemaName: String
    var number: Int32
    var index: Int
    /// The case that an earlier value of the same number has become.
    var aliasOf: String?
  }

  private var cases: [Case] {
    let names = Names.cases(of: value.name, value.values.map(\.name))
    var byNumber: [Int32: String] = [:]
    var result: [Case] = []
    for (index, (name, value)) in zip(names, value.values).enumerated() {
      result.append(
        Case(
          name: name, schemaName: value.name, number: value.number, index: index, aliasOf: byNumber[value.number]))
      if byNumber[value.number] == nil { byNumber[value.number] = name }
    }
    return result
  }

  func write(to source: inout SourceText) throws(GeneratorError) {
    let cases = cases
    let distinct = cases.filter { $0.aliasOf == nil }
    source.comment(comments[path])
    try source.block("\(access) enum \(Names.type(value.name)): ProtobufEnum") { source throws(GeneratorError) in
      for item in distinct {
        source.comment(comments[path + [2, Int32(item.index)]])
        source.line("case \(Names.quoted(item.name))")
      }
      source.comment(" A number that this version of the schema does not name.")
      source.line("case unrecognized(Int32)")
      for item in cases {
        guard let original = item.aliasOf else { continue }
        source.line("\(access) static var \(Names.quoted(item.name)): Self { .\(original) }")
      }
      source.line()
      source.line("/// Every value that the schema names.")
      source.line(
        "\(access) static var allCases: [Self] { [\(distinct.map { ".\($0.name)" }.joined(separator: ", "))] }")
      source.line()
      try source.block("\(access) init(rawValue: Int32)") { source throws(GeneratorError) in
        try source.block("switch rawValue") { source throws(GeneratorError) in
          for item in distinct { source.line("case \(item.number): self = .\(item.name)") }
          source.line("default: self = .unrecognized(rawValue)")
        }
      }
      source.line()
      try source.block("\(access) var rawValue: Int32") { source throws(GeneratorError) in
        try source.block("switch self") { source throws(GeneratorError) in
          for item in distinct { source.line("case .\(item.name): \(item.number)") }
          source.line("case .unrecognized(let number): number")
        }
      }
      source.line()
      try source.block("\(access) var protobufName: String?") { source throws(GeneratorError) in
        try source.block("switch self") { source throws(GeneratorError) in
          for item in distinct { source.line("case .\(item.name): \"\(item.schemaName)\"") }
          source.line("case .unrecognized: nil")
        }
      }
      source.line()
      try source.block("\(access) init?(protobufName: String)") { source throws(GeneratorError) in
        try source.block("switch protobufName") { source throws(GeneratorError) in
          for item in cases { source.line("case \"\(item.schemaName)\": self = .\(item.aliasOf ?? item.name)") }
          source.line("default: return nil")
        }
      }
    }
  }
}
