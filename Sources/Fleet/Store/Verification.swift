import Model
import RocksDB

/// What a full look at the store found.
public struct StoreVerification: Sendable, Equatable {
  public var revision: Int64 = 0
  public var resources = 0
  public var indexEntries = 0
  public var changes = 0
  /// One sentence each, the first `faultsMax`; empty for a sound store.
  public var faults: [String] = []

  public static let faultsMax = 100
  public var isSound: Bool { faults.isEmpty }

  mutating func fault(_ text: String) {
    if faults.count < StoreVerification.faultsMax { faults.append(text) }
  }
}

extension ResourceStore {
  /// Compares the indexes with a scan of all resources, and the change log with its bounds, at one moment. Reads
  /// everything, with checksums; writers go on.
  public func verifyIndexes() async throws(StoreError) -> StoreVerification {
    let engine = engine
    return try await pool.run { () throws(StoreError) in try engine.verify() }
  }
}

extension Engine {
  func verify() throws(StoreError) -> StoreVerification {
    let snapshot = try stored { () throws(RocksError) in try database.snapshot() }
    var report = StoreVerification()
    report.revision = try revision(at: snapshot)
    // Every entry that must be there is, and there are no more than that: so the two sets are equal.
    var expected = (kinds: 0, labels: 0)
    try scan(keys.resources, snapshot) { (key, value) throws(StoreError) in
      report.resources += 1
      let resource: Resource
      do throws(DecodingFault) { resource = try ResourceCodec.decode(value) } catch {
        report.fault("resource \(describe(key)) \(error.problem) at byte \(error.offset)")
        return
      }
      if StoreKeys.resource(resource.key) != key { report.fault("\(resource.key) lies under key \(describe(key))") }
      if resource.metadata.revision > report.revision || resource.metadata.revision < 1 {
        let revision = report.revision
        report.fault("\(resource.key) has revision \(resource.metadata.revision) of \(revision)")
      }
      expected.kinds += 1
      expected.labels += resource.metadata.labels.count
      if try !has(keys.kinds, StoreKeys.kind(resource.key), snapshot) {
        report.fault("\(resource.key) is not in the index of kinds")
      }
      for (name, label) in resource.metadata.labels {
        if try !has(keys.labels, StoreKeys.label(resource.key, name, label), snapshot) {
          report.fault("\(resource.key) is not in the index of label \(name)=\(label)")
        }
      }
    }
    for (name, family, expected) in [("kinds", keys.kinds, expected.kinds), ("labels", keys.labels, expected.labels)] {
      var count = 0
      try scan(family, snapshot) { (_, _) in count += 1 }
      report.indexEntries += count
      if count != expected { report.fault("the index of \(name) has \(count) entries, not \(expected)") }
    }
    try verifyChanges(snapshot, &report)
    return report
  }

  private func verifyChanges(_ snapshot: Snapshot, _ report: inout StoreVerification) throws(StoreError) {
    var next = try compacted(at: snapshot) + 1
    try scan(keys.changes, snapshot) { (key, value) throws(StoreError) in
      report.changes += 1
      guard let revision = StoreKeys.integer(key) else {
        report.fault("the change log has the key \(describe(key))")
        return
      }
      if revision != next { report.fault("change \(next) is missing, the next one is \(revision)") }
      next = revision + 1
      do throws(DecodingFault) {
        let change = try ChangeCodec.decode(value)
        if change.revision != revision { report.fault("change \(revision) says that it is \(change.revision)") }
      } catch { report.fault("change \(revision) \(error.problem) at byte \(error.offset)") }
    }
    if next != report.revision + 1 {
      let revision = report.revision
      report.fault("the change log ends at \(next - 1), not at \(revision)")
    }
  }

  private func has(_ family: ColumnFamily, _ key: [UInt8], _ snapshot: Snapshot) throws(StoreError) -> Bool {
    try stored { () throws(RocksError) in try database.get(family, key, at: snapshot) != nil }
  }

  private func scan(
    _ family: ColumnFamily, _ snapshot: Snapshot, _ body: (_ key: [UInt8], _ value: [UInt8]) throws(StoreError) -> Void
  ) throws(StoreError) {
    var cursor = try stored { () throws(RocksError) in
      try Cursor(database, family, at: snapshot, fillsCache: false)
    }
    while cursor.next() { try body(cursor.key, cursor.value) }
    do { try cursor.check() } catch { throw StoreError(error) }
  }

  private func describe(_ key: [UInt8]) -> String {
    StoreKeys.parts(key)?.joined(separator: "/") ?? "\(key.prefix(32))"
  }
}
