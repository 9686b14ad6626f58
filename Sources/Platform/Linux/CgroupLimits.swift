/// Limits of one control group. nil: not limited here.
public struct CgroupLimits: Sendable, Equatable {
  /// Limits of one block device.
  public struct Device: Sendable, Equatable {
    public var major: UInt32
    public var minor: UInt32
    public var readBytesPerSecond: UInt64?
    public var writeBytesPerSecond: UInt64?
    public var readsPerSecond: UInt64?
    public var writesPerSecond: UInt64?

    public init(
      major: UInt32, minor: UInt32, readBytesPerSecond: UInt64? = nil, writeBytesPerSecond: UInt64? = nil,
      readsPerSecond: UInt64? = nil, writesPerSecond: UInt64? = nil
    ) {
      self.major = major
      self.minor = minor
      self.readBytesPerSecond = readBytesPerSecond
      self.writeBytesPerSecond = writeBytesPerSecond
      self.readsPerSecond = readsPerSecond
      self.writesPerSecond = writesPerSecond
    }
  }

  /// Share of CPU time under contention, 1 to 10000; the kernel's default is 100.
  public var cpuWeight: UInt64?
  /// CPU microseconds per period, of all cores together.
  public var cpuQuotaMicroseconds: UInt64?
  public var cpuPeriodMicroseconds: UInt64 = 100_000
  /// Cores, such as `0-3,6`.
  public var cpus: String?
  /// Memory nodes, such as `0`.
  public var memoryNodes: String?
  /// Bytes; beyond it the kernel kills.
  public var memoryMax: UInt64?
  /// Bytes; beyond it processes are slowed and their memory is reclaimed. v2 only.
  public var memoryHigh: UInt64?
  /// Bytes that are reclaimed last. In v1 the soft limit, which is its nearest relative.
  public var memoryLow: UInt64?
  /// Bytes that are never reclaimed. v2 only.
  public var memoryMin: UInt64?
  /// Bytes of swap beside memory.
  public var swapMax: UInt64?
  /// Processes and threads.
  public var processesMax: UInt64?
  /// Share of disk time under contention, 1 to 10000; the kernel's default is 100.
  public var ioWeight: UInt64?
  public var devices: [Device] = []

  public init() {}

  public var isEmpty: Bool { self == CgroupLimits() }

  /// The controllers these limits need, by their v2 names.
  public var controllers: Set<String> {
    var controllers: Set<String> = []
    if cpuWeight != nil || cpuQuotaMicroseconds != nil { controllers.insert("cpu") }
    if cpus != nil || memoryNodes != nil { controllers.insert("cpuset") }
    if memoryMax != nil || memoryHigh != nil || memoryLow != nil || memoryMin != nil || swapMax != nil {
      controllers.insert("memory")
    }
    if processesMax != nil { controllers.insert("pids") }
    if ioWeight != nil || !devices.isEmpty { controllers.insert("io") }
    return controllers
  }
}

/// A limit that this machine cannot hold, or a value the kernel cannot take.
public enum CgroupLimitError: Error, Sendable, Equatable, CustomStringConvertible {
  case noController(limit: String, controller: String)
  case onlyUnified(limit: String)
  case outOfRange(limit: String, accepted: String)

  public var description: String {
    switch self {
    case .noController(let limit, let controller):
      "\(limit): this machine has no \(controller) controller for control groups"
    case .onlyUnified(let limit):
      "\(limit): needs cgroup v2, but this machine binds that controller to cgroup v1"
    case .outOfRange(let limit, let accepted):
      "\(limit): accepted is \(accepted)"
    }
  }
}

/// One write that puts a limit in force.
public struct CgroupWrite: Sendable, Equatable {
  /// v2 name of the controller, which decides the hierarchy.
  public var controller: String
  public var file: String
  public var value: String
  /// A missing file is no error: the kernel was built without that part and nothing has to be limited.
  public var mayBeMissing = false

  public init(_ controller: String, _ file: String, _ value: String, mayBeMissing: Bool = false) {
    self.controller = controller
    self.file = file
    self.value = value
    self.mayBeMissing = mayBeMissing
  }
}

extension CgroupLimits {
  /// The writes that put these limits in force on a machine with that hierarchy, in order.
  public func writes(on hierarchy: CgroupHierarchy) throws(CgroupLimitError) -> [CgroupWrite] {
    try validate()
    var writes: [CgroupWrite] = []
    for controller in CgroupHierarchy.controllers where controllers.contains(controller) {
      if hierarchy.unifiedControllers.contains(controller) {
        writes += unifiedWrites(controller)
      } else if hierarchy.legacy[CgroupHierarchy.legacyName(controller)] != nil {
        writes += try legacyWrites(controller)
      } else {
        throw .noController(limit: firstLimit(of: controller), controller: controller)
      }
    }
    return writes
  }

  private func validate() throws(CgroupLimitError) {
    if let cpuWeight, !(1...10_000).contains(cpuWeight) {
      throw .outOfRange(limit: "cpuWeight", accepted: "1 to 10000")
    }
    if let ioWeight, !(1...10_000).contains(ioWeight) { throw .outOfRange(limit: "ioWeight", accepted: "1 to 10000") }
    if !(1_000...1_000_000).contains(cpuPeriodMicroseconds) {
      throw .outOfRange(limit: "cpuPeriod", accepted: "1000 to 1000000 microseconds")
    }
    if let cpuQuotaMicroseconds, cpuQuotaMicroseconds < 1_000 {
      throw .outOfRange(limit: "cpu", accepted: "at least 1000 microseconds per period")
    }
    for (name, list) in [("cpus", cpus), ("memoryNodes", memoryNodes)] {
      guard let list, !CgroupLimits.isNumberList(list) else { continue }
      throw .outOfRange(limit: name, accepted: "numbers and ranges such as 0-3,6")
    }
    let sizes = [memoryMax, memoryHigh, memoryLow, memoryMin, swapMax]
    if sizes.contains(where: { $0 ?? 0 > UInt64(Int64.max) }) {
      throw .outOfRange(limit: "memory", accepted: "at most \(Int64.max) bytes")
    }
  }

  /// `1`, `0-3`, `1,2-5,6`.
  static func isNumberList(_ text: String) -> Bool {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    return parts.allSatisfy { part in
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      guard (1...2).contains(ends.count), ends.allSatisfy({ UInt16($0) != nil && $0.first?.isNumber == true }) else {
        return false
      }
      return ends.count == 1 || (UInt16(ends[0]) ?? 0) <= (UInt16(ends[1]) ?? 0)
    }
  }

  private func firstLimit(of controller: String) -> String {
    switch controller {
    case "cpu": cpuQuotaMicroseconds != nil ? "cpu" : "cpuWeight"
    case "cpuset": "cpus"
    case "memory": "memory"
    case "pids": "processes"
    default: "io"
    }
  }

  private func unifiedWrites(_ controller: String) -> [CgroupWrite] {
    var writes: [CgroupWrite] = []
    func add(_ file: String, _ value: UInt64?) {
      if let value { writes.append(CgroupWrite(controller, file, "\(value)")) }
    }
    switch controller {
    case "cpu":
      add("cpu.weight", cpuWeight)
      if let quota = cpuQuotaMicroseconds {
        writes.append(CgroupWrite(controller, "cpu.max", "\(quota) \(cpuPeriodMicroseconds)"))
      }
    case "cpuset":
      if let cpus { writes.append(CgroupWrite(controller, "cpuset.cpus", cpus)) }
      if let memoryNodes { writes.append(CgroupWrite(controller, "cpuset.mems", memoryNodes)) }
    case "memory":
      add("memory.min", memoryMin)
      add("memory.low", memoryLow)
      add("memory.high", memoryHigh)
      add("memory.max", memoryMax)
      if let swapMax {
        writes.append(CgroupWrite(controller, "memory.swap.max", "\(swapMax)", mayBeMissing: swapMax == 0))
      }
    case "pids": add("pids.max", processesMax)
    default:
      if let ioWeight { writes.append(CgroupWrite(controller, "io.weight", "default \(ioWeight)")) }
      for device in devices {
        var line = "\(device.major):\(device.minor)"
        let values = [
          ("rbps", device.readBytesPerSecond), ("wbps", device.writeBytesPerSecond),
          ("riops", device.readsPerSecond), ("wiops", device.writesPerSecond),
        ]
        for (name, value) in values { if let value { line += " \(name)=\(value)" } }
        writes.append(CgroupWrite(controller, "io.max", line))
      }
    }
    return writes
  }

  private func legacyWrites(_ controller: String) throws(CgroupLimitError) -> [CgroupWrite] {
    var writes: [CgroupWrite] = []
    func add(_ file: String, _ value: UInt64?) {
      if let value { writes.append(CgroupWrite(controller, file, "\(value)")) }
    }
    switch controller {
    case "cpu":
      // 100 in v2 is 1024 in v1; v1 accepts 2 to 262144.
      add("cpu.shares", cpuWeight.map { max(2, $0 * 1024 / 100) })
      if let quota = cpuQuotaMicroseconds {
        add("cpu.cfs_period_us", cpuPeriodMicroseconds)
        add("cpu.cfs_quota_us", quota)
      }
    case "cpuset":
      if let cpus { writes.append(CgroupWrite(controller, "cpuset.cpus", cpus)) }
      if let memoryNodes { writes.append(CgroupWrite(controller, "cpuset.mems", memoryNodes)) }
    case "memory":
      if memoryHigh != nil { throw .onlyUnified(limit: "memoryHigh") }
      if memoryMin != nil { throw .onlyUnified(limit: "memoryMin") }
      add("memory.soft_limit_in_bytes", memoryLow)
      add("memory.limit_in_bytes", memoryMax)
      if let swapMax {
        guard let memoryMax else { throw .outOfRange(limit: "swap", accepted: "a limit only together with memory") }
        writes.append(
          CgroupWrite(
            controller, "memory.memsw.limit_in_bytes", "\(memoryMax + swapMax)", mayBeMissing: swapMax == 0))
      }
    case "pids": add("pids.max", processesMax)
    default:
      // The BFQ scheduler's weight, 1 to 1000, where it is in use.
      add("blkio.bfq.weight", ioWeight.map { max(1, $0 / 10) })
      for device in devices {
        let values = [
          ("read_bps", device.readBytesPerSecond), ("write_bps", device.writeBytesPerSecond),
          ("read_iops", device.readsPerSecond), ("write_iops", device.writesPerSecond),
        ]
        for (name, value) in values {
          guard let value else { continue }
          writes.append(
            CgroupWrite(controller, "blkio.throttle.\(name)_device", "\(device.major):\(device.minor) \(value)"))
        }
      }
    }
    return writes
  }
}

extension CgroupLimits {
  /// These limits as an update of `earlier`: what was limited and is no longer gets a value that does not limit.
  public func replacing(_ earlier: CgroupLimits) -> CgroupLimits {
    var limits = self
    if memoryMax == nil, earlier.memoryMax != nil { limits.memoryMax = 1 << 62 }
    if processesMax == nil, earlier.processesMax != nil { limits.processesMax = 4_194_304 }
    if cpuWeight == nil, earlier.cpuWeight != nil { limits.cpuWeight = 100 }
    // 4096 cores.
    if cpuQuotaMicroseconds == nil, earlier.cpuQuotaMicroseconds != nil {
      limits.cpuQuotaMicroseconds = cpuPeriodMicroseconds * 4096
    }
    return limits
  }
}
