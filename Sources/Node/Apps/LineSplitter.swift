/// Makes lines of what an app writes in pieces.
struct LineSplitter {
  private var rest: [UInt8] = []

  /// Whole lines, and pieces of those that are longer than one of the log may be.
  mutating func add(_ bytes: UnsafeRawBufferPointer) -> [String] {
    var lines: [String] = []
    for byte in bytes {
      if byte != UInt8(ascii: "\n") { rest.append(byte) }
      if byte == UInt8(ascii: "\n") || rest.count >= AppLog.lineBytesMax { lines.append(take()) }
    }
    return lines
  }

  /// The last line of a program that has ended may have no end.
  mutating func finish() -> String? { rest.isEmpty ? nil : take() }

  private mutating func take() -> String {
    defer { rest.removeAll(keepingCapacity: true) }
    return String(decoding: rest, as: UTF8.self)
  }
}

extension AppHost {
  /// Writes to the log what comes in pieces: a line of `info` or of `error` as soon as it is whole.
  func write(_ bytes: UnsafeRawBufferPointer, isError: Bool) {
    for line in isError ? errorLine.add(bytes) : line.add(bytes) { writeLimited(isError ? .error : .info, line) }
  }

  /// What has no end yet.
  func finishLines() {
    if let rest = line.finish() { writeLimited(.info, rest) }
    if let rest = errorLine.finish() { writeLimited(.error, rest) }
  }

  /// A line within the app's number of lines a second.
  private func writeLimited(_ level: AppLog.Level, _ line: String) {
    if take(.log) { write(level, line) }
  }
}
