import JSON
import Model

public struct AppObservation: Sendable, Equatable {
  public enum State: Sendable, Equatable {
    /// Installed and never started.
    case installed
    case starting
    case running
    case stopping
    /// Someone stopped it.
    case stopped
    /// It has ended with code 0.
    case completed
    /// It has failed and is started again by itself.
    case backOff
    /// It has failed and stays down.
    case failed
  }

  public var workload: WorkloadID
  /// ``AppSpec/fingerprint`` of what was taken on last; empty while the first is under way.
  public var fingerprint: Fingerprint
  /// Later reports have higher ones.
  public var number: UInt64
  public var state: State
  /// How it failed last; "" when it never has.
  public var failure: String
  /// Why the version before runs instead of the specified one; `nil`: the specified one is in place.
  public var rollback: String?
  /// Members of the status: version, sha256, capabilities and so on.
  public var details: JSONObject

  public init(
    workload: WorkloadID, fingerprint: Fingerprint, number: UInt64, state: State, failure: String = "",
    rollback: String? = nil, details: JSONObject = [:]
  ) {
    self.workload = workload
    self.fingerprint = fingerprint
    self.number = number
    self.state = state
    self.failure = failure
    self.rollback = rollback
    self.details = details
  }

  /// The phase that follows from it alone.
  var phase: String {
    switch state {
    case .installed: "Installed"
    case .starting: "Starting"
    case .running: "Running"
    case .stopping: "Stopping"
    case .stopped: "Stopped"
    case .completed: "Completed"
    case .backOff: "BackOff"
    case .failed: "Failed"
    }
  }
}
