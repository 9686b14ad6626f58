import Automata
import AutomatonRuns
import Foundation
import PythonPeer
import Runner
import Testing

/// The systems of `Systems` do on every target what the files beside them say; `NAME.trace` is what must happen.
/// `AETHER_WRITE_TRACES=1` writes it anew.
@Suite struct SystemTests {
  private static let entries = Result { try SystemEntry.all() }

  @Test(arguments: TargetPlace.allCases) func tracesAreAsWritten(_ target: TargetPlace) throws {
    let entries = try SystemTests.entries.get()
    #expect(entries.count >= 6)
    let answers = try target.answers(entries.map { $0.request.encode() })
    #expect(answers.count == entries.count)
    let writes = target == .linux && ProcessInfo.processInfo.environment["AETHER_WRITE_TRACES"] == "1"
    for (entry, answer) in zip(entries, answers) {
      if writes { try Data(answer).write(to: entry.trace) }
      expectSame(Array(try Data(contentsOf: entry.trace)), answer, "\(entry.name) on \(target)")
    }
  }

  /// Going back is going on: the second time, the same lines come.
  @Test func whatComesAfterASnapshotComesAgain() throws {
    let entry = try #require(try SystemTests.entries.get().first { $0.name == "snapshot-of-a-system" })
    let lines = try String(contentsOf: entry.trace, encoding: .utf8).split(separator: "\n")
    let saved = try #require(lines.firstIndex { $0.hasPrefix("# snapshot") })
    let first = lines[(saved + 1)...].prefix { !$0.hasPrefix("#") }
    let number = try #require(first.first?.prefix { $0 != "," })
    let again = try #require(first.indices.dropFirst().first { lines[$0].hasPrefix(number + ",") })
    #expect(again > saved + 10)
    let second = lines[again...].filter { !$0.hasPrefix("#") && !$0.contains(#""kind":"standing""#) }.dropLast()
    #expect(Array(lines[(saved + 1)..<again]) == Array(second))
  }

  @Test func requestsComeBackEqual() throws {
    for entry in try SystemTests.entries.get() {
      let bytes = entry.request.encode()
      #expect(try SystemRequest(bytes) == entry.request)
    }
  }

  /// Requests with random changes are answered, whatever they are.
  @Test func changedRequestsNeverCrash() throws {
    var random = SeededNumbers.forTest("changed requests of systems")
    let requests = try SystemTests.entries.get().map { $0.request.encode() }
    for _ in 0..<300 {
      var request = requests[Int(random.next() % UInt64(requests.count))]
      for _ in 0..<(1 + random.next() % 4) {
        let position = 1 + Int(random.next() % UInt64(request.count - 1))
        switch random.next() % 3 {
        case 0: request.removeSubrange(position..<min(request.count, position + Int(random.next() % 8)))
        case 1: request[position] ^= 1 << UInt8(random.next() % 8)
        default: request[position] = UInt8(truncatingIfNeeded: random.next())
        }
        if request.count < 2 { request = [3, 0] }
      }
      #expect(!Runner.answer(request).isEmpty)
    }
  }

  /// Nothing lies in the folder that no test reads.
  @Test func everyFileBelongsToAnEntry() throws {
    var known: Set<String> = ["parts"]
    for entry in try SystemTests.entries.get() {
      known.formUnion(["yaml", "inputs", "trace"].map { "\(entry.name).\($0)" })
      if !entry.request.faults.isEmpty { known.insert("\(entry.name).faults") }
    }
    let found = try FileManager.default.contentsOfDirectory(atPath: SystemEntry.folder.path)
    #expect(Set(found) == known)
  }
}
