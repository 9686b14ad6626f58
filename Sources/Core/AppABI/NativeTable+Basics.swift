import AppFormat

extension NativeTable {
  /// Core, log, time, memory, timers, random access to the clock, watchdog.
  static var basics: [NativeFunction] {
    let core = Row(family: .core)
    let log = Row(module: "akira_log", family: .log, rate: .log)
    let time = Row(module: "akira_time", family: .time)
    let memory = Row(family: .memory, capabilities: [.memory])
    let timers = Row(family: .timers, capabilities: [.timer])
    let clock = Row(family: .clock, capabilities: [.rtcRead])
    let watchdog = Row(family: .watchdog, capabilities: [.wdt])
    return [
      core("delay", "microseconds", "Waits. Gives 0; −EINVAL below 0."),
      core(
        "printf_native", "text$", rate: .log, "Writes a line into the app's log; formats are filled in by the guest."),

      log("log_debug", "text$", gives: .nothing, "Writes a line of level debug."),
      log("log_info", "text$", gives: .nothing, "Writes a line of level info."),
      log("log_error", "text$", gives: .nothing, "Writes a line of level error."),

      time("get_time_ms", "", gives: .int64, "Milliseconds since the host started; never goes back."),
      time("sleep_ms", "milliseconds", "Waits for 1 to 3,599,999 ms; others: −EINVAL."),

      memory(
        "mem_alloc", "size:u", gives: .address,
        "Bytes of the app's quota, at most 16 MiB, aligned to 8; 0 when there are none."),
      memory(
        "mem_free", "address:u", gives: .nothing, "Gives back what mem_alloc gave; other addresses are left alone."),

      timers("timer_create", "", "A stop-watch at rest. Gives its handle; −ENOMEM when all are taken."),
      timers("timer_start", "timer", "Starts it from 0."),
      timers("timer_stop", "timer", "Stops it; what has elapsed stays."),
      timers("timer_elapsed", "timer", "Milliseconds that it has run, up to 2^31−1, then from 0 again."),
      timers("timer_free", "timer", "Gives it back."),

      clock("rtc_get_unix_time", "", "Seconds since 1970, as 32 bits."),
      clock("rtc_get_uptime_ms", "", "Milliseconds since the host started, as 32 bits."),
      clock("rtc_alarm_fired", "", "1 once after the alarm's time has come, else 0."),
      clock(
        "rtc_set_unix_time", "seconds", needs: [.rtcWrite],
        "Sets the clock that the app sees; the host's stays as it is."),
      clock("rtc_set_alarm", "seconds", needs: [.rtcWrite], "Sets the alarm to seconds since 1970; 0: none."),

      watchdog(
        "wdt_pet", "", "Begins the time anew behind which an app that does not answer is ended; −ENODEV without one."),
    ]
  }
}
