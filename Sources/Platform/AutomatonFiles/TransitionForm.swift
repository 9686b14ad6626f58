import Automata
import JSON

/// A transition as the tree of its YAML form.
struct TransitionForm {
  private let form: YAMLForm
  private let transition: Transition

  init(_ form: YAMLForm, _ transition: Transition) {
    self.form = form
    self.transition = transition
  }

  func members() throws(UnwritableModel) -> JSONObject {
    var members = MemberList()
    let name = "of \"\(String(decoding: transition.name, as: UTF8.self))\""
    members.put("from", try form.stateName(transition.from, "the source \(name)"))
    members.put("to", try form.stateName(transition.to, "the target \(name)"))
    try members.put("description", text: transition.description)
    try putTrigger(&members)
    members.put("priority", .integer(Int64(transition.priority)), unless: transition.priority == 0)
    if case .probabilistic = transition.trigger {
    } else {
      members.put("weight", Texts.weight(transition.weight), unless: transition.weight == Transition.weightDefault)
    }
    members.put("enabled", false, unless: transition.isEnabled)
    try members.put("body", text: transition.body)
    try members.put("triggered", text: transition.triggered)
    if !form.hasFiles, form.automaton.layout == .folder || !transition.file.isEmpty {
      members.put("file", .string(try Texts.string(transition.file)))
    }
    return members.object
  }

  private func putTrigger(_ members: inout MemberList) throws(UnwritableModel) {
    switch transition.trigger {
    case .classic(let classic):
      try members.put("condition", text: classic.condition)
      members.put("on_rising_edge", true, unless: !classic.isRisingEdge)
    case .timed(let timed):
      members.put("type", "timed")
      members.put("timed", .object(try self.timed(timed).object))
    case .event(let event):
      members.put("type", "event")
      members.put("event", .object(try self.event(event).object))
    case .probabilistic(let probabilistic):
      members.put("type", "probabilistic")
      var block = MemberList()
      block.put("weight", Texts.weight(transition.weight), unless: transition.weight == Transition.weightDefault)
      try block.put("weight_expression", text: probabilistic.weightExpression)
      block.put("min_weight", Texts.weight(probabilistic.weightMin), unless: probabilistic.weightMin == 0)
      members.put("probabilistic", block)
    case .immediate: members.put("type", "immediate")
    }
  }

  private func timed(_ timed: Timed) throws(UnwritableModel) -> MemberList {
    var block = MemberList()
    block.put("mode", .string(SignalWords.mode(timed.mode)))
    for span in [timed.delay, timed.windowEnd, timed.jitter] where span < 0 {
      throw UnwritableModel("a time of \"\(String(decoding: transition.name, as: UTF8.self))\" is negative")
    }
    block.put("after", span: timed.delay)
    block.put("window_end", span: timed.windowEnd)
    block.put("jitter_ms", span: timed.jitter)
    block.put("repeat_count", .integer(Int64(timed.repeatCount)), unless: timed.repeatCount == 0)
    block.put("absolute_time_ms", .integer(timed.absoluteTime), unless: timed.absoluteTime == 0)
    try block.put("condition", text: timed.condition)
    block.put("blocking", true, unless: !timed.isBlocking)
    return block
  }

  private func event(_ event: Event) throws(UnwritableModel) -> MemberList {
    guard event.debounce >= 0 else {
      throw UnwritableModel("a time of \"\(String(decoding: transition.name, as: UTF8.self))\" is negative")
    }
    var block = MemberList()
    var triggers: [JSON] = []
    for signal in event.signals { triggers.append(.object(try trigger(signal).object)) }
    block.put("triggers", .array(triggers))
    block.put("require_all", true, unless: !event.requiresAll)
    block.put("debounce_ms", span: event.debounce)
    try block.put("condition", text: event.condition)
    return block
  }

  private func trigger(_ signal: SignalTrigger) throws(UnwritableModel) -> MemberList {
    var item = MemberList()
    item.put("signal", .string(try Texts.string(signal.signal)))
    let implied = form.automaton.variable(named: signal.signal).map { form.automaton.variables[$0].direction }
    if signal.direction != implied ?? .input {
      let word = signal.direction == .internal ? "variable" : AutomatonLoader.word(signal.direction)
      item.put("signal_type", .string(word))
    }
    item.put("trigger", .string(SignalWords.word(signal.kind)))
    if signal.hasThreshold {
      item.put("threshold", .object(try threshold(signal).object))
    }
    try item.put("pattern", text: signal.pattern)
    return item
  }

  private func threshold(_ signal: SignalTrigger) throws(UnwritableModel) -> MemberList {
    try MemberList(threshold: signal, type: "type", oneShot: "one_shot")
  }
}

extension MemberList {
  /// The threshold of a trigger.
  ///
  /// - Parameters:
  ///   - type: name of the member for the type of its value.
  ///   - oneShot: name of the member for what fires once.
  init(threshold signal: SignalTrigger, type: String, oneShot: String) throws(UnwritableModel) {
    self.init()
    put("operator", .string(SignalWords.sign(signal.comparison)))
    if signal.threshold != .void {
      guard let value = ValueText.json(signal.threshold) else { throw UnwritableModel("a threshold is no text") }
      put("value", value)
    }
    let valueType = signal.threshold.type
    put(type, .string(valueType.word), unless: valueType == .float64)
    put(oneShot, true, unless: !signal.isOneShot)
  }
}
