/// The changes after a revision, in order, each exactly once: first from the log, then as they happen. Endless; ends
/// with `nil` when the task is cancelled.
///
/// Every iteration starts at the same revision again. A watcher may be as slow as it likes: nothing is kept for it, it
/// reads the log from its position. Only when the log was compacted beyond it does it get `compacted` and must list
/// again.
public struct ChangeFeed: AsyncSequence, Sendable {
  public typealias Element = Change
  public typealias Failure = StoreError

  let source: ChangeSource
  let revision: Int64
  let filter: ChangeFilter

  public func makeAsyncIterator() -> Iterator {
    Iterator(source: source, position: revision, filter: filter)
  }

  public struct Iterator: AsyncIteratorProtocol {
    let source: ChangeSource
    let filter: ChangeFilter
    /// Everything up to this revision was handed out or did not concern this watcher.
    public private(set) var position: Int64
    private var ready: ArraySlice<Change> = []

    init(source: ChangeSource, position: Int64, filter: ChangeFilter) {
      self.source = source
      self.position = position
      self.filter = filter
    }

    public mutating func next() async throws(StoreError) -> Change? {
      try await next(isolation: nil)
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(StoreError) -> Change? {
      if let change = ready.popFirst() { return change }
      ready = try await load(isolation: actor)[...]
      return ready.popFirst()
    }

    /// Waits for changes and gives all that are at hand; empty when the task was cancelled.
    public mutating func nextBatch(
      isolation actor: isolated (any Actor)? = #isolation
    ) async throws(StoreError) -> [Change] {
      if !ready.isEmpty {
        defer { ready = [] }
        return Array(ready)
      }
      return try await load(isolation: actor)
    }

    private mutating func load(isolation actor: isolated (any Actor)?) async throws(StoreError) -> [Change] {
      while !Task.isCancelled {
        let found: [Change]
        switch await source.hub.wait(
          after: position, filter: filter, max: StoreLimits.logChunkChangesMax)
        {
        case .latest: continue
        case .closed: throw .closed
        case .changes(let changes): found = changes
        case .behind: found = try await source.history(after: position)
        }
        let start = position
        if let last = found.last, last.revision > position { position = last.revision }
        let seen = found.compactMap { $0.revision > start ? filter.view($0) : nil }
        if !seen.isEmpty { return seen }
      }
      return []
    }
  }
}

/// Where feeds get their changes from.
struct ChangeSource: Sendable {
  let hub: ChangeHub
  let engine: Engine
  let pool: BlockingPool

  /// The next piece of the log.
  func history(after position: Int64) async throws(StoreError) -> [Change] {
    let engine = engine
    return try await pool.run { () throws(StoreError) in try engine.changes(after: position) }
  }
}
