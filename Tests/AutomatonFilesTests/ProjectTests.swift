import Automata
import AutomatonFiles
import JSON
import PythonPeer
import Testing

@Suite struct ProjectTests {
  @Test func projectsGiveTheModelAgain() throws {
    var random = RandomModel(.forTest("projectsGiveTheModelAgain"))
    for round in 0..<100 {
      let automaton = random.automaton(folder: random.isTrue(20))
      var project = ProjectFile(name: "p")
      try project.set(automaton, id: "a1")
      let read = try ProjectFile(reading: project.bytes)
      do {
        let loaded = try read.automaton("a1")
        guard ModelCodec.encode(loaded.automaton) == ModelCodec.encode(automaton) else {
          Issue.record("round \(round): differs\n\(text(project.bytes))\n\(automaton)\n\(loaded.automaton)")
          return
        }
        // The same without the text in between.
        #expect(try project.automaton("a1").automaton == loaded.automaton)
      } catch {
        Issue.record("round \(round): \(error)\n\(text(project.bytes))")
        return
      }
    }
  }

  @Test func whatTheEngineDoesNotKnowIsKept() throws {
    var random = RandomModel(.forTest("whatTheEngineDoesNotKnowIsKept"))
    for round in 0..<50 {
      let automaton = random.automaton()
      var project = ProjectFile(name: "p")
      try project.set(automaton, id: "a1")
      var count = 0
      let decorated = decorate(.object(project.document), &count, path: "")
      var edited = try ProjectFile(reading: decorated.bytes())
      let model = try edited.automaton("a1").automaton
      #expect(ModelCodec.encode(model) == ModelCodec.encode(automaton), "round \(round)")
      // Written over itself, nothing changes at all.
      try edited.set(model, id: "a1")
      guard .object(edited.document) == decorated else {
        Issue.record("round \(round):\n\(decorated.text(.pretty))\n\(text(edited.bytes))")
        return
      }
    }
  }

  /// Adds a field to every object but those whose members are things by their ids.
  private func decorate(_ value: JSON, _ count: inout Int, path: String) -> JSON {
    switch value {
    case .array(let items): return .array(items.map { decorate($0, &count, path: path + "[]") })
    case .object(let object):
      var copy = JSONObject()
      for member in object.members {
        copy[member.name] = decorate(member.value, &count, path: path.count < 60 ? path + "/" + member.name : path)
      }
      let isCollection = ["/automata", "/automata/a1/states", "/automata/a1/transitions"].contains(path)
      if !isCollection, !path.contains("/target") {
        count += 1
        copy["x-\(count)"] = ["color": "#ff0000", "points": [1, 2.5, nil]]
      }
      return .object(copy)
    default: return value
    }
  }

  @Test func projectsOfTheEditor() throws {
    let source = """
      {
        "schemaVersion": "1.0.0",
        "metadata": {"name": "demo", "created": 1},
        "automata": {
          "auto-1": {
            "id": "auto-1", "config": {"name": "blink", "type": "inline", "language": "lua", "target": "desktop_v1"},
            "initialState": "s2",
            "states": {
              "s1": {"id": "s1", "name": "Off", "code": "", "hooks": {"onEnter": "led = false", "onError": "?"},
                "position": {"x": 10, "y": 20.5}, "color": "red"},
              "s2": {"id": "s2", "name": "On", "hooks": {"onTick": "led = true"}, "inputs": ["speed"]}
            },
            "transitions": {
              "t1": {"id": "t1", "name": "go", "from": "s1", "to": "s2", "type": "timed", "condition": "",
                "timed": {"mode": "every", "delayMs": 250, "repeatCount": 3}, "weight": 1, "label": "tick"},
              "t2": {"id": "t2", "from": "s2", "to": "Off", "type": "event",
                "event": {"triggers": [{"signalName": "speed", "signalType": "input", "triggerType": "on_threshold",
                  "threshold": {"operator": ">=", "value": 5}}], "requireAll": false, "debounceMs": 10}}
            },
            "variables": [
              {"id": "v1", "name": "speed", "type": "number", "direction": "input", "default": 2},
              {"id": "v2", "name": "led", "type": "bool", "direction": "output"}
            ]
          }
        }
      }
      """
    let project = try ProjectFile(reading: Array(source.utf8), file: "p.aeth")
    let loaded = try project.automaton("auto-1")
    #expect(loaded.warnings.isEmpty, "\(loaded.warnings)")
    let automaton = loaded.automaton
    #expect(automaton.states.map { text($0.name) } == ["Off", "On"])
    #expect(automaton.initialState == StateIndex(1))
    #expect(automaton.states[0].position == Position(x: 10, y: 20.5))
    #expect(text(automaton.states[1].body) == "led = true")
    #expect(automaton.transitions.map { text($0.name) } == ["go", "t2"])
    #expect(automaton.variables.map(\.type) == [.float64, .bool])
    guard case .timed(let timed) = automaton.transitions[0].trigger else { throw Missing() }
    #expect(timed.mode == .every && timed.delay == 250 && timed.repeatCount == 3)

    func refusal(_ change: (String, String)) -> [String] {
      do {
        let project = try ProjectFile(reading: Array(source.replacing(change.0, with: change.1).utf8), file: "p.aeth")
        _ = try project.automaton("auto-1")
        return []
      } catch {
        return error.problems.map(\.description)
      }
    }
    #expect(
      refusal(("\"every\"", "\"evry\"")) == [
        "p.aeth:15:29: error: \"mode\" of timed is \"evry\" [unknown-value]; did you mean \"every\"?; accepted: after, "
          + "at, every, periodic, timeout, window"
      ])
    #expect(
      refusal(("led = true", "led = = 1")) == ["p.aeth:11:69: error: code: unexpected symbol near '=' [script]"])
    #expect(refusal(("1.0.0", "7")).first?.hasPrefix("p.aeth:2:20: error: \"schemaVersion\" is \"7\"") == true)
    #expect(refusal(("\"go\",", "\"go\"")).first?.hasPrefix("p.aeth:14:41: error: unexpected byte 0x22") == true)
  }
}
