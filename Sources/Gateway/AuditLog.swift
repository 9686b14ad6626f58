import Glibc
import JSON
import Model
import Synchronization

/// Who asked for what, and what came of it: one JSON object a line, in `audit.jsonl` of a folder, mode 0600.
///
/// Lines are written by a thread of its own, in order. The queue is bounded; when the disk cannot keep up, lines are
/// counted as lost, and the next line that is written says how many. Files rotate by size.
public final class AuditLog: Sendable {
  public static let queueCountMax = 16_384

  public struct Entry: Sendable {
    public var time: Timestamp
    public var requestID: String
    /// `sub` of the token; `nil` before authentication.
    public var user: String?
    public var remoteAddress: String
    public var method: String
    public var path: String
    public var status: Int
    public var durationMicroseconds: Int64

    var json: JSON {
      [
        "time": .string(time.description), "requestId": .string(requestID), "user": user.map { .string($0) } ?? .null,
        "remote": .string(remoteAddress), "method": .string(method), "path": .string(path),
        "status": .integer(Int64(status)), "micros": .integer(durationMicroseconds),
      ]
    }
  }

  private struct Queue {
    var entries: [Entry] = []
    var lostCount = 0
    var isClosed = false
  }

  private let file: String
  private let sizeMax: Int
  private let fileCountMax: Int
  private let queue = Mutex(Queue())
  private let wake: Int32
  private let finished: Int32

  /// - Parameters:
  ///   - directory: made with mode 0700 when absent.
  ///   - sizeMax: bytes of one file.
  ///   - fileCountMax: files kept, the current one included.
  /// - Throws: ``APIError`` `unavailable` when the folder cannot be written.
  public init(directory: String, sizeMax: Int = 16 << 20, fileCountMax: Int = 8) throws(APIError) {
    if mkdir(directory, 0o700) != 0, errno != EEXIST {
      throw APIError(.unavailable, "audit folder \(directory): \(String(cString: strerror(errno)))")
    }
    file = directory + "/audit.jsonl"
    self.sizeMax = sizeMax
    self.fileCountMax = fileCountMax
    wake = eventfd(0, Int32(EFD_CLOEXEC.rawValue))
    finished = eventfd(0, Int32(EFD_CLOEXEC.rawValue))
    let descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard wake >= 0, finished >= 0, descriptor >= 0 else {
      throw APIError(.unavailable, "audit file \(file): \(String(cString: strerror(errno)))")
    }
    let thread = Unmanaged.passRetained(Writer(log: self, descriptor: descriptor))
    var id = pthread_t()
    pthread_create(&id, nil, { Unmanaged<Writer>.fromOpaque($0!).takeRetainedValue().run(); return nil }, thread.toOpaque())
    pthread_detach(id)
  }

  deinit {
    Glibc.close(wake)
    Glibc.close(finished)
  }

  public func record(_ entry: Entry) {
    let wasEmpty = queue.withLock { queue in
      guard !queue.isClosed, queue.entries.count < AuditLog.queueCountMax else {
        queue.lostCount += 1
        return false
      }
      queue.entries.append(entry)
      return queue.entries.count == 1
    }
    if wasEmpty { signal(wake) }
  }

  /// Writes what is queued and ends the thread. Blocks until that is done.
  public func close() {
    let isFirst = queue.withLock { queue in
      defer { queue.isClosed = true }
      return !queue.isClosed
    }
    guard isFirst else { return }
    signal(wake)
    wait(finished)
  }

  private func signal(_ descriptor: Int32) {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  private func wait(_ descriptor: Int32) {
    var count: UInt64 = 0
    while read(descriptor, &count, 8) < 0, errno == EINTR {}
  }

  /// The thread's side.
  private final class Writer {
    private let log: AuditLog
    private var descriptor: Int32

    init(log: AuditLog, descriptor: Int32) {
      self.log = log
      self.descriptor = descriptor
    }

    func run() {
      while true {
        log.wait(log.wake)
        let (entries, lostCount, isClosed) = log.queue.withLock { queue in
          defer {
            queue.entries.removeAll()
            queue.lostCount = 0
          }
          return (queue.entries, queue.lostCount, queue.isClosed)
        }
        var bytes: [UInt8] = []
        if lostCount > 0 {
          let line: JSON = ["time": .string(Timestamp.now().description), "lost": .integer(Int64(lostCount))]
          line.write(to: &bytes)
          bytes.append(0x0A)
        }
        for entry in entries {
          entry.json.write(to: &bytes)
          bytes.append(0x0A)
        }
        append(bytes)
        if isClosed { break }
      }
      Glibc.close(descriptor)
      log.signal(log.finished)
    }

    private func append(_ bytes: [UInt8]) {
      rotateIfNeeded(adding: bytes.count)
      var offset = 0
      while offset < bytes.count {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + offset, $0.count - offset) }
        if count > 0 {
          offset += count
        } else if errno != EINTR {
          // A full disk must not stop the daemon; the loss shows as a gap, and in the next line that can be written.
          log.queue.withLock { $0.lostCount += 1 }
          return
        }
      }
    }

    private func rotateIfNeeded(adding count: Int) {
      var status = stat()
      guard fstat(descriptor, &status) == 0, Int(status.st_size) + count > log.sizeMax, status.st_size > 0 else { return }
      for index in stride(from: log.fileCountMax - 1, through: 1, by: -1) {
        let older = index == 1 ? log.file : "\(log.file).\(index - 1)"
        rename(older, "\(log.file).\(index)")
      }
      let next = open(log.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
      guard next >= 0 else { return }
      Glibc.close(descriptor)
      descriptor = next
    }
  }
}
