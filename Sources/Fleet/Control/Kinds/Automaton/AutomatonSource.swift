import Automata
import AutomataHost
import AutomatonFiles
import AutomatonRuns
import JSON
import Model

extension AutomatonSpec {
  /// Reads the source; the policy for errors is that of the specification.
  ///
  /// - Throws: `INVALID` for `spec.source`; the message begins with line and column in the source.
  public func automaton() throws(APIError) -> Automaton {
    try loaded().automaton
  }

  /// Where a script that failed stands in the source, as `FILE:LINE:COLUMN`, or `LINE:COLUMN` when no file is known.
  ///
  /// - Returns: `nil` when the source has no lines, or no such script.
  public func place(of failure: ScriptFailure) -> String? {
    guard let loaded = try? loaded() else { return nil }
    let model = loaded.automaton
    let parts: [(ScriptPlace.Part, Bool, (Int) -> SourceMap.Script)] = [
      (.onEnter, true, SourceMap.Script.onEnter), (.body, true, SourceMap.Script.body),
      (.onExit, true, SourceMap.Script.onExit), (.file, true, SourceMap.Script.file),
      (.condition, false, SourceMap.Script.condition), (.transitionBody, false, SourceMap.Script.transitionBody),
      (.triggered, false, SourceMap.Script.triggered), (.weight, false, SourceMap.Script.weightExpression),
      (.file, false, SourceMap.Script.transitionFile),
    ]
    let title = Array(failure.script.utf8)
    for (part, isState, script) in parts {
      for index in 0..<(isState ? model.states.count : model.transitions.count) {
        let owner = isState ? ScriptPlace.Owner.state(index) : ScriptPlace.Owner.transition(index)
        guard ScriptPlace(part: part, owner: owner).title(model.name(of: owner)) == title,
          let place = loaded.sources.place(of: script(index), line: max(1, failure.line))
        else { continue }
        return place.description
      }
    }
    return nil
  }

  private func loaded() throws(APIError) -> LoadedAutomaton {
    var loaded: LoadedAutomaton
    do {
      loaded = try AutomatonFile.loadAny(source, file: sourceFile)
    } catch {
      let errors = error.problems.filter { $0.severity == .error }
      let shown = errors.prefix(10).map(\.description).joined(separator: "\n")
      let rest = errors.count > 10 ? "\n\(errors.count - 10) more" : ""
      throw APIError(.invalid, "spec.source: \(shown)\(rest)", field: "spec.source")
    }
    switch errorAction {
    case .continue: loaded.automaton.errorPolicy = .continue
    case .stop: loaded.automaton.errorPolicy = .stop
    case .faultState(let name):
      guard let state = loaded.automaton.state(named: Array(name.utf8)) else {
        throw .invalid(
          "spec.errorPolicy.state", "is \"\(name.prefix(80))\"",
          accepted: AutomatonSpec.names(loaded.automaton.states.map(\.name)))
      }
      loaded.automaton.errorPolicy = .faultState(state)
    case nil: break
    }
    return loaded
  }

  /// What the host is told.
  ///
  /// - Parameter compile: gives the compiled form, one for all that are equal.
  public func hosted(
    _ id: WorkloadID, _ key: ResourceKey,
    compile: (Automaton, Semantics?) throws(CompiledAutomaton.Failure) -> CompiledAutomaton
  ) throws(APIError) -> HostedSpec {
    let automaton = try automaton()
    let compiled: CompiledAutomaton
    do {
      compiled = try compile(automaton, semantics)
    } catch {
      throw APIError(.invalid, "spec.source: \(error)", field: "spec.source")
    }
    var options = RunOptions()
    options.semantics = semantics
    options.seed = seed
    options.tickLength = tick
    options.instructions = instructions
    options.memory = Int(memoryBytes)
    return HostedSpec(
      id: id, owner: key.owner, name: key.name, automaton: compiled, revision: fingerprint.text,
      liveRevision: liveFingerprint.text, options: options, inputs: try inputs(of: automaton), isSuspended: isSuspended,
      links: links, trace: trace)
  }

  func inputs(of automaton: Automaton) throws(APIError) -> [HostedSpec.Input] {
    var values: [HostedSpec.Input] = []
    for member in inputs.members {
      let field = "spec.inputs.\(member.name)"
      guard let index = automaton.variable(named: Array(member.name.utf8)),
        automaton.variables[index].direction == .input
      else {
        let known = automaton.variables.filter { $0.direction == .input }.map(\.name)
        throw .invalid(field, "is no input", accepted: AutomatonSpec.names(known))
      }
      let type = automaton.variables[index].type
      guard let value = AutomatonValue(json: member.value, type: type) else {
        throw .invalid(field, "is \(member.value.text().prefix(80))", accepted: type.word)
      }
      values.append(HostedSpec.Input(variable: index, value: value))
    }
    return values
  }

  private static func names(_ names: [Name]) -> String {
    names.isEmpty ? "none" : names.prefix(40).map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
  }
}
