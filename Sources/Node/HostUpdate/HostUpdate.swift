import AppFormat
import AppManager
import AppSigning
import HostPackages
import HTTPClient
import Linux
import Logging
import Synchronization

/// Updates of the host: fetches packages, checks them, and has them ready for the next start. Nothing is restarted.
///
/// ``HostUpdateCore`` decides; this does what it says.
public final class HostUpdate: Sendable {
  public struct Options: Sendable {
    /// Below the daemon's state.
    public var root: String
    /// What this process is, as ``HostBoot`` has found.
    public var running = HostSlot.installed
    /// Of this process.
    public var version: HostVersion
    public var tls = HTTPClient.TLS()
    /// Of a package, and of what comes out of it.
    public var packageBytesMax = 1 << 30
    /// How often a release may be started before it has been confirmed.
    public var trialStarts = 1
    /// How long a release on trial runs before it is confirmed by itself; `nil`: never.
    public var confirmsAfter: Duration? = .seconds(60)
    public var retryDelay = Duration.seconds(1)
    public var faults: FaultPoint?

    public init(root: String, version: HostVersion) {
      self.root = root
      self.version = version
    }
  }

  public struct Status: Sendable, Equatable {
    public var state: HostUpdateCore.State
    public var running: HostSlot
    /// Of this process.
    public var version: HostVersion
    public var record: HostRecord
    /// There is a key whose updates are taken.
    public var isEnabled: Bool

    /// What a rollback leads to; `nil`: there is nothing to go back to.
    public var previous: HostSlot? {
      if record.trial != nil { return record.current }
      return record.current == .installed ? nil : record.previous
    }
  }

  private struct State {
    var core: HostUpdateCore
    var work: Task<HostUpdateProblem?, Never>?
    var waiting: Task<Void, Never>?
    var isClosed = false
  }

  private let options: Options
  private let releases: HostReleases
  private let download: HostDownload
  private let client: HTTPClient
  private let state: Mutex<State>
  private let log = Logger("update")

  /// Reads the record, and clears away what was not finished.
  public init(_ options: Options) throws {
    self.options = options
    releases = HostReleases(root: options.root, faults: options.faults)
    try releases.open()
    let (record, damage) = try releases.record()
    if let damage { log.error("the record of updates cannot be used; it was put aside", ["error": .init(damage)]) }
    let core = HostUpdateCore(
      record, running: options.running, version: options.version, trialStarts: options.trialStarts)
    state = Mutex(State(core: core))
    client = try HTTPClient(
      options: HTTPClient.Options(
        tls: options.tls, minimumRate: HTTPClient.Rate(bytesPerSecond: 64, over: .seconds(60))))
    download = HostDownload(
      folder: releases.incoming, files: releases.files, client: client, bytesMax: options.packageBytesMax,
      retryDelay: options.retryDelay)
    releases.keep(record.releases.union([options.running.release].compactMap { $0 }))
  }

  /// Confirms what is on trial by itself when it has run for long enough. Called when everything works.
  public func beginTrial() {
    guard let time = options.confirmsAfter, state.withLock({ $0.core.isOnTrial }) else { return }
    let task = Task { [weak self] in
      guard (try? await Task.sleep(for: time)) != nil, let self else { return }
      // Somebody else may have decided meanwhile.
      guard state.withLock({ $0.core.isOnTrial }) else { return }
      do throws(HostUpdateProblem) { try confirm() } catch {
        log.error("the release on trial is not confirmed", ["reason": .string(error.reason)])
      }
    }
    state.withLock { $0.waiting = task }
  }

  /// Ends what is under way. A download goes on when it is asked for again.
  public func close() {
    let tasks = state.withLock { state in
      state.isClosed = true
      return (state.work, state.waiting)
    }
    tasks.0?.cancel()
    tasks.1?.cancel()
    client.close()
  }

  public var status: Status {
    let core = state.withLock { $0.core }
    let isEnabled = ((try? trust()) ?? nil) != nil
    return Status(
      state: core.state, running: core.running, version: core.version, record: core.record, isEnabled: isEnabled)
  }

  // MARK: What is asked for

  /// Whether what lies at an https address could replace what runs: signed by a trusted key, for this machine, and newer.
  public func check(_ url: String) async throws(HostUpdateProblem) -> Bool {
    try checkAddress(url)
    let trust = try requiredTrust()
    let response: HTTPClient.Response
    do throws(HTTPClientError) { response = try await client.send(HTTPClient.Request("GET", url)) } catch {
      throw HostUpdateProblem(.failed, "\(url): \(error)")
    }
    guard response.status == 200 else {
      throw HostUpdateProblem(.failed, "\(url): the server answers with status \(response.status)")
    }
    var reader = HostPackageReader(trust)
    var chunks = response.body.makeAsyncIterator()
    while reader.manifest == nil {
      let chunk: [UInt8]?
      do throws(HTTPClientError) { chunk = try await chunks.next() } catch {
        throw HostUpdateProblem(.failed, "\(url): \(error)")
      }
      guard let chunk else { return false }
      do throws(HostPackageError) {
        try reader.take(chunk) { _ in }
        try reader.manifest?.checkMachine()
      } catch {
        return false
      }
    }
    return (reader.manifest?.version).map { $0 > options.version } ?? false
  }

  /// Begins to fetch a package; the state says what becomes of it.
  public func begin(_ url: String) throws(HostUpdateProblem) { _ = try start(url) }

  /// Fetches a package, checks it and has it ready for the next start. Goes on when the caller is cancelled.
  public func apply(_ url: String) async throws(HostUpdateProblem) {
    let work = try start(url)
    if let problem = await work.value { throw problem }
  }

  /// Keeps what runs on trial; of no effect on what is kept already.
  public func confirm() throws(HostUpdateProblem) {
    try settle(.confirm)
    log.info("the host's version is kept", ["version": .string("\(options.running)")])
  }

  /// Goes back to what ran before the trial, from the next start on.
  public func rollback() throws(HostUpdateProblem) {
    try settle(.rollback)
    log.warning("the host goes back at its next start", ["to": .string("\(status.record.current)")])
  }

  // MARK: Doing

  private func trust() throws(HostUpdateProblem) -> AppTrust? {
    do throws(AppSigningError) {
      let trust = try AppTrust(folder: releases.keys)
      return trust.keys.isEmpty ? nil : trust
    } catch {
      throw HostUpdateProblem(.notTrusted, error.description)
    }
  }

  private func requiredTrust() throws(HostUpdateProblem) -> AppTrust {
    guard let trust = try trust() else {
      throw HostUpdateProblem(.notTrusted, "\(releases.keys) has no key whose updates would be taken")
    }
    return trust
  }

  private func checkAddress(_ url: String) throws(HostUpdateProblem) {
    guard url.prefix(8).lowercased() == "https://", url.utf8.count > 8 else {
      throw HostUpdateProblem(.invalidPackage, "\(url.prefix(80)) is no https:// address")
    }
  }

  private func start(_ url: String) throws(HostUpdateProblem) -> Task<HostUpdateProblem?, Never> {
    try checkAddress(url)
    _ = try requiredTrust()
    let begun = state.withLock { state -> Result<Task<HostUpdateProblem?, Never>, HostUpdateProblem> in
      if state.isClosed { return .failure(HostUpdateProblem(.failed, "the daemon ends")) }
      let effects = state.core.step(.apply(url: url))
      if case .refuse(let problem)? = effects.first { return .failure(problem) }
      let task = Task { await self.run(effects) }
      state.work = task
      return .success(task)
    }
    log.info("an update of the host is fetched", ["url": .string(url)])
    return try begun.get()
  }

  private func step(_ event: HostUpdateCore.Event) -> [HostUpdateCore.Effect] {
    state.withLock { $0.core.step(event) }
  }

  private func settle(_ event: HostUpdateCore.Event) throws(HostUpdateProblem) {
    var effects = step(event)
    var problem: HostUpdateProblem?
    while !effects.isEmpty { effects += quick(effects.removeFirst(), &problem) }
    if let problem { throw problem }
  }

  /// Does everything that follows from an event, one thing after the other.
  private func run(_ effects: [HostUpdateCore.Effect]) async -> HostUpdateProblem? {
    var effects = effects
    var problem: HostUpdateProblem?
    while !effects.isEmpty {
      switch effects.removeFirst() {
      case .download(let url): effects += step(await fetched(url))
      case .validate:
        effects += step(
          await onThread { [self] () throws(HostUpdateProblem) in
            .validated(try releases.validate(download.package, try requiredTrust()))
          })
      case .install(let release):
        effects += step(
          await onThread { [self] () throws(HostUpdateProblem) in
            let installed = try releases.install(download.package, try requiredTrust())
            guard installed == release else {
              throw HostUpdateProblem(.invalidPackage, "the package was changed while it was unpacked")
            }
            return .installed
          })
      case let effect: effects += quick(effect, &problem)
      }
    }
    if let problem {
      log.error("the update of the host failed", ["reason": .string(problem.reason)])
    } else if case .ready(let release) = state.withLock({ $0.core.state }) {
      log.info("an update of the host is ready for the next start", ["release": .string("\(release)")])
    }
    return problem
  }

  /// What takes no time to speak of.
  private func quick(
    _ effect: HostUpdateCore.Effect, _ problem: inout HostUpdateProblem?
  ) -> [HostUpdateCore.Effect] {
    switch effect {
    case .store(let record):
      do throws(LinuxError) {
        try releases.write(record)
        return step(.stored)
      } catch {
        // It may be in its place although its name is not durable: what counts is what the next start reads.
        let isThere = (try? releases.record())?.record == record
        return step(isThere ? .stored : .notStored(HostUpdateProblem(error)))
      }
    case .discardDownload: download.discard()
    case .keepReleases(let kept): releases.keep(kept)
    case .done: problem = nil
    case .refuse(let refusal): problem = refusal
    case .download, .validate, .install: break
    }
    return []
  }

  private func fetched(_ url: String) async -> HostUpdateCore.Event {
    do throws(HostUpdateProblem) {
      try await download.run(url) { percent in _ = step(.received(percent: percent)) }
      return .downloaded
    } catch {
      return .failed(error)
    }
  }

  /// Runs what reads and writes large files on a thread of its own.
  private func onThread(
    _ body: @escaping @Sendable () throws(HostUpdateProblem) -> HostUpdateCore.Event
  ) async -> HostUpdateCore.Event {
    await withCheckedContinuation { continuation in
      let run = {
        do throws(HostUpdateProblem) { continuation.resume(returning: try body()) } catch {
          continuation.resume(returning: .failed(error))
        }
      }
      do throws(LinuxError) { try Thread.start(name: "update", run) } catch {
        continuation.resume(returning: .failed(HostUpdateProblem(error)))
      }
    }
  }
}
