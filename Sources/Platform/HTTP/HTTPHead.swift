/// The start of a request: what HTTP/1.1 puts in its request line and headers and HTTP/2 in a HEADERS frame.
public struct HTTPRequestHead: Sendable {
  public var method: HTTPMethod
  /// The path as sent, percent-encoded and without the query; `*` for OPTIONS of the whole server, empty for CONNECT.
  public var path: String
  /// What follows the first `?`, nil when there is none.
  public var query: String?
  /// `host[:port]` from `:authority` or `Host`; empty when a HTTP/1.0 client sent none.
  public var authority: String
  /// `http` or `https`.
  public var scheme: String
  /// Without HTTP/2 pseudo fields; `host` is present only when it was sent as such.
  public var headers: HTTPHeaders
  public var version: HTTPVersion

  public init(
    method: HTTPMethod, path: String, query: String? = nil, authority: String = "", scheme: String = "http",
    headers: HTTPHeaders = HTTPHeaders(), version: HTTPVersion = .http1_1
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.authority = authority
    self.scheme = scheme
    self.headers = headers
    self.version = version
  }

  /// Path and query as they stand in a request line.
  public var target: String { query.map { "\(path)?\($0)" } ?? path }

  /// Splits an origin-form target at its first `?`.
  mutating func setTarget(_ target: UnsafeRawBufferPointer) {
    if let mark = target.firstIndex(of: UInt8(ascii: "?")) {
      path = String(decoding: target[..<mark], as: UTF8.self)
      query = String(decoding: target[(mark + 1)...], as: UTF8.self)
    } else {
      path = String(decoding: target, as: UTF8.self)
      query = nil
    }
  }
}

/// The start of a response.
public struct HTTPResponseHead: Sendable {
  public var status: HTTPStatus
  public var headers: HTTPHeaders
  public var version: HTTPVersion

  public init(status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), version: HTTPVersion = .http1_1) {
    self.status = status
    self.headers = headers
    self.version = version
  }
}
