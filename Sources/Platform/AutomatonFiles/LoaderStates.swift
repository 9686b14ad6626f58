import Automata
import YAML

extension AutomatonLoader {
  /// A state of the model and the section that it was read from.
  struct ReadState {
    var index: Int
    var fields: Fields
  }

  func readStates(_ automata: Fields) -> [ReadState] {
    var read: [ReadState] = []
    readStates(automata.entries("states", .state), parent: .none, into: &read)
    if automaton.states.isEmpty, !problems.hasErrors {
      problems.error(.structure, automata.position(of: "states"), "there are no states", fix: "add one below states")
    }
    for state in read { readHierarchy(state) }
    return read
  }

  private func readStates(_ entries: [Entry], parent: StateIndex, into read: inout [ReadState]) {
    for entry in entries {
      guard let text = entry.name else { continue }
      let name = Array(text.utf8)
      if let first = stateIndexes[NameKey(name)] {
        let place = sources.place(of: .state(first))?.position.description ?? "another place"
        problems.error(
          .duplicateName, entry.position, "there are two states of the name \"\(text)\"; the first is at \(place)",
          fix: "names of states are unique, nested ones too")
        continue
      }
      guard automaton.states.count < 0xFFFF else {
        problems.error(.limit, entry.position, "there are more than 65535 states")
        return
      }
      let index = automaton.states.count
      stateIndexes[NameKey(name)] = index
      sources.set(.state(index), place(entry.position))
      var state = State(name: name)
      let fields = entry.fields
      state.parent = parent
      state.description = fields.text("description") ?? []
      state.onEnter = script("on_enter", .onEnter(index), in: fields)
      state.body = script("code", .body(index), in: fields)
      state.onExit = script("on_exit", .onExit(index), in: fields)
      state.file = script("file", .file(index), in: fields)
      state.isParallel = fields.flag("parallel") ?? false
      switch fields.choice("history") {
      case "shallow": state.history = .shallow
      case "deep": state.history = .deep
      default: break
      }
      if let position = fields.section("position", .position) {
        state.position = Position(x: position.number("x") ?? 0, y: position.number("y") ?? 0)
      }
      automaton.states.append(state)
      read.append(ReadState(index: index, fields: fields))
      readStates(fields.entries("states", .state), parent: StateIndex(index), into: &read)
    }
  }

  /// `parent` and `initial`, when all states are known.
  private func readHierarchy(_ read: ReadState) {
    let (index, fields) = (read.index, read.fields)
    if let parent = state("parent", in: fields) {
      let nested = automaton.states[index].parent
      if !nested.isNone, nested != parent {
        problems.error(
          .conflict, fields.position(of: "parent"), "\"parent\" differs from the state that this one is written in",
          fix: "remove it")
      } else if parent.index == index {
        problems.error(.structure, fields.position(of: "parent"), "a state is not its own parent")
      } else {
        automaton.states[index].parent = parent
      }
    }
    if fields.has("initial") {
      if let initial = state("initial", in: fields) { automaton.states[index].initialChild = initial }
    }
  }

  /// The first child, for states with children that name none.
  func fillInitialChildren() {
    for (index, state) in automaton.states.enumerated() where !state.parent.isNone {
      let parent = state.parent.index
      let around = automaton.states[parent]
      if !around.isParallel, around.initialChild.isNone { automaton.states[parent].initialChild = StateIndex(index) }
    }
  }

  // MARK: Variables that states list

  func readReferences(_ states: [ReadState]) {
    fillInitialChildren()
    // Typed names first: a bare name means them wherever it stands.
    for state in states {
      for (key, direction) in AutomatonLoader.lists {
        for (text, position) in state.fields.texts(key) {
          guard let (name, type) = typed(text, position) else { continue }
          declare(name, type, direction, position)
        }
      }
    }
    for state in states {
      automaton.states[state.index].inputs = references("inputs", .input, state.fields)
      automaton.states[state.index].outputs = references("outputs", .output, state.fields)
      automaton.states[state.index].variables = references("variables", .internal, state.fields)
    }
  }

  private static let lists: [(StaticString, Variable.Direction)] = [
    ("inputs", .input), ("outputs", .output), ("variables", .internal),
  ]

  /// The parts of `name:type`; `nil` for a bare name.
  private func typed(_ text: String, _ position: YAMLPosition) -> (name: String, type: ValueType)? {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
    let word = text[text.index(after: colon)...].filter { $0 != " " }
    guard let type = ValueTypeWords.type(spelled: word) else {
      problems.unknown(
        .unknownValue, position, "\"\(text)\" names the type \"\(word)\"", word: word,
        accepted: ValueTypeWords.choices.flatMap { [$0.word] + $0.aliases })
      return nil
    }
    return (bareName(text), type)
  }

  private func bareName(_ text: String) -> String {
    var end = text.utf8.lastIndex(of: UInt8(ascii: ":")) ?? text.utf8.endIndex
    while end > text.utf8.startIndex, text.utf8[text.utf8.index(before: end)] == 0x20 {
      end = text.utf8.index(before: end)
    }
    return end == text.utf8.endIndex ? text : String(text[..<end])
  }

  private func declare(
    _ text: String, _ type: ValueType, _ direction: Variable.Direction, _ position: YAMLPosition
  ) {
    guard let index = variableIndexes[NameKey(text)] else {
      addVariable(Variable(name: Array(text.utf8), type: type, direction: direction), position)
      return
    }
    let known = automaton.variables[index].type
    if known != type {
      problems.warning(
        .conflict, position,
        "\"\(text)\" is listed as \(type.word) and declared as \(known.word)",
        fix: "the declaration holds")
    }
  }

  private func references(_ key: StaticString, _ direction: Variable.Direction, _ fields: Fields) -> [UInt16] {
    fields.texts(key).compactMap { text, position in
      let bare = bareName(text)
      let name = Array(bare.utf8)
      if let index = variableIndexes[NameKey(name)] {
        settleDirection(index, direction, bare, position)
        return UInt16(exactly: index)
      }
      // A name with an unknown type has been reported.
      guard bare == text else { return nil }
      let declared = automaton.variables.map { String(decoding: $0.name, as: UTF8.self) }
      let nearest = AutomatonLoader.nearest(bare, declared)
      problems.warning(
        .implicitVariable, position, "\"\(text)\" is not declared; it becomes a variable of type string",
        fix: nearest.map { "did you mean \"\($0)\"? else declare it below variables" } ?? "declare it below variables")
      addVariable(Variable(name: name, type: .string, direction: direction), position)
      return variableIndexes[NameKey(name)].flatMap { UInt16(exactly: $0) }
    }
  }

  private func settleDirection(
    _ index: Int, _ direction: Variable.Direction, _ name: String, _ position: YAMLPosition
  ) {
    if direction != .internal, openDirections.remove(index) != nil {
      automaton.variables[index].direction = direction
      return
    }
    let known = automaton.variables[index].direction
    if direction != .internal, known != direction {
      problems.warning(
        .conflict, position,
        "\"\(name)\" is listed as \(AutomatonLoader.word(direction)) and declared as \(AutomatonLoader.word(known))",
        fix: "the declaration holds")
    }
  }
}
