import JSON

/// What an app says about itself: a JSON object in its binary, or beside it.
///
/// Unknown fields are allowed; a known field with a wrong type or a value out of range is refused and named.
public struct AppManifest: Sendable, Equatable {
  public struct Restart: Sendable, Equatable {
    public var isEnabled = false
    public var retriesMax = 3
    public var delayMilliseconds = 1000
  }

  /// Up to 31 bytes; "" when the app has none.
  public var name = ""
  /// Up to 15 bytes.
  public var version = ""
  /// Bytes; 0: no limit of its own.
  public var memoryQuota: UInt32 = 0
  /// As written; ``CapabilityRegistry`` says what they stand for.
  public var capabilities: [String] = []
  public var abi: ABIVersion?
  public var hostVersionMin: HostVersion?
  public var network = NetworkPolicy()
  /// What the app accepts as commands, for remote user interfaces.
  public var commands: [JSON] = []
  public var entry = "_start"
  public var heapKilobytes = 16
  public var stackKilobytes = 4
  public var restart = Restart()
  /// Of one call into the app.
  public var executionTimeoutMilliseconds = 5000
  public var isAutostarted = false
  /// 1 to 10.
  public var priority = 5
  public var author = ""
  public var summary = ""
  public var displayName = ""
  public var category = ""
  /// Of the reference's first line. They give no rights: those are ``capabilities``.
  public var permissions: LegacyPermissions = []

  public init() {}

  /// The custom section of a module that holds the manifest.
  public static let sectionName = ".akira.manifest"
  /// Of the manifest inside of a binary.
  public static let bytesMax = 65536
  /// Of `manifest.json` in a package.
  public static let packageBytesMax = 4095
  /// Of a file beside a binary.
  public static let sidecarBytesMax = 511

  /// - Parameter bytes: a JSON object; nothing may stand before it.
  public init(
    json bytes: [UInt8], bytesMax: Int = AppManifest.bytesMax
  ) throws(AppFormatError) {
    guard bytes.count <= bytesMax else { throw .manifestTooLarge(bytes: bytes.count, bytesMax: bytesMax) }
    guard let first = bytes.first else { throw .manifestSyntax(.unexpectedEnd, offset: 0) }
    guard first == UInt8(ascii: "{") else { throw .manifestSyntax(.unexpectedByte(first), offset: 0) }
    let json: JSON
    do throws(JSONError) {
      json = try JSON.parse(bytes)
    } catch {
      throw .manifestSyntax(error.reason, offset: error.offset)
    }
    try read(ManifestFields(json, path: ""))
  }

  /// The manifest in a module; `nil` when it has none, which means: no capabilities and no quota.
  public static func embedded(in bytes: [UInt8], _ outline: ModuleOutline) throws(AppFormatError) -> AppManifest? {
    guard let section = outline.custom(sectionName) else { return nil }
    return try AppManifest(json: text(ofSection: bytes[section.contents]))
  }

  /// The JSON in a section of a binary: linkers put the zero byte in, which ends a text in C.
  public static func text(ofSection contents: ArraySlice<UInt8>) -> [UInt8] {
    var text = contents
    while text.last == 0 { text.removeLast() }
    return Array(text)
  }

  /// The manifest that counts. One inside of the binary wins completely: what stands beside it never adds a right.
  public static func effective(
    module bytes: [UInt8], _ outline: ModuleOutline, sidecar: [UInt8]?
  ) throws(AppFormatError) -> (manifest: AppManifest, isEmbedded: Bool) {
    if let manifest = try embedded(in: bytes, outline) { return (manifest, true) }
    guard let sidecar else { return (AppManifest(), false) }
    return (try AppManifest(json: sidecar, bytesMax: sidecarBytesMax), false)
  }

  /// The module with this manifest as its last section, and without any other.
  public static func embed(_ manifest: [UInt8], in module: [UInt8]) throws(AppFormatError) -> [UInt8] {
    _ = try AppManifest(json: manifest)
    return try ModuleOutline.replacing(custom: sectionName, with: manifest, in: module)
  }

  private mutating func read(_ fields: ManifestFields) throws(AppFormatError) {
    name = try fields.text("name", bytesMax: 31) ?? name
    guard Self.isFileName(name) else {
      throw .manifestField("name", wanted: "a name without slashes and control characters, not \".\" or \"..\"")
    }
    version = try fields.text("version", bytesMax: 15) ?? version
    memoryQuota = UInt32(try fields.integer("memory_quota", 0...Int64(UInt32.max)) ?? 0)
    capabilities = try fields.texts("capabilities", bytesMax: 63) ?? []
    if let text = try fields.text("abi", bytesMax: 15) {
      guard let abi = ABIVersion(text) else { throw .manifestField("abi", wanted: "MAJOR.MINOR, such as \"1.0\"") }
      self.abi = abi
    }
    if let text = try fields.text("min_akiraos_version", bytesMax: 31) {
      guard let version = HostVersion(text) else {
        throw .manifestField("min_akiraos_version", wanted: "MAJOR.MINOR.PATCH, such as \"1.6.0\"")
      }
      hostVersionMin = version
    }
    if let policy = try fields.object("network_policy") { network = try NetworkPolicy(policy) }
    if let value = fields["commands"] {
      guard let commands = value.arrayValue else { throw .manifestField("commands", wanted: "an array") }
      self.commands = commands
    }
    entry = try fields.text("entry", bytesMax: 63) ?? entry
    // The reference's tools write the sizes at the top or below "memory".
    let memory = try fields.object("memory") ?? fields
    for place in [memory, fields] {
      if let size = try place.integer("heap_kb", 0...65536) { heapKilobytes = Int(size) }
      if let size = try place.integer("stack_kb", 0...65536) { stackKilobytes = Int(size) }
    }
    if let restart = try fields.object("restart") {
      self.restart.isEnabled = try restart.bool("enabled") ?? self.restart.isEnabled
      self.restart.retriesMax = Int(try restart.integer("max_retries", 1...10) ?? 3)
      self.restart.delayMilliseconds = Int(try restart.integer("delay_ms", 100...10_000) ?? 1000)
    }
    executionTimeoutMilliseconds = Int(try fields.integer("exec_timeout_ms", 1000...30_000) ?? 5000)
    isAutostarted = try fields.bool("autostart") ?? false
    priority = Int(try fields.integer("priority", 1...10) ?? 5)
    author = try fields.text("author", bytesMax: 255) ?? ""
    summary = try fields.text("description", bytesMax: 256) ?? ""
    displayName = try fields.text("display_name", bytesMax: 63) ?? ""
    category = try fields.text("category", bytesMax: 63) ?? ""
    permissions = LegacyPermissions(names: try fields.texts("permissions", bytesMax: 63) ?? [])
  }

  /// Names become parts of paths.
  private static func isFileName(_ name: String) -> Bool {
    name != "." && name != ".."
      && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
  }
}

/// What apps of the reference's first line asked for, as its mask of 16 bits.
public struct LegacyPermissions: OptionSet, Sendable {
  public var rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// By bit, from the lowest.
  static let names = ["gpio", "i2c", "spi", "sensor", "display", "storage", "network", "ble", "rf"]

  /// Case does not count; unknown names stand for nothing.
  public init(names: [String]) {
    rawValue = names.reduce(0) { mask, name in
      Self.names.firstIndex(of: name.lowercased()).map { mask | 1 << UInt16($0) } ?? mask
    }
  }

  /// Names of all bits in it, lowest first.
  public var names: [String] { Self.names.indices.filter { rawValue & 1 << UInt16($0) != 0 }.map { Self.names[$0] } }
}

/// Fields of one object of a manifest, with the path to it for errors.
struct ManifestFields {
  private let object: JSONObject
  private let path: String

  init(_ json: JSON, path: String) throws(AppFormatError) {
    guard let object = json.objectValue else { throw .manifestField(path, wanted: "an object") }
    self.object = object
    self.path = path
  }

  subscript(name: String) -> JSON? { object[name] }

  func path(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  func text(_ name: String, bytesMax: Int) throws(AppFormatError) -> String? {
    guard let value = object[name] else { return nil }
    return try Self.text(value, path(name), bytesMax)
  }

  func texts(_ name: String, bytesMax: Int, countMax: Int = 256) throws(AppFormatError) -> [String]? {
    guard let value = object[name] else { return nil }
    guard let values = value.arrayValue, values.count <= countMax else {
      throw .manifestField(path(name), wanted: "an array of up to \(countMax) texts")
    }
    var texts: [String] = []
    for (index, value) in values.enumerated() {
      texts.append(try Self.text(value, "\(path(name))[\(index)]", bytesMax))
    }
    return texts
  }

  func integer(_ name: String, _ range: ClosedRange<Int64>) throws(AppFormatError) -> Int64? {
    guard let value = object[name] else { return nil }
    guard let number = value.integerValue, range.contains(number) else {
      throw .manifestField(path(name), wanted: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func bool(_ name: String) throws(AppFormatError) -> Bool? {
    guard let value = object[name] else { return nil }
    guard let bool = value.boolValue else { throw .manifestField(path(name), wanted: "true or false") }
    return bool
  }

  func object(_ name: String) throws(AppFormatError) -> ManifestFields? {
    guard let value = object[name] else { return nil }
    return try ManifestFields(value, path: path(name))
  }

  private static func text(_ value: JSON, _ path: String, _ bytesMax: Int) throws(AppFormatError) -> String {
    guard let text = value.stringValue, text.utf8.count <= bytesMax, !text.utf8.contains(0) else {
      throw .manifestField(path, wanted: "a text of up to \(bytesMax) bytes")
    }
    return text
  }
}
