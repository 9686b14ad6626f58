import AppManager
import Synchronization

/// Hands commands to apps and waits for their answers: a message on `<app>.cmd`, and one on `<app>.evt`.
///
/// One command at a time is under way for each app. What an app publishes before it has taken the command from its queue, or
/// what others publish in its name, is not taken for the answer.
final class CommandBridge: Sendable {
  /// Callers that wait for their turn, for each app.
  static let waitingMax = 64

  private let messages: MessageBus
  /// Those who wait, for each app with a command under way.
  private let turns = Mutex<[String: [CheckedContinuation<Bool, Never>]]>([:])

  init(_ messages: MessageBus) { self.messages = messages }

  /// The timeout counts from the delivery on. A command that is empty or larger than a message is delivered to nobody.
  func send(_ app: String, _ bytes: [UInt8], timeout: Duration) async -> CommandReply {
    guard (1...MessageBus.messageBytesMax).contains(bytes.count) else { return .notListening }
    guard await takeTurn(app) else { return .timeout }
    defer { giveTurn(app) }
    let answer = FirstReply()
    let command = Message(topic: "\(app).cmd", bytes: bytes, sender: nil)
    let subscription = messages.subscribe("\(app).evt", from: app) { _, bytes, _ in
      if command.isTaken { answer.set(.answer(bytes)) }
    }
    guard let subscription else { return .notListening }
    defer { messages.unsubscribe(subscription) }
    let delivery = messages.deliver(command, to: app)
    if delivery.delivered == 0 { return delivery.dropped == 0 ? .notListening : .timeout }
    let late = Task {
      try? await Task.sleep(for: timeout)
      answer.set(.timeout)
    }
    defer { late.cancel() }
    return await answer.first()
  }

  /// False when too many wait.
  private func takeTurn(_ app: String) async -> Bool {
    await withCheckedContinuation { continuation in
      let isMine: Bool? = turns.withLock { turns in
        guard let waiting = turns[app] else {
          turns[app] = []
          return true
        }
        guard waiting.count < Self.waitingMax else { return false }
        turns[app] = waiting + [continuation]
        return nil
      }
      if let isMine { continuation.resume(returning: isMine) }
    }
  }

  private func giveTurn(_ app: String) {
    let next: CheckedContinuation<Bool, Never>? = turns.withLock { turns in
      guard var waiting = turns[app], !waiting.isEmpty else {
        turns[app] = nil
        return nil
      }
      let next = waiting.removeFirst()
      turns[app] = waiting
      return next
    }
    next?.resume(returning: true)
  }
}

/// The first of several values that come from different threads.
private final class FirstReply: Sendable {
  private struct State {
    var reply: CommandReply?
    var waiting: CheckedContinuation<CommandReply, Never>?
  }
  private let state = Mutex(State())

  func set(_ reply: CommandReply) {
    let waiting = state.withLock { state -> CheckedContinuation<CommandReply, Never>? in
      guard state.reply == nil else { return nil }
      state.reply = reply
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume(returning: reply)
  }

  func first() async -> CommandReply {
    await withCheckedContinuation { continuation in
      let reply: CommandReply? = state.withLock { state in
        if state.reply == nil { state.waiting = continuation }
        return state.reply
      }
      if let reply { continuation.resume(returning: reply) }
    }
  }
}
