import Automata
import AutomatonFiles

@testable import AutomataHost

enum Models {
  static let lamp = """
    config: {name: lamp}
    automata:
      states:
        off: {on_enter: 'setOutput("light", false)'}
        on: {on_enter: 'setOutput("light", true); uses = uses + 1'}
      transitions:
        press: {from: off, to: on, type: event, event: {triggers: [{signal: button, trigger: on_rise}]}}
        timeout: {from: on, to: off, type: timed, timed: {mode: after, after: 300ms}}
    variables:
      button: {type: bool, direction: input}
      light: {type: bool, direction: output}
      uses: {type: int}
    """

  /// Doubles what it gets, plus one.
  static let stage = """
    config: {name: stage}
    automata:
      states:
        run: {}
      transitions:
        go: {from: run, to: run, type: event, event: {triggers: [{signal: x, trigger: on_change}]}, body: 'y = x + 1'}
    variables:
      x: {type: double, direction: input}
      y: {type: double, direction: output}
    """

  /// An error stops it when `x` is below 0.
  static let fragile = """
    config: {name: fragile}
    automata:
      error_policy: stop
      states:
        run:
          code: |
            local value = x
            if value < 0 then error("negative") end
      transitions:
        stay: {from: run, to: run, condition: "false"}
    variables:
      x: {type: double, direction: input}
    """

  /// Changes its state at every tick.
  static let busy = """
    config: {name: busy}
    automata:
      states: {a: {}, b: {}}
      transitions:
        ab: {from: a, to: b, type: immediate}
        ba: {from: b, to: a, type: immediate}
    """

  static func compiled(_ text: String) throws -> CompiledAutomaton {
    try CompiledAutomaton(AutomatonFile.load(Array(text.utf8)).automaton)
  }

  static func spec(
    _ text: String, _ name: String = "a", tick: Int64 = 100, revision: String = "1", links: [Link] = []
  ) throws -> HostedSpec {
    var options = RunOptions()
    options.tickLength = tick
    return HostedSpec(
      id: "id-\(name)", owner: "ada", name: name, automaton: try compiled(text), revision: revision, options: options,
      links: links)
  }
}

extension HostedSpec {
  func variable(_ name: String) throws -> Int {
    guard let index = automaton.model.variable(named: Array(name.utf8)) else { throw HostError.noSuchAutomaton(name) }
    return index
  }

  func setting(_ name: String, _ value: AutomatonValue) throws -> LiveCommand {
    .set([Input(variable: try variable(name), value: value)])
  }
}

extension AutomatonStatus {
  func value(_ name: String) -> AutomatonValue? { variables.first { $0.name == name }?.value }
}

extension HostCore {
  func lines(_ id: String) -> [String] {
    String(decoding: self[id]?.buffer.bytes ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
