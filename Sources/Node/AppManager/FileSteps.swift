import Glibc
import Linux

/// One change of the file system, about to be made.
public struct FileStep: Sendable, Equatable {
  public enum Operation: String, Sendable {
    case makeDirectory, create, write, append, sync, rename, remove
  }

  public var operation: Operation
  public var path: String
  /// Of a rename: what it was called before.
  public var origin: String?
}

/// Called before each change of the file system, by tests that end the process there.
public typealias FaultPoint = @Sendable (FileStep) -> Void

/// The changes that the registry makes, one system call after the other.
package struct FileSteps: Sendable {
  let before: FaultPoint?

  package init(before: FaultPoint?) { self.before = before }

  package func announce(_ operation: FileStep.Operation, _ path: String, from origin: String? = nil) {
    before?(FileStep(operation: operation, path: path, origin: origin))
  }

  /// Only its owner can look into it. Nothing happens when it is there.
  package func makeDirectory(_ path: String) throws(LinuxError) {
    announce(.makeDirectory, path)
    try Files.makeDirectory(path, mode: 0o700)
  }

  /// A durable file; its name is durable when its folder is synced.
  package func write(_ path: String, _ bytes: [UInt8]) throws(LinuxError) {
    announce(.create, path)
    let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    do throws(LinuxError) {
      announce(.write, path)
      try file.writeAll(bytes)
      announce(.sync, path)
      if fsync(file.raw) != 0 { throw LinuxError("fsync", errno: errno) }
    } catch {
      throw LinuxError(error.call, path, errno: error.errno)
    }
  }

  /// Adds to the end of a file, which is at `offset`. Not durable.
  package func append(_ path: String, _ bytes: ArraySlice<UInt8>, at offset: Int) throws(LinuxError) {
    announce(.append, path)
    let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT, mode: 0o600)
    do throws(LinuxError) {
      if lseek(file.raw, off_t(offset), SEEK_SET) < 0 { throw LinuxError("lseek", errno: errno) }
      try file.writeAll(bytes)
    } catch {
      // What arrived of it is taken off again, so that the length says what is sound.
      _ = ftruncate(file.raw, off_t(offset))
      throw LinuxError(error.call, path, errno: error.errno)
    }
  }

  /// Makes the names in a folder durable.
  package func sync(directory path: String) throws(LinuxError) {
    announce(.sync, path)
    let directory = try FileDescriptor.directory(path)
    if fsync(directory.raw) != 0 { throw LinuxError("fsync", path, errno: errno) }
  }

  package func rename(_ from: String, _ to: String) throws(LinuxError) {
    announce(.rename, to, from: from)
    if Glibc.rename(from, to) != 0 { throw LinuxError("rename", to, errno: errno) }
  }

  /// Replaces a file as a whole, durably.
  package func replace(_ path: String, _ bytes: [UInt8], in directory: String) throws(LinuxError) {
    let new = path + ".new"
    do throws(LinuxError) {
      try write(new, bytes)
      try rename(new, path)
    } catch {
      unlink(new)
      throw error
    }
    try sync(directory: directory)
  }

  /// Removes a file, or a folder with all that is in it; never follows links. Missing things are no error.
  package func removeTree(_ path: String) throws(LinuxError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    let isDirectory = status.st_mode & S_IFMT == S_IFDIR
    if isDirectory { for name in try Files.names(in: path).sorted() { try removeTree("\(path)/\(name)") } }
    announce(.remove, path)
    if isDirectory {
      if rmdir(path) != 0, errno != ENOENT { throw LinuxError("rmdir", path, errno: errno) }
    } else if unlink(path) != 0, errno != ENOENT {
      throw LinuxError("unlink", path, errno: errno)
    }
  }
}

extension Files {
  /// The whole contents of a file of at most `limit` bytes; EFBIG for a longer one.
  static func readWhole(_ path: String, limit: Int) throws(LinuxError) -> [UInt8] {
    let bytes = try read(path, limit: limit + 1)
    guard bytes.count <= limit else { throw LinuxError("read", path, errno: EFBIG) }
    return bytes
  }

  /// Length of a plain file; `nil` when there is none.
  static func length(_ path: String) -> Int? {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }
}
