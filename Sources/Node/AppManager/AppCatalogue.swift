import AppFormat
import JSON

/// What a publisher offers: a JSON object with `generated_at`, `tag` and `apps`.
public struct AppCatalogue: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    public var id = ""
    public var name = ""
    public var displayName = ""
    public var category = ""
    public var version = ""
    public var sizeBytes = 0
    public var capabilities: [String] = []
    public var hostVersionMin = ""
    public var downloadURL = ""
    public var iconURL: String?
    public var thumbnailURL = ""
    public var tags: [String] = []

    public init() {}
  }

  public enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
    case tooLarge(bytes: Int, bytesMax: Int)
    case syntax(JSONError)
    /// No object, or one without an array `apps`.
    case noApps

    public var description: String {
      switch self {
      case .tooLarge(let bytes, let most): "a catalogue of \(bytes) bytes; at most \(most) are accepted"
      case .syntax(let error): "catalogue: \(error)"
      case .noApps: "catalogue: an object with an array \"apps\" is accepted"
      }
    }

    /// The reference's error number, negative.
    public var errno: Int32 { if case .tooLarge = self { -27 } else { -22 } }
  }

  public var generatedAt = ""
  public var tag = ""
  public var entries: [Entry] = []
  /// Entries that were left out because they are malformed.
  public var skippedCount = 0
  /// Entries behind the most that the reader wanted.
  public var leftOutCount = 0

  public static let bytesMax = 4 << 20
  public static let entriesMax = 4096
  /// Of each text, and of the texts of one list.
  public static let textBytesMax = 2048
  public static let textsMax = 64

  public init() {}

  /// Texts that are missing are "". An entry is malformed when it is no object, when a field that is known has another type
  /// or is too long, or when it has neither `id` nor `name`.
  public init(
    _ bytes: [UInt8], entriesMax: Int = AppCatalogue.entriesMax, bytesMax: Int = AppCatalogue.bytesMax
  ) throws(Problem) {
    guard bytes.count <= bytesMax else { throw .tooLarge(bytes: bytes.count, bytesMax: bytesMax) }
    let json: JSON
    do throws(JSONError) { json = try JSON.parse(bytes) } catch { throw .syntax(error) }
    guard let apps = json["apps"]?.arrayValue else { throw .noApps }
    generatedAt = json["generated_at"]?.stringValue ?? ""
    tag = json["tag"]?.stringValue ?? ""
    for (index, app) in apps.enumerated() {
      guard entries.count < entriesMax else {
        leftOutCount = apps.count - index
        break
      }
      if let entry = Entry(app) { entries.append(entry) } else { skippedCount += 1 }
    }
  }

  /// The newest entry for an app that is newer than what is installed and runs on this host; `nil`: none.
  public func update(for name: AppName, version: String, host: HostVersion) -> Entry? {
    Self.update(
      among: entries.filter { $0.id == name.text || $0.name == name.text }, version: version, host: host)
  }

  /// The same among entries for one app.
  static func update(among entries: [Entry], version: String, host: HostVersion) -> Entry? {
    entries.filter { entry in
      isNewer(entry.version, than: version)
        && (HostVersion(entry.hostVersionMin).map { host.major == 0 || $0 <= host } ?? entry.hostVersionMin.isEmpty)
    }.reduce(nil) { best, entry in
      guard let best else { return entry }
      return isNewer(entry.version, than: best.version) ? entry : best
    }
  }

  /// Compares numbers with dots between, missing ones being 0. What stands behind `-` makes a version older than the same
  /// without it, and is compared as text; what stands behind `+` counts nothing. Texts of another form are never newer.
  public static func isNewer(_ left: String, than right: String) -> Bool {
    guard let left = Parts(left) else { return false }
    // Everything that can be compared is newer than what cannot, such as an app without a version.
    guard let right = Parts(right) else { return true }
    for index in 0..<max(left.numbers.count, right.numbers.count) {
      let (a, b) = (left.number(index), right.number(index))
      if a != b { return a > b }
    }
    switch (left.suffix, right.suffix) {
    case (nil, nil), (_?, nil): return false
    case (nil, _?): return true
    case (let a?, let b?): return a > b
    }
  }

  private struct Parts {
    var numbers: [UInt64] = []
    var suffix: String?

    init?(_ text: String) {
      let whole = text.prefix { $0 != "+" }
      let numeric = whole.prefix { $0 != "-" }
      if numeric.endIndex < whole.endIndex { suffix = String(whole[whole.index(after: numeric.endIndex)...]) }
      for part in numeric.split(separator: ".", omittingEmptySubsequences: false) {
        guard (1...18).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
          let number = UInt64(part)
        else { return nil }
        numbers.append(number)
      }
    }

    func number(_ index: Int) -> UInt64 { index < numbers.count ? numbers[index] : 0 }
  }
}

extension AppCatalogue.Entry {
  fileprivate init?(_ json: JSON) {
    guard let object = json.objectValue else { return nil }
    var isSound = true
    func text(_ value: JSON?) -> String {
      guard let value else { return "" }
      guard let text = value.stringValue, text.utf8.count <= AppCatalogue.textBytesMax else {
        isSound = false
        return ""
      }
      return text
    }
    func texts(_ value: JSON?) -> [String] {
      guard let value else { return [] }
      guard let values = value.arrayValue, values.count <= AppCatalogue.textsMax else {
        isSound = false
        return []
      }
      return values.map { text($0) }
    }
    id = text(object["id"])
    name = text(object["name"])
    displayName = text(object["display_name"])
    category = text(object["category"])
    version = text(object["version"])
    hostVersionMin = text(object["min_akiraos_version"])
    downloadURL = text(object["download_url"])
    thumbnailURL = text(object["thumbnail_url"])
    capabilities = texts(object["capabilities"])
    tags = texts(object["tags"])
    if let icon = object["icon_url"], !icon.isNull { iconURL = text(icon) }
    if let size = object["size_bytes"] {
      guard let bytes = size.integerValue, bytes >= 0 else { return nil }
      sizeBytes = Int(bytes)
    }
    guard isSound, !(id.isEmpty && name.isEmpty) else { return nil }
  }
}
