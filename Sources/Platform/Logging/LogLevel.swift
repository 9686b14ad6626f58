public enum LogLevel: UInt8, Sendable, Comparable, CaseIterable, CustomStringConvertible {
  /// Every step, for one part under the microscope.
  case trace
  /// What a developer of that part wants to see.
  case debug
  /// What an operator wants to see in a healthy system.
  case info
  /// Something is wrong and the system copes.
  case warning
  /// Something that was asked for did not happen.
  case error

  public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

  public var description: String {
    switch self {
    case .trace: "trace"
    case .debug: "debug"
    case .info: "info"
    case .warning: "warning"
    case .error: "error"
    }
  }

  public init?(_ name: some StringProtocol) {
    guard let level = Self.allCases.first(where: { $0.description == name }) else { return nil }
    self = level
  }
}

/// The lowest level that is written, per subsystem.
public struct LogLevels: Sendable, Equatable {
  public struct ParseError: Error, Equatable, CustomStringConvertible {
    public var item: String
    public var description: String {
      "\"\(item)\" is no log level; accepted: LEVEL or SUBSYSTEM=LEVEL, separated by commas, with LEVEL one of "
        + LogLevel.allCases.map(\.description).joined(separator: ", ")
    }
  }

  public var standard: LogLevel
  /// A name holds for itself and for everything below it: `net` also for `net.http`. The longest name wins.
  public var bySubsystem: [String: LogLevel]

  public init(_ standard: LogLevel = .info, bySubsystem: [String: LogLevel] = [:]) {
    self.standard = standard
    self.bySubsystem = bySubsystem
  }

  /// Reads `info,net=debug,store=warning`.
  public init(parsing text: String) throws(ParseError) {
    self.init()
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = parts.last, let level = LogLevel(name), parts.first?.isEmpty == false else {
        throw ParseError(item: String(item))
      }
      if parts.count == 1 { standard = level } else { bySubsystem[String(parts[0])] = level }
    }
  }

  public func level(of subsystem: String) -> LogLevel {
    if bySubsystem.isEmpty { return standard }
    var name = Substring(subsystem)
    while true {
      if let level = bySubsystem[String(name)] { return level }
      guard let dot = name.lastIndex(of: ".") else { return standard }
      name = name[..<dot]
    }
  }
}
