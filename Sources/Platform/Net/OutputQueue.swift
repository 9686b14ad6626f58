import Glibc

/// Spare output buffers of one loop, so that a connection holds memory for output only while it has some.
struct OutputBufferPool {
  /// Bytes of a pooled buffer: two TLS records.
  static let bufferBytes = 32_768
  private static let spareMax = 64

  private var spare: [UnsafeMutableRawPointer] = []

  mutating func take() -> UnsafeMutableRawPointer {
    spare.popLast() ?? UnsafeMutableRawPointer.allocate(byteCount: Self.bufferBytes, alignment: 16)
  }

  mutating func give(_ buffer: UnsafeMutableRawPointer) {
    if spare.count < Self.spareMax { spare.append(buffer) } else { buffer.deallocate() }
  }

  mutating func removeAll() {
    while let buffer = spare.popLast() { buffer.deallocate() }
  }
}

/// Bytes waiting to be sent: one contiguous buffer, from the loop's pool while small, and none while empty.
struct OutputQueue {
  private var storage: UnsafeMutableRawPointer?
  private var capacity = 0
  private var head = 0
  private var tail = 0

  var count: Int { tail - head }
  var isEmpty: Bool { head == tail }

  /// The waiting bytes, valid until the next change.
  var readable: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: storage.map { UnsafeRawPointer($0 + head) }, count: count)
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer, pool: inout OutputBufferPool) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    let target = reserve(bytes.count, pool: &pool)
    target.copyMemory(from: source, byteCount: bytes.count)
    tail += bytes.count
  }

  /// Makes the first `count` bytes written at `target` (from `reserve`) part of the queue.
  mutating func commit(_ count: Int, at target: UnsafeMutableRawPointer, pool: inout OutputBufferPool) {
    precondition(storage.map { $0 + tail } == target && tail + count <= capacity, "output changed while it was written")
    tail += max(0, count)
    releaseIfEmpty(&pool)
  }

  /// Drops `size` bytes from the front.
  mutating func consume(_ size: Int, pool: inout OutputBufferPool) {
    head += size
    releaseIfEmpty(&pool)
  }

  mutating func removeAll(pool: inout OutputBufferPool) {
    head = tail
    releaseIfEmpty(&pool)
  }

  private mutating func releaseIfEmpty(_ pool: inout OutputBufferPool) {
    guard head == tail, let storage else { return }
    if capacity == OutputBufferPool.bufferBytes { pool.give(storage) } else { storage.deallocate() }
    self.storage = nil
    (capacity, head, tail) = (0, 0, 0)
  }

  /// Room for `size` more bytes at the tail.
  mutating func reserve(_ size: Int, pool: inout OutputBufferPool) -> UnsafeMutableRawPointer {
    if let storage, tail + size <= capacity { return storage + tail }
    let waiting = count
    if let storage, waiting + size <= capacity, head >= capacity / 2 {
      storage.copyMemory(from: storage + head, byteCount: waiting)
      (head, tail) = (0, waiting)
      return storage + tail
    }
    let isPooled = storage == nil && size <= OutputBufferPool.bufferBytes
    let newCapacity = isPooled ? OutputBufferPool.bufferBytes : max(2 * capacity, waiting + size)
    let larger =
      isPooled ? pool.take() : UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 16)
    if let storage {
      larger.copyMemory(from: storage + head, byteCount: waiting)
      if capacity == OutputBufferPool.bufferBytes { pool.give(storage) } else { storage.deallocate() }
    }
    (storage, capacity, head, tail) = (larger, newCapacity, 0, waiting)
    return larger + tail
  }
}

/// An open file that several responses may send from at once; closed with its last reference.
public final class OpenFile: Sendable {
  public let descriptor: Int32

  /// Takes over the descriptor.
  public init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}

/// A part of a connection's output.
enum OutputSegment {
  case bytes(OutputQueue)
  case file(OpenFile, offset: Int64, remaining: Int64)
}
