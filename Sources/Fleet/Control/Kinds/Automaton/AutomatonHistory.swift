import JSON
import Model

/// What the restart rule of an automaton depends on: how often errors of scripts have stopped it. Every stop counts once,
/// however often it is reported.
struct AutomatonHistory: Sendable, Equatable {
  /// Restarts since the specification last changed.
  private(set) var restarts: Int64 = 0
  /// Stops by an error without a long run in between.
  private(set) var quickEnds: Int64 = 0
  private(set) var failedAt: Timestamp?
  private(set) var nextRestartAt: Timestamp?
  private var fingerprint: Fingerprint?

  enum Verdict: Equatable {
    case restart
    case wait(until: Timestamp)
    /// It stays as it is; with how many restarts were tried.
    case failed(isLimit: Bool)
  }

  init(status: JSON) {
    restarts = status["restarts"]?.integerValue ?? 0
    let history = status["history"]
    quickEnds = history?["quickEnds"]?.integerValue ?? 0
    failedAt = history?["failedAt"]?.stringValue.flatMap(Timestamp.init)
    fingerprint = history?["fingerprint"]?.stringValue.map(Fingerprint.init(text:))
    nextRestartAt = status["nextRestartAt"]?.stringValue.flatMap(Timestamp.init)
  }

  /// `status.history`, by which a daemon that takes over knows what was before; `nil` when nothing was.
  var json: JSON? {
    guard quickEnds > 0 else { return nil }
    var json: JSONObject = ["quickEnds": .integer(quickEnds)]
    if let failedAt { json["failedAt"] = .string(failedAt.description) }
    if let fingerprint { json["fingerprint"] = .string(fingerprint.text) }
    return .object(json)
  }

  mutating func absorb(_ automaton: AutomatonObservation, _ spec: AutomatonSpec) {
    if automaton.fingerprint != fingerprint {
      self = AutomatonHistory(status: [:])
      fingerprint = automaton.fingerprint
    }
    guard let end = automaton.failedAt else {
      nextRestartAt = nil
      return
    }
    guard end != failedAt else { return }
    failedAt = end
    quickEnds = spec.restart.quickEnds(quickEnds, lived: end - automaton.beganAt)
    nextRestartAt = spec.restart.restartAt(end, quickEnds: quickEnds)
  }

  func verdict(_ rule: RestartRule, at now: Timestamp) -> Verdict {
    guard rule.policy != .never, rule.allows(quickEnds: quickEnds) else {
      return .failed(isLimit: rule.policy != .never)
    }
    guard let nextRestartAt, nextRestartAt > now else { return .restart }
    return .wait(until: nextRestartAt)
  }

  mutating func noteRestart() { restarts += 1 }
}
