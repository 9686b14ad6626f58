@preconcurrency import Dispatch
import Synchronization

/// Work on files of many automata. What changes files is done in the order of the calls, on a thread of its own. Reading has
/// another one, so that it does not wait for a slow disk; only where files are being removed it waits for that.
final class FileQueue: Sendable {
  let reader: DispatchQueue
  private let writer: DispatchQueue
  /// How many removals of the files of an automaton are under way.
  private let removals = Mutex<[String: Int]>([:])

  init(_ label: String) {
    writer = DispatchQueue(label: label)
    reader = DispatchQueue(label: label + "-readers")
  }

  /// Does something later.
  func write(_ body: @escaping @Sendable () -> Void) { writer.async { body() } }

  /// Does something after everything that was asked for before.
  func writing<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await FileQueue.run(on: writer, body)
  }

  /// - Parameter id: whose files are read.
  func reading<Result: Sendable>(_ id: String, _ body: @escaping @Sendable () -> Result) async -> Result {
    await FileQueue.run(on: isRemoving(id) ? writer : reader, body)
  }

  func isRemoving(_ id: String) -> Bool { removals.withLock { $0[id] != nil } }

  func removing(_ id: String, _ body: @escaping @Sendable () -> Void) async {
    removals.withLock { $0[id, default: 0] += 1 }
    await writing(body)
    removals.withLock { removals in
      let rest = (removals[id] ?? 1) - 1
      removals[id] = rest == 0 ? nil : rest
    }
  }

  private static func run<Result: Sendable>(
    on queue: DispatchQueue, _ body: @escaping @Sendable () -> Result
  ) async -> Result {
    await withCheckedContinuation { continuation in queue.async { continuation.resume(returning: body()) } }
  }
}
