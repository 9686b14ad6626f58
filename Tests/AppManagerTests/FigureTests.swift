import AppFormat
import Testing

@testable import AppManager

@Suite struct FigureTests {
  /// Counts go on over the runs of an app, sizes are those of the present one, and what is removed has none.
  @Test func figuresOfAnApp() async throws {
    let (scratch, runner) = (Scratch(), ScriptedRunner())
    let options = AppManagerOptions(rules: try rules())
    let manager = try await AppManager.open(root: scratch.path, options: options, runner: runner)
    #expect(manager.figures.isEmpty)
    _ = try await manager.install(try demo("1.0"))
    func figures() throws -> AppFigures { try #require(manager.figures.first) }
    let fresh = try figures()
    #expect(fresh.name.text == "demo" && !fresh.isRunning && fresh.startCount == 0)
    // Each run of this runner makes seven calls.
    try await manager.start("demo")
    #expect(try figures().isRunning && figures().startCount == 1 && figures().statistics.callCount == 7)
    try await manager.stop("demo")
    let stopped = try figures()
    #expect(!stopped.isRunning && stopped.statistics.callCount == 7)
    try await manager.start("demo")
    #expect(try figures().statistics.callCount == 14 && figures().failureCount == 0)
    runner.live("demo")?.end(.killed(.fuelExhausted(AppTrap(reason: "fuel exhausted", backTrace: ["spin"]))))
    _ = try await manager.wait("demo") { $0.state.phase == .error }
    #expect(try figures().failureCount == 1 && figures().startCount == 2 && figures().statistics.callCount == 14)
    let crash = try #require(try await manager.crashes("demo").last)
    #expect(crash.failure == AppFailure(.killed, "fuel exhausted", backTrace: ["spin"]))
    _ = try await manager.install(try demo("2.0"))
    #expect(manager.figures.count == 1)
    // The next manager counts runs anew, and goes on with what is kept.
    await manager.close()
    let next = try await AppManager.open(root: scratch.path, options: options, runner: runner)
    let kept = try #require(next.figures.first)
    #expect(kept.failureCount == 1 && kept.startCount >= 2 && kept.statistics.callCount == 0 && !kept.isRunning)
    try await next.uninstall("demo")
    #expect(next.figures.isEmpty)
    _ = try await next.install(try demo("1.0"))
    #expect(next.figures.map(\.startCount) == [0])
    await next.close()
  }

  @Test func runsAreAdded() {
    var run = AppStatistics()
    run.executionTime = .milliseconds(20)
    (run.callCount, run.memoryBytes, run.memoryPeakBytes, run.storageBytes, run.handleCount) = (5, 10, 30, 7, 2)
    (run.deniedCount, run.rateLimitedCount, run.droppedMessageCount) = (1, 2, 3)
    (run.logLineCount, run.droppedLogLineCount, run.fuelUsed) = (4, 5, 100)
    var sum = run
    run.memoryPeakBytes = 20
    run.memoryBytes = 11
    sum.add(run)
    #expect(sum.executionTime == .milliseconds(40) && sum.callCount == 10 && sum.fuelUsed == 200)
    #expect(sum.memoryBytes == 11 && sum.memoryPeakBytes == 30 && sum.storageBytes == 7 && sum.handleCount == 2)
    #expect(sum.deniedCount == 2 && sum.rateLimitedCount == 4 && sum.droppedMessageCount == 6)
    #expect(sum.logLineCount == 8 && sum.droppedLogLineCount == 10)
    var uncounted = AppStatistics()
    uncounted.add(AppStatistics())
    #expect(uncounted.fuelUsed == nil)
  }
}
