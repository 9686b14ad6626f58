import Crypto
import Synchronization

/// The shell around `KeySetCache` for one issuer: fetches, waits and wakes.
final class IssuerKeys: Sendable {
  private struct State {
    var cache: KeySetCache
    var waiting: [UInt64: CheckedContinuation<KeySetCache.Answer, Never>] = [:]
    var nextWaiter: UInt64 = 0
  }

  private let state: Mutex<State>
  private let source: KeySetSource
  private let fetchTimeout: Duration
  private let clock: @Sendable () -> Duration

  /// - Parameter clock: time since any fixed moment, never going back.
  init(
    source: KeySetSource, limits: KeySetCache.Limits, fetchTimeout: Duration, clock: @escaping @Sendable () -> Duration
  ) {
    state = Mutex(State(cache: KeySetCache(limits: limits)))
    self.source = source
    self.fetchTimeout = fetchTimeout
    self.clock = clock
  }

  /// See `KeySetCache.revision`.
  var revision: UInt64 { state.withLock { $0.cache.revision } }

  func keys(keyID: String?, algorithm: JOSEAlgorithm) async -> KeySetCache.Answer {
    await withCheckedContinuation { continuation in
      let effects = state.withLock { state in
        let waiter = state.nextWaiter
        state.nextWaiter += 1
        state.waiting[waiter] = continuation
        return state.cache.step(.lookup(waiter: waiter, keyID: keyID, algorithm: algorithm), now: clock())
      }
      carryOut(effects)
    }
  }

  private func report(_ event: KeySetCache.Event) {
    let now = clock()
    carryOut(state.withLock { $0.cache.step(event, now: now) })
  }

  private func carryOut(_ effects: [KeySetCache.Effect]) {
    for effect in effects {
      switch effect {
      case .answer(let waiter, let answer):
        state.withLock { $0.waiting.removeValue(forKey: waiter) }?.resume(returning: answer)
      case .fetch(let attempt): start(attempt)
      }
    }
  }

  /// Whichever of fetch and timer ends first is heard; the cache ignores the other.
  private func start(_ attempt: UInt64) {
    let fetching = Task { [self] in
      do {
        let set = try KeySet(parsing: await source.fetch())
        report(.fetched(attempt: attempt, set))
      } catch {
        report(.fetchFailed(attempt: attempt, reason: "\(error)"))
      }
    }
    let timer = Task { [self] in
      try await Task.sleep(for: fetchTimeout)
      fetching.cancel()
      report(.fetchFailed(attempt: attempt, reason: "no answer within \(fetchTimeout)"))
    }
    Task {
      await fetching.value
      timer.cancel()
    }
  }
}
