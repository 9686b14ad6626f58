import Glibc

/// Whole seconds since 1970-01-01T00:00:00Z, as certificates and tokens count them.
public struct UnixTime: Sendable, Hashable, Comparable {
  public var seconds: Int64

  public init(_ seconds: Int64) { self.seconds = seconds }

  public static func now() -> UnixTime {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return UnixTime(Int64(now.tv_sec))
  }

  /// Saturates instead of overflowing.
  public func adding(_ duration: Duration) -> UnixTime {
    let (sum, overflow) = seconds.addingReportingOverflow(duration.components.seconds)
    return UnixTime(overflow ? (duration < .zero ? .min : .max) : sum)
  }

  public static func < (left: UnixTime, right: UnixTime) -> Bool { left.seconds < right.seconds }
}

extension UnixTime: CustomStringConvertible {
  /// RFC 3339 in UTC, such as `2026-03-01T12:00:00Z`.
  public var description: String {
    var time = time_t(seconds)
    var parts = tm()
    guard gmtime_r(&time, &parts) != nil else { return "@\(seconds)" }
    var text = [CChar](repeating: 0, count: 64)
    let length = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
