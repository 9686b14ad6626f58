import CLinux
import Glibc
import Linux
import Net
import Synchronization

/// Where a node keeps its state.
public struct NodeDirectories: Sendable, Equatable {
  /// Survives a reboot: configurations and logs.
  public var state: String
  /// Does not: sockets.
  public var run: String

  public init(state: String, run: String) {
    self.state = state
    self.run = run
  }

  var cells: String { state + "/cells" }
  func cell(_ id: String) -> String { "\(state)/cells/\(id)" }
  func configuration(_ id: String) -> String { cell(id) + "/cell.json" }
  func logs(_ id: String) -> String { cell(id) + "/logs" }
  func processes(_ id: String) -> String { cell(id) + "/processes" }
  func process(_ id: String, _ process: String) -> String { "\(cell(id))/processes/\(process).json" }
  var runCells: String { run + "/cells" }
  func runCell(_ id: String) -> String { "\(run)/cells/\(id)" }
}

/// What the cells of one node share.
final class NodeContext: Sendable {
  let directories: NodeDirectories
  /// nil: this user or machine has no control groups to use.
  let groups: CgroupDriver?
  /// The program of the supervisors.
  let initExecutable: FileDescriptor
  let filter: [UInt8]
  let events = EventHub()
  /// Held while the node runs.
  let lock: FileDescriptor
  let favor: FileDescriptor?
  let isRoot = geteuid() == 0

  init(
    directories: NodeDirectories, groups: CgroupDriver?, initExecutable: consuming FileDescriptor,
    lock: consuming FileDescriptor, favor: consuming FileDescriptor?
  ) {
    self.directories = directories
    self.groups = groups
    self.initExecutable = initExecutable
    self.lock = lock
    self.favor = favor
    filter = SeccompFilter.standard.bytes
  }
}

/// Gives each event to every listener.
final class EventHub: Sendable {
  /// Events a slow listener may fall behind before it loses the oldest; it repairs that with a full list.
  static let backlogMax = 16_384

  private struct Listeners {
    var next = 0
    var streams: [Int: AsyncStream<NodeEvent>.Continuation] = [:]
  }

  private let listeners = Mutex(Listeners())

  /// Not inside of the lock: a listener that is being cancelled holds its task and waits for the lock, while waking it waits
  /// for the task.
  func send(_ event: NodeEvent) {
    let streams = listeners.withLock { Array($0.streams.values) }
    for stream in streams { stream.yield(event) }
  }

  func stream() -> AsyncStream<NodeEvent> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: NodeEvent.self, bufferingPolicy: .bufferingNewest(EventHub.backlogMax))
    let id = listeners.withLock { listeners in
      listeners.next += 1
      listeners.streams[listeners.next] = continuation
      return listeners.next
    }
    continuation.onTermination = { [weak self] _ in self?.listeners.withLock { $0.streams[id] = nil } }
    return stream
  }

  func finish() {
    let streams = listeners.withLock { listeners in
      defer { listeners.streams = [:] }
      return Array(listeners.streams.values)
    }
    for stream in streams { stream.finish() }
  }
}
