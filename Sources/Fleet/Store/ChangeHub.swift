import Synchronization

/// The live end of the change log: the last changes in memory, and who waits for the next one.
///
/// Watchers keep only a position, so a slow one costs nothing: when its position has left the ring it reads the log.
/// Waiting watchers lie in groups by kind and owner, so that a change wakes nobody whom it does not concern.
final class ChangeHub: Sendable {
  enum Poll {
    /// Changes after the position, not yet filtered; the last one is the new position.
    case changes([Change])
    /// The position has left the ring.
    case behind
    /// There is nothing after the position.
    case latest
    case closed
  }

  typealias Continuation = CheckedContinuation<Poll, Never>

  private struct Group: Hashable {
    var kind: String?
    var owner: String?
  }

  private struct Waiter {
    var position: Int64
    var filter: ChangeFilter
    var continuation: Continuation
  }

  private struct State {
    /// The last changes, oldest at `start`; revisions follow each other without a gap.
    var ring: [Change] = []
    var start = 0
    var byteCount = 0
    var latest: Int64
    /// Published, but not yet told to those who wait.
    var untold: [Change] = []
    /// Some changes will not be told: whoever waits must look for itself.
    var mustWakeAll = false
    var groups: [Group: [UInt64: Waiter]] = [:]
    var lastIdentifier: UInt64 = 0
    var isClosed = false

    var oldest: Int64 { latest - Int64(ring.count - start) + 1 }

    func poll(after position: Int64, max: Int) -> Poll {
      if isClosed { return .closed }
      if position >= latest { return .latest }
      if position + 1 < oldest { return .behind }
      let first = start + Int(position + 1 - oldest)
      return .changes(Array(ring[first..<min(ring.count, first + max)]))
    }
  }

  private let state: Mutex<State>
  private let bell = BlockingQueue<Void>(countMax: 1)

  init(latest: Int64) {
    state = Mutex(State(latest: latest))
    let bell = bell
    startThread("store-watch") { [weak self] in
      while bell.take(max: 1) != nil {
        guard let self else { return }
        self.tell()
      }
    }
  }

  deinit { bell.close() }

  var latest: Int64 { state.withLock { $0.latest } }

  /// Adds changes that are durable. They follow the ones before without a gap.
  func publish(_ changes: [Change]) {
    guard let last = changes.last else { return }
    let isAwaited = state.withLock { state in
      state.ring += changes
      state.latest = last.revision
      for change in changes { state.byteCount += change.byteCount }
      while state.ring.count - state.start > StoreLimits.recentChangesMax
        || state.byteCount > StoreLimits.recentBytesMax
      {
        state.byteCount -= state.ring[state.start].byteCount
        state.start += 1
      }
      if state.start * 2 > state.ring.count {
        state.ring.removeFirst(state.start)
        state.start = 0
      }
      // Who comes to wait later has seen these, or finds them in the ring.
      if state.groups.isEmpty { return false }
      state.untold += changes
      if state.untold.count > StoreLimits.recentChangesMax {
        state.untold = []
        state.mustWakeAll = true
      }
      return true
    }
    if isAwaited { _ = bell.append(()) }
  }

  /// What is after the position, at most `max` changes; waits for one that the filter lets through when there is
  /// nothing. `latest` when the task was cancelled; no changes when the caller should simply ask again.
  func wait(after position: Int64, filter: ChangeFilter, max: Int) async -> Poll {
    let group = Group(kind: filter.kind, owner: filter.owner)
    let identifier = state.withLock { state in
      state.lastIdentifier += 1
      return state.lastIdentifier
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: Continuation) in
        let ready: Poll? = state.withLock { state in
          let poll = state.poll(after: position, max: max)
          guard case .latest = poll, !Task.isCancelled else { return poll }
          state.groups[group, default: [:]][identifier] = Waiter(
            position: position, filter: filter, continuation: continuation)
          return nil
        }
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        let waiter = state.groups[group]?.removeValue(forKey: identifier)
        if state.groups[group]?.isEmpty == true { state.groups[group] = nil }
        return waiter
      }
      waiter?.continuation.resume(returning: .latest)
    }
  }

  /// Ends every wait; later calls give `closed`.
  func close() {
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { state.groups = [:] }
      return state.groups.values.flatMap(\.values)
    }
    for waiter in waiting { waiter.continuation.resume(returning: .closed) }
    bell.close()
  }

  /// Wakes those whom the untold changes concern. Everyone who waits has seen all changes up to its position, and
  /// those after it that came before the ones handed over did not concern it.
  private func tell() {
    let (changes, woken) = state.withLock { state -> ([Change], [Waiter]) in
      let changes = state.untold
      state.untold = []
      if state.mustWakeAll {
        state.mustWakeAll = false
        defer { state.groups = [:] }
        return ([], state.groups.values.flatMap(\.values))
      }
      var woken: [Waiter] = []
      for change in changes {
        let kind = change.resource.kind
        let owner = change.resource.metadata.owner
        for group in [Group(kind: kind, owner: owner), Group(kind: kind), Group(owner: owner), Group()] {
          guard let waiters = state.groups[group] else { continue }
          let chosen = waiters.filter { change.revision > $0.value.position && $0.value.filter.view(change) != nil }
          guard !chosen.isEmpty else { continue }
          woken += chosen.values
          if chosen.count == waiters.count {
            state.groups[group] = nil
          } else {
            for identifier in chosen.keys { state.groups[group]?[identifier] = nil }
          }
        }
      }
      return (changes, woken)
    }
    for waiter in woken { waiter.continuation.resume(returning: .changes(changes)) }
  }
}
