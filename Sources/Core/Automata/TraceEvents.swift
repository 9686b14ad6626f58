import Script

extension TraceWriter {
  /// Writes what happened in an engine.
  mutating func write(
    _ event: EngineEvent, of automaton: CompiledAutomaton, instance: Name, tick: UInt64, time: Int64
  ) {
    func variable(_ index: Int) -> Name { automaton.variables[index].name }
    func state(_ index: StateIndex) -> Name { automaton.name(of: index) }
    switch event {
    case .started(let first):
      begin("start", instance, tick, time)
      member("state", state(first))
    case .stopped(let reason):
      begin("stop", instance, tick, time)
      member("reason", reason.name)
    case .paused: begin("pause", instance, tick, time)
    case .resumed: begin("resume", instance, tick, time)
    case .reset: begin("reset", instance, tick, time)
    case .restored: begin("restore", instance, tick, time)
    case .forced(let target):
      begin("force", instance, tick, time)
      member("state", state(target))
    case .faulted(let target):
      begin("fault_state", instance, tick, time)
      member("state", state(target))
    case .transition(let index, let from, let to):
      begin("transition", instance, tick, time)
      member("transition", automaton.name(ofTransition: index))
      member("from", state(from))
      member("to", state(to))
    case .input(let index, let value):
      begin("input", instance, tick, time)
      member("name", variable(index))
      member("value", value)
    case .output(let index, let value):
      begin("output", instance, tick, time)
      member("name", variable(index))
      member("value", value)
    case .variable(let index, let value):
      begin("variable", instance, tick, time)
      member("name", variable(index))
      member("value", value)
    case .raised(let name):
      begin("raise", instance, tick, time)
      member("name", name)
    case .log(let level, let text):
      begin("log", instance, tick, time)
      member("level", level.name)
      member("text", text)
    case .printed(let text):
      begin("print", instance, tick, time)
      member("text", text)
    case .error(let error):
      begin("error", instance, tick, time)
      member("in", error.place.title(automaton.name(of: error.place.owner)))
      member("code", error.fault.code.name)
      member("line", Int64(error.fault.line))
      member("message", error.fault.message)
    }
    end()
  }

  mutating func begin(_ kind: StaticString, _ instance: Name, _ tick: UInt64, _ time: Int64) {
    begin(kind, tick: tick, time: time)
    if !instance.isEmpty { member("automaton", instance) }
  }
}

extension StopReason {
  public var name: StaticString {
    switch self {
    case .asked: "asked"
    case .terminalState: "terminal_state"
    case .error: "error"
    }
  }
}

extension LogLevel {
  public var name: StaticString {
    switch self {
    case .trace: "trace"
    case .debug: "debug"
    case .info: "info"
    case .warning: "warn"
    case .error: "error"
    }
  }
}

extension Semantics {
  public var name: StaticString { self == .strict ? "strict" : "compat" }
}

extension ExecutionState {
  public var name: StaticString {
    switch self {
    case .unloaded: "unloaded"
    case .loaded: "loaded"
    case .running: "running"
    case .paused: "paused"
    case .stopped: "stopped"
    case .error: "error"
    }
  }
}

extension ScriptFault.Code {
  public var name: StaticString {
    switch self {
    case .syntax: "syntax"
    case .error: "error"
    case .instructions: "instructions"
    case .memory: "memory"
    case .stringLength: "string_length"
    case .callDepth: "call_depth"
    case .logVolume: "log_volume"
    case .snapshot: "snapshot"
    case .busy: "busy"
    }
  }
}
