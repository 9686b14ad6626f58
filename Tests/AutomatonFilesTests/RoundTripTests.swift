import Automata
import AutomatonFiles
import PythonPeer
import Testing
import YAML

@Suite struct RoundTripTests {
  @Test func yamlGivesTheModelAgain() throws {
    var random = RandomModel(.forTest("yamlGivesTheModelAgain"))
    for round in 0..<300 {
      let automaton = random.automaton()
      try #require(automaton.problems().isEmpty, "round \(round): the generator made an invalid model")
      let text = try AutomatonFile.text(of: automaton)
      do {
        let loaded = try AutomatonFile.load(Array(text.utf8), file: "round \(round)")
        guard ModelCodec.encode(loaded.automaton) == ModelCodec.encode(automaton) else {
          Issue.record("round \(round): differs\n\(text)\n\(automaton)\n\(loaded.automaton)")
          return
        }
        #expect(try AutomatonFile.text(of: loaded.automaton) == text)
      } catch {
        Issue.record("round \(round): \(error)\n\(text)")
        return
      }
    }
  }
}
