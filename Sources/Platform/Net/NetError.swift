import Glibc

/// Every way in which a networking call can fail.
public enum NetError: Error, Equatable, Sendable {
  /// A system call failed; `errno` as in errno(3).
  case system(call: String, errno: Int32)
  /// The text is not an address of the accepted forms.
  case invalidAddress(String)
  /// The name has no address; `reason` as in gai_strerror(3).
  case resolution(host: String, reason: String)
  /// No connection within the time allowed.
  case connectTimeout
  /// Another process listens on this address already.
  case addressInUse(String)
  /// The connection ended before the operation was done.
  case closed(CloseReason)
  /// The loop has been shut down.
  case loopShutDown
  case tls(TLSError)
}

extension NetError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
    case .invalidAddress(let text):
      "'\(text)' is not an address (accepted: 192.0.2.1:80, [2001:db8::1]:80, unix:/path, unix:@abstract)"
    case .resolution(let host, let reason): "cannot resolve '\(host)': \(reason)"
    case .connectTimeout: "connecting timed out"
    case .addressInUse(let address): "address \(address) is in use"
    case .closed(let reason): "connection closed: \(reason)"
    case .loopShutDown: "event loop has been shut down"
    case .tls(let error): "TLS: \(error)"
    }
  }
}

/// Why a connection ended.
public enum CloseReason: Error, Equatable, Sendable {
  /// This side closed it after all output was handed to the kernel.
  case closed
  /// This side gave it up; unsent output was dropped.
  case aborted
  /// Nothing was read or written for the idle time-out.
  case idleTimeout
  /// The peer took no output for the time allowed for closing.
  case closeTimeout
  /// The peer reset the connection, or the socket failed; `errno` as in errno(3).
  case failed(errno: Int32)
  /// More output was queued than the hard limit of the connection.
  case outputOverflow
  /// A file being sent became shorter than announced.
  case fileTruncated
  /// TLS failed, or one side refused the other.
  case tls(TLSError)
  /// The event loop was shut down.
  case loopShutDown
}
