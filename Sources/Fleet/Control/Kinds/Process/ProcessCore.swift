import JSON
import Model

/// Decides what to do about one process.
///
/// Phases: `Pending` (waits for its cell), `Starting`, `Running`, `BackOff` (waits to start again), `Completed`,
/// `Failed`, `Terminating`.
struct ProcessCore: WorkloadCore {
  private var declared: Declared<ProcessSpec>
  private var history: ProcessHistory
  private var isRunning = false

  init(resource: Resource) {
    declared = Declared(resource)
    history = ProcessHistory(status: resource.status)
  }

  mutating func update(_ resource: Resource) { declared.update(resource) }

  mutating func runFailed(_ failure: NodeFailure, at now: Timestamp) {
    guard let spec = declared.spec else { return }
    history.noteFailedStart(failure, spec, at: now)
  }

  var summary: WorkloadSummary {
    WorkloadSummary(
      workload: declared.workload, isDeleting: declared.isDeleting, hosting: .ready, isRunning: isRunning,
      restarts: history.restarts, memoryLimit: declared.spec?.limits.memoryBytes)
  }

  mutating func plan(_ view: WorkloadView) -> Plan {
    var process: ProcessObservation?
    if case .process(let observed) = view.observation { process = observed }
    history.absorb(process, declared.spec, cellMemoryLimit: view.parent?.memoryLimit)
    if process == nil, history.current != nil, view.inFlight == nil {
      history.noteLoss(declared.spec, at: view.now)
    }
    var plan = Plan()
    let progress = decide(process, view, &plan)
    if case .stopProcess = view.inFlight ?? plan.command {
      history.isStopping = true
    } else {
      history.isStopping = false
    }
    isRunning = process?.isRunning ?? false
    if case .startProcess = view.inFlight ?? plan.command { isRunning = true }
    plan.status = status(progress, process, view)
    return plan
  }

  private func decide(_ process: ProcessObservation?, _ view: WorkloadView, _ plan: inout Plan) -> Progress {
    if declared.isDeleting { return decideDeletion(process, view, &plan) }
    guard let spec = declared.spec else { return declared.invalid }
    guard let running = process.flatMap({ $0.isRunning ? $0 : nil }) else {
      return decideWithoutRun(spec, view, &plan)
    }
    if let obstacle = obstacle(view), obstacle.endsRuns {
      plan.command = .stopProcess(declared.workload, spec.stop)
      plan.isTransient = true
      return Progress(phase: "Pending", reason: obstacle.reason, message: obstacle.message)
    }
    if running.fingerprint != spec.fingerprint || running.cell != view.parent?.workload {
      plan.command = .stopProcess(declared.workload, spec.stop)
      plan.isTransient = view.failure == nil
      return Progress(
        phase: "Starting", reason: "SpecChanged", message: "it is ended to start with the changed specification")
    }
    return Progress(phase: "Running", reason: "Running")
  }

  /// Why it cannot run in its cell now.
  private struct Obstacle {
    var reason: String
    var message: String
    var endsRuns = false
  }

  private func obstacle(_ view: WorkloadView) -> Obstacle? {
    switch view.parent?.hosting {
    case nil:
      let name = ResourceName.parent(declared.key.name) ?? ""
      return Obstacle(reason: "CellMissing", message: "cell \(name) is not declared", endsRuns: true)
    case .leaving:
      return Obstacle(
        reason: "CellLeaving", message: "the cell is being removed or created again", endsRuns: true)
    case .notYet: return Obstacle(reason: "CellNotReady", message: "the cell is not ready yet")
    case .paused: return Obstacle(reason: "CellPaused", message: "the cell is paused")
    case .ready: return nil
    }
  }

  private func decideWithoutRun(_ spec: ProcessSpec, _ view: WorkloadView, _ plan: inout Plan) -> Progress {
    switch history.verdict(spec) {
    case .completed(let exit):
      return Progress(phase: "Completed", reason: exit.reason.rawValue, message: exit.message)
    case .failed(let exit):
      let reason = exit.isFailure ? exit.reason.rawValue : "RestartLimit"
      return Progress(phase: "Failed", reason: reason, message: exit.message)
    case .wait(let until, let exit) where until > view.now:
      plan.wakeAt = until
      return Progress(phase: "BackOff", reason: exit.reason.rawValue, message: exit.message)
    case .wait, .start: break
    }
    plan.isTransient = view.failure == nil
    guard let cell = view.parent?.workload, obstacle(view) == nil else {
      let obstacle = obstacle(view)
      plan.isTransient = true
      return Progress(phase: "Pending", reason: obstacle?.reason ?? "", message: obstacle?.message ?? "")
    }
    plan.command = .startProcess(declared.workload, declared.key, cell: cell, spec)
    if let failure = view.failure { return Progress(phase: "Pending", failure) }
    return Progress(phase: "Starting", reason: "Starting", message: "the node starts it")
  }

  private func decideDeletion(_ process: ProcessObservation?, _ view: WorkloadView, _ plan: inout Plan) -> Progress {
    plan.isTransient = view.failure == nil
    if let process {
      plan.command =
        process.isRunning
        ? .stopProcess(declared.workload, declared.spec?.stop ?? StopRule()) : .removeProcess(declared.workload)
    } else {
      plan.isReleased = view.inFlight == nil
    }
    return Progress(phase: "Terminating", reason: "Deleted", message: view.failure?.failure.message ?? "")
  }

  private mutating func status(
    _ progress: Progress, _ process: ProcessObservation?, _ view: WorkloadView
  ) -> JSONObject {
    let phase = progress.phase
    var members: JSONObject = [:]
    if let run = process.flatMap({ $0.isRunning ? $0.run : nil }) {
      members["pid"] = .integer(run.pid)
      members["startedAt"] = .string(run.startedAt.description)
    } else if let exit = history.lastExit, ["BackOff", "Completed", "Failed"].contains(phase) {
      if let run = exit.run { members["startedAt"] = .string(run.startedAt.description) }
      members["finishedAt"] = .string(exit.finishedAt.description)
      if let code = exit.exitCode { members["exitCode"] = .integer(Int64(code)) }
      if let signal = exit.signal { members["signal"] = .string(SignalName.name(signal)) }
      members["limit"] = exit.limitJSON
    }
    members["restarts"] = .integer(history.restarts)
    if phase == "BackOff", let next = history.nextRestartAt { members["nextRestartAt"] = .string(next.description) }
    members["lastExit"] = history.lastExit?.json
    members["history"] = history.json
    return declared.status(progress, isReady: phase == "Running", tellsUpdated: false, view, members: members)
  }
}
