import AppFormat
import AppProjects
import AppSDK
import Arguments
import Crypto
import JSON

/// Commands for authors of apps. They need no daemon.
enum AppFileCommands {
  static let all = [new, build, inspect, sign, pack, keygen]

  private static let formOption = Option.value(
    "format", "o", "FORM", "Form of the result", default: "table", choices: ["table", "json"])
  private static let outputOption = Option.value(
    "output", nil, "FILE", "Where to write the package; FILE with .akpkg without it", completion: .files)

  // MARK: Projects

  static let new = Command(
    "new", "Make a project",
    discussion: """
      Makes a folder with a source, a manifest (app.json) and a page with what to do next.

      example:  aether app new hello --lang swift
      """,
    options: [
      .value(
        "lang", "l", "LANGUAGE", "Language of the source", default: "c",
        choices: AppSDK.Language.allCases.map(\.rawValue)),
      .value("folder", nil, "FOLDER", "Where to make it; NAME without it", completion: .directories),
    ],
    operands: [Operand("NAME", "lower-case letters, digits and dashes")]
  ) { arguments in
    try refusing {
      let name = arguments.operand("NAME") ?? ""
      let language = arguments.value("lang").flatMap(AppSDK.Language.init(rawValue:)) ?? .c
      let files = try Project.new(name, language, in: arguments.value("folder") ?? name)
      try Output.write(files.map { "\($0)\n" }.joined())
      return 0
    }
  }

  static let build = Command(
    "build", "Compile a project to WebAssembly and put its manifest into it",
    discussion: """
      C and Swift need a Swift toolchain, or clang and lld for C alone; Rust needs rustc with the target
      wasm32-unknown-unknown. Below "build" in app.json: language, sources, stack (bytes), memory_max (bytes).

      example:  aether app build hello
      """,
    options: [
      .value("output", nil, "FILE", "Where to write the module; build/NAME.wasm without it", completion: .files),
      formOption,
    ],
    operands: [Operand("FOLDER", "project; this folder without it", .optional, completion: .directories)]
  ) { arguments in
    try refusing {
      let built = try Project(folder: arguments.operand("FOLDER") ?? ".").build(output: arguments.value("output"))
      let sizes = built.sizes
      let inspection = try inspection(of: built.bytes, built.path, [])
      if arguments.value("format") == "json" {
        let json: JSON = [
          "path": .string(built.path), "size": .integer(Int64(sizes.whole)), "code": .integer(Int64(sizes.code)),
          "data": .integer(Int64(sizes.data)), "missing": .array(inspection.missing.map(JSON.string)),
          "unneeded": .array(inspection.unneeded.map(JSON.string)),
        ]
        try Output.write(json.text(.pretty) + "\n")
      } else {
        try Output.write(
          "\(built.path): \(sizes.whole) bytes, \(sizes.code) of code, \(sizes.data) of data\n")
      }
      for warning in AppReport.warnings(inspection) { Output.error(warning) }
      return 0
    }
  }

  // MARK: Looking inside

  static let inspect = Command(
    "inspect", "Show what an app is and what it needs, without running it",
    discussion: """
      Reads modules, packages (.akpkg), images of machine code and manifests. Capabilities that the imports need are
      compared with those that the manifest asks for. With --key it ends with 3 unless that key signed the package.

      example:  aether app inspect build/hello.wasm
      """,
    options: [
      formOption,
      .value(
        "key", nil, "FILE", "Public key to trust; may be given several times", isRepeatable: true, completion: .files),
    ],
    operands: [Operand("FILE", "app, or - for standard input", completion: .files)]
  ) { arguments in
    try refusing {
      let path = arguments.operand("FILE") ?? "-"
      var keys: [PublicKey] = []
      for keyPath in arguments.all("key") { keys.append(try publicKey(keyPath)) }
      let inspection = try inspection(of: try File.read(path) ?? [], path, keys)
      if arguments.value("format") == "json" {
        try Output.write(AppReport.json(inspection).text(.pretty) + "\n")
      } else {
        try Output.write(Readable.plain(AppReport.text(inspection)))
      }
      return keys.isEmpty || inspection.isTrusted == true ? 0 : 3
    }
  }

  // MARK: Packages

  static let sign = Command(
    "sign", "Pack an app, when it is a module, and sign it",
    discussion: """
      Keys are Ed25519 or RSA with 2048 bits, in PEM. A signature of the same kind is replaced.

      example:  aether app sign build/hello.wasm --key dev.pem
      """,
    options: [.value("key", "k", "FILE", "Private key", completion: .files), outputOption],
    operands: [Operand("FILE", "module or package", completion: .files)]
  ) { arguments in
    try refusing {
      guard let key = arguments.value("key") else { throw UsageError("--key FILE is needed", path: arguments.path) }
      let path = arguments.operand("FILE") ?? "-"
      var package = try Packaging.pack(try File.read(path) ?? [], path: path)
      try Packaging.sign(&package, keyPath: key)
      return try write(package, arguments)
    }
  }

  static let pack = Command(
    "pack", "Pack an app with what belongs to it, unsigned",
    discussion: "example:  aether app pack build/hello.wasm --icon hello.bmp",
    options: [
      .value(
        "manifest", "m", "FILE", "Manifest in place of the one inside, in JSON or the older TOML", completion: .files),
      .value("model", nil, "FILE", "Model for inference", completion: .files),
      .value("icon", nil, "FILE", "Picture of 32 by 32 pixels, BMP", completion: .files),
      outputOption,
    ],
    operands: [Operand("FILE", "module or package", completion: .files)]
  ) { arguments in
    try refusing {
      let path = arguments.operand("FILE") ?? "-"
      func extra(_ name: String) throws -> [UInt8]? { try arguments.value(name).flatMap { try File.read($0) } }
      let extras = Packaging.Extras(
        manifest: try extra("manifest"), model: try extra("model"), icon: try extra("icon"))
      return try write(try Packaging.pack(try File.read(path) ?? [], path: path, extras), arguments)
    }
  }

  static let keygen = Command(
    "keygen", "Make a pair of keys for signing apps",
    discussion: """
      Writes the private key to FILE, for its owner only, and the public one to FILE.pub: hosts trust the latter.

      example:  aether app keygen dev.pem
      """,
    options: [.value("type", nil, "KIND", "Kind of key", default: "ed25519", choices: ["ed25519", "rsa2048"])],
    operands: [Operand("FILE", "where to write the private key", completion: .files)]
  ) { arguments in
    try refusing {
      let path = arguments.operand("FILE") ?? ""
      let publicPath = try Packaging.makeKey(
        arguments.value("type") == "rsa2048" ? .rsa(bits: 2048) : .ed25519, at: path)
      try Output.write("\(path)\n\(publicPath)\n")
      return 0
    }
  }

  // MARK: Reading and writing

  private static func write(_ package: AppPackage, _ arguments: ParsedArguments) throws -> Int32 {
    let source = arguments.operand("FILE") ?? "-"
    let stem = source.hasSuffix(".wasm") ? String(source.dropLast(5)) : source
    let standard = source.hasSuffix(".akpkg") ? source : stem + ".akpkg"
    let path = arguments.value("output") ?? (source == "-" ? "-" : standard)
    let bytes = try Packaging.packed(package, path: path)
    if path == "-" {
      try Output.write(bytes)
    } else {
      try File.write(bytes, to: path)
      let kinds = package.signatures.map(\.algorithm.memberName).joined(separator: ", ")
      try Output.write("\(path): \(bytes.count) bytes, \(kinds.isEmpty ? "not signed" : kinds)\n")
    }
    return 0
  }

  private static func publicKey(_ path: String) throws -> PublicKey {
    let bytes = try File.read(path) ?? []
    do throws(CryptoError) {
      return try PublicKey(pem: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw ProjectError.key(path: path, error)
    }
  }

  private static func inspection(
    of bytes: [UInt8], _ path: String, _ keys: [PublicKey]
  ) throws(ProjectError) -> Inspection {
    do throws(AppFormatError) { return try Inspection(bytes, keys: keys) } catch { throw .format(path: path, error) }
  }

  /// What is wrong with files or tools ends with 3, and says which.
  private static func refusing(_ body: () throws -> Int32) throws -> Int32 {
    do { return try body() } catch let error as ProjectError {
      Output.error(error.description)
      return 3
    }
  }
}
