import Model

/// What the node has of one workload. No observation means that the node has nothing of it.
public enum Observation: Sendable, Equatable {
  case cell(CellObservation)
  case process(ProcessObservation)
  case automaton(AutomatonObservation)
  case app(AppObservation)

  public var workload: WorkloadID {
    switch self {
    case .cell(let cell): cell.workload
    case .process(let process): process.workload
    case .automaton(let automaton): automaton.workload
    case .app(let app): app.workload
    }
  }

  /// Whether `self` tells of a moment before `other`: reports of one workload may overtake each other.
  func isOlder(than other: Observation) -> Bool {
    switch (self, other) {
    case (.cell(let mine), .cell(let theirs)): return mine.createdAt < theirs.createdAt
    case (.process(let mine), .process(let theirs)):
      if mine.run == theirs.run { return mine.isRunning && !theirs.isRunning }
      return mine.run.startedAt < theirs.run.startedAt
    case (.automaton(let mine), .automaton(let theirs)):
      return mine.startedAt == theirs.startedAt ? mine.time < theirs.time : mine.startedAt < theirs.startedAt
    case (.app(let mine), .app(let theirs)): return mine.number < theirs.number
    default: return false
    }
  }

  /// What removes a workload that no resource declares. `nil`: it goes with its cell.
  func orphanCommand(isCellOrphan: (WorkloadID) -> Bool) -> NodeCommand? {
    switch self {
    case .cell(let cell): .removeCell(cell.workload)
    case .automaton(let automaton): .removeAutomaton(automaton.workload)
    case .app(let app): .removeApp(app.workload)
    case .process(let process):
      if isCellOrphan(process.cell) {
        nil
      } else if process.isRunning {
        .stopProcess(process.workload, StopRule())
      } else {
        .removeProcess(process.workload)
      }
    }
  }
}

public struct CellObservation: Sendable, Equatable {
  public var workload: WorkloadID
  /// ``CellSpec/fingerprint`` of the specification it was created from.
  public var fingerprint: Fingerprint
  /// ``CellSpec/liveFingerprint`` of the limits and ports in effect; `nil` when the node cannot tell.
  public var liveFingerprint: Fingerprint?
  public var isPaused: Bool
  public var createdAt: Timestamp

  public init(
    workload: WorkloadID, fingerprint: Fingerprint, liveFingerprint: Fingerprint?, isPaused: Bool, createdAt: Timestamp
  ) {
    self.workload = workload
    self.fingerprint = fingerprint
    self.liveFingerprint = liveFingerprint
    self.isPaused = isPaused
    self.createdAt = createdAt
  }
}

public struct ProcessObservation: Sendable, Equatable {
  public var workload: WorkloadID
  public var cell: WorkloadID
  /// ``ProcessSpec/fingerprint`` of the specification it was started from.
  public var fingerprint: Fingerprint
  public var run: ProcessRun
  /// `nil` while it runs.
  public var exit: ProcessExit?

  public init(
    workload: WorkloadID, cell: WorkloadID, fingerprint: Fingerprint, run: ProcessRun, exit: ProcessExit? = nil
  ) {
    self.workload = workload
    self.cell = cell
    self.fingerprint = fingerprint
    self.run = run
    self.exit = exit
  }

  public var isRunning: Bool { exit == nil }
}

/// One life of a process, told apart from its earlier and later ones by its start.
public struct ProcessRun: Sendable, Equatable {
  /// Process number as the node sees it; 0 when the node no longer knows it.
  public var pid: Int64
  public var startedAt: Timestamp

  public init(pid: Int64, startedAt: Timestamp) {
    self.pid = pid
    self.startedAt = startedAt
  }

  public static func == (left: ProcessRun, right: ProcessRun) -> Bool { left.startedAt == right.startedAt }
}

public struct ProcessExit: Sendable, Equatable {
  public enum Cause: Sendable, Equatable {
    case exited(code: Int32)
    case signaled(Int32)
    /// The kernel killed it for memory. `bytes` is the limit that was reached, where the node knows it.
    case outOfMemory(MemoryScope, bytes: Int64?)
    /// The program could not be executed; what was tried and what the kernel answered.
    case startFailed(String)
    /// It is gone and nobody saw how, as after a restart of the machine.
    case lost
  }

  public enum MemoryScope: String, Sendable {
    case process = "Process"
    case cell = "Cell"
    case node = "Node"
  }

  public var cause: Cause
  public var at: Timestamp

  public init(_ cause: Cause, at: Timestamp) {
    self.cause = cause
    self.at = at
  }
}
