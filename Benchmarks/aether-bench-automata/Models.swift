import Automata

/// Automata of the measurements, as YAML documents.
enum Models {
  /// Two states that lead to each other at once.
  static let immediate = """
    version: 0.0.1
    config: {name: immediate}
    automata:
      initial_state: a
      states: {a: {}, b: {}}
      transitions:
        ab: {from: a, to: b, type: immediate}
        ba: {from: b, to: a, type: immediate}
    """

  /// A guard that is false.
  static let guarded = """
    version: 0.0.1
    config: {name: guarded}
    automata:
      initial_state: idle
      states: {idle: {}, busy: {}}
      transitions:
        go: {from: idle, to: busy, condition: temp > 30}
    variables:
      temp: {type: double, direction: input, default: 20}
    """

  /// An event that does not come and a timer that is not due.
  static let waiting = """
    version: 0.0.1
    config: {name: waiting}
    automata:
      initial_state: idle
      states: {idle: {}, busy: {}}
      transitions:
        go: {from: idle, to: busy, type: event, event: {triggers: [{signal: door, trigger: on_rise}]}}
        late: {from: idle, to: busy, type: timed, timed: {mode: after, after: 200h}}
    variables:
      door: {type: bool, direction: input}
    """

  /// A body that counts.
  static let body = """
    version: 0.0.1
    config: {name: body}
    automata:
      initial_state: work
      states:
        work: {code: "count = count + 1"}
      transitions:
        never: {from: work, to: work, type: timed, timed: {mode: after, after: 200h}}
    variables:
      count: {type: int64, direction: internal}
    """

  /// States in a ring with hooks, guards, timers and events, as people write them.
  static func ring(states count: Int) -> String {
    var text = """
      version: 0.0.1
      config: {name: ring, description: "\(count) states in a ring"}
      automata:
        initial_state: s0
        states:

      """
    for index in 0..<count {
      text += """
            s\(index):
              inputs: [temp]
              on_enter: |
                visits = visits + 1
                log("info", "state \(index)")
              code: |
                if temp > 50 then hot = true end

        """
    }
    text += "  transitions:\n"
    for index in 0..<count {
      text += """
            next\(index):
              from: s\(index)
              to: s\((index + 1) % count)
              type: timed
              timed: {mode: after, after: 100ms}
            hot\(index):
              from: s\(index)
              to: s0
              condition: temp > 90 and hot
              priority: 1

        """
    }
    return text + """
      variables:
        temp: {type: double, direction: input}
        visits: {type: int, direction: output}
        hot: {type: bool, direction: internal}

      """
  }
}
