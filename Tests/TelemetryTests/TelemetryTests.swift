import Glibc
import JSON
import PythonPeer
import Telemetry
import Testing

@Suite(.timeLimit(.minutes(2))) struct TelemetryTests {
  /// Samples as Prometheus' own parser reads them, one JSON text for each.
  static let parser = """
    import json, sys
    from prometheus_client.parser import text_string_to_metric_families
    for family in text_string_to_metric_families(sys.stdin.read()):
      for sample in family.samples:
        print(json.dumps([family.name, family.type, family.documentation, sample.name, sample.labels, str(float(sample.value))]))
    """

  func parsed(_ registry: MetricsRegistry) throws -> [JSON] {
    try PythonPeer.run(Self.parser, input: String(decoding: registry.text(), as: UTF8.self))
      .split(separator: "\n").map { try JSON.parse(String($0)) }
  }

  @Test func prometheusReadsTheText() throws {
    let registry = MetricsRegistry()
    let requests = registry.counters(
      "aether_requests_total", help: "Back\\slash\nline \"q\"", labels: ["method", "path"])
    requests["GET", "/a\"b\\c\nd"].increment(by: 3)
    requests["POST", "é{},="].increment()
    let gauge = registry.gauge("aether_temperature_celsius", help: "Outside.")
    gauge.set(-2.5)
    gauge.add(1)
    let latency = registry.histogram("aether_latency_seconds", help: "Latency.", bounds: [0.1, 1])
    for value in [0.05, 0.1, 0.5, 7, .nan] { latency.observe(value) }
    latency.observe(.milliseconds(1500))
    let (counter, measure, histogram) = ("aether_requests", "aether_temperature_celsius", "aether_latency_seconds")
    #expect(
      try parsed(registry) == [
        [.string(histogram), "histogram", "Latency.", "aether_latency_seconds_bucket", ["le": "0.1"], "2.0"],
        [.string(histogram), "histogram", "Latency.", "aether_latency_seconds_bucket", ["le": "1"], "3.0"],
        [.string(histogram), "histogram", "Latency.", "aether_latency_seconds_bucket", ["le": "+Inf"], "5.0"],
        [.string(histogram), "histogram", "Latency.", "aether_latency_seconds_sum", [:], "9.15"],
        [.string(histogram), "histogram", "Latency.", "aether_latency_seconds_count", [:], "5.0"],
        [
          .string(counter), "counter", "Back\\slash\nline \"q\"", "aether_requests_total",
          ["method": "GET", "path": "/a\"b\\c\nd"], "3.0",
        ],
        [
          .string(counter), "counter", "Back\\slash\nline \"q\"", "aether_requests_total",
          ["method": "POST", "path": "é{},="], "1.0",
        ],
        [.string(measure), "gauge", "Outside.", .string(measure), [:], "-1.5"],
      ])
  }

  @Test func prometheusReadsSpecialNumbersAndRandomLabels() throws {
    var random = SeededNumbers.forTest("prometheusReadsSpecialNumbersAndRandomLabels")
    let registry = MetricsRegistry()
    let gauges = registry.gauges("g", help: "", labels: ["label"])
    let alphabet = Array("ab\\\"\n\t,={}#  é😀\u{2028}n".unicodeScalars)
    var expected: [String: String] = [:]
    for number in [0, 1, -1, 1e300, 5e-300, 9_007_199_254_740_994, 0.1, .infinity, -.infinity, .nan] {
      for _ in 0..<20 {
        var label = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...8, using: &random) {
          label.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
        }
        gauges[String(label)].set(number)
        expected[String(label)] = number.isFinite ? "\(number)" : number.isNaN ? "nan" : number > 0 ? "inf" : "-inf"
      }
    }
    let samples = try parsed(registry)
    #expect(samples.count == expected.count)
    for sample in samples {
      let parts = sample.arrayValue ?? []
      let wanted = expected[parts[4]["label"]?.stringValue ?? "?"].flatMap(Double.init)
      let found = parts[5].stringValue.flatMap(Double.init)
      #expect(found == wanted || (found?.isNaN == true && wanted?.isNaN == true), "\(sample)")
    }
  }

  @Test func boundsSeriesAndCountsDrops() throws {
    let registry = MetricsRegistry(seriesMax: 10)
    let family = registry.counters("users_total", help: "", labels: ["user"])
    for user in 0..<25 { family["\(user)"].increment() }
    family["3"].increment()
    #expect(family.seriesCount == 10)
    let text = String(decoding: registry.text(), as: UTF8.self)
    #expect(text.contains("users_total{user=\"3\"} 2\n"))
    #expect(!text.contains("user=\"12\""))
    #expect(text.contains("aether_telemetry_dropped_series_total{metric=\"users_total\"} 15\n"))
    family.remove("3")
    family["new"].increment()
    #expect(String(decoding: registry.text(), as: UTF8.self).contains("users_total{user=\"new\"} 1\n"))
    registry.observe("many", help: "", labels: ["n"]) {
      (0..<12).map { MetricsRegistry.Observation(1, labels: ["\($0)"]) }
    }
    let many = registry.snapshot()
    #expect(many.first { $0.name == "many" }?.samples.count == 10)
    let drops = many.first { $0.name == "aether_telemetry_dropped_series_total" }?.samples
    #expect(drops?.first { $0.labels.first?.value == "many" }?.value == 2)
  }

  @Test func losesNoUpdate() async {
    let registry = MetricsRegistry()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          // Each task asks for itself: the same name is the same metric.
          let counter = registry.counter("c_total", help: "")
          let gauge = registry.gauge("g", help: "")
          let histogram = registry.histogram("h", help: "", bounds: [1, 2])
          for index in 0..<10_000 {
            counter.increment()
            gauge.add(1)
            histogram.observe(Double(index % 3))
          }
        }
      }
      for _ in 0..<20 { _ = registry.text() }
    }
    #expect(registry.counter("c_total", help: "").value == 80_000)
    #expect(registry.gauge("g", help: "").value == 80_000)
    let histogram = registry.histogram("h", help: "", bounds: [1, 2])
    #expect(histogram.counts == [53_336, 26_664, 0])
    #expect(histogram.sum == 8 * (3333 + 3333 * 2))
  }

  @Test func tellsWhatTheProcessUses() throws {
    let registry = MetricsRegistry()
    registry.addProcessMetrics()
    var values: [String: Double] = [:]
    for sample in try parsed(registry) {
      let parts = sample.arrayValue ?? []
      values[parts[3].stringValue ?? ""] = parts[5].stringValue.flatMap(Double.init)
    }
    #expect(values.count == 7)
    #expect(values["process_resident_memory_bytes"] ?? 0 > 1e6)
    #expect(values["process_cpu_seconds_total"] ?? 0 > 0)
    #expect(values["process_max_fds"] ?? 0 > values["process_open_fds"] ?? .infinity)
    #expect(abs((values["process_start_time_seconds"] ?? 0) - Double(time(nil))) < 86_400)
  }

  /// From files as Linux writes them: a machine with zones, one with monitors only, and one without either.
  @Test func tellsWhatTheMachineHas() throws {
    var template = Array("/tmp/aether-host-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    func run(_ command: String) -> Int32 { system("cd \(root) && \(command)") }
    defer { _ = system("rm -rf \(root)") }
    #expect(HostUsage.current(root: root) == nil)
    #expect(
      run(
        """
        mkdir -p proc sys/class/thermal/thermal_zone0 sys/class/thermal/thermal_zone1 sys/class/hwmon/hwmon0 && \
        echo '0.52 1.25 3.00 2/345 6789' > proc/loadavg && echo '86400.25 1234.50' > proc/uptime && \
        printf 'MemTotal:  2048000 kB\\nMemFree: 1 kB\\nMemAvailable:  1024000 kB\\n' > proc/meminfo && \
        echo acpitz > sys/class/thermal/thermal_zone0/type && echo 41500 > sys/class/thermal/thermal_zone0/temp && \
        echo wifi > sys/class/thermal/thermal_zone1/type && \
        echo k10temp > sys/class/hwmon/hwmon0/name && echo 55250 > sys/class/hwmon/hwmon0/temp1_input && \
        echo Tctl > sys/class/hwmon/hwmon0/temp1_label && echo -3000 > sys/class/hwmon/hwmon0/temp2_input
        """) == 0)
    var wanted = HostUsage(
      load: [0.52, 1.25, 3], memoryTotalBytes: 2_048_000 << 10, memoryAvailableBytes: 1_024_000 << 10,
      uptimeSeconds: 86_400, temperatures: [HostUsage.Temperature(sensor: "acpitz", celsius: 41.5)])
    // A zone that cannot be read is not there.
    #expect(HostUsage.current(root: root) == wanted)
    #expect(run("rm -r sys/class/thermal") == 0)
    wanted.temperatures = [
      HostUsage.Temperature(sensor: "k10temp Tctl", celsius: 55.25),
      HostUsage.Temperature(sensor: "k10temp temp2", celsius: -3),
    ]
    #expect(HostUsage.current(root: root) == wanted)
    #expect(run("rm -r sys") == 0)
    #expect(HostUsage.current(root: root)?.temperatures == [])
    // Damaged files are no figures.
    #expect(run("echo nothing > proc/meminfo") == 0)
    #expect(HostUsage.current(root: root) == nil)
    let here = try #require(HostUsage.current())
    #expect(
      here.uptimeSeconds > 0 && here.memoryAvailableBytes <= here.memoryTotalBytes && here.load.allSatisfy { $0 >= 0 })
  }

  @Test func countsDescriptors() throws {
    // Other tests open and close files beside this one, so that a few hundred are opened to be seen.
    let before = try #require(ProcessUsage.current()).openDescriptors
    let opened = (0..<300).map { _ in open("/dev/null", O_RDONLY | O_CLOEXEC) }
    let after = try #require(ProcessUsage.current()).openDescriptors
    for descriptor in opened { close(descriptor) }
    #expect(opened.allSatisfy { $0 >= 0 })
    #expect((before + 200...before + 400).contains(after))
  }
}
