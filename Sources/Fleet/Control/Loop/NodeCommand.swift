import Model

/// The name that a workload has on the node: the resource's `uid`, which a resource created again under the same name
/// does not share.
public typealias WorkloadID = String

/// What the control loop can tell a node. Every command may be repeated: doing it again when it is done changes nothing.
public enum NodeCommand: Sendable, Equatable {
  case createCell(WorkloadID, ResourceKey, CellSpec)
  /// Applies limits and ports to a running cell.
  case updateCell(WorkloadID, CellSpec)
  case setCellPaused(WorkloadID, Bool)
  /// Kills what still runs in it, then removes every trace.
  case removeCell(WorkloadID)
  case startProcess(WorkloadID, ResourceKey, cell: WorkloadID, ProcessSpec)
  /// Ends with the process gone.
  case stopProcess(WorkloadID, StopRule)
  /// Forgets an ended process and its log.
  case removeProcess(WorkloadID)
  /// Runs an automaton as specified; what is so already goes on undisturbed.
  case applyAutomaton(WorkloadID, ResourceKey, AutomatonSpec)
  /// Begins an automaton again that an error of a script has stopped.
  case restartAutomaton(WorkloadID)
  /// Ends it and forgets its snapshot and its traces.
  case removeAutomaton(WorkloadID)
  /// Installs an app or replaces it in place, as specified, and starts it if it is to run; what is so already goes on
  /// undisturbed.
  case applyApp(WorkloadID, ResourceKey, AppSpec)
  /// Stops and uninstalls it, with its data.
  case removeApp(WorkloadID)

  /// The word for messages and metrics.
  public var name: String {
    switch self {
    case .createCell: "createCell"
    case .updateCell: "updateCell"
    case .setCellPaused(_, let paused): paused ? "pauseCell" : "resumeCell"
    case .removeCell: "removeCell"
    case .startProcess: "startProcess"
    case .stopProcess: "stopProcess"
    case .removeProcess: "removeProcess"
    case .applyAutomaton: "applyAutomaton"
    case .restartAutomaton: "restartAutomaton"
    case .removeAutomaton: "removeAutomaton"
    case .applyApp: "applyApp"
    case .removeApp: "removeApp"
    }
  }

  var isRemoval: Bool {
    switch self {
    case .removeCell, .removeProcess, .removeAutomaton, .removeApp: true
    default: false
    }
  }

  public var workload: WorkloadID {
    switch self {
    case .createCell(let id, _, _), .updateCell(let id, _), .setCellPaused(let id, _), .removeCell(let id),
      .startProcess(let id, _, _, _), .stopProcess(let id, _), .removeProcess(let id),
      .applyAutomaton(let id, _, _), .restartAutomaton(let id), .removeAutomaton(let id),
      .applyApp(let id, _, _), .removeApp(let id):
      id
    }
  }
}

/// Why a node could not do a command.
public struct NodeFailure: Error, Sendable, Equatable {
  public enum Kind: Sendable {
    /// The node's trouble: try again later.
    case node
    /// The declared work's own fault, such as a program that does not exist: a failed run.
    case workload
    /// The node's state is not what the command took for granted: look again, then decide again.
    case conflict
  }

  public var kind: Kind
  /// One CamelCase word for programs.
  public var code: String
  /// One sentence for people.
  public var message: String

  public init(_ kind: Kind, code: String, message: String) {
    self.kind = kind
    self.code = code
    self.message = message
  }
}
