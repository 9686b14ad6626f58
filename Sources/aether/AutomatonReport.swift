import Automata
import AutomatonAnalysis
import AutomatonFiles
import JSON
import YAML

/// What a check of one file found.
struct AutomatonReport {
  let file: String
  /// What is in it, for people: `1 automaton, 4 states, ...`.
  private(set) var contents = ""
  private(set) var problems: [FileProblem] = []

  var isAccepted: Bool { !problems.contains { $0.severity == .error } }

  init(_ bytes: [UInt8], _ path: String, options: LoadOptions, lints: Bool) {
    file = path
    let access = FileAccess.disk(folder: FileAccess.folder(of: path))
    do {
      switch AutomatonForm(of: bytes) {
      case .project:
        let project = try ProjectFile(reading: bytes, file: path)
        for id in project.automatonIDs { try add(project.automaton(id, options: options), lints: lints) }
        contents = "project with \(AutomatonReport.count(project.automatonIDs.count, "automaton", "automata"))"
      case .yaml where CompositionFile.isComposition(bytes):
        let loaded = try CompositionFile.load(bytes, file: path, options: options, access: access)
        problems += loaded.warnings
        let composition = loaded.composition
        var sources: Set<String> = []
        for (instance, map) in zip(composition.instances, loaded.sources)
        where lints && sources.insert(instance.source + "\u{0}" + instance.automatonID).inserted {
          addLints(LoadedAutomaton(automaton: instance.automaton, sources: map))
        }
        contents =
          AutomatonReport.count(composition.instances.count, "automaton", "automata") + ", "
          + AutomatonReport.count(composition.wires.count, "wire", "wires")
      default:
        let loaded = try AutomatonFile.loadAny(bytes, file: path, options: options, access: access)
        add(loaded, lints: lints)
        contents =
          AutomatonReport.count(loaded.automaton.states.count, "state", "states") + ", "
          + AutomatonReport.count(loaded.automaton.transitions.count, "transition", "transitions") + ", "
          + AutomatonReport.count(loaded.automaton.variables.count, "variable", "variables")
      }
    } catch {
      problems += error.problems
    }
    sort()
  }

  /// In the order of the file; what other files say comes last.
  private mutating func sort() {
    func rank(_ entry: (offset: Int, element: FileProblem)) -> (Int, YAMLPosition, Int) {
      (entry.element.file == file ? 0 : 1, entry.element.position ?? YAMLPosition(line: 0, column: 0), entry.offset)
    }
    problems = problems.enumerated().sorted { rank($0) < rank($1) }.map(\.element)
  }

  private static func count(_ number: Int, _ one: String, _ many: String) -> String {
    "\(number) \(number == 1 ? one : many)"
  }

  private mutating func add(_ loaded: LoadedAutomaton, lints: Bool) {
    problems += loaded.warnings
    if lints { addLints(loaded) }
  }

  // MARK: Lints

  private mutating func addLints(_ loaded: LoadedAutomaton) {
    // What the loader says better already.
    let known: Set<Finding.Rule> = [.scriptError, .unknownSignal]
    for finding in Lints.check(loaded.automaton) where !known.contains(finding.rule) {
      let place = AutomatonReport.place(finding, loaded.sources)
      let owner = finding.name.isEmpty ? finding.subjectKind : "\(finding.subjectKind) \"\(finding.name)\""
      let key = finding.key.map { ", \($0)" } ?? ""
      problems.append(
        FileProblem(
          finding.severity == .error ? .error : .warning, .lint(finding.rule.rawValue), file: place?.file ?? file,
          position: place?.position, "\(owner)\(key): \(finding.message)", fix: finding.fix))
    }
  }

  private static func place(_ finding: Finding, _ sources: SourceMap) -> SourcePlace? {
    if let key = finding.key, let script = script(key, finding.subject) {
      let place = sources.place(of: script, line: finding.line ?? 1, column: finding.column ?? 1)
      if let place { return place }
    }
    return sources.place(of: SourceMap.Part(finding.subject))
  }

  private static func script(_ key: String, _ subject: ModelProblem.Subject) -> SourceMap.Script? {
    switch (subject, key) {
    case (.state(let index), "on_enter"): .onEnter(index)
    case (.state(let index), "on_exit"): .onExit(index)
    case (.state(let index), "file"): .file(index)
    case (.state(let index), "code"), (.state(let index), "body"): .body(index)
    case (.transition(let index), "condition"): .condition(index)
    case (.transition(let index), "weight_expression"): .weightExpression(index)
    case (.transition(let index), "triggered"): .triggered(index)
    case (.transition(let index), "body"): .transitionBody(index)
    case (.transition(let index), "file"): .transitionFile(index)
    default: nil
    }
  }

  /// What keeps an automaton from being bytecode.
  static func problem(_ lost: Bytecode.Unsupported, _ loaded: LoadedAutomaton, file: String) -> FileProblem {
    let place = loaded.sources.place(of: SourceMap.Part(lost.subject))
    return FileProblem(
      .error, .subset, file: place?.file ?? file, position: place?.position,
      "bytecode has no place for this: \(lost.feature)", fix: "use --format yaml or model")
  }

  // MARK: Printing

  /// A line per problem and one for the file.
  var text: String {
    let lines = problems.map { $0.description + "\n" }.joined()
    let errors = problems.count { $0.severity == .error }
    let warnings = problems.count - errors
    let counts = [(errors, "error", "errors"), (warnings, "warning", "warnings")].filter { $0.0 > 0 }
      .map { AutomatonReport.count($0.0, $0.1, $0.2) }
    let summary = (isAccepted ? ["valid", contents] : ["refused"]) + counts
    return lines + "\(file): " + summary.joined(separator: ", ") + "\n"
  }

  var json: JSON {
    ["file": .string(file), "valid": .bool(isAccepted), "problems": .array(problems.map(\.json))]
  }
}
