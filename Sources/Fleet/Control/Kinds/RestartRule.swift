import JSON
import Model

/// When to start something again that has ended.
struct RestartRule: Sendable, Equatable {
  enum Policy: String, Sendable { case always, onFailure, never }

  var policy: Policy
  var backoff: Backoff
  var resetAfter: Duration
  /// Restarts, counted since it last ran for `resetAfter`, until it has failed for good.
  var limit: Int64?

  /// - Parameter json: `spec.restart`, with or without defaults.
  init(_ json: JSON?, policy: Policy) {
    self.policy = json?["policy"]?.stringValue.flatMap(Policy.init) ?? policy
    backoff = Backoff(
      first: .milliseconds(json?.quantity("backoffMin", .duration) ?? 100),
      last: .milliseconds(json?.quantity("backoffMax", .duration) ?? 30_000))
    resetAfter = .milliseconds(json?.quantity("resetAfter", .duration) ?? 60_000)
    limit = json?["limit"]?.integerValue
  }

  /// Whether there may be another start after so many quick ends.
  func allows(quickEnds: Int64) -> Bool { limit.map { quickEnds <= $0 } ?? true }

  /// Ends without a long run in between, one that lived so long included; `nil` for one that never ran.
  func quickEnds(_ before: Int64, lived: Duration?) -> Int64 {
    lived.map { $0 >= resetAfter } ?? false ? 1 : before + 1
  }

  /// When the next start is due.
  func restartAt(_ end: Timestamp, quickEnds: Int64) -> Timestamp { end + backoff.delay(failures: Int(quickEnds)) }
}
