import Automata
import AutomatonFiles
import PythonPeer
import Testing
import YAML

@Suite struct RoundTripTests {
  @Test func yamlGivesTheModelAgain() throws {
    var random = RandomModel(.forTest("yamlGivesTheModelAgain"))
    for round in 0..<150 {
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

  @Test func foldersGiveTheModelAgain() throws {
    var random = RandomModel(.forTest("foldersGiveTheModelAgain"))
    for round in 0..<150 {
      var automaton = random.automaton(folder: round % 2 == 0)
      if automaton.layout == .inline {
        // Moving the scripts to files and back changes nothing.
        automaton = try automaton.inFolderLayout()
        let inline = automaton.inInlineLayout()
        #expect(try inline.inFolderLayout() == automaton, "round \(round)")
      } else {
        let text = try AutomatonFile.text(of: automaton)
        let loaded = try AutomatonFile.load(Array(text.utf8))
        #expect(ModelCodec.encode(loaded.automaton) == ModelCodec.encode(automaton), "round \(round)\n\(text)")
      }
      // Names with a slash are refused, as no file can have them.
      guard let files = try? AutomatonFile.files(of: automaton, name: "doc.yaml") else { continue }
      let access = FileAccess.memory(Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.bytes) }))
      do {
        let loaded = try AutomatonFile.load(files[0].bytes, file: "round \(round)", access: access)
        guard ModelCodec.encode(loaded.automaton) == ModelCodec.encode(automaton) else {
          for file in files { print("== \(file.path)\n\(text(file.bytes))") }
          Issue.record("round \(round): differs\n\(automaton)\n\(loaded.automaton)")
          return
        }
      } catch {
        for file in files { print("== \(file.path)\n\(text(file.bytes))") }
        Issue.record("round \(round): \(error)")
        return
      }
    }
  }

  @Test func foldersOfPeople() throws {
    let document = """
      config: {name: lamp, type: folder, location: src}
      automata:
        states: {Off: {}, On: {}}
        transitions: {switch_on: {from: Off, to: On}, back: {from: On, to: Off, type: timed, timed: {after: 1s}}}
      variables: {level: {type: int}}
      """
    let files: [String: [UInt8]] = [
      "src/Off.lua": Array("".utf8),
      "src/On.lua": Array(
        """
        -- The lamp is on.
        local step <const> = 2 -- "end" of nothing

        local function raise(by)
          if by then setVal("level", value("level") + by) end
        end

        function on_enter()
          raise(step)
        end

        function body() return raise(1) end
        """.utf8),
      "src/switch_on.lua": Array(
        "function condition()\n  return level < 5\nend\nfunction triggered() level = 0 end".utf8),
      "src/back.lua": Array("function condition()\n  local limit = 3\n  return level > limit\nend\n".utf8),
    ]
    let loaded = try AutomatonFile.load(Array(document.utf8), file: "x/lamp.yaml", access: .memory(files))
    #expect(loaded.warnings.isEmpty, "\(loaded.warnings)")
    #expect(text(loaded.automaton.states[1].file) == text(files["src/On.lua"] ?? []))
    #expect(loaded.sources.place(of: .file(1), line: 9, column: 3).map { "\($0)" } == "x/src/On.lua:9:3")
    // It runs: the helper and the constant are there.
    let engine = Engine(try CompiledAutomaton(loaded.automaton))
    try engine.start(at: 0)
    for time in 1...3 { _ = engine.tick(at: Int64(time)) }
    #expect(engine.value(0) == .int32(4))

    // Moved into the document, it stands in every hook.
    let inline = loaded.automaton.inInlineLayout()
    #expect(loaded.automaton.hasCodeOutsideFunctions)
    let (states, transitions) = (inline.states, inline.transitions)
    #expect(text(states[1].onEnter).hasPrefix("-- The lamp is on.\nlocal step <const> = 2"))
    #expect(text(states[1].onEnter).hasSuffix("end\n\n\n  raise(step)\n"))
    #expect(text(states[1].body).hasSuffix("return raise(1)"))
    guard case .classic(let classic) = transitions[0].trigger, case .timed(let timed) = transitions[1].trigger else {
      throw Missing()
    }
    #expect(text(classic.condition) == "level < 5\n")
    #expect(text(timed.condition) == "(function()\n  local limit = 3\n  return level > limit\nend)()")
    #expect(text(transitions[0].triggered) == "level = 0")

    var broken = files
    broken["src/On.lua"] = Array("function on_enter()\n  x = = 1\nend".utf8)
    broken["src/Off.lua"] = nil
    do {
      _ = try AutomatonFile.load(Array(document.utf8), file: "x/lamp.yaml", access: .memory(broken))
      Issue.record("accepted")
    } catch {
      #expect(
        error.problems.map(\.description) == [
          "x/lamp.yaml:3:12: error: there is no file x/src/Off.lua [unreadable]; write one with function body(), "
            + "on_enter() or on_exit(); it may be empty",
          "x/src/On.lua:2:7: error: file: unexpected symbol near '=' [script]",
        ])
    }
  }
}
