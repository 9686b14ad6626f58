import Script

/// What a run is determined by, besides the model and the inputs.
public struct RunOptions: Sendable, Equatable {
  public enum Clock: UInt8, Sendable {
    /// Tick k happens at k times the length of a tick.
    case virtual = 1
    /// The host says when each tick happens; the trace notes it.
    case real = 2
  }

  public var semantics: Semantics?
  public var seed: UInt64 = 0
  public var clock = Clock.virtual
  /// Length of a tick in milliseconds, at least 1.
  public var tickLength: Int64 = 10
  /// Time of the wall clock at the start, in milliseconds since 1970.
  public var epoch: Int64 = 0
  public var instructions: Int64 = 100_000
  public var memory = 256 << 10
  public var faults = FaultSchedule()
  /// Whether the header holds the model, so that the trace can be replayed without the file.
  public var holdsModel = true

  public init() {}

  func engine(seed: UInt64) -> EngineOptions {
    EngineOptions(seed: seed, budget: Budget(instructions: instructions, memory: memory), epoch: epoch)
  }
}

/// What a host does to a running automaton.
public enum RunCommand: Sendable, Equatable {
  /// An input, an output or an internal variable is set.
  case set(variable: Int, AutomatonValue)
  case raise(Name)
  case pause
  case resume
  case stop
  case start
  case reset
  case force(StateIndex)
}

extension Engine {
  /// Does what a host asks.
  public func apply(_ command: RunCommand, at time: Int64) throws(EngineError) {
    switch command {
    case .set(let index, let value):
      guard index >= 0, index < automaton.variables.count else { throw .unknownVariable }
      if automaton.variables[index].direction == .input {
        try setInput(index, value, at: time)
      } else {
        try setVariable(index, value, at: time)
      }
    case .raise(let name): raise(name, at: time)
    case .pause: try pause(at: time)
    case .resume: try resume(at: time)
    case .stop: try stop(at: time)
    case .start: try start(at: time)
    case .reset: reset(at: time)
    case .force(let state): try force(state, at: time)
    }
  }
}

/// A run of one automaton with its trace: equal options, commands and times give equal bytes on every target.
public final class AutomatonRun {
  public let engine: Engine
  public let options: RunOptions
  public internal(set) var trace = TraceWriter()
  public internal(set) var isFinished = false
  /// Ticks of the run: those of the engine, and those while it was paused or stopped.
  public internal(set) var tickCount: UInt64 = 0
  /// Time of the host's clock, in milliseconds since the start.
  public internal(set) var time: Int64 = 0
  var injector: FaultInjector
  /// What faults hold back.
  var messages = MessageQueue()

  public init(_ automaton: CompiledAutomaton, options: RunOptions = RunOptions(), hardware: Hardware = Hardware()) {
    self.options = options
    engine = Engine(automaton, options: options.engine(seed: options.seed), hardware: hardware)
    injector = FaultInjector(options.faults, seed: options.seed)
    trace.header(automaton, options)
  }

  // MARK: Steps

  /// Begins; every run starts with it.
  public func start() throws(EngineError) {
    try engine.start(at: clock(time))
    flush()
  }

  /// The next tick of a virtual clock.
  @discardableResult
  public func tick() -> Bool { tick(at: time &+ options.tickLength) }

  /// The next tick, at a time of the host's clock.
  @discardableResult
  public func tick(at moment: Int64) -> Bool {
    guard !isFinished else { return false }
    if moment != time &+ options.tickLength {
      trace.begin("clock", tick: tickCount, time: max(time, moment))
      trace.end()
    }
    time = max(time, moment)
    tickCount &+= 1
    deliverDelayed()
    let hasFired = engine.tick(at: clock(time))
    if !engine.events.isEmpty { flush() }
    return hasFired
  }

  /// Does something to the automaton between two ticks.
  public func apply(_ command: RunCommand) throws(EngineError) {
    if case .set(let variable, let value) = command, !injector.schedule.isEmpty {
      try send(variable, value)
    } else {
      try engine.apply(command, at: clock(time))
    }
    flush()
  }

  /// Ends the trace: how it stands, and the hash of all before.
  public func finish() {
    guard !isFinished else { return }
    isFinished = true
    trace.finish(engine, tick: tickCount, time: time)
  }

  /// Gives back memory that only work needs. Hosts of many automata call it when nothing is due soon; nothing else changes.
  public func rest() {
    trace.releaseLine()
    engine.releaseMemory()
  }

  /// Takes the bytes of the trace that were written since the last time.
  public func takeTrace() -> [UInt8] { trace.takeOutput() }

  // MARK: Parts

  private func clock(_ time: Int64) -> Int64 { injector.schedule.isEmpty ? time : injector.clock(time) }

  /// Sets a variable by way of the faults, which act on inputs.
  private func send(_ index: Int, _ value: AutomatonValue) throws(EngineError) {
    guard index >= 0, index < engine.automaton.variables.count else { throw .unknownVariable }
    let variable = engine.automaton.variables[index]
    guard variable.direction == .input else {
      return try engine.apply(.set(variable: index, value), at: clock(time))
    }
    guard let converted = value.converted(to: variable.type) else { throw .typeMismatch }
    // With faults, what was sent and what arrived are two things.
    trace.begin("stimulus", tick: tickCount, time: time)
    trace.member("name", variable.name)
    trace.member("value", converted)
    trace.end()
    let (deliveries, actions) = injector.inject(variable.name, converted, at: time)
    if !actions.isEmpty {
      trace.begin("fault", tick: tickCount, time: time)
      trace.member("name", variable.name)
      trace.member("actions", names: actions)
      trace.end()
    }
    for delivery in deliveries {
      if delivery.time <= time {
        try engine.apply(.set(variable: index, delivery.value), at: clock(time))
      } else {
        messages.insert(Message(time: delivery.time, target: 0, input: index, value: delivery.value))
      }
    }
  }

  private func deliverDelayed() {
    while let next = messages.next(until: time) {
      // It was of the right type and direction when it was sent.
      do throws(EngineError) { try engine.setInput(next.input, next.value, at: clock(time)) } catch { continue }
    }
  }

  private func flush() {
    guard !engine.events.isEmpty else { return }
    for event in engine.events {
      trace.write(event, of: engine.automaton, instance: [], tick: tickCount, time: engine.now)
    }
    engine.forgetEvents()
  }
}

/// A value on its way to an input.
struct Message: Sendable {
  var time: Int64
  /// Position of the automaton, 0 in a run of one.
  var target: Int
  var input: Int
  var value: AutomatonValue
}

/// Messages in order of time, and then of sending.
struct MessageQueue: Sendable {
  private(set) var all: [Message] = []

  mutating func insert(_ message: Message) {
    all.insert(message, at: all.firstIndex { $0.time > message.time } ?? all.count)
  }

  /// Takes the first one of a time up to this.
  mutating func next(until time: Int64) -> Message? {
    guard let first = all.first, first.time <= time else { return nil }
    return all.removeFirst()
  }
}

extension TraceWriter {
  /// - Parameters:
  ///   - line: number of the first line behind it, when that is not the second one of the run.
  ///   - snapshot: how the run stood there.
  mutating func header(
    _ automaton: CompiledAutomaton, _ options: RunOptions, line: UInt64 = 0, from snapshot: RunSnapshot? = nil
  ) {
    begin()
    member("trace", "aether/v1")
    member("name", automaton.name)
    member("artifact", hexadecimal: automaton.hash)
    member("semantics", automaton.semantics.name)
    header(options)
    if options.holdsModel { member("model", hexadecimal: ModelCodec.encode(automaton.model)) }
    if line > 0 { member("seq", Int64(truncatingIfNeeded: line)) }
    if let snapshot {
      member("tick", Int64(truncatingIfNeeded: snapshot.tick))
      member("t", snapshot.time)
      member("snapshot", hexadecimal: snapshot.bytes)
    }
    end()
    // It is far longer than any line that follows.
    releaseLine()
  }

  mutating func header(_ options: RunOptions) {
    var seed: [UInt8] = []
    // A seed has 64 bits, more than every reader of JSON keeps: it stands as text.
    NumberText.append(Int64(bitPattern: options.seed), to: &seed)
    member("seed", seed)
    member("clock", options.clock == .virtual ? "virtual" : "real")
    member("tick_ms", options.tickLength)
    member("epoch", options.epoch)
    member("instructions", options.instructions)
    member("memory", Int64(options.memory))
    if !options.faults.isEmpty { member("faults", hexadecimal: options.faults.encode()) }
  }

  mutating func finish(_ engine: Engine, tick: UInt64, time: Int64) {
    let digest = digest
    begin("end", tick: tick, time: time)
    standing(engine)
    member("hash", hexadecimal: digest)
    end()
  }

  /// How an engine stands.
  mutating func standing(_ engine: Engine) {
    member("execution", engine.execution.name)
    member("states", names: engine.leaves.map { engine.automaton.name(of: $0) })
    member("transitions", Int64(truncatingIfNeeded: engine.transitionCount))
    member("errors", Int64(truncatingIfNeeded: engine.errorCount))
  }
}
