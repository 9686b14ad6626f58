import AppFormat
import AppManager
import Bytes
import Crypto
import JSON
import Model

/// What an app is to be, with every default filled in (schemas/app.json).
public struct AppSpec: WorkloadSpec, Equatable {
  public enum Source: Sendable, Equatable {
    /// SHA-256 of what was uploaded, 64 digits in lower case.
    case artifact(String)
    case data([UInt8])

    /// SHA-256 of the bytes, 64 digits in lower case.
    public var digest: String {
      switch self {
      case .artifact(let digest): digest
      case .data(let bytes): Hex.encode(Digest.sha256(bytes))
      }
    }
  }

  public struct Restart: Sendable, Equatable {
    public var isEnabled: Bool
    /// Failures in a row after which it stays down.
    public var retriesMax: Int
    /// Before the first restart.
    public var delayMilliseconds: Int
  }

  public var source: Source
  /// A manifest for a module that has none; `nil`: none.
  public var manifest: [UInt8]?
  /// The most that it may do, as names; `nil`: all that its manifest asks for but the privileged ones.
  public var capabilities: [String]?
  /// `nil`: the node's, lowered by the manifest.
  public var quotas: AppQuotas?
  /// `nil`: as the manifest says.
  public var restart: Restart?
  public var isAutostarted: Bool
  /// `nil`: as the manifest says.
  public var priority: Int?
  public var arguments: [String]
  public var environment: [String: String]
  /// Also addresses of this machine and of networks at its place.
  public var allowsLocalAddresses: Bool
  public var allowsUnsigned: Bool
  /// Names all of it.
  public var fingerprint: Fingerprint

  static let dataBytesMax = 256 << 10
  static let memoryRange: ClosedRange<Int64> = 64 << 10...4 << 30
  static let executionRange: ClosedRange<Int64> = 10...600_000
  static let cpuRange: ClosedRange<Int64> = 10...1000
  static let storageBytesMax: Int64 = 64 << 30
  static let delayRange: ClosedRange<Int64> = 0...86_400_000

  /// - Parameter json: `spec` of a resource, with or without defaults.
  /// - Throws: the first field that is not acceptable.
  public init(_ json: JSON) throws(APIError) {
    let schema = AppKind.definition.schema
    try schema.validate(json, path: "spec")
    let spec = schema.fillingDefaults(json)
    source = try Self.source(spec["source"] ?? .null)
    if let manifest = spec["manifest"] { self.manifest = try Self.manifest(manifest) }
    if let names = spec["capabilities"]?.arrayValue?.compactMap(\.stringValue) {
      try Self.check(capabilities: names)
      capabilities = names
    }
    quotas = try spec["quotas"].map { quotas throws(APIError) in try Self.quotas(quotas) }
    restart = try spec["restart"].map { restart throws(APIError) in try Self.restart(restart) }
    isAutostarted = spec.flag("autostart") ?? true
    priority = spec["priority"]?.integerValue.map { Int($0) }
    arguments = (spec["arguments"]?.arrayValue ?? []).compactMap(\.stringValue)
    environment = [:]
    for member in spec["environment"]?.objectValue?.members ?? [] {
      guard !member.name.isEmpty, !member.name.contains("=") else {
        throw .invalid(
          "spec.environment", "has the name \"\(member.name.prefix(80))\"", accepted: "a name without =")
      }
      environment[member.name] = member.value.stringValue ?? ""
    }
    allowsLocalAddresses = spec["network"]?.flag("allowLocal") ?? false
    allowsUnsigned = spec["trust"]?["unsigned"]?.stringValue != "refuse"
    // What names the bytes stands for them.
    var identity = spec.objectValue ?? [:]
    identity["source"] = .string(source.digest)
    fingerprint = Fingerprint(.object(identity))
  }

  private static func source(_ json: JSON) throws(APIError) -> Source {
    switch (json["artifact"]?.stringValue, json["data"]?.stringValue) {
    case (let text?, nil):
      let digits = (text.hasPrefix("sha256:") ? String(text.dropFirst(7)) : text).lowercased()
      guard let bytes = try? Hex.decode(digits), bytes.count == 32 else {
        throw .invalid(
          "spec.source.artifact", "is \"\(text.prefix(80))\"", accepted: "64 hexadecimal digits, or sha256: and those")
      }
      return .artifact(digits)
    case (nil, let text?):
      guard let bytes = try? Base64.decode(text) else { throw .invalid("spec.source.data", "is no Base64") }
      guard bytes.count <= dataBytesMax else {
        throw .invalid("spec.source.data", "has \(bytes.count) bytes", accepted: "up to \(dataBytesMax)")
      }
      guard bytes.starts(with: ModuleOutline.magic) || Gzip.isGzip(bytes) else {
        throw .invalid("spec.source.data", "is no app", accepted: "a module (.wasm) or a package (.akpkg), in Base64")
      }
      return .data(bytes)
    case (_?, _?): throw .invalid("spec.source", "has artifact and data", accepted: "one of them")
    case (nil, nil):
      guard json["file"] != nil else {
        throw .invalid("spec.source", "names nothing", accepted: "artifact, data, or file with \"aether apply -f\"")
      }
      throw .invalid(
        "spec.source.file", "names a file, and the daemon reads none",
        accepted: "\"aether apply -f\", which uploads it, or spec.source.artifact, or spec.source.data")
    }
  }

  private static func manifest(_ json: JSON) throws(APIError) -> [UInt8] {
    let bytes = json.bytes()
    do throws(AppFormatError) {
      _ = try AppManifest(json: bytes, bytesMax: AppManifest.sidecarBytesMax)
      return bytes
    } catch {
      if case .manifestField(let field, let wanted) = error {
        throw .invalid("spec.manifest.\(field)", "is not acceptable", accepted: wanted)
      }
      throw .invalid("spec.manifest", "\(error)")
    }
  }

  static func check(capabilities names: [String]) throws(APIError) {
    let registry = CapabilityRegistry()
    for (index, name) in names.enumerated() where registry.capabilities(named: name).isEmpty {
      throw .invalid(
        "spec.capabilities[\(index)]", "is \"\(name.prefix(80))\"",
        accepted: "*, PREFIX.*, " + registry.names(of: .core).joined(separator: ", "))
    }
  }

  private static func quotas(_ json: JSON) throws(APIError) -> AppQuotas {
    var quotas = AppQuotas()
    func within(_ name: String, _ unit: Quantity.Unit, _ range: ClosedRange<Int64>, _ words: String) throws(APIError)
      -> Int64?
    {
      guard let value = json.quantity(name, unit) else { return nil }
      guard range.contains(value) else {
        throw .invalid("spec.quotas.\(name)", "is \(json[name]?.text() ?? "")", accepted: words)
      }
      return value
    }
    if let bytes = try within("memory", .bytes, memoryRange, "64Ki to 4Gi") { quotas.memoryBytesMax = Int(bytes) }
    if let bytes = try within("storage", .bytes, 0...storageBytesMax, "0 to 64Gi") {
      quotas.storageBytesMax = Int(bytes)
    }
    if let millicores = try within("cpu", .cpu, cpuRange, "10m to 1") { quotas.cpuPercentMax = Int(millicores / 10) }
    if let count = json["handles"]?.integerValue { quotas.handlesMax = Int(count) }
    if let time = try within("executionTimeout", .duration, executionRange, "10ms to 10m") {
      quotas.executionTimeout = .milliseconds(time)
    }
    if let count = json["logLines"]?.integerValue { quotas.logLinesPerSecondMax = Int(count) }
    if let bytes = try within("network", .bytes, 1...1 << 40, "1 to 1Ti") {
      quotas.networkBytesPerSecondMax = Int(bytes)
    }
    if let fuel = json["fuel"]?.integerValue { quotas.fuelMax = UInt64(clamping: fuel) }
    return quotas
  }

  private static func restart(_ json: JSON) throws(APIError) -> Restart {
    let delay = json.quantity("delay", .duration) ?? 1000
    guard delayRange.contains(delay) else {
      throw .invalid("spec.restart.delay", "is \(json["delay"]?.text() ?? "")", accepted: "0s to 24h")
    }
    return Restart(
      isEnabled: json["policy"]?.stringValue != "never", retriesMax: Int(json["maxRetries"]?.integerValue ?? 3),
      delayMilliseconds: Int(delay))
  }
}

extension AppSpec {
  /// The most that it may do.
  ///
  /// - Parameter registry: that of the node.
  func ceiling(_ registry: CapabilityRegistry) -> CapabilitySet {
    guard let capabilities else {
      return CapabilitySet(mask: registry.registered.mask & ~CapabilitySet.privileged.mask)
    }
    return registry.capabilities(named: capabilities)
  }
}
