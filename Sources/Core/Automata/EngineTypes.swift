import Script

/// How an engine runs.
public struct EngineOptions: Sendable {
  /// Every random stream of the run follows from it.
  public var seed: UInt64
  public var budget: Budget
  /// Time of the wall clock when the engine's own clock shows 0, in milliseconds since 1970.
  public var epoch: Int64
  public var observed: Observation

  public init(
    seed: UInt64 = 0, budget: Budget = Budget(instructions: 100_000, memory: 256 << 10), epoch: Int64 = 0,
    observed: Observation = .all
  ) {
    self.seed = seed
    self.budget = budget
    self.epoch = epoch
    self.observed = observed
  }
}

/// Which events an engine keeps for its host.
public struct Observation: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static var lifecycle: Observation { Observation(rawValue: 1) }
  public static var transitions: Observation { Observation(rawValue: 2) }
  public static var outputs: Observation { Observation(rawValue: 4) }
  public static var variables: Observation { Observation(rawValue: 8) }
  public static var logs: Observation { Observation(rawValue: 16) }
  public static var errors: Observation { Observation(rawValue: 32) }
  public static var inputs: Observation { Observation(rawValue: 64) }
  public static var all: Observation { Observation(rawValue: 127) }
}

public enum ExecutionState: UInt8, Sendable {
  case unloaded = 0
  case loaded = 1
  case running = 2
  case paused = 3
  case stopped = 4
  case error = 5
}

/// What an engine knows of one state.
struct StateActivity {
  var enteredAt: Int64 = 0
  /// Tick in which it was entered; a threshold holds in the first tick after it.
  var enteredInTick: UInt64 = 0
  /// For history: the child that was active last, -1 for none.
  var lastChild: Int32 = -1
  var isActive = false
  /// Scratch of entering, and of running bodies.
  var isEntering = false
  var isResting = false
}

public enum LogLevel: UInt8, Sendable {
  case trace = 0
  case debug = 1
  case info = 2
  case warning = 3
  case error = 4
}

/// What happened in an engine, in order.
public enum EngineEvent: Sendable, Equatable {
  case started(StateIndex)
  case stopped(StopReason)
  case paused
  case resumed
  case reset
  case restored
  /// The state was set from outside.
  case forced(StateIndex)
  /// The error policy went to the fault state.
  case faulted(StateIndex)
  case transition(index: Int, from: StateIndex, to: StateIndex)
  case input(variable: Int, AutomatonValue)
  case output(variable: Int, AutomatonValue)
  case variable(index: Int, AutomatonValue)
  /// An event without a variable was raised from outside.
  case raised(Name)
  case log(LogLevel, [UInt8])
  case printed([UInt8])
  case error(EngineFault)
}

public enum StopReason: UInt8, Sendable {
  /// Someone asked for it.
  case asked = 1
  /// No enabled transition leads out of the current state.
  case terminalState = 2
  /// The error policy is to stop.
  case error = 3
}

/// An error of a script while the automaton ran.
public struct EngineFault: Error, Sendable, Equatable {
  public var place: ScriptPlace
  public var fault: ScriptFault
}

/// Why a call of an engine was refused. Nothing has changed then.
public enum EngineError: Error, Sendable, Equatable {
  case notRunning
  case alreadyRunning
  case notPaused
  case unknownVariable
  case unknownState
  /// `setInput` is for inputs, `setVariable` for outputs and internal variables.
  case wrongDirection
  /// The value cannot become one of the variable's type.
  case typeMismatch
  case notASnapshot
  /// The snapshot is of another model, semantics or seed.
  case foreignSnapshot
  /// The snapshot is of this automaton, but what it says cannot be, such as two states that exclude each other.
  case inconsistentSnapshot
  /// The machine of the scripts cannot be saved or restored; the text says why.
  case script(ScriptFault)
}
