import Glibc
import Wasmtime

/// Core, log, time, memory, timers, clock, watchdog.
extension NativeLibrary {
  mutating func addBasics() {
    addCoreAndTime()
    addLog()
    addMemory()
    addTimers()
    addClock()
  }

  private mutating func addCoreAndTime() {
    define("delay") { (call) throws(NativeError) in
      let microseconds = call.int(0)
      if microseconds < 0 { throw .invalid }
      try call.wait(until: monotonicNanoseconds() + Int64(microseconds) * 1000)
      return 0
    }
    defineLong("get_time_ms", module: "akira_time") { (_) throws(NativeError) in monotonicNanoseconds() / 1_000_000 }
    define("sleep_ms", module: "akira_time") { (call) throws(NativeError) in
      let milliseconds = call.int(0)
      guard (1..<3_600_000).contains(milliseconds) else { throw .invalid }
      try call.wait(until: monotonicNanoseconds() + Int64(milliseconds) * 1_000_000)
      return 0
    }
    define("wdt_pet") { (call) throws(NativeError) in
      call.restartWatchdog()
      return 0
    }
  }

  private mutating func addLog() {
    for (name, level) in [("log_debug", AppLog.Level.debug), ("log_info", .info), ("log_error", .error)] {
      define(name, module: "akira_log") { (call) throws(NativeError) in
        call.host.write(level, try call.text(0))
        return 0
      }
    }
    define("printf_native") { (call) throws(NativeError) in
      for line in try call.text(0).split(separator: "\n", omittingEmptySubsequences: true) {
        call.host.write(.info, String(line))
      }
      return 0
    }
    define("log") { (call) throws(NativeError) in
      let levels: [AppLog.Level] = [.error, .warning, .info, .debug]
      let level = call.int(0)
      guard (1...4).contains(level) else { throw .invalid }
      call.host.write(levels[Int(level) - 1], try call.text(1))
      return 0
    }
    define("bt_shell_print") { (call) throws(NativeError) in
      call.host.write(.info, try call.text(call.argumentCount - 1))
      return 0
    }
    define("bt_shell_send_data") { (call) throws(NativeError) in
      call.host.write(.info, "\(try call.bytes(1).count) bytes of kind \(call.int(0))")
      return call.int(2)
    }
    define("bt_shell_is_ready") { (_) throws(NativeError) in 1 }
  }

  private mutating func addMemory() {
    for name in ["mem_alloc", "malloc", "__cxa_allocate_exception"] {
      define(name) { (call) throws(NativeError) in Int32(bitPattern: call.allocate(call.uint(0))) }
    }
    for name in ["mem_free", "free"] {
      define(name) { (call) throws(NativeError) in
        _ = call.host.heap.free(call.uint(0))
        return 0
      }
    }
    define("calloc") { (call) throws(NativeError) in
      let (size, overflow) = call.uint(0).multipliedReportingOverflow(by: call.uint(1))
      let address = overflow ? 0 : call.allocate(size)
      if address != 0 {
        try call.withBytes(at: address, count: size) { bytes in _ = bytes.initializeMemory(as: UInt8.self, repeating: 0)
        }
      }
      return Int32(bitPattern: address)
    }
    define("realloc") { (call) throws(NativeError) in
      let old = call.uint(0)
      let size = call.uint(1)
      guard old != 0 else { return Int32(bitPattern: call.allocate(size)) }
      guard let oldSize = call.host.heap.size(of: old) else { return 0 }
      if size == 0 {
        _ = call.host.heap.free(old)
        return 0
      }
      if size <= oldSize { return Int32(bitPattern: old) }
      let address = call.allocate(size)
      if address != 0 {
        let bytes = try call.bytes(at: old, count: oldSize)
        try call.withBytes(at: address, count: oldSize) { $0.copyBytes(from: bytes) }
        _ = call.host.heap.free(old)
      }
      return Int32(bitPattern: address)
    }
  }

  private mutating func addTimers() {
    define("timer_create") { (call) throws(NativeError) in
      let host = call.host
      do throws(NativeError) { try host.handles.take() } catch { throw .outOfMemory }
      do throws(NativeError) { return try host.timers.create() } catch {
        host.handles.giveBack()
        throw error
      }
    }
    define("timer_start") { (call) throws(NativeError) in
      try call.host.timers.start(call.int(0), now: monotonicNanoseconds() / 1_000_000)
      return 0
    }
    define("timer_stop") { (call) throws(NativeError) in
      try call.host.timers.stop(call.int(0), now: monotonicNanoseconds() / 1_000_000)
      return 0
    }
    define("timer_elapsed") { (call) throws(NativeError) in
      try call.host.timers.elapsed(call.int(0), now: monotonicNanoseconds() / 1_000_000)
    }
    define("timer_free") { (call) throws(NativeError) in
      try call.host.timers.free(call.int(0))
      call.host.handles.giveBack()
      return 0
    }
  }

  private mutating func addClock() {
    define("rtc_get_unix_time") { (call) throws(NativeError) in
      Int32(truncatingIfNeeded: Int64(time(nil)) + call.host.clockOffset)
    }
    define("rtc_get_uptime_ms") { (_) throws(NativeError) in
      Int32(truncatingIfNeeded: monotonicNanoseconds() / 1_000_000)
    }
    define("rtc_alarm_fired") { (call) throws(NativeError) in
      guard let alarm = call.host.alarm, Int64(time(nil)) + call.host.clockOffset >= alarm else { return 0 }
      call.host.alarm = nil
      return 1
    }
    define("rtc_set_unix_time") { (call) throws(NativeError) in
      call.host.clockOffset = Int64(call.uint(0)) - Int64(time(nil))
      return 0
    }
    define("rtc_set_alarm") { (call) throws(NativeError) in
      call.host.alarm = call.int(0) == 0 ? nil : Int64(call.uint(0))
      return 0
    }
  }
}

extension HostCall where Host == AppHost {
  /// A block of the app's quota, or 0.
  borrowing func allocate(_ size: UInt32) -> UInt32 {
    let host = host
    let bytesMax = host.heapBytesMax
    let address = host.heap.allocate(size, bytesMax: bytesMax, memoryEnd: memorySize) { pages in
      growMemory(pages: pages)
    }
    return address ?? 0
  }

  /// Waits, until a time of the monotonic clock in nanoseconds or for ever, but no longer than the app may run. What it is
  /// waiting for, if anything, is looked for before each wait and behind each signal.
  borrowing func wait(until nanoseconds: Int64?, for isDone: () throws(NativeError) -> Bool = { () in false })
    throws(NativeError)
  {
    defer { restartWatchdog() }
    let host = host
    while true {
      if let reason = stopReason { throw .end(end(reason)) }
      // Bytes move between rings and sockets while the app sleeps.
      let again = host.network.isEmpty ? nil : host.network.pump(self)
      if try isDone() { return }
      if let nanoseconds, monotonicNanoseconds() >= nanoseconds { return }
      host.publish()
      host.waker.wait(until: again.map { min($0, nanoseconds ?? $0) } ?? nanoseconds)
    }
  }

  /// The time that the app may compute begins anew.
  borrowing func restartWatchdog() {
    host.watch.restart()
  }

  private var stopReason: Trap.Reason? { host.interrupter.isStopped ? .stopped : nil }
}
