import Automata
import Foundation
import Linux
import Testing

@testable import AutomataHost

/// The host with real threads, a real clock and real files.
@Suite struct AutomatonHostTests {
  private func folder() -> String { "/tmp/aether-host-\(UUID().uuidString.prefix(8).lowercased())" }

  private func eventually(_ condition: () async throws -> Bool) async throws {
    for _ in 0..<600 {
      if try await condition() { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    Issue.record("not reached within a minute")
  }

  @Test func runsAndGoesOnAfterARestart() async throws {
    let directory = folder()
    defer { try? Files.removeTree(directory) }
    let spec = try Models.spec(Models.lamp.replacing("300ms", with: "1h"), tick: 10)
    let host = try AutomatonHost(.init(directory: directory))
    await host.start()
    try await host.apply(spec)
    let feed = try await host.trace(of: spec.id, follows: true)
    _ = try await host.perform(spec.setting("button", .bool(true)), on: spec.id)
    try await eventually { try await host.status(spec.id).states == ["on"] }
    var trace = ""
    for await lines in feed {
      trace += String(decoding: lines, as: UTF8.self)
      if trace.contains(#""kind":"transition""#) { break }
    }
    #expect(trace.hasPrefix(#"{"trace":"aether/v1""#))
    await host.shutdown()

    let next = try AutomatonHost(.init(directory: directory))
    await next.start()
    let status = try await next.apply(spec)
    #expect(status.states == ["on"] && status.value("uses") == .int32(1) && status.counters.transitions == 1)
    try await next.remove(spec.id)
    #expect(try Files.names(in: directory + "/snapshots").isEmpty)
    #expect(try Files.names(in: directory + "/traces").isEmpty)
    await #expect(throws: HostError.self) { try await next.status(spec.id) }
    await next.shutdown()
  }

  /// More automata that change all the time than snapshots can be written meanwhile.
  @Test(.timeLimit(.minutes(5))) func endsWhileAutomataAreBusy() async throws {
    let directory = folder()
    defer { try? Files.removeTree(directory) }
    let host = try AutomatonHost(.init(directory: directory))
    await host.start()
    let specs = try (0..<100).map { try Models.spec(Models.busy, "busy-\($0)", tick: 1) }
    for spec in specs { try await host.apply(spec) }
    try await eventually { await host.statuses().allSatisfy { $0.counters.ticks > 3 } }
    await host.shutdown()
    #expect(try Files.names(in: directory + "/snapshots").count == specs.count)
  }

  @Test func aDamagedSnapshotBeginsAnew() async throws {
    let directory = folder()
    defer { try? Files.removeTree(directory) }
    let spec = try Models.spec(Models.lamp)
    try Files.makeDirectories(directory + "/snapshots")
    try Files.replace("\(directory)/snapshots/\(spec.id).snapshot", with: Array("AETHHS01 and more".utf8))
    let host = try AutomatonHost(.init(directory: directory))
    #expect(try await host.apply(spec).states == ["off"])
    await host.shutdown()
  }

  @Test func connectionsAcrossThreads() async throws {
    var options = AutomatonHost.Options(directory: nil)
    options.threads = 3
    let host = try AutomatonHost(options)
    await host.start()
    let names = (0..<12).map { "s\($0)" }
    // Targets before sources: connections are made when both ends are there.
    for (index, name) in names.enumerated().reversed() {
      let links =
        index == 0 ? [] : [Link(source: names[index - 1], output: Array("y".utf8), input: Array("x".utf8))]
      try await host.apply(Models.spec(Models.stage, name, tick: 10, links: links))
    }
    let first = try Models.spec(Models.stage, "s0")
    _ = try await host.perform(first.setting("x", .float64(100)), on: first.id)
    try await eventually { try await host.status("id-s11").value("y") == .float64(112) }
    let back = Link(source: "s11", output: Array("y".utf8), input: Array("x".utf8))
    let error = await #expect(throws: HostError.self) {
      try await host.apply(Models.spec(Models.stage, "s0", tick: 10, links: [back]))
    }
    #expect(error?.description.contains("s0 -> s1 -> ") == true)
    await host.shutdown()
  }

  /// Both ends say which connections carry nothing, and take it back when they do.
  @Test func connectionsThatDoNotFitAreToldAtBothEnds() async throws {
    let host = try AutomatonHost(.init(directory: nil))
    await host.start()
    func problems(_ name: String) async throws -> [String] { try await host.status("id-\(name)").linkProblems }
    let link = Link(source: "a", output: Array("y".utf8), input: Array("x".utf8))
    let status = try await host.apply(Models.spec(Models.stage, "b", links: [link]))
    #expect(status.linkProblems == ["a/y -> x: there is no automaton a"])
    try await host.apply(Models.spec(Models.stage, "a"))
    #expect(try await problems("a").isEmpty)
    #expect(try await problems("b").isEmpty)

    let renamed = Models.stage.replacing("  y:", with: "  z:").replacing("y = ", with: "z = ")
    try await host.apply(Models.spec(renamed, "a", revision: "2"))
    #expect(try await problems("a") == [#"a/y -> x of b: a has no output "y"; accepted: z"#])
    #expect(try await problems("b") == [#"a/y -> x: a has no output "y"; accepted: z"#])
    let text = Models.stage.replacing("y: {type: double", with: "y: {type: string")
    try await host.apply(Models.spec(text, "a", revision: "3"))
    #expect(try await problems("b") == [#"a/y -> x: the transform gives string, and "x" takes double"#])
    try await host.apply(Models.spec(Models.stage, "a", revision: "4"))
    #expect(try await problems("b").isEmpty)
    try await host.remove("id-a")
    #expect(try await problems("b") == ["a/y -> x: there is no automaton a"])
    try await host.apply(Models.spec(Models.stage, "b"))
    #expect(try await problems("b").isEmpty)
    await host.shutdown()
  }

  /// An error with the policy to stop says where; a start and a reset bring it back.
  @Test func startAndResetBringAFailedOneBack() async throws {
    let host = try AutomatonHost(.init(directory: nil))
    await host.start()
    let spec = try Models.spec(Models.fragile, tick: 10)
    try await host.apply(spec)
    for command in [LiveCommand.start, .reset] {
      _ = try await host.perform(spec.setting("x", .float64(-1)), on: spec.id)
      try await eventually { try await host.status(spec.id).execution == .error }
      let failed = try await host.status(spec.id)
      #expect(failed.failedAt != nil && failed.lastError?.script == "body of run" && failed.lastError?.line == 2)
      #expect(failed.lastError?.text == "body of run:2: negative")
      _ = try await host.perform(spec.setting("x", .float64(1)), on: spec.id)
      let back = try await host.perform(command, on: spec.id)
      #expect(back.execution == .running && back.failedAt == nil)
    }
    await host.shutdown()
  }

  /// Otherwise a busy host would never be done with writing down how it stands.
  @Test func nothingTicksBehindTheStop() async throws {
    let shard = try Shard("stopped", clock: HostClock(wall: 1_000_000), traces: nil)
    let spec = try Models.spec(Models.busy, tick: 1)
    _ = try await shard.apply(spec, record: nil, lastRun: 0)
    try await eventually { await shard.status(spec.id)?.counters.ticks ?? 0 > 0 }
    await shard.stop()
    let ticks = await shard.status(spec.id)?.counters.ticks
    try await Task.sleep(for: .milliseconds(20))
    #expect(await shard.status(spec.id)?.counters.ticks == ticks)
    #expect(await shard.takeRecords(max: 10, age: 0).count == 1)
    #expect(await shard.takeRecords(max: 10, age: 0).isEmpty)
    shard.loop.shutdown()
  }

  @Test func changesAreReported() async throws {
    let host = try AutomatonHost(.init(directory: nil))
    await host.start()
    let reports = await host.reports()
    // It stays on: of what comes and goes between two rounds a report may say nothing.
    let spec = try Models.spec(Models.lamp.replacing("300ms", with: "1h"), tick: 10)
    try await host.apply(spec)
    _ = try await host.perform(spec.setting("button", .bool(true)), on: spec.id)
    for await report in reports {
      if case .changed(let status) = report, status.states == ["on"] { break }
    }
    try await host.remove(spec.id)
    await host.shutdown()
  }

  @Test func slowReadersLoseLinesAndAreTold() async {
    let feed = TraceFeed(TraceFilter())
    let line =
      Array(#"{"seq":1,"tick":1,"t":1,"kind":"log","text":"\#(String(repeating: "x", count: 1000))"}"#.utf8) + [10]
    for _ in 0..<1000 { feed.offer(line[...]) }
    var iterator = feed.makeAsyncIterator()
    let first = await iterator.next()
    #expect((first?.count ?? 0) <= TraceFeed.bytesMax)
    let second = await iterator.next()
    #expect(String(decoding: second ?? [], as: UTF8.self).hasPrefix(#"{"kind":"dropped","lines":"#))
    feed.finish()
    #expect(await iterator.next() == nil)
  }

  @Test func filtersByKind() {
    let lines = Array(
      """
      {"seq":1,"tick":1,"t":1,"kind":"log","text":"\\"kind\\":\\"output\\""}
      {"seq":2,"tick":1,"t":1,"kind":"output","name":"a","value":1}

      """.utf8)
    #expect(TraceFilter(kinds: ["output"]).filter(lines[...]).count == 62)
    #expect(TraceFilter(kinds: ["input"]).filter(lines[...]).isEmpty)
    #expect(TraceFilter().filter(lines[...]) == lines)
  }

  @Test func randomRecordsAreRefusedOrEqual() throws {
    let seed = ProcessInfo.processInfo.environment["AETHER_SEED"].flatMap(UInt64.init) ?? .random(in: 0 ... .max)
    print("randomRecordsAreRefusedOrEqual: AETHER_SEED=\(seed)")
    var state = seed | 1
    func random(_ bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(bound))
    }
    let core = HostCore()
    let spec = try Models.spec(Models.lamp)
    try core.apply(spec, at: 5)
    let bytes = try #require(core.takeRecords(max: 1, age: 0, at: 10).first).bytes
    let record = try #require(SnapshotRecord(bytes))
    #expect(record.bytes == bytes)
    for _ in 0..<5000 {
      var mutated = bytes
      for _ in 0...random(4) { mutated[random(mutated.count)] = UInt8(random(256)) }
      if random(3) == 0 { mutated.removeLast(random(mutated.count)) }
      if mutated != bytes { #expect(SnapshotRecord(mutated) == nil) }
    }
  }
}
