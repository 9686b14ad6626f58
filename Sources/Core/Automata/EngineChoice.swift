import Script

/// What an engine remembers of one transition between ticks.
struct TransitionMemory: Equatable {
  /// Rising edge: what the condition was when it was last looked at. `nil` before.
  var level: Bool?
  /// One-shot thresholds: a bit for each signal that was beyond its threshold when it was last looked at.
  var beyond: UInt64 = 0
  /// Debounce: when the signals last triggered, while that is still waiting.
  var triggeredAt: Int64?
}

extension CompiledAutomaton {
  /// The first signal that waits for an event without a variable; -1 for none.
  func firstSignal(waitingFor name: Name) -> Int32 {
    for index in signals.indices where signals[index].variable < 0 && names[Int(signals[index].name)] == name {
      return Int32(index)
    }
    return -1
  }

  /// The name of the event that a signal waits for.
  func event(_ signal: Int32) -> Name { names[Int(signals[Int(signal)].name)] }

  var hasTimers: Bool {
    for index in transitions.indices where transitions[index].isTimed { return true }
    return false
  }

  var needsMemories: Bool {
    for index in transitions.indices where transitions[index].isRisingEdge || transitions[index].debounce > 0 {
      return true
    }
    for index in signals.indices where signals[index].isOneShot { return true }
    return false
  }
}

extension Engine {
  /// The transition to take out of a state, -1 for none.
  ///
  /// Transitions are tried in groups of equal priority, the lowest number first; in a group in order of declaration.
  func choose(in state: Int) -> Int32 {
    let outgoing = automaton.states[state].outgoing.range
    var start = outgoing.lowerBound
    while start < outgoing.upperBound {
      let priority = priority(at: start)
      var end = start + 1
      while end < outgoing.upperBound, self.priority(at: end) == priority { end += 1 }
      let transition = chooseInGroup(start, end)
      if transition >= 0 { return transition }
      if isBlocked(start, end) { return -1 }
      start = end
    }
    return -1
  }

  private func priority(at place: Int) -> UInt8 { automaton.transitions[Int(automaton.lists[place])].priority }

  /// `start` and `end` are places in `CompiledAutomaton.lists`.
  private func chooseInGroup(_ start: Int, _ end: Int) -> Int32 {
    let first = automaton.lists[start]
    if end == start + 1 { return isEnabled(first) ? first : -1 }
    candidates.removeAll()
    var hasWeights = false
    var hasTimeouts = false
    for place in start..<end {
      let transition = automaton.transitions[Int(automaton.lists[place])]
      if transition.isWeighted { hasWeights = true }
      if transition.isTimeout { hasTimeouts = true }
    }
    // The first one that may be taken decides when neither weights nor ranks do.
    let firstDecides = isStrict && !hasWeights && !hasTimeouts
    for place in start..<end {
      let transition = automaton.lists[place]
      guard isEnabled(transition) else { continue }
      if firstDecides { return transition }
      candidates.append(transition)
    }
    if hasTimeouts { dropTimeouts() }
    guard !candidates.isEmpty else { return -1 }
    if candidates.count > 1, hasWeights, hasWeightedCandidate { return chooseByWeight() }
    return candidates[0]
  }

  /// Timeouts stand back behind everything else of their priority.
  private func dropTimeouts() {
    let automaton = automaton
    for place in candidates.indices where !automaton.transitions[Int(candidates[place])].isTimeout {
      candidates.removeAll { automaton.transitions[Int($0)].isTimeout }
      return
    }
  }

  private var hasWeightedCandidate: Bool {
    for place in candidates.indices where automaton.transitions[Int(candidates[place])].isWeighted { return true }
    return false
  }

  /// Whether a waiting timer of a group keeps lower ranks from being looked at: any in compat, marked ones in strict.
  private func isBlocked(_ start: Int, _ end: Int) -> Bool {
    for place in start..<end {
      let transition = automaton.transitions[Int(automaton.lists[place])]
      guard transition.isTimed else { continue }
      if !isStrict { return true }
      if transition.timer.isBlocking && isWaiting(Int(automaton.lists[place]), transition) { return true }
    }
    return false
  }

  /// Roulette: weights add up in order; the first sum above a random share of the total decides.
  private func chooseByWeight() -> Int32 {
    var weights = PositionList()
    var total: UInt64 = 0
    for place in candidates.indices {
      let weight = weight(of: candidates[place])
      weights.append(Int32(bitPattern: weight))
      total &+= UInt64(weight)
    }
    guard total > 0 else { return candidates[0] }
    let share = choiceStream.nextFraction() * Double(total)
    var sum: UInt64 = 0
    for place in weights.indices {
      sum &+= UInt64(UInt32(bitPattern: weights[place]))
      if Double(sum) > share { return candidates[place] }
    }
    return candidates[candidates.count - 1]
  }

  private func weight(of transition: Int32) -> UInt32 {
    let compiled = automaton.transitions[Int(transition)]
    guard compiled.weightExpression >= 0 else { return compiled.weight }
    guard let number = scripts?.number(compiled.weightExpression, self) else { return compiled.weight }
    let scaled = number * 100
    let dynamic =
      scaled >= Double(Transition.dynamicWeightMax) ? Transition.dynamicWeightMax : scaled > 0 ? UInt32(scaled) : 0
    return isStrict ? max(dynamic, compiled.weightMin) : dynamic
  }

  // MARK: Enabled

  func isEnabled(_ index: Int32) -> Bool {
    let transition = automaton.transitions[Int(index)]
    switch transition.kind {
    case .immediate, .probabilistic: return true
    case .classic:
      let holds = condition(transition)
      guard transition.isRisingEdge, isStrict else { return holds }
      let before = memories[Int(index)]
      memories[Int(index)].level = holds
      guard holds && before.level == false else { return false }
      offer(index, before)
      return true
    case .timed: return isDue(Int(index), transition) && condition(transition)
    case .event:
      guard !memories.isEmpty else { return hasTriggered(Int(index), transition) && condition(transition) }
      let before = memories[Int(index)]
      guard hasTriggered(Int(index), transition) && condition(transition) else { return false }
      if before != memories[Int(index)] { offer(index, before) }
      return true
    }
  }

  private func offer(_ transition: Int32, _ before: TransitionMemory) {
    offered.append(transition)
    offeredMemories[Int(transition)] = before
  }

  /// Transitions that might have been taken and were not are as they were before: edges, thresholds and debounces are not
  /// used up.
  ///
  /// - Parameter taken: the one that is taken; without, those that were chosen.
  func keepMemories(except taken: Int32? = nil) {
    for place in offered.indices {
      let transition = offered[place]
      guard taken.map({ $0 != transition }) ?? !chosen.contains(transition) else { continue }
      memories[Int(transition)] = offeredMemories[Int(transition)]
    }
    offered.removeAll()
  }

  private func condition(_ transition: CompiledTransition) -> Bool {
    guard transition.condition >= 0, let scripts else { return true }
    return scripts.condition(transition.condition, self)
  }

  // MARK: Events

  private func hasTriggered(_ index: Int, _ transition: CompiledTransition) -> Bool {
    guard transition.debounce > 0, isStrict else { return isTriggered(index, transition) }
    // A change starts the wait anew; when it has passed, the signals must still be as they triggered.
    if hasChangedSignal(index, transition) {
      let isPending = memories[index].triggeredAt != nil
      memories[index].triggeredAt = isTriggered(index, transition, isPending: isPending) ? now : nil
    } else if memories[index].triggeredAt == nil, isTriggered(index, transition) {
      memories[index].triggeredAt = now
    }
    guard let since = memories[index].triggeredAt, now &- since >= transition.debounce else { return false }
    memories[index].triggeredAt = nil
    return true
  }

  /// Whether a signal of a debounce has changed since it was looked at last. What waits since then, because ticks were busy
  /// with other transitions, does not count again.
  private func hasChangedSignal(_ index: Int, _ transition: CompiledTransition) -> Bool {
    let noted = memories[index].triggeredAt
    for place in transition.signals.range {
      let signal = automaton.signals[place]
      let variable = Int(signal.variable)
      if variable < 0 {
        let event = automaton.names[Int(signal.name)]
        if holds(raised, event) || (noted == nil && holds(waitingEvents, event)) { return true }
      } else if variables.isChanged(variable) {
        return true
      } else if variables.isPending(variable), noted.map({ variables.entries[variable].changedAt >= $0 }) ?? true {
        return true
      }
    }
    return false
  }

  /// - Parameter isPending: a debounce runs already: of a one-shot threshold the level counts, not the crossing.
  private func isTriggered(_ index: Int, _ transition: CompiledTransition, isPending: Bool = false) -> Bool {
    if transition.requiresAll {
      // All are looked at, so that one-shot levels are noted.
      var areAll = true
      for place in transition.signals.range where !isTriggered(place, index, transition, isPending) { areAll = false }
      return areAll
    }
    var isAny = false
    for place in transition.signals.range where isTriggered(place, index, transition, isPending) { isAny = true }
    return isAny
  }

  private func isTriggered(
    _ place: Int, _ index: Int, _ transition: CompiledTransition, _ isPending: Bool
  ) -> Bool {
    let signal = automaton.signals[place]
    guard signal.variable >= 0 else { return isRaised(signal) }
    let variable = Int(signal.variable)
    let isChanged = variables.isPending(variable)
    switch signal.kind {
    case .onChange: return isChanged
    case .onRise:
      return isChanged && variables.entries[variable].previous == .bool(false)
        && variables.entries[variable].value == .bool(true)
    case .onFall:
      return isChanged && variables.entries[variable].previous == .bool(true)
        && variables.entries[variable].value == .bool(false)
    case .onThreshold: return isBeyond(place, index, transition, isChanged, isPending)
    case .onMatch:
      guard isChanged, case .string(let text) = variables.entries[variable].value else { return false }
      let pattern = automaton.names[Int(signal.pattern)]
      return isStrict ? Wildcard.matches(text, pattern) : text == pattern
    }
  }

  private func isRaised(_ signal: CompiledSignal) -> Bool {
    if raised.isEmpty && waitingEvents.isEmpty { return false }
    let event = automaton.names[Int(signal.name)]
    return holds(raised, event) || holds(waitingEvents, event)
  }

  @inline(never) private func holds(_ events: borrowing PositionList, _ event: Name) -> Bool {
    for place in events.indices where automaton.event(events[place]) == event { return true }
    return false
  }

  /// What a taken transition waited for is over.
  func useUp(_ signals: Slice) {
    for place in signals.range {
      let signal = automaton.signals[place]
      if signal.variable >= 0 {
        variables.useUp(Int(signal.variable))
      } else if isRaised(signal) {
        let automaton = automaton
        let event = automaton.names[Int(signal.name)]
        raised.removeAll { automaton.event($0) == event }
        waitingEvents.removeAll { automaton.event($0) == event }
      }
    }
  }

  /// At the end of a tick: events stay for the next one when transitions were taken, none of which waited for them.
  func endEvents(_ hasFired: Bool) {
    if hasFired && isStrict {
      for place in raised.indices where !waitingEvents.contains(raised[place]) { waitingEvents.append(raised[place]) }
    } else {
      waitingEvents.removeAll()
    }
    raised.removeAll()
  }

  private func isBeyond(
    _ place: Int, _ index: Int, _ transition: CompiledTransition, _ isChanged: Bool, _ isPending: Bool
  ) -> Bool {
    let signal = automaton.signals[place]
    guard let value = variables.entries[Int(signal.variable)].value.asDouble else { return false }
    let holds: Bool
    switch signal.comparison {
    case .equal: holds = value == signal.threshold
    case .notEqual: holds = value != signal.threshold
    case .less: holds = value < signal.threshold
    case .lessOrEqual: holds = value <= signal.threshold
    case .greater: holds = value > signal.threshold
    case .greaterOrEqual: holds = value >= signal.threshold
    }
    if signal.isOneShot && isStrict {
      let bit: UInt64 = 1 << UInt64((place - transition.signals.range.lowerBound) & 63)
      defer { memories[index].beyond = holds ? memories[index].beyond | bit : memories[index].beyond & ~bit }
      return holds && (isPending || memories[index].beyond & bit == 0)
    }
    guard holds else { return false }
    return isChanged || tickCount == activity[Int(transition.from)].enteredInTick &+ 1
  }
}

/// Patterns of whole texts: `*` stands for any bytes, `?` for one.
enum Wildcard {
  static func matches(_ text: [UInt8], _ pattern: [UInt8]) -> Bool {
    var position = 0
    var place = 0
    var star = -1
    var restart = 0
    while position < text.count {
      if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
        star = place
        restart = position
        place += 1
      } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") || pattern[place] == text[position] {
        place += 1
        position += 1
      } else if star >= 0 {
        restart += 1
        position = restart
        place = star + 1
      } else {
        return false
      }
    }
    while place < pattern.count, pattern[place] == UInt8(ascii: "*") { place += 1 }
    return place == pattern.count
  }
}
