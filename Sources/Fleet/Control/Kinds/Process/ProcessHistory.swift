import JSON
import Model

/// What the restart rule depends on: which runs there were, and how they ended. Every run and every end counts once,
/// however often it is reported.
struct ProcessHistory: Sendable, Equatable {
  /// Starts after an end that the control loop did not cause, since the specification last changed.
  private(set) var restarts: Int64 = 0
  /// Ends without a long run in between.
  private(set) var quickEnds: Int64 = 0
  private(set) var lastExit: ExitRecord?
  /// The run that was last seen alive.
  private(set) var current: ProcessRun?
  /// Of the specification of the last run.
  private(set) var fingerprint: Fingerprint?
  private(set) var nextRestartAt: Timestamp?
  /// The control loop ends the current run.
  var isStopping = false

  /// What the restart rule says while nothing runs.
  enum Verdict: Equatable {
    case start
    case wait(until: Timestamp, ExitRecord)
    case completed(ExitRecord)
    case failed(ExitRecord)
  }

  func verdict(_ spec: ProcessSpec) -> Verdict {
    guard let exit = lastExit, fingerprint == spec.fingerprint, exit.reason != .stopped else { return .start }
    let mayRestart = spec.restart.allows(quickEnds: quickEnds)
    switch spec.restart.policy {
    case .always where mayRestart, .onFailure where mayRestart && exit.isFailure:
      return nextRestartAt.map { .wait(until: $0, exit) } ?? .start
    case .always, .onFailure, .never:
      return exit.isFailure || spec.restart.policy == .always ? .failed(exit) : .completed(exit)
    }
  }

  mutating func absorb(_ process: ProcessObservation?, _ spec: ProcessSpec?, cellMemoryLimit: Int64?) {
    guard let process, process.run != lastExit?.run else { return }
    noteRun(process.run, process.fingerprint)
    guard let exit = process.exit else { return }
    let record = ExitRecord(
      exit, of: current ?? process.run, wasStopped: isStopping,
      memoryLimits: (spec?.limits.memoryBytes, cellMemoryLimit))
    noteEnd(record, spec)
  }

  mutating func noteLoss(_ spec: ProcessSpec?, at now: Timestamp) {
    guard let run = current else { return }
    let record = ExitRecord(
      ProcessExit(.lost, at: now), of: run, wasStopped: isStopping, memoryLimits: (nil, nil))
    noteEnd(record, spec)
  }

  mutating func noteFailedStart(_ failure: NodeFailure, _ spec: ProcessSpec, at now: Timestamp) {
    beginRun(spec.fingerprint)
    noteEnd(ExitRecord(startFailed: failure, at: now), spec)
  }

  private mutating func noteRun(_ run: ProcessRun, _ fingerprint: Fingerprint) {
    guard run != current else { return }
    beginRun(fingerprint)
    current = run
    isStopping = false
  }

  private mutating func beginRun(_ fingerprint: Fingerprint) {
    if fingerprint != self.fingerprint {
      restarts = 0
      quickEnds = 0
    } else if let lastExit, lastExit.reason != .stopped {
      restarts += 1
    }
    self.fingerprint = fingerprint
    nextRestartAt = nil
  }

  private mutating func noteEnd(_ exit: ExitRecord, _ spec: ProcessSpec?) {
    lastExit = exit
    current = nil
    isStopping = false
    guard exit.reason != .stopped, let rule = spec?.restart else {
      nextRestartAt = nil
      return
    }
    quickEnds = rule.quickEnds(quickEnds, lived: exit.run.map { exit.finishedAt - $0.startedAt })
    nextRestartAt = rule.restartAt(exit.finishedAt, quickEnds: quickEnds)
  }
}

extension ProcessHistory {
  /// `status.history`, by which a daemon that takes over knows what was before.
  var json: JSON {
    var json: JSONObject = ["quickEnds": .integer(quickEnds)]
    if let fingerprint { json["fingerprint"] = .string(fingerprint.text) }
    return .object(json)
  }

  init(status: JSON) {
    restarts = status["restarts"]?.integerValue ?? 0
    quickEnds = status["history"]?["quickEnds"]?.integerValue ?? 0
    fingerprint = status["history"]?["fingerprint"]?.stringValue.map(Fingerprint.init(text:))
    lastExit = ExitRecord(json: status["lastExit"])
    nextRestartAt = status["nextRestartAt"]?.stringValue.flatMap(Timestamp.init)
    if status["phase"] == "Running" { current = ProcessRun(status: status) }
  }
}
