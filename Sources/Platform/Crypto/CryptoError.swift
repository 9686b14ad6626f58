import COpenSSL

/// Why a cryptographic operation was refused. No case ever carries key material.
public enum CryptoError: Error, Equatable, Sendable {
  /// The argument named `field` is outside what is accepted.
  case invalidArgument(field: String, reason: String)
  /// The text or bytes are not a key of an accepted kind.
  case invalidKey(String)
  case invalidCertificate(String)
  case invalidRequest(String)
  /// The certificate does not lead to a trusted root, or not at that time or for that purpose.
  case notTrusted(String)
  /// OpenSSL failed at something that valid input never fails at.
  case operationFailed(operation: String, reason: String)
  case file(path: String, operation: String, reason: String)
  /// A private key that other users can read is not loaded. `mode` holds the permission bits.
  case fileTooOpen(path: String, mode: UInt32)
}

extension CryptoError: CustomStringConvertible {
  /// A word that stays the same between versions.
  public var code: String {
    switch self {
    case .invalidArgument: "crypto.invalid_argument"
    case .invalidKey: "crypto.invalid_key"
    case .invalidCertificate: "crypto.invalid_certificate"
    case .invalidRequest: "crypto.invalid_request"
    case .notTrusted: "crypto.not_trusted"
    case .operationFailed: "crypto.operation_failed"
    case .file: "crypto.file"
    case .fileTooOpen: "crypto.file_too_open"
    }
  }

  public var description: String {
    switch self {
    case .invalidArgument(let field, let reason): "\(field): \(reason)"
    case .invalidKey(let reason): "not a usable key: \(reason)"
    case .invalidCertificate(let reason): "not a usable certificate: \(reason)"
    case .invalidRequest(let reason): "not a usable certificate request: \(reason)"
    case .notTrusted(let reason): "certificate not trusted: \(reason)"
    case .operationFailed(let operation, let reason): "\(operation) failed: \(reason)"
    case .file(let path, let operation, let reason): "\(operation) \(path): \(reason)"
    case .fileTooOpen(let path, let mode):
      "\(path) holds a private key but has mode 0\(String(mode, radix: 8)); only its owner may read it (chmod 600)"
    }
  }
}

/// The reason OpenSSL left on this thread's error queue, and an empty queue.
///
/// A leftover entry would be taken for a failure of whatever TLS connection this thread serves next.
func takeOpenSSLReason() -> String {
  var reason = "no reason given"
  var first = true
  while true {
    let code = ERR_get_error()
    if code == 0 { return reason }
    if first, let text = ERR_reason_error_string(code) { reason = String(cString: text) }
    first = false
  }
}

func failure(_ operation: String) -> CryptoError {
  .operationFailed(operation: operation, reason: takeOpenSSLReason())
}

extension Collection<UInt8> {
  /// Calls `body` with the bytes in one piece. The base address is never nil, as several C calls want it.
  func withBytePointer<Result>(_ body: (UnsafePointer<UInt8>, Int) -> Result) -> Result {
    func call(_ buffer: UnsafeBufferPointer<UInt8>) -> Result {
      if let base = buffer.baseAddress { return body(base, buffer.count) }
      return withUnsafePointer(to: 0) { body($0, 0) }
    }
    if let result = withContiguousStorageIfAvailable(call) { return result }
    return Array(self).withUnsafeBufferPointer(call)
  }
}
