import Automata
import Script
import YAML

/// Bytes by which something is found.
struct NameKey: Hashable {
  var name: Name

  init(_ name: Name) { self.name = name }
  init(_ text: String) { name = Array(text.utf8) }

  /// All bytes at once; an array would take them one by one.
  func hash(into hasher: inout Hasher) { name.withUnsafeBytes { hasher.combine(bytes: $0) } }
}

/// The scripts that have been found right.
struct CheckedScripts {
  private var blocks: Set<NameKey> = []
  private var expressions: Set<NameKey> = []

  /// Scripts that are right are often there again.
  mutating func check(_ text: Name, isExpression: Bool) throws(SyntaxError) {
    let key = NameKey(text)
    guard isExpression ? expressions.insert(key).inserted : blocks.insert(key).inserted else { return }
    do { try ScriptCompiler.check(text, form: isExpression ? .expression : .block) } catch {
      if isExpression { expressions.remove(key) } else { blocks.remove(key) }
      throw error
    }
  }
}

extension AutomatonLoader {
  /// The script behind a key; its place is kept, and it is compiled when all is read.
  func script(_ key: StaticString, _ part: SourceMap.Script, in fields: Fields, isExpression: Bool = false) -> Name {
    guard let script = fields.script(key) else { return [] }
    sources.set(part, .scalar(script.node, context.source, file: problems.file))
    if script.text.isEmpty { return [] }
    compile(script.text, part, isExpression: isExpression) { line, column in
      SourcePlace(
        file: self.problems.file, position: self.context.source.place(in: script.node, line: line, column: column))
    }
    return script.text
  }

  /// Compiles all scripts of a model that has no text around it.
  func compileScripts() {
    func compile(_ text: Name, _ part: SourceMap.Script, _ owner: Name, isExpression: Bool = false) {
      guard !text.isEmpty else { return }
      self.compile(text, part, isExpression: isExpression, of: owner) { line, column in
        place(YAMLPosition(line: line, column: column))
      }
    }
    for (index, state) in automaton.states.enumerated() {
      compile(state.onEnter, .onEnter(index), state.name)
      compile(state.body, .body(index), state.name)
      compile(state.onExit, .onExit(index), state.name)
      compile(state.file, .file(index), state.name)
    }
    for (index, transition) in automaton.transitions.enumerated() {
      compile(transition.body, .transitionBody(index), transition.name)
      compile(transition.triggered, .triggered(index), transition.name)
      compile(transition.file, .transitionFile(index), transition.name)
      switch transition.trigger {
      case .classic(let classic): compile(classic.condition, .condition(index), transition.name, isExpression: true)
      case .timed(let timed): compile(timed.condition, .condition(index), transition.name, isExpression: true)
      case .event(let event): compile(event.condition, .condition(index), transition.name, isExpression: true)
      case .probabilistic(let chance):
        compile(chance.weightExpression, .weightExpression(index), transition.name, isExpression: true)
      case .immediate: break
      }
    }
  }

  /// Reports what is wrong with a script, where it stands in the file.
  ///
  /// - Parameter owner: the state or transition, where the place does not tell it.
  func compile(
    _ text: Name, _ part: SourceMap.Script, isExpression: Bool, of owner: Name? = nil,
    place: (_ line: Int, _ column: Int) -> SourcePlace
  ) {
    do { try checked.check(text, isExpression: isExpression) } catch {
      let place = place(Int(error.line), Int(error.column))
      if isExpression, automaton.semantics == .compat, AutomatonLoader.isBlock(text) {
        problems.add(
          FileProblem(
            .warning, .script, file: place.file, position: place.position,
            "the condition is no expression; compat semantics runs it as statements and takes it as true",
            fix: "write an expression"))
        return
      }
      let title = AutomatonLoader.title(part) + (owner.map { " of \"\(String(decoding: $0, as: UTF8.self))\"" } ?? "")
      var fix = ""
      if isExpression, AutomatonLoader.isBlock(text) {
        fix = "write an expression, or (function() ... end)() around statements"
      }
      problems.add(
        FileProblem(
          .error, .script, file: place.file, position: place.position,
          title + ": " + String(decoding: error.message, as: UTF8.self), fix: fix))
    }
  }

  private static func isBlock(_ text: Name) -> Bool { (try? ScriptCompiler.check(text)) != nil }

  private static func title(_ part: SourceMap.Script) -> String {
    switch part {
    case .onEnter: "on_enter"
    case .body: "code"
    case .onExit: "on_exit"
    case .condition: "condition"
    case .weightExpression: "weight_expression"
    case .transitionBody: "body"
    case .triggered: "triggered"
    case .file, .transitionFile: "file"
    }
  }
}
