import Automata
import JSON
import YAML

/// A project of the graphical editor, `.aeth`: several automata with networks, pictures and settings, as JSON.
///
/// Everything that the engine does not know (colours, control points, guards of later versions, settings) is kept when
/// automata are replaced.
public struct ProjectFile: Sendable {
  public static let schemaVersion = "1.0.0"

  public private(set) var document: JSONObject
  /// The text and its places, for problems; `nil` when the project was not read from a file.
  private var source: (text: SourceText, root: FileNode)?
  private var file = ""

  /// An empty project with the settings that the editor begins with.
  public init(name: String) {
    document = [
      "schemaVersion": .string(ProjectFile.schemaVersion),
      "metadata": [
        "name": .string(name), "version": "1.0.0", "description": "", "author": "", "tags": [],
      ],
      "networks": [],
      "automata": [:],
      "settings": ProjectFile.settings,
    ]
  }

  private static let settings: JSON = [
    "defaultLanguage": "lua", "autoSaveInterval": 30_000, "defaultLayoutType": "inline", "codeFolderPath": "src",
    "editor": [
      "snapToGrid": true, "gridSize": 20, "autoLayout": true, "showMinimap": true, "transitionStyle": "bezier",
      "animationSpeed": 300,
    ],
    "build": ["outputFormat": "yaml", "includeDebugInfo": true, "targetPlatforms": ["linux"]],
  ]

  /// Reads a project. Its automata are checked when they are asked for.
  public init(reading bytes: [UInt8], file: String = "") throws(RefusedFile) {
    let problems = Problems(file: file)
    guard let (root, value) = PlacedJSON.parse(bytes, problems) else { throw RefusedFile(problems.sorted) }
    guard case .object(let object) = value else {
      problems.error(.wrongKind, root.position, "a project is an object", accepted: ["{\"schemaVersion\": ...}"])
      throw RefusedFile(problems.sorted)
    }
    document = object
    self.file = file
    source = (SourceText(bytes, breaks: .lineFeed), root)
    ProjectFile.check(root, problems)
    if problems.hasErrors { throw RefusedFile(problems.sorted) }
  }

  private static func check(_ root: FileNode, _ problems: Problems) {
    if let version = root.member("schemaVersion") {
      let text = version.value.string
      if text?.hasPrefix("1.") != true {
        problems.error(
          .unknownValue, version.value.position, "\"schemaVersion\" is \(text.map { "\"\($0)\"" } ?? "no text")",
          accepted: [schemaVersion])
      }
    } else {
      problems.error(
        .missingKey, root.position, "a project needs \"schemaVersion\"", fix: "write \"\(schemaVersion)\"")
    }
    guard let automata = root.member("automata") else {
      problems.error(.missingKey, root.position, "a project needs \"automata\"", fix: "write {}")
      return
    }
    guard case .mapping(let members) = automata.value.content else {
      problems.error(.wrongKind, automata.value.position, "\"automata\" is an object of automata by their id")
      return
    }
    for member in members {
      guard case .mapping = member.value.content else {
        problems.error(.wrongKind, member.value.position, "the automaton \"\(member.name)\" is an object")
        continue
      }
    }
  }

  /// In the order of the file.
  public var automatonIDs: [String] { document["automata"]?.objectValue?.names ?? [] }

  /// One automaton as a model.
  ///
  /// - Throws: everything that is wrong with it; an unknown id is a problem too.
  public func automaton(_ id: String, options: LoadOptions = LoadOptions()) throws(RefusedFile) -> LoadedAutomaton {
    let problems = Problems(file: file)
    guard let value = document["automata"]?[id] else {
      problems.unknown(
        .unknownName, nil, "the project has no automaton \"\(id)\"", word: id, accepted: automatonIDs)
      throw RefusedFile(problems.sorted)
    }
    let context: FileContext
    let node: FileNode
    if let source, let placed = source.root["automata"]?[id] {
      context = FileContext(source: source.text, problems: problems, strictUnits: options.strictUnits)
      node = placed
    } else {
      // Its places are those of the text that it would be written as.
      let bytes = value.bytes(.pretty)
      guard let (placed, _) = PlacedJSON.parse(bytes, problems) else { throw RefusedFile(problems.sorted) }
      context = FileContext(
        source: SourceText(bytes, breaks: .lineFeed), problems: problems, strictUnits: options.strictUnits)
      node = placed
    }
    let document = ProjectReader(id: id, context: context).document(of: node)
    if problems.hasErrors { throw RefusedFile(problems.sorted) }
    return try AutomatonFile.load(document, context, options: options, access: nil)
  }

  /// Puts a model in the place of an automaton, or adds it. What the editor keeps beside the model stays: of states
  /// and transitions, with those of the same name.
  public mutating func set(_ automaton: Automaton, id: String) throws(UnwritableModel) {
    var automata = document["automata"]?.objectValue ?? JSONObject()
    let written = try ProjectWriter(automaton, over: automata[id]?.objectValue ?? JSONObject(), id: id).object()
    automata[id] = .object(written)
    document["automata"] = .object(automata)
    source = nil
  }

  public mutating func remove(_ id: String) {
    guard var automata = document["automata"]?.objectValue else { return }
    automata[id] = nil
    document["automata"] = .object(automata)
    source = nil
  }

  public var bytes: [UInt8] { JSON.object(document).bytes(.pretty) + [0x0A] }
}
