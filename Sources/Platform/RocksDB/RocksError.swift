import CRocksDB
import Glibc

/// Why the database refused or failed.
public enum RocksError: Error, Sendable, Equatable {
  /// Another process holds the directory; `process` and `command` name it where the kernel tells.
  case locked(path: String, process: Int32?, command: String?)
  /// The file system has no space left.
  case noSpace(String)
  /// Stored bytes are not what was written.
  case corruption(String)
  /// The directory, an option or an argument is not acceptable.
  case invalidArgument(String)
  /// A read or write failed for another reason than space.
  case io(String)
  /// The handle was closed.
  case closed
  /// Everything else, in RocksDB's words.
  case other(String)
}

extension RocksError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .locked(let path, let process, let command):
      if let process {
        "\(path) is in use by process \(process)\(command.map { " (\($0))" } ?? "")"
      } else {
        "\(path) is already open, in this process or in one that cannot be named"
      }
    case .noSpace(let message): "no space left: \(message)"
    case .corruption(let message): "damaged: \(message)"
    case .invalidArgument(let message), .io(let message), .other(let message): message
    case .closed: "the database is closed"
    }
  }
}

extension RocksError {
  /// Reads the text of a RocksDB status (`util/status.cc`: code text, then subcode text, then details).
  init(status message: String, path: String) {
    let lower = message.lowercased()
    if lower.contains("lock hold by current process") {
      // Not looked up: opening and closing the file would give up this process's own lock (fcntl(2)).
      self = .locked(path: path, process: nil, command: nil)
    } else if lower.contains("while lock file") {
      let holder = RocksError.lockHolder("\(path)/LOCK")
      self = .locked(path: path, process: holder, command: holder.flatMap(RocksError.command))
    } else if lower.contains("no space left") || lower.contains("disk quota exceeded") {
      self = .noSpace(message)
    } else if message.hasPrefix("Corruption") {
      self = .corruption(message)
    } else if message.hasPrefix("Invalid argument") {
      self = .invalidArgument(message)
    } else if message.hasPrefix("IO error") {
      self = .io(message)
    } else {
      self = .other(message)
    }
  }

  /// The process whose `fcntl` lock on the file stands in the way; `nil` when there is none or it is this process.
  private static func lockHolder(_ file: String) -> Int32? {
    let descriptor = open(file, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    guard fcntl(descriptor, F_GETLK, &lock) == 0, lock.l_type != Int16(F_UNLCK), lock.l_pid > 0 else { return nil }
    return lock.l_pid
  }

  private static func command(_ process: Int32) -> String? {
    let descriptor = open("/proc/\(process)/comm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = read(descriptor, &buffer, buffer.count)
    guard count > 1 else { return nil }
    return String(decoding: buffer[..<(count - 1)], as: UTF8.self)
  }
}

/// Calls a C function that reports failure through its last argument.
@inline(__always)
func checked<Result>(
  _ path: String, _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) throws(RocksError) -> Result {
  var message: UnsafeMutablePointer<CChar>?
  let result = body(&message)
  guard let message else { return result }
  defer { rocksdb_free(message) }
  throw RocksError(status: String(cString: message), path: path)
}

/// Hands bytes to C, which never gets a null pointer.
@inline(__always)
func withCharacters<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>, Int) -> Result) -> Result {
  bytes.withUnsafeBytes { raw in
    guard let base = raw.baseAddress else {
      var none: CChar = 0
      return body(&none, 0)
    }
    return body(base.assumingMemoryBound(to: CChar.self), raw.count)
  }
}
