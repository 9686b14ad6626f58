import Automata
import JSON
import YAML

/// Turns an automaton of a project into the tree of the YAML form, which keeps its places, so that both forms are checked
/// by the same rules. What the engine does not know is left out.
struct ProjectReader {
  let id: String
  let context: FileContext

  private typealias Members = [FileNode.Member]

  /// Keys where an empty text is not the same as none.
  private static let mayBeEmpty: Set<String> = ["signal", "from", "to", "name", "location"]

  func document(of automaton: FileNode) -> FileNode {
    var document: Members = []
    var config = renamed(
      automaton["config"],
      same("name", "type", "location", "description", "author", "version", "tags", "semantics"))
    if let target = target(automaton["config"]?["target"]) { config.append(member("target", target)) }
    document.append(member("config", FileNode(.mapping(config), automaton["config"]?.position ?? automaton.position)))
    let names = stateNames(automaton)
    document.append(member("automata", automata(automaton, names)))
    if let variables = automaton["variables"] { document.append(member("variables", self.variables(variables))) }
    if let box = automaton["blackBox"] { document.append(member("black_box", contract(box, names))) }
    return FileNode(.mapping(document), automaton.position)
  }

  // MARK: Building

  private func member(_ name: String, _ value: FileNode, _ position: YAMLPosition? = nil) -> FileNode.Member {
    FileNode.Member(name: name, position: position ?? value.position, value: value)
  }

  /// Members that have the same name in the YAML form, and others.
  private func same(_ names: String..., and others: [String: String] = [:]) -> [String: String] {
    others.merging(names.map { ($0, $0) }) { other, _ in other }
  }

  /// A list of objects whose members are renamed; `nil` for none.
  private func list(_ node: FileNode, _ name: String, _ names: [String: String]) -> FileNode.Member? {
    guard let list = node[name] else { return nil }
    let found = items(list).map { FileNode(.mapping(renamed($0, names)), $0.position) }
    return member(name, FileNode(.sequence(found), list.position))
  }

  /// The members of a node that have another name in the YAML form, in the order of the file. Texts that are empty say
  /// nothing in a project.
  private func renamed(_ node: FileNode?, _ names: [String: String]) -> [FileNode.Member] {
    guard let node else { return [] }
    guard case .mapping(let members) = node.content else {
      context.problems.error(.wrongKind, node.position, "an object is needed here")
      return []
    }
    return members.compactMap { found in
      guard let name = names[found.name] else { return nil }
      if found.value.string?.isEmpty == true, !ProjectReader.mayBeEmpty.contains(name) { return nil }
      return FileNode.Member(name: name, position: found.position, value: found.value)
    }
  }

  /// Numbers of milliseconds, which are no spans without a unit here.
  private func spans(_ members: [FileNode.Member], _ keys: Set<String>) -> [FileNode.Member] {
    members.map { found in
      guard keys.contains(found.name), case .scalar(let value) = found.value.content, let number = value.doubleValue
      else { return found }
      var copy = found
      copy.value.content = .scalar(.string("\(number)ms"))
      return copy
    }
  }

  private func items(_ node: FileNode?) -> [FileNode] {
    guard let node else { return [] }
    switch node.content {
    case .sequence(let items): return items
    case .mapping(let members): return members.map(\.value)
    case .scalar:
      context.problems.error(.wrongKind, node.position, "a list is needed here")
      return []
    }
  }

  private func text(_ string: String, _ position: YAMLPosition) -> FileNode {
    FileNode(.scalar(.string(string)), position)
  }

  // MARK: Sections

  private func target(_ node: FileNode?) -> FileNode? {
    guard let node else { return nil }
    // The editor writes a target as an object, or as the name of a profile alone.
    if case .scalar = node.content {
      guard let name = node.string, !name.isEmpty else { return nil }
      return FileNode(.mapping([member("profile", node)]), node.position)
    }
    let members = renamed(node, same("profile", "esp32"))
    return members.isEmpty ? nil : FileNode(.mapping(members), node.position)
  }

  /// Names of states by their ids.
  private func stateNames(_ automaton: FileNode) -> [String: String] {
    guard case .mapping(let states)? = automaton["states"]?.content else { return [:] }
    return Dictionary(states.map { ($0.name, name(of: $0)) }) { first, _ in first }
  }

  private func name(of found: FileNode.Member) -> String {
    let name = found.value["name"]?.string ?? ""
    return name.isEmpty ? found.name : name
  }

  /// A reference to a state by its id, else by its name.
  private func reference(_ members: [FileNode.Member], _ keys: Set<String>, _ names: [String: String])
    -> [FileNode.Member]
  {
    members.map { found in
      guard keys.contains(found.name), let id = found.value.string, let name = names[id] else { return found }
      var copy = found
      copy.value.content = .scalar(.string(name))
      return copy
    }
  }

  private func automata(_ automaton: FileNode, _ names: [String: String]) -> FileNode {
    var members = reference(
      renamed(
        automaton, ["initialState": "initial_state", "errorPolicy": "error_policy", "faultState": "fault_state"]),
      ["initial_state", "fault_state"], names)
    if let states = automaton.member("states"), case .mapping(let found) = states.value.content {
      let entries = found.map { state($0, names) }
      members.append(member("states", FileNode(.sequence(entries), states.value.position), states.position))
    }
    if let transitions = automaton.member("transitions") {
      let entries: [FileNode]
      switch transitions.value.content {
      case .mapping(let found): entries = found.map { transition($0, names) }
      default:
        entries = items(transitions.value).map {
          transition(FileNode.Member(name: $0["id"]?.string ?? "", position: $0.position, value: $0), names)
        }
      }
      members.append(member("transitions", FileNode(.sequence(entries), transitions.value.position)))
    }
    return FileNode(.mapping(members), automaton.position)
  }

  private func state(_ found: FileNode.Member, _ names: [String: String]) -> FileNode {
    let node = found.value
    var members = reference(
      renamed(
        node,
        same(
          "inputs", "outputs", "variables", "code", "file", "description", "parent", "initial", "parallel", "history")),
      ["parent", "initial"], names)
    let hooks = node["hooks"]
    members += renamed(hooks, ["onEnter": "on_enter", "onExit": "on_exit"])
    if !members.contains(where: { $0.name == "code" }) { members += renamed(hooks, ["onTick": "code"]) }
    if let position = node["position"] {
      members.append(
        member("position", FileNode(.mapping(renamed(position, same("x", "y"))), position.position)))
    }
    members.insert(member("id", text(name(of: found), found.position)), at: 0)
    return FileNode(.mapping(members), found.position)
  }

  private func transition(_ found: FileNode.Member, _ names: [String: String]) -> FileNode {
    let node = found.value
    var members = reference(
      renamed(
        node,
        same("from", "to", "type", "body", "triggered", "file", "priority", "description", "enabled")), ["from", "to"],
      names)
    // The editor keeps the blocks of other types; only that of its own type counts.
    let type = node["type"]?.string ?? "classic"
    let kind = Section.transition.key(spelled: "type").flatMap { key in
      if case .choice(let choices) = key.accepts {
        return choices.first { $0.word == type || $0.aliases.contains(type) }?.word
      }
      return nil
    }
    switch kind {
    case "timed": members.append(timed(node))
    case "event": members.append(event(node))
    case "probabilistic": members += probabilistic(node)
    default: break
    }
    if kind != "probabilistic" { members += renamed(node, same("weight")) }
    if kind == "classic" {
      members += renamed(node, same("condition", and: ["onRisingEdge": "on_rising_edge"]))
    }
    members.insert(member("id", text(name(of: found), found.position)), at: 0)
    return FileNode(.mapping(members), found.position)
  }

  private func timed(_ node: FileNode) -> FileNode.Member {
    var members = renamed(
      node["timed"],
      same(
        "mode", "blocking", "condition",
        and: [
          "delayMs": "delay_ms", "jitterMs": "jitter_ms", "repeatCount": "repeat_count",
          "windowEndMs": "window_end_ms", "absoluteTimeMs": "absolute_time_ms", "additionalCondition": "condition",
        ]))
    if !members.contains(where: { $0.name == "condition" }) {
      members += renamed(node, same("condition"))
    }
    members = spans(members, ["delay_ms", "jitter_ms", "window_end_ms"])
    let position = node["timed"]?.position ?? node.position
    return member("timed", FileNode(.mapping(members), position))
  }

  private func event(_ node: FileNode) -> FileNode.Member {
    let block = node["event"]
    let position = block?.position ?? node.position
    guard let block, case .mapping = block.content else {
      return member("event", block ?? FileNode(.mapping([]), position))
    }
    var members = spans(
      renamed(
        block, ["requireAll": "require_all", "debounceMs": "debounce_ms", "additionalCondition": "condition"]),
      ["debounce_ms"])
    let triggers = items(block["triggers"]).map { trigger in
      var inner = renamed(
        trigger,
        same(
          "signal", "trigger", "pattern",
          and: ["signalName": "signal", "signalType": "signal_type", "triggerType": "trigger"]))
      if let threshold = trigger["threshold"] {
        inner.append(
          member(
            "threshold",
            FileNode(
              .mapping(
                renamed(threshold, same("operator", "value", and: ["oneShot": "one_shot", "valueType": "type"]))),
              threshold.position)))
      }
      return FileNode(.mapping(inner), trigger.position)
    }
    members.append(member("triggers", FileNode(.sequence(triggers), block["triggers"]?.position ?? position)))
    return member("event", FileNode(.mapping(members), position))
  }

  private func probabilistic(_ node: FileNode) -> [FileNode.Member] {
    let inner = renamed(
      node["probabilistic"],
      same("weight", and: ["weightExpression": "weight_expression", "minWeight": "min_weight"]))
    if inner.contains(where: { $0.name == "weight" }) {
      return [member("probabilistic", FileNode(.mapping(inner), node.position))]
    }
    return renamed(node, same("weight")) + [member("probabilistic", FileNode(.mapping(inner), node.position))]
  }

  // MARK: Variables and contract

  private func variables(_ node: FileNode) -> FileNode {
    let entries = items(node).map { variable in
      var members = renamed(
        variable, same("name", "direction", "description", and: ["valueType": "type"]))
      if !members.contains(where: { $0.name == "type" }) {
        members += renamed(variable, same("type")).map(engineType)
      }
      for key in ["default", "defaultValue", "initial", "initialValue"]
      where !members.contains(where: { $0.name == "default" }) {
        if let value = variable.member(key) { members.append(member("default", value.value, value.position)) }
      }
      return FileNode(.mapping(members), variable.position)
    }
    return FileNode(.sequence(entries), node.position)
  }

  /// The editor's types are coarser: every number is a double, and any is a string.
  private func engineType(_ found: FileNode.Member) -> FileNode.Member {
    var copy = found
    switch found.value.string {
    case "number": copy.value.content = .scalar("double")
    case "any": copy.value.content = .scalar("string")
    default: break
    }
    return copy
  }

  private func contract(_ node: FileNode, _ names: [String: String]) -> FileNode {
    var members = renamed(node, ["emittedEvents": "emitted_events"])
    if let states = node["observableStates"] {
      let found = items(states).map { state in
        state.string.flatMap { names[$0] }.map { text($0, state.position) } ?? state
      }
      members.append(member("observable_states", FileNode(.sequence(found), states.position)))
    }
    let ports = same(
      "name", "direction", "type", "observable", "description",
      and: ["faultInjectable": "fault_injectable", "latencyCritical": "latency_critical"])
    let resources = same(
      "name", "kind", "capacity", "shared", "description", and: ["latencySensitive": "latency_sensitive"])
    members += [list(node, "ports", ports), list(node, "resources", resources)].compactMap { $0 }
    return FileNode(.mapping(members), node.position)
  }
}
