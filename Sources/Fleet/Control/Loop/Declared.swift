import JSON
import Model

/// A specification as a node takes it on: checked, with every default filled in.
protocol WorkloadSpec: Sendable {
  init(_ spec: JSON) throws(APIError)
}

/// How far a workload is, in the words of its status.
struct Progress {
  var phase: String
  var reason = ""
  var message = ""
  /// The specification is in effect.
  var isUpdated = true

  init(phase: String, reason: String = "", message: String = "", isUpdated: Bool = true) {
    self.phase = phase
    self.reason = reason
    self.message = message
    self.isUpdated = isUpdated
  }

  /// A command of the node has failed.
  init(phase: String, _ failure: CommandFailure) {
    self.init(
      phase: phase, reason: failure.failure.code, message: "\(failure.command): \(failure.failure.message)",
      isUpdated: false)
  }
}

/// What is declared of one resource, and the conditions that its status had: what every core begins with.
struct Declared<Spec: WorkloadSpec>: Sendable {
  let workload: WorkloadID
  let key: ResourceKey
  private(set) var isDeleting = false
  /// `nil` when what is stored is not one of this version.
  private(set) var spec: Spec?
  private var fault: APIError?
  private var generation: Int64
  var conditions: ConditionSet

  init(_ resource: Resource) {
    workload = resource.metadata.uid
    key = resource.key
    generation = resource.metadata.generation
    conditions = ConditionSet(status: resource.status)
    update(resource)
  }

  /// Takes a changed specification.
  mutating func update(_ resource: Resource) {
    generation = resource.metadata.generation
    isDeleting = resource.isDeleting
    do {
      spec = try Spec(resource.spec)
      fault = nil
    } catch {
      spec = nil
      fault = error
    }
  }

  /// For a specification that cannot be read.
  var invalid: Progress {
    Progress(phase: "Failed", reason: "InvalidSpec", message: fault?.message ?? "", isUpdated: false)
  }

  /// The part of a status that all kinds have: phase, reason, message, next retry, and its conditions, the last member.
  ///
  /// - Parameters:
  ///   - tellsUpdated: whether the kind has the condition `Updated`.
  ///   - members: those of the kind.
  mutating func status(
    _ progress: Progress, isReady: Bool, tellsUpdated: Bool = true, _ view: WorkloadView, members: JSONObject
  ) -> JSONObject {
    conditions.set(
      "Ready", isReady, reason: isReady ? "Running" : progress.reason, message: isReady ? "" : progress.message,
      at: view.now)
    if tellsUpdated {
      let isUpdated = progress.isUpdated
      conditions.set(
        "Updated", isUpdated, reason: isUpdated ? "UpToDate" : progress.reason,
        message: isUpdated ? "the specification is in effect" : progress.message, at: view.now)
    }
    var status: JSONObject = ["phase": .string(progress.phase), "observedGeneration": .integer(generation)]
    if !isReady || !progress.isUpdated || !progress.message.isEmpty {
      status["reason"] = .string(progress.reason)
      status["message"] = .string(progress.message)
    }
    for member in members.members { status[member.name] = member.value }
    if let failure = view.failure { status["nextRetryAt"] = .string(failure.retryAt.description) }
    status["conditions"] = conditions.json
    return status
  }
}
