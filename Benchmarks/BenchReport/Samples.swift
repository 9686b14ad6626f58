import Glibc

/// The figures that repeated runs gave for one thing.
public struct Samples: Sendable {
  public private(set) var values: [Double]

  public init(_ values: [Double] = []) { self.values = values.sorted() }

  public var count: Int { values.count }
  public var median: Double { percentile(50) }
  /// Distance between the largest and the smallest, as a share of the median.
  public var spread: Double {
    guard let first = values.first, let last = values.last, median != 0 else { return 0 }
    return (last - first) / median
  }

  public mutating func append(_ value: Double) {
    let index = values.firstIndex { $0 > value } ?? values.count
    values.insert(value, at: index)
  }

  /// The value that `percent` of all values do not exceed; between two values the nearer one below. 0 without values.
  public func percentile(_ percent: Double) -> Double {
    guard !values.isEmpty else { return 0 }
    let rank = Int((percent / 100 * Double(values.count)).rounded(.up)) - 1
    return values[max(0, min(values.count - 1, rank))]
  }
}

/// Wall time and processor time of this process since it was made.
public struct Stopwatch: Sendable {
  private let wall: Double
  private let processor: Double

  public init() {
    wall = Stopwatch.read(CLOCK_MONOTONIC)
    processor = Stopwatch.read(CLOCK_PROCESS_CPUTIME_ID)
  }

  /// Seconds of the clock on the wall.
  public var seconds: Double { Stopwatch.read(CLOCK_MONOTONIC) - wall }
  /// Seconds of processor time, over all threads.
  public var processorSeconds: Double { Stopwatch.read(CLOCK_PROCESS_CPUTIME_ID) - processor }

  private static func read(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
