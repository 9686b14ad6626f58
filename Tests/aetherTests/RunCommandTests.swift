import Foundation
import JSON
import Testing

@testable import aether

/// `aether automaton run`: each option, what it refuses, and how it ends.
@Suite struct RunCommandTests {
  private func run(_ automaton: String, _ arguments: String...) throws -> ProgramRun.Result {
    try ProgramRun.result(["run", "-"] + arguments, input: automaton)
  }

  private func header(_ trace: String) throws -> JSON {
    try JSON.parse(String(try #require(trace.split(separator: "\n").first)))
  }

  @Test func theSummaryTellsHowItStands() throws {
    let result = try run(Fixture.counter)
    #expect(result.status == 0)
    for line in [
      "execution: stopped", "state: Done", "ticks: 12", "transitions: 1", "input: step = 1", "output: n = 10",
    ] {
      let words = line.split(separator: ":", maxSplits: 1)
      #expect(
        result.output.split(separator: "\n").contains {
          $0.hasPrefix("\(words[0]):") && $0.hasSuffix(String(words[1]))
        }, "\(line) is not in \(result.output)")
    }
    let json = try JSON.parse(try run(Fixture.counter, "-o", "json").output)
    #expect(json["ticks"] == 12)
    let automaton = try #require(json["automata"]?.arrayValue?.first)
    #expect(automaton["name"] == "counter" && automaton["states"] == ["Done"] && automaton["transitions"] == 1)
    #expect(automaton["variables"] == ["step": 1, "n": 10])
  }

  @Test func theSeedDecidesWhatIsRandom() throws {
    let first = try run(Fixture.dice, "--ticks", "5", "--seed", "1", "--trace", "-").output
    #expect(first == (try run(Fixture.dice, "--ticks", "5", "--seed", "1", "--trace", "-").output))
    let other = try run(Fixture.dice, "--ticks", "5", "--seed", "2", "--trace", "-").output
    #expect(
      first.split(separator: "\n").dropFirst().map(String.init)
        != other.split(separator: "\n").dropFirst().map(String.init))
  }

  @Test func ticksAndTheirLength() throws {
    #expect(try run(Fixture.dice, "--ticks", "7").output.contains("ticks:         7\n"))
    let trace = try run(Fixture.dice, "--ticks", "3", "--tick-ms", "250", "--trace", "-").output
    #expect(trace.contains("\"tick\":3,\"t\":750,\"kind\":\"end\""))
    #expect(try run(Fixture.dice, "--ticks", "0").output.contains("ticks:         0\n"))
  }

  @Test func theHeaderHoldsWhatTheRunFollowsFrom() throws {
    let trace = try run(
      Fixture.counter, "--epoch", "1700000000000", "--semantics", "compat", "--instructions", "5000", "--clock", "real",
      "--tick-ms", "1", "--ticks", "2", "--trace", "-")
    let header = try header(trace.output)
    #expect(header["epoch"] == 1_700_000_000_000 && header["semantics"] == "compat" && header["instructions"] == 5000)
    #expect(header["clock"] == "real" && header["tick_ms"] == 1)
    #expect(try self.header(try run(Fixture.counter, "--trace", "-").output)["clock"] == "virtual")
  }

  @Test func inputsComeAfterTheirTick() throws {
    #expect(try run(Fixture.counter, "--input", "0:step=5").output.contains("n = 10"))
    let late = try run(Fixture.counter, "-i", "3:step=100", "--ticks", "4", "--trace", "-").output
    #expect(late.contains("\"tick\":3,\"t\":30,\"kind\":\"input\",\"name\":\"step\",\"value\":100"))
    let timed = try run(Fixture.counter, "-i", "30ms:step=100", "--ticks", "4", "--trace", "-").output
    #expect(late == timed)
  }

  @Test func faultsActOnInputs() throws {
    let scratch = try Scratch()
    let path = try scratch.write("faults.yaml", "faults:\n  - {action: drop, signal: step}\n")
    let result = try run(Fixture.counter, "--input", "0:step=5", "--faults", path, "--trace", "-")
    #expect(result.status == 0)
    #expect(result.output.contains("\"kind\":\"fault\",\"name\":\"step\",\"actions\":[\"drop\"]"))
    #expect(!result.output.contains("\"kind\":\"input\""))
    let wrong = try scratch.write("wrong.yaml", "faults:\n  - {action: drop, signal: step, fron: 1s}\n")
    let refused = try run(Fixture.counter, "--faults", wrong)
    #expect(refused.status == 3)
    #expect(refused.errors.hasPrefix("\(wrong):2:34: unknown key \"fron\"; accepted here: "), "\(refused.errors)")
  }

  @Test func instructionsAreBounded() throws {
    #expect(try run(Fixture.loop, "--ticks", "3").output.contains("errors:        0\n"))
    #expect(try run(Fixture.loop, "--ticks", "3", "--instructions", "1000").output.contains("errors:        3\n"))
  }

  @Test func aStopEndsTheRunUnlessItGoesOn() throws {
    let broken = try run(Fixture.broken)
    #expect(broken.output.contains("ticks:         1\n"))
    #expect(broken.status == 1, "it ended in an error")
    #expect(try run(Fixture.broken, "--to-the-end", "--ticks", "20").output.contains("ticks:         20\n"))
    #expect(try run(Fixture.counter, "--to-the-end", "--ticks", "20").status == 0)
  }

  @Test func eventsAreShownToPeople() throws {
    let result = try run(Fixture.counter, "--events")
    #expect(result.errors.contains("10 ms  output      name=n value=1\n"))
    #expect(result.errors.contains("transition  transition=enough from=Count to=Done"))
    #expect(result.output.hasPrefix("execution:"))
  }

  @Test func aTraceGoesToAFileOrTheOutput() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/t.jsonl"
    let result = try run(Fixture.counter, "--trace", path)
    #expect(result.output.hasPrefix("execution:"))
    #expect(try run(Fixture.counter, "--trace", "-").output == String(contentsOfFile: path, encoding: .utf8))
  }

  @Test(arguments: [
    (["--seed", "x"], "--seed is \"x\"; accepted: 0 to 18446744073709551615"),
    (["--clock", "fast"], "--clock is \"fast\"; accepted: virtual, real"),
    (["--ticks", "many"], "--ticks is \"many\"; accepted: 0 to 1000000000000"),
    (["--ticks", "1000000000001"], "--ticks is \"1000000000001\"; accepted: 0 to 1000000000000"),
    (["--tick-ms", "0"], "--tick-ms is \"0\"; accepted: 1 to 3600000"),
    (["--epoch", "now"], "--epoch is \"now\"; accepted: 0 to 4102444800000"),
    (["--instructions", "0"], "--instructions is \"0\"; accepted: 1 to 1000000000000"),
    (["--semantics", "loose"], "--semantics is \"loose\"; accepted: strict, compat"),
    (["--output", "yaml"], "--output is \"yaml\"; accepted: table, json"), (["--tick", "1"], "did you mean --ticks?"),
  ])
  func wrongUsage(_ arguments: [String], _ message: String) throws {
    let result = try ProgramRun.result(["run", "-"] + arguments, input: Fixture.counter)
    #expect(result.status == 2)
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test(arguments: [
    (["--input", "5"], "--input \"5\" has no \":\"; accepted: TICK:NAME=VALUE"),
    (["--input", "x:step=1"], "--input \"x:step=1\" does not begin with a tick or a time"),
    (["--input", "5:step"], "--input \"5:step\" has no \"=\""),
    (["--input", "5:stop=1"], "--input \"5:stop=1\" names no variable (there are step)"),
    (["--input", "5:step=x"], "--input \"5:step=x\" is no int"),
    (["--input", "5:a.step=1"], "names an automaton, but there is only one"),
    (["--faults", "/nonexistent.yaml"], "/nonexistent.yaml: No such file or directory"),
    (["--trace", "/nonexistent/t"], "/nonexistent/t: No such file or directory"),
  ])
  func refusedInput(_ arguments: [String], _ message: String) throws {
    let result = try ProgramRun.result(["run", "-"] + arguments, input: Fixture.counter)
    #expect(result.status == 3)
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test func refusedFiles() throws {
    let missing = try ProgramRun.result(["run", "/nonexistent.yaml"])
    #expect(missing.status == 3 && missing.errors.contains("/nonexistent.yaml: No such file or directory"))
    let wrong = try run("automata: {states: {A: {cod: x}}}")
    #expect(wrong.status == 3 && wrong.errors.contains("unknown key \"cod\""))
  }

  @Test func aReaderThatHasGoneEndsItQuietly() throws {
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let run = try ProgramRun(
      ["run", "-", "--ticks", "1000000000", "--trace", "-"], input: Fixture.dice, output: pipe.fileHandleForWriting)
    let result = try run.end()
    #expect(result.status == 128 + SIGPIPE)
    #expect(result.errors.isEmpty)
  }

  @Test(arguments: ["virtual", "real"]) func controlCEndsItWithAWholeTrace(_ clock: String) throws {
    let scratch = try Scratch()
    let path = scratch.path + "/t.jsonl"
    let run = try ProgramRun(
      ["run", "-", "--ticks", "1000000000000", "--tick-ms", "1", "--clock", clock, "--trace", path],
      input: Fixture.loop)
    // It has begun when there is something of the trace.
    for _ in 0..<1200 where (try? Data(contentsOf: URL(fileURLWithPath: path)))?.isEmpty ?? true { usleep(50_000) }
    run.process.interrupt()
    let result = try run.end()
    #expect(result.status == 0)
    #expect(result.output.contains("execution:     running"))
    let trace = try String(contentsOfFile: path, encoding: .utf8)
    let last = try JSON.parse(String(try #require(trace.split(separator: "\n").last)))
    #expect(last["kind"] == "end")
    let tick = try #require(last["tick"]?.integerValue)
    #expect(result.output.contains("ticks:         \(tick)\n"))
    let replayed = try ProgramRun.result(["replay", path])
    #expect(replayed.status == 0 && replayed.errors.isEmpty)
  }
}
