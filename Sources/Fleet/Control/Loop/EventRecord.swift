import JSON
import Model

/// Something that happened to a resource, for people who ask what did.
public struct EventRecord: Sendable, Equatable {
  public var at: Timestamp
  /// `nil`: the workload belongs to no resource.
  public var key: ResourceKey?
  public var workload: WorkloadID
  /// Something that should not be.
  public var isWarning: Bool
  /// One CamelCase word for programs.
  public var reason: String
  /// One sentence for people.
  public var message: String
}

extension EventRecord {
  /// A phase that was reached.
  init(_ resource: Resource, phase: String, from earlier: String?, _ status: JSONObject, at now: Timestamp) {
    let reason = status["reason"]?.stringValue ?? phase
    let detail = status["message"]?.stringValue ?? ""
    self.init(
      at: now, key: resource.key, workload: resource.metadata.uid,
      isWarning: ["Failed", "BackOff", "Degraded"].contains(phase), reason: reason,
      message: "\(earlier.map { "\($0) to " } ?? "")\(phase)\(detail.isEmpty ? "" : ": \(detail)")")
  }

  /// A command that the node could not do.
  init(_ entry: Entry?, _ uid: WorkloadID, _ command: NodeCommand, _ failure: NodeFailure, at now: Timestamp) {
    self.init(
      at: now, key: entry?.resource?.key, workload: uid, isWarning: true, reason: failure.code,
      message: "\(command.name) failed \(entry?.failure?.count ?? 1) times in a row: \(failure.message)")
  }
}
