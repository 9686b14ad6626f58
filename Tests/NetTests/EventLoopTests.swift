import CNet
import Glibc
import Synchronization
import Testing

@testable import Net

/// Lives on a loop.
actor LoopActor {
  nonisolated let loop: EventLoop
  private var count = 0
  init(_ loop: EventLoop) { self.loop = loop }
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  func step() -> (count: Int, onLoop: Bool) {
    count += 1
    return (count, loop.inEventLoop)
  }
}

func seed() -> UInt64 {
  let given = getenv("AETHER_SEED").flatMap { UInt64(String(cString: $0)) }
  let seed = given ?? UInt64.random(in: 0 ... .max)
  print("AETHER_SEED=\(seed)")
  return seed
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

@Suite(.timeLimit(.minutes(2)))
struct EventLoopTests {
  @Test func timersFireInOrderAtTheirInstants() async throws {
    let loop = try EventLoop(clock: .manual)
    let fired = Mutex<[String]>([])
    @Sendable func note(_ name: String) {
      let at = loop.now.nanoseconds / 1_000_000
      fired.withLock { $0.append("\(name)@\(at)") }
    }
    await loop.run {
      loop.schedule(after: .milliseconds(30)) { note("c") }
      loop.schedule(after: .milliseconds(10)) {
        note("a")
        loop.schedule(after: .milliseconds(5)) { note("a2") }
      }
      loop.schedule(after: .milliseconds(10)) { note("b") }
      let cancelled = loop.schedule(after: .milliseconds(12)) { note("never") }
      let (first, second) = (loop.cancel(cancelled), loop.cancel(cancelled))
      #expect(first && !second)
    }
    await loop.advance(by: .milliseconds(9))
    #expect(fired.withLock { $0 } == [])
    await loop.advance(by: .milliseconds(20))
    #expect(fired.withLock { $0 } == ["a@10", "b@10", "a2@15"])
    await loop.advance(by: .milliseconds(1))
    #expect(fired.withLock { $0 } == ["a@10", "b@10", "a2@15", "c@30"])
    loop.shutdown()
  }

  @Test func timerHeapAgreesWithSorting() {
    var generator = SeededGenerator(state: seed())
    var heap = TimerHeap()
    var model: [(deadline: UInt64, id: Int)] = []
    var tokens: [Int: TimerToken] = [:]
    let fired = Mutex<[Int]>([])
    var expected: [Int] = []
    var now: UInt64 = 0
    for id in 0..<4000 {
      switch Int.random(in: 0..<10, using: &generator) {
      case 0..<6:
        let deadline = now + UInt64.random(in: 0..<200, using: &generator)
        tokens[id] = heap.insert(deadline: MonotonicInstant(nanoseconds: deadline)) { fired.withLock { $0.append(id) } }
        model.append((deadline, id))
      case 6..<8:
        guard let victim = model.randomElement(using: &generator), let token = tokens[victim.id] else { continue }
        let (first, second) = (heap.cancel(token), heap.cancel(token))
        #expect(first && !second)
        model.removeAll { $0.id == victim.id }
      default:
        now += UInt64.random(in: 0..<100, using: &generator)
        while let body = heap.popDue(MonotonicInstant(nanoseconds: now)) { body() }
        let due = model.filter { $0.deadline <= now }.sorted { ($0.deadline, $0.id) < ($1.deadline, $1.id) }
        expected += due.map(\.id)
        model.removeAll { $0.deadline <= now }
      }
      #expect(heap.count == model.count)
    }
    #expect(fired.withLock { $0 } == expected)
  }

  @Test func sleepFollowsTheClockAndCancels() async throws {
    let loop = try EventLoop(clock: .manual)
    let done = Atomic(false)
    async let sleeper: Void = {
      try await loop.sleep(for: .seconds(3600))
      done.store(true, ordering: .relaxed)
    }()
    while await loop.run({ loop.timerCount }) == 0 { await Task.yield() }
    await loop.advance(by: .seconds(3599))
    let early = done.load(ordering: .relaxed)
    #expect(!early)
    await loop.advance(by: .seconds(1))
    try await sleeper
    let late = done.load(ordering: .relaxed)
    #expect(late)
    let cancelled = Task { try await loop.sleep(for: .seconds(1)) }
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    loop.shutdown()
  }

  @Test func realTimersFire() async throws {
    let loop = try EventLoop()
    try await loop.sleep(for: .milliseconds(5))
    try await loop.sleep(for: .zero)
    loop.shutdown()
  }

  @Test func actorsAndTasksRunOnTheLoop() async throws {
    let loop = try EventLoop()
    let other = try EventLoop()
    let actor = LoopActor(loop)
    for round in 1...200 {
      let step = await actor.step()
      #expect(step == (round, true))
    }
    await Task(executorPreference: other) {
      for round in 201...400 {
        #expect(other.inEventLoop)
        let step = await actor.step()
        #expect(step == (round, true))
        await Task.yield()
        #expect(other.inEventLoop)
      }
    }.value
    #expect(!loop.inEventLoop)
    loop.shutdown()
    other.shutdown()
  }

  @Test func enqueuedWorkKeepsItsOrder() async throws {
    let loop = try EventLoop()
    let seen = Mutex<[Int]>([])
    for index in 0..<5000 { loop.execute { seen.withLock { $0.append(index) } } }
    await loop.run {}
    #expect(seen.withLock { $0 } == Array(0..<5000))
    loop.shutdown()
  }

  @Test func jobsThatBreedDoNotStarveTheRest() async throws {
    let loop = try EventLoop()
    let stop = Atomic(false)
    @Sendable func breed() { if !stop.load(ordering: .relaxed) { loop.execute { breed() } } }
    loop.execute { breed() }
    try await loop.sleep(for: .milliseconds(2))
    await loop.run {}
    stop.store(true, ordering: .relaxed)
    loop.shutdown()
  }

  @Test func tasksOutliveTheirLoop() async throws {
    let loop = try EventLoop()
    let gate = AsyncStream<Void>.makeStream()
    let task = Task(executorPreference: loop) {
      for await _ in gate.stream {}
      return 42
    }
    await loop.run {}
    loop.shutdown()
    loop.shutdown()
    gate.continuation.finish()
    #expect(await task.value == 42)
    await #expect(throws: NetError.loopShutDown) { try await loop.sleep(for: .seconds(1)) }
  }

  @Test func watchesDescriptorsOfOthers() async throws {
    let loop = try EventLoop()
    let descriptor = cnet_eventfd()
    let count = Atomic(0)
    let watch = try await loop.run { () throws(NetError) in
      try loop.register(descriptor, .readable) { events in
        #expect(events.contains(.readable))
        cnet_eventfd_clear(descriptor)
        count.wrappingAdd(1, ordering: .relaxed)
      }
    }
    for round in 1...10 {
      cnet_eventfd_signal(descriptor)
      while count.load(ordering: .relaxed) < round { try await Task.sleep(for: .milliseconds(1)) }
    }
    await loop.run {
      watch.update([])
      watch.cancel()
      watch.cancel()
    }
    cnet_eventfd_signal(descriptor)
    await loop.run {}
    let total = count.load(ordering: .relaxed)
    #expect(total == 10)
    loop.shutdown()
    close(descriptor)
  }
}
