import Testing

@testable import Spelling

@Suite struct SpellingTests {
  @Test(arguments: [
    ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("state", "state", 0), ("stae", "state", 1), ("states", "state", 1),
    ("stete", "state", 1), ("satte", "state", 1), ("tsaet", "state", 2), ("eatts", "state", 3),
    ("kitten", "sitting", 3),
  ])
  func editsAreCounted(_ left: String, _ right: String, _ wanted: Int) {
    #expect(Spelling.edits(from: Array(left.utf8), to: Array(right.utf8)) == wanted)
    #expect(Spelling.edits(from: Array(right.utf8), to: Array(left.utf8)) == wanted)
  }

  @Test func onlyNearWordsAreNamed() {
    let words = ["from", "to", "condition", "priority"]
    #expect(Spelling.nearest(to: "form", among: words) == "from")
    #expect(Spelling.nearest(to: "conditoin", among: words) == "condition")
    #expect(Spelling.nearest(to: "xyz", among: words) == nil)
    #expect(Spelling.nearest(to: "from", among: []) == nil)
    #expect(Spelling.nearest(to: "condit", among: words, editsMax: 3) == "condition")
    #expect(Spelling.nearest(to: "condit", among: words) == nil)
  }

  @Test func theFirstOfEquallyNearWordsWins() {
    #expect(Spelling.nearest(to: "cat", among: ["car", "can"]) == "car")
  }

  @Test func caseCountsUnlessItIsIgnored() {
    #expect(Spelling.nearest(to: "TEMP", among: ["temp"]) == nil)
    #expect(Spelling.nearest(to: "TEMP", among: ["temp"], editsMax: 0, ignoresCase: true) == "temp")
  }

  @Test func longWordsAreNotCompared() {
    let long = String(repeating: "a", count: Spelling.lengthMax + 1)
    #expect(Spelling.nearest(to: long, among: [long]) == nil)
    #expect(Spelling.nearest(to: "aaa", among: [long]) == nil)
  }
}
