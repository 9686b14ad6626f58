import AppManager
import Synchronization

/// What an app has done since its start, written by its thread and read by any.
final class AppCounters: Sendable {
  let loadNanoseconds = Atomic<Int64>(0)
  let executionNanoseconds = Atomic<Int64>(0)
  let calls = Atomic<UInt64>(0)
  let denied = Atomic<UInt64>(0)
  let rateLimited = Atomic<UInt64>(0)
  let faults = Atomic<UInt64>(0)
  let logLines = Atomic<UInt64>(0)
  let logLinesDropped = Atomic<UInt64>(0)
  let messagesDropped = Atomic<UInt64>(0)
  let memoryBytes = Atomic<Int>(0)
  let memoryBytesPeak = Atomic<Int>(0)
  let storageBytes = Atomic<Int>(0)
  let handles = Atomic<Int>(0)
  /// Below 0: not counted.
  let fuelUsed = Atomic<Int64>(-1)

  func statistics() -> AppStatistics {
    var statistics = AppStatistics()
    statistics.loadTime = .nanoseconds(loadNanoseconds.load(ordering: .relaxed))
    statistics.executionTime = .nanoseconds(executionNanoseconds.load(ordering: .relaxed))
    statistics.callCount = calls.load(ordering: .relaxed)
    statistics.memoryBytes = memoryBytes.load(ordering: .relaxed)
    statistics.memoryPeakBytes = memoryBytesPeak.load(ordering: .relaxed)
    statistics.storageBytes = storageBytes.load(ordering: .relaxed)
    statistics.handleCount = handles.load(ordering: .relaxed)
    statistics.deniedCount = denied.load(ordering: .relaxed)
    statistics.rateLimitedCount = rateLimited.load(ordering: .relaxed)
    statistics.droppedMessageCount = messagesDropped.load(ordering: .relaxed)
    statistics.logLineCount = logLines.load(ordering: .relaxed)
    statistics.droppedLogLineCount = logLinesDropped.load(ordering: .relaxed)
    let fuel = fuelUsed.load(ordering: .relaxed)
    if fuel >= 0 { statistics.fuelUsed = UInt64(fuel) }
    return statistics
  }
}
