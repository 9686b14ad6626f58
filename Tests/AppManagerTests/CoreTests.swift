import AppFormat
import Testing

@testable import AppManager

@Suite struct CoreTests {
  private let trap = AppExit.trapped(AppTrap(reason: "unreachable", backTrace: ["main"]))
  private let failure = AppFailure(.trap, "unreachable", backTrace: ["main"])

  private func core(
    _ record: AppRecord, _ timing: AppCore.Timing = AppCore.Timing(stableAfter: .seconds(60), probation: .seconds(30))
  ) -> AppCore { AppCore(record: record, timing: timing) }

  /// The run that a step starts.
  private func begun(_ effects: [AppEffect]) -> UInt64? {
    effects.compactMap { if case .start(let run) = $0 { run } else { nil } }.first
  }

  private func changes(_ effects: [AppEffect]) -> [AppChange] {
    effects.compactMap { if case .publish(_, let change) = $0 { change } else { nil } }
  }

  private func up(_ core: inout AppCore, at seconds: Double = 0) throws -> UInt64 {
    let run = try #require(begun(core.step(.start(.user), at: moment(seconds))))
    _ = core.step(.started(run: run), at: moment(seconds))
    return run
  }

  @Test func aFirstInstallGoesFromNewToInstalled() throws {
    let wanted = try record()
    var core = AppCore(installing: wanted)
    #expect(core.state.phase == .new)
    #expect(core.refusal(of: .start(.user)) == .notInstalled)
    #expect(core.step(.install, at: moment(0)) == [.publish(.new, .installing), .activate(wanted)])
    #expect(core.step(.activated, at: moment(0)) == [.publish(.installed, .installed)])
    #expect(core.state == .installed)
    var other = AppCore(installing: wanted)
    _ = other.step(.install, at: moment(0))
    _ = other.step(.activationFailed, at: moment(0))
    #expect(other.state == .removed)
  }

  @Test func startStopAndExit() throws {
    var core = core(try record())
    let effects = core.step(.start(.user), at: moment(0))
    #expect(effects == [.start(run: 1), .persist])
    #expect(core.state.word == "starting" && core.record.desired == .running)
    #expect(core.step(.start(.user), at: moment(0)).isEmpty)
    #expect(core.step(.started(run: 7), at: moment(0)).isEmpty)
    #expect(core.step(.started(run: 1), at: moment(0)) == [.publish(.running, .started(.user))])
    #expect(core.step(.start(.user), at: moment(0)).isEmpty)
    #expect(core.step(.stop, at: moment(1)) == [.persist, .stop(run: 1)])
    #expect(core.state.phase == .running && !core.state.isSettled)
    #expect(core.step(.exited(run: 1, .killed(.stopped)), at: moment(2)) == [.publish(.stopped, .stopped)])
    #expect(core.state == .stopped(exitCode: nil) && core.record.desired == .stopped)
    #expect(core.step(.stop, at: moment(3)).isEmpty)
    let second = try up(&core, at: 4)
    #expect(changes(core.step(.exited(run: second, .exited(code: 0)), at: moment(5))) == [.exited])
    #expect(core.state == .stopped(exitCode: 0) && core.record.desired == .unset && core.record.crashTotal == 0)
  }

  @Test func crashesAreRestartedWithGrowingDelayAndThenGivenUp() throws {
    var core = core(try record(current: version(1, AppRestartPolicy(isEnabled: true, retriesMax: 4))))
    var run = try up(&core)
    var time = 1.0
    for delay in [1.0, 2, 4] {
      #expect(changes(core.step(.exited(run: run, trap), at: moment(time))) == [.crashed(failure)])
      #expect(core.state.phase == .error && core.deadline == moment(time + delay).elapsed)
      #expect(core.step(.clock, at: moment(time + delay - 0.01)).isEmpty)
      run = try #require(begun(core.step(.clock, at: moment(time + delay))))
      #expect(core.step(.started(run: run), at: moment(time + delay)) == [.publish(.running, .started(.policy))])
      time += delay + 1
    }
    let last = core.step(.exited(run: run, .exited(code: 3)), at: moment(time))
    let exit = AppFailure(.exit, "exit code 3", code: 3)
    #expect(changes(last) == [.crashed(exit), .failed(exit)])
    #expect(core.state == .failed(exit) && core.deadline == nil)
    #expect(core.record.crashCount == 4 && core.record.crashes.map(\.failure.kind) == [.trap, .trap, .trap, .exit])
    // Over a restart of the node too, until a user starts it.
    #expect(!core.record.startsAtBoot && AppCore(record: core.record).state == .failed(exit))
    _ = try up(&core, at: time)
    #expect(core.record.crashCount == 0 && core.record.failure == nil && core.record.crashTotal == 4)
  }

  @Test func delaysAreCapped() {
    let policy = AppRestartPolicy(isEnabled: true, retriesMax: 1000, delayMilliseconds: 1000)
    #expect(policy.delay(afterFailures: 1, max: .seconds(60)) == .seconds(1))
    #expect(policy.delay(afterFailures: 6, max: .seconds(60)) == .seconds(32))
    #expect(policy.delay(afterFailures: 1000, max: .seconds(60)) == .seconds(60))
    #expect(AppRestartPolicy(delayMilliseconds: 0).delay(afterFailures: 1000, max: .seconds(60)) == .zero)
  }

  @Test func aStableRunEndsASeriesOfFailures() throws {
    var core = core(try record())
    var run = try up(&core)
    _ = core.step(.exited(run: run, trap), at: moment(1))
    run = try #require(begun(core.step(.clock, at: moment(2))))
    _ = core.step(.started(run: run), at: moment(2))
    #expect(core.deadline == moment(62).elapsed)
    #expect(core.step(.clock, at: moment(62)) == [.persist])
    #expect(core.record.crashCount == 0 && core.record.crashTotal == 1)
    // Also where the clock comes late.
    for _ in 0..<2 { _ = core.step(.exited(run: run, trap), at: moment(100)) }
    run = try #require(begun(core.step(.clock, at: moment(200))))
    _ = core.step(.started(run: run), at: moment(200))
    _ = core.step(.exited(run: run, trap), at: moment(300))
    #expect(core.record.crashCount == 1 && core.record.crashTotal == 3)
  }

  @Test func aStopTakesBackARestartThatWaits() throws {
    var core = core(try record())
    let run = try up(&core)
    _ = core.step(.exited(run: run, trap), at: moment(1))
    #expect(core.step(.stop, at: moment(1.5)) == [.persist, .publish(.stopped, .stopped)])
    #expect(core.deadline == nil && core.step(.clock, at: moment(9)).isEmpty)
  }

  @Test func withoutAPolicyACrashIsAnError() throws {
    var core = core(try record(current: version(1, AppRestartPolicy())))
    let run = try up(&core)
    _ = core.step(.exited(run: run, trap), at: moment(1))
    #expect(core.state == .error(failure, restartAt: nil) && core.record.desired == .unset)
    // Users may try as often as the policy would; then it is given up until one of them says otherwise.
    for _ in 0..<2 {
      let run = try up(&core, at: 2)
      _ = core.step(.exited(run: run, trap), at: moment(3))
    }
    #expect(core.state == .failed(failure) && core.record.crashCount == 3)
    _ = try up(&core, at: 4)
    #expect(core.record.crashCount == 0 && core.record.failure == nil)
  }

  @Test func aUserIsToldOfAFailedStartAndAPolicyTriesAgain() throws {
    let refused = AppFailure(AppStartError.timeout(.seconds(15)))
    var core = core(try record())
    var run = try #require(begun(core.step(.start(.user), at: moment(0))))
    #expect(changes(core.step(.startFailed(run: run, refused), at: moment(15))) == [.crashed(refused)])
    #expect(core.state == .error(refused, restartAt: nil) && core.record.desired == .unset)
    run = try #require(begun(core.step(.start(.boot), at: moment(20))))
    _ = core.step(.startFailed(run: run, refused), at: moment(20))
    #expect(core.deadline == moment(22).elapsed)
  }

  @Test func restartForgetsFailures() throws {
    var core = core(try record())
    var run = try up(&core)
    _ = core.step(.exited(run: run, trap), at: moment(1))
    run = try #require(begun(core.step(.restart, at: moment(1.2))))
    #expect(core.record.crashCount == 0)
    _ = core.step(.started(run: run), at: moment(1.3))
    #expect(core.step(.restart, at: moment(2)) == [.stop(run: run)])
    let effects = core.step(.exited(run: run, .killed(.stopped)), at: moment(2))
    #expect(effects == [.publish(.stopped, .stopped), .start(run: run + 1)])
  }

  @Test func whatIsAskedForWhileAnAppComesUpIsDoneWhenItIs() throws {
    var core = core(try record())
    let run = try #require(begun(core.step(.start(.user), at: moment(0))))
    _ = core.step(.stop, at: moment(0))
    #expect(core.step(.started(run: run), at: moment(1)).last == .stop(run: run))
    _ = core.step(.start(.user), at: moment(1))
    #expect(begun(core.step(.exited(run: run, .exited(code: 1)), at: moment(1))) == run + 1)
    // An end that was asked for is no failure, whatever its code.
    #expect(core.record.crashTotal == 0)
    _ = core.step(.uninstall, at: moment(1))
    #expect(core.refusal(of: .start(.user)) == .busy)
    #expect(core.step(.startFailed(run: run + 1, failure), at: moment(1)).last == .remove)
    #expect(changes(core.step(.removed, at: moment(1))) == [.uninstalled])
    #expect(core.state == .removed && core.refusal(of: .stop) == .notInstalled)
  }

  @Test func anUpdateStopsReplacesAndStartsAgain() throws {
    var core = core(try record())
    let run = try up(&core)
    #expect(core.step(.update(version(2)), at: moment(1)) == [.stop(run: run)])
    #expect(core.refusal(of: .update(version(3))) == .busy && core.refusal(of: .uninstall) == .busy)
    let effects = core.step(.exited(run: run, .killed(.stopped)), at: moment(2))
    guard case .activate(let proposed) = effects.last else {
      Issue.record("\(effects)")
      return
    }
    #expect(proposed.current == version(2) && proposed.previous == version(1) && proposed.isOnTrial)
    #expect(core.record.current == version(1))
    #expect(
      core.step(.activated, at: moment(2)) == [.publish(.installed, .updated), .discardVersions, .start(run: run + 1)])
    #expect(
      core.record
        == {
          var record = proposed; record.startCount += 1; return record
        }())
    _ = core.step(.started(run: run + 1), at: moment(3))
    #expect(core.deadline == moment(33).elapsed)
    _ = core.step(.clock, at: moment(33))
    #expect(!core.record.isOnTrial)
    // By hand back, and forward again.
    _ = core.step(.rollback, at: moment(40))
    _ = core.step(.exited(run: run + 1, .killed(.stopped)), at: moment(40))
    #expect(changes(core.step(.activated, at: moment(40))) == [.rolledBack(nil)])
    #expect(core.record.current == version(1) && core.record.previous == version(2) && !core.record.isOnTrial)
  }

  @Test(arguments: [0, 1, 2]) func aVersionThatFailsItsTrialGivesWay(_ how: Int) throws {
    var core = core(try record())
    let run = try up(&core)
    _ = core.step(.update(version(2)), at: moment(1))
    _ = core.step(.exited(run: run, .killed(.stopped)), at: moment(1))
    _ = core.step(.activated, at: moment(1))
    let effects: [AppEffect]
    switch how {
    case 0: effects = core.step(.startFailed(run: run + 1, failure), at: moment(2))
    case 1:
      _ = core.step(.started(run: run + 1), at: moment(2))
      effects = core.step(.exited(run: run + 1, trap), at: moment(20))
    default:
      // Stopped and started within the trial: it goes on.
      _ = core.step(.started(run: run + 1), at: moment(2))
      _ = core.step(.stop, at: moment(3))
      _ = core.step(.exited(run: run + 1, .killed(.stopped)), at: moment(3))
      _ = core.step(.start(.user), at: moment(100))
      effects = core.step(.startFailed(run: run + 2, failure), at: moment(100))
    }
    guard case .activate(let proposed) = effects.last else {
      Issue.record("\(effects)")
      return
    }
    #expect(proposed.current == version(1) && proposed.previous == nil && proposed.crashTotal == 1)
    let back = core.step(.activated, at: moment(20))
    #expect(changes(back) == [.rolledBack(failure)] && begun(back) != nil)
  }

  @Test func aStableTrialIsPassedThoughTheClockIsLate() throws {
    var core = core(try record())
    _ = core.step(.update(version(2)), at: moment(1))
    _ = core.step(.activated, at: moment(1))
    #expect(core.state == .installed && core.record.isOnTrial)
    let run = try up(&core, at: 2)
    _ = core.step(.exited(run: run, trap), at: moment(40))
    #expect(core.record.current == version(2) && core.state.phase == .error)
  }

  @Test func aFailedActivationLeavesWhatWas() throws {
    var core = core(try record())
    let run = try up(&core)
    _ = core.step(.update(version(2)), at: moment(1))
    _ = core.step(.exited(run: run, .killed(.stopped)), at: moment(1))
    #expect(begun(core.step(.activationFailed, at: moment(1))) == run + 1)
    #expect(core.record.current == version(1))
  }

  @Test func preloadedAppsStay() throws {
    let core = core(try record(isPreloaded: true))
    #expect(core.refusal(of: .uninstall) == .preloaded)
    #expect(core.refusal(of: .rollback) == .noPreviousVersion)
    #expect(core.refusal(of: .update(version(2))) == nil)
  }

  @Test func bootGoesByPriority() throws {
    func app(_ name: String, _ priority: Int, _ desired: AppDesire, autostart: Bool = false) throws -> AppRecord {
      var record = try record(name)
      record.settings.priority = priority
      record.settings.isAutostarted = autostart
      record.desired = desired
      return record
    }
    var failed = try app("f", 10, .running)
    failed.failure = failure
    let order = AppRecord.bootOrder([
      try app("a", 5, .running), try app("b", 9, .unset, autostart: true), try app("c", 9, .stopped, autostart: true),
      try app("d", 5, .unset), try app("e", 9, .running), failed,
    ])
    #expect(order.map(\.text) == ["b", "e", "a"])
  }

  @Test func theLastCrashesAreKeptAndTextsAreBounded() throws {
    var core = core(try record(current: version(1, AppRestartPolicy(isEnabled: true, retriesMax: 100))))
    var run = try up(&core)
    for number in 1...12 {
      _ = core.step(.exited(run: run, .exited(code: Int32(number))), at: moment(Double(number) * 100))
      run = try #require(begun(core.step(.clock, at: moment(Double(number) * 100 + 90))))
      _ = core.step(.started(run: run), at: moment(Double(number) * 100 + 90))
    }
    #expect(core.record.crashes.map(\.failure.code) == Array(5...12))
    let long = AppFailure(
      .trap, String(repeating: "é", count: 4000), backTrace: (0..<99).map { _ in String(repeating: "f", count: 999) })
    #expect(long.reason.utf8.count == 512 && long.backTrace.count == 32 && long.backTrace[0].utf8.count == 160)
  }
}
