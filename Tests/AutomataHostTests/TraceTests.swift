import Automata
import AutomatonRuns
import Foundation
import Linux
import Testing

@testable import AutomataHost

/// Traces on disk, with the real host and with cores whose clock is moved by hand.
@Suite struct TraceTests {
  private func folder() -> String { "/tmp/aether-traces-\(UUID().uuidString.prefix(8).lowercased())" }

  private func text(_ stream: TraceStream) async -> [UInt8] {
    var bytes: [UInt8] = []
    for await lines in stream { bytes += lines }
    return bytes
  }

  /// Replays every trace of a file and compares byte for byte.
  private func expectReplay(_ bytes: [UInt8], _ place: SourceLocation = #_sourceLocation) throws {
    #expect(!bytes.isEmpty, sourceLocation: place)
    for part in TraceFile.split(bytes) {
      let again = try Replay.run(try TraceFile(Array(part))).bytes
      #expect(TraceComparison.firstDifference(Array(part), again) == nil, sourceLocation: place)
    }
  }

  /// A core, its files and a clock.
  private final class Bench {
    let core = HostCore(keepsFiles: true)
    let files: TraceFiles
    var now: Int64 = 1000

    init(_ directory: String) throws { files = try TraceFiles(directory) }

    func advance(_ ticks: Int) {
      for _ in 0..<ticks {
        now += 100
        core.advance(to: now)
        core.writeTraces(age: 1000, at: now)
        files.write(core.takeTraceWrites())
      }
    }

    func trace(_ id: String, run: UInt32? = nil, tail: Int? = nil, kinds: Set<String>? = nil) async -> [UInt8] {
      core.writeTrace(of: id)
      files.write(core.takeTraceWrites())
      let number = run ?? core[id]?.place?.run ?? 0
      var bytes: [UInt8] = []
      guard let past = await files.past(id, run: number, TraceFilter(kinds: kinds), tail: tail) else { return [] }
      while let lines = await past.next() { bytes += lines }
      return bytes
    }
  }

  @Test func wholeHistoryIsReplayed() async throws {
    let directory = folder()
    defer { try? Files.removeTree(directory) }
    let bench = try Bench(directory)
    var spec = try Models.spec(Models.lamp)
    spec.trace = TraceKeeping(fileSize: 2000, filesMax: 100)
    spec.inputs = [.init(variable: try spec.variable("button"), value: .bool(false))]
    try bench.core.apply(spec, at: bench.now)
    for press in 0..<60 {
      try bench.core.perform(spec.setting("button", .bool(press % 2 == 0)), on: spec.id, at: bench.now + 30)
      bench.advance(7)
      if press == 20 { try bench.core.perform(.pause, on: spec.id, at: bench.now) }
      if press == 25 { try bench.core.perform(.step(3), on: spec.id, at: bench.now) }
      if press == 30 { try bench.core.perform(.resume, on: spec.id, at: bench.now) }
      if press == 40 { try bench.core.perform(.reset, on: spec.id, at: bench.now) }
    }
    let whole = await bench.trace(spec.id)
    #expect(TraceFile.split(whole).count == 1)
    #expect(String(decoding: whole.prefix(19), as: UTF8.self) == #"{"trace":"aether/v1"#)
    try expectReplay(whole)
    let runs = await bench.files.runs(spec.id)
    #expect(runs.count == 1 && runs[0].files > 3 && runs[0].isWhole)
    // Every file alone is a trace, too.
    for name in try Files.names(in: directory + "/" + spec.id) {
      try expectReplay(Files.read("\(directory)/\(spec.id)/\(name)"))
    }
    // The last lines, across files, and lines of one kind.
    let lines = whole.split(separator: 10).map { Array($0) }
    for count in [0, 1, 5, 40, lines.count - 1, lines.count + 100] {
      let tail = await bench.trace(spec.id, tail: count).split(separator: 10).map { Array($0) }
      #expect(tail == Array(lines.dropFirst().suffix(count)), "tail \(count)")
    }
    let transitions = await bench.trace(spec.id, kinds: ["transition"]).split(separator: 10)
    let marker = Array(#""kind":"transition""#.utf8)
    let expected = lines.filter { line in line.indices.contains { line[$0...].starts(with: marker) } }
    #expect(transitions.map { Array($0) } == expected)
  }

  @Test func theBeginningRotatesAway() async throws {
    let directory = folder()
    defer { try? Files.removeTree(directory) }
    let bench = try Bench(directory)
    var spec = try Models.spec(Models.busy)
    spec.trace = TraceKeeping(fileSize: 4000, filesMax: 3)
    try bench.core.apply(spec, at: bench.now)
    bench.advance(1000)
    let kept = await bench.trace(spec.id)
    let runs = await bench.files.runs(spec.id)
    #expect(runs.count == 1 && runs[0].files == 3 && !runs[0].isWhole && runs[0].bytes < 40_000)
    #expect(String(decoding: kept, as: UTF8.self).contains(#""snapshot":""#))
    try expectReplay(kept)
    // Another source is another run, and so is another life; both are replayed.
    var next = try Models.spec(Models.lamp, revision: "2")
    next.trace = spec.trace
    try bench.core.apply(next, at: bench.now)
    bench.advance(30)
    #expect(await bench.files.runs(spec.id).last?.number == 2)
    let record = try #require(SnapshotRecord(bench.core.takeRecords(max: 1, age: 0, at: bench.now).first?.bytes ?? []))
    let life = try Bench(directory)
    life.now = bench.now + 5000
    try life.core.apply(next, record: record, lastRun: await life.files.lastRun(spec.id), at: life.now)
    try life.core.perform(next.setting("button", .bool(true)), on: next.id, at: life.now)
    life.advance(20)
    #expect(await life.files.runs(spec.id).map(\.number) == [1, 2, 3])
    for run in [1, 2, 3] as [UInt32] { try expectReplay(await life.trace(spec.id, run: run)) }
    #expect(String(decoding: await life.trace(spec.id, kinds: ["transition"]), as: UTF8.self).contains("press"))
  }

  @Test func lostLinesBeginAnotherRun() async throws {
    let directory = folder()
    defer { try? Files.removeTree(directory) }
    let bench = try Bench(directory)
    let spec = try Models.spec(Models.busy)
    try bench.core.apply(spec, at: bench.now)
    bench.advance(20)
    // Nothing is taken for so long that the buffer is full.
    bench.core.isTraceBlocked = true
    for _ in 0..<1000 {
      bench.now += 100
      bench.core.advance(to: bench.now)
    }
    #expect((bench.core[spec.id]?.buffer.bytes.count ?? 0) <= 2 * HostedAutomaton.bufferMax)
    bench.core.isTraceBlocked = false
    bench.advance(20)
    #expect(await bench.files.runs(spec.id).map(\.number) == [1, 2])
    for run in [1, 2] as [UInt32] { try expectReplay(await bench.trace(spec.id, run: run)) }
    // The disk refuses: what it has is a trace still, and another begins afterwards.
    try Files.removeTree("\(directory)/\(spec.id)")
    bench.advance(20)
    await bench.files.flush()
    #expect(bench.files.takeFailed() == [spec.id])
    bench.core[spec.id]?.loseTrace()
    bench.advance(20)
    #expect(await bench.files.runs(spec.id).map(\.number) == [3])
    try expectReplay(await bench.trace(spec.id))
  }

  @Test func keepingIsTurnedOffAndOn() async throws {
    let directory = folder()
    defer { try? Files.removeTree(directory) }
    let bench = try Bench(directory)
    var spec = try Models.spec(Models.busy)
    spec.trace = nil
    try bench.core.apply(spec, at: bench.now)
    bench.advance(20)
    #expect(await bench.files.runs(spec.id).isEmpty)
    // What is in memory is a whole trace as long as nothing is lost.
    let feed = try #require(bench.core[spec.id]?.feed(TraceFilter(), tail: nil, follows: false))
    try expectReplay(await text(TraceStream(past: nil, feed: feed)))
    spec.trace = TraceKeeping()
    try bench.core.apply(spec, at: bench.now)
    bench.advance(20)
    try expectReplay(await bench.trace(spec.id))
    spec.trace = nil
    try bench.core.apply(spec, at: bench.now)
    bench.advance(400)
    #expect(await bench.files.runs(spec.id).map(\.number) == [1])
    let later = try #require(bench.core[spec.id]?.feed(TraceFilter(), tail: nil, follows: false))
    let bytes = await text(TraceStream(past: nil, feed: later))
    #expect(throws: TraceProblem.self) { try TraceFile(bytes) }
  }

  @Test func followsAndReplaysAcrossRotations() async throws {
    let directory = folder()
    defer { try? Files.removeTree(directory) }
    var options = AutomatonHost.Options(directory: directory)
    options.traceAge = 100
    let host = try AutomatonHost(options)
    await host.start()
    var spec = try Models.spec(Models.busy, tick: 2)
    spec.trace = TraceKeeping(fileSize: 10_000, filesMax: 50)
    try await host.apply(spec)
    var bytes: [UInt8] = []
    for await lines in try await host.trace(of: spec.id, follows: true) {
      bytes += lines
      if bytes.count > 60_000 { break }
    }
    #expect(TraceFile.split(bytes).count == 1)
    try expectReplay(bytes)
    await #expect(throws: HostError.self) { try await host.trace(of: spec.id, run: 7, follows: true) }
    await host.shutdown()
    // Right after a restart the new run is listed, and is the current one.
    let next = try AutomatonHost(AutomatonHost.Options(directory: directory))
    try await next.apply(spec)
    #expect(await next.traceRuns(of: spec.id).map(\.isCurrent) == [false, true])
    await next.shutdown()
    // What was written before the end is whole.
    let runs = try await TraceFiles(directory + "/traces").runs(spec.id)
    #expect(runs.count == 2 && runs[0].files > 1)
  }
}
