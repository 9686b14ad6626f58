import Synchronization

/// The metrics of a process.
///
/// Names, labels and bounds are constants of the program, and a wrong one stops it: a name matches
/// `[a-zA-Z_:][a-zA-Z0-9_:]*`, a label `[a-zA-Z_][a-zA-Z0-9_]*` without `__` in front, and a name stands for one metric.
/// Asking again for a metric gives the same one.
public final class MetricsRegistry: Sendable {
  public static let shared = MetricsRegistry()

  /// One value of an observed metric.
  public struct Observation: Sendable {
    /// In the order of the metric's label names.
    public var labels: [String]
    public var value: Double

    public init(_ value: Double, labels: [String] = []) {
      self.labels = labels
      self.value = value
    }
  }

  private let seriesMax: Int
  private let sources = Mutex<[String: any MetricSource]>([:])
  private let droppedSeries: MetricFamily<Counter>

  /// - Parameter seriesMax: combinations of label values that one metric keeps.
  public init(seriesMax: Int = 1000) {
    self.seriesMax = seriesMax
    droppedSeries = Self.counterFamily(
      "aether_telemetry_dropped_series_total", "Updates for series above the bound of their metric.", ["metric"],
      seriesMax: .max, dropped: Counter())
    sources.withLock { $0[droppedSeries.name] = droppedSeries }
  }

  // MARK: Making metrics

  /// - Parameter name: ends in `_total` by convention.
  public func counter(_ name: String, help: String) -> Counter { counters(name, help: help, labels: [])[] }

  public func counters(_ name: String, help: String, labels: [String]) -> MetricFamily<Counter> {
    family(name, labels) { dropped in
      Self.counterFamily(name, help, labels, seriesMax: seriesMax, dropped: dropped)
    }
  }

  /// - Parameter name: ends in the unit, such as `_bytes` or `_seconds`, by convention.
  public func gauge(_ name: String, help: String) -> Gauge { gauges(name, help: help, labels: [])[] }

  public func gauges(_ name: String, help: String, labels: [String]) -> MetricFamily<Gauge> {
    family(name, labels) { dropped in
      MetricFamily(
        name: name, help: help, labelNames: labels, kind: .gauge, seriesMax: seriesMax, dropped: dropped,
        make: { Gauge() },
        samples: { gauge, labels in [MetricSnapshot.Sample(suffix: "", labels: labels, value: gauge.value)] })
    }
  }

  /// - Parameter bounds: upper bounds of the buckets, ascending and finite.
  public func histogram(_ name: String, help: String, bounds: [Double] = Histogram.durations) -> Histogram {
    histograms(name, help: help, labels: [], bounds: bounds)[]
  }

  public func histograms(
    _ name: String, help: String, labels: [String], bounds: [Double] = Histogram.durations
  ) -> MetricFamily<Histogram> {
    let isAscending = zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 } && bounds.allSatisfy(\.isFinite)
    precondition(isAscending && !labels.contains("le"), "\(name): bounds must ascend, and \"le\" is taken")
    return family(name, labels) { dropped in
      MetricFamily(
        name: name, help: help, labelNames: labels, kind: .histogram, seriesMax: seriesMax, dropped: dropped,
        make: { Histogram(bounds: bounds) }, samples: { Self.samples(of: $0, labels: $1) })
    }
  }

  /// A metric whose values are read whenever the registry is, in the reader's thread; the closure must not wait.
  ///
  /// Observing a name again replaces what is read.
  public func observe(
    _ name: String, help: String, kind: MetricSnapshot.Kind = .gauge, labels: [String] = [],
    _ read: @escaping @Sendable () -> [Observation]
  ) {
    Self.check(name, labels)
    precondition(kind != .histogram, "\(name): a histogram cannot be observed")
    let source = ObservedMetric(
      name: name, help: help, kind: kind, labelNames: labels, seriesMax: seriesMax, dropped: droppedSeries[name],
      read: read)
    sources.withLock { sources in
      precondition(sources[name].map { $0 is ObservedMetric } ?? true, "\(name) is another kind of metric")
      sources[name] = source
    }
  }

  /// The metrics by name, their series by label values.
  public func snapshot() -> [MetricSnapshot] {
    let sources = sources.withLock { Array($0.values) }
    // The count of drops comes last to be read, since reading the others may add to it.
    let others = sources.filter { $0.name != droppedSeries.name }.map { $0.snapshot() }
    var dropped = droppedSeries.snapshot()
    dropped.samples.removeAll { $0.value == 0 }
    return (others + [dropped]).filter { !$0.samples.isEmpty }.sorted { $0.name < $1.name }
  }

  // MARK: Inside

  private func family<Metric: Sendable>(
    _ name: String, _ labels: [String], _ make: (Counter) -> MetricFamily<Metric>
  ) -> MetricFamily<Metric> {
    Self.check(name, labels)
    let dropped = droppedSeries[name]
    return sources.withLock { sources in
      guard let known = sources[name] else {
        let new = make(dropped)
        sources[name] = new
        return new
      }
      guard let same = known as? MetricFamily<Metric>, same.labelNames == labels else {
        preconditionFailure("\(name) is another kind of metric or has other labels")
      }
      return same
    }
  }

  private static func counterFamily(
    _ name: String, _ help: String, _ labels: [String], seriesMax: Int, dropped: Counter
  ) -> MetricFamily<Counter> {
    MetricFamily(
      name: name, help: help, labelNames: labels, kind: .counter, seriesMax: seriesMax, dropped: dropped,
      make: { Counter() },
      samples: { counter, labels in [MetricSnapshot.Sample(suffix: "", labels: labels, value: Double(counter.value))] })
  }

  /// Buckets are read once, so that `_count` equals the last bucket while others observe.
  private static func samples(of histogram: Histogram, labels: [MetricSnapshot.Label]) -> [MetricSnapshot.Sample] {
    var samples: [MetricSnapshot.Sample] = []
    var total: UInt64 = 0
    for (bound, count) in zip(histogram.bounds + [.infinity], histogram.counts) {
      total += count
      let label = MetricSnapshot.Label(name: "le", value: MetricText.number(bound))
      samples.append(MetricSnapshot.Sample(suffix: "_bucket", labels: labels + [label], value: Double(total)))
    }
    samples.append(MetricSnapshot.Sample(suffix: "_sum", labels: labels, value: histogram.sum))
    samples.append(MetricSnapshot.Sample(suffix: "_count", labels: labels, value: Double(total)))
    return samples
  }

  private static func check(_ name: String, _ labels: [String]) {
    precondition(isName(name, colon: true), "\"\(name)\" is no metric name")
    for label in labels {
      precondition(isName(label, colon: false) && !label.hasPrefix("__"), "\"\(label)\" is no label name")
    }
    precondition(Set(labels).count == labels.count, "\(name) has a label twice")
  }

  private static func isName(_ text: String, colon: Bool) -> Bool {
    for (index, byte) in text.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): break
      case UInt8(ascii: "0")...UInt8(ascii: "9") where index > 0: break
      case UInt8(ascii: ":") where colon: break
      default: return false
      }
    }
    return !text.isEmpty
  }
}
