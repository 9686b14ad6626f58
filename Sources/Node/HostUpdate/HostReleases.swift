import AppFormat
import AppManager
import AppSigning
import Glibc
import HostPackages
import Linux

/// The releases of a host on disk.
///
///     record                          what starts next; replaced as a whole
///     versions/<id>/bin/aetherd       and all that belongs to it, with its manifest.json
///     incoming/                       what is being downloaded
///     partial/                        what is being unpacked or removed; emptied at opening
///     keys/*.pem                      whose updates are taken
///
/// Every change is made beside, synced, and put in its place by one `rename`: a process that is killed at any point leaves the
/// state before or the state after.
public struct HostReleases: Sendable {
  public let root: String
  let files: FileSteps

  public init(root: String, faults: FaultPoint? = nil) {
    self.root = root
    files = FileSteps(before: faults)
  }

  public var keys: String { "\(root)/keys" }
  var versions: String { "\(root)/versions" }
  var incoming: String { "\(root)/incoming" }
  private var partial: String { "\(root)/partial" }
  private var recordPath: String { "\(root)/record" }

  public func folder(_ release: HostRelease) -> String { "\(versions)/\(release.hex)" }
  public func program(_ release: HostRelease) -> String { "\(folder(release))/\(HostManifest.program)" }

  /// Makes the folders, and clears away what was not finished.
  func open() throws(LinuxError) {
    try Files.makeDirectories(root, mode: 0o700)
    for path in [keys, versions, incoming, partial] { try files.makeDirectory(path) }
    for name in try Files.names(in: partial).sorted() { try files.removeTree("\(partial)/\(name)") }
  }

  // MARK: The record

  /// What starts next; nothing special without a record. One that cannot be used is put aside, and what is installed starts.
  public func record() throws(LinuxError) -> (record: HostRecord, damage: AppRecordError?) {
    let bytes: [UInt8]
    do throws(LinuxError) {
      bytes = try Files.read(recordPath, limit: HostRecord.bytesMax + 1)
    } catch {
      if error.errno == ENOENT { return (HostRecord(), nil) }
      throw error
    }
    do throws(AppRecordError) {
      return (try HostRecord(encoded: bytes), nil)
    } catch {
      try files.rename(recordPath, "\(recordPath).damaged")
      return (HostRecord(), error)
    }
  }

  public func write(_ record: HostRecord) throws(LinuxError) {
    try files.replace(recordPath, record.encoded(), in: root)
  }

  // MARK: Releases

  /// Reads a package to its end without keeping anything of it.
  func validate(_ package: String, _ trust: AppTrust) throws(HostUpdateProblem) -> HostRelease {
    do throws(HostPackageError) { return try read(package, trust) { _ in } } catch { throw HostUpdateProblem(error) }
  }

  /// Puts a package's release beside the others, durably. It is checked once more while it is unpacked.
  func install(_ package: String, _ trust: AppTrust) throws(HostUpdateProblem) -> HostRelease {
    do throws(HostPackageError) {
      let staging = "\(partial)/release"
      let writer = try HostPackageError.wrapping { () throws(LinuxError) in
        try files.removeTree(staging)
        return try ReleaseWriter(staging, files)
      }
      let release = try read(package, trust) { (output) throws(HostPackageError) in
        try HostPackageError.wrapping { () throws(LinuxError) in try writer.take(output) }
      }
      try HostPackageError.wrapping { () throws(LinuxError) in
        try writer.finish()
        // One that is there is left over, and whole: it may be what runs now, so that nothing of it is touched.
        if Files.exists(folder(release)) { return }
        try files.rename(staging, folder(release))
        try files.sync(directory: versions)
      }
      return release
    } catch {
      throw HostUpdateProblem(error)
    }
  }

  /// Removes all releases but these. What cannot be removed now is removed the next time.
  func keep(_ releases: Set<HostRelease>) {
    let kept = Set(releases.map(\.hex))
    for name in (try? Files.names(in: versions).sorted()) ?? [] where !kept.contains(name) {
      let away = "\(partial)/removed-\(name)"
      do throws(LinuxError) {
        // Renamed first: no folder of `versions` is ever half a release.
        try files.removeTree(away)
        try files.rename("\(versions)/\(name)", away)
        try files.removeTree(away)
      } catch { continue }
    }
    try? files.removeTree("\(partial)/release")
  }

  private static let chunkSize = 1 << 20

  private func read(
    _ package: String, _ trust: AppTrust, _ hand: (HostPackageReader.Output) throws(HostPackageError) -> Void
  ) throws(HostPackageError) -> HostRelease {
    var reader = HostPackageReader(trust)
    var release: HostRelease?
    let file = try HostPackageError.wrapping { () throws(LinuxError) in try FileDescriptor.open(package) }
    while true {
      let chunk = try HostPackageError.wrapping { () throws(LinuxError) in try file.readAll(limit: Self.chunkSize) }
      if chunk.isEmpty { break }
      try reader.take(chunk) { (output) throws(HostPackageError) in
        if case .opened(let manifest, let bytes) = output {
          try manifest.checkMachine()
          release = HostRelease(manifest: bytes, version: manifest.version)
        }
        try hand(output)
      }
    }
    try reader.finish()
    guard let release else { throw .truncated }
    return release
  }
}

/// Writes what comes out of a package into a folder.
private final class ReleaseWriter {
  private let folder: String
  private let files: FileSteps
  private var folders: Set<String> = []
  private var path = ""
  private var file: FileDescriptor?

  init(_ folder: String, _ files: FileSteps) throws(LinuxError) {
    self.folder = folder
    self.files = files
    try makeFolder(folder)
  }

  private func makeFolder(_ path: String) throws(LinuxError) {
    guard folders.insert(path).inserted else { return }
    try files.makeDirectory(path)
  }

  func take(_ output: HostPackageReader.Output) throws(LinuxError) {
    switch output {
    case .opened(_, let manifest): try files.write("\(folder)/\(HostManifest.memberName)", manifest)
    case .begin(let entry):
      var parent = folder
      for name in entry.path.split(separator: "/").dropLast() {
        parent += "/\(name)"
        try makeFolder(parent)
      }
      path = "\(folder)/\(entry.path)"
      files.announce(.create, path)
      file = try FileDescriptor.open(
        path, O_WRONLY | O_CREAT | O_TRUNC, mode: entry.isExecutable ? 0o755 : 0o644)
    case .bytes(let bytes):
      files.announce(.append, path)
      do throws(LinuxError) { try file?.writeAll(bytes) } catch {
        throw LinuxError(error.call, path, errno: error.errno)
      }
    case .end:
      files.announce(.sync, path)
      if let raw = file?.raw, fsync(raw) != 0 { throw LinuxError("fsync", path, errno: errno) }
      file = nil
    }
  }

  /// Makes the names durable.
  func finish() throws(LinuxError) {
    for path in folders.sorted() { try files.sync(directory: path) }
  }
}

extension HostUpdateProblem {
  init(_ error: LinuxError) {
    self.init([ENOSPC, EDQUOT].contains(error.errno) ? .noSpace : .failed, error.description)
  }

  init(_ error: HostPackageError) {
    switch error {
    case .trust: self.init(.notTrusted, error.description)
    case .file(let error): self.init(error)
    case .archive, .layout, .manifest, .otherProduct, .otherArchitecture, .digest, .truncated:
      self.init(.invalidPackage, error.description)
    }
  }
}
