import COpenSSL
import Glibc

/// Files that are either there in full or not at all, with exact permission bits.
public enum ProtectedFile {
  /// Replaces `path` in one step: a new file beside it is written, synced and renamed over it.
  ///
  /// - Parameter mode: permission bits, applied whatever the umask is.
  public static func write(
    _ bytes: UnsafeRawBufferPointer, to path: String, mode: mode_t
  ) throws(CryptoError) {
    let temporary = "\(path).\(SecureRandom().hexSuffix).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw error("create", temporary) }
    var finished = false
    defer {
      close(descriptor)
      if !finished { unlink(temporary) }
    }
    guard fchmod(descriptor, mode) == 0 else { throw error("set mode of", temporary) }
    var offset = 0
    while offset < bytes.count {
      let written = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw error("write", temporary) }
      offset += written
    }
    guard fsync(descriptor) == 0 else { throw error("sync", temporary) }
    guard rename(temporary, path) == 0 else { throw error("replace", path) }
    finished = true
    try syncDirectory(of: path)
  }

  public static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(CryptoError) {
    let outcome: Result<Void, CryptoError> = bytes.withUnsafeBytes { raw in
      Result { () throws(CryptoError) in try write(raw, to: path, mode: mode) }
    }
    try outcome.get()
  }

  /// Readable by the owner only.
  public static func write(_ secret: Secret, to path: String) throws(CryptoError) {
    try secret.withBytes { (bytes) throws(CryptoError) in try write(bytes, to: path, mode: 0o600) }
  }

  /// The bytes of a regular file; `nil` when there is none of that name.
  ///
  /// - Parameters:
  ///   - sizeMax: a longer file is refused.
  ///   - ownerOnly: refuse a file that its group or others can open.
  public static func read(
    _ path: String, sizeMax: Int = 1 << 20, ownerOnly: Bool = false
  ) throws(CryptoError) -> Secret? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 && errno == ENOENT { return nil }
    guard descriptor >= 0 else { throw error("open", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw error("examine", path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .file(path: path, operation: "read", reason: "not a regular file")
    }
    if ownerOnly, status.st_mode & 0o077 != 0 {
      throw .fileTooOpen(path: path, mode: UInt32(status.st_mode & 0o7777))
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: sizeMax + 1, alignment: 1)
    defer {
      if let base = buffer.baseAddress { OPENSSL_cleanse(base, buffer.count) }
      buffer.deallocate()
    }
    var length = 0
    while length <= sizeMax {
      let count = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: length), sizeMax + 1 - length)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw error("read", path) }
      if count == 0 { break }
      length += count
    }
    guard length <= sizeMax else {
      throw .file(path: path, operation: "read", reason: "longer than \(sizeMax) bytes")
    }
    return Secret(copying: UnsafeRawBufferPointer(rebasing: buffer[..<length]))
  }

  /// Makes the directory and its parents where missing; the last one gets exactly `mode`.
  public static func makeDirectory(_ path: String, mode: mode_t) throws(CryptoError) {
    var partial = path.hasPrefix("/") ? "" : "."
    for component in path.split(separator: "/") {
      partial += "/\(component)"
      if mkdir(partial, 0o755) != 0 && errno != EEXIST && errno != EISDIR { throw error("create directory", partial) }
    }
    var status = stat()
    guard stat(path, &status) == 0 else { throw error("examine", path) }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw .file(path: path, operation: "create directory", reason: "a file of that name is in the way")
    }
    if status.st_mode & 0o7777 != mode, chmod(path, mode) != 0 { throw error("set mode of", path) }
  }

  private static func syncDirectory(of path: String) throws(CryptoError) {
    let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw error("open", parent) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw error("sync", parent) }
  }

  private static func error(_ operation: String, _ path: String) -> CryptoError {
    .file(path: path, operation: operation, reason: String(cString: strerror(errno)))
  }
}

extension SecureRandom {
  /// Sixteen hexadecimal digits that no other process picks.
  fileprivate var hexSuffix: String {
    var generator = self
    let digits = String(generator.next(), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
