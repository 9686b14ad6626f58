import CLinux

/// Kernel namespaces (namespaces(7)).
public struct Namespaces: OptionSet, Sendable, Hashable {
  public var rawValue: UInt64

  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  public static let mount = Namespaces(rawValue: clinux_new_mount)
  public static let pid = Namespaces(rawValue: clinux_new_pid)
  public static let network = Namespaces(rawValue: clinux_new_network)
  public static let ipc = Namespaces(rawValue: clinux_new_ipc)
  public static let uts = Namespaces(rawValue: clinux_new_uts)
  public static let cgroup = Namespaces(rawValue: clinux_new_cgroup)
  public static let user = Namespaces(rawValue: clinux_new_user)

  /// All but the user namespace.
  public static let isolated: Namespaces = [.mount, .pid, .network, .ipc, .uts, .cgroup]

  /// Names as in /proc/PID/ns, in the order of the kernel's documentation.
  public static let all: [(name: String, namespace: Namespaces)] = [
    ("mount", .mount), ("pid", .pid), ("network", .network), ("ipc", .ipc), ("uts", .uts), ("cgroup", .cgroup),
    ("user", .user),
  ]
}

/// One line of a uid or gid map (user_namespaces(7)): `count` ids from `inside` mean those from `outside`.
public struct IDMapping: Sendable, Equatable {
  public var inside: UInt32
  public var outside: UInt32
  public var count: UInt32

  public init(inside: UInt32, outside: UInt32, count: UInt32) {
    self.inside = inside
    self.outside = outside
    self.count = count
  }

  /// The text for /proc/PID/uid_map.
  public static func text(_ mappings: [IDMapping]) -> String {
    mappings.map { "\($0.inside) \($0.outside) \($0.count)\n" }.joined()
  }
}
