import Automata

extension Lints {
  mutating func checkTransitions() {
    for (index, transition) in automaton.transitions.enumerated() {
      checkOptions(index, transition)
      checkSignals(index, transition)
      // What is said about the state holds for its transitions.
      guard flow.isReachable[transition.from.index] else { continue }
      switch flow.obstacles[index] {
      case nil, .disabled: break
      case .never(let reason):
        add(
          .deadTransition, .warning, .transition(index), "it is never taken: \(reason)",
          fix: "correct its trigger, or remove it")
      case .shadowed(let other):
        let isSame = automaton.transitions[other].priority == transition.priority
        add(
          .shadowedTransition, .warning, .transition(index),
          "it is never taken: \"\(name(of: .transition(other)))\" may always be taken and "
            + (isSame ? "stands before it" : "has the better priority \(automaton.transitions[other].priority)"),
          fix: isSame
            ? "declare it before \"\(name(of: .transition(other)))\", or give it a lower number as priority"
            : "give it a priority below \(automaton.transitions[other].priority), or the other one a condition")
      case .late(let other):
        add(
          .shadowedTransition, .warning, .transition(index),
          "it is never taken: the timer of \"\(name(of: .transition(other)))\" is due earlier, whatever happens",
          fix: "make its delay shorter, or give the other one a condition")
      case .blocked(let other):
        add(
          .blockedTransition, .warning, .transition(index),
          "it is never taken: while the timer of \"\(name(of: .transition(other)))\" runs, "
            + "transitions of lower rank are not looked at",
          fix: semantics == .compat
            ? "give it the priority of the timer or a better one, or use strict semantics"
            : "give it the priority of the timer or a better one, or take blocking from the timer")
      }
    }
  }

  // MARK: Options

  private mutating func checkOptions(_ index: Int, _ transition: Transition) {
    var idle: [(key: String, reason: String)] = []
    let isCompat = semantics == .compat
    switch transition.trigger {
    case .immediate, .probabilistic: break
    case .classic(let classic):
      if classic.isRisingEdge, isCompat { idle.append(("on_rising_edge", "compat semantics looks at the level")) }
    case .event(let event):
      if event.debounce > 0, isCompat { idle.append(("debounce_ms", "compat semantics has no debouncing")) }
      if event.requiresAll, event.signals.count == 1 { idle.append(("require_all", "there is one signal only")) }
      for signal in event.signals {
        if signal.isOneShot, isCompat { idle.append(("one_shot", "compat semantics looks at the level")) }
        if signal.isOneShot, signal.kind != .onThreshold { idle.append(("one_shot", "it belongs to on_threshold")) }
        if !signal.pattern.isEmpty, signal.kind != .onMatch { idle.append(("pattern", "it belongs to on_match")) }
      }
    case .timed(let timed):
      if timed.repeatCount > 0, timed.mode != .every {
        add(
          .repeatWithoutEvery, .warning, .transition(index), key: "repeat_count",
          "repeat_count has no effect: it belongs to mode every", fix: "use mode every, or remove repeat_count")
      }
      if timed.repeatCount > 1, timed.mode == .every, isCompat {
        idle.append(("repeat_count", "compat semantics knows 1 and for ever only"))
      }
      if timed.windowEnd > 0, timed.mode != .window { idle.append(("window_end_ms", "it belongs to mode window")) }
      if timed.absoluteTime != 0, timed.mode != .at { idle.append(("absolute_time_ms", "it belongs to mode at")) }
      if timed.mode == .at, timed.delay > 0 { idle.append(("delay_ms", "mode at goes by absolute_time_ms")) }
      if timed.jitter > timed.delay, timed.mode != .at {
        idle.append(("jitter_ms", "what it takes below 0 is cut off, since the delay is shorter"))
      }
    }
    for (key, reason) in idle {
      add(
        .optionWithoutEffect, key == "jitter_ms" ? .note : .warning, .transition(index), key: key,
        "\(key) has \(key == "jitter_ms" ? "not its full" : "no") effect: \(reason)",
        fix: key == "jitter_ms" ? "make jitter_ms at most delay_ms" : "remove \(key), or change what it belongs to")
    }
  }

  // MARK: Signals

  private mutating func checkSignals(_ index: Int, _ transition: Transition) {
    guard case .event(let event) = transition.trigger else { return }
    let names = Set(automaton.variables.map(\.name))
    for signal in event.signals {
      let text = ModelText.text(signal.signal)
      guard let variable = automaton.variable(named: signal.signal).map({ automaton.variables[$0] }) else {
        let guess = Self.closest(text, names).map { "did you mean \"\($0)\"? otherwise " } ?? ""
        add(
          .unknownSignal, .warning, .transition(index), key: "event",
          "no variable is named \"\(text)\": it triggers only when an event of that name comes from outside",
          fix: guess + "declare \"\(text)\" as input")
        continue
      }
      let expected: String?
      switch (signal.kind, variable.type) {
      case (.onRise, .bool), (.onFall, .bool), (.onChange, _), (.onMatch, .string), (.onMatch, .binary): expected = nil
      case (.onThreshold, .int32), (.onThreshold, .int64), (.onThreshold, .float32), (.onThreshold, .float64):
        expected = nil
      case (.onRise, _), (.onFall, _): expected = "bool"
      case (.onMatch, _): expected = "string"
      case (.onThreshold, _): expected = "a number"
      }
      if let expected {
        add(
          .signalType, .warning, .transition(index), key: "event",
          "\"\(text)\" is of type \(variable.type.word), while this trigger looks at \(expected)",
          fix: "change the type of \"\(text)\", or use on_change and a condition")
      }
    }
  }

  // MARK: Choices

  mutating func checkChoices() {
    for state in automaton.states.indices where flow.isReachable[state] {
      for group in flow.outgoing(StateIndex(state)) {
        let possible = group.filter(flow.isPossible)
        if possible.contains(where: flow.isWeighted) { checkWeights(possible) } else { checkTie(state, possible) }
      }
    }
  }

  private mutating func checkWeights(_ group: [Int]) {
    func isComputed(_ index: Int) -> Bool {
      if case .probabilistic(let own) = automaton.transitions[index].trigger { return !own.weightExpression.isEmpty }
      return false
    }
    for index in group where automaton.transitions[index].weight == 0 && !isComputed(index) {
      let others = group.contains { $0 != index && (isComputed($0) || automaton.transitions[$0].weight > 0) }
      add(
        .zeroWeight, .warning, .transition(index), key: "weight",
        others ? "its weight is 0, so that any other one that may be taken is preferred" : "its weight is 0",
        fix: "give it a weight, or remove it")
    }
    if group.count == 1, let index = group.first, automaton.transitions[index].weight != Transition.weightDefault {
      add(
        .weightWithoutEffect, .note, .transition(index), key: "weight",
        "its weight has no effect: no other transition out of \"\(stateName(automaton.transitions[index].from))\" "
          + "has its priority",
        fix: "remove the weight, or give the alternatives the same priority")
    }
  }

  private mutating func checkTie(_ state: Int, _ group: [Int]) {
    var tied: [Int] = []
    for (place, index) in group.enumerated() {
      // One that is always ready and comes last is the usual way to say "else".
      let others = group.enumerated().filter { $0.offset != place }.map(\.element)
      if others.contains(where: { Overlap.mayCoincide(automaton, index, $0, flow) }) { tied.append(index) }
    }
    guard let first = tied.first else { return }
    let names = tied.map { "\"\(name(of: .transition($0)))\"" }.joined(separator: ", ")
    add(
      .ambiguousTie, semantics == .compat ? .warning : .note, .transition(first),
      "\(names) out of \"\(name(of: .state(state)))\" have the same priority and may be ready in the same tick: "
        + "the one declared first is taken",
      fix: "give them different priorities, or weights")
  }
}
