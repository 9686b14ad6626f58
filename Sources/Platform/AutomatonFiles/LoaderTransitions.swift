import Automata
import YAML

extension AutomatonLoader {
  func readTransitions(_ automata: Fields) {
    let entries = automata.entries("transitions", .transition, namesOptional: true)
    // Only needed to find names for those that have none.
    var names = entries.contains { $0.name == nil } ? Set(entries.compactMap(\.name)) : []
    for (number, entry) in entries.enumerated() {
      guard automaton.transitions.count < 0xFFFF else {
        problems.error(.limit, entry.position, "there are more than 65535 transitions")
        return
      }
      var name = entry.name ?? "transition_\(number + 1)"
      while entry.name == nil, !names.insert(name).inserted { name += "_" }
      readTransition(name, entry)
    }
  }

  private func readTransition(_ name: String, _ entry: Entry) {
    let fields = entry.fields
    let index = automaton.transitions.count
    sources.set(.transition(index), place(entry.position))
    // Read even when a state is unknown, so that all problems are found at once.
    let from = state("from", in: fields) ?? .none
    let to = state("to", in: fields) ?? .none
    var transition = Transition(name: Array(name.utf8), from: from, to: to, trigger: .immediate)
    transition.description = fields.text("description") ?? []
    transition.body = script("body", .transitionBody(index), in: fields)
    transition.triggered = script("triggered", .triggered(index), in: fields)
    transition.file = script("file", .transitionFile(index), in: fields)
    transition.priority = fields.whole("priority").map { UInt8(clamping: $0) } ?? 0
    transition.isEnabled = fields.flag("enabled") ?? true
    if let weight = fields.weight("weight") { transition.weight = weight }
    let type = type(of: fields)
    reportUnused(type, fields)
    switch type {
    case "timed": transition.trigger = .timed(readTimed(fields, index))
    case "event": transition.trigger = .event(readEvent(fields, index))
    case "probabilistic": transition.trigger = .probabilistic(readProbabilistic(fields, index, &transition.weight))
    case "immediate": transition.trigger = .immediate
    default:
      transition.trigger = .classic(
        Classic(
          condition: script("condition", .condition(index), in: fields, isExpression: true),
          isRisingEdge: fields.flag("on_rising_edge") ?? false))
    }
    automaton.transitions.append(transition)
  }

  /// The type; without one, that of the block which is there.
  private func type(of fields: Fields) -> String {
    if fields.has("type") { return fields.choice("type") ?? "classic" }
    guard let (key, type) = AutomatonLoader.typesByKey.first(where: { fields.has($0.key) }) else { return "classic" }
    problems.warning(
      .impliedType, fields.position(of: key), "the transition has no type; because of \"\(key)\" it is \(type)",
      fix: "write type: \(type)")
    return type
  }

  /// Keys that tell the type of a transition that names none.
  private static let typesByKey: [(key: StaticString, type: String)] = [
    ("timed", "timed"), ("timeout", "timed"), ("after", "timed"), ("delay_ms", "timed"), ("event", "event"),
    ("probabilistic", "probabilistic"),
  ]

  /// Keys that some types make use of.
  private static let users: [(key: StaticString, types: [String])] = [
    ("timed", ["timed"]), ("timeout", ["timed"]), ("after", ["timed"]), ("delay_ms", ["timed"]),
    ("event", ["event"]), ("probabilistic", ["probabilistic"]), ("on_rising_edge", ["classic"]),
    ("condition", ["classic", "timed", "event"]),
  ]

  /// Keys that the type makes no use of.
  private func reportUnused(_ type: String, _ fields: Fields) {
    for (key, types) in AutomatonLoader.users where fields.has(key) && !types.contains(type) {
      problems.warning(
        .noEffect, fields.position(of: key), "\"\(key)\" has no effect in a transition of type \(type)",
        fix: "remove it, or write type: \(types[0])")
      fields.validate(key)
    }
  }

  // MARK: Timed

  private func readTimed(_ fields: Fields, _ index: Int) -> Timed {
    var timed = Timed(mode: .after)
    let block = fields.section("timed", .timed)
    if let block {
      switch block.choice("mode") {
      case "at": timed.mode = .at
      case "every": timed.mode = .every
      case "timeout": timed.mode = .timeout
      case "window": timed.mode = .window
      default: break
      }
      timed.delay = either("delay_ms", "after", in: block) ?? 0
      timed.jitter = block.duration("jitter_ms") ?? 0
      timed.repeatCount = block.whole("repeat_count").map { UInt32(clamping: $0) } ?? 0
      timed.windowEnd = either("window_end_ms", "window_end", in: block) ?? 0
      timed.absoluteTime = block.instant("absolute_time_ms") ?? 0
      timed.isBlocking = block.flag("blocking") ?? false
      for key in ["timeout", "after", "delay_ms"] as [StaticString] where fields.has(key) {
        problems.warning(
          .noEffect, fields.position(of: key), "\"\(key)\" has no effect beside a \"timed\" block",
          fix: "write it into the block")
        fields.validate(key)
      }
    } else if let timeout = fields.duration("timeout") {
      timed.mode = .timeout
      timed.delay = timeout
      for key in ["after", "delay_ms"] as [StaticString] where fields.has(key) {
        problems.warning(.noEffect, fields.position(of: key), "\"\(key)\" has no effect beside \"timeout\"")
        fields.validate(key)
      }
    } else {
      timed.delay = either("delay_ms", "after", in: fields) ?? 0
      if !fields.has("delay_ms"), !fields.has("after"), !fields.has("timeout") {
        problems.warning(
          .noEffect, fields.position(of: "type"), "the timed transition names no time, and so is taken at once",
          fix: "add after: 1s, or a timed block")
      }
    }
    timed.condition = guardScript(block, fields, index)
    return timed
  }

  /// One span under two keys with different units.
  private func either(_ first: StaticString, _ second: StaticString, in fields: Fields) -> Int32? {
    let span = fields.duration(first)
    guard fields.has(second) else { return span }
    let other = fields.duration(second)
    if fields.has(first) {
      problems.error(
        .duplicateKey, fields.position(of: second), "\"\(second)\" says the same as \"\(first)\"",
        fix: "keep one of them")
    }
    return span ?? other
  }

  /// The condition of the block, else that of the transition.
  private func guardScript(_ block: Fields?, _ fields: Fields, _ index: Int) -> Name {
    if let block, block.has("condition") {
      if fields.has("condition") {
        problems.warning(
          .noEffect, fields.position(of: "condition"), "\"condition\" has no effect beside that of the block",
          fix: "remove one of them")
        fields.validate("condition")
      }
      return script("condition", .condition(index), in: block, isExpression: true)
    }
    return script("condition", .condition(index), in: fields, isExpression: true)
  }

  // MARK: Event

  private func readEvent(_ fields: Fields, _ index: Int) -> Event {
    guard let node = fields.node("event") else {
      problems.error(
        .missingKey, fields.position(of: "type"), "a transition of type event needs \"event\"",
        fix: "write event: NAME, or event: {triggers: [...]}")
      return Event()
    }
    if case .scalar = node.content {
      guard let name = fields.string("event") else { return Event() }
      var event = Event(signals: [signal(name, node.position)])
      event.condition = topCondition(fields, index)
      return event
    }
    let block = Fields(node, .event, context)
    var event = Event()
    for item in block.list("triggers") {
      if let text = item.text {
        event.signals.append(signal(text, item.position))
      } else if let trigger = item.fields {
        event.signals.append(readTrigger(trigger))
      }
    }
    event.requiresAll = block.flag("require_all") ?? false
    event.debounce = block.duration("debounce_ms") ?? 0
    event.condition = block.has("condition") ? guardScript(block, fields, index) : topCondition(fields, index)
    return event
  }

  /// The engine that came first ignored a condition beside the block of an event.
  private func topCondition(_ fields: Fields, _ index: Int) -> Name {
    guard fields.has("condition") else { return [] }
    let isCompat = automaton.semantics == .compat
    problems.warning(
      .noEffect, fields.position(of: "condition"),
      isCompat
        ? "\"condition\" has no effect beside an event in compat semantics"
        : "\"condition\" beside an event holds here, but not in compat semantics",
      fix: "write it into the event block")
    return isCompat ? [] : script("condition", .condition(index), in: fields, isExpression: true)
  }

  /// A trigger by a variable's name, with the variable's direction.
  private func signal(_ name: String, _ position: YAMLPosition) -> SignalTrigger {
    let bytes = Array(name.utf8)
    guard let index = variableIndexes[NameKey(bytes)] else {
      let nearest = AutomatonLoader.nearest(name, automaton.variables.map { String(decoding: $0.name, as: UTF8.self) })
      problems.warning(
        .unknownName, position, "the signal \"\(name)\" is no variable: it comes only when it is raised from outside",
        fix: nearest.map { "did you mean \"\($0)\"?" } ?? "declare it below variables, or raise it")
      return SignalTrigger(signal: bytes)
    }
    return SignalTrigger(signal: bytes, direction: automaton.variables[index].direction)
  }

  private func readTrigger(_ fields: Fields) -> SignalTrigger {
    var trigger = signal(fields.string("signal") ?? "", fields.node("signal")?.position ?? fields.position)
    if let word = fields.choice("signal_type") { trigger.direction = AutomatonLoader.direction(word) }
    switch fields.choice("trigger") {
    case "on_rise": trigger.kind = .onRise
    case "on_fall": trigger.kind = .onFall
    case "on_threshold": trigger.kind = .onThreshold
    case "on_match": trigger.kind = .onMatch
    default: break
    }
    if trigger.kind == .onThreshold { trigger.threshold = .float64(0) }
    if let threshold = fields.section("threshold", .threshold) { read(threshold, into: &trigger) }
    if let pattern = fields.text("pattern") {
      trigger.pattern = pattern
      if trigger.kind != .onMatch {
        problems.warning(
          .noEffect, fields.position(of: "pattern"), "\"pattern\" has no effect without trigger: on_match")
      }
    } else if trigger.kind == .onMatch {
      problems.warning(
        .noEffect, fields.position, "on_match without \"pattern\" matches the empty text only", fix: "add pattern")
    }
    return trigger
  }

  private func read(_ threshold: Fields, into trigger: inout SignalTrigger) {
    switch threshold.choice("operator") {
    case ">=": trigger.comparison = .greaterOrEqual
    case "<": trigger.comparison = .less
    case "<=": trigger.comparison = .lessOrEqual
    case "==": trigger.comparison = .equal
    case "!=": trigger.comparison = .notEqual
    default: break
    }
    let type = threshold.choice("type").map(ValueTypeWords.type) ?? .float64
    trigger.threshold = value("value", of: type, in: threshold) ?? .zero(of: type)
    trigger.isOneShot = threshold.flag("one_shot") ?? false
    if trigger.kind != .onThreshold {
      problems.warning(
        .noEffect, threshold.position, "\"threshold\" has no effect without trigger: on_threshold",
        fix: "write trigger: on_threshold")
    }
  }

  // MARK: Probabilistic

  private func readProbabilistic(_ fields: Fields, _ index: Int, _ weight: inout UInt32) -> Probabilistic {
    guard let block = fields.section("probabilistic", .probabilistic) else { return Probabilistic() }
    if let inner = block.weight("weight") {
      if fields.has("weight"), inner != weight {
        problems.warning(
          .noEffect, fields.position(of: "weight"), "\"weight\" has no effect beside probabilistic.weight",
          fix: "remove one of them")
      }
      weight = inner
    }
    return Probabilistic(
      weightExpression: script("weight_expression", .weightExpression(index), in: block, isExpression: true),
      weightMin: block.weight("min_weight") ?? 0)
  }
}
