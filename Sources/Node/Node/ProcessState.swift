import Linux

/// Nanoseconds since 1970-01-01T00:00:00Z.
public typealias WallTime = UInt64

/// Whose memory limit was exceeded.
public enum MemoryLimitScope: Sendable, Equatable {
  case process(bytes: UInt64)
  case cell(bytes: UInt64)
  /// No limit of ours: the machine, or a group above ours, ran out of memory.
  case node
}

/// How a process ended.
public enum ExitReason: Sendable, Equatable {
  case code(Int32)
  case signal(Int32)
  case outOfMemory(MemoryLimitScope)
  /// It never ran. `step` says what was tried, `message` what the kernel answered.
  case startFailed(step: String, message: String)
  /// The supervisor of its cell died, and every process of the cell with it.
  case cellLost

  public var isSuccess: Bool { self == .code(0) }
}

extension ExitReason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .code(let code): "exit code \(code)"
    case .signal(let signal): "signal \(signal)"
    case .outOfMemory(.process(let bytes)): "out of memory: the process's limit of \(bytes) bytes"
    case .outOfMemory(.cell(let bytes)): "out of memory: the cell's limit of \(bytes) bytes"
    case .outOfMemory(.node): "out of memory: the node"
    case .startFailed(let step, let message): "\(step): \(message)"
    case .cellLost: "the cell's supervisor died"
    }
  }
}

public enum ProcessState: Sendable, Equatable {
  case starting
  /// `pid` as seen on the node.
  case running(pid: Int32, startedAt: WallTime)
  case exited(ExitReason, startedAt: WallTime, at: WallTime)

  public var isRunning: Bool { if case .exited = self { false } else { true } }
  public var exitReason: ExitReason? { if case .exited(let reason, _, _) = self { reason } else { nil } }
  public var pid: Int32? { if case .running(let pid, _) = self { pid } else { nil } }
}

/// A process as it really is.
public struct ProcessStatus: Sendable, Equatable {
  public var configuration: ProcessConfiguration
  public var state: ProcessState
  /// CPU time and largest memory of the whole run; known after the end.
  public var usage: ProcessUsage?
  /// Bytes of output that could not be written to the log (disk full).
  public var logBytesDropped: UInt64
}

public struct ProcessUsage: Sendable, Equatable {
  public var userMicroseconds: UInt64
  public var systemMicroseconds: UInt64
  public var peakMemoryBytes: UInt64
}

public struct CellStatus: Sendable, Equatable {
  public enum Phase: String, Sendable { case running, paused, lost }

  public var configuration: CellConfiguration
  public var phase: Phase
  /// Pid of the supervisor on the node; 0 when lost.
  public var supervisorPid: Int32
  /// What is really listened on.
  public var ports: [PublishedPort]
  /// In order of their ids.
  public var processes: [ProcessStatus]
}

/// What happened on the node, told in order per cell.
public enum NodeEvent: Sendable, Equatable {
  case cellCreated(String)
  case cellRemoved(String)
  /// The supervisor died without being asked to; its processes are gone.
  case cellLost(String)
  case cellPaused(String, Bool)
  case process(cell: String, process: String, ProcessState)
  case processRemoved(cell: String, process: String)
}

/// Figures of a cell or a process.
public typealias NodeStats = CgroupStats
