import CNet

/// A point on the loop's monotonic time line, in nanoseconds since an arbitrary start.
public struct MonotonicInstant: Comparable, Hashable, Sendable {
  public var nanoseconds: UInt64

  public init(nanoseconds: UInt64) {
    self.nanoseconds = nanoseconds
  }

  /// The present of the system's monotonic clock.
  public static var now: MonotonicInstant { MonotonicInstant(nanoseconds: cnet_now()) }

  public static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// The instant `duration` later; saturates at both ends of the time line.
  public static func + (instant: MonotonicInstant, duration: Duration) -> MonotonicInstant {
    let delta = duration.nanosecondsSaturating
    if delta >= 0 {
      let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(UInt64(delta))
      return MonotonicInstant(nanoseconds: overflow ? .max : sum)
    }
    let magnitude = delta.magnitude
    return MonotonicInstant(nanoseconds: instant.nanoseconds > magnitude ? instant.nanoseconds - magnitude : 0)
  }

  /// The time from `right` to `left`; negative when `left` is earlier.
  public static func - (left: MonotonicInstant, right: MonotonicInstant) -> Duration {
    left >= right
      ? .nanoseconds(Int64(clamping: left.nanoseconds - right.nanoseconds))
      : .nanoseconds(-Int64(clamping: right.nanoseconds - left.nanoseconds))
  }
}

extension Duration {
  /// Whole nanoseconds, clamped to what `Int64` holds (292 years).
  var nanosecondsSaturating: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    let (sum, carried) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    if carried { return seconds < 0 ? .min : .max }
    return sum
  }
}
