import Glibc

/// Figures of one control group. nil: the machine does not tell.
public struct CgroupStats: Sendable, Equatable {
  /// Pressure stall information: share of time, in percent, in which some or all processes waited.
  public struct Pressure: Sendable, Equatable {
    public var someAverage10: Double
    public var someTotalMicroseconds: UInt64
    public var fullAverage10: Double
    public var fullTotalMicroseconds: UInt64
  }

  public var cpuNanoseconds: UInt64 = 0
  public var cpuUserNanoseconds: UInt64 = 0
  public var cpuSystemNanoseconds: UInt64 = 0
  /// Periods in which the CPU limit stopped it, and for how long altogether.
  public var throttledPeriods: UInt64?
  public var throttledNanoseconds: UInt64?
  public var memoryBytes: UInt64?
  public var memoryPeakBytes: UInt64?
  /// Processes and threads.
  public var tasks: UInt64?
  public var readBytes: UInt64?
  public var writtenBytes: UInt64?
  public var cpuPressure: Pressure?
  public var memoryPressure: Pressure?
  public var ioPressure: Pressure?

  public init() {}
}

/// Lines of `name value`, as in cpu.stat.
struct FlatKeyed {
  private var values: [Substring: UInt64] = [:]

  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ")
      if parts.count == 2, let value = UInt64(parts[1]) { values[parts[0]] = value }
    }
  }

  subscript(name: String) -> UInt64? { values[name[...]] }
}

extension CgroupStats.Pressure {
  /// From a file such as `cpu.pressure`; nil when it is not of that form.
  public init?(_ text: String) {
    var averages: [Substring: Double] = [:]
    var totals: [Substring: UInt64] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard let kind = parts.first else { continue }
      for part in parts.dropFirst() {
        let pair = part.split(separator: "=")
        guard pair.count == 2 else { continue }
        if pair[0] == "avg10" { averages[kind] = Double(pair[1]) }
        if pair[0] == "total" { totals[kind] = UInt64(pair[1]) }
      }
    }
    guard let some = averages["some"], let someTotal = totals["some"] else { return nil }
    self.init(
      someAverage10: some, someTotalMicroseconds: someTotal, fullAverage10: averages["full"] ?? 0,
      fullTotalMicroseconds: totals["full"] ?? 0)
  }
}

extension Cgroup {
  /// What the group has used. Throws when it does not exist.
  public func stats() throws(LinuxError) -> CgroupStats {
    var stats = CgroupStats()
    let cpu = FlatKeyed(try Files.text(unifiedDirectory + "/cpu.stat"))
    stats.cpuNanoseconds = (cpu["usage_usec"] ?? 0) * 1000
    stats.cpuUserNanoseconds = (cpu["user_usec"] ?? 0) * 1000
    stats.cpuSystemNanoseconds = (cpu["system_usec"] ?? 0) * 1000
    stats.throttledPeriods = cpu["nr_throttled"]
    stats.throttledNanoseconds = cpu["throttled_usec"].map { $0 * 1000 }
    stats.cpuPressure = pressure("cpu")
    stats.memoryPressure = pressure("memory")
    stats.ioPressure = pressure("io")
    func number(_ directory: String?, _ file: String) -> UInt64? {
      guard let directory, let text = try? Files.text(directory + "/" + file) else { return nil }
      return UInt64(text)
    }
    if driver.hierarchy.unifiedControllers.contains("memory") {
      stats.memoryBytes = number(unifiedDirectory, "memory.current")
      stats.memoryPeakBytes = number(unifiedDirectory, "memory.peak")
    } else if let directory = legacyDirectory("memory") {
      stats.memoryBytes = number(directory, "memory.usage_in_bytes")
      stats.memoryPeakBytes = number(directory, "memory.max_usage_in_bytes")
    }
    if let directory = legacyDirectory("cpu"), let text = try? Files.text(directory + "/cpu.stat") {
      let values = FlatKeyed(text)
      stats.throttledPeriods = values["nr_throttled"]
      stats.throttledNanoseconds = values["throttled_time"]
    }
    stats.tasks = number(directory(of: "pids"), "pids.current") ?? UInt64(threadCount())
    readIO(into: &stats)
    return stats
  }

  private func threadCount() -> Int {
    guard let text = try? Files.text(unifiedDirectory + "/cgroup.threads") else { return 0 }
    return text.split(separator: "\n").count
  }

  private func pressure(_ kind: String) -> CgroupStats.Pressure? {
    (try? Files.text("\(unifiedDirectory)/\(kind).pressure")).flatMap { CgroupStats.Pressure($0) }
  }

  private func readIO(into stats: inout CgroupStats) {
    if driver.hierarchy.unifiedControllers.contains("io") {
      guard let text = try? Files.text(unifiedDirectory + "/io.stat") else { return }
      var read: UInt64 = 0
      var written: UInt64 = 0
      for field in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
        if field.hasPrefix("rbytes=") { read += UInt64(field.dropFirst(7)) ?? 0 }
        if field.hasPrefix("wbytes=") { written += UInt64(field.dropFirst(7)) ?? 0 }
      }
      (stats.readBytes, stats.writtenBytes) = (read, written)
    } else if let directory = legacyDirectory("blkio"),
      let text = try? Files.text(directory + "/blkio.throttle.io_service_bytes_recursive")
    {
      var read: UInt64 = 0
      var written: UInt64 = 0
      for line in text.split(separator: "\n") {
        let parts = line.split(separator: " ")
        guard parts.count == 3, let value = UInt64(parts[2]) else { continue }
        if parts[1] == "Read" { read += value }
        if parts[1] == "Write" { written += value }
      }
      (stats.readBytes, stats.writtenBytes) = (read, written)
    }
  }
}
