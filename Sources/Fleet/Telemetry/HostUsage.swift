/// What the kernel says of this machine (proc(5), and the thermal zones and monitors of sysfs).
public struct HostUsage: Sendable, Equatable {
  public struct Temperature: Sendable, Equatable {
    /// As the driver calls it, such as "x86_pkg_temp".
    public var sensor: String
    public var celsius: Double

    public init(sensor: String, celsius: Double) {
      self.sensor = sensor
      self.celsius = celsius
    }
  }

  /// Tasks that run or wait for a disk, on average over 1, 5 and 15 minutes.
  public var load: [Double]
  public var memoryTotalBytes: Int64
  /// What work could have without anything being swapped out.
  public var memoryAvailableBytes: Int64
  public var uptimeSeconds: Int64
  /// Empty where the machine tells none.
  public var temperatures: [Temperature]

  public init(
    load: [Double], memoryTotalBytes: Int64, memoryAvailableBytes: Int64, uptimeSeconds: Int64,
    temperatures: [Temperature]
  ) {
    self.load = load
    self.memoryTotalBytes = memoryTotalBytes
    self.memoryAvailableBytes = memoryAvailableBytes
    self.uptimeSeconds = uptimeSeconds
    self.temperatures = temperatures
  }

  /// - Parameter root: what stands in front of `/proc` and `/sys`, for tests.
  /// - Returns: `nil` where `/proc` is missing.
  public static func current(root: String = "") -> HostUsage? {
    guard
      let load = ProcFile.read("\(root)/proc/loadavg")?.split(separator: " ").prefix(3).compactMap({ Double($0) }),
      load.count == 3, let memory = ProcFile.read("\(root)/proc/meminfo"),
      let total = kilobytes("MemTotal:", in: memory), let available = kilobytes("MemAvailable:", in: memory),
      let uptime = ProcFile.read("\(root)/proc/uptime")?.split(separator: " ").first.flatMap({ Double($0) })
    else { return nil }
    return HostUsage(
      load: load, memoryTotalBytes: total << 10, memoryAvailableBytes: available << 10, uptimeSeconds: Int64(uptime),
      temperatures: temperatures(root))
  }

  private static func kilobytes(_ name: String, in memory: String) -> Int64? {
    memory.split(separator: "\n").first { $0.hasPrefix(name) }?.split(separator: " ").dropFirst().first.flatMap {
      Int64($0)
    }
  }

  /// Those of the thermal zones; without any, those of the monitors.
  private static func temperatures(_ root: String) -> [Temperature] {
    let zones = "\(root)/sys/class/thermal"
    let thermal = (ProcFile.names(zones) ?? []).filter { $0.hasPrefix("thermal_zone") }.compactMap { zone in
      celsius("\(zones)/\(zone)/temp").map { Temperature(sensor: line("\(zones)/\(zone)/type") ?? zone, celsius: $0) }
    }
    if !thermal.isEmpty { return thermal }
    let monitors = "\(root)/sys/class/hwmon"
    return (ProcFile.names(monitors) ?? []).flatMap { monitor in
      let folder = "\(monitors)/\(monitor)"
      let name = line("\(folder)/name") ?? monitor
      return (ProcFile.names(folder) ?? []).compactMap { file -> Temperature? in
        guard file.hasPrefix("temp"), file.hasSuffix("_input"), let value = celsius("\(folder)/\(file)") else {
          return nil
        }
        let place = String(file.dropLast(6))
        return Temperature(sensor: "\(name) \(line("\(folder)/\(place)_label") ?? place)", celsius: value)
      }
    }
  }

  /// Drivers give thousandths of a degree; sensors that are switched off cannot be read.
  private static func celsius(_ path: String) -> Double? { line(path).flatMap { Double($0) }.map { $0 / 1000 } }

  private static func line(_ path: String) -> String? {
    ProcFile.read(path)?.split(separator: "\n").first.map { String($0) }
  }
}
