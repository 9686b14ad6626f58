import Arguments
import Automata
import AutomatonAnalysis
import AutomatonFiles
import Glibc
import JSON
import Model

/// Commands that check automata in files and turn one form into another.
enum AutomatonFileCommands {
  static let all = [validate, compile, decompile, convert, schema]

  private static let idOption = Option.value("id", nil, "ID", "Which automaton of a project of several")
  private static let fileOperand = Operand("FILE", "automaton in any form, or - for standard input", completion: .files)

  // MARK: Checking

  static let validate = Command(
    "validate", "Check automata and systems of them, and name everything that is wrong",
    discussion: """
      Checks keys, values, references, structure, scripts and the limits of the target, then looks for what is probably
      a mistake. Ends with 3 when a file is refused; warnings alone end with 0.

      examples:
        aether automaton validate thermostat.yaml
        aether automaton validate *.yaml --strict-units --profile esp32_lua_v1 -o json
      """,
    options: [
      .value("format", "o", "FORM", "Form of the result", default: "table", choices: ["table", "json"]),
      .flag("strict-units", nil, "Refuse durations without a unit"),
      .value(
        "profile", nil, "NAME", "Check the limits of this target", choices: TargetProfile.all.map(\.name)),
      .flag("no-lint", nil, "Only say what keeps it from running"),
    ],
    operands: [
      Operand(
        "FILE", "automata, systems, projects or artifacts, or - for standard input", .atLeastOne, completion: .files)
    ]
  ) { arguments in
    let options = LoadOptions(
      strictUnits: arguments.flag("strict-units"),
      profile: arguments.value("profile").flatMap { TargetProfile.named(Array($0.utf8)) })
    var reports: [AutomatonReport] = []
    for path in arguments.allOperands("FILE") {
      let bytes = try File.read(path) ?? []
      reports.append(AutomatonReport(bytes, path, options: options, lints: !arguments.flag("no-lint")))
    }
    if arguments.value("format") == "json" {
      let value: JSON = ["files": .array(reports.map(\.json))]
      try Output.write(value.text(.pretty) + "\n")
    } else {
      for report in reports { try Output.write(Readable.plain(report.text)) }
    }
    return reports.allSatisfy(\.isAccepted) ? 0 : 3
  }

  // MARK: Artifacts

  static let compile = Command(
    "compile", "Make the artifact that is sent to devices",
    discussion: """
      Forms of the payload: bytecode, which holds flat automata with plain transitions; yaml, which holds everything and
      needs a reader on the device; model, which holds everything and needs none. Without --format it is bytecode where
      nothing would be lost, else yaml.

      example:  aether automaton compile thermostat.yaml -o thermostat.aeth
      """,
    options: [
      .value("output", "o", "FILE", "Where to write it, or - for standard output", default: "-", completion: .files),
      .value("format", nil, "FORM", "Form of the payload", choices: ["bytecode", "yaml", "model"]),
      .flag("strip", nil, "Leave out what is there for readers: descriptions, author, tags, target, places, lists"),
      idOption,
    ],
    operands: [fileOperand]
  ) { arguments in
    try refusing {
      let (loaded, bytes) = try load(arguments)
      let automaton = arguments.flag("strip") ? loaded.automaton.withoutNotes() : loaded.automaton
      let kind: Artifact.Kind
      switch arguments.value("format") {
      case "bytecode": kind = .bytecode
      case "yaml": kind = .yaml
      case "model": kind = .model
      default: kind = Bytecode.unsupported(automaton).isEmpty ? .bytecode : .yaml
      }
      let payload: [UInt8]
      switch kind {
      case .bytecode:
        let lost = Bytecode.unsupported(automaton)
        guard lost.isEmpty else {
          throw RefusedFile(lost.map { AutomatonReport.problem($0, loaded, file: arguments.operand("FILE") ?? "") })
        }
        payload = try Bytecode.encode(automaton)
      case .yaml:
        // The author's own text keeps its comments; scripts of a folder have to come along.
        let isOwnText =
          AutomatonForm(of: bytes) == .yaml && automaton.layout == .inline && !arguments.flag("strip")
        payload = isOwnText ? bytes : Array(try AutomatonFile.text(of: automaton).utf8)
      case .model: payload = ModelCodec.encode(automaton)
      }
      let artifact = Artifact(kind: kind, label: automaton.name, payload: payload)
      try write(artifact.encode(), to: arguments.value("output") ?? "-")
      return 0
    }
  }

  static let decompile = Command(
    "decompile", "Turn an artifact back into a document",
    discussion: "example:  aether automaton decompile thermostat.aeth -o thermostat.yaml",
    options: [
      .value("output", "o", "FILE", "Where to write it, or - for standard output", default: "-", completion: .files)
    ],
    operands: [Operand("FILE", "artifact, or - for standard input", completion: .files)]
  ) { arguments in
    try refusing {
      let (loaded, bytes) = try load(arguments)
      if AutomatonForm(of: bytes) == .artifact, let artifact = try? Artifact.decode(bytes), artifact.kind == .yaml {
        try write(artifact.payload, to: arguments.value("output") ?? "-")
      } else {
        try write(Array(try AutomatonFile.text(of: loaded.automaton).utf8), to: arguments.value("output") ?? "-")
      }
      return 0
    }
  }

  // MARK: Other forms

  static let convert = Command(
    "convert", "Turn an automaton into another form",
    discussion: """
      Forms: yaml, one document; folder, a document with a file of functions per state and transition; project, for the
      graphical editor; json, the document as JSON; model, the binary form whose hash names the automaton; device, for
      firmware that does not translate scripts; device-names, for firmware with native code in place of scripts.
      Nothing leads back from the last two: keep the source.
      A project that is there already keeps its other automata, and what the editor knows of this one.

      examples:
        aether automaton convert door.aeth -o yaml
        aether automaton convert thermostat.yaml -o folder --output thermostat/
        aether automaton convert thermostat.yaml -o device --output thermostat.device
        aether automaton convert thermostat.yaml -o project --output home.aeth --id heating
      """,
    options: [
      .value(
        "format", "o", "FORM", "Form to turn it into", default: "yaml",
        choices: ["yaml", "folder", "project", "json", "model", "device", "device-names"]),
      .value("output", nil, "FILE", "Where to write it, instead of standard output", completion: .files),
      idOption,
    ],
    operands: [fileOperand]
  ) { arguments in
    try refusing {
      let form = arguments.value("format") ?? "yaml"
      let output = arguments.value("output")
      // The id of a project that is written is none of what is read.
      let (loaded, _) = try load(arguments, readsID: form != "project")
      let automaton = loaded.automaton
      switch form {
      case "folder":
        guard let folder = output else {
          throw UsageError("--output FOLDER is needed for the form folder", path: arguments.path)
        }
        try writeFolder(automaton, folder)
      case "project": try writeProject(automaton, arguments)
      case "json":
        try write(try AutomatonFile.tree(of: automaton.inInlineLayout()).bytes(.pretty) + [0x0A], to: output ?? "-")
      case "model": try write(ModelCodec.encode(automaton), to: output ?? "-")
      case "device": try write(try deviceForm(of: automaton, .code), to: output ?? "-")
      case "device-names": try write(try deviceForm(of: automaton, .names), to: output ?? "-")
      default: try write(Array(try AutomatonFile.text(of: automaton.inInlineLayout()).utf8), to: output ?? "-")
      }
      if form == "yaml" || form == "json", automaton.hasCodeOutsideFunctions {
        Output.error("code outside the functions of script files now runs before each call, not once")
      }
      return 0
    }
  }

  static let schema = Command(
    "schema", "Print the JSON Schema of a kind of file",
    discussion: "example:  aether automaton schema > automaton.schema.json",
    operands: [
      Operand(
        "KIND", "automaton (default) or composition", .optional, completion: .words(["automaton", "composition"]))
    ]
  ) { arguments in
    let schema: JSON
    switch arguments.operand("KIND") ?? "automaton" {
    case "automaton": schema = FileSchema.automaton
    case "composition": schema = FileSchema.composition
    case let other: throw UsageError("KIND is \"\(other)\"; accepted: automaton, composition", path: arguments.path)
    }
    try Output.write(schema.text(.pretty) + "\n")
    return 0
  }

  // MARK: Reading and writing

  /// The automaton of the operand FILE, and the bytes it was read from. Warnings go to standard error.
  private static func load(
    _ arguments: ParsedArguments, readsID: Bool = true
  ) throws -> (loaded: LoadedAutomaton, bytes: [UInt8]) {
    let path = arguments.operand("FILE") ?? "-"
    let bytes = try File.read(path) ?? []
    let id = readsID && arguments.isGiven("id") ? arguments.value("id") : nil
    let loaded = try AutomatonFile.loadAny(
      bytes, file: path, id: id, access: .disk(folder: FileAccess.folder(of: path)))
    printProblems(loaded.warnings)
    return (loaded, bytes)
  }

  private static func printProblems(_ problems: [FileProblem]) {
    let text = problems.map { $0.description + "\n" }.joined()
    try? Output.write(Array(Readable.plain(text).utf8), to: STDERR_FILENO)
  }

  private static func refusing(_ body: () throws -> Int32) throws -> Int32 {
    do { return try body() } catch let refused as RefusedFile {
      printProblems(refused.problems)
      return 3
    } catch let unwritable as UnwritableModel {
      Output.error(unwritable.description)
      return 3
    }
  }

  private static func deviceForm(
    of automaton: Automaton, _ scripts: DeviceForm.Scripts
  ) throws(UnwritableModel) -> [UInt8] {
    do throws(CompiledAutomaton.Failure) {
      if let bytes = DeviceForm.encode(try CompiledAutomaton(automaton), scripts: scripts) { return bytes }
    } catch {
      throw UnwritableModel("the automaton cannot be compiled: \(error)")
    }
    throw UnwritableModel("a device takes at most 65,533 states, transitions, variables and programs each")
  }

  private static func write(_ bytes: [UInt8], to path: String) throws {
    if path == "-" { try Output.write(bytes) } else { try File.write(bytes, to: path) }
  }

  private static func writeFolder(_ automaton: Automaton, _ folder: String) throws {
    let name = String(decoding: automaton.name, as: UTF8.self)
    let isPlain = !name.isEmpty && !name.contains("/") && !name.hasPrefix(".") && !name.utf8.contains(0)
    let files = try AutomatonFile.files(of: automaton.inFolderLayout(), name: (isPlain ? name : "automaton") + ".yaml")
    for file in files {
      let path = folder.hasSuffix("/") ? folder + file.path : folder + "/" + file.path
      try makeFolders(FileAccess.folder(of: path))
      try File.write(file.bytes, to: path)
    }
  }

  private static func makeFolders(_ path: String) throws(APIError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += made.isEmpty || made == "/" ? String(part) : "/\(part)"
      guard mkdir(made, 0o755) == 0 || errno == EEXIST else {
        throw APIError(.invalid, "\(made): \(String(cString: strerror(errno)))")
      }
    }
  }

  private static func writeProject(_ automaton: Automaton, _ arguments: ParsedArguments) throws {
    let name = String(decoding: automaton.name, as: UTF8.self)
    let output = arguments.value("output")
    var project = ProjectFile(name: name)
    if let output, let bytes = try File.read(output, mustExist: false) {
      guard AutomatonForm(of: bytes) == .project else {
        throw APIError(.conflict, "\(output) is there and is no project")
      }
      project = try ProjectFile(reading: bytes, file: output)
    }
    try project.set(automaton, id: arguments.value("id") ?? (name.isEmpty ? "automaton" : name))
    try write(project.bytes, to: output ?? "-")
  }
}
