import JSON
import Model

/// Aligned columns, as people read them.
struct Table {
  private var rows: [[String]]

  init(_ titles: [String]) { rows = [titles] }

  mutating func add(_ cells: [String]) { rows.append(cells.map { $0.isEmpty ? "-" : $0 }) }

  var text: String {
    let columns = rows[0].count
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        column == columns - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
      }.joined() + "\n"
    }.joined()
  }
}

extension PrinterColumn {
  /// The column's cell for a resource in its JSON form.
  func cell(of resource: JSON, now: Timestamp) -> String {
    var value: JSON? = resource
    for part in path.split(separator: ".") { value = value?[String(part)] }
    guard let value, !value.isNull else { return "-" }
    switch format {
    case .age: return Timestamp(value.stringValue ?? "").map { Readable.age(now - $0) } ?? "-"
    case .bytes: return value.integerValue.map(Readable.bytes) ?? "-"
    case .cpu: return value.integerValue.map(Readable.cpu) ?? "-"
    case .integer: return value.integerValue.map { String($0) } ?? "-"
    case .list:
      return value.arrayValue?.map { Readable.line($0.stringValue ?? $0.text()) }.joined(separator: " ") ?? "-"
    case .text: return Readable.line(value.stringValue ?? value.text())
    }
  }
}

/// Amounts as people write them.
enum Readable {
  static func bytes(_ count: Int64) -> String {
    let units = ["", "Ki", "Mi", "Gi", "Ti"]
    var amount = Double(count)
    var unit = 0
    // What would be rounded up to 1024 belongs to the next unit.
    while amount >= 1023.5, unit < units.count - 1 {
      amount /= 1024
      unit += 1
    }
    return unit > 0 && amount < 10 ? tenths(amount) + units[unit] : "\(Int(amount.rounded()))\(units[unit])"
  }

  /// Thousandths of a core, `12m`, or cores, `1.5`.
  static func cpu(_ millicores: Int64) -> String {
    millicores < 1000 ? "\(millicores)m" : tenths(Double(millicores) / 1000)
  }

  private static func tenths(_ number: Double) -> String {
    let scaled = Int((number * 10).rounded())
    return scaled % 10 == 0 ? "\(scaled / 10)" : "\(scaled / 10).\(scaled % 10)"
  }

  /// The two largest units of a span: `3d4h`, `5m12s`, `40s`.
  static func age(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    let units: [(Int64, String)] = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")]
    guard let first = units.firstIndex(where: { seconds >= $0.0 }) else { return "0s" }
    let (size, name) = units[first]
    let rest = seconds % size
    guard first + 1 < units.count, seconds / size < 10, rest / units[first + 1].0 > 0 else {
      return "\(seconds / size)\(name)"
    }
    return "\(seconds / size)\(name)\(rest / units[first + 1].0)\(units[first + 1].1)"
  }

  /// One line, without what ``plain(_:)`` leaves out.
  static func whole(_ text: String) -> String { plain(text.replacing("\n", with: "\\n")) }

  /// The same, cut where it gets long.
  static func line(_ text: String) -> String {
    let result = whole(text)
    return result.count > 120 ? String(result.prefix(119)) + "…" : result
  }

  /// Text without control characters but the ends of lines, and without characters that turn the direction of writing,
  /// so that no text from elsewhere can move the cursor or look like what it is not.
  static func plain(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result.append(scalar)
      case "\t": result.append(" ")
      case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": continue
      default: if scalar.properties.generalCategory != .control { result.append(scalar) }
      }
    }
    return String(result)
  }
}
