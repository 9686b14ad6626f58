import Glibc

/// Where a socket is bound or connected: IPv4, IPv6 or a Unix path.
///
/// Text forms: `192.0.2.1:80`, `[2001:db8::1]:80`, `[fe80::1%2]:80` (scope by number), `unix:/run/x.sock`,
/// `unix:@name` (abstract namespace).
public enum SocketAddress: Hashable, Sendable {
  /// Address in host byte order.
  case ipv4(UInt32, port: UInt16)
  /// Address as two halves in host byte order; `scope` is an interface index or 0.
  case ipv6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)
  /// Path of the socket file; a leading `@` means the abstract namespace; empty for an unnamed peer.
  case unix(String)

  /// The longest Unix path in bytes (unix(7): sun_path less its terminator).
  public static let unixPathBytesMax = 107

  public static func loopback(port: UInt16) -> SocketAddress { .ipv4(0x7F00_0001, port: port) }
  public static func anyIPv4(port: UInt16) -> SocketAddress { .ipv4(0, port: port) }
  public static func anyIPv6(port: UInt16) -> SocketAddress { .ipv6(high: 0, low: 0, port: port, scope: 0) }

  /// Parses one of the text forms.
  public init(parsing text: String) throws(NetError) {
    guard let address = SocketAddress.parse(text) else { throw .invalidAddress(text) }
    self = address
  }

  /// An IP address without brackets, and a port; nil when `host` is not a literal address.
  public init?(literal host: String, port: UInt16) {
    var v4 = in_addr()
    if inet_pton(AF_INET, host, &v4) == 1 {
      self = .ipv4(UInt32(bigEndian: v4.s_addr), port: port)
      return
    }
    let parts = host.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    var scope: UInt32 = 0
    if parts.count == 2 {
      guard let number = UInt32(parts[1]) else { return nil }
      scope = number
    }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, String(parts[0]), &v6) == 1 else { return nil }
    self = SocketAddress.ipv6(v6, port: port, scope: scope)
  }

  /// 0 for Unix addresses.
  public var port: UInt16 {
    switch self {
    case .ipv4(_, let port), .ipv6(_, _, let port, _): port
    case .unix: 0
    }
  }

  /// The same address with another port; unchanged for Unix addresses.
  public func with(port: UInt16) -> SocketAddress {
    switch self {
    case .ipv4(let address, _): .ipv4(address, port: port)
    case .ipv6(let high, let low, _, let scope): .ipv6(high: high, low: low, port: port, scope: scope)
    case .unix: self
    }
  }

  /// The address without port and brackets; the path for Unix addresses.
  public var host: String {
    switch self {
    case .ipv4(let address, _):
      return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
    case .ipv6(let high, let low, _, let scope):
      var address = in6_addr()
      withUnsafeMutableBytes(of: &address) {
        $0.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
        $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
        inet_ntop(AF_INET6, &address, buffer.baseAddress, socklen_t(buffer.count)).map { String(cString: $0) } ?? ""
      }
      return scope == 0 ? text : "\(text)%\(scope)"
    case .unix(let path):
      return path
    }
  }

  public var isUnix: Bool { if case .unix = self { true } else { false } }

  var family: Int32 {
    switch self {
    case .ipv4: AF_INET
    case .ipv6: AF_INET6
    case .unix: AF_UNIX
    }
  }

  private static func parse(_ text: String) -> SocketAddress? {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      let usable = !path.isEmpty && path != "@" && path.utf8.count <= unixPathBytesMax && !path.utf8.contains(0)
      return usable ? .unix(path) : nil
    }
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = UInt16(digits) else {
      return nil
    }
    let host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      let inner = String(host.dropFirst().dropLast())
      guard inner.contains(":") else { return nil }
      return SocketAddress(literal: inner, port: port)
    }
    guard !host.contains(":") else { return nil }
    return SocketAddress(literal: String(host), port: port)
  }
}

extension SocketAddress: CustomStringConvertible {
  public var description: String {
    switch self {
    case .ipv4(_, let port): "\(host):\(port)"
    case .ipv6(_, _, let port, _): "[\(host)]:\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}

// MARK: - sockaddr

extension SocketAddress {
  private static func ipv6(_ address: in6_addr, port: UInt16, scope: UInt32) -> SocketAddress {
    withUnsafeBytes(of: address) { bytes in
      .ipv6(
        high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
        low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)), port: port, scope: scope)
    }
  }

  /// What the kernel wrote; nil for families other than the three.
  init?(_ storage: UnsafePointer<sockaddr_storage>, length: socklen_t) {
    let raw = UnsafeRawPointer(storage)
    switch Int32(storage.pointee.ss_family) {
    case AF_INET:
      let address = raw.loadUnaligned(as: sockaddr_in.self)
      self = .ipv4(UInt32(bigEndian: address.sin_addr.s_addr), port: UInt16(bigEndian: address.sin_port))
    case AF_INET6:
      let address = raw.loadUnaligned(as: sockaddr_in6.self)
      self = .ipv6(address.sin6_addr, port: UInt16(bigEndian: address.sin6_port), scope: address.sin6_scope_id)
    case AF_UNIX:
      let offset = MemoryLayout<sa_family_t>.size
      let bytes = UnsafeRawBufferPointer(start: raw + offset, count: max(0, Int(length) - offset))
      if bytes.first == 0 && bytes.count > 1 {
        self = .unix("@" + String(decoding: bytes.dropFirst(), as: UTF8.self))
      } else {
        self = .unix(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
      }
    default:
      return nil
    }
  }

  /// Calls `body` with this address as the kernel takes it.
  func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var storage = sockaddr_storage()
    let length = withUnsafeMutableBytes(of: &storage) { raw -> Int in
      switch self {
      case .ipv4(let host, let port):
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        raw.storeBytes(of: address, as: sockaddr_in.self)
        return MemoryLayout<sockaddr_in>.size
      case .ipv6(let high, let low, let port, let scope):
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_scope_id = scope
        withUnsafeMutableBytes(of: &address.sin6_addr) {
          $0.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
          $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        raw.storeBytes(of: address, as: sockaddr_in6.self)
        return MemoryLayout<sockaddr_in6>.size
      case .unix(let path):
        let offset = MemoryLayout<sa_family_t>.size
        raw.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
        let isAbstract = path.hasPrefix("@")
        var end = offset
        for byte in path.utf8.prefix(SocketAddress.unixPathBytesMax) {
          raw[end] = isAbstract && end == offset ? 0 : byte
          end += 1
        }
        return isAbstract ? end : end + 1
      }
    }
    return withUnsafePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
    }
  }

  /// The address that `call` (getsockname or getpeername) reports; nil when it fails.
  static func ofSocket(
    _ descriptor: Int32, _ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> SocketAddress? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(descriptor, $0, &length) }
    }
    return status == 0 ? SocketAddress(&storage, length: length) : nil
  }

  static func local(of descriptor: Int32) -> SocketAddress? {
    ofSocket(descriptor) { getsockname($0, $1, $2) }
  }

  static func remote(of descriptor: Int32) -> SocketAddress? {
    ofSocket(descriptor) { getpeername($0, $1, $2) }
  }
}
