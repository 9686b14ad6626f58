import Synchronization

/// Which lines of a trace are wanted.
public struct TraceFilter: Sendable, Equatable {
  /// Values of `"kind"`; `nil` for all lines, and the header.
  public var kinds: Set<String>?

  public init(kinds: Set<String>? = nil) { self.kinds = kinds }

  func filter(_ lines: ArraySlice<UInt8>) -> [UInt8] {
    guard let kinds else { return Array(lines) }
    var kept: [UInt8] = []
    TraceLine.forEach(lines) { line in
      if kinds.contains(String(decoding: TraceLine.kind(line), as: UTF8.self)) { kept += line }
    }
    return kept
  }
}

/// Lines of a trace on their way to one reader. When the reader is slow, lines are left out, and counted: the next that it
/// reads is `{"kind":"dropped","lines":N}`.
public final class TraceFeed: AsyncSequence, Sendable {
  public typealias Element = [UInt8]

  /// Bytes that wait for the reader at most.
  public static let bytesMax = 256 << 10

  private struct State {
    var waiting: [UInt8] = []
    var dropped: UInt64 = 0
    var isFinished = false
    var reader: CheckedContinuation<[UInt8]?, Never>?
  }

  let filter: TraceFilter
  private let state = Mutex(State())

  init(_ filter: TraceFilter) { self.filter = filter }

  /// Adds whole lines. Never waits.
  func offer(_ lines: ArraySlice<UInt8>) {
    let wanted = filter.filter(lines)
    guard !wanted.isEmpty else { return }
    state.withLock { state in
      guard !state.isFinished else { return }
      if state.waiting.count + wanted.count > TraceFeed.bytesMax {
        for byte in wanted where byte == 10 { state.dropped += 1 }
        return
      }
      if state.dropped > 0 { state.waiting += TraceFeed.dropLine(&state.dropped) }
      state.waiting += wanted
      guard let reader = state.reader else { return }
      state.reader = nil
      reader.resume(returning: state.waiting)
      state.waiting = []
    }
  }

  /// Ends the sequence after what waits.
  func finish() {
    state.withLock { state in
      state.isFinished = true
      state.reader?.resume(returning: nil)
      state.reader = nil
    }
  }

  var isFinished: Bool { state.withLock { $0.isFinished } }

  private static func dropLine(_ count: inout UInt64) -> [UInt8] {
    defer { count = 0 }
    return Array(#"{"kind":"dropped","lines":\#(count)}"#.utf8) + [10]
  }

  /// Reads what waits, or waits for it; whoever stops reading cancels its task.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let feed: TraceFeed
    public mutating func next() async -> [UInt8]? { await feed.next() }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(feed: self) }

  private func next() async -> [UInt8]? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        state.withLock { state in
          if state.waiting.isEmpty, state.dropped > 0 { state.waiting = TraceFeed.dropLine(&state.dropped) }
          if !state.waiting.isEmpty {
            continuation.resume(returning: state.waiting)
            state.waiting = []
          } else if state.isFinished || Task.isCancelled {
            continuation.resume(returning: nil)
          } else {
            state.reader = continuation
          }
        }
      }
    } onCancel: {
      finish()
    }
  }

  /// Ends it from the reader's side.
  public func cancel() { finish() }
}
