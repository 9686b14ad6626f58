import JSON
import Model

@testable import Control

/// splitmix64 (https://prng.di.unimi.it/splitmix64.c): the same seed gives the same run everywhere.
struct SeededRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
  mutating func delay(_ milliseconds: ClosedRange<Int64>) -> Duration {
    .milliseconds(Int64.random(in: milliseconds, using: &self))
  }
}

/// A store, a node and the control loop in one virtual time, where what can go wrong does: commands that fail before or
/// after their effect, reports that get lost or come twice, lists that are out of date, writes that fail, cells and
/// processes that end, daemons that are killed half-way.
struct Simulation {
  enum Weather: Sendable {
    /// Everything goes wrong.
    case storm
    /// Nothing fails and no report gets lost; but reports, answers and lists overtake each other, and some come twice.
    case fog
  }

  private enum Action {
    case event(ControlCore.Event)
    case execute(NodeCommand)
    case snapshot(Int)
    case writeStatus(ResourceKey, WorkloadID, JSON)
    case removeFinalizer(ResourceKey, WorkloadID, String)
    case timer(ControlCore.TimerKey, Timestamp)
    case user
    case chaos
    /// The node starts an app again by itself.
    case restartApp(WorkloadID)
    case crash
    case look
  }

  private struct Scheduled {
    var at: Timestamp
    var number: Int
    /// Of the daemon that it belongs to; 0 for what goes on without one.
    var daemon: Int
    var action: Action
  }

  private(set) var core = ControlCore()
  private(set) var store = StoreModel()
  private(set) var node: [WorkloadID: Observation] = [:]
  private var random: SeededRandom
  private var now = Timestamp(milliseconds: 1000)
  private var agenda: [Scheduled] = []
  private var number = 0
  private var daemon = 1
  private var timers: [ControlCore.TimerKey: Timestamp] = [:]
  private var inFlight: Set<WorkloadID> = []
  private var isCalm = false
  private var feedAt = Timestamp(milliseconds: 0)
  private var reportAt = Timestamp(milliseconds: 0)
  private var lastPid: Int64 = 100
  private var appNumber: UInt64 = 0
  private(set) var commandCount = 0
  private(set) var statusWriteCount = 0
  private(set) var userCount = 0
  private(set) var faultCount = 0
  private(set) var violations: [String] = []

  /// How often each process ended by itself.
  private var ends: [WorkloadID: Int64] = [:]
  private let weather: Weather

  init(seed: UInt64, _ weather: Weather) {
    self.weather = weather
    random = SeededRandom(state: seed)
    step(.resourcesListed([]))
    schedule(.user, after: .milliseconds(1), outlivesDaemon: true)
    schedule(.chaos, after: .milliseconds(50), outlivesDaemon: true)
    schedule(weather == .storm ? .crash : .look, after: .milliseconds(500), outlivesDaemon: true)
  }

  // MARK: Time

  private mutating func schedule(_ action: Action, after delay: Duration, outlivesDaemon: Bool = false) {
    schedule(action, at: now + delay, outlivesDaemon: outlivesDaemon)
  }

  private mutating func schedule(_ action: Action, at time: Timestamp, outlivesDaemon: Bool = false) {
    number += 1
    agenda.append(Scheduled(at: time, number: number, daemon: outlivesDaemon ? 0 : daemon, action: action))
  }

  private mutating func runNext(until end: Timestamp) -> Bool {
    guard
      let index = agenda.indices.min(by: { (agenda[$0].at, agenda[$0].number) < (agenda[$1].at, agenda[$1].number) }),
      agenda[index].at <= end
    else { return false }
    let next = agenda.remove(at: index)
    now = max(now, next.at)
    if next.daemon == 0 || next.daemon == daemon { run(next.action) }
    return true
  }

  /// Users and faults for `steps` things that happen.
  mutating func run(steps: Int) {
    let end = now + .seconds(100_000_000)
    for _ in 0..<steps where !runNext(until: end) { return }
  }

  /// Nothing goes wrong any more.
  mutating func calm(for duration: Duration) {
    if !isCalm {
      isCalm = true
      // What was lost in the storm, the shell notices.
      if weather == .storm { step(.nodeStale) }
    }
    let end = now + duration
    while runNext(until: end) {}
    now = end
  }

  private mutating func fault(_ percent: Int) -> Bool {
    guard !isCalm, weather == .storm, random.chance(percent) else { return false }
    faultCount += 1
    return true
  }

  // MARK: What happens

  private mutating func run(_ action: Action) {
    switch action {
    case .event(let event):
      if case .commandFinished(let uid, _) = event { inFlight.remove(uid) }
      step(event)
    case .execute(let command): execute(command)
    case .snapshot(let number):
      let all = node.values.sorted { $0.workload < $1.workload }
      let failure = NodeFailure(.node, code: "Unavailable", message: "the node does not answer")
      schedule(
        .event(.nodeListed(number, fault(20) ? .failure(failure) : .success(all))), after: random.delay(0...20))
    case .writeStatus(let key, let uid, let status): writeStatus(key, uid, status)
    case .removeFinalizer(let key, let uid, let finalizer):
      if fault(5) { return schedule(.event(.finalizerRemoved(uid, isDone: false)), after: .milliseconds(1)) }
      let event = store.removeFinalizer(key, uid: uid, finalizer)
      schedule(.event(.finalizerRemoved(uid, isDone: true)), after: random.delay(0...5))
      if let event { feed(event) }
    case .timer(let key, let time):
      guard timers[key] == time else { return }
      timers[key] = nil
      step(.timer(key))
    case .user:
      guard !isCalm else { return }
      useStore()
      // Now and then many changes at once.
      schedule(.user, after: random.chance(50) ? random.delay(0...10) : random.delay(0...400), outlivesDaemon: true)
    case .chaos:
      guard !isCalm else { return }
      endSomething()
      schedule(.chaos, after: random.delay(10...1000), outlivesDaemon: true)
    case .restartApp(let uid):
      guard case .app(let app) = node[uid], app.state == .backOff else { return }
      reportApp(app, .running)
    case .crash:
      guard !isCalm else { return }
      faultCount += 1
      daemon += 1
      core = ControlCore()
      timers = [:]
      inFlight = []
      step(.resourcesListed(store.sorted))
      schedule(.crash, after: random.delay(100...5000), outlivesDaemon: true)
    case .look:
      guard !isCalm else { return }
      step(.nodeStale)
      schedule(.look, after: random.delay(0...60))
    }
  }

  private mutating func step(_ event: ControlCore.Event) {
    for effect in core.step(event, at: now) { carryOut(effect) }
  }

  private mutating func carryOut(_ effect: ControlCore.Effect) {
    switch effect {
    case .command(let command):
      commandCount += 1
      if !inFlight.insert(command.workload).inserted {
        violations.append("two commands at once for \(command.workload)")
      }
      // A command that the node got goes on when the daemon dies.
      let delay = random.chance(10) ? random.delay(0...600) : random.delay(0...30)
      schedule(.execute(command), after: delay, outlivesDaemon: random.chance(50))
    case .listNode(let number): schedule(.snapshot(number), after: random.delay(0...20))
    case .writeStatus(let key, let uid, let status):
      statusWriteCount += 1
      schedule(.writeStatus(key, uid, status), after: random.delay(0...5), outlivesDaemon: random.chance(50))
    case .removeFinalizer(let key, let uid, let finalizer):
      schedule(.removeFinalizer(key, uid, finalizer), after: random.delay(0...5), outlivesDaemon: random.chance(50))
    case .setTimer(let key, let time):
      timers[key] = time
      if let time { schedule(.timer(key, time), at: max(now, time)) }
    case .record: break
    }
  }

  // MARK: The store

  private mutating func feed(_ event: ControlCore.Event) {
    feedAt = max(feedAt, now + random.delay(0...10))
    schedule(.event(event), at: feedAt)
    if fault(5) { schedule(.event(event), at: feedAt) }
  }

  private mutating func writeStatus(_ key: ResourceKey, _ uid: WorkloadID, _ status: JSON) {
    if fault(5) { return schedule(.event(.statusWritten(uid, .failed("disk full"))), after: .milliseconds(1)) }
    if weather == .fog {
      // Nothing was ever lost, and nobody restarts more often than it ends.
      if status["lastExit"]?["reason"] == "Lost" { violations.append("\(key) counts as lost") }
      if status["restarts"]?.integerValue ?? 0 > ends[uid] ?? 0, key.kind == "Process" {
        violations.append("\(key) has \(status["restarts"]?.text() ?? "") restarts after \(ends[uid] ?? 0) ends")
      }
    }
    guard let resource = store.writeStatus(key, uid: uid, status) else {
      return schedule(.event(.statusWritten(uid, .gone)), after: .milliseconds(1))
    }
    schedule(.event(.statusWritten(uid, .written(revision: resource.metadata.revision))), after: random.delay(0...5))
    feed(.resource(resource))
  }

  private mutating func useStore() {
    userCount += 1
    let cell = ResourceKey(owner: "o", kind: "Cell", name: "abc".map(String.init).randomElement(using: &random) ?? "a")
    let leaf = "pqr".map(String.init).randomElement(using: &random) ?? "p"
    let process = ResourceKey(owner: "o", kind: "Process", name: "\(cell.name)/\(leaf)")
    let cellSpecs: [JSON] = [
      [:], ["limits": ["memory": "64Mi"]], ["paused": true], ["root": ["mode": "overlay"]], ["hostname": "h"],
    ]
    let app = ResourceKey(owner: "o", kind: "App", name: "xyz".map(String.init).randomElement(using: &random) ?? "x")
    let appSpecs: [JSON] = ["a", "b", "c"].map { digit in
      ["source": ["artifact": .string(String(repeating: digit, count: 64))], "capabilities": ["storage.*"]]
    }
    let policies: [JSON] = ["always", "onFailure", "never"]
    let commands: [JSON] = ["one", "two"]
    switch Int.random(in: 0..<13, using: &random) {
    case 0...2: apply(cell, cellSpecs.randomElement(using: &random) ?? [:])
    case 3...6:
      apply(
        process,
        [
          "command": [commands.randomElement(using: &random) ?? "one"],
          "restart": [
            "policy": policies.randomElement(using: &random) ?? "always", "backoffMin": "50ms", "backoffMax": "2s",
          ],
        ])
    case 7: delete(process)
    case 10...11: apply(app, appSpecs.randomElement(using: &random) ?? [:])
    case 12: delete(app)
    case 8 where weather == .storm:
      // As the gateway does it: what is inside goes, too.
      for child in store.sorted where child.kind == "Process" && child.metadata.name.hasPrefix(cell.name + "/") {
        delete(child.key)
      }
      delete(cell)
    case 9 where weather == .storm:
      // Taken from the store by force: the node has an orphan.
      let key = [cell, process, app].randomElement(using: &random) ?? cell
      if let resource = store.purge(key) { feed(.resourceRemoved(key, uid: resource.metadata.uid)) }
    default: delete(process)
    }
  }

  private mutating func apply(_ key: ResourceKey, _ spec: JSON) {
    let uid = "\(key.kind == "Cell" ? "c" : key.kind == "App" ? "w" : "p")\(store.revision)"
    if let resource = store.apply(key, uid: uid, spec, at: now) { feed(.resource(resource)) }
  }

  private mutating func delete(_ key: ResourceKey) {
    if let resource = store.delete(key, at: now) { feed(.resource(resource)) }
  }

  // MARK: The node

  private mutating func report(_ uid: WorkloadID) {
    if fault(15) {
      // The shell finds out, though late.
      return schedule(.event(.nodeStale), after: random.delay(100...2000))
    }
    reportAt = max(reportAt, now + random.delay(0...20))
    let event: ControlCore.Event = node[uid].map { .observed($0) } ?? .vanished(uid)
    schedule(.event(event), at: reportAt)
    if fault(15) || weather == .fog && random.chance(30) {
      // The second time it is out of date by then, but not overtaken by later reports of the stream.
      schedule(.event(event), at: reportAt)
    }
  }

  private mutating func answer(_ uid: WorkloadID, _ result: Result<Observation?, NodeFailure>) {
    schedule(.event(.commandFinished(uid, result)), after: random.delay(0...20))
  }

  private mutating func execute(_ command: NodeCommand) {
    let uid = command.workload
    let failure = NodeFailure(.node, code: "Trouble", message: "it did not work")
    if fault(10) { return answer(uid, .failure(failure)) }
    if case .startProcess = command, fault(5) {
      return answer(uid, .failure(NodeFailure(.workload, code: "ProgramNotFound", message: "no such program")))
    }
    do throws(NodeFailure) {
      try change(command)
    } catch {
      return answer(uid, .failure(error))
    }
    report(uid)
    answer(uid, fault(5) ? .failure(failure) : .success(node[uid]))
  }

  private mutating func change(_ command: NodeCommand) throws(NodeFailure) {
    let conflict = NodeFailure(.conflict, code: "Conflict", message: "the node's state is another")
    switch command {
    case .createCell(let uid, _, let spec):
      guard node[uid] == nil else { throw conflict }
      node[uid] = .cell(
        CellObservation(
          workload: uid, fingerprint: spec.fingerprint, liveFingerprint: spec.liveFingerprint, isPaused: false,
          createdAt: now))
    case .updateCell(let uid, let spec):
      guard case .cell(var cell) = node[uid] else { throw conflict }
      cell.liveFingerprint = spec.liveFingerprint
      node[uid] = .cell(cell)
    case .setCellPaused(let uid, let isPaused):
      guard case .cell(var cell) = node[uid] else { throw conflict }
      cell.isPaused = isPaused
      node[uid] = .cell(cell)
    case .removeCell(let uid):
      node[uid] = nil
      removeProcesses(in: uid)
    case .startProcess(let uid, _, let cell, let spec):
      guard case .cell = node[cell] else { throw conflict }
      if case .process(let old) = node[uid], old.isRunning { throw conflict }
      lastPid += 1
      // A run is told by its start, and two starts of a process are never in one millisecond.
      var startedAt = now
      if case .process(let old) = node[uid] { startedAt = max(now, old.run.startedAt + .milliseconds(1)) }
      node[uid] = .process(
        ProcessObservation(
          workload: uid, cell: cell, fingerprint: spec.fingerprint, run: ProcessRun(pid: lastPid, startedAt: startedAt))
      )
    case .stopProcess(let uid, _):
      guard case .process(let process) = node[uid] else { return }
      if process.isRunning { end(process, .signaled(15)) }
    case .removeProcess(let uid):
      guard case .process(let process) = node[uid] else { return }
      guard !process.isRunning else { throw conflict }
      node[uid] = nil
    case .applyAutomaton(let uid, _, let spec):
      node[uid] = .automaton(
        AutomatonObservation(
          workload: uid, fingerprint: spec.fingerprint, liveFingerprint: spec.liveFingerprint,
          execution: spec.isSuspended ? .paused : .running, startedAt: now))
    case .restartAutomaton(let uid):
      guard case .automaton(var automaton) = node[uid] else { throw conflict }
      guard automaton.execution == .failed else { return }
      (automaton.execution, automaton.beganAt, automaton.failedAt) = (.running, now, nil)
      node[uid] = .automaton(automaton)
    case .removeAutomaton(let uid): node[uid] = nil
    case .applyApp(let uid, _, let spec):
      // Another module is in place, or does not come up and the one before is back.
      var isRolledBack = false
      if case .app(let old) = node[uid], old.fingerprint != spec.fingerprint { isRolledBack = fault(10) }
      appNumber += 1
      node[uid] = .app(
        AppObservation(
          workload: uid, fingerprint: spec.fingerprint, number: appNumber, state: .running,
          rollback: isRolledBack ? "it trapped" : nil))
    case .removeApp(let uid): node[uid] = nil
    }
  }

  private mutating func end(_ process: ProcessObservation, _ cause: ProcessExit.Cause) {
    var ended = process
    // The node does not keep the number of an ended process.
    ended.run.pid = 0
    ended.exit = ProcessExit(cause, at: max(now, process.run.startedAt))
    node[process.workload] = .process(ended)
  }

  private mutating func removeProcesses(in cell: WorkloadID) {
    for (uid, observation) in node.sorted(by: { $0.key < $1.key }) {
      guard case .process(let process) = observation, process.cell == cell else { continue }
      node[uid] = nil
      report(uid)
    }
  }

  private mutating func reportApp(_ app: AppObservation, _ state: AppObservation.State) {
    var changed = app
    appNumber += 1
    changed.number = appNumber
    changed.state = state
    changed.failure = state == .backOff || state == .failed ? "trap: unreachable" : ""
    node[app.workload] = .app(changed)
    report(app.workload)
  }

  private mutating func endSomething() {
    guard let uid = node.keys.sorted().randomElement(using: &random) else { return }
    faultCount += 1
    switch node[uid] {
    case .process(let process) where process.isRunning:
      let causes: [ProcessExit.Cause] = [
        .exited(code: 0), .exited(code: 1), .signaled(11), .outOfMemory(.process, bytes: nil),
      ]
      ends[uid, default: 0] += 1
      end(process, causes.randomElement(using: &random) ?? .lost)
      report(uid)
    case .app(let app) where app.state == .running:
      let isFinal = random.chance(30)
      reportApp(app, isFinal ? [.completed, .failed, .stopped].randomElement(using: &random) ?? .failed : .backOff)
      if !isFinal { schedule(.restartApp(uid), after: random.delay(0...2000), outlivesDaemon: true) }
    case .cell where weather == .storm && random.chance(20):
      node[uid] = nil
      report(uid)
      removeProcesses(in: uid)
    default: break
    }
  }
}
