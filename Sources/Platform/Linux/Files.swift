import CLinux
import Glibc

/// Files and folders, without Foundation.
public enum Files {
  /// The contents of a file, at most `limit` bytes.
  public static func read(_ path: String, limit: Int = 1 << 20) throws(LinuxError) -> [UInt8] {
    let file = try FileDescriptor.open(path)
    do throws(LinuxError) {
      return try file.readAll(limit: limit)
    } catch {
      throw LinuxError(error.call, path, errno: error.errno)
    }
  }

  /// The contents of a small text file without the newline at its end.
  public static func text(_ path: String) throws(LinuxError) -> String {
    var bytes = try read(path)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Writes into a file that exists, as kernel interfaces want it: one write.
  public static func write(_ text: String, to path: String) throws(LinuxError) {
    let file = try FileDescriptor.open(path, O_WRONLY)
    var text = text
    let wrote = text.withUTF8 { Glibc.write(file.raw, $0.baseAddress, $0.count) }
    if wrote < 0 { throw LinuxError("write", path, errno: errno) }
  }

  /// Replaces a file as a whole: readers see the old or the new contents, also after a crash when `durable`.
  public static func replace(
    _ path: String, with bytes: [UInt8], mode: UInt32 = 0o640, durable: Bool = false
  ) throws(LinuxError) {
    let temporary = path + ".new"
    let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    do throws(LinuxError) {
      try file.writeAll(bytes)
      if durable, fdatasync(file.raw) != 0 { throw LinuxError("fdatasync", path, errno: errno) }
      if rename(temporary, path) != 0 { throw LinuxError("rename", path, errno: errno) }
    } catch {
      unlink(temporary)
      throw error.subject.isEmpty ? LinuxError(error.call, path, errno: error.errno) : error
    }
  }

  /// Makes one folder. Gives false when it existed.
  @discardableResult
  public static func makeDirectory(_ path: String, mode: UInt32 = 0o750) throws(LinuxError) -> Bool {
    if mkdir(path, mode) == 0 { return true }
    if errno == EEXIST { return false }
    throw LinuxError("mkdir", path, errno: errno)
  }

  /// Makes a folder and those above it.
  public static func makeDirectories(_ path: String, mode: UInt32 = 0o750) throws(LinuxError) {
    if mkdir(path, mode) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
      throw LinuxError("mkdir", path, errno: errno)
    }
    try makeDirectories(String(path[..<slash]), mode: mode)
    try makeDirectory(path, mode: mode)
  }

  /// Names in a folder, without "." and "..", in no order.
  public static func names(in path: String) throws(LinuxError) -> [String] {
    guard let stream = opendir(path) else { throw LinuxError("open", path, errno: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = Glibc.readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Removes a file, or a folder with all that is in it; never follows links. Missing things are no error.
  public static func removeTree(_ path: String) throws(LinuxError) {
    if unlink(path) == 0 || errno == ENOENT { return }
    guard errno == EISDIR || errno == EPERM else { throw LinuxError("unlink", path, errno: errno) }
    if rmdir(path) == 0 || errno == ENOENT { return }
    guard errno == ENOTEMPTY || errno == EEXIST else { throw LinuxError("rmdir", path, errno: errno) }
    for name in try names(in: path) { try removeTree(path + "/" + name) }
    if rmdir(path) != 0, errno != ENOENT { throw LinuxError("rmdir", path, errno: errno) }
  }

  /// True when something is at `path`, a dangling link included.
  public static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  public static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The file this program was started from.
  public static func runningExecutable() -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      guard let base = buffer.baseAddress else { return nil }
      let count = readlink("/proc/self/exe", base, buffer.count - 1)
      guard count > 0 else { return nil }
      base[count] = 0
      return String(cString: base)
    }
  }
}
