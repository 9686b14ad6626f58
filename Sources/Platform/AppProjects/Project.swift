import AppFormat
import AppSDK
import JSON

/// A folder with the sources of an app and its manifest.
///
/// The manifest is `app.json`: what the app says about itself, and below `build` what the tools need to know; that part does
/// not go into the binary. A folder without it may have a manifest of the older kind, `manifest.akapp`.
public struct Project: Sendable {
  public var folder: String
  /// The manifest as it goes into the binary.
  public var manifest: JSON
  public var name: String
  public var settings: Settings

  public struct Settings: Sendable, Equatable {
    public var language = AppSDK.Language.c
    /// From the project's folder; empty: every file of the language in it and in `src`.
    public var sources: [String] = []
    /// Bytes; 0: 4096 for C, 16,384 for the others.
    public var stackBytes = 0
    /// Bytes of linear memory at most, in whole pages of 64 KiB; 0: no limit but the host's.
    public var memoryBytesMax = 0
  }

  /// Reads the manifest of a project.
  public init(folder: String) throws(ProjectError) {
    self.folder = folder
    let path = try Self.manifestPath(folder)
    let bytes = try Disk.read(path)
    var object: JSONObject
    do throws(AppFormatError) {
      object = try path.hasSuffix(".akapp") ? LegacyManifest(bytes).json : Self.object(bytes)
    } catch {
      throw .format(path: path, error)
    }
    settings = try Self.settings(object["build"], path)
    object["build"] = nil
    // Which interface an app was built for is the builder's to say.
    object["abi"] = .string(ABIVersion.host.description)
    manifest = .object(object)
    do throws(AppFormatError) {
      name = try AppManifest(json: manifest.bytes()).name
    } catch {
      throw .format(path: path, error)
    }
    if name.isEmpty { throw .project(path: path, reason: "an app has a name") }
    if path.hasSuffix(".akapp") { try guessLanguage(path) }
  }

  private static func manifestPath(_ folder: String) throws(ProjectError) -> String {
    for name in ["app.json", "manifest.akapp"] where Disk.isThere("\(folder)/\(name)") { return "\(folder)/\(name)" }
    throw .project(path: folder, reason: "no app.json; `aether app new` makes a project")
  }

  private static func object(_ bytes: [UInt8]) throws(AppFormatError) -> JSONObject {
    // Refuses what is no manifest, with the place.
    _ = try AppManifest(json: bytes)
    guard let object = (try? JSON.parse(bytes))?.objectValue else {
      throw .manifestField("", wanted: "an object")
    }
    return object
  }

  private static func settings(_ value: JSON?, _ path: String) throws(ProjectError) -> Settings {
    var settings = Settings()
    guard let value else { return settings }
    func refuse(_ field: String, _ wanted: String) -> ProjectError {
      .project(path: path, reason: "build.\(field): accepted is \(wanted)")
    }
    guard let object = value.objectValue else { throw .project(path: path, reason: "build: accepted is an object") }
    for name in object.names where !["language", "sources", "stack", "memory_max"].contains(name) {
      throw refuse(name, "language, sources, stack or memory_max")
    }
    if let language = object["language"] {
      guard let known = language.stringValue.flatMap(AppSDK.Language.init(rawValue:)) else {
        throw refuse("language", "c, swift or rust")
      }
      settings.language = known
    }
    if let sources = object["sources"] {
      let names = sources.arrayValue?.compactMap(\.stringValue)
      guard let names, names.count == sources.arrayValue?.count, !names.contains(where: { $0.hasPrefix("-") }) else {
        throw refuse("sources", "an array of paths")
      }
      settings.sources = names
    }
    if let stack = object["stack"] {
      guard let bytes = stack.integerValue, (1024...(1 << 20)).contains(bytes), bytes % 16 == 0 else {
        throw refuse("stack", "a multiple of 16 from 1024 to 1048576")
      }
      settings.stackBytes = Int(bytes)
    }
    if let memory = object["memory_max"] {
      guard let bytes = memory.integerValue, (65_536...(1 << 30)).contains(bytes), bytes % 65_536 == 0 else {
        throw refuse("memory_max", "a multiple of 65536 up to 1073741824")
      }
      settings.memoryBytesMax = Int(bytes)
    }
    return settings
  }

  /// Older manifests do not say: the first language that has sources.
  private mutating func guessLanguage(_ path: String) throws(ProjectError) {
    for language in AppSDK.Language.allCases {
      settings.language = language
      if (try? sources()) != nil { return }
    }
    throw .project(path: path, reason: "no sources in C, Swift or Rust beside it")
  }

  /// The sources, from the project's folder.
  public func sources() throws(ProjectError) -> [String] {
    if !settings.sources.isEmpty { return settings.sources }
    let suffix = ".\(settings.language.fileExtension)"
    let found =
      Disk.files(in: folder, endingIn: suffix)
      + Disk.files(in: "\(folder)/src", endingIn: suffix).map { "src/\($0)" }
    if found.isEmpty { throw .project(path: folder, reason: "no file ends with \(suffix), here or in src") }
    // The compiler of Rust takes the file at the top; it names the others itself.
    if settings.language == .rust {
      let top = found.first { $0 == "main.rs" || $0 == "src/main.rs" } ?? found[0]
      return [top]
    }
    return found
  }

  public var stackBytes: Int {
    settings.stackBytes > 0 ? settings.stackBytes : settings.language == .c ? 4096 : 16_384
  }
}
