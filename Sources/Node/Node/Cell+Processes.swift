import CLinux
import Glibc
import Linux
import Net

/// Processes of a cell.
extension Cell {
  /// Starts a process and returns when its program runs. When it throws, nothing of it is left.
  func startProcess(_ configuration: ProcessConfiguration) async throws(NodeError) -> ProcessStatus {
    try await start(configuration, standard: nil)
    return try status(process: configuration.id)
  }

  /// - Parameter standard: descriptors for input, output and errors of an `exec`; the caller closes its own.
  func start(_ configuration: ProcessConfiguration, standard: [Int32]?, isTethered: Bool = false)
    async throws(NodeError)
  {
    try check(configuration)
    if let old = processes[configuration.id] {
      if old.state.isRunning { throw .processExists(configuration.id) }
      await removeGroup(old.group)
      if let input = old.input { close(input) }
    }
    var process = Process(configuration: configuration)
    process.isTethered = isTethered
    processes[configuration.id] = process
    // Kept here: the table's entry may be replaced while this waits.
    var made: Cgroup?
    do {
      if let groups = context.groups {
        made = try await makeGroup(configuration, groups)
        processes[configuration.id]?.group = made
        try allowStart(in: made)
      } else if !configuration.limits.isEmpty {
        throw NodeError.unavailable(feature: "limits", reason: "control groups need root")
      }
      if !isTethered {
        try Files.replace(
          context.directories.process(id, configuration.id), with: configuration.json.bytes(.compact))
      }
      try await spawn(configuration, standard: standard, isTethered: isTethered)
    } catch {
      await removeGroup(made)
      discard(configuration.id)
      throw NodeError(error, step: "start process")
    }
  }

  private func makeGroup(_ configuration: ProcessConfiguration, _ groups: CgroupDriver) async throws -> Cgroup {
    let path = "\(id)/\(configuration.id)"
    do {
      return try groups.make(path, limits: configuration.limits, figures: false, hasChildren: false)
    } catch let error as LinuxError where error.errno == EEXIST {
      // Left by a daemon that died between this and the start.
      let stale = groups.find(path)
      try? stale?.kill()
      await removeGroup(stale)
      return try groups.make(path, limits: configuration.limits, figures: false, hasChildren: false)
    }
  }

  private func check(_ configuration: ProcessConfiguration) throws(NodeError) {
    try configuration.validate()
    guard life == .running else { throw .notRunning(id) }
    let excess = configuration.capabilities.subtracting(self.configuration.capabilities)
    if !excess.isEmpty {
      throw .invalid(
        field: "capabilities", message: "the cell does not allow \(excess.memberNames.joined(separator: ", "))")
    }
    if !configuration.noNewPrivileges, !self.configuration.allowsNewPrivileges {
      throw .invalid(field: "noNewPrivileges", message: "false needs a cell that allows new privileges")
    }
    if configuration.terminal != nil, configuration.input != .none, configuration.input != .open {
      throw .invalid(field: "stdin", message: "a terminal is its own input")
    }
  }

  private func spawn(_ configuration: ProcessConfiguration, standard: [Int32]?, isTethered: Bool) async throws {
    let group = processes[configuration.id]?.group
    var descriptors: [Int32] = []
    var roles: [ai_fd_role] = []
    defer { for descriptor in descriptors { close(descriptor) } }
    if let group {
      descriptors.append(try group.openForStart(inLeaf: false).release())
      roles.append(AI_FD_GROUP)
      let joins = try group.openForJoining()
      descriptors += joins
      roles += joins.map { _ in AI_FD_JOIN }
      let oom = try openOOMEvents(group)
      if oom >= 0 {
        descriptors.append(oom)
        roles.append(AI_FD_OOM)
      }
    }
    if case .bytes(let bytes) = configuration.input {
      descriptors.append(try FileDescriptor.sealed(bytes, name: "stdin").release())
      roles.append(AI_FD_INPUT)
    }
    for (index, descriptor) in (standard ?? []).enumerated() {
      descriptors.append(clinux_duplicate(descriptor, 3))
      roles.append([AI_FD_INPUT, AI_FD_OUTPUT, AI_FD_ERRORS][index])
    }
    _ = try await request(AI_SPAWN, descriptors: descriptors) { message in
      message.field(AI_TAG_FD_ROLES, roles.map { UInt8($0.rawValue) })
      Cell.write(configuration, isTethered: isTethered, to: &message)
    }
  }

  private static func write(_ configuration: ProcessConfiguration, isTethered: Bool, to message: inout InitRequest) {
    var flags: UInt32 = 0
    if configuration.noNewPrivileges { flags |= AI_SPAWN_NO_NEW_PRIVILEGES.rawValue }
    if configuration.seccomp == .standard { flags |= AI_SPAWN_FILTER.rawValue }
    flags |= isTethered ? AI_SPAWN_TETHERED.rawValue : AI_SPAWN_LOG.rawValue
    if configuration.input == .open { flags |= AI_SPAWN_INPUT.rawValue }
    message.field(AI_TAG_ID, configuration.id)
    message.field(AI_TAG_SPAWN_FLAGS, numbers: flags)
    for argument in configuration.arguments { message.field(AI_TAG_ARGUMENT, argument) }
    for variable in configuration.environmentList { message.field(AI_TAG_ENVIRONMENT, variable) }
    message.field(AI_TAG_DIRECTORY, configuration.directory)
    message.field(AI_TAG_USER, numbers: configuration.user, configuration.group)
    let groups = configuration.supplementaryGroups.flatMap { group in withUnsafeBytes(of: group) { Array($0) } }
    message.field(AI_TAG_GROUPS, groups)
    // Root holds them outright; for others they have to be ambient to survive the exec.
    message.field(
      AI_TAG_CAPABILITIES, numbers: configuration.capabilities.rawValue,
      configuration.user == 0 ? 0 : configuration.capabilities.rawValue)
    for limit in configuration.resourceLimits {
      message.field(AI_TAG_RLIMIT, numbers: limit.resource.rawValue, Int32(0), limit.soft, limit.hard)
    }
    message.field(AI_TAG_LOG, numbers: configuration.log.sizeMax, configuration.log.filesMax - 1)
    if let terminal = configuration.terminal {
      message.field(AI_TAG_TERMINAL, numbers: terminal.rows, terminal.columns)
    }
  }

  /// The supervisor says that a program runs; called before any later news about it.
  func didSpawn(_ answer: SupervisorAnswer) {
    let input = answer.descriptor(AI_FD_INPUT)
    var pid: Int32 = 0
    if let pidfd = answer.descriptor(AI_FD_PROCESS) { pid = max(0, clinux_pidfd_pid(pidfd)) }
    answer.closeDescriptors(except: input)
    guard let process = answer.reply.id, let state = answer.reply.state, processes[process] != nil else {
      if let input { close(input) }
      return
    }
    let running = ProcessState.running(pid: pid, startedAt: state.started_ns)
    processes[process]?.state = running
    processes[process]?.input = input
    if processes[process]?.isTethered == false {
      context.events.send(.process(cell: id, process: process, running))
    }
  }

  // MARK: The end

  func processExited(_ process: String, _ state: ai_state) {
    guard let known = processes[process] else { return }
    processes[process]?.usage = ProcessUsage(
      userMicroseconds: state.user_us, systemMicroseconds: state.system_us,
      peakMemoryBytes: state.peak_kib * 1024)
    processes[process]?.logBytesDropped = state.log_dropped
    let reason = exitReason(known, state)
    finish(process, reason, at: state.exited_ns, startedAt: state.started_ns)
    // What it left behind goes with it.
    guard let group = known.group else { return }
    if group.events().populated { try? group.kill() }
    if !group.remove(retries: 0) { Task(executorPreference: loop) { [weak self] in await self?.removeGroup(group) } }
    processes[process]?.group = nil
  }

  private func exitReason(_ process: Process, _ state: ai_state) -> ExitReason {
    let wasKilled = state.signal == SIGKILL || (state.signal == 0 && state.code == 128 + SIGKILL)
    if wasKilled, state.oom_process > 0 || state.oom_cell_after > state.oom_cell_before {
      if let bytes = process.configuration.limits.memoryMax, process.group?.memoryLimitWasReached() == true {
        return .outOfMemory(.process(bytes: bytes))
      }
      if let bytes = limits.memoryMax, group?.memoryLimitWasReached() == true {
        return .outOfMemory(.cell(bytes: bytes))
      }
      return .outOfMemory(.node)
    }
    return state.signal == 0 ? .code(state.code) : .signal(state.signal)
  }

  func finish(_ process: String, _ reason: ExitReason, at time: WallTime, startedAt: WallTime) {
    guard let known = processes[process], known.state.isRunning else { return }
    var start = startedAt
    if start == 0, case .running(_, let startedAt) = known.state { start = startedAt }
    let state = ProcessState.exited(reason, startedAt: start, at: time)
    processes[process]?.state = state
    processes[process]?.waiters = []
    if known.configuration.terminal == nil, let input = known.input {
      close(input)
      processes[process]?.input = nil
    }
    for waiter in known.waiters { waiter.resume(returning: state) }
    if known.isTethered {
      if let input = known.input, known.configuration.terminal != nil { close(input) }
      processes[process] = nil
    } else {
      context.events.send(.process(cell: id, process: process, state))
    }
  }

  /// Forgets a process as if it had never been.
  func discard(_ process: String) {
    guard let known = processes.removeValue(forKey: process) else { return }
    if let input = known.input { close(input) }
    for waiter in known.waiters { waiter.resume(returning: known.state) }
    if !known.isTethered { unlink(context.directories.process(id, process)) }
  }

  /// Waits for the end of a process.
  func waitForExit(_ process: String) async throws(NodeError) -> ProcessState {
    guard let known = processes[process] else { throw .noSuchProcess(process) }
    if !known.state.isRunning { return known.state }
    return await withCheckedContinuation { continuation in
      // Looked at again in here: the call itself may let others in before this runs.
      if processes[process]?.state.isRunning == true {
        processes[process]?.waiters.append(continuation)
      } else {
        continuation.resume(returning: processes[process]?.state ?? known.state)
      }
    }
  }

  // MARK: Commands

  func signal(_ process: String, _ signal: PosixSignal) async throws(NodeError) {
    guard let known = processes[process] else { throw .noSuchProcess(process) }
    guard known.state.isRunning else { throw .notRunning(process) }
    _ = try await request(AI_SIGNAL) {
      $0.field(AI_TAG_ID, process)
      $0.field(AI_TAG_SIGNAL, numbers: UInt32(bitPattern: signal.rawValue))
    }
  }

  /// Signal, then grace, then kill of everything it started. Returns when it ended; nothing to do when it has.
  func stop(_ process: String, signal: PosixSignal?, grace: Duration?) async throws(NodeError) -> ProcessState {
    guard let known = processes[process] else { throw .noSuchProcess(process) }
    guard known.state.isRunning else { return known.state }
    let signal = signal ?? known.configuration.stopSignal
    let grace = grace ?? known.configuration.stopGracePeriod
    if signal == .kill || grace <= .zero {
      try await kill(process)
    } else {
      // It may have ended between the look and the signal.
      do throws(NodeError) { try await self.signal(process, signal) } catch
        where processes[process]?.state.isRunning != true
      {}
      let timer = loop.schedule(after: grace) { [weak self, loop] in
        Task(executorPreference: loop) { [weak self] in try? await self?.kill(process) }
      }
      let state = try await waitForExit(process)
      loop.cancel(timer)
      return state
    }
    return try await waitForExit(process)
  }

  /// Kills a process and everything it started.
  func kill(_ process: String) async throws(NodeError) {
    guard let known = processes[process], known.state.isRunning else { return }
    if let group = known.group {
      do throws(LinuxError) { try group.kill() } catch { throw NodeError(error, step: "kill") }
    } else {
      try await signal(process, .kill)
    }
  }

  /// Forgets a process that ended, its logs included.
  func removeProcess(_ process: String) async throws(NodeError) {
    guard let known = processes[process], !known.isTethered else { throw .noSuchProcess(process) }
    guard !known.state.isRunning else { throw .stillRunning(process) }
    if life == .running { _ = try? await request(AI_FORGET) { $0.field(AI_TAG_ID, process) } }
    await removeGroup(known.group)
    discard(process)
    let logs = context.directories.logs(id)
    for name in (try? Files.names(in: logs)) ?? [] where LogFiles.belongs(name, to: process) {
      unlink("\(logs)/\(name)")
    }
    context.events.send(.processRemoved(cell: id, process: process))
  }

  // MARK: Input

  func input(of process: String) throws(NodeError) -> Int32 {
    guard let known = processes[process] else { throw .noSuchProcess(process) }
    guard known.state.isRunning, let input = known.input else { throw .notRunning(process) }
    let copy = clinux_duplicate(input, 3)
    guard copy >= 0 else { throw .failed(step: "dup", subject: "input", errno: -copy) }
    return copy
  }

  func closeInput(of process: String) async throws(NodeError) {
    guard let known = processes[process] else { throw .noSuchProcess(process) }
    _ = try await request(AI_END_INPUT) { $0.field(AI_TAG_ID, process) }
    if known.configuration.terminal == nil, let input = processes[process]?.input {
      close(input)
      processes[process]?.input = nil
    }
  }

  func resize(_ process: String, _ size: ProcessConfiguration.Terminal) async throws(NodeError) {
    _ = try await request(AI_RESIZE) {
      $0.field(AI_TAG_ID, process)
      $0.field(AI_TAG_TERMINAL, numbers: size.rows, size.columns)
    }
  }

  /// A TCP socket in the cell's network namespace, not connected, not blocking. The caller closes it.
  func openSocket() async throws(NodeError) -> Int32 {
    let answer = try await request(AI_SOCKET) {
      $0.field(AI_TAG_SOCKET, numbers: UInt32(AF_INET), UInt32(SOCK_STREAM.rawValue))
    }
    guard let socket = answer.descriptor(AI_FD_SOCKET) else {
      answer.closeDescriptors()
      throw .supervisor("gave no socket")
    }
    answer.closeDescriptors(except: socket)
    return socket
  }
}
