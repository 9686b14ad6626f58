import Synchronization

/// A message, shared by all queues that it is in.
final class Message: Sendable {
  let topic: String
  let bytes: [UInt8]
  /// The app that has published it; `nil`: the host.
  let sender: String?
  private let taken = Atomic<Bool>(false)

  init(topic: String, bytes: [UInt8], sender: String?) {
    self.topic = topic
    self.bytes = bytes
    self.sender = sender
  }

  /// What it counts as memory of an app in whose queue it is.
  var cost: Int { bytes.count + topic.utf8.count + 128 }

  /// Whether an app has received it.
  var isTaken: Bool { taken.load(ordering: .acquiring) }
  func take() { taken.store(true, ordering: .releasing) }
}

/// What one app has subscribed to and not received yet. Bounded by a number of messages and by the app's memory.
final class MessageQueue: Sendable {
  static let depthMax = 16
  /// How long a queue that must not lose may hold publishers up without its app taking anything; then it loses like others,
  /// until the app takes something.
  static let patienceMilliseconds: Int64 = 5000

  enum Offer { case taken, dropped, refused, gone }

  private struct State {
    var messages: [Message] = []
    /// Places that are kept for messages whose delivery was decided on.
    var reserved = 0
    var isClosed = false
    /// Since when nothing fitted and nothing was taken, in milliseconds.
    var fullSince: Int64?
  }

  let owner: String
  private let memory: MemoryAccount
  private let counters: AppCounters
  private let waker: Waker
  private let state = Mutex(State())
  private let reliable: Atomic<Bool>

  init(owner: String, isReliable: Bool, memory: MemoryAccount, counters: AppCounters, waker: Waker) {
    self.owner = owner
    self.memory = memory
    self.counters = counters
    self.waker = waker
    reliable = Atomic(isReliable)
  }

  var isReliable: Bool { reliable.load(ordering: .relaxed) }
  func setReliable(_ isReliable: Bool) { reliable.store(isReliable, ordering: .relaxed) }

  var count: Int { state.withLock { $0.messages.count } }

  /// Keeps a place, to be used by ``put(_:)`` or given back by ``cancel(_:)``.
  ///
  /// - Parameter waits: the publisher can come again: a queue that must not lose refuses instead of dropping.
  func reserve(_ message: Message, waits: Bool, now: Int64) -> Offer {
    let offer = state.withLock { state -> Offer in
      if state.isClosed { return .gone }
      if state.messages.count + state.reserved < Self.depthMax, memory.charge(message.cost) {
        state.reserved += 1
        return .taken
      }
      guard waits, isReliable else { return .dropped }
      let since = state.fullSince ?? now
      state.fullSince = since
      return now - since < Self.patienceMilliseconds ? .refused : .dropped
    }
    if offer == .dropped { counters.messagesDropped.add(1, ordering: .relaxed) }
    return offer
  }

  /// False when the app has ended meanwhile.
  func put(_ message: Message) -> Bool {
    let (isIn, isFirst) = state.withLock { state in
      state.reserved -= 1
      guard !state.isClosed else { return (false, false) }
      state.messages.append(message)
      return (true, state.messages.count == 1)
    }
    if !isIn { memory.refund(message.cost) }
    if isFirst { waker.signal() }
    return isIn
  }

  func cancel(_ message: Message) {
    state.withLock { $0.reserved -= 1 }
    memory.refund(message.cost)
  }

  /// The oldest message.
  func take() -> Message? {
    let message: Message? = state.withLock { state in
      state.fullSince = nil
      return state.messages.isEmpty ? nil : state.messages.removeFirst()
    }
    guard let message else { return nil }
    memory.refund(message.cost)
    message.take()
    return message
  }

  func close() {
    let messages = state.withLock { state in
      state.isClosed = true
      defer { state.messages = [] }
      return state.messages
    }
    memory.refund(messages.reduce(0) { $0 + $1.cost })
  }
}
