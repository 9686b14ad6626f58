import Crypto

/// Decides when an issuer's keys are fetched and which keys a token is checked against.
///
/// A pure core: it holds no clock and does no I/O. Times are durations since any fixed moment of a clock that never
/// goes back.
public struct KeySetCache: Sendable {
  public struct Limits: Sendable, Equatable {
    /// Keys of this age are fetched anew before they are used.
    public var freshFor: Duration
    /// Keys older than that are still used for so long when fetching fails.
    public var staleFor: Duration
    /// Least time between the starts of two fetches, however many unknown keys are asked for.
    public var fetchGap: Duration
    /// More callers than this do not wait for one fetch.
    public var waitersMax: Int

    public init(
      freshFor: Duration = .seconds(600), staleFor: Duration = .seconds(86_400), fetchGap: Duration = .seconds(5),
      waitersMax: Int = 10_000
    ) {
      self.freshFor = freshFor
      self.staleFor = staleFor
      self.fetchGap = fetchGap
      self.waitersMax = waitersMax
    }
  }

  public enum Event: Sendable {
    /// A token wants the keys that fit its header. `waiter` names the caller in the answer.
    case lookup(waiter: UInt64, keyID: String?, algorithm: JOSEAlgorithm)
    case fetched(attempt: UInt64, KeySet)
    case fetchFailed(attempt: UInt64, reason: String)
  }

  public enum Effect: Sendable, Equatable {
    /// Fetch the key set, then report under the same number.
    case fetch(attempt: UInt64)
    case answer(waiter: UInt64, Answer)
  }

  public enum Answer: Sendable, Equatable {
    /// At least one key, and the `revision` of the set it is from.
    case keys([PublicKey], revision: UInt64)
    case unknownKey
    case unavailable(String)
  }

  private struct Waiter {
    var id: UInt64
    var keyID: String?
    var algorithm: JOSEAlgorithm
  }

  public let limits: Limits
  /// Counts the different key sets seen: what was verified under another number must be verified again.
  public private(set) var revision: UInt64 = 0
  private var current: (set: KeySet, at: Duration)?
  private var waiters: [Waiter] = []
  private var attempt: UInt64 = 0
  private var isFetching = false
  private var lastStart: Duration?
  private var lastFailure = "not fetched yet"

  public init(limits: Limits = Limits()) { self.limits = limits }

  public mutating func step(_ event: Event, now: Duration) -> [Effect] {
    switch event {
    case .lookup(let id, let keyID, let algorithm):
      return lookup(Waiter(id: id, keyID: keyID, algorithm: algorithm), now)
    case .fetched(let number, let set):
      guard isFetching, number == attempt else { return [] }
      isFetching = false
      if current?.set != set { revision += 1 }
      current = (set, now)
      return answerAll(now)
    case .fetchFailed(let number, let reason):
      guard isFetching, number == attempt else { return [] }
      isFetching = false
      lastFailure = reason
      return answerAll(now)
    }
  }

  private mutating func lookup(_ waiter: Waiter, _ now: Duration) -> [Effect] {
    let answer = answer(waiter, now)
    if case .keys = answer, isFresh(now) { return [.answer(waiter: waiter.id, answer)] }
    // Stale, or no key fits: a fetch may help, unless one has just been made.
    let mayFetch = lastStart.map { now - $0 >= limits.fetchGap } ?? true
    guard isFetching || mayFetch else { return [.answer(waiter: waiter.id, answer)] }
    guard waiters.count < limits.waitersMax else {
      return [.answer(waiter: waiter.id, .unavailable("more than \(limits.waitersMax) callers wait for them"))]
    }
    waiters.append(waiter)
    if isFetching { return [] }
    isFetching = true
    lastStart = now
    attempt += 1
    return [.fetch(attempt: attempt)]
  }

  private mutating func answerAll(_ now: Duration) -> [Effect] {
    let waiting = waiters
    waiters = []
    return waiting.map { .answer(waiter: $0.id, answer($0, now)) }
  }

  /// The best answer without fetching.
  private func answer(_ waiter: Waiter, _ now: Duration) -> Answer {
    guard let current, now - current.at < limits.freshFor + limits.staleFor else { return .unavailable(lastFailure) }
    let keys = current.set.candidates(keyID: waiter.keyID, algorithm: waiter.algorithm)
    return keys.isEmpty ? .unknownKey : .keys(keys, revision: revision)
  }

  private func isFresh(_ now: Duration) -> Bool { current.map { now - $0.at < limits.freshFor } ?? false }
}
