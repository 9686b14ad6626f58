import Glibc
import Linux
import Logging
import Synchronization

/// Traces on disk: a folder for each automaton, with a file `RUN-PART.jsonl` for each part of a run.
final class TraceFiles: Sendable {
  /// Bytes that wait to be written; from there on automata hold back their lines, and in the end lose them.
  static let waitingMax = 16 << 20

  private let directory: String
  private let queue = FileQueue("automata-traces")
  private let logger = Logger("automata")
  private let waiting = Atomic<Int>(0)
  private let failed = Mutex<Set<String>>([])
  /// Files that are written again and again stay open.
  private let open = Mutex(OpenTraces())

  init(_ directory: String) throws(LinuxError) {
    self.directory = directory
    try Files.makeDirectories(directory, mode: 0o700)
  }

  private func folder(_ id: String) -> String { "\(directory)/\(id)" }
  private func path(_ id: String, _ place: TracePlace) -> String { "\(folder(id))/\(place.run)-\(place.part).jsonl" }

  /// Files of an automaton, the oldest first.
  private func places(_ id: String) -> [TracePlace] {
    let names = (try? Files.names(in: folder(id))) ?? []
    return names.compactMap { name -> TracePlace? in
      guard name.hasSuffix(".jsonl") else { return nil }
      let numbers = name.dropLast(".jsonl".count).split(separator: "-").map { UInt32($0) }
      guard numbers.count == 2, let run = numbers[0], let part = numbers[1] else { return nil }
      return TracePlace(run: run, part: part)
    }.sorted()
  }

  // MARK: Writing

  /// Whether so much waits that nothing should be added.
  var isBehind: Bool { waiting.load(ordering: .relaxed) > TraceFiles.waitingMax }

  /// Writes in the order of the calls, later.
  func write(_ writes: [TraceWrite]) {
    guard !writes.isEmpty else { return }
    let count = writes.reduce(0) { $0 + $1.bytes.count }
    waiting.add(count, ordering: .relaxed)
    queue.write { [self] in
      var problem: LinuxError?
      open.withLock { open in
        open.closeUnused()
        for write in writes {
          do throws(LinuxError) { try put(write, &open) } catch {
            problem = error
            open.close(write.id)
            _ = failed.withLock { $0.insert(write.id) }
          }
        }
      }
      waiting.subtract(count, ordering: .relaxed)
      if let problem { logger.error("traces are not written: lines are lost", ["error": .init(problem)]) }
    }
  }

  private func put(_ write: TraceWrite, _ open: inout OpenTraces) throws(LinuxError) {
    if !write.isNew, let file = open.file(write.id, write.place) { return try file.append(write.bytes) }
    open.close(write.id)
    var flags = O_WRONLY | O_APPEND
    if write.isNew {
      flags |= O_CREAT | O_TRUNC
      try Files.makeDirectory(folder(write.id), mode: 0o700)
      for old in places(write.id).dropLast(max(0, write.filesMax - 1)) { unlink(self.path(write.id, old)) }
    }
    let file = try OpenTrace(path(write.id, write.place), flags, write.place)
    try file.append(write.bytes)
    if write.isFrequent { open.keep(write.id, file) }
  }

  /// Automata whose lines could not be written since the last call.
  func takeFailed() -> Set<String> {
    failed.withLock { failed in
      defer { failed = [] }
      return failed
    }
  }

  /// Waits until everything so far is written.
  func flush() async { await queue.writing {} }

  func remove(_ id: String) async {
    await queue.removing(id) { [self] in
      open.withLock { $0.close(id) }
      do throws(LinuxError) { try Files.removeTree(folder(id)) } catch {
        logger.error("trace is not removed", ["automaton": .string(id), "error": .init(error)])
      }
    }
  }

  // MARK: Reading

  /// Number of the last run; 0 without one.
  func lastRun(_ id: String) async -> UInt32 { await queue.reading(id) { [self] in places(id).last?.run ?? 0 } }

  /// Runs of which something is kept, the oldest first.
  func runs(_ id: String) async -> [TraceRun] {
    await queue.writing { [self] in
      var runs: [TraceRun] = []
      for place in places(id) {
        var status = stat()
        guard stat(path(id, place), &status) == 0 else { continue }
        if runs.last?.number != place.run {
          runs.append(TraceRun(number: place.run, isWhole: place.part == 1))
        }
        runs[runs.count - 1].files += 1
        runs[runs.count - 1].bytes += Int64(status.st_size)
        runs[runs.count - 1].writtenAt =
          Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
      }
      return runs
    }
  }

  /// What is written of a run when all that was given to `write` before is.
  ///
  /// - Returns: `nil` when nothing of it is kept.
  func past(_ id: String, run: UInt32, _ filter: TraceFilter, tail: Int?) async -> TracePast? {
    await queue.writing { [self] in
      var files: [TracePast.File] = []
      for place in places(id) where place.run == run {
        do throws(LinuxError) { files.append(try TracePast.File(path(id, place))) } catch {
          // What is behind it begins with a snapshot; a trace with a hole would pass for a whole one.
          logger.error("a trace is given without its beginning: a file is not read", ["error": .init(error)])
          files = []
        }
      }
      return files.isEmpty ? nil : TracePast(files, filter, tail: tail, queue.reader)
    }
  }
}

/// What is kept of one run of an automaton.
public struct TraceRun: Sendable, Equatable {
  public var number: UInt32
  /// Its beginning is kept; otherwise the trace begins with a snapshot.
  public var isWhole: Bool
  /// Its automaton goes on writing it.
  public var isCurrent = false
  public var files = 0
  public var bytes: Int64 = 0
  /// When its last line was written, in milliseconds since 1970.
  public var writtenAt: Int64 = 0
}
