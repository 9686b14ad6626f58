import Automata
import AutomatonFiles
import Foundation
import JSON
import Testing

@testable import aether

/// `aether automaton replay` and `diff`.
@Suite struct TraceCommandTests {
  private let scratch: Scratch
  private let trace: String
  private let path: String

  init() throws {
    scratch = try Scratch()
    let run = try ProgramRun.result(["run", "-", "--input", "4:step=2", "--trace", "-"], input: Fixture.counter)
    trace = run.output
    path = try scratch.write("t.jsonl", trace)
  }

  private var lines: [String] { trace.split(separator: "\n").map(String.init) }

  private func result(_ arguments: String...) throws -> ProgramRun.Result { try ProgramRun.result(arguments) }

  // MARK: Replay

  @Test func theSameRunGivesTheSameBytes() throws {
    let replayed = try result("replay", path)
    #expect(replayed.status == 0)
    #expect(replayed.output == "identical: \(lines.count) lines\n")
    #expect(replayed.errors.isEmpty)
    let json = try JSON.parse(try result("replay", path, "-o", "json").output)
    #expect(json == ["identical": true, "lines": .integer(Int64(lines.count))])
    #expect(try ProgramRun.result(["replay", "-"], input: trace).status == 0)
  }

  /// A run that wrote snapshots is replayed from the last one before a tick, to the same bytes and the same standing.
  @Test func replayBeginsAtASnapshot() throws {
    let (whole, saved) = (try scratch.write("whole.jsonl", ""), try scratch.write("s.bin", ""))
    let run = try ProgramRun.result(
      ["run", "-", "--ticks", "100", "--trace", whole, "--snapshots", saved, "--snapshot-every", "20"],
      input: Fixture.dice)
    #expect(run.status == 0 && run.errors.isEmpty)
    let near = try result("replay", whole, "--snapshots", saved, "--from-tick", "50")
    #expect(near.status == 0 && near.output.hasPrefix("identical: "))
    #expect(near.output != (try result("replay", whole)).output)
    #expect(
      try result("replay", whole, "--snapshots", saved, "--to-tick", "50").output
        == result("replay", whole, "--to-tick", "50").output)
    // A difference is named with its line in the whole trace.
    let text = try String(contentsOfFile: whole, encoding: .utf8)
    let lines = text.split(separator: "\n").map(String.init)
    let place = try #require(lines.firstIndex { $0.contains("\"tick\":70,") })
    let changed = try scratch.write(
      "changed.jsonl", text.replacing(lines[place], with: lines[place].replacing("\"t\":700", with: "\"t\":701")))
    let replayed = try result("replay", changed, "--snapshots", saved, "--from-tick", "50")
    #expect(replayed.status == 1 && replayed.output.contains("first difference in line \(place + 1)\n"))
    #expect(try result("replay", whole, "--from-tick", "50").status == 2)
    // Those of another run, and what is no snapshot.
    let foreign = try result("replay", path, "--snapshots", saved, "--to-tick", "5")
    #expect(foreign.status == 3 && foreign.errors.contains("snapshot of tick 0 is refused"))
    let damaged = try result("replay", whole, "--snapshots", whole, "--to-tick", "5")
    #expect(damaged.status == 3 && damaged.errors.contains("snapshot 1: is no snapshot of a run"))
  }

  @Test func aChangedTraceIsExplained() throws {
    let line = try #require(lines.firstIndex { $0.contains("\"tick\":3,\"t\":30,\"kind\":\"output\"") })
    let changed = try scratch.write(
      "changed.jsonl", trace.replacing(lines[line], with: lines[line].replacing("\"value\":3", with: "\"value\":8")))
    let replayed = try result("replay", changed)
    #expect(replayed.status == 1)
    #expect(replayed.output.contains("first difference in line \(line + 1)\n"))
    #expect(replayed.output.contains("  recorded: {\"seq\":"))
    #expect(replayed.output.contains("  now:      {\"seq\":"))
    #expect(replayed.output.hasSuffix("in tick 3, value is 8 and 3\n"), "\(replayed.output)")
    let json = try JSON.parse(try result("replay", changed, "-o", "json").output)
    #expect(json["identical"] == false && json["line"] == .integer(Int64(line + 1)))
    #expect(json["recorded"]?.stringValue?.contains("\"value\":8") == true)
    #expect(json["now"]?.stringValue?.contains("\"value\":3") == true)
  }

  @Test func aTickShowsHowItStoodThen() throws {
    let early = try result("replay", path, "--to-tick", "4")
    #expect(early.status == 0)
    #expect(early.output.contains("ticks:         4\n") && early.output.contains("n = 4\n"))
    let json = try JSON.parse(try result("replay", path, "--to-tick", "5", "-o", "json").output)
    #expect(json["automata"]?.arrayValue?.first?["variables"]?["n"] == 6)
    let wrong = try result("replay", path, "--to-tick", "soon")
    #expect(wrong.status == 2 && wrong.errors.contains("--to-tick is \"soon\"; accepted: a number from 0"))
    let form = try result("replay", path, "-o", "xml")
    #expect(form.status == 2 && form.errors.contains("accepted: table, json"))
  }

  @Test func aTraceWithoutItsModelNeedsTheFile() throws {
    // As devices and nodes record them: the last line vouches for the header as it is.
    var options = RunOptions()
    options.holdsModel = false
    let model = try AutomatonFile.load(Array(Fixture.counter.utf8)).automaton
    let run = AutomatonRun(try CompiledAutomaton(model), options: options)
    try run.start()
    for _ in 0..<20 { run.tick() }
    run.finish()
    let bare = try scratch.write("bare.jsonl", String(decoding: run.takeTrace(), as: UTF8.self))
    let alone = try result("replay", bare)
    #expect(alone.status == 3 && alone.errors.contains("the header holds no model; give the automaton's file as well"))
    let automaton = try scratch.write("counter.yaml", Fixture.counter)
    #expect(try result("replay", bare, "--automaton", automaton).status == 0)
    let other = try scratch.write("dice.yaml", Fixture.dice)
    let wrong = try result("replay", bare, "--automaton", other)
    #expect(wrong.status == 3 && wrong.errors.contains("the automaton is not the one of this trace: its hash differs"))
    #expect(try result("replay", bare, "--automaton", "/nonexistent.yaml").status == 3)
  }

  @Test func aTraceThatWasCutIsNamed() throws {
    // In the middle of a line.
    let inside = try scratch.write("inside.jsonl", String(trace.dropLast(40)))
    let broken = try result("replay", inside)
    #expect(broken.status == 3)
    #expect(broken.errors.contains("the trace cannot be replayed: line \(lines.count): "), "\(broken.errors)")
    // Between two lines, where a tick ends: what is there is compared.
    let whole = try scratch.write("whole.jsonl", lines.prefix(4).joined(separator: "\n") + "\n")
    let short = try result("replay", whole)
    #expect(short.status == 0 && short.output == "identical: 4 lines\n")
    #expect(short.errors.contains("the trace has no last line") && short.errors.contains("its last tick is 2"))
    // In the middle of the header, and nothing at all.
    #expect(try result("replay", try scratch.write("header.jsonl", String(lines[0].prefix(60)))).status == 3)
    let empty = try result("replay", try scratch.write("empty.jsonl", ""))
    #expect(empty.status == 3 && empty.errors.contains("the trace is empty"))
  }

  @Test func otherVersionsAreRefused() throws {
    let next = try scratch.write("v2.jsonl", trace.replacing("aether/v1", with: "aether/v2"))
    let refused = try result("replay", next)
    #expect(refused.status == 3)
    #expect(refused.errors.contains("line 1: is not the header of a trace (\"trace\":\"aether/v1\")"))
    let other = try result("replay", try scratch.write("other.yaml", Fixture.counter))
    #expect(other.status == 3 && other.errors.contains("the trace cannot be replayed: line 1: "))
    let missing = try result("replay", "/nonexistent.jsonl")
    #expect(missing.status == 3 && missing.errors.contains("/nonexistent.jsonl: No such file or directory"))
  }

  // MARK: Diff

  @Test func equalTraces() throws {
    let copy = try scratch.write("copy.jsonl", trace)
    let same = try result("diff", path, copy)
    #expect(same.status == 0 && same.output == "identical: \(lines.count) lines\n")
    #expect(try JSON.parse(try result("diff", path, copy, "-o", "json").output)["identical"] == true)
  }

  @Test func theFirstDifferenceIsExplained() throws {
    let other = try ProgramRun.result(["run", "-", "--input", "4:step=3", "--trace", "-"], input: Fixture.counter)
      .output
    let line = try #require(lines.firstIndex { $0.contains("\"kind\":\"input\"") }) + 1
    let right = try scratch.write("right.jsonl", other)
    let different = try result("diff", path, right)
    #expect(different.status == 1)
    #expect(different.output.hasPrefix("first difference in line \(line)\n  left:  {"), "\(different.output)")
    #expect(different.output.hasSuffix("in tick 4, value is 2 and 3\n"))
    let json = try JSON.parse(try result("diff", path, right, "-o", "json").output)
    #expect(json["line"] == .integer(Int64(line)))
    #expect(json["left"]?.stringValue == lines[line - 1] && json["right"]?.stringValue?.contains("\"value\":3") == true)
  }

  @Test func aTruncatedTraceEndsThere() throws {
    let short = try scratch.write("short.jsonl", lines.prefix(3).joined(separator: "\n") + "\n")
    let left = try result("diff", short, path)
    #expect(left.status == 1)
    #expect(left.output.contains("first difference in line 4\n  left:  (the trace ends here)\n  right: {"))
    let json = try JSON.parse(try result("diff", path, short, "-o", "json").output)
    #expect(json["right"] == .null && json["left"]?.stringValue == lines[3])
  }

  @Test func wrongUseOfDiff() throws {
    #expect(try result("diff", path).status == 2)
    #expect(try result("diff", path, path, "-o", "xml").errors.contains("accepted: table, json"))
    let missing = try result("diff", path, "/nonexistent.jsonl")
    #expect(missing.status == 3 && missing.errors.contains("/nonexistent.jsonl: No such file or directory"))
  }
}
