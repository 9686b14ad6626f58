import Glibc
import Synchronization

/// Where lines go.
public enum LogOutput: Sendable {
  /// An open file, pipe or terminal; stays the caller's to close.
  case descriptor(Int32)
  /// Called on the writer's thread with one or more records, instead of formatting them.
  case handler(@Sendable ([LogRecord]) -> Void)

  public static let standardError = LogOutput.descriptor(STDERR_FILENO)
}

/// The log of a process: levels, format, output and the thread that writes.
public final class LogSystem: Sendable {
  /// Writes text of level `info` and above to standard error until it is configured otherwise.
  public static let shared = LogSystem()

  /// The level of one subsystem, shared by all its loggers.
  final class Threshold: Sendable {
    let level: Atomic<UInt8>
    init(_ level: LogLevel) { self.level = Atomic(level.rawValue) }
  }

  private struct State {
    var levels: LogLevels
    var thresholds: [String: Threshold] = [:]
  }

  private let state: Mutex<State>
  private let writer: LogWriter

  /// - Parameter recordsMax: records that wait for the writer before further ones are dropped.
  public init(
    levels: LogLevels = LogLevels(), format: LogFormat = .text, output: LogOutput = .standardError,
    recordsMax: Int = 8192
  ) {
    state = Mutex(State(levels: levels))
    writer = LogWriter.start(recordsMax: recordsMax, output: output, format: format)
  }

  deinit { writer.stop() }

  public var levels: LogLevels {
    get { state.withLock { $0.levels } }
    set {
      state.withLock { state in
        state.levels = newValue
        for (subsystem, threshold) in state.thresholds {
          threshold.level.store(newValue.level(of: subsystem).rawValue, ordering: .relaxed)
        }
      }
    }
  }

  /// Records that are not yet written go to the new output.
  public func configure(levels: LogLevels, format: LogFormat, output: LogOutput) {
    self.levels = levels
    writer.change(output: output, format: format)
  }

  /// Waits until everything logged so far is written: before the process ends. Blocks; not for an event loop.
  /// - Returns: false when that took longer than `timeout`.
  @discardableResult
  public func flush(timeout: Duration = .seconds(2)) -> Bool { writer.flush(timeout: timeout) }

  /// Records dropped because the output was too slow.
  public var droppedCount: Int { writer.dropped }

  func threshold(of subsystem: String) -> Threshold {
    state.withLock { state in
      if let known = state.thresholds[subsystem] { return known }
      let threshold = Threshold(state.levels.level(of: subsystem))
      state.thresholds[subsystem] = threshold
      return threshold
    }
  }

  func submit(_ record: LogRecord) { writer.submit(record) }

  static func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}

/// Writes the log lines of one subsystem. A disabled line costs one atomic load; its message is not built.
///
/// Subsystem names are fixed words of the program, such as `net.http`; what varies belongs into metadata.
public struct Logger: Sendable {
  public let subsystem: String
  private let system: LogSystem
  private let threshold: LogSystem.Threshold
  private var fields: [LogRecord.Field] = []

  /// Longer messages and values are cut, so that one line cannot hold up the others.
  public static let textMax = 16 << 10

  public init(_ subsystem: String, system: LogSystem = .shared) {
    self.subsystem = subsystem
    self.system = system
    threshold = system.threshold(of: subsystem)
  }

  /// A logger whose lines all carry one more field.
  public func with(_ name: String, _ value: LogValue) -> Logger {
    var copy = self
    Self.set(LogRecord.Field(name: name, value: value), in: &copy.fields)
    return copy
  }

  public func isEnabled(_ level: LogLevel) -> Bool { level.rawValue >= threshold.level.load(ordering: .relaxed) }

  public func log(
    _ level: LogLevel, _ message: @autoclosure () -> String,
    _ metadata: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
  ) {
    guard isEnabled(level) else { return }
    var fields = fields
    for (name, value) in metadata() { Self.set(LogRecord.Field(name: name, value: Self.cut(value)), in: &fields) }
    system.submit(
      LogRecord(
        time: LogSystem.now(), level: level, subsystem: subsystem, message: Self.cut(message()), fields: fields))
  }

  public func trace(
    _ message: @autoclosure () -> String, _ metadata: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
  ) { log(.trace, message(), metadata()) }

  public func debug(
    _ message: @autoclosure () -> String, _ metadata: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
  ) { log(.debug, message(), metadata()) }

  public func info(
    _ message: @autoclosure () -> String, _ metadata: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
  ) { log(.info, message(), metadata()) }

  public func warning(
    _ message: @autoclosure () -> String, _ metadata: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
  ) { log(.warning, message(), metadata()) }

  public func error(
    _ message: @autoclosure () -> String, _ metadata: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
  ) { log(.error, message(), metadata()) }

  private static func set(_ field: LogRecord.Field, in fields: inout [LogRecord.Field]) {
    if let index = fields.firstIndex(where: { $0.name == field.name }) {
      fields[index] = field
    } else {
      fields.append(field)
    }
  }

  private static func cut(_ value: LogValue) -> LogValue {
    if case .string(let text) = value { .string(cut(text)) } else { value }
  }

  private static func cut(_ text: String) -> String {
    guard text.utf8.count > textMax else { return text }
    return String(decoding: text.utf8.prefix(textMax), as: UTF8.self) + "… (\(text.utf8.count) bytes)"
  }
}
