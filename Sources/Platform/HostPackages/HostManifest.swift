import AppFormat
import Bytes
import Crypto
import JSON

/// The machine code of a program, as uname(2) calls it.
public enum HostArchitecture: String, Sendable, CaseIterable {
  case x86_64
  case aarch64

  /// That of this program; `nil` for others than these.
  public static var current: HostArchitecture? {
    #if arch(x86_64)
      .x86_64
    #elseif arch(arm64)
      .aarch64
    #else
      nil
    #endif
  }

  /// - Parameter elf: the beginning of a program's file (ELF specification, `e_machine`).
  public init?(elf bytes: some Collection<UInt8>) {
    let head = Array(bytes.prefix(20))
    guard head.count == 20, head.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { return nil }
    switch (head[18], head[19]) {
    case (62, 0): self = .x86_64
    case (183, 0): self = .aarch64
    default: return nil
    }
  }
}

/// What an update of the host consists of. Its SHA-256 names the release, its signature covers the files by their digests.
public struct HostManifest: Sendable, Equatable {
  public struct File: Sendable, Equatable {
    /// Below the release's folder, such as `bin/aetherd`.
    public var path: String
    public var size: Int
    public var sha256: [UInt8]
    public var isExecutable: Bool

    public init(path: String, size: Int, sha256: [UInt8], isExecutable: Bool) {
      self.path = path
      self.size = size
      self.sha256 = sha256
      self.isExecutable = isExecutable
    }
  }

  public static let product = "aether"
  /// The daemon's own program, which every release has.
  public static let program = "bin/aetherd"
  public static let memberName = "manifest.json"
  public static let bytesMax = 256 << 10
  public static let filesMax = 512
  /// Of a file's path: what a header of the archive holds.
  public static let pathBytesMax = 100
  public static let fileBytesMax = 2 << 30

  public var version: HostVersion
  public var architecture: HostArchitecture
  /// In the archive's order.
  public var files: [File]

  public init(version: HostVersion, architecture: HostArchitecture, files: [File]) {
    self.version = version
    self.architecture = architecture
    self.files = files
  }

  /// Of all files.
  public var size: Int { files.reduce(0) { $0 + $1.size } }

  public func encoded() -> [UInt8] {
    let json: JSON = [
      "product": .string(Self.product), "version": .string(version.description),
      "architecture": .string(architecture.rawValue),
      "files": .array(
        files.map {
          [
            "path": .string($0.path), "size": .integer(Int64($0.size)), "sha256": .string(Hex.encode($0.sha256)),
            "executable": .bool($0.isExecutable),
          ]
        }),
    ]
    return json.bytes(JSONFormat(indent: 2, sortedNames: true)) + [0x0A]
  }

  /// Reads one. Fields of other names are left out.
  public init(json bytes: [UInt8]) throws(HostPackageError) {
    let json: JSON
    do throws(JSONError) { json = try JSON.parse(bytes) } catch { throw .manifest("is not JSON: \(error)") }
    guard let product = json["product"]?.stringValue else { throw .manifest("product is missing") }
    guard product == Self.product else { throw .otherProduct(String(product.prefix(80))) }
    guard let version = json["version"]?.stringValue.flatMap({ HostVersion($0) }) else {
      throw .manifest("version is not MAJOR.MINOR.PATCH")
    }
    guard let name = json["architecture"]?.stringValue else { throw .manifest("architecture is missing") }
    guard let architecture = HostArchitecture(rawValue: name) else {
      throw .otherArchitecture(String(name.prefix(80)))
    }
    guard let values = json["files"]?.arrayValue, (1...Self.filesMax).contains(values.count) else {
      throw .manifest("files is not a list of 1 to \(Self.filesMax)")
    }
    self.init(version: version, architecture: architecture, files: [])
    var paths: Set<String> = [Self.memberName]
    for (index, value) in values.enumerated() {
      guard let path = value["path"]?.stringValue, Self.isPath(path), paths.insert(path).inserted else {
        throw .manifest("files[\(index)].path is not a path of its own below the release")
      }
      guard let size = value["size"]?.integerValue, (0...Int64(Self.fileBytesMax)).contains(size) else {
        throw .manifest("files[\(index)].size is not 0 to \(Self.fileBytesMax)")
      }
      guard let digest = value["sha256"]?.stringValue.flatMap({ try? Hex.decode($0) }), digest.count == 32 else {
        throw .manifest("files[\(index)].sha256 is not 64 digits")
      }
      guard let isExecutable = value["executable"]?.boolValue else {
        throw .manifest("files[\(index)].executable is not true or false")
      }
      files.append(File(path: path, size: Int(size), sha256: digest, isExecutable: isExecutable))
    }
    for path in paths where paths.contains(where: { path.hasPrefix($0 + "/") }) {
      throw .manifest("\(path) is in a folder that is a file")
    }
    guard files.contains(where: { $0.path == Self.program && $0.isExecutable }) else {
      throw .manifest("files has no \(Self.program) that can be run")
    }
  }

  /// - Throws: ``HostPackageError/otherArchitecture(_:)`` for programs that cannot run here.
  public func checkMachine() throws(HostPackageError) {
    guard architecture == HostArchitecture.current else { throw .otherArchitecture(architecture.rawValue) }
  }

  /// Whether a file may be called so: plain characters, and no way out of the folder.
  public static func isPath(_ path: String) -> Bool {
    (1...pathBytesMax).contains(path.utf8.count)
      && path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
      && path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        .allSatisfy { !$0.isEmpty && $0.first != UInt8(ascii: ".") }
  }
}
