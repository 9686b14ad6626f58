import JSON
import Model

/// The decisions about one resource of a kind: a value without I/O, clock or chance.
///
/// A plan follows from what is declared and what is observed now, never from the order of events: a repeated or lost
/// event changes nothing once the state is known again. What must outlast the daemon is in the status.
protocol WorkloadCore: Sendable {
  /// - Parameter resource: as stored; its status holds what an earlier daemon knew.
  init(resource: Resource)
  /// Takes a changed specification.
  mutating func update(_ resource: Resource)
  /// What to do next and what to tell.
  mutating func plan(_ view: WorkloadView) -> Plan
  /// A start that failed by the work's own fault.
  mutating func runFailed(_ failure: NodeFailure, at now: Timestamp)
  /// What its parent and children see of it, as of the last plan.
  var summary: WorkloadSummary { get }
}

extension WorkloadCore {
  mutating func runFailed(_ failure: NodeFailure, at now: Timestamp) {}
}

/// All that a plan may depend on.
struct WorkloadView {
  var resource: Resource
  var now: Timestamp
  var observation: Observation?
  /// The command that the node is working on.
  var inFlight: NodeCommand?
  /// The last command failed so; cleared by the next that succeeds and by a changed specification.
  var failure: CommandFailure?
  /// `nil`: the kind has no parent, or the parent is not declared.
  var parent: WorkloadSummary?
  var children: [WorkloadSummary]
}

struct CommandFailure: Sendable, Equatable {
  var command: String
  var failure: NodeFailure
  var count: Int
  var retryAt: Timestamp
}

struct Plan {
  /// The whole status.
  var status: JSONObject = [:]
  var command: NodeCommand?
  /// Plan again then, if nothing happens before.
  var wakeAt: Timestamp?
  /// Of a resource being deleted: the node has nothing of it any more.
  var isReleased = false
  /// The status is about to change by itself; nobody needs to see it unless it lasts.
  var isTransient = false
}

/// What a workload shows to its parent and its children.
struct WorkloadSummary: Sendable, Equatable {
  enum Hosting: Sendable, Equatable {
    case ready
    case paused
    /// Wait: it will come.
    case notYet
    /// It goes away: stop what runs in it.
    case leaving
  }

  var workload: WorkloadID
  var isDeleting: Bool
  /// Whether children can run in it.
  var hosting: Hosting
  /// Something of it runs, or is being started, on the node.
  var isRunning: Bool
  var restarts: Int64
  var memoryLimit: Int64?
}

/// Conditions of a status. The time of a condition moves only when it turns or its reason changes.
struct ConditionSet: Sendable {
  private var conditions: [Condition] = []

  init(status: JSON) {
    for json in status["conditions"]?.arrayValue ?? [] {
      guard let type = json["type"]?.stringValue, let since = json["since"]?.stringValue.flatMap(Timestamp.init) else {
        continue
      }
      conditions.append(
        Condition(
          type, json["status"] == "True", reason: json["reason"]?.stringValue ?? "",
          message: json["message"]?.stringValue ?? "", since: since))
    }
  }

  mutating func set(_ type: String, _ isTrue: Bool, reason: String, message: String, at now: Timestamp) {
    let new = Condition(type, isTrue, reason: reason, message: message, since: now)
    guard let index = conditions.firstIndex(where: { $0.type == type }) else { return conditions.append(new) }
    let old = conditions[index]
    conditions[index] = new
    if old.isTrue == isTrue, old.reason == reason { conditions[index].since = old.since }
  }

  mutating func remove(_ type: String) { conditions.removeAll { $0.type == type } }

  var json: JSON { .array(conditions.map(\.json)) }
}
