import Synchronization

/// Several loops that share the work of a process.
public final class EventLoopGroup: Sendable {
  public let loops: [EventLoop]
  private let cursor = Atomic<Int>(0)

  /// Starts `count` loops (at least one).
  public init(count: Int, name: String = "aether-loop", clock: EventLoop.ClockKind = .system) throws(NetError) {
    var started: [EventLoop] = []
    for index in 0..<max(1, count) {
      started.append(try EventLoop(name: "\(name)-\(index)", clock: clock))
    }
    loops = started
  }

  /// The loops in turn.
  public func next() -> EventLoop {
    loops[abs(cursor.wrappingAdd(1, ordering: .relaxed).oldValue % loops.count)]
  }

  /// Ends all loops and waits for their threads. Blocks; not callable on a loop of the group.
  public func shutdown() {
    for loop in loops { loop.shutdown() }
  }
}
