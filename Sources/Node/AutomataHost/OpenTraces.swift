import Glibc
import Linux

/// A file of a trace, open for more lines.
final class OpenTrace: Sendable {
  let place: TracePlace
  private let path: String
  private let descriptor: FileDescriptor

  init(_ path: String, _ flags: Int32, _ place: TracePlace) throws(LinuxError) {
    self.path = path
    self.place = place
    descriptor = try .open(path, flags, mode: 0o600)
  }

  /// Whether it still has a name: whoever removes it otherwise would not be noticed.
  var isThere: Bool {
    var status = stat()
    return fstat(descriptor.raw, &status) == 0 && status.st_nlink > 0
  }

  /// Adds lines, all or none.
  func append(_ bytes: [UInt8]) throws(LinuxError) {
    let raw = descriptor.raw
    var done = 0
    let problem: Int32? = bytes.withUnsafeBytes { buffer in
      while done < buffer.count {
        let wrote = Glibc.write(raw, buffer.baseAddress.map { $0 + done }, buffer.count - done)
        if wrote < 0, errno == EINTR { continue }
        if wrote < 0 { return errno }
        done += wrote
      }
      return nil
    }
    guard let problem else { return }
    // Half a line would be taken for damage.
    if done > 0 { ftruncate(raw, lseek(raw, 0, SEEK_END) - off_t(done)) }
    throw LinuxError("write", path, errno: problem)
  }
}

/// Files of traces that are written again and again, kept open so that each second's lines cost one call.
struct OpenTraces {
  /// Files that are not written for so long are closed, in seconds.
  static let unusedMax = 10

  private var files: [String: (file: OpenTrace, usedAt: Int)] = [:]
  private let countMax: Int
  private var now = 0
  private var closedAt = 0

  /// - Parameter countMax: a quarter of the descriptors that the process may have, without.
  init(countMax: Int? = nil) {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    self.countMax = countMax ?? Int(clamping: min(limit.rlim_cur / 4, 1 << 14))
  }

  var count: Int { files.count }

  /// The file of an automaton, when it is open and this one.
  mutating func file(_ id: String, _ place: TracePlace) -> OpenTrace? {
    guard let (file, _) = files[id], file.place == place, file.isThere else { return nil }
    files[id]?.usedAt = now
    return file
  }

  /// Keeps a file open when there is room.
  mutating func keep(_ id: String, _ file: OpenTrace) {
    guard files.count < countMax else { return }
    files[id] = (file, now)
  }

  mutating func close(_ id: String) { files[id] = nil }

  /// Closes what has not been written for long; called before each round of writing.
  mutating func closeUnused() {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    now = time.tv_sec
    guard now - closedAt >= OpenTraces.unusedMax else { return }
    closedAt = now
    files = files.filter { now - $0.value.usedAt < OpenTraces.unusedMax }
  }
}
