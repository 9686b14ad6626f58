import CNet
import Glibc

/// Makes bound, listening descriptors.
enum ListeningSocket {
  static func tcp(_ address: SocketAddress, _ options: ListenerOptions, shared: Bool) throws(NetError) -> Int32 {
    let descriptor = try open(address)
    _ = cnet_set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
    if shared { _ = cnet_set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
    if address.family == AF_INET6 { _ = cnet_set_option(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
    try bindAndListen(descriptor, address, options)
    return descriptor
  }

  /// A socket file that nobody listens on any more is replaced; one that is in use is an error.
  static func unix(_ address: SocketAddress, _ options: ListenerOptions) throws(NetError) -> Int32 {
    guard case .unix(let path) = address else { throw .invalidAddress("\(address)") }
    let isFile = !path.hasPrefix("@")
    if isFile { try removeStale(path, address) }
    let descriptor = try open(address)
    // Nobody can connect before `listen`, so there is no moment at which the file has a wider mode than asked for.
    let status = address.withSockaddr { bind(descriptor, $0, $1) == 0 ? 0 : errno }
    guard status == 0 else {
      close(descriptor)
      throw error("bind", status, address)
    }
    if isFile && chmod(path, options.unixMode) != 0 {
      let code = errno
      close(descriptor)
      unlink(path)
      throw .system(call: "chmod", errno: code)
    }
    guard listen(descriptor, options.backlog) == 0 else {
      let code = errno
      close(descriptor)
      if isFile { unlink(path) }
      throw error("listen", code, address)
    }
    return descriptor
  }

  private static func open(_ address: SocketAddress) throws(NetError) -> Int32 {
    let descriptor = cnet_socket(address.family, Int32(SOCK_STREAM.rawValue))
    if descriptor < 0 { throw .system(call: "socket", errno: -descriptor) }
    return descriptor
  }

  private static func bindAndListen(
    _ descriptor: Int32, _ address: SocketAddress, _ options: ListenerOptions
  ) throws(NetError) {
    let status = address.withSockaddr { bind(descriptor, $0, $1) == 0 ? 0 : errno }
    guard status == 0 else {
      close(descriptor)
      throw error("bind", status, address)
    }
    guard listen(descriptor, options.backlog) == 0 else {
      let code = errno
      close(descriptor)
      throw error("listen", code, address)
    }
  }

  private static func removeStale(_ path: String, _ address: SocketAddress) throws(NetError) {
    var info = stat()
    guard lstat(path, &info) == 0 else { return }
    guard info.st_mode & S_IFMT == S_IFSOCK else { throw .addressInUse("\(address)") }
    let probe = try open(address)
    defer { close(probe) }
    let status = address.withSockaddr { connect(probe, $0, $1) == 0 ? 0 : errno }
    guard status == ECONNREFUSED else { throw .addressInUse("\(address)") }
    unlink(path)
  }

  private static func error(_ call: String, _ code: Int32, _ address: SocketAddress) -> NetError {
    code == EADDRINUSE ? .addressInUse("\(address)") : .system(call: call, errno: code)
  }
}
