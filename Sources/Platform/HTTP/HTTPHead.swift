/// The start of a request: what HTTP/1.1 puts in its request line and headers and HTTP/2 in a HEADERS frame.
///
/// A value type; its parts live in one shared object, so that handing a head on costs one reference count.
public struct HTTPRequestHead: Sendable {
  private struct Parts: Sendable {
    var method: HTTPMethod
    var path: String
    var query: String?
    var authority: String
    var scheme: String
    var headers: HTTPHeaders
    var version: HTTPVersion
  }

  private final class Storage: @unchecked Sendable {
    // Sendable: changed only by its one owner (`makeUnique`).
    var parts: Parts
    init(_ parts: Parts) { self.parts = parts }
  }

  private var storage: Storage

  public var method: HTTPMethod {
    get { storage.parts.method }
    set {
      makeUnique()
      storage.parts.method = newValue
    }
  }

  /// The path as sent, percent-encoded and without the query; `*` for OPTIONS of the whole server, empty for CONNECT.
  public var path: String {
    get { storage.parts.path }
    set {
      makeUnique()
      storage.parts.path = newValue
    }
  }

  /// What follows the first `?`, nil when there is none.
  public var query: String? {
    get { storage.parts.query }
    set {
      makeUnique()
      storage.parts.query = newValue
    }
  }

  /// `host[:port]` from `:authority` or `Host`; empty when a HTTP/1.0 client sent none.
  public var authority: String {
    get { storage.parts.authority }
    set {
      makeUnique()
      storage.parts.authority = newValue
    }
  }

  /// `http` or `https`.
  public var scheme: String {
    get { storage.parts.scheme }
    set {
      makeUnique()
      storage.parts.scheme = newValue
    }
  }

  /// Without HTTP/2 pseudo fields; `host` is present only when it was sent as such.
  public var headers: HTTPHeaders {
    get { storage.parts.headers }
    set {
      makeUnique()
      storage.parts.headers = newValue
    }
  }

  public var version: HTTPVersion {
    get { storage.parts.version }
    set {
      makeUnique()
      storage.parts.version = newValue
    }
  }

  public init(
    method: HTTPMethod, path: String, query: String? = nil, authority: String = "", scheme: String = "http",
    headers: HTTPHeaders = HTTPHeaders(), version: HTTPVersion = .http1_1
  ) {
    storage = Storage(
      Parts(
        method: method, path: path, query: query, authority: authority, scheme: scheme, headers: headers,
        version: version))
  }

  private mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.parts) }
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
