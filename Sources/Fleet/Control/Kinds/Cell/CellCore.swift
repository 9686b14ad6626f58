import JSON
import Model

/// Decides what to do about one cell.
///
/// Phases: `Pending`, `Creating`, `Running`, `Paused`, `Degraded` (runs, but a change could not be applied), `Failed`
/// (cannot be created at present; tried again), `Terminating`.
struct CellCore: WorkloadCore {
  private let workload: WorkloadID
  private let key: ResourceKey
  private var spec: CellSpec?
  private var specFault: APIError?
  private var generation: Int64
  private var conditions: ConditionSet
  /// The cell was on the node and nobody has asked to remove it.
  private var isExpected = false
  private var losses = 0
  private var createdAt: Timestamp?
  private var lostAt: Timestamp?
  private var isDeleting = false
  private var hosting = WorkloadSummary.Hosting.notYet

  /// A cell that ran this long before it was lost is created again at once.
  private static let stableAfter = Duration.seconds(60)

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
      spec = try CellSpec(resource.spec)
      specFault = nil
    } catch {
      specFault = error
    }
  }

  var summary: WorkloadSummary {
    WorkloadSummary(
      workload: workload, isDeleting: isDeleting, hosting: hosting, isRunning: false, restarts: 0,
      memoryLimit: spec?.limits.memoryBytes)
  }

  mutating func plan(_ view: WorkloadView) -> Plan {
    var cell: CellObservation?
    if case .cell(let observed) = view.observation { cell = observed }
    noteLoss(cell, view)
    var plan = Plan()
    let progress = decide(cell, view, &plan)
    if case .removeCell = plan.command { isExpected = false }
    hosting = progress.hosting
    plan.status = status(progress, cell, view)
    return plan
  }

  /// How far the cell is, in the words of its status.
  private struct Progress {
    var phase: String
    var hosting: WorkloadSummary.Hosting
    var reason = ""
    var message = ""
    var isUpdated = true
  }

  private mutating func noteLoss(_ cell: CellObservation?, _ view: WorkloadView) {
    if let cell {
      createdAt = cell.createdAt
      isExpected = true
    } else if isExpected, view.inFlight == nil {
      isExpected = false
      let lived = createdAt.map { view.now - $0 } ?? .zero
      losses = lived >= CellCore.stableAfter ? 1 : losses + 1
      lostAt = view.now
    }
  }

  private func decide(_ cell: CellObservation?, _ view: WorkloadView, _ plan: inout Plan) -> Progress {
    if isDeleting { return decideDeletion(cell, view, &plan) }
    guard let spec, specFault == nil else {
      return Progress(
        phase: "Failed", hosting: cell == nil ? .notYet : .ready, reason: "InvalidSpec",
        message: specFault?.message ?? "", isUpdated: false)
    }
    guard let cell else { return decideCreation(spec, view, &plan) }
    // A removal under way cannot be taken back, whatever is declared by now.
    if cell.fingerprint != spec.fingerprint || view.inFlight?.isRemoval == true {
      return decideRecreation(cell, view, &plan)
    }
    return decideUpdate(cell, spec, view, &plan)
  }

  private func decideCreation(_ spec: CellSpec, _ view: WorkloadView, _ plan: inout Plan) -> Progress {
    if view.inFlight == nil, let lostAt, losses > 0 {
      // The first loss is repaired at once, later ones after a wait.
      let backoff = Backoff.nodeCommand.spreadDelay(failures: losses - 1, workload: workload)
      let createAt = losses > 1 ? lostAt + backoff : lostAt
      if createAt > view.now {
        plan.wakeAt = createAt
        return Progress(
          phase: "Failed", hosting: .notYet, reason: "Lost", message: "the cell ended on the node \(losses) times")
      }
    }
    plan.command = .createCell(workload, key, spec)
    if let failure = view.failure { return CellCore.failed(failure, hosting: .notYet) }
    plan.isTransient = true
    return Progress(
      phase: "Creating", hosting: .notYet, reason: "Creating", message: "the node creates the cell", isUpdated: false)
  }

  /// Only a new cell can have what the specification asks for: end the processes, remove the cell, create it again.
  private func decideRecreation(_ cell: CellObservation, _ view: WorkloadView, _ plan: inout Plan) -> Progress {
    let running = view.children.count { $0.isRunning }
    var progress = Progress(
      phase: "Creating", hosting: .leaving, reason: "Recreating",
      message: "namespaces, root, mounts or hostname changed: the cell is created again", isUpdated: false)
    if cell.isPaused {
      plan.command = .setCellPaused(workload, false)
    } else if running == 0 {
      plan.command = .removeCell(workload)
    } else {
      progress.message += " once \(running) processes have ended"
    }
    if let failure = view.failure { progress = CellCore.failed(failure, hosting: .leaving) }
    plan.isTransient = view.failure == nil
    return progress
  }

  private func decideUpdate(
    _ cell: CellObservation, _ spec: CellSpec, _ view: WorkloadView, _ plan: inout Plan
  ) -> Progress {
    if cell.liveFingerprint != spec.liveFingerprint {
      plan.command = .updateCell(workload, spec)
    } else if cell.isPaused != spec.isPaused {
      plan.command = .setCellPaused(workload, spec.isPaused)
    }
    let hosting = cell.isPaused ? WorkloadSummary.Hosting.paused : .ready
    if plan.command != nil, let failure = view.failure {
      var progress = CellCore.failed(failure, hosting: hosting)
      progress.phase = "Degraded"
      return progress
    }
    plan.isTransient = plan.command != nil
    return cell.isPaused
      ? Progress(phase: "Paused", hosting: hosting, reason: "Paused", message: "every process of the cell is frozen")
      : Progress(phase: "Running", hosting: hosting, reason: "Running", message: "")
  }

  private func decideDeletion(_ cell: CellObservation?, _ view: WorkloadView, _ plan: inout Plan) -> Progress {
    var progress = Progress(phase: "Terminating", hosting: .leaving, reason: "Deleted", message: "")
    let waiting = view.children.count { $0.isRunning || $0.isDeleting }
    plan.isTransient = view.failure == nil
    if let failure = view.failure { progress.message = failure.failure.message }
    guard let cell else {
      plan.isReleased = view.inFlight == nil && waiting == 0
      return progress
    }
    if cell.isPaused {
      plan.command = .setCellPaused(workload, false)
    } else if waiting == 0 {
      plan.command = .removeCell(workload)
    } else {
      progress.message = "waits for \(waiting) processes to end"
    }
    return progress
  }

  private static func failed(_ failure: CommandFailure, hosting: WorkloadSummary.Hosting) -> Progress {
    Progress(
      phase: "Failed", hosting: hosting, reason: failure.failure.code,
      message: "\(failure.command): \(failure.failure.message)", isUpdated: false)
  }

  private mutating func status(_ progress: Progress, _ cell: CellObservation?, _ view: WorkloadView) -> JSONObject {
    let isReady = progress.hosting == .ready && progress.phase != "Failed"
    conditions.set(
      "Ready", isReady, reason: isReady ? "Running" : progress.reason, message: isReady ? "" : progress.message,
      at: view.now)
    if progress.isUpdated {
      conditions.set("Updated", true, reason: "UpToDate", message: "the specification is in effect", at: view.now)
    } else {
      conditions.set("Updated", false, reason: progress.reason, message: progress.message, at: view.now)
    }
    var status: JSONObject = ["phase": .string(progress.phase), "observedGeneration": .integer(generation)]
    if progress.phase != "Running" {
      status["reason"] = .string(progress.reason)
      status["message"] = .string(progress.message)
    }
    if let cell { status["readyAt"] = .string(cell.createdAt.description) }
    if let failure = view.failure { status["nextRetryAt"] = .string(failure.retryAt.description) }
    status["processes"] = [
      "total": .integer(Int64(view.children.count)), "running": .integer(Int64(view.children.count { $0.isRunning })),
    ]
    status["restarts"] = .integer(view.children.reduce(0) { $0 + $1.restarts })
    status["conditions"] = conditions.json
    return status
  }
}
