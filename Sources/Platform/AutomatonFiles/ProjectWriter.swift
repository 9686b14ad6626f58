import Automata
import JSON

/// Writes a model over an automaton of a project: known fields are replaced, all others stay.
struct ProjectWriter {
  private let automaton: Automaton
  private let old: JSONObject
  private let id: String
  /// The id of each state.
  private let stateIDs: [String]

  init(_ automaton: Automaton, over old: JSONObject, id: String) throws(UnwritableModel) {
    self.automaton = automaton
    self.old = old
    self.id = id
    try Texts.unique(automaton.states.map(\.name), "states")
    try Texts.unique(automaton.transitions.map(\.name), "transitions")
    try Texts.unique(automaton.variables.map(\.name), "variables")
    var names: [String] = []
    for state in automaton.states { names.append(try Texts.string(state.name)) }
    stateIDs = ProjectWriter.ids(for: names, in: old["states"])
  }

  /// The ids that things of these names have, and new ones for the others.
  private static func ids(for names: [String], in old: JSON?) -> [String] {
    var known: [String: String] = [:]
    for member in old?.objectValue?.members ?? [] {
      let name = member.value["name"]?.stringValue ?? ""
      known[name.isEmpty ? member.name : name] = member.name
    }
    var used = Set(names.compactMap { known[$0] })
    return names.map { name in
      if let id = known[name] { return id }
      var id = name
      while !used.insert(id).inserted { id += "_" }
      return id
    }
  }

  /// - Parameter known: all fields that the writer is responsible for; those that are not in `new` are removed.
  private func merged(_ old: JSON?, _ new: MemberList, known: [String] = []) -> JSON {
    var object = old?.objectValue ?? JSONObject()
    for name in known where new.object[name] == nil { object[name] = nil }
    for member in new.object.members { object[member.name] = member.value }
    return .object(object)
  }

  /// The entry of a list, or of an object, that has this name.
  private func entry(named name: JSON, in old: JSON?) -> JSON? {
    let entries = old?.arrayValue ?? old?.objectValue?.members.map(\.value) ?? []
    return entries.first { $0["name"] == name }
  }

  private func stateID(_ index: StateIndex, _ what: String) throws(UnwritableModel) -> JSON {
    guard index.index < stateIDs.count else { throw UnwritableModel("\(what) is no state") }
    return .string(stateIDs[index.index])
  }

  private func text(_ name: Name) throws(UnwritableModel) -> JSON { .string(try Texts.string(name)) }

  // MARK: The automaton

  func object() throws(UnwritableModel) -> JSONObject {
    var members = MemberList()
    members.put("id", .string(id))
    members.put("version", "0.0.1", unless: old["version"] != nil)
    members.put("config", try config())
    if let box = automaton.blackBox { members.put("blackBox", try contract(box)) }
    members.put("initialState", try stateID(automaton.initialState, "the initial state"))
    switch automaton.errorPolicy {
    case .continue: break
    case .stop: members.put("errorPolicy", "stop")
    case .faultState(let state):
      members.put("errorPolicy", "fault_state")
      members.put("faultState", try stateID(state, "the fault state"))
    }
    var states = JSONObject()
    for (index, state) in automaton.states.enumerated() {
      states.appendUnique(stateIDs[index], try self.state(state, index))
    }
    members.put("states", .object(states))
    members.put("transitions", .object(try transitions()))
    members.put("variables", try variables())
    members.put("inputs", .array(try names(of: .input)))
    members.put("outputs", .array(try names(of: .output)))
    for name in ["nestedAutomataIds"] where old[name] == nil { members.put(name, []) }
    guard case .object(let object) = merged(.object(old), members, known: ["blackBox", "errorPolicy", "faultState"])
    else { return JSONObject() }
    return object
  }

  private func names(of direction: Variable.Direction) throws(UnwritableModel) -> [JSON] {
    try Texts.strings(automaton.variables.filter { $0.direction == direction }.map(\.name))
  }

  private func config() throws(UnwritableModel) -> JSON {
    var members = MemberList()
    members.put("name", try text(automaton.name))
    members.put("type", automaton.layout == .folder ? "folder" : "inline")
    if automaton.location != [0x2E] { members.put("location", try text(automaton.location)) }
    members.put("language", "lua")
    members.put("description", try text(automaton.description))
    members.put("tags", .array(try Texts.strings(automaton.tags)))
    members.put("author", try text(automaton.author))
    members.put("version", try text(automaton.version))
    switch automaton.semantics {
    case .strict: members.put("semantics", "strict")
    case .compat: members.put("semantics", "compat")
    case nil: break
    }
    let target = try YAMLForm(automaton).target()
    if !target.object.isEmpty {
      members.put("target", merged(old["config"]?["target"], target, known: ["profile", "esp32"]))
    }
    return merged(old["config"], members, known: ["location", "semantics", "target"])
  }

  // MARK: States

  private func state(_ state: State, _ index: Int) throws(UnwritableModel) -> JSON {
    let before = old["states"]?[stateIDs[index]]
    var members = MemberList()
    members.put("id", .string(stateIDs[index]))
    members.put("name", try text(state.name))
    for (key, list) in [("inputs", state.inputs), ("outputs", state.outputs), ("variables", state.variables)] {
      members.put(key, .array(try YAMLForm(automaton).names(of: list)))
    }
    members.put("code", try text(state.body))
    try members.put("file", text: state.file)
    var hooks = MemberList()
    hooks.put("onEnter", try text(state.onEnter))
    hooks.put("onExit", try text(state.onExit))
    members.put("hooks", merged(before?["hooks"], hooks, known: ["onTick"]))
    members.put("description", try text(state.description))
    let hasChildren = automaton.states.contains { $0.parent == StateIndex(index) }
    if hasChildren { members.put("isComposite", true) }
    if !state.parent.isNone { members.put("parent", try stateID(state.parent, "the parent")) }
    if !state.initialChild.isNone { members.put("initial", try stateID(state.initialChild, "the initial child")) }
    members.put("parallel", true, unless: !state.isParallel)
    switch state.history {
    case .none: break
    case .shallow: members.put("history", "shallow")
    case .deep: members.put("history", "deep")
    }
    // A model without a place for a state leaves it where the editor has it.
    if let position = state.position {
      var place = MemberList()
      place.put("x", try Texts.number(position.x))
      place.put("y", try Texts.number(position.y))
      members.put("position", merged(before?["position"], place))
    }
    return merged(before, members, known: ["file", "parent", "initial", "parallel", "history"])
  }

  // MARK: Transitions

  private func transitions() throws(UnwritableModel) -> JSONObject {
    var names: [String] = []
    for transition in automaton.transitions { names.append(try Texts.string(transition.name)) }
    let ids = ProjectWriter.ids(for: names, in: old["transitions"])
    var all = JSONObject()
    for (index, transition) in automaton.transitions.enumerated() {
      let before = old["transitions"]?[ids[index]] ?? entry(named: .string(names[index]), in: old["transitions"])
      all.appendUnique(ids[index], try self.transition(transition, ids[index], before))
    }
    return all
  }

  private func transition(_ transition: Transition, _ id: String, _ before: JSON?) throws(UnwritableModel) -> JSON {
    var members = MemberList()
    members.put("id", .string(id))
    members.put("name", try text(transition.name))
    members.put("from", try stateID(transition.from, "a source"))
    members.put("to", try stateID(transition.to, "a target"))
    members.put("description", try text(transition.description), unless: transition.description.isEmpty)
    members.put("body", try text(transition.body))
    members.put("triggered", try text(transition.triggered))
    try members.put("file", text: transition.file)
    members.put("priority", .integer(Int64(transition.priority)))
    members.put("weight", Texts.weight(transition.weight))
    members.put("enabled", false, unless: transition.isEnabled)
    var condition: Name = []
    switch transition.trigger {
    case .classic(let classic):
      members.put("type", "classic")
      condition = classic.condition
      members.put("onRisingEdge", true, unless: !classic.isRisingEdge)
    case .timed(let timed):
      members.put("type", "timed")
      members.put("timed", try self.timed(timed, before?["timed"]))
    case .event(let event):
      members.put("type", "event")
      members.put("event", try self.event(event, before?["event"]))
    case .probabilistic(let probabilistic):
      members.put("type", "probabilistic")
      var block = MemberList()
      block.put("weight", Texts.weight(transition.weight))
      try block.put("weightExpression", text: probabilistic.weightExpression)
      block.put("minWeight", Texts.weight(probabilistic.weightMin), unless: probabilistic.weightMin == 0)
      members.put(
        "probabilistic",
        merged(before?["probabilistic"], block, known: ["weightExpression", "minWeight"]))
    case .immediate: members.put("type", "immediate")
    }
    members.put("condition", try text(condition))
    return merged(before, members, known: ["file", "description", "enabled", "onRisingEdge"])
  }

  private func timed(_ timed: Timed, _ before: JSON?) throws(UnwritableModel) -> JSON {
    var block = MemberList()
    block.put("mode", .string(SignalWords.mode(timed.mode)))
    block.put("delayMs", .integer(Int64(timed.delay)))
    block.put("jitterMs", .integer(Int64(timed.jitter)), unless: timed.jitter == 0)
    block.put("repeatCount", .integer(Int64(timed.repeatCount)), unless: timed.repeatCount == 0)
    block.put("windowEndMs", .integer(Int64(timed.windowEnd)), unless: timed.windowEnd == 0)
    block.put("absoluteTimeMs", .integer(timed.absoluteTime), unless: timed.absoluteTime == 0)
    try block.put("additionalCondition", text: timed.condition)
    block.put("blocking", true, unless: !timed.isBlocking)
    return merged(
      before, block,
      known: [
        "jitterMs", "repeatCount", "windowEndMs", "absoluteTimeMs", "additionalCondition", "condition", "blocking",
      ])
  }

  private func event(_ event: Event, _ before: JSON?) throws(UnwritableModel) -> JSON {
    var block = MemberList()
    let old = before?["triggers"]?.arrayValue ?? []
    var triggers: [JSON] = []
    for (index, signal) in event.signals.enumerated() {
      let name = try text(signal.signal)
      let same = old.indices.contains(index) && (old[index]["signalName"] ?? old[index]["signal"]) == name
      triggers.append(try trigger(signal, same ? old[index] : nil))
    }
    block.put("triggers", .array(triggers))
    block.put("requireAll", .bool(event.requiresAll))
    block.put("debounceMs", .integer(Int64(event.debounce)))
    try block.put("additionalCondition", text: event.condition)
    return merged(before, block, known: ["additionalCondition"])
  }

  private func trigger(_ signal: SignalTrigger, _ before: JSON?) throws(UnwritableModel) -> JSON {
    var item = MemberList()
    item.put("signalName", try text(signal.signal))
    item.put("signalType", .string(signal.direction == .internal ? "variable" : AutomatonLoader.word(signal.direction)))
    item.put("triggerType", .string(SignalWords.word(signal.kind)))
    if signal.hasThreshold {
      let block = try MemberList(threshold: signal, type: "valueType", oneShot: "oneShot")
      item.put("threshold", merged(before?["threshold"], block, known: ["value", "valueType", "oneShot"]))
    }
    try item.put("pattern", text: signal.pattern)
    return merged(before, item, known: ["threshold", "pattern", "signal", "trigger"])
  }

  // MARK: Variables and contract

  private func variables() throws(UnwritableModel) -> JSON {
    var all: [JSON] = []
    for variable in automaton.variables {
      var members = MemberList()
      let name = try text(variable.name)
      members.put("name", name)
      let word = ProjectWriter.editorType(variable.type)
      members.put("type", .string(word))
      let implied = word == "number" ? ValueType.float64 : word == "any" ? .string : variable.type
      members.put("valueType", .string(variable.type.word), unless: implied == variable.type)
      members.put("direction", .string(AutomatonLoader.word(variable.direction)))
      if variable.initial != .void {
        guard let value = ValueText.json(variable.initial), variable.initial.type == variable.type else {
          throw UnwritableModel("the default of \"\(String(decoding: variable.name, as: UTF8.self))\" is no text")
        }
        members.put("default", value)
      }
      members.put("description", try text(variable.description))
      all.append(
        merged(
          entry(named: name, in: old["variables"]), members,
          known: ["valueType", "default", "defaultValue", "initial", "initialValue"]))
    }
    return .array(all)
  }

  /// The editor has one type for all numbers.
  private static func editorType(_ type: ValueType) -> String {
    switch type {
    case .bool: "bool"
    case .int32, .int64, .float32, .float64: "number"
    case .string: "string"
    case .table: "table"
    case .void, .binary: "any"
    }
  }

  private func contract(_ box: BlackBox) throws(UnwritableModel) -> JSON {
    try Texts.unique(box.ports.map(\.name), "ports")
    try Texts.unique(box.resources.map(\.name), "resources")
    let before = old["blackBox"]
    var ports: [JSON] = []
    for port in box.ports {
      var item = MemberList()
      let name = try text(port.name)
      item.put("name", name)
      item.put("direction", .string(AutomatonLoader.word(port.direction)))
      item.put("type", .string(port.type.word))
      item.put("observable", .bool(port.isObservable))
      item.put("faultInjectable", .bool(port.isFaultInjectable))
      item.put("latencyCritical", .bool(port.isLatencyCritical))
      try item.put("description", text: port.description)
      ports.append(merged(entry(named: name, in: before?["ports"]), item, known: ["description"]))
    }
    var resources: [JSON] = []
    for resource in box.resources {
      var item = MemberList()
      let name = try text(resource.name)
      item.put("name", name)
      item.put("kind", try text(resource.kind))
      item.put("capacity", .integer(Int64(resource.capacity)))
      item.put("shared", .bool(resource.isShared))
      item.put("latencySensitive", .bool(resource.isLatencySensitive))
      try item.put("description", text: resource.description)
      resources.append(merged(entry(named: name, in: before?["resources"]), item, known: ["description"]))
    }
    var states: [JSON] = []
    for state in box.observableStates { states.append(try stateID(state, "an observable state")) }
    var members = MemberList()
    members.put("ports", .array(ports))
    members.put("emittedEvents", .array(try Texts.strings(box.emittedEvents)))
    members.put("observableStates", .array(states))
    members.put("resources", .array(resources))
    return merged(before, members)
  }
}
