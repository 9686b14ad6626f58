import JSON
import Model

/// Decides what to do about one app. The node restarts apps, and puts the version before back, by itself; what is decided
/// here is that the node has the specification, and what its status says.
///
/// Phases: `Pending`, `Installed` (it waits for someone to start it), `Starting`, `Running`, `Stopping`, `Stopped`
/// (someone stopped it), `Completed` (it ended with code 0), `BackOff` (it failed and is started again), `Failed`,
/// `Terminating`.
struct AppControl: WorkloadCore {
  private var declared: Declared<AppSpec>
  private var isRunning = false

  init(resource: Resource) { declared = Declared(resource) }

  mutating func update(_ resource: Resource) { declared.update(resource) }

  var summary: WorkloadSummary {
    WorkloadSummary(
      workload: declared.workload, isDeleting: declared.isDeleting, hosting: .notYet, isRunning: isRunning,
      restarts: 0, memoryLimit: declared.spec?.quotas.map { Int64($0.memoryBytesMax) })
  }

  mutating func plan(_ view: WorkloadView) -> Plan {
    var app: AppObservation?
    if case .app(let observed) = view.observation { app = observed }
    isRunning = app?.state == .running
    var plan = Plan()
    var progress = decide(app, view, &plan)
    if let failure = view.failure, !declared.isDeleting {
      progress = Progress(phase: app == nil ? "Failed" : progress.phase, failure)
    }
    plan.status = declared.status(
      progress, isReady: progress.phase == "Running", view, members: app?.details ?? [:])
    return plan
  }

  private func decide(_ app: AppObservation?, _ view: WorkloadView, _ plan: inout Plan) -> Progress {
    if declared.isDeleting {
      if app != nil { plan.command = .removeApp(declared.workload) }
      plan.isReleased = app == nil && view.inFlight == nil
      plan.isTransient = view.failure == nil
      return Progress(phase: "Terminating", reason: "Deleted", message: view.failure?.failure.message ?? "")
    }
    guard let spec = declared.spec else { return declared.invalid }
    guard let app, app.fingerprint == spec.fingerprint else {
      plan.command = .applyApp(declared.workload, declared.key, spec)
      plan.isTransient = true
      return Progress(
        phase: app?.phase ?? "Pending", reason: "Installing", message: "the node takes on the specification",
        isUpdated: false)
    }
    if let rollback = app.rollback {
      return Progress(phase: app.phase, reason: "RolledBack", message: rollback, isUpdated: false)
    }
    return progress(app)
  }

  private func progress(_ app: AppObservation) -> Progress {
    let start = "\"aether app start \(declared.key.name)\" starts it"
    switch app.state {
    case .running: return Progress(phase: app.phase, reason: "Running")
    case .installed: return Progress(phase: app.phase, reason: "NotStarted", message: start)
    case .starting: return Progress(phase: app.phase, reason: "Starting", message: "the node starts it")
    case .stopping: return Progress(phase: app.phase, reason: "Stopping", message: "the node stops it")
    case .stopped: return Progress(phase: app.phase, reason: "Stopped", message: "it was stopped; \(start)")
    case .completed: return Progress(phase: app.phase, reason: "Completed", message: "it ended with code 0")
    case .backOff: return Progress(phase: app.phase, reason: "Crashed", message: app.failure)
    case .failed: return Progress(phase: app.phase, reason: "Crashed", message: "\(app.failure); \(start)")
    }
  }
}
