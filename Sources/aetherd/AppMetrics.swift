import AppManager
import Apps
import Control
import Telemetry

extension MetricsRegistry {
  /// Figures of all apps of the node, each by its owner and name; an app that is deleted has none. They are read where they
  /// are counted, so that a scrape never waits for an app or for its manager.
  func addApps(_ apps: NodeApps, _ runtimes: AppRuntimes) {
    func add(
      _ name: String, _ help: String, _ kind: MetricSnapshot.Kind = .gauge,
      _ read: @escaping @Sendable (AppFigures) -> Double?
    ) {
      observe("aether_app_\(name)", help: help, kind: kind, labels: ["owner", "app"]) {
        apps.figures.compactMap { owner, app in
          read(app).map { Observation($0, labels: [owner, app.name.text]) }
        }
      }
    }
    func count(_ name: String, _ help: String, _ read: @escaping @Sendable (AppStatistics) -> UInt64) {
      add(name, help, .counter) { Double(read($0.statistics)) }
    }
    add("running", "1 while the app runs, else 0.") { $0.isRunning ? 1 : 0 }
    add("starts_total", "Starts since the app was installed.", .counter) { Double($0.startCount) }
    add("failures_total", "Failures since the app was installed.", .counter) { Double($0.failureCount) }
    add("cpu_seconds_total", "Time of the app on a processor.", .counter) { app in
      let (seconds, attoseconds) = app.statistics.executionTime.components
      return Double(seconds) + Double(attoseconds) * 1e-18
    }
    add("memory_bytes", "Linear memory and what the host holds for the app.") { Double($0.statistics.memoryBytes) }
    add("storage_bytes", "Files of the app, as last looked at.") { Double($0.statistics.storageBytes) }
    add("handles", "Open files, sockets, timers and the like.") { Double($0.statistics.handleCount) }
    count("host_calls_total", "Calls of the app into the host.") { $0.callCount }
    count("denied_calls_total", "Calls refused for want of a capability.") { $0.deniedCount }
    count("rate_limited_calls_total", "Calls refused because they came too often.") { $0.rateLimitedCount }
    count("dropped_messages_total", "Messages from and to the app that found no room.") { $0.droppedMessageCount }
    count("log_lines_total", "Lines that the app wrote.") { $0.logLineCount }
    count("dropped_log_lines_total", "Lines above the quota of the app.") { $0.droppedLogLineCount }
    add("fuel_used_total", "Instructions of apps with a budget of them, about.", .counter) { app in
      app.statistics.fuelUsed.map { Double($0) }
    }
    observe(
      "aether_app_code_compiles_total", help: "Modules that were compiled, by what compiled them.", kind: .counter,
      labels: ["engine"]
    ) {
      let compiles = runtimes.codeFigures.compiles
      return CodeFigures.Engine.allCases.map { engine in
        Observation(Double(compiles[engine] ?? 0), labels: [engine.rawValue])
      }
    }
    observe(
      "aether_app_code_cache_hits_total", help: "Starts whose code was there, by where.", kind: .counter,
      labels: ["place"]
    ) {
      let figures = runtimes.codeFigures
      return [
        Observation(Double(figures.memoryHits), labels: ["memory"]),
        Observation(Double(figures.fileHits), labels: ["file"]),
      ]
    }
  }
}
