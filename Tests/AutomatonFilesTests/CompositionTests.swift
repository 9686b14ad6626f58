import Automata
import AutomatonFiles
import Testing

@Suite struct CompositionTests {
  private static func automaton(_ variables: String) -> [UInt8] {
    Array("automata: {states: {A: {}}}\nvariables: {\(variables)}\n".utf8)
  }

  private let access = FileAccess.memory([
    "sub/source.yaml": automaton(
      "n: {type: int, direction: output}, d: {type: double, direction: output}, b: {type: bool, direction: output}, "
        + "i: {type: int, direction: input}"),
    "sink.yaml": automaton(
      "i: {type: int, direction: input}, d: {type: double, direction: input}, s: {type: string, direction: input}, "
        + "b: {type: bool, direction: input}, o: {type: int, direction: output}"),
    "broken.yaml": Array("automata: {states: {A: {cod: x}}}".utf8),
    "nested.yaml": Array("system: {automata: {}}".utf8),
  ])

  private func problems(_ automata: String, _ wires: [String]) -> [String] {
    let text = "system:\n  automata: {\(automata)}\n  wiring:\n" + wires.map { "    - {\($0)}\n" }.joined()
    do {
      return try CompositionFile.load(Array(text.utf8), file: "x/c.yaml", access: access).warnings.map(\.description)
    } catch {
      return error.problems.map(\.description)
    }
  }

  private let two = "a.1: {source: ./sub/source.yaml}, b: {source: sink.yaml}"

  @Test func wiresAreTyped() {
    #expect(problems(two, ["from: a.1.out.n, to: b.in.i", "from: a.1.out.n, to: b.in.d"]) == [])
    #expect(problems(two, ["from: a.1.out.n, to: b.in.s, transform: to_string"]) == [])
    #expect(problems(two, ["from: a.1.out.n, to: b.in.d, transform: half"]) == [])
    #expect(
      problems(two, ["from: a.1.out.d, to: b.in.i"]) == [
        "x/c.yaml:4:7: warning: double becomes int, which does not hold all its values [wiring]; give both ends one type"
      ])
    #expect(
      problems(
        two,
        [
          "from: a.1.out.b, to: b.in.i", "from: a.1.out.n, to: b.in.s",
          "from: a.1.out.n, to: b.in.b, transform: invert",
          "from: a.1.out.i, to: b.in.i", "from: a.1.out.x, to: b.in.i", "from: a.out.n, to: b.in.i",
          "from: a.1.n, to: b.in.i", "from: a.1.out.n, to: a.1.in.i", "from: a.1.out.n, to: b.in.i, transform: halve",
        ]) == [
          "x/c.yaml:4:7: error: \"a.1.out.b\" gives bool, and \"b.in.i\" takes int [wiring]; give both ends one type",
          "x/c.yaml:5:7: error: \"a.1.out.n\" gives int, and \"b.in.s\" takes string [wiring]; write transform: to_string",
          "x/c.yaml:6:37: error: invert takes bool, and \"a.1.out.n\" is int [wiring]",
          "x/c.yaml:7:14: error: \"i\" of \"a.1\" is input, and \"from\" needs output [wiring]",
          "x/c.yaml:8:14: error: \"a.1\" has no variable \"x\" [unknown-name]; did you mean \"n\"?; accepted: n, d, b",
          "x/c.yaml:9:14: error: \"a.out.n\" names \"a\", which is no automaton of the system [unknown-name]; did you "
            + "mean \"b\"?; accepted: a.1, b",
          "x/c.yaml:10:14: error: \"from\" is \"a.1.n\" [wiring]; accepted: ID.out.NAME",
          "x/c.yaml:11:7: error: the wire leads from \"a.1\" to itself [wiring]; an automaton reads its own outputs by "
            + "name",
          "x/c.yaml:12:48: error: \"transform\" of a wire is \"halve\" [unknown-value]; "
            + "accepted: negate, invert, double, half, to_string",
        ])
  }

  @Test func oneSourceAndNoCycles() {
    #expect(
      problems(
        two, ["from: a.1.out.n, to: b.in.i", "from: a.1.out.n, to: b.in.i", "from: a.1.out.n, to: b.in.i, enabled: no"])
        == [
          "x/c.yaml:5:7: error: \"b.in.i\" has a source already, at 4:7 [wiring]; remove one of the wires"
        ])
    #expect(
      problems(two, ["from: a.1.out.n, to: b.in.i", "from: b.out.o, to: a.1.in.i"]) == [
        "x/c.yaml:5:7: error: the wire closes a cycle: a.1 -> b -> a.1 [wiring]; remove a wire of the cycle, or "
          + "write feedback: true at this one"
      ])
    #expect(problems(two, ["from: a.1.out.n, to: b.in.i", "from: b.out.o, to: a.1.in.i, feedback: true"]) == [])
  }

  @Test func sourcesAreRead() {
    #expect(
      problems("a: {source: broken.yaml}, b: {source: none.yaml}, c: {source: nested.yaml}", []) == [
        "x/c.yaml:2:52: error: there is no file x/none.yaml [unreadable]; paths are relative to this file",
        "x/c.yaml:2:76: error: x/nested.yaml is a composition itself [wiring]; name its automata here",
        "x/broken.yaml:1:25: error: unknown key \"cod\" in a state [unknown-key]; did you mean \"code\"?; accepted: "
          + "inputs, outputs, variables, code, on_tick, on_enter, on_exit, file, description, states, initial, "
          + "initial_state, parallel, history, parent, position",
      ])
  }

  /// Artifacts and projects are sources too.
  @Test func everyFormIsAccepted() throws {
    var random = RandomModel(.forTest("everyFormIsAccepted"))
    for _ in 0..<40 {
      let automaton = random.automaton()
      let model = ModelCodec.encode(automaton)
      var project = ProjectFile(name: "p")
      try project.set(automaton, id: "only")
      let forms: [(AutomatonForm, [UInt8])] = [
        (.model, model), (.artifact, Artifact(kind: .model, label: [], payload: model).encode()),
        (.project, project.bytes), (.yaml, Array(try AutomatonFile.text(of: automaton).utf8)),
      ]
      for (form, bytes) in forms {
        #expect(AutomatonForm(of: bytes) == form)
        #expect(ModelCodec.encode(try AutomatonFile.loadAny(bytes).automaton) == model)
      }
    }
    var broken = Automaton(name: [])
    broken.states = [State(name: Array("A".utf8))]
    broken.initialState = StateIndex(0)
    broken.states[0].body = Array("x =".utf8)
    do {
      _ = try AutomatonFile.loadAny(ModelCodec.encode(broken), file: "m.bin")
      Issue.record("accepted")
    } catch {
      #expect(
        error.problems.map(\.description) == [
          "m.bin:1:4: error: code of \"A\": unexpected symbol near <eof> [script]"
        ])
    }
  }
}
