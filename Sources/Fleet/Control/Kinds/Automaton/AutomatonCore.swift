import AutomataHost
import JSON
import Model

/// Decides what to do about one automaton.
///
/// Phases: `Pending`, `Running`, `Paused`, `Stopped` (it ended by itself or someone stopped it), `BackOff` (an error of a
/// script stopped it, and it waits to begin again), `Failed` (it stays so, or the node cannot run it), `Terminating`.
struct AutomatonCore: WorkloadCore {
  private var declared: Declared<AutomatonSpec>
  private var isRunning = false
  private var history: AutomatonHistory
  /// The latest error of a script with its place, which is looked for once.
  private var placed: (failure: ScriptFailure, text: String)?

  init(resource: Resource) {
    declared = Declared(resource)
    history = AutomatonHistory(status: resource.status)
  }

  mutating func update(_ resource: Resource) {
    declared.update(resource)
    placed = nil
  }

  var summary: WorkloadSummary {
    WorkloadSummary(
      workload: declared.workload, isDeleting: declared.isDeleting, hosting: .notYet, isRunning: isRunning,
      restarts: history.restarts, memoryLimit: nil)
  }

  mutating func plan(_ view: WorkloadView) -> Plan {
    var automaton: AutomatonObservation?
    if case .automaton(let observed) = view.observation { automaton = observed }
    isRunning = automaton?.execution == .running
    if let automaton, let spec = declared.spec { history.absorb(automaton, spec) }
    var plan = Plan()
    var progress = decide(automaton, view, &plan)
    if let failure = view.failure, !declared.isDeleting {
      progress = Progress(phase: automaton == nil ? "Failed" : progress.phase, failure)
    }
    plan.status = status(progress, automaton, view)
    return plan
  }

  private mutating func decide(
    _ automaton: AutomatonObservation?, _ view: WorkloadView, _ plan: inout Plan
  ) -> Progress {
    if declared.isDeleting {
      if automaton != nil { plan.command = .removeAutomaton(declared.workload) }
      plan.isReleased = automaton == nil && view.inFlight == nil
      plan.isTransient = view.failure == nil
      return Progress(phase: "Terminating", reason: "Deleted", message: view.failure?.failure.message ?? "")
    }
    guard let spec = declared.spec else { return declared.invalid }
    guard let automaton, automaton.fingerprint == spec.fingerprint, automaton.liveFingerprint == spec.liveFingerprint
    else {
      plan.command = .applyAutomaton(declared.workload, declared.key, spec)
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
    let name = declared.key.name
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
      plan.command = .restartAutomaton(declared.workload)
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
    noteConnections(automaton, at: view.now)
    var members: JSONObject = [:]
    if let automaton {
      members["startedAt"] = .string(automaton.startedAt.description)
      for member in automaton.live.members { members[member.name] = member.value }
    }
    if history.restarts > 0 { members["restarts"] = .integer(history.restarts) }
    if progress.phase == "BackOff", let next = history.nextRestartAt {
      members["nextRestartAt"] = .string(next.description)
    }
    members["history"] = history.json
    return declared.status(progress, isReady: progress.phase == "Running", view, members: members)
  }

  /// Says whether its connections carry something; of most automata, which have none, nothing.
  private mutating func noteConnections(_ automaton: AutomatonObservation?, at now: Timestamp) {
    guard let automaton else { return }
    if !automaton.linkProblems.isEmpty {
      declared.conditions.set(
        "Connected", false, reason: "ConnectionBroken", message: automaton.linkProblems.joined(separator: "; "), at: now
      )
    } else if declared.spec?.links.isEmpty == false {
      declared.conditions.set("Connected", true, reason: "Connected", message: "", at: now)
    } else {
      declared.conditions.remove("Connected")
    }
  }
}
