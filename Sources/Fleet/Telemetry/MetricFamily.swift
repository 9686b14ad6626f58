import Synchronization

/// What one metric looked like at one moment.
public struct MetricSnapshot: Sendable, Equatable {
  public enum Kind: String, Sendable { case counter, gauge, histogram }

  public struct Label: Sendable, Equatable {
    public var name: String
    public var value: String
  }

  public struct Sample: Sendable, Equatable {
    /// After the metric's name: empty, `_bucket`, `_sum` or `_count`.
    public var suffix: String
    public var labels: [Label]
    public var value: Double
  }

  public var name: String
  public var help: String
  public var kind: Kind
  public var samples: [Sample]
}

/// All series of a metric, one for each combination of label values.
public final class MetricFamily<Metric: Sendable>: Sendable {
  public let name: String
  public let help: String
  public let labelNames: [String]
  private let seriesMax: Int
  private let make: @Sendable () -> Metric
  private let samples: @Sendable (Metric, [MetricSnapshot.Label]) -> [MetricSnapshot.Sample]
  private let kind: MetricSnapshot.Kind
  private let series = Mutex<[[String]: Metric]>([:])
  /// Takes the updates of series above the bound, and is shown nowhere.
  private let overflow: Metric
  private let dropped: Counter

  init(
    name: String, help: String, labelNames: [String], kind: MetricSnapshot.Kind, seriesMax: Int, dropped: Counter,
    make: @escaping @Sendable () -> Metric,
    samples: @escaping @Sendable (Metric, [MetricSnapshot.Label]) -> [MetricSnapshot.Sample]
  ) {
    self.name = name
    self.help = help
    self.labelNames = labelNames
    self.kind = kind
    self.seriesMax = seriesMax
    self.dropped = dropped
    self.make = make
    self.samples = samples
    overflow = make()
  }

  /// The series with these label values, in the order of the names. Keep it where it is used often: the look-up takes a
  /// lock, its updates take none. Above the bound a series is dropped and counted.
  public subscript(_ values: String...) -> Metric { self[values] }

  public subscript(_ values: [String]) -> Metric {
    precondition(values.count == labelNames.count, "\(name) has the labels \(labelNames)")
    let found = series.withLock { series -> Metric? in
      if let known = series[values] { return known }
      guard series.count < seriesMax else { return nil }
      let new = make()
      series[values] = new
      return new
    }
    if let found { return found }
    dropped.increment()
    return overflow
  }

  /// Forgets a series whose subject is gone, such as a deleted workload.
  public func remove(_ values: String...) { series.withLock { $0[values] = nil } }

  public var seriesCount: Int { series.withLock { $0.count } }
}

/// What a registry needs to know of a metric.
protocol MetricSource: Sendable {
  var name: String { get }
  func snapshot() -> MetricSnapshot
}

extension MetricFamily: MetricSource {
  func snapshot() -> MetricSnapshot {
    let sorted = series.withLock { Array($0) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    let samples = sorted.flatMap { values, metric in
      self.samples(metric, zip(labelNames, values).map { MetricSnapshot.Label(name: $0, value: $1) })
    }
    return MetricSnapshot(name: name, help: help, kind: kind, samples: samples)
  }
}

/// Asks for its values when somebody looks.
struct ObservedMetric: MetricSource {
  var name: String
  var help: String
  var kind: MetricSnapshot.Kind
  var labelNames: [String]
  var seriesMax: Int
  var dropped: Counter
  var read: @Sendable () -> [MetricsRegistry.Observation]

  func snapshot() -> MetricSnapshot {
    let observations = read()
    if observations.count > seriesMax { dropped.increment(by: UInt64(observations.count - seriesMax)) }
    let samples = observations.prefix(seriesMax).map { observation in
      let labels = zip(labelNames, observation.labels).map { MetricSnapshot.Label(name: $0, value: $1) }
      return MetricSnapshot.Sample(suffix: "", labels: labels, value: observation.value)
    }
    return MetricSnapshot(name: name, help: help, kind: kind, samples: samples)
  }
}
