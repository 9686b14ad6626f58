/// Names a timer of one loop; stays harmless after the timer fired or was cancelled.
public struct TimerToken: Hashable, Sendable {
  var slot: UInt32
  var generation: UInt32
}

/// Pending timers, earliest first; equal deadlines fire in the order in which they were added.
struct TimerHeap {
  private struct Node {
    var deadline = MonotonicInstant(nanoseconds: 0)
    var sequence: UInt64 = 0
    var generation: UInt32 = 0
    var heapIndex = -1
    var body: (() -> Void)?
  }

  private var nodes: [Node] = []
  private var freeSlots: [UInt32] = []
  /// Slots in heap order.
  private var heap: [UInt32] = []
  private var nextSequence: UInt64 = 0

  var count: Int { heap.count }
  var nextDeadline: MonotonicInstant? { heap.first.map { nodes[Int($0)].deadline } }

  mutating func insert(deadline: MonotonicInstant, _ body: @escaping () -> Void) -> TimerToken {
    let slot: UInt32
    if let free = freeSlots.popLast() {
      slot = free
    } else {
      slot = UInt32(nodes.count)
      nodes.append(Node())
    }
    nodes[Int(slot)].deadline = deadline
    nodes[Int(slot)].sequence = nextSequence
    nodes[Int(slot)].body = body
    nextSequence += 1
    heap.append(slot)
    nodes[Int(slot)].heapIndex = heap.count - 1
    siftUp(heap.count - 1)
    return TimerToken(slot: slot, generation: nodes[Int(slot)].generation)
  }

  /// Removes the timer; false when it fired or was cancelled before.
  mutating func cancel(_ token: TimerToken) -> Bool {
    guard Int(token.slot) < nodes.count else { return false }
    let node = nodes[Int(token.slot)]
    guard node.generation == token.generation, node.heapIndex >= 0 else { return false }
    _ = remove(at: node.heapIndex)
    return true
  }

  /// Takes out the earliest timer whose deadline is not after `now`.
  mutating func popDue(_ now: MonotonicInstant) -> (() -> Void)? {
    guard let deadline = nextDeadline, deadline <= now else { return nil }
    return remove(at: 0)
  }

  mutating func removeAll() {
    while !heap.isEmpty { _ = remove(at: heap.count - 1) }
  }

  private mutating func remove(at index: Int) -> (() -> Void)? {
    let slot = heap[index]
    let last = heap.removeLast()
    if index < heap.count {
      heap[index] = last
      nodes[Int(last)].heapIndex = index
      siftDown(index)
      siftUp(index)
    }
    let body = nodes[Int(slot)].body
    nodes[Int(slot)].body = nil
    nodes[Int(slot)].heapIndex = -1
    nodes[Int(slot)].generation &+= 1
    freeSlots.append(slot)
    return body
  }

  private func precedes(_ left: UInt32, _ right: UInt32) -> Bool {
    let (first, second) = (nodes[Int(left)].deadline, nodes[Int(right)].deadline)
    return first != second ? first < second : nodes[Int(left)].sequence < nodes[Int(right)].sequence
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard precedes(heap[index], heap[parent]) else { return }
      exchange(index, parent)
      index = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var index = start
    while true {
      var smallest = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
        if precedes(heap[child], heap[smallest]) { smallest = child }
      }
      guard smallest != index else { return }
      exchange(index, smallest)
      index = smallest
    }
  }

  private mutating func exchange(_ first: Int, _ second: Int) {
    heap.swapAt(first, second)
    nodes[Int(heap[first])].heapIndex = first
    nodes[Int(heap[second])].heapIndex = second
  }
}
