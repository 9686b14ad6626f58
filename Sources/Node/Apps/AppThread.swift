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
    host.network.rules = NetworkRules(launch)
    host.network.allowance = ByteAllowance(bytesPerSecond: launch.quotas.networkBytesPerSecondMax)
    do throws(LinuxError) { try runtime.began(self) } catch { return giveUp(.host("\(error)")) }
    var options = InstanceOptions(
      memoryBytesMax: host.memory.bytesMax, held: host.memory.held, deadline: AppRuntime.ticks(launch.startTimeout),
      fuel: launch.quotas.fuelMax, interrupter: interrupter, permissions: permissions,
      onTick: {
        host.publish()
        return watch.tick()
      })
    if linked.module.imports.contains(where: { $0.module == "wasi_snapshot_preview1" }) {
      options.wasi = wasi(log, host)
    }
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
    guard
      let entry = ["main", "__main_argc_argv", "__main_void", "_start"].lazy.compactMap({
        try? instance.function($0)
      }).first
    else { return .exited(code: 0) }
    instance.setDeadline(nil)
    host.watch.restart()
    do throws(WasmtimeError) {
      let arguments = entry.signature.parameters.map { $0.zero }
      guard case .i32(let code)? = try entry.call(values: arguments) else { return .exited(code: 0) }
      return .exited(code: code)
    } catch {
      if let code = host.exitCode { return .exited(code: code) }
      switch error {
      case .exited(let code): return .exited(code: code)
      case .trap(let trap) where trap.reason == .stopped: return .killed(.stopped)
      case .trap(let trap) where trap.reason == .deadline:
        runtime.audit.note(
          .watchdogKill, app: name, detail: "computed for longer than \(launch.quotas.executionTimeout)")
        return .killed(.executionTimeout(AppTrap(trap)))
      case .trap(let trap) where trap.reason == .outOfFuel:
        runtime.audit.note(.quotaReached, app: name, detail: "fuel")
        return .killed(.other("out of fuel"))
      case .trap(let trap): return .trapped(AppTrap(trap))
      default: return .killed(.other("\(error)"))
      }
    }
  }

  /// What an ordinary program gets. Its folder can be read only: Wasmtime's own functions for files count no quota, and what is
  /// looked at now and then would be no limit. Apps write through the functions of the table.
  private func wasi(_ log: AppLog, _ host: AppHost) -> WASIOptions {
    var options = WASIOptions()
    options.arguments = [name] + launch.arguments
    options.environment = launch.environment.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    let linesMax = launch.quotas.logLinesPerSecondMax
    let output = LineSplitter(log, counters, linesPerSecondMax: linesMax)
    let errors = LineSplitter(log, counters, linesPerSecondMax: linesMax)
    let readers: CapabilitySet = [.fsRead, .fsWrite, .storageRead, .storageWrite]
    if launch.capabilities.containsAny(of: readers) {
      options.folders = [WASIOptions.Folder(hostPath: launch.dataDirectory, guestPath: "/")]
    }
    options.output = { output.write($0, .info) }
    options.errorOutput = { errors.write($0, .error) }
    host.onClose = {
      output.finish(.info)
      errors.finish(.error)
    }
    return options
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
      reason: trap.reason.description,
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

/// Makes lines of what a program writes in pieces, as many as its quota allows.
final class LineSplitter: Sendable {
  private struct State {
    var rest: [UInt8] = []
    var buckets: TokenBuckets
  }

  private let log: AppLog
  private let counters: AppCounters
  private let state: Mutex<State>

  init(_ log: AppLog, _ counters: AppCounters, linesPerSecondMax: Int) {
    self.log = log
    self.counters = counters
    state = Mutex(
      State(buckets: TokenBuckets(overrides: [.log: linesPerSecondMax], now: monotonicNanoseconds() / 1_000_000)))
  }

  func write(_ bytes: [UInt8], _ level: AppLog.Level) {
    let lines = state.withLock { state -> [String] in
      state.rest += bytes
      var lines: [String] = []
      let now = monotonicNanoseconds() / 1_000_000
      while let line = Self.takeLine(&state.rest) {
        if state.buckets.take(.log, now: now) {
          lines.append(line)
        } else {
          counters.logLinesDropped.add(1, ordering: .relaxed)
        }
      }
      return lines
    }
    for line in lines { log.write(level, line) }
    counters.logLines.add(UInt64(lines.count), ordering: .relaxed)
  }

  /// The last line of a program that has ended may have no end.
  func finish(_ level: AppLog.Level) {
    let rest = state.withLock { state in
      defer { state.rest = [] }
      return state.rest
    }
    if !rest.isEmpty { log.write(level, String(decoding: rest, as: UTF8.self)) }
  }

  private static func takeLine(_ rest: inout [UInt8]) -> String? {
    let end = rest.firstIndex(of: UInt8(ascii: "\n"))
    guard let end = end ?? (rest.count >= AppLog.lineBytesMax ? rest.count : nil) else { return nil }
    defer { rest.removeSubrange(..<min(rest.count, end + 1)) }
    return String(decoding: rest[..<end], as: UTF8.self)
  }
}
