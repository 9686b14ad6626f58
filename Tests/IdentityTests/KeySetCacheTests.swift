import Crypto
import Testing

@testable import Identity

@Suite struct KeySetCacheTests {
  private let first: PublicKey
  private let second: PublicKey
  private let limits = KeySetCache.Limits(
    freshFor: .seconds(100), staleFor: .seconds(1000), fetchGap: .seconds(5), waitersMax: 3)

  init() throws {
    first = try PrivateKey.generate(.ed25519).publicKey
    second = try PrivateKey.generate(.ed25519).publicKey
  }

  private var oldSet: KeySet { KeySet([JSONWebKey(first, keyID: "1")]) }
  private var newSet: KeySet { KeySet([JSONWebKey(first, keyID: "1"), JSONWebKey(second, keyID: "2")]) }

  private func lookup(
    _ cache: inout KeySetCache, _ waiter: UInt64, _ keyID: String, at seconds: Int
  ) -> [KeySetCache.Effect] {
    cache.step(.lookup(waiter: waiter, keyID: keyID, algorithm: .edDSA), now: .seconds(seconds))
  }

  @Test func fetchesOnceForAllAndAnswersFromThere() {
    var cache = KeySetCache(limits: limits)
    #expect(lookup(&cache, 1, "1", at: 0) == [.fetch(attempt: 1)])
    #expect(lookup(&cache, 2, "2", at: 0) == [])
    let answers = cache.step(.fetched(attempt: 1, oldSet), now: .seconds(1))
    #expect(answers == [.answer(waiter: 1, .keys([first], revision: 1)), .answer(waiter: 2, .unknownKey)])
    #expect(lookup(&cache, 3, "1", at: 100) == [.answer(waiter: 3, .keys([first], revision: 1))])
  }

  @Test func rotationIsSeenAndUnknownKeysAreRateLimited() {
    var cache = KeySetCache(limits: limits)
    _ = lookup(&cache, 1, "1", at: 0)
    _ = cache.step(.fetched(attempt: 1, oldSet), now: .zero)
    #expect(lookup(&cache, 2, "2", at: 4) == [.answer(waiter: 2, .unknownKey)])
    #expect(lookup(&cache, 3, "2", at: 5) == [.fetch(attempt: 2)])
    // Tokens of known keys are not held up meanwhile.
    #expect(lookup(&cache, 4, "1", at: 5) == [.answer(waiter: 4, .keys([first], revision: 1))])
    #expect(
      cache.step(.fetched(attempt: 2, newSet), now: .seconds(6)) == [
        .answer(waiter: 3, .keys([second], revision: 2))
      ])
    // The old key is withdrawn.
    #expect(lookup(&cache, 5, "1", at: 106) == [.fetch(attempt: 3)])
    let last = KeySet([JSONWebKey(second, keyID: "2")])
    #expect(cache.step(.fetched(attempt: 3, last), now: .seconds(107)) == [.answer(waiter: 5, .unknownKey)])
    #expect(cache.revision == 3)
  }

  @Test func staleKeysServeWhileFetchingFails() {
    var cache = KeySetCache(limits: limits)
    _ = lookup(&cache, 1, "1", at: 0)
    _ = cache.step(.fetched(attempt: 1, oldSet), now: .zero)
    #expect(lookup(&cache, 2, "1", at: 200) == [.fetch(attempt: 2)])
    let keys = KeySetCache.Answer.keys([first], revision: 1)
    #expect(
      cache.step(.fetchFailed(attempt: 2, reason: "down"), now: .seconds(201)) == [.answer(waiter: 2, keys)])
    #expect(lookup(&cache, 3, "1", at: 202) == [.answer(waiter: 3, keys)])
    #expect(lookup(&cache, 4, "1", at: 1100) == [.fetch(attempt: 3)])
    #expect(
      cache.step(.fetchFailed(attempt: 3, reason: "down"), now: .seconds(1101)) == [
        .answer(waiter: 4, .unavailable("down"))
      ])
  }

  @Test func lateReportsAndCrowdsAreHandled() {
    var cache = KeySetCache(limits: limits)
    #expect(lookup(&cache, 1, "1", at: 0) == [.fetch(attempt: 1)])
    #expect(
      cache.step(.fetchFailed(attempt: 1, reason: "slow"), now: .seconds(10)) == [
        .answer(waiter: 1, .unavailable("slow"))
      ])
    #expect(cache.step(.fetched(attempt: 1, oldSet), now: .seconds(11)) == [])
    #expect(lookup(&cache, 2, "1", at: 12) == [.fetch(attempt: 2)])
    #expect(lookup(&cache, 3, "1", at: 12) == [] && lookup(&cache, 4, "1", at: 12) == [])
    guard case .answer(waiter: 5, .unavailable)? = lookup(&cache, 5, "1", at: 12).first else {
      Issue.record("the crowd has no bound")
      return
    }
    #expect(cache.step(.fetched(attempt: 2, oldSet), now: .seconds(13)).count == 3)
  }
}
