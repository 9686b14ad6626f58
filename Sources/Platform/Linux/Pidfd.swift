import CLinux
import Glibc

/// A handle of one process that never comes to mean another. Readable once the process ended.
public struct Pidfd: ~Copyable, Sendable {
  public let descriptor: FileDescriptor

  public enum Exit: Sendable, Equatable {
    case code(Int32)
    case signal(Int32)
  }

  public init(owning raw: Int32) {
    descriptor = FileDescriptor(owning: raw)
  }

  public init(pid: Int32) throws(LinuxError) {
    self.init(owning: try check(clinux_pidfd_open(pid), "pidfd_open", "\(pid)"))
  }

  /// The pid as seen by this process; nil when it ended and was reaped.
  public var pid: Int32? {
    let pid = clinux_pidfd_pid(descriptor.raw)
    return pid > 0 ? pid : nil
  }

  public func send(signal: Int32) throws(LinuxError) {
    _ = try check(clinux_pidfd_signal(descriptor.raw, signal), "pidfd_send_signal")
  }

  /// Reaps a child that ended. nil: it runs, or is not our child (any more).
  @discardableResult
  public func reap() -> Exit? { wait(blocking: false) }

  /// Waits for the end of a child and reaps it. Blocks.
  @discardableResult
  public func waitForExit() -> Exit? { wait(blocking: true) }

  private func wait(blocking: Bool) -> Exit? {
    var code: Int32 = 0
    var signal: Int32 = 0
    guard clinux_pidfd_wait(descriptor.raw, blocking ? 0 : 1, &code, &signal) == 1 else { return nil }
    return signal == 0 ? .code(code) : .signal(signal)
  }

  /// Waits until the process ended, whoever its parent is. Blocks. False: it still runs after the time.
  public func waitUntilEnded(milliseconds: Int32) -> Bool {
    var poll = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, milliseconds) == 1
  }
}
