import CLinux
import Glibc

/// A thread of its own, for work that blocks.
public enum Thread {
  /// Starts a detached thread.
  ///
  /// - Parameters:
  ///   - name: what `ps -L` shows; up to 15 bytes of it.
  ///   - stackBytes: rounded up to pages; only what is touched takes memory.
  public static func start(
    name: String, stackBytes: Int = 256 << 10, _ body: sending @escaping () -> Void
  ) throws(LinuxError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, max(64 << 10, (stackBytes + 4095) & ~4095))
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Body(name: String(decoding: name.utf8.prefix(15), as: UTF8.self), run: body))
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        clinux_name_thread(body.name)
        body.run()
        return nil
      }, box.toOpaque())
    guard status == 0 else {
      box.release()
      throw LinuxError("pthread_create", errno: status)
    }
  }

  private final class Body {
    let name: String
    let run: () -> Void
    init(name: String, run: @escaping () -> Void) {
      self.name = name
      self.run = run
    }
  }
}
