import Synchronization

/// What happens on a node that programs hook into. The numbers are the reference's.
public enum SystemHook: UInt8, Sendable, CaseIterable {
  case bootPreRuntime = 0
  case bootReady = 1
  case appInstalled = 2
  case appUninstalled = 3
  case appStarted = 4
  case appStopped = 5
  case appCrashed = 6
  case appFailed = 7
  case netUp = 8
  case netDown = 9
  case btConnected = 10
  case btDisconnected = 11
  case usbConfigured = 12
  case usbDisconnected = 13
  case otaStarted = 14
  case otaStaged = 15
  case otaPreReboot = 16
  case otaConfirmed = 17
  case otaError = 18

  /// Its bit in a subscription.
  public var mask: UInt32 { 1 << UInt32(rawValue) }
}

/// Why an app's state changed.
public enum AppChange: Sendable, Equatable {
  case installing
  case installed
  case updated
  /// `nil`: by hand; else the failure of the newer version.
  case rolledBack(AppFailure?)
  case started(AppStartCause)
  case stopped
  /// By itself, with code 0.
  case exited
  case crashed(AppFailure)
  /// Too often; it is not started again by itself.
  case failed(AppFailure)
  case uninstalled

  public var hook: SystemHook? {
    switch self {
    case .installing: nil
    case .installed, .updated, .rolledBack: .appInstalled
    case .started: .appStarted
    case .stopped, .exited: .appStopped
    case .crashed: .appCrashed
    case .failed: .appFailed
    case .uninstalled: .appUninstalled
    }
  }
}

extension AppChange: CustomStringConvertible {
  public var description: String {
    switch self {
    case .installing: "installing"
    case .installed: "installed"
    case .updated: "updated"
    case .rolledBack(nil): "rolled back"
    case .rolledBack(let failure?): "rolled back after \(failure)"
    case .started(.user): "started"
    case .started(.boot): "started with the node"
    case .started(.policy): "started again"
    case .started(.replacement): "started after a change of version"
    case .stopped: "stopped"
    case .exited: "exited with code 0"
    case .crashed(let failure): "crashed: \(failure)"
    case .failed(let failure): "given up: \(failure)"
    case .uninstalled: "uninstalled"
    }
  }
}

/// A change of an app's state, as observers get it.
public struct AppLifecycleEvent: Sendable, Equatable {
  /// Counts all events of a manager, from 1.
  public var sequence: UInt64
  public var name: AppName
  public var phase: AppPhase
  public var change: AppChange
  /// Milliseconds since 1970.
  public var at: Int64

  public init(sequence: UInt64, name: AppName, phase: AppPhase, change: AppChange, at: Int64) {
    self.sequence = sequence
    self.name = name
    self.phase = phase
    self.change = change
    self.at = at
  }

  /// The topic on which apps learn of it.
  public static let topic = "akira.lifecycle"

  /// What goes to ``topic``: the name in 32 bytes, filled with zeros, and the state as a 32-bit number, lowest byte first.
  public var payload: [UInt8] {
    let name = Array(name.text.utf8.prefix(31))
    let state = UInt32(bitPattern: phase.rawValue)
    return name + [UInt8](repeating: 0, count: 32 - name.count)
      + (0..<4).map { UInt8(truncatingIfNeeded: state >> (8 * UInt32($0))) }
  }
}

/// One observer of lifecycle events. A slow one loses the oldest events, and can see how many.
public final class AppEventSubscription: Sendable {
  /// Ends when the subscription is cancelled or the manager is closed. For one reader.
  public let events: AsyncStream<AppLifecycleEvent>
  private let continuation: AsyncStream<AppLifecycleEvent>.Continuation
  private let dropped = Atomic<UInt64>(0)
  private let hooks: UInt32

  init(bufferMax: Int, hooks: UInt32) {
    (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(max(1, bufferMax)))
    self.hooks = hooks
  }

  public var droppedCount: UInt64 { dropped.load(ordering: .relaxed) }

  public func cancel() { continuation.finish() }

  /// False when nobody reads any more.
  func offer(_ event: AppLifecycleEvent) -> Bool {
    if hooks != .max, event.change.hook.map({ hooks & $0.mask == 0 }) ?? true { return true }
    switch continuation.yield(event) {
    case .dropped: dropped.add(1, ordering: .relaxed)
    case .terminated: return false
    default: break
    }
    return true
  }

  func finish() { continuation.finish() }
}

/// Hands lifecycle events to observers.
final class AppEventFeed: Sendable {
  private struct State {
    var sequence: UInt64 = 0
    var subscriptions: [AppEventSubscription] = []
    var isFinished = false
  }

  private let state = Mutex(State())

  func subscribe(bufferMax: Int, hooks: UInt32) -> AppEventSubscription {
    let subscription = AppEventSubscription(bufferMax: bufferMax, hooks: hooks)
    state.withLock { state in
      if state.isFinished { subscription.finish() } else { state.subscriptions.append(subscription) }
    }
    return subscription
  }

  func publish(_ name: AppName, _ phase: AppPhase, _ change: AppChange, at: Int64) {
    state.withLock { state in
      state.sequence += 1
      let event = AppLifecycleEvent(sequence: state.sequence, name: name, phase: phase, change: change, at: at)
      state.subscriptions.removeAll { !$0.offer(event) }
    }
  }

  func finish() {
    state.withLock { state in
      state.isFinished = true
      for subscription in state.subscriptions { subscription.finish() }
      state.subscriptions = []
    }
  }
}
