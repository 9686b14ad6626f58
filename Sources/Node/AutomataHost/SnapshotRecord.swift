import Automata
import Bytes

/// What a file keeps of one automaton, so that it goes on after a restart.
///
/// "AETHHS02", revision, origin, when it began and failed, latest error, snapshot of the run, and the CRC-32C of all of
/// that. Each snapshot holds the hash of the one before it.
struct SnapshotRecord: Sendable, Equatable {
  static let magic = Array("AETHHS02".utf8)

  var revision: String
  /// When the automaton's clock showed 0, in milliseconds since 1970.
  var origin: Int64
  /// In milliseconds since 1970.
  var beganAt: Int64
  var failedAt: Int64?
  /// How its run stood.
  var snapshot: RunSnapshot
  var lastError: [UInt8]

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.put(raw: SnapshotRecord.magic)
    writer.put16(Array(revision.utf8))
    writer.put(origin)
    writer.put(beganAt)
    writer.put(failedAt ?? -1)
    writer.put16(lastError)
    writer.put32(snapshot.bytes)
    writer.put(CRC32C.checksum(writer.bytes))
    return writer.bytes
  }

  init(
    revision: String, origin: Int64, beganAt: Int64? = nil, failedAt: Int64? = nil, snapshot: RunSnapshot,
    lastError: [UInt8] = []
  ) {
    self.revision = revision
    self.origin = origin
    self.beganAt = beganAt ?? origin
    self.failedAt = failedAt
    self.snapshot = snapshot
    self.lastError = lastError
  }

  /// - Returns: `nil` for bytes that are no record.
  init?(_ bytes: [UInt8]) {
    guard bytes.starts(with: SnapshotRecord.magic), bytes.count > SnapshotRecord.magic.count + 4 else { return nil }
    var tail = ByteReader(Array(bytes.suffix(4)))
    var reader = ByteReader(Array(bytes.dropLast(4)))
    do {
      guard try tail.u32() == CRC32C.checksum(Array(bytes.dropLast(4))) else { return nil }
      _ = try reader.take(SnapshotRecord.magic.count)
      revision = String(decoding: try reader.bytes16(), as: UTF8.self)
      origin = try reader.i64()
      beganAt = try reader.i64()
      let failed = try reader.i64()
      failedAt = failed >= 0 ? failed : nil
      lastError = try reader.bytes16()
      snapshot = try RunSnapshot(try reader.bytes32())
    } catch {
      return nil
    }
    guard origin >= 0, origin < 1 << 60, snapshot.time >= 0, snapshot.time < 1 << 60 else { return nil }
  }
}
