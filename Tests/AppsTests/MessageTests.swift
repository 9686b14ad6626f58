import AppFormat
import AppManager
import Glibc
import Synchronization
import Testing

@testable import Apps

@Suite struct MessageTests {
  static let names = ["msg_subscribe", "msg_unsubscribe", "msg_publish", "msg_recv", "msg_try_recv", "msg_pending"]

  private func guest(_ name: String, _ services: AppServices, memoryBytesMax: Int? = nil) throws -> Guest {
    try Guest(calling: Self.names, name: name, [.ipc], services: services, memoryBytesMax: memoryBytesMax)
  }

  private func subscribe(_ guest: Guest, _ topic: String) throws -> Int32 {
    try guest.call("msg_subscribe", try guest.text(topic))
  }

  private func publish(_ guest: Guest, _ topic: String, _ text: String) throws -> Int32 {
    try guest.text(text, at: 2048)
    return try guest.call("msg_publish", try guest.text(topic), 2048, Int32(text.utf8.count))
  }

  /// What waits, or "" and the error.
  private func receive(_ guest: Guest, _ topic: String) throws -> String {
    let count = try guest.call("msg_try_recv", try guest.text(topic), 8192, 4096)
    return count < 0 ? "\(count)" : String(decoding: try guest.bytes(at: 8192, count), as: UTF8.self)
  }

  @Test func matchesTopics() throws {
    let matching: [(String, [String], [String])] = [
      ("a.b", ["a.b"], ["a/b", "a", "a.b.c", "A.b"]),
      ("a.*", ["a.b", "a/b", "a."], ["a", "a.b.c", "b.a"]),
      ("*.b", ["a.b", "/b"], ["b", "a.b.b"]),
      ("a.#", ["a", "a.b", "a/b.c", "a."], ["ab", "b.a"]),
      ("#", ["a", "a.b", "x/y/z"], []),
      ("*", ["a"], ["a.b"]),
      ("a/*/c", ["a/b/c", "a.b.c"], ["a/c", "a/b/b/c"]),
      ("a*", [], ["ab", "a"]),
      ("temp#1", ["temp#1"], ["temp"]),
    ]
    for (topic, those, others) in matching {
      let bus = MessageBus()
      let seen = Mutex<[String]>([])
      let subscription = try #require(bus.subscribe(topic) { topic, _, _ in seen.withLock { $0.append(topic) } })
      for text in those + others { bus.publish(text, [1]) }
      #expect(seen.withLock { $0 } == those, "\(topic)")
      bus.unsubscribe(subscription)
      for text in those { #expect(bus.publish(text, [1]) == MessageBus.Delivery(), "\(topic)") }
    }
    #expect(MessageBus().subscribe("a.#.b") { _, _, _ in } == nil)
  }

  @Test func carriesMessages() throws {
    let services = AppServices(dataFolder: "")
    let ada = try guest("ada", services)
    let bob = try guest("bob", services)
    #expect(try publish(ada, "news", "nobody") == 0)
    #expect(try subscribe(bob, "news") == 0)
    #expect(try subscribe(bob, "news") == 0)
    #expect(try subscribe(bob, "#") == 0)
    #expect(try publish(ada, "news", "first") == 2)
    #expect(try publish(ada, "news", "second") == 2)
    #expect(try bob.call("msg_pending", try bob.text("news")) == 2)
    #expect(try receive(bob, "news") == "first")
    #expect(try receive(bob, "news") == "second")
    #expect(try receive(bob, "news") == "-11")
    #expect(try receive(bob, "#") == "first")
    #expect(try receive(ada, "news") == "-2")
    #expect(try bob.call("msg_pending", try bob.text("other")) == -ENOENT)
    #expect(try bob.call("msg_recv", try bob.text("news"), 8192, 4096, 20) == -EAGAIN)
    #expect(try bob.call("msg_recv", try bob.text("news"), 8192, 4096, -2) == -EINVAL)
    // To have nothing is not to be held back.
    #expect(bob.counters.rateLimited.load(ordering: .relaxed) == 0)
    // One that does not fit is lost, and the next one is not held up by it.
    #expect(try publish(ada, "news", "too long") == 2)
    #expect(try publish(ada, "news", "fits") == 2)
    #expect(try bob.call("msg_recv", try bob.text("news"), 8192, 4, 0) == -EMSGSIZE)
    #expect(try bob.call("msg_recv", try bob.text("news"), 8192, 4, -1) == 4)
    #expect(bob.counters.messagesDropped.load(ordering: .relaxed) == 1)
    #expect(try bob.call("msg_unsubscribe", try bob.text("news")) == 0)
    #expect(try bob.call("msg_unsubscribe", try bob.text("news")) == -ENOENT)
    #expect(try publish(ada, "news", "one") == 1)
    bob.host.close()
    #expect(try publish(ada, "news", "none") == 0)
    #expect(bob.counters.handles.load(ordering: .relaxed) == 0)
    #expect(bob.counters.memoryBytes.load(ordering: .relaxed) == 65536)
  }

  @Test func refusesWhatIsNoMessage() throws {
    let services = AppServices(dataFolder: "")
    let ada = try guest("ada", services)
    #expect(try ada.call("msg_publish", try ada.text(""), 2048, 4) == -EINVAL)
    #expect(try ada.call("msg_publish", 0, 2048, 4) == -EINVAL)
    #expect(try ada.call("msg_publish", try ada.text("a"), 2048, 0) == -EMSGSIZE)
    #expect(try ada.call("msg_publish", try ada.text("a"), 2048, 4097) == -EMSGSIZE)
    #expect(try ada.call("msg_publish", try ada.text("a"), 2048, 4096) == 0)
    #expect(try ada.call("msg_publish", try ada.text(String(repeating: "t", count: 129)), 2048, 4) == -ENAMETOOLONG)
    for topic in ["a.*", "#", "a!"] { #expect(try publish(ada, topic, "x") == -EINVAL) }
    for topic in ["", "a.#.b", "a.*!", "!"] { #expect(try subscribe(ada, topic) == -EINVAL, "\(topic)") }
    for topic in ["akira", "akira.lifecycle", "akira/x"] { #expect(try publish(ada, topic, "x") == -EPERM) }
    #expect(try publish(ada, "akirax", "x") == 0)
  }

  @Test func countsWhatIsDroppedOnBothSides() throws {
    let services = AppServices(dataFolder: "")
    let ada = try guest("ada", services)
    let bob = try guest("bob", services)
    let eve = try guest("eve", services)
    _ = try subscribe(bob, "news")
    _ = try subscribe(eve, "news")
    for number in 0..<20 {
      #expect(try publish(ada, "news", "\(number)") == (number < 16 ? 2 : 1))
      #expect(try receive(eve, "news") == "\(number)")
    }
    #expect(ada.counters.messagesDropped.load(ordering: .relaxed) == 4)
    #expect(bob.counters.messagesDropped.load(ordering: .relaxed) == 4)
    #expect(eve.counters.messagesDropped.load(ordering: .relaxed) == 0)
    // The oldest are kept.
    #expect(try receive(bob, "news") == "0")
  }

  @Test func queuesAreTheSubscribersMemory() throws {
    let services = AppServices(dataFolder: "")
    let ada = try guest("ada", services)
    let bob = try guest("bob", services, memoryBytesMax: 65536 + 10_000)
    _ = try subscribe(bob, "news")
    let text = String(repeating: "x", count: 4000)
    #expect(try publish(ada, "news", text) == 1)
    #expect(try publish(ada, "news", text) == 1)
    #expect(try publish(ada, "news", text) == 0)
    #expect(bob.counters.messagesDropped.load(ordering: .relaxed) == 1)
    #expect(try receive(bob, "news") == text)
    #expect(try publish(ada, "news", text) == 1)
    #expect(bob.counters.memoryBytesPeak.load(ordering: .relaxed) <= 65536 + 10_000)
    #expect(ada.counters.memoryBytes.load(ordering: .relaxed) <= 65536)
  }

  @Test func someQueuesLoseNothing() throws {
    let services = AppServices(dataFolder: "")
    let ada = try guest("ada", services)
    let bob = try guest("bob", services)
    let eve = try guest("eve", services)
    #expect(try subscribe(bob, "jobs!") == 0)
    #expect(try subscribe(eve, "jobs") == 0)
    for number in 0..<16 { #expect(try publish(ada, "jobs", "\(number)") == 2) }
    // Nobody gets it, so that it can be published again.
    #expect(try publish(ada, "jobs", "16") == -EAGAIN)
    #expect(try receive(bob, "jobs!") == "0")
    #expect(try receive(eve, "jobs") == "0")
    #expect(try publish(ada, "jobs", "16") == 2)
    for number in 1...16 { #expect(try receive(bob, "jobs") == "\(number)") }
    #expect(bob.counters.messagesDropped.load(ordering: .relaxed) == 0)
    // The host does not wait for anybody.
    for _ in 0..<16 { services.messages.publish("jobs", [1]) }
    #expect(services.messages.publish("jobs", [1]).dropped == 2)
  }

  @Test func patienceEnds() throws {
    let bus = MessageBus(now: { MessageTests.clock.load(ordering: .relaxed) })
    let counters = AppCounters()
    let queue = MessageQueue(
      owner: "bob", isReliable: true, memory: MemoryAccount(bytesMax: 1 << 20, counters: counters),
      counters: counters, waker: Waker())
    bus.add(Subscription(try TopicPattern("jobs!"), .queue(queue)))
    func publish() -> Int? { try? bus.publish("jobs", [1], from: "ada", mayCommand: false).delivered }
    for _ in 0..<16 { #expect(publish() == 1) }
    #expect(publish() == nil)
    MessageTests.clock.store(MessageQueue.patienceMilliseconds - 1, ordering: .relaxed)
    #expect(publish() == nil)
    MessageTests.clock.store(MessageQueue.patienceMilliseconds, ordering: .relaxed)
    #expect(publish() == 0)
    #expect(counters.messagesDropped.load(ordering: .relaxed) == 1)
    #expect(queue.take() != nil)
    #expect(publish() == 1)
    #expect(publish() == nil)
  }

  /// Of the test above.
  private static let clock = Atomic<Int64>(0)

  @Test func commandsAreTheHosts() throws {
    let services = AppServices(dataFolder: "")
    let ada = try guest("ada", services)
    let bob = try guest("bob", services)
    _ = try subscribe(bob, "bob.cmd")
    #expect(try publish(ada, "bob.cmd", "stop") == -EPERM)
    #expect(try publish(bob, "bob.cmd", "mine") == 1)
    // Without an app of that name it is a topic like others.
    _ = try subscribe(bob, "arm.cmd")
    #expect(try publish(ada, "arm.cmd", "up") == 1)
    let chief = try Guest(calling: Self.names, name: "chief", [.ipc, .appControl], services: services)
    #expect(try publish(chief, "bob.cmd", "go") == 1)
  }

  /// Many threads publish to many subscribers, who come and go: what was delivered is what was received and what is left.
  @Test func nothingIsCountedTwice() async throws {
    let bus = MessageBus()
    let publishing = 4
    let account = AppCounters()
    let memory = MemoryAccount(bytesMax: 64 << 20, counters: account)
    let queues = try (0..<100).map { index in
      let queue = MessageQueue(
        owner: "q\(index)", isReliable: index % 10 == 0, memory: memory, counters: account, waker: Waker())
      let topic = index % 3 == 0 ? "load.*" : index % 10 == 0 ? "load.a!" : "load.a"
      bus.add(Subscription(try TopicPattern(topic), .queue(queue)))
      return queue
    }
    let tally = Tally()
    await withTaskGroup(of: Void.self) { group in
      for publisher in 0..<publishing {
        group.addTask {
          for number in 0..<500 {
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 100)
            if let delivery = try? bus.publish("load.a", bytes, from: "p\(publisher)", mayCommand: false) {
              tally.delivered.add(delivery.delivered, ordering: .relaxed)
            }
            if number % 50 == 0 { await Task.yield() }
          }
          tally.isDone.store(true, ordering: .relaxed)
        }
      }
      group.addTask {
        while !tally.isDone.load(ordering: .relaxed) {
          for queue in queues where queue.take() != nil { tally.taken.add(1, ordering: .relaxed) }
          await Task.yield()
        }
      }
    }
    let left = queues.reduce(0) { $0 + $1.count }
    #expect(tally.delivered.load(ordering: .relaxed) == tally.taken.load(ordering: .relaxed) + left)
    for queue in queues { queue.close() }
    #expect(account.memoryBytes.load(ordering: .relaxed) == 0)
  }
}

private final class Tally: Sendable {
  let delivered = Atomic<Int>(0)
  let taken = Atomic<Int>(0)
  let isDone = Atomic<Bool>(false)
}
