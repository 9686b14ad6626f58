import Glibc
import Linux
import Net

/// One record of a log: a line, or a part of one.
public struct LogEntry: Sendable, Equatable {
  public enum Stream: String, Sendable {
    case output = "stdout"
    case errors = "stderr"
  }

  public var time: WallTime
  public var stream: Stream
  /// The line goes on in the next entry of that stream.
  public var isPartial: Bool
  /// Without the newline.
  public var bytes: [UInt8]

  public init(time: WallTime, stream: Stream, isPartial: Bool, bytes: [UInt8]) {
    self.time = time
    self.stream = stream
    self.isPartial = isPartial
    self.bytes = bytes
  }

  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// One line of a log file without its newline, `TIME STREAM F|P TEXT`; nil when it is not of that form.
  public init?(line: ArraySlice<UInt8>) {
    guard line.count >= 40 else { return nil }
    let start = line.startIndex
    guard let time = LogEntry.time(line[start..<start + 30]), line[start + 30] == UInt8(ascii: " ") else { return nil }
    guard let stream = Stream(rawValue: String(decoding: line[start + 31..<start + 37], as: UTF8.self)) else {
      return nil
    }
    guard line[start + 37] == UInt8(ascii: " "), line[start + 39] == UInt8(ascii: " ") else { return nil }
    switch line[start + 38] {
    case UInt8(ascii: "F"): isPartial = false
    case UInt8(ascii: "P"): isPartial = true
    default: return nil
    }
    self.time = time
    self.stream = stream
    bytes = Array(line[(start + 40)...])
  }

  /// `2026-01-31T23:59:59.123456789Z`.
  private static func time(_ text: ArraySlice<UInt8>) -> WallTime? {
    let start = text.startIndex
    func number(_ offset: Int, _ count: Int) -> Int? {
      var value = 0
      for byte in text[start + offset..<start + offset + count] {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        value = value * 10 + Int(byte - UInt8(ascii: "0"))
      }
      return value
    }
    guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
      let minute = number(14, 2), let second = number(17, 2), let nanosecond = number(20, 9),
      (1970...2500).contains(year), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
      second <= 60, text[start + 29] == UInt8(ascii: "Z")
    else { return nil }
    // Days since 1970 in the proleptic Gregorian calendar, years beginning in March.
    let shifted = month > 2 ? year : year - 1
    let monthIndex = (month + 9) % 12
    let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (monthIndex * 153 + 2) / 5 + day - 719_469
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    return UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(nanosecond)
  }
}

/// Names of log files: `ID.log` is written to, `ID.log.1` is the youngest of the others.
enum LogFiles {
  static func number(_ name: String, of process: String) -> Int? {
    guard name.hasPrefix(process + ".log") else { return nil }
    let rest = name.dropFirst(process.count + 4)
    if rest.isEmpty { return 0 }
    guard rest.first == ".", let number = Int(rest.dropFirst()), number > 0 else { return nil }
    return number
  }

  static func belongs(_ name: String, to process: String) -> Bool { number(name, of: process) != nil }

  /// Numbers of the files that exist, the oldest first.
  static func chain(_ process: String, in directory: String) -> [Int] {
    ((try? Files.names(in: directory)) ?? []).compactMap { number($0, of: process) }.sorted(by: >)
  }

  static func path(_ process: String, _ number: Int, in directory: String) -> String {
    number == 0 ? "\(directory)/\(process).log" : "\(directory)/\(process).log.\(number)"
  }
}

/// The entries of a log, one after the other.
public struct LogSequence: AsyncSequence, Sendable {
  public typealias Element = LogEntry

  let directory: String
  let process: String
  let since: WallTime
  let tail: Int?
  let follow: Bool
  let loop: EventLoop

  public func makeAsyncIterator() -> Iterator { Iterator(reader: LogReader(self)) }

  public struct Iterator: AsyncIteratorProtocol {
    let reader: LogReader

    public mutating func next() async -> LogEntry? {
      await withTaskCancellationHandler {
        await reader.next()
      } onCancel: { [reader] in
        Task(executorPreference: reader.loop) { await reader.cancel() }
      }
    }
  }
}

/// Reads one log. Lives on the loop for logs, which may block on the disk.
actor LogReader {
  private let sequence: LogSequence
  private var ready: [LogEntry] = []
  private var position = 0
  private var file: FileDescriptor?
  private var identity: UInt64 = 0
  private var rest: [UInt8] = []
  private var hasStarted = false
  private var isCancelled = false
  private var notifier: FileDescriptor?
  private var watch: DescriptorWatch?
  private var waiter: CheckedContinuation<Void, Never>?
  /// Something was written since the last look.
  private var isStale = false

  nonisolated var loop: EventLoop { sequence.loop }
  nonisolated var unownedExecutor: UnownedSerialExecutor { sequence.loop.asUnownedSerialExecutor() }

  init(_ sequence: LogSequence) {
    self.sequence = sequence
  }

  deinit {
    // The loop must let go of the descriptor before its number can mean another.
    if let watch {
      let raw = notifier.take()?.release() ?? -1
      sequence.loop.execute {
        watch.cancel()
        close(raw)
      }
    }
  }

  func next() async -> LogEntry? {
    if !hasStarted { begin() }
    while true {
      if position < ready.count {
        defer { position += 1 }
        return ready[position]
      }
      ready.removeAll(keepingCapacity: true)
      position = 0
      if isCancelled { return end() }
      isStale = false
      if readSome() { continue }
      guard sequence.follow, Files.isDirectory(sequence.directory) else { return end() }
      await waitForChange()
    }
  }

  func cancel() {
    isCancelled = true
    wake()
  }

  private func end() -> LogEntry? {
    watch?.cancel()
    watch = nil
    notifier = nil
    return nil
  }

  private func begin() {
    hasStarted = true
    if sequence.follow { watchDirectory() }
    if let oldest = LogFiles.chain(sequence.process, in: sequence.directory).first { open(oldest) }
    guard let tail = sequence.tail else { return }
    // Keeps twice the wanted number at most while going through the history.
    while readSome() { if ready.count > 2 * max(tail, 512) { ready.removeFirst(ready.count - tail) } }
    if ready.count > tail { ready.removeFirst(ready.count - tail) }
  }

  private func open(_ number: Int) {
    file = try? .open(LogFiles.path(sequence.process, number, in: sequence.directory))
    identity = LogReader.identity(file?.raw ?? -1)
    rest = []
  }

  private static func identity(_ descriptor: Int32) -> UInt64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
  }

  /// Reads one piece and moves to the next file at the end of one. False: there is nothing more now.
  private func readSome() -> Bool {
    if file == nil {
      guard let oldest = LogFiles.chain(sequence.process, in: sequence.directory).first else { return false }
      open(oldest)
    }
    if readPiece() { return true }
    guard let newer = nextFile() else { return false }
    // The last lines may have come between the look at the end and the rotation.
    if readPiece() { return true }
    open(newer)
    return file != nil
  }

  /// The number of the file after the one that is open; nil when that is still written to.
  private func nextFile() -> Int? {
    let chain = LogFiles.chain(sequence.process, in: sequence.directory)
    for (index, number) in chain.enumerated() {
      var status = stat()
      guard stat(LogFiles.path(sequence.process, number, in: sequence.directory), &status) == 0 else { continue }
      if UInt64(status.st_ino) == identity { return index + 1 < chain.count ? chain[index + 1] : nil }
    }
    // Ours has been rotated away altogether.
    return chain.first
  }

  private func readPiece() -> Bool {
    guard let raw = file?.raw else { return false }
    var count = 0
    let piece = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, used in
      count = read(raw, buffer.baseAddress, buffer.count)
      used = Swift.max(0, count)
    }
    guard count > 0 else { return false }
    rest += piece
    var start = 0
    while let newline = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
      if let entry = LogEntry(line: rest[start..<newline]), entry.time >= sequence.since { ready.append(entry) }
      start = newline + 1
    }
    rest.removeFirst(start)
    // No record is that long; these bytes are damage.
    if rest.count > 1 << 20 { rest = [] }
    return true
  }

  // MARK: Following

  private func watchDirectory() {
    let raw = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
    guard raw >= 0 else { return }
    notifier = FileDescriptor(owning: raw)
    let mask = UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF)
    inotify_add_watch(raw, sequence.directory, mask)
    watch = try? sequence.loop.register(raw, .readable) { [weak self] _ in
      guard let self else { return }
      self.assumeIsolated { $0.changed(raw) }
    }
  }

  private func changed(_ raw: Int32) {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
      while read(raw, buffer.baseAddress, buffer.count) > 0 {}
    }
    isStale = true
    wake()
  }

  private func wake() {
    waiter?.resume()
    waiter = nil
  }

  private func waitForChange() async {
    if isStale || isCancelled { return }
    // Without inotify (its instances are limited per user) a look four times a second has to do.
    if watch == nil {
      sequence.loop.schedule(after: .milliseconds(250)) { [weak self] in self?.assumeIsolated { $0.wake() } }
    }
    // Looked at again in here: the call itself may let others in before this runs.
    await withCheckedContinuation { continuation in
      if isStale || isCancelled { continuation.resume() } else { waiter = continuation }
    }
  }
}
