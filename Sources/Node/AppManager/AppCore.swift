import AppFormat

/// The life of one app: decides, and does nothing itself. The same events at the same times give the same effects.
///
/// Every run has a number; what is told about a run that is not the present one changes nothing.
public struct AppCore: Sendable {
  public struct Timing: Sendable, Equatable {
    /// A run of this length ends a series of failures.
    public var stableAfter: Duration
    /// Upper limit of the time before a restart.
    public var restartDelayMax: Duration
    /// How long a new version has to run before it stays.
    public var probation: Duration
    /// At most ``AppRecord/crashesMax``.
    public var crashesKept: Int

    public init(
      stableAfter: Duration = .seconds(60), restartDelayMax: Duration = .seconds(60),
      probation: Duration = .seconds(30), crashesKept: Int = 8
    ) {
      self.stableAfter = stableAfter
      self.restartDelayMax = restartDelayMax
      self.probation = probation
      self.crashesKept = crashesKept
    }
  }

  public private(set) var state: AppState
  public private(set) var record: AppRecord
  private let timing: Timing
  private var lastRun: UInt64 = 0
  /// Of the step under way.
  private var effects: [AppEffect] = []

  /// An app whose first install is under way.
  public init(installing record: AppRecord, timing: Timing = Timing()) {
    self.record = record
    self.timing = timing
    state = .new
  }

  /// An app of the registry. What ran when the record was written does not run any more.
  public init(record: AppRecord, timing: Timing = Timing()) {
    self.record = record
    self.timing = timing
    if let failure = record.failure {
      state = .failed(failure)
    } else {
      state = record.desired == .stopped ? .stopped(exitCode: nil) : .installed
    }
  }

  /// When a `clock` event is due; `nil`: none.
  public var deadline: Duration? {
    switch state {
    case .error(_, let restartAt): restartAt
    case .running(let run):
      [
        record.crashCount > 0 ? run.since + timing.stableAfter : nil,
        record.isOnTrial ? run.since + timing.probation : nil,
      ].compactMap { $0 }.min()
    default: nil
    }
  }

  /// What an operator allows or forbids.
  public mutating func setGrants(granted: CapabilitySet, revoked: CapabilitySet) {
    record.granted = granted
    record.revoked = revoked
  }

  public mutating func setSettings(_ settings: AppSettings) { record.settings = settings }

  /// Why an event would change nothing; `nil` for all that is taken.
  public func refusal(of event: AppEvent) -> AppRefusal? {
    switch event {
    case .start, .stop, .restart, .update, .rollback, .uninstall:
      switch state {
      case .new, .removed: return .notInstalled
      case .replacing, .removing: return .busy
      case .starting(let start) where start.next == .remove: return .busy
      case .stopping(_, .remove): return .busy
      default: break
      }
    default: return nil
    }
    switch event {
    case .update, .rollback, .uninstall:
      if case .starting(let start) = state, case .replace = start.next { return .busy }
      if case .stopping(_, .replace) = state { return .busy }
      if event == .rollback, record.previous == nil { return .noPreviousVersion }
      return event == .uninstall && record.isPreloaded ? .preloaded : nil
    default: return nil
    }
  }

  public mutating func step(_ event: AppEvent, at now: AppMoment) -> [AppEffect] {
    guard refusal(of: event) == nil else { return [] }
    effects = []
    defer { effects = [] }
    switch event {
    case .install: install()
    case .start(let cause): start(cause)
    case .stop:
      desire(.stopped)
      stop()
    case .suspend: stop()
    case .restart: restart()
    case .update(let version): replace(version, .update)
    case .rollback: if let previous = record.previous { replace(previous, .rollback) }
    case .uninstall: end(then: .remove)
    case .activated: activated()
    case .activationFailed: activationFailed()
    case .removed:
      if state == .removing {
        state = .removed
        publish(.uninstalled)
      }
    case .removalFailed: if state == .removing { rest() }
    case .started(let run): started(run, now)
    case .startFailed(let run, let failure): startFailed(run, failure, now)
    case .exited(let run, let exit): exited(run, exit, now)
    case .clock: clock(now)
    }
    return effects
  }

  // MARK: Asked for

  private mutating func install() {
    guard state == .new else { return }
    publish(.installing)
    effects.append(.activate(record))
  }

  private mutating func start(_ cause: AppStartCause) {
    switch state {
    case .installed, .stopped, .error, .failed:
      if record.failure != nil || state.phase == .failed {
        record.failure = nil
        record.crashCount = 0
        effects.append(.persist)
      }
      begin(cause)
    case .starting(let start): resume(start)
    case .stopping(let run, .rest):
      desire(.running)
      state = .stopping(run: run, next: .start)
    case .stopping(let run, .replace(var replacement)):
      desire(.running)
      replacement.starts = true
      state = .stopping(run: run, next: .replace(replacement))
    case .running, .stopping, .new, .replacing, .removing, .removed: break
    }
  }

  /// Takes back a stop of an app that is coming up.
  private mutating func resume(_ start: AppState.Start) {
    var start = start
    if case .replace(var replacement) = start.next {
      replacement.starts = true
      start.next = .replace(replacement)
    } else {
      start.next = nil
    }
    state = .starting(start)
    desire(.running)
  }

  private mutating func stop() {
    switch state {
    case .error(_, .some):
      state = .stopped(exitCode: nil)
      publish(.stopped)
    case .starting(var start):
      if case .replace(var replacement) = start.next {
        replacement.starts = false
        start.next = .replace(replacement)
      } else if start.next != .remove {
        start.next = .rest
      }
      state = .starting(start)
    case .running: end(then: .rest)
    case .stopping(let run, .start): state = .stopping(run: run, next: .rest)
    case .stopping(let run, .replace(var replacement)):
      replacement.starts = false
      state = .stopping(run: run, next: .replace(replacement))
    default: break
    }
  }

  private mutating func restart() {
    if record.crashCount > 0 {
      record.crashCount = 0
      effects.append(.persist)
    }
    if case .running = state {
      desire(.running)
      end(then: .start)
    } else {
      start(.user)
    }
  }

  private mutating func replace(_ version: AppVersion, _ reason: AppState.Replacement.Reason) {
    let starts: Bool
    switch state {
    case .starting(let start): starts = start.next != .rest
    case .stopping(_, let next): starts = next == .start
    default: starts = record.desired == .running
    }
    end(then: .replace(AppState.Replacement(version: version, starts: starts, reason: reason)))
  }

  // MARK: Runs

  private mutating func begin(_ cause: AppStartCause) {
    lastRun += 1
    record.startCount += 1
    state = .starting(AppState.Start(run: lastRun, cause: cause, next: nil))
    effects.append(.start(run: lastRun))
    desire(.running)
  }

  /// Ends what runs, if anything does, and goes on.
  private mutating func end(then next: AppState.Next) {
    switch state {
    case .starting(var start):
      start.next = next
      state = .starting(start)
    case .running(let run):
      state = .stopping(run: run.run, next: next)
      effects.append(.stop(run: run.run))
    case .stopping(let run, _): state = .stopping(run: run, next: next)
    default: proceed(next)
    }
  }

  /// What follows when nothing runs.
  private mutating func proceed(_ next: AppState.Next) {
    switch next {
    case .rest: state = .stopped(exitCode: nil)
    case .start: begin(.user)
    case .replace(let replacement):
      state = .replacing(replacement)
      effects.append(.activate(record.replaced(by: replacement)))
    case .remove:
      state = .removing
      effects.append(.remove)
    }
  }

  /// Back to rest after something that did not work.
  private mutating func rest() {
    state = if let failure = record.failure { .failed(failure) } else { .stopped(exitCode: nil) }
  }

  private mutating func started(_ run: UInt64, _ now: AppMoment) {
    guard case .starting(let start) = state, start.run == run else { return }
    state = .running(AppState.Run(run: run, since: now.elapsed))
    publish(.started(start.cause))
    if let next = start.next { end(then: next) }
  }

  private mutating func startFailed(_ run: UInt64, _ failure: AppFailure, _ now: AppMoment) {
    guard case .starting(let start) = state, start.run == run else { return }
    note(failure, uptime: .zero, now)
    guard let next = start.next else { return recover(from: failure, start.cause, now) }
    publish(.error, .crashed(failure))
    if next == .rest { publish(.stopped, .stopped) }
    proceed(next)
  }

  private mutating func exited(_ run: UInt64, _ exit: AppExit, _ now: AppMoment) {
    switch state {
    case .running(let present) where present.run == run:
      let uptime = now.elapsed - present.since
      outlived(uptime)
      if let failure = AppFailure(exit) {
        note(failure, uptime: uptime, now)
        return recover(from: failure, .policy, now)
      }
      if case .exited = exit {
        state = .stopped(exitCode: 0)
        // A version that has done its work is one that works.
        record.isOnTrial = false
        desire(.unset)
        publish(.exited)
      } else {
        state = .stopped(exitCode: nil)
        publish(.stopped)
      }
    case .stopping(let present, let next) where present == run:
      // How an app ends that was told to is its own matter, but for a trap.
      switch exit {
      case .trapped, .killed(.executionTimeout), .killed(.fuelExhausted), .killed(.other):
        if let failure = AppFailure(exit) {
          note(failure, uptime: .zero, now)
          publish(.error, .crashed(failure))
        }
      case .exited, .killed(.stopped): break
      }
      publish(.stopped, .stopped)
      proceed(next)
    default: break
    }
  }

  /// What a run of this length says about the app.
  private mutating func outlived(_ uptime: Duration) {
    if record.crashCount > 0, uptime >= timing.stableAfter {
      record.crashCount = 0
      effects.append(.persist)
    }
    if record.isOnTrial, uptime >= timing.probation {
      record.isOnTrial = false
      effects.append(.persist)
    }
  }

  private mutating func clock(_ now: AppMoment) {
    switch state {
    case .error(_, let restartAt?) where restartAt <= now.elapsed: begin(.policy)
    case .running(let run): outlived(now.elapsed - run.since)
    default: break
    }
  }

  // MARK: Failures

  private mutating func note(_ failure: AppFailure, uptime: Duration, _ now: AppMoment) {
    record.crashCount += 1
    record.crashTotal += 1
    record.crashes.append(
      AppCrash(
        at: now.unixMilliseconds, versionID: record.current.id, version: record.current.version,
        uptimeMilliseconds: uptime.milliseconds, failure: failure))
    let kept = min(max(0, timing.crashesKept), AppRecord.crashesMax)
    if record.crashes.count > kept { record.crashes.removeFirst(record.crashes.count - kept) }
    effects.append(.persist)
  }

  private mutating func recover(from failure: AppFailure, _ cause: AppStartCause, _ now: AppMoment) {
    publish(.error, .crashed(failure))
    if record.isOnTrial, let previous = record.previous {
      return proceed(
        .replace(AppState.Replacement(version: previous, starts: true, reason: .failedTrial(failure))))
    }
    // A user who starts an app is told, and decides.
    if cause != .user, record.crashCount >= record.restart.retriesMax { return giveUp(failure) }
    guard record.restart.isEnabled, cause != .user else {
      state = .error(failure, restartAt: nil)
      desire(.unset)
      return
    }
    let delay = record.restart.delay(afterFailures: record.crashCount, max: timing.restartDelayMax)
    state = .error(failure, restartAt: now.elapsed + delay)
  }

  private mutating func giveUp(_ failure: AppFailure) {
    state = .failed(failure)
    record.failure = failure
    effects.append(.persist)
    publish(.failed(failure))
  }

  // MARK: Versions

  private mutating func activated() {
    switch state {
    case .new:
      state = .installed
      publish(.installed)
    case .replacing(let replacement):
      record = record.replaced(by: replacement)
      state = .installed
      switch replacement.reason {
      case .update: publish(.updated)
      case .rollback: publish(.rolledBack(nil))
      case .failedTrial(let failure): publish(.rolledBack(failure))
      }
      effects.append(.discardVersions)
      if replacement.starts { begin(.replacement) }
    default: break
    }
  }

  private mutating func activationFailed() {
    switch state {
    case .new: state = .removed
    case .replacing(let replacement):
      if case .failedTrial(let failure) = replacement.reason {
        giveUp(failure)
      } else if replacement.starts, record.failure == nil {
        begin(.replacement)
      } else {
        rest()
      }
      effects.append(.discardVersions)
    default: break
    }
  }

  // MARK: Effects

  private mutating func desire(_ desired: AppDesire) {
    guard record.desired != desired else { return }
    record.desired = desired
    effects.append(.persist)
  }

  private mutating func publish(_ change: AppChange) { effects.append(.publish(state.phase, change)) }

  private mutating func publish(_ phase: AppPhase, _ change: AppChange) { effects.append(.publish(phase, change)) }
}

extension Duration {
  var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
