import Automata
import YAML

/// How strictly files are read.
public struct LoadOptions: Sendable {
  /// Durations without a unit are refused, instead of a warning.
  public var strictUnits: Bool
  /// Checks the limits of this profile instead of the one that the file names.
  public var profile: TargetProfile?

  public init(strictUnits: Bool = false, profile: TargetProfile? = nil) {
    self.strictUnits = strictUnits
    self.profile = profile
  }
}

/// An automaton with what its file tells beyond the model.
public struct LoadedAutomaton: Sendable {
  public var automaton: Automaton
  /// In the order of the file; none is an error.
  public var warnings: [FileProblem]
  public var sources: SourceMap

  public init(automaton: Automaton, warnings: [FileProblem] = [], sources: SourceMap = SourceMap()) {
    self.automaton = automaton
    self.warnings = warnings
    self.sources = sources
  }
}

/// The YAML form of an automaton; its keys are listed in docs/automata-files.md.
public enum AutomatonFile {
  /// Files may be larger than API objects. A map holds up to 8192 names; as a list, states may be more.
  public static let limits = YAMLLimits(
    depthMax: 64, sizeMax: 16 << 20, nodesMax: 2_000_000, membersMax: 8192, documentsMax: 2)

  /// Reads a file completely: keys, values, references, structure, scripts, limits of its target.
  ///
  /// - Parameter file: what problems name.
  /// - Parameter access: reaches the scripts of a folder layout, relative to the folder of `file`.
  /// - Throws: everything that is wrong in the file.
  public static func load(
    _ text: [UInt8], file: String = "", options: LoadOptions = LoadOptions(), access: FileAccess = .none
  ) throws(RefusedFile) -> LoadedAutomaton {
    let problems = Problems(file: file)
    guard let root = parse(text, problems) else { throw RefusedFile(problems.sorted) }
    let context = FileContext(source: SourceText(text), problems: problems, strictUnits: options.strictUnits)
    return try load(root, context, options: options, access: access)
  }

  /// - Parameter access: `nil` when the scripts of a folder layout stand in the document all the same.
  static func load(
    _ root: FileNode, _ context: FileContext, options: LoadOptions, access: FileAccess?
  ) throws(RefusedFile) -> LoadedAutomaton {
    let loader = AutomatonLoader(context, access: access)
    loader.readDocument(root)
    let problems = context.problems
    if !problems.hasErrors { loader.check(options) }
    guard !problems.hasErrors else { throw RefusedFile(problems.sorted) }
    return LoadedAutomaton(automaton: loader.automaton, warnings: problems.sorted, sources: loader.sources)
  }

  /// The only document of a text; `nil` when there is none, which is reported.
  static func parse(_ text: [UInt8], _ problems: Problems) -> FileNode? {
    do {
      let documents = try YAML.parse(text, limits: limits)
      if let document = documents.first, documents.count == 1 { return document.root }
      problems.error(
        .syntax, documents.dropFirst().first?.root.position,
        documents.isEmpty ? "the file is empty" : "the file has more than one document", fix: "write one document")
    } catch {
      switch error.reason {
      case .tooLarge, .tooDeep, .tooManyNodes, .tooManyMembers, .tooManyDocuments, .aliasesTooLarge:
        problems.error(.limit, error.position, error.message)
      default: problems.error(.syntax, error.position, error.message)
      }
    }
    return nil
  }
}
