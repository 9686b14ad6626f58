import Automata
import Script
import YAML

extension AutomatonLoader {
  /// The script behind a key; its place is kept, and it is compiled when all is read.
  func script(_ key: String, _ part: SourceMap.Script, in fields: Fields, isExpression: Bool = false) -> Name {
    guard let script = fields.script(key), !script.text.isEmpty else { return [] }
    let lines = context.source.linePlaces(of: script.node)
    sources.set(part, place(lines[0]), lines: lines)
    compile(script.text, part, isExpression: isExpression) { line, column in
      SourcePlace(
        file: self.problems.file, position: self.context.source.place(in: script.node, line: line, column: column))
    }
    return script.text
  }

  /// Reports what is wrong with a script, where it stands in the file.
  func compile(
    _ text: Name, _ part: SourceMap.Script, isExpression: Bool, place: (_ line: Int, _ column: Int) -> SourcePlace
  ) {
    do {
      _ = try ScriptCompiler.compile(text, name: [], form: isExpression ? .expression : .block)
    } catch {
      let place = place(Int(error.line), Int(error.column))
      if isExpression, automaton.semantics == .compat, AutomatonLoader.isBlock(text) {
        problems.add(
          FileProblem(
            .warning, .script, file: place.file, position: place.position,
            "the condition is no expression; compat semantics runs it as statements and takes it as true",
            fix: "write an expression"))
        return
      }
      var fix = ""
      if isExpression, AutomatonLoader.isBlock(text) {
        fix = "write an expression, or (function() ... end)() around statements"
      }
      problems.add(
        FileProblem(
          .error, .script, file: place.file, position: place.position,
          "\(AutomatonLoader.title(part)): \(String(decoding: error.message, as: UTF8.self))", fix: fix))
    }
  }

  private static func isBlock(_ text: Name) -> Bool { (try? ScriptCompiler.compile(text, name: [])) != nil }

  private static func title(_ part: SourceMap.Script) -> String {
    switch part {
    case .onEnter: "on_enter"
    case .body: "code"
    case .onExit: "on_exit"
    case .condition: "condition"
    case .weightExpression: "weight_expression"
    case .transitionBody: "body"
    case .triggered: "triggered"
    }
  }
}
