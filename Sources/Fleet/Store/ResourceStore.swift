import JSON
import Model
import RocksDB

/// The one place where resources live: durable, with compare-and-set writes, lists by owner, kind and label, and an
/// ordered feed of changes.
///
/// A write returns only when it is on the disk. Writes of many callers share one sync. Point reads run where they are
/// called (a read of a cached block, a few microseconds); everything that may read much runs on the store's own
/// threads.
public final class ResourceStore: Sendable {
  /// Where the store lies.
  public let path: String
  let engine: Engine
  let hub: ChangeHub
  let pool: BlockingPool
  let options: StoreOptions
  private let writer: Writer

  /// Opens the store in a directory, which is made when it does not exist; its parent must exist. Blocks.
  ///
  /// - Throws: ``StoreError`` `locked`, `foreignDirectory`, `newerSchema`, `corrupted`, `storageFull`, `unavailable`.
  public convenience init(path: String, options: StoreOptions = StoreOptions()) throws(StoreError) {
    try self.init(path: path, options: options, schema: .current)
  }

  init(path: String, options: StoreOptions, schema: StoreSchema) throws(StoreError) {
    let engine = try schema.open(path)
    let revision = try engine.revision()
    self.path = path
    self.engine = engine
    self.options = options
    hub = ChangeHub(latest: revision)
    pool = BlockingPool(name: "store-reader", threads: options.readerThreads)
    writer = Writer(
      engine: engine, hub: hub, options: options, revision: revision, compacted: try engine.compacted())
  }

  deinit { close() }

  /// Finishes the writes that were handed in, ends every feed, and closes the directory. Blocks.
  public func close() {
    writer.close()
    hub.close()
    engine.database.close()
  }

  /// The revision of the last write.
  public var revision: Int64 { hub.latest }

  /// Does several writes as one: all of them happen, at consecutive revisions, or none.
  ///
  /// Later writes see what earlier ones did.
  /// - Returns: what each write did, in order.
  public func transaction(_ writes: [Write]) async throws(StoreError) -> [WriteOutcome] {
    let writer = writer
    let result: Result<[WriteOutcome], StoreError> = await withCheckedContinuation { continuation in
      writer.submit(.transaction(writes) { continuation.resume(returning: $0) })
    }
    return try result.get()
  }

  private func single(_ write: Write) async throws(StoreError) -> WriteOutcome {
    guard let outcome = try await transaction([write]).first else { throw .unavailable("a write without an outcome") }
    return outcome
  }

  private func resource(_ write: Write) async throws(StoreError) -> Resource {
    guard let resource = try await single(write).resource else { throw .notFound(write.key) }
    return resource
  }

  /// Stores a new resource; see ``Write/create(_:)``.
  @discardableResult
  public func create(_ resource: Resource) async throws(StoreError) -> Resource {
    try await self.resource(.create(resource))
  }

  /// Replaces `spec`, labels, annotations and finalizers of a resource.
  ///
  /// - Parameter expected: the revision that the change is based on; `nil` overwrites whatever is stored.
  /// - Throws: `conflict` with the current revision.
  @discardableResult
  public func update(_ resource: Resource, expected: Int64?) async throws(StoreError) -> Resource {
    try await self.resource(.update(resource, expected: expected))
  }

  /// Replaces the status; never raises the generation.
  @discardableResult
  public func updateStatus(
    _ key: ResourceKey, uid: String? = nil, expected: Int64? = nil, status: JSON
  ) async throws(StoreError) -> Resource {
    try await resource(.updateStatus(key, uid: uid, expected: expected, status: status))
  }

  /// Creates the resource or brings the stored one to the wanted `spec`, labels and annotations. Writes nothing when
  /// it is so already.
  @discardableResult
  public func apply(_ resource: Resource, expected: Int64? = nil) async throws(StoreError) -> WriteOutcome {
    try await single(.apply(resource, expected: expected))
  }

  /// Removes the resource; while it has finalizers it is only marked, by `metadata.deletedAt`.
  @discardableResult
  public func delete(
    _ key: ResourceKey, uid: String? = nil, expected: Int64? = nil
  ) async throws(StoreError) -> WriteOutcome {
    try await single(.delete(key, uid: uid, expected: expected))
  }

  /// Takes a finalizer away; a resource marked as deleted goes with its last one.
  @discardableResult
  public func removeFinalizer(
    _ key: ResourceKey, _ finalizer: String, uid: String? = nil
  ) async throws(StoreError) -> WriteOutcome {
    try await single(.removeFinalizer(key, finalizer, uid: uid))
  }

  /// The changes after a revision, then the ones to come. To watch a list, give the revision of its first page.
  ///
  /// - Throws: `compacted` or `revisionAhead`: list again.
  public func changes(since revision: Int64, filter: ChangeFilter = .all) throws(StoreError) -> ChangeFeed {
    let latest = hub.latest
    guard revision <= latest else { throw .revisionAhead(requested: revision, current: latest) }
    let compacted = try engine.compacted()
    guard revision >= compacted else { throw .compacted(oldest: compacted) }
    return ChangeFeed(source: ChangeSource(hub: hub, engine: engine, pool: pool), revision: revision, filter: filter)
  }

  /// Forgets the changes up to a revision. Happens by itself, too (``StoreOptions/changesMax``).
  public func compactChanges(upTo revision: Int64) async throws(StoreError) {
    let writer = writer
    let result: Result<[WriteOutcome], StoreError> = await withCheckedContinuation { continuation in
      writer.submit(.compact(upTo: revision) { continuation.resume(returning: $0) })
    }
    _ = try result.get()
  }
}
