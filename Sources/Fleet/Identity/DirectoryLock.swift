import Crypto
import Glibc

/// Keeps other processes from changing a directory of keys at the same time, until the value is gone.
struct DirectoryLock: ~Copyable {
  private let descriptor: Int32

  init(_ directory: String) throws(IdentityError) {
    let path = "\(directory)/.lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw Self.error("open", path) }
    while flock(descriptor, LOCK_EX) != 0 {
      if errno == EINTR { continue }
      let error = Self.error("lock", path)
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  private static func error(_ operation: String, _ path: String) -> IdentityError {
    .crypto(.file(path: path, operation: operation, reason: String(cString: strerror(errno))))
  }
}
