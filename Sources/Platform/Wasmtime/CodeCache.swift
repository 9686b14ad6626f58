import Bytes
import Crypto
import Glibc
import Linux

/// Compiled code of modules in a folder of one's own, so that a module is compiled once.
///
/// Files hold machine code that runs as it is. So the folder must belong to this process's user and nobody else may write to
/// it, links are not followed, and each file carries a checksum over what it is for and its bytes: a damaged one is removed
/// and made again. Calls may come from any thread and from several processes.
public struct CodeCache: Sendable {
  public let folder: String
  /// Files are removed, the longest unused first, when all together are larger.
  public let bytesMax: UInt64

  /// Makes the folder when it is not there.
  ///
  /// - Throws: ``WasmtimeError/cache(_:)`` when the folder belongs to somebody else or others may write to it.
  public init(folder: String, bytesMax: UInt64 = 1 << 30) throws(WasmtimeError) {
    self.folder = folder
    self.bytesMax = bytesMax
    do throws(LinuxError) {
      try Files.makeDirectories(folder, mode: 0o700)
    } catch {
      throw .cache(error.description)
    }
    var status = stat()
    guard lstat(folder, &status) == 0 else { throw .cache("\(folder) cannot be examined") }
    guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
      throw .cache("\(folder) must be a folder that belongs to user \(geteuid()) and that nobody else can write to")
    }
  }

  /// A module and where its code came from.
  public struct Loaded: Sendable {
    public var module: Module
    public var wasCached: Bool
  }

  /// The module, from the cache if it has been compiled for such an engine before.
  ///
  /// - Parameter identity: the SHA-256 of `wasm` where the caller knows it already, which saves making it again.
  public func load(_ wasm: [UInt8], identity: [UInt8]? = nil, engine: Engine) throws(WasmtimeError) -> Loaded {
    let key = Self.key(identity ?? Digest.sha256(wasm), engine)
    if let module = cached(key, engine) { return Loaded(module: module, wasCached: true) }
    let module = try Module(compiling: wasm, engine: engine)
    try store(try module.serialized(), key)
    return Loaded(module: module, wasCached: false)
  }

  /// The module if it is in the cache. A file that cannot be used is removed.
  public func cached(_ wasm: [UInt8], identity: [UInt8]? = nil, engine: Engine) -> Module? {
    cached(Self.key(identity ?? Digest.sha256(wasm), engine), engine)
  }

  private func cached(_ key: [UInt8], _ engine: Engine) -> Module? {
    let path = path(key)
    guard let file = try? open(path) else { return nil }
    guard Self.isWhole(file, key), let module = try? Module(trustedFile: file, engine: engine) else {
      unlink(path)
      return nil
    }
    // The time of the last use decides what is removed first.
    utimensat(AT_FDCWD, path, nil, AT_SYMLINK_NOFOLLOW)
    return module
  }

  private static func key(_ identity: [UInt8], _ engine: Engine) -> [UInt8] {
    Digest.sha256(identity + Array(engine.options.fingerprint.utf8))
  }

  private func path(_ key: [UInt8]) -> String { "\(folder)/\(Hex.encode(key)).cwasm" }

  private func open(_ path: String) throws(LinuxError) -> FileDescriptor {
    let file = try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW)
    var status = stat()
    guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
      status.st_mode & 0o022 == 0
    else { throw LinuxError("open", path, errno: EPERM) }
    return file
  }

  /// A file is the code, then the checksum over key and code in four bytes. The code comes first, so that the file is mapped
  /// as it is.
  private static func isWhole(_ file: borrowing FileDescriptor, _ key: [UInt8]) -> Bool {
    var status = stat()
    guard fstat(file.raw, &status) == 0, status.st_size > 4 else { return false }
    let size = Int(status.st_size)
    guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.raw, 0), base != MAP_FAILED else {
      return false
    }
    defer { munmap(base, size) }
    let bytes = UnsafeRawBufferPointer(start: base, count: size)
    var crc = CRC32C()
    crc.update(key)
    crc.update(UnsafeRawBufferPointer(rebasing: bytes[..<(size - 4)]))
    return checksumBytes(crc).elementsEqual(bytes[(size - 4)...])
  }

  /// CRC-32C finds damage. Whoever could write a file on purpose could also write a better checksum: the folder's owner and
  /// mode are what keeps others out, and a cryptographic hash over a megabyte of code would take longer than loading it.
  private static func checksumBytes(_ crc: CRC32C) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: crc.value >> (24 - 8 * UInt32($0))) }
  }

  private func store(_ code: [UInt8], _ key: [UInt8]) throws(WasmtimeError) {
    var crc = CRC32C()
    crc.update(key)
    crc.update(code)
    let contents = code + Self.checksumBytes(crc)
    do throws(CryptoError) {
      try ProtectedFile.write(contents, to: path(key), mode: 0o600)
    } catch {
      throw .cache("\(error)")
    }
    trim(keeping: path(key))
  }

  /// Removes what was not used for the longest time until the rest is small enough.
  private func trim(keeping kept: String) {
    guard let names = try? Files.names(in: folder) else { return }
    var files: [(path: String, size: UInt64, used: Int)] = []
    for name in names where name.hasSuffix(".cwasm") {
      var status = stat()
      guard lstat("\(folder)/\(name)", &status) == 0 else { continue }
      files.append(("\(folder)/\(name)", UInt64(status.st_size), status.st_mtim.tv_sec))
    }
    var total = files.reduce(0) { $0 + $1.size }
    for file in files.sorted(by: { $0.used < $1.used }) where total > bytesMax && file.path != kept {
      unlink(file.path)
      total -= file.size
    }
  }
}
