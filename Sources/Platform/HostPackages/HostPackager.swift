import AppFormat
import AppSigning
import Crypto
import Glibc
import Linux

/// Makes packages of the host.
public enum HostPackager {
  private static let chunkSize = 1 << 20
  private static let depthMax = 16

  /// What a folder with `bin/aetherd` and all that belongs to it would be as a release. The architecture is the program's.
  public static func manifest(of folder: String, version: HostVersion) throws(HostPackageError) -> HostManifest {
    var paths: [String] = []
    try collect(folder, "", depth: 0, &paths)
    guard paths.contains(HostManifest.program) else {
      throw .layout("\(folder) has no \(HostManifest.program)")
    }
    guard paths.count <= HostManifest.filesMax else {
      throw .layout("\(folder) has \(paths.count) files; \(HostManifest.filesMax) are accepted")
    }
    let head = try HostPackageError.wrapping { () throws(LinuxError) in
      try FileDescriptor.open("\(folder)/\(HostManifest.program)").readAll(limit: chunkSize)
    }
    guard let architecture = HostArchitecture(elf: head) else {
      throw .layout("\(folder)/\(HostManifest.program) is no program for x86_64 or aarch64")
    }
    var manifest = HostManifest(version: version, architecture: architecture, files: [])
    for path in paths { manifest.files.append(try file(folder, path)) }
    // What nobody could install is not packed.
    return try HostManifest(json: manifest.encoded())
  }

  /// Writes the package of a folder, signed by a key, to a file.
  public static func write(
    _ manifest: HostManifest, of folder: String, signedBy key: PrivateKey, to path: String
  ) throws(HostPackageError) {
    let bytes = manifest.encoded()
    guard bytes.count <= HostManifest.bytesMax else { throw .layout("the manifest has \(bytes.count) bytes") }
    let signature: AppPackage.Signature
    do throws(AppSigningError) {
      signature = try AppPackage.Signature(of: HostPackageReader.signedPrefix + bytes, by: key)
    } catch {
      throw .trust(error)
    }
    let output = try HostPackageError.wrapping { () throws(LinuxError) in
      try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
    }
    func put(_ bytes: [UInt8]) throws(HostPackageError) {
      do throws(LinuxError) { try output.writeAll(bytes) } catch {
        throw .file(LinuxError(error.call, path, errno: error.errno))
      }
    }
    for (name, contents) in [(HostManifest.memberName, bytes), (signature.algorithm.memberName, signature.bytes)] {
      try put(Tar.header(name, size: contents.count) + contents)
      try put([UInt8](repeating: 0, count: Tar.padding(after: contents.count)))
    }
    for file in manifest.files {
      try put(Tar.header(file.path, size: file.size))
      var written = 0
      try chunks("\(folder)/\(file.path)") { (chunk) throws(HostPackageError) in
        written += chunk.count
        try put(chunk)
      }
      // Another one than was signed.
      guard written == file.size else { throw .digest(path: file.path) }
      try put([UInt8](repeating: 0, count: Tar.padding(after: file.size)))
    }
    try put([UInt8](repeating: 0, count: 2 * Tar.blockSize))
  }

  // MARK: Files

  private static func collect(
    _ folder: String, _ below: String, depth: Int, _ paths: inout [String]
  ) throws(HostPackageError) {
    guard depth < depthMax else { throw .layout("\(folder)/\(below) is too deep") }
    let names = try HostPackageError.wrapping { () throws(LinuxError) in
      try Files.names(in: "\(folder)/\(below)").sorted()
    }
    for name in names {
      let path = below.isEmpty ? name : "\(below)/\(name)"
      if Files.isDirectory("\(folder)/\(path)") {
        try collect(folder, path, depth: depth + 1, &paths)
      } else {
        guard HostManifest.isPath(path), path != HostManifest.memberName else {
          throw .layout("\(folder)/\(path) has a name that a release cannot have")
        }
        paths.append(path)
      }
    }
  }

  private static func file(_ folder: String, _ path: String) throws(HostPackageError) -> HostManifest.File {
    var digest = Digest(.sha256)
    var size = 0
    try chunks("\(folder)/\(path)") { (chunk) throws(HostPackageError) in
      digest.update(chunk)
      size += chunk.count
    }
    return HostManifest.File(
      path: path, size: size, sha256: digest.finish(), isExecutable: access("\(folder)/\(path)", X_OK) == 0)
  }

  private static func chunks(
    _ path: String, _ take: ([UInt8]) throws(HostPackageError) -> Void
  ) throws(HostPackageError) {
    let file = try HostPackageError.wrapping { () throws(LinuxError) in try FileDescriptor.open(path) }
    while true {
      let chunk = try HostPackageError.wrapping { () throws(LinuxError) in try file.readAll(limit: chunkSize) }
      if chunk.isEmpty { return }
      try take(chunk)
    }
  }
}
