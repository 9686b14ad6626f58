@preconcurrency import Dispatch
import Bytes
import Crypto
import Glibc
import JSON
import Linux

/// Bytes that were stored under their SHA-256.
public struct StoredArtifact: Sendable, Equatable {
  /// 64 digits in lower case.
  public var digest: String
  public var size: Int

  public init(digest: String, size: Int) {
    self.digest = digest
    self.size = size
  }
}

/// An upload under way. Its bytes survive the daemon.
public struct ArtifactUpload: Sendable, Equatable {
  /// 32 digits, not guessable.
  public var id: String
  /// Of all bytes; `nil`: as many as come.
  public var size: Int?
  /// Of all bytes, 64 digits in lower case; `nil`: not compared.
  public var digest: String?
  /// Bytes that have come.
  public var received: Int
}

/// Files by owner and SHA-256, and uploads that become such files. Nothing of one owner can be seen by another.
///
/// Bytes go to the disk as they come, and are hashed on the way. All work is done on a queue of the store, which waits for
/// the disk. When an owner has more than allowed, what was used longest ago goes.
public actor ArtifactStore {
  public struct Limits: Sendable {
    public var artifactBytesMax = 64 << 20
    /// Of one owner.
    public var ownerBytesMax = 512 << 20
    /// Of one owner.
    public var uploadsMax = 16
    /// Uploads that nobody has written to for so long are dropped, asked or not.
    public var idleSeconds: Int64 = 600

    public init() {}
  }

  public nonisolated let limits: Limits
  private let root: String
  private var uploads: [Key: OpenUpload] = [:]
  /// Until the next upload may have been idle for too long; `nil`: there is none.
  private var idleTimer: Task<Void, Never>?
  private nonisolated let executor = ArtifactQueue()

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private struct Key: Hashable {
    /// The owner's.
    var folder: String
    var id: String
  }

  /// - Parameter root: a folder of the store's own, made when missing.
  public init(root: String, limits: Limits = Limits()) throws(ArtifactError) {
    self.root = root
    self.limits = limits
    do throws(LinuxError) { try Files.makeDirectories(root, mode: 0o700) } catch { throw .storage(error) }
    // An earlier daemon may have left some.
    Task { [weak self] in await self?.watchUploads() }
  }

  /// Owners are what tokens say; folders are named by a digest of that.
  private func folder(_ owner: String) -> String { "\(root)/\(Hex.encode(Digest.sha256(owner.utf8).prefix(16)))" }
  private func uploadPath(_ key: Key) -> String { "\(key.folder)/uploads/\(key.id)" }
  private func artifactPath(_ owner: String, _ digest: String) -> String { "\(folder(owner))/\(digest)" }

  static func isDigest(_ text: String) -> Bool { isHex(text, 64) }

  private static func isHex(_ text: String, _ count: Int) -> Bool {
    text.utf8.count == count && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  // MARK: Reading

  /// The bytes of an artifact.
  public func bytes(of digest: String, owner: String) throws(ArtifactError) -> [UInt8] {
    guard Self.isDigest(digest) else { throw .noArtifact(digest) }
    let path = artifactPath(owner, digest)
    guard Files.exists(path) else { throw .noArtifact(digest) }
    // Used now: the last one to go.
    _ = utimes(path, nil)
    do throws(LinuxError) {
      let bytes = try Files.read(path, limit: limits.artifactBytesMax)
      guard Hex.encode(Digest.sha256(bytes)) == digest else {
        unlink(path)
        throw LinuxError("read", path, errno: EIO)
      }
      return bytes
    } catch {
      throw .storage(error)
    }
  }

  public func artifacts(owner: String) -> [StoredArtifact] {
    stored(owner).map { StoredArtifact(digest: $0.digest, size: $0.size) }.sorted { $0.digest < $1.digest }
  }

  // MARK: Uploading

  /// Begins an upload.
  ///
  /// - Parameters:
  ///   - size: of all bytes; `nil` when it is not known before.
  ///   - digest: SHA-256 of all bytes, compared at the end.
  public func begin(owner: String, size: Int? = nil, digest: String? = nil) throws(ArtifactError) -> ArtifactUpload {
    _ = expire(in: folder(owner))
    if let size, size > limits.artifactBytesMax { throw .tooLarge(bytes: size, bytesMax: limits.artifactBytesMax) }
    let key = Key(folder: folder(owner), id: Hex.encode(SecureRandom.bytes(16)))
    let announced = ArtifactUpload(id: key.id, size: size, digest: digest, received: 0)
    do throws(LinuxError) {
      let folder = "\(key.folder)/uploads"
      try Files.makeDirectories(folder, mode: 0o700)
      guard try Files.names(in: folder).count < 2 * limits.uploadsMax else {
        throw LinuxError("begin", folder, errno: EMFILE)
      }
      try Files.replace("\(uploadPath(key)).json", with: announced.json.bytes(), mode: 0o600)
      uploads[key] = try OpenUpload(path: uploadPath(key), announced)
    } catch {
      throw error.call == "begin" ? .tooManyUploads(max: limits.uploadsMax) : .storage(error)
    }
    if idleTimer == nil { watchUploads() }
    return announced
  }

  public func upload(_ id: String, owner: String) throws(ArtifactError) -> ArtifactUpload {
    try open(Key(folder: folder(owner), id: id)).upload
  }

  /// Takes the next bytes. Those that have come before are skipped, so that a client may go back.
  ///
  /// - Returns: how many have come now.
  @discardableResult
  public func write(_ id: String, owner: String, offset: Int, _ bytes: [UInt8]) throws(ArtifactError) -> Int {
    let upload = try open(Key(folder: folder(owner), id: id))
    let received = upload.upload.received
    guard offset >= 0, offset <= received else { throw .wrongOffset(received: received) }
    let fresh = bytes.dropFirst(received - offset)
    let (end, overflow) = received.addingReportingOverflow(fresh.count)
    if let size = upload.upload.size, end > size { throw .pastEnd(size: size) }
    guard !overflow, end <= limits.artifactBytesMax else {
      throw .tooLarge(bytes: overflow ? .max : end, bytesMax: limits.artifactBytesMax)
    }
    do throws(LinuxError) { try upload.append(fresh) } catch { throw .storage(error) }
    return end
  }

  /// Makes an artifact of an upload that is complete; one that is not stays, so that it can go on.
  public func commit(_ id: String, owner: String) throws(ArtifactError) -> StoredArtifact {
    let key = Key(folder: folder(owner), id: id)
    let open = try open(key)
    let upload = open.upload
    if let size = upload.size, upload.received != size { throw .incomplete(received: upload.received, size: size) }
    guard upload.received > 0 else { throw .incomplete(received: 0, size: 1) }
    let artifact: StoredArtifact
    do throws(LinuxError) {
      let digest = try open.finish()
      uploads[key] = nil
      if let announced = upload.digest, announced != digest {
        remove(key)
        throw LinuxError("compare", digest, errno: EINVAL)
      }
      artifact = StoredArtifact(digest: digest, size: upload.received)
      let path = artifactPath(owner, digest)
      guard rename(uploadPath(key), path) == 0 else { throw LinuxError("rename", path, errno: errno) }
      unlink("\(uploadPath(key)).json")
    } catch {
      throw error.call == "compare" ? .digestMismatch(error.subject) : .storage(error)
    }
    evict(owner, keeping: artifact.digest)
    return artifact
  }

  public func abort(_ id: String, owner: String) throws(ArtifactError) {
    let key = Key(folder: folder(owner), id: id)
    _ = try open(key)
    uploads[key] = nil
    remove(key)
  }

  private func remove(_ key: Key) {
    unlink(uploadPath(key))
    unlink("\(uploadPath(key)).json")
  }

  /// An upload of this life of the daemon, or what an earlier one has of it.
  private func open(_ key: Key) throws(ArtifactError) -> OpenUpload {
    if let known = uploads[key] { return known }
    guard Self.isHex(key.id, 32),
      let announced = try? Files.read("\(uploadPath(key)).json", limit: 4096),
      let json = try? JSON.parse(announced), var upload = ArtifactUpload(json: json, id: key.id)
    else { throw .noUpload(key.id) }
    do throws(LinuxError) {
      let open = try OpenUpload(path: uploadPath(key), upload)
      upload = open.upload
      uploads[key] = open
      return open
    } catch {
      throw .storage(error)
    }
  }

  // MARK: Room

  private func stored(_ owner: String) -> [(digest: String, size: Int, usedAt: Int64)] {
    let folder = folder(owner)
    return ((try? Files.names(in: folder)) ?? []).filter(Self.isDigest).compactMap { name in
      var status = stat()
      guard stat("\(folder)/\(name)", &status) == 0 else { return nil }
      let usedAt = Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
      return (name, Int(status.st_size), usedAt)
    }
  }

  private func evict(_ owner: String, keeping digest: String) {
    let all = stored(owner)
    var total = all.reduce(0) { $0 + $1.size }
    for artifact in all.sorted(by: { $0.usedAt < $1.usedAt }) where artifact.digest != digest {
      guard total > limits.ownerBytesMax else { return }
      unlink(artifactPath(owner, artifact.digest))
      total -= artifact.size
    }
  }

  /// Drops uploads of an owner that nobody has written to for long.
  ///
  /// - Returns: when the next one may be dropped, in seconds since 1970; `nil`: there is none.
  private func expire(in folder: String) -> Int64? {
    guard let names = try? Files.names(in: "\(folder)/uploads") else { return nil }
    let now = Int64(time(nil))
    var next: Int64?
    for id in Set(names.map { String($0.prefix { $0 != "." }) }) {
      let key = Key(folder: folder, id: id)
      var status = stat()
      if stat(uploadPath(key), &status) == 0 {
        let end = Int64(status.st_mtim.tv_sec) + limits.idleSeconds
        if end > now {
          next = min(next ?? end, end)
          continue
        }
      }
      uploads[key] = nil
      remove(key)
    }
    return next
  }

  /// Drops uploads of all owners that nobody has written to for long, and looks again when the next one may be due.
  private func watchUploads() {
    idleTimer = nil
    var next: Int64?
    for name in (try? Files.names(in: root)) ?? [] {
      if let end = expire(in: "\(root)/\(name)") { next = min(next ?? end, end) }
    }
    guard let next else { return }
    let wait = max(1, next - Int64(time(nil)))
    idleTimer = Task { [weak self] in
      do { try await Task.sleep(for: .seconds(wait)) } catch { return }
      await self?.watchUploads()
    }
  }

  deinit { idleTimer?.cancel() }
}

/// An upload with its file. Belongs to the store's queue.
private final class OpenUpload {
  private let file: FileDescriptor
  private let path: String
  /// `nil` for one that an earlier daemon began: it is hashed at its end.
  private var digest: HashBox?
  private(set) var upload: ArtifactUpload

  init(path: String, _ announced: ArtifactUpload) throws(LinuxError) {
    self.path = path
    upload = announced
    file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
    let length = lseek(file.raw, 0, SEEK_END)
    guard length >= 0 else { throw LinuxError("lseek", path, errno: errno) }
    upload.received = Int(length)
    digest = length == 0 ? HashBox() : nil
  }

  func append(_ bytes: ArraySlice<UInt8>) throws(LinuxError) {
    do throws(LinuxError) {
      try file.writeAll(bytes)
    } catch {
      // Half of it is taken back: what is there must be what was said to be there.
      _ = ftruncate(file.raw, off_t(upload.received))
      throw LinuxError(error.call, path, errno: error.errno)
    }
    digest?.update(bytes)
    upload.received += bytes.count
  }

  /// SHA-256 of all bytes, which are on the disk then.
  func finish() throws(LinuxError) -> String {
    guard fdatasync(file.raw) == 0 else { throw LinuxError("fdatasync", path, errno: errno) }
    if let digest { return Hex.encode(digest.finish()) }
    let reader = try FileDescriptor.open(path)
    let whole = HashBox()
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(reader.raw, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw LinuxError("read", path, errno: errno) }
      guard count > 0 else { return Hex.encode(whole.finish()) }
      whole.update(chunk[..<count])
    }
  }
}

/// A digest that a class can hold.
private final class HashBox {
  private var digest: Digest? = Digest()

  func update(_ bytes: ArraySlice<UInt8>) { digest?.update(bytes) }

  func finish() -> [UInt8] {
    guard let digest = digest.take() else { return [] }
    return digest.finish()
  }
}

/// Runs the jobs of the store, which wait for a disk.
private final class ArtifactQueue: SerialExecutor {
  private let queue = DispatchQueue(label: "aether.artifacts")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}

extension ArtifactUpload {
  /// What is kept beside the bytes.
  var json: JSON {
    var object: JSONObject = ["id": .string(id)]
    if let size { object["size"] = .integer(Int64(size)) }
    if let digest { object["sha256"] = .string(digest) }
    return .object(object)
  }

  init?(json: JSON, id: String) {
    guard json["id"]?.stringValue == id else { return nil }
    self.init(
      id: id, size: json["size"]?.integerValue.map { Int($0) }, digest: json["sha256"]?.stringValue, received: 0)
  }
}
