import Bytes
import Crypto
import Glibc
import JSON
import Linux

/// An install whose bytes come in pieces. It survives the daemon.
public struct InstallSession: Sendable, Equatable {
  /// 32 digits.
  public var id: String
  /// As asked for; `nil`: the manifest's.
  public var name: String?
  /// Of all bytes.
  public var size: Int
  /// Of all bytes; `nil`: not compared.
  public var sha256: [UInt8]?
  public var source: AppSource
  /// Bytes that have come, from the first on without a hole.
  public var received: Int
  /// Seconds since 1970.
  public var lastUsed: Int64
}

/// The install sessions of a node, each a folder with `session` (what was announced) and `bytes`.
struct InstallSessions: Sendable {
  private let folder: String
  private let files: FileSteps
  private let sessionsMax: Int
  private let idleSeconds: Int64
  private var sessions: [String: InstallSession] = [:]

  /// Reads what an earlier daemon has left.
  init(
    _ registry: AppRegistry, sessionsMax: Int, idleSeconds: Int64, now: Int64, damage: inout [AppDamage]
  ) throws(LinuxError) {
    folder = registry.installs
    files = registry.files
    self.sessionsMax = sessionsMax
    self.idleSeconds = idleSeconds
    for id in try Files.names(in: folder).sorted() {
      do throws(AppRecordError) {
        guard let session = try read(id, now) else {
          // Begun and not announced: nobody has its number.
          try? files.removeTree("\(folder)/\(id)")
          continue
        }
        sessions[id] = session
      } catch {
        damage.append(AppDamage(subject: id, reason: .session(error)))
        try? files.removeTree("\(folder)/\(id)")
      }
    }
    expire(now: now)
  }

  var count: Int { sessions.count }
  var all: [InstallSession] { sessions.values.sorted { $0.id < $1.id } }

  func session(_ id: String) throws(AppError) -> InstallSession {
    guard let session = sessions[id] else { throw .noSession(id) }
    return session
  }

  mutating func begin(
    id: String, name: String?, size: Int, sha256: [UInt8]?, source: AppSource, bytesMax: Int, now: Int64
  ) throws(AppError) -> InstallSession {
    expire(now: now)
    if let name, AppName(name) == nil { throw .invalidName(name) }
    guard size > 0 else { throw .invalid("size", wanted: "1 to \(bytesMax) bytes") }
    guard size <= bytesMax else { throw .tooLarge(bytes: size, bytesMax: bytesMax) }
    if let sha256, sha256.count != 32 { throw .invalid("sha256", wanted: "32 bytes") }
    guard sessions.count < sessionsMax else { throw .tooManySessions(max: sessionsMax) }
    let session = InstallSession(
      id: id, name: name, size: size, sha256: sha256, source: source, received: 0, lastUsed: now)
    do throws(LinuxError) {
      try files.makeDirectory("\(folder)/\(id)")
      try files.write("\(folder)/\(id)/bytes", [])
      try files.replace("\(folder)/\(id)/session", Self.encode(session), in: "\(folder)/\(id)")
      try files.sync(directory: folder)
    } catch {
      try? files.removeTree("\(folder)/\(id)")
      throw .storage(error)
    }
    sessions[id] = session
    return session
  }

  /// Takes bytes at an offset. What has come before may come again, in other pieces too, if it is the same.
  ///
  /// - Returns: how many bytes have come now.
  mutating func write(_ id: String, offset: Int, _ bytes: [UInt8], now: Int64) throws(AppError) -> Int {
    var session = try session(id)
    guard offset >= 0, offset <= session.size, bytes.count <= session.size - offset else {
      throw .pastEnd(size: session.size)
    }
    guard offset <= session.received else { throw .gap(received: session.received) }
    let path = "\(folder)/\(id)/bytes"
    let known = min(bytes.count, session.received - offset)
    let isEqual: Bool
    do throws(LinuxError) {
      isEqual = known == 0 ? true : try Self.read(path, offset, known)[...] == bytes[..<known]
      if isEqual, known < bytes.count { try files.append(path, bytes[known...], at: session.received) }
    } catch {
      throw .storage(error)
    }
    guard isEqual else { throw .otherBytes(offset: offset) }
    session.received += bytes.count - known
    session.lastUsed = now
    sessions[id] = session
    return session.received
  }

  /// All bytes of a session, which stays until it is removed.
  func bytes(_ id: String) throws(AppError) -> [UInt8] {
    let session = try session(id)
    guard session.received == session.size else { throw .incomplete(received: session.received, size: session.size) }
    let bytes: [UInt8]
    do throws(LinuxError) {
      bytes = try Files.readWhole("\(folder)/\(id)/bytes", limit: session.size)
    } catch {
      throw .storage(error)
    }
    guard bytes.count == session.size else { throw .incomplete(received: bytes.count, size: session.size) }
    if let sha256 = session.sha256, Digest.sha256(bytes) != sha256 { throw .digestMismatch }
    return bytes
  }

  mutating func remove(_ id: String) throws(AppError) {
    _ = try session(id)
    sessions[id] = nil
    do throws(LinuxError) { try files.removeTree("\(folder)/\(id)") } catch { throw .storage(error) }
  }

  /// When the first of them has been idle for too long, unless it is used before; `nil`: there is none.
  var nextExpiry: Int64? { sessions.values.map { $0.lastUsed + idleSeconds }.min() }

  /// Removes sessions that nobody has used for too long.
  mutating func expire(now: Int64) {
    for session in sessions.values where now - session.lastUsed >= idleSeconds {
      sessions[session.id] = nil
      try? files.removeTree("\(folder)/\(session.id)")
    }
  }

  // MARK: Files

  /// `nil` for a folder without what makes it a session.
  private func read(_ id: String, _ now: Int64) throws(AppRecordError) -> InstallSession? {
    guard let length = Files.length("\(folder)/\(id)/bytes"),
      let announced = try? Files.readWhole("\(folder)/\(id)/session", limit: 4096)
    else { return nil }
    var session = try Self.decode(announced)
    guard session.id == id, length <= session.size else { throw .field("id") }
    session.received = length
    session.lastUsed = now
    return session
  }

  static func encode(_ session: InstallSession) -> [UInt8] {
    var object: JSONObject = [
      "id": .string(session.id), "size": .integer(Int64(session.size)),
      "source": .integer(Int64(session.source.rawValue)),
    ]
    object["name"] = session.name.map { .string($0) }
    object["sha256"] = session.sha256.map { .string(Hex.encode($0)) }
    return CheckedDocument.encode("aether-install", .object(object))
  }

  static func decode(_ bytes: [UInt8]) throws(AppRecordError) -> InstallSession {
    let fields = try CheckedDocument.decode("aether-install", bytes)
    var session = InstallSession(
      id: try fields.text("id"), size: try fields.int("size", 1...Int64(Int32.max)),
      source: try fields.source("source"), received: 0, lastUsed: 0)
    if fields.has("name") { session.name = try fields.text("name") }
    if fields.has("sha256") { session.sha256 = try fields.hex("sha256", count: 32) }
    return session
  }

  private static func read(_ path: String, _ offset: Int, _ count: Int) throws(LinuxError) -> [UInt8] {
    let file = try FileDescriptor.open(path)
    if lseek(file.raw, off_t(offset), SEEK_SET) < 0 { throw LinuxError("lseek", path, errno: errno) }
    return try file.readAll(limit: count)
  }
}
