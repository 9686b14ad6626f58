import CCurl
import Glibc

/// Maps libcurl's result codes (libcurl-errors(3)) to the client's errors.
enum CurlFailure {
  struct Facts {
    var code: CURLcode
    var message: String
    /// `errno` of the last failed system call.
    var osError: Int32
    /// Name resolution, connection and TLS handshake are done.
    var isConnected: Bool
    var elapsed: Duration
    var hasAnswer: Bool
  }

  static func error(_ facts: Facts, request: HTTPClient.Request, options: HTTPClient.Options) -> HTTPClientError {
    let kind = kind(facts, options)
    var message = facts.message
    if kind == .connectionLost, request.url.hasPrefix("https:"), !facts.hasAnswer, options.tls.certificate == nil {
      // TLS 1.3 servers refuse a missing certificate after the client's side of the handshake is over.
      message += " (the server may require a client certificate)"
    }
    let peer = options.unixSocketPath ?? request.url
    return HTTPClientError(kind, "\(request.method) \(peer): \(message)")
  }

  private static func kind(_ facts: Facts, _ options: HTTPClient.Options) -> HTTPClientError.Kind {
    switch facts.code {
    case CURLE_URL_MALFORMAT: .invalidRequest
    // The same code for the scheme of our URL, of a redirect, and for an answer without a status line.
    case CURLE_UNSUPPORTED_PROTOCOL: facts.isConnected ? .protocolViolation : .invalidRequest
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .nameResolution
    case CURLE_COULDNT_CONNECT: facts.osError == ECONNREFUSED ? .connectionRefused : .connectionFailed
    case CURLE_OPERATION_TIMEDOUT: .timeout(timeout(facts, options))
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR: .serverNotTrusted
    case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE: .badCredentials
    case CURLE_SSL_CONNECT_ERROR: .tlsHandshake
    case CURLE_SEND_ERROR, CURLE_RECV_ERROR:
      facts.message.contains("SSL routines") && facts.message.contains("alert") ? .tlsHandshake : .connectionLost
    case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: .connectionLost
    case CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .protocolViolation
    case CURLE_TOO_MANY_REDIRECTS: .tooManyRedirects
    default: .other(Int(facts.code.rawValue))
    }
  }

  private static func timeout(_ facts: Facts, _ options: HTTPClient.Options) -> HTTPClientError.Timeout {
    // libcurl gives one code for all three; its timers may fire a little early.
    if let total = options.totalTimeout, facts.elapsed + .milliseconds(20) >= total { return .total }
    return facts.isConnected ? .stalled : .connect
  }
}
