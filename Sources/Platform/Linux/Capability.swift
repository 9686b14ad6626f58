import CLinux

/// Linux capabilities (capabilities(7)).
public struct Capabilities: OptionSet, Sendable, Hashable {
  public var rawValue: UInt64

  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// Names by bit number, without `CAP_`.
  public static let names = [
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
  ]

  /// One capability by name, with or without `CAP_`, in any case; nil when there is none of that name.
  public init?(name: String) {
    let upper = name.uppercased()
    let bare = upper.hasPrefix("CAP_") ? String(upper.dropFirst(4)) : upper
    guard let bit = Capabilities.names.firstIndex(of: bare) else { return nil }
    self.init(rawValue: 1 << UInt64(bit))
  }

  /// Names without `CAP_`, in order of their numbers.
  public var memberNames: [String] {
    Capabilities.names.indices.filter { rawValue >> UInt64($0) & 1 == 1 }.map { Capabilities.names[$0] }
  }

  public static let chown = bit(0)
  public static let dacOverride = bit(1)
  public static let fowner = bit(3)
  public static let fsetid = bit(4)
  public static let kill = bit(5)
  public static let setgid = bit(6)
  public static let setuid = bit(7)
  public static let setpcap = bit(8)
  public static let netBindService = bit(10)
  public static let netAdmin = bit(12)
  public static let netRaw = bit(13)
  public static let sysChroot = bit(18)
  public static let sysAdmin = bit(21)
  public static let sysResource = bit(24)
  public static let setfcap = bit(31)

  /// What container tools commonly leave to root in a container. Most processes need none of it.
  public static let container: Capabilities = [
    .chown, .dacOverride, .fowner, .fsetid, .kill, .netBindService, .setfcap, .setgid, .setpcap, .setuid, .sysChroot,
  ]

  /// What this process can use now.
  public static var effective: Capabilities { Capabilities(rawValue: clinux_effective_capabilities()) }

  private static func bit(_ number: UInt64) -> Capabilities { Capabilities(rawValue: 1 << number) }
}
