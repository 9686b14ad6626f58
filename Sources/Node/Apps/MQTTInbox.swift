import Mosquitto
import Synchronization

/// What has come for one app and was not taken yet. The oldest is lost when it gets too much, and counted: what comes over
/// MQTT is mostly the state of something, of which the newest counts.
final class MQTTInbox: Sendable {
  static let messagesMax = 64
  static let bytesMax = 64 << 10
  static let filtersMax = 32
  static let commandsMax = 8
  static let lightsMax = 16

  private struct State {
    var filters: [TopicFilter] = []
    var messages: [MosquittoClient.Message] = []
    var bytes = 0
    var commands: [String: [LightCommand]] = [:]
  }

  private let state = Mutex(State())
  private let waker: Waker
  private let counters: AppCounters

  init(waker: Waker, counters: AppCounters) {
    self.waker = waker
    self.counters = counters
  }

  var filters: [TopicFilter] { state.withLock { $0.filters } }

  /// False when it was there before.
  func add(_ filter: TopicFilter) throws(NativeError) -> Bool {
    try state.withLock { (state) throws(NativeError) in
      guard !state.filters.contains(filter) else { return false }
      guard state.filters.count < Self.filtersMax else { throw .tooManyHandles }
      state.filters.append(filter)
      return true
    }
  }

  func deliver(_ message: MosquittoClient.Message, _ topic: TopicFilter) {
    let size = message.payload.count + message.topic.utf8.count
    let lost = state.withLock { state -> Int? in
      guard state.filters.contains(where: { $0.covers(topic) }) else { return nil }
      guard size <= Self.bytesMax else { return 1 }
      var lost = 0
      while state.messages.count >= Self.messagesMax || state.bytes + size > Self.bytesMax {
        let oldest = state.messages.removeFirst()
        state.bytes -= oldest.payload.count + oldest.topic.utf8.count
        lost += 1
      }
      state.messages.append(message)
      state.bytes += size
      return lost
    }
    guard let lost else { return }
    if lost > 0 { counters.messagesDropped.add(UInt64(lost), ordering: .relaxed) }
    waker.signal()
  }

  func next() -> MosquittoClient.Message? {
    state.withLock { state in
      guard !state.messages.isEmpty else { return nil }
      let message = state.messages.removeFirst()
      state.bytes -= message.payload.count + message.topic.utf8.count
      return message
    }
  }

  // MARK: Lights

  /// Room for the commands of a light.
  func addLight(_ id: String) throws(NativeError) {
    try state.withLock { (state) throws(NativeError) in
      if state.commands[id] != nil { return }
      guard state.commands.count < Self.lightsMax else { throw .tooManyHandles }
      state.commands[id] = []
    }
  }

  func removeLight(_ id: String) { state.withLock { $0.commands[id] = nil } }

  func deliver(_ command: LightCommand, to id: String) {
    let lost = state.withLock { state -> Bool? in
      guard var waiting = state.commands[id] else { return nil }
      let isFull = waiting.count >= Self.commandsMax
      if isFull { waiting.removeFirst() }
      state.commands[id] = waiting + [command]
      return isFull
    }
    guard let lost else { return }
    if lost { counters.messagesDropped.add(1, ordering: .relaxed) }
    waker.signal()
  }

  func nextCommand(of id: String) -> LightCommand? {
    state.withLock { state in
      guard var waiting = state.commands[id], !waiting.isEmpty else { return nil }
      let command = waiting.removeFirst()
      state.commands[id] = waiting
      return command
    }
  }
}

/// One app's side of MQTT. Used by its thread alone.
struct AppMQTT {
  private(set) var inbox: MQTTInbox?

  /// The inbox, which the first use makes and charges to the app.
  mutating func open(_ call: borrowing NativeCall) throws(NativeError) -> MQTTInbox {
    if let inbox { return inbox }
    let host = call.host
    try host.charge(MQTTInbox.bytesMax)
    let made = MQTTInbox(waker: host.waker, counters: host.counters)
    inbox = made
    return made
  }

  mutating func close(_ host: AppHost) {
    guard let inbox else { return }
    host.services.mqtt.leave(inbox)
    host.refund(MQTTInbox.bytesMax)
    self.inbox = nil
  }
}
