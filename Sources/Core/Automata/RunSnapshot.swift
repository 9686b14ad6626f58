import Bytes
import Script

/// The complete state of a run, of one automaton or of a system, as bytes, equal on every target: its engines, its clock,
/// the faults with what they hold back, values on wires, and how far its trace is.
///
/// "AETHRN01", length of all, SHA-256 of the snapshot before it (or zeros), SHA-256 of what determines the run, the state,
/// and at the end the SHA-256 of all of that. Snapshots may stand one after the other in a file.
public struct RunSnapshot: Sendable, Equatable {
  public static var magic: [UInt8] { [0x41, 0x45, 0x54, 0x48, 0x52, 0x4E, 0x30, 0x31] }
  private static var hashLength: Int { 32 }
  /// Where the state begins.
  static var stateOffset: Int { magic.count + 4 + 2 * hashLength }

  public let bytes: [UInt8]
  /// Ticks, milliseconds and lines of the trace that lie behind the run.
  public let tick: UInt64
  public let time: Int64
  public let lineCount: UInt64

  /// - Throws: `EngineError.notASnapshot` when the bytes are damaged or of another kind.
  public init(_ bytes: [UInt8]) throws(EngineError) {
    let length = bytes.count - RunSnapshot.hashLength
    var reader = ByteReader(bytes, at: RunSnapshot.stateOffset)
    guard RunSnapshot.length(bytes[...]) == bytes.count, length >= RunSnapshot.stateOffset,
      SHA256.digest(Array(bytes[..<length])) == Array(bytes[length...])
    else { throw .notASnapshot }
    do throws(ByteReader.EndOfBytes) {
      tick = try reader.u64()
      time = try reader.i64()
      lineCount = try reader.u64()
    } catch {
      throw .notASnapshot
    }
    self.bytes = bytes
  }

  /// Bytes of the snapshot that stands at the beginning of these; `nil` where none does.
  public static func length(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard bytes.starts(with: magic) else { return nil }
    var reader = ByteReader(Array(bytes.prefix(magic.count + 4)), at: magic.count)
    do throws(ByteReader.EndOfBytes) {
      let length = try reader.u32()
      return length <= UInt32(Int32.max) ? Int(length) : nil
    } catch {
      return nil
    }
  }

  /// What names this snapshot, and what the next one of the chain holds.
  public var hash: [UInt8] { Array(bytes.suffix(RunSnapshot.hashLength)) }

  /// The hash of the snapshot before it; zeros for the first.
  public var previousHash: [UInt8] {
    let start = RunSnapshot.magic.count + 4
    return Array(bytes[start..<start + RunSnapshot.hashLength])
  }

  /// How its engines stand, in order of declaration; empty when the state is damaged in spite of its hash.
  public var executions: [ExecutionState] { RunState(self)?.engines.compactMap { $0.execution } ?? [] }

  /// What says which run it is of: SHA-256 of the automata, wires, seed, clock, budgets and faults.
  var identity: [UInt8] {
    let start = RunSnapshot.magic.count + 4 + RunSnapshot.hashLength
    return Array(bytes[start..<start + RunSnapshot.hashLength])
  }
}

/// What a run holds around its engines.
struct RunState {
  var tickCount: UInt64
  var time: Int64
  var trace: TraceWriter
  /// Of the faults.
  var stream: RandomStream
  var lastValues: [(signal: Name, value: AutomatonValue)] = []
  var messages = MessageQueue()
  /// Of each engine, in order of declaration.
  var engines: [Snapshot] = []

  init(
    tickCount: UInt64, time: Int64, trace: TraceWriter, injector: FaultInjector, messages: MessageQueue,
    _ engines: [Engine]
  ) throws(EngineError) {
    self.tickCount = tickCount
    self.time = time
    self.trace = trace
    stream = injector.stream
    lastValues = injector.lastValues
    self.messages = messages
    for engine in engines { self.engines.append(try engine.snapshot()) }
  }

  // MARK: Writing

  /// - Parameter previous: hash of the snapshot before this one.
  func snapshot(_ identity: [UInt8], afterHash previous: [UInt8]?) throws(EngineError) -> RunSnapshot {
    var state = ByteWriter()
    state.put(tickCount)
    state.put(time)
    state.put(trace.lineCount)
    state.put16(trace.hashCheckpoint)
    state.put(stream)
    state.put(UInt32(truncatingIfNeeded: lastValues.count))
    for last in lastValues {
      state.put16(last.signal)
      state.put(long: last.value)
    }
    state.put(UInt32(truncatingIfNeeded: messages.all.count))
    for message in messages.all {
      state.put(message.time)
      state.put(UInt16(truncatingIfNeeded: message.target))
      state.put(UInt16(truncatingIfNeeded: message.input))
      state.put(long: message.value)
    }
    state.put(UInt16(truncatingIfNeeded: engines.count))
    for engine in engines { state.put32(engine.bytes) }
    var writer = ByteWriter()
    writer.put(raw: RunSnapshot.magic)
    writer.put(UInt32(truncatingIfNeeded: RunSnapshot.stateOffset + state.bytes.count + 32))
    writer.put(raw: previous?.count == Snapshot.noHash.count ? previous ?? [] : Snapshot.noHash)
    writer.put(raw: identity)
    writer.put(raw: state.bytes)
    return try RunSnapshot(writer.bytes + SHA256.digest(writer.bytes))
  }

  // MARK: Reading

  /// - Returns: `nil` for what cannot be.
  init?(_ snapshot: RunSnapshot) {
    var reader = ByteReader(Array(snapshot.bytes.dropLast(32)), at: RunSnapshot.stateOffset)
    do throws(ByteReader.EndOfBytes) {
      guard let state = try RunState(&reader) else { return nil }
      self = state
    } catch {
      return nil
    }
  }

  private init?(_ reader: inout ByteReader) throws(ByteReader.EndOfBytes) {
    tickCount = try reader.u64()
    time = try reader.i64()
    let lineCount = try reader.u64()
    guard let trace = TraceWriter(lineCount: lineCount, hashCheckpoint: try reader.bytes16()) else { return nil }
    self.trace = trace
    stream = try reader.stream()
    for _ in 0..<(try reader.u32()) {
      let signal = try reader.bytes16()
      guard let value = try reader.longValue() else { return nil }
      lastValues.append((signal, value))
    }
    for _ in 0..<(try reader.u32()) {
      let time = try reader.i64()
      let target = Int(try reader.u16())
      let input = Int(try reader.u16())
      guard let value = try reader.longValue() else { return nil }
      messages.insert(Message(time: time, target: target, input: input, value: value))
    }
    for _ in 0..<(try reader.u16()) {
      let bytes = try reader.bytes32()
      do throws(EngineError) { engines.append(try Snapshot(bytes)) } catch { return nil }
    }
    guard reader.isAtEnd, time >= 0 else { return nil }
  }

  /// The state of a snapshot of a run of these automata.
  ///
  /// - Parameter identity: of that run.
  init(_ snapshot: RunSnapshot, _ identity: [UInt8], _ automata: [CompiledAutomaton]) throws(EngineError) {
    guard snapshot.identity == identity else { throw .foreignSnapshot }
    guard let state = RunState(snapshot), state.fits(automata) else { throw .inconsistentSnapshot }
    self = state
  }

  private func fits(_ automata: [CompiledAutomaton]) -> Bool {
    engines.count == automata.count
      && messages.all.allSatisfy { message in
        message.target < automata.count && message.input < automata[message.target].variables.count
          && automata[message.target].variables[message.input].direction == .input
      }
  }

  func injector(_ options: RunOptions) -> FaultInjector {
    var injector = FaultInjector(options.faults, seed: options.seed)
    injector.stream = stream
    injector.lastValues = lastValues
    return injector
  }
}

extension RunOptions {
  /// Where two runs differ in no more than this, one goes on from a snapshot of the other.
  fileprivate var determining: RunOptions {
    var options = self
    options.holdsModel = false
    options.epoch = 0
    return options
  }
}

extension AutomatonRun {
  /// Goes on where another run of the same automaton and options stood. The header of its trace holds the snapshot.
  ///
  /// - Throws: when the snapshot is of another automaton or of other options, or damaged.
  public convenience init(
    _ automaton: CompiledAutomaton, options: RunOptions, from snapshot: RunSnapshot, hardware: Hardware = Hardware()
  ) throws(EngineError) {
    self.init(automaton, options: options, hardware: hardware)
    try restore(snapshot)
    beginTrace(from: snapshot)
  }

  /// Saves everything that the future of the run and of its trace depends on.
  ///
  /// - Parameter previous: Hash of the snapshot before this one, to chain them.
  public func snapshot(afterHash previous: [UInt8]? = nil) throws(EngineError) -> RunSnapshot {
    guard !isFinished else { throw .notRunning }
    return try RunState(
      tickCount: tickCount, time: time, trace: trace, injector: injector, messages: messages, [engine]
    ).snapshot(identity, afterHash: previous)
  }

  /// Puts the run into the state of a snapshot of a run of the same automaton and options. It then goes on as if it had
  /// never stopped: bytes of the trace that are taken from now on follow those that were written when it was saved. Bytes
  /// that were not taken are dropped. When it fails, the run is as it was.
  public func restore(_ snapshot: RunSnapshot) throws(EngineError) {
    let state = try RunState(snapshot, identity, [engine.automaton])
    for saved in state.engines { try engine.restore(saved) }
    // The run does not know that it stopped.
    _ = engine.takeEvents()
    tickCount = state.tickCount
    time = state.time
    trace = state.trace
    injector = state.injector(options)
    messages = state.messages
    isFinished = false
  }

  private var identity: [UInt8] {
    var trace = TraceWriter()
    trace.header(engine.automaton, options.determining)
    return trace.digest
  }

  // MARK: Traces that begin later

  /// The header of its trace, with its line feed.
  ///
  /// - Parameter line: number of the first line behind it when the lines between are gone.
  public func header(line: UInt64 = 0) -> [UInt8] {
    var writer = TraceWriter()
    writer.header(engine.automaton, options, line: line)
    return writer.takeOutput()
  }

  /// Begins a trace in the middle of the run, with a header of its own; what was not taken of the trace before is lost.
  /// Numbers of lines go on, and so does the run.
  ///
  /// - Parameter snapshot: how the run stands; without one the trace cannot be replayed.
  public func beginTrace(from snapshot: RunSnapshot?) {
    let line = trace.lineCount
    trace = TraceWriter()
    trace.header(engine.automaton, options, line: line, from: snapshot)
    trace.lineCount = line
  }
}

extension NetworkRun {
  /// Saves everything that the future of the system and of its trace depends on.
  ///
  /// - Parameter previous: Hash of the snapshot before this one, to chain them.
  public func snapshot(afterHash previous: [UInt8]? = nil) throws(EngineError) -> RunSnapshot {
    guard !isFinished else { throw .notRunning }
    return try RunState(
      tickCount: tickCount, time: time, trace: trace, injector: injector, messages: messages, engines
    ).snapshot(identity, afterHash: previous)
  }

  /// As `AutomatonRun.restore`. Its engines are new ones afterwards.
  public func restore(_ snapshot: RunSnapshot) throws(EngineError) {
    let state = try RunState(snapshot, identity, engines.map { $0.automaton })
    let fresh = NetworkRun.engines(of: network, options)
    for (engine, saved) in zip(fresh, state.engines) {
      try engine.restore(saved)
      _ = engine.takeEvents()
    }
    engines = fresh
    tickCount = state.tickCount
    time = state.time
    trace = state.trace
    injector = state.injector(options)
    messages = state.messages
    isFinished = false
  }

  private var identity: [UInt8] {
    var trace = TraceWriter()
    trace.header(network, options.determining)
    return trace.digest
  }
}
