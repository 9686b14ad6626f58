import AppFormat
import Bytes
import JSON

extension AppRecord {
  /// Of the file: more than everything in a record at its bound, each byte of every text written as an escape.
  static let bytesMax = 4 << 20

  /// The contents of the record's file.
  public func encoded() -> [UInt8] { CheckedDocument.encode("aether-app", json) }

  public init(encoded bytes: [UInt8]) throws(AppRecordError) {
    try self.init(CheckedDocument.decode("aether-app", bytes))
  }

  private var json: JSON {
    var object: JSONObject = [
      "name": .string(name.text), "number": .integer(Int64(number)), "preloaded": .bool(isPreloaded),
      "trust": .integer(Int64(trust.rawValue)), "current": current.json, "granted": granted.mask.hexJSON,
      "revoked": revoked.mask.hexJSON, "settings": settings.json, "desired": .string(desired.rawValue),
      "trial": .bool(isOnTrial), "crashCount": .integer(Int64(crashCount)), "crashTotal": crashTotal.hexJSON,
      "startCount": startCount.hexJSON, "crashes": .array(crashes.map(\.json)),
    ]
    object["previous"] = previous?.json
    object["failure"] = failure?.json
    return .object(object)
  }

  private init(_ fields: RecordReader) throws(AppRecordError) {
    guard let name = AppName(try fields.text("name")) else { throw fields.error("name") }
    guard let trust = AppTrustLevel(rawValue: UInt8(try fields.integer("trust", 0...255))) else {
      throw fields.error("trust")
    }
    guard let desired = AppDesire(rawValue: try fields.text("desired")) else { throw fields.error("desired") }
    self.init(
      name: name, number: try fields.int("number", 1...Int64(Int32.max)), isPreloaded: try fields.bool("preloaded"),
      trust: trust, current: try AppVersion(fields.reader("current")),
      settings: try AppSettings(fields.reader("settings")))
    if fields.has("previous") { previous = try AppVersion(fields.reader("previous")) }
    if fields.has("failure") { failure = try AppFailure(fields.reader("failure")) }
    granted = CapabilitySet(mask: try fields.mask("granted"))
    revoked = CapabilitySet(mask: try fields.mask("revoked"))
    self.desired = desired
    isOnTrial = try fields.bool("trial")
    crashCount = try fields.int("crashCount", 0...Int64(Int32.max))
    crashTotal = try fields.mask("crashTotal")
    startCount = try fields.mask("startCount")
    for crash in try fields.readers("crashes", countMax: Self.crashesMax) { crashes.append(try AppCrash(crash)) }
  }
}

extension AppVersion {
  fileprivate var json: JSON {
    [
      "id": .string(id.hex), "moduleSHA256": .string(Hex.encode(moduleSHA256)),
      "moduleBytes": .integer(Int64(moduleBytes)), "version": .string(version), "embedded": .bool(isManifestEmbedded),
      "attested": .bool(isAttested), "signers": .array(signers.map { .string($0) }),
      "requested": requested.mask.hexJSON,
      "restart": restart.json, "autostart": .bool(isAutostarted), "priority": .integer(Int64(priority)),
      "source": .integer(Int64(source.rawValue)), "installedAt": .integer(installedAt),
    ]
  }

  fileprivate init(_ fields: RecordReader) throws(AppRecordError) {
    guard let id = AppVersionID(hex: try fields.text("id")) else { throw fields.error("id") }
    self.init(
      id: id, moduleSHA256: try fields.hex("moduleSHA256", count: 32), moduleBytes: try fields.int("moduleBytes"),
      version: try fields.text("version"), isManifestEmbedded: try fields.bool("embedded"),
      isAttested: try fields.bool("attested"), signers: try fields.texts("signers", countMax: 8),
      requested: CapabilitySet(mask: try fields.mask("requested")),
      restart: try AppRestartPolicy(fields.reader("restart")), isAutostarted: try fields.bool("autostart"),
      priority: try fields.int("priority", 1...10), source: try fields.source("source"),
      installedAt: try fields.integer("installedAt", Int64.min...Int64.max))
  }
}

extension AppRestartPolicy {
  fileprivate var json: JSON {
    [
      "enabled": .bool(isEnabled), "retriesMax": .integer(Int64(retriesMax)),
      "delayMilliseconds": .integer(Int64(delayMilliseconds)),
    ]
  }

  fileprivate init(_ fields: RecordReader) throws(AppRecordError) {
    self.init(
      isEnabled: try fields.bool("enabled"), retriesMax: try fields.int("retriesMax", 1...1000),
      delayMilliseconds: try fields.int("delayMilliseconds", 0...86_400_000))
  }
}

extension AppSettings {
  /// Bounds on what is kept for an app.
  static let argumentsMax = 64
  static let environmentMax = 64
  static let textBytesMax = 1024

  fileprivate var json: JSON {
    var object: JSONObject = [
      "arguments": .array(arguments.map { .string($0) }),
      "environment": .object(
        JSONObject(environment.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) })),
    ]
    object["restart"] = restart?.json
    object["autostart"] = isAutostarted.map { .bool($0) }
    object["priority"] = priority.map { .integer(Int64($0)) }
    object["quotas"] = quotas?.json
    return .object(object)
  }

  fileprivate init(_ fields: RecordReader) throws(AppRecordError) {
    self.init()
    arguments = try fields.texts("arguments", countMax: Self.argumentsMax)
    for member in try fields.reader("environment").object.members {
      guard let text = member.value.stringValue else { throw fields.error("environment") }
      environment[member.name] = text
    }
    if fields.has("restart") { restart = try AppRestartPolicy(fields.reader("restart")) }
    if fields.has("autostart") { isAutostarted = try fields.bool("autostart") }
    if fields.has("priority") { priority = try fields.int("priority", 1...10) }
    if fields.has("quotas") { quotas = try AppQuotas(fields.reader("quotas")) }
  }

  /// The name of the first setting with a value that is not accepted; `nil`: all are.
  var invalidField: String? {
    if let restart, !(1...1000).contains(restart.retriesMax) || !(0...86_400_000).contains(restart.delayMilliseconds) {
      return "restart"
    }
    if let priority, !(1...10).contains(priority) { return "priority" }
    if let quotas, !quotas.isValid { return "quotas" }
    func isText(_ text: String) -> Bool { text.utf8.count <= Self.textBytesMax && !text.utf8.contains(0) }
    guard arguments.count <= Self.argumentsMax, arguments.allSatisfy(isText) else { return "arguments" }
    guard environment.count <= Self.environmentMax,
      environment.allSatisfy({ !$0.key.isEmpty && !$0.key.contains("=") && isText($0.key) && isText($0.value) })
    else { return "environment" }
    return nil
  }
}

extension AppQuotas {
  fileprivate var isValid: Bool {
    memoryBytesMax >= 0 && storageBytesMax >= 0 && handlesMax >= 0 && logLinesPerSecondMax >= 0
      && executionTimeout >= .milliseconds(1) && executionTimeout <= .seconds(86_400)
      && cpuPercentMax.map { (1...100).contains($0) } ?? true && networkBytesPerSecondMax.map { $0 >= 0 } ?? true
  }

  fileprivate var json: JSON {
    var object: JSONObject = [
      "memoryBytesMax": .integer(Int64(memoryBytesMax)), "storageBytesMax": .integer(Int64(storageBytesMax)),
      "handlesMax": .integer(Int64(handlesMax)), "logLinesPerSecondMax": .integer(Int64(logLinesPerSecondMax)),
      "executionMilliseconds": .integer(executionTimeout.milliseconds),
    ]
    object["cpuPercentMax"] = cpuPercentMax.map { .integer(Int64($0)) }
    object["networkBytesPerSecondMax"] = networkBytesPerSecondMax.map { .integer(Int64($0)) }
    object["fuelMax"] = fuelMax?.hexJSON
    return .object(object)
  }

  fileprivate init(_ fields: RecordReader) throws(AppRecordError) {
    self.init(
      memoryBytesMax: try fields.int("memoryBytesMax"), storageBytesMax: try fields.int("storageBytesMax"),
      handlesMax: try fields.int("handlesMax"),
      executionTimeout: .milliseconds(try fields.integer("executionMilliseconds", 1...86_400_000)),
      logLinesPerSecondMax: try fields.int("logLinesPerSecondMax"))
    if fields.has("cpuPercentMax") { cpuPercentMax = try fields.int("cpuPercentMax", 1...100) }
    if fields.has("networkBytesPerSecondMax") { networkBytesPerSecondMax = try fields.int("networkBytesPerSecondMax") }
    if fields.has("fuelMax") { fuelMax = try fields.mask("fuelMax") }
  }
}

extension AppFailure {
  public var json: JSON {
    [
      "kind": .string(kind.rawValue), "reason": .string(reason), "code": .integer(Int64(code)),
      "backTrace": .array(backTrace.map { .string($0) }),
    ]
  }

  fileprivate init(_ fields: RecordReader) throws(AppRecordError) {
    guard let kind = Kind(rawValue: try fields.text("kind")) else { throw fields.error("kind") }
    self.init(
      kind, try fields.text("reason"), code: Int32(try fields.integer("code", Int64(Int32.min)...Int64(Int32.max))),
      backTrace: try fields.texts("backTrace", countMax: Self.framesMax))
  }
}

extension AppCrash {
  public var json: JSON {
    [
      "at": .integer(at), "versionID": .string(versionID.hex), "version": .string(version),
      "uptimeMilliseconds": .integer(uptimeMilliseconds), "failure": failure.json,
    ]
  }

  fileprivate init(_ fields: RecordReader) throws(AppRecordError) {
    guard let id = AppVersionID(hex: try fields.text("versionID")) else { throw fields.error("versionID") }
    self.init(
      at: try fields.integer("at", Int64.min...Int64.max), versionID: id, version: try fields.text("version"),
      uptimeMilliseconds: try fields.integer("uptimeMilliseconds"), failure: try AppFailure(fields.reader("failure")))
  }
}
