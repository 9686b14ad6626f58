import Crypto

/// A name of the form `spiffe://<trust-domain>/<path>` (SPIFFE-ID specification, section 2).
public struct SPIFFEID: Sendable, Hashable, CustomStringConvertible {
  public let trustDomain: String
  /// Empty, or segments each preceded by `/`.
  public let path: String

  public static let defaultTrustDomain = "aether.local"

  public init(trustDomain: String = defaultTrustDomain, path: String) throws(IdentityError) {
    guard (1...255).contains(trustDomain.utf8.count), trustDomain.utf8.allSatisfy(Self.isDomainCharacter) else {
      throw .invalidArgument(
        field: "trustDomain", reason: "takes 1 to 255 lower-case letters, digits, dots, dashes and underscores")
    }
    if !path.isEmpty {
      let segments = path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
      guard path.utf8.first == 0x2F, segments.dropFirst().allSatisfy(Self.isSegment) else {
        throw .invalidArgument(
          field: "path", reason: "takes segments of letters, digits, dots, dashes and underscores, each after a '/'")
      }
    }
    guard trustDomain.utf8.count + path.utf8.count + 9 <= 2048 else {
      throw .invalidArgument(field: "path", reason: "makes the name longer than 2048 bytes")
    }
    self.trustDomain = trustDomain
    self.path = path
  }

  public init(_ uri: String) throws(IdentityError) {
    let scheme = "spiffe://"
    guard uri.utf8.starts(with: scheme.utf8) else {
      throw .invalidArgument(field: "uri", reason: "does not start with spiffe://")
    }
    let rest = uri.utf8.dropFirst(scheme.utf8.count)
    let slash = rest.firstIndex(of: 0x2F) ?? rest.endIndex
    try self.init(
      trustDomain: String(decoding: rest[..<slash], as: UTF8.self),
      path: String(decoding: rest[slash...], as: UTF8.self))
  }

  /// The identity that a certificate was issued for: its only URI (X509-SVID specification, section 2).
  public init(of certificate: Certificate) throws(IdentityError) {
    guard certificate.uris.count == 1 else {
      throw .invalidArgument(field: "certificate", reason: "has \(certificate.uris.count) URIs where an SVID has one")
    }
    try self.init(certificate.uris[0])
  }

  public var description: String { "spiffe://\(trustDomain)\(path)" }

  private static func isDomainCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x61...0x7A, 0x30...0x39, 0x2D, 0x2E, 0x5F: true
    default: false
    }
  }

  private static func isSegment(_ segment: Substring.UTF8View) -> Bool {
    if segment.isEmpty || segment.elementsEqual([0x2E]) || segment.elementsEqual([0x2E, 0x2E]) { return false }
    return segment.allSatisfy { isDomainCharacter($0) || (0x41...0x5A).contains($0) }
  }
}

/// Who a certificate of Aether's own authority is for.
public enum WorkloadIdentity: Sendable, Hashable {
  case daemon(String)
  case gateway(String)
  case node(String)
  case client(String)

  public func spiffeID(in trustDomain: String) throws(IdentityError) -> SPIFFEID {
    let id = try SPIFFEID(trustDomain: trustDomain, path: "/\(kind)/\(name)")
    guard !name.contains("/") else { throw .invalidArgument(field: "name", reason: "contains '/'") }
    return id
  }

  /// Reads the path of an identity: `/node/worker-1` is `.node("worker-1")`.
  public init(_ id: SPIFFEID) throws(IdentityError) {
    let segments = id.path.split(separator: "/").map(String.init)
    guard segments.count == 2 else { throw .invalidArgument(field: "path", reason: "is not /<kind>/<name>") }
    switch segments[0] {
    case "daemon": self = .daemon(segments[1])
    case "gateway": self = .gateway(segments[1])
    case "node": self = .node(segments[1])
    case "client": self = .client(segments[1])
    default: throw .invalidArgument(field: "path", reason: "kind is daemon, gateway, node or client")
    }
  }

  public var kind: String {
    switch self {
    case .daemon: "daemon"
    case .gateway: "gateway"
    case .node: "node"
    case .client: "client"
    }
  }

  public var name: String {
    switch self {
    case .daemon(let name), .gateway(let name), .node(let name), .client(let name): name
    }
  }

  var usage: Set<ExtendedKeyUsage> {
    if case .client = self { [.clientAuth] } else { [.serverAuth, .clientAuth] }
  }
}
