import HTTP
import Net

/// How many pings a client may still send. Pings that come with content are part of measuring the connection and cost
/// nothing; only those between which nothing else happens count.
struct PingAllowance {
  private let limits: HTTP2Limits
  private var left: Double
  private var last: MonotonicInstant?
  private var exchanges = 0

  init(_ limits: HTTP2Limits) {
    self.limits = limits
    left = Double(limits.pingBurst)
  }

  /// - Parameter exchanges: the session's count of what was sent and received besides.
  /// - Returns: false when this ping is one too many.
  mutating func take(at now: MonotonicInstant, exchanges: Int) -> Bool {
    let elapsed = last.map { (now - $0) / .seconds(1) } ?? 0
    let isPartOfWork = exchanges != self.exchanges
    last = now
    self.exchanges = exchanges
    left =
      isPartOfWork
      ? Double(limits.pingBurst) : min(Double(limits.pingBurst), left + elapsed * Double(limits.pingsPerSecond))
    left -= 1
    return left >= 0
  }
}
