import Glibc

/// Dates as HTTP writes them, for example `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
public enum HTTPDate {
  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// - Parameter time: seconds since 1970-01-01 UTC.
  public static func format(_ time: Int) -> String {
    var seconds = time_t(time)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let year = String(parts.tm_year + 1900)
    let padded = String(repeating: "0", count: max(0, 4 - year.count)) + year
    let day = days[Int(parts.tm_wday) % 7]
    let month = months[Int(parts.tm_mon) % 12]
    let clock = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    return "\(day), \(two(parts.tm_mday)) \(month) \(padded) \(clock) GMT"
  }

  /// Reads the preferred format and the two obsolete ones (`Sunday, 06-Nov-94 08:49:37 GMT`,
  /// `Sun Nov  6 08:49:37 1994`); nil when it is none of them. The day of the week is not checked.
  /// - Returns: seconds since 1970-01-01 UTC.
  public static func parse(_ text: String) -> Int? {
    guard text.utf8.count <= 64 else { return nil }
    let words = text.split(separator: " ")
    if words.count == 6, words[5] == "GMT" {
      return seconds(day: words[1], month: words[2], year: words[3], clock: words[4])
    }
    if words.count == 4, words[3] == "GMT" {
      let date = words[1].split(separator: "-")
      guard date.count == 3, let year = Int(date[2]), date[2].utf8.count == 2 else { return nil }
      return seconds(day: date[0], month: date[1], year: "\(year < 70 ? 2000 + year : 1900 + year)", clock: words[2])
    }
    if words.count == 5 {
      return seconds(day: words[2], month: words[1], year: words[4], clock: words[3])
    }
    return nil
  }

  private static func seconds(day: Substring, month: Substring, year: Substring, clock: Substring) -> Int? {
    let time = clock.split(separator: ":", omittingEmptySubsequences: false).map { Int32($0) }
    guard let day = Int32(day), (1...31).contains(day), let month = months.firstIndex(of: String(month)),
      let year = Int32(year), (1601...9999).contains(year), time.count == 3,
      let hour = time[0], (0...23).contains(hour), let minute = time[1], (0...59).contains(minute),
      let second = time[2], (0...60).contains(second)
    else { return nil }
    var parts = tm()
    parts.tm_mday = day
    parts.tm_mon = Int32(month)
    parts.tm_year = year - 1900
    parts.tm_hour = hour
    parts.tm_min = minute
    parts.tm_sec = second
    return Int(timegm(&parts))
  }
}
