import CLinux
import Glibc
import Linux
import Net

/// Writes to a pipe or terminal without blocking a loop.
actor StreamWriter {
  private let raw: Int32
  private let loop: EventLoop
  private var isOpen = true

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  /// Takes over `raw`.
  init(owning raw: Int32, loop: EventLoop) {
    self.raw = raw
    self.loop = loop
    _ = clinux_set_blocking(raw, 0)
  }

  deinit {
    if isOpen { Glibc.close(raw) }
  }

  func write(_ bytes: [UInt8]) async throws(NodeError) {
    var done = 0
    while done < bytes.count {
      guard isOpen else { throw .notRunning("input") }
      let wrote = bytes[done...].withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) }
      if wrote > 0 {
        done += wrote
      } else if errno == EAGAIN {
        try await Readiness.wait(raw, .writable, loop: loop)
      } else if errno != EINTR {
        throw .failed(step: "write", subject: "input", errno: errno)
      }
    }
  }

  func close() {
    guard isOpen else { return }
    isOpen = false
    Glibc.close(raw)
  }

  func resize(_ size: ProcessConfiguration.Terminal) throws(NodeError) {
    let status = clinux_terminal_size(raw, size.rows, size.columns)
    if status < 0 { throw .failed(step: "resize", subject: "terminal", errno: -status) }
  }
}

/// Waiting for one descriptor, once. On the loop only. A descriptor that is watched already is duplicated, since a
/// loop has one watch per descriptor.
enum Readiness {
  static func wait(_ raw: Int32, _ interest: DescriptorEvents, loop: EventLoop) async throws(NodeError) {
    let copy = clinux_duplicate(raw, 3)
    guard copy >= 0 else { throw .failed(step: "dup", subject: "", errno: -copy) }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      loop.execute { OneShot.start(copy, interest, loop, continuation) }
    }
  }

  private final class OneShot {
    private var watch: DescriptorWatch?

    static func start(
      _ raw: Int32, _ interest: DescriptorEvents, _ loop: EventLoop, _ continuation: CheckedContinuation<Void, Never>
    ) {
      let shot = OneShot()
      shot.watch = try? loop.register(raw, interest) { _ in
        shot.watch?.cancel()
        shot.watch = nil
        Glibc.close(raw)
        continuation.resume()
      }
      if shot.watch == nil {
        Glibc.close(raw)
        continuation.resume()
      }
    }
  }
}
