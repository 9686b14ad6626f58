/// The waits between attempts to connect: each twice as long as the one before, up to a largest, and each varied by a
/// fifth, so that the clients of a server that failed do not come back at the same moment.
struct Backoff {
  private static let variation = 0.2
  private static let doublingsMax = 20

  private let shortest: Duration
  private let longest: Duration
  private var failures = 0
  /// State of SplitMix64 (prng.di.unimi.it/splitmix64.c).
  private var state: UInt64

  /// - Parameter seed: determines the variation.
  init(from shortest: Duration, to longest: Duration, seed: UInt64) {
    self.shortest = max(.zero, shortest)
    self.longest = max(.zero, longest)
    state = seed
  }

  /// The wait after one more failure.
  mutating func next() -> Duration {
    let doublings = min(failures, Self.doublingsMax)
    failures += 1
    // Divided rather than multiplied, so that no wait is too large to be told.
    let base = shortest < longest / (1 << doublings) ? shortest * (1 << doublings) : longest
    return base * (1 - Self.variation + 2 * Self.variation * fraction())
  }

  /// An attempt succeeded.
  mutating func reset() { failures = 0 }

  /// 0 ..< 1.
  private mutating func fraction() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed >> 31
    return Double(mixed >> 11) / Double(1 << 53)
  }
}
