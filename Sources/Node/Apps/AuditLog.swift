import Crypto
import Glibc
import Synchronization

/// The last events that matter for security, chained by HMAC-SHA-256: an entry that was changed, or is missing between two
/// others, shows. Kept in memory; a sink takes them to a place that lasts.
public final class AuditLog: Sendable {
  /// Numbers are the reference's up to `appStopped`.
  public enum Event: UInt8, Sendable, CaseIterable {
    case callRefused = 0
    case rateLimited, watchdogKill, capabilityDenied, integrityFailure, signatureFailure, signatureValid
    case appLoaded, appStarted, appStopped
    /// Ours: a privileged capability was given to an app that nobody signed; grants changed; a quota was reached.
    case privilegedGrant, grantChanged, quotaReached

    public var name: String {
      switch self {
      case .callRefused: "SYSCALL_DENIED"
      case .rateLimited: "RATE_LIMITED"
      case .watchdogKill: "WATCHDOG_KILL"
      case .capabilityDenied: "CAPABILITY_DENIED"
      case .integrityFailure: "INTEGRITY_FAIL"
      case .signatureFailure: "SIGNATURE_FAIL"
      case .signatureValid: "SIGNATURE_OK"
      case .appLoaded: "APP_LOADED"
      case .appStarted: "APP_STARTED"
      case .appStopped: "APP_STOPPED"
      case .privilegedGrant: "PRIVILEGED_GRANT"
      case .grantChanged: "GRANT_CHANGED"
      case .quotaReached: "QUOTA_REACHED"
      }
    }
  }

  public struct Entry: Sendable, Equatable {
    public var number: UInt64
    public var event: Event
    /// Milliseconds since 1970.
    public var time: Int64
    public var app: String
    public var detail: String
    /// How many equal events, one after the other, this stands for.
    public var count: UInt64
    /// HMAC-SHA-256 over the entry before, and this one.
    public var tag: [UInt8]
  }

  private struct State {
    var entries: [Entry] = []
    var next: UInt64 = 1
    /// By app: entries of this second, and events that were left out since its last entry.
    var recent: [String: (second: Int64, count: Int, leftOut: UInt64)] = [:]
    /// Of the entry before the first one that is kept.
    var firstTag = [UInt8](repeating: 0, count: 32)
  }

  private let state = Mutex(State())
  private let key: Secret
  public let capacity: Int
  private let sink: (@Sendable (Entry) -> Void)?

  /// - Parameters:
  ///   - capacity: entries that are kept, 16 or more.
  ///   - key: of the HMAC; a random one without it.
  ///   - sink: gets each new entry; not those that only count up the one before.
  public init(capacity: Int = 1024, key: Secret? = nil, sink: (@Sendable (Entry) -> Void)? = nil) {
    self.capacity = max(16, capacity)
    self.key = key ?? .random(32)
    self.sink = sink
  }

  /// Entries that one app makes in a second; more are counted, and said with its next one.
  public static let entriesPerSecond = 20

  /// Adds an event. Equal ones that follow each other are one entry with a count, and one app makes only so many entries a
  /// second, so that a flood cannot push out what others did.
  public func note(_ event: Event, app: String, detail: String) {
    let entry: Entry? = state.withLock { state in
      let last = state.entries.count - 1
      if last >= 0, state.entries[last].event == event, state.entries[last].app == app,
        state.entries[last].detail == detail
      {
        state.entries[last].count += 1
        state.entries[last].tag = tag(
          of: state.entries[last], after: last > 0 ? state.entries[last - 1].tag : state.firstTag)
        return nil
      }
      var time = timespec()
      clock_gettime(CLOCK_REALTIME, &time)
      let second = Int64(time.tv_sec)
      var recent = state.recent[app] ?? (second, 0, 0)
      if recent.second != second { (recent.second, recent.count) = (second, 0) }
      let isOfGuest = event == .capabilityDenied || event == .rateLimited || event == .quotaReached
      guard recent.count < Self.entriesPerSecond || !isOfGuest else {
        recent.leftOut += 1
        state.recent[app] = recent
        return nil
      }
      var entry = Entry(
        number: state.next, event: event, time: second * 1000 + Int64(time.tv_nsec) / 1_000_000, app: app,
        detail: recent.leftOut == 0 ? detail : "\(detail) (\(recent.leftOut) events left out before)", count: 1, tag: []
      )
      // An app that has been quiet for a second has nothing to be remembered.
      if state.recent.count > 1024 {
        state.recent = state.recent.filter { $0.value.second == second || $0.value.leftOut > 0 }
      }
      state.recent[app] = (second, recent.count + 1, 0)
      entry.tag = tag(of: entry, after: state.entries.last?.tag ?? state.firstTag)
      state.next += 1
      state.entries.append(entry)
      if state.entries.count > capacity { state.firstTag = state.entries.removeFirst().tag }
      return entry
    }
    if let entry { sink?(entry) }
  }

  /// What is kept, the oldest first.
  public var entries: [Entry] { state.withLock { $0.entries } }

  /// Whether nothing was changed.
  public var isIntact: Bool {
    state.withLock { state in
      var previous = state.firstTag
      for entry in state.entries {
        guard constantTimeEqual(entry.tag, tag(of: entry, after: previous)) else { return false }
        previous = entry.tag
      }
      return true
    }
  }

  private func tag(of entry: Entry, after previous: [UInt8]) -> [UInt8] {
    let text = "\(entry.number) \(entry.event.rawValue) \(entry.time) \(entry.count) \(entry.app)\0\(entry.detail)"
    return hmacSHA256(previous + Array(text.utf8), key: key)
  }
}
