import Script

/// What a wire does to a value on its way.
public enum WireConversion: UInt8, Sendable {
  case none = 0
  /// The sign of a number changes.
  case negate = 1
  /// True becomes false, and false true.
  case invert = 2
  case double = 3
  /// Half of a whole number is a double.
  case half = 4
  case text = 5

  /// - Returns: `nil` for a value that it does not take.
  public func apply(_ value: AutomatonValue) -> AutomatonValue? {
    switch (self, value) {
    case (.none, _): return value
    case (.invert, .bool(let value)): return .bool(!value)
    case (.text, _): return value.converted(to: .string)
    case (.negate, .int32(let value)): return .int32(0 &- value)
    case (.negate, .int64(let value)): return .int64(0 &- value)
    case (.negate, .float32(let value)): return .float32(-value)
    case (.negate, .float64(let value)): return .float64(-value)
    case (.double, .int32(let value)): return .int32(value &* 2)
    case (.double, .int64(let value)): return .int64(value &* 2)
    case (.double, .float32(let value)): return .float32(value * 2)
    case (.double, .float64(let value)): return .float64(value * 2)
    case (.half, .int32(let value)): return .float64(Double(value) / 2)
    case (.half, .int64(let value)): return .float64(Double(value) / 2)
    case (.half, .float32(let value)): return .float32(value / 2)
    case (.half, .float64(let value)): return .float64(value / 2)
    case (.negate, _), (.invert, _), (.double, _), (.half, _): return nil
    }
  }
}

/// Automata that run together: each with a name, and wires from outputs to inputs.
public struct Network: Sendable {
  public struct Instance: Sendable {
    public var name: Name
    public var automaton: CompiledAutomaton
    public init(name: Name, automaton: CompiledAutomaton) {
      self.name = name
      self.automaton = automaton
    }
  }

  /// From a variable of one instance to an input of another, by position.
  public struct Wire: Sendable, Equatable {
    public var source: Int
    public var output: Int
    public var target: Int
    public var input: Int
    public var conversion: WireConversion
    public init(source: Int, output: Int, target: Int, input: Int, conversion: WireConversion = .none) {
      self.source = source
      self.output = output
      self.target = target
      self.input = input
      self.conversion = conversion
    }
  }

  public var name: Name
  public var instances: [Instance]
  public var wires: [Wire]

  public init(name: Name, instances: [Instance], wires: [Wire]) {
    self.name = name
    self.instances = instances
    self.wires = wires
  }
}

/// A run of a network with one trace.
///
/// All automata take each tick together, in order of declaration. What one writes to an output in a tick reaches the
/// inputs at the end of wires before the next tick: the order of declaration decides nothing about values.
public final class NetworkRun {
  public let network: Network
  public let options: RunOptions
  /// In order of declaration. Going back to a snapshot makes new ones.
  public internal(set) var engines: [Engine]
  public internal(set) var trace = TraceWriter()
  public internal(set) var tickCount: UInt64 = 0
  public internal(set) var time: Int64 = 0
  public internal(set) var isFinished = false
  var injector: FaultInjector
  /// Values on wires, and what faults hold back; those of one time arrive in the order in which they were sent.
  var messages = MessageQueue()
  private var hasOutgoing: [Bool]

  public init(_ network: Network, options: RunOptions = RunOptions()) {
    self.network = network
    self.options = options
    engines = NetworkRun.engines(of: network, options)
    injector = FaultInjector(options.faults, seed: options.seed)
    hasOutgoing = network.instances.indices.map { index in network.wires.contains { $0.source == index } }
    trace.header(network, options)
  }

  static func engines(of network: Network, _ options: RunOptions) -> [Engine] {
    network.instances.map { instance in
      Engine(instance.automaton, options: options.engine(seed: RandomStream.seed(options.seed, instance.name)))
    }
  }

  public func start() throws(EngineError) {
    // Targets begin with what the sources show; what those write when they start comes after it.
    for wire in network.wires { send(wire, engines[wire.source].value(wire.output)) }
    for index in engines.indices {
      try engines[index].start(at: clock(time))
      flush(index)
    }
  }

  /// The next tick of a virtual clock: whether any automaton took a transition.
  @discardableResult
  public func tick() -> Bool {
    guard !isFinished else { return false }
    time &+= options.tickLength
    tickCount &+= 1
    deliver()
    var hasFired = false
    for index in engines.indices {
      if engines[index].tick(at: clock(time)) { hasFired = true }
      if !engines[index].events.isEmpty { flush(index) }
    }
    return hasFired
  }

  /// Does something to one of the automata between two ticks. What is set goes by way of the faults, as on wires.
  public func apply(_ command: RunCommand, to index: Int) throws(EngineError) {
    let variables = engines[index].automaton.variables
    guard case .set(let variable, let value) = command, variable >= 0, variable < variables.count,
      let converted = value.converted(to: variables[variable].type)
    else {
      try engines[index].apply(command, at: clock(time))
      return flush(index)
    }
    // What arrives over wires is an input, too: what was done from outside is told apart.
    trace.begin("stimulus", network.instances[index].name, tickCount, time)
    trace.member("name", variables[variable].name)
    trace.member("value", converted)
    trace.end()
    let isInput = variables[variable].direction == .input
    for delivery in isInput ? pass(index, variable, converted) : [FaultInjector.Delivery(time: time, value: converted)]
    {
      if delivery.time <= time {
        try engines[index].apply(.set(variable: variable, delivery.value), at: clock(time))
        flush(index)
      } else {
        // It arrives before the first tick at or after its time; what a wire carries, after the tick of its time.
        messages.insert(Message(time: delivery.time &- 1, target: index, input: variable, value: delivery.value))
      }
    }
  }

  public func finish() {
    guard !isFinished else { return }
    isFinished = true
    for index in engines.indices {
      trace.begin("standing", network.instances[index].name, tickCount, time)
      trace.standing(engines[index])
      trace.end()
    }
    let digest = trace.digest
    trace.begin("end", tick: tickCount, time: time)
    trace.member("hash", hexadecimal: digest)
    trace.end()
  }

  public func takeTrace() -> [UInt8] { trace.takeOutput() }

  // MARK: Wires

  private func clock(_ time: Int64) -> Int64 { injector.schedule.isEmpty ? time : injector.clock(time) }

  private func flush(_ index: Int) {
    let name = network.instances[index].name
    for event in engines[index].takeEvents() {
      trace.write(event, of: engines[index].automaton, instance: name, tick: tickCount, time: engines[index].now)
      guard hasOutgoing[index] else { continue }
      switch event {
      case .output(let variable, let value), .variable(let variable, let value):
        for wire in network.wires where wire.source == index && wire.output == variable { send(wire, value) }
      default: break
      }
    }
  }

  private func send(_ wire: Network.Wire, _ value: AutomatonValue) {
    let target = engines[wire.target].automaton.variables[wire.input]
    guard let converted = wire.conversion.apply(value)?.converted(to: target.type) else { return }
    for delivery in pass(wire.target, wire.input, converted) {
      messages.insert(Message(time: delivery.time, target: wire.target, input: wire.input, value: delivery.value))
    }
  }

  /// What faults make of a value for an input, and when it arrives.
  private func pass(_ target: Int, _ input: Int, _ value: AutomatonValue) -> [FaultInjector.Delivery] {
    guard !injector.schedule.isEmpty else { return [FaultInjector.Delivery(time: time, value: value)] }
    let (deliveries, actions) = injector.inject(network.end(target, input), value, at: time)
    if !actions.isEmpty {
      trace.begin("fault", network.instances[target].name, tickCount, time)
      trace.member("name", engines[target].automaton.variables[input].name)
      trace.member("actions", names: actions)
      trace.end()
    }
    return deliveries
  }

  private func deliver() {
    while let next = messages.next(until: time &- 1) {
      // Values were converted when they were sent.
      do throws(EngineError) {
        try engines[next.target].setInput(next.input, next.value, at: clock(time))
      } catch { continue }
      flush(next.target)
    }
  }
}

extension RandomStream {
  /// A seed of its own for each named part of a run.
  static func seed(_ seed: UInt64, _ name: Name) -> UInt64 {
    var stream = RandomStream(seed: seed, name: name)
    return stream.next()
  }
}

extension TraceWriter {
  mutating func header(_ network: Network, _ options: RunOptions) {
    begin()
    member("trace", "aether-network/v1")
    member("name", network.name)
    member("automata", names: network.instances.map { $0.name })
    header(options)
    end()
    for instance in network.instances {
      begin()
      member("automaton", instance.name)
      member("name", instance.automaton.name)
      member("artifact", hexadecimal: instance.automaton.hash)
      member("semantics", instance.automaton.semantics.name)
      if options.holdsModel { member("model", hexadecimal: ModelCodec.encode(instance.automaton.model)) }
      end()
    }
    for wire in network.wires {
      begin()
      member("from", network.end(wire.source, wire.output))
      member("to", network.end(wire.target, wire.input))
      member("conversion", Int64(wire.conversion.rawValue))
      end()
    }
  }
}

extension Network {
  /// `automaton.variable`
  fileprivate func end(_ instance: Int, _ variable: Int) -> Name {
    instances[instance].name + [UInt8(ascii: ".")] + instances[instance].automaton.variables[variable].name
  }
}
