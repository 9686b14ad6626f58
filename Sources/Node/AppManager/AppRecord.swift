import AppFormat
import Bytes

/// SHA-256 over everything that one version of an app consists of: module, manifest, model and icon.
public struct AppVersionID: Sendable, Hashable, CustomStringConvertible {
  /// 64 digits in lower case.
  public let hex: String

  /// - Parameter digest: 32 bytes.
  public init(digest: [UInt8]) { hex = Hex.encode(digest) }

  /// `nil` for anything but 64 digits in lower case: it becomes part of a path.
  public init?(hex: String) {
    guard hex.utf8.count == 64, hex.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { return nil }
    self.hex = hex
  }

  public var description: String { hex }
}

/// How a version of an app came to the node. The numbers are the reference's.
public enum AppSource: UInt8, Sendable, CaseIterable {
  case unknown = 0
  case http = 1
  case ble = 2
  case usb = 3
  case sd = 4
  /// Part of the node.
  case firmware = 5

  public var word: String {
    switch self {
    case .unknown: "unknown"
    case .http: "http"
    case .ble: "ble"
    case .usb: "usb"
    case .sd: "sd"
    case .firmware: "firmware"
    }
  }
}

/// What is wanted of an app.
public enum AppDesire: String, Sendable, CaseIterable {
  /// Nobody has said, or it has done its work: it runs only where it is started.
  case unset
  case running
  /// Stopped by a user: stays so, also over a restart of the node.
  case stopped
}

public struct AppRestartPolicy: Sendable, Equatable {
  public var isEnabled: Bool
  /// Failures in a row after which the app stays down: 1 to 1000.
  public var retriesMax: Int
  /// Before the first restart; doubled for each further one. 0 to 86 400 000.
  public var delayMilliseconds: Int

  public init(isEnabled: Bool = false, retriesMax: Int = 3, delayMilliseconds: Int = 1000) {
    self.isEnabled = isEnabled
    self.retriesMax = retriesMax
    self.delayMilliseconds = delayMilliseconds
  }

  public init(_ manifest: AppManifest.Restart) {
    self.init(
      isEnabled: manifest.isEnabled, retriesMax: manifest.retriesMax, delayMilliseconds: manifest.delayMilliseconds)
  }

  /// Time until the restart after so many failures in a row.
  public func delay(afterFailures count: Int, max: Duration) -> Duration {
    var delay = Duration.milliseconds(delayMilliseconds)
    var doublings = count - 1
    while doublings > 0, delay > .zero, delay < max {
      delay *= 2
      doublings -= 1
    }
    return Swift.min(delay, max)
  }
}

/// What an operator sets for an app; `nil` leaves it to the manifest or the node.
public struct AppSettings: Sendable, Equatable {
  public var restart: AppRestartPolicy?
  public var isAutostarted: Bool?
  /// 1 to 10; higher ones are started first.
  public var priority: Int?
  public var quotas: AppQuotas?
  public var arguments: [String]
  public var environment: [String: String]

  public init(
    restart: AppRestartPolicy? = nil, isAutostarted: Bool? = nil, priority: Int? = nil, quotas: AppQuotas? = nil,
    arguments: [String] = [], environment: [String: String] = [:]
  ) {
    self.restart = restart
    self.isAutostarted = isAutostarted
    self.priority = priority
    self.quotas = quotas
    self.arguments = arguments
    self.environment = environment
  }
}

/// One version of an app, as the registry knows it; its files lie in the folder that is named after ``id``.
public struct AppVersion: Sendable, Equatable {
  public var id: AppVersionID
  /// Of the module alone, 32 bytes.
  public var moduleSHA256: [UInt8]
  public var moduleBytes: Int
  /// As the manifest has it; "" when it has none.
  public var version: String
  public var isManifestEmbedded: Bool
  /// A trusted key signed the bytes that the manifest is in.
  public var isAttested: Bool
  /// SHA-256 over the public keys that signed it, in hexadecimal.
  public var signers: [String]
  public var requested: CapabilitySet
  public var restart: AppRestartPolicy
  public var isAutostarted: Bool
  public var priority: Int
  public var source: AppSource
  /// Seconds since 1970.
  public var installedAt: Int64

  public init(
    id: AppVersionID, moduleSHA256: [UInt8], moduleBytes: Int, version: String = "", isManifestEmbedded: Bool = false,
    isAttested: Bool = false, signers: [String] = [], requested: CapabilitySet = [],
    restart: AppRestartPolicy = AppRestartPolicy(), isAutostarted: Bool = false, priority: Int = 5,
    source: AppSource = .unknown, installedAt: Int64 = 0
  ) {
    self.id = id
    self.moduleSHA256 = moduleSHA256
    self.moduleBytes = moduleBytes
    self.version = version
    self.isManifestEmbedded = isManifestEmbedded
    self.isAttested = isAttested
    self.signers = signers
    self.requested = requested
    self.restart = restart
    self.isAutostarted = isAutostarted
    self.priority = priority
    self.source = source
    self.installedAt = installedAt
  }
}

/// Everything about an app that outlives the daemon.
public struct AppRecord: Sendable, Equatable {
  public var name: AppName
  /// Small and unique on the node, for clients of the reference.
  public var number: Int
  /// Its first version was part of the node: it can be updated, but not uninstalled.
  public var isPreloaded: Bool
  public var trust: AppTrustLevel
  public var current: AppVersion
  /// What a rollback goes back to.
  public var previous: AppVersion?
  /// By an operator, beyond what the manifest asks for.
  public var granted: CapabilitySet = []
  /// By an operator; wins over everything.
  public var revoked: CapabilitySet = []
  public var settings = AppSettings()
  public var desired = AppDesire.unset
  /// Why it is FAILED.
  public var failure: AppFailure?
  /// The current version has not passed its probation yet; if it fails, the previous one comes back.
  public var isOnTrial = false
  /// Failures in a row.
  public var crashCount = 0
  /// Failures since it was installed.
  public var crashTotal: UInt64 = 0
  /// Starts since it was installed. Written together with other changes, so that a kill can lose the last ones.
  public var startCount: UInt64 = 0
  /// The last ones, the newest last.
  public var crashes: [AppCrash] = []

  /// The most that are kept.
  public static let crashesMax = 16

  public init(
    name: AppName, number: Int, isPreloaded: Bool = false, trust: AppTrustLevel = .user, current: AppVersion,
    settings: AppSettings = AppSettings()
  ) {
    self.name = name
    self.number = number
    self.isPreloaded = isPreloaded
    self.trust = trust
    self.current = current
    self.settings = settings
  }

  public var restart: AppRestartPolicy { settings.restart ?? current.restart }
  public var isAutostarted: Bool { settings.isAutostarted ?? current.isAutostarted }
  public var priority: Int { settings.priority ?? current.priority }

  /// Whether the app is started when its node comes up.
  public var startsAtBoot: Bool {
    guard failure == nil else { return false }
    switch desired {
    case .running: return true
    case .unset: return isAutostarted
    case .stopped: return false
    }
  }

  /// The order in which apps are started when a node comes up: by priority, the highest first, then by name.
  public static func bootOrder(_ records: [AppRecord]) -> [AppName] {
    records.filter(\.startsAtBoot)
      .sorted { ($1.priority, $0.name) < ($0.priority, $1.name) }
      .map(\.name)
  }

  /// What the record says when a version has become the current one.
  func replaced(by replacement: AppState.Replacement) -> AppRecord {
    var record = self
    record.current = replacement.version
    record.crashCount = 0
    record.failure = nil
    record.isOnTrial = false
    switch replacement.reason {
    case .update:
      // A version that is installed again keeps what there was before it.
      if current.id != replacement.version.id { record.previous = current }
      record.isOnTrial = record.previous != nil
    case .rollback: record.previous = current
    case .failedTrial: record.previous = nil
    }
    return record
  }
}
