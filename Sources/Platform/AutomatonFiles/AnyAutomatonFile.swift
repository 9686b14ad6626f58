import Automata

/// The forms in which an automaton can lie in a file.
public enum AutomatonForm: String, Sendable, CaseIterable {
  case yaml
  /// A project of the editor; may hold several automata.
  case project
  /// The envelope of devices with one of the other forms in it.
  case artifact
  /// "AETHBC01" without its envelope.
  case bytecode
  /// "AETHMD01" without its envelope.
  case model
  /// "AETHDV01": nothing can be made of it again.
  case device

  /// Tells the form by how the bytes begin; everything that is nothing else is taken for YAML.
  public init(of bytes: [UInt8]) {
    if Artifact.isArtifact(bytes) {
      self = .artifact
    } else if bytes.starts(with: Bytecode.magic) {
      self = .bytecode
    } else if bytes.starts(with: ModelCodec.magic) {
      self = .model
    } else if bytes.starts(with: DeviceForm.magic) {
      self = .device
    } else if AutomatonForm.isProject(bytes) {
      self = .project
    } else {
      self = .yaml
    }
  }

  /// A JSON object that says `schemaVersion`; YAML documents in JSON style do not.
  private static func isProject(_ bytes: [UInt8]) -> Bool {
    guard bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return false }
    let word = Array("\"schemaVersion\"".utf8)
    return bytes.indices.contains { bytes[$0] == word[0] && bytes[$0...].starts(with: word) }
  }
}

extension AutomatonFile {
  /// Reads a file of any form.
  ///
  /// - Parameter id: which automaton of a project; may be left out when there is one.
  /// - Throws: everything that is wrong in the file. Binary forms have no lines, so that their problems have no place.
  public static func loadAny(
    _ bytes: [UInt8], file: String = "", id: String? = nil, options: LoadOptions = LoadOptions(),
    access: FileAccess = .none
  ) throws(RefusedFile) -> LoadedAutomaton {
    switch AutomatonForm(of: bytes) {
    case .yaml: return try load(bytes, file: file, options: options, access: access)
    case .project:
      let project = try ProjectFile(reading: bytes, file: file)
      let ids = project.automatonIDs
      if let id { return try project.automaton(id, options: options) }
      if ids.count == 1 { return try project.automaton(ids[0], options: options) }
      throw refusal(
        file, .missingKey, "the project has \(ids.count) automata", fix: "name one of them", accepted: ids)
    case .artifact:
      let artifact: Artifact
      do { artifact = try Artifact.decode(bytes) } catch {
        throw refusal(file, .syntax, "the artifact is damaged: \(error)")
      }
      switch artifact.kind {
      case .yaml: return try load(artifact.payload, file: file, options: options, access: access)
      case .bytecode: return try binary(artifact.payload, .bytecode, file, options)
      case .model: return try binary(artifact.payload, .model, file, options)
      }
    case .bytecode: return try binary(bytes, .bytecode, file, options)
    case .model: return try binary(bytes, .model, file, options)
    case .device:
      throw refusal(
        file, .syntax, "is in the form for devices, from which nothing leads back",
        fix: "give the file that it was made of")
    }
  }

  private static func refusal(
    _ file: String, _ rule: FileProblem.Rule, _ message: String, fix: String = "", accepted: [String] = []
  ) -> RefusedFile {
    RefusedFile([
      FileProblem(.error, rule, file: file, position: nil, message, fix: fix, accepted: accepted)
    ])
  }

  private static func binary(
    _ bytes: [UInt8], _ form: AutomatonForm, _ file: String, _ options: LoadOptions
  ) throws(RefusedFile) -> LoadedAutomaton {
    let automaton: Automaton
    if form == .bytecode {
      do { automaton = try Bytecode.decode(bytes) } catch {
        throw refusal(file, .syntax, "the bytecode is damaged: \(error)")
      }
    } else {
      do { automaton = try ModelCodec.decode(bytes) } catch {
        throw refusal(file, .syntax, "the model is damaged at byte \(error.offset): \(error.problem)")
      }
    }
    return try checked(automaton, file: file, options: options)
  }

  /// The checks of a file for a model that came from elsewhere: structure, scripts, limits of its target.
  public static func checked(
    _ automaton: Automaton, file: String = "", options: LoadOptions = LoadOptions()
  ) throws(RefusedFile) -> LoadedAutomaton {
    let problems = Problems(file: file)
    let context = FileContext(source: SourceText([]), problems: problems, strictUnits: options.strictUnits)
    let loader = AutomatonLoader(context, access: nil)
    loader.automaton = automaton
    loader.compileScripts()
    loader.check(options)
    guard !problems.hasErrors else { throw RefusedFile(problems.sorted) }
    return LoadedAutomaton(automaton: automaton, warnings: problems.sorted)
  }
}
