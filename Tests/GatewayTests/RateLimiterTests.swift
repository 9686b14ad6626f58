import Testing

@testable import Gateway

@Suite struct RateLimiterTests {
  @Test func allowsABurstThenTheRate() {
    var limiter = RateLimiter(ratePerSecond: 2, burst: 3)
    for _ in 0..<3 { #expect(limiter.take("ada", now: 0) == .allowed) }
    #expect(limiter.take("ada", now: 0) == .refused(retryAfterSeconds: 1))
    #expect(limiter.take("bob", now: 0) == .allowed)
    #expect(limiter.take("ada", now: 500_000_000) == .allowed)
    #expect(limiter.take("ada", now: 500_000_000) == .refused(retryAfterSeconds: 1))
  }

  @Test func neverExceedsTheBurstAfterRest() {
    var limiter = RateLimiter(ratePerSecond: 100, burst: 2)
    _ = limiter.take("ada", now: 0)
    let later: UInt64 = 3_600_000_000_000
    #expect(limiter.take("ada", now: later) == .allowed)
    #expect(limiter.take("ada", now: later) == .allowed)
    #expect(limiter.take("ada", now: later) == .refused(retryAfterSeconds: 1))
  }

  @Test func clockGoingBackwardsIsHarmless() {
    var limiter = RateLimiter(ratePerSecond: 1, burst: 1)
    #expect(limiter.take("ada", now: 10_000_000_000) == .allowed)
    #expect(limiter.take("ada", now: 0) == .refused(retryAfterSeconds: 1))
  }

  @Test func tableIsBounded() {
    var limiter = RateLimiter(ratePerSecond: 1, burst: 1)
    for user in 0..<(RateLimiter.bucketCountMax + 100) { _ = limiter.take("user\(user)", now: UInt64(user)) }
    #expect(limiter.trackedUserCount <= RateLimiter.bucketCountMax)
  }
}
