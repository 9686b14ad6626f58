import CNet
import Glibc
import Synchronization

/// One thread around epoll that is also a Swift executor: actors may live on it
/// (`unownedExecutor { loop.asUnownedSerialExecutor() }`) and tasks may prefer it (`Task(executorPreference: loop)`).
///
/// Each turn waits for readiness, calls the ready sources, runs jobs, fires timers and then flushes every connection
/// written to in that turn, so that many small writes leave as one. Nothing run on a loop may block.
public final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
  // Sendable: `inbox`, `wakeState` and `threadIdentity` are synchronised; everything else is touched on the loop's
  // thread only (public entries check this). For the same reason the properties used in every turn do without Swift's
  // dynamic exclusivity checks, a tenth of the time of a small echo: no access to them spans a call of foreign code.

  /// Where the loop's time comes from.
  public enum ClockKind: Sendable {
    case system
    /// Time stands still except in `advance(by:)`; sockets and jobs work as usual. For tests of time-outs.
    case manual
  }

  /// Bytes of the read buffer that all connections of the loop share.
  static let readBufferBytes = 65_536
  private static let eventBatchMax = 256
  /// Rounds of jobs per turn, so that jobs which keep adding jobs cannot starve the sockets.
  private static let jobRoundsMax = 64

  enum Work {
    case job(UnownedJob)
    case closure(@Sendable () -> Void)
  }

  enum WakeState {
    static let awake: UInt8 = 0
    static let asleep: UInt8 = 1
    static let hasWork: UInt8 = 2
  }

  public let clockKind: ClockKind
  private let name: String
  private let epoll: Int32
  private let wakeDescriptor: Int32
  var thread = pthread_t()

  let inbox = Mutex<[Work]>([])
  let wakeState = Atomic<UInt8>(WakeState.awake)
  let threadIdentity = Atomic<UInt>(0)

  @exclusivity(unchecked) var localWork: [Work] = []
  @exclusivity(unchecked) private var batch: [Work] = []
  @exclusivity(unchecked) var timers = TimerHeap()
  @exclusivity(unchecked) var sources = EventSourceTable()
  @exclusivity(unchecked) private var dirty: [Connection] = []
  @exclusivity(unchecked) private var dirtyBatch: [Connection] = []
  @exclusivity(unchecked) private var readAgainQueue: [Connection] = []
  var advances: [(target: MonotonicInstant, done: CheckedContinuation<Void, Never>)] = []
  var sleepers: [ObjectIdentifier: Sleeper] = [:]
  var isStopping = false
  let afterlife = Mutex(Afterlife())
  let shutdownRequested = Atomic<Bool>(false)

  @exclusivity(unchecked) private var turnTime: MonotonicInstant
  let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: EventLoop.readBufferBytes, alignment: 64)
  var outputPool = OutputBufferPool()

  struct Afterlife {
    var threadEnded = false
    var isRunning = false
  }

  /// Starts the thread. `name` shows in process listings (at most 15 bytes).
  public init(name: String = "aether-loop", clock: ClockKind = .system) throws(NetError) {
    clockKind = clock
    self.name = name
    turnTime = clock == .system ? .now : MonotonicInstant(nanoseconds: 0)
    epoll = cnet_epoll_create()
    guard epoll >= 0 else { throw .system(call: "epoll_create1", errno: -epoll) }
    wakeDescriptor = cnet_eventfd()
    guard wakeDescriptor >= 0 else {
      close(epoll)
      throw .system(call: "eventfd", errno: -wakeDescriptor)
    }
    _ = cnet_epoll_set(epoll, EPOLL_CTL_ADD, wakeDescriptor, DescriptorEvents.readable.rawValue, .max)
    let status = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    guard status == 0 else {
      Unmanaged.passUnretained(self).release()
      throw .system(call: "pthread_create", errno: status)
    }
  }

  deinit {
    close(epoll)
    close(wakeDescriptor)
    readBuffer.deallocate()
    outputPool.removeAll()
  }

  // MARK: Where am I

  /// True on the loop's own thread.
  public var inEventLoop: Bool { threadIdentity.load(ordering: .relaxed) == cnet_thread_identity() }

  @inline(__always)
  public func preconditionInEventLoop() {
    precondition(inEventLoop, "must be called on the event loop's thread")
  }

  // MARK: Jobs

  public func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  public func checkIsolated() { preconditionInEventLoop() }

  public func isIsolatingCurrentContext() -> Bool? { inEventLoop }

  /// Runs `body` on the loop's thread, after what was enqueued before; callable from anywhere, also on the loop.
  public func execute(_ body: @escaping @Sendable () -> Void) { add(.closure(body)) }

  /// Runs `body` on the loop's thread and gives back its result.
  @discardableResult
  public func run<Result: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () throws(Failure) -> Result
  ) async throws(Failure) -> Result {
    let outcome: Swift.Result<Result, Failure> = await withCheckedContinuation { continuation in
      execute {
        do throws(Failure) {
          continuation.resume(returning: .success(try body()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try outcome.get()
  }

  private func add(_ work: Work) {
    if inEventLoop {
      localWork.append(work)
      return
    }
    inbox.withLock { $0.append(work) }
    if wakeState.exchange(WakeState.hasWork, ordering: .acquiringAndReleasing) == WakeState.asleep {
      cnet_eventfd_signal(wakeDescriptor)
    }
    continueAfterEnd()
  }

  func runJobs() {
    for _ in 0..<EventLoop.jobRoundsMax {
      if wakeState.load(ordering: .relaxed) == WakeState.hasWork {
        wakeState.store(WakeState.awake, ordering: .relaxed)
        inbox.withLock { swap(&$0, &batch) }
        runBatch()
      }
      if localWork.isEmpty { return }
      swap(&localWork, &batch)
      runBatch()
    }
  }

  private func runBatch() {
    let serial = asUnownedSerialExecutor()
    let task = asUnownedTaskExecutor()
    // The batch is taken out so that a job which runs the loop's entry points never sees it half done.
    var work: [Work] = []
    swap(&work, &batch)
    for item in work {
      switch item {
      case .job(let job): job.runSynchronously(isolatedTo: serial, taskExecutor: task)
      case .closure(let body): body()
      }
    }
    work.removeAll(keepingCapacity: work.capacity <= 4096)
    swap(&work, &batch)
  }

  // MARK: Time

  /// The loop's time at the start of this turn; cheap.
  public var now: MonotonicInstant {
    preconditionInEventLoop()
    return turnTime
  }

  /// Calls `body` on the loop `delay` from now. On the loop only; from elsewhere wrap it in `execute`.
  @discardableResult
  public func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
    preconditionInEventLoop()
    let start = clockKind == .system ? MonotonicInstant.now : turnTime
    return timers.insert(deadline: start + delay, body)
  }

  /// Calls `body` on the loop at `instant`, or in this turn when that has passed. On the loop only.
  @discardableResult
  public func schedule(at instant: MonotonicInstant, _ body: @escaping () -> Void) -> TimerToken {
    preconditionInEventLoop()
    return timers.insert(deadline: instant, body)
  }

  /// Removes a timer; false when it fired or was cancelled before. On the loop only.
  @discardableResult
  public func cancel(_ timer: TimerToken) -> Bool {
    preconditionInEventLoop()
    return timers.cancel(timer)
  }

  /// Suspends for `duration` of the loop's time; ends early with `CancellationError` when the task is cancelled.
  public func sleep(for duration: Duration) async throws {
    let sleeper = Sleeper(loop: self)
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        execute { sleeper.start(duration, continuation) }
      }
    } onCancel: {
      execute { sleeper.cancel() }
    }
  }

  func addSleeper(_ sleeper: Sleeper) { sleepers[ObjectIdentifier(sleeper)] = sleeper }
  func removeSleeper(_ sleeper: Sleeper) { sleepers[ObjectIdentifier(sleeper)] = nil }

  /// Moves the time of a manual loop: fires the timers that become due, each at its own instant, with the jobs they
  /// add, and returns when the loop's time is `duration` later.
  public func advance(by duration: Duration) async {
    precondition(clockKind == .manual, "only a loop with a manual clock can be advanced")
    await withCheckedContinuation { continuation in
      execute {
        let start = self.advances.last?.target ?? self.turnTime
        self.advances.append((start + duration, continuation))
      }
    }
  }

  /// Timers that wait.
  var timerCount: Int { timers.count }

  /// Whether the loop has ended or is about to; nothing new should be started on it.
  public var isShutDown: Bool { shutdownRequested.load(ordering: .acquiring) }

  /// Milliseconds for epoll_wait: -1 for ever. Rounded up, so that the loop does not spin before a deadline.
  private func waitMilliseconds() -> Int32 {
    if !localWork.isEmpty || !dirty.isEmpty || !readAgainQueue.isEmpty || !advances.isEmpty { return 0 }
    guard clockKind == .system, let deadline = timers.nextDeadline else { return -1 }
    let present = MonotonicInstant.now
    guard deadline > present else { return 0 }
    return Int32(clamping: (deadline.nanoseconds - present.nanoseconds + 999_999) / 1_000_000)
  }

  private func stepAdvance() {
    guard let (target, done) = advances.first else { return }
    if let deadline = timers.nextDeadline, deadline <= target {
      turnTime = max(turnTime, deadline)
    } else {
      turnTime = max(turnTime, target)
      advances.removeFirst()
      done.resume()
    }
  }

  // MARK: Descriptors

  /// Watches a descriptor that the caller owns; `handler` runs on the loop. On the loop only. Level-triggered.
  public func register(
    _ descriptor: Int32, _ interest: DescriptorEvents, handler: @escaping (DescriptorEvents) -> Void
  ) throws(NetError) -> DescriptorWatch {
    let watch = DescriptorWatch(loop: self, descriptor: descriptor, handler: handler)
    try insert(watch, descriptor: descriptor, interest: interest)
    return watch
  }

  func insert(_ source: EventSource, descriptor: Int32, interest: DescriptorEvents) throws(NetError) {
    preconditionInEventLoop()
    let token = sources.insert(source, descriptor: descriptor)
    let status = cnet_epoll_set(epoll, EPOLL_CTL_ADD, descriptor, interest.rawValue, token)
    if status < 0 {
      sources.remove(descriptor: descriptor)
      throw .system(call: "epoll_ctl", errno: -status)
    }
  }

  func changeInterest(of descriptor: Int32, to interest: DescriptorEvents) {
    let token = sources.token(descriptor: descriptor)
    _ = cnet_epoll_set(epoll, EPOLL_CTL_MOD, descriptor, interest.rawValue, token)
  }

  /// Keeps the source but has no readiness reported, not even errors.
  func suspendReports(of descriptor: Int32) {
    _ = cnet_epoll_set(epoll, EPOLL_CTL_DEL, descriptor, 0, 0)
  }

  func resumeReports(of descriptor: Int32, interest: DescriptorEvents) {
    let token = sources.token(descriptor: descriptor)
    _ = cnet_epoll_set(epoll, EPOLL_CTL_ADD, descriptor, interest.rawValue, token)
  }

  func remove(_ descriptor: Int32) {
    _ = cnet_epoll_set(epoll, EPOLL_CTL_DEL, descriptor, 0, 0)
    sources.remove(descriptor: descriptor)
  }

  /// All sources, in no order; for orderly shutdown.
  var registeredSources: [EventSource] { sources.all }

  /// Has the connection flushed at the end of this turn.
  func markDirty(_ connection: Connection) { dirty.append(connection) }

  /// Has the connection read in the next turn although the kernel reports nothing.
  func readAgain(_ connection: Connection) { readAgainQueue.append(connection) }

  // MARK: The thread

  private func run() {
    threadIdentity.store(cnet_thread_identity(), ordering: .relaxed)
    cnet_block_sigpipe()
    cnet_name_thread(name)
    withUnsafeTemporaryAllocation(of: cnet_event.self, capacity: EventLoop.eventBatchMax) { events in
      while !isStopping { turn(events) }
    }
    finish()
  }

  private func turn(_ events: UnsafeMutableBufferPointer<cnet_event>) {
    var timeout = waitMilliseconds()
    if timeout != 0 {
      let (slept, _) = wakeState.compareExchange(
        expected: WakeState.awake, desired: WakeState.asleep, ordering: .acquiringAndReleasing)
      if !slept { timeout = 0 }
    }
    let count = cnet_epoll_wait(epoll, events.baseAddress, Int32(events.count), timeout)
    _ = wakeState.compareExchange(
      expected: WakeState.asleep, desired: WakeState.awake, ordering: .acquiringAndReleasing)
    if clockKind == .system { turnTime = .now } else { stepAdvance() }
    for index in 0..<max(0, Int(count)) {
      let token = events[index].token
      if token == .max {
        cnet_eventfd_clear(wakeDescriptor)
      } else if let source = sources.source(for: token) {
        source.ready(DescriptorEvents(rawValue: events[index].events))
      }
    }
    if !readAgainQueue.isEmpty {
      var again: [Connection] = []
      swap(&again, &readAgainQueue)
      for connection in again { connection.ready(.readable) }
    }
    runJobs()
    if timers.count > 0 {
      while let body = timers.popDue(turnTime) { body() }
      runJobs()
    }
    flushDirty()
  }

  func flushDirty() {
    if dirty.isEmpty { return }
    swap(&dirty, &dirtyBatch)
    for connection in dirtyBatch { connection.flushAtEndOfTurn() }
    dirtyBatch.removeAll(keepingCapacity: dirtyBatch.capacity <= 4096)
  }
}
