import Automata
import YAML

/// Builds a model from a document, and reports all that it cannot use. One instance reads one file.
final class AutomatonLoader {
  let context: FileContext
  /// `nil`: all scripts stand in the document.
  let access: FileAccess?
  var automaton = Automaton(name: [])
  var sources = SourceMap()
  /// Positions in the model by name.
  var stateIndexes: [NameKey: Int] = [:]
  var variableIndexes: [NameKey: Int] = [:]
  /// Variables whose direction the file leaves open: the lists of states decide.
  var openDirections: Set<Int> = []
  var checked = CheckedScripts()

  var problems: Problems { context.problems }

  init(_ context: FileContext, access: FileAccess?) {
    self.context = context
    self.access = access
  }

  func place(_ position: YAMLPosition) -> SourcePlace { SourcePlace(file: problems.file, position: position) }

  // MARK: Document

  func readDocument(_ root: FileNode) {
    let document = Fields(root, .document, context)
    document.validate("version")
    sources.set(.automaton, place(root.position))
    if let config = document.section("config", .config) { readConfig(config) }
    readVariables(document)
    if let automata = document.section("automata", .automata) {
      let states = readStates(automata)
      readInitialState(automata)
      readReferences(states)
      readTransitions(automata)
      readErrorPolicy(automata)
    }
    if let contract = document.section("black_box", .blackBox) { readBlackBox(contract) }
    if automaton.layout == .folder, let access { readFolder(access) }
  }

  private func readConfig(_ config: Fields) {
    automaton.name = config.text("name") ?? []
    automaton.version = config.text("version") ?? []
    automaton.description = config.text("description") ?? []
    automaton.author = config.text("author") ?? []
    automaton.tags = config.names("tags")
    if config.choice("type") == "folder" { automaton.layout = .folder }
    if let location = config.text("location") { automaton.location = location }
    _ = config.choice("language")
    switch config.choice("semantics") {
    case "strict": automaton.semantics = .strict
    case "compat": automaton.semantics = .compat
    default: break
    }
    if let target = config.section("target", .target) { readTarget(target) }
  }

  private func readTarget(_ target: Fields) {
    automaton.target.profile = Array((target.choice("profile") ?? "").utf8)
    guard let board = target.section("esp32", .board) else { return }
    for item in board.list("resources") {
      guard let fields = item.fields else { continue }
      automaton.target.resources.append(
        HardwareResource(kind: fields.text("kind") ?? [], name: fields.text("name") ?? [], pins: fields.pins()))
    }
    for item in board.list("components") {
      var component = HardwareComponent(name: item.text.map { Array($0.utf8) } ?? item.fields?.text("name") ?? [])
      component.manifest = item.fields?.text("manifest") ?? []
      component.registration = item.fields?.text("registration") ?? []
      automaton.target.components.append(component)
    }
  }

  // MARK: States named elsewhere

  /// The state of a name; none for an unknown one, which is reported.
  func state(_ key: StaticString, in fields: Fields) -> StateIndex? {
    guard let name = fields.string(key) else { return nil }
    return state(named: name, fields.node(key)?.position ?? fields.position, "\"\(key)\"")
  }

  func state(named name: String, _ position: YAMLPosition, _ what: @autoclosure () -> String) -> StateIndex? {
    if let index = stateIndexes[NameKey(name)] { return StateIndex(index) }
    problems.unknown(
      .unknownName, position, "\(what()) is \"\(name)\", which is no state", word: name,
      accepted: automaton.states.map { String(decoding: $0.name, as: UTF8.self) })
    return nil
  }

  private func readInitialState(_ automata: Fields) {
    if automata.has("initial_state") {
      automaton.initialState = state("initial_state", in: automata) ?? .none
      sources.set(.initialState, place(automata.position(of: "initial_state")))
    } else if let first = automaton.states.firstIndex(where: { $0.parent.isNone }) {
      automaton.initialState = StateIndex(first)
    }
  }

  private func readErrorPolicy(_ automata: Fields) {
    sources.set(
      .errorPolicy, place(automata.position(of: automata.has("error_policy") ? "error_policy" : "fault_state")))
    let fault = state("fault_state", in: automata)
    switch automata.choice("error_policy") {
    case "stop": automaton.errorPolicy = .stop
    case "fault_state":
      if let fault {
        automaton.errorPolicy = .faultState(fault)
      } else if !automata.has("fault_state") {
        problems.error(
          .missingKey, automata.position(of: "error_policy"), "error_policy fault_state needs \"fault_state\"",
          fix: "name the state")
      }
    case nil where fault != nil && !automata.has("error_policy"): automaton.errorPolicy = .faultState(fault ?? .none)
    default: break
    }
    if automata.has("fault_state"), automata.has("error_policy"), automata.choice("error_policy") != "fault_state" {
      problems.warning(
        .noEffect, automata.position(of: "fault_state"), "\"fault_state\" has no effect with this error_policy",
        fix: "write error_policy: fault_state")
    }
  }
}

extension Fields {
  /// The numbers of `pins`.
  func pins() -> [Int32] {
    items("pins").compactMap { item in
      if let number = context.source.spelling(of: item).flatMap(ValueText.whole), let pin = Int32(exactly: number) {
        return pin
      }
      context.problems.error(.wrongKind, item.position, "a pin is a whole number")
      return nil
    }
  }
}
