import AppABI

/// How often an app may call functions of each rate class. As many calls at once as in a second; filled at most every 20 ms.
struct TokenBuckets {
  /// Calls a second, by class.
  private(set) var rates: [Int]
  private var tokens: [Double]
  private var filledAt: Int64

  /// - Parameters:
  ///   - overrides: rates that differ from the class's own; 0: none are allowed.
  ///   - now: milliseconds.
  init(overrides: [RateClass: Int] = [:], now: Int64) {
    rates = RateClass.allCases.map { max(0, overrides[$0] ?? $0.callsPerSecond) }
    tokens = rates.map(Double.init)
    filledAt = now
  }

  /// Takes a token. False when there is none.
  mutating func take(_ rate: RateClass, now: Int64) -> Bool {
    let elapsed = now - filledAt
    if elapsed >= 20 {
      filledAt = now
      for index in tokens.indices {
        let full = Double(rates[index])
        tokens[index] = min(full, tokens[index] + full * Double(min(elapsed, 1000)) / 1000)
      }
    }
    let index = Int(rate.rawValue)
    guard tokens[index] >= 1 else { return false }
    tokens[index] -= 1
    return true
  }
}
