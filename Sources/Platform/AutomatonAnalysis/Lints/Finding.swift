import Automata

/// Something about a model that it can be run with, and that its author would hardly want.
public struct Finding: Sendable, Equatable {
  public enum Severity: String, Sendable, CaseIterable {
    /// It fails whenever it is run.
    case error
    /// It does not do what it says.
    case warning
    /// It may well be meant.
    case note
  }

  /// The names are for configuration and programs and do not change.
  public enum Rule: String, Sendable, CaseIterable {
    case scriptError = "script-error"
    case unreachableState = "unreachable-state"
    case trapState = "trap-state"
    case bodyNeverRuns = "body-never-runs"
    case deadTransition = "dead-transition"
    case shadowedTransition = "shadowed-transition"
    case blockedTransition = "blocked-transition"
    case ambiguousTie = "ambiguous-tie"
    case restlessCycle = "restless-cycle"
    case unknownSignal = "unknown-signal"
    case signalType = "signal-type"
    case zeroWeight = "zero-weight"
    case weightWithoutEffect = "weight-without-effect"
    case repeatWithoutEvery = "repeat-without-every"
    case optionWithoutEffect = "option-without-effect"
    case unusedVariable = "unused-variable"
    case unreadVariable = "unread-variable"
    case unwrittenVariable = "unwritten-variable"
    case unwrittenOutput = "unwritten-output"
    case writtenInput = "written-input"
    case unknownName = "unknown-name"
    case conditionWithEffect = "condition-with-effect"
  }

  public var rule: Rule
  public var severity: Severity
  public var subject: ModelProblem.Subject
  /// Name of the subject.
  public var name: String
  /// The key of the subject that it is about, such as `on_enter`; `nil` for the subject as a whole.
  public var key: String?
  /// Place in the script under `key`, from 1.
  public var line: Int?
  public var column: Int?
  /// What is wrong.
  public var message: String
  /// What to do about it.
  public var fix: String
}

extension Finding {
  /// `state`, `transition`, ...
  public var subjectKind: String {
    switch subject {
    case .automaton: "automaton"
    case .state, .observableState: "state"
    case .transition: "transition"
    case .variable: "variable"
    case .port: "port"
    case .resource: "resource"
    }
  }

  /// Position of the subject in the model's list of its kind.
  public var subjectIndex: Int {
    switch subject {
    case .automaton: 0
    case .state(let index), .transition(let index), .variable(let index), .port(let index), .resource(let index),
      .observableState(let index):
      index
    }
  }
}
