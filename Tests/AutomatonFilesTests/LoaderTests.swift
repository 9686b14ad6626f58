import Automata
import AutomatonFiles
import Testing
import YAML

@Suite struct LoaderTests {
  @Test func readsEverySection() throws {
    let loaded = try load(
      """
      version: 0.0.1
      config:
        name: Heater
        version: 1.10
        tags: [home, 7]
        semantics: strict
        target: {profile: desktop_v1}
      automata:
        initial_state: Idle
        error_policy: fault_state
        fault_state: Fault
        states:
          Idle:
            inputs: [temp]
            on_enter: |
              setVal("heater", false)
          Heating:
            outputs: ["heater"]
            code: |
              count = count + 1
          Fault: {}
        transitions:
          cold:
            from: Idle
            to: Heating
            condition: temp < 19.5
          warm:
            from: Heating
            to: Idle
            type: event
            event:
              triggers:
                - signal: temp
                  trigger: on_threshold
                  threshold: {op: ">=", value: 21, one_shot: true}
              debounce_ms: 50ms
          late:
            from: Heating
            to: Fault
            type: timed
            timed: {mode: timeout, after: 10m}
            priority: 3
      variables:
        - {name: temp, type: double, direction: input, default: 20}
        - {name: heater, type: bool, direction: output}
        - {name: count, type: int}
      black_box:
        ports:
          - {name: temp, direction: input, type: double, latency_critical: true}
        observable_states: [Idle, Heating]
        emitted_events: [overheated]
        resources: [{name: relay, kind: gpio, capacity: 2}]
      """)
    #expect(loaded.warnings.isEmpty, "\(loaded.warnings)")
    let automaton = loaded.automaton
    #expect(text(automaton.name) == "Heater")
    #expect(text(automaton.version) == "1.10")
    #expect(automaton.tags.map(text) == ["home", "7"])
    #expect(automaton.states.map { text($0.name) } == ["Idle", "Heating", "Fault"])
    #expect(automaton.errorPolicy == .faultState(StateIndex(2)))
    #expect(automaton.states[0].inputs == [0])
    #expect(text(automaton.states[0].onEnter) == "setVal(\"heater\", false)\n")
    #expect(automaton.variables[0].initial == .float64(20))
    guard case .event(let event) = automaton.transitions[1].trigger else { throw Missing() }
    #expect(event.debounce == 50)
    #expect(event.signals[0].comparison == .greaterOrEqual)
    #expect(event.signals[0].threshold == .float64(21))
    #expect(event.signals[0].isOneShot)
    guard case .timed(let timed) = automaton.transitions[2].trigger else { throw Missing() }
    #expect(timed.mode == .timeout && timed.delay == 600_000)
    #expect(automaton.blackBox?.resources.first?.capacity == 2)
    #expect(loaded.sources.place(of: .state(1)).map { "\($0)" } == "a.yaml:17:5")
    #expect(loaded.sources.place(of: .transition(2)).map { "\($0)" } == "a.yaml:37:5")
    #expect(loaded.sources.place(of: .onEnter(0), line: 1, column: 3).map { "\($0)" } == "a.yaml:16:11")
    #expect(automaton.problems().isEmpty)
  }
}

@Suite struct RefusalTests {
  @Test func allProblemsAreNamedWithPlaceRuleAndFix() {
    let found = problems(
      """
      config: {name: x, typ: inline}
      automata:
        initial_state: Idel
        states:
          Idle: {on_entr: "x = 1", code: "x = = 1"}
        transitions:
          t1: {from: Idle, to: Nowhere, type: clasic}
          t2: {from: Idle, to: Idle, priority: 256, condition: "a +"}
          t3:
            from: Idle
            to: Idle
            body: |
              local x = 1
                if then
      variables:
        - {name: n, type: int, default: many}
      """)
    #expect(
      found == [
        "a.yaml:1:19: error: unknown key \"typ\" in config [unknown-key]; did you mean \"type\"?; accepted: name, type, "
          + "location, description, author, version, tags, language, semantics, target",
        "a.yaml:3:18: error: \"initial_state\" is \"Idel\", which is no state [unknown-name]; did you mean \"Idle\"?; "
          + "accepted: Idle",
        "a.yaml:5:12: error: unknown key \"on_entr\" in a state [unknown-key]; did you mean \"on_enter\"?; accepted: "
          + "inputs, outputs, variables, code, on_tick, on_enter, on_exit, file, description, states, initial, "
          + "initial_state, parallel, history, parent, position",
        "a.yaml:5:41: error: code: unexpected symbol near '=' [script]",
        "a.yaml:7:26: error: \"to\" is \"Nowhere\", which is no state [unknown-name]; accepted: Idle",
        "a.yaml:7:41: error: \"type\" of a transition is \"clasic\" [unknown-value]; did you mean \"classic\"?; "
          + "accepted: classic, condition, timed, timer, event, signal, probabilistic, random, immediate, epsilon",
        "a.yaml:8:42: error: \"priority\" is 256 [out-of-range]; accepted: whole number from 0 to 255",
        "a.yaml:8:62: error: condition: unexpected symbol near <eof> [script]",
        "a.yaml:14:14: error: body: unexpected symbol near 'then' [script]",
        "a.yaml:16:35: error: \"default\" is \"many\", which is no int [wrong-kind]; accepted: whole number from "
          + "-2147483648 to 2147483647",
      ], "\(found.joined(separator: "\n"))")
  }

  @Test func durationsWithoutAUnit() throws {
    func document(_ timed: String) -> String {
      "automata: {states: {A: {}}, transitions: {t: {from: A, to: A, type: timed, \(timed)}}}"
    }
    func delay(_ timed: String) throws -> Int32 {
      guard case .timed(let timed) = try load(document(timed)).automaton.transitions[0].trigger else { throw Missing() }
      return timed.delay
    }
    #expect(try delay("delay_ms: 5") == 5)
    #expect(try delay("after: 5") == 5000)
    #expect(try delay("timed: {delayMs: 1.5s}") == 1500)
    #expect(try delay("timed: {after: 2 m}") == 120_000)
    #expect(try delay("timeout: 0.5h") == 1_800_000)
    #expect(try delay("after: -3s") == 0)
    #expect(try delay("after: 1e9h") == .max)
    #expect(
      problems(document("after: 5")) == [
        "a.yaml:1:83: warning: \"after: 5\" has no unit; it means seconds here [bare-duration]; write 5s"
      ])
    #expect(
      problems(document("after: 5"), options: LoadOptions(strictUnits: true)) == [
        "a.yaml:1:83: error: \"after: 5\" has no unit; it means seconds here [bare-duration]; write 5s"
      ])
    #expect(
      problems(document("after: soon")).first?.contains("[wrong-kind]; accepted: a number with ms, s, m or h") == true)
  }

  @Test func listsOfMapsMeanTheSameAsMaps() throws {
    let map = """
      config: {name: x, tags: a}
      automata:
        initial_state: B
        states: {A: {on_enter: "x = 1"}, B: {}}
        transitions: {go: {from: A, to: B, event: {triggers: [{signal: v, trigger: on_rise}]}, type: event}}
      variables: {v: {type: bool, direction: input}}
      black_box: {ports: {v: {direction: input}}, resources: {r: {kind: bus}}}
      """
    let lists = """
      - config: [{name: x}, {tags: [a]}]
      - automata:
        - initial_state: B
        - states: [{id: A, on_enter: "x = 1"}, {id: B}]
        - transitions:
          - go: [{from: A}, {to: B}, {type: signal}, {event: [{triggers: [[{signalName: v}, {triggerType: rise}]]}]}]
      - variables: [{name: v, type: boolean, direction: in}]
      - contract: [{ports: [{name: v, direction: in}]}, {resources: [{r: {kind: bus}}]}]
      """
    let single = """
      - config: {name: x, tags: a}
      - automata:
          initial: B
          states: [{A: {on_enter: "x = 1"}}, {B: }]
          transitions: [{id: go, from: A, to: B, type: event, event: {triggers: [{signal_name: v, trigger_type: on_rise}]}}]
      - variables: [{v: {type: bool, direction: input}}]
      - black_box: {ports: [{v: {direction: input}}], resources: [{name: r, kind: bus}]}
      """
    let model = try load(map).automaton
    #expect(try load(lists).automaton == model)
    #expect(try load(single).automaton == model)
  }

  @Test func bareNamesAreReferences() throws {
    let loaded = try load(
      """
      automata:
        states:
          A: {inputs: [temp, "level:int"], outputs: [lamp], variables: [count]}
          B: {inputs: [level, tmep]}
      variables:
        temp: {type: double}
        lamp: {type: bool, direction: output}
        count: {type: int}
      """)
    let variables = loaded.automaton.variables
    #expect(variables.map { text($0.name) } == ["temp", "lamp", "count", "level", "tmep"])
    #expect(variables.map(\.type) == [.float64, .bool, .int32, .int32, .string])
    #expect(variables.map(\.direction) == [.input, .output, .internal, .input, .input])
    #expect(loaded.automaton.states[1].inputs == [3, 4])
    #expect(
      loaded.warnings.map(\.description) == [
        "a.yaml:4:25: warning: \"tmep\" is not declared; it becomes a variable of type string [implicit-variable]; "
          + "did you mean \"temp\"? else declare it below variables"
      ])
  }

  @Test func hierarchyIsNestedOrFlat() throws {
    let nested = """
      automata:
        states:
          Off: {}
          On:
            history: deep
            initial: Fast
            states: {Slow: {}, Fast: {parallel: true, states: {L: {}, R: {}}}}
      """
    let flat = """
      automata:
        states: [{id: Off}, {id: On, history: deep, initial: Fast}, {id: Slow, parent: On},
          {id: Fast, parent: On, parallel: true}, {id: L, parent: Fast}, {id: R, parent: Fast}]
      """
    let model = try load(nested).automaton
    #expect(try load(flat).automaton == model)
    #expect(model.states.map(\.parent.raw) == [0xFFFF, 0xFFFF, 1, 1, 3, 3])
    #expect(try AutomatonFile.text(of: model).contains("      states:\n        Slow:"))
    #expect(
      problems("automata: {states: {A: {states: {B: {}}}}, initial_state: B}").first?.contains("[structure]") == true)
  }
}
