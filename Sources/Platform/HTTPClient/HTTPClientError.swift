/// Why a request failed.
public struct HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// The URL, a header or an option cannot be sent.
    case invalidRequest
    case nameResolution
    case connectionRefused
    /// The peer could not be reached for another reason: no route, no such socket.
    case connectionFailed
    /// The server's certificate is not trusted, or not for that host.
    case serverNotTrusted
    /// The TLS handshake failed; the server may have refused our certificate.
    case tlsHandshake
    /// The certificate, key or CA of this side cannot be used.
    case badCredentials
    case timeout(Timeout)
    /// The connection ended before the answer was complete.
    case connectionLost
    /// The peer does not speak HTTP as it should.
    case protocolViolation
    case tooManyRedirects
    /// More body than the caller allowed.
    case responseTooLarge
    /// The task was cancelled or the body was given up.
    case cancelled
    case clientClosed
    /// The caller's producer of the request body threw.
    case requestBody
    /// Everything else, with libcurl's code.
    case other(Int)
  }

  public enum Timeout: Sendable, Equatable {
    /// No connection, TLS included, within `connectTimeout`.
    case connect
    /// Not done within `totalTimeout`.
    case total
    /// Slower than `minimumRate`.
    case stalled
  }

  public var kind: Kind
  public var message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }

  /// Whether the same request may succeed later without a change on this side.
  public var isTransient: Bool {
    switch kind {
    case .nameResolution, .connectionRefused, .connectionFailed, .timeout, .connectionLost: true
    default: false
    }
  }
}
