import Glibc

/// A per-process limit (setrlimit(2)).
public struct ResourceLimit: Sendable, Equatable {
  public enum Resource: Int32, Sendable, CaseIterable {
    // Numbers of the kernel's generic table, the same on x86-64 and arm64.
    case cpu = 0
    case fileSize = 1
    case data = 2
    case stack = 3
    case core = 4
    case residentSet = 5
    case processes = 6
    case openFiles = 7
    case lockedMemory = 8
    case addressSpace = 9
    case locks = 10
    case pendingSignals = 11
    case messageQueues = 12
    case nice = 13
    case realTimePriority = 14
    case realTimeTime = 15

    /// The name in shells and container tools, such as `RLIMIT_NOFILE`.
    public var constantName: String {
      [
        "CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK", "AS", "LOCKS", "SIGPENDING",
        "MSGQUEUE", "NICE", "RTPRIO", "RTTIME",
      ][Int(rawValue)]
    }

    /// By `constantName`, with or without `RLIMIT_`, in any case.
    public init?(name: String) {
      let upper = name.uppercased()
      let bare = upper.hasPrefix("RLIMIT_") ? String(upper.dropFirst(7)) : upper
      guard let found = Resource.allCases.first(where: { $0.constantName == bare }) else { return nil }
      self = found
    }
  }

  public static let unlimited = UInt64.max

  public var resource: Resource
  /// What the process meets; it may raise it up to `hard`.
  public var soft: UInt64
  public var hard: UInt64

  public init(_ resource: Resource, soft: UInt64, hard: UInt64) {
    self.resource = resource
    self.soft = soft
    self.hard = hard
  }

  /// Both values the same.
  public init(_ resource: Resource, _ value: UInt64) {
    self.init(resource, soft: value, hard: value)
  }
}
