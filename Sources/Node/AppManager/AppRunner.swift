import AppFormat

/// What runs apps; the run-time conforms to it, and the manager knows nothing else of it.
public protocol AppRunner: Sendable {
  /// Brings an app up.
  ///
  /// Returns when the guest's entry has been called, or when there is none to call and the app waits for events. Throws when
  /// that takes longer than `launch.startTimeout`, and then nothing of the app is left.
  ///
  /// - Parameter onExit: called exactly once for each start that succeeded, from any thread, also after
  ///   ``RunningApp/stop(timeout:)``; it may be called before this has returned. It does not block.
  func start(
    _ launch: AppLaunch, onExit: @escaping @Sendable (AppExit) -> Void
  ) async throws(AppStartError) -> any RunningApp

  /// Takes note of something that matters for security. Called from any thread; it does not block.
  func note(_ event: AppSecurityEvent)
}

/// What the manager finds out about the bytes of an app.
public struct AppSecurityEvent: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// The module's structure is wrong, or its bytes are not those that were installed.
    case integrityFailure
    case signatureFailure, signatureValid
  }

  public var kind: Kind
  /// As asked for where nothing else is known; then it can be "".
  public var app: String
  public var detail: String

  public init(_ kind: Kind, app: String, detail: String) {
    self.kind = kind
    self.app = app
    self.detail = detail
  }
}

/// One start of an app, until its exit.
public protocol RunningApp: AnyObject, Sendable {
  /// Asks the app to end, and ends it by force behind the timeout; returns when it is gone. Of no effect on an app that has
  /// ended.
  func stop(timeout: Duration) async

  /// Counts from the next call of the guest on.
  func setGrants(_ capabilities: CapabilitySet)

  func statistics() -> AppStatistics

  /// Hands the app a command (topic `<name>.cmd`) and waits for one answer (topic `<name>.evt`).
  func command(_ bytes: [UInt8], timeout: Duration) async -> CommandReply
}

/// Everything that a start of an app needs. Plain data; nothing in it changes while the app runs.
public struct AppLaunch: Sendable {
  public var name: AppName
  /// As the manifest has it; "" when it has none.
  public var version: String
  /// The module, whose SHA-256 was compared with ``sha256`` when it was read.
  public var module: [UInt8]
  /// Where the module lies; nobody changes the file while the app runs.
  public var modulePath: String
  /// Of the module, 32 bytes: its identity, and the key for compiled code.
  public var sha256: [UInt8]
  /// `model.tflite` of the package the app came in.
  public var modelPath: String?
  /// The manifest that counts.
  public var manifest: AppManifest
  /// A trusted key signed the bytes that the manifest is in.
  public var isAttested: Bool
  public var trust: AppTrustLevel
  /// What the app may do at its start.
  public var capabilities: CapabilitySet
  public var quotas: AppQuotas
  /// Starts of this app so far, this one not counted.
  public var startCount: UInt64
  /// Restarts after crashes in a row, 0 at a start by a user.
  public var restartCount: Int
  /// The app's own folder, which exists; nobody else writes into it.
  public var dataDirectory: String
  /// Behind the name, which is argument 0.
  public var arguments: [String]
  public var environment: [String: String]
  public var startTimeout: Duration
  /// It may connect to this machine itself, to its links, and to the addresses that clouds keep a machine's credentials at.
  public var allowsLocalAddresses: Bool

  public init(
    name: AppName, version: String = "", module: [UInt8], modulePath: String, sha256: [UInt8],
    modelPath: String? = nil, manifest: AppManifest, isAttested: Bool = false, trust: AppTrustLevel = .user,
    capabilities: CapabilitySet, quotas: AppQuotas = AppQuotas(), startCount: UInt64 = 0, restartCount: Int = 0,
    dataDirectory: String, arguments: [String] = [], environment: [String: String] = [:],
    startTimeout: Duration = .seconds(15), allowsLocalAddresses: Bool = false
  ) {
    self.name = name
    self.version = version
    self.module = module
    self.modulePath = modulePath
    self.sha256 = sha256
    self.modelPath = modelPath
    self.manifest = manifest
    self.isAttested = isAttested
    self.trust = trust
    self.capabilities = capabilities
    self.quotas = quotas
    self.startCount = startCount
    self.restartCount = restartCount
    self.dataDirectory = dataDirectory
    self.arguments = arguments
    self.environment = environment
    self.startTimeout = startTimeout
    self.allowsLocalAddresses = allowsLocalAddresses
  }
}

/// How much of the node an app may take. The limits are the node's or the operator's; a manifest can only lower them.
public struct AppQuotas: Sendable, Equatable {
  /// Linear memory and memory that the host holds for the app, together. ``AppManifest/memoryQuota`` lowers it to so many
  /// bytes beyond the memory that the module begins with.
  public var memoryBytesMax: Int
  /// Files in ``AppLaunch/dataDirectory``, together.
  public var storageBytesMax: Int
  /// Open files, sockets, timers and the like at a time.
  public var handlesMax: Int
  /// On the processor in one go, waits in host functions not counted.
  public var executionTimeout: Duration
  /// Share of one processor in percent over a second; `nil`: as much as is free.
  public var cpuPercentMax: Int?
  public var logLinesPerSecondMax: Int
  public var networkBytesPerSecondMax: Int?
  /// Instructions of one start, about; `nil`: not counted. With it every run of the same module on the same input ends at
  /// the same instruction, on every processor.
  public var fuelMax: UInt64?

  public init(
    memoryBytesMax: Int = 16 << 20, storageBytesMax: Int = 4 << 20, handlesMax: Int = 64,
    executionTimeout: Duration = .seconds(5), cpuPercentMax: Int? = nil, logLinesPerSecondMax: Int = 200,
    networkBytesPerSecondMax: Int? = nil, fuelMax: UInt64? = nil
  ) {
    self.memoryBytesMax = memoryBytesMax
    self.storageBytesMax = storageBytesMax
    self.handlesMax = handlesMax
    self.executionTimeout = executionTimeout
    self.cpuPercentMax = cpuPercentMax
    self.logLinesPerSecondMax = logLinesPerSecondMax
    self.networkBytesPerSecondMax = networkBytesPerSecondMax
    self.fuelMax = fuelMax
  }
}

/// The reference's levels, most trusted first. What is installed from outside is always a user's.
public enum AppTrustLevel: UInt8, Sendable, CaseIterable {
  case kernel = 0
  case system = 1
  case trusted = 2
  case user = 3
}

/// What ended an app from inside, and where it was.
public struct AppTrap: Sendable, Equatable {
  /// Such as "out of bounds memory access".
  public var reason: String
  /// One line per function of the guest, the innermost first.
  public var backTrace: [String]

  public init(reason: String, backTrace: [String] = []) {
    self.reason = reason
    self.backTrace = backTrace
  }
}

/// How an app ended.
public enum AppExit: Sendable, Equatable {
  /// Its entry returned, or it called `exit`. Every code but 0 is a crash.
  case exited(code: Int32)
  case trapped(AppTrap)
  /// The host ended it.
  case killed(AppKill)
}

/// Why the host ended an app.
public enum AppKill: Sendable, Equatable {
  /// ``RunningApp/stop(timeout:)``, also when force was needed.
  case stopped
  /// ``AppQuotas/executionTimeout``.
  case executionTimeout(AppTrap)
  /// ``AppQuotas/fuelMax``.
  case fuelExhausted(AppTrap)
  /// Another quota, or a failure of the host.
  case other(String)
}

/// Why an app does not come up.
public enum AppStartError: Error, Sendable, Equatable {
  /// The module is refused: not valid, or its imports are not what the host offers.
  case module(String)
  /// The module's start function trapped.
  case trapped(AppTrap)
  case timeout(Duration)
  /// The node has no room, or the module wants more than its quota at once.
  case outOfMemory(String)
  /// Anything else of the host, such as a file that cannot be read.
  case host(String)
}

/// What an app has used since its start.
public struct AppStatistics: Sendable, Equatable {
  /// On the processor.
  public var executionTime: Duration = .zero
  /// From the start of loading to the first instruction.
  public var loadTime: Duration = .zero
  /// Calls of the guest into the host.
  public var callCount: UInt64 = 0
  public var memoryBytes = 0
  public var memoryPeakBytes = 0
  public var storageBytes = 0
  public var handleCount = 0
  /// Calls refused for want of a capability.
  public var deniedCount: UInt64 = 0
  /// Calls refused because they came too often.
  public var rateLimitedCount: UInt64 = 0
  public var droppedMessageCount: UInt64 = 0
  public var logLineCount: UInt64 = 0
  public var droppedLogLineCount: UInt64 = 0
  /// Of ``AppQuotas/fuelMax``, as of the last call into the host; `nil`: not counted.
  public var fuelUsed: UInt64?

  public init() {}

  /// Adds what a later run has counted; sizes are those of the later one.
  mutating func add(_ run: AppStatistics) {
    executionTime += run.executionTime
    loadTime = run.loadTime
    callCount &+= run.callCount
    memoryBytes = run.memoryBytes
    memoryPeakBytes = max(memoryPeakBytes, run.memoryPeakBytes)
    storageBytes = run.storageBytes
    handleCount = run.handleCount
    deniedCount &+= run.deniedCount
    rateLimitedCount &+= run.rateLimitedCount
    droppedMessageCount &+= run.droppedMessageCount
    logLineCount &+= run.logLineCount
    droppedLogLineCount &+= run.droppedLogLineCount
    if let used = run.fuelUsed { fuelUsed = (fuelUsed ?? 0) &+ used }
  }
}

public enum CommandReply: Sendable, Equatable {
  case answer([UInt8])
  /// The app does not listen to commands, or does not run.
  case notListening
  /// Delivered, and no answer came.
  case timeout
}
