import Glibc

/// Makes and finds the control groups below one parent, and touches no others.
public struct CgroupDriver: Sendable {
  public let hierarchy: CgroupHierarchy
  /// Name of the parent in every hierarchy, such as `aether-main`.
  public let parent: String

  /// The leaf that processes without a group of their own live in, where v2 forbids processes in inner groups.
  public static let leaf = "_"

  public init(hierarchy: CgroupHierarchy, parent: String) {
    self.hierarchy = hierarchy
    self.parent = parent
  }

  /// True when v2 holds controllers, so that a group has either processes or children.
  public var needsLeaf: Bool { !hierarchy.usableUnifiedControllers.isEmpty }

  /// Makes the parent groups. Idempotent.
  public func prepare() throws(LinuxError) {
    let controllers = hierarchy.usableUnifiedControllers
    if !controllers.isEmpty { try CgroupDriver.enable(controllers, in: hierarchy.unified) }
    let unified = hierarchy.unified + "/" + parent
    try Files.makeDirectory(unified, mode: 0o755)
    if !controllers.isEmpty { try CgroupDriver.enable(controllers, in: unified) }
    for controller in ["cpu", "cpuset", "memory", "pids", "blkio"] {
      guard let mount = hierarchy.legacy[controller] else { continue }
      let path = mount + "/" + parent
      if try Files.makeDirectory(path, mode: 0o755), controller == "cpuset" { try CgroupDriver.inheritCpuset(path) }
    }
  }

  /// Removes the parent groups when nothing is left in them.
  public func removeParent() {
    for mount in Set(hierarchy.legacy.values).union([hierarchy.unified]) { rmdir(mount + "/" + parent) }
  }

  /// Enables controllers for the children of a group, one by one: a kernel refuses a list as a whole.
  static func enable(_ controllers: [String], in directory: String) throws(LinuxError) {
    let path = directory + "/cgroup.subtree_control"
    let enabled = try Files.text(path).split(separator: " ").map(String.init)
    let missing = controllers.filter { !enabled.contains($0) }
    if missing.isEmpty { return }
    if (try? Files.write(missing.map { "+" + $0 }.joined(separator: " "), to: path)) != nil { return }
    for controller in missing { try Files.write("+" + controller, to: path) }
  }

  /// A v1 cpuset must have both lists before anything can join it.
  static func inheritCpuset(_ path: String) throws(LinuxError) {
    guard let slash = path.lastIndex(of: "/") else { return }
    for file in ["cpuset.cpus", "cpuset.mems"] {
      try Files.write(try Files.text(path[..<slash] + "/" + file), to: path + "/" + file)
    }
  }

  /// Makes a group with limits. `path` is relative to the parent: `CELL` or `CELL/PROCESS`.
  ///
  /// - Parameters:
  ///   - figures: also make what is needed to tell memory use where v1 holds it.
  ///   - hasChildren: groups will be made below it.
  public func make(
    _ path: String, limits: CgroupLimits, figures: Bool, hasChildren: Bool
  ) throws -> Cgroup {
    let writes = try limits.writes(on: hierarchy)
    var legacy = Set(writes.map { CgroupHierarchy.legacyName($0.controller) })
    if figures { legacy.insert("memory") }
    legacy = legacy.filter { hierarchy.legacy[$0] != nil && !hierarchy.unifiedControllers.contains($0) }
    let group = Cgroup(driver: self, path: path, legacy: legacy)
    do {
      guard try Files.makeDirectory(group.unifiedDirectory, mode: 0o755) else {
        throw LinuxError("mkdir", group.unifiedDirectory, errno: EEXIST)
      }
      for controller in legacy.sorted() {
        guard let directory = group.legacyDirectory(controller) else { continue }
        if let slash = path.lastIndex(of: "/"), let mount = hierarchy.legacy[controller] {
          // The cell may not have had a group of that controller yet.
          let above = "\(mount)/\(parent)/\(path[..<slash])"
          if try Files.makeDirectory(above, mode: 0o755), controller == "cpuset" {
            try CgroupDriver.inheritCpuset(above)
          }
        }
        try Files.makeDirectory(directory, mode: 0o755)
        if controller == "cpuset" { try CgroupDriver.inheritCpuset(directory) }
      }
      try group.apply(writes)
      if hasChildren, needsLeaf {
        try CgroupDriver.enable(hierarchy.usableUnifiedControllers, in: group.unifiedDirectory)
        try Files.makeDirectory(group.unifiedDirectory + "/" + CgroupDriver.leaf, mode: 0o755)
      }
      return group
    } catch {
      if (error as? LinuxError)?.errno != EEXIST { group.remove(retries: 0) }
      throw error
    }
  }

  /// A group that exists in at least one hierarchy, nil otherwise.
  public func find(_ path: String) -> Cgroup? {
    let legacy = Set(
      hierarchy.legacy.keys.filter { Files.isDirectory("\(hierarchy.legacy[$0] ?? "")/\(parent)/\(path)") })
    let group = Cgroup(driver: self, path: path, legacy: legacy)
    return legacy.isEmpty && !Files.isDirectory(group.unifiedDirectory) ? nil : group
  }

  /// Names of the groups directly below the parent, or below `path`, in any hierarchy.
  public func children(of path: String = "") -> Set<String> {
    var found: Set<String> = []
    for mount in Set(hierarchy.legacy.values).union([hierarchy.unified]) {
      let directory = path.isEmpty ? "\(mount)/\(parent)" : "\(mount)/\(parent)/\(path)"
      guard let names = try? Files.names(in: directory) else { continue }
      for name in names where !name.contains(".") || Files.isDirectory(directory + "/" + name) {
        if Files.isDirectory(directory + "/" + name) { found.insert(name) }
      }
    }
    return found
  }
}

/// One control group: the v2 group of a workload and, on hybrid machines, the v1 groups that hold its limits.
public struct Cgroup: Sendable {
  public let driver: CgroupDriver
  /// Relative to the driver's parent.
  public let path: String
  /// v1 controllers in which the group exists.
  public let legacy: Set<String>

  public var unifiedDirectory: String { "\(driver.hierarchy.unified)/\(driver.parent)/\(path)" }

  public func legacyDirectory(_ controller: String) -> String? {
    guard legacy.contains(controller), let mount = driver.hierarchy.legacy[controller] else { return nil }
    return "\(mount)/\(driver.parent)/\(path)"
  }

  /// The directory in which the files of a controller (v2 name) are.
  func directory(of controller: String) -> String? {
    if driver.hierarchy.unifiedControllers.contains(controller) { return unifiedDirectory }
    return legacyDirectory(CgroupHierarchy.legacyName(controller))
  }

  /// Puts other limits in force; what is nil stays as it was.
  public func update(_ limits: CgroupLimits) throws {
    try apply(try limits.writes(on: driver.hierarchy))
  }

  func apply(_ writes: [CgroupWrite]) throws(LinuxError) {
    for write in writes {
      guard let directory = directory(of: write.controller) else {
        throw LinuxError("write", write.file, errno: ENOENT)
      }
      do throws(LinuxError) {
        try Files.write(write.value, to: directory + "/" + write.file)
      } catch  where error.errno == ENOENT && write.mayBeMissing {}
    }
  }

  /// Lets a user of another user namespace start processes in the group: the kernel checks the right to write
  /// `cgroup.procs` of the target and of the group that both have in common.
  public func allowStart(user: UInt32, group: UInt32) throws(LinuxError) {
    let path = unifiedDirectory + "/cgroup.procs"
    if chown(path, user, group) != 0 { throw LinuxError("chown", path, errno: errno) }
  }

  /// The v2 directory to start processes in (`CLONE_INTO_CGROUP`).
  public func openForStart(inLeaf: Bool) throws(LinuxError) -> FileDescriptor {
    let path = inLeaf && driver.needsLeaf ? unifiedDirectory + "/" + CgroupDriver.leaf : unifiedDirectory
    return try FileDescriptor.path(path, directory: true)
  }

  /// `cgroup.procs` of each v1 group, for a process to write "0" into.
  public func openForJoining() throws(LinuxError) -> [Int32] {
    var descriptors: [Int32] = []
    for controller in legacy.sorted() {
      guard let directory = legacyDirectory(controller) else { continue }
      do throws(LinuxError) {
        descriptors.append(try FileDescriptor.open(directory + "/cgroup.procs", O_WRONLY).release())
      } catch {
        for descriptor in descriptors { close(descriptor) }
        throw error
      }
    }
    return descriptors
  }

  /// The file with the line `oom_kill N`; nil when the group has no memory controller.
  public var oomEventsFile: String? {
    if driver.hierarchy.unifiedControllers.contains("memory") { return unifiedDirectory + "/memory.events.local" }
    return legacyDirectory("memory").map { $0 + "/memory.oom_control" }
  }

  /// True when this group's own memory limit was reached.
  public func memoryLimitWasReached() -> Bool {
    if driver.hierarchy.unifiedControllers.contains("memory") {
      guard let text = try? Files.text(unifiedDirectory + "/memory.events.local") else { return false }
      return FlatKeyed(text)["oom"] ?? 0 > 0
    }
    guard let directory = legacyDirectory("memory"), let text = try? Files.text(directory + "/memory.failcnt") else {
      return false
    }
    return UInt64(text) ?? 0 > 0
  }

  // MARK: Life

  /// Kills every process in the group and below it.
  public func kill() throws(LinuxError) {
    do throws(LinuxError) {
      try Files.write("1", to: unifiedDirectory + "/cgroup.kill")
    } catch  where error.errno == ENOENT {
      // No such group, or a kernel before 5.14: one by one.
      for pid in processes() { Glibc.kill(pid, SIGKILL) }
    }
  }

  public func setFrozen(_ frozen: Bool) throws(LinuxError) {
    try Files.write(frozen ? "1" : "0", to: unifiedDirectory + "/cgroup.freeze")
  }

  /// From `cgroup.events`: whether a process lives in it or below it, and whether all of it stands still.
  public func events() -> (populated: Bool, frozen: Bool) {
    guard let text = try? Files.text(unifiedDirectory + "/cgroup.events") else { return (false, false) }
    let values = FlatKeyed(text)
    return (values["populated"] == 1, values["frozen"] == 1)
  }

  /// Processes in the v2 group itself and in the groups below it.
  public func processes() -> [Int32] {
    var pids: [Int32] = []
    var pending = [unifiedDirectory]
    while let directory = pending.popLast() {
      guard let text = try? Files.text(directory + "/cgroup.procs") else { continue }
      pids += text.split(separator: "\n").compactMap { Int32($0) }
      guard let names = try? Files.names(in: directory) else { continue }
      pending += names.map { directory + "/" + $0 }.filter { Files.isDirectory($0) }
    }
    return pids
  }

  /// Removes the group and those below it, in every hierarchy. Groups that are still in use are tried again, with
  /// growing pauses, `retries` times. Blocks. True when nothing is left.
  @discardableResult
  public func remove(retries: Int = 8) -> Bool {
    var left = legacy.compactMap { legacyDirectory($0) } + [unifiedDirectory]
    var pause: UInt32 = 500
    for attempt in 0...retries {
      left = left.filter { !Cgroup.removeDirectory($0) }
      if left.isEmpty { return true }
      if attempt < retries {
        usleep(pause)
        pause *= 2
      }
    }
    return false
  }

  private static func removeDirectory(_ path: String) -> Bool {
    if rmdir(path) == 0 || errno == ENOENT { return true }
    guard errno == EBUSY || errno == ENOTEMPTY, let names = try? Files.names(in: path) else { return false }
    // Files of a control group cannot be removed and need not be; only folders count.
    for name in names where Files.isDirectory(path + "/" + name) { _ = removeDirectory(path + "/" + name) }
    return rmdir(path) == 0 || errno == ENOENT
  }
}
