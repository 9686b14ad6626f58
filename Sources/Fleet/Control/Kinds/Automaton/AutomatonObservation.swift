import Automata
import AutomataHost
import AutomatonRuns
import JSON
import Model

public struct AutomatonObservation: Sendable, Equatable {
  public enum Execution: Sendable, Equatable {
    case running
    case paused
    case stopped
    /// An error of a script stopped it.
    case failed
  }

  public var workload: WorkloadID
  /// ``AutomatonSpec/fingerprint`` of the specification that it runs.
  public var fingerprint: Fingerprint
  public var liveFingerprint: Fingerprint
  public var execution: Execution
  public var startedAt: Timestamp
  /// What its clock shows, in milliseconds: later reports show more.
  public var time: Int64
  /// Members of the status that change as it runs: state, outputs, figures.
  public var live: JSONObject
  public var lastError: ScriptFailure?
  /// When it was begun last, and when an error of a script stopped it.
  public var beganAt: Timestamp
  public var failedAt: Timestamp?
  /// Connections that carry nothing, and why.
  public var linkProblems: [String]

  public init(
    workload: WorkloadID, fingerprint: Fingerprint, liveFingerprint: Fingerprint, execution: Execution,
    startedAt: Timestamp, time: Int64 = 0, live: JSONObject = [:], lastError: ScriptFailure? = nil,
    beganAt: Timestamp? = nil, failedAt: Timestamp? = nil, linkProblems: [String] = []
  ) {
    self.workload = workload
    self.fingerprint = fingerprint
    self.liveFingerprint = liveFingerprint
    self.execution = execution
    self.startedAt = startedAt
    self.time = time
    self.live = live
    self.lastError = lastError
    self.beganAt = beganAt ?? startedAt
    self.failedAt = failedAt
    self.linkProblems = linkProblems
  }

  /// The phase that follows from it alone.
  var phase: String {
    switch execution {
    case .running: "Running"
    case .paused: "Paused"
    case .stopped: "Stopped"
    case .failed: "Failed"
    }
  }
}

extension AutomatonObservation {
  init(_ status: AutomatonStatus) {
    let execution: Execution =
      switch status.execution {
      case .running: .running
      case .paused: .paused
      case .error: .failed
      case .stopped, .loaded, .unloaded: .stopped
      }
    self.init(
      workload: status.id, fingerprint: Fingerprint(text: status.revision),
      liveFingerprint: Fingerprint(text: status.liveRevision), execution: execution,
      startedAt: Timestamp(milliseconds: status.startedAt), time: status.time, live: status.live,
      lastError: status.lastError, beganAt: Timestamp(milliseconds: status.beganAt),
      failedAt: status.failedAt.map { Timestamp(milliseconds: $0) }, linkProblems: status.linkProblems)
  }
}

extension AutomatonStatus {
  /// The members of a resource's status that change as the automaton runs.
  public var live: JSONObject {
    var live: JSONObject = ["state": .string(states.joined(separator: ","))]
    if states.count > 1 { live["states"] = .array(states.map { .string($0) }) }
    live["outputs"] = .object(JSONObject(outputs.map { ($0.name, $0.value.json) }))
    live["ticks"] = .integer(Int64(clamping: counters.ticks))
    live["transitions"] = .integer(Int64(clamping: counters.transitions))
    live["errors"] = .integer(Int64(clamping: counters.errors))
    if let lastError { live["lastError"] = .string(lastError.text) }
    return live
  }
}
