import Automata
import YAML

/// Words for what wires do to values.
enum WireTransforms {
  static let all: [(word: String, conversion: WireConversion)] = [
    ("negate", .negate), ("invert", .invert), ("double", .double), ("half", .half), ("to_string", .text),
  ]

  static func conversion(_ word: String) -> WireConversion { all.first { $0.word == word }?.conversion ?? .none }
  static func word(_ conversion: WireConversion) -> String? { all.first { $0.conversion == conversion }?.word }

  /// The type that comes out; `nil` when the conversion takes no such value.
  static func result(of conversion: WireConversion, _ type: ValueType) -> ValueType? {
    conversion.apply(.zero(of: type))?.type
  }

  /// Types that it takes, for messages.
  static func taken(by conversion: WireConversion) -> String {
    switch conversion {
    case .invert: "bool"
    case .negate, .double, .half: "numbers"
    case .text, .none: "everything but void and table"
    }
  }
}

/// Automata that run together, with wires from outputs to inputs.
public struct Composition: Sendable, Equatable {
  public struct Instance: Sendable, Equatable {
    public var id: String
    /// As written, relative to the file of the composition.
    public var source: String
    /// Which automaton of a project; empty for the only one.
    public var automatonID: String
    public var description: String
    public var automaton: Automaton
  }

  /// One end of a wire.
  public struct End: Sendable, Equatable {
    /// Position in `instances`.
    public var instance: Int
    /// Position in the automaton's variables.
    public var variable: Int
  }

  public struct Wire: Sendable, Equatable {
    public var from: End
    public var to: End
    public var conversion: WireConversion
    public var isEnabled: Bool
    /// It may close a cycle.
    public var isFeedback: Bool
    public var description: String
  }

  public var name: String
  public var description: String
  /// In order of declaration.
  public var instances: [Instance]
  /// In order of declaration.
  public var wires: [Wire]
}

extension Composition {
  /// What runs: the automata made ready, and the wires that are enabled.
  ///
  /// - Parameter semantics: for automata that name none.
  public func network(semantics: Semantics? = nil) throws(CompiledAutomaton.Failure) -> Network {
    var ready: [Network.Instance] = []
    // Instances of one source share their programs.
    var known: [(automaton: Automaton, compiled: CompiledAutomaton)] = []
    for instance in instances {
      let compiled: CompiledAutomaton
      if let same = known.first(where: { $0.automaton == instance.automaton }) {
        compiled = same.compiled
      } else {
        compiled = try CompiledAutomaton(instance.automaton, semantics: instance.automaton.semantics ?? semantics)
        known.append((instance.automaton, compiled))
      }
      ready.append(Network.Instance(name: Array(instance.id.utf8), automaton: compiled))
    }
    return Network(
      name: Array(name.utf8), instances: ready,
      wires: wires.filter(\.isEnabled).map {
        Network.Wire(
          source: $0.from.instance, output: $0.from.variable, target: $0.to.instance, input: $0.to.variable,
          conversion: $0.conversion)
      })
  }
}

/// A composition with what its files tell beyond it.
public struct LoadedComposition: Sendable {
  public var composition: Composition
  /// Of the composition itself, then those of its automata.
  public var warnings: [FileProblem]
  /// Per instance.
  public var sources: [SourceMap]
  /// Per wire.
  public var wirePlaces: [SourcePlace]
}

/// The file of a composition: `system.automata.<id>.source`, and `wiring` with `from` and `to`.
public enum CompositionFile {
  /// Instances of one composition.
  public static let instancesMax = 4096

  /// Whether a document is a composition rather than an automaton: it has `system`.
  public static func isComposition(_ text: [UInt8]) -> Bool {
    // Most files do not have the word at all, and need not be read for that.
    let word = Array("system".utf8)
    guard text.indices.contains(where: { text[$0] == word[0] && text[$0...].starts(with: word) }) else { return false }
    guard let documents = try? YAML.parse(text, limits: AutomatonFile.limits), let root = documents.first?.root else {
      return false
    }
    switch root.content {
    case .mapping(let members): return members.contains { $0.name == "system" }
    case .sequence(let items):
      return items.contains { item in
        if case .mapping(let members) = item.content { return members.contains { $0.name == "system" } }
        return false
      }
    case .scalar: return false
    }
  }

  /// Reads a composition with all its automata, and checks its wires: both ends exist, directions and types fit, no
  /// input has two sources, and no value comes back to where it was.
  ///
  /// - Parameter access: reaches the automata, relative to the folder of `file`.
  public static func load(
    _ text: [UInt8], file: String = "", options: LoadOptions = LoadOptions(), access: FileAccess = .none
  ) throws(RefusedFile) -> LoadedComposition {
    let problems = Problems(file: file)
    guard let root = AutomatonFile.parse(text, problems) else { throw RefusedFile(problems.sorted) }
    let context = FileContext(source: SourceText(text), problems: problems, strictUnits: options.strictUnits)
    let loader = CompositionLoader(context, options: options, access: access)
    loader.read(root)
    guard !problems.hasErrors else { throw RefusedFile(problems.sorted) }
    return LoadedComposition(
      composition: loader.composition, warnings: problems.sorted, sources: loader.sources,
      wirePlaces: loader.wirePlaces)
  }

  /// The file of a composition; reading it gives the composition again, as long as the sources say the same.
  public static func text(of composition: Composition) throws(UnwritableModel) -> String {
    try CompositionForm(composition).text()
  }
}
