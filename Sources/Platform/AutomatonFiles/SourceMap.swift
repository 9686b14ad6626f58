import Automata
import YAML

/// A place in one of the files that an automaton was read from.
public struct SourcePlace: Sendable, Equatable, CustomStringConvertible {
  public var file: String
  public var position: YAMLPosition

  public init(file: String, position: YAMLPosition) {
    self.file = file
    self.position = position
  }

  /// `file:line:column`.
  public var description: String { file.isEmpty ? "\(position)" : "\(file):\(position)" }
}

/// Where the parts of an automaton stand in its files. Numbers are positions in the lists of the model.
public struct SourceMap: Sendable {
  public enum Part: Hashable, Sendable {
    case automaton
    case initialState
    case errorPolicy
    case state(Int)
    case transition(Int)
    case variable(Int)
    /// Of the contract.
    case port(Int)
    case resource(Int)
    case observableState(Int)
    case script(Script)
  }

  public enum Script: Hashable, Sendable {
    /// Of a state.
    case onEnter(Int)
    case body(Int)
    case onExit(Int)
    case file(Int)
    /// Of a transition.
    case condition(Int)
    case weightExpression(Int)
    case transitionBody(Int)
    case triggered(Int)
    case transitionFile(Int)
  }

  private var places: [Part: SourcePlace] = [:]
  /// Where each line of a script begins.
  private var scriptLines: [Script: [YAMLPosition]] = [:]

  public init() {}

  /// `nil` for a part that was implied.
  public func place(of part: Part) -> SourcePlace? { places[part] }

  /// The place of a place in a script.
  ///
  /// - Parameter line: of the script, from 1.
  /// - Parameter column: byte of that line, from 1.
  public func place(of script: Script, line: Int, column: Int = 1) -> SourcePlace? {
    guard let start = places[.script(script)] else { return nil }
    guard let lines = scriptLines[script], line >= 1, line <= lines.count else { return start }
    let lineStart = lines[line - 1]
    return SourcePlace(
      file: start.file, position: YAMLPosition(line: lineStart.line, column: lineStart.column + max(0, column - 1)))
  }

  mutating func set(_ part: Part, _ place: SourcePlace) { places[part] = place }

  mutating func set(_ script: Script, _ place: SourcePlace, lines: [YAMLPosition]) {
    places[.script(script)] = place
    scriptLines[script] = lines
  }
}
