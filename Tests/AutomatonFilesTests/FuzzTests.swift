import Automata
import AutomatonFiles
import Foundation
import PythonPeer
import Testing

/// Files that nobody would write: the loaders refuse them with words, and never crash.
@Suite struct FuzzTests {
  private static let words = [
    "states", "transitions", "automata", "variables", "inputs", "type", "timed", "event", "triggers", "threshold",
    "on_enter", "condition", "weight", "from", "to", ": ", "- ", "\n", "\n  ", "[", "]", "{", "}", "|", ">", "&a ",
    "*a",
    "\"", "'", "#", "!!str ", "null", "~", "1e999", "-1", "99999999999999999999", "0x", "0o9", ".inf", "5s", "1.5h",
    "\u{0}", "\u{FEFF}", "\u{85}", "\u{2028}", "\r", "\t", "<<", "---\n", "...\n", "parent", "file", "history",
    "system",
    "wiring", ".out.", ".in.", "function", "end", "if", "(", ")", "\\", "\\u", "schemaVersion", "config",
  ]

  private static func mutate(_ bytes: [UInt8], _ other: [UInt8], _ random: inout RandomModel) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<random.pick([1, 1, 1, 1, 2, 4]) {
      let at = random.below(bytes.count + 1)
      let length = min(random.below(random.isTrue(80) ? 8 : 200), bytes.count - at)
      switch random.below(8) {
      case 0: bytes.removeSubrange(at..<(at + length))
      case 1: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &random.numbers) }
      case 2: if at < bytes.count { bytes[at] ^= 1 << UInt8(random.below(8)) }
      case 3: bytes.insert(contentsOf: bytes[at..<(at + length)], at: random.below(bytes.count + 1))
      case 4:
        let from = random.below(other.count + 1)
        bytes.insert(contentsOf: other[from..<min(other.count, from + random.below(60))], at: at)
      case 5:
        // A line again, elsewhere.
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        bytes.insert(contentsOf: Array(random.pick(lines)) + [0x0A], at: at)
      default: bytes.insert(contentsOf: Array(random.pick(words).utf8), at: at)
      }
    }
    return bytes
  }

  private func seeds(_ random: inout RandomModel, folder: Bool = false) throws -> [[UInt8]] {
    var seeds: [[UInt8]] = []
    for name in ["thermostat", "lucky-lamp", "media-player", "boiler"] {
      let path = ExampleTests.root.appendingPathComponent("Examples/automata/\(name).yaml")
      seeds.append(Array(try Data(contentsOf: path)))
    }
    for _ in 0..<12 { seeds.append(Array(try AutomatonFile.text(of: random.automaton(folder: folder)).utf8)) }
    return seeds
  }

  /// Problems have places inside the text, and words.
  private func check(_ problems: [FileProblem], _ text: [UInt8]) {
    for problem in problems {
      guard let position = problem.position else { continue }
      if position.line < 1 || position.column < 1 || position.column > text.count + 2 || problem.message.isEmpty {
        Issue.record("\(problem)\n\(Data(text).base64EncodedString())")
      }
      #expect(!problem.description.utf8.contains(0x0A))
    }
  }

  @Test func automata() throws {
    var random = RandomModel(.forTest("fuzz automata"))
    let seeds = try seeds(&random)
    var accepted = 0
    for _ in 0..<2000 {
      let text = Self.mutate(random.pick(seeds), random.pick(seeds), &random)
      do {
        let loaded = try AutomatonFile.load(text, options: LoadOptions(strictUnits: random.isTrue()))
        accepted += 1
        check(loaded.warnings, text)
        // What was accepted can be written, and comes back.
        let again = try AutomatonFile.load(Array(try AutomatonFile.text(of: loaded.automaton).utf8))
        if ModelCodec.encode(again.automaton) != ModelCodec.encode(loaded.automaton) {
          Issue.record("comes back changed: \(Data(text).base64EncodedString())")
        }
      } catch let refused as RefusedFile {
        #expect(refused.problems.contains { $0.severity == .error })
        check(refused.problems, text)
      } catch {
        Issue.record("\(error): \(Data(text).base64EncodedString())")
      }
    }
    print("\(accepted) of 2000 accepted")
  }

  @Test func projects() throws {
    var random = RandomModel(.forTest("fuzz projects"))
    var seeds: [[UInt8]] = []
    for _ in 0..<8 {
      var project = ProjectFile(name: "p")
      try project.set(random.automaton(), id: "a")
      try project.set(random.automaton(folder: true), id: "b")
      seeds.append(project.bytes)
    }
    for _ in 0..<600 {
      let text = Self.mutate(random.pick(seeds), random.pick(seeds), &random)
      do {
        var project = try ProjectFile(reading: text)
        for id in project.automatonIDs {
          do {
            let loaded = try project.automaton(id)
            check(loaded.warnings, text)
            try project.set(loaded.automaton, id: id)
            #expect(try project.automaton(id).automaton.problems().isEmpty)
          } catch let refused as RefusedFile {
            check(refused.problems, text)
          }
        }
      } catch let refused as RefusedFile {
        check(refused.problems, text)
      } catch {
        Issue.record("\(error): \(Data(text).base64EncodedString())")
      }
    }
  }

  @Test func compositions() throws {
    var random = RandomModel(.forTest("fuzz compositions"))
    let folder = ExampleTests.root.appendingPathComponent("Examples/automata").path
    let seed = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/house.yaml")))
    var files: [String: [UInt8]] = [:]
    for name in ["thermostat.yaml", "boiler.yaml"] {
      files[name] = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
    }
    let access = FileAccess.memory(files)
    var accepted = 0
    for _ in 0..<1000 {
      let text = Self.mutate(seed, seed, &random)
      do {
        let loaded = try CompositionFile.load(text, access: access)
        accepted += 1
        let again = try CompositionFile.load(
          Array(try CompositionFile.text(of: loaded.composition).utf8), access: access)
        #expect(again.composition == loaded.composition)
        _ = try loaded.composition.network()
      } catch let refused as RefusedFile {
        check(refused.problems, text)
      } catch {
        Issue.record("\(error): \(Data(text).base64EncodedString())")
      }
    }
    print("\(accepted) of 1000 accepted")
  }

  @Test func scriptFiles() throws {
    var random = RandomModel(.forTest("fuzz script files"))
    let document = Array("config: {type: folder}\nautomata: {states: {A: {}}, transitions: {t: {from: A, to: A}}}".utf8)
    for _ in 0..<1200 {
      let state = Self.mutate(random.file(["body", "on_enter", "on_exit"]), random.script(), &random)
      let transition = Self.mutate(random.file(["condition", "body"]), random.script(), &random)
      do {
        let loaded = try AutomatonFile.load(
          document, access: .memory(["A.lua": state, "t.lua": transition]))
        #expect(loaded.automaton.states[0].file == state)
        _ = loaded.automaton.inInlineLayout()
        _ = loaded.automaton.hasCodeOutsideFunctions
      } catch {
        #expect(error.problems.contains { $0.severity == .error })
      }
    }
  }

  /// Artifacts and bare models, where every byte counts.
  @Test func binaries() throws {
    var random = RandomModel(.forTest("fuzz binaries"))
    for _ in 0..<600 {
      let model = ModelCodec.encode(random.automaton())
      let artifact = Artifact(kind: random.pick([.yaml, .bytecode, .model]), label: [], payload: model).encode()
      for bytes in [model, artifact] {
        let text = Self.mutate(bytes, bytes, &random)
        do { _ = try AutomatonFile.loadAny(text) } catch { #expect(!error.problems.isEmpty) }
      }
    }
  }
}

/// Single files of ill will.
@Suite struct HostileTests {
  private func refusal(_ text: String) -> String { refusal(Array(text.utf8)) }

  private func refusal(_ bytes: [UInt8]) -> String {
    do {
      _ = try AutomatonFile.loadAny(bytes, file: "x")
      return "accepted"
    } catch {
      return error.problems.first { $0.severity == .error }?.description ?? "no error"
    }
  }

  @Test func nesting() {
    let depth = 10_000
    func nested(_ open: String, _ close: String) -> String {
      String(repeating: open, count: depth) + String(repeating: close, count: depth)
    }
    #expect(refusal(nested("[", "]")) == "x:1:65: error: nested deeper than 64 levels [limit]")
    #expect(refusal("automata: " + nested("{states: ", "}")).contains("nested deeper than 64 levels [limit]"))
    #expect(refusal(nested("- ", "")).contains("nested deeper than 64 levels [limit]"))
    var block = "automata:\n"
    for level in 0..<200 { block += String(repeating: " ", count: level + 1) + "states:\n" }
    #expect(refusal(block).contains("nested deeper than 64 levels [limit]"))
    let project = "{\"schemaVersion\": \"1.0.0\", \"automata\": " + nested("{\"a\": ", "}") + "}"
    #expect(refusal(project).contains("nested deeper than 64 levels [limit]"))
    for script in [nested("(", ")"), nested("{", "}"), nested("not ", ""), nested("-", ""), nested("f(", ")")] {
      let text = "automata: {states: {A: {}}, transitions: [{from: A, to: A, condition: \"\(script)\"}]}"
      #expect(refusal(text).contains("error: condition: "))
    }
    let blocks = String(repeating: "do ", count: depth) + String(repeating: "end ", count: depth)
    #expect(refusal("automata: {states: {A: {code: \"\(blocks)\"}}}").contains("error: code: "))
  }

  @Test func aliases() {
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let before = String(repeating: "*a\(level - 1), ", count: 10)
      bomb += "a\(level): &a\(level) [\(before)]\n"
    }
    #expect(refusal(bomb).contains("[limit]"))
    #expect(refusal("automata: &a {states: *a}").contains("is inside the value that it names [syntax]"))
    #expect(refusal("automata: *none").contains("no anchor named \"none\""))
    #expect(refusal("base: &b {x: 1}\nautomata: {<<: *b}").contains("merge keys"))
    // An alias is a value like any other.
    #expect(
      refusal("automata: {states: {A: &s {on_enter: \"x = 1\"}, B: *s}, transitions: [{from: A, to: B}]}") == "accepted"
    )
  }

  @Test func bytes() {
    #expect(refusal([0x61, 0x3A, 0x20, 0xFF, 0xFE]) == "x:1:4: error: invalid UTF-8 [syntax]")
    #expect(refusal([]) == "x: error: the file is empty [syntax]; write one document")
    #expect(refusal([0xEF, 0xBB, 0xBF] + Array("automata: {states: {A: {}}}".utf8)) == "accepted")
    #expect(refusal(Array(repeating: 0, count: 100)).contains("[syntax]"))
    #expect(
      refusal("automata: {states: {A: {}}}\n---\nautomata: {}")
        == "x:3:1: error: the file has more than one document [syntax]; write one document")
    #expect(refusal("just a text").contains("the document is a map of keys, not string [wrong-kind]"))
    let large = Array(repeating: UInt8(ascii: "#"), count: 17 << 20)
    #expect(refusal(large).contains("longer than 16777216 bytes [limit]"))
  }

  @Test func numbers() {
    func transition(_ members: String) -> String {
      refusal("automata: {states: {A: {}}, transitions: [{from: A, to: A, \(members)}]}")
    }
    #expect(transition("priority: 99999999999999999999").contains("error: \"priority\" is "))
    #expect(transition("priority: 1e999").contains("has no finite value [syntax]"))
    #expect(transition("weight: 1e300").contains("[out-of-range]"))
    #expect(transition("weight: .inf").contains("has no finite value [syntax]"))
    #expect(transition("weight: \"nan\"").contains("[wrong-kind]"))
    #expect(transition("type: timed, after: 1e308") == "accepted")
    #expect(transition("type: timed, after: \"1e400s\"").contains("[wrong-kind]"))
    #expect(transition("type: timed, timed: {mode: at, at_ms: 1e30}").contains("[wrong-kind]"))
    func variable(_ members: String) -> String { refusal("automata: {states: {A: {}}}\nvariables: {v: {\(members)}}") }
    #expect(variable("type: int, default: 2147483648").contains("[wrong-kind]"))
    #expect(variable("type: int64, default: 9223372036854775808").contains("[wrong-kind]"))
    #expect(variable("type: float, default: 1e39") == "accepted")
    #expect(variable("type: binary, default: \"!\"").contains("accepted: Base64"))
    #expect(variable("type: table").contains("variables of type table hold no values [structure]"))
  }

  /// Many parts take no more than their number.
  @Test func manyParts() throws {
    var text = "automata:\n  states:\n"
    for index in 0..<1500 { text += "    - {id: S\(index), on_enter: \"x = \(index)\"}\n" }
    text += "  transitions:\n"
    for index in 0..<1499 { text += "    - {from: S\(index), to: S\(index + 1), condition: x > \(index)}\n" }
    let loaded = try AutomatonFile.load(Array(text.utf8))
    #expect(loaded.automaton.states.count == 1500 && loaded.automaton.transitions.count == 1499)
    var wide = "automata:\n  states:\n"
    for index in 0..<9000 { wide += "    S\(index): {}\n" }
    #expect(refusal(wide).contains("more than 8192 members in one mapping [limit]"))
    // Every line is wrong; the report ends somewhere.
    var wrong = "automata:\n  states:\n"
    for index in 0..<1000 { wrong += "    - {id: S\(index), nonsense: 1}\n" }
    do {
      _ = try AutomatonFile.load(Array(wrong.utf8))
    } catch {
      #expect(error.problems.count == 200)
    }
  }
}
