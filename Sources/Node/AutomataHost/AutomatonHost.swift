import Automata
@preconcurrency import Dispatch
import Glibc
import Linux
import Net
import Synchronization

/// Something that the control loop wants to hear of.
public enum HostReport: Sendable {
  case changed(AutomatonStatus)
  case removed(String)
}

/// Figures of all automata of a node, at most a second old.
public struct HostFigures: Sendable, Equatable {
  public var count = 0
  public var counters = Counters()
  /// Values of connections that did not fit their input.
  public var refusedValues: UInt64 = 0
}

/// Runs automata on this node: any number, on few threads, with snapshots on disk from which they go on after a restart.
public actor AutomatonHost {
  public struct Options: Sendable {
    /// Folder of snapshots and traces; `nil` keeps no snapshots, and of traces the latest lines in memory.
    public var directory: String?
    /// Threads that automata run on.
    public var threads = 2
    public var automataMax = 100_000
    /// How long a change may wait to be written down, in milliseconds.
    public var snapshotAge: Int64 = 1000
    /// How long lines of a trace may wait to be written.
    public var traceAge: Int64 = 1000

    public init(directory: String?) { self.directory = directory }
  }

  /// Between two rounds of snapshots and reports.
  static let roundInterval = Duration.milliseconds(250)
  /// Per thread and round, so that a busy node stays within its means.
  static let recordsPerRound = 64
  static let reportsPerRound = 64

  private let options: Options
  private let clock: HostClock
  private let shards: [Shard]
  private let files: SnapshotFiles?
  private let traces: TraceFiles?
  private var specs: [String: SharedSpec] = [:]
  /// Ids by owner and name.
  private var names: [Qualified: String] = [:]
  /// Ids of the automata with connections from a name.
  private var readers: [Qualified: Set<String>] = [:]
  private var rounds: Task<Void, Never>?
  private var listeners: [Int: AsyncStream<HostReport>.Continuation] = [:]
  private var nextListener = 0
  private let cache = CompiledCache()
  private let latest = Mutex(HostFigures())

  private struct Qualified: Hashable {
    var owner: String
    var name: String
  }

  public init(_ options: Options) throws {
    self.options = options
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let clock = HostClock(wall: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    self.clock = clock
    files = try options.directory.map { try SnapshotFiles("\($0)/snapshots") }
    let traces = try options.directory.map { try TraceFiles("\($0)/traces") }
    self.traces = traces
    var shards: [Shard] = []
    for index in 0..<max(1, options.threads) {
      shards.append(try Shard("automata-\(index)", clock: clock, traces: traces))
    }
    self.shards = shards
  }

  /// Begins to write snapshots and reports.
  public func start() async {
    for shard in shards {
      await shard.setForward { [weak self] deliveries in
        Task { [weak self] in await self?.forward(deliveries) }
      }
    }
    rounds = Task { [weak self] in
      var number = 0
      while (try? await Task.sleep(for: AutomatonHost.roundInterval)) != nil {
        guard let self else { return }
        await self.round(age: self.options.snapshotAge)
        number += 1
        if number % 4 == 0 { await self.updateFigures() }
      }
    }
  }

  /// Writes down what is not, and ends the threads.
  public func shutdown() async {
    rounds?.cancel()
    await rounds?.value
    rounds = nil
    for shard in shards { await shard.stop() }
    while await round(age: 0) > 0 {}
    await traces?.flush()
    for listener in listeners.values { listener.finish() }
    listeners = [:]
    for shard in shards { shard.loop.shutdown() }
  }

  /// The compiled form of a model, shared by all that run it in the same semantics.
  public nonisolated func compiled(
    _ automaton: Automaton, semantics: Semantics?
  ) throws(CompiledAutomaton.Failure) -> CompiledAutomaton {
    try cache.compiled(automaton, semantics: semantics)
  }

  // MARK: What runs

  /// Runs an automaton as specified, whatever it did before. What is as specified goes on undisturbed.
  @discardableResult
  public func apply(_ spec: HostedSpec) async throws(HostError) -> AutomatonStatus {
    let isNew = specs[spec.id] == nil
    guard !isNew || specs.count < options.automataMax else { throw .tooMany(options.automataMax) }
    let own = Qualified(owner: spec.owner, name: spec.name)
    var links = linksOfOwner(spec.owner)
    links[spec.name] = spec.links
    if let cycle = LinkGraph.cycle(links) { throw .cycle(cycle) }
    let previous = specs[spec.id]
    let before = previous?.spec
    specs[spec.id] = SharedSpec(spec)
    names[own] = spec.id
    let record = isNew ? await files?.read(spec.id) : nil
    let lastRun = isNew ? await traces?.lastRun(spec.id) ?? 0 : 0
    let status: AutomatonStatus
    do throws(HostError) {
      let applied = try await shard(of: spec.id).apply(spec, record: record, lastRun: lastRun)
      status = applied.status
      if specs[spec.id] != nil { specs[spec.id] = applied.spec }
    } catch {
      if isNew {
        specs[spec.id] = nil
        names[own] = nil
      } else {
        specs[spec.id] = previous
      }
      throw error
    }
    for link in before?.links ?? [] { readers[Qualified(owner: spec.owner, name: link.source)]?.remove(spec.id) }
    for link in spec.links { readers[Qualified(owner: spec.owner, name: link.source), default: []].insert(spec.id) }
    await connect(own)
    for source in Set((before?.links ?? []).map(\.source) + spec.links.map(\.source)) {
      await connect(Qualified(owner: spec.owner, name: source), fresh: isNew ? spec.id : nil)
    }
    await noteLinkProblems(around: spec, before?.links ?? [])
    return spec.links.isEmpty && readers[own]?.isEmpty ?? true ? status : try await self.status(spec.id)
  }

  /// Ends an automaton and forgets it, with its snapshot.
  public func remove(_ id: String) async throws(HostError) {
    guard let spec = specs.removeValue(forKey: id)?.spec else {
      await forgetFiles(of: id)
      return
    }
    names[Qualified(owner: spec.owner, name: spec.name)] = nil
    for link in spec.links { readers[Qualified(owner: spec.owner, name: link.source)]?.remove(id) }
    await shard(of: id).remove(id)
    await forgetFiles(of: id)
    for link in spec.links { await connect(Qualified(owner: spec.owner, name: link.source)) }
    await noteLinkProblems(around: spec, spec.links)
    for listener in listeners.values { listener.yield(.removed(id)) }
  }

  private func forgetFiles(of id: String) async {
    await files?.remove(id)
    await traces?.remove(id)
  }

  // MARK: Live

  public func status(_ id: String) async throws(HostError) -> AutomatonStatus {
    guard let status = await shard(of: id).status(id) else { throw .noSuchAutomaton(id) }
    return status
  }

  public func statuses() async -> [AutomatonStatus] {
    var all: [AutomatonStatus] = []
    for shard in shards { all += await shard.statuses() }
    return all
  }

  public func statuses(owner: String) async -> [AutomatonStatus] { await statuses().filter { $0.owner == owner } }

  public func perform(_ command: LiveCommand, on id: String) async throws(HostError) -> AutomatonStatus {
    try await shard(of: id).perform(command, on: id)
  }

  /// The trace of an automaton: its header, what is kept of the past, then everything new when `follows`.
  ///
  /// - Parameter run: one of an earlier start; `nil` for the present one.
  /// - Parameter tail: only so many of the lines that are kept, without the header.
  public func trace(
    of id: String, _ filter: TraceFilter = TraceFilter(), run: UInt32? = nil, tail: Int? = nil, follows: Bool
  ) async throws(HostError) -> TraceStream {
    guard let (feed, present) = await shard(of: id).feed(id, filter, tail: tail, follows: follows) else {
      throw .noSuchAutomaton(id)
    }
    guard let wanted = run ?? present else { return TraceStream(past: nil, feed: feed) }
    let past = await traces?.past(id, run: wanted, filter, tail: tail)
    guard run == nil || past != nil else {
      feed.finish()
      let known = await traceRuns(of: id).map { "\($0.number)" }
      throw .unknown(what: "run", name: "\(wanted)", accepted: known)
    }
    guard wanted == present else {
      // What is over has nothing new.
      feed.finish()
      return TraceStream(past: past, feed: nil)
    }
    return TraceStream(past: past, feed: feed)
  }

  /// Runs of which traces are kept, the oldest first.
  public func traceRuns(of id: String) async -> [TraceRun] {
    let present = await shard(of: id).presentRun(id)
    var runs = await traces?.runs(id) ?? []
    for index in runs.indices { runs[index].isCurrent = runs[index].number == present }
    return runs
  }

  public func spec(of id: String) -> HostedSpec? { specs[id]?.spec }

  /// Figures of all automata.
  public nonisolated var figures: HostFigures { latest.withLock { $0 } }

  private func updateFigures() async {
    var figures = HostFigures()
    for shard in shards {
      let part = await shard.figures()
      figures.count += part.count
      figures.counters.add(part.counters)
      figures.refusedValues += part.refusedValues
    }
    latest.withLock { $0 = figures }
  }

  /// What changes from the call on; several changes of one automaton may come as one.
  public func reports() -> AsyncStream<HostReport> {
    let number = nextListener
    nextListener += 1
    let (stream, continuation) = AsyncStream.makeStream(of: HostReport.self, bufferingPolicy: .bufferingNewest(100_000))
    listeners[number] = continuation
    continuation.onTermination = { [weak self] _ in Task { [weak self] in await self?.forget(listener: number) } }
    return stream
  }

  private func forget(listener number: Int) { listeners[number] = nil }

  // MARK: Parts

  private func shard(of id: String) -> Shard {
    // FNV-1a: the same place for an id in every run.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return shards[Int(hash % UInt64(shards.count))]
  }

  private func forward(_ deliveries: [HostedAutomaton.Delivery]) async {
    var byShard: [ObjectIdentifier: (Shard, [HostedAutomaton.Delivery])] = [:]
    for delivery in deliveries where specs[delivery.target] != nil {
      let shard = shard(of: delivery.target)
      byShard[ObjectIdentifier(shard), default: (shard, [])].1.append(delivery)
    }
    for (shard, part) in byShard.values { await shard.deliver(part) }
  }

  private func linksOfOwner(_ owner: String) -> [String: [Link]] {
    var links: [String: [Link]] = [:]
    for (source, targets) in readers where source.owner == owner {
      for id in targets { if let spec = specs[id]?.spec { links[spec.name] = spec.links } }
    }
    return links
  }

  /// Tells a source where its outputs lead; connections that do not fit lead nowhere until one end changes.
  private func connect(_ source: Qualified, fresh: String? = nil) async {
    guard let id = names[source], let spec = specs[id]?.spec else { return }
    let model = spec.automaton.model
    var outgoing: [HostedAutomaton.Outgoing] = []
    for target in (readers[source] ?? []).sorted() {
      guard let reader = specs[target]?.spec else { continue }
      for link in reader.links where link.source == source.name {
        guard link.problem(from: model, to: reader.automaton.model) == nil,
          let output = model.variable(named: link.output),
          let input = reader.automaton.model.variable(named: link.input)
        else { continue }
        outgoing.append(
          HostedAutomaton.Outgoing(
            output: output, target: target, input: input, transform: link.transform, isDelayed: link.isDelayed))
      }
    }
    await shard(of: id).connect(id, outgoing, fresh: fresh)
  }

  /// Says at an automaton and at both ends of its connections which of them carry nothing.
  private func noteLinkProblems(around spec: HostedSpec, _ before: [Link]) async {
    let own = Qualified(owner: spec.owner, name: spec.name)
    var concerned = readers[own] ?? []
    for link in before + spec.links {
      if let id = names[Qualified(owner: spec.owner, name: link.source)] { concerned.insert(id) }
    }
    if specs[spec.id] != nil, !concerned.isEmpty || !(before + spec.links).isEmpty { concerned.insert(spec.id) }
    for id in concerned.sorted() { await shard(of: id).setLinkProblems(id, linkProblems(of: id)) }
  }

  private func linkProblems(of id: String) -> [String] {
    guard let spec = specs[id]?.spec else { return [] }
    var problems: [String] = []
    for link in spec.links {
      if let source = specs[names[Qualified(owner: spec.owner, name: link.source)] ?? ""]?.spec {
        guard let problem = link.problem(from: source.automaton.model, to: spec.automaton.model) else { continue }
        problems.append("\(link): \(problem)")
      } else {
        problems.append("\(link): there is no automaton \(link.source)")
      }
    }
    for reader in (readers[Qualified(owner: spec.owner, name: spec.name)] ?? []).sorted() {
      guard let reader = specs[reader]?.spec, reader.id != id else { continue }
      for link in reader.links where link.source == spec.name {
        guard let problem = link.problem(from: spec.automaton.model, to: reader.automaton.model) else { continue }
        problems.append("\(link) of \(reader.name): \(problem)")
      }
    }
    return problems
  }

  /// - Returns: how many snapshots were written.
  @discardableResult
  private func round(age: Int64) async -> Int {
    var written = 0
    for shard in shards {
      await shard.writeTraces(age: min(age, options.traceAge))
      if let files {
        let records = await shard.takeRecords(max: AutomatonHost.recordsPerRound, age: age)
        // What was removed meanwhile must not come back.
        let present = records.filter { specs[$0.id] != nil }
        written += records.count
        await files.write(present)
      }
      for status in await shard.takeChanged(max: AutomatonHost.reportsPerRound) {
        for listener in listeners.values { listener.yield(.changed(status)) }
      }
    }
    return written
  }
}

/// Compiled models that are in use.
final class CompiledCache: Sendable {
  private struct Key: Hashable {
    var hash: [UInt8]
    var semantics: Semantics
  }

  private struct Entry {
    weak var automaton: CompiledAutomaton?
  }

  private let entries = Mutex<[Key: Entry]>([:])

  func compiled(
    _ automaton: Automaton, semantics: Semantics?
  ) throws(CompiledAutomaton.Failure) -> CompiledAutomaton {
    let key = Key(
      hash: ModelCodec.hash(automaton), semantics: semantics ?? automaton.semantics ?? .strict)
    if let present = entries.withLock({ $0[key]?.automaton }) { return present }
    let compiled = try CompiledAutomaton(automaton, semantics: semantics)
    entries.withLock { entries in
      if entries.count > 64 { entries = entries.filter { $0.value.automaton != nil } }
      entries[key] = Entry(automaton: compiled)
    }
    return compiled
  }
}
