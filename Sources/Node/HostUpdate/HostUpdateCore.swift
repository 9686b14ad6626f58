import AppFormat

/// Why an update, or what was asked of it, is refused or has failed.
public struct HostUpdateProblem: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, CaseIterable {
    case nothingToGoBackTo
    /// The address cannot be reached, or this machine's disk does not work.
    case failed
    /// No trusted key made the signature.
    case notTrusted
    /// Another update is under way, or has to be confirmed first.
    case busy
    case invalidPackage
    case noSpace
    case notOnTrial
  }

  public var kind: Kind
  public var reason: String

  public init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  public var description: String { reason }
}

/// What decides about updates of the host: takes events, gives effects, does nothing itself.
///
///     idle → receiving → validating → installing → ready → (restart) → on trial → confirmed
///                                                                             ↘ rolled back
public struct HostUpdateCore: Sendable, Equatable {
  public enum State: Sendable, Equatable {
    case idle
    case receiving(percent: Int)
    /// Hashes and signature are looked at.
    case validating
    /// It is unpacked and written down.
    case installing
    /// The next start takes it.
    case ready(HostRelease)
    case onTrial(HostRelease)
    case confirmed(HostRelease)
    /// What was before runs, or will from the next start on.
    case rolledBack(HostRelease, reason: String)
    case failed(HostUpdateProblem)
  }

  public enum Event: Sendable, Equatable {
    case apply(url: String)
    case received(percent: Int)
    case downloaded
    case validated(HostRelease)
    case installed
    case failed(HostUpdateProblem)
    /// The record of the effect `store` is on disk.
    case stored
    case notStored(HostUpdateProblem)
    case confirm
    case rollback
  }

  public enum Effect: Sendable, Equatable {
    case download(url: String)
    case validate
    /// Unpacks what was validated beside the other releases.
    case install(HostRelease)
    /// Replaces the record on disk, and says whether that worked.
    case store(HostRecord)
    /// Removes what was downloaded.
    case discardDownload
    /// Removes all releases but these.
    case keepReleases(Set<HostRelease>)
    /// What was asked for has been done.
    case done
    /// What was asked for has not been done.
    case refuse(HostUpdateProblem)
  }

  private enum Work: Sendable, Equatable {
    case none, downloading, validating
    case installing(HostRelease)
    /// A record is being written; then this is the state, and with `cleans` the rest is cleared away.
    case storing(HostRecord, then: State, orBack: State)
  }

  public private(set) var record: HostRecord
  public private(set) var state: State
  /// What this process is.
  public let running: HostSlot
  /// Of this process.
  public let version: HostVersion
  private let trialStarts: Int
  private var work = Work.none

  /// - Parameter trialStarts: how often a release may be started before it has been confirmed.
  public init(_ record: HostRecord, running: HostSlot, version: HostVersion, trialStarts: Int = 1) {
    self.record = record
    self.running = running
    self.version = version
    self.trialStarts = trialStarts
    state = Self.resting(record, running)
  }

  /// Whether a download, a check or a change of the record is under way.
  public var isBusy: Bool { work != .none }

  /// What this process is on trial.
  public var isOnTrial: Bool { record.trial.map { .release($0.release) == running } ?? false }

  private static func resting(_ record: HostRecord, _ running: HostSlot) -> State {
    if let trial = record.trial {
      return .release(trial.release) == running ? .onTrial(trial.release) : .ready(trial.release)
    }
    switch record.outcome {
    case .confirmed(let release)?: return .confirmed(release)
    case .rolledBack(let release, let reason)?: return .rolledBack(release, reason: reason)
    case nil: return .idle
    }
  }

  public mutating func step(_ event: Event) -> [Effect] {
    switch event {
    case .apply(let url): return apply(url)
    case .received(let percent):
      if work == .downloading { state = .receiving(percent: max(0, min(100, percent))) }
      return []
    case .downloaded:
      guard work == .downloading else { return [] }
      work = .validating
      state = .validating
      return [.validate]
    case .validated(let release): return validated(release)
    case .installed:
      guard case .installing(let release) = work else { return [] }
      var next = record
      next.stage(release, starts: trialStarts)
      return store(next, then: .ready(release))
    case .failed(let problem): return failed(problem)
    case .stored: return stored()
    case .notStored(let problem): return notStored(problem)
    case .confirm: return confirm()
    case .rollback: return rollback()
    }
  }

  // MARK: Updating

  private mutating func apply(_ url: String) -> [Effect] {
    if work != .none { return [.refuse(HostUpdateProblem(.busy, "another update is under way"))] }
    if isOnTrial {
      return [.refuse(HostUpdateProblem(.busy, "\(running) is on trial: confirm it, or roll it back"))]
    }
    work = .downloading
    state = .receiving(percent: 0)
    return [.download(url: url)]
  }

  private mutating func validated(_ release: HostRelease) -> [Effect] {
    guard work == .validating else { return [] }
    if .release(release) == record.current, record.current == running {
      // Nothing to do is done.
      work = .none
      state = Self.resting(record, running)
      return [.discardDownload, .done]
    }
    guard release.version >= version else {
      return failed(HostUpdateProblem(.invalidPackage, "\(release.version) is older than \(version), which runs"))
    }
    work = .installing(release)
    state = .installing
    return [.install(release)]
  }

  private mutating func failed(_ problem: HostUpdateProblem) -> [Effect] {
    let isDownloading = work == .downloading
    switch work {
    case .none, .storing: return []
    case .downloading, .validating, .installing: break
    }
    work = .none
    state = .failed(problem)
    // What has come of a download stays: the next one goes on there.
    return (isDownloading ? [] : [.discardDownload]) + [.keepReleases(kept), .refuse(problem)]
  }

  // MARK: The record

  private var kept: Set<HostRelease> { record.releases.union([running.release].compactMap { $0 }) }

  private mutating func store(_ next: HostRecord, then state: State) -> [Effect] {
    work = .storing(next, then: state, orBack: self.state)
    return [.store(next)]
  }

  private mutating func stored() -> [Effect] {
    guard case .storing(let next, let then, let before) = work else { return [] }
    record = next
    state = then
    work = .none
    return (before == .installing ? [.discardDownload] : []) + [.keepReleases(kept), .done]
  }

  private mutating func notStored(_ problem: HostUpdateProblem) -> [Effect] {
    guard case .storing(_, _, let before) = work else { return [] }
    work = .none
    if before == .installing {
      state = .failed(problem)
      return [.discardDownload, .keepReleases(kept), .refuse(problem)]
    }
    state = before
    return [.refuse(problem)]
  }

  private mutating func confirm() -> [Effect] {
    if work != .none { return [.refuse(HostUpdateProblem(.busy, "another update is under way"))] }
    guard isOnTrial, let release = running.release else {
      // What was confirmed before stays so.
      if running != .installed, running == record.current { return [.done] }
      return [.refuse(HostUpdateProblem(.notOnTrial, "\(running) is not on trial"))]
    }
    var next = record
    next.confirmTrial()
    return store(next, then: .confirmed(release))
  }

  private mutating func rollback() -> [Effect] {
    if work != .none { return [.refuse(HostUpdateProblem(.busy, "another update is under way"))] }
    let reason = "it was rolled back by hand"
    var next = record
    if let trial = record.trial {
      next.dropTrial(reason)
      return store(next, then: .rolledBack(trial.release, reason: reason))
    }
    guard let release = record.current.release, let previous = record.previous else {
      return [.refuse(HostUpdateProblem(.nothingToGoBackTo, "there is no version to go back to"))]
    }
    next.goBack(to: previous, reason)
    return store(next, then: .rolledBack(release, reason: reason))
  }
}
