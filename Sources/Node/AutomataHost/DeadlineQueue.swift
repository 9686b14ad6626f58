/// Which slot is due next: a binary heap that knows where each slot stands, so that moving one costs no search.
///
/// Times are milliseconds. Slots are small numbers, each at most once in the queue; equal times come in order of slots.
struct DeadlineQueue {
  private var heap: [Entry] = []
  /// Where a slot stands in `heap`; -1 when it is not there.
  private var places: [Int32] = []

  private struct Entry {
    var deadline: Int64
    var slot: Int32

    func precedes(_ other: Entry) -> Bool {
      deadline != other.deadline ? deadline < other.deadline : slot < other.slot
    }
  }

  var count: Int { heap.count }

  var first: (deadline: Int64, slot: Int)? { heap.first.map { ($0.deadline, Int($0.slot)) } }

  /// Sets when a slot is due; `nil` takes it out.
  mutating func set(_ slot: Int, _ deadline: Int64?) {
    while places.count <= slot { places.append(-1) }
    let place = Int(places[slot])
    guard let deadline else {
      if place >= 0 { remove(at: place) }
      return
    }
    let entry = Entry(deadline: deadline, slot: Int32(slot))
    if place < 0 {
      heap.append(entry)
      siftUp(heap.count - 1, entry)
    } else if entry.precedes(heap[place]) {
      siftUp(place, entry)
    } else {
      siftDown(place, entry)
    }
  }

  private mutating func remove(at place: Int) {
    places[Int(heap[place].slot)] = -1
    let last = heap.removeLast()
    guard place < heap.count else { return }
    if place > 0, last.precedes(heap[(place - 1) / 2]) {
      siftUp(place, last)
    } else {
      siftDown(place, last)
    }
  }

  private mutating func put(_ entry: Entry, at place: Int) {
    heap[place] = entry
    places[Int(entry.slot)] = Int32(place)
  }

  private mutating func siftUp(_ start: Int, _ entry: Entry) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 2
      guard entry.precedes(heap[parent]) else { break }
      put(heap[parent], at: place)
      place = parent
    }
    put(entry, at: place)
  }

  private mutating func siftDown(_ start: Int, _ entry: Entry) {
    var place = start
    while true {
      var child = 2 * place + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
      guard heap[child].precedes(entry) else { break }
      put(heap[child], at: place)
      place = child
    }
    put(entry, at: place)
  }
}
