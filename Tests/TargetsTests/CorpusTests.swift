import Automata
import AutomatonRuns
import Foundation
import PythonPeer
import Runner
import Testing

/// The automata of `Corpus` do on every target what the files beside them say.
///
/// `NAME.yaml` is an automaton, `NAME.inputs` what is done with it, `NAME.SEMANTICS.trace` what must happen. With
/// `AETHER_WRITE_TRACES=1` the traces are written anew from what happens on Linux; review them like code.
@Suite struct CorpusTests {
  private struct Run {
    var name: String
    var entry: String
    var request: [UInt8]
    var golden: URL

    var expected: [UInt8] { (try? Data(contentsOf: golden)).map { Array($0) } ?? [] }
  }

  private static let runs = Result {
    try CorpusEntry.all().flatMap { entry in
      entry.semantics.map { semantics in
        let name = "\(entry.name).\(semantics == .strict ? "strict" : "compat")"
        return Run(
          name: name, entry: entry.name, request: entry.request(semantics),
          golden: CorpusEntry.folder.appendingPathComponent("\(name).trace"))
      }
    }
  }

  @Test(arguments: TargetPlace.allCases) func tracesAreAsWritten(_ target: TargetPlace) throws {
    let runs = try CorpusTests.runs.get()
    let answers = try target.answers(runs.map(\.request))
    #expect(answers.count == runs.count)
    if target == .linux, ProcessInfo.processInfo.environment["AETHER_WRITE_TRACES"] == "1" {
      for (run, answer) in zip(runs, answers) { try Data(answer).write(to: run.golden) }
    }
    for (run, answer) in zip(runs, answers) { expectSame(run.expected, answer, "\(run.name) on \(target)") }
  }

  /// Translated on this machine, an automaton does on devices what it does when a device translates it.
  @Test(arguments: [TargetPlace.linux, .cortexM4, .node]) func deviceFormsDoTheSame(_ target: TargetPlace) throws {
    var expected: [Run] = []
    for entry in try CorpusEntry.all() {
      for (semantics, run) in zip(entry.semantics, try CorpusTests.runs.get().filter { $0.entry == entry.name }) {
        guard let request = entry.deviceRequest(semantics) else { continue }
        expected.append(Run(name: run.name, entry: entry.name, request: request, golden: run.golden))
      }
    }
    #expect(expected.count >= 100)
    let answers = try target.answers(expected.map(\.request))
    #expect(answers.count == expected.count)
    for (run, answer) in zip(expected, answers) {
      expectSame(run.expected, answer, "\(run.name) in the form for devices on \(target)")
    }
  }

  /// A trace holds all that its run followed from: run again from the trace, it is the same.
  @Test func tracesCanBeReplayed() throws {
    var count = 0
    for entry in try CorpusEntry.all() {
      // What was refused, and going back to a snapshot, are no part of a trace.
      guard entry.steps.first == .apply(.start), !entry.steps.contains(.restore), !entry.steps.contains(.restoreRun)
      else { continue }
      for semantics in entry.semantics {
        let trace = try TargetPlace.linux.answers([entry.request(semantics)])[0]
        guard !trace.starts(with: Array("!".utf8)), !String(decoding: trace, as: UTF8.self).contains("\n!") else {
          continue
        }
        let recorded = try TraceFile(trace, model: entry.automaton)
        let replayed = try Replay.run(recorded).bytes
        expectSame(trace, replayed, "\(entry.name), \(semantics), run again")
        count += 1
      }
    }
    #expect(count >= 150)
  }

  /// Requests with random changes are answered, whatever they are.
  @Test func changedRequestsNeverCrash() throws {
    var random = SeededNumbers.forTest("changed requests")
    let requests = try CorpusEntry.all().filter { !$0.name.hasPrefix("budget") && $0.name != "long-run" }.flatMap {
      entry in entry.semantics.map { entry.request($0) } + entry.semantics.compactMap { entry.deviceRequest($0) }
    }
    for _ in 0..<300 {
      var request = requests[Int(random.next() % UInt64(requests.count))]
      for _ in 0..<(1 + random.next() % 4) {
        let position = Int(random.next() % UInt64(request.count))
        switch random.next() % 4 {
        case 0: request.removeSubrange(position..<min(request.count, position + Int(random.next() % 8)))
        case 1: request[position] ^= 1 << UInt8(random.next() % 8)
        case 2: request.insert(UInt8(truncatingIfNeeded: random.next()), at: position)
        default: request[position] = UInt8(truncatingIfNeeded: random.next())
        }
        if request.isEmpty { request = [2] }
      }
      #expect(!Runner.answer(request).isEmpty || request.first == 1)
    }
  }

  /// Nothing lies in the folder that no test reads.
  @Test func everyFileBelongsToAnEntry() throws {
    let entries = try CorpusEntry.all()
    #expect(entries.count >= 60)
    var known: Set<String> = []
    for entry in entries {
      known.formUnion(["\(entry.name).yaml", "\(entry.name).inputs"])
      if !entry.faults.isEmpty { known.insert("\(entry.name).faults") }
      for semantics in entry.semantics {
        known.insert("\(entry.name).\(semantics == .strict ? "strict" : "compat").trace")
      }
      known.formUnion(
        entry.automaton.layout == .folder ? [String(decoding: entry.automaton.location, as: UTF8.self)] : [])
    }
    let found = Set(try FileManager.default.contentsOfDirectory(atPath: CorpusEntry.folder.path))
    #expect(found.subtracting(known) == [])
    #expect(known.subtracting(found) == [])
  }
}
