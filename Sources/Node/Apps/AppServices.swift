import AppManager

/// What the apps of one node share.
public final class AppServices: Sendable {
  /// Settings of apps are kept below.
  public let dataFolder: String

  public init(dataFolder: String) { self.dataFolder = dataFolder }

  /// The command bridge: hands an app a command and waits for its answer.
  func command(_ app: String, _ bytes: [UInt8], timeout: Duration) async -> CommandReply { .notListening }
}
