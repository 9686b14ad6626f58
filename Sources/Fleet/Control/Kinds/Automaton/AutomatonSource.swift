import Automata
import AutomataHost
import AutomatonFiles
import JSON
import Model

extension AutomatonSpec {
  /// Reads the source; the policy for errors is that of the specification.
  ///
  /// - Throws: `INVALID` for `spec.source`; the message begins with line and column in the source.
  public func automaton() throws(APIError) -> Automaton {
    var automaton: Automaton
    do {
      automaton = try AutomatonFile.load(Array(source.utf8)).automaton
    } catch {
      let errors = error.problems.filter { $0.severity == .error }
      let shown = errors.prefix(10).map(\.description).joined(separator: "\n")
      let rest = errors.count > 10 ? "\n\(errors.count - 10) more" : ""
      throw APIError(.invalid, "spec.source: \(shown)\(rest)", field: "spec.source")
    }
    switch errorAction {
    case .continue: automaton.errorPolicy = .continue
    case .stop: automaton.errorPolicy = .stop
    case .faultState(let name):
      guard let state = automaton.state(named: Array(name.utf8)) else {
        throw .invalid(
          "spec.errorPolicy.state", "is \"\(name.prefix(80))\"",
          accepted: AutomatonSpec.names(automaton.states.map(\.name)))
      }
      automaton.errorPolicy = .faultState(state)
    case nil: break
    }
    return automaton
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
      links: links)
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
