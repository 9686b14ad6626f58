import AppFormat
import PythonPeer
import Testing

@testable import AppManager

/// One app under random events; the other side of its effects is modelled here.
private struct Simulation {
  var core: AppCore
  var time: Double = 0
  /// Runs that were asked for and have not answered, that are up, and that were told to stop.
  var starting: Set<UInt64> = []
  var live: Set<UInt64> = []
  var stopping: Set<UInt64> = []
  var crashes: UInt64 = 0
  var activation: AppRecord?
  var isRemoving = false
  var numbers: SeededNumbers
  var trace: [String] = []

  mutating func send(_ event: AppEvent) {
    trace.append("\(time) \(event)")
    let refusal = core.refusal(of: event)
    let before = core.state
    let effects = core.step(event, at: moment(time))
    if refusal != nil { #expect(effects.isEmpty && core.state == before, "\(trace.suffix(20))") }
    for (index, effect) in effects.enumerated() {
      switch effect {
      case .start(let run):
        #expect(starting.isEmpty && live.isEmpty && stopping.isEmpty, "two runs: \(trace.suffix(20))")
        #expect(activation == nil && !isRemoving)
        starting.insert(run)
      case .stop(let run):
        #expect(live.contains(run), "stop of what does not run: \(trace.suffix(20))")
        live.remove(run)
        stopping.insert(run)
      case .activate(let record):
        #expect(starting.isEmpty && live.isEmpty && stopping.isEmpty && index == effects.count - 1)
        activation = record
      case .remove:
        #expect(starting.isEmpty && live.isEmpty && stopping.isEmpty && index == effects.count - 1)
        isRemoving = true
      case .persist, .discardVersions, .publish: break
      }
    }
    check()
  }

  /// What holds between any two events.
  func check() {
    let record = core.record
    #expect(record.crashTotal == crashes, "a crash is lost: \(trace.suffix(20))")
    #expect(record.crashes.count == min(8, Int(crashes)))
    if core.state.isSettled, core.state != .removed {
      #expect((record.failure != nil) == (core.state.phase == .failed), "\(trace.suffix(20))")
    }
    #expect(!record.isOnTrial || record.previous != nil)
    switch core.state {
    case .starting(let start): #expect(starting == [start.run] && live.isEmpty)
    case .running(let run): #expect(live == [run.run] && record.desired == .running, "\(trace.suffix(20))")
    case .stopping(let run, _): #expect(stopping == [run])
    case .replacing: #expect(activation != nil)
    case .removing: #expect(isRemoving)
    case .error(_, let restartAt):
      if restartAt != nil { #expect(record.restart.isEnabled && record.crashCount < record.restart.retriesMax) }
    case .new, .installed, .stopped, .failed, .removed:
      #expect(starting.isEmpty && live.isEmpty && stopping.isEmpty, "\(trace.suffix(20))")
    }
  }

  /// The shell answers, as it does in the same turn.
  mutating func answer() {
    if activation != nil {
      activation = nil
      send(Int.random(in: 0..<8, using: &numbers) == 0 ? .activationFailed : .activated)
      answer()
    }
    if isRemoving {
      isRemoving = false
      send(Int.random(in: 0..<4, using: &numbers) == 0 ? .removalFailed : .removed)
    }
  }

  mutating func randomExit() -> AppExit {
    switch Int.random(in: 0..<5, using: &numbers) {
    case 0: .exited(code: 0)
    case 1: .exited(code: 9)
    case 2: .trapped(AppTrap(reason: "unreachable"))
    case 3: .killed(.executionTimeout(AppTrap(reason: "deadline")))
    default: .killed(.other("memory"))
    }
  }

  mutating func end(_ run: UInt64) {
    let isStopping = stopping.remove(run) != nil
    live.remove(run)
    let exit = isStopping && Bool.random(using: &numbers) ? .killed(.stopped) : randomExit()
    // What was told to stop has failed only when it trapped.
    switch exit {
    case .exited(let code): if !isStopping, code != 0 { crashes += 1 }
    case .killed(.stopped): break
    default: crashes += 1
    }
    send(.exited(run: run, exit))
    // Said twice, or late.
    send(.exited(run: run, .exited(code: 1)))
  }

  mutating func bringUp(_ run: UInt64) {
    starting.remove(run)
    if Int.random(in: 0..<4, using: &numbers) == 0 {
      crashes += 1
      send(.startFailed(run: run, AppFailure(.start, "no memory")))
    } else {
      live.insert(run)
      send(.started(run: run))
    }
  }

  mutating func step() {
    switch Int.random(in: 0..<16, using: &numbers) {
    case 0, 1: send(.start(.user))
    case 2: send(.start(.boot))
    case 3: send(.stop)
    case 4: send(.restart)
    case 5: send(.update(version(UInt8.random(in: 1...9, using: &numbers))))
    case 6: send(.rollback)
    case 7: if Int.random(in: 0..<20, using: &numbers) == 0 { send(.uninstall) }
    case 8: send(.suspend)
    case 9: send(.started(run: 0))
    case 10, 11: if let run = starting.first { bringUp(run) }
    case 12, 13: if let run = stopping.first ?? live.first { end(run) }
    default:
      time += Double(Int.random(in: 0..<40, using: &numbers))
      // Never before its time.
      let wasDue = core.deadline.map { $0 <= moment(time).elapsed } ?? false
      let starts = core.record.startCount
      send(.clock)
      if !wasDue { #expect(core.record.startCount == starts) }
    }
    answer()
  }

  /// Everything under way ends.
  mutating func settle() {
    for _ in 0..<20 where !core.state.isSettled {
      if let run = starting.first { bringUp(run) }
      if let run = stopping.first { end(run) }
      answer()
    }
    #expect(core.state.isSettled, "\(core.state): \(trace.suffix(20))")
  }
}

@Suite struct SimulationTests {
  @Test func anyOrderOfEventsEndsInALegalState() throws {
    var numbers = SeededNumbers.forTest(#function)
    for round in 0..<400 {
      let policy = AppRestartPolicy(isEnabled: round % 3 != 0, retriesMax: .random(in: 1...4, using: &numbers))
      var record = try record(current: version(1, policy))
      record.settings.restart = policy
      var simulation = Simulation(core: AppCore(record: record), numbers: SeededNumbers(seed: numbers.next()))
      for _ in 0..<200 { simulation.step() }
      simulation.settle()
      // What is written is what is read, and a new daemon goes on from there.
      let read = try AppRecord(encoded: simulation.core.record.encoded())
      #expect(read == simulation.core.record)
      #expect(AppCore(record: read).state.isSettled)
    }
  }

  @Test func restartsOfManyAppsDoNotGetInEachOthersWay() throws {
    // All crash in one window; each has its own restart.
    var cores = try (0..<50).map { AppCore(record: try record("app\($0)")) }
    for index in cores.indices {
      _ = cores[index].step(.start(.user), at: moment(0))
      _ = cores[index].step(.started(run: 1), at: moment(0))
      _ = cores[index].step(.exited(run: 1, .exited(code: 1)), at: moment(1 + Double(index) / 100))
    }
    #expect(cores.allSatisfy { $0.deadline != nil })
    let started = cores.indices.filter { !cores[$0].step(.clock, at: moment(3)).isEmpty }
    #expect(started.count == 50)
  }
}
