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
  /// Takes the files of the folder layout: one per state, which must be there, and one per transition, which may be.
  /// Parts whose file stands in the document have none.
  func readFolder(_ access: FileAccess) {
    let folder = access.below(String(decoding: automaton.location, as: UTF8.self))
    var owners: [String: String] = [:]
    for index in automaton.states.indices where sources.place(of: .script(.file(index))) == nil {
      guard let path = claim(automaton.states[index].name, .state(index), &owners),
        let bytes = scriptFile(path, folder, .state(index), isRequired: true)
      else { continue }
      automaton.states[index].file = bytes
      keep(ScriptFile(bytes), path, .file(index))
    }
    for index in automaton.transitions.indices where sources.place(of: .script(.transitionFile(index))) == nil {
      // A transition needs no file, and so no name that a file can have.
      guard FolderHooks.fileName(automaton.transitions[index].name) != nil,
        let path = claim(automaton.transitions[index].name, .transition(index), &owners),
        let bytes = scriptFile(path, folder, .transition(index), isRequired: false)
      else { continue }
      automaton.transitions[index].file = bytes
      keep(ScriptFile(bytes), path, .transitionFile(index))
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
  ) -> Name? {
    let position = sources.place(of: part)?.position
    switch folder.read(path) {
    case .bytes(let bytes): return bytes
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

  private func keep(_ file: ScriptFile, _ path: String, _ part: SourceMap.Script) {
    let name = filePath(path)
    sources.set(part, .file(name, lineCount: file.lineCount))
    compile(file.bytes, part, isExpression: false) { line, column in
      SourcePlace(file: name, position: YAMLPosition(line: line, column: column))
    }
  }

  // MARK: What files define

  /// Looks into every file of the model for what would surprise its author.
  func checkFiles() {
    for (index, state) in automaton.states.enumerated() where !state.file.isEmpty {
      let scripts: [(String, SourceMap.Script, Name)] = [
        ("body", .body(index), state.body), ("on_enter", .onEnter(index), state.onEnter),
        ("on_exit", .onExit(index), state.onExit),
      ]
      check(state.file, .file(index), scripts, others: FolderHooks.transition)
    }
    for (index, transition) in automaton.transitions.enumerated() where !transition.file.isEmpty {
      let scripts: [(String, SourceMap.Script, Name)] = [
        ("condition", .condition(index), transition.trigger.condition),
        ("body", .transitionBody(index), transition.body),
        ("triggered", .triggered(index), transition.triggered),
      ]
      check(transition.file, .transitionFile(index), scripts, others: FolderHooks.state)
    }
  }

  private func check(
    _ bytes: Name, _ part: SourceMap.Script, _ hooks: [(name: String, part: SourceMap.Script, script: Name)],
    others: [String]
  ) {
    let file = ScriptFile(bytes)
    func report(
      _ severity: FileProblem.Severity, _ rule: FileProblem.Rule, _ function: ScriptFile.Function, _ message: String,
      fix: String
    ) {
      let place =
        sources.place(of: part, line: function.position.line, column: function.position.column)
        ?? place(function.position)
      problems.add(
        FileProblem(severity, rule, file: place.file, position: place.position, message, fix: fix))
    }
    var seen: Set<String> = []
    for function in file.functions {
      guard let hook = hooks.first(where: { $0.name == function.name }) else {
        if others.contains(function.name) {
          report(
            .warning, .noEffect, function, "\(function.name)() is never called here",
            fix: "accepted: " + hooks.map(\.name).joined(separator: ", "))
        }
        continue
      }
      if function.hasParameters {
        report(
          .warning, .script, function, "\(function.name)() is called without arguments", fix: "remove its parameters")
      }
      if !seen.insert(function.name).inserted {
        report(.error, .duplicateName, function, "\(function.name)() is defined twice", fix: "keep one")
      }
      if !hook.script.isEmpty {
        let other = sources.place(of: .script(hook.part)).map { "at \($0)" } ?? "in the document"
        report(
          .error, .conflict, function, "\(function.name)() is written \(other) too", fix: "keep one of them")
      }
    }
  }
}

extension Trigger {
  /// The condition that a file may define instead.
  var condition: Name {
    switch self {
    case .classic(let classic): classic.condition
    case .timed(let timed): timed.condition
    case .event(let event): event.condition
    case .probabilistic, .immediate: []
    }
  }

  /// Whether the transition looks at a condition at all.
  var takesCondition: Bool {
    switch self {
    case .classic, .timed, .event: true
    case .probabilistic, .immediate: false
    }
  }

  func with(condition: Name) -> Trigger {
    switch self {
    case .classic(var classic):
      classic.condition = condition
      return .classic(classic)
    case .timed(var timed):
      timed.condition = condition
      return .timed(timed)
    case .event(var event):
      event.condition = condition
      return .event(event)
    case .probabilistic, .immediate: return self
    }
  }
}
