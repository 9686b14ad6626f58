import Glibc

/// Where this machine's control groups are mounted.
///
/// Two kinds of host exist. On an ordinary one all controllers are in cgroup v2. On a hybrid one v2 is mounted beside
/// v1 hierarchies that hold most controllers; there a workload has one v2 group for its identity, for kill, freeze
/// and events, and v1 groups for its limits.
public struct CgroupHierarchy: Sendable, Equatable {
  /// Mount point of cgroup v2.
  public var unified: String
  /// Controllers that v2 offers.
  public var unifiedControllers: Set<String>
  /// Mount point of v1 by controller, for those that are bound to v1.
  public var legacy: [String: String]

  public init(unified: String, unifiedControllers: Set<String>, legacy: [String: String] = [:]) {
    self.unified = unified
    self.unifiedControllers = unifiedControllers
    self.legacy = legacy
  }

  /// The controllers limits and figures are made of.
  public static let controllers = ["cpu", "cpuset", "io", "memory", "pids"]

  /// The name of a controller in v1.
  public static func legacyName(_ controller: String) -> String { controller == "io" ? "blkio" : controller }

  /// True when v1 holds at least one of `controllers`.
  public var isHybrid: Bool { CgroupHierarchy.controllers.contains { legacy[CgroupHierarchy.legacyName($0)] != nil } }

  /// Controllers of v2 that matter here, in a fixed order.
  public var usableUnifiedControllers: [String] {
    CgroupHierarchy.controllers.filter { unifiedControllers.contains($0) }
  }

  /// True when `controller` can be used, in either version.
  public func offers(_ controller: String) -> Bool {
    unifiedControllers.contains(controller) || legacy[CgroupHierarchy.legacyName(controller)] != nil
  }

  /// Reads the mounts out of /proc/PID/mountinfo; nil when cgroup v2 is not mounted.
  public static func parse(mountInfo: String) -> (unified: String, legacy: [String: String])? {
    var unified: String?
    var legacy: [String: String] = [:]
    for line in mountInfo.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count >= 10, let dash = fields.firstIndex(of: "-"), dash + 3 < fields.count else { continue }
      let point = unescape(fields[4])
      switch fields[dash + 1] {
      case "cgroup2": unified = unified ?? point
      case "cgroup":
        for option in fields[dash + 3].split(separator: ",") where legacy[String(option)] == nil {
          if legacyControllers.contains(String(option)) { legacy[String(option)] = point }
        }
      default: continue
      }
    }
    return unified.map { ($0, legacy) }
  }

  private static let legacyControllers: Set<String> = ["cpu", "cpuset", "blkio", "memory", "pids"]

  /// mountinfo writes space, tab, newline and backslash as three octal digits.
  private static func unescape(_ text: Substring) -> String {
    guard text.contains("\\") else { return String(text) }
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.count >= 3,
        let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What this machine has.
  public static func detect() throws(LinuxError) -> CgroupHierarchy {
    let mountInfo = String(decoding: try Files.read("/proc/self/mountinfo", limit: 16 << 20), as: UTF8.self)
    guard let found = parse(mountInfo: mountInfo) else {
      throw LinuxError("find cgroup2 mount", "/proc/self/mountinfo", errno: ENOENT)
    }
    let offered = try Files.text(found.unified + "/cgroup.controllers").split(separator: " ").map(String.init)
    return CgroupHierarchy(unified: found.unified, unifiedControllers: Set(offered), legacy: found.legacy)
  }
}
