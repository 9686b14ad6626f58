import Linux

/// What a cell is: namespaces, a root file system and limits that its processes share.
public struct CellConfiguration: Sendable, Equatable {
  /// Names files and control groups: 1 to 128 of `A-Z a-z 0-9 . _ -`, not beginning with a dot or `_`.
  public var id: String
  /// The name people know it by; free text.
  public var name: String
  /// Kept and given back as they are, such as what the cell was made from.
  public var labels: [String: String] = [:]
  public var limits: CgroupLimits
  public var namespaces: Namespaces
  public var root: RootFileSystem
  /// Added to the root, in order.
  public var mounts: [Mount]
  /// nil: the id, cut to 64 bytes.
  public var hostname: String?
  public var ports: [PublishedPort]
  /// Maps of the user namespace. Empty: root inside is `CellConfiguration.defaultMapping`.
  public var userMap: [IDMapping]
  public var groupMap: [IDMapping]
  /// The most that a process of the cell may be given.
  public var capabilities: Capabilities
  /// Whether processes may gain privileges by set-user-id programs (`noNewPrivileges` false).
  public var allowsNewPrivileges: Bool

  public init(id: String, name: String? = nil) {
    self.id = id
    self.name = name ?? id
    limits = CgroupLimits()
    namespaces = .isolated
    root = RootFileSystem()
    mounts = []
    ports = []
    userMap = []
    groupMap = []
    capabilities = .container
    allowsNewPrivileges = false
  }

  /// Ids 0 to 65535 inside are 100000 to 165535 outside, which belong to nobody.
  public static let defaultMapping = IDMapping(inside: 0, outside: 100_000, count: 65_536)
}

/// The root file system of a cell.
public struct RootFileSystem: Sendable, Equatable {
  public enum Mode: Sendable, Equatable {
    case readOnly
    /// Writes go to the directory itself.
    case readWrite
    /// Writes go to a layer above: below `upper`, which must exist, or in memory for as long as the cell lives.
    case overlay(upper: String?)
  }

  /// Directories on the node, the uppermost first; more than one only with `overlay`.
  public var layers: [String]
  public var mode: Mode

  public init(layers: [String] = ["/"], mode: Mode = .readOnly) {
    self.layers = layers
    self.mode = mode
  }

  public static let host = RootFileSystem()

  public static func directory(_ path: String, _ mode: Mode = .readOnly) -> RootFileSystem {
    RootFileSystem(layers: [path], mode: mode)
  }
}

/// Something added to a cell's root.
public enum Mount: Sendable, Equatable {
  /// A file or directory of the node. `recursive`: with the mounts below it.
  case bind(source: String, target: String, readOnly: Bool = true, recursive: Bool = true)
  /// An empty file system in memory.
  case memory(target: String, bytes: UInt64)

  public var target: String {
    switch self {
    case .bind(_, let target, _, _), .memory(let target, _): target
    }
  }
}

/// A TCP port inside a cell that is reachable from the node.
public struct PublishedPort: Sendable, Equatable, Hashable {
  public enum Transport: String, Sendable, Hashable { case tcp }

  /// Literal IPv4 or IPv6 address of the node.
  public var hostAddress: String
  /// 0: the kernel chooses; `NodeRuntime.ports(cell:)` tells.
  public var hostPort: UInt16
  public var cellPort: UInt16
  public var transport: Transport

  public init(hostAddress: String = "127.0.0.1", hostPort: UInt16, cellPort: UInt16, transport: Transport = .tcp) {
    self.hostAddress = hostAddress
    self.hostPort = hostPort
    self.cellPort = cellPort
    self.transport = transport
  }
}
