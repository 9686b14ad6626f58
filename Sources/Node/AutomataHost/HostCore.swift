import Automata

/// Many automata on one clock: who is due, what goes from one to another, what has changed. No I/O and no clock of its
/// own: times are milliseconds since 1970, given by the caller, never running backwards.
final class HostCore {
  private var slots: [HostedAutomaton?] = []
  private var free: [Int] = []
  private var places: [String: Int] = [:]
  private var queue = DeadlineQueue()
  /// Whether there are files for traces.
  private let keepsFiles: Bool
  /// While an automaton ticks, its scripts may change things that no line of the trace tells of: it is written down at
  /// least so often, in milliseconds.
  static let recordInterval: Int64 = 10_000
  /// Who has nothing to do for so long, in milliseconds, gives back memory meanwhile.
  static let restInterval: Int64 = 1000

  /// Automata that have changed since their last snapshot or report, in the order in which they did.
  private var dirty: [Int] = []
  private var changed: [Int] = []
  /// Values for automata of other cores.
  private(set) var outbox: [HostedAutomaton.Delivery] = []
  private var inbox: [HostedAutomaton.Delivery] = []
  /// Values that did not fit the type of their input.
  private(set) var refusedValues: UInt64 = 0

  /// Automata with lines that wait to be written, in order of the first.
  private var unwritten: [(slot: Int, since: Int64)] = []
  private(set) var traceWrites: [TraceWrite] = []
  /// The disk is slower than the traces: lines wait, and are lost in the end.
  var isTraceBlocked = false

  init(keepsFiles: Bool = false) { self.keepsFiles = keepsFiles }

  var count: Int { places.count }

  /// When `advance` has something to do.
  var nextDeadline: Int64? { queue.first?.deadline }

  func takeOutbox() -> [HostedAutomaton.Delivery] {
    defer { outbox = [] }
    return outbox
  }

  func takeTraceWrites() -> [TraceWrite] {
    defer { traceWrites = [] }
    return traceWrites
  }

  subscript(id: String) -> HostedAutomaton? { places[id].flatMap { slots[$0] } }

  var ids: [String] { Array(places.keys) }

  // MARK: What runs

  /// Runs an automaton as specified: begins, goes on from a record of the same revision, or, when it runs in another
  /// revision, replaces it and keeps the values that both have.
  ///
  /// - Parameter lastRun: of the traces that are kept.
  func apply(
    _ spec: HostedSpec, record: SnapshotRecord? = nil, lastRun: UInt32 = 0, at now: Int64
  ) throws(HostError) {
    do throws(EngineError) {
      if let slot = places[spec.id], let present = slots[slot] {
        present.catchUp(to: now)
        if present.spec.revision == spec.revision {
          try present.takeOver(spec)
          present.keepsFiles = keepsFiles && spec.trace != nil
        } else {
          write(slot)
          let next = HostedAutomaton(
            spec, origin: now, lastRun: present.lastRun, keepsFiles: keepsFiles && spec.trace != nil)
          try next.begin(carrying: present)
          slots[slot] = next
          // The new one is like one that was never written down.
          next.dirtySince = nil
          dirty.removeAll { $0 == slot }
          changed.removeAll { $0 == slot }
        }
        settle(slot, at: now, isChanged: true)
      } else {
        try add(spec, record, lastRun, at: now)
      }
    } catch {
      throw HostError(error)
    }
    route(at: now)
  }

  private func add(
    _ spec: HostedSpec, _ record: SnapshotRecord?, _ lastRun: UInt32, at now: Int64
  ) throws(EngineError) {
    let keepsFiles = keepsFiles && spec.trace != nil
    var automaton: HostedAutomaton?
    if let record, record.revision == spec.revision {
      do throws(EngineError) {
        let restored = try HostedAutomaton(spec, record, at: now, lastRun: lastRun, keepsFiles: keepsFiles)
        try restored.goOn(at: now)
        automaton = restored
      } catch .foreignSnapshot {
        // Another version of this program wrote it: begin anew.
      } catch .inconsistentSnapshot {
        // So it may be with this one.
      } catch .notASnapshot {}
    }
    if automaton == nil {
      let fresh = HostedAutomaton(spec, origin: now, lastRun: lastRun, keepsFiles: keepsFiles)
      try fresh.begin(carrying: nil)
      automaton = fresh
    }
    let slot = free.popLast() ?? slots.count
    if slot == slots.count { slots.append(nil) }
    slots[slot] = automaton
    places[spec.id] = slot
    settle(slot, at: now, isChanged: true)
  }

  /// - Returns: whether there was one.
  @discardableResult
  func remove(_ id: String) -> Bool {
    guard let slot = places.removeValue(forKey: id) else { return false }
    for feed in slots[slot]?.feeds ?? [] { feed.finish() }
    slots[slot] = nil
    queue.set(slot, nil)
    dirty.removeAll { $0 == slot }
    changed.removeAll { $0 == slot }
    unwritten.removeAll { $0.slot == slot }
    free.append(slot)
    return true
  }

  func perform(_ command: LiveCommand, on id: String, at now: Int64) throws(HostError) {
    guard let slot = places[id], let automaton = slots[slot] else { throw .noSuchAutomaton(id) }
    defer {
      settle(slot, at: now, isChanged: true)
      route(at: now)
    }
    try automaton.perform(command, at: now)
  }

  /// Sets where the outputs of an automaton lead. New connections carry the present values at once.
  ///
  /// - Parameter fresh: a target that has got nothing yet.
  func connect(_ id: String, _ outgoing: [HostedAutomaton.Outgoing], fresh: String? = nil, at now: Int64) {
    guard let slot = places[id], let automaton = slots[slot] else { return }
    automaton.outgoing = outgoing.map { new in
      var new = new
      guard new.target != fresh else { return new }
      new.last =
        automaton.outgoing.first {
          $0.output == new.output && $0.target == new.target && $0.input == new.input && $0.transform == new.transform
        }?.last
      return new
    }
    settle(slot, at: now, isChanged: false)
    route(at: now)
  }

  /// Says which connections of an automaton carry nothing.
  func setLinkProblems(_ id: String, _ problems: [String], at now: Int64) {
    guard let slot = places[id], let automaton = slots[slot], automaton.linkProblems != problems else { return }
    automaton.linkProblems = problems
    settle(slot, at: now, isChanged: false)
  }

  /// Values that come from other cores. A target that is not here gets them when it comes: its sources send again.
  func deliver(_ deliveries: [HostedAutomaton.Delivery], at now: Int64) {
    inbox += deliveries.filter { places[$0.target] != nil }
    route(at: now)
  }

  // MARK: Time

  /// Takes every tick that is due.
  func advance(to now: Int64) {
    while let due = queue.first, due.deadline <= now, let automaton = slots[due.slot] {
      automaton.tick(dueAt: due.deadline, at: now)
      settle(due.slot, at: now, isChanged: false)
    }
    route(at: now)
  }

  /// After something was done to an automaton: when it is due next, what it sends, what is to be written down.
  private func settle(_ slot: Int, at now: Int64, isChanged: Bool) {
    guard let automaton = slots[slot] else { return }
    let deadline = automaton.deadline
    queue.set(slot, deadline)
    if (deadline ?? .max) - now >= HostCore.restInterval { automaton.rest() }
    if !automaton.outgoing.isEmpty { inbox += automaton.takeDeliveries() }
    if automaton.keepsFiles, !automaton.buffer.isEmpty { hold(slot, automaton, at: now) }
    let isOld = now - automaton.recordedAt >= HostCore.recordInterval && deadline != nil
    guard isChanged || automaton.isReportDue || isOld else { return }
    if automaton.dirtySince == nil {
      automaton.dirtySince = now
      dirty.append(slot)
    }
    if isChanged || automaton.isReportDue, !automaton.isInReport {
      automaton.isInReport = true
      changed.append(slot)
    }
    automaton.isReportDue = false
  }

  private func route(at now: Int64) {
    // Each round takes what the one before has sent; an input alone changes no output, so that rounds end.
    while !inbox.isEmpty {
      let deliveries = inbox
      inbox = []
      for delivery in deliveries {
        guard let slot = places[delivery.target], let automaton = slots[slot] else {
          outbox.append(delivery)
          continue
        }
        if !automaton.take(delivery, at: now) { refusedValues += 1 }
        settle(slot, at: now, isChanged: false)
      }
    }
  }

  // MARK: Traces

  private func hold(_ slot: Int, _ automaton: HostedAutomaton, at now: Int64) {
    if automaton.buffer.bytes.count >= HostedAutomaton.bufferFull, !isTraceBlocked { return write(slot) }
    guard automaton.unwrittenSince == nil else { return }
    automaton.unwrittenSince = now
    unwritten.append((slot, now))
  }

  private func write(_ slot: Int) { if let automaton = slots[slot] { traceWrites += automaton.takeTraceWrites() } }

  /// Makes ready for writing what has waited for `age` milliseconds.
  func writeTraces(age: Int64, at now: Int64) {
    guard !isTraceBlocked else { return }
    var taken = 0
    for (slot, since) in unwritten {
      guard now - since >= age else { break }
      // Others were written since for another reason.
      if slots[slot]?.unwrittenSince == since { write(slot) }
      taken += 1
    }
    unwritten.removeFirst(taken)
  }

  /// Makes ready for writing what waits of one automaton.
  func writeTrace(of id: String) { if let slot = places[id] { write(slot) } }

  // MARK: What is to be kept and told

  /// Records of automata that changed at least `age` milliseconds ago, oldest first.
  func takeRecords(max count: Int, age: Int64, at now: Int64) -> [(id: String, bytes: [UInt8])] {
    var records: [(id: String, bytes: [UInt8])] = []
    var taken = 0
    for slot in dirty.prefix(count) {
      guard let automaton = slots[slot], let since = automaton.dirtySince, now - since >= age else { break }
      taken += 1
      automaton.dirtySince = nil
      automaton.recordedAt = now
      do throws(EngineError) {
        records.append((automaton.spec.id, try automaton.record().bytes))
      } catch {
        // A machine that cannot be saved keeps its last snapshot.
        continue
      }
    }
    dirty.removeFirst(taken)
    return records
  }

  /// Statuses of automata that changed, oldest change first.
  func takeChanged(max count: Int) -> [AutomatonStatus] {
    let taken = changed.prefix(count)
    changed.removeFirst(taken.count)
    return taken.compactMap { slot in
      slots[slot]?.isInReport = false
      return slots[slot]?.status
    }
  }

  var statuses: [AutomatonStatus] { slots.compactMap { $0?.status } }

  var counters: Counters {
    var sum = Counters()
    for automaton in slots { if let automaton { sum.add(automaton.counters) } }
    return sum
  }
}
