import AppFormat
import AppManager
import AppSigning
import Apps
import Control
import Linux
import Model
import Synchronization

/// The run-times of apps, one for each owner: what one owner's apps say to each other, keep and write is out of reach for
/// those of another.
final class AppRuntimes: Sendable {
  /// Takes what matters for security to a place that lasts.
  typealias Sink = @Sendable (_ owner: String, _ entry: Apps.AuditLog.Entry) -> Void

  private let sink: Sink
  private let runtimes = Mutex<[String: AppRuntime]>([:])

  private let broker: MQTTOptions?
  private let updater: any HostUpdater

  /// - Parameters:
  ///   - broker: what apps reach with MQTT; each owner's have a connection of their own.
  ///   - updater: of the host, for apps that may have it updated.
  init(broker: MQTTOptions?, updater: any HostUpdater, sink: @escaping Sink) {
    self.broker = broker
    self.updater = updater
    self.sink = sink
  }

  subscript(owner: String) -> AppRuntime? { runtimes.withLock { $0[owner] } }

  /// What was compiled for all owners, and what was there already.
  var codeFigures: CodeFigures {
    var sum = CodeFigures()
    for figures in runtimes.withLock({ $0.values.map(\.codeFigures) }) {
      sum.compiles.merge(figures.compiles) { $0 + $1 }
      sum.fileHits += figures.fileHits
      sum.memoryHits += figures.memoryHits
    }
    return sum
  }

  /// - Parameter folder: of the owner.
  func make(owner: String, folder: String) throws -> AppRuntime {
    let sink = sink
    let runtime = try AppRuntime(
      AppRuntime.Options(
        cacheFolder: "\(folder)/code", dataFolder: folder,
        auditSink: { sink(owner, $0) }))
    runtime.services.updater = updater
    if let broker { try runtime.services.mqtt.connect(broker) }
    runtimes.withLock { $0[owner] = runtime }
    return runtime
  }
}

extension AppRuntime: NodeAppRunner {
  public func attach(_ manager: AppManager) { services.control = ManagedApps(manager: manager) }

  public func tell(_ event: AppLifecycleEvent) {
    services.lifecycle(event)
    if event.change == .uninstalled { forget(event.name) }
  }
}

extension Configuration {
  /// How the node handles apps.
  ///
  /// - Throws: ``APIError`` that names a key which cannot be used.
  func appOptions(_ runtimes: AppRuntimes) throws -> NodeApps.Options {
    var manager = AppManagerOptions(
      rules: AppInstallRules(trust: try appTrust(), hostVersion: Configuration.appHostVersion))
    manager.runningMax = apps.runningMax
    return NodeApps.Options(root: paths.apps, manager: manager) { owner, folder in
      try runtimes.make(owner: owner, folder: folder)
    }
  }

  /// What apps that name the least version of their host compare with: the reference's, whose interface is offered.
  static let appHostVersion = HostVersion(1, 6, 5)

  private func appTrust() throws -> AppTrust {
    let folder = apps.keys ?? paths.apps + "/keys"
    try Files.makeDirectories(folder, mode: 0o700)
    do throws(AppSigningError) {
      return try AppTrust(folder: folder, requiresSignature: !apps.allowsUnsigned)
    } catch {
      throw APIError(.invalid, "\(folder): \(error)", field: "apps.keys")
    }
  }
}
