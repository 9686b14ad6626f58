import Synchronization
import Wasmtime

/// Memory of one app: its linear memory, with the book about blocks in it, and what the host holds for it, together. Read and
/// written by any thread, since others put messages into an app's queues.
///
/// Both together stay below the limit: the instance counts what the host holds when its memory grows, and the host what the
/// linear memory has when it takes more. What the app itself asks for is exact; what others put into its queues is seen when it
/// waits, or with the engine's clock.
final class MemoryAccount: Sendable {
  let bytesMax: Int
  let held = HeldMemory()
  /// As last seen by the app's thread.
  private let linear = Atomic<Int>(0)
  private let counters: AppCounters

  init(bytesMax: Int, counters: AppCounters) {
    self.bytesMax = bytesMax
    self.counters = counters
  }

  /// False when the app may not have so much more; then nothing was counted.
  func charge(_ bytes: Int) -> Bool {
    guard held.add(bytes, upTo: bytesMax - linear.load(ordering: .relaxed)) else { return false }
    count()
    return true
  }

  func refund(_ bytes: Int) {
    held.subtract(bytes)
    count()
  }

  /// Called by the app's thread.
  func see(linear bytes: Int) {
    linear.store(bytes, ordering: .relaxed)
    count()
  }

  private func count() {
    let bytes = held.bytes + linear.load(ordering: .relaxed)
    counters.memoryBytes.store(bytes, ordering: .relaxed)
    counters.memoryBytesPeak.max(bytes, ordering: .relaxed)
  }

  /// What a manifest's quota makes of the node's limit: so many bytes beyond the memory that the module begins with, in whole
  /// pages since memories grow by them.
  ///
  /// - Parameter quota: 0: none.
  static func bytesMax(_ nodeMax: Int, initial: Int, quota: UInt32) -> Int {
    guard quota > 0 else { return nodeMax }
    guard initial < nodeMax, Int(quota) <= nodeMax - initial else { return nodeMax }
    let rest = (initial + Int(quota)) % 65536
    return rest == 0 ? initial + Int(quota) : min(nodeMax, initial + Int(quota) - rest + 65536)
  }
}

/// Files, timers, queues and the like that an app has open.
struct HandleCount {
  let max: Int
  private let counters: AppCounters
  private(set) var count = 0

  init(max: Int, counters: AppCounters) {
    self.max = max
    self.counters = counters
  }

  /// −EMFILE when the app has as many as it may.
  mutating func take() throws(NativeError) {
    guard count < max else { throw .tooManyHandles }
    count += 1
    counters.handles.store(count, ordering: .relaxed)
  }

  mutating func giveBack(_ number: Int = 1) {
    count = Swift.max(0, count - number)
    counters.handles.store(count, ordering: .relaxed)
  }
}
