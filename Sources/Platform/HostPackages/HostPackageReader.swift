import AppFormat
import AppSigning
import Crypto

/// Reads a package of the host as its bytes come, and hands out nothing that a trusted key did not sign.
///
/// A package is a tar: `manifest.json`, its signatures (`sig.ed25519`, `sig.rsa2048`), then the files in the manifest's order.
public struct HostPackageReader: ~Copyable {
  public enum Output: Sendable {
    /// The signature is good. With the manifest as it is written, whose SHA-256 names the release.
    case opened(HostManifest, bytes: [UInt8])
    case begin(HostManifest.File)
    /// Of the file that was begun last. They are checked at its end.
    case bytes(ArraySlice<UInt8>)
    /// It is what the manifest says.
    case end(HostManifest.File)
  }

  private enum Place {
    case header
    case member(name: String, size: Int)
    case file(HostManifest.File, left: Int)
    case padding(Int)
    case end
  }

  /// What a signature is over: these bytes, then the manifest as it is written. A signature of an app is none of a host.
  static let signedPrefix = Array("aether-host 1\n".utf8)

  private let trust: AppTrust
  private var place = Place.header
  /// What has come and is not used yet: less than a small member, or nothing.
  private var waiting: [UInt8] = []
  private var offset = 0
  private var manifestBytes: [UInt8]?
  private var signatures: [AppPackage.Signature] = []
  private var digest: Digest?
  private var filesRead = 0

  /// Once its signature is good.
  public private(set) var manifest: HostManifest?

  /// - Parameter trust: whose signature is wanted.
  public init(_ trust: AppTrust) {
    var trust = trust
    trust.requiresSignature = true
    self.trust = trust
  }

  /// Takes the next bytes of the package.
  public mutating func take(
    _ bytes: [UInt8], _ hand: (Output) throws(HostPackageError) -> Void
  ) throws(HostPackageError) {
    waiting += bytes
    var used = 0
    while try step(&used, hand) {}
    waiting.removeFirst(used)
    offset += used
  }

  /// - Throws: ``HostPackageError/truncated`` when something is missing.
  public func finish() throws(HostPackageError) {
    guard case .end = place else { throw .truncated }
  }

  /// - Returns: false when it needs more bytes.
  private mutating func step(
    _ used: inout Int, _ hand: (Output) throws(HostPackageError) -> Void
  ) throws(HostPackageError) -> Bool {
    let available = waiting.count - used
    switch place {
    case .header:
      guard available >= Tar.blockSize else { return false }
      let header = try header(waiting[used..<used + Tar.blockSize], at: offset + used)
      used += Tar.blockSize
      try enter(header, hand)
    case .member(let name, let size):
      guard available >= size else { return false }
      try take(member: name, Array(waiting[used..<used + size]))
      used += size
      place = .padding(Tar.padding(after: size))
    case .file(let file, let left):
      let count = min(left, available)
      if count > 0 {
        let bytes = waiting[used..<used + count]
        digest?.update(bytes)
        try hand(.bytes(bytes))
        used += count
      }
      place = .file(file, left: left - count)
      guard left == count else { return false }
      guard digest.take()?.finish() == file.sha256 else { throw .digest(path: file.path) }
      filesRead += 1
      try hand(.end(file))
      place = .padding(Tar.padding(after: file.size))
    case .padding(let left):
      let count = min(left, available)
      used += count
      place = left == count ? .header : .padding(left - count)
      return left == count
    case .end:
      guard waiting[used...].allSatisfy({ $0 == 0 }) else {
        throw .layout("there is something behind the archive\'s end")
      }
      used = waiting.count
      return false
    }
    return true
  }

  private func header(_ block: ArraySlice<UInt8>, at offset: Int) throws(HostPackageError) -> Tar.Header? {
    do throws(AppFormatError) { return try Tar.Header(block, at: offset, allowsFolders: true) } catch {
      throw .archive(error)
    }
  }

  /// What comes next, as a header says; `nil`: nothing.
  private mutating func enter(
    _ header: Tar.Header?, _ hand: (Output) throws(HostPackageError) -> Void
  ) throws(HostPackageError) {
    guard let header else {
      guard let manifest, filesRead == manifest.files.count else { throw .truncated }
      place = .end
      return
    }
    guard header.isFile else { throw .layout("\(header.name) is no plain file") }
    if manifestBytes == nil {
      guard header.name == HostManifest.memberName, header.size <= HostManifest.bytesMax else {
        throw .layout("\(HostManifest.memberName) of at most \(HostManifest.bytesMax) bytes does not come first")
      }
      place = .member(name: header.name, size: header.size)
      return
    }
    if manifest == nil {
      if let algorithm = AppPackage.SignatureAlgorithm.allCases.first(where: { $0.memberName == header.name }) {
        guard header.size == algorithm.length, !signatures.contains(where: { $0.algorithm == algorithm }) else {
          throw .layout("\(header.name) has \(header.size) bytes, or is there twice")
        }
        place = .member(name: header.name, size: header.size)
        return
      }
      try open(hand)
    }
    guard let manifest, filesRead < manifest.files.count else { throw .layout("\(header.name) is not in the manifest") }
    let file = manifest.files[filesRead]
    guard header.name == file.path, header.size == file.size else {
      throw .layout("\(header.name) of \(header.size) bytes is there instead of \(file.path) of \(file.size)")
    }
    digest = Digest(.sha256)
    try hand(.begin(file))
    place = .file(file, left: file.size)
  }

  private mutating func take(member name: String, _ bytes: [UInt8]) throws(HostPackageError) {
    guard manifestBytes != nil else {
      manifestBytes = bytes
      return
    }
    for algorithm in AppPackage.SignatureAlgorithm.allCases where algorithm.memberName == name {
      signatures.append(AppPackage.Signature(algorithm: algorithm, bytes: bytes))
    }
  }

  /// Everything that a signature speaks for is here: nothing of the manifest is looked at before.
  private mutating func open(_ hand: (Output) throws(HostPackageError) -> Void) throws(HostPackageError) {
    let bytes = manifestBytes ?? []
    do throws(AppSigningError) {
      _ = try trust.verify(signatures, of: Self.signedPrefix + bytes)
    } catch {
      throw .trust(error)
    }
    let manifest = try HostManifest(json: bytes)
    self.manifest = manifest
    try hand(.opened(manifest, bytes: bytes))
  }
}
