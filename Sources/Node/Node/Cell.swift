import CLinux
import Glibc
import Linux
import Net

/// A cell that exists: its supervisor, groups, processes and ports. Lives on a loop of the node whose turns may block
/// for the few milliseconds that kernel calls take.
actor Cell {
  nonisolated let loop: EventLoop
  nonisolated let portLoop: EventLoop
  /// As it was made; what has changed since is in `limits`, `ports` and `labels`.
  nonisolated let configuration: CellConfiguration
  nonisolated let context: NodeContext

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  nonisolated var id: String { configuration.id }

  struct Process {
    var configuration: ProcessConfiguration
    var state: ProcessState = .starting
    var group: Cgroup?
    var usage: ProcessUsage?
    var logBytesDropped: UInt64 = 0
    /// The write end of the input or the terminal.
    var input: Int32?
    /// Started by `exec`: not listed, ends with the daemon.
    var isTethered = false
    var waiters: [CheckedContinuation<ProcessState, Never>] = []
  }

  enum Life: Equatable { case starting, running, removing, lost, gone }

  var life = Life.starting
  var link: SupervisorLink?
  var group: Cgroup?
  var supervisorPid: Int32 = 0
  var supervisor: Pidfd?
  var supervisorWatch: DescriptorWatch?
  var supervisorHasEnded = false
  var endWaiters: [CheckedContinuation<Void, Never>] = []
  var readyWaiter: CheckedContinuation<NodeError?, Never>?
  var startOutcome: NodeError??
  var processes: [String: Process] = [:]
  var isPaused = false
  var proxies: [PortProxy] = []
  var publishedPorts: [PublishedPort] = []
  var execCount = 0
  var limits: CgroupLimits
  var ports: [PublishedPort]
  var labels: [String: String]
  var isReconnecting = false

  init(_ configuration: CellConfiguration, context: NodeContext, loop: EventLoop, portLoop: EventLoop) {
    self.configuration = configuration
    limits = configuration.limits
    ports = configuration.ports
    labels = configuration.labels
    self.context = context
    self.loop = loop
    self.portLoop = portLoop
  }

  // MARK: Supervisor

  func openLink(_ socket: Int32) throws(NodeError) {
    link = try SupervisorLink(
      socket: socket, loop: loop,
      onMessage: { [unowned self] answer in
        if answer.reply.kind == AI_SPAWNED.rawValue { self.didSpawn(answer) }
        if answer.reply.request == 0 { self.handleEvent(answer) }
      },
      onEnd: { [unowned self] in self.linkEnded() })
  }

  func watchSupervisor(_ pidfd: consuming Pidfd) throws(NodeError) {
    supervisorWatch?.cancel()
    let raw = pidfd.descriptor.raw
    supervisor = consume pidfd
    do {
      supervisorWatch = try loop.register(raw, .readable) { [unowned self] _ in self.supervisorEnded() }
    } catch {
      throw .supervisor("cannot watch its process: \(error)")
    }
  }

  /// Sends a request and waits for its answer.
  func request(
    _ kind: ai_kind, descriptors: [Int32] = [], _ build: (inout InitRequest) -> Void = { _ in }
  ) async throws(NodeError) -> SupervisorAnswer {
    guard life == .running || life == .starting, let number = link?.nextRequest() else { throw .noSuchCell(id) }
    var message = InitRequest(kind, request: number)
    build(&message)
    let ready = message
    return try await withCheckedContinuation { continuation in
      send(ready, number: number, descriptors: descriptors, continuation)
    }.get()
  }

  private func send(
    _ message: InitRequest, number: UInt32, descriptors: [Int32], _ continuation: SupervisorLink.Continuation
  ) {
    guard let link else { return continuation.resume(returning: .failure(.noSuchCell(id))) }
    link.send(message, number: number, descriptors: descriptors, continuation)
  }

  private func handleEvent(_ event: SupervisorAnswer) {
    switch event.reply.kind {
    case AI_STAGED.rawValue:
      guard let descriptor = event.descriptor(AI_FD_PROCESS) else { return event.closeDescriptors() }
      event.closeDescriptors(except: descriptor)
      supervisor?.waitForExit()
      let pidfd = Pidfd(owning: descriptor)
      supervisorPid = pidfd.pid ?? 0
      do throws(NodeError) { try watchSupervisor(pidfd) } catch { finishStart(error) }
    case AI_READY.rawValue:
      event.closeDescriptors()
      finishStart(nil)
    case AI_FAILED.rawValue:
      event.closeDescriptors()
      let failure = event.reply.failure
      finishStart(
        .failed(
          step: stepName(failure?.step ?? 0), subject: failure?.detail ?? "", errno: failure?.errno ?? EIO))
    case AI_EXITED.rawValue:
      event.closeDescriptors()
      if let process = event.reply.id, let state = event.reply.state { processExited(process, state) }
    default: event.closeDescriptors()
    }
  }

  func finishStart(_ error: NodeError?) {
    if let readyWaiter {
      self.readyWaiter = nil
      readyWaiter.resume(returning: error)
    } else if startOutcome == nil {
      startOutcome = .some(error)
    }
  }

  private func linkEnded() {
    finishStart(.supervisor("ended before the cell was ready"))
    guard life == .running, !supervisorHasEnded else { return }
    // It drops a daemon that does not listen; a new connection repairs everything by the list.
    guard !isReconnecting else { return }
    isReconnecting = true
    Task(executorPreference: loop) { [weak self] in await self?.reconnectUntilDone() }
  }

  /// Its queue of connections may be full, or someone else of our user may have pushed us out again.
  private func reconnectUntilDone() async {
    defer { isReconnecting = false }
    while life == .running, !supervisorHasEnded {
      do throws(NodeError) {
        try await reconnect()
        if link?.isOpen == true { return }
      } catch {
        await pause(.milliseconds(20))
      }
    }
  }

  private func supervisorEnded() {
    supervisorWatch?.cancel()
    supervisorWatch = nil
    supervisorHasEnded = true
    supervisor?.reap()
    finishStart(.supervisor("ended before the cell was ready"))
    let waiters = endWaiters
    endWaiters = []
    for waiter in waiters { waiter.resume() }
    if life == .running { becomeLost() }
  }

  func waitForSupervisorEnd() async {
    if supervisorHasEnded || supervisor == nil { return }
    // Looked at again in here: the call itself may let others in before this runs.
    await withCheckedContinuation { continuation in
      if supervisorHasEnded { continuation.resume() } else { endWaiters.append(continuation) }
    }
  }

  /// The supervisor died without being asked to.
  func becomeLost() {
    life = .lost
    link?.close()
    context.events.send(.cellLost(id))
    try? group?.kill()
    for process in processes.keys.sorted() where processes[process]?.state.isRunning == true {
      finish(process, .cellLost, at: wallTime(), startedAt: 0)
    }
    closePorts()
  }

  // MARK: Status

  /// The configuration in effect.
  var present: CellConfiguration {
    var present = configuration
    present.limits = limits
    present.ports = ports
    present.labels = labels
    return present
  }

  /// Puts other limits and ports in force. What fails leaves the earlier ones.
  func update(
    limits wanted: CgroupLimits, ports wantedPorts: [PublishedPort], labels wantedLabels: [String: String]
  ) async throws(NodeError) {
    guard life == .running else { throw .notRunning(id) }
    if wanted != limits {
      guard let group else { throw .unavailable(feature: "limits", reason: "no control groups") }
      do { try group.update(wanted.replacing(limits)) } catch { throw NodeError(error, step: "limits") }
      limits = wanted
    }
    if wantedPorts != ports {
      let earlier = ports
      closePorts()
      ports = wantedPorts
      do throws(NodeError) { try await publishPorts() } catch {
        ports = earlier
        try? await publishPorts()
        throw error
      }
    }
    labels = wantedLabels
    do {
      try Files.replace(context.directories.configuration(id), with: present.json.bytes(.compact))
    } catch { throw NodeError(error, step: "configuration") }
  }

  func status() -> CellStatus {
    let phase: CellStatus.Phase = life == .lost ? .lost : isPaused ? .paused : .running
    return CellStatus(
      configuration: present, phase: phase, supervisorPid: life == .lost ? 0 : supervisorPid,
      ports: publishedPorts,
      processes: processes.values.filter { !$0.isTethered }.map { status(of: $0) }.sorted {
        $0.configuration.id < $1.configuration.id
      })
  }

  private func status(of process: Process) -> ProcessStatus {
    ProcessStatus(
      configuration: process.configuration, state: process.state, usage: process.usage,
      logBytesDropped: process.logBytesDropped)
  }

  func status(process: String) throws(NodeError) -> ProcessStatus {
    guard let found = processes[process] else { throw .noSuchProcess(process) }
    return status(of: found)
  }

  func stats(process: String?) throws(NodeError) -> NodeStats {
    guard let process else {
      guard let group else { throw .unavailable(feature: "stats", reason: "no control groups") }
      do throws(LinuxError) { return try group.stats() } catch { throw NodeError(error, step: "stats") }
    }
    guard let found = processes[process] else { throw .noSuchProcess(process) }
    guard found.state.isRunning else { throw .notRunning(process) }
    guard let group = found.group else { throw .unavailable(feature: "stats", reason: "no control groups") }
    do throws(LinuxError) {
      var stats = try group.stats()
      if stats.memoryBytes == nil { stats.memoryBytes = residentBytes(group.processes()) }
      return stats
    } catch {
      throw NodeError(error, step: "stats")
    }
  }

  /// Memory of processes that share their cell's group, from /proc.
  private func residentBytes(_ pids: [Int32]) -> UInt64 {
    pids.reduce(0) { sum, pid in
      let fields = (try? Files.text("/proc/\(pid)/statm"))?.split(separator: " ") ?? []
      return sum + (fields.count > 1 ? (UInt64(fields[1]) ?? 0) : 0) * UInt64(getpagesize())
    }
  }

  // MARK: Pause

  /// Freezes or thaws the processes; the supervisor goes on.
  func setPaused(_ paused: Bool) async throws(NodeError) {
    guard life == .running else { throw .notRunning(id) }
    guard context.groups != nil else { throw .unavailable(feature: "pause", reason: "no control groups") }
    let groups = processes.values.filter { $0.state.isRunning }.compactMap(\.group)
    var done: [Cgroup] = []
    do throws(LinuxError) {
      for group in groups {
        try group.setFrozen(paused)
        done.append(group)
      }
    } catch {
      for group in done { try? group.setFrozen(!paused) }
      throw NodeError(error, step: "freeze")
    }
    // A freeze takes effect when each task next leaves the kernel.
    for group in groups {
      for _ in 0..<500 {
        let events = group.events()
        if events.frozen == paused || !events.populated { break }
        await pause(.milliseconds(2))
      }
    }
    if isPaused != paused { context.events.send(.cellPaused(id, paused)) }
    isPaused = paused
  }

  /// Sleeps whatever happens to the task.
  func pause(_ duration: Duration) async {
    await withCheckedContinuation { continuation in
      loop.schedule(after: duration) { continuation.resume() }
    }
  }
}

func wallTime() -> WallTime {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}
