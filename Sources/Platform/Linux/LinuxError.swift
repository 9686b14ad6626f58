import CLinux
import Glibc

/// A system call that failed: what was tried, on what, and the kernel's answer.
public struct LinuxError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Call or step, such as `mkdir`.
  public var call: String
  /// Path or other object; empty when there is none.
  public var subject: String
  public var errno: Int32

  public init(_ call: String, _ subject: String = "", errno: Int32) {
    self.call = call
    self.subject = subject
    self.errno = errno
  }

  /// The kernel's words for `errno`, such as "No such file or directory".
  public static func message(errno: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      buffer[0] = 0
      guard let base = buffer.baseAddress, strerror_r(errno, base, buffer.count) == 0 else { return "error \(errno)" }
      return String(cString: base)
    }
  }

  public var description: String {
    subject.isEmpty
      ? "\(call): \(LinuxError.message(errno: errno))"
      : "\(call) \(subject): \(LinuxError.message(errno: errno))"
  }
}

/// The result of a shim that gives -errno on failure.
@inline(__always)
func check(_ result: Int32, _ call: String, _ subject: @autoclosure () -> String = "") throws(LinuxError) -> Int32 {
  if result < 0 { throw LinuxError(call, subject(), errno: -result) }
  return result
}
