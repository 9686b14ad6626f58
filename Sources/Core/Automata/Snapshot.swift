import Bytes
import Script

/// The complete state of an engine as bytes, equal on every target.
///
/// "AETHSN01", SHA-256 of the snapshot before it (or zeros), SHA-256 of the model, semantics, seed, the state, and at the
/// end the SHA-256 of all of that: a chain in which nothing can be changed or left out unseen.
public struct Snapshot: Sendable, Equatable {
  public static var magic: [UInt8] { [0x41, 0x45, 0x54, 0x48, 0x53, 0x4E, 0x30, 0x31] }
  private static var hashLength: Int { 32 }

  public let bytes: [UInt8]

  /// - Throws: `EngineError.notASnapshot` when the bytes are damaged or of another kind.
  public init(_ bytes: [UInt8]) throws(EngineError) {
    let length = bytes.count - Snapshot.hashLength
    guard bytes.starts(with: Snapshot.magic), length >= Snapshot.magic.count + 2 * Snapshot.hashLength,
      SHA256.digest(Array(bytes[..<length])) == Array(bytes[length...])
    else { throw .notASnapshot }
    self.bytes = bytes
  }

  init(content: [UInt8]) { bytes = content + SHA256.digest(content) }

  /// What names this snapshot, and what the next one of the chain holds.
  public var hash: [UInt8] { Array(bytes.suffix(Snapshot.hashLength)) }

  /// The hash of the snapshot before it; zeros for the first.
  public var previousHash: [UInt8] { Array(bytes[Snapshot.magic.count..<Snapshot.magic.count + Snapshot.hashLength]) }

  /// Whether the engine ran; it follows magic, two hashes, semantics and seed.
  public var execution: ExecutionState? {
    let place = Snapshot.magic.count + 2 * Snapshot.hashLength + 9
    return place < bytes.count ? ExecutionState(rawValue: bytes[place]) : nil
  }

  static var noHash: [UInt8] { [UInt8](repeating: 0, count: hashLength) }
}

extension Engine {
  /// Saves everything that the future depends on.
  ///
  /// - Parameter previous: The snapshot before this one, to chain them.
  public func snapshot(after previous: Snapshot? = nil) throws(EngineError) -> Snapshot {
    var writer = ByteWriter()
    writer.put(raw: Snapshot.magic)
    writer.put(raw: previous?.hash ?? Snapshot.noHash)
    writer.put(raw: automaton.hash)
    writer.put(automaton.semantics.rawValue)
    writer.put(options.seed)
    writer.put(execution.rawValue)
    for count in [tickCount, transitionCount, errorCount] { writer.put(count) }
    for time in [now, pausedAt, quietUntil, tickedAt] { writer.put(time) }
    writer.put(hasUnhandledError)
    writer.put(UInt16(truncatingIfNeeded: isActive.count))
    for index in isActive.indices {
      writer.put(isActive[index])
      writer.put(enteredAt[index])
      writer.put(enteredInTick[index])
    }
    writer.put(UInt16(truncatingIfNeeded: lastChild.count))
    for child in lastChild { writer.put(child) }
    writer.put(UInt16(truncatingIfNeeded: timers.count))
    for timer in timers {
      writer.put(timer.deadline)
      writer.put(timer.base)
      writer.put(timer.firedCount)
    }
    writer.put(UInt16(truncatingIfNeeded: memories.count))
    for memory in memories {
      writer.put(memory.level.map { $0 ? UInt8(1) : UInt8(0) } ?? 2)
      writer.put(memory.beyond)
      writer.put(memory.triggeredAt != nil)
      writer.put(memory.triggeredAt ?? 0)
    }
    writer.put(UInt16(truncatingIfNeeded: variables.values.count))
    for index in variables.values.indices {
      writer.put(long: variables.values[index])
      writer.put(long: variables.previous[index])
      writer.put(variables.flags[index])
      writer.put(variables.changedAt[index])
    }
    writer.put(variables.hasChanges)
    for names in [raised, waitingEvents] {
      writer.put(UInt16(truncatingIfNeeded: names.count))
      for name in names { writer.put16(name) }
    }
    for stream in [choiceStream, jitterStream, scriptStream] { writer.put(stream) }
    writer.put(scripts != nil)
    if let scripts {
      do throws(ScriptFault) { try scripts.save(to: &writer) } catch { throw .script(error) }
    }
    return Snapshot(content: writer.bytes)
  }

  /// Puts the engine into the state of a snapshot of an engine of the same model, semantics and seed. It then goes on as
  /// if it had never stopped. When that fails, the engine is as it was.
  public func restore(_ snapshot: Snapshot) throws(EngineError) {
    var reader = SnapshotReader(snapshot.bytes)
    let state = try reader.read(automaton, options)
    if let saved = state.scripts {
      guard let scripts else { throw .foreignSnapshot }
      do throws(ScriptFault) { try scripts.restore(saved, self) } catch { throw .script(error) }
    }
    execution = state.execution
    (tickCount, transitionCount, errorCount) = state.counts
    (now, pausedAt, quietUntil, tickedAt) = state.times
    hasUnhandledError = state.hasUnhandledError
    isActive = state.isActive
    enteredAt = state.enteredAt
    enteredInTick = state.enteredInTick
    lastChild = state.lastChild
    timers = state.timers
    memories = state.memories
    variables = state.variables
    raised = state.raised
    waitingEvents = state.waitingEvents
    (choiceStream, jitterStream, scriptStream) = state.streams
    collectLeaves()
    scripts?.markAllStale()
    emit(.lifecycle, .restored)
  }
}

extension ByteWriter {
  /// A value whose bytes may be longer than those of the device protocol.
  mutating func put(long value: AutomatonValue) {
    switch value {
    case .string(let bytes), .binary(let bytes):
      put(value.type.rawValue)
      put32(bytes)
    default: put(value)
    }
  }

  mutating func put(_ stream: RandomStream) {
    for word in [stream.state.0, stream.state.1, stream.state.2, stream.state.3] { put(word) }
  }
}

extension ByteReader {
  /// A value as `put(long:)` writes it; `nil` for a type without values.
  mutating func longValue() throws(EndOfBytes) -> AutomatonValue? {
    let start = self
    switch ValueType(rawValue: try u8()) {
    case .string: return .string(try bytes32())
    case .binary: return .binary(try bytes32())
    default:
      self = start
      return try FaultSchedule.value(&self)
    }
  }

  mutating func stream() throws(EndOfBytes) -> RandomStream {
    RandomStream(state: (try u64(), try u64(), try u64(), try u64()))
  }
}

/// Reads and checks the state of an engine; see `Snapshot`.
private struct SnapshotReader {
  struct State {
    var execution = ExecutionState.loaded
    var counts: (UInt64, UInt64, UInt64) = (0, 0, 0)
    var times: (Int64, Int64, Int64, Int64) = (0, 0, 0, 0)
    var hasUnhandledError = false
    var isActive: [Bool] = []
    var enteredAt: [Int64] = []
    var enteredInTick: [UInt64] = []
    var lastChild: [Int32] = []
    var timers: [TimerState] = []
    var memories: [TransitionMemory] = []
    var variables: VariableStore
    var raised: [Name] = []
    var waitingEvents: [Name] = []
    var streams: (RandomStream, RandomStream, RandomStream)
    var scripts: ScriptRunner.Saved?
  }

  private var reader: ByteReader

  init(_ bytes: [UInt8]) { reader = ByteReader(bytes) }

  mutating func read(_ automaton: CompiledAutomaton, _ options: EngineOptions) throws(EngineError) -> State {
    let isOurs: Bool
    var read: State?
    do throws(ByteReader.EndOfBytes) {
      _ = try reader.take(Snapshot.magic.count + 32)
      let hash = try reader.take(32)
      let semantics = try reader.u8()
      let seed = try reader.u64()
      isOurs = hash == automaton.hash && semantics == automaton.semantics.rawValue && seed == options.seed
      if isOurs { read = try state(automaton) }
    } catch {
      throw .notASnapshot
    }
    guard isOurs else { throw .foreignSnapshot }
    guard let read else { throw .inconsistentSnapshot }
    return read
  }

  /// - Returns: `nil` when the parts do not fit the automaton.
  private mutating func state(_ automaton: CompiledAutomaton) throws(ByteReader.EndOfBytes) -> State? {
    var state = State(
      variables: VariableStore(automaton),
      streams: (RandomStream(seed: 0), RandomStream(seed: 0), RandomStream(seed: 0)))
    guard let execution = ExecutionState(rawValue: try reader.u8()) else { return nil }
    state.execution = execution
    state.counts = (try reader.u64(), try reader.u64(), try reader.u64())
    state.times = (try reader.i64(), try reader.i64(), try reader.i64(), try reader.i64())
    state.hasUnhandledError = try reader.u8() != 0
    guard try Int(reader.u16()) == automaton.states.count else { return nil }
    for _ in automaton.states.indices {
      state.isActive.append(try reader.u8() != 0)
      state.enteredAt.append(try reader.i64())
      state.enteredInTick.append(try reader.u64())
    }
    let childCount = Int(try reader.u16())
    guard childCount == (automaton.isHierarchical ? automaton.states.count : 0) else { return nil }
    for parent in 0..<childCount {
      let child = try reader.i32()
      guard child == -1 || automaton.states.indices.contains(Int(child)) else { return nil }
      guard child == -1 || automaton.states[Int(child)].parent == Int32(parent) else { return nil }
      state.lastChild.append(child)
    }
    guard try timersAndMemories(automaton, &state), try values(automaton, &state) else { return nil }
    state.raised = try names()
    state.waitingEvents = try names()
    state.streams = (try reader.stream(), try reader.stream(), try reader.stream())
    if try reader.u8() != 0 { state.scripts = try ScriptRunner.Saved(&reader) }
    // A running automaton has at least one active state.
    let isOn = state.execution == .running || state.execution == .paused
    guard !isOn || isConfiguration(state.isActive, automaton), (state.scripts != nil) == !automaton.programs.isEmpty
    else {
      return nil
    }
    return state
  }

  /// Whether states can be active together: one at the top, one in each that is active, all in parallel ones.
  private func isConfiguration(_ isActive: [Bool], _ automaton: CompiledAutomaton) -> Bool {
    var roots = 0
    for index in isActive.indices where isActive[index] {
      let state = automaton.states[index]
      if state.parent < 0 { roots += 1 } else if !isActive[Int(state.parent)] { return false }
      let active = state.children.range.reduce(0) { $0 + (isActive[Int(automaton.lists[$1])] ? 1 : 0) }
      if active != (state.isParallel ? Int(state.children.count) : min(1, Int(state.children.count))) { return false }
    }
    return roots == 1
  }

  private mutating func timersAndMemories(
    _ automaton: CompiledAutomaton, _ state: inout State
  ) throws(ByteReader.EndOfBytes) -> Bool {
    let timerCount = Int(try reader.u16())
    guard timerCount == (automaton.hasTimers ? automaton.transitions.count : 0) else { return false }
    for _ in 0..<timerCount {
      state.timers.append(
        TimerState(deadline: try reader.i64(), base: try reader.i64(), firedCount: try reader.u32()))
    }
    let memoryCount = Int(try reader.u16())
    guard memoryCount == (automaton.needsMemories ? automaton.transitions.count : 0) else { return false }
    for _ in 0..<memoryCount {
      let level = try reader.u8()
      let beyond = try reader.u64()
      let isWaiting = try reader.u8() != 0
      let since = try reader.i64()
      state.memories.append(
        TransitionMemory(level: level < 2 ? level == 1 : nil, beyond: beyond, triggeredAt: isWaiting ? since : nil))
    }
    return true
  }

  private mutating func values(
    _ automaton: CompiledAutomaton, _ state: inout State
  ) throws(ByteReader.EndOfBytes) -> Bool {
    let variables = automaton.variables
    guard try Int(reader.u16()) == variables.count else { return false }
    for index in variables.indices {
      let current = try reader.longValue()
      let previous = try reader.longValue()
      guard let current, let previous, current.type == variables[index].type, previous.type == current.type else {
        return false
      }
      state.variables.values[index] = current
      state.variables.previous[index] = previous
      state.variables.flags[index] = try reader.u8() & VariableStore.Flags.kept
      state.variables.changedAt[index] = try reader.i64()
    }
    state.variables.hasChanges = try reader.u8() != 0
    return true
  }

  private mutating func names() throws(ByteReader.EndOfBytes) -> [Name] {
    var names: [Name] = []
    for _ in 0..<(try reader.u16()) { names.append(try reader.bytes16()) }
    return names
  }

}
