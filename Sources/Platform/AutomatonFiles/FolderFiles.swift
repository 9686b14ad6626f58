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
  /// - Throws: also for names that no file can have, and for scripts that cannot stand in a function.
  public static func files(of automaton: Automaton, name: String) throws(UnwritableModel) -> [WrittenFile] {
    var files = [WrittenFile(path: name, bytes: Array(try text(of: automaton).utf8))]
    guard automaton.layout == .folder else { return files }
    let location = try Texts.string(automaton.location)
    let normal = FileAccess.normal(location)
    guard !normal.hasPrefix("/"), !normal.hasPrefix("..") else {
      throw UnwritableModel("the location \"\(location)\" lies outside the folder of the document")
    }
    let folder = normal.isEmpty ? "" : normal + "/"
    var owners: Set<String> = []
    for state in automaton.states {
      let hooks = [("on_enter", state.onEnter), ("body", state.body), ("on_exit", state.onExit)]
      files.append(try file(state.name, hooks, folder, &owners))
    }
    for transition in automaton.transitions {
      var condition: Name = []
      switch transition.trigger {
      case .classic(let classic): condition = classic.condition
      case .timed(let timed): condition = timed.condition
      case .event(let event): condition = event.condition
      case .probabilistic, .immediate: break
      }
      if !condition.isEmpty { condition = FolderHooks.function(of: condition) }
      let hooks = [("condition", condition), ("body", transition.body), ("triggered", transition.triggered)]
      let file = try file(transition.name, hooks, folder, &owners)
      if !file.bytes.isEmpty { files.append(file) }
    }
    return files
  }

  private static func file(
    _ name: Name, _ hooks: [(name: String, script: Name)], _ folder: String, _ owners: inout Set<String>
  ) throws(UnwritableModel) -> WrittenFile {
    let title = "\"\(String(decoding: name, as: UTF8.self))\""
    guard let path = FolderHooks.fileName(name) else { throw UnwritableModel("no file can have the name \(title)") }
    guard owners.insert(path).inserted else { throw UnwritableModel("two parts would share the file \(path)") }
    var bytes: [UInt8] = []
    for hook in hooks where !hook.script.isEmpty {
      guard let text = ScriptFile.text(hook.name, hook.script) else {
        throw UnwritableModel("\(hook.name) of \(title) cannot stand in a function")
      }
      if !bytes.isEmpty { bytes.append(0x0A) }
      bytes += text
    }
    return WrittenFile(path: folder + path, bytes: bytes)
  }
}
