import AppABI
import AppFormat
import AppManager
import Bytes
import Glibc
import Linux
import Synchronization
import Wasmtime

/// One run of an app, on a thread of its own.
final class AppThread: RunningApp, @unchecked Sendable {
  // Holds across threads: everything that changes is an atomic, or inside of a mutex, or used by the app's thread alone.
  let name: String
  private let runtime: AppRuntime
  private let launch: AppLaunch
  private let onExit: @Sendable (AppExit) -> Void
  private let permissions: Permissions
  private let waker = Waker()
  private let counters = AppCounters()
  private let interrupter = Mutex<Interrupter?>(nil)
  private let isStopping = Atomic<Bool>(false)
  private let phase = Mutex(Phase.loading([]))

  private enum Phase {
    /// Who waits for it to come up.
    case loading([CheckedContinuation<AppStartError?, Never>])
    /// Who waits for its end.
    case running([CheckedContinuation<Void, Never>])
    case failed(AppStartError)
    case ended
  }

  init(runtime: AppRuntime, launch: AppLaunch, onExit: @escaping @Sendable (AppExit) -> Void) {
    name = launch.name.text
    self.runtime = runtime
    self.launch = launch
    self.onExit = onExit
    permissions = Permissions(launch.capabilities.mask)
  }

  // MARK: Coming up

  /// Starts the thread; waits until the entry is about to be called.
  func bringUp() async -> AppStartError? {
    let timeout = launch.startTimeout
    do throws(LinuxError) {
      try Thread.start(name: name, stackBytes: runtime.threadStackBytes) { self.run() }
    } catch { return .host("\(error)") }
    let late = Task { [weak self] in
      try? await Task.sleep(for: timeout)
      if !Task.isCancelled { self?.giveUp(.timeout(timeout)) }
    }
    defer { late.cancel() }
    return await withCheckedContinuation { continuation in
      let error: AppStartError?? = phase.withLock { phase in
        switch phase {
        case .loading(let waiting):
          phase = .loading(waiting + [continuation])
          return nil
        case .failed(let error): return .some(error)
        case .running, .ended: return .some(nil)
        }
      }
      if let error { continuation.resume(returning: error) }
    }
  }

  /// Ends an app that does not come up.
  private func giveUp(_ error: AppStartError) {
    let waiting = phase.withLock { phase in
      guard case .loading(let waiting) = phase else { return [CheckedContinuation<AppStartError?, Never>]() }
      phase = .failed(error)
      return waiting
    }
    interrupt()
    for continuation in waiting { continuation.resume(returning: error) }
  }

  /// False when it was given up meanwhile.
  private func cameUp() -> Bool {
    let waiting: [CheckedContinuation<AppStartError?, Never>]? = phase.withLock { phase in
      guard case .loading(let waiting) = phase else { return nil }
      phase = .running([])
      return waiting
    }
    for continuation in waiting ?? [] { continuation.resume(returning: nil) }
    return waiting != nil
  }

  // MARK: Running

  private func run() {
    let began = monotonicNanoseconds()
    let log = runtime.log(of: launch.name)
    let linked: LinkedModule<AppHost>
    do throws(WasmtimeError) { linked = try runtime.link(launch) } catch { return giveUp(.module("\(error)")) }
    noteAbsent(linked, log)
    let interrupter = Interrupter(engine: linked.module.engine)
    self.interrupter.withLock { $0 = interrupter }
    if isStopping.load(ordering: .acquiring) { interrupter.stop() }
    let watch = ExecutionWatch(
      limit: launch.quotas.executionTimeout, percent: launch.quotas.cpuPercentMax, waker: waker)
    let host = AppHost(
      name: name, quotas: launch.quotas, log: log, audit: runtime.audit, counters: counters, interrupter: interrupter,
      waker: waker, services: runtime.services, watch: watch, folder: launch.dataDirectory,
      memoryBytesMax: memoryBytesMax(of: linked.module),
      heapBytesMax: launch.manifest.memoryQuota > 0 ? Int(launch.manifest.memoryQuota) : nil)
    defer { host.close() }
    host.arguments = launch.arguments
    host.environment = launch.environment
    host.network.rules = NetworkRules(launch)
    host.network.allowance = ByteAllowance(bytesPerSecond: launch.quotas.networkBytesPerSecondMax)
    do throws(LinuxError) { try runtime.began(self) } catch { return giveUp(.host("\(error)")) }
    let options = InstanceOptions(
      memoryBytesMax: host.memory.bytesMax, held: host.memory.held, deadline: AppRuntime.ticks(launch.startTimeout),
      fuel: launch.quotas.fuelMax, interrupter: interrupter, permissions: permissions,
      onTick: {
        host.publish()
        return watch.tick()
      })
    let instance: Instance<AppHost>
    do throws(WasmtimeError) {
      instance = try Instance(linked, host: host, options: options)
    } catch {
      host.close()
      runtime.ended(self)
      switch error {
      case .trap(let trap): return giveUp(.trapped(AppTrap(trap)))
      case .limit(let text): return giveUp(.outOfMemory(text))
      case .outOfMemory: return giveUp(.outOfMemory("\(error)"))
      default: return giveUp(.module("\(error)"))
      }
    }
    host.instance = instance
    host.publish()
    runtime.audit.note(
      .appLoaded, app: name, detail: "\(launch.module.count) bytes, SHA-256 \(Hex.encode(launch.sha256))")
    counters.loadNanoseconds.store(monotonicNanoseconds() - began, ordering: .relaxed)
    guard cameUp() else { return runtime.ended(self) }
    noteStart()
    let exit = call(instance, host)
    host.close()
    runtime.audit.note(.appStopped, app: name, detail: "\(exit)")
    runtime.ended(self)
    end(exit)
  }

  /// Says what the module imports and this host does not have: it ends the app only when it is called.
  private func noteAbsent(_ linked: LinkedModule<AppHost>, _ log: AppLog) {
    let names = linked.absent.filter { NativeTable.support(ofUnlisted: $0.module, $0.name) == nil }
      .map { "\($0.module).\($0.name) \($0.type)" }
    guard !names.isEmpty else { return }
    let rest = names.count > 8 ? " and \(names.count - 8) more" : ""
    log.write(
      .warning, "this host does not offer \(names.prefix(8).joined(separator: ", "))\(rest); a call of it ends the app")
  }

  private func noteStart() {
    let privileged = launch.capabilities.intersection(.privileged)
    if !launch.isAttested, !privileged.isEmpty {
      let names = privileged.capabilities.map(\.name).joined(separator: " ")
      runtime.audit.note(.privilegedGrant, app: name, detail: names)
    }
    runtime.audit.note(.appStarted, app: name, detail: launch.version)
  }

  private func memoryBytesMax(of module: Module) -> Int {
    var initial = 0
    for case .memory(let pages, _) in module.exports.lazy.map(\.type) { initial = Int(clamping: pages) * 65536 }
    // One that the module keeps to itself is in its bytes only.
    if initial == 0, launch.manifest.memoryQuota > 0 {
      let own = (try? ModuleOutline(launch.module))?.memories.first
      initial = own.map { Int(clamping: $0.min) * 65536 } ?? 0
    }
    return MemoryAccount.bytesMax(
      launch.quotas.memoryBytesMax, initial: initial, quota: launch.manifest.memoryQuota)
  }

  /// Calls what the module exports as its entry. One without any has done everything at its start.
  private func call(_ instance: Instance<AppHost>, _ host: AppHost) -> AppExit {
    var names = ["main", "__main_argc_argv", "__main_void", "_start"]
    // Programs of WASI may export both; a command makes itself ready in the last one, others in a function of its own.
    let isWASI = instance.linked.module.imports.contains { $0.module == NativeTable.wasiModule }
    if isWASI { names = ["_start"] + names.dropLast() }
    let entry = names.lazy.compactMap { try? instance.function($0) }.first
    instance.setDeadline(nil)
    host.watch.restart()
    do throws(WasmtimeError) {
      if !isWASI || entry?.name != "_start", let setUp = try? instance.function("_initialize"),
        setUp.signature.parameters.isEmpty
      {
        _ = try setUp.call(values: [])
      }
      guard let entry else { return .exited(code: 0) }
      let arguments = entry.signature.parameters.map { $0.zero }
      guard case .i32(let code)? = try entry.call(values: arguments) else { return .exited(code: 0) }
      return .exited(code: code)
    } catch {
      if let code = host.exitCode { return .exited(code: code) }
      switch error {
      case .trap(let trap) where trap.reason == .stopped: return .killed(.stopped)
      case .trap(let trap) where trap.reason == .deadline:
        runtime.audit.note(
          .watchdogKill, app: name, detail: "computed for longer than \(launch.quotas.executionTimeout)")
        return .killed(.executionTimeout(AppTrap(trap)))
      case .trap(let trap) where trap.reason == .outOfFuel:
        runtime.audit.note(.quotaReached, app: name, detail: "fuel")
        return .killed(.fuelExhausted(AppTrap(trap)))
      case .trap(let trap): return .trapped(AppTrap(trap))
      default: return .killed(.other("\(error)"))
      }
    }
  }

  private func end(_ exit: AppExit) {
    let waiting = phase.withLock { phase in
      guard case .running(let waiting) = phase else { return [CheckedContinuation<Void, Never>]() }
      phase = .ended
      return waiting
    }
    onExit(exit)
    for continuation in waiting { continuation.resume() }
  }

  // MARK: From other threads

  private func interrupt() {
    isStopping.store(true, ordering: .releasing)
    interrupter.withLock { $0?.stop() }
    waker.signal()
  }

  func stop(timeout: Duration) async {
    interrupt()
    await withCheckedContinuation { continuation in
      let isOver = phase.withLock { phase in
        guard case .running(let waiting) = phase else { return true }
        phase = .running(waiting + [continuation])
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  func setGrants(_ capabilities: CapabilitySet) {
    permissions.set(capabilities.mask)
    runtime.audit.note(.grantChanged, app: name, detail: "0x" + String(capabilities.mask, radix: 16))
  }

  func statistics() -> AppStatistics { counters.statistics() }

  func command(_ bytes: [UInt8], timeout: Duration) async -> CommandReply {
    await runtime.services.command(name, bytes, timeout: timeout)
  }
}

extension AppTrap {
  init(_ trap: Trap) {
    self.init(
      reason: trap.reason == .outOfFuel ? "fuel exhausted" : trap.reason.description,
      backTrace: trap.frames.map { frame in
        "\(frame.function ?? "function \(frame.functionIndex)") at 0x\(String(frame.moduleOffset, radix: 16))"
      })
  }
}

extension ValueType {
  fileprivate var zero: Value {
    switch self {
    case .i32: .i32(0)
    case .i64: .i64(0)
    case .f32: .f32(0)
    case .f64: .f64(0)
    }
  }
}
