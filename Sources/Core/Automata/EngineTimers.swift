import Script

// Times may come from snapshots of others: sums wrap around instead of ending the program.

/// The timer of a timed transition, armed while its state is active.
struct TimerState: Equatable {
  /// When it is due; `.max` when it is not armed.
  var deadline: Int64 = .max
  /// `every`: the deadline without jitter, from which the next one is counted.
  var base: Int64 = .max
  /// `every`: how many times it fired since its state was entered from another.
  var firedCount: UInt32 = 0
}

extension Engine {
  /// Arms the timers of a state that was entered at `entry`.
  func armTimers(of state: Int, at entry: Int64) {
    for place in automaton.states[state].timers.range {
      let index = automaton.lists[place]
      let timed = automaton.transitions[Int(index)].timer
      if state == keepsRhythm && timed.mode == .every { continue }
      // In compat, a timer that fires once is never armed again.
      if !isStrict, timed.mode == .every, timed.repeatCount == 1, timers[Int(index)].firedCount > 0 { continue }
      arm(Int(index), timed, at: entry)
    }
  }

  private func arm(_ index: Int, _ timed: CompiledTimer, at entry: Int64) {
    if isStrict {
      timers[index].firedCount = 0
      switch timed.mode {
      case .at: timers[index].base = timed.absoluteTime &- options.epoch
      case .after, .timeout, .every, .window: timers[index].base = entry &+ timed.delay
      }
    } else {
      timers[index].base = entry &+ (timed.mode == .at ? timed.absoluteTime : timed.delay)
    }
    timers[index].deadline = max(timers[index].base &+ jitter(timed), isStrict ? entry : .min)
  }

  /// Even over -jitter ... jitter.
  private func jitter(_ timed: CompiledTimer) -> Int64 {
    guard timed.jitter > 0 else { return 0 }
    let span = UInt64(timed.jitter) * 2 + 1
    return Int64(jitterStream.next() % span) - Int64(timed.jitter)
  }

  func disarmTimers(of state: Int) {
    for place in automaton.states[state].timers.range {
      let index = Int(automaton.lists[place])
      if state == keepsRhythm && automaton.transitions[index].timer.mode == .every { continue }
      timers[index].deadline = .max
    }
  }

  /// Whether the time of a timed transition has come.
  func isDue(_ index: Int, _ transition: CompiledTransition) -> Bool {
    let timed = transition.timer
    let elapsed = now &- activity[Int(transition.from)].enteredAt
    let isFired = timers[index].deadline <= now
    switch timed.mode {
    case .after, .timeout: return isFired || (!isStrict && elapsed >= timed.delay)
    case .at: return isFired || (!isStrict && elapsed >= timed.absoluteTime)
    case .every:
      if isStrict && timed.repeatCount > 0 && timers[index].firedCount >= timed.repeatCount { return false }
      return isFired
    case .window:
      guard isStrict ? isFired : elapsed >= timed.delay else { return false }
      return timed.windowEnd == 0 || elapsed <= timed.windowEnd
    }
  }

  /// Sets the next deadline of an `every` that was taken.
  func rearm(_ index: Int32) {
    let timed = automaton.transitions[Int(index)].timer
    let place = Int(index)
    timers[place].firedCount &+= 1
    if !isStrict {
      // There, every firing begins a new period, and a timer that fires once stays off.
      if timed.repeatCount == 1 { timers[place].deadline = .max } else { arm(place, timed, at: now) }
      return
    }
    // In strict semantics the rhythm is that of the first deadline; periods that were missed are left out.
    let period = max(1, timed.delay)
    // Without a sign, so that a device has one division for everything.
    let missed = Int64(bitPattern: UInt64(bitPattern: max(0, now &- timers[place].base)) / UInt64(bitPattern: period))
    timers[place].base &+= period &* (missed &+ 1)
    timers[place].deadline = max(timers[place].base &+ jitter(timed), now)
  }

  /// The time at which a state counts as entered by a transition: in strict semantics the deadline of a timer that was
  /// seen late, so that lateness does not add up.
  func entryTime(after index: Int32) -> Int64 {
    let transition = automaton.transitions[Int(index)]
    let timed = transition.timer
    guard isStrict, transition.isTimed, timed.mode != .window else { return now }
    let deadline = timers[Int(index)].deadline
    guard deadline <= now, deadline > tickedAt, now &- deadline < timed.delay else { return now }
    return max(deadline, activity[Int(transition.from)].enteredAt)
  }

  /// After a pause: everything that counts time goes on where it stopped. What began during the pause stopped then.
  func shiftTimes() {
    func pause(_ state: Int) -> Int64 { max(0, now &- max(pausedAt, activity[state].enteredAt)) }
    for index in timers.indices where timers[index].deadline != .max {
      if isStrict, automaton.transitions[index].timer.mode == .at { continue }
      let pause = pause(Int(automaton.transitions[index].from))
      timers[index].deadline &+= pause
      if timers[index].base != .max { timers[index].base &+= pause }
    }
    guard isStrict else { return }
    for index in memories.indices {
      guard let since = memories[index].triggeredAt else { continue }
      memories[index].triggeredAt = since &+ pause(Int(automaton.transitions[index].from))
    }
    for index in activity.indices { activity[index].enteredAt &+= pause(index) }
  }

  /// Whether a timer may still become due while its state is not left.
  func isWaiting(_ index: Int, _ transition: CompiledTransition) -> Bool {
    switch transition.timer.mode {
    case .every:
      return transition.timer.repeatCount == 0 || timers[index].firedCount < transition.timer.repeatCount
    case .window:
      let elapsed = now &- activity[Int(transition.from)].enteredAt
      return transition.timer.windowEnd == 0 || elapsed <= transition.timer.windowEnd
    case .after, .at, .timeout: return true
    }
  }

  /// When something may happen in a state, or around it, without a change.
  func nextDeadline(of state: Int) -> Int64 {
    var earliest = Int64.max
    // A threshold holds in the first tick after entry.
    if tickCount <= activity[state].enteredInTick { return .min }
    for place in automaton.states[state].outgoing.range {
      let index = automaton.lists[place]
      let transition = automaton.transitions[Int(index)]
      if transition.isTimed { earliest = min(earliest, deadline(Int(index), transition)) }
      if transition.debounce > 0, isStrict, let since = memories[Int(index)].triggeredAt {
        earliest = min(earliest, since &+ transition.debounce)
      }
    }
    return earliest
  }

  private func deadline(_ index: Int, _ transition: CompiledTransition) -> Int64 {
    let timed = transition.timer
    if timed.mode == .every {
      let isSpent = isStrict && timed.repeatCount > 0 && timers[index].firedCount >= timed.repeatCount
      return isSpent ? .max : timers[index].deadline
    }
    if timed.mode == .window, timed.windowEnd != 0,
      now &- activity[Int(transition.from)].enteredAt > timed.windowEnd
    {
      return .max
    }
    guard !isStrict else { return timers[index].deadline }
    let delay = timed.mode == .at ? timed.absoluteTime : timed.delay
    return min(timers[index].deadline, activity[Int(transition.from)].enteredAt &+ delay)
  }
}
