import JSON
import Model

/// Decides what to do about one cell.
///
/// Phases: `Pending`, `Creating`, `Running`, `Paused`, `Degraded` (runs, but a change could not be applied), `Failed`
/// (cannot be created at present; tried again), `Terminating`.
struct CellCore: WorkloadCore {
  private var declared: Declared<CellSpec>
  /// The cell was on the node and nobody has asked to remove it.
  private var isExpected = false
  private var losses = 0
  private var createdAt: Timestamp?
  private var lostAt: Timestamp?
  private var hosting = WorkloadSummary.Hosting.notYet

  /// A cell that ran this long before it was lost is created again at once.
  private static let stableAfter = Duration.seconds(60)

  init(resource: Resource) { declared = Declared(resource) }

  mutating func update(_ resource: Resource) { declared.update(resource) }

  var summary: WorkloadSummary {
    WorkloadSummary(
      workload: declared.workload, isDeleting: declared.isDeleting, hosting: hosting, isRunning: false, restarts: 0,
      memoryLimit: declared.spec?.limits.memoryBytes)
  }

  mutating func plan(_ view: WorkloadView) -> Plan {
    var cell: CellObservation?
    if case .cell(let observed) = view.observation { cell = observed }
    noteLoss(cell, view)
    var plan = Plan()
    let progress = decide(cell, view, &plan)
    if case .removeCell = plan.command { isExpected = false }
    plan.status = status(progress, cell, view)
    return plan
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

  /// Sets `hosting` besides.
  private mutating func decide(_ cell: CellObservation?, _ view: WorkloadView, _ plan: inout Plan) -> Progress {
    if declared.isDeleting { return decideDeletion(cell, view, &plan) }
    guard let spec = declared.spec else {
      hosting = cell == nil ? .notYet : .ready
      return declared.invalid
    }
    guard let cell else { return decideCreation(spec, view, &plan) }
    // A removal under way cannot be taken back, whatever is declared by now.
    if cell.fingerprint != spec.fingerprint || view.inFlight?.isRemoval == true {
      return decideRecreation(cell, view, &plan)
    }
    return decideUpdate(cell, spec, view, &plan)
  }

  private mutating func decideCreation(_ spec: CellSpec, _ view: WorkloadView, _ plan: inout Plan) -> Progress {
    hosting = .notYet
    if view.inFlight == nil, let lostAt, losses > 0 {
      // The first loss is repaired at once, later ones after a wait.
      let backoff = Backoff.nodeCommand.spreadDelay(failures: losses - 1, workload: declared.workload)
      let createAt = losses > 1 ? lostAt + backoff : lostAt
      if createAt > view.now {
        plan.wakeAt = createAt
        return Progress(phase: "Failed", reason: "Lost", message: "the cell ended on the node \(losses) times")
      }
    }
    plan.command = .createCell(declared.workload, declared.key, spec)
    if let failure = view.failure { return Progress(phase: "Failed", failure) }
    plan.isTransient = true
    return Progress(
      phase: "Creating", reason: "Creating", message: "the node creates the cell", isUpdated: false)
  }

  /// Only a new cell can have what the specification asks for: end the processes, remove the cell, create it again.
  private mutating func decideRecreation(_ cell: CellObservation, _ view: WorkloadView, _ plan: inout Plan) -> Progress
  {
    hosting = .leaving
    let running = view.children.count { $0.isRunning }
    var progress = Progress(
      phase: "Creating", reason: "Recreating",
      message: "namespaces, root, mounts or hostname changed: the cell is created again", isUpdated: false)
    if cell.isPaused {
      plan.command = .setCellPaused(declared.workload, false)
    } else if running == 0 {
      plan.command = .removeCell(declared.workload)
    } else {
      progress.message += " once \(running) processes have ended"
    }
    if let failure = view.failure { progress = Progress(phase: "Failed", failure) }
    plan.isTransient = view.failure == nil
    return progress
  }

  private mutating func decideUpdate(
    _ cell: CellObservation, _ spec: CellSpec, _ view: WorkloadView, _ plan: inout Plan
  ) -> Progress {
    if cell.liveFingerprint != spec.liveFingerprint {
      plan.command = .updateCell(declared.workload, spec)
    } else if cell.isPaused != spec.isPaused {
      plan.command = .setCellPaused(declared.workload, spec.isPaused)
    }
    hosting = cell.isPaused ? .paused : .ready
    if plan.command != nil, let failure = view.failure { return Progress(phase: "Degraded", failure) }
    plan.isTransient = plan.command != nil
    return cell.isPaused
      ? Progress(phase: "Paused", reason: "Paused", message: "every process of the cell is frozen")
      : Progress(phase: "Running", reason: "Running")
  }

  private mutating func decideDeletion(_ cell: CellObservation?, _ view: WorkloadView, _ plan: inout Plan) -> Progress {
    hosting = .leaving
    var progress = Progress(phase: "Terminating", reason: "Deleted")
    let waiting = view.children.count { $0.isRunning || $0.isDeleting }
    plan.isTransient = view.failure == nil
    if let failure = view.failure { progress.message = failure.failure.message }
    guard let cell else {
      plan.isReleased = view.inFlight == nil && waiting == 0
      return progress
    }
    if cell.isPaused {
      plan.command = .setCellPaused(declared.workload, false)
    } else if waiting == 0 {
      plan.command = .removeCell(declared.workload)
    } else {
      progress.message = "waits for \(waiting) processes to end"
    }
    return progress
  }

  private mutating func status(_ progress: Progress, _ cell: CellObservation?, _ view: WorkloadView) -> JSONObject {
    var members: JSONObject = [:]
    if let cell { members["readyAt"] = .string(cell.createdAt.description) }
    members["processes"] = [
      "total": .integer(Int64(view.children.count)), "running": .integer(Int64(view.children.count { $0.isRunning })),
    ]
    members["restarts"] = .integer(view.children.reduce(0) { $0 + $1.restarts })
    return declared.status(
      progress, isReady: hosting == .ready && progress.phase != "Failed", view, members: members)
  }
}
