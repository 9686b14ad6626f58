import Glibc

/// Starts a thread of its own for blocking work. The thread ends when `body` returns.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
  final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void
    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  defer { pthread_attr_destroy(&attributes) }
  let start = Unmanaged.passRetained(Start(name, body))
  var thread = pthread_t()
  let status = pthread_create(
    &thread, &attributes,
    { argument in
      guard let argument else { return nil }
      let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
      // The name that tools show (proc(5)); a failure changes nothing but that.
      if let file = fopen("/proc/thread-self/comm", "w") {
        fputs(start.name, file)
        fclose(file)
      }
      start.body()
      return nil
    }, start.toOpaque())
  precondition(status == 0, "cannot start thread \(name): \(String(cString: strerror(status)))")
}

private func monotonicNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// A bounded queue between threads: anyone appends without waiting, one or more threads wait and take.
final class BlockingQueue<Element: Sendable>: @unchecked Sendable {
  // Holds across threads: every access to the mutable properties is made with `mutex` held, and the two C objects lie
  // at fixed addresses until `deinit`.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let countMax: Int
  private var elements: [Element] = []
  private var taken = 0
  private var isClosed = false

  enum Appending { case appended, full, closed }

  init(countMax: Int) {
    self.countMax = countMax
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func append(_ element: Element) -> Appending {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if isClosed { return .closed }
    if elements.count - taken >= countMax { return .full }
    elements.append(element)
    pthread_cond_signal(condition)
    return .appended
  }

  /// Waits for elements and takes up to `max` of them; `nil` when the queue is closed and empty.
  ///
  /// - Parameters:
  ///   - hoped: once there is one element, gives others the processor until there are so many,
  ///   - patience: but no longer than this, in nanoseconds.
  func take(max: Int, hoped: Int = 1, patience: Int64 = 0) -> [Element]? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while elements.count == taken {
      if isClosed { return nil }
      pthread_cond_wait(condition, mutex)
    }
    if elements.count - taken < hoped, patience > 0 {
      let deadline = monotonicNanoseconds() + patience
      while elements.count - taken < hoped, !isClosed, monotonicNanoseconds() < deadline {
        pthread_mutex_unlock(mutex)
        sched_yield()
        pthread_mutex_lock(mutex)
      }
    }
    let end = min(elements.count, taken + max)
    let result = Array(elements[taken..<end])
    taken = end
    if taken * 2 >= elements.count {
      elements.removeFirst(taken)
      taken = 0
    }
    return result
  }

  /// Refuses further elements; what is queued is still taken.
  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }
}

/// A few threads for calls that may wait for the disk, so that Swift's own threads never do.
final class BlockingPool: Sendable {
  private let queue = BlockingQueue<@Sendable () -> Void>(countMax: .max)

  init(name: String, threads: Int) {
    for _ in 0..<threads {
      startThread(name) { [queue] in
        while let jobs = queue.take(max: 1) { for job in jobs { job() } }
      }
    }
  }

  deinit { queue.close() }

  func run<Value: Sendable>(
    _ body: @escaping @Sendable () throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
      let appended = queue.append {
        continuation.resume(returning: Result { () throws(StoreError) in try body() })
      }
      if appended != .appended { continuation.resume(returning: .failure(.closed)) }
    }
    return try result.get()
  }
}
