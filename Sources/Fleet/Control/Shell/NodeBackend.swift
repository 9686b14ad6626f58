import Model

/// What happened on a node.
public enum NodeReport: Sendable {
  case observed(Observation)
  /// The node has nothing of the workload any more.
  case vanished(WorkloadID)
  /// Reports may have been missed.
  case stale
}

/// Current use of one workload.
public struct WorkloadUsage: Sendable, Equatable {
  public var cpuNanoseconds: UInt64
  public var memoryBytes: UInt64
  public var memoryLimitBytes: UInt64?
  /// Processes and threads.
  public var taskCount: Int
}

/// A node as the control loop sees it.
public protocol NodeBackend: Sendable {
  /// - Returns: what the node has of the workload afterwards.
  func perform(_ command: NodeCommand) async -> Result<Observation?, NodeFailure>
  func list() async -> Result<[Observation], NodeFailure>
  /// Everything that happens from the call on.
  func reports() -> AsyncStream<NodeReport>
  /// `nil` when the node has no figures of it.
  func usage(of workload: WorkloadID, cell: WorkloadID?) async -> WorkloadUsage?
}
