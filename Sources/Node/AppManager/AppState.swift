import AppFormat

/// Where an app stands, as the reference counts it.
public enum AppPhase: Int32, Sendable, CaseIterable {
  case new = 0
  case installed = 1
  case running = 2
  case stopped = 3
  case error = 4
  case failed = 5

  /// In upper case, as lists of the reference have it.
  public var word: String {
    switch self {
    case .new: "NEW"
    case .installed: "INSTALLED"
    case .running: "RUNNING"
    case .stopped: "STOPPED"
    case .error: "ERROR"
    case .failed: "FAILED"
    }
  }
}

/// Where an app stands, with all that the next decision needs. Times are those of ``AppMoment/elapsed``.
public enum AppState: Sendable, Equatable {
  /// Its first install is under way.
  case new
  case installed
  case starting(Start)
  case running(Run)
  /// Told to end; what follows when it has.
  case stopping(run: UInt64, next: Next)
  /// Another version is being made the current one; nothing runs.
  case replacing(Replacement)
  /// - exitCode: `nil` when it was stopped from outside.
  case stopped(exitCode: Int32?)
  /// It has failed; `restartAt` is when it is started again by itself.
  case error(AppFailure, restartAt: Duration?)
  /// It has failed too often, and waits for a user.
  case failed(AppFailure)
  case removing
  case removed

  public struct Start: Sendable, Equatable {
    /// Tells starts of an app apart.
    public var run: UInt64
    public var cause: AppStartCause
    /// What was asked for meanwhile; `nil`: that it runs.
    public var next: Next?
  }

  public struct Run: Sendable, Equatable {
    public var run: UInt64
    public var since: Duration
  }

  public struct Replacement: Sendable, Equatable {
    public var version: AppVersion
    /// Whether the app runs afterwards.
    public var starts: Bool
    public var reason: Reason

    public enum Reason: Sendable, Equatable {
      case update
      case rollback
      /// The version before did not come up or failed in its probation.
      case failedTrial(AppFailure)
    }
  }

  public enum Next: Sendable, Equatable {
    case rest
    case start
    case replace(Replacement)
    case remove
  }

  public var phase: AppPhase {
    switch self {
    case .new, .removed: .new
    case .installed, .starting, .replacing, .removing: .installed
    case .running, .stopping: .running
    case .stopped: .stopped
    case .error: .error
    case .failed: .failed
    }
  }

  /// The phase in lower case, or what is under way.
  public var word: String {
    switch self {
    case .starting: "starting"
    case .stopping: "stopping"
    case .replacing: "replacing"
    case .removing: "removing"
    case .removed: "removed"
    default: phase.word.lowercased()
    }
  }

  /// Nothing is under way that ends by itself, but for a restart that waits.
  public var isSettled: Bool {
    switch self {
    case .new, .starting, .stopping, .replacing, .removing: false
    case .installed, .running, .stopped, .error, .failed, .removed: true
    }
  }

  /// Whether the app takes one of the places for running apps.
  public var takesPlace: Bool {
    switch self {
    case .starting, .running, .stopping: true
    case .replacing(let replacement): replacement.starts
    case .error(_, let restartAt): restartAt != nil
    case .new, .installed, .stopped, .failed, .removing, .removed: false
    }
  }
}

/// Why an app is started.
public enum AppStartCause: Sendable, Equatable {
  case user
  /// The node has come up.
  case boot
  /// Its restart policy.
  case policy
  /// It ran before it was replaced.
  case replacement
}

/// Time as a core is told it.
public struct AppMoment: Sendable, Equatable {
  /// Since any fixed point; never goes back.
  public var elapsed: Duration
  /// Milliseconds since 1970, for people.
  public var unixMilliseconds: Int64

  public init(elapsed: Duration, unixMilliseconds: Int64) {
    self.elapsed = elapsed
    self.unixMilliseconds = unixMilliseconds
  }
}

/// How an app failed. Texts are cut to a bounded length when one is made.
public struct AppFailure: Sendable, Equatable, CustomStringConvertible {
  public enum Kind: String, Sendable, CaseIterable {
    /// It did not come up.
    case start
    /// It ended with another code than 0.
    case exit
    case trap
    /// It did not give the processor back in time.
    case timeout
    /// The host ended it.
    case killed
  }

  public var kind: Kind
  public var reason: String
  /// What the app ended with (``Kind/exit``); of ``Kind/start`` the reference's error number, negative; else 0.
  public var code: Int32
  public var backTrace: [String]

  public static let reasonBytesMax = 512
  public static let framesMax = 32
  public static let frameBytesMax = 160

  public init(_ kind: Kind, _ reason: String, code: Int32 = 0, backTrace: [String] = []) {
    self.kind = kind
    self.reason = Self.cut(reason, Self.reasonBytesMax)
    self.code = code
    self.backTrace = backTrace.prefix(Self.framesMax).map { Self.cut($0, Self.frameBytesMax) }
  }

  public init(_ error: AppStartError) {
    let backTrace = if case .trapped(let trap) = error { trap.backTrace } else { [String]() }
    self.init(.start, error.description, code: error.errno, backTrace: backTrace)
  }

  /// `nil` for an exit that is no failure: code 0, or a stop that was asked for.
  public init?(_ exit: AppExit) {
    switch exit {
    case .exited(0), .killed(.stopped): return nil
    case .exited(let code): self.init(.exit, "exit code \(code)", code: code)
    case .trapped(let trap): self.init(.trap, trap.reason, backTrace: trap.backTrace)
    case .killed(.executionTimeout(let trap)): self.init(.timeout, trap.reason, backTrace: trap.backTrace)
    case .killed(.fuelExhausted(let trap)): self.init(.killed, trap.reason, backTrace: trap.backTrace)
    case .killed(.other(let reason)): self.init(.killed, reason)
    }
  }

  public var description: String { "\(kind.rawValue): \(reason)" }

  private static func cut(_ text: String, _ bytesMax: Int) -> String {
    guard text.utf8.count > bytesMax else { return text }
    var end = text.startIndex
    var count = 0
    for character in text {
      count += character.utf8.count
      if count > bytesMax { break }
      end = text.index(after: end)
    }
    return String(text[..<end])
  }
}

/// One failure of an app, as it is kept.
public struct AppCrash: Sendable, Equatable {
  /// Milliseconds since 1970.
  public var at: Int64
  public var versionID: AppVersionID
  /// As the manifest has it.
  public var version: String
  /// How long it ran; 0 when it did not come up.
  public var uptimeMilliseconds: Int64
  public var failure: AppFailure

  public init(at: Int64, versionID: AppVersionID, version: String, uptimeMilliseconds: Int64, failure: AppFailure) {
    self.at = at
    self.versionID = versionID
    self.version = version
    self.uptimeMilliseconds = uptimeMilliseconds
    self.failure = failure
  }
}

extension AppExit: CustomStringConvertible {
  public var description: String {
    AppFailure(self)?.description ?? (self == .killed(.stopped) ? "stopped" : "exit code 0")
  }
}

extension AppStartError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .module(let reason): "the module is refused: \(reason)"
    case .trapped(let trap): "trapped while it came up: \(trap.reason)"
    case .timeout(let limit): "did not come up in \(limit)"
    case .outOfMemory(let reason): "no memory: \(reason)"
    case .host(let reason): reason
    }
  }

  /// The reference's error number, negative.
  public var errno: Int32 {
    switch self {
    case .module, .trapped, .host: -5
    case .timeout: -110
    case .outOfMemory: -12
    }
  }
}
