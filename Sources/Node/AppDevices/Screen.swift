import Glibc
import Linux
import Synchronization

/// The node's screen. The app that draws first has it until it ends; it draws behind what is shown, and shows it by a flush or
/// by drawing nothing for ``flushMilliseconds``.
public final class Screen: Sendable {
  public static let sideMax = 2048
  public static let flushMilliseconds: Int64 = 50

  /// What is shown, or a part of it.
  public struct Frame: Sendable, Equatable {
    /// Counts from 0, one for each change of what is shown.
    public var version: UInt64
    public var screenWidth: Int
    public var screenHeight: Int
    /// Where the pixels belong.
    public var area: Area
    /// RGB565, row by row.
    public var pixels: [UInt16]

    /// The same pixels of two bytes each, the lower one first.
    public var bytes: [UInt8] { pixels.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] } }
  }

  private struct State {
    var canvas: Canvas
    var shown: [UInt16]
    var version: UInt64 = 0
    /// The last changes of what is shown, the newest last.
    var changes: [(version: UInt64, area: Area)] = []
    var owner: DeviceUser?
    /// Nanoseconds.
    var lastDraw: Int64 = 0
    /// A thread waits for the time to show what was drawn.
    var isWaiting = false
    var watchers: [UInt64: @Sendable (UInt64) -> Void] = [:]
    var nextWatcher: UInt64 = 0

    /// Shows an area. Gives those who are to be told.
    mutating func show(_ area: Area?) -> [@Sendable (UInt64) -> Void] {
      guard let area else { return [] }
      let width = canvas.width
      canvas.pixels.withUnsafeBufferPointer { drawn in
        shown.withUnsafeMutableBufferPointer { shown in
          for row in area.top..<area.bottom {
            let range = row * width + area.left..<row * width + area.right
            _ = UnsafeMutableBufferPointer(rebasing: shown[range]).update(fromContentsOf: drawn[range])
          }
        }
      }
      version += 1
      changes.append((version, area))
      if changes.count > 64 { changes.removeFirst(32) }
      return Array(watchers.values)
    }
  }

  public let width: Int
  public let height: Int
  private let state: Mutex<State>

  init(width: Int, height: Int) {
    let width = min(max(width, 1), Self.sideMax)
    let height = min(max(height, 1), Self.sideMax)
    self.width = width
    self.height = height
    state = Mutex(
      State(canvas: Canvas(width: width, height: height), shown: [UInt16](repeating: 0, count: width * height)))
  }

  // MARK: Apps

  /// Draws for an app, which has the screen from then on. It begins as all black.
  /// - Throws: EBUSY while another app has it.
  public func draw<Answer: Sendable>(
    by user: DeviceUser, _ body: (inout Canvas) -> Answer
  ) throws(DeviceError) -> Answer {
    let (answer, needsThread) = try state.withLock { (state) throws(DeviceError) -> (Answer, Bool) in
      try Self.take(&state, user)
      let answer = body(&state.canvas)
      state.lastDraw = monotonicNanoseconds()
      let needsThread = state.canvas.damage != nil && !state.isWaiting
      if needsThread { state.isWaiting = true }
      return (answer, needsThread)
    }
    if needsThread { showLater() }
    return answer
  }

  /// Draws a picture and shows it at once, and nothing else of what was drawn.
  /// - Returns: false when there are too few bytes.
  public func write(
    by user: DeviceUser, _ x: Int, _ y: Int, _ width: Int, _ height: Int, _ bytes: UnsafeRawBufferPointer
  ) throws(DeviceError) -> Bool {
    let (isDrawn, watchers, version) = try state.withLock {
      (state) throws(DeviceError) -> (Bool, [@Sendable (UInt64) -> Void], UInt64) in
      try Self.take(&state, user)
      // What was drawn elsewhere waits for its own time.
      let damage = state.canvas.damage
      defer { state.canvas.damage = damage }
      guard state.canvas.bitmap(x, y, width, height, bytes) else { return (false, [], 0) }
      let watchers = state.show(state.canvas.visible(x, y, width, height))
      return (true, watchers, state.version)
    }
    for watcher in watchers { watcher(version) }
    return isDrawn
  }

  /// Shows what was drawn. Of no effect for an app that has not drawn.
  /// - Throws: EBUSY while another app has the screen.
  public func flush(by user: DeviceUser) throws(DeviceError) {
    let isOwner = try state.withLock { (state) throws(DeviceError) -> Bool in
      if let owner = state.owner, owner !== user { throw .busy }
      return state.owner === user
    }
    if isOwner { show() }
  }

  /// The app that has the screen.
  public var owner: DeviceUser? { state.withLock { $0.owner } }

  private static func take(_ state: inout State, _ user: DeviceUser) throws(DeviceError) {
    if let owner = state.owner {
      if owner !== user { throw .busy }
    } else {
      state.owner = user
      state.canvas.clear(0)
    }
  }

  /// What the app drew last stays to be seen until the next one draws.
  func release(_ user: DeviceUser) {
    guard owner === user else { return }
    show()
    state.withLock { $0.owner = nil }
  }

  private func show() {
    let (watchers, version) = state.withLock { state in
      (state.show(state.canvas.takeDamage()), state.version)
    }
    for watcher in watchers { watcher(version) }
  }

  /// A thread for as long as there is something to show and the app goes on drawing.
  private func showLater() {
    let started: Void? = try? Thread.start(name: "app-screen", stackBytes: 128 << 10) { [self] in
      var wait = Self.flushMilliseconds * 1_000_000
      while true {
        usleep(UInt32(clamping: wait / 1000 + 1))
        let rest: Int64? = state.withLock { state in
          let isDamaged = state.canvas.damage != nil
          let rest = max(0, state.lastDraw + Self.flushMilliseconds * 1_000_000 - monotonicNanoseconds())
          if !isDamaged || rest == 0 { state.isWaiting = false }
          return isDamaged ? rest : nil
        }
        guard let rest else { return }
        if rest == 0 { return show() }
        wait = rest
      }
    }
    // Without a thread the app's own flush shows it.
    if started == nil { state.withLock { $0.isWaiting = false } }
  }

  // MARK: The host

  /// What is shown.
  public var frame: Frame {
    state.withLock { state in
      Frame(
        version: state.version, screenWidth: width, screenHeight: height,
        area: Area(left: 0, top: 0, right: width, bottom: height), pixels: state.shown)
    }
  }

  /// What has changed since a version: the smallest rectangle with all of it, or everything when that was too long ago.
  /// `nil`: nothing.
  public func changes(since version: UInt64) -> Frame? {
    state.withLock { state in
      guard version < state.version else { return nil }
      var area = Area(left: 0, top: 0, right: width, bottom: height)
      if let oldest = state.changes.first, oldest.version <= version + 1 {
        var union: Area?
        for change in state.changes where change.version > version { union = change.area.union(union) }
        area = union ?? area
      }
      var pixels: [UInt16] = []
      pixels.reserveCapacity(area.width * area.height)
      for row in area.top..<area.bottom {
        pixels += state.shown[row * width + area.left..<row * width + area.right]
      }
      return Frame(version: state.version, screenWidth: width, screenHeight: height, area: area, pixels: pixels)
    }
  }

  /// What is shown, as a PNG file.
  public func png() -> [UInt8] { PNG.encode(frame.pixels, width: width, height: height) }

  /// Calls a closure with the new version behind each change, on the thread that made it: it must not wait.
  /// - Returns: for ``unwatch(_:)``.
  public func watch(_ body: @escaping @Sendable (UInt64) -> Void) -> UInt64 {
    state.withLock { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = body
      return state.nextWatcher
    }
  }

  public func unwatch(_ token: UInt64) { state.withLock { $0.watchers[token] = nil } }
}
