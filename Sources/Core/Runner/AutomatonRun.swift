import Automata
import Bytes
import Script

/// Runs an automaton through the steps of a request and shows everything that happens, a line each.
enum AutomatonRun {
  static func answer(_ bytes: [UInt8]) -> [UInt8] {
    var report = Report()
    do throws(ByteReader.EndOfBytes) {
      let request = try AutomatonRequest(bytes)
      if let automaton = compile(request, &report) { run(request, automaton, &report) }
    } catch {
      report.add("! not a request, byte ")
      report.add(error.offset)
      report.endLine()
    }
    return report.bytes
  }

  private static func compile(_ request: AutomatonRequest, _ report: inout Report) -> CompiledAutomaton? {
    do throws(ModelCodec.DecodingError) {
      let model = try ModelCodec.decode(request.model)
      do throws(CompiledAutomaton.Failure) {
        return try CompiledAutomaton(model, semantics: request.semantics)
      } catch {
        switch error {
        case .model(let problems):
          report.add("! not a valid model, rule ")
          report.add(Int(problems.first?.rule.rawValue ?? 0))
        case .script(let problem):
          report.add("! not a script, line ")
          report.add(Int64(problem.error.line))
          report.add(": ")
          report.addOneLine(problem.error.message)
        }
      }
    } catch {
      report.add("! not a model, byte ")
      report.add(error.offset)
    }
    report.endLine()
    return nil
  }

  private static func run(_ request: AutomatonRequest, _ automaton: CompiledAutomaton, _ report: inout Report) {
    let engine = Engine(automaton, options: EngineOptions(seed: request.seed, epoch: request.epoch))
    report.add("# ")
    report.addOneLine(automaton.model.name)
    report.add(automaton.semantics == .strict ? ", strict, seed " : ", compat, seed ")
    report.add(Int64(bitPattern: request.seed))
    report.add(", model ")
    for byte in automaton.hash.prefix(8) { report.addHexadecimal(byte) }
    report.endLine()
    for step in request.steps {
      if case .tick(let period, let count) = step.action {
        var time = step.time
        for _ in 0..<count {
          engine.tick(at: time)
          report.addEvents(of: engine)
          time &+= Int64(period)
        }
        continue
      }
      do throws(EngineError) {
        try take(step, engine)
      } catch {
        report.add(step.time)
        report.add(" ! ")
        report.add(reason(error))
        report.endLine()
      }
      report.addEvents(of: engine)
    }
    report.addSummary(of: engine)
  }

  private static func take(_ step: AutomatonRequest.Step, _ engine: Engine) throws(EngineError) {
    switch step.action {
    case .start: try engine.start(at: step.time)
    case .stop: try engine.stop(at: step.time)
    case .pause: try engine.pause(at: step.time)
    case .resume: try engine.resume(at: step.time)
    case .reset: try engine.reset(at: step.time)
    case .force(let name):
      guard let state = engine.model.state(named: name) else { throw .unknownState }
      try engine.force(state, at: step.time)
    case .set(let name, let value):
      guard let variable = engine.model.variable(named: name) else { throw .unknownVariable }
      if engine.model.variables[variable].direction == .input {
        try engine.setInput(variable, value, at: step.time)
      } else {
        try engine.setVariable(variable, value, at: step.time)
      }
    case .raise(let event): engine.raise(event, at: step.time)
    case .tick: engine.tick(at: step.time)
    }
  }

  private static func reason(_ error: EngineError) -> StaticString {
    switch error {
    case .notRunning: "not running"
    case .alreadyRunning: "already running"
    case .notPaused: "not paused"
    case .unknownVariable: "unknown variable"
    case .unknownState: "unknown state"
    case .wrongDirection: "wrong direction"
    case .typeMismatch: "type mismatch"
    case .notASnapshot: "not a snapshot"
    case .foreignSnapshot: "foreign snapshot"
    case .script: "script"
    }
  }
}

extension Report {
  /// A line for everything that happened since the last time.
  mutating func addEvents(of engine: Engine) {
    for event in engine.takeEvents() {
      add(engine.now)
      add(" ")
      add(event, engine.model)
      endLine()
    }
  }

  private mutating func add(_ event: EngineEvent, _ model: Automaton) {
    switch event {
    case .started(let state):
      add("started in ")
      add(state, model)
    case .stopped(.asked): add("stopped")
    case .stopped(.terminalState): add("stopped: terminal state")
    case .stopped(.error): add("stopped: error")
    case .paused: add("paused")
    case .resumed: add("resumed")
    case .reset: add("reset")
    case .restored: add("restored")
    case .forced(let state):
      add("forced to ")
      add(state, model)
    case .transition(let index, let from, let to):
      add(from, model)
      add(" -> ")
      add(to, model)
      add(" by ")
      addOneLine(model.transitions[index].name)
    case .input(let variable, let value): add("input", model.variables[variable], value)
    case .output(let variable, let value): add("output", model.variables[variable], value)
    case .variable(let variable, let value): add("variable", model.variables[variable], value)
    case .raised(let name):
      add("raised ")
      addOneLine(name)
    case .log(let level, let text):
      switch level {
      case .trace: add("trace: ")
      case .debug: add("debug: ")
      case .info: add("info: ")
      case .warning: add("warning: ")
      case .error: add("error: ")
      }
      addOneLine(text)
    case .printed(let text):
      add("printed: ")
      addOneLine(text)
    case .error(let error):
      add("fault ")
      add(Int(error.fault.code.rawValue))
      add(" in ")
      add(error.place, model)
      add(": ")
      addOneLine(error.fault.message)
    }
  }

  private mutating func add(_ state: StateIndex, _ model: Automaton) {
    if state.index < model.states.count { addOneLine(model.states[state.index].name) } else { add("nothing") }
  }

  private mutating func add(_ kind: StaticString, _ variable: Variable, _ value: AutomatonValue) {
    add(kind)
    add(" ")
    addOneLine(variable.name)
    add(" = ")
    addOneLine(value.text)
  }

  private mutating func add(_ place: ScriptPlace, _ model: Automaton) {
    switch place.part {
    case .onEnter: add("on_enter of ")
    case .body, .transitionBody: add("body of ")
    case .onExit: add("on_exit of ")
    case .condition: add("condition of ")
    case .triggered: add("triggered of ")
    case .weight: add("weight of ")
    case .file: add("file of ")
    }
    switch place.owner {
    case .state(let index): addOneLine(model.states[index].name)
    case .transition(let index): addOneLine(model.transitions[index].name)
    }
  }

  /// What is left at the end.
  mutating func addSummary(of engine: Engine) {
    add("# ")
    switch engine.execution {
    case .unloaded: add("unloaded")
    case .loaded: add("loaded")
    case .running: add("running")
    case .paused: add("paused")
    case .stopped: add("stopped")
    case .error: add("error")
    }
    for leaf in engine.leaves {
      add(" ")
      add(leaf, engine.model)
    }
    add(", ticks ")
    add(Int64(engine.tickCount))
    add(", transitions ")
    add(Int64(engine.transitionCount))
    add(", errors ")
    add(Int64(engine.errorCount))
    endLine()
    for (index, variable) in engine.model.variables.enumerated() {
      add("#")
      add(" ")
      addOneLine(variable.name)
      add(" = ")
      addOneLine(engine.value(index).text)
      endLine()
    }
  }
}
