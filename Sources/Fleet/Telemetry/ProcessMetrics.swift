import Glibc

/// What the kernel says of this process (proc(5)).
public struct ProcessUsage: Sendable, Equatable {
  public var residentBytes: Int64
  public var virtualBytes: Int64
  /// User and system time of all threads.
  public var cpu: Duration
  public var openDescriptors: Int
  public var threads: Int

  /// `nil` where `/proc` is missing.
  public static func current() -> ProcessUsage? {
    guard let memory = ProcFile.read("/proc/self/statm")?.split(separator: " ").prefix(2).compactMap({ Int64($0) }),
      memory.count == 2, let descriptors = ProcFile.count("/proc/self/fd"),
      let threads = ProcFile.count("/proc/self/task")
    else { return nil }
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    let page = Int64(sysconf(Int32(_SC_PAGESIZE)))
    return ProcessUsage(
      residentBytes: memory[1] * page, virtualBytes: memory[0] * page,
      cpu: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec),
      // The folder that is being read is open as well.
      openDescriptors: descriptors - 1, threads: threads)
  }

  /// Since 1970, UTC.
  static func startTime() -> Duration? {
    // The command in brackets may hold anything; fields are counted after it. Start is field 22, state is field 3.
    guard let stat = ProcFile.read("/proc/self/stat"), let bracket = stat.lastIndex(of: ")"),
      let ticks = stat[bracket...].split(separator: " ").dropFirst(20).first.flatMap({ Int64($0) }),
      let boot = ProcFile.read("/proc/stat")?.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
      let bootSeconds = Int64(boot.dropFirst(6))
    else { return nil }
    let ticksPerSecond = Int64(sysconf(Int32(_SC_CLK_TCK)))
    return .seconds(bootSeconds) + .milliseconds(ticks * 1000 / ticksPerSecond)
  }
}

/// Small files and folders of `/proc` and `/sys`.
enum ProcFile {
  static func read(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 { return nil }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<count]
    }
  }

  /// Entries of a folder.
  static func count(_ path: String) -> Int? { names(path)?.count }

  /// Names of the entries of a folder, sorted, without hidden ones.
  static func names(_ path: String) -> [String]? {
    guard let folder = opendir(path) else { return nil }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}

extension MetricsRegistry {
  /// Adds `process_*` metrics under the names that Prometheus' client libraries use.
  public func addProcessMetrics() {
    func add(
      _ name: String, _ help: String, _ kind: MetricSnapshot.Kind = .gauge,
      _ read: @escaping @Sendable (ProcessUsage) -> Double
    ) {
      observe(name, help: help, kind: kind) { ProcessUsage.current().map { [Observation(read($0))] } ?? [] }
    }
    add("process_resident_memory_bytes", "Resident memory in bytes.") { Double($0.residentBytes) }
    add("process_virtual_memory_bytes", "Virtual memory in bytes.") { Double($0.virtualBytes) }
    add("process_cpu_seconds_total", "User and system CPU time in seconds.", .counter) {
      Double($0.cpu.components.seconds) + Double($0.cpu.components.attoseconds) * 1e-18
    }
    add("process_open_fds", "Open file descriptors.") { Double($0.openDescriptors) }
    add("process_threads", "Threads.") { Double($0.threads) }
    observe("process_max_fds", help: "Limit of open file descriptors.") {
      var limit = rlimit()
      guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return [] }
      return [Observation(Double(limit.rlim_cur))]
    }
    let start = ProcessUsage.startTime()
    observe("process_start_time_seconds", help: "Start of the process in seconds since 1970.") {
      start.map { [Observation(Double($0.components.seconds) + Double($0.components.attoseconds) * 1e-18)] } ?? []
    }
  }
}
