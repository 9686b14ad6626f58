import AppABI

/// The bindings for guests in Rust: the imports themselves in `raw`, and a form without addresses on top.
enum RustBindings {
  static var text: String {
    var lines = [
      "// \(BindingFiles.notice)",
      "// Beside it stands lib.rs with Text, Ring and Error.",
      "",
      "/// Errors by name.",
      "impl crate::Error {",
    ]
    for constant in ConstantGroups.errors {
      if !constant.summary.isEmpty { lines.append("    /// \(constant.summary)") }
      lines.append("    pub const \(constant.name): crate::Error = crate::Error(\(constant.value));")
    }
    lines += ["}", "", "/// Numbers that functions take and give.", "pub mod constants {"]
    for constant in ConstantGroups.others {
      if !constant.summary.isEmpty { lines.append("    /// \(constant.summary)") }
      lines.append("    pub const \(constant.name): i32 = \(constant.value);")
    }
    lines.append("}")
    for family in NativeFamily.allCases {
      let bindings = Binding.of(family).filter(\.hasSafeForm)
      if bindings.isEmpty { continue }
      lines += ["", "/// \(family.title).", "pub mod \(family.moduleName) {"]
      lines.append(bindings.map { wrapper($0).joined(separator: "\n") }.joined(separator: "\n\n"))
      lines.append("}")
    }
    lines += ["", "/// The imports as they are.", "pub mod raw {"]
    lines.append(modules.map(block).joined(separator: "\n\n"))
    lines.append("}")
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: Imports

  /// Modules of imports in the order of the table.
  private static var modules: [String] {
    Binding.all.reduce(into: []) { modules, binding in
      if !modules.contains(binding.row.module) { modules.append(binding.row.module) }
    }
  }

  private static func block(_ module: String) -> String {
    var lines = ["    #[link(wasm_import_module = \"\(module)\")]", "    #[allow(clashing_extern_declarations)]"]
    lines.append("    extern \"C\" {")
    for binding in Binding.all where binding.row.module == module {
      if binding.symbol != binding.row.name { lines.append("        #[link_name = \"\(binding.row.name)\"]") }
      let parameters = binding.row.parameters.flatMap { importParameters($0, binding) }
      let result =
        switch binding.row.result {
        case .nothing: ""
        case .int32: " -> i32"
        case .int64: " -> i64"
        case .address: " -> *mut u8"
        }
      lines.append("        pub fn \(binding.symbol)(\(parameters.joined(separator: ", ")))\(result);")
    }
    lines.append("    }")
    return lines.joined(separator: "\n")
  }

  private static func importParameters(_ parameter: NativeParameter, _ binding: Binding) -> [String] {
    let name = quoted(parameter.name)
    return switch parameter.kind {
    case .int32: ["\(name): i32"]
    case .uint32: [binding.isAddress(parameter) ? "\(name): *mut u8" : "\(name): u32"]
    case .int64: ["\(name): i64"]
    case .text: ["\(name): *const u8"]
    case .bytes: ["\(name): *const u8", "\(parameter.name)_size: u32"]
    case .buffer, .shared: ["\(name): *mut u8", "\(parameter.name)_size: u32"]
    case .input: ["\(name): *const u8"]
    case .output(4): ["\(name): *mut i32"]
    case .output, .outputLike: ["\(name): *mut u8"]
    }
  }

  // MARK: The form without addresses

  private static func wrapper(_ binding: Binding) -> [String] {
    let row = binding.row
    var lines: [String] = []
    for sentence in [row.summary] + binding.conditions where !sentence.isEmpty { lines.append("    /// \(sentence)") }
    let parameters = row.parameters.map { "\(quoted($0.name)): \(type($0.kind))" }
    let isShared = row.parameters.contains { $0.kind == .shared }
    let result =
      switch row.result {
      case .nothing: ""
      case .int32: binding.canFail ? " -> crate::Result<i32>" : " -> i32"
      case .int64: " -> i64"
      case .address: " -> *mut u8"
      }
    lines.append(
      "    pub fn \(quoted(binding.shortName))\(isShared ? "<const SIZE: usize>" : "")"
        + "(\(parameters.joined(separator: ", ")))\(result) {")
    for (index, parameter) in row.parameters.enumerated() where parameter.kind == .outputLike {
      if let before = row.parameters[..<index].last(where: { $0.kind == .bytes }) {
        lines.append("        if \(quoted(parameter.name)).len() != \(quoted(before.name)).len() {")
        lines.append("            return Err(crate::Error::EINVAL);")
        lines.append("        }")
      }
    }
    let call = "unsafe { super::raw::\(binding.symbol)(\(row.parameters.flatMap(arguments).joined(separator: ", "))) }"
    lines.append("        \(binding.canFail ? "crate::check(\(call))" : call)")
    return lines + ["    }"]
  }

  private static func type(_ kind: NativeParameter.Kind) -> String {
    switch kind {
    case .int32: "i32"
    case .uint32: "u32"
    case .int64: "i64"
    case .text: "crate::Text"
    case .bytes: "&[u8]"
    case .input(let count): "&[u8; \(count)]"
    case .output(4): "&mut i32"
    case .output(let count): "&mut [u8; \(count)]"
    case .buffer, .outputLike: "&mut [u8]"
    case .shared: "&'static crate::Ring<SIZE>"
    }
  }

  private static func arguments(_ parameter: NativeParameter) -> [String] {
    let name = quoted(parameter.name)
    return switch parameter.kind {
    case .int32, .uint32, .int64, .output(4): [name]
    case .text: ["\(name).as_ptr()"]
    case .bytes: ["\(name).as_ptr()", "\(name).len() as u32"]
    case .buffer: ["\(name).as_mut_ptr()", "\(name).len() as u32"]
    case .input: ["\(name).as_ptr()"]
    case .output, .outputLike: ["\(name).as_mut_ptr()"]
    case .shared: ["\(name).address()", "SIZE as u32"]
    }
  }

  private static func quoted(_ name: String) -> String { keywords.contains(name) ? "\(name)_" : name }

  private static let keywords: Set<String> = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try",
    "type", "typeof", "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
  ]
}
