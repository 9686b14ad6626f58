import Bytes
import Script

/// The complete state of a run, of one automaton or of a system, as bytes, equal on every target: its engines, its clock,
/// the faults with what they hold back, values on wires, and how far its trace is.
///
/// "AETHRN01", length of all, SHA-256 of the snapshot before it (or zeros), SHA-256 of the header of the trace, the state,
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

  /// SHA-256 of the lines that its trace begins with: automata, wires, seed, clock, budgets, faults.
  var header: [UInt8] {
    let start = RunSnapshot.magic.count + 4 + RunSnapshot.hashLength
    return Array(bytes[start..<start + RunSnapshot.hashLength])
  }
}

/// What a run holds around its engines.
struct RunState {
  var tickCount: UInt64
  var time: Int64
  var trace: TraceWriter
  var injector: FaultInjector
  var messages: MessageQueue
  /// Of each engine, in order of declaration.
  var engines: [Snapshot] = []

  // MARK: Writing

  func snapshot(_ header: [UInt8], after previous: RunSnapshot?) throws(EngineError) -> RunSnapshot {
    var state = ByteWriter()
    state.put(tickCount)
    state.put(time)
    state.put(trace.lineCount)
    state.put16(trace.hashCheckpoint)
    state.put(injector.stream)
    state.put(UInt32(truncatingIfNeeded: injector.lastValues.count))
    for last in injector.lastValues {
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
    writer.put(raw: previous?.hash ?? Snapshot.noHash)
    writer.put(raw: header)
    writer.put(raw: state.bytes)
    return try RunSnapshot(writer.bytes + SHA256.digest(writer.bytes))
  }

  // MARK: Reading

  /// - Parameter automata: those of the run.
  init(
    _ snapshot: RunSnapshot, header: [UInt8], _ automata: [CompiledAutomaton], _ options: RunOptions
  ) throws(EngineError) {
    guard snapshot.header == header else { throw .foreignSnapshot }
    let read: RunState?
    do throws(ByteReader.EndOfBytes) {
      var reader = ByteReader(Array(snapshot.bytes.dropLast(32)), at: RunSnapshot.stateOffset)
      read = try RunState(&reader, automata, options)
    } catch {
      throw .notASnapshot
    }
    guard let read else { throw .inconsistentSnapshot }
    self = read
    for bytes in engineBytes { engines.append(try Snapshot(bytes)) }
    engineBytes = []
  }

  private var engineBytes: [[UInt8]] = []

  /// `nil` for what cannot be.
  private init?(
    _ reader: inout ByteReader, _ automata: [CompiledAutomaton], _ options: RunOptions
  ) throws(ByteReader.EndOfBytes) {
    tickCount = try reader.u64()
    time = try reader.i64()
    let lineCount = try reader.u64()
    guard let trace = TraceWriter(lineCount: lineCount, hashCheckpoint: try reader.bytes16()) else { return nil }
    self.trace = trace
    injector = FaultInjector(options.faults, seed: options.seed)
    injector.stream = try reader.stream()
    for _ in 0..<(try reader.u32()) {
      let signal = try reader.bytes16()
      guard let value = try reader.longValue() else { return nil }
      injector.lastValues.append((signal, value))
    }
    messages = MessageQueue()
    for _ in 0..<(try reader.u32()) {
      let time = try reader.i64()
      let target = Int(try reader.u16())
      let input = Int(try reader.u16())
      guard let value = try reader.longValue(), target < automata.count,
        input < automata[target].variables.count, automata[target].variables[input].direction == .input
      else { return nil }
      messages.insert(Message(time: time, target: target, input: input, value: value))
    }
    guard Int(try reader.u16()) == automata.count else { return nil }
    for _ in automata { engineBytes.append(try reader.bytes32()) }
    guard reader.isAtEnd else { return nil }
  }

  init(
    tickCount: UInt64, time: Int64, trace: TraceWriter, injector: FaultInjector, messages: MessageQueue,
    _ engines: [Engine]
  ) throws(EngineError) {
    self.tickCount = tickCount
    self.time = time
    self.trace = trace
    self.injector = injector
    self.messages = messages
    for engine in engines { self.engines.append(try engine.snapshot()) }
  }
}

extension AutomatonRun {
  /// Saves everything that the future of the run and of its trace depends on.
  ///
  /// - Parameter previous: The snapshot before this one, to chain them.
  public func snapshot(after previous: RunSnapshot? = nil) throws(EngineError) -> RunSnapshot {
    guard !isFinished else { throw .notRunning }
    return try RunState(
      tickCount: tickCount, time: time, trace: trace, injector: injector, messages: messages, [engine]
    ).snapshot(header, after: previous)
  }

  /// Puts the run into the state of a snapshot of a run of the same automaton and options. It then goes on as if it had
  /// never stopped: bytes of the trace that are taken from now on follow those that were written when it was saved. Bytes
  /// that were not taken are dropped. When it fails, the run is as it was.
  public func restore(_ snapshot: RunSnapshot) throws(EngineError) {
    let state = try RunState(snapshot, header: header, [engine.automaton], options)
    for saved in state.engines { try engine.restore(saved) }
    // The run does not know that it stopped.
    _ = engine.takeEvents()
    tickCount = state.tickCount
    time = state.time
    trace = state.trace
    injector = state.injector
    messages = state.messages
    isFinished = false
  }

  private var header: [UInt8] {
    var trace = TraceWriter()
    trace.header(engine.automaton, options)
    return trace.digest
  }
}

extension NetworkRun {
  /// Saves everything that the future of the system and of its trace depends on.
  ///
  /// - Parameter previous: The snapshot before this one, to chain them.
  public func snapshot(after previous: RunSnapshot? = nil) throws(EngineError) -> RunSnapshot {
    guard !isFinished else { throw .notRunning }
    return try RunState(
      tickCount: tickCount, time: time, trace: trace, injector: injector, messages: messages, engines
    ).snapshot(header, after: previous)
  }

  /// As `AutomatonRun.restore`. Its engines are new ones afterwards.
  public func restore(_ snapshot: RunSnapshot) throws(EngineError) {
    let state = try RunState(snapshot, header: header, engines.map { $0.automaton }, options)
    let fresh = NetworkRun.engines(of: network, options)
    for (engine, saved) in zip(fresh, state.engines) {
      try engine.restore(saved)
      _ = engine.takeEvents()
    }
    engines = fresh
    tickCount = state.tickCount
    time = state.time
    trace = state.trace
    injector = state.injector
    messages = state.messages
    isFinished = false
  }

  private var header: [UInt8] {
    var trace = TraceWriter()
    trace.header(network, options)
    return trace.digest
  }
}
