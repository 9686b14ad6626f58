import AppFormat
import Wasmtime

/// Messages between apps.
extension NativeLibrary {
  mutating func addMessages() {
    define("msg_subscribe") { (call) throws(NativeError) in
      try call.host.subscribe(try call.text(0))
      return 0
    }
    define("msg_unsubscribe") { (call) throws(NativeError) in
      let topic = try call.topic()
      guard call.host.unsubscribe(topic) else { throw .notFound }
      return 0
    }
    define("msg_publish") { (call) throws(NativeError) in
      let topic = try call.text(0)
      let bytes = try call.bytes(1)
      let host = call.host
      let delivery = try host.services.messages.publish(
        topic, bytes, from: host.name, mayCommand: call.permissions & CapabilitySet([.appControl]).mask != 0)
      host.counters.messagesDropped.add(UInt64(delivery.dropped), ordering: .relaxed)
      return Int32(clamping: delivery.delivered)
    }
    define("msg_recv") { (call) throws(NativeError) in
      let milliseconds = call.int(3)
      if milliseconds < -1 { throw .invalid }
      let queue = try call.queue()
      var message = queue.take()
      if message == nil, milliseconds != 0 {
        let end = milliseconds < 0 ? nil : monotonicNanoseconds() + Int64(milliseconds) * 1_000_000
        try call.wait(until: end) { () throws(NativeError) in
          message = queue.take()
          return message != nil
        }
      }
      return try call.hand(message)
    }
    define("msg_try_recv") { (call) throws(NativeError) in try call.hand(try call.queue().take()) }
    define("msg_pending") { (call) throws(NativeError) in Int32(clamping: try call.queue().count) }
  }
}

extension HostCall where Host == AppHost {
  /// The topic in argument 0, as subscriptions are known by.
  fileprivate borrowing func topic() throws(NativeError) -> String { try TopicPattern(try text(0)).text }

  fileprivate borrowing func queue() throws(NativeError) -> MessageQueue {
    guard let queue = host.subscriptions[try topic()]?.queue else { throw .notFound }
    return queue
  }

  /// Gives a message to the guest, in the buffer of arguments 1 and 2. One that does not fit is lost, and counted: an app whose
  /// buffer is too small for one message still gets the next.
  fileprivate borrowing func hand(_ message: Message?) throws(NativeError) -> Int32 {
    guard let message else { throw .tryAgain }
    guard message.bytes.count <= Int(uint(2)) else {
      host.counters.messagesDropped.add(1, ordering: .relaxed)
      throw .messageSize
    }
    try write(message.bytes, to: 1)
    return Int32(message.bytes.count)
  }
}

extension AppHost {
  /// What a subscription takes beside its messages.
  static let subscriptionBytes = 512

  /// A second time for the same topic only changes whether it may lose.
  func subscribe(_ topic: String) throws(NativeError) {
    let pattern = try TopicPattern(topic)
    if let queue = subscriptions[pattern.text]?.queue { return queue.setReliable(pattern.isReliable) }
    try handles.take()
    do throws(NativeError) { try charge(Self.subscriptionBytes) } catch {
      handles.giveBack()
      throw error
    }
    let queue = MessageQueue(
      owner: name, isReliable: pattern.isReliable, memory: memory, counters: counters, waker: waker)
    let subscription = Subscription(pattern, .queue(queue))
    subscriptions[pattern.text] = subscription
    services.messages.add(subscription)
  }

  /// False when there is none.
  func unsubscribe(_ topic: String) -> Bool {
    guard let subscription = subscriptions.removeValue(forKey: topic) else { return false }
    services.messages.unsubscribe(subscription)
    refund(Self.subscriptionBytes)
    handles.giveBack()
    return true
  }
}
