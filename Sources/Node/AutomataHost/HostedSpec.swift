import Automata
import JSON

/// What the host is told to run.
public struct HostedSpec: Sendable {
  /// Names it on the node, and its snapshot; letters, digits and `-`.
  public var id: String
  public var owner: String
  /// Unique among those of an owner; connections use it.
  public var name: String
  public var automaton: CompiledAutomaton
  /// Names everything that only a new run can take on: source, semantics, seed, tick, budgets.
  public var revision: String
  /// Names what a running automaton can take on: inputs, connections, whether it is suspended.
  public var liveRevision: String
  /// Seed, length of a tick, budgets; clock and epoch are the host's.
  public var options: RunOptions
  /// Set before the automaton begins.
  public var inputs: [Input]
  public var isSuspended: Bool
  public var links: [Link]
  /// What is kept of its trace on disk; `nil`: only the latest lines, in memory.
  public var trace: TraceKeeping?

  public struct Input: Sendable, Equatable {
    public var variable: Int
    public var value: AutomatonValue
    public init(variable: Int, value: AutomatonValue) {
      self.variable = variable
      self.value = value
    }
  }

  public init(
    id: String, owner: String, name: String, automaton: CompiledAutomaton, revision: String,
    liveRevision: String = "", options: RunOptions = RunOptions(), inputs: [Input] = [], isSuspended: Bool = false,
    links: [Link] = [], trace: TraceKeeping? = TraceKeeping()
  ) {
    self.id = id
    self.owner = owner
    self.name = name
    self.automaton = automaton
    self.revision = revision
    self.liveRevision = liveRevision
    self.options = options
    self.inputs = inputs
    self.isSuspended = isSuspended
    self.links = links
    self.trace = trace
  }
}

/// What a user does to a running automaton.
public enum LiveCommand: Sendable, Equatable {
  /// All or none of them.
  case set([HostedSpec.Input])
  case raise(Name)
  case pause
  case resume
  /// So many ticks of a paused automaton.
  case step(Int)
  case stop
  case start
  case reset
  case force(StateIndex)
}

/// How an automaton stands.
public struct AutomatonStatus: Sendable, Equatable {
  public struct Variable: Sendable, Equatable {
    public var name: String
    public var direction: Automata.Variable.Direction
    public var type: ValueType
    public var value: AutomatonValue
  }

  public var id: String
  public var owner: String
  public var name: String
  public var revision: String
  public var liveRevision: String
  public var execution: ExecutionState
  /// As its specification says; the execution may differ since someone paused or resumed it.
  public var isSuspended: Bool
  /// Innermost active states.
  public var states: [String]
  public var variables: [Variable]
  public var counters: Counters
  /// The latest error of a script.
  public var lastError: ScriptFailure?
  /// When an error of a script stopped it, in milliseconds since 1970; `nil` while it is not stopped so.
  public var failedAt: Int64?
  /// When it was begun last: at first, by a start or by a reset.
  public var beganAt: Int64
  /// Connections from and to it that carry nothing, and why.
  public var linkProblems: [String]
  /// When it began, in milliseconds since 1970.
  public var startedAt: Int64
  /// Milliseconds of its clock at the last tick.
  public var time: Int64
  /// Whether it does nothing until its next deadline or input.
  public var isResting: Bool

  public var outputs: [Variable] { variables.filter { $0.direction == .output } }
}

/// An error of a script, as its line of the trace tells it.
public struct ScriptFailure: Sendable, Equatable {
  /// Which script, for example `on_enter of heating`.
  public var script: String
  /// Line of the script, from 1; 0 when there is none.
  public var line: Int
  /// Begins with script and line where there is one.
  public var message: String

  public init(script: String, line: Int, message: String) {
    self.script = script
    self.line = line
    self.message = message
  }

  /// - Returns: `nil` for what is no such line.
  init?(traceLine line: [UInt8]) {
    guard let json = try? JSON.parse(line), let script = json["in"]?.stringValue,
      let message = json["message"]?.stringValue
    else { return nil }
    self.init(script: script, line: Int(clamping: json["line"]?.integerValue ?? 0), message: message)
  }

  public var text: String { message.hasPrefix(script) ? message : "\(script): \(message)" }
}

/// Figures of one automaton, or of all of a node.
public struct Counters: Sendable, Equatable {
  public var ticks: UInt64 = 0
  public var transitions: UInt64 = 0
  public var errors: UInt64 = 0
  /// Ticks that came so late that the next was due already.
  public var skippedTicks: UInt64 = 0
  /// The most that a tick came late, in milliseconds.
  public var latenessMax: Int64 = 0
  public var latenessSum: Int64 = 0

  public init() {}

  mutating func add(_ other: Counters) {
    ticks += other.ticks
    transitions += other.transitions
    errors += other.errors
    skippedTicks += other.skippedTicks
    latenessMax = max(latenessMax, other.latenessMax)
    latenessSum += other.latenessSum
  }
}

/// A specification that several hold: it is large, and there are many.
final class SharedSpec: Sendable {
  let spec: HostedSpec

  init(_ spec: HostedSpec) { self.spec = spec }
}
