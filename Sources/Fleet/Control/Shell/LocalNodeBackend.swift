import AutomataHost
import Linux
import Model
import Node

/// The node in this process.
public struct LocalNodeBackend: NodeBackend {
  private let node: NodeRuntime
  private let automata: AutomatonHost?
  private let apps: NodeApps?
  private let directory = ProcessDirectory()

  /// - Parameters:
  ///   - automata: runs automata; without it the node runs none.
  ///   - apps: runs apps; without it the node runs none.
  public init(_ node: NodeRuntime, automata: AutomatonHost? = nil, apps: NodeApps? = nil) {
    self.node = node
    self.automata = automata
    self.apps = apps
  }

  /// Names of labels that say what a workload was made from.
  enum Label {
    static let fingerprint = "fingerprint"
    static let liveFingerprint = "liveFingerprint"
    static let createdAt = "createdAt"
  }

  public func perform(_ command: NodeCommand) async -> Result<Observation?, NodeFailure> {
    do throws(NodeError) {
      switch command {
      case .applyAutomaton(let id, let key, let spec): return await apply(spec, id, key)
      case .restartAutomaton(let id): return await restartAutomaton(id)
      case .removeAutomaton(let id): return await removeAutomaton(id)
      case .applyApp(let id, let key, let spec):
        guard let apps else {
          return .failure(NodeFailure(.node, code: "Unavailable", message: "this node runs no apps"))
        }
        return await apps.apply(spec, id, key).map { $0.map { .app($0) } }
      case .removeApp(let id): return await (apps?.remove(id) ?? .success(nil)).map { $0.map { .app($0) } }
      case .createCell(let id, let key, let spec):
        return .success(.cell(observation(try await node.createCell(try configuration(id, key, spec)))))
      case .updateCell(let id, let spec):
        var labels = try await node.status(cell: id).configuration.labels
        labels[Label.liveFingerprint] = spec.liveFingerprint.text
        let status = try await node.updateCell(
          id, limits: spec.cgroupLimits, ports: spec.publishedPorts, labels: labels)
        return .success(.cell(observation(status)))
      case .setCellPaused(let id, let isPaused):
        try await node.setPaused(cell: id, isPaused)
        return .success(.cell(observation(try await node.status(cell: id))))
      case .removeCell(let id):
        try await node.removeCell(id)
        await directory.forget(cell: id)
        return .success(nil)
      case .startProcess(let id, let key, let cell, let spec):
        await directory.note(id, in: cell)
        return .success(observation(try await node.startProcess(cell: cell, try configuration(id, key, spec)), cell))
      case .stopProcess(let id, let rule):
        guard let cell = await cell(of: id) else { return .success(nil) }
        _ = try await node.stopProcess(
          cell: cell, process: id, signal: PosixSignal(rawValue: rule.signal), grace: rule.gracePeriod)
        return .success(await present(id, cell))
      case .removeProcess(let id):
        guard let cell = await cell(of: id) else { return .success(nil) }
        try await node.removeProcess(cell: cell, process: id)
        await directory.forget(id)
        return .success(nil)
      }
    } catch {
      return await outcome(of: command, after: error)
    }
  }

  /// A repeated command meets its own earlier work: that is success, or a view that was out of date.
  private func outcome(of command: NodeCommand, after error: NodeError) async -> Result<Observation?, NodeFailure> {
    switch (command, error) {
    case (.removeCell, .noSuchCell), (.stopProcess, .noSuchCell), (.stopProcess, .noSuchProcess),
      (.removeProcess, .noSuchCell), (.removeProcess, .noSuchProcess):
      return .success(nil)
    case (.stopProcess(let id, _), .notRunning):
      guard let cell = await cell(of: id) else { return .success(nil) }
      return .success(await present(id, cell))
    default: break
    }
    let kind: NodeFailure.Kind =
      switch error {
      case .cellExists, .processExists, .noSuchCell, .noSuchProcess, .notRunning, .stillRunning: .conflict
      case .invalid: .workload
      case .failed:
        if case .startProcess = command { .workload } else { .node }
      case .unavailable, .supervisor, .inUse: .node
      }
    return .failure(
      NodeFailure(kind, code: error.code.prefix(1).uppercased() + error.code.dropFirst(), message: error.description))
  }

  public func list() async -> Result<[Observation], NodeFailure> {
    var observations: [Observation] = []
    for cell in await node.list() {
      guard cell.phase != .lost else { continue }
      observations.append(.cell(observation(cell)))
      for process in cell.processes {
        await directory.note(process.configuration.id, in: cell.configuration.id)
        if let observed = observation(process, cell.configuration.id) { observations.append(observed) }
      }
    }
    for status in await automata?.statuses() ?? [] { observations.append(.automaton(AutomatonObservation(status))) }
    for app in await apps?.list() ?? [] { observations.append(.app(app)) }
    return .success(observations)
  }

  public func reports() -> AsyncStream<NodeReport> {
    let events = node.events()
    return AsyncStream { continuation in
      let task = Task {
        for await event in events {
          if let report = await report(of: event) { continuation.yield(report) }
        }
        continuation.finish()
      }
      let automataTask = Task {
        for await report in await automata?.reports() ?? AsyncStream(unfolding: { nil }) {
          switch report {
          case .changed(let status): continuation.yield(.observed(.automaton(AutomatonObservation(status))))
          case .removed(let id): continuation.yield(.vanished(id))
          }
        }
      }
      let appsTask = Task {
        for await report in await apps?.reports() ?? AsyncStream(unfolding: { nil }) {
          switch report {
          case .changed(let app): continuation.yield(.observed(.app(app)))
          case .removed(let id): continuation.yield(.vanished(id))
          }
        }
      }
      continuation.onTermination = { _ in
        task.cancel()
        automataTask.cancel()
        appsTask.cancel()
      }
    }
  }

  private func report(of event: NodeEvent) async -> NodeReport? {
    switch event {
    case .cellCreated(let id), .cellPaused(let id, _):
      guard let status = try? await node.status(cell: id) else { return .vanished(id) }
      return .observed(.cell(observation(status)))
    case .cellRemoved(let id): return .vanished(id)
    // Its files are in the way of the next cell of that id; nothing of it runs any more.
    case .cellLost(let id):
      _ = await perform(.removeCell(id))
      return .stale
    case .process(let cell, let process, let state):
      if state == .starting { return nil }
      guard let observed = await present(process, cell) else { return nil }
      return .observed(observed)
    case .processRemoved(_, let process): return .vanished(process)
    }
  }

  public func usage(of workload: WorkloadID, cell: WorkloadID?) async -> WorkloadUsage? {
    let stats: NodeStats?
    if let cell {
      stats = try? await node.stats(cell: cell, process: workload)
    } else {
      if let usage = await apps?.usage(of: workload) { return usage }
      stats = try? await node.stats(cell: workload)
    }
    guard let stats else { return nil }
    return WorkloadUsage(
      cpuNanoseconds: stats.cpuNanoseconds, memoryBytes: stats.memoryBytes ?? 0, memoryLimitBytes: nil,
      taskCount: Int(clamping: stats.tasks ?? 0))
  }

  // MARK: Automata

  private func apply(
    _ spec: AutomatonSpec, _ id: WorkloadID, _ key: ResourceKey
  ) async -> Result<Observation?, NodeFailure> {
    guard let automata else {
      return .failure(NodeFailure(.node, code: "Unavailable", message: "this node runs no automata"))
    }
    do {
      let hosted = try spec.hosted(id, key, compile: automata.compiled)
      return .success(.automaton(AutomatonObservation(try await automata.apply(hosted))))
    } catch let error as HostError {
      return .failure(NodeFailure(.node, code: error.code, message: error.description))
    } catch {
      return .failure(
        NodeFailure(.node, code: "InvalidSpec", message: "\((error as? APIError)?.message ?? "\(error)")"))
    }
  }

  private func restartAutomaton(_ id: WorkloadID) async -> Result<Observation?, NodeFailure> {
    do throws(HostError) {
      guard let automata else { return .success(nil) }
      let status = try await automata.status(id)
      guard status.execution == .error else { return .success(.automaton(AutomatonObservation(status))) }
      return .success(.automaton(AutomatonObservation(try await automata.perform(.start, on: id))))
    } catch {
      // It is gone, or someone else has begun it: look again.
      return .failure(NodeFailure(.conflict, code: error.code, message: error.description))
    }
  }

  private func removeAutomaton(_ id: WorkloadID) async -> Result<Observation?, NodeFailure> {
    do throws(HostError) {
      try await automata?.remove(id)
      return .success(nil)
    } catch {
      return .failure(NodeFailure(.node, code: error.code, message: error.description))
    }
  }

  // MARK: Observations

  private func cell(of process: WorkloadID) async -> WorkloadID? {
    if let known = await directory.cell(of: process) { return known }
    for cell in await node.list() where cell.processes.contains(where: { $0.configuration.id == process }) {
      return cell.configuration.id
    }
    return nil
  }

  private func present(_ process: WorkloadID, _ cell: WorkloadID) async -> Observation? {
    guard let status = try? await node.status(cell: cell),
      let found = status.processes.first(where: { $0.configuration.id == process })
    else { return nil }
    return observation(found, cell)
  }

  private func observation(_ status: CellStatus) -> CellObservation {
    let labels = status.configuration.labels
    return CellObservation(
      workload: status.configuration.id, fingerprint: Fingerprint(text: labels[Label.fingerprint] ?? ""),
      liveFingerprint: labels[Label.liveFingerprint].map { Fingerprint(text: $0) }, isPaused: status.phase == .paused,
      createdAt: labels[Label.createdAt].flatMap(Timestamp.init) ?? Timestamp(milliseconds: 0))
  }

  private func observation(_ status: ProcessStatus, _ cell: WorkloadID) -> Observation? {
    let run: ProcessRun
    var exit: ProcessExit?
    switch status.state {
    case .starting: return nil
    case .running(let pid, let startedAt): run = ProcessRun(pid: Int64(pid), startedAt: Timestamp(wall: startedAt))
    case .exited(let reason, let startedAt, let at):
      // The number that the run had is not kept; the time tells runs apart.
      run = ProcessRun(pid: 0, startedAt: Timestamp(wall: startedAt))
      exit = ProcessExit(reason.cause, at: Timestamp(wall: at))
    }
    return .process(
      ProcessObservation(
        workload: status.configuration.id, cell: cell,
        fingerprint: Fingerprint(text: status.configuration.labels[Label.fingerprint] ?? ""), run: run, exit: exit))
  }
}

/// Which cell a process is in.
private actor ProcessDirectory {
  private var cells: [WorkloadID: WorkloadID] = [:]

  func note(_ process: WorkloadID, in cell: WorkloadID) { cells[process] = cell }
  func cell(of process: WorkloadID) -> WorkloadID? { cells[process] }
  func forget(_ process: WorkloadID) { cells[process] = nil }
  func forget(cell: WorkloadID) { cells = cells.filter { $0.value != cell } }
}
