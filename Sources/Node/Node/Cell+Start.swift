import CLinux
import Glibc
import Linux
import Net

/// Making, adopting and removing a cell.
extension Cell {
  /// Makes the cell. When it throws, nothing of it is left.
  func start() async throws(NodeError) {
    let hadState = Files.isDirectory(context.directories.cell(id))
    do throws(NodeError) {
      try launch()
      try persist()
      if let error = await untilReady() { throw error }
      life = .running
      try await publishPorts()
      context.events.send(.cellCreated(id))
    } catch {
      await clear(keepState: hadState)
      throw error
    }
  }

  private func launch() throws(NodeError) {
    let directories = context.directories
    do {
      try prepareDirectories()
      if let groups = context.groups {
        group = try groups.make(id, limits: configuration.limits, figures: true, hasChildren: true)
        try allowStart(in: group)
      } else if !configuration.limits.isEmpty {
        throw NodeError.unavailable(feature: "limits", reason: "control groups need root")
      }
      let run = try FileDescriptor.directory(directories.runCell(id))
      let listener = try MessageSocket.bound(in: run, name: "init.sock")
      chmod(directories.runCell(id) + "/init.sock", 0o600)
      let logs = try FileDescriptor.directory(directories.logs(id))
      var descriptors = [listener.descriptor.raw, logs.raw]
      var roles = [AI_FD_LISTENER, AI_FD_LOGS]
      let joins = try group?.openForJoining() ?? []
      defer { for join in joins { close(join) } }
      descriptors += joins
      roles += joins.map { _ in AI_FD_JOIN }
      let oom = try openOOMEvents(group)
      if oom >= 0 {
        descriptors.append(oom)
        roles.append(AI_FD_OOM)
      }
      defer { if oom >= 0 { close(oom) } }
      let (ours, theirs) = try MessageSocket.pair()
      defer { close(theirs) }
      try openLink(ours)
      try MessageSocket.send(setup(roles: roles).bytes, descriptors: descriptors, to: ours)
      let into = try group.map { try $0.openForStart(inLeaf: true).release() }
      defer { if let into { close(into) } }
      let (pid, pidfd) = try InitLauncher.start(
        executable: context.initExecutable, control: theirs, name: configuration.name,
        namespaces: isTwoStage ? [] : configuration.namespaces.subtracting(.cgroup), group: into)
      supervisorPid = pid
      if isTwoStage {
        // The first stage ends on its own; the supervisor proper announces itself.
        supervisor = Pidfd(owning: pidfd)
      } else {
        try watchSupervisor(Pidfd(owning: pidfd))
      }
      // The supervisor's copies are in its socket now.
      withExtendedLifetime(listener) {}
      withExtendedLifetime(logs) {}
    } catch {
      throw NodeError(error, step: "create cell")
    }
  }

  private var isTwoStage: Bool { configuration.namespaces.contains(.user) }

  func openOOMEvents(_ group: Cgroup?) throws -> Int32 {
    guard let path = group?.oomEventsFile else { return -1 }
    return try FileDescriptor.open(path).release()
  }

  private func prepareDirectories() throws {
    let directories = context.directories
    try Files.makeDirectory(directories.cell(id))
    try Files.makeDirectory(directories.logs(id))
    try Files.makeDirectory(directories.processes(id))
    guard try Files.makeDirectory(directories.runCell(id), mode: 0o700) else {
      throw NodeError.cellExists(id)
    }
    if isTwoStage, context.isRoot {
      // Inside, the supervisor is the mapped root: its are the logs, and it must reach where the root is put together.
      let user = userMap.first { $0.inside == 0 }?.outside ?? 0
      let group = groupMap.first { $0.inside == 0 }?.outside ?? 0
      for path in [directories.logs(id), directories.runCell(id)] {
        if chown(path, user, group) != 0 { throw LinuxError("chown", path, errno: errno) }
      }
    }
  }

  /// In a user namespace the supervisor is not the owner of control groups.
  func allowStart(in group: Cgroup?) throws(LinuxError) {
    guard isTwoStage, context.isRoot, let group else { return }
    try group.allowStart(
      user: userMap.first { $0.inside == 0 }?.outside ?? 0, group: groupMap.first { $0.inside == 0 }?.outside ?? 0)
  }

  private var userMap: [IDMapping] {
    if !configuration.userMap.isEmpty { return configuration.userMap }
    return context.isRoot
      ? [CellConfiguration.defaultMapping] : [IDMapping(inside: 0, outside: geteuid(), count: 1)]
  }

  private var groupMap: [IDMapping] {
    if !configuration.groupMap.isEmpty { return configuration.groupMap }
    return context.isRoot
      ? [CellConfiguration.defaultMapping] : [IDMapping(inside: 0, outside: getegid(), count: 1)]
  }

  private func setup(roles: [ai_fd_role]) -> InitRequest {
    let namespaces = configuration.namespaces
    var flags: UInt32 = 0
    if isTwoStage { flags |= AI_CELL_TWO_STAGES.rawValue }
    if namespaces.contains(.mount) { flags |= AI_CELL_OWN_ROOT.rawValue }
    if namespaces.contains(.network) { flags |= AI_CELL_LOOPBACK_UP.rawValue }
    if namespaces.contains(.cgroup) { flags |= AI_CELL_CGROUP_NAMESPACE.rawValue }
    if !namespaces.contains(.pid) { flags |= AI_CELL_NO_PID_NAMESPACE.rawValue }
    if configuration.allowsNewPrivileges { flags |= AI_CELL_ALLOWS_NEW_PRIVILEGES.rawValue }
    if !context.isRoot { flags |= AI_CELL_DENY_SETGROUPS.rawValue }
    var message = InitRequest(AI_SETUP, request: 0, capacity: 4096)
    message.field(AI_TAG_FD_ROLES, roles.map { UInt8($0.rawValue) })
    message.field(AI_TAG_CELL_FLAGS, numbers: flags)
    message.field(AI_TAG_CAPABILITIES, numbers: configuration.capabilities.rawValue, UInt64(0))
    message.field(AI_TAG_FILTER, context.filter)
    if isTwoStage {
      message.field(AI_TAG_NAMESPACES, numbers: namespaces.subtracting(.cgroup).rawValue)
      message.field(AI_TAG_UID_MAP, IDMapping.text(userMap))
      message.field(AI_TAG_GID_MAP, IDMapping.text(groupMap))
    }
    if namespaces.contains(.uts) {
      message.field(AI_TAG_HOSTNAME, configuration.hostname ?? String(id.prefix(64)))
    }
    if namespaces.contains(.mount) {
      let steps = MountPlan.steps(
        configuration, state: [context.directories.state, context.directories.run],
        hasUnifiedControllers: context.groups?.needsLeaf ?? false)
      message.field(AI_TAG_STAGE, context.directories.runCell(id))
      for step in steps { message.mount(step) }
    }
    return message
  }

  /// nil: ready.
  private func untilReady() async -> NodeError? {
    if let startOutcome { return startOutcome }
    return await withCheckedContinuation { continuation in
      if let startOutcome { continuation.resume(returning: startOutcome) } else { readyWaiter = continuation }
    }
  }

  private func persist() throws(NodeError) {
    do throws(LinuxError) {
      try Files.replace(context.directories.configuration(id), with: configuration.json.bytes(.compact))
    } catch {
      throw NodeError(error, step: "store configuration")
    }
  }

  // MARK: Adoption

  /// Takes over a cell whose supervisor still runs. Throws when it does not.
  func adopt() async throws(NodeError) {
    group = context.groups?.find(id)
    do {
      let run = try FileDescriptor.directory(context.directories.runCell(id))
      let socket = try MessageSocket.connected(in: run, name: "init.sock")
      supervisorPid = try socket.peer().pid
      try watchSupervisor(try Pidfd(pid: supervisorPid))
    } catch {
      throw NodeError(error, step: "adopt cell")
    }
    loadProcesses()
    life = .running
    do throws(NodeError) {
      let known = try await reconnect()
      for process in processes.keys.sorted() where !known.contains(process) {
        // Stored, but the supervisor never got to start it.
        await removeGroup(processes[process]?.group)
        discard(process)
      }
      // A port that someone else has taken meanwhile must not end the work.
      do throws(NodeError) { try await publishPorts() } catch {}
    } catch {
      life = .lost
      throw error
    }
    isPaused = processes.values.contains { $0.group?.events().frozen == true }
  }

  private func loadProcesses() {
    let directory = context.directories.processes(id)
    for name in (try? Files.names(in: directory)) ?? [] where name.hasSuffix(".json") {
      guard let bytes = try? Files.read("\(directory)/\(name)"), let found = ProcessConfiguration(bytes: bytes) else {
        continue
      }
      processes[found.id] = Process(configuration: found, group: context.groups?.find("\(id)/\(found.id)"))
    }
  }

  /// Connects to the supervisor and brings the table in line with what it says.
  ///
  /// - Returns: the processes that the supervisor knows.
  @discardableResult
  func reconnect() async throws(NodeError) -> Set<String> {
    do {
      let run = try FileDescriptor.directory(context.directories.runCell(id))
      let socket = try MessageSocket.connected(in: run, name: "init.sock")
      try openLink(try socket.descriptor.duplicate().release())
    } catch {
      throw NodeError(error, step: "connect to supervisor")
    }
    let welcome = try await request(AI_HELLO) { $0.field(AI_TAG_VERSION, numbers: AI_VERSION) }
    guard welcome.reply.version == AI_VERSION else {
      throw .supervisor("speaks version \(welcome.reply.version ?? 0), not \(AI_VERSION)")
    }
    let answer = try await request(AI_LIST)
    var seen: Set<String> = []
    for entry in answer.list {
      guard let process = entry.reply.id, let state = entry.reply.state else { continue }
      seen.insert(process)
      await bringInLine(process, state, pid: entry.pid)
    }
    return seen
  }

  private func bringInLine(_ process: String, _ state: ai_state, pid: Int32) async {
    guard let known = processes[process] else {
      // A process we know nothing of: the daemon died between start and storing. It cannot be looked after.
      _ = try? await request(AI_SIGNAL) {
        $0.field(AI_TAG_ID, process)
        $0.field(AI_TAG_SIGNAL, numbers: UInt32(SIGKILL))
      }
      return
    }
    if state.exited_ns != 0 {
      if known.state.isRunning { processExited(process, state) }
      return
    }
    if case .running = known.state { return }
    processes[process]?.state = .running(pid: pid, startedAt: state.started_ns)
    if known.configuration.input == .open || known.configuration.terminal != nil {
      let answer = try? await request(AI_INPUT) { $0.field(AI_TAG_ID, process) }
      processes[process]?.input = answer?.descriptor(AI_FD_INPUT)
    }
  }

  // MARK: Removal

  /// Removes the cell and all that belongs to it, whatever its state.
  func remove() async {
    let wasRunning = life != .gone
    await clear(keepState: false)
    if wasRunning { context.events.send(.cellRemoved(id)) }
  }

  /// Kills what runs and removes groups, sockets and, unless kept, stored state. Idempotent.
  func clear(keepState: Bool) async {
    life = .removing
    closePorts()
    if let group {
      try? group.kill()
    } else {
      try? supervisor?.send(signal: SIGKILL)
    }
    await waitForSupervisorEnd()
    link?.close()
    for process in processes.keys.sorted() where processes[process]?.state.isRunning == true {
      finish(process, .signal(SIGKILL), at: wallTime(), startedAt: 0)
    }
    for process in processes.values { if let input = process.input { close(input) } }
    processes = [:]
    await removeGroup(group)
    group = nil
    supervisorWatch?.cancel()
    supervisorWatch = nil
    supervisor = nil
    try? Files.removeTree(context.directories.runCell(id))
    if !keepState { try? Files.removeTree(context.directories.cell(id)) }
    life = .gone
  }

  /// Removes what is left of a cell that nobody knows the configuration of.
  func clear(orphan: String) async {
    group = context.groups?.find(orphan)
    await clear(keepState: true)
  }

  /// A group is busy until its last process is reaped, which is someone else's work for a moment.
  func removeGroup(_ group: Cgroup?) async {
    guard let group else { return }
    for attempt in 0..<200 {
      if group.remove(retries: 0) { return }
      if attempt > 0, attempt % 20 == 0 { try? group.kill() }
      await pause(.milliseconds(attempt < 5 ? 1 : 10))
    }
  }

  /// Gives the cell up without touching it: the work goes on.
  func release() {
    link?.close()
    supervisorWatch?.cancel()
    supervisorWatch = nil
    supervisor = nil
    closePorts()
    for process in processes.values {
      if let input = process.input { close(input) }
      for waiter in process.waiters { waiter.resume(returning: process.state) }
    }
    processes = [:]
    life = .gone
  }
}
