import Automata
import Script
import YAML

/// Names of functions in the files of a folder layout.
enum FolderHooks {
  static let state = ["body", "on_enter", "on_exit"]
  static let transition = ["condition", "body", "triggered"]

  /// The file of a state or transition; `nil` for a name that no file can have.
  static func fileName(_ name: Name) -> String? {
    guard let text = String(validating: name, as: UTF8.self), !text.isEmpty, name.count <= 240,
      !name.contains(0), !name.contains(UInt8(ascii: "/")), !name.contains(UInt8(ascii: "\\"))
    else { return nil }
    return text + ".lua"
  }

  private static let functionStart = Array("(function()\n".utf8)
  private static let functionEnd = Array("end)()".utf8)

  /// The expression that a `condition` function stands for.
  static func expression(of function: Name) -> Name {
    let word = Array("return ".utf8)
    let start = function.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
    if start.starts(with: word) {
      let expression = Name(start.dropFirst(word.count))
      if (try? ScriptCompiler.compile(expression, name: [], form: .expression)) != nil { return expression }
    }
    let end: Name = function.last == 0x0A ? [] : [0x0A]
    return functionStart + function + end + functionEnd
  }

  /// What a `condition` function must say to stand for an expression.
  static func function(of expression: Name) -> Name {
    if expression.starts(with: functionStart), expression.count >= functionStart.count + functionEnd.count,
      expression.suffix(functionEnd.count).elementsEqual(functionEnd)
    {
      let inner = Name(expression.dropFirst(functionStart.count).dropLast(functionEnd.count))
      if FolderHooks.expression(of: inner) == expression { return inner }
    }
    return Array("return ".utf8) + expression
  }
}

extension AutomatonLoader {
  /// Takes the scripts from the files of the folder layout.
  func readFolder() {
    let folder = access.below(String(decoding: automaton.location, as: UTF8.self))
    var owners: [String: String] = [:]
    for index in automaton.states.indices {
      guard let path = claim(automaton.states[index].name, .state(index), &owners) else { continue }
      guard let file = scriptFile(path, folder, .state(index), isRequired: true) else { continue }
      report(file, path, FolderHooks.state)
      take(file, path, "body", FolderHooks.state, .body(index)) { automaton.states[index].body = $0 }
      take(file, path, "on_enter", FolderHooks.state, .onEnter(index)) { automaton.states[index].onEnter = $0 }
      take(file, path, "on_exit", FolderHooks.state, .onExit(index)) { automaton.states[index].onExit = $0 }
    }
    for index in automaton.transitions.indices {
      guard let path = claim(automaton.transitions[index].name, .transition(index), &owners) else { continue }
      guard let file = scriptFile(path, folder, .transition(index), isRequired: false) else { continue }
      report(file, path, FolderHooks.transition)
      let hooks = FolderHooks.transition
      take(file, path, "body", hooks, .transitionBody(index)) { automaton.transitions[index].body = $0 }
      take(file, path, "triggered", hooks, .triggered(index)) { automaton.transitions[index].triggered = $0 }
      takeCondition(file, path, index)
    }
  }

  private func setCondition(_ condition: Name, _ index: Int, _ path: String) {
    switch automaton.transitions[index].trigger {
    case .classic(var classic):
      classic.condition = condition
      automaton.transitions[index].trigger = .classic(classic)
    case .timed(var timed):
      timed.condition = condition
      automaton.transitions[index].trigger = .timed(timed)
    case .event(var event):
      event.condition = condition
      automaton.transitions[index].trigger = .event(event)
    case .probabilistic, .immediate:
      problems.add(
        FileProblem(
          .warning, .noEffect, file: filePath(path), position: nil,
          "condition() has no effect in a transition of this type"))
    }
  }

  private func filePath(_ path: String) -> String {
    let folder = FileAccess.folder(of: problems.file)
    let location = String(decoding: automaton.location, as: UTF8.self)
    return [folder, location == "." ? "" : location, path].filter { !$0.isEmpty }.joined(separator: "/")
  }

  /// The file of a part; two parts must not share one.
  private func claim(_ name: Name, _ part: SourceMap.Part, _ owners: inout [String: String]) -> String? {
    let title = "\"\(String(decoding: name, as: UTF8.self))\""
    guard let file = FolderHooks.fileName(name) else {
      problems.error(
        .fileName, sources.place(of: part)?.position, "no file can have the name \(title)", fix: "choose another name")
      return nil
    }
    if let owner = owners[file] {
      problems.error(
        .fileName, sources.place(of: part)?.position, "\(title) would share the file \(file) with \(owner)",
        fix: "choose another name")
      return nil
    }
    owners[file] = title
    return file
  }

  private func scriptFile(
    _ path: String, _ folder: FileAccess, _ part: SourceMap.Part, isRequired: Bool
  ) -> ScriptFile? {
    let position = sources.place(of: part)?.position
    switch folder.read(path) {
    case .bytes(let bytes): return ScriptFile(bytes)
    case .missing:
      if isRequired {
        problems.error(
          .unreadable, position, "there is no file \(filePath(path))",
          fix: "write one with function body(), on_enter() or on_exit(); it may be empty")
      }
    case .failed(let reason): problems.error(.unreadable, position, "\(filePath(path)): \(reason)")
    }
    return nil
  }

  private func report(_ file: ScriptFile, _ path: String, _ hooks: [String]) {
    var seen: Set<String> = []
    for function in file.functions where hooks.contains(function.name) {
      if function.hasParameters {
        problems.add(
          FileProblem(
            .warning, .script, file: filePath(path), position: function.position,
            "\(function.name)() is called without arguments", fix: "remove its parameters"))
      }
      if !seen.insert(function.name).inserted {
        problems.add(
          FileProblem(
            .error, .duplicateName, file: filePath(path), position: function.position,
            "\(function.name)() is defined twice", fix: "keep one"))
      }
    }
    // A file that is no program defines nothing that could be found in it.
    do { _ = try ScriptCompiler.compile(file.bytes, name: []) } catch {
      problems.add(
        FileProblem(
          .error, .script, file: filePath(path),
          position: YAMLPosition(line: Int(error.line), column: Int(error.column)),
          String(decoding: error.message, as: UTF8.self)))
    }
  }

  private func takeCondition(_ file: ScriptFile, _ path: String, _ index: Int) {
    guard var hook = file.hook("condition", among: FolderHooks.transition), !hook.text.isEmpty else { return }
    let expression = FolderHooks.expression(of: hook.text)
    if expression.count < hook.text.count {
      hook.lines[0].column += hook.text.count - expression.count
    } else {
      hook.lines.insert(hook.lines[0], at: 0)
    }
    take(ScriptFile.Hook(text: expression, lines: hook.lines), path, .condition(index)) {
      setCondition($0, index, path)
    }
  }

  private func take(
    _ file: ScriptFile, _ path: String, _ name: String, _ hooks: [String], _ part: SourceMap.Script,
    _ set: (Name) -> Void
  ) {
    guard let hook = file.hook(name, among: hooks), !hook.text.isEmpty else { return }
    take(hook, path, part, set)
  }

  private func take(_ hook: ScriptFile.Hook, _ path: String, _ part: SourceMap.Script, _ set: (Name) -> Void) {
    if let earlier = sources.place(of: .script(part)) {
      problems.error(
        .conflict, earlier.position, "\(filePath(path)) defines this script too", fix: "keep one of them")
      return
    }
    let first = hook.lines.first ?? YAMLPosition(line: 1, column: 1)
    sources.set(part, SourcePlace(file: filePath(path), position: first), lines: hook.lines)
    set(hook.text)
  }
}
