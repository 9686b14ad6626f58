import Automata
import Spelling
import YAML

extension AutomatonLoader {
  static func word(_ direction: Variable.Direction) -> String {
    switch direction {
    case .input: "input"
    case .output: "output"
    case .internal: "internal"
    }
  }

  static func direction(_ word: String) -> Variable.Direction {
    switch word {
    case "input": .input
    case "output": .output
    default: .internal
    }
  }

  static func nearest(_ word: String, _ words: [String]) -> String? { Spelling.nearest(to: word, among: words) }

  func readVariables(_ document: Fields) {
    for entry in document.entries("variables", .variable) {
      guard let text = entry.name else { continue }
      let fields = entry.fields
      let type = fields.choice("type").map(ValueTypeWords.type) ?? .string
      var variable = Variable(name: Array(text.utf8), type: type, direction: .internal)
      if let word = fields.choice("direction") { variable.direction = AutomatonLoader.direction(word) }
      variable.description = fields.text("description") ?? []
      if let initial = value("default", of: type, in: fields) { variable.initial = initial }
      if !fields.has("type"), fields.has("default"), fields.node("default")?.string == nil {
        problems.warning(
          .impliedType, fields.position(of: "default"), "\"\(text)\" has no type and so is a string",
          fix: "write its type")
      }
      addVariable(variable, entry.position)
      if !fields.has("direction") { openDirections.insert(automaton.variables.count - 1) }
    }
  }

  func addVariable(_ variable: Variable, _ position: YAMLPosition) {
    guard automaton.variables.count < 0xFFFF else {
      problems.error(.limit, position, "there are more than 65535 variables")
      return
    }
    variableIndexes[NameKey(variable.name)] = automaton.variables.count
    sources.set(.variable(automaton.variables.count), place(position))
    automaton.variables.append(variable)
  }

  /// A value of a type; `nil` for none and for one that does not fit, which is reported.
  func value(_ key: StaticString, of type: ValueType, in fields: Fields) -> AutomatonValue? {
    guard let node = fields.node(key) else { return nil }
    let text = fields.string(key)
    guard let text else { return nil }
    if let value = ValueText.value(text, of: type) { return value }
    problems.error(
      .wrongKind, node.position, "\"\(key)\" is \"\(text)\", which is no \(type.word)",
      accepted: ValueText.accepted(type))
    return nil
  }

  // MARK: Contract

  func readBlackBox(_ contract: Fields) {
    var box = BlackBox()
    for entry in contract.entries("ports", .port) {
      guard let name = entry.name else { continue }
      sources.set(.port(box.ports.count), place(entry.position))
      box.ports.append(port(name, entry))
    }
    box.emittedEvents = contract.names("emitted_events")
    for (name, position) in contract.texts("observable_states") {
      guard let index = state(named: name, position, "an observable state") else { continue }
      sources.set(.observableState(box.observableStates.count), place(position))
      box.observableStates.append(index)
    }
    for entry in contract.entries("resources", .resource) {
      guard let name = entry.name else { continue }
      sources.set(.resource(box.resources.count), place(entry.position))
      let fields = entry.fields
      var resource = SharedResource(name: Array(name.utf8))
      resource.kind = fields.text("kind") ?? []
      resource.capacity = fields.whole("capacity").map { UInt32(clamping: $0) } ?? 1
      resource.isShared = fields.flag("shared") ?? true
      resource.isLatencySensitive = fields.flag("latency_sensitive") ?? false
      resource.description = fields.text("description") ?? []
      box.resources.append(resource)
    }
    automaton.blackBox = box
  }

  private func port(_ name: String, _ entry: Entry) -> Port {
    let fields = entry.fields
    var port = Port(name: Array(name.utf8))
    let variable = variableIndexes[NameKey(port.name)].map { automaton.variables[$0] }
    if variable == nil {
      let names = automaton.variables.map { String(decoding: $0.name, as: UTF8.self) }
      problems.unknown(
        .unknownName, entry.position, "the port \"\(name)\" is no variable", word: name, accepted: names)
    }
    port.direction = fields.choice("direction").map(AutomatonLoader.direction) ?? .internal
    port.type = fields.choice("type").map(ValueTypeWords.type) ?? .void
    port.isObservable = fields.flag("observable") ?? true
    port.isFaultInjectable = fields.flag("fault_injectable") ?? true
    port.isLatencyCritical = fields.flag("latency_critical") ?? false
    port.description = fields.text("description") ?? []
    guard let variable else { return port }
    if port.direction != variable.direction {
      problems.error(
        .conflict, fields.position(of: "direction"),
        "the port \"\(name)\" is \(AutomatonLoader.word(port.direction)), and its variable \(AutomatonLoader.word(variable.direction))",
        fix: "write direction: \(AutomatonLoader.word(variable.direction))")
    }
    if port.type != .void, port.type != variable.type {
      problems.error(
        .conflict, fields.position(of: "type"),
        "the port \"\(name)\" is \(port.type.word), and its variable \(variable.type.word)",
        fix: "write type: \(variable.type.word)")
    }
    return port
  }
}
