import AppDevices
import AppFormat
import AppManager
import Crypto
import Glibc
import Linux
import Synchronization
import Wasmtime

/// Runs apps: each on a thread of its own, in a sandbox that has what its grants and quotas say.
///
/// A module is compiled by Winch at first, so that it starts at once, and by Cranelift in the background for its next start.
/// Compiled code is kept in a folder of files that only this process's user may write.
public final class AppRuntime: Sendable {
  public struct Options: Sendable {
    /// Of compiled code.
    public var cacheFolder: String
    /// Settings of apps are kept here.
    public var dataFolder: String
    /// Of the audit log's HMAC; a random one without it.
    public var auditKey: Secret?
    public var auditEntriesMax: Int
    public var auditSink: (@Sendable (AuditLog.Entry) -> Void)?
    /// Of the guest's code, for each app.
    public var stackBytesMax: Int
    /// What apps reach as devices.
    public var devices = DeviceOptions()
    /// Room for so many instances of each compiler's code that is made once, for the fastest starts; `nil`: each start makes
    /// its own.
    public var pool: EngineOptions.Pool?

    public init(
      cacheFolder: String, dataFolder: String, auditKey: Secret? = nil, auditEntriesMax: Int = 1024,
      auditSink: (@Sendable (AuditLog.Entry) -> Void)? = nil, stackBytesMax: Int = 256 << 10,
      pool: EngineOptions.Pool? = nil
    ) {
      self.cacheFolder = cacheFolder
      self.dataFolder = dataFolder
      self.auditKey = auditKey
      self.auditEntriesMax = auditEntriesMax
      self.auditSink = auditSink
      self.stackBytesMax = stackBytesMax
      self.pool = pool
    }
  }

  /// Milliseconds between two moves of the engines' clocks: how exact deadlines are.
  static let tickMilliseconds = 10

  public let audit: AuditLog
  public let services: AppServices
  private let fast: Engine
  private let optimising: Engine
  /// Counts instructions, and computes equally on every processor.
  private let metered: Engine
  private let cache: CodeCache
  private let linker: Linker<AppHost>
  private let ticker: Ticker
  private let logs = Mutex<[String: AppLog]>([:])
  private let running = Mutex<[String: AppThread]>([:])
  /// Modules that Cranelift has compiled, or is compiling, by their SHA-256.
  private let optimised = Mutex<Set<[UInt8]>>([])
  private let linked = Mutex<[LinkedKey: LinkedModule<AppHost>]>([:])
  private let code = Mutex(CodeFigures())

  private struct LinkedKey: Hashable {
    var sha256: [UInt8]
    var compiler: EngineOptions.Compiler
  }

  public init(_ options: Options) throws {
    let allocation = options.pool.map { EngineOptions.Allocation.pooling($0) } ?? .onDemand()
    let stack = options.stackBytesMax
    fast = try Engine(EngineOptions(compiler: .winch, stackBytesMax: stack, allocation: allocation))
    optimising = try Engine(EngineOptions(stackBytesMax: stack, allocation: allocation))
    metered = try Engine(EngineOptions(countsFuel: true, canonicalizesNaN: true, stackBytesMax: stack))
    cache = try CodeCache(folder: options.cacheFolder)
    linker = try NativeLibrary().linker()
    audit = AuditLog(capacity: options.auditEntriesMax, key: options.auditKey, sink: options.auditSink)
    services = AppServices(dataFolder: options.dataFolder, devices: Devices(options.devices))
    ticker = Ticker(engines: [fast, optimising, metered])
  }

  /// What an app has written, over its restarts.
  public func log(of name: AppName) -> AppLog {
    logs.withLock { logs in
      if let log = logs[name.text] { return log }
      let log = AppLog()
      logs[name.text] = log
      return log
    }
  }

  /// Forgets what an app has written, and its settings; called when it is uninstalled.
  public func forget(_ name: AppName) {
    logs.withLock { $0[name.text] = nil }
    services.forget(name.text)
  }

  /// The code of a module: Cranelift's when it is there, else Winch's while Cranelift works in the background.
  func link(_ launch: AppLaunch) throws(WasmtimeError) -> LinkedModule<AppHost> {
    if launch.quotas.fuelMax != nil {
      return try linker.link(load(launch.module, launch.sha256, .metered))
    }
    for compiler in [EngineOptions.Compiler.cranelift, .winch] {
      if let found = linked.withLock({ $0[LinkedKey(sha256: launch.sha256, compiler: compiler)] }) {
        code.withLock { $0.memoryHits += 1 }
        return found
      }
    }
    if let module = cache.cached(launch.module, identity: launch.sha256, engine: optimising) {
      code.withLock { $0.fileHits += 1 }
      return keep(try linker.link(module), launch.sha256, .cranelift)
    }
    let first = try linker.link(load(launch.module, launch.sha256, .fast))
    optimise(launch.module, launch.sha256)
    return keep(first, launch.sha256, .winch)
  }

  /// What was compiled, and what was there already, since the run-time was made.
  public var codeFigures: CodeFigures { code.withLock { $0 } }

  /// The code of a module for an engine, from its file or compiled now.
  private func load(
    _ module: [UInt8], _ sha256: [UInt8], _ kind: CodeFigures.Engine
  ) throws(WasmtimeError) -> Module {
    let engine =
      switch kind {
      case .fast: fast
      case .optimising: optimising
      case .metered: metered
      }
    let loaded = try cache.load(module, identity: sha256, engine: engine)
    code.withLock { figures in
      if loaded.wasCached { figures.fileHits += 1 } else { figures.compiles[kind, default: 0] += 1 }
    }
    return loaded.module
  }

  /// Whether the next start runs Cranelift's code.
  public func isOptimised(_ sha256: [UInt8]) -> Bool {
    linked.withLock { $0[LinkedKey(sha256: sha256, compiler: .cranelift)] != nil }
  }

  private func keep(
    _ module: LinkedModule<AppHost>, _ sha256: [UInt8], _ compiler: EngineOptions.Compiler
  ) -> LinkedModule<AppHost> {
    linked.withLock { linked in
      // Code of modules that nothing runs any more is in the cache.
      if linked.count >= 64 { linked.removeAll() }
      linked[LinkedKey(sha256: sha256, compiler: compiler)] = module
    }
    return module
  }

  private func optimise(_ module: [UInt8], _ sha256: [UInt8]) {
    guard optimised.withLock({ $0.insert(sha256).inserted }) else { return }
    let started: Void? = try? Thread.start(name: "app-compiler", stackBytes: 8 << 20) { [self] in
      // What Cranelift refuses runs on as it is.
      guard let better = try? load(module, sha256, .optimising),
        let linked = try? linker.link(better)
      else { return }
      _ = keep(linked, sha256, .cranelift)
    }
    if started == nil { optimised.withLock { _ = $0.remove(sha256) } }
  }

  var threadStackBytes: Int { fast.threadStackBytes }

  func began(_ thread: AppThread) throws(LinuxError) {
    try ticker.begin()
    running.withLock { $0[thread.name] = thread }
  }

  func ended(_ thread: AppThread) {
    running.withLock { running in
      if running[thread.name] === thread { running[thread.name] = nil }
    }
    ticker.end()
  }

  /// Milliseconds as moves of the clock, one more so that none is too early.
  static func ticks(_ duration: Duration) -> UInt64 {
    let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    return UInt64(max(0, milliseconds)) / UInt64(tickMilliseconds) + 1
  }
}

extension AppRuntime: AppRunner {
  public func start(
    _ launch: AppLaunch, onExit: @escaping @Sendable (AppExit) -> Void
  ) async throws(AppStartError) -> any RunningApp {
    let thread = AppThread(runtime: self, launch: launch, onExit: onExit)
    if let error = await thread.bringUp() { throw error }
    return thread
  }

  public func note(_ event: AppSecurityEvent) {
    let kind: AuditLog.Event =
      switch event.kind {
      case .integrityFailure: .integrityFailure
      case .signatureFailure: .signatureFailure
      case .signatureValid: .signatureValid
      }
    audit.note(kind, app: event.app, detail: event.detail)
  }
}

/// Where the code of apps came from.
public struct CodeFigures: Sendable, Equatable {
  public enum Engine: String, Sendable, CaseIterable {
    /// Winch, for the first start of a module.
    case fast
    /// Cranelift, in the background.
    case optimising
    /// Cranelift with a budget of instructions.
    case metered
  }

  /// Modules that were compiled.
  public var compiles: [Engine: UInt64] = [:]
  /// Code that was in a file.
  public var fileHits: UInt64 = 0
  /// Code that was in memory.
  public var memoryHits: UInt64 = 0

  public init() {}
}

/// Moves the clocks of engines while something runs.
final class Ticker: Sendable {
  private struct State {
    var running = 0
    /// Which thread is the clock: one that was not needed for a moment may still be there.
    var generation: UInt64 = 0
  }

  private let engines: [Engine]
  private let state = Mutex(State())

  init(engines: [Engine]) { self.engines = engines }

  /// - Throws: when there is no thread for it; without it nothing would end on time.
  func begin() throws(LinuxError) {
    let generation: UInt64? = state.withLock { state in
      state.running += 1
      guard state.running == 1 else { return nil }
      state.generation += 1
      return state.generation
    }
    guard let generation else { return }
    do throws(LinuxError) {
      try Thread.start(name: "app-clock", stackBytes: 64 << 10) { [self] in
        while isNeeded(generation) {
          usleep(UInt32(AppRuntime.tickMilliseconds) * 1000)
          for engine in engines { engine.advance() }
        }
      }
    } catch {
      end()
      throw error
    }
  }

  func end() { state.withLock { $0.running -= 1 } }

  private func isNeeded(_ generation: UInt64) -> Bool {
    state.withLock { $0.running > 0 && $0.generation == generation }
  }
}
