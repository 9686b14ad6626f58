import Script

/// A model made ready to run: its scripts compiled, its references resolved. Never changes; any number of engines share it.
public final class CompiledAutomaton: Sendable {
  public let model: Automaton
  public let semantics: Semantics
  /// SHA-256 of the binary form of the model.
  public let hash: [UInt8]
  let states: [CompiledState]
  let transitions: [CompiledTransition]
  let signals: [CompiledSignal]
  /// Positions of transitions and states, in slices.
  let lists: [Int32]
  let programs: [CompiledProgram]
  /// Variables that scripts can name as globals, in order.
  let sharedVariables: [Int]
  /// A bit for each function of `HostFunctions.all` that scripts can name.
  let hostFunctions: UInt32
  let isHierarchical: Bool

  /// Why a model cannot be run.
  public enum Failure: Error, Sendable, Equatable {
    case model([ModelProblem])
    case script(ScriptProblem)
  }

  /// A script that is not a program, and where it stands.
  public struct ScriptProblem: Error, Sendable, Equatable {
    public var place: ScriptPlace
    public var error: SyntaxError
  }

  /// Makes a model ready.
  ///
  /// - Parameter semantics: The rules to run it by; the model's own, or `strict`, without.
  /// - Throws: What is wrong with the model; in strict semantics, the first script that is not a program.
  public init(_ model: Automaton, semantics: Semantics? = nil) throws(Failure) {
    let problems = model.problems()
    guard problems.isEmpty else { throw .model(problems) }
    self.model = model
    let chosen = semantics ?? model.semantics ?? .strict
    self.semantics = chosen
    hash = ModelCodec.hash(model)
    var compiler = ScriptCollector(model, chosen)
    var states: [CompiledState] = []
    for index in model.states.indices {
      let state = model.states[index]
      let file = try compiler.add(state.file, ScriptPlace(part: .file, owner: .state(index)), .block)
      states.append(
        CompiledState(
          onEnter: try compiler.add(
            state.onEnter, ScriptPlace(part: .onEnter, owner: .state(index)), .block, file: file),
          body: try compiler.add(state.body, ScriptPlace(part: .body, owner: .state(index)), .block, file: file),
          onExit: try compiler.add(state.onExit, ScriptPlace(part: .onExit, owner: .state(index)), .block, file: file)))
    }
    var transitions: [CompiledTransition] = []
    var signals: [CompiledSignal] = []
    var lists: [Int32] = []
    for index in model.transitions.indices {
      transitions.append(try CompiledTransition(model, index, &compiler, &signals))
    }
    CompiledState.connect(&states, transitions, model, &lists)
    self.states = states
    self.transitions = transitions
    self.signals = signals
    self.lists = lists
    programs = compiler.programs
    isHierarchical = model.isHierarchical
    sharedVariables = compiler.sharedVariables()
    hostFunctions = compiler.hostFunctions()
  }
}

/// Where a script stands in a model.
public struct ScriptPlace: Sendable, Equatable {
  public enum Part: UInt8, Sendable {
    case onEnter = 1
    case body = 2
    case onExit = 3
    case condition = 4
    case transitionBody = 5
    case triggered = 6
    case weight = 7
    case file = 8
  }

  public enum Owner: Sendable, Equatable {
    case state(Int)
    case transition(Int)
  }

  public var part: Part
  public var owner: Owner

  /// As errors of the script show it, for example `on_enter of Heating`.
  func title(in model: Automaton) -> Name {
    let prefix: StaticString
    switch part {
    case .onEnter: prefix = "on_enter of "
    case .body: prefix = "body of "
    case .onExit: prefix = "on_exit of "
    case .condition: prefix = "condition of "
    case .transitionBody: prefix = "body of "
    case .triggered: prefix = "triggered of "
    case .weight: prefix = "weight of "
    case .file: prefix = "file of "
    }
    return Name(prefix) + model.name(of: owner)
  }
}

extension Automaton {
  func name(of owner: ScriptPlace.Owner) -> Name {
    switch owner {
    case .state(let index): index < states.count ? states[index].name : []
    case .transition(let index): index < transitions.count ? transitions[index].name : []
    }
  }
}

extension [UInt8] {
  init(_ text: StaticString) {
    self = []
    let start = text.utf8Start
    reserveCapacity(text.utf8CodeUnitCount)
    for index in 0..<text.utf8CodeUnitCount { append(start[index]) }
  }
}

/// A script of the model.
struct CompiledProgram: Sendable {
  /// `nil` when the text is not a program, which only compat semantics lets pass.
  var program: Program?
  var place: ScriptPlace
  /// Position of the file among the programs, when this is a function of a file.
  var file: Int32 = -1
  /// A condition that is run as statements and holds when they end without an error (compat).
  var isTrueWhenItEnds = false
}

/// Compiles the scripts of a model, each text once per place.
struct ScriptCollector {
  let semantics: Semantics
  private let model: Automaton
  var programs: [CompiledProgram] = []
  private var names: [Name] = []
  private var usesEnvironment = false

  init(_ model: Automaton, _ semantics: Semantics) {
    self.model = model
    self.semantics = semantics
  }

  /// - Returns: the position of the program, or -1 when there is none.
  mutating func add(
    _ source: Name, _ place: ScriptPlace, _ form: ScriptCompiler.Form, file: Int32 = -1
  ) throws(CompiledAutomaton.Failure) -> Int32 {
    if source.isEmpty {
      guard file >= 0 else { return -1 }
      programs.append(CompiledProgram(program: nil, place: place, file: file))
      return Int32(programs.count - 1)
    }
    collectNames(source)
    var compiled = CompiledProgram(program: nil, place: place)
    let title = place.title(in: model)
    do throws(SyntaxError) {
      compiled.program = try ScriptCompiler.compile(source, name: title, form: form)
    } catch {
      // A condition may be written as statements too.
      let block = form == .expression ? Self.block(source, title) : nil
      compiled.program = block
      compiled.isTrueWhenItEnds = semantics == .compat
      if block == nil && semantics == .strict {
        throw .script(CompiledAutomaton.ScriptProblem(place: place, error: error))
      }
    }
    programs.append(compiled)
    return Int32(programs.count - 1)
  }

  private static func block(_ source: Name, _ title: Name) -> Program? {
    do throws(SyntaxError) { return try ScriptCompiler.compile(source, name: title, form: .block) } catch { return nil }
  }

  /// Notes every identifier of a script, roughly: words in comments and strings count too.
  private mutating func collectNames(_ source: Name) {
    var word: Name = []
    for byte in source + [0x20] {
      let isPart = (byte | 0x20) &- 97 < 26 || byte == 95 || byte &- 48 < 10
      if isPart {
        word.append(byte)
      } else if !word.isEmpty {
        if word == Name("_G") || word == Name("_ENV") { usesEnvironment = true }
        if !names.contains(word) { names.append(word) }
        word = []
      }
    }
  }

  func hostFunctions() -> UInt32 {
    var bits: UInt32 = 0
    for (index, entry) in HostFunctions.all.enumerated() where usesEnvironment || names.contains(Name(entry.name)) {
      bits |= 1 << UInt32(index)
    }
    return bits
  }

  func sharedVariables() -> [Int] {
    model.variables.indices.filter { usesEnvironment || names.contains(model.variables[$0].name) }
  }
}
