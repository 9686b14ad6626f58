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
  /// This run of the app, to devices.
  let deviceUser: DeviceUser
  let memory: MemoryAccount
  /// Files, timers, queues and the like together.
  var handles: HandleCount

  var buckets: TokenBuckets
  var heap = GuestHeap()
  var timers = Timers()
  var power = AppPower()
  /// Events of buttons are kept for it.
  var hasInputQueue = false
  /// The clock that the app has set, as an offset to the host's in seconds, and its alarm.
  var clockOffset: Int64 = 0
  var alarm: Int64?
  /// What `putchar` has collected.
  var line: [UInt8] = []
  /// Set by `exit`, which ends the guest.
  var exitCode: Int32?
  let watch: ExecutionWatch

  init(
    name: String, quotas: AppQuotas, log: AppLog, audit: AuditLog, counters: AppCounters, interrupter: Interrupter,
    waker: Waker, services: AppServices, watch: ExecutionWatch
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
    deviceUser = DeviceUser(app: name) { waker.signal() }
    memory = MemoryAccount(bytesMax: quotas.memoryBytesMax, counters: counters)
    handles = HandleCount(max: quotas.handlesMax, counters: counters)
    buckets = TokenBuckets(overrides: [.log: quotas.logLinesPerSecondMax], now: monotonicNanoseconds() / 1_000_000)
  }

  /// Gives back everything that the app holds.
  func close() {
    services.devices.release(deviceUser)
    handles.giveBack(handles.count)
  }

  /// Counts memory that the host holds for the app. −ENOMEM when that is more than it may have beside its own.
  func charge(_ bytes: Int) throws(NativeError) {
    guard memory.charge(bytes) else {
      audit.note(.quotaReached, app: name, detail: "memory")
      throw .outOfMemory
    }
  }

  func refund(_ bytes: Int) { memory.refund(bytes) }

  func take(_ rate: RateClass) -> Bool {
    buckets.take(rate, now: monotonicNanoseconds() / 1_000_000)
  }

  /// Counts a call that was not carried out, and notes it where that matters.
  func refused(_ row: NativeFunction, _ errno: Int32) {
    switch errno {
    case 1:
      counters.denied.add(1, ordering: .relaxed)
      audit.note(.capabilityDenied, app: name, detail: row.name)
    case 11 where row.rate != nil:
      counters.rateLimited.add(1, ordering: .relaxed)
    case 14:
      counters.faults.add(1, ordering: .relaxed)
    default: break
    }
  }
}
