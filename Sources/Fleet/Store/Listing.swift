import Bytes
import Model
import RocksDB

/// One piece of a list.
public struct ResourcePage: Sendable {
  /// In the order of owner, then name (by bytes).
  public var items: [Resource]
  /// The store's revision when the first page was read: watching from here misses nothing of any page.
  public var revision: Int64
  /// Gives the next page; `nil` at the end.
  public var `continue`: String?

  public init(items: [Resource], revision: Int64, continue: String?) {
    self.items = items
    self.revision = revision
    self.continue = `continue`
  }
}

extension ResourceStore {
  /// - Throws: `notFound`.
  public func get(_ key: ResourceKey) async throws(StoreError) -> Resource {
    guard let resource = try engine.resource(key) else { throw .notFound(key) }
    return resource
  }

  /// The resource, `nil` when there is none.
  public func find(_ key: ResourceKey) async throws(StoreError) -> Resource? { try engine.resource(key) }

  /// The resources of a kind, of one owner or of all, as they are at one moment.
  ///
  /// - Parameters:
  ///   - limit: items per page, at least 1; `nil` gives everything in one.
  ///   - continue: the ``ResourcePage/continue`` of the page before, with all other parameters the same.
  /// - Throws: `invalid` for a `continue` that is not from such a list.
  public func list(
    kind: String, owner: String? = nil, selector: LabelSelector? = nil, limit: Int? = nil, continue: String? = nil
  ) async throws(StoreError) -> ResourcePage {
    let query = ListQuery(kind: kind, owner: owner, selector: selector)
    let start = try `continue`.map { text throws(StoreError) in try ListPosition(text, query) }
    let engine = engine
    return try await pool.run { () throws(StoreError) in
      try query.page(engine, limit: limit.map { max(1, $0) }, after: start)
    }
  }
}

/// What a list asks for, and which key range answers it.
struct ListQuery: Sendable {
  var kind: String
  var owner: String?
  var selector: LabelSelector?

  /// Tells lists apart, so that a position is not used with another list.
  var checksum: UInt32 {
    CRC32C.checksum(Array("\(kind)\u{0}\(owner ?? "\u{1}")\u{0}\(selector.map { "\($0.terms)" } ?? "")".utf8))
  }

  private func column(_ keys: StoreKeys) -> (family: ColumnFamily, prefix: [UInt8], isIndex: Bool) {
    let equality = selector?.terms.lazy.compactMap { term -> (String, String)? in
      if case .equals(let name, let value) = term { (name, value) } else { nil }
    }.first
    switch (equality, owner) {
    case (.some((let name, let value)), nil): return (keys.labels, StoreKeys.tuple(kind, name, value), true)
    case (.some((let name, let value)), .some(let owner)):
      return (keys.labels, StoreKeys.tuple(kind, name, value, owner), true)
    case (nil, .some(let owner)): return (keys.resources, StoreKeys.tuple(owner, kind), false)
    case (nil, nil): return (keys.kinds, StoreKeys.tuple(kind), true)
    }
  }

  func page(_ engine: Engine, limit: Int?, after start: ListPosition?) throws(StoreError) -> ResourcePage {
    let snapshot = try stored { () throws(RocksError) in try engine.database.snapshot() }
    let revision: Int64
    if let start { revision = start.revision } else { revision = try engine.revision(at: snapshot) }
    let (family, prefix, isIndex) = column(engine.keys)
    var lower = prefix
    if let start {
      // What follows the prefix in all four ranges is owner (when it is not in the prefix) and name.
      lower += (owner == nil ? StoreKeys.tuple(start.owner) : []) + StoreKeys.tuple(start.name) + [0]
    }
    var cursor = try stored { () throws(RocksError) in
      try Cursor(engine.database, family, from: lower, to: StoreKeys.end(ofPrefix: prefix), at: snapshot)
    }
    var page = ResourcePage(items: [], revision: revision, continue: nil)
    while cursor.next() {
      let resource: Resource
      if isIndex {
        guard let parts = StoreKeys.parts(cursor.key), parts.count >= 3 else { throw .corrupted("a key of an index") }
        let key = ResourceKey(owner: parts[parts.count - 2], kind: kind, name: parts[parts.count - 1])
        guard let found = try engine.resource(key, at: snapshot) else {
          throw .corrupted("an index names \(key), which does not exist")
        }
        resource = found
      } else {
        resource = try Engine.decode(cursor.value, "a resource of kind \(kind)")
      }
      if let selector, !selector.matches(resource.metadata.labels) { continue }
      if let limit, page.items.count == limit {
        page.continue = page.items.last.map { ListPosition(revision, $0.key).text(self) }
        return page
      }
      page.items.append(resource)
    }
    do { try cursor.check() } catch { throw StoreError(error) }
    return page
  }
}

/// Where a list goes on: the revision of its first page and the last item given.
struct ListPosition: Sendable {
  var revision: Int64
  var owner: String
  var name: String

  init(_ revision: Int64, _ key: ResourceKey) {
    self.revision = revision
    owner = key.owner
    name = key.name
  }

  func text(_ query: ListQuery) -> String {
    var writer = ByteWriter()
    writer.bytes += StoreKeys.bigEndian(query.checksum)
    writer.signed(revision)
    writer.string(owner)
    writer.string(name)
    return Hex.encode(writer.bytes)
  }

  init(_ text: String, _ query: ListQuery) throws(StoreError) {
    let problem = StoreError.invalid(
      field: "continue", problem: "is not from this list", accepted: "the text that the page before gave")
    guard text.utf8.count <= 4096, let bytes = try? Hex.decode(text), bytes.count > 4,
      StoreKeys.version(Array(bytes[..<4])) == query.checksum
    else { throw problem }
    do {
      var reader = ByteReader(bytes, from: 4)
      revision = try reader.signed()
      owner = try reader.string()
      name = try reader.string()
      try reader.end()
    } catch { throw problem }
  }
}
