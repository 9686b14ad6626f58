import Automata
import AutomatonFiles
import Testing

@Suite struct ProfileTests {
  private func profileProblems(_ profile: String, _ body: String) throws -> [String] {
    let profile = try #require(TargetProfile.named(Array(profile.utf8)))
    return try profile.problems(in: load(body).automaton).map(\.message)
  }

  @Test func limitsNameValueAndBound() throws {
    let states = (0..<17).map { "S\($0): {}" }.joined(separator: ", ")
    let document = "automata: {states: {\(states)}, transitions: [{from: S0, to: S1, condition: \"value('a') > 1\"}]}"
    #expect(try profileProblems("desktop_v1", document) == [])
    #expect(try profileProblems("avr_uno_v1", document) == ["17 states; avr_uno_v1 takes at most 16"])
    let long = String(repeating: "x = 1 ", count: 11_000)
    #expect(
      try profileProblems("esp32_lua_v1", "automata: {states: {A: {code: \"\(long)\"}}}")
        == ["66000 bytes of code; esp32_lua_v1 takes at most 65536"])
    #expect(
      problems("config: {target: {profile: avr_uno_v1}}\n" + document) == [
        "a.yaml:1:1: error: the automaton: 17 states; avr_uno_v1 takes at most 16 [profile]"
      ])
  }

  @Test func subsetWithoutInterpreter() throws {
    let inside = """
      automata:
        states: {A: {}, B: {}}
        transitions:
          a: {from: A, to: B, condition: "(not done && value('n') >= -3) or name == \\"x\\" and !(n ~= 1.5)"}
          b: {from: A, to: B, type: timed, timed: {mode: timeout, after: 1s}}
          c: {from: A, to: B, type: event, event: n}
          d: {from: A, to: B, type: probabilistic, weight: 0.5}
          e: {from: A, to: B, type: immediate}
      variables: {n: {type: int}, done: {type: bool}, name: {type: string}}
      """
    // `&&` and `!` are of the subset's own language; the script language has `and` and `not`.
    let script = inside.replacing("&&", with: "and").replacing("!(", with: "not (")
    #expect(try profileProblems("esp32_ir_v1", script) == [])
    let outside = """
      automata:
        states: {A: {on_enter: "n = 1", states: {B: {}}}}
        transitions:
          a: {from: A, to: A, condition: "math.max(n, 1) == 1"}
          b: {from: A, to: A, condition: "n + 1 > 2"}
          c: {from: A, to: A, type: timed, timed: {mode: every, after: 1s, jitter_ms: 1ms, condition: "n > 1"}}
          d: {from: A, to: A, type: event, event: {triggers: [n, n], require_all: true, debounce_ms: 1s}}
          e: {from: A, to: A, type: probabilistic, probabilistic: {weight_expression: n}, body: "n = 2"}
          f: {from: A, to: A, condition: "n > 1 and\\n n < 3"}
      variables: {n: {type: int64}}
      """
    let suffix = " is outside the subset without interpreter"
    #expect(
      try profileProblems("esp32_ir_v1", outside) == [
        "on_enter" + suffix, "nested states are outside the subset without interpreter", "type int64" + suffix,
        "a condition with a call other than value(\"name\")" + suffix,
        "a condition with something beyond comparisons" + suffix, "a timer other than after and timeout" + suffix,
        "jitter" + suffix, "a timer with a condition" + suffix, "an event with 2 triggers" + suffix,
        "require_all" + suffix, "debounce" + suffix, "a body" + suffix, "a computed weight" + suffix,
        "a condition with several lines" + suffix,
      ])
  }

  @Test func boards() throws {
    #expect(
      try profileProblems(
        "esp32_lua_v1",
        """
        config:
          target:
            esp32:
              resources: [{name: a, kind: dac, pin: 27}, {name: b, kind: gpio, pins: [25, 27]}]
              components: [i2c_scanner, {name: pump, manifest: pump.json}, fan]
        automata: {states: {A: {}}}
        """) == [
          "resource \"a\" is a DAC on pin 27; esp32 has them on 25 and 26",
          "resource \"b\" takes pin 27, which resource \"a\" has",
          "the component \"fan\" is not built in and has neither manifest nor registration",
        ])
  }
}
