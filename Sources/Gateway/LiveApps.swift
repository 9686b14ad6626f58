import AppFormat
import JSON
import Model

/// What a client does to an app that is installed.
public enum AppAction: String, Sendable, CaseIterable {
  case start
  case stop
  case restart
  /// Puts the version before the current one in its place.
  case rollback
}

/// A line that an app wrote.
public struct AppLogLine: Sendable, Equatable {
  /// Counts from 1 since the daemon was started.
  public var number: UInt64
  public var time: Timestamp
  public var level: String
  public var text: String

  public init(number: UInt64, time: Timestamp, level: String, text: String) {
    self.number = number
    self.time = time
    self.level = level
    self.text = text
  }
}

/// Which lines are wanted.
public struct AppLogRequest: Sendable, Equatable {
  public var follow = false
  /// Only the last so many of those that are kept.
  public var tail: Int?
  /// Only lines from this number on.
  public var from: UInt64?

  public init() {}
}

/// An app in short, as lists of the reference have it.
public struct AppSummary: Sendable, Equatable {
  public var number: Int
  public var name: String
  public var version: String
  /// In lower case.
  public var state: String
  /// Of the module, in bytes.
  public var size: Int
  /// Failures in a row.
  public var crashes: Int

  public init(number: Int, name: String, version: String, state: String, size: Int, crashes: Int) {
    self.number = number
    self.name = name
    self.version = version
    self.state = state
    self.size = size
    self.crashes = crashes
  }
}

/// The battery of the machine.
public struct BatteryReading: Sendable, Equatable {
  public var percent: Int
  public var isCharging: Bool
  public var millivolts: Int
  /// Above 0 while it is charged.
  public var milliamperes: Int

  public init(percent: Int, isCharging: Bool, millivolts: Int, milliamperes: Int) {
    self.percent = percent
    self.isCharging = isCharging
    self.millivolts = millivolts
    self.milliamperes = milliamperes
  }
}

/// What the gateway needs of apps that are installed.
public protocol LiveApps: Sendable {
  /// What names of capabilities stand for on this node.
  var capabilities: CapabilityRegistry { get }
  /// Whether the node takes apps that nobody signed.
  var allowsUnsigned: Bool { get }
  /// What apps see as the battery; `nil`: the machine has none.
  var battery: BatteryReading? { get }
  /// - Returns: how it stands then.
  func perform(_ action: AppAction, on app: Resource) async throws(APIError) -> JSON
  /// How it stands, completely.
  func state(of app: Resource) async throws(APIError) -> JSON
  /// What it has used since its start.
  func statistics(of app: Resource) async throws(APIError) -> JSON
  /// Its lines, several at a time; ends after the last one unless `follow` is set.
  func logs(of app: Resource, _ request: AppLogRequest) async throws(APIError) -> AsyncStream<[AppLogLine]>
  /// Hands it a command and waits for its answer.
  ///
  /// - Throws: `failedPrecondition` when it does not listen, `requestTimeout` when no answer came.
  func send(_ command: [UInt8], timeout: Duration, to app: Resource) async throws(APIError) -> [UInt8]
  /// Its last failures, the oldest first.
  func crashes(of app: Resource) async throws(APIError) -> [JSON]
  /// The last events about it that matter for security, the oldest first.
  func audit(of app: Resource) async throws(APIError) -> [JSON]
  /// What it shows, as PNG.
  func screen(of app: Resource) async throws(APIError) -> [UInt8]
  /// Changes of state of an owner's apps from now on.
  func events(owner: String) async -> AsyncStream<JSON>
  func summaries(owner: String) async -> [AppSummary]
}
