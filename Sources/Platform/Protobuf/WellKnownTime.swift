import JSON

extension WellKnown {
  /// `google.protobuf.Timestamp`; in JSON a string of RFC 3339 as `2024-05-01T10:00:00.250Z`.
  public struct Timestamp: CustomJSONMessage, Hashable, Comparable {
    public static var messageName: String { "google.protobuf.Timestamp" }
    /// Seconds since 1970-01-01T00:00:00Z.
    public var seconds: Int64 = 0
    /// 0 to 999,999,999, counted forwards also before 1970.
    public var nanos: Int32 = 0
    public var unknownFields = UnknownFields()

    public init() {}
    public init(seconds: Int64, nanos: Int32 = 0) {
      self.seconds = seconds
      self.nanos = nanos
    }

    /// - Parameter millisecondsSince1970: may be negative.
    public init(millisecondsSince1970 milliseconds: Int64) {
      let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: 1000)
      seconds = remainder < 0 ? quotient - 1 : quotient
      nanos = Int32(remainder < 0 ? remainder + 1000 : remainder) * 1_000_000
    }

    public static func == (left: Timestamp, right: Timestamp) -> Bool {
      left.seconds == right.seconds && left.nanos == right.nanos && left.unknownFields == right.unknownFields
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(seconds)
      hasher.combine(nanos)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
      (left.seconds, left.nanos) < (right.seconds, right.nanos)
    }

    public mutating func merge(from reader: inout WireReader) throws(ProtobufError) {
      try reader.secondsAndNanos(&seconds, &nanos, &unknownFields)
    }

    public func encode(to writer: inout WireWriter) { writer.secondsAndNanos(seconds, nanos, unknownFields) }

    public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON {
      guard let text = rfc3339 else { throw .mismatch(path: "", problem: "the time is not in the years 1 to 9999") }
      return .string(text)
    }

    public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
      guard case .string(let text) = json, let time = Timestamp(rfc3339: text) else {
        throw .mismatch(path: "", problem: "expected a time of RFC 3339 as \"2024-05-01T10:00:00Z\"")
      }
      self = time
    }

    static let secondsRange: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    /// The time in UTC with 0, 3, 6 or 9 decimals; `nil` outside the years 1 to 9999.
    public var rfc3339: String? {
      guard Timestamp.secondsRange.contains(seconds), (0..<1_000_000_000).contains(nanos) else { return nil }
      var days = seconds / 86_400
      var second = seconds % 86_400
      if second < 0 {
        second += 86_400
        days -= 1
      }
      let date = CivilDate(daysSince1970: days)
      let day = "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
      let time = "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
      return "\(day)T\(time)\(decimals(nanos))Z"
    }

    /// - Parameter text: RFC 3339 with `Z` or an offset, and up to nine decimals.
    public init?(rfc3339 text: String) {
      var scanner = DigitScanner(text)
      guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2), scanner.take("-"),
        let day = scanner.digits(2), scanner.take("T"), let hour = scanner.digits(2), scanner.take(":"),
        let minute = scanner.digits(2), scanner.take(":"), let second = scanner.digits(2),
        let nanos = scanner.decimals()
      else { return nil }
      var offset: Int64 = 0
      if !scanner.take("Z") {
        let west = scanner.take("-")
        guard west || scanner.take("+"), let hours = scanner.digits(2), scanner.take(":"),
          let minutes = scanner.digits(2), hours < 24, minutes < 60
        else { return nil }
        offset = (hours * 3600 + minutes * 60) * (west ? -1 : 1)
      }
      guard scanner.isAtEnd, hour < 24, minute < 60, second < 60, year >= 1,
        let date = CivilDate(year: year, month: month, day: day)
      else { return nil }
      seconds = date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second - offset
      self.nanos = nanos
      guard Timestamp.secondsRange.contains(seconds) else { return nil }
    }
  }

  /// `google.protobuf.Duration`; in JSON a string as `1.500s`.
  public struct Duration: CustomJSONMessage, Hashable {
    public static var messageName: String { "google.protobuf.Duration" }
    public var seconds: Int64 = 0
    /// -999,999,999 to 999,999,999, of the same sign as `seconds`.
    public var nanos: Int32 = 0
    public var unknownFields = UnknownFields()

    public init() {}
    public init(seconds: Int64, nanos: Int32 = 0) {
      self.seconds = seconds
      self.nanos = nanos
    }

    public init(_ duration: Swift.Duration) {
      let (seconds, attoseconds) = duration.components
      self.init(seconds: seconds, nanos: Int32(attoseconds / 1_000_000_000))
    }

    public var swift: Swift.Duration { .seconds(seconds) + .nanoseconds(Int64(nanos)) }

    public static func == (left: Duration, right: Duration) -> Bool {
      left.seconds == right.seconds && left.nanos == right.nanos && left.unknownFields == right.unknownFields
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(seconds)
      hasher.combine(nanos)
    }

    public mutating func merge(from reader: inout WireReader) throws(ProtobufError) {
      try reader.secondsAndNanos(&seconds, &nanos, &unknownFields)
    }

    public func encode(to writer: inout WireWriter) { writer.secondsAndNanos(seconds, nanos, unknownFields) }

    static let secondsRange: ClosedRange<Int64> = -315_576_000_000...315_576_000_000

    public func json(_ options: ProtobufJSONOptions) throws(ProtobufError) -> JSON {
      guard Duration.secondsRange.contains(seconds), abs(Int64(nanos)) < 1_000_000_000,
        seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0)
      else { throw .mismatch(path: "", problem: "the duration is outside ±10,000 years or has two signs") }
      let sign = seconds < 0 || nanos < 0 ? "-" : ""
      return .string("\(sign)\(seconds.magnitude)\(decimals(abs(nanos)))s")
    }

    public init(json: JSON, options: ProtobufJSONOptions) throws(ProtobufError) {
      guard case .string(let text) = json, let value = Duration(text: text) else {
        throw .mismatch(path: "", problem: "expected a duration in seconds as \"1.5s\"")
      }
      self = value
    }

    private init?(text: String) {
      var scanner = DigitScanner(text)
      let sign: Int64 = scanner.take("-") ? -1 : 1
      guard let seconds = scanner.number(digitsMax: 12), let nanos = scanner.decimals(), scanner.take("s"),
        scanner.isAtEnd, Duration.secondsRange.contains(seconds)
      else { return nil }
      self.init(seconds: sign * seconds, nanos: Int32(sign) * nanos)
    }
  }
}

extension WireReader {
  fileprivate mutating func secondsAndNanos(
    _ seconds: inout Int64, _ nanos: inout Int32, _ unknownFields: inout UnknownFields
  ) throws(ProtobufError) {
    while true {
      let tag = try tag()
      switch tag {
      case 0: return
      case 8: seconds = try Int64Field.read(from: &self)
      case 16: nanos = try Int32Field.read(from: &self)
      default: try unknown(tag, into: &unknownFields)
      }
    }
  }
}

extension WireWriter {
  fileprivate mutating func secondsAndNanos(_ seconds: Int64, _ nanos: Int32, _ unknownFields: UnknownFields) {
    unknown(unknownFields)
    implicit(16, Int32Field.self, nanos)
    implicit(8, Int64Field.self, seconds)
  }
}

private func padded(_ value: Int64, _ width: Int) -> String {
  let text = String(value)
  return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
}

/// The fraction of a second with 0, 3, 6 or 9 digits after a point.
private func decimals(_ nanos: Int32) -> String {
  if nanos == 0 { return "" }
  if nanos % 1_000_000 == 0 { return "." + padded(Int64(nanos) / 1_000_000, 3) }
  if nanos % 1000 == 0 { return "." + padded(Int64(nanos) / 1000, 6) }
  return "." + padded(Int64(nanos), 9)
}

/// A day of the Gregorian calendar, computed by Howard Hinnant's `civil_from_days` and `days_from_civil`
/// (howardhinnant.github.io/date_algorithms.html).
private struct CivilDate {
  var year: Int64
  var month: Int64
  var day: Int64

  init(daysSince1970 days: Int64) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// `nil` for a day that does not exist.
  init?(year: Int64, month: Int64, day: Int64) {
    self.year = year
    self.month = month
    self.day = day
    guard (1...12).contains(month), (1...31).contains(day) else { return nil }
    let back = CivilDate(daysSince1970: daysSince1970)
    guard back.month == month, back.day == day else { return nil }
  }

  var daysSince1970: Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

/// Reads numbers of fixed width from a text.
private struct DigitScanner {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let first = rest.first, UInt32(first) == character.value else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func digit() -> Int64? {
    guard let first = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
    rest.removeFirst()
    return Int64(first) - 48
  }

  mutating func digits(_ count: Int) -> Int64? {
    var value: Int64 = 0
    for _ in 0..<count {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  mutating func number(digitsMax: Int) -> Int64? {
    guard var value = digit() else { return nil }
    var count = 1
    while let digit = digit() {
      count += 1
      if count > digitsMax { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// Nanoseconds from an optional point and one to nine digits.
  mutating func decimals() -> Int32? {
    guard take(".") else { return 0 }
    var value: Int64 = 0
    var count = 0
    while let digit = digit() {
      count += 1
      if count > 9 { return nil }
      value = value * 10 + digit
    }
    if count == 0 { return nil }
    for _ in count..<9 { value *= 10 }
    return Int32(value)
  }
}
