import AppDevices
import AppFormat
import AppManager
import Apps
import Bytes
import Control
import Gateway
import JSON
import Model

/// Apps of this node, as the gateway wants them.
struct InstalledApps: LiveApps {
  let apps: NodeApps
  let runtimes: AppRuntimes
  let allowsUnsigned: Bool

  let capabilities = CapabilityRegistry()
  private let supply = Battery(DeviceOptions().battery)

  init(apps: NodeApps, runtimes: AppRuntimes, allowsUnsigned: Bool) {
    self.apps = apps
    self.runtimes = runtimes
    self.allowsUnsigned = allowsUnsigned
  }

  var battery: BatteryReading? {
    guard let status = try? supply.status() else { return nil }
    return BatteryReading(
      percent: Int(status.percent), isCharging: status.isCharging, millivolts: Int(status.millivolts),
      milliamperes: Int(status.milliamperes))
  }

  private func find(_ app: Resource) async throws(APIError) -> (tenant: NodeApps.Tenant, name: String) {
    guard let found = await apps.find(app.metadata.uid) else {
      throw APIError(.failedPrecondition, "app \(app.metadata.name) is not installed yet")
    }
    return found
  }

  // MARK: Reading

  func state(of app: Resource) async throws(APIError) -> JSON {
    let (tenant, name) = try await find(app)
    return try await told { () async throws(AppError) in
      json(try await tenant.manager.info(name), try await tenant.manager.statistics(name))
    }
  }

  private func json(_ info: AppInfo, _ statistics: AppStatistics?) -> JSON {
    func names(_ set: CapabilitySet) -> JSON { .array(capabilities.names(of: set).map { .string($0) }) }
    var json: JSONObject = [
      "name": .string(info.name.text), "version": .string(info.version), "state": .string(info.state.word),
      "sha256": .string(Hex.encode(info.sha256)), "size": .integer(Int64(info.moduleBytes)),
      "signed": .bool(info.isAttested), "source": .string(info.source.word), "autostart": .bool(info.isAutostarted),
      "priority": .integer(Int64(info.priority)), "starts": .integer(Int64(clamping: info.startCount)),
      "crashes": .integer(Int64(clamping: info.crashTotal)), "crashesInARow": .integer(Int64(info.crashCount)),
      "capabilities": [
        "requested": names(info.requested), "granted": names(info.capabilities),
        "denied": names(CapabilitySet(mask: info.requested.mask & ~info.capabilities.mask)),
      ],
      "restart": [
        "policy": info.restart.isEnabled ? "onFailure" : "never",
        "maxRetries": .integer(Int64(info.restart.retriesMax)),
        "delayMilliseconds": .integer(Int64(info.restart.delayMilliseconds)),
      ],
      "commands": .array(info.commands),
    ]
    if let previous = info.previousVersion { json["previousVersion"] = .string(previous) }
    if info.isOnTrial { json["onTrial"] = true }
    if let version = info.availableVersion { json["availableVersion"] = .string(version) }
    if let statistics { json["statistics"] = statistics.json }
    return .object(json)
  }

  func statistics(of app: Resource) async throws(APIError) -> JSON {
    let (tenant, name) = try await find(app)
    let statistics = try await told { () async throws(AppError) in try await tenant.manager.statistics(name) }
    guard let statistics else { throw APIError(.failedPrecondition, "app \(name) does not run") }
    return statistics.json
  }

  func crashes(of app: Resource) async throws(APIError) -> [JSON] {
    let (tenant, name) = try await find(app)
    return try await told { () async throws(AppError) in try await tenant.manager.crashes(name).map { $0.report } }
  }

  func audit(of app: Resource) async throws(APIError) -> [JSON] {
    let (tenant, name) = try await find(app)
    return (runtimes[tenant.owner]?.audit.entries ?? []).filter { $0.app == name }.map { entry in
      [
        "number": .integer(Int64(clamping: entry.number)),
        "time": .string(Timestamp(milliseconds: entry.time).description), "event": .string(entry.event.name),
        "detail": .string(entry.detail), "count": .integer(Int64(clamping: entry.count)),
        "tag": .string(Hex.encode(entry.tag)),
      ]
    }
  }

  func screen(of app: Resource) async throws(APIError) -> [UInt8] {
    let (tenant, name) = try await find(app)
    guard let screen = runtimes[tenant.owner]?.services.devices.screen, screen.owner?.app == name else {
      throw APIError(.failedPrecondition, "app \(name) has not drawn anything")
    }
    return screen.png()
  }

  func summaries(owner: String) async -> [AppSummary] {
    guard let manager = await apps.manager(owner: owner) else { return [] }
    return await manager.list().map { info in
      AppSummary(
        number: info.number, name: info.name.text, version: info.version, state: info.state.phase.word.lowercased(),
        size: info.moduleBytes, crashes: info.crashCount)
    }
  }

  func logs(of app: Resource, _ request: AppLogRequest) async throws(APIError) -> AsyncStream<[AppLogLine]> {
    let (tenant, name) = try await find(app)
    guard let runtime = runtimes[tenant.owner], let appName = AppName(name) else {
      throw APIError(.failedPrecondition, "app \(name) has not been started yet")
    }
    return runtime.log(of: appName).stream(request)
  }

  func events(owner: String) async -> AsyncStream<JSON> {
    guard let manager = await apps.openManager(owner: owner) else { return AsyncStream { $0.finish() } }
    let subscription = manager.subscribe()
    return AsyncStream { continuation in
      let task = Task {
        for await event in subscription.events { continuation.yield(event.json) }
        continuation.finish()
      }
      continuation.onTermination = { _ in
        subscription.cancel()
        task.cancel()
      }
    }
  }

  // MARK: Changing

  func perform(_ action: AppAction, on app: Resource) async throws(APIError) -> JSON {
    let (tenant, name) = try await find(app)
    try await told { () async throws(AppError) in
      switch action {
      case .start: try await tenant.manager.start(name)
      case .stop: try await tenant.manager.stop(name)
      case .restart: try await tenant.manager.restart(name)
      case .rollback: try await tenant.manager.rollBack(name)
      }
    }
    return try await state(of: app)
  }

  func send(_ command: [UInt8], timeout: Duration, to app: Resource) async throws(APIError) -> [UInt8] {
    let (tenant, name) = try await find(app)
    let reply = try await told { () async throws(AppError) in
      try await tenant.manager.send(name, command, timeout: timeout)
    }
    switch reply {
    case .answer(let bytes): return bytes
    case .notListening:
      throw APIError(.failedPrecondition, "app \(name) does not listen to commands, or does not run")
    case .timeout: throw APIError(.requestTimeout, "app \(name) has given no answer in \(timeout)")
    }
  }

  private func told<Value: Sendable>(
    _ body: () async throws(AppError) -> Value
  ) async throws(APIError) -> Value {
    do throws(AppError) { return try await body() } catch { throw APIError(app: error) }
  }
}

extension AppLog {
  /// Lines from the beginning of what is kept, or from where the request says.
  fileprivate func stream(_ request: AppLogRequest) -> AsyncStream<[AppLogLine]> {
    let reader = LogReader(self, request)
    return AsyncStream(unfolding: { await reader.next() }, onCancel: { reader.cancel() })
  }
}

/// Hands out the lines of a log as they are asked for: a slow reader holds none, and misses what the log drops meanwhile.
private final class LogReader: @unchecked Sendable {
  // Sendable: `position` and `hasRead` are used by the one reader of the stream, which waits for each answer.
  private let log: AppLog
  private let follows: Bool
  private let wakes: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation
  private var token: UInt64 = 0
  private var position: UInt64
  private static let linesMax = 256

  init(_ log: AppLog, _ request: AppLogRequest) {
    self.log = log
    follows = request.follow
    (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    position = request.from ?? 0
    if let tail = request.tail {
      let next = log.nextNumber
      position = max(position, next > UInt64(tail) ? next - UInt64(tail) : 0)
    }
    let wake = wake
    if follows { token = log.watch { wake.yield() } }
  }

  deinit { if follows { log.unwatch(token) } }

  func cancel() { wake.finish() }

  func next() async -> [AppLogLine]? {
    while true {
      let lines = log.lines(from: position, max: LogReader.linesMax)
      if let last = lines.last {
        position = last.number + 1
        return lines.map { line in
          AppLogLine(
            number: line.number, time: Timestamp(milliseconds: line.time), level: line.level.rawValue, text: line.text)
        }
      }
      guard follows else { return nil }
      var iterator = wakes.makeAsyncIterator()
      guard await iterator.next() != nil else { return nil }
    }
  }
}

extension AppStatistics {
  var json: JSON {
    func microseconds(_ duration: Duration) -> JSON {
      let (seconds, attoseconds) = duration.components
      return .integer(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }
    var json: JSONObject = [
      "executionMicroseconds": microseconds(executionTime), "loadMicroseconds": microseconds(loadTime),
      "calls": .integer(Int64(clamping: callCount)), "memoryBytes": .integer(Int64(memoryBytes)),
      "memoryPeakBytes": .integer(Int64(memoryPeakBytes)), "storageBytes": .integer(Int64(storageBytes)),
      "handles": .integer(Int64(handleCount)), "denied": .integer(Int64(clamping: deniedCount)),
      "rateLimited": .integer(Int64(clamping: rateLimitedCount)),
      "droppedMessages": .integer(Int64(clamping: droppedMessageCount)),
      "logLines": .integer(Int64(clamping: logLineCount)),
      "droppedLogLines": .integer(Int64(clamping: droppedLogLineCount)),
    ]
    if let fuelUsed { json["fuelUsed"] = .integer(Int64(clamping: fuelUsed)) }
    return .object(json)
  }
}

extension AppLifecycleEvent {
  var json: JSON {
    [
      "type": "lifecycle", "sequence": .integer(Int64(clamping: sequence)),
      "time": .string(Timestamp(milliseconds: at).description), "app": .string(name.text),
      "state": .string(phase.word), "change": .string("\(change)"),
    ]
  }
}

extension APIError {
  /// A failure of the app manager as users meet it.
  init(app error: AppError) {
    let code: Code =
      switch error {
      case .notFound, .noSession: .notFound
      case .invalidName, .invalid, .format, .pastEnd, .gap, .otherBytes, .digestMismatch: .invalid
      case .signing: .forbidden
      case .tooLarge: .tooLarge
      case .busy, .overtaken: .conflict
      case .preloaded, .noPreviousVersion, .incomplete, .start, .rolledBack, .tooManyApps, .tooManyRunning,
        .tooManySessions:
        .failedPrecondition
      case .damaged, .storage, .inUse, .closed: .unavailable
      }
    self.init(code, error.description)
  }
}
