import Synchronization

/// Buttons and a dial, moved by the host. What happens is told to the app that has the screen; when none has it, to all apps
/// that ask. Other apps see buttons at rest.
public final class InputDevice: Sendable {
  /// Numbers that a button may have; the reference's are 1 to 9.
  public static let buttons: ClosedRange<UInt32> = 0...30
  /// Events that wait for an app; the oldest is dropped for a new one.
  public static let eventsMax = 64
  /// What an app's queue takes.
  public static let queueBytes = 1024

  public struct Event: Sendable, Equatable {
    public var button: UInt32
    public var isPressed: Bool

    /// As guests read it: two numbers of 32 bits.
    public var bytes: [UInt8] { [UInt8(truncatingIfNeeded: button), 0, 0, 0, isPressed ? 1 : 0, 0, 0, 0] }
  }

  private struct State {
    var held: UInt32 = 0
    var dial: UInt8 = 0
    var queues: [ObjectIdentifier: [Event]] = [:]
    var dropped: UInt64 = 0
  }

  private let screen: Screen
  private let state = Mutex(State())

  init(screen: Screen) { self.screen = screen }

  // MARK: Apps

  /// A bit for each button that is held.
  public func held(for user: DeviceUser) -> UInt32 { sees(user) ? state.withLock { $0.held } : 0 }

  public func dial(for user: DeviceUser) -> UInt8 { sees(user) ? state.withLock { $0.dial } : 0 }

  /// Takes the next event of an app. From the first call on events wait for it.
  public func next(for user: DeviceUser) -> Event? {
    state.withLock { state in
      guard var queue = state.queues[ObjectIdentifier(user)] else {
        state.queues[ObjectIdentifier(user)] = []
        return nil
      }
      guard !queue.isEmpty else { return nil }
      let event = queue.removeFirst()
      state.queues[ObjectIdentifier(user)] = queue
      return event
    }
  }

  private func sees(_ user: DeviceUser) -> Bool {
    guard let owner = screen.owner else { return true }
    return owner === user
  }

  func release(_ user: DeviceUser) { state.withLock { $0.queues[ObjectIdentifier(user)] = nil } }

  // MARK: The host

  /// - Throws: EINVAL for a number outside of ``buttons``.
  public func press(_ button: UInt32) throws(DeviceError) { try move(button, true) }

  public func release(_ button: UInt32) throws(DeviceError) { try move(button, false) }

  public func turnDial(to position: UInt8) { state.withLock { $0.dial = position } }

  /// Events that no app has taken in time.
  public var droppedCount: UInt64 { state.withLock { $0.dropped } }

  private func move(_ button: UInt32, _ isPressed: Bool) throws(DeviceError) {
    guard Self.buttons.contains(button) else { throw .invalid }
    let owner = screen.owner
    state.withLock { state in
      let bit: UInt32 = 1 << button
      // A button that does not move is no event.
      guard (state.held & bit != 0) != isPressed else { return }
      state.held ^= bit
      let receivers = owner.map { [ObjectIdentifier($0)] } ?? Array(state.queues.keys)
      for receiver in receivers {
        var queue = state.queues[receiver] ?? []
        if queue.count >= Self.eventsMax {
          queue.removeFirst()
          state.dropped += 1
        }
        queue.append(Event(button: button, isPressed: isPressed))
        state.queues[receiver] = queue
      }
    }
    // An app that has ended meanwhile was released before, or will be after this.
    if let owner, screen.owner !== owner { release(owner) }
  }
}
