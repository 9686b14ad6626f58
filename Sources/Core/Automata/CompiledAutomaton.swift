import Script

/// A model made ready to run: its scripts compiled, its references resolved. Never changes; any number of engines share it.
public final class CompiledAutomaton: Sendable {
  // What they are is said in `CompiledParts`.
  public let semantics: Semantics
  /// SHA-256 of the binary form of the model.
  public let hash: [UInt8]
  public let name: Name
  public let variables: [Variable]
  let errorPolicy: ErrorPolicy
  let initialState: StateIndex
  let names: FixedList<Name>
  let states: FixedList<CompiledState>
  let transitions: FixedList<CompiledTransition>
  let signals: FixedList<CompiledSignal>
  let lists: FixedList<Int32>
  let programs: FixedList<CompiledProgram>
  let sharedVariables: FixedList<Int32>
  let hostFunctions: UInt32
  let isHierarchical: Bool
  /// Not there when it was loaded in the form for devices.
  private let source: Source?

  /// The model that it was made of. An object of its own, so that a device, which has none, needs no code for it.
  private final class Source: Sendable {
    let model: Automaton
    init(_ model: Automaton) { self.model = model }
  }

  /// The model that it was made of. Of an automaton that was loaded in the form for devices, nothing but what that form
  /// keeps: name and variables.
  public var model: Automaton {
    if let source { return source.model }
    var model = Automaton(name: name)
    model.variables = variables
    return model
  }

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
  public convenience init(_ model: Automaton, semantics: Semantics? = nil) throws(Failure) {
    let problems = model.problems()
    guard problems.isEmpty else { throw .model(problems) }
    var parts = CompiledParts()
    parts.semantics = semantics ?? model.semantics ?? .strict
    parts.hash = ModelCodec.hash(model)
    parts.name = model.name
    parts.variables = model.variables
    parts.errorPolicy = model.errorPolicy
    parts.initialState = model.initialState
    parts.names = model.states.map { $0.name } + model.transitions.map { $0.name }
    var compiler = ScriptCollector(model, parts.semantics)
    for index in model.states.indices {
      let state = model.states[index]
      let file = try compiler.add(state.file, ScriptPlace(part: .file, owner: .state(index)), .block)
      parts.states.append(
        CompiledState(
          onEnter: try compiler.add(
            state.onEnter, ScriptPlace(part: .onEnter, owner: .state(index)), .block, file: file),
          body: try compiler.add(state.body, ScriptPlace(part: .body, owner: .state(index)), .block, file: file),
          onExit: try compiler.add(state.onExit, ScriptPlace(part: .onExit, owner: .state(index)), .block, file: file)))
    }
    for index in model.transitions.indices {
      let transition = try CompiledTransition(model, index, &compiler, &parts.signals, &parts.names)
      parts.transitions.append(transition)
    }
    parts.connect(model)
    parts.programs = compiler.programs
    parts.sharedVariables = compiler.sharedVariables()
    parts.hostFunctions = compiler.hostFunctions()
    self.init(FixedParts(parts), Source(model))
  }

  private init(_ parts: consuming FixedParts, _ source: Source?) {
    self.source = source
    isHierarchical = parts.isHierarchical
    semantics = parts.semantics
    hash = parts.hash
    name = parts.name
    variables = parts.variables
    errorPolicy = parts.errorPolicy
    initialState = parts.initialState
    names = parts.names
    states = parts.states
    transitions = parts.transitions
    signals = parts.signals
    lists = parts.lists
    programs = parts.programs
    sharedVariables = parts.sharedVariables
    hostFunctions = parts.hostFunctions
  }

  /// Reads the form for devices. Whatever the bytes are, running what was read is safe.
  public convenience init(deviceForm bytes: [UInt8]) throws(DeviceForm.DecodingError) {
    var reader = DeviceFormReader(bytes)
    self.init(try reader.parts(), nil)
  }

  // MARK: Names

  /// Empty for a state that is not there.
  public func name(of state: StateIndex) -> Name { state.index < states.count ? names[state.index] : [] }

  /// The name of a transition, by position.
  public func name(ofTransition index: Int) -> Name { index < transitions.count ? names[states.count + index] : [] }

  func name(of owner: ScriptPlace.Owner) -> Name {
    switch owner {
    case .state(let index): name(of: StateIndex(index))
    case .transition(let index): name(ofTransition: index)
    }
  }

  /// The position of a variable.
  public func variable(named name: Name) -> Int? { variables.firstIndex { $0.name == name } }
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

  public init(part: Part, owner: Owner) {
    self.part = part
    self.owner = owner
  }

  /// As errors of the script show it, for example `on_enter of Heating`.
  ///
  /// - Parameter name: The name of the state or transition.
  public func title(_ name: Name) -> Name {
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
    return Name(prefix) + name
  }
}

extension Automaton {
  /// The name of the state or transition that has a script.
  public func name(of owner: ScriptPlace.Owner) -> Name {
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
  var script: CompiledScript?
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
      programs.append(CompiledProgram(place: place, file: file))
      return Int32(programs.count - 1)
    }
    collectNames(source)
    var compiled = CompiledProgram(place: place)
    let title = place.title(model.name(of: place.owner))
    do throws(SyntaxError) {
      compiled.script = CompiledScript(try ScriptCompiler.compile(source, name: title, form: form))
    } catch {
      // A condition may be written as statements too.
      let block = form == .expression ? Self.block(source, title) : nil
      compiled.script = block.map { CompiledScript($0) }
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

  func sharedVariables() -> [Int32] {
    model.variables.indices.filter { usesEnvironment || names.contains(model.variables[$0].name) }.map { Int32($0) }
  }
}
