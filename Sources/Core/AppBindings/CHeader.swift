import AppABI

/// The header for guests in C.
enum CHeader {
  static var text: String {
    var lines = [
      "// \(BindingFiles.notice)",
      "// Functions that give int32_t give 0 or more, or an error below 0: -AETHER_EPERM and so on. Texts end with a zero byte.",
      "#pragma once",
      "#include <stdint.h>",
      "",
      "#ifdef __cplusplus",
      "extern \"C\" {",
      "#endif",
      "",
      "#define AETHER_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))",
    ]
    for (_, constants) in ConstantGroups.all {
      lines += ["", "enum {"]
      for constant in constants {
        let note = constant.summary.isEmpty ? "" : "  // \(constant.summary)"
        lines.append("  AETHER_\(constant.name) = \(constant.value),\(note)")
      }
      lines.append("};")
    }
    for family in NativeFamily.allCases {
      let bindings = Binding.of(family)
      if bindings.isEmpty { continue }
      lines += ["", "// \(family.title)"]
      for binding in bindings { lines += ["", comment(binding), declaration(binding)] }
    }
    lines += ["", "#ifdef __cplusplus", "}", "#endif", ""]
    return lines.joined(separator: "\n")
  }

  private static func comment(_ binding: Binding) -> String {
    let sentences = ([binding.row.summary] + binding.conditions).filter { !$0.isEmpty }
    return sentences.isEmpty ? "// As its name says." : sentences.map { "// \($0)" }.joined(separator: "\n")
  }

  private static func declaration(_ binding: Binding) -> String {
    let row = binding.row
    let parameters = row.parameters.flatMap { self.parameters($0, binding) }
    return "AETHER_IMPORT(\"\(row.module)\", \"\(row.name)\")\n"
      + "\(result(row.result))\(binding.symbol)(\(parameters.isEmpty ? "void" : parameters.joined(separator: ", ")));"
  }

  private static func result(_ result: NativeResult) -> String {
    switch result {
    case .nothing: "void "
    case .int32: "int32_t "
    case .int64: "int64_t "
    case .address: "void *"
    }
  }

  private static func parameters(_ parameter: NativeParameter, _ binding: Binding) -> [String] {
    let name = keywords.contains(parameter.name) ? "\(parameter.name)_" : parameter.name
    return switch parameter.kind {
    case .int32: ["int32_t \(name)"]
    case .uint32: [binding.isAddress(parameter) ? "void *\(name)" : "uint32_t \(name)"]
    case .int64: ["int64_t \(name)"]
    case .text: ["const char *\(name)"]
    case .bytes: ["const void *\(name)", "uint32_t \(name)_size"]
    case .buffer, .shared: ["void *\(name)", "uint32_t \(name)_size"]
    case .input: ["const void *\(name)"]
    case .output(4): ["int32_t *\(name)"]
    case .output, .outputLike: ["void *\(name)"]
    }
  }

  private static let keywords: Set<String> = [
    "auto", "break", "case", "char", "class", "const", "default", "delete", "do", "double", "else", "enum", "extern",
    "float", "for", "goto", "if", "int", "long", "new", "private", "protected", "public", "register", "return", "short",
    "signed", "static", "struct", "switch", "template", "this", "typedef", "union", "unsigned", "void", "volatile",
    "while",
  ]
}
