/// Prometheus' text exposition format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
public enum MetricText {
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  public static func write(_ metrics: [MetricSnapshot]) -> [UInt8] {
    var output: [UInt8] = []
    for metric in metrics {
      output += "# HELP \(metric.name) ".utf8
      writeEscaped(metric.help, quotes: false, to: &output)
      output += "\n# TYPE \(metric.name) \(metric.kind.rawValue)\n".utf8
      for sample in metric.samples {
        output += metric.name.utf8
        output += sample.suffix.utf8
        writeLabels(sample.labels, to: &output)
        output += " ".utf8
        output += number(sample.value).utf8
        output += "\n".utf8
      }
    }
    return output
  }

  private static func writeLabels(_ labels: [MetricSnapshot.Label], to output: inout [UInt8]) {
    guard !labels.isEmpty else { return }
    for (index, label) in labels.enumerated() {
      output += (index == 0 ? "{" : ",").utf8
      output += "\(label.name)=\"".utf8
      writeEscaped(label.value, quotes: true, to: &output)
      output += "\"".utf8
    }
    output += "}".utf8
  }

  private static func writeEscaped(_ text: String, quotes: Bool, to output: inout [UInt8]) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): output += "\\\\".utf8
      case UInt8(ascii: "\n"): output += "\\n".utf8
      case UInt8(ascii: "\"") where quotes: output += "\\\"".utf8
      default: output.append(byte)
      }
    }
  }

  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
    return String(value)
  }
}

extension MetricsRegistry {
  /// What a scrape of `/metrics` gets, as ``MetricText/contentType``.
  public func text() -> [UInt8] { MetricText.write(snapshot()) }
}
