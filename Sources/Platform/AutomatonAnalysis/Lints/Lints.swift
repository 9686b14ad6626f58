import Automata
import Script
import Spelling

/// Looks for what is probably a mistake in one model.
public struct Lints {
  let automaton: Automaton
  let semantics: Semantics
  let scripts: ModelScripts
  let flow: TransitionFlow
  private(set) var findings: [Finding] = []

  /// - Parameters:
  ///   - automaton: one without structural problems (`Automaton.problems()`).
  ///   - semantics: the rules that it is going to be run by; its own, or `strict`, without.
  /// - Returns: findings by subject, automaton first, then states, transitions and variables in order of declaration.
  public static func check(_ automaton: Automaton, semantics: Semantics? = nil) -> [Finding] {
    guard automaton.problems().isEmpty else { return [] }
    let scripts = ModelScripts(automaton)
    let chosen = semantics ?? automaton.semantics ?? .strict
    var lints = Lints(
      automaton: automaton, semantics: chosen, scripts: scripts, flow: TransitionFlow(automaton, scripts, chosen))
    lints.checkScripts()
    lints.checkStates()
    lints.checkTransitions()
    lints.checkChoices()
    lints.checkCycles()
    lints.checkVariables()
    func rank(_ finding: Finding) -> Int {
      switch finding.subject {
      case .automaton: 0
      case .state, .observableState: 1
      case .transition: 2
      case .variable: 3
      case .port: 4
      case .resource: 5
      }
    }
    return lints.findings.enumerated().sorted { left, right in
      (rank(left.element), left.element.subjectIndex, left.offset)
        < (rank(right.element), right.element.subjectIndex, right.offset)
    }.map(\.element)
  }

  private init(automaton: Automaton, semantics: Semantics, scripts: ModelScripts, flow: TransitionFlow) {
    self.automaton = automaton
    self.semantics = semantics
    self.scripts = scripts
    self.flow = flow
  }

  mutating func add(
    _ rule: Finding.Rule, _ severity: Finding.Severity, _ subject: ModelProblem.Subject, key: String? = nil,
    line: Int? = nil, column: Int? = nil, _ message: String, fix: String
  ) {
    findings.append(
      Finding(
        rule: rule, severity: severity, subject: subject, name: name(of: subject), key: key, line: line,
        column: column, message: message, fix: fix))
  }

  func name(of subject: ModelProblem.Subject) -> String {
    switch subject {
    case .automaton: ModelText.text(automaton.name)
    case .state(let index): ModelText.text(automaton.states[index].name)
    case .transition(let index): ModelText.text(automaton.transitions[index].name)
    case .variable(let index): ModelText.text(automaton.variables[index].name)
    case .port, .resource, .observableState: ""
    }
  }

  func stateName(_ index: StateIndex) -> String { name(of: .state(index.index)) }

  // MARK: Scripts

  private mutating func checkScripts() {
    let variables = Set(automaton.variables.map(\.name))
    let inputs = Set(automaton.variables.filter { $0.direction == .input }.map(\.name))
    var known = variables.union(ModelScripts.engineNames).union(ScriptCompiler.libraryNames)
    for script in scripts.all { known.formUnion(script.writes) }
    for script in scripts.all {
      if let error = script.error {
        add(
          .scriptError, semantics == .strict ? .error : .warning, script.subject, key: script.key,
          line: Int(error.line), column: Int(error.column), ModelText.text(error.message),
          fix: semantics == .strict
            ? "correct the script; the automaton cannot be loaded with it"
            : "correct the script; a condition that is no program is false, any other script is skipped")
        continue
      }
      for name in script.reads.subtracting(known).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        let text = ModelText.text(name)
        let isLookup = script.lookedUp.contains(name)
        add(
          .unknownName, isLookup ? .error : .warning, script.subject, key: script.key, line: script.readLines[name],
          isLookup
            ? "there is no variable \"\(text)\" to look up: the call fails"
            : "\"\(text)\" is no variable, and no script gives it a value: it is nil",
          fix: Self.closest(text, known).map { "did you mean \"\($0)\"? otherwise declare the variable" }
            ?? "declare the variable, or give it a value before")
      }
      for name in script.lookedUp.intersection(script.writes).subtracting(variables) {
        add(
          .unknownName, .error, script.subject, key: script.key, line: script.writeLines[name],
          "there is no variable \"\(ModelText.text(name))\" to write: the call fails", fix: "declare the variable")
      }
      for name in script.writes.intersection(inputs).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        add(
          .writtenInput, .error, script.subject, key: script.key, line: script.writeLines[name],
          "the input \"\(ModelText.text(name))\" is written: only the outside sets inputs, so the value is lost",
          fix: "declare \"\(ModelText.text(name))\" as internal or output, or write another variable")
      }
      if script.key == "condition" || script.key == "weight_expression", !script.writes.isEmpty {
        let names = script.writes.map(ModelText.text).sorted().joined(separator: ", ")
        add(
          .conditionWithEffect, .warning, script.subject, key: script.key, line: script.writeLines.values.min(),
          "it writes \(names) whenever it is looked at, also when the transition is not taken",
          fix: "move the assignment to the body of the transition")
      }
    }
  }

  /// The known name that differs by one or two letters.
  static func closest(_ word: String, _ names: Set<Name>) -> String? {
    Spelling.nearest(
      to: word, among: names.map(ModelText.text).sorted(), editsMax: word.count > 4 ? 2 : 1, ignoresCase: true)
  }
}
