import AppFormat
import AppManager
import Net

/// Where one app may connect to and what it may listen on.
struct NetworkRules: Sendable {
  /// Ports below this one are offered by an app only when its policy names them.
  static let privilegedPortsEnd: UInt16 = 1024

  var policy = NetworkPolicy()
  /// This machine itself, its links, and addresses that clouds keep credentials at.
  var allowsLocalAddresses = false

  init() {}

  init(_ launch: AppLaunch) {
    policy = launch.manifest.network
    allowsLocalAddresses = launch.allowsLocalAddresses
  }

  /// Whether the host may be connected to by this name: patterns are compared with what the app has written, and addresses are
  /// looked at again when a name has become one.
  func allows(host: String, port: UInt16) -> Bool {
    guard policy.allows(host: host, port: port) else { return false }
    return SocketAddress(literal: host, port: port).map(allows) ?? true
  }

  /// Whether the app may talk to this address, whatever name it was found by.
  func allows(_ address: SocketAddress) -> Bool {
    if case .unix = address { return false }
    return allowsLocalAddresses ? !address.isForMany : !address.isForMany && !address.isLocal
  }

  /// Whether the app may listen on a port; 0 is any that is free.
  func allows(listeningOn port: UInt16) -> Bool {
    if policy.deniesAll { return false }
    if policy.ports.contains(port) && port != 0 { return true }
    if port != 0, port < Self.privilegedPortsEnd { return false }
    return policy.ports.isEmpty || policy.ports.contains(0)
  }
}

extension SocketAddress {
  /// This machine, its links, and where clouds answer with a machine's own data and credentials.
  var isLocal: Bool {
    switch self {
    case .ipv4(let address, _): Self.isLocal(address)
    case .ipv6(let high, let low, _, _):
      if let inner = Self.embedded(high, low) {
        Self.isLocal(inner) || Self.isForMany(inner)
      } else {
        // Unspecified and loopback; fe80::/10 and fec0::/10 (RFC 4291, RFC 3879); fd00:ec2::/32, EC2's own services.
        (high == 0 && low <= 1) || high >> 54 == 0xFE80 >> 6 || high >> 54 == 0xFEC0 >> 6 || high >> 32 == 0xFD00_0EC2
      }
    case .unix: true
    }
  }

  /// Multicast and broadcast: nobody's address.
  var isForMany: Bool {
    switch self {
    case .ipv4(let address, _): Self.isForMany(address)
    case .ipv6(let high, let low, _, _): high >> 56 == 0xFF || Self.embedded(high, low).map(Self.isForMany) ?? false
    case .unix: false
    }
  }

  private static func isLocal(_ address: UInt32) -> Bool {
    switch address >> 24 {
    case 0, 127: true  // "This network" and loopback (RFC 1122).
    default:
      address >> 16 == 0xA9FE  // Link-local (RFC 3927) with 169.254.169.254.
        || address == 0x6464_64C8  // 100.100.100.200, Alibaba's metadata.
        || address == 0xA83F_8110  // 168.63.129.16, Azure's host.
        || address >> 8 == 0xC0_0000  // 192.0.0.0/24, Oracle's metadata among others (RFC 6890).
    }
  }

  private static func isForMany(_ address: UInt32) -> Bool { address >> 28 >= 0xE }

  /// The IPv4 address that an IPv6 one stands for: mapped and compatible (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056).
  private static func embedded(_ high: UInt64, _ low: UInt64) -> UInt32? {
    if high == 0, low >> 32 == 0xFFFF || (low >> 32 == 0 && low > 1) { return UInt32(truncatingIfNeeded: low) }
    if high == 0x0064_FF9B_0000_0000, low >> 32 == 0 { return UInt32(truncatingIfNeeded: low) }
    if high >> 48 == 0x2002 { return UInt32(truncatingIfNeeded: high >> 16) }
    return nil
  }
}
