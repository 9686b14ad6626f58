import JSON
import Model

/// How a run ended, as `status.lastExit` says it. Read back after a restart of the daemon.
struct ExitRecord: Sendable, Equatable {
  enum Reason: String, Sendable {
    case completed = "Completed"
    case error = "Error"
    case signaled = "Signaled"
    case outOfMemory = "OOMKilled"
    /// The control loop ended it, to start it with another specification or in another cell.
    case stopped = "Stopped"
    case startFailed = "StartFailed"
    case lost = "Lost"
  }

  /// The limit that a process ran into.
  struct Limit: Sendable, Equatable {
    /// Kind of the resource that has the limit.
    var scope: ProcessExit.MemoryScope
    var bytes: Int64?
  }

  var reason: Reason
  var exitCode: Int32?
  var signal: Int32?
  var limit: Limit?
  /// `nil`: it never ran.
  var run: ProcessRun?
  var finishedAt: Timestamp
  var message: String

  var isFailure: Bool { reason != .completed && reason != .stopped }

  /// A few characters for a table: `0`, `1`, `SIGSEGV`, `OOMKilled`.
  var summary: String {
    switch reason {
    case .completed, .error: exitCode.map { String($0) } ?? reason.rawValue
    case .signaled: signal.map { SignalName.name($0) } ?? reason.rawValue
    case .outOfMemory, .stopped, .startFailed, .lost: reason.rawValue
    }
  }

  init(startFailed failure: NodeFailure, at now: Timestamp) {
    reason = .startFailed
    finishedAt = now
    message = "\(failure.code): \(failure.message)"
  }

  /// - Parameter memoryLimits: what the specifications say, for a node that reports no amount.
  init(
    _ exit: ProcessExit, of run: ProcessRun, wasStopped: Bool, memoryLimits: (process: Int64?, cell: Int64?)
  ) {
    self.run = run
    finishedAt = exit.at
    switch exit.cause {
    case .exited(let code):
      exitCode = code
      reason = code == 0 ? .completed : .error
      message = "exited with code \(code)"
    case .signaled(let number):
      signal = number
      reason = .signaled
      message = "ended by \(SignalName.name(number))"
    case .outOfMemory(let scope, let bytes):
      reason = .outOfMemory
      signal = 9
      let limit = Limit(scope: scope, bytes: bytes ?? ExitRecord.declared(scope, memoryLimits))
      self.limit = limit
      message = ExitRecord.words(limit)
    case .startFailed(let text):
      reason = .startFailed
      message = text
    case .lost:
      reason = .lost
      message = "it is gone from the node, and how it ended is not known"
    }
    if wasStopped { reason = .stopped }
  }

  private static func declared(
    _ scope: ProcessExit.MemoryScope, _ limits: (process: Int64?, cell: Int64?)
  ) -> Int64? {
    switch scope {
    case .process: limits.process
    case .cell: limits.cell
    case .node: nil
    }
  }

  private static func words(_ limit: Limit) -> String {
    switch limit.scope {
    case .process, .cell:
      let amount = limit.bytes.map { " of \($0) bytes" } ?? ""
      return "killed for reaching limits.memory\(amount) of the \(limit.scope == .cell ? "cell" : "process")"
    case .node: return "killed because the node ran out of memory"
    }
  }

  /// `status.limit`: which limit it was.
  var limitJSON: JSON? {
    guard let limit else { return nil }
    var json: JSONObject = ["kind": .string(limit.scope.rawValue), "field": "spec.limits.memory"]
    if let bytes = limit.bytes { json["bytes"] = .integer(bytes) }
    return .object(json)
  }

  var json: JSON {
    var json: JSONObject = ["reason": .string(reason.rawValue), "summary": .string(summary)]
    if let exitCode { json["exitCode"] = .integer(Int64(exitCode)) }
    if let signal { json["signal"] = .string(SignalName.name(signal)) }
    json["limit"] = limitJSON
    if let run {
      if run.pid > 0 { json["pid"] = .integer(run.pid) }
      json["startedAt"] = .string(run.startedAt.description)
    }
    json["finishedAt"] = .string(finishedAt.description)
    json["message"] = .string(message)
    return .object(json)
  }

  /// Reads what ``json`` writes.
  init?(json: JSON?) {
    guard let json, let reason = json["reason"]?.stringValue.flatMap(Reason.init),
      let finishedAt = json["finishedAt"]?.stringValue.flatMap(Timestamp.init)
    else { return nil }
    self.reason = reason
    self.finishedAt = finishedAt
    message = json["message"]?.stringValue ?? ""
    exitCode = json["exitCode"]?.integerValue.map { Int32(clamping: $0) }
    signal = json["signal"]?.stringValue.flatMap { SignalName.number($0) }
    if let limit = json["limit"], let scope = limit["kind"]?.stringValue.flatMap(ProcessExit.MemoryScope.init) {
      self.limit = Limit(scope: scope, bytes: limit["bytes"]?.integerValue)
    }
    run = ProcessRun(status: json)
  }
}

extension ProcessRun {
  /// Reads `pid`, which may be absent, and `startedAt`.
  init?(status: JSON) {
    guard let startedAt = status["startedAt"]?.stringValue.flatMap(Timestamp.init) else { return nil }
    self.init(pid: status["pid"]?.integerValue ?? 0, startedAt: startedAt)
  }
}
