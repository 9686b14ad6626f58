@preconcurrency import Dispatch
import Glibc
import Linux
import Synchronization

/// The lines of a run that are on disk, read a piece at a time: what follows a rotation is one trace with what was before.
final class TracePast: Sendable {
  private static let pieceSize = 64 << 10

  /// A file as far as it was written when it was opened.
  final class File: Sendable {
    let descriptor: FileDescriptor
    let size: Int

    init(_ path: String) throws(LinuxError) {
      descriptor = try .open(path)
      size = max(0, Int(lseek(descriptor.raw, 0, SEEK_END)))
    }

    func bytes(at offset: Int, _ count: Int) -> [UInt8] {
      let raw = descriptor.raw
      return [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
        used = max(0, pread(raw, buffer.baseAddress, count, off_t(offset)))
      }
    }

    /// Behind the first line; `size` when it has no end.
    var headerEnd: Int {
      var offset = 0
      while offset < size {
        let piece = bytes(at: offset, min(TracePast.pieceSize, size - offset))
        if let end = piece.firstIndex(of: 10) { return offset + end + 1 }
        if piece.isEmpty { break }
        offset += piece.count
      }
      return size
    }

    /// Where the last `count` lines begin, not before `start`, and how many they are.
    func lastLines(_ count: Int, from start: Int) -> (offset: Int, count: Int) {
      var found = 0
      var end = size
      while end > start {
        let begin = max(start, end - TracePast.pieceSize)
        let piece = bytes(at: begin, end - begin)
        for index in piece.indices.reversed() where piece[index] == 10 {
          // The line feed behind a line belongs to that line.
          if found == count { return (begin + index + 1, found) }
          found += 1
        }
        end = begin
      }
      return (start, found)
    }
  }

  private struct State {
    /// Files with where their wanted lines begin.
    var files: [(file: File, offset: Int)] = []
    var rest: [UInt8] = []
  }

  private let filter: TraceFilter
  private let queue: DispatchQueue
  private let state: Mutex<State>

  init(_ files: [File], _ filter: TraceFilter, tail: Int?, _ queue: DispatchQueue) {
    self.filter = filter
    self.queue = queue
    var state = State()
    if let tail {
      var remaining = tail
      for file in files.reversed() where remaining > 0 {
        let (offset, count) = file.lastLines(remaining, from: file.headerEnd)
        remaining -= count
        state.files.insert((file, offset), at: 0)
      }
    } else {
      for (index, file) in files.enumerated() {
        state.files.append((file, index == 0 && filter.kinds == nil ? 0 : file.headerEnd))
      }
    }
    self.state = Mutex(state)
  }

  /// - Returns: whole lines, each with its line feed; `nil` at the end.
  func next() async -> [UInt8]? {
    await withCheckedContinuation { continuation in
      queue.async { [self] in continuation.resume(returning: state.withLock { read(&$0) }) }
    }
  }

  private func read(_ state: inout State) -> [UInt8]? {
    while let (file, offset) = state.files.first {
      let piece = offset < file.size ? file.bytes(at: offset, min(TracePast.pieceSize, file.size - offset)) : []
      guard !piece.isEmpty else {
        // What has no line feed was being written when the machine stopped.
        state.rest = []
        state.files.removeFirst()
        continue
      }
      state.files[0].offset += piece.count
      guard let end = piece.lastIndex(of: 10) else {
        state.rest += piece
        continue
      }
      let lines = state.rest + piece[...end]
      state.rest = Array(piece[(end + 1)...])
      let wanted = filter.filter(lines[...])
      if !wanted.isEmpty { return wanted }
    }
    return nil
  }
}

/// A trace for one reader: what is kept of the past, then everything new.
public struct TraceStream: AsyncSequence, Sendable {
  public typealias Element = [UInt8]

  let past: TracePast?
  let feed: TraceFeed?

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(past: past, feed: feed) }

  /// Ends it from the reader's side.
  public func cancel() { feed?.finish() }

  public struct AsyncIterator: AsyncIteratorProtocol {
    var past: TracePast?
    let feed: TraceFeed?

    /// Several whole lines.
    public mutating func next() async -> [UInt8]? {
      if let past {
        if let lines = await past.next() { return lines }
        self.past = nil
      }
      var iterator = feed?.makeAsyncIterator()
      return await iterator?.next()
    }
  }
}
