import Glibc
import Linux
import Net

/// What one machine runs: cells and their processes, as they really are.
///
/// The work survives this object: `shutdown` or a crash leaves cells running, and the next runtime on the same
/// directories takes them over with their states, exit codes and logs.
public actor NodeRuntime {
  public struct Options: Sendable {
    public var directories: NodeDirectories
    /// Names the parent control group `aether-INSTANCE`; one per state directory.
    public var instance: String
    /// Threads for cells.
    public var loopCount: Int

    public init(directories: NodeDirectories, instance: String = "main", loopCount: Int = 2) {
      self.directories = directories
      self.instance = instance
      self.loopCount = loopCount
    }
  }

  /// What a start found.
  public struct Adoption: Sendable, Equatable {
    /// Cells that were running and go on.
    public var adopted: [String] = []
    /// Cells on disk whose supervisor is gone; their logs are kept until the id is made again or removed.
    public var lost: [String] = []
    /// Half-made or unknown things that were removed.
    public var removed: [String] = []
  }

  public nonisolated let adoption: Adoption
  private let context: NodeContext
  private let group: EventLoopGroup
  private let portLoop: EventLoop
  private let logLoop: EventLoop
  private var cells: [String: Cell]
  private var next = 0
  private var isShutDown = false

  public nonisolated var unownedExecutor: UnownedSerialExecutor { group.loops[0].asUnownedSerialExecutor() }

  /// Opens the node and takes over what runs. Throws `inUse` when another runtime has the directories.
  public static func start(_ options: Options) async throws(NodeError) -> NodeRuntime {
    let context = try makeContext(options)
    let group: EventLoopGroup
    let portLoop: EventLoop
    let logLoop: EventLoop
    do {
      group = try EventLoopGroup(count: max(1, options.loopCount), name: "node")
      portLoop = try EventLoop(name: "node-ports")
      logLoop = try EventLoop(name: "node-logs")
    } catch {
      throw .supervisor("cannot start threads: \(error)")
    }
    var adoption = Adoption()
    let cells = await adopt(context, group: group, portLoop: portLoop, into: &adoption)
    return NodeRuntime(
      context: context, group: group, portLoop: portLoop, logLoop: logLoop, cells: cells, adoption: adoption)
  }

  private init(
    context: NodeContext, group: EventLoopGroup, portLoop: EventLoop, logLoop: EventLoop, cells: [String: Cell],
    adoption: Adoption
  ) {
    self.context = context
    self.group = group
    self.portLoop = portLoop
    self.logLoop = logLoop
    self.cells = cells
    self.adoption = adoption
  }

  private static func makeContext(_ options: Options) throws(NodeError) -> NodeContext {
    let directories = options.directories
    do {
      try Files.makeDirectories(directories.cells)
      try Files.makeDirectories(directories.runCells, mode: 0o711)
      let lock = try FileDescriptor.open(directories.run + "/node.lock", O_RDWR | O_CREAT, mode: 0o600)
      if flock(lock.raw, LOCK_EX | LOCK_NB) != 0 { throw NodeError.inUse(directories.run) }
      var groups: CgroupDriver?
      var favor: FileDescriptor?
      if geteuid() == 0, let hierarchy = try? CgroupHierarchy.detect() {
        let driver = CgroupDriver(hierarchy: hierarchy, parent: "aether-\(options.instance)")
        try driver.prepare()
        groups = driver
        // One hierarchy for all instances of the machine; without it joins are slow, not wrong.
        favor = try? InitLauncher.favorDynamicGroups(name: "aether")
      }
      return NodeContext(
        directories: directories, groups: groups, initExecutable: try InitProgram.find(), lock: lock, favor: favor)
    } catch {
      throw NodeError(error, step: "open node")
    }
  }

  private static func adopt(
    _ context: NodeContext, group: EventLoopGroup, portLoop: EventLoop, into adoption: inout Adoption
  ) async -> [String: Cell] {
    var cells: [String: Cell] = [:]
    let directories = context.directories
    let stored = (try? Files.names(in: directories.cells)) ?? []
    for id in stored.sorted() {
      let bytes = try? Files.read(directories.configuration(id))
      guard let bytes, let configuration = CellConfiguration(bytes: bytes), configuration.id == id else {
        try? Files.removeTree(directories.cell(id))
        adoption.removed.append(id)
        continue
      }
      let cell = Cell(configuration, context: context, loop: group.next(), portLoop: portLoop)
      do throws(NodeError) {
        try await cell.adopt()
        cells[id] = cell
        adoption.adopted.append(id)
      } catch {
        await cell.clear(keepState: true)
        adoption.lost.append(id)
      }
    }
    // What has no configuration: the daemon died while it made or removed the cell.
    let running = (try? Files.names(in: directories.runCells)) ?? []
    let known = Set(running).union(context.groups?.children() ?? [])
    for id in known.subtracting(cells.keys).sorted() {
      let cell = Cell(CellConfiguration(id: id), context: context, loop: group.next(), portLoop: portLoop)
      await cell.clear(orphan: id)
      if !adoption.lost.contains(id) { adoption.removed.append(id) }
    }
    return cells
  }

  /// Lets go of everything: cells and processes go on, to be taken over by the next runtime.
  public func shutdown() async {
    guard !isShutDown else { return }
    isShutDown = true
    for cell in cells.values { await cell.release() }
    cells = [:]
    context.events.finish()
    context.groups?.removeParent()
    let loops = group.loops + [portLoop, logLoop]
    _ = flock(context.lock.raw, LOCK_UN)
    // A loop cannot wait for its own end, and this runs on one.
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      Task.detached {
        done.resume()
        for loop in loops { loop.shutdown() }
      }
    }
  }

  // MARK: Cells

  /// Makes a cell. When it throws, nothing of it is left.
  public func createCell(_ configuration: CellConfiguration) async throws(NodeError) -> CellStatus {
    try configuration.validate()
    if isShutDown { throw .notRunning("node") }
    if cells[configuration.id] != nil { throw .cellExists(configuration.id) }
    try checkFeatures(configuration)
    let cell = Cell(configuration, context: context, loop: group.loops[next % group.loops.count], portLoop: portLoop)
    next += 1
    cells[configuration.id] = cell
    do throws(NodeError) {
      try await cell.start()
    } catch {
      cells[configuration.id] = nil
      throw error
    }
    return await cell.status()
  }

  private func checkFeatures(_ configuration: CellConfiguration) throws(NodeError) {
    guard !context.isRoot, !configuration.namespaces.contains(.user) else { return }
    if !configuration.namespaces.isEmpty {
      throw .unavailable(feature: "namespaces", reason: "without root they need a user namespace (namespaces.user)")
    }
  }

  /// Puts other limits, ports and labels of a running cell in force.
  public func updateCell(
    _ id: String, limits: CgroupLimits, ports: [PublishedPort], labels: [String: String]
  ) async throws(NodeError) -> CellStatus {
    let cell = try cell(id)
    var wanted = cell.configuration
    wanted.limits = limits
    wanted.ports = ports
    try wanted.validate()
    try await cell.update(limits: limits, ports: ports, labels: labels)
    return await cell.status()
  }

  /// Kills what runs in a cell and removes it with its logs. A cell that is not there is no error: a lost one's files
  /// are removed.
  public func removeCell(_ id: String) async throws(NodeError) {
    guard let cell = cells[id] else {
      guard (try? CellConfiguration(id: id).validate()) != nil else { throw .noSuchCell(id) }
      try? Files.removeTree(context.directories.cell(id))
      return
    }
    await cell.remove()
    // Someone may have made it anew meanwhile.
    if cells[id] === cell { cells[id] = nil }
  }

  /// Every cell with its processes, in order of their ids.
  public func list() async -> [CellStatus] {
    var all: [CellStatus] = []
    for id in cells.keys.sorted() { if let cell = cells[id] { all.append(await cell.status()) } }
    return all
  }

  public func status(cell id: String) async throws(NodeError) -> CellStatus { try await cell(id).status() }

  /// Freezes every process of a cell, or lets them go on.
  public func setPaused(cell id: String, _ paused: Bool) async throws(NodeError) {
    try await cell(id).setPaused(paused)
  }

  private func cell(_ id: String) throws(NodeError) -> Cell {
    guard let cell = cells[id] else { throw .noSuchCell(id) }
    return cell
  }

  // MARK: Processes

  /// Starts a process and returns when its program runs. A process of that id that ended is replaced; its log goes
  /// on. When it throws, nothing of the new one is left.
  @discardableResult
  public func startProcess(
    cell id: String, _ configuration: ProcessConfiguration
  ) async throws(NodeError) -> ProcessStatus {
    try await cell(id).startProcess(configuration)
  }

  /// Sends `signal`, waits for `grace`, then kills the process and what it started. Returns how it ended.
  /// nil: as configured.
  @discardableResult
  public func stopProcess(
    cell id: String, process: String, signal: PosixSignal? = nil, grace: Duration? = nil
  ) async throws(NodeError) -> ProcessState {
    try await cell(id).stop(process, signal: signal, grace: grace)
  }

  public func signal(cell id: String, process: String, _ signal: PosixSignal) async throws(NodeError) {
    try await cell(id).signal(process, signal)
  }

  /// Forgets a process that ended, with its log.
  public func removeProcess(cell id: String, process: String) async throws(NodeError) {
    try await cell(id).removeProcess(process)
  }

  /// Waits until a process ended.
  public func waitForExit(cell id: String, process: String) async throws(NodeError) -> ProcessState {
    try await cell(id).waitForExit(process)
  }

  /// Figures of a cell, or of one process in it.
  public func stats(cell id: String, process: String? = nil) async throws(NodeError) -> NodeStats {
    try await cell(id).stats(process: process)
  }

  /// Writes to the standard input or terminal of a process. Waits while its buffer is full.
  public func write(cell id: String, process: String, _ bytes: [UInt8]) async throws(NodeError) {
    let cell = try cell(id)
    let writer = StreamWriter(owning: try await cell.input(of: process), loop: cell.loop)
    try await writer.write(bytes)
    await writer.close()
  }

  /// Ends the standard input of a process.
  public func closeInput(cell id: String, process: String) async throws(NodeError) {
    try await cell(id).closeInput(of: process)
  }

  public func resize(
    cell id: String, process: String, _ size: ProcessConfiguration.Terminal
  ) async throws(NodeError) {
    try await cell(id).resize(process, size)
  }

  /// Runs a further program in a cell, with its streams here. It ends with this daemon. `id`, `input`, `log` and
  /// restart settings of the configuration do not matter.
  public func exec(cell id: String, _ configuration: ProcessConfiguration) async throws(NodeError) -> ExecSession {
    try await cell(id).exec(configuration)
  }

  // MARK: Watching

  /// What happens from now on. A listener that falls far behind loses the oldest events.
  public nonisolated func events() -> AsyncStream<NodeEvent> { context.events.stream() }

  /// The log of a process, from its oldest kept entry, across rotations and restarts.
  ///
  /// - Parameters:
  ///   - since: only entries at or after this time.
  ///   - tail: of those only the last so many that exist now.
  ///   - follow: go on with what is written later, until the cell or the reader goes.
  public nonisolated func logs(
    cell: String, process: String, since: WallTime = 0, tail: Int? = nil, follow: Bool = false
  ) throws(NodeError) -> LogSequence {
    guard (try? CellConfiguration(id: cell).validate()) != nil, Files.isDirectory(context.directories.logs(cell)) else {
      throw .noSuchCell(cell)
    }
    return LogSequence(
      directory: context.directories.logs(cell), process: process, since: since, tail: tail, follow: follow,
      loop: logLoop)
  }
}
