import AppABI
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

  var buckets: TokenBuckets
  var heap = GuestHeap()
  var timers = Timers()
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
    buckets = TokenBuckets(overrides: [.log: quotas.logLinesPerSecondMax], now: monotonicNanoseconds() / 1_000_000)
  }

  /// Gives back everything that the app holds.
  func close() {}

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
