import AutomataHost
import JSON
import Model

/// Decides what to do about one automaton.
///
/// Phases: `Pending`, `Running`, `Paused`, `Stopped` (it ended by itself or someone stopped it), `BackOff` (an error of a
/// script stopped it, and it waits to begin again), `Failed` (it stays so, or the node cannot run it), `Terminating`.
struct AutomatonCore: WorkloadCore {
  private let workload: WorkloadID
  private let key: ResourceKey
  private var spec: AutomatonSpec?
  private var specFault: APIError?
  private var generation: Int64
  private var conditions: ConditionSet
  private var isDeleting = false
  private var isRunning = false
  private var history: AutomatonHistory
  /// The latest error of a script with its place, which is looked for once.
  private var placed: (failure: ScriptFailure, text: String)?

  init(resource: Resource) {
    workload = resource.metadata.uid
    key = resource.key
    generation = resource.metadata.generation
    conditions = ConditionSet(status: resource.status)
    history = AutomatonHistory(status: resource.status)
    update(resource)
  }

  mutating func update(_ resource: Resource) {
    generation = resource.metadata.generation
    isDeleting = resource.isDeleting
    placed = nil
    do {
      spec = try AutomatonSpec(resource.spec)
      specFault = nil
    } catch {
      specFault = error
    }
  }

  var summary: WorkloadSummary {
    WorkloadSummary(
      workload: workload, isDeleting: isDeleting, hosting: .notYet, isRunning: isRunning,
      restarts: history.restarts, memoryLimit: nil)
  }

  mutating func plan(_ view: WorkloadView) -> Plan {
    var automaton: AutomatonObservation?
    if case .automaton(let observed) = view.observation { automaton = observed }
    isRunning = automaton?.execution == .running
    if let automaton, let spec { history.absorb(automaton, spec) }
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

  private mutating func decide(
    _ automaton: AutomatonObservation?, _ view: WorkloadView, _ plan: inout Plan
  ) -> Progress {
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
    case .running:
      guard let problem = automaton.linkProblems.first else { return Progress(phase: "Running", reason: "Running") }
      return Progress(phase: "Running", reason: "ConnectionBroken", message: problem)
    case .paused:
      return Progress(
        phase: "Paused", reason: spec.isSuspended ? "Suspended" : "Paused", message: "its clock stands still")
    case .stopped:
      return Progress(phase: "Stopped", reason: "Stopped", message: "no transition leads on, or it was stopped")
    case .failed:
      return decideFailed(automaton, spec, view, &plan)
    }
  }

  /// An error of a script has stopped it.
  private mutating func decideFailed(
    _ automaton: AutomatonObservation, _ spec: AutomatonSpec, _ view: WorkloadView, _ plan: inout Plan
  ) -> Progress {
    let message = text(of: automaton.lastError, spec)
    let name = key.name
    switch history.verdict(spec.restart, at: view.now) {
    case .failed(let isLimit):
      return Progress(
        phase: "Failed", reason: isLimit ? "RestartLimit" : "ScriptError",
        message: "\(message); \"aether automaton control \(name) start\" begins it again")
    case .wait(let until):
      plan.wakeAt = until
      return Progress(phase: "BackOff", reason: "ScriptError", message: message)
    case .restart:
      if view.inFlight == nil, view.failure == nil { history.noteRestart() }
      plan.command = .restartAutomaton(workload)
      plan.isTransient = view.failure == nil
      return Progress(phase: "BackOff", reason: "ScriptError", message: message)
    }
  }

  private mutating func text(of failure: ScriptFailure?, _ spec: AutomatonSpec) -> String {
    guard let failure else { return "an error of a script" }
    if let placed, placed.failure == failure { return placed.text }
    let text = spec.place(of: failure).map { "\($0): \(failure.text)" } ?? failure.text
    placed = (failure, text)
    return text
  }

  private mutating func status(
    _ progress: Progress, _ automaton: AutomatonObservation?, _ view: WorkloadView
  ) -> JSONObject {
    let isReady = progress.phase == "Running"
    if let problems = automaton?.linkProblems, !problems.isEmpty {
      conditions.set(
        "Connected", false, reason: "ConnectionBroken", message: problems.joined(separator: "; "), at: view.now)
    } else if automaton != nil {
      // It is told of only where it was missing: most automata have no connections.
      if spec?.links.isEmpty == false {
        conditions.set("Connected", true, reason: "Connected", message: "", at: view.now)
      } else {
        conditions.remove("Connected")
      }
    }
    conditions.set(
      "Ready", isReady, reason: isReady ? "Running" : progress.reason, message: isReady ? "" : progress.message,
      at: view.now)
    conditions.set(
      "Updated", progress.isUpdated, reason: progress.isUpdated ? "UpToDate" : progress.reason,
      message: progress.isUpdated ? "the specification is in effect" : progress.message, at: view.now)
    var status: JSONObject = ["phase": .string(progress.phase), "observedGeneration": .integer(generation)]
    if !isReady || !progress.isUpdated || !progress.message.isEmpty {
      status["reason"] = .string(progress.reason)
      status["message"] = .string(progress.message)
    }
    if let automaton {
      status["startedAt"] = .string(automaton.startedAt.description)
      for member in automaton.live.members { status[member.name] = member.value }
    }
    if history.restarts > 0 { status["restarts"] = .integer(history.restarts) }
    if progress.phase == "BackOff", let next = history.nextRestartAt {
      status["nextRestartAt"] = .string(next.description)
    }
    status["history"] = history.json
    if let failure = view.failure { status["nextRetryAt"] = .string(failure.retryAt.description) }
    status["conditions"] = conditions.json
    return status
  }
}
