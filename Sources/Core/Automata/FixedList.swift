// What an engine works on lies in memory of its own: no copies, so that nothing is counted and no write has to look whether
// others share it. That is faster on a host, and takes a third of the code of an array on a device. Positions are checked.

/// A list whose length never changes.
struct FixedList<Element>: ~Copyable {
  /// `nil` for a list of nothing, so that what an automaton has none of takes no room.
  private let start: UnsafeMutablePointer<Element>?
  let count: Int

  init(repeating element: Element, count: Int) { self.init(count: count) { _ in element } }

  init(_ elements: [Element]) { self.init(count: elements.count) { elements[$0] } }

  init(count: Int, _ element: (Int) -> Element) {
    self.count = count
    guard count > 0 else {
      start = nil
      return
    }
    let start = UnsafeMutablePointer<Element>.allocate(capacity: count)
    for index in 0..<count { (start + index).initialize(to: element(index)) }
    self.start = start
  }

  deinit {
    start?.deinitialize(count: count)
    start?.deallocate()
  }

  var isEmpty: Bool { count == 0 }
  var indices: Range<Int> { Range(uncheckedBounds: (0, count)) }

  /// Each part is initialized from `init` to `deinit`, and `count` never changes: where a checked position is valid, there
  /// is memory.
  subscript(index: Int) -> Element {
    unsafeAddress { UnsafePointer(place(index)) }
    unsafeMutableAddress { place(index) }
  }

  private func place(_ index: Int) -> UnsafeMutablePointer<Element> {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    return start.unsafelyUnwrapped + index
  }

  mutating func fill(with element: Element) { for index in indices { self[index] = element } }
}

// Nobody else has the memory, and nothing in it refers to what is not `Sendable`.
extension FixedList: @unchecked Sendable where Element: Sendable {}

/// Positions, as many as are put in. One kind of number for all, so that a device has the code once.
struct PositionList: ~Copyable {
  /// `nil` until something is put in.
  private var start: UnsafeMutablePointer<Int32>?
  private var capacity = 0
  private(set) var count = 0

  init() {}

  deinit { start?.deallocate() }

  var isEmpty: Bool { count == 0 }
  var indices: Range<Int> { Range(uncheckedBounds: (0, count)) }

  subscript(index: Int) -> Int32 {
    get { place(index).pointee }
    set { place(index).pointee = newValue }
  }

  /// Positions below `count` have been put in: a checked one is valid.
  private func place(_ index: Int) -> UnsafeMutablePointer<Int32> {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    return start.unsafelyUnwrapped + index
  }

  mutating func append(_ position: Int32) {
    if count == capacity { grow() }
    start.unsafelyUnwrapped[count] = position
    count += 1
  }

  @inline(never) private mutating func grow() {
    let larger = UnsafeMutablePointer<Int32>.allocate(capacity: capacity * 2 + 4)
    for index in indices { larger[index] = self[index] }
    start?.deallocate()
    start = larger
    capacity = capacity * 2 + 4
  }

  /// Leaves the first `count` and drops the rest.
  mutating func shorten(to count: Int) {
    precondition(UInt(bitPattern: count) <= UInt(bitPattern: self.count))
    self.count = count
  }

  mutating func removeAll() { count = 0 }

  @inline(never) func contains(_ position: Int32) -> Bool {
    for index in indices where self[index] == position { return true }
    return false
  }

  @inline(never) mutating func removeAll(where isDropped: (Int32) -> Bool) {
    var kept = 0
    for index in indices where !isDropped(self[index]) {
      self[kept] = self[index]
      kept += 1
    }
    count = kept
  }
}
