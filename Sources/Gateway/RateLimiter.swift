/// Requests per user by token bucket. A pure core: time comes in with each call.
///
/// Each user may send `burst` requests at once and `ratePerSecond` in the long run. The table is bounded: buckets that
/// have filled up again carry no information and are dropped; when all are in use, the one used longest ago goes.
struct RateLimiter: Sendable {
  static let bucketCountMax = 65_536

  private struct Bucket {
    /// In thousandths, so that slow rates lose nothing to rounding.
    var tokens: Double
    var updatedAt: UInt64
  }

  let ratePerSecond: Double
  let burst: Double
  private var buckets: [String: Bucket] = [:]

  init(ratePerSecond: Double, burst: Int) {
    self.ratePerSecond = ratePerSecond
    self.burst = Double(burst)
  }

  enum Decision: Equatable, Sendable {
    case allowed
    /// Seconds until a request will be allowed, rounded up.
    case refused(retryAfterSeconds: Int)
  }

  /// - Parameter now: monotonic nanoseconds.
  mutating func take(_ user: String, now: UInt64) -> Decision {
    var bucket = buckets[user] ?? Bucket(tokens: burst, updatedAt: now)
    if buckets[user] == nil, buckets.count >= RateLimiter.bucketCountMax { makeRoom(now: now) }
    let elapsed = now > bucket.updatedAt ? Double(now - bucket.updatedAt) / 1e9 : 0
    bucket.tokens = min(burst, bucket.tokens + elapsed * ratePerSecond)
    bucket.updatedAt = now
    defer { buckets[user] = bucket }
    guard bucket.tokens >= 1 else {
      return .refused(retryAfterSeconds: max(1, Int(((1 - bucket.tokens) / ratePerSecond).rounded(.up))))
    }
    bucket.tokens -= 1
    return .allowed
  }

  var trackedUserCount: Int { buckets.count }

  private mutating func makeRoom(now: UInt64) {
    let refillNanoseconds = UInt64(burst / ratePerSecond * 1e9)
    buckets = buckets.filter { now < $0.value.updatedAt + refillNanoseconds }
    if buckets.count >= RateLimiter.bucketCountMax,
      let oldest = buckets.min(by: { $0.value.updatedAt < $1.value.updatedAt })?.key
    {
      buckets[oldest] = nil
    }
  }
}
