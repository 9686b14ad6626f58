import Glibc

/// A bounded queue of records and the thread that formats and writes them, so that no caller waits for a disk, a pipe
/// or a terminal. When the queue is full, records are dropped and counted, and the count is logged.
///
/// Unchecked, because the lock is a POSIX one (a condition variable needs it): every stored variable is touched only
/// while it is held, except for `lock` and `changed` themselves, which stay at one address.
final class LogWriter: @unchecked Sendable {
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let recordsMax: Int
  private var records: [LogRecord] = []
  private var output: LogOutput
  private var format: LogFormat
  private var isWriting = false
  private var isStopped = false
  private var droppedCount = 0
  private var droppedTotal = 0

  private init(recordsMax: Int, output: LogOutput, format: LogFormat) {
    self.recordsMax = recordsMax
    self.output = output
    self.format = format
    lock.initialize(to: pthread_mutex_t())
    changed.initialize(to: pthread_cond_t())
    pthread_mutex_init(lock, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(lock)
    changed.deallocate()
    lock.deallocate()
  }

  /// The thread keeps the writer alive until `stop()`.
  static func start(recordsMax: Int, output: LogOutput, format: LogFormat) -> LogWriter {
    let writer = LogWriter(recordsMax: recordsMax, output: output, format: format)
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    // The thread takes no signals: they are meant for the program's own threads.
    pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let context = Unmanaged.passRetained(writer)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<LogWriter>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    if code == 0 {
      pthread_detach(thread)
    } else {
      context.release()
      // Without a thread nothing is written; drops are counted as for a full queue.
      writer.withLock { writer.isStopped = true }
    }
    return writer
  }

  private func withLock<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return body()
  }

  func submit(_ record: LogRecord) {
    withLock {
      guard records.count < recordsMax, !isStopped else {
        droppedCount += 1
        droppedTotal += 1
        return
      }
      records.append(record)
      if records.count == 1 { pthread_cond_broadcast(changed) }
    }
  }

  /// Records dropped since the start.
  var dropped: Int { withLock { droppedTotal } }

  func change(output: LogOutput, format: LogFormat) {
    withLock {
      self.output = output
      self.format = format
    }
  }

  func stop() {
    withLock {
      isStopped = true
      pthread_cond_broadcast(changed)
    }
  }

  /// Waits until everything submitted before is written.
  /// - Returns: false when that took longer than `timeout`.
  func flush(timeout: Duration) -> Bool {
    var deadline = timespec()
    clock_gettime(CLOCK_REALTIME, &deadline)
    let nanoseconds = deadline.tv_nsec + Int(timeout.components.attoseconds / 1_000_000_000)
    deadline.tv_sec += Int(timeout.components.seconds) + nanoseconds / 1_000_000_000
    deadline.tv_nsec = nanoseconds % 1_000_000_000
    return withLock {
      while !records.isEmpty || isWriting || droppedCount > 0 {
        if isStopped, !isWriting { return records.isEmpty }
        if pthread_cond_timedwait(changed, lock, &deadline) != 0 { return false }
      }
      return true
    }
  }

  // MARK: The thread

  private struct Batch {
    var records: [LogRecord]
    var dropped: Int
    var output: LogOutput
    var format: LogFormat
  }

  private func run() {
    while let batch = next() {
      write(batch)
      withLock {
        isWriting = false
        pthread_cond_broadcast(changed)
      }
    }
  }

  /// Waits for records; `nil` once stopped and drained.
  private func next() -> Batch? {
    withLock {
      while records.isEmpty && droppedCount == 0 {
        if isStopped { return nil }
        pthread_cond_wait(changed, lock)
      }
      let batch = Batch(records: records, dropped: droppedCount, output: output, format: format)
      records = []
      droppedCount = 0
      isWriting = true
      return batch
    }
  }

  private func write(_ batch: Batch) {
    var records = batch.records
    if batch.dropped > 0 {
      let field = LogRecord.Field(name: "count", value: LogValue(batch.dropped))
      records.append(
        LogRecord(
          time: LogSystem.now(), level: .warning, subsystem: "logging",
          message: "dropped records, the output is too slow",
          fields: [field]))
    }
    switch batch.output {
    case .handler(let handle): handle(records)
    case .descriptor(let descriptor):
      var bytes: [UInt8] = []
      for record in records { batch.format.write(record, to: &bytes) }
      Self.writeAll(bytes, to: descriptor)
    }
  }

  /// A failed write has nobody to report to; the batch is lost.
  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if errno == EAGAIN {
          var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&wait, 1, -1)
        } else if errno != EINTR {
          return
        }
      }
    }
  }
}
