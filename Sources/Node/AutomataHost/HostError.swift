import Automata
import Linux

/// Why the host did not do what it was asked. Nothing has changed then.
public enum HostError: Error, Sendable, Equatable, CustomStringConvertible {
  case noSuchAutomaton(String)
  /// A variable, state or other name that the automaton does not have, and those that it has.
  case unknown(what: String, name: String, accepted: [String])
  /// A value that cannot become one of the variable's type.
  case value(name: String, given: String, type: String)
  /// The automaton is not in a state for it.
  case refused(String)
  case cycle([String])
  case tooMany(Int)
  case storage(LinuxError)

  /// One CamelCase word for programs.
  public var code: String {
    switch self {
    case .noSuchAutomaton: "NoSuchAutomaton"
    case .unknown: "UnknownName"
    case .value: "WrongType"
    case .refused: "WrongState"
    case .cycle: "Cycle"
    case .tooMany: "TooMany"
    case .storage: "Storage"
    }
  }

  public var description: String {
    switch self {
    case .noSuchAutomaton(let id): "automaton \(id) is not on this node"
    case .unknown(let what, let name, let accepted):
      "there is no \(what) \"\(name)\"; accepted: \(accepted.isEmpty ? "none" : accepted.joined(separator: ", "))"
    case .value(let name, let given, let type): "\(name) is \(given), which is no \(type)"
    case .refused(let reason): reason
    case .cycle(let path): "the connections form a cycle without a delayed one: \(path.joined(separator: " -> "))"
    case .tooMany(let limit): "this node runs \(limit) automata already"
    case .storage(let error): "the snapshot is not written: \(error)"
    }
  }

  init(_ error: EngineError) {
    switch error {
    case .notRunning: self = .refused("the automaton is not running")
    case .alreadyRunning: self = .refused("the automaton is running already")
    case .notPaused: self = .refused("the automaton is not paused")
    case .unknownVariable: self = .unknown(what: "variable", name: "", accepted: [])
    case .unknownState: self = .unknown(what: "state", name: "", accepted: [])
    case .wrongDirection: self = .refused("the variable has another direction")
    case .typeMismatch: self = .refused("the value does not fit the variable's type")
    case .notASnapshot: self = .refused("the snapshot is damaged")
    case .foreignSnapshot: self = .refused("the snapshot is of another automaton")
    case .inconsistentSnapshot: self = .refused("the snapshot contradicts itself")
    case .script(let fault): self = .refused("script: \(String(decoding: fault.message, as: UTF8.self))")
    }
  }
}
