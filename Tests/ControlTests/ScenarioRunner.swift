import AutomataHost
import JSON
import Model

@testable import Control

/// Plays a scenario file against the core and writes the same file with the effects that came out.
///
/// A line starts with `@TIME` in milliseconds; due timers fire first. Then one of
/// - `start`: the store and the node answer that they have nothing
/// - `cell NAME UID SPEC`, `process NAME UID SPEC`, `automaton NAME UID SPEC`, `app NAME UID SPEC`: declare or change
/// - `delete KIND NAME`, `purge KIND NAME` (without its finalizers)
/// - `done UID STATE`: the node answers the command with what it has then; `done UID fail node|workload|conflict CODE`
/// - `saw UID STATE`: the node reports by itself; `lose UID STATE`: the same, but the report gets lost
/// - `relist`: reports may have been missed; the node is asked for everything
/// - `restart`: another daemon takes over with what the store and the node have
///
/// STATE is `running PID`, `paused`, `exited CODE`, `unseen CODE` (started and ended between two looks), `failed`, `signaled NUMBER`, `oom SCOPE [BYTES]` or `gone`. Effects follow
/// indented; the store carries out writes at once and tells of them.
struct ScenarioRunner {
  private var core = ControlCore()
  private var store = StoreModel()
  private var node: [WorkloadID: Observation] = [:]
  private var commanded: [WorkloadID: NodeCommand] = [:]
  private var timers: [ControlCore.TimerKey: Timestamp] = [:]
  private var now = Timestamp(milliseconds: 0)
  private var output: [String] = []
  private var events: [ControlCore.Event] = []
  private var isStepping = false

  struct Fault: Error { var line: String }

  static func play(_ text: String) throws -> String {
    var runner = ScenarioRunner()
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("  ") { continue }
      if line.hasPrefix("@") { try runner.play(line: line) } else { runner.output.append(line) }
    }
    return runner.output.joined(separator: "\n")
  }

  private mutating func play(line: String) throws {
    let words = line.split(separator: " ").map(String.init)
    guard words.count >= 2, let time = Int64(words[0].dropFirst()) else { throw Fault(line: line) }
    fireTimers(until: Timestamp(milliseconds: time), line)
    now = Timestamp(milliseconds: time)
    output.append(line)
    let rest = Array(words.dropFirst(2))
    switch words[1] {
    case "start", "restart":
      core = ControlCore()
      timers = [:]
      step(.resourcesListed(store.sorted))
    case "cell", "process", "automaton", "app":
      guard rest.count >= 3 else { throw Fault(line: line) }
      let key = ResourceKey(owner: "o", kind: ScenarioRunner.kind(words[1]), name: rest[0])
      let spec = try JSON.parse(rest.dropFirst(2).joined(separator: " "))
      if let resource = store.apply(key, uid: rest[1], spec, at: now) { step(.resource(resource)) }
    case "delete":
      if let resource = store.delete(try key(rest, line), at: now) { step(.resource(resource)) }
    case "purge":
      if let resource = store.purge(try key(rest, line)) {
        step(.resourceRemoved(resource.key, uid: resource.metadata.uid))
      }
    case "done":
      if rest.count >= 4, rest[1] == "fail" {
        let kinds: [String: NodeFailure.Kind] = ["node": .node, "workload": .workload, "conflict": .conflict]
        guard let kind = kinds[rest[2]] else { throw Fault(line: line) }
        let failure = NodeFailure(kind, code: rest[3], message: "it did not work")
        step(.commandFinished(rest[0], .failure(failure)))
      } else {
        node[rest[0]] = try observation(rest, line)
        step(.commandFinished(rest[0], .success(node[rest[0]])))
      }
    case "saw":
      node[rest[0]] = try observation(rest, line)
      if node[rest[0]] == nil {
        node = node.filter { if case .process(let process) = $0.value { process.cell != rest[0] } else { true } }
      }
      step(node[rest[0]].map { .observed($0) } ?? .vanished(rest[0]))
    case "lose": node[rest[0]] = try observation(rest, line)
    case "relist": step(.nodeStale)
    case "wait": break
    default: throw Fault(line: line)
    }
  }

  private func key(_ rest: [String], _ line: String) throws -> ResourceKey {
    guard rest.count == 2 else { throw Fault(line: line) }
    return ResourceKey(owner: "o", kind: ScenarioRunner.kind(rest[0]), name: rest[1])
  }

  private static func kind(_ word: String) -> String { word.prefix(1).uppercased() + word.dropFirst() }

  /// `automaton` stands for what was applied last, or keeps what it was.
  private func automaton(_ uid: String, _ state: String, _ line: String) throws -> Observation {
    let executions: [String: AutomatonObservation.Execution] = [
      "running": .running, "paused": .paused, "stopped": .stopped, "failed": .failed, "unconnected": .running,
    ]
    guard let execution = executions[state] else { throw Fault(line: line) }
    var automaton = AutomatonObservation(
      workload: uid, fingerprint: Fingerprint([:]), liveFingerprint: Fingerprint([:]), execution: execution,
      startedAt: Timestamp(milliseconds: 0), time: now.milliseconds, live: ["state": "a"],
      lastError: execution == .failed ? ScriptFailure(script: "body of a", line: 1, message: "it broke") : nil,
      failedAt: execution == .failed ? now : nil,
      linkProblems: state == "unconnected" ? ["b/y -> x: there is no automaton b"] : [])
    if case .automaton(let old) = node[uid] {
      automaton.beganAt = old.execution == .failed && execution == .running ? now : old.beganAt
      if execution == .failed, let failedAt = old.failedAt { automaton.failedAt = failedAt }
      (automaton.fingerprint, automaton.liveFingerprint) = (old.fingerprint, old.liveFingerprint)
    }
    if case .applyAutomaton(_, _, let spec) = commanded[uid] {
      (automaton.fingerprint, automaton.liveFingerprint) = (spec.fingerprint, spec.liveFingerprint)
    }
    return .automaton(automaton)
  }

  /// `app` stands for what was applied last, or keeps what it was; `rolledback` runs the version before.
  private func app(_ uid: String, _ state: String, _ line: String) throws -> Observation {
    let states: [String: AppObservation.State] = [
      "running": .running, "rolledback": .running, "installed": .installed, "stopped": .stopped,
      "completed": .completed, "backoff": .backOff, "failed": .failed, "starting": .starting,
    ]
    guard let known = states[state] else { throw Fault(line: line) }
    var fingerprint = Fingerprint([:])
    if case .app(let old) = node[uid] { fingerprint = old.fingerprint }
    if case .applyApp(_, _, let spec) = commanded[uid] { fingerprint = spec.fingerprint }
    return .app(
      AppObservation(
        workload: uid, fingerprint: fingerprint, number: UInt64(now.milliseconds), state: known,
        failure: known == .failed || known == .backOff ? "trap: unreachable" : "",
        rollback: state == "rolledback" ? "trap: unreachable" : nil, details: ["version": "1.0"]))
  }

  private func observation(_ words: [String], _ line: String) throws -> Observation? {
    guard words.count >= 2 else { throw Fault(line: line) }
    let (uid, state) = (words[0], words[1])
    if state == "gone" { return nil }
    let resource = store.find(uid: uid)
    if resource?.kind == "App" || uid.hasPrefix("w") { return try app(uid, state, line) }
    if resource?.kind == "Automaton" || uid.hasPrefix("a") { return try automaton(uid, state, line) }
    if case .createCell(_, _, let spec) = commanded[uid] { return cell(uid, spec, isPaused: state == "paused") }
    if resource?.kind == "Cell" || uid.hasPrefix("c") {
      let old: Observation? = node[uid]
      if case .updateCell(_, let spec) = commanded[uid] { return cell(uid, spec, isPaused: state == "paused") }
      if case .cell(var cell) = old {
        cell.isPaused = state == "paused"
        return .cell(cell)
      }
      return cell(uid, try CellSpec(resource?.spec ?? [:]), isPaused: state == "paused")
    }
    var process: ProcessObservation
    if case .process(let old) = node[uid] {
      process = old
    } else {
      process = ProcessObservation(
        workload: uid, cell: "c1", fingerprint: Fingerprint([:]), run: ProcessRun(pid: 0, startedAt: now))
    }
    let number = words.count > 2 ? words[2] : "0"
    switch state {
    case "running":
      process.run = ProcessRun(pid: Int64(number) ?? 0, startedAt: now)
      process.exit = nil
      if case .startProcess(_, _, let cell, let spec) = commanded[uid] {
        process.fingerprint = spec.fingerprint
        process.cell = cell
      }
    case "unseen":
      if case .startProcess(_, _, let cell, let spec) = commanded[uid] {
        process.cell = cell
        process.fingerprint = spec.fingerprint
      }
      process.run = ProcessRun(pid: 0, startedAt: now)
      process.exit = ProcessExit(.exited(code: Int32(number) ?? 0), at: now)
    case "failed": process.exit = ProcessExit(.startFailed("execute nope: No such file or directory"), at: now)
    case "exited": process.exit = ProcessExit(.exited(code: Int32(number) ?? 0), at: now)
    case "signaled": process.exit = ProcessExit(.signaled(Int32(number) ?? 0), at: now)
    case "oom":
      let bytes = words.count > 3 ? Int64(words[3]) : nil
      process.exit = ProcessExit(
        .outOfMemory(ProcessExit.MemoryScope(rawValue: number) ?? .process, bytes: bytes), at: now)
    default: throw Fault(line: line)
    }
    return .process(process)
  }

  private func cell(_ uid: WorkloadID, _ spec: CellSpec, isPaused: Bool) -> Observation {
    var createdAt = now
    if case .cell(let old) = node[uid] { createdAt = old.createdAt }
    return .cell(
      CellObservation(
        workload: uid, fingerprint: spec.fingerprint, liveFingerprint: spec.liveFingerprint, isPaused: isPaused,
        createdAt: createdAt))
  }

  private mutating func fireTimers(until end: Timestamp, _ line: String) {
    while let next = timers.filter({ $0.value <= end }).min(by: { ($0.value, "\($0.key)") < ($1.value, "\($1.key)") }) {
      timers[next.key] = nil
      now = max(now, next.value)
      let count = output.count
      output.append("  @\(now.milliseconds) timer")
      step(.timer(next.key))
      if output.count == count + 1 { output.removeLast() }
    }
  }

  private mutating func step(_ event: ControlCore.Event) {
    events.append(event)
    guard !isStepping else { return }
    isStepping = true
    while !events.isEmpty {
      for effect in core.step(events.removeFirst(), at: now) { carryOut(effect) }
    }
    isStepping = false
  }

  private mutating func carryOut(_ effect: ControlCore.Effect) {
    switch effect {
    case .command(let command):
      commanded[command.workload] = command
      output.append("  \(ScenarioRunner.text(command))")
    case .listNode(let number):
      output.append("  listNode")
      step(.nodeListed(number, .success(node.sorted { $0.key < $1.key }.map(\.value))))
    case .writeStatus(let key, let uid, let status):
      output.append("  status \(key.kind)/\(key.name) \(ScenarioRunner.text(status))")
      guard let resource = store.writeStatus(key, uid: uid, status) else {
        return step(.statusWritten(uid, .gone))
      }
      step(.statusWritten(uid, .written(revision: resource.metadata.revision)))
      step(.resource(resource))
    case .removeFinalizer(let key, let uid, let finalizer):
      output.append("  removeFinalizer \(key.kind)/\(key.name)")
      let event = store.removeFinalizer(key, uid: uid, finalizer)
      step(.finalizerRemoved(uid, isDone: true))
      if let event { step(event) }
    case .setTimer(let key, let at): timers[key] = at
    case .record: break
    }
  }

  private static func text(_ command: NodeCommand) -> String {
    switch command {
    case .createCell(let id, let key, _): "createCell \(id) \(key.name)"
    case .startProcess(let id, let key, let cell, let spec):
      "startProcess \(id) \(key.name) in \(cell): \(spec.command.joined(separator: " "))"
    case .stopProcess(let id, let rule): "stopProcess \(id) \(SignalName.name(rule.signal)) \(rule.gracePeriod)"
    default: "\(command.name) \(command.workload)"
    }
  }

  /// The status in short: times as `@MILLISECONDS`, conditions as `TYPE=STATUS(REASON)@SINCE`, without messages.
  private static func text(_ status: JSON) -> String {
    var parts: [String] = []
    for member in status.objectValue?.members ?? [] where member.name != "message" && member.name != "history" {
      parts.append("\(member.name)=\(text(member.name, member.value))")
    }
    return parts.joined(separator: " ")
  }

  private static func text(_ name: String, _ value: JSON) -> String {
    if name == "conditions" {
      let texts = (value.arrayValue ?? []).map { condition in
        "\(text("", condition["type"] ?? .null))=\(text("", condition["status"] ?? .null))"
          + "(\(text("", condition["reason"] ?? .null)))\(text("", condition["since"] ?? .null))"
      }
      return "[\(texts.joined(separator: " "))]"
    }
    if case .string(let string) = value { return Timestamp(string).map { "@\($0.milliseconds)" } ?? string }
    if case .object(let object) = value {
      let texts = object.members.filter { $0.name != "message" }.map { "\($0.name)=\(text($0.name, $0.value))" }
      return "{\(texts.joined(separator: " "))}"
    }
    return value.text()
  }
}
