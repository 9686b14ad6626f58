import Automata
import Script

/// A script of a model and what it uses.
struct ModelScript {
  var subject: ModelProblem.Subject
  /// The key that it stands under in a document, such as `on_enter`.
  var key: String
  var source: Name
  /// Variables and other globals.
  var reads: Set<Name> = []
  var writes: Set<Name> = []
  /// Names given to functions that look variables up, such as `value("x")`.
  var lookedUp: Set<Name> = []
  /// Where names are read or written first, from 1.
  var readLines: [Name: Int] = [:]
  var writeLines: [Name: Int] = [:]
  /// It may use any variable, by a name that only a run tells.
  var isDynamic = false
  var error: SyntaxError?
  /// For conditions that use nothing: what they always are.
  var constant: Bool?
}

extension ModelScript {
  mutating func addRead(_ name: Name, _ line: Int32) {
    if reads.insert(name).inserted { readLines[name] = Int(line) }
  }

  mutating func addWrite(_ name: Name, _ line: Int32) {
    if writes.insert(name).inserted { writeLines[name] = Int(line) }
  }
}

/// All scripts of a model.
struct ModelScripts {
  private(set) var all: [ModelScript] = []
  /// Positions in `all`, by state and by transition.
  private var ofStates: [[Int]]
  private var ofTransitions: [[Int]]
  /// Whether each transition's condition is always true or always false; `nil` for one that depends.
  private(set) var conditions: [Bool?] = []

  init(_ automaton: Automaton) {
    ofStates = Array(repeating: [], count: automaton.states.count)
    ofTransitions = Array(repeating: [], count: automaton.transitions.count)
    for (index, state) in automaton.states.enumerated() {
      add(state.onEnter, .state(index), "on_enter")
      add(state.body, .state(index), "code")
      add(state.onExit, .state(index), "on_exit")
      add(state.file, .state(index), "file")
    }
    for (index, transition) in automaton.transitions.enumerated() {
      var condition: Name = []
      switch transition.trigger {
      case .classic(let classic): condition = classic.condition
      case .timed(let timed): condition = timed.condition
      case .event(let event): condition = event.condition
      case .probabilistic(let probabilistic):
        add(probabilistic.weightExpression, .transition(index), "weight_expression", isExpression: true)
      case .immediate: break
      }
      add(condition, .transition(index), "condition", isExpression: true)
      conditions.append(condition.isEmpty ? (transition.file.isEmpty ? true : nil) : all.last?.constant)
      add(transition.body, .transition(index), "body")
      add(transition.triggered, .transition(index), "triggered")
      add(transition.file, .transition(index), "file")
    }
  }

  static let lookups: Set<Name> = ["value", "getInput", "check", "changed"].utf8Names
  static let stores: Set<Name> = ["setVal", "emit", "setOutput"].utf8Names
  /// Functions that the engine adds to the library of scripts.
  static let engineNames: Set<Name> = lookups.union(stores).union(
    ["log", "print", "now", "rand", "clamp", "gpio", "pwm", "adc", "dac", "i2c", "component"].utf8Names)

  private mutating func add(
    _ source: Name, _ subject: ModelProblem.Subject, _ key: String, isExpression: Bool = false
  ) {
    guard !source.isEmpty else { return }
    var script = ModelScript(subject: subject, key: key, source: source)
    do throws(SyntaxError) {
      let program = try Self.compile(source, isExpression: isExpression)
      let use = program.use
      for mention in use.read { script.addRead(mention.name, mention.line) }
      for mention in use.written { script.addWrite(mention.name, mention.line) }
      script.isDynamic = use.usesEnvironment
      for call in use.calls {
        let (isLookup, isStore) = (Self.lookups.contains(call.function), Self.stores.contains(call.function))
        guard isLookup || isStore else { continue }
        guard let name = call.argument else {
          script.isDynamic = true
          continue
        }
        script.lookedUp.insert(name)
        if isLookup { script.addRead(name, call.line) } else { script.addWrite(name, call.line) }
      }
      if isExpression, use.isClosed { script.constant = Self.truth(program) }
    } catch {
      script.error = error
    }
    switch subject {
    case .state(let index): ofStates[index].append(all.count)
    case .transition(let index): ofTransitions[index].append(all.count)
    default: break
    }
    all.append(script)
  }

  /// Conditions may be expressions or statements.
  private static func compile(_ source: Name, isExpression: Bool) throws(SyntaxError) -> Program {
    guard isExpression else { return try ScriptCompiler.compile(source, name: []) }
    do throws(SyntaxError) { return try ScriptCompiler.compile(source, name: [], form: .expression) } catch {
      if let block = try? ScriptCompiler.compile(source, name: []) { return block }
      throw error
    }
  }

  /// What a program without surroundings always comes to; an error is false.
  private static func truth(_ program: Program) -> Bool? {
    let machine = Machine(host: ScriptHost(), budget: Budget(instructions: 10_000))
    do throws(ScriptFault) {
      let chunk = try machine.load(program)
      try machine.run(chunk)
      return machine.results > 0 ? machine.result(0).isTrue : nil
    } catch {
      return error.code == .error ? false : nil
    }
  }

  /// Scripts of one part of the model.
  func scripts(of subject: ModelProblem.Subject) -> [ModelScript] {
    switch subject {
    case .state(let index): ofStates[index].map { all[$0] }
    case .transition(let index): ofTransitions[index].map { all[$0] }
    default: []
    }
  }
}

extension [String] {
  var utf8Names: Set<Name> { Set(map { [UInt8]($0.utf8) }) }
}
