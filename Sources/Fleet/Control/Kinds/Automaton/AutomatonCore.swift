import JSON
import Model

/// Decides what to do about one automaton.
///
/// Phases: `Pending`, `Running`, `Paused`, `Stopped` (it ended by itself or someone stopped it), `Failed` (an error of a
/// script stopped it, or the node cannot run it), `Terminating`.
struct AutomatonCore: WorkloadCore {
  private let workload: WorkloadID
  private let key: ResourceKey
  private var spec: AutomatonSpec?
  private var specFault: APIError?
  private var generation: Int64
  private var conditions: ConditionSet
  private var isDeleting = false
  private var isRunning = false

  init(resource: Resource) {
    workload = resource.metadata.uid
    key = resource.key
    generation = resource.metadata.generation
    conditions = ConditionSet(status: resource.status)
    update(resource)
  }

  mutating func update(_ resource: Resource) {
    generation = resource.metadata.generation
    isDeleting = resource.isDeleting
    do {
      spec = try AutomatonSpec(resource.spec)
      specFault = nil
    } catch {
      specFault = error
    }
  }

  var summary: WorkloadSummary {
    WorkloadSummary(
      workload: workload, isDeleting: isDeleting, hosting: .notYet, isRunning: isRunning, restarts: 0, memoryLimit: nil)
  }

  mutating func plan(_ view: WorkloadView) -> Plan {
    var automaton: AutomatonObservation?
    if case .automaton(let observed) = view.observation { automaton = observed }
    isRunning = automaton?.execution == .running
    var plan = Plan()
    var progress = decide(automaton, view, &plan)
    if let failure = view.failure, !isDeleting {
      progress = Progress(
        phase: automaton == nil ? "Failed" : progress.phase, reason: failure.failure.code,
        message: "\(failure.command): \(failure.failure.message)", isUpdated: false)
    }
    plan.status = status(progress, automaton, view)
    return plan
  }

  private struct Progress {
    var phase: String
    var reason = ""
    var message = ""
    var isUpdated = true
  }

  private func decide(_ automaton: AutomatonObservation?, _ view: WorkloadView, _ plan: inout Plan) -> Progress {
    if isDeleting {
      if automaton != nil { plan.command = .removeAutomaton(workload) }
      plan.isReleased = automaton == nil && view.inFlight == nil
      plan.isTransient = view.failure == nil
      return Progress(phase: "Terminating", reason: "Deleted", message: view.failure?.failure.message ?? "")
    }
    guard let spec, specFault == nil else {
      return Progress(phase: "Failed", reason: "InvalidSpec", message: specFault?.message ?? "", isUpdated: false)
    }
    guard let automaton, automaton.fingerprint == spec.fingerprint, automaton.liveFingerprint == spec.liveFingerprint
    else {
      plan.command = .applyAutomaton(workload, key, spec)
      plan.isTransient = true
      return Progress(
        phase: automaton?.phase ?? "Pending", reason: "Starting", message: "the node takes on the specification",
        isUpdated: false)
    }
    switch automaton.execution {
    case .running: return Progress(phase: "Running", reason: "Running")
    case .paused:
      return Progress(
        phase: "Paused", reason: spec.isSuspended ? "Suspended" : "Paused", message: "its clock stands still")
    case .stopped:
      return Progress(phase: "Stopped", reason: "Stopped", message: "no transition leads on, or it was stopped")
    case .failed:
      return Progress(phase: "Failed", reason: "ScriptError", message: automaton.lastError)
    }
  }

  private mutating func status(
    _ progress: Progress, _ automaton: AutomatonObservation?, _ view: WorkloadView
  ) -> JSONObject {
    let isReady = progress.phase == "Running"
    conditions.set(
      "Ready", isReady, reason: isReady ? "Running" : progress.reason, message: isReady ? "" : progress.message,
      at: view.now)
    conditions.set(
      "Updated", progress.isUpdated, reason: progress.isUpdated ? "UpToDate" : progress.reason,
      message: progress.isUpdated ? "the specification is in effect" : progress.message, at: view.now)
    var status: JSONObject = ["phase": .string(progress.phase), "observedGeneration": .integer(generation)]
    if !isReady || !progress.isUpdated {
      status["reason"] = .string(progress.reason)
      status["message"] = .string(progress.message)
    }
    if let automaton {
      status["startedAt"] = .string(automaton.startedAt.description)
      for member in automaton.live.members { status[member.name] = member.value }
    }
    if let failure = view.failure { status["nextRetryAt"] = .string(failure.retryAt.description) }
    status["conditions"] = conditions.json
    return status
  }
}
