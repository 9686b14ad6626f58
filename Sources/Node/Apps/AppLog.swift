import Glibc
import Synchronization

/// The last lines that an app has written. Writing never waits; what does not fit is dropped from the beginning and counted.
public final class AppLog: Sendable {
  public enum Level: String, Sendable, CaseIterable {
    case debug, info, warning, error
  }

  public struct Line: Sendable, Equatable {
    /// Counts from 1 over the life of the log.
    public var number: UInt64
    /// Milliseconds since 1970.
    public var time: Int64
    public var level: Level
    public var text: String
  }

  private struct State {
    var lines: [Line] = []
    /// Lines before this one were dropped.
    var first = 0
    var bytes = 0
    var next: UInt64 = 1
    var watchers: [UInt64: @Sendable () -> Void] = [:]
    var nextWatcher: UInt64 = 0
  }

  private let state = Mutex(State())
  public let bytesMax: Int
  /// Of one line; the rest of a longer one is cut off.
  public static let lineBytesMax = 4096

  public init(bytesMax: Int = 256 << 10) { self.bytesMax = max(bytesMax, 2 * Self.lineBytesMax) }

  public func write(_ level: Level, _ text: String) {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let milliseconds = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    let cut =
      text.utf8.count > Self.lineBytesMax ? String(decoding: text.utf8.prefix(Self.lineBytesMax), as: UTF8.self) : text
    let watchers = state.withLock { state in
      state.lines.append(Line(number: state.next, time: milliseconds, level: level, text: cut))
      state.next += 1
      state.bytes += cut.utf8.count + 32
      while state.bytes > bytesMax {
        state.bytes -= state.lines[state.first].text.utf8.count + 32
        state.first += 1
      }
      if state.first > 64, state.first * 2 > state.lines.count {
        state.lines.removeFirst(state.first)
        state.first = 0
      }
      return Array(state.watchers.values)
    }
    for watcher in watchers { watcher() }
  }

  /// Lines from a number on, at most so many.
  public func lines(from number: UInt64 = 0, max count: Int = .max) -> [Line] {
    state.withLock { state in
      let kept = state.lines[state.first...]
      guard let oldest = kept.first else { return [] }
      let skip = number > oldest.number ? Int(min(number - oldest.number, UInt64(kept.count))) : 0
      return Array(kept.dropFirst(skip).prefix(count))
    }
  }

  /// The number of the next line.
  public var nextNumber: UInt64 { state.withLock { $0.next } }

  /// Calls a closure behind each new line, on the writer's thread: it must not wait.
  public func watch(_ body: @escaping @Sendable () -> Void) -> UInt64 {
    state.withLock { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = body
      return state.nextWatcher
    }
  }

  public func unwatch(_ token: UInt64) { state.withLock { $0.watchers[token] = nil } }
}
