import AppDevices
import AppManager
import Linux
import Synchronization

/// What the apps of one node share.
public final class AppServices: Sendable {
  /// How long a wish of `app_switch` waits for another that takes its place.
  static let switchDelay = Duration.milliseconds(200)

  /// Settings of apps are kept below.
  public let dataFolder: String
  public let messages = MessageBus()
  private let commands: CommandBridge
  private let controls = Mutex<(any AppControl)?>(nil)
  private let switching = Mutex<Task<Void, Never>?>(nil)

  /// Screen, buttons, pins, ports, sensors: what apps reach, and what the host does at their other side.
  public let devices: Devices

  public init(dataFolder: String, devices: Devices = Devices()) {
    self.dataFolder = dataFolder
    self.devices = devices
    commands = CommandBridge(messages)
  }

  /// What apps may ask about other apps, and have done to them. Kept by this object. Without it they get −ENODEV.
  public var control: (any AppControl)? {
    get { controls.withLock { $0 } }
    set { controls.withLock { $0 = newValue } }
  }

  /// The command bridge: hands an app a command and waits for its answer.
  func command(_ app: String, _ bytes: [UInt8], timeout: Duration) async -> CommandReply {
    await commands.send(app, bytes, timeout: timeout)
  }

  /// Tells apps that listen on `akira.lifecycle` about a change of state.
  public func lifecycle(_ event: AppLifecycleEvent) { messages.publish(AppLifecycleEvent.topic, event.payload) }

  /// Stops one app and starts another in a moment; the last wish counts.
  func switchSoon(from: String, to name: String) {
    guard let control else { return }
    let task = Task {
      // Cancelled by a later wish.
      guard (try? await Task.sleep(for: Self.switchDelay)) != nil, !Task.isCancelled else { return }
      // Nobody waits for the answer: what became of the app shows in its state.
      try? await control.switchApp(from: from, to: name)
    }
    switching.withLock { current in
      current?.cancel()
      current = task
    }
  }

  /// Where the settings of an app are: in a folder of its own, so that no app is called like a file beside them.
  func settingsPath(of app: String) throws(LinuxError) -> String {
    let folder = "\(dataFolder)/settings/\(app)"
    try Files.makeDirectories(folder, mode: 0o700)
    return folder + "/values"
  }

  /// Forgets what is kept for an app beyond its runs; called when it is uninstalled. What a disk refuses to remove is there for
  /// the next app of that name.
  func forget(_ app: String) {
    try? Files.removeTree("\(dataFolder)/settings/\(app)")
  }
}
