/// The header `grpc-timeout`: at most eight digits and a unit (doc/PROTOCOL-HTTP2.md).
enum GRPCTimeout {
  private static let units: [(letter: Character, nanoseconds: Int64)] = [
    ("n", 1), ("u", 1000), ("m", 1_000_000), ("S", 1_000_000_000), ("M", 60_000_000_000), ("H", 3_600_000_000_000),
  ]

  /// - Returns: nil when the text is not a timeout.
  static func parse(_ text: String) -> Duration? {
    guard let letter = text.last, let unit = units.first(where: { $0.letter == letter }) else { return nil }
    let digits = text.dropLast()
    guard (1...8).contains(digits.utf8.count), digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      let value = Int64(digits)
    else { return nil }
    let (seconds, fraction) =
      unit.nanoseconds >= 1_000_000_000 ? (unit.nanoseconds / 1_000_000_000, 0) : (0, unit.nanoseconds)
    return seconds > 0 ? .seconds(value * seconds) : .nanoseconds(value * fraction)
  }

  /// The finest unit that holds the duration in eight digits, rounded up so that it never says less.
  static func format(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0 else { return "0n" }
    // More than fits nanoseconds is more than fits eight digits of minutes.
    guard seconds < Int64.max / 1_000_000_000 else {
      let hours = seconds / 3600 + (seconds % 3600 == 0 && attoseconds == 0 ? 0 : 1)
      return "\(min(99_999_999, hours))H"
    }
    let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    for unit in units {
      let value = nanoseconds / unit.nanoseconds + (nanoseconds % unit.nanoseconds == 0 ? 0 : 1)
      if value <= 99_999_999 { return "\(value)\(unit.letter)" }
    }
    return "99999999H"
  }
}
