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

    /// What a problem is about.
    public init(_ subject: ModelProblem.Subject) {
      switch subject {
      case .automaton: self = .automaton
      case .state(let index): self = .state(index)
      case .transition(let index): self = .transition(index)
      case .variable(let index): self = .variable(index)
      case .port(let index): self = .port(index)
      case .resource(let index): self = .resource(index)
      case .observableState(let index): self = .observableState(index)
      }
    }
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

  /// Where a script was written. Its lines are found when somebody asks for them.
  enum ScriptPlace: Sendable {
    /// As a scalar of a document.
    case scalar(FileNode, SourceText, file: String)
    /// As a file of its own.
    case file(String, lineCount: Int)

    func place(ofLine line: Int) -> SourcePlace? {
      switch self {
      case .scalar(let node, let source, let file):
        source.linePlace(of: node, line: line).map { SourcePlace(file: file, position: $0) }
      case .file(let file, let lineCount):
        line == 1 || (1...max(1, lineCount)).contains(line)
          ? SourcePlace(file: file, position: YAMLPosition(line: line, column: 1)) : nil
      }
    }
  }

  /// By kind of part, then by its number.
  private var places: [[SourcePlace?]] = Array(repeating: [], count: 9)
  private var scripts: [[ScriptPlace?]] = Array(repeating: [], count: 9)

  public init() {}

  /// `nil` for a part that was implied.
  public func place(of part: Part) -> SourcePlace? {
    if case .script(let script) = part { return scriptPlace(script)?.place(ofLine: 1) }
    let (kind, index) = SourceMap.slot(of: part)
    return places[kind].indices.contains(index) ? places[kind][index] : nil
  }

  /// The place of a place in a script.
  ///
  /// - Parameter line: of the script, from 1.
  /// - Parameter column: byte of that line, from 1.
  public func place(of script: Script, line: Int, column: Int = 1) -> SourcePlace? {
    guard let found = scriptPlace(script) else { return nil }
    guard let start = found.place(ofLine: line) else { return found.place(ofLine: 1) }
    return SourcePlace(
      file: start.file,
      position: YAMLPosition(line: start.position.line, column: start.position.column + max(0, column - 1)))
  }

  mutating func set(_ part: Part, _ place: SourcePlace) {
    let (kind, index) = SourceMap.slot(of: part)
    SourceMap.set(place, at: index, in: &places[kind])
  }

  mutating func set(_ script: Script, _ place: ScriptPlace) {
    let (kind, index) = SourceMap.slot(of: script)
    SourceMap.set(place, at: index, in: &scripts[kind])
  }

  private static func set<Place>(_ place: Place, at index: Int, in list: inout [Place?]) {
    while list.count <= index { list.append(nil) }
    list[index] = place
  }

  private func scriptPlace(_ script: Script) -> ScriptPlace? {
    let (kind, index) = SourceMap.slot(of: script)
    return scripts[kind].indices.contains(index) ? scripts[kind][index] : nil
  }

  private static func slot(of part: Part) -> (kind: Int, index: Int) {
    switch part {
    case .automaton: (0, 0)
    case .initialState: (0, 1)
    case .errorPolicy: (0, 2)
    case .state(let index): (1, index)
    case .transition(let index): (2, index)
    case .variable(let index): (3, index)
    case .port(let index): (4, index)
    case .resource(let index): (5, index)
    case .observableState(let index): (6, index)
    case .script(let script): slot(of: script)
    }
  }

  private static func slot(of script: Script) -> (kind: Int, index: Int) {
    switch script {
    case .onEnter(let index): (0, index)
    case .body(let index): (1, index)
    case .onExit(let index): (2, index)
    case .file(let index): (3, index)
    case .condition(let index): (4, index)
    case .weightExpression(let index): (5, index)
    case .transitionBody(let index): (6, index)
    case .triggered(let index): (7, index)
    case .transitionFile(let index): (8, index)
    }
  }
}
