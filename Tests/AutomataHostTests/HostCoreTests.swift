import Automata
import Testing

@testable import AutomataHost

@Suite struct HostCoreTests {
  let core = HostCore()

  @Test func restsUntilSomethingHappens() throws {
    let spec = try Models.spec(Models.lamp)
    try core.apply(spec, at: 1000)
    core.advance(to: 1100)
    #expect(core.nextDeadline == nil)
    #expect(core[spec.id]?.status.isResting == true)

    // Long after, a press: seen by the next tick of the grid, off 300 ms after that.
    try core.perform(spec.setting("button", .bool(true)), on: spec.id, at: 61_042)
    #expect(core.nextDeadline == 61_100)
    core.advance(to: 61_100)
    #expect(core[spec.id]?.status.states == ["on"])
    core.advance(to: 61_200)
    #expect(core.nextDeadline == 61_400)
    core.advance(to: 61_400)
    #expect(core[spec.id]?.status.states == ["off"])
    #expect(core[spec.id]?.status.value("uses") == .int32(1))
    #expect(core.lines(spec.id).contains { $0.contains(#""t":60000,"kind":"clock""#) })
  }

  @Test func lateTicksAreSkippedAndCounted() throws {
    let spec = try Models.spec(Models.busy)
    try core.apply(spec, at: 0)
    core.advance(to: 100)
    core.advance(to: 760)
    let status = try #require(core[spec.id]?.status)
    #expect(status.counters.ticks == 2)
    #expect(status.time == 700)
    #expect(status.counters.skippedTicks == 5)
    #expect(status.counters.latenessMax == 560)
    #expect(core.nextDeadline == 800)
  }

  @Test func pauseStepResumeStopStart() throws {
    let spec = try Models.spec(Models.busy)
    try core.apply(spec, at: 0)
    try core.perform(.pause, on: spec.id, at: 50)
    #expect(core.nextDeadline == nil)
    #expect(throws: HostError.self) { try core.perform(.pause, on: spec.id, at: 60) }
    try core.perform(.step(3), on: spec.id, at: 1000)
    #expect(core[spec.id]?.status.counters.transitions == 3)
    #expect(core[spec.id]?.status.execution == .paused)
    try core.perform(.resume, on: spec.id, at: 2000)
    core.advance(to: 2100)
    #expect(core[spec.id]?.status.counters.transitions == 4)
    try core.perform(.force(StateIndex(1)), on: spec.id, at: 2110)
    #expect(core[spec.id]?.status.states == ["b"])
    try core.perform(.stop, on: spec.id, at: 2120)
    #expect(core.nextDeadline == nil)
    try core.perform(.start, on: spec.id, at: 2130)
    #expect(core[spec.id]?.status.states == ["a"])
    try core.perform(.reset, on: spec.id, at: 2140)
    #expect(core[spec.id]?.status.counters.transitions == 0)
  }

  @Test func goesOnFromARecordAsIfItHadNotStopped() throws {
    let spec = try Models.spec(Models.lamp)
    try core.apply(spec, at: 0)
    try core.perform(spec.setting("button", .bool(true)), on: spec.id, at: 10)
    core.advance(to: 100)
    let records = core.takeRecords(max: 10, age: 0, at: 200)
    #expect(records.map(\.id) == [spec.id])
    #expect(core.takeRecords(max: 10, age: 0, at: 200).isEmpty)
    let record = try #require(SnapshotRecord(records[0].bytes))

    let later = HostCore()
    try later.apply(spec, record: record, at: 250)
    #expect(later[spec.id]?.status.states == ["on"])
    #expect(later.nextDeadline == 400)
    later.advance(to: 400)
    #expect(later[spec.id]?.status.states == ["off"])
    #expect(later[spec.id]?.status.value("uses") == .int32(1))
    #expect(later[spec.id]?.status.counters.transitions == 2)

    // The clock on the wall may have been set back, another revision begins anew.
    let back = HostCore()
    try back.apply(spec, record: record, at: -50_000)
    #expect(back[spec.id]?.status.time == record.snapshot.time)
    var changed = spec
    changed.revision = "2"
    let anew = HostCore()
    try anew.apply(changed, record: record, at: 250)
    #expect(anew[spec.id]?.status.states == ["off"])
  }

  @Test func aChangedSourceKeepsWhatBothHave() throws {
    let spec = try Models.spec(Models.lamp)
    try core.apply(spec, at: 0)
    try core.perform(spec.setting("button", .bool(true)), on: spec.id, at: 10)
    core.advance(to: 100)
    let feed = try #require(core[spec.id]?.feed(TraceFilter(), tail: 0, follows: true))
    let text = Models.lamp.replacing("light: {type: bool", with: "light: {type: int")
      .replacing(#"setOutput("light", false)"#, with: "hello = 1").replacing(#"setOutput("light", true);"#, with: "")
    var next = try Models.spec(text, revision: "2")
    next.id = spec.id
    try core.apply(next, at: 150)
    let status = try #require(core[spec.id]?.status)
    #expect(status.states == ["off"] && status.revision == "2")
    #expect(status.value("uses") == .int32(1) && status.value("button") == .bool(true))
    #expect(status.value("light") == .int32(0))
    #expect(!feed.isFinished)
    core.remove(spec.id)
    #expect(feed.isFinished)
    #expect(core.nextDeadline == nil)
  }

  @Test func theSameSpecificationDisturbsNothing() throws {
    var spec = try Models.spec(Models.busy)
    try core.apply(spec, at: 0)
    core.advance(to: 300)
    try core.apply(spec, at: 310)
    #expect(core[spec.id]?.status.counters.ticks == 1)
    spec.isSuspended = true
    try core.apply(spec, at: 320)
    #expect(core[spec.id]?.status.execution == .paused)
    spec.isSuspended = false
    try core.apply(spec, at: 1000)
    #expect(core[spec.id]?.status.execution == .running)
  }

  @Test func connectionsCarryValues() throws {
    let first = try Models.spec(Models.stage, "a")
    let second = try Models.spec(Models.stage, "b")
    try core.apply(first, at: 0)
    try core.apply(second, at: 0)
    let outgoing = HostedAutomaton.Outgoing(
      output: try first.variable("y"), target: second.id, input: try second.variable("x"), transform: .scale(10),
      isDelayed: false)
    core.connect(first.id, [outgoing], at: 0)
    try core.perform(first.setting("x", .float64(4)), on: first.id, at: 10)
    core.advance(to: 100)
    #expect(core[second.id]?.status.value("x") == .float64(50))
    core.advance(to: 200)
    #expect(core[second.id]?.status.value("y") == .float64(51))
    // A delayed connection arrives one tick later.
    var delayed = outgoing
    delayed.isDelayed = true
    core.connect(first.id, [delayed], at: 200)
    try core.perform(first.setting("x", .float64(5)), on: first.id, at: 210)
    core.advance(to: 300)
    #expect(core[second.id]?.status.value("x") == .float64(50))
    core.advance(to: 400)
    #expect(core[second.id]?.status.value("x") == .float64(60))
    // What is not here goes out.
    core.remove(second.id)
    try core.perform(first.setting("x", .float64(6)), on: first.id, at: 410)
    core.advance(to: 500)
    #expect(core.takeOutbox().map(\.target) == [second.id])
  }

  @Test func historyIsBounded() throws {
    let spec = try Models.spec(Models.busy)
    try core.apply(spec, at: 0)
    for tick in 1...2000 { core.advance(to: Int64(tick) * 100) }
    let history = try #require(core[spec.id]?.buffer)
    #expect(history.bytes.count <= HostedAutomaton.bufferMax && history.bytes.count > 6000)
    #expect(history.lostLines > 1700)
    #expect(history.bytes.first == UInt8(ascii: "{") && history.bytes.last == 10)
    #expect(String(decoding: history.tail(1), as: UTF8.self).contains(#""tick":2000,"#))
    #expect(core[spec.id]?.feeds.isEmpty == true)
  }
}
