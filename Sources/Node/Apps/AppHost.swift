import AppABI
import AppDevices
import AppFormat
import AppManager
import Wasmtime

/// What a running app has on its host. Used by the app's thread alone; what others share with it has types of its own.
final class AppHost {
  let name: String
  let quotas: AppQuotas
  let log: AppLog
  let audit: AuditLog
  let counters: AppCounters
  let interrupter: Interrupter
  let waker: Waker
  /// What apps share: messages, devices, settings.
  let services: AppServices
  let memory: MemoryAccount
  /// Files, timers, queues and the like together.
  var handles: HandleCount
  /// What `mem_alloc` may hand out.
  let heapBytesMax: Int
  /// The app's own folder; "" when it has none.
  let folder: String
  private var files: AppFiles?
  var settings: KeptSettings?
  /// By topic, without the `!` at its end.
  var subscriptions: [String: Subscription] = [:]
  /// Set while the app runs, behind its start function.
  var instance: Instance<AppHost>?
  /// Of the thread, when this object was made.
  private let processorNanoseconds = threadNanoseconds()
  /// This run of the app, to devices.
  let deviceUser: DeviceUser

  var buckets: TokenBuckets
  /// When a call that came too often was noted last, in milliseconds.
  private var limitNotedAt = Int64.min / 2
  var heap = GuestHeap()
  var timers = Timers()
  var network = AppNetwork()
  var mqtt = AppMQTT()
  var power = AppPower()
  /// Events of buttons are kept for it.
  var hasInputQueue = false
  /// The clock that the app has set, as an offset to the host's in seconds, and its alarm.
  var clockOffset: Int64 = 0
  var alarm: Int64?
  /// What is written in pieces: output, and error output of ordinary programs.
  var line = LineSplitter()
  var errorLine = LineSplitter()
  /// Set by `exit`, which ends the guest.
  var exitCode: Int32?
  let watch: ExecutionWatch
  /// Of the launch, for ordinary programs; the app's name comes before them.
  var arguments: [String] = []
  /// Of the launch: what ordinary programs read, and what `settings_get` finds while the app has not set the same key.
  var environment: [String: String] = [:]
  /// What an ordinary program has, from its first call of WASI on.
  private(set) lazy var wasi = WASIProgram(
    arguments: [name] + arguments, environment: environment, hasFolder: !folder.isEmpty)

  init(
    name: String, quotas: AppQuotas, log: AppLog, audit: AuditLog, counters: AppCounters, interrupter: Interrupter,
    waker: Waker, services: AppServices, watch: ExecutionWatch, folder: String = "", memoryBytesMax: Int? = nil,
    heapBytesMax: Int? = nil
  ) {
    self.name = name
    self.quotas = quotas
    self.log = log
    self.audit = audit
    self.counters = counters
    self.interrupter = interrupter
    self.waker = waker
    self.services = services
    self.watch = watch
    self.folder = folder
    memory = MemoryAccount(bytesMax: memoryBytesMax ?? quotas.memoryBytesMax, counters: counters)
    self.heapBytesMax = min(heapBytesMax ?? .max, memory.bytesMax)
    deviceUser = DeviceUser(app: name) { waker.signal() }
    handles = HandleCount(max: quotas.handlesMax, counters: counters)
    buckets = TokenBuckets(overrides: [.log: quotas.logLinesPerSecondMax], now: monotonicNanoseconds() / 1_000_000)
  }

  /// Gives back everything that the app holds. Nothing of the host is called for it behind this.
  func close() {
    publish()
    for topic in Array(subscriptions.keys) { _ = unsubscribe(topic) }
    services.devices.release(deviceUser)
    finishLines()
    network.closeAll(self)
    mqtt.close(self)
    files = nil
    instance = nil
    handles.giveBack(handles.count)
  }

  /// Brings the figures up to date that others read: at waits, while it computes at every move of the engine's clock, and at
  /// the end.
  func publish() {
    if let instance {
      memory.see(linear: instance.memorySize + heap.bookBytesUsed)
      instance.countHeld()
      counters.calls.store(instance.callCount, ordering: .relaxed)
      if let most = quotas.fuelMax, let left = try? instance.fuel() {
        counters.fuelUsed.store(Int64(clamping: most - min(left, most)), ordering: .relaxed)
      }
    }
    counters.executionNanoseconds.store(executionNanoseconds, ordering: .relaxed)
  }

  /// How long it has been on a processor.
  var executionNanoseconds: Int64 { threadNanoseconds() - processorNanoseconds }

  // MARK: Quotas

  /// Counts memory that the host holds for the app. −ENOMEM when that is more than it may have beside its own.
  func charge(_ bytes: Int) throws(NativeError) {
    if let instance { memory.see(linear: instance.memorySize + heap.bookBytesUsed) }
    guard memory.charge(bytes) else {
      quotaReached("memory")
      throw .outOfMemory
    }
    instance?.countHeld()
  }

  func refund(_ bytes: Int) {
    memory.refund(bytes)
    instance?.countHeld()
  }

  func quotaReached(_ what: String) { audit.note(.quotaReached, app: name, detail: what) }

  /// Writes a line of the app into its log.
  func write(_ level: AppLog.Level, _ line: String) {
    log.write(level, line)
    counters.logLines.add(1, ordering: .relaxed)
  }

  // MARK: Opened when they are needed first

  /// −ENODEV for an app without a folder.
  func openFiles() throws(NativeError) -> AppFiles {
    if let files { return files }
    guard !folder.isEmpty, let files = try? AppFiles(folder: folder, bytesMax: quotas.storageBytesMax) else {
      throw .noDevice
    }
    self.files = files
    return files
  }

  func keptSettings() throws(NativeError) -> KeptSettings {
    if let settings { return settings }
    guard let path = try? services.settingsPath(of: name) else { throw .inputOutput }
    let settings = try KeptSettings(path: path)
    if settings.wasDamaged { audit.note(.integrityFailure, app: name, detail: "its settings were damaged") }
    try charge(settings.bytes)
    self.settings = settings
    return settings
  }

  /// Takes a token. One that is not there is counted, and noted once a second, so that a flood fills no log.
  func take(_ rate: RateClass) -> Bool {
    let now = monotonicNanoseconds() / 1_000_000
    if buckets.take(rate, now: now) { return true }
    counters.rateLimited.add(1, ordering: .relaxed)
    if rate == .log { counters.logLinesDropped.add(1, ordering: .relaxed) }
    if now - limitNotedAt >= 1000 {
      limitNotedAt = now
      audit.note(.rateLimited, app: name, detail: rate.name)
    }
    return false
  }

  /// Counts a call that was not carried out, and notes it where that matters.
  func refused(_ row: NativeFunction, _ errno: Int32) {
    switch errno {
    case 1:
      counters.denied.add(1, ordering: .relaxed)
      audit.note(.capabilityDenied, app: name, detail: row.name)
    case 14:
      counters.faults.add(1, ordering: .relaxed)
    default: break
    }
  }
}
