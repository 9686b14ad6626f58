import CNet
import COpenSSL
import Glibc
import Synchronization

/// Certificates, keys and rules for many connections. New connections use what the last successful `reload` found;
/// connections that are open keep what they started with.
public final class TLSContext: Sendable {
  public enum Role: Sendable { case server, client }

  public let role: Role
  public let configuration: TLSConfiguration
  private let current: Mutex<Loaded>

  /// What was read and when, by file.
  private struct Loaded: Sendable {
    var handle: Handle
    var fingerprints: [FileFingerprint?]
  }

  /// Owns one reference of an SSL_CTX.
  final class Handle: @unchecked Sendable {
    // Sendable: an SSL_CTX is not changed after its set-up, and its reference count is atomic.
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
      self.pointer = pointer
    }

    deinit { SSL_CTX_free(pointer) }
  }

  /// Tells a replaced file from the one read before.
  private struct FileFingerprint: Equatable {
    var seconds: Int
    var nanoseconds: Int
    var size: Int
    var inode: UInt

    init?(path: String) {
      var info = stat()
      guard stat(path, &info) == 0 else { return nil }
      seconds = info.st_mtim.tv_sec
      nanoseconds = info.st_mtim.tv_nsec
      size = Int(info.st_size)
      inode = UInt(info.st_ino)
    }
  }

  public convenience init(server configuration: TLSConfiguration) throws(TLSError) {
    guard configuration.identity != nil else { throw .configuration("a server needs an identity") }
    if configuration.clientCertificates != .none && configuration.trustRoots == nil {
      throw .configuration("client certificates need trust roots")
    }
    try self.init(role: .server, configuration)
  }

  public convenience init(client configuration: TLSConfiguration) throws(TLSError) {
    try self.init(role: .client, configuration)
  }

  private init(role: Role, _ configuration: TLSConfiguration) throws(TLSError) {
    self.role = role
    self.configuration = configuration
    current = Mutex(try TLSContext.load(role, configuration))
  }

  /// Reads the files again. On failure the previous certificates stay in use.
  public func reload() throws(TLSError) {
    let fresh = try TLSContext.load(role, configuration)
    current.withLock { $0 = fresh }
  }

  /// `reload`, if a file has another time, size or inode than when it was read; true when it was reloaded.
  @discardableResult
  public func reloadIfChanged() throws(TLSError) -> Bool {
    let before = current.withLock { $0.fingerprints }
    guard TLSContext.fingerprints(configuration) != before else { return false }
    try reload()
    return true
  }

  /// Calls `reloadIfChanged` at this interval until the task is cancelled; failures are handed to `onFailure`.
  public func watchFiles(
    every interval: Duration = .seconds(10), on loop: EventLoop, onFailure: @escaping @Sendable (TLSError) -> Void
  ) async {
    while (try? await loop.sleep(for: interval)) != nil {
      do throws(TLSError) {
        try reloadIfChanged()
      } catch {
        onFailure(error)
      }
    }
  }

  /// A new session on a connected descriptor; to be freed with SSL_free.
  func makeSession(_ descriptor: Int32) -> OpaquePointer? {
    let handle = current.withLock { $0.handle }
    return cnet_tls_session(handle.pointer, descriptor, role == .server ? 1 : 0)
  }

  /// The oldest error of OpenSSL's queue, which is emptied.
  static func takeReason() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      guard let start = buffer.baseAddress else { return "" }
      cnet_tls_reason(start, buffer.count)
      return String(cString: start)
    }
  }

  // MARK: Loading

  private static func load(_ role: Role, _ configuration: TLSConfiguration) throws(TLSError) -> Loaded {
    // Fingerprints first: a file replaced while it is read is then seen as changed, not as up to date.
    let seen = fingerprints(configuration)
    let version: Int32 = configuration.minimumVersion == .tls12 ? 12 : 13
    guard
      let pointer = cnet_tls_context(
        role == .server ? 1 : 0, version, Int32(clamping: max(0, configuration.sessionTickets)))
    else { throw .configuration("TLS context: \(takeReason())") }
    let handle = Handle(pointer)
    if let identity = configuration.identity {
      let chain = try contents(of: identity.chain, "certificate")
      let key = try contents(of: identity.key, "private key")
      guard cnet_tls_use_chain(pointer, chain, chain.count) == 1 else {
        throw .configuration("certificate\(place(identity.chain)): \(takeReason())")
      }
      guard cnet_tls_use_key(pointer, key, key.count) == 1 else {
        throw .configuration("private key\(place(identity.key)): \(takeReason())")
      }
    }
    try loadTrust(role, configuration, pointer)
    try setALPN(role, configuration, pointer)
    return Loaded(handle: handle, fingerprints: seen)
  }

  private static func loadTrust(
    _ role: Role, _ configuration: TLSConfiguration, _ pointer: OpaquePointer
  ) throws(TLSError) {
    if let roots = configuration.trustRoots {
      let text = try contents(of: roots, "trust roots")
      guard cnet_tls_trust(pointer, text, text.count, role == .server ? 1 : 0) > 0 else {
        throw .configuration("trust roots\(place(roots)): \(takeReason())")
      }
    } else if role == .client {
      SSL_CTX_set_default_verify_paths(pointer)
    }
    switch (role, configuration.clientCertificates) {
    case (.client, _), (.server, .required): cnet_tls_set_verify(pointer, cnet_tls_verify_required)
    case (.server, .optional): cnet_tls_set_verify(pointer, cnet_tls_verify_optional)
    case (.server, .none): cnet_tls_set_verify(pointer, cnet_tls_verify_none)
    }
  }

  private static func setALPN(
    _ role: Role, _ configuration: TLSConfiguration, _ pointer: OpaquePointer
  ) throws(TLSError) {
    guard !configuration.alpn.isEmpty else { return }
    var names: [UInt8] = []
    for name in configuration.alpn {
      guard (1...255).contains(name.utf8.count) else {
        throw .configuration("ALPN name '\(name)' is not 1...255 bytes")
      }
      names.append(UInt8(name.utf8.count))
      names += name.utf8
    }
    let status = cnet_tls_set_alpn(
      pointer, role == .server ? 1 : 0, names, names.count, configuration.requiresALPN ? 1 : 0)
    guard status == 1 else { throw .configuration("ALPN: \(takeReason())") }
  }

  private static func fingerprints(_ configuration: TLSConfiguration) -> [FileFingerprint?] {
    [configuration.identity?.chain, configuration.identity?.key, configuration.trustRoots].map { pem in
      if case .file(let path)? = pem { FileFingerprint(path: path) } else { nil }
    }
  }

  private static func place(_ pem: PEM) -> String {
    if case .file(let path) = pem { " \(path)" } else { "" }
  }

  /// PEM files hold a few kilobytes; this bounds what a wrong path can make us read.
  private static let pemBytesMax = 4_194_304

  private static func contents(of pem: PEM, _ what: String) throws(TLSError) -> [UInt8] {
    guard case .file(let path) = pem else {
      if case .text(let bytes) = pem { return bytes }
      return []
    }
    guard let file = fopen(path, "re") else {
      throw .configuration("\(what) \(path): \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while bytes.count <= pemBytesMax {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
    throw .configuration("\(what) \(path): larger than \(pemBytesMax) bytes")
  }
}
