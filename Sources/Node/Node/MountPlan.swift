import CLinux
import Linux

/// One step in which a supervisor builds the root of its cell.
struct MountStep: Equatable {
  /// `MOUNT_ATTR_*` of <linux/mount.h> and the flags of the supervisor protocol.
  struct Attributes: OptionSet {
    var rawValue: UInt32

    static let readOnly = Attributes(rawValue: 0x1)
    static let noSetUser = Attributes(rawValue: 0x2)
    static let noDevices = Attributes(rawValue: 0x4)
    static let noExecute = Attributes(rawValue: 0x8)
    static let recursive = Attributes(rawValue: AI_MOUNT_RECURSIVE)
    static let create = Attributes(rawValue: AI_MOUNT_CREATE)
  }

  var operation: ai_mount_op
  var attributes: Attributes
  var source: String
  var target: String
  var options: String

  init(
    _ operation: ai_mount_op, _ attributes: Attributes = [], source: String = "", target: String = "",
    options: String = ""
  ) {
    self.operation = operation
    self.attributes = attributes
    self.source = source
    self.target = target
    self.options = options
  }

  static func == (left: MountStep, right: MountStep) -> Bool {
    left.operation.rawValue == right.operation.rawValue && left.attributes == right.attributes
      && left.source == right.source && left.target == right.target && left.options == right.options
  }
}

/// The mounts of a cell, as data.
enum MountPlan {
  /// Kernel files that a cell has no business with (the list of common container tools).
  static let hidden = [
    "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/scsi",
    "/sys/firmware",
  ]
  static let readOnly = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
  /// Of the node's own root: what is private to its users.
  static let hiddenOfHost = ["/root", "/home"]

  /// The steps for a cell with a mount namespace, the root first.
  ///
  /// - Parameter state: directories of the daemon itself, hidden when the cell sees the node's root.
  static func steps(_ cell: CellConfiguration, state: [String], hasUnifiedControllers: Bool) -> [MountStep] {
    let hasUsers = cell.namespaces.contains(.user)
    let isHost = cell.root.layers.contains("/")
    let create: MountStep.Attributes = cell.root.mode == .readOnly ? [] : .create
    var steps = [rootStep(cell, hasUsers: hasUsers)]
    // A fresh proc or sysfs in a user namespace needs the pid or network namespace to be its own as well.
    let ownProc = !hasUsers || cell.namespaces.contains(.pid)
    let ownSys = !hasUsers || cell.namespaces.contains(.network)
    steps.append(
      ownProc
        ? MountStep(
          AI_MOUNT_FILE_SYSTEM, [.noSetUser, .noDevices, .noExecute, create], source: "proc", target: "/proc")
        : MountStep(AI_MOUNT_BIND, [.recursive, .readOnly, create], source: "/proc", target: "/proc"))
    steps.append(
      ownSys
        ? MountStep(
          AI_MOUNT_FILE_SYSTEM, [.readOnly, .noSetUser, .noDevices, .noExecute, create], source: "sysfs",
          target: "/sys")
        : MountStep(AI_MOUNT_BIND, [.recursive, .readOnly, create], source: "/sys", target: "/sys"))
    if ownSys, cell.namespaces.contains(.cgroup), hasUnifiedControllers {
      steps.append(
        MountStep(
          AI_MOUNT_FILE_SYSTEM, [.readOnly, .noSetUser, .noDevices, .noExecute], source: "cgroup2",
          target: "/sys/fs/cgroup"))
    }
    steps.append(MountStep(AI_MOUNT_DEVICES, create, target: "/dev"))
    if isHost || cell.root.mode == .readOnly {
      // Also hides the sockets of the node's daemons, which a read-only mount would not protect.
      for (path, mode) in [("/run", "755"), ("/tmp", "1777")] {
        steps.append(
          MountStep(
            AI_MOUNT_FILE_SYSTEM, [.noSetUser, .noDevices, create], source: "tmpfs", target: path,
            options: "mode=\(mode),size=50%"))
      }
    }
    if isHost { steps += hostMasks(cell, state: state) }
    steps += cell.mounts.map { mount($0) }
    steps += hidden.map { MountStep(AI_MOUNT_MASK, target: $0) }
    if ownProc { steps += readOnly.map { MountStep(AI_MOUNT_READ_ONLY, target: $0) } }
    return steps
  }

  private static func rootStep(_ cell: CellConfiguration, hasUsers: Bool) -> MountStep {
    // The kernel refuses to take a mount without those below it into a user namespace: they may hide something.
    let recursive: MountStep.Attributes = hasUsers ? .recursive : []
    let noDevices: MountStep.Attributes = .noDevices
    switch cell.root.mode {
    case .readOnly:
      return MountStep(AI_MOUNT_ROOT_BIND, [.readOnly, noDevices, recursive], source: cell.root.layers.first ?? "/")
    case .readWrite:
      return MountStep(AI_MOUNT_ROOT_BIND, [noDevices, recursive], source: cell.root.layers.first ?? "/")
    case .overlay(let upper):
      let lower = cell.root.layers.map(escape).joined(separator: ":")
      return MountStep(AI_MOUNT_ROOT_OVERLAY, noDevices, source: upper ?? "", options: "lowerdir=\(lower)")
    }
  }

  /// A layer's path in `lowerdir=`; validation has refused the comma.
  private static func escape(_ path: String) -> String {
    path.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
      .split(separator: ":", omittingEmptySubsequences: false).joined(separator: "\\:")
  }

  /// A mask is empty and read-only; where a mount of the cell goes below it, a small writable place for it is made.
  private static func hostMasks(_ cell: CellConfiguration, state: [String]) -> [MountStep] {
    (hiddenOfHost + state).map { path in
      cell.mounts.contains { $0.target == path || $0.target.hasPrefix(path + "/") }
        ? MountStep(
          AI_MOUNT_FILE_SYSTEM, [.noSetUser, .noDevices], source: "tmpfs", target: path, options: "mode=755,size=64k")
        : MountStep(AI_MOUNT_MASK, target: path)
    }
  }

  private static func mount(_ mount: Mount) -> MountStep {
    switch mount {
    case .bind(let source, let target, let readOnly, let recursive):
      var attributes: MountStep.Attributes = [.noSetUser, .noDevices, .create]
      if readOnly { attributes.insert(.readOnly) }
      if recursive { attributes.insert(.recursive) }
      return MountStep(AI_MOUNT_BIND, attributes, source: source, target: target)
    case .memory(let target, let bytes):
      return MountStep(
        AI_MOUNT_FILE_SYSTEM, [.noSetUser, .noDevices, .create], source: "tmpfs", target: target,
        options: "mode=1777,size=\(bytes)")
    }
  }
}
