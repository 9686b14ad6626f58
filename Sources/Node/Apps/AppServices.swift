import AppDevices
import AppManager

/// What the apps of one node share.
public final class AppServices: Sendable {
  /// Settings of apps are kept below.
  public let dataFolder: String

  /// Screen, buttons, pins, ports, sensors: what apps reach, and what the host does at their other side.
  public let devices: Devices

  public init(dataFolder: String, devices: Devices = Devices()) {
    self.dataFolder = dataFolder
    self.devices = devices
  }

  /// The command bridge: hands an app a command and waits for its answer.
  func command(_ app: String, _ bytes: [UInt8], timeout: Duration) async -> CommandReply { .notListening }
}
