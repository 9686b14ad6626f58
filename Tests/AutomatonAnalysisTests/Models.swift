import Automata

/// Automata written short.
struct ModelBuilder {
  var automaton: Automaton

  init(_ name: String, states: [String]) {
    automaton = Automaton(name: Array(name.utf8))
    for state in states { automaton.states.append(State(name: Array(state.utf8))) }
    if !states.isEmpty { automaton.initialState = StateIndex(0) }
  }

  func index(_ state: String) -> StateIndex { automaton.state(named: Array(state.utf8)) ?? .none }

  @discardableResult
  mutating func state(_ name: String, _ change: (inout State) -> Void = { _ in }) -> StateIndex {
    let index: StateIndex
    if let known = automaton.state(named: Array(name.utf8)) {
      index = known
    } else {
      index = StateIndex(automaton.states.count)
      automaton.states.append(State(name: Array(name.utf8)))
    }
    change(&automaton.states[index.index])
    return index
  }

  /// A state inside another; the first one is entered with it.
  mutating func child(_ name: String, of parent: String, _ change: (inout State) -> Void = { _ in }) {
    let parent = index(parent)
    let child = state(name) {
      $0.parent = parent
      change(&$0)
    }
    let outer = automaton.states[parent.index]
    if !outer.isParallel, outer.initialChild.isNone { automaton.states[parent.index].initialChild = child }
  }

  mutating func go(
    _ from: String, _ to: String, _ trigger: Trigger = .classic(Classic()),
    _ change: (inout Transition) -> Void = { _ in }
  ) {
    var transition = Transition(
      name: Array("t\(automaton.transitions.count + 1)".utf8), from: index(from), to: index(to), trigger: trigger)
    change(&transition)
    automaton.transitions.append(transition)
  }

  mutating func variable(
    _ name: String, _ type: ValueType, _ direction: Variable.Direction, _ initial: AutomatonValue? = nil
  ) {
    automaton.variables.append(Variable(name: Array(name.utf8), type: type, direction: direction, initial: initial))
  }
}

extension Trigger {
  static func when(_ condition: String) -> Trigger { .classic(Classic(condition: Array(condition.utf8))) }
  static func after(_ milliseconds: Int32) -> Trigger { .timed(Timed(mode: .after, delay: milliseconds)) }
  static func every(_ milliseconds: Int32) -> Trigger { .timed(Timed(mode: .every, delay: milliseconds)) }
  static func timeout(_ milliseconds: Int32) -> Trigger { .timed(Timed(mode: .timeout, delay: milliseconds)) }
  static func on(_ signal: String, _ kind: SignalTrigger.Kind = .onChange) -> Trigger {
    .event(Event(signals: [SignalTrigger(signal: Array(signal.utf8), kind: kind)]))
  }
  static func above(_ signal: String, _ threshold: Double) -> Trigger {
    var trigger = SignalTrigger(signal: Array(signal.utf8), kind: .onThreshold)
    trigger.threshold = .float64(threshold)
    return .event(Event(signals: [trigger]))
  }
}

enum Samples {
  static let all = [thermostat, pump, cell, player]

  static var thermostat: Automaton {
    var model = ModelBuilder("thermostat", states: ["Idle", "Heating"])
    model.variable("temp", .float64, .input)
    model.variable("target", .float64, .input, .float64(21))
    model.variable("heater", .bool, .output)
    model.state("Idle") { $0.onEnter = Array("heater = false".utf8) }
    model.state("Heating") { $0.onEnter = Array("heater = true".utf8) }
    model.go("Idle", "Heating", .when("temp < target - 0.5"))
    model.go("Heating", "Idle", .when("temp > target + 0.5"))
    return model.automaton
  }

  static var pump: Automaton {
    var model = ModelBuilder(
      "pump station",
      states: ["Off", "Priming", "Running", "Draining", "Alarm", "Maintenance", "Self test", "Scrapped"]
    )
    for (name, type) in [("level", ValueType.float64), ("start", .bool), ("stop", .bool), ("pressure", .float64)] {
      model.variable(name, type, .input)
    }
    model.variable("motor", .bool, .output)
    model.state("Running") {
      $0.onEnter = Array("motor = true".utf8)
      $0.body = Array("speed = clamp(level * 4, 0, 100)\nlog('info', speed)".utf8)
      $0.onExit = Array("motor = false".utf8)
    }
    model.go("Off", "Self test", .on("start", .onRise))
    model.go("Self test", "Priming", .after(1500))
    model.go("Self test", "Alarm", .when("selfTestFailed and not maintenanceRequested and pressure > 12"))
    model.go("Priming", "Running", .above("pressure", 2.5))
    model.go("Priming", "Alarm", .timeout(10_000))
    model.go("Running", "Running", .every(60_000)) { $0.body = Array("hours = hours + 1 / 60".utf8) }
    model.go("Running", "Draining", .on("stop", .onRise))
    model.go("Running", "Alarm", .above("pressure", 8)) { $0.priority = 1 }
    model.go("Draining", "Off", .when("level < 0.1"))
    model.go("Alarm", "Maintenance", .on("start"))
    model.go("Maintenance", "Off", .probability) { $0.weight = 90 }
    model.go("Maintenance", "Scrapped", .probability) { $0.weight = 10 }
    model.go("Off", "Maintenance", .immediate) { $0.isEnabled = false }
    return model.automaton
  }

  /// 19 states in a ring with short cuts, as of a production cell.
  static var cell: Automaton {
    let names = [
      "Boot", "Home axes", "Ready", "Load part", "Clamp", "Measure", "Rough cut", "Tool change", "Fine cut", "Wash",
      "Dry", "Inspect", "Rework", "Unclamp", "Unload", "Reject bin", "Paused", "Fault", "Shut down",
    ]
    var model = ModelBuilder("production cell", states: names)
    let ring = Array(names[2...11])
    model.go("Boot", "Home axes", .immediate)
    model.go("Home axes", "Ready", .after(4000))
    for (from, to) in zip(ring, ring.dropFirst()) { model.go(from, to, .on("done", .onRise)) }
    model.go("Inspect", "Unclamp", .when("deviation < 0.02"))
    model.go("Inspect", "Rework", .when("deviation < 0.2")) { $0.priority = 1 }
    model.go("Inspect", "Reject bin", .when("true")) { $0.priority = 2 }
    model.go("Rework", "Rough cut", .after(500))
    model.go("Unclamp", "Unload", .on("released"))
    model.go("Unload", "Ready", .on("taken", .onFall))
    model.go("Reject bin", "Ready", .after(2000))
    for state in ["Rough cut", "Fine cut", "Wash"] { model.go(state, "Fault", .above("load", 95)) }
    model.go("Rough cut", "Paused", .on("pause", .onRise))
    model.go("Paused", "Rough cut", .on("pause", .onFall))
    model.go("Fault", "Home axes", .on("reset"))
    model.go("Ready", "Shut down", .on("off"))
    model.go("Measure", "Measure", .every(100))
    return model.automaton
  }

  /// States inside states, regions, history.
  static var player: Automaton {
    var model = ModelBuilder("player", states: ["Off", "On"])
    model.child("Stopped", of: "On")
    model.child("Playing", of: "On") {
      $0.isParallel = true
      $0.history = .shallow
    }
    model.child("Sound", of: "Playing")
    model.child("Display", of: "Playing")
    model.child("Loud", of: "Sound") { $0.onEnter = Array("volume = 80".utf8) }
    model.child("Quiet", of: "Sound")
    model.child("Title", of: "Display")
    model.child("Clock", of: "Display")
    model.child("Paused", of: "On")
    model.go("Off", "On", .on("power", .onRise))
    model.go("On", "Off", .on("power", .onFall))
    model.go("Stopped", "Playing", .on("play", .onRise))
    model.go("Playing", "Paused", .on("pause"))
    model.go("Paused", "Playing", .on("pause"))
    model.go("Playing", "Stopped", .on("stop"))
    model.go("Loud", "Quiet", .on("mute", .onRise))
    model.go("Quiet", "Loud", .on("mute", .onFall))
    model.go("Title", "Clock", .after(5000))
    model.go("Clock", "Title", .after(5000))
    model.go("Loud", "Off", .above("temperature", 90))
    model.go("Off", "Paused", .on("resume"))
    return model.automaton
  }
}

extension Trigger {
  static var probability: Trigger { .probabilistic(Probabilistic()) }
}
