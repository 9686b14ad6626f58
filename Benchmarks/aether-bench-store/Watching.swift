import BenchReport
import Glibc
import JSON
import Model
import Store
import Synchronization

func nanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// When each write began, by revision; watchers subtract.
private final class Starts: Sendable {
  private let base: Int64
  private let times: [Atomic64]
  /// One slot, so that an array of them can be shared.
  final class Atomic64: Sendable { let value = Atomic<UInt64>(0) }

  init(after base: Int64, count: Int) {
    self.base = base
    times = (0..<count).map { _ in Atomic64() }
  }
  subscript(revision: Int64) -> UInt64 {
    get { times[Int(revision - base - 1)].value.load(ordering: .acquiring) }
    set { times[Int(revision - base - 1)].value.store(newValue, ordering: .releasing) }
  }
}

/// Fan-out of changes to many watchers.
func measureWatching(_ options: Options, in scratch: String, _ report: inout BenchReport) async throws {
  let store = try ResourceStore(path: "\(scratch)/watched")
  try await store.create(sampleResource("w0"))
  var rate = Samples()
  var processor = Samples()
  var p50 = Samples()
  var p99 = Samples()
  var idle = Samples()
  var unwatched = Samples()
  for _ in 0..<options.runs {
    let burst = try await fanOut(store, watchers: options.watchers, changes: 200, writers: 16)
    rate.append(burst.rate)
    processor.append(burst.processorMicroseconds)
    let paced = try await latency(store, watchers: options.watchers, changes: 50)
    p50.append(paced.percentile(50))
    p99.append(paced.percentile(99))
    unwatched.append(try await writeCost(store, watchers: 0, writes: 1000))
    idle.append(try await writeCost(store, watchers: options.watchers, writes: 1000))
  }
  let count = options.watchers
  report.add("changes handed to \(count) watchers", unit: "1/s", ours: rate, aim: "≥ 200000")
  report.add("processor time per change handed over", unit: "µs", ours: processor)
  report.add("write call to seen by a watcher of \(count), p50", unit: "ms", ours: p50, aim: "≤ 5")
  report.add("write call to seen by a watcher of \(count), p99", unit: "ms", ours: p99, aim: "≤ 20")
  report.add(
    "processor time per write, \(count) watchers of other owners", unit: "µs", ours: idle, peer: unwatched,
    peerName: "no watcher", aim: "≤ 1.2 × peer")
  store.close()
}

/// Many writers at once; how fast all watchers have seen everything.
private func fanOut(
  _ store: ResourceStore, watchers: Int, changes: Int, writers: Int
) async throws -> (rate: Double, processorMicroseconds: Double) {
  let since = store.revision
  let last = since + Int64(changes / writers * writers)
  return try await withThrowingTaskGroup(of: Int.self) { group in
    for _ in 0..<watchers {
      let feed = try store.changes(since: since, filter: ChangeFilter(kind: "Cell", owner: "bench"))
      group.addTask {
        var seen = 0
        for try await change in feed {
          seen += 1
          if change.revision == last { break }
        }
        return seen
      }
    }
    try await Task.sleep(for: .milliseconds(100))
    let watch = Stopwatch()
    for writer in 0..<writers {
      group.addTask {
        for index in 0..<changes / writers {
          var next = sampleResource("w\(writer)")
          next.spec = ["value": .integer(Int64(nanoseconds() >> 1)), "index": .integer(Int64(index))]
          try await store.apply(next)
        }
        return 0
      }
    }
    var delivered = 0
    for try await seen in group { delivered += seen }
    return (Double(delivered) / watch.seconds, watch.processorSeconds / Double(delivered) * 1e6)
  }
}

/// One write at a time; milliseconds from its call until each watcher has the change.
private func latency(_ store: ResourceStore, watchers: Int, changes: Int) async throws -> Samples {
  let since = store.revision
  let starts = Starts(after: since, count: changes)
  let last = since + Int64(changes)
  return try await withThrowingTaskGroup(of: [Double].self) { group in
    for _ in 0..<watchers {
      let feed = try store.changes(since: since, filter: ChangeFilter(kind: "Cell", owner: "bench"))
      group.addTask {
        var delays: [Double] = []
        for try await change in feed {
          delays.append(Double(nanoseconds() - starts[change.revision]) / 1e6)
          if change.revision == last { break }
        }
        return delays
      }
    }
    try await Task.sleep(for: .milliseconds(100))
    for index in 0..<changes {
      var next = sampleResource("w0")
      next.spec = ["value": .integer(Int64(nanoseconds() >> 1))]
      starts[since + Int64(index) + 1] = nanoseconds()
      try await store.apply(next)
      try await Task.sleep(for: .milliseconds(10))
    }
    var all: [Double] = []
    for try await delays in group { all += delays }
    return Samples(all)
  }
}

/// Processor microseconds per write while watchers wait for something else.
private func writeCost(_ store: ResourceStore, watchers: Int, writes: Int) async throws -> Double {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for index in 0..<watchers {
      let feed = try store.changes(since: store.revision, filter: ChangeFilter(kind: "Cell", owner: "other\(index)"))
      group.addTask { for try await _ in feed {} }
    }
    try await Task.sleep(for: .milliseconds(50))
    let watch = Stopwatch()
    for index in 0..<writes {
      var next = sampleResource("w1")
      next.spec = ["value": .integer(Int64(nanoseconds() >> 1)), "index": .integer(Int64(index))]
      try await store.apply(next)
    }
    let cost = watch.processorSeconds / Double(writes) * 1e6
    group.cancelAll()
    return cost
  }
}
