import Dispatch
import Glibc
import JSON
import Model
import Synchronization

/// Who asked for what, and what came of it, and what apps tried: one JSON object a line, in `audit.jsonl` of a folder, mode 0600.
///
/// Lines are written on a queue of its own, in order. The queue is bounded; when the disk cannot keep up or is full,
/// lines are counted as lost, and the next line that is written says how many. Files rotate by size. Every line is
/// whole: what could be written of others is taken back.
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

  /// Something about an app that matters for security, as the node saw it.
  public struct AppEntry: Sendable {
    public var time: Timestamp
    /// Owner of the app.
    public var user: String
    public var app: String
    /// The reference's word, such as `CAPABILITY_DENIED`.
    public var event: String
    public var detail: String

    public init(time: Timestamp, user: String, app: String, event: String, detail: String) {
      self.time = time
      self.user = user
      self.app = app
      self.event = event
      self.detail = detail
    }

    var json: JSON {
      [
        "time": .string(time.description), "user": .string(user), "app": .string(app), "event": .string(event),
        "detail": .string(detail),
      ]
    }
  }

  private enum Line {
    case request(Entry)
    case app(AppEntry)

    var json: JSON {
      switch self {
      case .request(let entry): entry.json
      case .app(let entry): entry.json
      }
    }
  }

  private struct Pending {
    var entries: [Line] = []
    var lostCount = 0
  }

  private let pending = Mutex(Pending())
  private let writing = DispatchQueue(label: "aether.audit")
  private let output: Output

  /// - Parameters:
  ///   - directory: made with mode 0700 when absent.
  ///   - sizeMax: bytes of one file.
  ///   - fileCountMax: files kept, the current one included.
  /// - Throws: ``APIError`` `unavailable` when the folder cannot be written.
  public init(directory: String, sizeMax: Int = 16 << 20, fileCountMax: Int = 8) throws(APIError) {
    if mkdir(directory, 0o700) != 0, errno != EEXIST {
      throw APIError(.unavailable, "audit folder \(directory): \(String(cString: strerror(errno)))")
    }
    let path = directory + "/audit.jsonl"
    guard let output = Output(path: path, sizeMax: sizeMax, fileCountMax: fileCountMax) else {
      throw APIError(.unavailable, "audit file \(path): \(String(cString: strerror(errno)))")
    }
    self.output = output
  }

  public func record(_ entry: Entry) { add(.request(entry)) }
  public func record(_ entry: AppEntry) { add(.app(entry)) }

  private func add(_ line: Line) {
    let isFirst = pending.withLock { pending in
      guard pending.entries.count < AuditLog.queueCountMax else {
        pending.lostCount += 1
        return false
      }
      pending.entries.append(line)
      return pending.entries.count == 1
    }
    if isFirst { writing.async { self.drain() } }
  }

  /// Writes what is queued. Blocks until that is done.
  public func flush() { writing.sync { drain() } }

  private func drain() {
    let taken = pending.withLock { pending in
      defer { pending = Pending() }
      return pending
    }
    var bytes: [UInt8] = []
    if taken.lostCount > 0 {
      let line: JSON = ["time": .string(Timestamp.now().description), "lost": .integer(Int64(taken.lostCount))]
      line.write(to: &bytes)
      bytes.append(0x0A)
    }
    for entry in taken.entries {
      entry.json.write(to: &bytes)
      bytes.append(0x0A)
    }
    guard !output.append(bytes) else { return }
    // A full disk must not stop the daemon: the next line that can be written says how many are missing.
    pending.withLock { $0.lostCount += taken.entries.count + taken.lostCount }
  }

  /// The file. Used on the log's queue only.
  private final class Output: @unchecked Sendable {
    // Sendable: touched on the serial queue `writing` only.
    private let path: String
    private let sizeMax: Int
    private let fileCountMax: Int
    private var descriptor: Int32

    init?(path: String, sizeMax: Int, fileCountMax: Int) {
      self.path = path
      self.sizeMax = sizeMax
      self.fileCountMax = fileCountMax
      descriptor = Output.open(path)
      if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    private static func open(_ path: String) -> Int32 {
      let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
      if descriptor >= 0 { cutUnfinishedLine(descriptor) }
      return descriptor
    }

    /// Removes the part of a line that a daemon which was killed may have left at the end.
    private static func cutUnfinishedLine(_ descriptor: Int32) {
      var end = length(descriptor)
      var byte: UInt8 = 0
      while end > 0, pread(descriptor, &byte, 1, end - 1) == 1, byte != 0x0A { end -= 1 }
      if end < length(descriptor) { ftruncate(descriptor, end) }
    }

    private static func length(_ descriptor: Int32) -> Int {
      var status = stat()
      return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// - Returns: whether all was written. Otherwise nothing was.
    func append(_ bytes: [UInt8]) -> Bool {
      rotateIfNeeded(adding: bytes.count)
      let start = Output.length(descriptor)
      var offset = 0
      while offset < bytes.count {
        let count = bytes.withUnsafeBytes { bytes in
          write(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
        }
        if count > 0 {
          offset += count
        } else if errno != EINTR {
          ftruncate(descriptor, start)
          return false
        }
      }
      return true
    }

    private func rotateIfNeeded(adding count: Int) {
      let length = Output.length(descriptor)
      guard length > 0, length + count > sizeMax else { return }
      for index in stride(from: fileCountMax - 1, through: 1, by: -1) {
        rename(index == 1 ? path : "\(path).\(index - 1)", "\(path).\(index)")
      }
      let next = Output.open(path)
      guard next >= 0 else { return }
      close(descriptor)
      descriptor = next
    }
  }
}
