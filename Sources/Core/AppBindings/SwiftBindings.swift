import AppABI

/// The bindings for guests in Embedded Swift: the imports themselves, and a form without addresses on top.
enum SwiftBindings {
  static var text: String {
    var lines = [
      "// \(BindingFiles.notice)",
      "// Beside it stands Guest.swift with Text, Ring and AppError.",
      "",
      "// MARK: Constants",
      "",
      "extension AppError {",
    ]
    for constant in ConstantGroups.errors {
      if !constant.summary.isEmpty { lines.append("  /// \(constant.summary)") }
      lines.append(
        "  public static var \(constant.name.lowercased()): AppError { AppError(code: \(constant.value)) }")
    }
    lines += ["}", "", "/// Numbers that functions take and give.", "public enum Constant {"]
    for constant in ConstantGroups.others {
      if !constant.summary.isEmpty { lines.append("  /// \(constant.summary)") }
      lines.append("  public static var \(constant.name.lowerCamel): Int32 { \(constant.value) }")
    }
    lines += ["}", "", "// MARK: Functions"]
    for family in NativeFamily.allCases {
      let bindings = Binding.of(family).filter(\.hasSafeForm)
      if bindings.isEmpty { continue }
      lines += ["", "/// \(family.title).", "public enum \(family.typeName) {"]
      lines.append(bindings.map { wrapper($0).joined(separator: "\n") }.joined(separator: "\n\n"))
      lines.append("}")
    }
    lines += ["", "// MARK: Imports"]
    for binding in Binding.all { lines += ["", declaration(binding)] }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: Imports

  private static func declaration(_ binding: Binding) -> String {
    let row = binding.row
    let result =
      switch row.result {
      case .nothing: ""
      case .int32: " -> Int32"
      case .int64: " -> Int64"
      case .address: " -> UnsafeMutableRawPointer?"
      }
    let parameters = row.parameters.flatMap { importParameters($0, binding) }
    // The second attribute makes the call one of C: Swift's own has two parameters more.
    return "@_extern(wasm, module: \"\(row.module)\", name: \"\(row.name)\") @_extern(c)\n"
      + "func \(importName(binding))(\(parameters.joined(separator: ", ")))\(result)"
  }

  /// Functions of name spaces would hide imports of the same name.
  static func importName(_ binding: Binding) -> String {
    binding.symbol.hasPrefix("host_") ? binding.symbol : "host_\(binding.symbol)"
  }

  private static func importParameters(_ parameter: NativeParameter, _ binding: Binding) -> [String] {
    let name = "_ " + quoted(parameter.name)
    return switch parameter.kind {
    case .int32: ["\(name): Int32"]
    case .uint32: [binding.isAddress(parameter) ? "\(name): UnsafeMutableRawPointer?" : "\(name): UInt32"]
    case .int64: ["\(name): Int64"]
    case .text: ["\(name): UnsafePointer<CChar>?"]
    case .bytes: ["\(name): UnsafeRawPointer?", "_ \(parameter.name)Size: UInt32"]
    case .buffer, .shared: ["\(name): UnsafeMutableRawPointer?", "_ \(parameter.name)Size: UInt32"]
    case .input: ["\(name): UnsafeRawPointer?"]
    case .output(4): ["\(name): UnsafeMutablePointer<Int32>?"]
    case .output, .outputLike: ["\(name): UnsafeMutableRawPointer?"]
    }
  }

  // MARK: The form without addresses

  private static func wrapper(_ binding: Binding) -> [String] {
    let row = binding.row
    var lines: [String] = []
    for sentence in [row.summary] + binding.conditions where !sentence.isEmpty { lines.append("  /// \(sentence)") }
    if binding.canFail { lines.append("  @discardableResult") }
    let parameters = row.parameters.map { "\(quoted($0.name)): \(type($0.kind))" }
    let result =
      switch row.result {
      case .nothing: ""
      case .int32: binding.canFail ? " throws(AppError) -> Int32" : " -> Int32"
      case .int64: " -> Int64"
      case .address: " -> UnsafeMutableRawPointer?"
      }
    lines.append(
      "  public static func \(quoted(binding.shortName.lowerCamel))(\(parameters.joined(separator: ", ")))\(result) {")
    for (index, parameter) in row.parameters.enumerated() {
      if let wanted = wantedCount(parameter.kind, index, row) {
        lines.append(
          "    if \(quoted(parameter.name)).count \(wanted) { \(binding.canFail ? "throw AppError.einval" : "return 0") }"
        )
      }
    }
    let body = call(binding, row.parameters[...])
    lines.append("    \(binding.canFail ? "try AppError.check(\(body))" : body)")
    lines.append("  }")
    // One line is a body without `return`; several need it.
    if let last = lines.indices.dropLast().last, lines.contains(where: { $0.hasPrefix("    if ") }),
      row.result != .nothing
    {
      lines[last] = "    return " + lines[last].dropFirst(4)
    }
    return lines
  }

  /// The condition under which memory has the wrong size.
  private static func wantedCount(_ kind: NativeParameter.Kind, _ index: Int, _ row: NativeFunction) -> String? {
    switch kind {
    case .input(let count): return "!= \(count)"
    case .output(4): return nil
    case .output(let count): return "< \(count)"
    case .outputLike:
      let before = row.parameters[..<index].last { $0.kind == .bytes }
      return before.map { "!= \(quoted($0.name)).count" }
    default: return nil
    }
  }

  private static func type(_ kind: NativeParameter.Kind) -> String {
    switch kind {
    case .int32: "Int32"
    case .uint32: "UInt32"
    case .int64: "Int64"
    case .text: "Text"
    case .bytes, .input: "Span<UInt8>"
    case .output(4): "inout Int32"
    case .buffer, .output, .outputLike: "inout [UInt8]"
    case .shared: "Ring"
    }
  }

  /// The call of the import, inside of the closures that lend the addresses.
  private static func call(_ binding: Binding, _ parameters: ArraySlice<NativeParameter>) -> String {
    guard let first = parameters.first else {
      let arguments = binding.row.parameters.flatMap(Self.arguments)
      return "\(importName(binding))(\(arguments.joined(separator: ", ")))"
    }
    let name = quoted(first.name)
    let rest = call(binding, parameters.dropFirst())
    return switch first.kind {
    case .int32, .uint32, .int64, .shared, .output(4): rest
    case .text: "\(name).withText { \(name) in \(rest) }"
    case .bytes, .input: "\(name).withUnsafeBytes { \(name) in \(rest) }"
    case .buffer, .output, .outputLike: "\(name).withUnsafeMutableBytes { \(name) in \(rest) }"
    }
  }

  private static func arguments(_ parameter: NativeParameter) -> [String] {
    let name = quoted(parameter.name)
    let size = "UInt32(truncatingIfNeeded: \(name).count)"
    return switch parameter.kind {
    case .int32, .uint32, .int64, .text: [name]
    case .output(4): ["&\(name)"]
    case .bytes, .buffer: ["\(name).baseAddress", size]
    case .input, .output, .outputLike: ["\(name).baseAddress"]
    case .shared: ["\(name).memory.baseAddress", "UInt32(truncatingIfNeeded: \(name).memory.count)"]
    }
  }

  private static func quoted(_ name: String) -> String { keywords.contains(name) ? "`\(name)`" : name }

  private static let keywords: Set<String> = [
    "as", "break", "case", "catch", "class", "default", "defer", "do", "else", "enum", "extension", "false",
    "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil",
    "operator", "private", "protocol", "public", "repeat", "rethrows", "return", "self", "static", "struct",
    "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias", "var", "where", "while",
  ]
}
