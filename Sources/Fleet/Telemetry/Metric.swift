import Synchronization

/// A `Double` that many threads change.
struct AtomicDouble: ~Copyable {
  private let bits: Atomic<UInt64>

  init(_ value: Double) { bits = Atomic(value.bitPattern) }

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  func add(_ delta: Double) {
    var known = bits.load(ordering: .relaxed)
    while true {
      let wanted = (Double(bitPattern: known) + delta).bitPattern
      let (isExchanged, found) = bits.weakCompareExchange(expected: known, desired: wanted, ordering: .relaxed)
      if isExchanged { return }
      known = found
    }
  }
}

/// Counts events; never falls while the process lives.
public final class Counter: Sendable {
  private let count = Atomic<UInt64>(0)

  init() {}

  public var value: UInt64 { count.load(ordering: .relaxed) }

  public func increment(by amount: UInt64 = 1) { count.wrappingAdd(amount, ordering: .relaxed) }
}

/// A value that rises and falls.
public final class Gauge: Sendable {
  private let current = AtomicDouble(0)

  init() {}

  public var value: Double { current.value }

  public func set(_ value: Double) { current.store(value) }
  public func add(_ delta: Double) { current.add(delta) }
}

/// Counts observations by size.
///
/// Unchecked, because the buckets are behind a pointer: it is set once, and what it points to is atomic.
public final class Histogram: @unchecked Sendable {
  /// Upper bounds in seconds for what a network service does: 0.5 ms to 10 s.
  public static let durations = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  /// Upper bounds in bytes: 256 B to 64 MiB.
  public static let sizes = stride(from: 8, through: 26, by: 2).map { Double(1 << $0) }

  /// Upper bounds, ascending; a last bucket takes what is above.
  public let bounds: [Double]
  private let buckets: UnsafeMutablePointer<Atomic<UInt64>>
  private let total = AtomicDouble(0)

  init(bounds: [Double]) {
    self.bounds = bounds
    buckets = .allocate(capacity: bounds.count + 1)
    for index in 0...bounds.count { (buckets + index).initialize(to: Atomic(0)) }
  }

  deinit {
    buckets.deinitialize(count: bounds.count + 1)
    buckets.deallocate()
  }

  /// Not-a-number is not counted.
  public func observe(_ value: Double) {
    if value.isNaN { return }
    let index = bounds.firstIndex { value <= $0 } ?? bounds.count
    buckets[index].wrappingAdd(1, ordering: .relaxed)
    total.add(value)
  }

  /// Observes seconds.
  public func observe(_ duration: Duration) {
    observe(Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18)
  }

  /// Observations per bucket, not accumulated; one more than there are bounds.
  public var counts: [UInt64] { (0...bounds.count).map { buckets[$0].load(ordering: .relaxed) } }
  public var sum: Double { total.value }
}
