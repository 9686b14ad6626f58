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
    writer.put(UInt16(truncatingIfNeeded: activity.count))
    for index in activity.indices {
      writer.put(activity[index].isActive)
      writer.put(activity[index].enteredAt)
      writer.put(activity[index].enteredInTick)
    }
    let parentCount = automaton.isHierarchical ? activity.count : 0
    writer.put(UInt16(truncatingIfNeeded: parentCount))
    for index in 0..<parentCount { writer.put(activity[index].lastChild) }
    writer.put(UInt16(truncatingIfNeeded: timers.count))
    for index in timers.indices {
      writer.put(timers[index].deadline)
      writer.put(timers[index].base)
      writer.put(timers[index].firedCount)
    }
    writer.put(UInt16(truncatingIfNeeded: memories.count))
    for index in memories.indices {
      let memory = memories[index]
      writer.put(memory.level.map { $0 ? UInt8(1) : UInt8(0) } ?? 2)
      writer.put(memory.beyond)
      writer.put(memory.triggeredAt != nil)
      writer.put(memory.triggeredAt ?? 0)
    }
    writer.put(UInt16(truncatingIfNeeded: variables.entries.count))
    for index in variables.entries.indices {
      writer.put(long: variables.entries[index].value)
      writer.put(long: variables.entries[index].previous)
      writer.put(variables.entries[index].flags)
      writer.put(variables.entries[index].changedAt)
    }
    writer.put(variables.hasChanges)
    put(raised, to: &writer)
    put(waitingEvents, to: &writer)
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
    activity = FixedList(state.activity)
    timers = FixedList(state.timers)
    memories = FixedList(state.memories)
    variables.entries = FixedList(state.variables)
    variables.hasChanges = state.hasChanges
    raised = events(state.raised)
    waitingEvents = events(state.waitingEvents)
    (choiceStream, jitterStream, scriptStream) = state.streams
    collectLeaves()
    scripts?.markAllStale()
    emit(.lifecycle, .restored)
  }

  private func put(_ events: borrowing PositionList, to writer: inout ByteWriter) {
    writer.put(UInt16(truncatingIfNeeded: events.count))
    for place in events.indices { writer.put16(automaton.event(events[place])) }
  }

  /// Those of the events that something waits for.
  private func events(_ names: [Name]) -> PositionList {
    var events = PositionList()
    for name in names {
      let signal = automaton.firstSignal(waitingFor: name)
      if signal >= 0, !events.contains(signal) { events.append(signal) }
    }
    return events
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
    var activity: [StateActivity] = []
    var timers: [TimerState] = []
    var memories: [TransitionMemory] = []
    var variables: [VariableStore.Entry] = []
    var hasChanges = false
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
      streams: (RandomStream(seed: 0), RandomStream(seed: 0), RandomStream(seed: 0)))
    guard let execution = ExecutionState(rawValue: try reader.u8()) else { return nil }
    state.execution = execution
    state.counts = (try reader.u64(), try reader.u64(), try reader.u64())
    state.times = (try reader.i64(), try reader.i64(), try reader.i64(), try reader.i64())
    state.hasUnhandledError = try reader.u8() != 0
    guard try Int(reader.u16()) == automaton.states.count else { return nil }
    for _ in automaton.states.indices {
      let isActive = try reader.u8() != 0
      state.activity.append(
        StateActivity(enteredAt: try reader.i64(), enteredInTick: try reader.u64(), isActive: isActive))
    }
    let childCount = Int(try reader.u16())
    guard childCount == (automaton.isHierarchical ? automaton.states.count : 0) else { return nil }
    for parent in 0..<childCount {
      let child = try reader.i32()
      guard child == -1 || automaton.states.indices.contains(Int(child)) else { return nil }
      guard child == -1 || automaton.states[Int(child)].parent == Int32(parent) else { return nil }
      state.activity[parent].lastChild = child
    }
    guard try timersAndMemories(automaton, &state), try values(automaton, &state) else { return nil }
    state.raised = try names()
    state.waitingEvents = try names()
    state.streams = (try reader.stream(), try reader.stream(), try reader.stream())
    if try reader.u8() != 0 { state.scripts = try ScriptRunner.Saved(&reader) }
    // A running automaton has at least one active state.
    let isOn = state.execution == .running || state.execution == .paused
    guard !isOn || isConfiguration(state.activity, automaton), (state.scripts != nil) == !automaton.programs.isEmpty
    else {
      return nil
    }
    return state
  }

  /// Whether states can be active together: one at the top, one in each that is active, all in parallel ones.
  private func isConfiguration(_ activity: [StateActivity], _ automaton: CompiledAutomaton) -> Bool {
    var roots = 0
    for index in activity.indices where activity[index].isActive {
      let state = automaton.states[index]
      if state.parent < 0 { roots += 1 } else if !activity[Int(state.parent)].isActive { return false }
      let active = state.children.range.reduce(0) { $0 + (activity[Int(automaton.lists[$1])].isActive ? 1 : 0) }
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
      let flags = try reader.u8() & VariableStore.Flags.kept
      state.variables.append(
        VariableStore.Entry(value: current, previous: previous, changedAt: try reader.i64(), flags: flags))
    }
    state.hasChanges = try reader.u8() != 0
    return true
  }

  private mutating func names() throws(ByteReader.EndOfBytes) -> [Name] {
    var names: [Name] = []
    for _ in 0..<(try reader.u16()) { names.append(try reader.bytes16()) }
    return names
  }

}
