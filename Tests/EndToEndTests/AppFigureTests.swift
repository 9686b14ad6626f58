import Foundation
import JSON
import PythonPeer
import Testing

/// Budgets of apps, and what the daemon tells of them to those who watch it.
@Suite(.serialized) struct AppFigureTests {
  private func start() async throws -> Installation {
    let aether = try Installation(
      configuration: "apps: {allowUnsigned: true}\nrate: {requestsPerSecond: 100000, burst: 100000}\n")
    try await aether.start()
    return aether
  }

  private func apply(_ aether: Installation, _ module: String, _ quotas: String, _ more: String = "") throws {
    try """
    kind: App
    metadata: {name: lamp}
    spec:
      source: {file: \((module as NSString).lastPathComponent)}
      quotas: \(quotas)
    \(more)
    """.write(toFile: aether.root + "/lamp.yaml", atomically: true, encoding: .utf8)
    let result = try aether.run("apply", "-f", aether.root + "/lamp.yaml")
    guard result.status == 0 else { throw Installation.Failure("apply: \(result.errors)") }
  }

  /// An endless loop ends at its budget, is kept as a crash, and is started again as its policy says.
  @Test func aBudgetOfInstructionsIsUsedUp() async throws {
    let aether = try await start()
    defer { aether.remove() }
    #expect(try aether.run("explain", "app").output.contains("fuel"))
    let module = try AppPrograms.build("1.0", .spins, in: aether.root)
    try apply(
      aether, module, "{fuel: 2000000, executionTimeout: 10m}",
      "  restart: {policy: onFailure, maxRetries: 2, delay: 100ms}")
    try await aether.wait("it has failed for good") { try aether.status("app", "lamp")["phase"] == "Failed" }
    let status = try aether.status("app", "lamp")
    #expect(status["lastCrash"]?["kind"] == "killed" && status["lastCrash"]?["reason"] == "fuel exhausted")
    #expect(status["lastCrash"]?["backTrace"]?.arrayValue?.isEmpty == false, "\(status.text())")
    #expect(status["message"]?.stringValue?.contains("fuel exhausted") == true, "\(status.text())")
    #expect(status["restarts"]?.integerValue == 1 && status["crashes"] == 2, "\(status.text())")
    let crashes = try aether.run("app", "crashes", "lamp").output
    #expect(crashes.components(separatedBy: "killed: fuel exhausted").count == 3, "\(crashes)")
    // Every run got as far as the others.
    #expect(try aether.run("app", "logs", "lamp").output == "version 1.0\ntimer: yes\nversion 1.0\ntimer: yes\n")
    // With enough it runs, and says what it has used.
    try apply(aether, try AppPrograms.build("2.0", in: aether.root), "{fuel: 1000000000000}")
    try await aether.wait("it runs and counts") {
      let stats = try JSON.parse(try aether.run("app", "stats", "lamp", "-o", "json").output)
      return (stats["fuelUsed"]?.integerValue ?? 0) > 100
    }
    #expect(try aether.run("app", "stats", "lamp").output.contains("fuel"))
    let refused = try aether.run(
      "apply", "-f", "-", input: "{kind: App, metadata: {name: x}, spec: {source: {file: x}, quotas: {fuel: 0}}}")
    #expect(refused.status != 0)
  }

  /// Samples as Prometheus' own parser reads them, by name and labels.
  private static let parser = """
    import json, sys
    from prometheus_client.parser import text_string_to_metric_families
    samples = {}
    for family in text_string_to_metric_families(sys.stdin.read()):
      assert family.type in ("counter", "gauge", "histogram"), family
      for sample in family.samples:
        labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
        key = f"{sample.name}[{labels}]"
        assert key not in samples, key
        samples[key] = float(sample.value)
    print(json.dumps(samples))
    """

  private func scrape(_ aether: Installation) throws -> JSON {
    let page = try Installation.run(
      "/usr/bin/curl", ["-sS", "--fail", "--cacert", aether.authority, aether.server + "/metrics"])
    guard page.status == 0 else { throw Installation.Failure("curl: \(page.errors)") }
    return try JSON.parse(try PythonPeer.run(Self.parser, input: page.output))
  }

  /// The figures of an app are there while it is declared, and go with it.
  @Test func figuresForPrometheus() async throws {
    let aether = try await start()
    defer { aether.remove() }
    try apply(
      aether, try AppPrograms.build("1.0", capabilities: ["timer"], in: aether.root), "{memory: 1Mi, fuel: 1000000000}")
    func value(_ samples: JSON, _ name: String) -> Double? {
      samples["aether_app_\(name)[app=lamp,owner=ada]"]?.doubleValue
    }
    try await aether.wait("it has called") { (value(try scrape(aether), "host_calls_total") ?? 0) >= 4 }
    let samples = try scrape(aether)
    #expect(value(samples, "running") == 1 && value(samples, "starts_total") == 1)
    #expect(value(samples, "failures_total") == 0 && value(samples, "denied_calls_total") == 0)
    #expect(value(samples, "cpu_seconds_total") ?? 0 > 0 && value(samples, "fuel_used_total") ?? 0 > 0)
    #expect(value(samples, "memory_bytes") ?? 0 >= 65_536 && value(samples, "log_lines_total") ?? 0 >= 2)
    for name in [
      "storage_bytes", "handles", "rate_limited_calls_total", "dropped_messages_total", "dropped_log_lines_total",
    ] { #expect(value(samples, name) != nil, "\(name)") }
    #expect(samples["aether_app_code_compiles_total[engine=metered]"]?.doubleValue == 1)
    #expect(samples["aether_app_code_cache_hits_total[place=file]"]?.doubleValue == 0)
    // Counts go on over runs; what is denied is counted.
    #expect(try aether.run("app", "revoke", "lamp", "timer").status == 0)
    #expect(try aether.run("app", "restart", "lamp").status == 0)
    try await aether.wait("it is denied") { (value(try scrape(aether), "denied_calls_total") ?? 0) >= 1 }
    let later = try scrape(aether)
    #expect(value(later, "starts_total") == 2)
    #expect(value(later, "host_calls_total") ?? 0 >= value(samples, "host_calls_total") ?? .infinity)
    #expect(later["aether_app_code_cache_hits_total[place=file]"]?.doubleValue == 1)
    try await aether.wait("top has it") {
      try aether.run("top", "--once").output.split(separator: "\n").contains {
        $0.hasPrefix("App ") && $0.contains("lamp")
      }
    }
    #expect(try aether.run("app", "stop", "lamp").status == 0)
    let stopped = try scrape(aether)
    #expect(value(stopped, "running") == 0 && value(stopped, "memory_bytes") == 0)
    #expect(try aether.run("app", "uninstall", "lamp").status == 0)
    try await aether.wait("nothing is left of it") {
      !(try scrape(aether).objectValue?.names.contains { $0.contains("lamp") } ?? true)
    }
  }
}
