import Automata

/// A file that is to be written.
public struct WrittenFile: Sendable, Equatable {
  /// Relative to the folder of the document.
  public var path: String
  public var bytes: [UInt8]

  public init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }
}

extension AutomatonFile {
  /// The document and, for a model with the folder layout, a file for each state and for each transition with scripts.
  ///
  /// - Parameter name: of the document.
  /// - Throws: also for names that no file can have.
  public static func files(of automaton: Automaton, name: String) throws(UnwritableModel) -> [WrittenFile] {
    guard automaton.layout == .folder else {
      return [WrittenFile(path: name, bytes: Array(try text(of: automaton).utf8))]
    }
    var document = automaton
    for index in document.states.indices { document.states[index].file = [] }
    for index in document.transitions.indices { document.transitions[index].file = [] }
    var files = [WrittenFile(path: name, bytes: Array(try text(of: document, hasFiles: true).utf8))]
    let location = try Texts.string(automaton.location)
    let normal = FileAccess.normal(location)
    guard !normal.hasPrefix("/"), !normal.hasPrefix("..") else {
      throw UnwritableModel("the location \"\(location)\" lies outside the folder of the document")
    }
    var owners: Set<String> = []
    func add(_ name: Name, _ bytes: [UInt8]) throws(UnwritableModel) {
      let title = "\"\(String(decoding: name, as: UTF8.self))\""
      guard let path = FolderHooks.fileName(name) else { throw UnwritableModel("no file can have the name \(title)") }
      guard owners.insert(path).inserted else { throw UnwritableModel("two parts would share the file \(path)") }
      files.append(WrittenFile(path: normal.isEmpty ? path : normal + "/" + path, bytes: bytes))
    }
    for state in automaton.states { try add(state.name, state.file) }
    for transition in automaton.transitions {
      if !transition.file.isEmpty {
        try add(transition.name, transition.file)
      } else if let path = FolderHooks.fileName(transition.name), !owners.insert(path).inserted {
        throw UnwritableModel("two parts would share the file \(path)")
      }
    }
    return files
  }
}

extension Automaton {
  /// The same automaton with its scripts in the files of the folder layout.
  ///
  /// - Throws: for a script that cannot stand in a function.
  public func inFolderLayout() throws(UnwritableModel) -> Automaton {
    guard layout != .folder else { return self }
    var moved = self
    moved.layout = .folder
    func function(_ name: String, _ script: Name, _ owner: Name) throws(UnwritableModel) -> Name {
      guard !script.isEmpty else { return [] }
      if let text = ScriptFile.text(name, script) { return text }
      throw UnwritableModel("\(name) of \"\(String(decoding: owner, as: UTF8.self))\" cannot stand in a function")
    }
    func joined(_ texts: [Name]) -> Name { Name(texts.filter { !$0.isEmpty }.joined(separator: [0x0A])) }
    for (index, state) in states.enumerated() {
      moved.states[index].file = joined([
        state.file, try function("on_enter", state.onEnter, state.name), try function("body", state.body, state.name),
        try function("on_exit", state.onExit, state.name),
      ])
      moved.states[index].onEnter = []
      moved.states[index].body = []
      moved.states[index].onExit = []
    }
    for (index, transition) in transitions.enumerated() {
      let condition = transition.trigger.condition
      moved.transitions[index].file = joined([
        transition.file,
        try function("condition", condition.isEmpty ? [] : FolderHooks.function(of: condition), transition.name),
        try function("body", transition.body, transition.name),
        try function("triggered", transition.triggered, transition.name),
      ])
      moved.transitions[index].trigger = transition.trigger.with(condition: [])
      moved.transitions[index].body = []
      moved.transitions[index].triggered = []
    }
    return moved
  }

  /// The same automaton with all scripts in the document. Code of a file outside its functions becomes the beginning of
  /// each hook, and so runs before every call instead of once.
  public func inInlineLayout() -> Automaton {
    var moved = self
    moved.layout = .inline
    for (index, state) in states.enumerated() where !state.file.isEmpty {
      let file = ScriptFile(state.file)
      func take(_ script: inout Name, _ name: String) {
        if script.isEmpty, let hook = file.hook(name, among: FolderHooks.state) { script = hook }
      }
      take(&moved.states[index].onEnter, "on_enter")
      take(&moved.states[index].body, "body")
      take(&moved.states[index].onExit, "on_exit")
      moved.states[index].file = []
    }
    for (index, transition) in transitions.enumerated() where !transition.file.isEmpty {
      let file = ScriptFile(transition.file)
      if transition.trigger.takesCondition, transition.trigger.condition.isEmpty,
        let hook = file.hook("condition", among: FolderHooks.transition), !hook.isEmpty
      {
        moved.transitions[index].trigger = transition.trigger.with(condition: FolderHooks.expression(of: hook))
      }
      if transition.body.isEmpty {
        moved.transitions[index].body = file.hook("body", among: FolderHooks.transition) ?? []
      }
      if transition.triggered.isEmpty {
        moved.transitions[index].triggered = file.hook("triggered", among: FolderHooks.transition) ?? []
      }
      moved.transitions[index].file = []
    }
    return moved
  }

  /// Whether moving the scripts into the document changes when some code runs.
  public var hasCodeOutsideFunctions: Bool {
    states.contains { !ScriptFile($0.file).outside(FolderHooks.state).isEmpty }
      || transitions.contains { !ScriptFile($0.file).outside(FolderHooks.transition).isEmpty }
  }
}

extension Automaton {
  /// The same automaton without what is there for readers and never looked at by an engine.
  public func withoutNotes() -> Automaton {
    var bare = self
    bare.version = []
    bare.description = []
    bare.author = []
    bare.tags = []
    bare.target = Target()
    for index in bare.states.indices {
      bare.states[index].description = []
      bare.states[index].inputs = []
      bare.states[index].outputs = []
      bare.states[index].variables = []
      bare.states[index].position = nil
    }
    for index in bare.transitions.indices { bare.transitions[index].description = [] }
    for index in bare.variables.indices { bare.variables[index].description = [] }
    return bare
  }
}
