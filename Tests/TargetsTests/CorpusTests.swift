import Automata
import Foundation
import Testing

/// The automata of `Corpus` do on every target what the files beside them say.
///
/// `NAME.yaml` is an automaton, `NAME.inputs` what is done with it, `NAME.SEMANTICS.trace` what must happen. With
/// `AETHER_WRITE_TRACES=1` the traces are written anew from what happens on Linux; review them like code.
@Suite struct CorpusTests {
  private struct Run {
    var name: String
    var request: [UInt8]
    var golden: URL

    var expected: [UInt8] { (try? Data(contentsOf: golden)).map { Array($0) } ?? [] }
  }

  private static let runs = Result {
    try CorpusEntry.all().flatMap { entry in
      entry.semantics.map { semantics in
        let name = "\(entry.name).\(semantics == .strict ? "strict" : "compat")"
        return Run(
          name: name, request: entry.request(semantics),
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

  /// Nothing lies in the folder that no test reads.
  @Test func everyFileBelongsToAnEntry() throws {
    let entries = try CorpusEntry.all()
    #expect(entries.count >= 60)
    var known: Set<String> = []
    for entry in entries {
      known.formUnion(["\(entry.name).yaml", "\(entry.name).inputs"])
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
