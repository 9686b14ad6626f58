import CLinux
import Glibc

/// An open file descriptor; closed when it goes out of scope.
public struct FileDescriptor: ~Copyable, Sendable {
  public let raw: Int32

  /// Takes over `raw`.
  public init(owning raw: Int32) {
    self.raw = raw
  }

  deinit {
    close(raw)
  }

  /// Gives the number up: the caller closes it.
  public consuming func release() -> Int32 {
    let number = raw
    discard self
    return number
  }

  /// A second descriptor of the same open file.
  public func duplicate() throws(LinuxError) -> FileDescriptor {
    FileDescriptor(owning: try check(clinux_duplicate(raw, 3), "dup"))
  }

  public func setBlocking(_ blocking: Bool) {
    _ = clinux_set_blocking(raw, blocking ? 1 : 0)
  }

  // MARK: Opening

  /// `O_PATH`: names a file without opening it. For `execveat`, `openat` and as a mount point.
  public static func path(_ path: String, directory: Bool = false) throws(LinuxError) -> FileDescriptor {
    FileDescriptor(owning: try check(clinux_open_path(path, directory ? 1 : 0), "open", path))
  }

  public static func directory(_ path: String) throws(LinuxError) -> FileDescriptor {
    FileDescriptor(owning: try check(clinux_open_directory(path), "open", path))
  }

  public static func open(
    _ path: String, _ flags: Int32 = O_RDONLY, mode: UInt32 = 0o640
  ) throws(LinuxError) -> FileDescriptor {
    FileDescriptor(owning: try check(clinux_open_at(AT_FDCWD, path, flags, mode), "open", path))
  }

  public func open(
    _ name: String, _ flags: Int32 = O_RDONLY, mode: UInt32 = 0o640
  ) throws(LinuxError) -> FileDescriptor {
    FileDescriptor(owning: try check(clinux_open_at(raw, name, flags, mode), "open", name))
  }

  /// Opens what lies beneath this folder. A way that is absolute, that leads out of the folder at any place, or that has a
  /// symbolic link in it is refused by the kernel (`EXDEV`, `ELOOP`), also while somebody else moves things around.
  public func openBeneath(
    _ path: String, _ flags: Int32 = O_RDONLY, mode: UInt32 = 0o640
  ) throws(LinuxError) -> FileDescriptor {
    FileDescriptor(owning: try check(clinux_open_beneath(raw, path, flags, mode), "open", path))
  }

  /// A memory file with these bytes that nobody can change, positioned at its start.
  public static func sealed(_ bytes: [UInt8], name: String) throws(LinuxError) -> FileDescriptor {
    let made = bytes.withUnsafeBytes { clinux_sealed_memory(name, $0.baseAddress, $0.count) }
    return FileDescriptor(owning: try check(made, "memfd", name))
  }

  /// An anonymous pipe.
  public struct Pipe: ~Copyable {
    public var reader: FileDescriptor
    public var writer: FileDescriptor

    public init() throws(LinuxError) {
      var ends: (Int32, Int32) = (-1, -1)
      let status = withUnsafeMutableBytes(of: &ends) {
        clinux_pipe($0.baseAddress?.assumingMemoryBound(to: Int32.self))
      }
      _ = try check(status, "pipe")
      reader = FileDescriptor(owning: ends.0)
      writer = FileDescriptor(owning: ends.1)
    }

    /// Both ends, each to its own owner.
    public consuming func split() -> (reader: Int32, writer: Int32) { (reader.release(), writer.release()) }
  }

  // MARK: Reading and writing

  /// Reads until the end of the file, at most `limit` bytes.
  public func readAll(limit: Int = 1 << 20) throws(LinuxError) -> [UInt8] {
    var bytes: [UInt8] = []
    let failure: LinuxError? = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16384) { buffer in
      while bytes.count < limit {
        let got = read(raw, buffer.baseAddress, min(limit - bytes.count, buffer.count))
        if got == 0 { break }
        if got < 0, errno == EINTR { continue }
        if got < 0 { return LinuxError("read", errno: errno) }
        bytes.append(contentsOf: buffer[..<got])
      }
      return nil
    }
    if let failure { throw failure }
    return bytes
  }

  /// Writes all bytes.
  public func writeAll(_ bytes: some Collection<UInt8>) throws(LinuxError) {
    let result: LinuxError? = Array(bytes).withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let wrote = write(raw, buffer.baseAddress.map { $0 + done }, buffer.count - done)
        if wrote < 0, errno == EINTR { continue }
        if wrote < 0 { return LinuxError("write", errno: errno) }
        done += wrote
      }
      return nil
    }
    if let result { throw result }
  }
}
