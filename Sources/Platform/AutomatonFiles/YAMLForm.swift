import Automata
import JSON
import YAML

/// What a model has that a text form cannot hold.
public struct UnwritableModel: Error, Sendable, Equatable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}

extension AutomatonFile {
  /// The YAML form of a model, with the keys in a fixed order and every default left out: equal models have equal texts.
  /// Reading it gives the model again.
  ///
  /// - Throws: for names or texts that are no UTF-8, names that are there twice, and references to nothing.
  public static func text(of automaton: Automaton) throws(UnwritableModel) -> String {
    try text(of: automaton, hasFiles: false)
  }

  /// - Parameter hasFiles: the files of a folder layout are written beside the document.
  static func text(of automaton: Automaton, hasFiles: Bool) throws(UnwritableModel) -> String {
    let document = try YAMLForm(automaton, hasFiles: hasFiles).document()
    var text = ""
    for member in document.members {
      // A blank line between the sections, for readers; a block at the end may bring its own.
      if !text.isEmpty, !text.utf8.suffix(2).elementsEqual("\n\n".utf8) { text += "\n" }
      text += YAML.text(.object(JSONObject(uniqueMembers: [member])))
    }
    return text
  }

  /// The same as a tree of values.
  public static func tree(of automaton: Automaton) throws(UnwritableModel) -> JSON {
    .object(try YAMLForm(automaton).document())
  }
}

/// Collects the members of an object, without those that say what holds anyway.
struct MemberList {
  private(set) var object = JSONObject()

  mutating func put(_ name: String, _ value: JSON) { object.appendUnique(name, value) }
  mutating func put(_ name: String, _ value: JSON, unless isDefault: Bool) { if !isDefault { put(name, value) } }
  mutating func put(_ name: String, text: Name) throws(UnwritableModel) {
    if !text.isEmpty { put(name, .string(try Texts.string(text))) }
  }
  mutating func put(_ name: String, texts: [Name]) throws(UnwritableModel) {
    if !texts.isEmpty { put(name, .array(try Texts.strings(texts))) }
  }
  mutating func put(_ name: String, span: Int32) {
    if span != 0 { put(name, .string(DurationText.text(Int64(span)))) }
  }
  mutating func put(_ name: String, _ inner: MemberList) {
    if !inner.object.isEmpty { put(name, .object(inner.object)) }
  }
}

enum Texts {
  static func string(_ text: Name) throws(UnwritableModel) -> String {
    guard let string = String(validating: text, as: UTF8.self) else {
      throw UnwritableModel("the text \"\(String(decoding: text.prefix(60), as: UTF8.self))\" is no UTF-8")
    }
    return string
  }

  static func strings(_ texts: [Name]) throws(UnwritableModel) -> [JSON] {
    var all: [JSON] = []
    for text in texts { all.append(.string(try string(text))) }
    return all
  }

  static func unique(_ names: [Name], _ what: String) throws(UnwritableModel) {
    var seen: Set<Name> = []
    for name in names where !seen.insert(name).inserted {
      throw UnwritableModel("there are two \(what) of the name \"\(String(decoding: name, as: UTF8.self))\"")
    }
  }

  /// Hundredths as a number with at most two decimals.
  static func weight(_ hundredths: UInt32) -> JSON {
    hundredths % 100 == 0 ? .integer(Int64(hundredths / 100)) : .number(Double(hundredths) / 100)
  }

  static func number(_ value: Double) throws(UnwritableModel) -> JSON {
    guard value.isFinite else { throw UnwritableModel("a position is not finite") }
    return .number(value)
  }
}

/// A model as the tree of its YAML form.
struct YAMLForm {
  let automaton: Automaton
  /// The files of a folder layout stand beside the document.
  let hasFiles: Bool

  init(_ automaton: Automaton, hasFiles: Bool = false) {
    self.automaton = automaton
    self.hasFiles = hasFiles
  }

  func document() throws(UnwritableModel) -> JSONObject {
    try Texts.unique(automaton.states.map(\.name), "states")
    try Texts.unique(automaton.transitions.map(\.name), "transitions")
    try Texts.unique(automaton.variables.map(\.name), "variables")
    var members = MemberList()
    members.put("version", "0.0.1")
    members.put("config", try config())
    members.put("automata", .object(try automata().object))
    if !automaton.variables.isEmpty { members.put("variables", .object(try variables())) }
    if let box = automaton.blackBox { members.put("black_box", .object(try contract(box).object)) }
    return members.object
  }

  // MARK: Config

  private func config() throws(UnwritableModel) -> MemberList {
    var members = MemberList()
    try members.put("name", text: automaton.name)
    try members.put("version", text: automaton.version)
    try members.put("description", text: automaton.description)
    try members.put("author", text: automaton.author)
    try members.put("tags", texts: automaton.tags)
    members.put("type", "folder", unless: automaton.layout != .folder)
    if automaton.location != [0x2E] { members.put("location", .string(try Texts.string(automaton.location))) }
    switch automaton.semantics {
    case .strict: members.put("semantics", "strict")
    case .compat: members.put("semantics", "compat")
    case nil: break
    }
    members.put("target", try target())
    return members
  }

  func target() throws(UnwritableModel) -> MemberList {
    var members = MemberList()
    try members.put("profile", text: automaton.target.profile)
    var board = MemberList()
    var resources: [JSON] = []
    for resource in automaton.target.resources {
      var item = MemberList()
      item.put("name", .string(try Texts.string(resource.name)))
      item.put("kind", .string(try Texts.string(resource.kind)))
      if resource.pins.count == 1 {
        item.put("pin", .integer(Int64(resource.pins[0])))
      } else if !resource.pins.isEmpty {
        item.put("pins", .array(resource.pins.map { .integer(Int64($0)) }))
      }
      resources.append(.object(item.object))
    }
    board.put("resources", .array(resources), unless: resources.isEmpty)
    var components: [JSON] = []
    for component in automaton.target.components {
      var item = MemberList()
      item.put("name", .string(try Texts.string(component.name)))
      try item.put("manifest", text: component.manifest)
      try item.put("registration", text: component.registration)
      components.append(.object(item.object))
    }
    board.put("components", .array(components), unless: components.isEmpty)
    members.put("esp32", board)
    return members
  }

  // MARK: States

  func stateName(_ index: StateIndex, _ what: String) throws(UnwritableModel) -> JSON {
    guard index.index < automaton.states.count else { throw UnwritableModel("\(what) is no state") }
    return .string(try Texts.string(automaton.states[index.index].name))
  }

  private func automata() throws(UnwritableModel) -> MemberList {
    var members = MemberList()
    members.put("initial_state", try stateName(automaton.initialState, "the initial state"))
    switch automaton.errorPolicy {
    case .continue: break
    case .stop: members.put("error_policy", "stop")
    case .faultState(let state):
      members.put("error_policy", "fault_state")
      members.put("fault_state", try stateName(state, "the fault state"))
    }
    members.put("states", .object(try states()))
    var transitions = JSONObject()
    for transition in automaton.transitions {
      transitions.appendUnique(
        try Texts.string(transition.name), .object(try TransitionForm(self, transition).members())
      )
    }
    if !transitions.isEmpty { members.put("transitions", .object(transitions)) }
    return members
  }

  /// Nested where nesting gives the order of the model, else flat with `parent`.
  private func states() throws(UnwritableModel) -> JSONObject {
    let nesting = Nesting(automaton)
    guard nesting.isOrdered else {
      var all = JSONObject()
      for (index, state) in automaton.states.enumerated() {
        var members = try self.state(index)
        if !state.parent.isNone { members.put("parent", try stateName(state.parent, "the parent")) }
        all.appendUnique(try Texts.string(state.name), .object(members.object))
      }
      return all
    }
    return try states(nesting.roots, nesting)
  }

  private func states(_ indexes: [Int], _ nesting: Nesting) throws(UnwritableModel) -> JSONObject {
    var all = JSONObject()
    for index in indexes {
      var members = try state(index)
      let children = nesting.children[index]
      if !children.isEmpty { members.put("states", .object(try states(children, nesting))) }
      all.appendUnique(try Texts.string(automaton.states[index].name), .object(members.object))
    }
    return all
  }

  /// The names of variables that a state lists.
  func names(of list: [UInt16]) throws(UnwritableModel) -> [JSON] {
    var names: [Name] = []
    for number in list {
      guard Int(number) < automaton.variables.count else { throw UnwritableModel("a state lists no variable") }
      names.append(automaton.variables[Int(number)].name)
    }
    return try Texts.strings(names)
  }

  private func state(_ index: Int) throws(UnwritableModel) -> MemberList {
    let state = automaton.states[index]
    var members = MemberList()
    try members.put("description", text: state.description)
    for (key, list) in [("inputs", state.inputs), ("outputs", state.outputs), ("variables", state.variables)]
    where !list.isEmpty {
      members.put(key, .array(try names(of: list)))
    }
    try members.put("on_enter", text: state.onEnter)
    try members.put("code", text: state.body)
    try members.put("on_exit", text: state.onExit)
    // In the folder layout, a state without the key has a file of its own.
    if !hasFiles, automaton.layout == .folder || !state.file.isEmpty {
      members.put("file", .string(try Texts.string(state.file)))
    }
    members.put("parallel", true, unless: !state.isParallel)
    switch state.history {
    case .none: break
    case .shallow: members.put("history", "shallow")
    case .deep: members.put("history", "deep")
    }
    if !state.initialChild.isNone { members.put("initial", try stateName(state.initialChild, "the initial child")) }
    if let position = state.position {
      members.put("position", ["x": try Texts.number(position.x), "y": try Texts.number(position.y)])
    }
    return members
  }

  // MARK: Variables and contract

  private func variables() throws(UnwritableModel) -> JSONObject {
    var all = JSONObject()
    for variable in automaton.variables {
      var members = MemberList()
      members.put("type", .string(variable.type.word))
      members.put("direction", .string(AutomatonLoader.word(variable.direction)))
      if !variable.initial.isSame(.zero(of: variable.type)) {
        guard let value = ValueText.json(variable.initial), variable.initial.type == variable.type else {
          throw UnwritableModel("the default of \"\(String(decoding: variable.name, as: UTF8.self))\" is no text")
        }
        members.put("default", value)
      }
      try members.put("description", text: variable.description)
      all.appendUnique(try Texts.string(variable.name), .object(members.object))
    }
    return all
  }

  private func contract(_ box: BlackBox) throws(UnwritableModel) -> MemberList {
    var members = MemberList()
    try Texts.unique(box.ports.map(\.name), "ports")
    try Texts.unique(box.resources.map(\.name), "resources")
    var ports = JSONObject()
    for port in box.ports {
      var item = MemberList()
      item.put("direction", .string(AutomatonLoader.word(port.direction)))
      item.put("type", .string(port.type.word), unless: port.type == .void)
      item.put("observable", false, unless: port.isObservable)
      item.put("fault_injectable", false, unless: port.isFaultInjectable)
      item.put("latency_critical", true, unless: !port.isLatencyCritical)
      try item.put("description", text: port.description)
      ports.appendUnique(try Texts.string(port.name), .object(item.object))
    }
    if !ports.isEmpty { members.put("ports", .object(ports)) }
    try members.put("emitted_events", texts: box.emittedEvents)
    var observable: [JSON] = []
    for state in box.observableStates { observable.append(try stateName(state, "an observable state")) }
    members.put("observable_states", .array(observable), unless: observable.isEmpty)
    var resources = JSONObject()
    for resource in box.resources {
      var item = MemberList()
      try item.put("kind", text: resource.kind)
      item.put("capacity", .integer(Int64(resource.capacity)), unless: resource.capacity == 1)
      item.put("shared", false, unless: resource.isShared)
      item.put("latency_sensitive", true, unless: !resource.isLatencySensitive)
      try item.put("description", text: resource.description)
      resources.appendUnique(try Texts.string(resource.name), .object(item.object))
    }
    if !resources.isEmpty { members.put("resources", .object(resources)) }
    return members
  }
}

/// Which states are inside which.
struct Nesting {
  /// Per state, those directly inside it.
  private(set) var children: [[Int]]
  private(set) var roots: [Int] = []
  /// Whether writing each state with all that is inside it gives the order of the model.
  private(set) var isOrdered = true

  init(_ automaton: Automaton) {
    children = Array(repeating: [], count: automaton.states.count)
    for (index, state) in automaton.states.enumerated() {
      if state.parent.isNone || state.parent.index >= index {
        roots.append(index)
        if !state.parent.isNone { isOrdered = false }
      } else {
        children[state.parent.index].append(index)
      }
    }
    // Written nested, a state comes right after all that is inside the one before it.
    var pending = Array(roots.reversed())
    var expected = 0
    while let index = pending.popLast() {
      if index != expected { isOrdered = false }
      expected += 1
      pending += children[index].reversed()
    }
    // Levels of nesting that a document may have, with room for what is inside a state.
    var depths = Array(repeating: 1, count: automaton.states.count)
    for (index, state) in automaton.states.enumerated() where !state.parent.isNone && state.parent.index < index {
      depths[index] = depths[state.parent.index] + 1
      if depths[index] > 20 { isOrdered = false }
    }
  }
}
