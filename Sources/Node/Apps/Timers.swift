/// Stop-watches of one app; times in milliseconds of any clock that does not go back.
struct Timers {
  static let countMax = 8

  private enum Watch {
    case free
    case stopped(elapsed: Int64)
    case running(since: Int64)
  }

  private var watches = [Watch](repeating: .free, count: countMax)

  mutating func create() throws(NativeError) -> Int32 {
    let index = watches.firstIndex { if case .free = $0 { true } else { false } }
    guard let index else { throw .outOfMemory }
    watches[index] = .stopped(elapsed: 0)
    return Int32(index)
  }

  mutating func start(_ handle: Int32, now: Int64) throws(NativeError) {
    watches[try place(handle)] = .running(since: now)
  }

  mutating func stop(_ handle: Int32, now: Int64) throws(NativeError) {
    let index = try place(handle)
    if case .running(let since) = watches[index] { watches[index] = .stopped(elapsed: now - since) }
  }

  func elapsed(_ handle: Int32, now: Int64) throws(NativeError) -> Int32 {
    switch watches[try place(handle)] {
    case .free: throw .invalid
    case .stopped(let elapsed): return Int32(truncatingIfNeeded: elapsed & 0x7FFF_FFFF)
    case .running(let since): return Int32(truncatingIfNeeded: (now - since) & 0x7FFF_FFFF)
    }
  }

  mutating func free(_ handle: Int32) throws(NativeError) { watches[try place(handle)] = .free }

  private func place(_ handle: Int32) throws(NativeError) -> Int {
    guard watches.indices.contains(Int(handle)) else { throw .invalid }
    if case .free = watches[Int(handle)] { throw .invalid }
    return Int(handle)
  }
}
