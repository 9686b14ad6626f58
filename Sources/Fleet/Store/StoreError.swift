import Model
import RocksDB

/// Why the store refused or failed. Becomes an `APIError` in ``apiError`` only.
public enum StoreError: Error, Sendable, Equatable {
  case notFound(ResourceKey)
  case alreadyExists(ResourceKey)
  /// The stored resource is at revision `current` (0 when there is none), not at the one that the writer expected.
  case conflict(ResourceKey, expected: Int64, current: Int64)
  /// The resource was deleted and created again: its uid differs from the one that the writer expected.
  case replaced(ResourceKey, expected: String, current: String)
  /// The resource is on its way out, so it cannot be applied.
  case deleting(ResourceKey)
  /// A field of the request is not acceptable.
  case invalid(field: String, problem: String, accepted: String)
  /// `what` has more than `max` bytes or members.
  case tooLarge(what: String, size: Int, max: Int)
  /// Changes up to the asked revision are no longer kept; the oldest revision to resume after is `oldest`.
  case compacted(oldest: Int64)
  /// The asked revision was never reached here: the store was restored from an older backup or is another store.
  case revisionAhead(requested: Int64, current: Int64)
  /// The disk is full (or nearly); nothing was written.
  case storageFull(String)
  /// More writes wait than `StoreLimits.queuedWritesMax`.
  case overloaded
  /// Stored bytes are damaged.
  case corrupted(String)
  /// Another process has the store open.
  case locked(String)
  /// The store was written by a newer release.
  case newerSchema(found: UInt32, supported: UInt32)
  /// The directory holds something that is not a store.
  case foreignDirectory(String)
  /// The store was closed.
  case closed
  /// Reading or writing failed for another reason.
  case unavailable(String)
}

extension StoreError: CustomStringConvertible {
  public var description: String { apiError.message }

  init(_ error: RocksError) {
    self =
      switch error {
      case .locked: .locked(error.description)
      case .noSpace(let message): .storageFull(message)
      case .corruption(let message): .corrupted(message)
      case .closed: .closed
      case .invalidArgument(let message), .io(let message), .other(let message): .unavailable(message)
      }
  }

  public var apiError: APIError {
    switch self {
    case .notFound(let key): APIError(.notFound, "\(key.kind) \"\(key.name)\" does not exist")
    case .alreadyExists(let key): APIError(.alreadyExists, "\(key.kind) \"\(key.name)\" exists already")
    case .conflict(let key, let expected, let current):
      APIError(
        .conflict,
        current == 0
          ? "\(key.kind) \"\(key.name)\" does not exist, expected revision \(expected)"
          : "\(key.kind) \"\(key.name)\" is at revision \(current), not \(expected); read it and change it again",
        field: "metadata.revision")
    case .replaced(let key, let expected, let current):
      APIError(
        .conflict, "\(key.kind) \"\(key.name)\" was created again: its uid is \(current), not \(expected)",
        field: "metadata.uid")
    case .deleting(let key):
      APIError(
        .conflict, "\(key.kind) \"\(key.name)\" is being deleted; try again when it is gone", retryAfterSeconds: 1)
    case .invalid(let field, let problem, let accepted): .invalid(field, problem, accepted: accepted)
    case .tooLarge(let what, let size, let max): APIError(.tooLarge, "\(what) has \(size), at most \(max) are accepted")
    case .compacted(let oldest):
      APIError(.compacted, "changes before revision \(oldest) are no longer kept; list again and watch from there")
    case .revisionAhead(let requested, let current):
      APIError(.compacted, "revision \(requested) is ahead of the store (\(current)); list again and watch from there")
    case .storageFull(let message):
      APIError(.storageFull, "the store's disk is full, nothing was written: \(message)", retryAfterSeconds: 10)
    case .overloaded: APIError(.unavailable, "too many writes are waiting", retryAfterSeconds: 1)
    case .corrupted(let message): APIError(.internal, "the store is damaged: \(message)")
    case .locked(let message): APIError(.unavailable, "the store is open elsewhere: \(message)")
    case .newerSchema(let found, let supported):
      APIError(
        .failedPrecondition,
        "the store has schema version \(found), this release knows up to \(supported); use the release that wrote it")
    case .foreignDirectory(let path):
      APIError(.failedPrecondition, "\(path) holds files that are not an Aether store; choose an empty directory")
    case .closed: APIError(.unavailable, "the store is closed")
    case .unavailable(let message): APIError(.unavailable, "the store failed: \(message)")
    }
  }
}

/// Runs calls of the RocksDB wrapper, giving this module's error.
@inline(__always)
func stored<Result: ~Copyable>(_ body: () throws(RocksError) -> Result) throws(StoreError) -> Result {
  do { return try body() } catch { throw StoreError(error) }
}
