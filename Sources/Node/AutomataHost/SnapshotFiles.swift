import Linux
import Logging

/// Snapshots on disk, one file for each automaton, written as a whole or not at all.
final class SnapshotFiles: Sendable {
  static let sizeMax = 64 << 20

  private let directory: String
  private let queue = FileQueue("automata-snapshots")
  private let logger = Logger("automata")

  init(_ directory: String) throws(LinuxError) {
    self.directory = directory
    try Files.makeDirectories(directory, mode: 0o700)
  }

  private func path(_ id: String) -> String { "\(directory)/\(id).snapshot" }

  /// `nil` when there is none, or none that can be read.
  func read(_ id: String) async -> SnapshotRecord? {
    await queue.reading(id) { [self] in
      guard Files.exists(path(id)) else { return nil }
      do throws(LinuxError) {
        if let record = SnapshotRecord(try Files.read(path(id), limit: SnapshotFiles.sizeMax)) { return record }
        logger.warning("snapshot is damaged: the automaton begins anew", ["file": .string(path(id))])
      } catch {
        logger.warning("snapshot cannot be read: the automaton begins anew", ["error": .init(error)])
      }
      return nil
    }
  }

  func write(_ records: [(id: String, bytes: [UInt8])]) async {
    guard !records.isEmpty else { return }
    await queue.writing { [self] in
      for (id, bytes) in records {
        do throws(LinuxError) {
          try Files.replace(path(id), with: bytes, mode: 0o600, durable: true)
        } catch {
          logger.error("snapshot is not written", ["automaton": .string(id), "error": .init(error)])
        }
      }
    }
  }

  func remove(_ id: String) async {
    await queue.removing(id) { [self] in
      do throws(LinuxError) { try Files.removeTree(path(id)) } catch {
        logger.error("snapshot is not removed", ["automaton": .string(id), "error": .init(error)])
      }
    }
  }
}
