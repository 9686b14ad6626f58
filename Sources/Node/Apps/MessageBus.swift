import Synchronization

/// Carries messages between the apps of one node, and between them and the host. Nothing is kept for those who come later.
///
/// Publishing costs what the subscribers of that topic cost, however many others there are, and holds no lock while it puts
/// messages into queues and wakes apps.
public final class MessageBus: Sendable {
  /// Of one message; the reference takes 64 or 256.
  public static let messageBytesMax = 4096

  /// What happened to a message.
  public struct Delivery: Sendable, Equatable {
    /// Subscribers that got it.
    public var delivered = 0
    /// Subscribers that did not get it, since their queue was full.
    public var dropped = 0
  }

  private struct Index {
    var exact: [String: [Subscription]] = [:]
    var patterns = PatternTree()
  }

  private let index = Mutex(Index())
  private let now: @Sendable () -> Int64

  /// - Parameter now: milliseconds of a clock that does not go back.
  init(now: @escaping @Sendable () -> Int64 = { monotonicNanoseconds() / 1_000_000 }) { self.now = now }

  // MARK: For the host

  /// Publishes from the host.
  @discardableResult
  public func publish(_ topic: String, _ bytes: [UInt8]) -> Delivery {
    deliver(Message(topic: topic, bytes: bytes, sender: nil))
  }

  /// Calls a closure with each message, on the publisher's thread: it must not wait. Topics are those of `msg_subscribe`.
  /// `nil` for a topic that nobody can publish to.
  ///
  /// - Parameter sender: only what this app publishes.
  public func subscribe(
    _ topic: String, from sender: String? = nil,
    _ handler: @escaping @Sendable (_ topic: String, _ bytes: [UInt8], _ sender: String?) -> Void
  ) -> Subscription? {
    guard let pattern = try? TopicPattern(topic) else { return nil }
    let subscription = Subscription(
      pattern,
      .handler { message in
        if sender == nil || message.sender == sender { handler(message.topic, message.bytes, message.sender) }
      })
    add(subscription)
    return subscription
  }

  public func unsubscribe(_ subscription: Subscription) {
    index.withLock { index in
      let pattern = subscription.pattern
      if let levels = pattern.levels { return index.patterns.remove(subscription, levels[...]) }
      index.exact[pattern.text]?.removeAll { $0 === subscription }
      if index.exact[pattern.text]?.isEmpty == true { index.exact[pattern.text] = nil }
    }
    if case .queue(let queue) = subscription.sink { queue.close() }
  }

  // MARK: For apps

  func add(_ subscription: Subscription) {
    index.withLock { index in
      if let levels = subscription.pattern.levels { return index.patterns.insert(subscription, levels[...]) }
      index.exact[subscription.pattern.text, default: []].append(subscription)
    }
  }

  /// Publishes for an app. Throws −EINVAL, −ENAMETOOLONG or −EMSGSIZE for a topic or message that is not accepted, −EPERM for one
  /// that the app may not publish, and −EAGAIN, without having delivered it to anybody, while a queue that must not lose is
  /// full.
  ///
  /// - Parameter mayCommand: whether the app may publish commands to other apps.
  func publish(
    _ topic: String, _ bytes: [UInt8], from app: String, mayCommand: Bool
  ) throws(NativeError) -> Delivery {
    try Topic.check(topic)
    guard (1...Self.messageBytesMax).contains(bytes.count) else { throw .messageSize }
    if Topic.isReserved(topic) { throw .notPermitted }
    let message = Message(topic: topic, bytes: bytes, sender: app)
    let subscriptions = subscriptions(of: topic)
    if !mayCommand, let commanded = Topic.commanded(topic), commanded != app,
      subscriptions.contains(where: { $0.queue?.owner == commanded })
    {
      throw .notPermitted
    }
    guard let delivery = offer(message, to: subscriptions, waits: true) else { throw .tryAgain }
    return delivery
  }

  /// Delivers what the host publishes; it never waits for a queue.
  ///
  /// - Parameter app: the only app that gets it; `nil`: all.
  func deliver(_ message: Message, to app: String? = nil) -> Delivery {
    var subscriptions = subscriptions(of: message.topic)
    if let app { subscriptions.removeAll { $0.queue?.owner != app } }
    return offer(message, to: subscriptions, waits: false) ?? Delivery()
  }

  private func subscriptions(of topic: String) -> [Subscription] {
    index.withLock { index in
      var found = index.exact[topic] ?? []
      if !index.patterns.isEmpty { index.patterns.collect(Topic.levels(topic)[...], into: &found) }
      return found
    }
  }

  /// `nil` when a queue refuses; then nobody has got it.
  private func offer(_ message: Message, to subscriptions: [Subscription], waits: Bool) -> Delivery? {
    var delivery = Delivery()
    let now = now()
    var kept: [MessageQueue] = []
    // Queues that may refuse come first: what was delivered cannot be taken back.
    var careful: [MessageQueue] = []
    var others = subscriptions
    if waits {
      others.removeAll { subscription in
        guard let queue = subscription.queue, queue.isReliable else { return false }
        careful.append(queue)
        return true
      }
    }
    for queue in careful {
      switch queue.reserve(message, waits: true, now: now) {
      case .taken: kept.append(queue)
      case .dropped: delivery.dropped += 1
      case .gone: break
      case .refused:
        for queue in kept { queue.cancel(message) }
        return nil
      }
    }
    for queue in kept where queue.put(message) { delivery.delivered += 1 }
    for subscription in others {
      switch subscription.sink {
      case .handler(let handler):
        handler(message)
        delivery.delivered += 1
      case .queue(let queue):
        switch queue.reserve(message, waits: false, now: now) {
        case .taken: if queue.put(message) { delivery.delivered += 1 }
        case .dropped: delivery.dropped += 1
        case .refused, .gone: break
        }
      }
    }
    return delivery
  }
}

/// What somebody wants to get, and where it goes. Ended by ``MessageBus/unsubscribe(_:)``.
public final class Subscription: Sendable {
  enum Sink: Sendable {
    case queue(MessageQueue)
    case handler(@Sendable (Message) -> Void)
  }

  let pattern: TopicPattern
  let sink: Sink

  init(_ pattern: TopicPattern, _ sink: Sink) {
    self.pattern = pattern
    self.sink = sink
  }

  var queue: MessageQueue? { if case .queue(let queue) = sink { queue } else { nil } }
}
