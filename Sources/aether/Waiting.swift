import Arguments
import JSON
import Model

/// Waiting for a resource, by asking again with growing pauses.
enum Waiting {
  static func deadline(_ arguments: ParsedArguments) throws -> ContinuousClock.Instant {
    let text = arguments.value("timeout") ?? ""
    guard let milliseconds = Quantity.parse(text, .duration) else {
      throw UsageError("--timeout is \"\(text)\"; accepted: \(Quantity.Unit.duration.accepted)", path: arguments.path)
    }
    return .now + .milliseconds(milliseconds)
  }

  /// Asks until `isDone` says so.
  ///
  /// - Throws: ``APIError`` `requestTimeout` with the last word of `isDone` about what is missing.
  static func poll(
    _ deadline: ContinuousClock.Instant, _ isDone: () async throws -> (done: Bool, present: String)
  ) async throws {
    var pause = Duration.milliseconds(20)
    while true {
      let (done, present) = try await isDone()
      if done { return }
      guard .now < deadline else { throw APIError(.requestTimeout, "still waiting at the time-out: \(present)") }
      try await Task.sleep(for: min(pause, deadline - .now))
      pause = min(pause * 2, .seconds(1))
    }
  }

  static func until(
    _ kind: KindDescription, _ name: String, phase: String, _ client: APIClient, _ deadline: ContinuousClock.Instant
  ) async throws {
    try await poll(deadline) {
      let resource = try await client.call("GET", kind.path(name))
      let present = resource["status"]?["phase"]?.stringValue ?? "Pending"
      let message = resource["status"]?["message"]?.stringValue
      return (present == phase, "\(kind.singular) \(name) is \(present)" + (message.map { ": \($0)" } ?? ""))
    }
  }

  static func untilGone(
    _ kind: KindDescription, _ name: String, uid: String?, _ client: APIClient, _ deadline: ContinuousClock.Instant
  ) async throws {
    try await poll(deadline) {
      do {
        let resource = try await client.call("GET", kind.path(name))
        let isOther = uid != nil && resource["metadata"]?["uid"]?.stringValue != uid
        return (isOther, "\(kind.singular) \(name) is \(resource["status"]?["phase"]?.stringValue ?? "there")")
      } catch let error as APIError where error.code == .notFound {
        return (true, "")
      }
    }
  }
}
