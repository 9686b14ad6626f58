/// Spans of time as files write them: a number with the unit `ms`, `s`, `m` or `h`.
enum DurationText {
  enum BareUnit: Sendable { case milliseconds, seconds }

  enum Reading: Equatable {
    /// In milliseconds; may be negative, and a fraction.
    case span(Double, isBare: Bool)
    case notADuration
  }

  static let accepted = "a number with ms, s, m or h, such as 250ms or 1.5s"

  /// - Parameter bare: the unit of a number without one.
  static func read(_ text: String, bare: BareUnit) -> Reading {
    if let span = digits(text) { return span }
    let trimmed = text.utf8.drop { $0 == 0x20 }
    let number = trimmed.prefix { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"),
        UInt8(ascii: "e"), UInt8(ascii: "E"):
        true
      default: false
      }
    }
    guard let value = Double(String(Substring(number))), value.isFinite else { return .notADuration }
    let unit = trimmed.dropFirst(number.count).filter { $0 != 0x20 }
    switch String(decoding: unit, as: UTF8.self) {
    case "": return .span(bare == .seconds ? value * 1000 : value, isBare: true)
    case "ms": return .span(value, isBare: false)
    case "s": return .span(value * 1000, isBare: false)
    case "m": return .span(value * 60_000, isBare: false)
    case "h": return .span(value * 3_600_000, isBare: false)
    default: return .notADuration
    }
  }

  /// The common case: a whole number with `ms` or `s`.
  private static func digits(_ text: String) -> Reading? {
    var number = 0.0
    var bytes = text.utf8[...]
    while let byte = bytes.first, byte &- UInt8(ascii: "0") < 10, text.utf8.count <= 12 {
      number = number * 10 + Double(byte - UInt8(ascii: "0"))
      bytes = bytes.dropFirst()
    }
    guard bytes.startIndex > text.utf8.startIndex else { return nil }
    switch (bytes.count, bytes.first) {
    case (2, UInt8(ascii: "m")) where bytes.last == UInt8(ascii: "s"): return .span(number, isBare: false)
    case (1, UInt8(ascii: "s")): return .span(number * 1000, isBare: false)
    default: return nil
    }
  }

  /// The shortest spelling that means exactly so many milliseconds.
  static func text(_ milliseconds: Int64) -> String {
    if milliseconds != 0 {
      if milliseconds % 3_600_000 == 0 { return "\(milliseconds / 3_600_000)h" }
      if milliseconds % 60_000 == 0 { return "\(milliseconds / 60_000)m" }
      if milliseconds % 1000 == 0 { return "\(milliseconds / 1000)s" }
    }
    return "\(milliseconds)ms"
  }
}
