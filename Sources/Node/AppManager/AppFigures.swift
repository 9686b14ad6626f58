import Synchronization

/// What an app has done and has, for whoever watches a node.
public struct AppFigures: Sendable, Equatable {
  public var name: AppName
  public var isRunning: Bool
  /// Since it was installed.
  public var startCount: UInt64
  /// Since it was installed.
  public var failureCount: UInt64
  /// Counts of all its runs since the manager was opened, sizes of the present one. Without one memory and handles are 0, and
  /// storage is as it was last seen.
  public var statistics: AppStatistics
}

/// The figures of all apps of a manager, which are read without waiting for it.
final class AppFigureBoard: Sendable {
  private struct Row: Sendable {
    var running: (any RunningApp)?
    var startCount: UInt64
    var failureCount: UInt64
    /// Of the runs that have ended.
    var past: AppStatistics
  }

  private let rows = Mutex<[AppName: Row]>([:])

  /// Takes over how an app stands.
  func note(_ entry: AppEntry) {
    let record = entry.core.record
    let row = Row(
      running: entry.running, startCount: record.startCount, failureCount: record.crashTotal, past: entry.past)
    rows.withLock { $0[entry.name] = row }
  }

  func remove(_ name: AppName) { rows.withLock { $0[name] = nil } }

  /// By name.
  var figures: [AppFigures] {
    rows.withLock { $0 }.map { name, row in
      var statistics = row.past
      if let running = row.running {
        statistics.add(running.statistics())
      } else {
        statistics.memoryBytes = 0
        statistics.handleCount = 0
      }
      return AppFigures(
        name: name, isRunning: row.running != nil, startCount: row.startCount, failureCount: row.failureCount,
        statistics: statistics)
    }.sorted { $0.name < $1.name }
  }
}
